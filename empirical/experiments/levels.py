"""The levels of training: how much rotation, translation, or budget."""

from __future__ import annotations

from .words import budget, words

Levels = dict[str, tuple[float, ...]]

_EIGHT = tuple(k / 255 for k in (0, 2, 4, 8))

#: Kinds of level, by scale. The paper shows levels in legends that its text does not have:
#: those of the scale paper are chosen to hold the ones that the text names.
LEVELS: dict[str, Levels] = {
    "Aug-R": {
        "paper": (0.0, 30.0, 60.0, 90.0, 120.0, 150.0, 180.0),
        "cpu": (0.0, 60.0, 120.0, 180.0),
        "smoke": (0.0, 180.0),
    },
    "Aug-T": {"paper": (0.0, 0.1, 0.2, 0.3, 0.4), "cpu": (0.0, 0.2), "smoke": (0.0, 0.2)},
    "Aug-RT": {"paper": (0.0, 0.1, 0.2, 0.3, 0.4), "cpu": (0.0, 0.2), "smoke": (0.0, 0.2)},
    "grey": {"paper": (0.0, 0.1, 0.2, 0.3), "cpu": (0.0, 0.1, 0.2, 0.3), "smoke": (0.0, 0.1)},
    "colour": {"paper": _EIGHT, "cpu": _EIGHT, "smoke": (0.0, 8 / 255)},
}

_NAMES = {"grey": "training budgets", "colour": "training budgets"}


def levels(kind: str, scale: str) -> tuple[float, ...]:
    """Return the levels of a kind at a scale.

    Examples
    --------
    >>> levels("Aug-R", "cpu")
    (0.0, 60.0, 120.0, 180.0)
    """
    return LEVELS[kind][scale]


def level_notes(kind: str, scale: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what is smaller than in the paper, and what was chosen for it."""
    name = _NAMES.get(kind, f"{kind} levels")
    paper, here = levels(kind, "paper"), levels(kind, scale)
    chosen = (f"{name}: {words(paper)} at the paper's scale (the text names some of them)",)
    if here == paper:
        return (), chosen
    return (f"{name}: {words(here)} in place of {words(paper)}",), chosen


def level_label(kind: str, level: float) -> str:
    """Return a level as legends show it.

    Examples
    --------
    >>> level_label("Aug-R", 60.0), level_label("Aug-T", 0.1), level_label("colour", 8 / 255)
    ('60', '0.1', '8/255')
    """
    return budget(level)
