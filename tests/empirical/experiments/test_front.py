"""Pareto fronts and hypervolumes, against brute force."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spadv.empirical.experiments.front import hypervolume, hypervolumes, pareto_front
from spadv.theory import InputError

POINT = st.tuples(st.floats(0, 1), st.floats(0, 1))


def by_inclusion_and_exclusion(points):
    total = 0.0
    for count in range(1, len(points) + 1):
        for some in combinations(points, count):
            area = min(x for x, _ in some) * min(y for _, y in some)
            total += area if count % 2 else -area
    return total


@given(st.lists(POINT, min_size=1, max_size=7))
def test_hypervolume_is_that_of_brute_force(points):
    assert hypervolume(points) == pytest.approx(by_inclusion_and_exclusion(points), abs=1e-9)


@given(st.lists(POINT, min_size=1, max_size=9))
def test_the_front_is_what_nothing_beats(points):
    front = pareto_front(points)
    beaten = {p for p in points if any(q != p and q[0] >= p[0] and q[1] >= p[1] for q in points)}
    assert set(front) == set(points) - beaten
    assert front == sorted(front)
    assert hypervolume(front) == pytest.approx(hypervolume(points))


def test_many_sets_at_once():
    rng = np.random.default_rng(0)
    points = rng.random((50, 6, 2))
    one_by_one = [hypervolume([tuple(p) for p in row]) for row in points.tolist()]
    assert np.allclose(hypervolumes(points), one_by_one)
    inside = (rng.random((200_000, 1, 2)) < points[0]).all(axis=2).any(axis=1).mean()
    assert hypervolumes(points)[0] == pytest.approx(inside, abs=0.01)


def test_no_points_span_no_area() -> None:
    with pytest.raises(InputError, match="points"):
        hypervolume([])
