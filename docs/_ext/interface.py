"""One page of the interface for each package: every public name, from its docstring.

The pages are written before the site is read, into docs/api/ (ignored by git). A package's
public names are its ``__all__``; a module without one has the functions and classes that it
defines and that do not begin with an underscore. A name that several packages export is
described once, on the first of their pages, and the others refer to it.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.nodes import make_refnode

#: Packages and modules with a page each, in reading order.
PAGES = (
    "spadv.theory",
    "spadv.theory.claims",
    "spadv.theory.codes",
    "spadv.theory.symbolic",
    "spadv.theory.frontier",
    "spadv.theory.accuracy",
    "spadv.theory.laws",
    "spadv.theory.template",
    "spadv.theory.transformations",
    "spadv.theory.price",
    "spadv.theory.plots",
    "spadv.empirical.data",
    "spadv.empirical.transforms",
    "spadv.empirical.models",
    "spadv.empirical.models.equivariant",
    "spadv.empirical.attacks",
    "spadv.empirical.training",
    "spadv.empirical.evaluation",
    "spadv.empirical.experiments",
    "spadv.empirical.launch",
    "spadv.empirical.synthetic",
)
_NUMBER = r"[LPFE]\d+[a-c]?"
# "Theorem L4 of docs/theory/laws.md", "Theorems F3 and F6", "docs/theory/price.md, Theorem P11".
_STATEMENT = re.compile(
    rf"\b(?:Theorem|Proposition|Lemma)s?\s+{_NUMBER}(?:(?:,|\s+and|,\s+and|\s+to)\s+{_NUMBER})*"
)
_PAGE = re.compile(r"docs/theory/(\w+)\.md")
#: Functions that bear the name of a module: described on that module's page alone.
_ELSEWHERE = {"spadv.theory.claims": "spadv.theory.claims.claims"}
# What docstrings mean literally and reStructuredText does not: |x|, f_.
_LITERAL = re.compile(r"``.*?``|:[\w:]+:`[^`]*`|`[^`]+`_?")
_MARKUP = re.compile(r"(?<!\\)\||(?<=\w)_(?!\w)")


@dataclass(frozen=True)
class Name:
    """A public name of a package."""

    page: str
    name: str
    value: Any

    @property
    def path(self) -> str:
        """Where users import it from."""
        return f"{self.page}.{self.name}"

    @property
    def directive(self) -> str:
        """The autodoc directive that describes it."""
        if inspect.isclass(self.value):
            return "autoexception" if issubclass(self.value, BaseException) else "autoclass"
        return "autofunction" if callable(self.value) else "autodata"


def public_names(page: str) -> list[Name]:
    """Return the public names of a package or module, without its modules."""
    module = importlib.import_module(page)
    names = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == page
    ]
    found = [Name(page, name, getattr(module, name)) for name in names]
    return [name for name in found if not isinstance(name.value, ModuleType)]


def _key(name: Name) -> object:
    """Return what tells the same object under two names."""
    return id(name.value)


def summary(name: Name) -> str:
    """Return a name's first sentence; of a constant, the comment above it."""
    if name.directive != "autodata":
        return " ".join((inspect.getdoc(name.value) or "").split("\n\n")[0].split())
    for module in sorted(sys.modules):
        if module.startswith(f"{name.page}.") and getattr(sys.modules[module], name.name, None) is (
            name.value
        ):
            notes = ModuleAnalyzer.for_module(module).find_attr_docs()
            if ("", name.name) in notes:
                return " ".join(" ".join(notes["", name.name]).split())
    raise ValueError(f"{name.path} has no comment that says what it is: put '#: ...' above it")


def linked(text: str) -> str:
    """Return text in which statements and pages of docs/theory/ are links."""
    found = _STATEMENT.sub(lambda match: re.sub(_NUMBER, r":st:`\g<0> <\g<0>>`", match[0]), text)
    return _PAGE.sub(r":doc:`/theory/\1`", found)


def write_pages(app: Sphinx) -> None:
    """Write the pages; those that would not change are left as they are."""
    folder = Path(app.srcdir) / "api"
    folder.mkdir(exist_ok=True)
    described: dict[object, str] = {}
    for page in PAGES:
        for name in public_names(page):
            described.setdefault(_key(name), _ELSEWHERE.get(name.path, name.path))
    for page in PAGES:
        names = public_names(page)
        fresh = [name for name in names if described[_key(name)] == name.path]
        lines = [page, "=" * len(page), "", f".. automodule:: {page}", "   :no-members:", ""]
        lines += [f".. currentmodule:: {page}", "", ".. list-table::", "   :class: names"]
        lines += ["   :widths: auto", ""]
        for name in names:
            lines.append(f"   * - :py:obj:`{name.name} <{described[_key(name)]}>`")
            lines.append(f"     - {linked(escaped(summary(name)))}")
        lines.append("")
        for name in fresh:
            if name.directive == "autodata":
                lines += [f".. py:data:: {page}.{name.name}", "", f"   {summary(name)}", ""]
                continue
            lines += [f".. {name.directive}:: {page}.{name.name}"]
            if inspect.isclass(name.value):
                lines += [
                    "   :members:",
                    "   :show-inheritance:",
                    *_inherited(name.value, described),
                ]
            lines.append("")
        text = "\n".join(lines)
        file = folder / f"{page}.rst"
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
    for file in folder.glob("*.rst"):
        if file.stem not in PAGES:
            file.unlink()


def _inherited(value: type, described: Mapping[object, str]) -> list[str]:
    """Return the option that shows members of bases that have no entry of their own."""
    bases = value.__mro__[1:]
    own = [base for base in bases if base.__module__.startswith("spadv.")]
    if all(id(base) in described for base in own):
        return []
    others = dict.fromkeys(base.__name__ for base in bases if base not in own)
    return [f"   :inherited-members: {', '.join(others)}"]


def found_in(target: str, package: str) -> object | None:
    """Return what a reference means: a full path, or a name in a module of the package."""
    for start in (package, package.rpartition(".")[0], ""):
        modules = [
            name
            for name in sorted(sys.modules, key=len)
            if sys.modules[name] is not None
            and (name == start or (start and name.startswith(f"{start}.")))
        ]
        if not start:
            parts = target.split(".")
            modules = [".".join(parts[:k]) for k in range(len(parts) - 1, 0, -1)]
        for name in modules:
            rest = target if start else target.removeprefix(f"{name}.")
            value = _walk(name, rest)
            if value is not None:
                return value
    return None


def _walk(module: str, path: str) -> object | None:
    try:
        value: Any = sys.modules.get(module) or importlib.import_module(module)
    except ImportError:
        return None
    for name in path.split("."):
        if hasattr(value, name):
            value = getattr(value, name)
        elif name in getattr(value, "__annotations__", {}):
            return name  # a field of a dataclass without a default
        else:
            return None
    return name if value is None else value  # something that exists, whatever its value


def resolve_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.Element
) -> nodes.Node | None:
    """Resolve references to names that have their entry under another path, or none.

    A name that exists but is not public is shown without a link; one that does not exist is
    left to Sphinx, which warns.
    """
    if node.get("refdomain") != "py":
        return None
    value = found_in(node["reftarget"], node.get("py:module") or "spadv")
    if value is None:
        return None
    described = {_key(name): name.path for page in reversed(PAGES) for name in public_names(page)}
    path = described.get(id(value))
    path = None if path is None else _ELSEWHERE.get(path, path)
    if path is not None:
        objects = env.domains.python_domain.objects
        if path in objects:
            entry = objects[path]
            page = node.get("refdoc", env.docname)
            return make_refnode(app.builder, page, entry.docname, entry.node_id, contnode, path)
    return contnode


def link_statements(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Make links of what a docstring says of statements and of docs/theory/."""
    in_example = False
    for place, line in enumerate(lines):
        in_example = line.lstrip().startswith(">>>") or (in_example and bool(line.strip()))
        if not in_example:
            lines[place] = escaped(line)
    # As a whole: a sentence goes over the ends of lines.
    lines[:] = linked("\n".join(lines)).split("\n")


def escaped(line: str) -> str:
    """Return a line of prose in which bars and underscores after words are only that."""
    parts, start = [], 0
    for literal in _LITERAL.finditer(line):
        parts += [_MARKUP.sub(r"\\\g<0>", line[start : literal.start()]), literal[0]]
        start = literal.end()
    return "".join([*parts, _MARKUP.sub(r"\\\g<0>", line[start:])])


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before any is read."""
    app.connect("builder-inited", write_pages)
    app.connect("autodoc-process-docstring", link_statements)
    app.connect("missing-reference", resolve_name)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
