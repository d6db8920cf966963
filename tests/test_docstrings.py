"""Public names are documented: numpydoc's checks of form, for everything in an `__all__`."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest
from numpydoc.validate import validate

import spadv.empirical
import spadv.theory
from spadv.cli.main import COMMANDS, load
from spadv.theory import claims

FORM = {
    "GL03",  # no double blank lines: numpydoc would read them as the end of a section
    "GL06",  # no unknown section: a misspelt one is lost
    "GL07",  # sections in the usual order
    "GL08",  # there is a docstring
    "SS02",  # with a summary that starts with a capital letter,
    "SS03",  # ends with a full stop,
    "SS06",  # and fits in a line, as tables of contents want it
    "PR02",  # no parameter that is not there,
    "PR03",  # in the order of the signature,
    "PR07",  # each with a description
}


def public():
    """Return the functions and classes of every `__all__`, by where they are defined."""
    found = set()
    for package in (spadv.theory, spadv.empirical):
        walked = pkgutil.walk_packages(package.__path__, package.__name__ + ".")
        for name in [package.__name__, *(m.name for m in walked)]:
            module = importlib.import_module(name)
            for item in getattr(module, "__all__", ()):
                value = getattr(module, item)
                if inspect.isfunction(value) or inspect.isclass(value):
                    found.add(f"{value.__module__}.{value.__qualname__}")
    return sorted(name for name in found if name.startswith("spadv."))


@pytest.mark.parametrize("name", public())
def test_docstrings(name):
    problems = [text for code, text in validate(name)["errors"] if code in FORM]
    assert not problems, problems


def test_constants_say_what_they_are():
    """Every constant of an `__all__` has a `#:` above it, which the interface pages show."""
    folders = [Path(package.__path__[0]) for package in (spadv.theory, spadv.empirical)]
    sources = [path.read_text() for folder in folders for path in folder.rglob("*.py")]
    told = {name for text in sources for name in re.findall(r"^#:.*\n([A-Z_0-9]+)\b", text, re.M)}
    exported = set()
    for package in (spadv.theory, spadv.empirical):
        walked = pkgutil.walk_packages(package.__path__, package.__name__ + ".")
        for name in [package.__name__, *(m.name for m in walked)]:
            module = importlib.import_module(name)
            values = {item: getattr(module, item) for item in getattr(module, "__all__", ())}
            exported |= {n for n, value in values.items() if n.isupper() and not callable(value)}
    assert exported
    assert exported <= told


def test_claims_state_themselves():
    assert all(claim.statement and claim.locator for claim in claims())


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_explain_themselves(name):
    """Every option has a help text, and the list of commands says what the command does."""
    command = load(name)
    assert (command.help or "").startswith(COMMANDS[name])
    for sub in [command, *getattr(command, "commands", {}).values()]:
        for parameter in sub.params:
            assert getattr(parameter, "help", None) or parameter.name == "help", parameter
