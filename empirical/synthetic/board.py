"""Networks of a study, looked up by what they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .measuring import Measured
from .setting import Known, Setting
from .shortfall import regret, shortfall
from .study import Results

Floats = NDArray[np.float64]

#: Methods that differ in what is tuned only.
FAMILIES = {
    "no attack": ("natural", "shifts"),
    "PGD": ("PGD",),
    "PGD with shifts": ("PGD + shifts", "PGD + range"),
    "TRADES": ("TRADES",),
    "TRADES with shifts": ("TRADES + shifts",),
    "CuSP": ("CuSP", "CuSP range", "CuSP-TRADES"),
    "mixture": ("mixture",),
}


class Board:
    """Measurements by setting, kind, method, level and variant.

    Parameters
    ----------
    results : Results
        A finished study.
    """

    def __init__(self, results: Results) -> None:
        self.results = results
        self._found: dict[tuple[str, str, str, str], dict[float, list[Measured]]] = {}
        for group, level, measured in results.each():
            key = (group.setting.name, group.kind, group.method, group.variant)
            self._found.setdefault(key, {})[level] = measured
        #: Kinds of networks, in the order of the study.
        self.kinds = tuple(dict.fromkeys(group.kind for group in results.records))

    def known(self, setting: Setting) -> Known:
        """Return what is known of the frontier in a `setting`."""
        return self.results.frontiers[setting.name]

    def levels(self, setting: Setting, kind: str, method: str, variant: str = "") -> list[float]:
        """Return the levels of a method; none if it was not tried.

        Parameters
        ----------
        setting : Setting
            Where.
        kind : str
            Of network: one of :data:`KINDS`.
        method : str
            Name in :data:`METHODS`.
        variant : str
            What is special; empty for the main comparison.
        """
        return list(self._found.get((setting.name, kind, method, variant), ()))

    def has(
        self, setting: Setting, kind: str, method: str, level: float, variant: str = ""
    ) -> bool:
        """Return whether there are such networks.

        Parameters
        ----------
        setting, kind, method
            As in :meth:`levels`.
        level : float
            Value of the method's parameter.
        variant
            As in :meth:`levels`.
        """
        return level in self.levels(setting, kind, method, variant)

    def measured(
        self, setting: Setting, kind: str, method: str, level: float, variant: str = ""
    ) -> list[Measured]:
        """Return the measurements of a kind of training, one a seed.

        Parameters
        ----------
        setting, kind, method, level, variant
            As in :meth:`has`, which must be true of them.
        """
        return self._found[setting.name, kind, method, variant][level]

    def points(
        self, setting: Setting, kind: str, method: str, level: float, variant: str = ""
    ) -> Floats:
        """Return (S, A) by seed, shape (seeds, 2).

        Parameters
        ----------
        setting, kind, method, level, variant
            As in :meth:`has`, which must be true of them.
        """
        return pairs(self.measured(setting, kind, method, level, variant), setting.budget)

    def short(
        self, setting: Setting, kind: str, method: str, level: float, variant: str = ""
    ) -> Floats:
        """Return the shortfall to what is achieved, by seed, shape (seeds,).

        See :func:`.shortfall`.

        Parameters
        ----------
        setting, kind, method, level, variant
            As in :meth:`has`, which must be true of them.
        """
        points = self.points(setting, kind, method, level, variant)
        return np.asarray(shortfall(points, self.known(setting).achieved))

    def members(self, setting: Setting, kind: str, family: str) -> list[tuple[str, float]]:
        """Return methods and levels of a family that were tried.

        Parameters
        ----------
        setting, kind
            As in :meth:`levels`.
        family : str
            Name in :data:`FAMILIES`.
        """
        return [
            (name, level) for name in FAMILIES[family] for level in self.levels(setting, kind, name)
        ]

    def losses(self, setting: Setting, kind: str, family: str) -> Floats:
        """Return by seed, shape (seeds,), what the best of a family of methods loses.

        See :func:`.regret`.

        Parameters
        ----------
        setting, kind, family
            As in :meth:`members`.
        """
        members = self.members(setting, kind, family)
        stacked = np.stack([self.points(setting, kind, *member) for member in members], axis=1)
        return np.array([regret(seed, self.known(setting).achieved) for seed in stacked])


def pairs(measured: Sequence[Measured], budget: float) -> Floats:
    """Return (S, A) by seed, shape (seeds, 2)."""
    return np.array([(m.spatial.value, m.adversarial[budget].value) for m in measured])
