"""What importing the theory half brings along."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import spadv.theory

FOLDER = Path(spadv.theory.__path__[0])
FILES = sorted(FOLDER.rglob("*.py"))
HEAVY = ["torch", "torchvision", "galois", "numba", "sympy", "matplotlib", "sklearn", "komm"]


def loaded_after(statement):
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize("module", ["spadv.theory", "spadv.theory.claims", "spadv.theory.codes"])
def test_importing_is_light(module):
    loaded = loaded_after(f"import {module}")
    assert "numpy" in loaded
    assert not loaded & set(HEAVY)


def test_checking_a_claim_draws_nothing():
    statement = "import spadv.theory as t; t.check('thm2a', codeword='+-+++', samples=100)"
    assert not loaded_after(statement) & {"torch", "matplotlib", "sympy"}


def imported(path):
    """Yield the absolute names of the modules that a file imports, at any depth."""
    package = ["spadv", "theory", *path.relative_to(FOLDER).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            yield ".".join([*base, *([node.module] if node.module else [])])
            yield from (".".join([*base, *filter(None, [node.module]), a.name]) for a in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_theory_imports_nothing_above_it(path):
    for name in imported(path):
        assert not name.startswith(("spadv.cli", "spadv.empirical", "torch"))
        top = name.partition(".")[0]
        assert top != "spadv" or name.startswith("spadv.theory"), name


def test_there_is_something_to_scan():
    assert len(FILES) > 20
    assert any("spadv.theory.errors" in set(imported(path)) for path in FILES)


def test_every_public_name_is_there():
    for name in spadv.theory.__all__:
        assert hasattr(spadv.theory, name)
    assert len(set(spadv.theory.__all__)) == len(spadv.theory.__all__)
