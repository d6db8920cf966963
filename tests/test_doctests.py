"""The examples in docstrings are run as they stand."""

import doctest
import importlib
import pkgutil

import pytest

import spadv.cli
import spadv.theory


def modules(package):
    yield package.__name__
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        yield found.name


@pytest.mark.parametrize("name", [*modules(spadv.theory), *modules(spadv.cli)])
def test_examples(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0
