"""What importing the theory half brings along."""

import subprocess
import sys

import pytest

import spadv.theory

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


def test_every_public_name_is_there():
    for name in spadv.theory.__all__:
        assert hasattr(spadv.theory, name)
    assert len(set(spadv.theory.__all__)) == len(spadv.theory.__all__)
