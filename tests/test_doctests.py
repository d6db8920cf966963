"""The examples in docstrings are run as they stand."""

import doctest
import importlib
import pkgutil

import pytest

import spadv

NAMES = [found.name for found in pkgutil.walk_packages(spadv.__path__, "spadv.")]
PARTS = ("theory", "empirical", "cli")
for part in PARTS:
    module = importlib.import_module(f"spadv.{part}")
    NAMES += [found.name for found in pkgutil.walk_packages(module.__path__, f"spadv.{part}.")]


@pytest.mark.parametrize("name", sorted(set(NAMES)))
def test_examples(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0


def test_there_are_examples():
    assert len(NAMES) > 100
