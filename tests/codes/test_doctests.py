from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from spadv.theory import codes

MODULES = [module.name for module in pkgutil.iter_modules(codes.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str) -> None:
    module = importlib.import_module(f"{codes.__name__}.{name}")
    assert doctest.testmod(module).failed == 0
