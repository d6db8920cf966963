"""Settings in words, and notes on several things as one list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any


def together(notes: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the notes on several things as one list: what all share is said once.

    Examples
    --------
    >>> together({"StdCNN": ["epochs: 1", "a"], "GCNN": ["epochs: 1"]})
    ('epochs: 1', 'StdCNN: a')
    """
    lines = dict.fromkeys(line for found in notes.values() for line in found)
    made: dict[str, None] = {}
    for line in lines:
        owners = [name for name, found in notes.items() if line in found]
        whole = len(owners) == len(notes)
        made |= dict.fromkeys([line] if whole else [f"{name}: {line}" for name in owners])
    return tuple(made)


def words(value: Any) -> str:
    """Return a setting as people write it.

    Examples
    --------
    >>> words((0.0, 60.0)), words(None), words(2 / 255), words(2000)
    ('0, 60', 'all', '2/255', '2,000')
    >>> words(tuple(range(0, 181, 10)))
    '0 to 180 by 10'
    """
    if value is None:
        return "all"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return budget(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        steps = {b - a for a, b in pairwise(value)}
        if len(value) > 4 and max(steps) - min(steps) < 1e-9:
            return f"{words(value[0])} to {words(value[-1])} by {words(value[1] - value[0])}"
        return ", ".join(words(item) for item in value) or "none"
    return str(value)


def budget(value: float) -> str:
    """Return a number, as a fraction of 255 where it is one and has no short decimals.

    Examples
    --------
    >>> budget(8 / 255), budget(0.3), budget(0.0)
    ('8/255', '0.3', '0')
    """
    share = value * 255
    if value and abs(share - round(share)) < 1e-9 and abs(value * 1000 % 1) > 1e-9:
        return f"{round(share)}/255"
    return f"{value:g}"
