"""The examples in docstrings are run as they stand."""

import doctest
import importlib
import pkgutil

import pytest

import spadv.empirical.models

NAMES = [
    f"spadv.empirical.models.{found.name}"
    for found in pkgutil.iter_modules(spadv.empirical.models.__path__)
    if not found.ispkg
]


@pytest.mark.parametrize("name", NAMES)
def test_examples(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples():
    assert sum(doctest.testmod(importlib.import_module(name)).attempted for name in NAMES) >= 7
