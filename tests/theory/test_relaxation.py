"""The rational relaxation against scipy's linear programming, and against the laws."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from spadv.theory import laws
from spadv.theory.claims.theorem2 import exact, largest_adversarial, spatial_range

# Rationals with small denominators: the two programs then agree on what is feasible.
P = st.fractions(Fraction(1, 2), Fraction(99, 100), max_denominator=100)
SHARE = st.fractions(0, 1, max_denominator=100)


def program(p, sign, adversarial):
    """Minimise sign * S over (a, b) in the square under both attacks, by HiGHS."""
    objective = [sign * p, sign * (1 - p)]
    found = linprog(
        objective,
        A_ub=[[1 - p, p], [-p, -(1 - p)]],
        b_ub=[1 - adversarial, -adversarial],
        bounds=(0, 1),
        method="highs",
    )
    return found.fun * sign if found.status == 0 else None


@given(P, SHARE)
def test_range_of_s(p, adversarial):
    found = spatial_range(p, adversarial)
    numbers = float(p), float(adversarial)
    # HiGHS allows each constraint 1e-7: at the edge of feasibility it may say yes.
    if found is None:
        assert adversarial > p
        assert program(*(numbers[0], 1), numbers[1]) is None or adversarial - p < 1e-6
        return
    assert adversarial <= p
    assert float(found[0]) == pytest.approx(program(numbers[0], 1, numbers[1]), abs=1e-6)
    assert float(found[1]) == pytest.approx(program(numbers[0], -1, numbers[1]), abs=1e-6)
    # And the law in closed form, at D = 0, with its cap A <= S.
    assert float(found[0]) == pytest.approx(numbers[1])
    assert float(found[1]) == pytest.approx(laws.gradual_spatial(numbers[1], numbers[0], 0.0))


@given(P, SHARE)
def test_largest_a(p, spatial):
    # Variables (a, b, A).
    q, s = float(p), float(spatial)
    found = linprog(
        [0, 0, -1],
        A_ub=[[1 - q, q, 1], [-q, -(1 - q), 1], [-q, -(1 - q), 0]],
        b_ub=[1, 0, -s],
        bounds=[(0, 1)] * 3,
        method="highs",
    )
    assert float(largest_adversarial(p, spatial)) == pytest.approx(-found.fun, abs=1e-6)
    expected = p if s <= q else laws.gradual_adversarial(s, q, 0.0)
    assert float(largest_adversarial(p, spatial)) == pytest.approx(float(expected), abs=1e-9)


@pytest.mark.parametrize("value", [0.1, 0.35, 1e-9, 0.9999999, 0.0, 1.0, np.float64(0.7)])
def test_decimals_are_read_as_people_write_them(value):
    assert exact(value) == Fraction(str(float(value)))
