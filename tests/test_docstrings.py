"""Every public name is documented: what it is, its parameters, shapes, units, errors, source.

Three layers, strictest last.

*Form*, wherever a docstring is (:data:`FORM`): the checks of numpydoc that find mistakes. Not
chosen are those of taste (GL01, GL02: where the quotes stand; ES01, SA01, EX01: sections that
not every name needs; PR08, RT04: a capital letter first, which "e = eps sqrt(d)" cannot have;
SS05: every summary whose first word ends in s, which ruff's D401 judges better) and those that
would have a sentence said twice (RT01 to RT03 and YD01, replaced by the rule on returns below;
PR04: "x, y : as for :func:`pgd`"). What numpydoc makes of a docstring must also be valid reST,
since the reference pages of the documentation are made of it.

*Contents*, for public names: those in `__all__` of a module, the public functions and classes
of a module that is itself in `__all__`, and the public methods and properties of all of these.

- Parameters of functions and constructors, and fields of data classes and named tuples, have an
  entry. Methods may name theirs in the text instead: "Return r_j c".
- What is returned is said: in a section, or because the summary begins with "Return".
- An array that is taken or returned has its shape said.
- A number whose name has a unit has it said: budgets, angles, translations, seconds, bytes.
- An error of spadv's that is raised by the function itself, or by a check that it calls, is
  named.
- A formula, a claim, a network and an attack name their source.

*Registries*: claims and artefacts say where their statement stands, and every
command and option of the command line has a help text.
"""

import ast
import builtins
import dataclasses
import functools
import importlib
import inspect
import io
import pkgutil
import re
import sys
import textwrap
import typing
from pathlib import Path

import numpy as np
import pytest
import torch
import typer.main
from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, directives, roles
from numpy.typing import ArrayLike
from numpydoc.docscrape import get_doc_object
from numpydoc.docscrape_sphinx import SphinxClassDoc, SphinxFunctionDoc
from numpydoc.validate import Validator, validate

import spadv.cli
import spadv.empirical
import spadv.theory
from spadv.cli.main import app
from spadv.empirical.artefacts import REGISTRY
from spadv.theory import InputError, SpadvError, claims

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (spadv.theory, spadv.empirical, spadv.cli)

FORM = {
    "GL03",  # no double blank lines: numpydoc would read them as the end of a section
    "GL05",  # no tabs
    "GL06",  # no unknown section: a misspelt one is lost
    "GL07",  # sections in the usual order
    "GL08",  # there is a docstring
    "GL10",  # directives have two colons
    "SS01",  # there is a summary,
    "SS02",  # which starts with a capital letter,
    "SS03",  # ends with a full stop
    "SS04",
    "SS06",  # and fits in a line, as tables of contents want it
    "PR02",  # no parameter that is not there,
    "PR03",  # in the order of the signature
    "PR05",
    "PR06",
    "PR07",  # each with a description
    "PR09",  # that ends with a full stop
    "PR10",
    "RT05",
    "SA02",
    "SA03",
    "SA04",
}

#: Modules whose public functions and classes are formulas, claims, networks or attacks.
SOURCED = re.compile(
    r"spadv\.theory\.(accuracy|adversary|bounds|classifiers|gradual|mixture|price|stats|template"
    r"|claims\.proposition1"
    r"|codes\.(bounds|cyclic|cyclotomic|families|ideal|listing|macwilliams)"
    r"|frontier\.(curve|inner|named|outer|planar))$"
    r"|spadv\.empirical\.(attacks\.(apgd|deepfool|pgd|profile|strong|trades)"
    r"|evaluation\.(paired|rates)"
    r"|models\.(densenet|lenet|madry_resnet|mlp|resnet|stdcnn|vgg|wide_resnet)"
    r"|models\.equivariant\.(convolution|groups|layers|readout)"
    r"|training\.stages)$"
)
SOURCE = re.compile(
    r"[Pp]roposition|[Tt]heorem|[Ll]emma|[Ss]tatement \d|\b[Ss]ection|\bchapter|supplement"
    r"|[Aa]ppendix|[Ff]igures? \d|[Tt]ables? \d|arXiv|docs/theory|\b(?:18|19|20)\d\d\b"
)
SHAPE = re.compile(r"\bshapes?\b|broadcast|\((?:\.\.\.|[\w +*/-]+),[^()]*\)")
LIKE = re.compile(r"^As (?:for|in|of) ")
#: Names of parameters, what must be said of them, and how.
UNITS = [
    (
        re.compile(r"^(budgets?|eps|epsilon)$"),
        re.compile(r"eps sqrt\(d\)|pixel|template|variance"),
        "'e = eps sqrt(d)' in the theory, 'in pixels of [0, 1]' for images",
    ),
    (re.compile(r"^(rotations?|degrees|angle)$"), re.compile(r"[Dd]egree"), "'in degrees'"),
    (
        re.compile(r"^(translations?|dx|dy)$"),
        re.compile(r"pixel|of the side"),
        "'in pixels' or 'as a fraction of the side'",
    ),
    (re.compile(r"^step_size$"), re.compile(r"pixel|budget"), "'in pixels of [0, 1]'"),
    (re.compile(r"seconds|timeout|^wait$|patience"), re.compile(r"second"), "'in seconds'"),
    (re.compile(r"bytes|memory"), re.compile(r"byte|[KMG]i?B\b"), "'in bytes'"),
]


def modules(package):
    yield package.__name__
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        yield found.name


NAMES = [name for package in PACKAGES for name in modules(package)]


def own(module):
    """Return the functions and classes that a module defines under a public name."""
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isroutine(value))
        and getattr(value, "__module__", None) == module.__name__
    }


#: Modules that users import whole although no `__all__` names them.
WHOLE = ("gradual", "mixture", "template", "transformations", "price", "plots", "frontier.plots")


@functools.cache
def public():
    """Return ids of the functions and classes that users see, and the constants by name."""
    found, constants = set(), {}
    for name in WHOLE:
        module = importlib.import_module(f"spadv.theory.{name}")
        found |= {id(item) for item in own(module).values()}
    for name in NAMES:
        module = importlib.import_module(name)
        for attribute in getattr(module, "__all__", ()):
            value = getattr(module, attribute)
            if inspect.ismodule(value):
                found |= {id(item) for item in own(value).values()}
            elif inspect.isclass(value) or inspect.isroutine(value):
                found.add(id(value))
            else:
                constants[f"{name}.{attribute}"] = value
    return found, constants


def function_of(member):
    if isinstance(member, property):
        return member.fget
    if isinstance(member, functools.cached_property):
        return member.func
    if isinstance(member, classmethod | staticmethod):
        return member.__func__
    return inspect.unwrap(member) if callable(member) else member


def members(cls):
    """Yield the public methods and properties that a class itself defines."""
    for name, member in vars(cls).items():
        function = function_of(member)
        if name.startswith("_") or not inspect.isfunction(function):
            continue
        if function.__qualname__ == f"{cls.__qualname__}.{name}":
            yield name, member


def constructor(cls):
    """Return the function of spadv's own that runs when a class is called, if there is one."""
    if issubclass(cls, BaseException) and "__init__" not in vars(cls):
        return None  # made as its base class is
    for base in cls.__mro__:
        for name in ("__post_init__", "__init__"):
            function = vars(base).get(name)
            generated = getattr(function, "__code__", None) is None or (
                function.__code__.co_filename.startswith("<")
            )
            if base.__module__.startswith("spadv.") and not generated:
                return function
    return None


def annotation(owner, name):
    """Return an annotation as a value, or as text where it cannot be evaluated."""
    classes = owner.__mro__ if isinstance(owner, type) else (owner,)
    for one in classes:
        text = inspect.get_annotations(one).get(name)
        if text is None:
            continue
        if not isinstance(text, str):
            return text
        try:
            return eval(text, vars(sys.modules[one.__module__]))
        except (NameError, TypeError):
            return text
    return None


def is_array(hint, *, parts=False):
    """Whether an annotation is of an array or tensor, or a union or (`parts`) tuple with one."""
    if hint is ArrayLike or hint is torch.Tensor or hint is np.ndarray:
        return True
    origin = typing.get_origin(hint)
    if origin is np.ndarray:
        return True
    if origin in (typing.Union, type(int | str)) or (parts and origin is tuple):
        return any(is_array(part, parts=parts) for part in typing.get_args(hint))
    return isinstance(hint, str) and re.match(r"\s*(Tensor|NDArray|ArrayLike)\b", hint) is not None


@functools.cache
def tree(function):
    return ast.parse(textwrap.dedent(inspect.getsource(function)))


def is_check(function, caller):
    """Whether a function that another calls speaks for it: a shared check, or its own helper."""
    return function.__module__.endswith((".checks", ".errors")) or (
        function.__module__ == caller.__module__ and function.__name__.startswith("_")
    )


@functools.cache
def raised(function, depth=0):
    """Return the names of spadv's errors that a function, or a check that it calls, raises."""
    found = set()
    scope = vars(builtins) | function.__globals__
    for node in ast.walk(tree(function)):
        if isinstance(node, ast.Raise) and node.exc is not None:
            called = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            error = scope.get(called.id) if isinstance(called, ast.Name) else None
            if isinstance(error, type) and issubclass(error, SpadvError):
                found.add(error.__name__)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and depth < 3:
            callee = inspect.unwrap(scope[node.func.id]) if node.func.id in scope else None
            if inspect.isfunction(callee) and is_check(callee, function):
                found |= raised(callee, depth + 1)
    return frozenset(found)


class Reader(Validator):
    """numpydoc's validator, without its look at the source: comments there switch nothing off."""

    source_file_name = source_file_def_line = None
    method_source = ""

    def __init__(self, obj_name, doc):
        super().__init__(doc)


class Item:
    """One documented object: its docstring as numpydoc reads it, and what it documents."""

    def __init__(self, value, *, method=False):
        self.value, self.method = value, method
        self.is_class = isinstance(value, type)
        self.is_property = isinstance(value, property | functools.cached_property)
        self.function = constructor(value) if self.is_class else function_of(value)
        self.target = value if self.is_class or self.is_property else self.function
        self.doc = get_doc_object(self.target, config={"show_class_members": False})
        self.text = inspect.cleandoc(self.target.__doc__ or "")
        self.entries = {}
        for section in ("Parameters", "Other Parameters", "Attributes"):
            for entry in self.doc[section]:
                for name in entry.name.split(","):
                    self.entries[name.strip().lstrip("*")] = entry

    @property
    def parameters(self):
        """Names to be documented: parameters, or the fields of a record."""
        if self.is_property:
            return []
        names = [name.lstrip("*") for name in Validator(self.doc).signature_parameters]
        if self.is_class and self.function is None and not self.is_record:
            return []  # the constructor is inherited
        return [name for name in names if not name.startswith("_")]

    @property
    def is_record(self):
        return dataclasses.is_dataclass(self.value) or hasattr(self.value, "_fields")

    def hint(self, name):
        owner = self.value if self.is_class and self.is_record else self.function
        return None if owner is None else annotation(owner, name)


def form_problems(item):
    if not item.text:
        return ["write a docstring"]
    found = validate("", validator_cls=Reader, doc=item.doc)["errors"]
    return [f"{code}: {message}" for code, message in found if code in FORM]


def content_problems(item):
    yield from parameter_problems(item)
    if not item.is_class:
        yield from return_problems(item)
    if item.function is not None:
        for error in sorted(raised(item.function)):
            if error not in item.text:
                yield f"it can raise {error}: say when, in a section Raises"
    formula = not item.method and not (item.is_class and item.is_record)
    if formula and SOURCED.match(item.value.__module__) and not SOURCE.search(item.text):
        yield "name its source: the paper's section or theorem, a book, docs/theory"


def parameter_problems(item):
    for name in item.parameters:
        if name not in item.entries:
            in_text = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", item.text)
            if not (item.method and in_text):
                where = "name it in the text or " * item.method + "give it an entry in Parameters"
                yield f"parameter {name}: {where}"
            continue
        entry = item.entries[name]
        said = " ".join((entry.type, *entry.desc))
        if LIKE.match(" ".join(entry.desc)):
            continue
        if is_array(item.hint(name)) and not SHAPE.search(said):
            yield f"parameter {name}: say the array's shape, such as 'shape (d,)'"
        for names, unit, example in UNITS:
            is_number = item.hint(name) is not bool and "spadv." not in str(item.hint(name))
            if is_number and names.search(name) and not unit.search(said):
                yield f"parameter {name}: say its unit, such as {example}"


def return_problems(item):
    hint = annotation(item.function, "return")
    section = item.doc["Returns"] or item.doc["Yields"]
    summary = " ".join(item.doc["Summary"])
    # "Read a manifest" is enough for a class method that returns one; "Draw" is for figures.
    obvious = isinstance(hint, type) and item.function.__qualname__.startswith(f"{hint.__name__}.")
    said = section or re.search(r"(?i)\b(return|yield|draw)\b", summary) or obvious
    is_context = item.value is not item.function and inspect.isgeneratorfunction(item.function)
    if not (hint is None or item.is_property or said or is_context):
        yield "begin the summary with 'Return', or add a section Returns"
    vectorised = hint is typing.Any and any(is_array(item.hint(p)) for p in item.parameters)
    if is_array(hint, parts=True) or vectorised:
        said = [" ".join((entry.type, *entry.desc)) for entry in section]
        said += [summary, *item.doc["Extended Summary"]]
        if not SHAPE.search(" ".join(said)):
            yield "say the shape of the array that it returns"


def generic_role(name, rawtext, text, lineno, inliner, options=None, content=None):
    return [nodes.literal(rawtext, text)], []


class Ignored(Directive):
    """Stand-in for a directive of Sphinx's: its contents are read."""

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self):
        node = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, node)
        return node.children


@functools.cache
def teach_docutils():
    """Let docutils know the roles and directives that Sphinx adds."""
    for role in ["attr", "class", "data", "doc", "exc", "func", "meth", "mod", "obj", "ref"]:
        roles.register_local_role(role, generic_role)
    for directive in ("only", "seealso"):
        directives.register_directive(directive, Ignored)


@functools.cache
def template():
    """Return numpydoc's template of a page, read once."""
    return SphinxFunctionDoc(template).template


def rest_problems(module, items):
    """Yield what docutils says of the reST that numpydoc makes of a module's docstrings."""
    teach_docutils()
    starts = [(0, module.__name__)]
    lines = [*inspect.cleandoc(module.__doc__ or "").splitlines(), ""]
    for full_name, item in items:
        kind = SphinxClassDoc if item.is_class else SphinxFunctionDoc
        page = kind(item.target, config={"show_class_members": False, "template": template()})
        starts.append((len(lines), full_name))
        lines += [*str(page).splitlines(), ""]
    heard = io.StringIO()
    settings = {"report_level": 2, "halt_level": 5, "warning_stream": heard}
    publish_doctree("\n".join(lines), settings_overrides=settings)
    for message in heard.getvalue().splitlines():
        if found := re.match(r"<string>:(\d+): \((?:WARNING|ERROR|SEVERE)/\d\) (.*)", message):
            full_name = next(n for start, n in reversed(starts) if start < int(found[1]))
            yield full_name, f"not valid reST: {found[2]}"


def problems(name):
    """Yield what is to be mended in a module, each with the full name that it is about."""
    module = importlib.import_module(name)
    if not (module.__doc__ or "").strip():
        yield name, "write a docstring of the module"
    items = []
    for attribute, value in own(module).items():
        is_public = id(value) in public()[0]
        found = [(f"{name}.{attribute}", Item(value))]
        if inspect.isclass(value):
            found += [
                (f"{name}.{attribute}.{member_name}", Item(member, method=True))
                for member_name, member in members(value)
            ]
        for full_name, item in found:
            said = [*form_problems(item), *(content_problems(item) if is_public else ())]
            yield from ((full_name, problem) for problem in said)
        items += found
    yield from rest_problems(module, items)


@pytest.mark.parametrize("name", NAMES)
def test_docstrings(name):
    found = [f"{full_name}: {problem}" for full_name, problem in problems(name)]
    assert not found, "\n" + "\n".join(found)


def careless(x: ArrayLike, budget: float, *, wait: float = 1.0) -> torch.Tensor:
    """Move |x| by *some way

    Parameters
    ----------
    x : array_like
        What to move.
    seconds : float
        Unused.
    wait : float
        A while.
    """
    if budget < wait:
        raise InputError("budget", "be large", budget)
    return torch.as_tensor(x)


def careful(x: ArrayLike, budget: float, *, wait: float = 1.0) -> torch.Tensor:
    """Move an image.

    Parameters
    ----------
    x : array_like, shape (H, W)
        What to move.
    budget : float
        In pixels of [0, 1].
    wait : float
        Time before, in seconds.

    Returns
    -------
    Tensor
        The image, shape (H, W).

    Raises
    ------
    InputError
        If the budget is below `wait`.
    """
    return careless(x, budget, wait=wait)


def test_mistakes_are_found():
    item = Item(careless)
    module = sys.modules[careless.__module__]
    found = [*form_problems(item), *content_problems(item)]
    found += [problem for _, problem in rest_problems(module, [("careless", item)])]
    wanted = (
        "SS03: Summary does not end with a period",
        "PR02: Unknown parameters",
        "parameter x: say the array's shape",
        "parameter budget: give it an entry",
        "parameter wait: say its unit",
        "begin the summary with 'Return'",
        "say the shape of the array that it returns",
        "it can raise InputError",
        "not valid reST: Inline emphasis start-string without end-string",
        "not valid reST: Undefined substitution referenced",
    )
    missed = [text for text in wanted if not any(text in problem for problem in found)]
    assert not missed, found
    item = Item(careful)
    found = [*form_problems(item), *content_problems(item)]
    found += [problem for _, problem in rest_problems(module, [("careful", item)])]
    assert not found


def test_constants():
    """A constant has a comment `#:` above the line that makes it."""
    found = []
    for full_name, value in public()[1].items():
        name = full_name.rpartition(".")[2]
        homes = [
            module
            for module in map(importlib.import_module, NAMES)
            if vars(module).get(name) is value
        ]
        pattern = re.compile(rf"^#: .*\n{name}\b.* = ", re.MULTILINE)
        if not any(pattern.search(inspect.getsource(home)) for home in homes):
            found.append(f"{full_name}: say what it is, in a comment '#: ...' above it")
    assert not found, "\n" + "\n".join(found)


def test_claims():
    """A claim says where the paper has it, and is stated and proved in the documentation."""
    pages = [path.read_text() for path in (ROOT / "docs" / "theory").glob("*.md")]
    stated = {
        name
        for page in pages
        for line in re.findall(r"^:claims: (.*)$", page, re.MULTILINE)
        for name in line.split()
    }
    assert claims()
    for claim in claims():
        assert claim.statement.endswith((".", ".)")), claim.id
        assert SOURCE.search(claim.locator) or "beyond the paper" in claim.locator, claim.id
        assert claim.id in stated, f"{claim.id}: no statement in docs/theory names it"


def test_artefacts():
    assert REGISTRY.entries
    for artefact in REGISTRY.entries.values():
        assert artefact.title, artefact.id
        assert SOURCE.search(artefact.locator), f"{artefact.id}: which figure or table?"
        assert artefact.statement.rstrip().endswith((".", "?")), artefact.id


def commands(command, path=("spadv",)):
    yield " ".join(path), command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


def test_commands():
    """Every command, argument and option of the command line has a help text."""
    found = dict(commands(typer.main.get_command(app)))
    assert "spadv data prepare" in found
    for path, command in found.items():
        assert (command.help or "").strip(), path
        silent = [p.name for p in command.params if not getattr(p, "help", None)]
        assert not silent, f"{path}: say what {silent} are for (help=...)"
