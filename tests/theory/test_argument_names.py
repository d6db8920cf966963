"""Errors name the argument that the caller gave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from spadv.theory import InputError
from spadv.theory.frontier import one_shift_frontier


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: one_shift_frontier(0.2, 1.0), "p"),
        (lambda: one_shift_frontier(0.7, -1.0), "budget"),
    ],
)
def test_the_message_names_the_argument(call: Callable[[], Any], argument: str) -> None:
    with pytest.raises(InputError, match=f"'{argument}'"):
        call()
