"""One JSON document with all that the report shows: figures are drawn from it alone."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...errors import StoreError
from ...stats import over_seeds
from ...theory.laws import gradual_adversarial, residual
from ..experiments.document import cell, curve, point
from .hypotheses import all_findings, judge_values
from .methods import METHODS
from .plan import FINITE, LAW_BUDGETS, SAMPLE_SIZES, sample_variant
from .prediction import augmented_bayes
from .setting import Floats, SyntheticSetting, shortfall, vertical_gap
from .study import FAMILIES, Case, NotTrainedError, Results, Trained

#: Version of the layout; readers refuse others.
SCHEMA = 1
# Digits kept of every accuracy: the intervals are a hundred times wider.
_DIGITS = 5
TITLE = "Where trained networks stand on the exact frontier"
STATEMENT = (
    "Networks trained on the distribution of section 3, by the methods of section 4, beside "
    "what is possible there: the frontier of spatial against adversarial accuracy over all "
    "classifiers. Is CuSP Pareto-optimal where the optimum is known?"
)


def document(results: Results) -> dict[str, Any]:
    """Return the report's numbers as plain JSON values.

    "settings" with their frontiers; "panels" of the types "pareto" (S against A, a panel for
    each setting and kind of network), "law" and "curves"; a "table" of every network;
    "families" with what the best of each loses; "findings", with values of every seed, as cells of
    the table and of families have them; "attack", what an exact search
    breaks beyond the attacks; "parts" with seconds, "machines" with versions.
    """
    study = results.study
    sources = [record["provenance"] for record in results.records.values()]
    machines = [{key: source[key] for key in ("device", "versions")} for source in sources]
    made = {
        "schema": SCHEMA,
        "id": "bridge",
        "title": TITLE,
        "locator": "section 3 and Figure 6; beyond the paper",
        "statement": STATEMENT,
        "beyond": True,
        "scale": study.scale,
        "shrunk": list(study.deviations),
        "settings": [
            setting.to_json() | {"frontier": results.frontiers[setting.name].to_json()}
            for setting in study.settings
        ],
        "panels": [*_pareto(results), *_laws(results), *_finite(results)],
        "table": _table(results),
        "families": _families(results),
        "findings": all_findings(results),
        "attack": _attack(results),
        "parts": [
            {
                "label": group.label,
                "digest": record["digest"],
                "seeds": group.seeds,
                "seconds": record["provenance"]["seconds"],
                "commit": record["provenance"]["commit"],
            }
            for group, record in results.records.items()
        ],
        "machines": [one for i, one in enumerate(machines) if one not in machines[:i]],
    }
    rounded: dict[str, Any] = _rounded(json.loads(json.dumps(made)))
    return rounded


def _rounded(value: Any, digits: int = _DIGITS) -> Any:
    """Return a JSON value with its numbers rounded; values of seeds, for computing, keep more."""
    if isinstance(value, dict):
        return {k: _rounded(v, 9 if k == "values" else digits) for k, v in value.items()}
    if isinstance(value, list):
        return [_rounded(one, digits) for one in value]
    return round(value, digits) if isinstance(value, float) else value


def check_document(made: Mapping[str, Any]) -> int:
    """Compute findings and cells of a document again from values of every seed; return how many.

    StoreError names the first that does not follow from its values, and the points of the planes
    that are not those of the table.
    """
    told = [
        (f"{row['label']}, {column['label']}", each)
        for row in made["table"]["rows"]
        for column, each in zip(made["table"]["columns"], row["cells"], strict=True)
    ]
    told += [(f"{row['setting']}, {row['kind']}, {row['family']}", row["loss"])
             for row in made["families"]]  # fmt: skip
    pairs = [(name, each, _cell(each["values"])) for name, each in told]
    rows = {
        (row["setting"], row["kind"], row["method"], row["level"]): row["cells"]
        for row in made["table"]["rows"]
        if not row["variant"]
    }
    for panel in (panel for panel in made["panels"] if panel["type"] == "pareto"):
        for one in panel["points"]:
            cells = rows[panel["setting"], panel["kind"], one["method"], one["level"]]
            for axis, each in zip("xy", cells[1:3], strict=True):
                drawn = {"value": one[axis], "low": one[f"{axis}_low"], "high": one[f"{axis}_high"]}
                pairs.append((f"{panel['title']}, {one['label']}", drawn, each))
    for one in made["findings"]:
        if not all(f"{abs(limit):g}" in one["rule"] for limit in one["limits"].values()):
            raise StoreError(
                f"bridge.json: the rule has other limits than those of: {one['claim']}"
            )
        again = judge_values(one["values"], **one["limits"])
        flat, found = ({"effect": f["effect"], **f["interval"]} for f in (one, again))
        if one["verdict"] != again["verdict"] or one["seeds"] != again["seeds"]:
            raise StoreError(f"bridge.json: its values do not give the verdict of: {one['claim']}")
        pairs.append((one["claim"], flat, found))
    for name, saved, found in pairs:
        if any(abs(saved[key] - found[key]) > 10**-_DIGITS for key in found if key != "values"):
            raise StoreError(f"bridge.json: its values do not give the numbers of: {name}")
    return len(pairs)


def _pareto(results: Results) -> list[dict[str, Any]]:
    panels: dict[tuple[str, str], dict[str, Any]] = {}
    for one in results.trained:
        group = one.group
        if group.variant:
            continue
        panel = panels.setdefault(
            (group.setting.name, group.kind),
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
        names = {
            "label": f"{group.method} {one.level:g}",
            "method": group.method,
            "level": one.level,
        }
        panel["points"].append(point(*map(over_seeds, one.points.T)) | names)
    return list(panels.values())


def _laws(results: Results) -> list[dict[str, Any]]:
    """Return panels of A against the accuracy on r_1 X, for training with shifts alone."""
    panels = []
    for setting in results.study.settings:
        if setting.dist.n_shifts != 2:
            continue
        trained: list[Trained] = []
        for kind in results.kinds:
            with suppress(NotTrainedError):
                if kind != "circular":
                    trained += Case(results, setting, kind).sweep("shifts")
        budgets = sorted({setting.budget, *LAW_BUDGETS} if trained else ())
        lines = [_law_line(setting, e, trained) for e in budgets]
        if trained:
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


def _law_line(setting: SyntheticSetting, e: float, trained: Sequence[Trained]) -> dict[str, Any]:
    distance = residual(e, float(setting.dist.orbit.delta[1]))
    best = augmented_bayes(setting, 0.0).natural

    def law(moved: Any) -> Any:
        return gradual_adversarial(moved, setting.p, distance, tight=True)

    # Denser towards the Bayes accuracy, where the law is steep.
    grid = best - (best - 1 + setting.p) * np.linspace(1, 0, 60) ** 2
    angles = np.concatenate([[0.0], np.linspace(90, 180, 31)])
    path = [augmented_bayes(setting, float(angle), e) for angle in angles]
    networks = []
    for one in trained:
        if e not in one.measured.adversarial:
            continue
        moved, attacked = one.measured.moved, one.measured.adversarial[e]
        expected = augmented_bayes(setting, one.level, e)
        networks.append(
            {
                **point(over_seeds(moved), over_seeds(attacked)),
                "kind": one.group.kind,
                "level": one.level,
                "predicted": [expected.moved, expected.adversarial],
                "law": float(law(min(float(moved.mean()), best))),
            }
        )
    return {
        "budget": e,
        "law": np.stack([grid, law(grid)], axis=1).tolist(),
        "path": [[at.moved, at.adversarial] for at in path],
        "networks": networks,
    }


def _finite(results: Results) -> list[dict[str, Any]]:
    """Return panels of the shortfall against the number of training samples."""
    panels = []
    for case in results.cases("mlp"):
        curves = []
        for name in FINITE:
            found: dict[float, Floats] = {}
            for size in SAMPLE_SIZES:
                with suppress(NotTrainedError):
                    one = case.one(name, METHODS[name].nominal, sample_variant(size))
                    found[size] = one.shortfalls
            if found:
                curves.append(curve(name, list(found), [*map(over_seeds, found.values())]))
        if curves:
            panels.append(
                {
                    "type": "curves",
                    "title": f"{case.setting.name}: finite training samples (mlp)",
                    "axis": "training samples",
                    "unit": "shortfall to the frontier",
                    "curves": curves,
                }
            )
    return panels


_COLUMNS = {
    "natural accuracy": "Pr(f(X) = Y)",
    "S": "spatial accuracy",
    "A": "adversarial accuracy; an upper bound but for linear networks",
    "both": "accuracy on shifted input under attack",
    "shortfall": "by how much S and A could both rise, to what is achieved",
    "to excluded": "the same, to what no classifier exceeds",
}


def _table(results: Results) -> dict[str, Any]:
    rows = []
    for one in results.trained:
        group, frontier, points = one.group, one.frontier, one.points
        values = (
            one.measured.natural,
            points[:, 0],
            points[:, 1],
            one.measured.joint,
            one.shortfalls,
            shortfall(points, frontier.excluded),
        )
        s, a = points.mean(axis=0).tolist()
        rows.append(
            {
                "label": f"{group.label} {one.level:g}",
                "setting": group.setting.name,
                "kind": group.kind,
                "method": group.method,
                "variant": group.variant,
                "level": one.level,
                "seeds": len(points),
                "cells": [_cell(column) for column in values],
                "vertical": vertical_gap((s, a), frontier.achieved),
                "verdict": _standing(one),
            }
        )
    columns = [{"label": label, "measure": words} for label, words in _COLUMNS.items()]
    return {"columns": columns, "rows": rows}


def _cell(values: ArrayLike) -> dict[str, Any]:
    """Return a cell with its values by seed."""
    return {**cell(over_seeds(values)), "values": np.asarray(values).tolist()}


def _standing(one: Trained) -> str:
    """Return where networks stand by their interval: on the achieved line, below or beyond."""
    exact, interval = one.frontier.exact, over_seeds(one.shortfalls)[1]
    if interval.high < 0:
        return "beyond" if exact else "beyond what was known to be achieved"
    return "on" if interval.low <= (max(one.frontier.gap, 0.0) if exact else 0.0) else "below"


def _families(results: Results) -> list[dict[str, Any]]:
    """Return what the best of each family of methods loses, and where its points lie."""
    rows = []
    for case in results.cases():
        for family, methods in FAMILIES.items():
            with suppress(NotTrainedError):
                members = case.sweep(*methods)
                means = np.array([one.points.mean(axis=0) for one in members])
                distances = shortfall(means, case.frontier.achieved)
                rows.append(
                    {
                        "setting": case.setting.name,
                        "kind": case.kind,
                        "family": family,
                        "methods": list(dict.fromkeys(one.group.method for one in members)),
                        "loss": _cell(case.losses(family)),
                        "nearest": float(distances.min()),
                        "farthest": float(distances.max()),
                        "spatial": [float(means[:, 0].min()), float(means[:, 0].max())],
                    }
                )
    return rows


def _attack(results: Results) -> list[dict[str, Any]]:
    """Return, by kind of network, what an exact search breaks of what survived the attacks."""
    rows: dict[str, defaultdict[str, int]] = {}
    for group, record in results.records.items():
        for entry in record["levels"]:
            if "exact" in entry:
                row = rows.setdefault(group.kind, defaultdict(int))
                for name, count in {"networks": 1, **entry["exact"]}.items():
                    row[name] += count
    return [{"kind": kind, **row} for kind, row in rows.items()]
