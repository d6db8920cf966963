"""What is trained and measured, in parts that are saved one by one and found again."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...checks import check_integer, choose
from ...config import digest_of_table
from ...errors import InputError, SimulationMismatchError
from ...progress import Progress, silent
from ...store import Store
from ..device import make_provenance
from .accuracy import Effort, Measured, attack_misses, interval_of, measure
from .methods import METHODS
from .network import KINDS
from .setting import Floats, KnownFrontier, SyntheticSetting, known_frontier, regret, shortfall
from .training import Options, train

#: Confidence with which a point must lie beyond the excluded line to raise an alarm; ten
#: thousand points raise a false one once in ten thousand studies.
ALARM_LEVEL = 1 - 1e-8

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
class NetworkGroup:
    """Networks of one kind and method, at all its levels and seeds 0, 1, ...: trained side by side.

    They are attacked with `budgets` e = eps sqrt(d) besides the setting's own. On `checked` samples
    the attack is compared with an exact search, for the first seed of every level; 0 for linear
    networks, whose accuracies are exact. The `variant` says what is special, in words; it is empty
    for the main comparison.
    """

    setting: SyntheticSetting
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
        choose("method", self.method, METHODS)
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
        return digest_of_table(table)

    def run(self) -> dict[str, Any]:
        """Train, measure, and return the numbers as plain JSON values."""
        begun = time.perf_counter()
        seeds, setting = range(self.seeds), self.setting
        layer = train(setting, self.kind, METHODS[self.method], self.levels, seeds, self.options)
        budgets = tuple(dict.fromkeys((setting.budget, *self.budgets)))
        levels, trained = [], time.perf_counter()
        for i, level in enumerate(self.levels):
            part = layer.select(range(i * self.seeds, (i + 1) * self.seeds))
            found = measure(part, setting, seeds, budgets=budgets, effort=self.effort)
            entry: dict[str, Any] = {"level": level, "seeds": found.to_json()}
            if self.checked and layer.units:
                strength = self.effort.strength
                survived, missed = attack_misses(part, 0, setting, 0, self.checked, strength)
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
    """Everything that one report needs, in its order.

    The exact frontiers stop at the `tolerance`; `deviations` say what is smaller than at the
    largest scale.
    """

    scale: str
    settings: tuple[SyntheticSetting, ...]
    groups: tuple[NetworkGroup, ...]
    tolerance: float
    deviations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trained:
    """Networks of a group at one level, one a seed: what they do, beside what is possible."""

    group: NetworkGroup
    level: float
    measured: Measured
    frontier: KnownFrontier

    @property
    def points(self) -> Floats:
        """(S, A) by seed, shape (seeds, 2)."""
        adversarial = self.measured.adversarial[self.group.setting.budget]
        return np.stack([self.measured.spatial, adversarial], axis=1)

    @property
    def shortfalls(self) -> Floats:
        """The :func:`.shortfall` to what is achieved, by seed, shape (seeds,)."""
        return np.asarray(shortfall(self.points, self.frontier.achieved))


@dataclass(frozen=True)
class Results:
    """A study with all its numbers.

    `frontiers` are by the setting's name, `records` what :meth:`NetworkGroup.run` returned.
    """

    study: Study
    frontiers: dict[str, KnownFrontier]
    records: dict[NetworkGroup, dict[str, Any]]

    @cached_property
    def trained(self) -> list[Trained]:
        """All networks, by group and level."""
        return [
            Trained(
                group,
                entry["level"],
                Measured.from_json(entry["seeds"]),
                self.frontiers[group.setting.name],
            )
            for group, record in self.records.items()
            for entry in record["levels"]
        ]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of networks, in the order of the study."""
        return tuple(dict.fromkeys(group.kind for group in self.records))

    def cases(self, *kinds: str) -> list[Case]:
        """Return every setting with each of the kinds, by default all that were trained."""
        return [
            Case(self, setting, kind)
            for setting in self.study.settings
            for kind in kinds or self.kinds
        ]


class NotTrainedError(LookupError):
    """A study lacks the networks that are asked for."""


@dataclass(frozen=True)
class Case:
    """All networks of one kind in one setting, and what is known of its frontier.

    Networks are named by their method, the level of its parameter, and the variant, "" in the
    main comparison. NotTrainedError if there are none.
    """

    results: Results
    setting: SyntheticSetting
    kind: str

    @property
    def label(self) -> str:
        """Setting and kind."""
        return f"{self.setting.name}, {self.kind}"

    @property
    def frontier(self) -> KnownFrontier:
        """What is known of the frontier."""
        return self.results.frontiers[self.setting.name]

    def sweep(self, *methods: str, variant: str = "") -> list[Trained]:
        """Return the networks of some methods at all their levels."""
        found = [
            one
            for name in methods
            for one in self.results.trained
            if (one.group.setting.name, one.group.kind) == (self.setting.name, self.kind)
            and (one.group.method, one.group.variant) == (name, variant)
        ]
        if not found:
            raise NotTrainedError(f"{self.label}: {methods}, {variant}")
        return found

    def one(self, method: str, level: float, variant: str = "") -> Trained:
        """Return the networks of a method at a level."""
        for found in self.sweep(method, variant=variant):
            if found.level == level:
                return found
        raise NotTrainedError(f"{self.label}: {method} {level:g}, {variant}")

    def losses(self, family: str) -> Floats:
        """Return the :func:`.regret` of the best of a family of methods, by seed, (seeds,)."""
        stacked = np.stack([one.points for one in self.sweep(*FAMILIES[family])], axis=1)
        return np.array([regret(seed, self.frontier.achieved) for seed in stacked])


def run(
    study: Study,
    folder: Path,
    *,
    progress: Progress = silent,
    watch: Callable[[str, float], None] = lambda label, seconds: None,
) -> Results:
    """Do what is missing of a study in a folder, and return its numbers.

    Progress is told of parts done; `watch` the label of each part that was not there, and the
    seconds it took. SimulationMismatchError if a network lies beyond what any classifier can
    reach: the software is wrong.
    """
    total = len(study.settings) + len(study.groups)
    store = Store(folder)

    def part(number: int, label: str, digest: str, make: Callable[[], Any]) -> dict[str, Any]:
        def timed() -> Any:
            begun = time.perf_counter()
            made = make()
            watch(label, time.perf_counter() - begun)
            return made

        progress(number, total, label)
        return store.kept(label, digest, timed)

    def frontier_of(number: int, setting: SyntheticSetting) -> KnownFrontier:
        def make() -> Any:
            return {"known": known_frontier(setting, tolerance=study.tolerance).to_json()}

        digest = digest_of_table([setting.to_json(), study.tolerance, 1])
        found = part(number, f"{setting.name}, frontier", digest, make)
        return KnownFrontier.from_json(found["known"])

    frontiers = {s.name: frontier_of(number, s) for number, s in enumerate(study.settings)}
    records = {
        group: part(number, group.label, group.digest, group.run)
        for number, group in enumerate(study.groups, start=len(frontiers))
    }
    progress(total, total)
    results = Results(study, frontiers, records)
    if beyond := alarms(results):
        what = "networks beyond what any classifier can reach: "
        raise SimulationMismatchError(what + "; ".join(beyond))
    return results


def alarms(results: Results) -> list[str]:
    """Return the networks that lie beyond the excluded line, in words; there must be none.

    A network counts as beyond if the lower ends of its intervals for S and A do. Adversarial
    accuracies of networks that are not linear are bounded from above by the attacks tried,
    which include those that the bounds are proved with (for the exact frontier: a grid of
    them), so that a weak attack is an unlikely cause.
    """
    found = []
    for one in results.trained:
        trials = (one.measured.samples, one.measured.attacked)
        for seed, accuracies in enumerate(one.points):
            low = [
                interval_of(float(value), count, ALARM_LEVEL).low
                for value, count in zip(accuracies, trials, strict=True)
            ]
            distance = float(shortfall(low, one.frontier.excluded))
            if distance < -1e-9:
                found.append(f"{one.group.label} {one.level:g}, seed {seed}: by {-distance:.4f}")
    return found
