"""Frontiers: the cases that must stay quick.

Must be reached: 20 s for the linear rules of d = 63, n = 3, 25 points; 60 s for a certified
gap below 0.005 with two shifts.
"""

from __future__ import annotations

from typing import Any

import pytest

from spadv.theory import CodeGaussian, parse_word
from spadv.theory.frontier import frontier, inner_frontier, outer_curve, two_shift_frontier


@pytest.mark.parametrize(
    ("p", "e", "kappa"),
    [(0.7, 1.0, 0.0), (0.7, 2.5, -0.5), (0.5, 2.5, 0.0), (0.55, 3.5, 0.5)],
)
def test_exact_two_shifts(benchmark: Any, p: float, e: float, kappa: float) -> None:
    benchmark.group = "exact frontier of two shifts"
    known = benchmark.pedantic(lambda: two_shift_frontier(p, e, kappa), rounds=1)
    benchmark.extra_info["gap"] = known.gap
    assert known.gap < 0.005


def test_linear_rules(benchmark: Any) -> None:
    benchmark.group = "d = 63, n = 3, 25 points"
    dist = CodeGaussian(parse_word("simplex:6"), 0.7, 21)
    assert len(benchmark.pedantic(lambda: inner_frontier(dist, 1.0), rounds=2)) > 10


def test_outer_curve(benchmark: Any) -> None:
    benchmark.group = "d = 63, n = 3, 25 points"
    dist = CodeGaussian(parse_word("simplex:6"), 0.7, 21)
    assert len(benchmark.pedantic(lambda: outer_curve(dist, 1.0, 25), rounds=2)) == 25


def test_everything(benchmark: Any) -> None:
    benchmark.group = "d = 63, n = 3, 25 points"
    dist = CodeGaussian(parse_word("simplex:6"), 0.7, 21)
    assert benchmark.pedantic(lambda: frontier(dist, 1.0), rounds=1).exact is None
