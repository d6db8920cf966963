"""The level of tests by simulation."""

import pytest


@pytest.fixture
def level():
    """Return how rarely a test of chance may fail although all is well."""
    return 1e-6
