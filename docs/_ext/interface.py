"""What the pages of the interface need beyond autosummary, and links that docstrings mean.

The pages come from the lists of docs/api/index.md and the template
docs/_templates/autosummary/module.rst. A name that several packages export is described once,
on the first of their pages; a constant is described by the comment above it.
"""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.pycode import ModuleAnalyzer

Names = dict[str, dict[str, str]]
NUMBER = r"[LPFEI]\d+[a-c]?"
# "Theorem L4 of docs/theory/laws.md", "Theorems F3 and F6", "docs/theory/price.md, Theorem P11".
STATEMENTS = re.compile(
    rf"\b(?:Theorem|Proposition|Lemma)s?\s+{NUMBER}(?:(?:,|,?\s+and|\s+to)\s+{NUMBER})*"
)
# What docstrings mean literally and reStructuredText does not (|x|, f_), outside `...`.
_MARKUP = re.compile(r"(:[\w:]+:)?(`+).*?\2_?|(?P<bar>\||(?<=\w)_(?!\w))")


def pages(docs: Path) -> list[str]:
    """Return the packages and modules that have a page, in reading order."""
    index = (docs / "api" / "index.md").read_text(encoding="utf-8")
    return re.findall(r"^   (spadv\.[\w.]+)$", index, flags=re.M)


def exported_elsewhere(found: list[str]) -> Names:
    """Return, page by page, exported names that an earlier page describes, and where."""
    described: dict[int, str] = {}
    elsewhere: Names = {}
    for page in found:
        module = importlib.import_module(page)
        elsewhere[page] = {}
        own = [n for n, v in vars(module).items() if getattr(v, "__module__", "") == page]
        for name in getattr(module, "__all__", own):
            value = getattr(module, name)
            if callable(value):
                path = described.setdefault(id(value), f"{page}.{name}")
                if path != f"{page}.{name}":
                    elsewhere[page][name] = path
    return elsewhere


def constants(found: list[str]) -> Names:
    """Return, page by page, exported constants with the comments that say what they are."""
    return {page: _constants(page, importlib.import_module(page)) for page in found}


def _constants(page: str, package: ModuleType) -> dict[str, str]:
    places = [
        m for start in (f"{page}.", "spadv.") for m in sorted(sys.modules) if m.startswith(start)
    ]
    inside = [ModuleAnalyzer.for_module(module) for module in dict.fromkeys(places)]
    found = {}
    for name in getattr(package, "__all__", ()):
        if name.isupper() and not callable(getattr(package, name)):
            comments = (" ".join(module.find_attr_docs().get(("", name), ())) for module in inside)
            found[name] = next(filter(None, comments), "").strip()
            if not found[name]:
                raise ValueError(f"{page}.{name} has no comment: put '#: ...' above it")
    return found


def link_docstring(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Make links of what a docstring says of statements and of docs/theory/."""
    in_example = False
    for place, line in enumerate(lines):
        in_example = line.lstrip().startswith(">>>") or (in_example and bool(line.strip()))
        if not in_example:
            lines[place] = _MARKUP.sub(lambda m: f"\\{m[0]}" if m["bar"] else m[0], line)
    # As a whole: a sentence goes over the ends of lines.
    text = STATEMENTS.sub(lambda m: re.sub(NUMBER, r":st:`\g<0> <\g<0>>`", m[0]), "\n".join(lines))
    lines[:] = re.sub(r"docs/theory/(\w+)\.md", r":doc:`/theory/\1`", text).split("\n")


def resolve_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.Element
) -> nodes.Element | None:
    """Resolve a name by its last part; one that exists but has no entry is shown unlinked."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"].lstrip(".")
    objects = env.domains.python_domain.objects
    for short in (target, target.rpartition(".")[2]):
        fits = [path for path in objects if path.endswith(f".{short}")]
        if len(fits) == 1:
            node["reftarget"] = fits[0]
            return env.domains.python_domain.resolve_xref(
                env, node["refdoc"], app.builder, "obj", fits[0], node, contnode
            )
    return contnode if _exists(target, node.get("py:class") or "") else None


def _exists(target: str, owner: str) -> bool:
    """Whether some module of spadv, or the class at hand, has what a reference names."""
    missing = object()
    for start in [name for name in sys.modules if name.startswith("spadv.")]:
        for path in (target, target.removeprefix(f"{start}."), f"{owner}.{target}"):
            value: Any = sys.modules[start]
            for part in path.split("."):
                fields = getattr(value, "__annotations__", {})
                value = getattr(value, part, fields.get(part, missing))
            if value is not missing or start == target or start.endswith(f".{target}"):
                return True
    return False


def setup(app: Sphinx) -> dict[str, Any]:
    """Give the template its names, and follow what docstrings refer to."""
    found = pages(Path(app.srcdir))
    for old in (Path(app.srcdir) / "api").glob("*.rst"):
        if old.stem not in found:  # written for a module that has gone
            old.unlink()
    for page in found:  # spadv.theory.claims is a function, too: here the package is meant
        package, _, name = page.rpartition(".")
        setattr(importlib.import_module(package), name, importlib.import_module(page))
    app.config.autosummary_context = {
        "elsewhere": exported_elsewhere(found),
        "constants": constants(found),
    }
    app.connect("autodoc-process-docstring", link_docstring)
    app.connect("missing-reference", resolve_name)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
