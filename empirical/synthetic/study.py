"""What is trained and measured, in parts that are saved one by one and found again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...checks import check_integer, choose
from ...errors import InputError, SimulationMismatchError, StoreError
from ...progress import Progress, silent
from ...store import read_json, write_json
from ..device import make_provenance
from .measuring import Effort, Measured, attack_misses, measure
from .network import KINDS
from .recipe import method
from .setting import Floats, Known, Setting, known
from .shortfall import regret, shortfall
from .training import Options, train

SCALES = ("smoke", "cpu", "paper")
#: Confidence with which a point must lie beyond the excluded line to raise an alarm; ten
#: thousand points raise a false one once in ten thousand studies.
ALARM_LEVEL = 1 - 1e-8


@dataclass(frozen=True)
class Group:
    """Networks of one kind and method, at all its levels and seeds: trained side by side.

    Attributes
    ----------
    setting : Setting
        The distribution.
    kind : str
        Of network.
    method : str
        Name in :data:`~.recipe.METHODS`.
    levels : tuple of float
        Values of the method's parameter.
    seeds : int
        Training seeds 0, 1, ...
    options : Options
        How they are trained.
    effort : Effort
        How precisely they are measured.
    budgets : tuple of float
        Budgets e = eps sqrt(d) of the test attack; the setting's own is always
        among them.
    checked : int
        Samples on which the attack is compared with an exact search, for the first seed of
        every level; 0 for linear networks, whose accuracies are exact.
    variant : str
        What is special, in words; empty for the main comparison.
    """

    setting: Setting
    kind: str
    method: str
    levels: tuple[float, ...]
    seeds: int
    options: Options
    effort: Effort
    budgets: tuple[float, ...] = ()
    checked: int = 0
    variant: str = ""

    def __post_init__(self) -> None:
        choose("kind", self.kind, KINDS)
        method(self.method)
        check_integer("seeds", self.seeds, minimum=2)
        check_integer("checked", self.checked, minimum=0)
        if not self.levels:
            raise InputError("levels", "hold at least one level", self.levels)

    @property
    def label(self) -> str:
        """Setting, network and method in words."""
        words = (self.setting.name, self.kind, self.method, self.variant)
        return ", ".join(word for word in words if word)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that the numbers depend on, but the versions of libraries."""
        table = dataclasses.asdict(self) | {"setting": self.setting.to_json(), "layout": 2}
        return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()

    def run(self) -> dict[str, Any]:
        """Train, measure, and return the numbers as plain JSON values."""
        begun = time.perf_counter()
        seeds, chosen = range(self.seeds), method(self.method)
        recipes = [chosen.make(self.setting.eps, level) for level in self.levels]
        layer = train(self.setting, self.kind, recipes, list(seeds), self.options)
        budgets = tuple(dict.fromkeys((self.setting.budget, *self.budgets)))
        levels, trained = [], time.perf_counter()
        for i, level in enumerate(self.levels):
            part = layer.select(range(i * self.seeds, (i + 1) * self.seeds))
            found = measure(part, self.setting, list(seeds), budgets=budgets, effort=self.effort)
            entry: dict[str, Any] = {"level": level, "seeds": [m.to_json() for m in found]}
            if self.checked and self.kind != "linear":
                survived, missed = attack_misses(
                    part, 0, self.setting, 0, self.checked, self.effort.strength
                )
                entry["exact"] = {"samples": self.checked, "survived": survived, "missed": missed}
            levels.append(entry)
        now = time.perf_counter()
        provenance = make_provenance(0, now - begun, torch.device("cpu"))
        return {
            "label": self.label,
            "digest": self.digest,
            "levels": levels,
            "training_seconds": trained - begun,
            "provenance": dataclasses.asdict(provenance),
        }


@dataclass(frozen=True)
class Study:
    """Everything that one report needs.

    Attributes
    ----------
    scale : str
        "smoke", "cpu" or "paper".
    settings : tuple of Setting
        In the order of the report.
    groups : tuple of Group
        What is trained.
    tolerance : float
        At which the exact frontiers stop.
    shrunk : tuple of str
        What is smaller than at the largest scale.
    """

    scale: str
    settings: tuple[Setting, ...]
    groups: tuple[Group, ...]
    tolerance: float
    shrunk: tuple[str, ...] = ()


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


@dataclass(frozen=True)
class Results:
    """A study with all its numbers; networks are looked up by what they are.

    Networks are named by setting, kind (one of :data:`~.network.KINDS`), method (of
    :data:`~.recipe.METHODS`), level of its parameter, and variant, "" in the main comparison.

    Attributes
    ----------
    study : Study
        What was asked.
    frontiers : dict of str to Known
        By the setting's name.
    records : dict of Group to dict
        What :meth:`Group.run` returned.
    """

    study: Study
    frontiers: dict[str, Known]
    records: dict[Group, dict[str, Any]]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of networks, in the order of the study."""
        return tuple(dict.fromkeys(group.kind for group in self.records))

    def each(self) -> Iterator[tuple[Group, float, list[Measured]]]:
        """Yield every group and level with its measurements, one a seed."""
        for group, record in self.records.items():
            for entry in record["levels"]:
                yield group, entry["level"], [Measured.from_json(seed) for seed in entry["seeds"]]

    @cached_property
    def _found(self) -> dict[tuple[str, str, str, str], dict[float, list[Measured]]]:
        found: dict[tuple[str, str, str, str], dict[float, list[Measured]]] = {}
        for group, level, measured in self.each():
            key = (group.setting.name, group.kind, group.method, group.variant)
            found.setdefault(key, {})[level] = measured
        return found

    def known(self, setting: Setting) -> Known:
        """Return what is known of the frontier in a setting."""
        return self.frontiers[setting.name]

    def levels(self, setting: Setting, kind: str, method: str, variant: str = "") -> list[float]:
        """Return the levels of a method; none if it was not tried."""
        return list(self._found.get((setting.name, kind, method, variant), ()))

    def has(
        self, setting: Setting, kind: str, method: str, level: float, variant: str = ""
    ) -> bool:
        """Return whether there are such networks."""
        return level in self.levels(setting, kind, method, variant)

    def measured(
        self, setting: Setting, kind: str, method: str, level: float, variant: str = ""
    ) -> list[Measured]:
        """Return the measurements of networks that there are, one a seed."""
        return self._found[setting.name, kind, method, variant][level]

    def points(
        self, setting: Setting, kind: str, method: str, level: float, variant: str = ""
    ) -> Floats:
        """Return (S, A) by seed, shape (seeds, 2)."""
        return pairs(self.measured(setting, kind, method, level, variant), setting.budget)

    def short(
        self, setting: Setting, kind: str, method: str, level: float, variant: str = ""
    ) -> Floats:
        """Return the :func:`.shortfall` to what is achieved, by seed, shape (seeds,)."""
        points = self.points(setting, kind, method, level, variant)
        return np.asarray(shortfall(points, self.known(setting).achieved))

    def members(self, setting: Setting, kind: str, family: str) -> list[tuple[str, float]]:
        """Return methods and levels of a family that were tried."""
        return [
            (name, level) for name in FAMILIES[family] for level in self.levels(setting, kind, name)
        ]

    def losses(self, setting: Setting, kind: str, family: str) -> Floats:
        """Return the :func:`.regret` of the best of a family of methods, by seed, (seeds,)."""
        members = self.members(setting, kind, family)
        stacked = np.stack([self.points(setting, kind, *member) for member in members], axis=1)
        return np.array([regret(seed, self.known(setting).achieved) for seed in stacked])


def pairs(measured: Sequence[Measured], budget: float) -> Floats:
    """Return (S, A) by seed, shape (seeds, 2)."""
    return np.array([(m.spatial.value, m.adversarial[budget].value) for m in measured])


def run(
    study: Study,
    folder: Path,
    *,
    progress: Progress = silent,
    watch: Callable[[str, float], None] = lambda label, seconds: None,
) -> Results:
    """Do what is missing of a study and return its numbers.

    Parameters
    ----------
    study : Study
        What to do.
    folder : Path
        Where each part is saved as it is done; parts found there are not done again.
    progress : Progress
        Told of parts done, out of all.
    watch : callable
        Told the label of each part that was not there, and the seconds it took.

    Raises
    ------
    StoreError
        If the folder cannot be used, or holds something else under a name.
    SimulationMismatchError
        If a network lies beyond what any classifier can reach: the software is wrong.
    """
    total = len(study.settings) + len(study.groups)
    frontiers: dict[str, Known] = {}
    records: dict[Group, dict[str, Any]] = {}

    def kept(
        name: str, digest: str, number: int, make: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        progress(number, total, name)
        slug = "-".join("".join(c if c.isalnum() or c in "." else " " for c in name).split())
        path = folder / f"{slug}-{digest[:12]}.json"
        if path.exists():
            found = read_json(path)
            if found.get("digest") != digest:
                raise StoreError(f"{path} holds something else; move it away")
            return found
        begun = time.perf_counter()
        made = {"digest": digest} | make()
        write_json(path, made)
        watch(name, time.perf_counter() - begun)
        return made

    for number, setting in enumerate(study.settings):
        table = json.dumps([setting.to_json(), study.tolerance, 1], sort_keys=True)
        digest = hashlib.sha256(table.encode()).hexdigest()

        def line(setting: Setting = setting) -> dict[str, Any]:
            return {"known": known(setting, tolerance=study.tolerance).to_json()}

        found = kept(f"{setting.name}, frontier", digest, number, line)
        frontiers[setting.name] = Known.from_json(found["known"])
    for number, group in enumerate(study.groups, start=len(study.settings)):
        records[group] = kept(group.label, group.digest, number, group.run)
    progress(total, total)
    results = Results(study, frontiers, records)
    beyond = alarms(results)
    if beyond:
        raise SimulationMismatchError(
            "networks beyond what any classifier can reach: " + "; ".join(beyond)
        )
    return results


def alarms(results: Results) -> list[str]:
    """Return the networks that lie beyond the excluded line, in words; there must be none.

    A network counts as beyond if the lower ends of its intervals for S and A do. Adversarial
    accuracies of networks that are not linear are bounded from above by the attacks tried,
    which include those that the bounds are proved with (for the exact frontier: a grid of
    them), so that a weak attack is an unlikely cause.
    """
    found = []
    for group, level, measured in results.each():
        line = results.frontiers[group.setting.name].excluded
        for seed, one in enumerate(measured):
            low = (
                one.spatial.interval(ALARM_LEVEL).low,
                one.adversarial[group.setting.budget].interval(ALARM_LEVEL).low,
            )
            distance = float(shortfall(low, line))
            if distance < -1e-9:
                found.append(f"{group.label} {level:g}, seed {seed}: by {-distance:.4f}")
    return found
