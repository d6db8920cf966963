"""Settings as people write them, and notes on several things as one list."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from ..settings import format_number


def common_notes(notes: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the notes on several things as one list: what all share is said once.

    Examples
    --------
    >>> common_notes({"StdCNN": ["epochs: 1", "a"], "GCNN": ["epochs: 1"]})
    ('epochs: 1', 'StdCNN: a')
    """
    made: dict[str, None] = {}
    for line in dict.fromkeys(line for found in notes.values() for line in found):
        owners = [name for name, found in notes.items() if line in found]
        whole = len(owners) == len(notes)
        made |= dict.fromkeys([line] if whole else [f"{name}: {line}" for name in owners])
    return tuple(made)


def stand_ins(document: Mapping[str, Any]) -> list[str]:
    """Return what was trained in a document in the place of the paper's networks and data.

    Examples
    --------
    >>> stand_ins({"shrunk": ["GCNN: network: lenet P4 in place of vgg16 P4", "epochs: 4"]})
    ['lenet P4 in place of vgg16 P4']
    """
    told = (re.search(r"(?:^|: )(?:network|data): ([^;]+)", line) for line in document["shrunk"])
    return list(dict.fromkeys(found[1] for found in told if found))


def format_setting(value: Any) -> str:
    """Return a setting as people write it.

    Examples
    --------
    >>> format_setting((0.0, 60.0)), format_setting(None), format_setting(2000)
    ('0, 60', 'all', '2,000')
    >>> format_setting(tuple(range(0, 181, 10)))
    '0 to 180 by 10'
    """
    if value is None:
        return "all"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return format_number(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        steps = {b - a for a, b in pairwise(value)}
        if len(value) > 4 and max(steps) - min(steps) < 1e-9:
            first, last, step = map(format_setting, (value[0], value[-1], value[1] - value[0]))
            return f"{first} to {last} by {step}"
        return ", ".join(format_setting(item) for item in value) or "none"
    return str(value)
