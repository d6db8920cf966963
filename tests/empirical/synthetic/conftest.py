"""What the tests of the bridge share."""

import pytest
import torch

from spadv.empirical.synthetic import SyntheticSetting


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def two():
    """Two shifts, orthogonal words."""
    return SyntheticSetting("two", "random:16:6", 8, p=0.7, budget=1.0)


@pytest.fixture
def opposed():
    """Two shifts, kappa = -1/2."""
    return SyntheticSetting("opposed", "random:16:0", 8, p=0.6, budget=1.0)


@pytest.fixture
def seven():
    """Seven shifts."""
    return SyntheticSetting("seven", "legendre:7", 1, p=0.7, budget=1.0)
