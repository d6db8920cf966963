"""Shared words and one exact statistical check.

Every statistical test has a fixed seed and asks for a p-value of at least `LEVEL`: with a
few hundred of them, a correct program is refused by an unlucky seed about once in 10^4.
"""

import numpy as np
import pytest
from hypothesis import settings
from scipy import stats

LEVEL = 1e-6

# The same examples in every run, and no verdict that depends on how busy the machine is.
settings.register_profile("theory", deadline=None, derandomize=True)
settings.load_profile("theory")


@pytest.fixture(scope="session")
def level():
    return LEVEL


@pytest.fixture(scope="session")
def assert_proportion():
    """Check successes out of trials against a probability by scipy's exact binomial test."""

    def check(successes, trials, probability, level=LEVEL):
        p_value = stats.binomtest(int(successes), int(trials), min(max(probability, 0), 1)).pvalue
        assert p_value >= level, (
            f"{successes}/{trials} = {successes / trials:.5f} against {probability:.5f}: "
            f"p-value {p_value:.1e}"
        )

    return check


@pytest.fixture
def rng():
    return np.random.default_rng(20211206)


@pytest.fixture(scope="session")
def brute_kappa():
    """Return <c, r_j c>/d from the definition, one shift at a time, in integers."""

    def kappa(word, shift=1):
        word = np.asarray(word, dtype=np.int64)
        d = len(word)
        places = np.arange(d)
        return np.array([word @ word[(places + shift * j) % d] for j in range(d // shift)]) / d

    return kappa
