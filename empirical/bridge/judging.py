"""Hypotheses stated before the networks are trained, judged by intervals over seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .measuring import Measured
from .plan import SAMPLE_SIZES, SCHEDULED
from .prediction import augmented_bayes
from .recipe import METHODS
from .setting import Setting
from .shortfall import regret, shortfall
from .study import Results
from .verdicts import Finding, above_zero, at_most, near

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

#: A network this near to a line counts as on it, in units of accuracy.
NEAR_LINE = 0.01
#: Accuracies this near to a prediction count as equal to it.
NEAR_POINT = 0.02
#: Smaller differences of shortfalls between two methods count as none.
SMALLEST_DIFFERENCE = 0.005


class Judge:
    """Looks networks up by setting, kind, method and level, and judges hypotheses."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.found: dict[tuple[str, str, str, float, str], list[Measured]] = {
            (group.setting.name, group.kind, group.method, level, group.variant): measured
            for group, level, measured in results.each()
        }

    def points(
        self, setting: Setting, kind: str, method: str, level: float, variant: str = ""
    ) -> Floats | None:
        """Return (S, A) by seed, shape (seeds, 2); None if the study has no such networks."""
        measured = self.found.get((setting.name, kind, method, level, variant))
        if measured is None:
            return None
        return pairs(measured, setting.budget)

    def levels(self, setting: Setting, kind: str, method: str) -> list[float]:
        """Return the levels of a method in the main comparison."""
        return [
            level
            for (name, k, m, level, variant) in self.found
            if (name, k, m, variant) == (setting.name, kind, method, "")
        ]

    def short(self, points: Floats, setting: Setting) -> Floats:
        """Return the shortfall to what is achieved, by seed."""
        return np.asarray(shortfall(points, self.results.frontiers[setting.name].achieved))

    def regrets(self, setting: Setting, kind: str, family: str) -> Floats:
        """Return by seed what the best of a family of methods loses; see :func:`regret`."""
        chosen = [
            points
            for name in FAMILIES[family]
            for level in self.levels(setting, kind, name)
            if (points := self.points(setting, kind, name, level)) is not None
        ]
        line = self.results.frontiers[setting.name].achieved
        stacked = np.stack(chosen, axis=1)
        return np.array([regret(of_seed, line) for of_seed in stacked])

    def findings(self) -> list[Finding]:
        """Return every finding that the study's networks allow, by topic."""
        made: list[Finding] = []
        for setting in self.results.study.settings:
            for kind in dict.fromkeys(key[1] for key in self.found):
                made += self._natural(setting, kind)
                made += self._shifts(setting, kind)
                made += self._cusp(setting, kind)
                made += self._mixture(setting, kind)
            made += self._equivariant(setting)
            made += self._settled(setting)
            made += self._finite(setting)
        order = list(dict.fromkeys(TOPICS))
        return sorted(made, key=lambda one: order.index(one.topic))

    def _natural(self, setting: Setting, kind: str) -> list[Finding]:
        at = self.points(setting, kind, "natural", 0.0)
        known = self.results.frontiers[setting.name].named
        name = "shift-Bayes" if kind == "circular" else "Bayes"
        if at is None or known[name][1] != known[name][2]:
            return []
        claim = f"{setting.name}: natural training of {kind} networks ends at the {name} rule"
        difference = at - np.array(known[name][:2])
        measure = f"S and A less those of {name}"
        return [near(list(difference.T), NEAR_POINT, TOPICS[0], claim, measure)]

    def _shifts(self, setting: Setting, kind: str) -> list[Finding]:
        levels = self.levels(setting, kind, "shifts")
        none = self.points(setting, kind, "natural", 0.0)
        full = self.points(setting, kind, "shifts", 180.0)
        if none is None or full is None or kind == "circular":
            return []
        where = f"{setting.name}, {kind}: "
        made = [
            above_zero(
                full[:, 0] - none[:, 0],
                SMALLEST_DIFFERENCE,
                TOPICS[2],
                where + "random shifts in training raise spatial accuracy",
                "S with all shifts less S without",
            ),
            above_zero(
                none[:, 1] - full[:, 1],
                SMALLEST_DIFFERENCE,
                TOPICS[2],
                where + "random shifts in training lower adversarial accuracy",
                "A without shifts less A with all",
            ),
        ]
        if setting.dist.n_shifts != 2 or kind != "mlp":
            return made
        differences = []
        for level in levels:
            measured = self.found[setting.name, kind, "shifts", level, ""]
            for e in measured[0].adversarial:
                differences.append(
                    [
                        m.adversarial[e].value - augmented_bayes(setting, level, e).adversarial
                        for m in measured
                    ]
                )
            expected = augmented_bayes(setting, level)
            differences.append([m.natural.value - expected.natural for m in measured])
            differences.append([m.moved.value - expected.moved for m in measured])
        claim = (
            where
            + f"training with shifts up to {levels[0]:g}..180 degrees follows the path predicted"
        )
        measure = "natural accuracy, S_1 and A at every budget, less the prediction"
        made.append(near(differences, NEAR_POINT, TOPICS[1], claim, measure))
        return made

    def _cusp(self, setting: Setting, kind: str) -> list[Finding]:
        at = self.points(setting, kind, "CuSP", 1.0)
        if at is None:
            return []
        exact = self.results.frontiers[setting.name].exact
        where = f"{setting.name}, {kind}: "
        line = (
            "the exact frontier" if exact else "the best linear rules (the frontier is not known)"
        )
        measure = f"shortfall to {line}"
        made = [
            at_most(
                self.short(at, setting),
                NEAR_LINE,
                TOPICS[3],
                where + f"CuSP as published ends within {NEAR_LINE:g} of {line}",
                measure,
            )
        ]
        sweep = [
            (name, level)
            for name in ("CuSP", "CuSP range", "CuSP-TRADES")
            for level in self.levels(setting, kind, name)
        ]
        shorts = [
            self.short(points, setting)
            for name, level in sweep
            if (points := self.points(setting, kind, name, level)) is not None
        ]
        worst = max(range(len(shorts)), key=lambda i: float(shorts[i].mean()))
        made.append(
            at_most(
                shorts[worst],
                NEAR_LINE,
                TOPICS[4],
                where + f"every CuSP tried ends within {NEAR_LINE:g} of {line} (farthest: "
                f"{sweep[worst][0]} {sweep[worst][1]:g})",
                measure,
            )
        )
        every = self.regrets(setting, kind, "CuSP")
        made.append(
            at_most(
                every,
                NEAR_LINE,
                TOPICS[5],
                where + f"the best CuSP for every weight of S and A loses at most {NEAR_LINE:g} "
                f"against {line}",
                "largest loss of a weighted sum (1-w) S + w A",
            )
        )
        other = self.points(setting, kind, "PGD + shifts", 1.0)
        if other is not None:
            made.append(
                above_zero(
                    self.short(other, setting) - self.short(at, setting),
                    SMALLEST_DIFFERENCE,
                    TOPICS[6],
                    where + "CuSP ends nearer than PGD on shifted samples at its last budget",
                    "shortfall of PGD + shifts less that of CuSP",
                )
            )
        return made

    def _mixture(self, setting: Setting, kind: str) -> list[Finding]:
        levels = self.levels(setting, kind, "mixture")
        if not levels or kind == "circular":
            return []
        known = self.results.frontiers[setting.name]
        made = []
        every = {
            level: points
            for level in levels
            if (points := self.points(setting, kind, "mixture", level)) is not None
        }
        if known.exact and kind == "mlp":
            worst = max(every, key=lambda level: float(self.short(every[level], setting).mean()))
            made.append(
                at_most(
                    self.short(every[worst], setting),
                    NEAR_LINE,
                    TOPICS[7],
                    f"{setting.name}, mlp: training on the weighted sum of both aims ends within "
                    f"{NEAR_LINE:g} of the exact frontier at every weight (farthest: {worst:g})",
                    "shortfall to the exact frontier",
                )
            )
        if kind == "mlp":
            beyond = {level: -np.asarray(shortfall(p, known.linear)) for level, p in every.items()}
            # The weight is fixed in advance: the best one would be chosen by its luck.
            fixed = 0.7 if 0.7 in beyond else levels[-1]
            made.append(
                above_zero(
                    beyond[fixed],
                    SMALLEST_DIFFERENCE,
                    TOPICS[8],
                    f"{setting.name}, mlp: trained on the weighted sum (weight {fixed:g}) networks "
                    "exceed the best linear rules",
                    "how far beyond the hull of linear rules",
                )
            )
        return made

    def _equivariant(self, setting: Setting) -> list[Finding]:
        plain = self.points(setting, "mlp", "natural", 0.0)
        tied = self.points(setting, "circular", "natural", 0.0)
        if plain is None or tied is None:
            return []
        where = f"{setting.name}: an invariant network, trained naturally, has "
        return [
            above_zero(
                tied[:, 0] - plain[:, 0],
                SMALLEST_DIFFERENCE,
                TOPICS[9],
                where + "more spatial accuracy than a plain one",
                "S of circular less S of mlp",
            ),
            above_zero(
                plain[:, 1] - tied[:, 1],
                SMALLEST_DIFFERENCE,
                TOPICS[9],
                where + "less adversarial accuracy",
                "A of mlp less A of circular",
            ),
        ]

    def _settled(self, setting: Setting) -> list[Finding]:
        both = [self.points(setting, "mlp", name, 1.0, "settled") for name in SCHEDULED]
        if both[0] is None or both[1] is None:
            return []
        return [
            above_zero(
                self.short(both[0], setting) - self.short(both[1], setting),
                SMALLEST_DIFFERENCE,
                TOPICS[10],
                f"{setting.name}, mlp: with every stage trained to its end CuSP still ends nearer "
                "than PGD on shifted samples",
                "shortfall of PGD + shifts less that of CuSP",
            )
        ]

    def _finite(self, setting: Setting) -> list[Finding]:
        made = []
        for name in ("CuSP", "mixture"):
            nominal = METHODS[name].nominal
            few, many = (
                self.points(setting, "mlp", name, nominal, f"{size} samples")
                for size in (SAMPLE_SIZES[1], SAMPLE_SIZES[-1])
            )
            if few is None or many is None:
                continue
            made.append(
                above_zero(
                    self.short(few, setting) - self.short(many, setting),
                    SMALLEST_DIFFERENCE,
                    TOPICS[11],
                    f"{setting.name}, mlp: {name} on {SAMPLE_SIZES[1]} samples ends farther from "
                    f"the frontier than on {SAMPLE_SIZES[-1]}",
                    "difference of the shortfalls",
                )
            )
        return made


TOPICS = (
    "Natural training finds the Bayes rule",
    "Training with shifts follows the predicted path",
    "Shifts in training trade adversarial for spatial accuracy",
    "CuSP is Pareto-optimal",
    "CuSP is Pareto-optimal wherever it is stopped",
    "Tuned CuSP serves every trade-off",
    "CuSP beats PGD on shifted samples",
    "The weighted sum reaches the frontier",
    "Networks exceed linear rules",
    "Invariance by construction trades in the same way",
    "CuSP's gain is its order, not its schedule",
    "Few samples cost both accuracies",
)


def pairs(measured: Sequence[Measured], budget: float) -> Floats:
    """Return (S, A) by seed, shape (seeds, 2)."""
    return np.array([(m.spatial.value, m.adversarial[budget].value) for m in measured])
