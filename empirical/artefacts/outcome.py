"""From evaluations to one JSON document: all that figures, tables and pages are drawn from."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import Any

import numpy as np

from ...theory.errors import InputError, StoreError
from ...theory.stats import Interval
from ..evaluation import Evaluation, EvaluationSettings
from ..randomness import derive_seed
from ..store import Store, read_json
from .effect import Resampler, Scores, pooled
from .finding import find
from .measure import Measure
from .plan import Artefact, Panel, ParetoPanel, Plan, ProfilePanel, SweepPanel, Variant

#: Version of the layout of outcomes; readers refuse others.
SCHEMA = 2

_AXES = {
    "rotation": "largest angle of the test rotation (degrees)",
    "translation": "largest test translation (fraction of the side)",
    "both": "i: test rotation up to 180 i degrees, translation up to i",
    "robustness": "l-infinity budget of the attack",
}


class Board:
    """The evaluations of a plan, and the scores that follow from them.

    Parameters
    ----------
    plan : Plan
        What was trained.
    store : Store
        Where it lies.

    Raises
    ------
    StoreError
        Naming the first job that is not done.
    """

    def __init__(self, plan: Plan, store: Store) -> None:
        self.plan = plan
        self.store = store
        self.variants = {variant.name: variant for variant in plan.variants}
        self._found: dict[tuple[str, EvaluationSettings], Evaluation] = {}
        self.records = {variant.name: self._records(variant) for variant in plan.variants}
        self._scores: dict[tuple[Measure, str], Scores] = {}

    def _records(self, variant: Variant) -> list[Evaluation]:
        found = []
        for job in variant.jobs:
            settings = job.evaluations[variant.evaluation]
            key = (job.digest, settings)
            if key not in self._found:
                record = replace(job, evaluations=(settings,)).results(self.store).get(settings)
                if record is None:
                    state = job.state(self.store)
                    raise StoreError(f"{job.label} is not done: its state is {state}")
                self._found[key] = record
            found.append(self._found[key])
        return found

    def scores(self, measure: Measure, name: str) -> Scores:
        """Return the scores of a variant, shape (seeds, images).

        Raises
        ------
        InputError
            If its evaluations lack the measure.
        """
        key = (measure, name)
        if key not in self._scores:
            unit = self.variants[name].unit
            rows = [measure.scores(record, unit) for record in self.records[name]]
            self._scores[key] = np.stack(rows)
        return self._scores[key]

    def mean(self, measure: Measure, name: str) -> tuple[float, Interval]:
        """Return the mean score of a variant with its interval."""
        return pooled(self.scores(measure, name))

    def has(self, measure: Measure, name: str) -> bool:
        """Return whether the evaluations of a variant hold a measure."""
        try:
            self.scores(measure, name)
        except InputError:
            return False
        return True


def summarise(artefact: Artefact, plan: Plan, scale: str, store: Store) -> dict[str, Any]:
    """Return everything an artefact shows, as plain JSON values.

    Raises
    ------
    StoreError
        If a job is not done.
    """
    board = Board(plan, store)
    # One seed for all: an artefact's evidence does not depend on what else is made.
    resampler = Resampler(np.random.default_rng(derive_seed(0, "bootstrap")))
    findings = [find(artefact.id, claim, board.scores, resampler) for claim in plan.claims]
    return {
        "schema": SCHEMA,
        "id": artefact.id,
        "title": artefact.title,
        "locator": artefact.locator,
        "statement": artefact.statement,
        "beyond": artefact.beyond,
        "part_of": artefact.part_of,
        "first": artefact.first,
        "scale": scale,
        "shrunk": list(plan.shrunk),
        "chosen": list(plan.chosen),
        "panels": [_panel(panel, board) for panel in plan.panels],
        "table": _table(board),
        "findings": [finding.to_json() for finding in findings],
        "jobs": [_job(variant, board) for variant in plan.variants],
    }


def _panel(panel: Panel, board: Board) -> dict[str, Any]:
    if isinstance(panel, ProfilePanel):
        return _profile(panel, board)
    if isinstance(panel, SweepPanel):
        levels = {name: float(variant.level or 0) for name, variant in board.variants.items()}
        curves = [
            _curve(label, [levels[n] for n in names], [board.mean(measure, n) for n in names])
            for label, measure, names in panel.lines
        ]
        shown = {"axis": panel.axis, "unit": panel.unit, "curves": curves}
        return {"type": "curves", "title": panel.title, **shown}
    return _pareto(panel, board)


def _profile(panel: ProfilePanel, board: Board) -> dict[str, Any]:
    curves = []
    for label, name in panel.lines:
        unit = board.variants[name].unit
        values = [value / unit for value in board.records[name][0].profile(panel.kind).values]
        means = [board.mean(Measure(panel.kind, panel.metric, value), name) for value in values]
        # Without the rounding error of the division.
        curves.append(_curve(label, [round(value, 12) for value in values], means))
    return {
        "type": "curves",
        "title": panel.title,
        "kind": panel.kind,
        "axis": _AXES[panel.kind],
        "unit": str(Measure(panel.kind, panel.metric, 0.0)).partition(" at ")[0],
        "curves": curves,
    }


def _curve(label: str, x: list[float], means: list[tuple[float, Interval]]) -> dict[str, Any]:
    return {
        "label": label,
        "x": x,
        "y": [mean for mean, _ in means],
        "low": [interval.low for _, interval in means],
        "high": [interval.high for _, interval in means],
    }


def _pareto(panel: ParetoPanel, board: Board) -> dict[str, Any]:
    points = []
    for label, name in panel.lines:
        point: dict[str, Any] = {"label": label, "marked": name in panel.marked}
        for axis, measure in (("x", panel.across), ("y", panel.up)):
            mean, interval = board.mean(measure, name)
            point |= {axis: mean, f"{axis}_low": interval.low, f"{axis}_high": interval.high}
        points.append(point)
    return {
        "type": "pareto",
        "title": panel.title,
        "axis": str(panel.across),
        "unit": str(panel.up),
        "points": points,
    }


def _table(board: Board) -> dict[str, Any]:
    """Return the table of a plan; cells of measures that a variant lacks are None."""
    rows = []
    for variant in board.plan.variants:
        cells: list[dict[str, float] | None] = []
        for _, measure in board.plan.columns:
            if not board.has(measure, variant.name):
                cells.append(None)
                continue
            mean, interval = board.mean(measure, variant.name)
            cells.append({"value": mean, "low": interval.low, "high": interval.high})
        rows.append({"label": variant.name, "seeds": len(variant.jobs), "cells": cells})
    columns = [{"label": label, "measure": str(measure)} for label, measure in board.plan.columns]
    return {"columns": columns, "rows": rows if columns else []}


def _job(variant: Variant, board: Board) -> dict[str, Any]:
    """Return where a variant's numbers come from."""
    runs = []
    for job, record in zip(variant.jobs, board.records[variant.name], strict=True):
        run = job.folder(board.store)
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
