"""Distances to a frontier, against brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spadv.empirical.synthetic.setting import clipped, regret, shortfall, vertical_gap
from spadv.errors import InputError
from spadv.stats import over_seeds
from spadv.theory.frontier import concave_hull, one_shift_frontier

UNIT = st.floats(0, 1)
LINE = one_shift_frontier(0.7, 3.0)[0][::100]


def reaches(point, line):
    """Whether a point lies on or beyond the hull of a line, by the hull's own edges."""
    hull = concave_hull(line)
    if point[0] >= hull[-1, 0] or point[1] >= hull[0, 1]:
        return True
    return point[1] >= np.interp(point[0], hull[:, 0], hull[:, 1])


@given(UNIT, UNIT)
@settings(deadline=None)
def test_shortfall_is_the_way_to_the_line(s, a):
    g = float(shortfall((s, a), LINE))
    assert reaches((s + g + 1e-9, a + g + 1e-9), LINE)
    assert not reaches((s + g - 1e-9, a + g - 1e-9), LINE)


def test_zero_on_the_line():
    np.testing.assert_allclose(shortfall(LINE, LINE), 0, atol=1e-12)
    middle = (LINE[:-1] + LINE[1:]) / 2
    np.testing.assert_allclose(shortfall(middle, LINE), 0, atol=1e-12)
    assert (shortfall(middle + 1e-6, LINE) < 0).all()


def test_shapes():
    assert shortfall(np.full((3, 4, 2), 0.5), LINE).shape == (3, 4)
    with pytest.raises(InputError, match="pairs"):
        shortfall([0.1, 0.2, 0.3], LINE)


def test_one_vertex():
    assert shortfall((0.5, 0.4), [(0.9, 0.7)]) == pytest.approx(0.3)


@given(st.lists(st.tuples(UNIT, UNIT), min_size=1, max_size=5))
@settings(deadline=None, max_examples=50)
def test_regret_by_brute_force(points):
    weights = np.linspace(0, 1, 2001)
    both = np.stack([1 - weights, weights])
    gain = (LINE @ both).max(axis=0) - (np.array(points) @ both).max(axis=0)
    # The support functions are Lipschitz in w with constant at most 1 each.
    assert regret(points, LINE) == pytest.approx(max(float(gain.max()), 0), abs=1e-3)


def test_regret_of_every_point_of_the_line_is_none():
    assert regret(LINE, LINE) == 0
    assert regret(LINE[:1], LINE) > 0.05


def test_vertical_gap():
    line = [(0.6, 0.8), (0.8, 0.6)]
    assert vertical_gap((0.5, 0.6), line) == pytest.approx(0.2)
    assert vertical_gap((0.7, 0.75), line) == pytest.approx(-0.05)
    assert vertical_gap((0.81, 0.1), line) is None


def test_student_interval_covers():
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(2000):
        _, interval = over_seeds(rng.standard_normal(5), 0.9)
        inside += interval.low <= 0 <= interval.high
    assert abs(inside / 2000 - 0.9) < 0.03


def test_student_interval_is_scipys():
    from scipy.stats import t

    values = np.array([0.3, 0.1, 0.4, 0.15, 0.9])
    mean, interval = over_seeds(values)
    low, high = t.interval(0.95, 4, loc=mean, scale=values.std(ddof=1) / np.sqrt(5))
    assert (interval.low, interval.high) == pytest.approx((low, high))


@pytest.mark.parametrize("values", [[0.1], [], [0.1, float("nan")], [[0.1, 0.2]]])
def test_too_few_seeds(values):
    with pytest.raises(InputError, match="seeds"):
        over_seeds(values)


def test_clipped_line_ends_at_the_cap():
    line = np.array([[0.5, 0.9], [0.7, 0.7]])
    assert clipped(line, 0.8) is line
    np.testing.assert_allclose(clipped(line, 0.6), [[0.5, 0.9], [0.6, 0.8]])
