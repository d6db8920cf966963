"""From evaluations to one JSON document: all that figures, tables and pages are drawn from."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from ...theory.errors import StoreError
from ...theory.stats import Interval
from ..evaluation import Evaluation
from ..evaluation.rates import wilson_real
from ..store import Store, read_json
from .finding import Finding, Measure, Scores, find
from .plan import Artefact, ParetoPanel, Plan, ProfilePanel, SweepPanel, Variant

#: Version of the layout of outcomes; readers refuse others.
SCHEMA = 1
LEVEL = 0.95
_Z = 1.959963984540054

_AXES = {
    "rotation": "largest angle of the test rotation (degrees)",
    "translation": "largest test translation (fraction of the side)",
    "both": "i: test rotation up to 180 i degrees, translation up to i",
    "robustness": "l-infinity budget of the attack",
}


def pooled(scores: Scores) -> tuple[float, Interval]:
    """Return the mean of scores (seeds, images) with an interval over seeds and images.

    The variances of the mean over images and over seeds are added (Owen, Annals of Applied
    Statistics 1, 2007). For scores in [0, 1] they say how many independent trials carry the
    same information, and the interval is Wilson's for so many; for others (distances) it is
    the normal one. It is approximate, and too short for few seeds.

    Examples
    --------
    >>> mean, interval = pooled(np.array([[1.0, 1.0, 0.0, 0.0]]))
    >>> mean, round(interval.low, 3)
    (0.5, 0.15)
    """
    seeds, images = scores.shape
    mean = float(scores.mean())
    variance = float(scores.mean(axis=0).var()) / images
    if seeds > 1:
        variance += float(scores.mean(axis=1).var(ddof=1)) / seeds
    if scores.min() < 0 or scores.max() > 1:
        half = _Z * math.sqrt(variance)
        return mean, Interval(mean - half, mean + half, LEVEL)
    trials = mean * (1 - mean) / variance if variance > 0 else float(images)
    return mean, wilson_real(mean, max(trials, 1.0), LEVEL)


def records_of(plan: Plan, store: Store) -> dict[str, list[Evaluation]]:
    """Return the evaluations of every variant, one a seed.

    Raises
    ------
    StoreError
        Naming the first job that is not done.
    """
    return {variant.name: _records(variant, store) for variant in plan.variants}


def _records(variant: Variant, store: Store) -> list[Evaluation]:
    found = []
    for job in variant.jobs:
        settings = job.evaluations[variant.evaluation]
        record = job.results(store).get(settings)
        if record is None:
            raise StoreError(f"{job.label} is not done: its state is {job.state(store)}")
        found.append(record)
    return found


def summarise(artefact: Artefact, plan: Plan, scale: str, store: Store) -> dict[str, Any]:
    """Return everything an artefact shows, as plain JSON values.

    Raises
    ------
    StoreError
        If a job is not done.
    """
    records = records_of(plan, store)
    findings = [find(artefact.id, contrast, records) for contrast in plan.contrasts]
    return {
        "schema": SCHEMA,
        "id": artefact.id,
        "title": artefact.title,
        "locator": artefact.locator,
        "statement": artefact.statement,
        "beyond": artefact.beyond,
        "scale": scale,
        "shrunk": list(plan.shrunk),
        "panels": [_panel(panel, plan, records) for panel in plan.panels],
        "table": _table(plan, records),
        "findings": [finding.to_json() for finding in findings],
        "jobs": [_job(variant, store, records) for variant in plan.variants],
    }


def _panel(
    panel: ProfilePanel | SweepPanel | ParetoPanel,
    plan: Plan,
    records: dict[str, list[Evaluation]],
) -> dict[str, Any]:
    if isinstance(panel, ProfilePanel):
        curves = []
        for name in panel.variants:
            values = records[name][0].profile(panel.kind).values
            measures = [Measure(panel.kind, panel.metric, value) for value in values]
            curves.append(_curve(name, list(values), measures, [records[name]] * len(values)))
        unit = Measure(panel.kind, panel.metric, 0.0)
        label = str(unit).partition(" at ")[0]
        return {
            "type": "curves",
            "title": panel.title,
            "axis": _AXES[panel.kind],
            "unit": label,
            "curves": curves,
        }
    if isinstance(panel, SweepPanel):
        levels = {variant.name: variant.level for variant in plan.variants}
        curves = [
            _curve(
                label,
                [float(levels[name] or 0.0) for name in names],
                [measure] * len(names),
                [records[name] for name in names],
            )
            for label, measure, names in panel.lines
        ]
        return {
            "type": "curves",
            "title": panel.title,
            "axis": panel.axis,
            "unit": panel.unit,
            "curves": curves,
        }
    points = []
    for name in panel.variants:
        point: dict[str, Any] = {"label": name}
        for axis, measure in (("x", panel.across), ("y", panel.up)):
            mean, interval = _mean(measure, records[name])
            point |= {axis: mean, f"{axis}_low": interval.low, f"{axis}_high": interval.high}
        points.append(point)
    return {
        "type": "pareto",
        "title": panel.title,
        "axis": str(panel.across),
        "unit": str(panel.up),
        "points": points,
    }


def _curve(
    label: str, x: list[float], measures: list[Measure], records: list[list[Evaluation]]
) -> dict[str, Any]:
    means = [_mean(measure, found) for measure, found in zip(measures, records, strict=True)]
    return {
        "label": label,
        "x": x,
        "y": [mean for mean, _ in means],
        "low": [interval.low for _, interval in means],
        "high": [interval.high for _, interval in means],
    }


def _mean(measure: Measure, records: list[Evaluation]) -> tuple[float, Interval]:
    return pooled(np.stack([measure.scores(record) for record in records]))


def _table(plan: Plan, records: dict[str, list[Evaluation]]) -> dict[str, Any]:
    rows = []
    for variant in plan.variants:
        cells = []
        for _, measure in plan.columns:
            mean, interval = _mean(measure, records[variant.name])
            cells.append({"value": mean, "low": interval.low, "high": interval.high})
        rows.append({"label": variant.name, "seeds": len(variant.jobs), "cells": cells})
    columns = [{"label": label, "measure": str(measure)} for label, measure in plan.columns]
    return {"columns": columns, "rows": rows if columns else []}


def _job(variant: Variant, store: Store, records: dict[str, list[Evaluation]]) -> dict[str, Any]:
    """Return where a variant's numbers come from."""
    runs = []
    for job, record in zip(variant.jobs, records[variant.name], strict=True):
        run = job.folder(store)
        trained = read_json(run.provenance_path)
        runs.append(
            {
                "folder": run.path.name,
                "digest": job.digest,
                "seed": job.config.seed,
                "epochs": job.config.epochs,
                "training": {
                    key: trained[key] for key in ("seconds", "device", "commit", "versions")
                },
                "data": record.data,
                "settings": record.settings.to_json(),
                "protocol": record.protocol,
                "evaluation": None
                if record.provenance is None
                else dataclasses.asdict(record.provenance),
            }
        )
    return {"variant": variant.name, "runs": runs}


__all__ = ["SCHEMA", "Finding", "pooled", "records_of", "summarise"]
