"""Errors name the argument that the caller gave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from spadv.theory import InputError
from spadv.theory.claims.proposition1 import largest_p, needed_kappa
from spadv.theory.frontier import one_shift_frontier
from spadv.theory.laws import neyman_pearson


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: neyman_pearson(2, 1.0), "accuracy"),
        (lambda: neyman_pearson(0.5, -1.0), "distance"),
        (lambda: largest_p(0.2, ceiling=2.0), "ceiling"),
        (lambda: largest_p(0.2, ceiling=1.0), "ceiling"),
        (lambda: largest_p(2.0), "kappa"),
        (lambda: needed_kappa(2.0), "ceiling"),
        (lambda: needed_kappa(float("nan")), "ceiling"),
        (lambda: one_shift_frontier(0.2, 1.0), "p"),
        (lambda: one_shift_frontier(0.7, -1.0), "budget"),
    ],
)
def test_the_message_names_the_argument(call: Callable[[], Any], argument: str) -> None:
    with pytest.raises(InputError, match=f"'{argument}'"):
        call()
