"""The examples in docstrings are run as they stand."""

import doctest
import importlib
import pkgutil

import pytest

import spadv.cli
import spadv.empirical
import spadv.theory


def modules(package):
    yield package.__name__
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        yield found.name


PACKAGES = (spadv.theory, spadv.empirical, spadv.cli)
NAMES = [name for package in PACKAGES for name in modules(package)]


@pytest.mark.parametrize("name", NAMES)
def test_examples(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0
