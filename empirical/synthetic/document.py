"""One JSON document with all that the report shows: figures are drawn from it alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...theory.laws import gradual_adversarial, residual
from .hypotheses import all_findings
from .plan import FINITE, LAW_BUDGETS, SAMPLE_SIZES, sample_variant
from .prediction import augmented_bayes
from .recipe import METHODS
from .setting import Known, Setting
from .shortfall import over_seeds, shortfall, vertical_gap
from .study import FAMILIES, Group, Results, pairs

Floats = NDArray[np.float64]

#: Version of the layout; readers refuse others.
SCHEMA = 1
TITLE = "Where trained networks stand on the exact frontier"
STATEMENT = (
    "Networks trained on the distribution of section 3, by the methods of section 4, beside "
    "what is possible there: the frontier of spatial against adversarial accuracy over all "
    "classifiers. Is CuSP Pareto-optimal where the optimum is known?"
)
# Digits kept of every accuracy: the intervals are a hundred times wider.
_DIGITS = 5


def document(results: Results) -> dict[str, Any]:
    """Return the report's numbers as plain JSON values.

    Parameters
    ----------
    results : Results
        A finished study.

    Returns
    -------
    dict
        "settings" with their frontiers; "panels" of the types "pareto" (S against A, a
        panel for each setting and kind of network), "law" and "curves"; a "table" of every
        network; "families" with what the best of each loses; "findings"; "attack", what an
        exact search breaks beyond the attacks; "parts" with seconds, "machines" with versions.
    """
    study = results.study
    made = {
        "schema": SCHEMA,
        "id": "bridge",
        "title": TITLE,
        "locator": "section 3 and Figure 6; beyond the paper",
        "statement": STATEMENT,
        "beyond": True,
        "scale": study.scale,
        "shrunk": list(study.shrunk),
        "settings": [
            setting.to_json() | {"frontier": results.frontiers[setting.name].to_json()}
            for setting in study.settings
        ],
        "panels": [*_pareto(results), *_law(results), *_finite(results)],
        "table": _table(results),
        "families": _families(results),
        "findings": [finding.to_json() for finding in all_findings(results)],
        "attack": _attack(results),
        "parts": [_part(group, record) for group, record in results.records.items()],
        "machines": _machines(results),
    }
    rounded: dict[str, Any] = _rounded(made)
    return rounded


def _pareto(results: Results) -> list[dict[str, Any]]:
    panels: dict[tuple[str, str], dict[str, Any]] = {}
    for group, level, measured in results.each():
        if group.variant:
            continue
        key = (group.setting.name, group.kind)
        panel = panels.setdefault(
            key,
            {
                "type": "pareto",
                "title": f"{group.setting.name}: {group.kind}",
                "axis": "spatial accuracy S",
                "unit": "adversarial accuracy A",
                "setting": group.setting.name,
                "kind": group.kind,
                "points": [],
            },
        )
        panel["points"].append(
            _point(pairs(measured, group.setting.budget))
            | {"label": f"{group.method} {level:g}", "method": group.method, "level": level}
        )
    return list(panels.values())


def _point(points: Floats) -> dict[str, float]:
    made: dict[str, float] = {}
    for axis, values in zip("xy", points.T, strict=True):
        mean, interval = over_seeds(values)
        made |= {axis: mean, f"{axis}_low": interval.low, f"{axis}_high": interval.high}
    return made


def _law(board: Results) -> list[dict[str, Any]]:
    """Return panels of A against the accuracy on r_1 X, for training with shifts alone."""
    panels = []
    for setting in board.study.settings:
        kinds = [k for k in board.kinds if k != "circular" and board.levels(setting, k, "shifts")]
        if setting.dist.n_shifts != 2 or not kinds:
            continue
        budgets = dict.fromkeys((setting.budget, *LAW_BUDGETS))
        lines = [_law_line(setting, e, board, kinds) for e in sorted(budgets)]
        panels.append(
            {
                "type": "law",
                "title": f"{setting.name}: training with shifts",
                "axis": "accuracy on the shifted input, S_1",
                "unit": "adversarial accuracy A",
                "setting": setting.name,
                "lines": [line for line in lines if line["networks"]],
            }
        )
    return panels


def _law_line(setting: Setting, e: float, board: Results, kinds: Sequence[str]) -> dict[str, Any]:
    p, delta = setting.p, float(setting.dist.orbit.delta[1])
    distance = residual(e, delta)
    best = augmented_bayes(setting, 0.0).natural
    # Denser towards the Bayes accuracy, where the law is steep.
    grid = best - (best - 1 + p) * np.linspace(1, 0, 60) ** 2
    bound = gradual_adversarial(grid, p, distance, tight=True)
    angles = np.concatenate([[0.0], np.linspace(90, 180, 31)])
    path = [augmented_bayes(setting, float(angle), e) for angle in angles]
    networks = []
    for kind in kinds:
        levels = board.levels(setting, kind, "shifts")
        for level in levels:
            measured = board.measured(setting, kind, "shifts", level)
            if e not in measured[0].adversarial:
                continue
            at = np.array([(m.moved.value, m.adversarial[e].value) for m in measured])
            expected = augmented_bayes(setting, level, e)
            networks.append(
                _point(at)
                | {
                    "kind": kind,
                    "level": level,
                    "predicted": [expected.moved, expected.adversarial],
                    "law": float(
                        gradual_adversarial(
                            min(float(at[:, 0].mean()), best), p, distance, tight=True
                        )
                    ),
                }
            )
    return {
        "budget": e,
        "law": np.stack([grid, bound], axis=1).tolist(),
        "path": [[point.moved, point.adversarial] for point in path],
        "networks": networks,
    }


def _finite(board: Results) -> list[dict[str, Any]]:
    """Return panels of the shortfall against the number of training samples."""
    panels = []
    for setting in board.study.settings:
        curves = []
        for name in FINITE:
            level = METHODS[name].nominal
            shorts = {
                size: board.short(setting, "mlp", name, level, sample_variant(size))
                for size in SAMPLE_SIZES
                if board.has(setting, "mlp", name, level, sample_variant(size))
            }
            if shorts:
                curves.append(_finite_curve(name, shorts))
        if curves:
            panels.append(
                {
                    "type": "curves",
                    "title": f"{setting.name}: finite training samples (mlp)",
                    "axis": "training samples",
                    "unit": "shortfall to the frontier",
                    "curves": curves,
                }
            )
    return panels


def _finite_curve(name: str, shorts: dict[int, Floats]) -> dict[str, Any]:
    made = [over_seeds(values) for values in shorts.values()]
    return {
        "label": name,
        "x": list(shorts),
        "y": [mean for mean, _ in made],
        "low": [interval.low for _, interval in made],
        "high": [interval.high for _, interval in made],
    }


_COLUMNS = (
    ("natural accuracy", "Pr(f(X) = Y)"),
    ("S", "spatial accuracy"),
    ("A", "adversarial accuracy; an upper bound but for linear networks"),
    ("both", "accuracy on shifted input under attack"),
    ("shortfall", "by how much S and A could both rise, to what is achieved"),
    ("to excluded", "the same, to what no classifier exceeds"),
)


def _table(results: Results) -> dict[str, Any]:
    rows = []
    for group, level, measured in results.each():
        known = results.frontiers[group.setting.name]
        points = pairs(measured, group.setting.budget)
        values = [
            [m.natural.value for m in measured],
            points[:, 0],
            points[:, 1],
            [m.joint.value for m in measured],
            shortfall(points, known.achieved),
            shortfall(points, known.excluded),
        ]
        mean = points.mean(axis=0)
        rows.append(
            {
                "label": f"{group.label} {level:g}",
                "setting": group.setting.name,
                "kind": group.kind,
                "method": group.method,
                "variant": group.variant,
                "level": level,
                "seeds": len(measured),
                "cells": [_cell(column) for column in values],
                "vertical": vertical_gap((float(mean[0]), float(mean[1])), known.achieved),
                "verdict": _standing(points, known),
            }
        )
    columns = [{"label": label, "measure": words} for label, words in _COLUMNS]
    return {"columns": columns, "rows": rows}


def _cell(values: Any) -> dict[str, float]:
    mean, interval = over_seeds(values)
    return {"value": mean, "low": interval.low, "high": interval.high}


def _standing(points: Floats, known: Known) -> str:
    """Return where a network stands by its interval: on the achieved line, below or beyond."""
    interval = over_seeds(shortfall(points, known.achieved))[1]
    if interval.high < 0:
        return "beyond what was known to be achieved" if not known.exact else "beyond"
    if interval.low <= max(known.gap if known.exact else 0.0, 0.0):
        return "on"
    return "below"


def _families(board: Results) -> list[dict[str, Any]]:
    """Return what the best of each family of methods loses, and where its points lie."""
    rows = []
    for setting in board.study.settings:
        line = board.known(setting).achieved
        for kind in board.kinds:
            for family in FAMILIES:
                members = board.members(setting, kind, family)
                if not members:
                    continue
                means = np.array([board.points(setting, kind, *m).mean(axis=0) for m in members])
                rows.append(
                    {
                        "setting": setting.name,
                        "kind": kind,
                        "family": family,
                        "methods": list(dict.fromkeys(name for name, _ in members)),
                        "loss": _cell(board.losses(setting, kind, family)),
                        "nearest": float(np.min(shortfall(means, line))),
                        "farthest": float(np.max(shortfall(means, line))),
                        "spatial": [float(means[:, 0].min()), float(means[:, 0].max())],
                    }
                )
    return rows


def _attack(results: Results) -> list[dict[str, Any]]:
    """Return, by kind of network, what an exact search breaks of what survived the attacks."""
    sums: dict[str, list[int]] = {}
    for group, record in results.records.items():
        for entry in record["levels"]:
            if "exact" in entry:
                found = entry["exact"]
                total = sums.setdefault(group.kind, [0, 0, 0, 0])
                for place, value in enumerate(
                    (1, found["samples"], found["survived"], found["missed"])
                ):
                    total[place] += value
    names = ("networks", "samples", "survived", "missed")
    return [{"kind": kind, **dict(zip(names, t, strict=True))} for kind, t in sums.items()]


def _part(group: Group, record: dict[str, Any]) -> dict[str, Any]:
    return {
        "label": group.label,
        "digest": record["digest"],
        "seeds": group.seeds,
        "seconds": record["provenance"]["seconds"],
        "commit": record["provenance"]["commit"],
    }


def _machines(results: Results) -> list[dict[str, Any]]:
    """Return where the parts were made, each combination of machine and versions once."""
    made: list[dict[str, Any]] = []
    for record in results.records.values():
        one = {key: record["provenance"][key] for key in ("device", "versions")}
        if one not in made:
            made.append(one)
    return made


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    return value
