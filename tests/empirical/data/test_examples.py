"""The examples in the docstrings are run as they stand."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import spadv.empirical.data as package

MODULES = [
    package.__name__,
    *(f"{package.__name__}.{m.name}" for m in pkgutil.iter_modules(package.__path__)),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples():
    tried = sum(doctest.testmod(importlib.import_module(name)).attempted for name in MODULES)
    assert tried > 15
