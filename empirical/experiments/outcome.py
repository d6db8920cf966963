"""From evaluations to one JSON document: all that figures, tables and pages are drawn from."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, StoreError
from ...random import derive_seed
from ...stats import Interval, Resampler, Scores, pooled
from ...store import Store, read_json
from ..evaluation import Evaluation, EvaluationSettings
from .architecture import architecture
from .finding import find, fronts, undecided
from .measure import METRICS, Measure
from .plan import Artefact, Known, Panel, ParetoPanel, Plan, ProfilePanel, SweepPanel, Variant

#: Version of the layout of outcomes; readers refuse others.
SCHEMA = 2

#: A network that gives one class to a larger share of the test images is called collapsed.
COLLAPSED = 0.9

_AXES = {
    "rotation": "test rotation up to (degrees)",
    "translation": "test shift up to (of the side)",
    "both": "test rotation to 180 i, shift to i",
    "robustness": "l-infinity budget",
}
_RATES = {"unchanged": "rate of invariance", "accuracy": "accuracy"}
_UNITS = {
    ("robustness", "unchanged"): "1 - fooling rate",
    ("robustness", "accuracy"): "accuracy under attack",
}


Records = dict[str, list[Evaluation]]


class Board:
    """The evaluations of a plan, and the scores that follow from them.

    Parameters
    ----------
    plan : Plan
        What was trained.
    records : dict
        Evaluations of every variant, one a seed.
    """

    def __init__(self, plan: Plan, records: Records) -> None:
        self.plan = plan
        self.records = records
        self.variants = {variant.name: variant for variant in plan.variants}
        self._scores: dict[tuple[Measure, str], Scores] = {}

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

    def collapsed(self, name: str) -> list[int]:
        """Return the seeds (by place) of a variant whose networks give one class to nearly all.

        Such a network is invariant and robust, and its rates mean nothing.
        """
        return [
            place
            for place, record in enumerate(self.records[name])
            if _is_constant(record.arrays["clean"], record.arrays["labels"])
        ]

    def has(self, measure: Measure, name: str) -> bool:
        """Return whether the evaluations of a variant hold a measure."""
        try:
            self.scores(measure, name)
        except InputError:
            return False
        return True


def _is_constant(predicted: NDArray[Any], labels: NDArray[Any]) -> bool:
    share = np.bincount(predicted).max() / len(predicted)
    return bool(share > COLLAPSED > np.bincount(labels).max() / len(labels))


def read_records(plan: Plan, store: Store) -> Records:
    """Return the evaluations of a plan that lie in a store.

    Raises
    ------
    StoreError
        Naming the first job that is not done.
    """
    known: dict[tuple[str, EvaluationSettings], Evaluation] = {}
    found: Records = {}
    for variant in plan.variants:
        found[variant.name] = []
        for job in variant.jobs:
            settings = job.evaluations[variant.evaluation]
            key = (job.digest, settings)
            if key not in known:
                record = replace(job, evaluations=(settings,)).results(store).get(settings)
                if record is None:
                    state = job.state(store)
                    raise StoreError(f"{job.label} is not done: its state is {state}")
                known[key] = record
            found[variant.name].append(known[key])
    return found


def summarise(artefact: Artefact, plan: Plan, scale: str, store: Store) -> dict[str, Any]:
    """Return everything an artefact shows, as plain JSON values.

    Parameters
    ----------
    artefact : Artefact
        Which one.
    plan : Plan
        Its plan, as it was run.
    scale : str
        Name of the plan's scale.
    store : Store
        Where the jobs lie.

    Raises
    ------
    StoreError
        If a job is not done.
    """
    board = Board(plan, read_records(plan, store))
    sources = [_job(variant, board, store) for variant in plan.variants]
    pictures = [illustration.make(store) for illustration in plan.illustrations]
    return {**describe(artefact, board, scale), "pictures": pictures, "jobs": sources}


def describe(artefact: Artefact, board: Board, scale: str) -> dict[str, Any]:
    """Return what an artefact shows of some evaluations, apart from where they come from."""
    plan = board.plan
    # One seed for all: an artefact's evidence does not depend on what else is made.
    resampler = Resampler(np.random.default_rng(derive_seed(0, "bootstrap")))
    findings = [find(artefact.id, claim, board.scores, resampler) for claim in plan.claims]
    collapsed = {name: seeds for name in board.variants if (seeds := board.collapsed(name))}
    findings = [undecided(finding, collapsed) for finding in findings]
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
        "fronts": [
            front
            for panel in plan.panels
            if isinstance(panel, ParetoPanel)
            for front in fronts(panel, board.scores, resampler)
        ],
        "other_metric": [
            _panel(other, board) for panel in plan.panels if (other := _other(panel)) is not None
        ],
        "table": _table(board),
        "known": [_known(known, board) for known in plan.known],
        "architectures": [architecture(spec) for spec in plan.architectures],
        "findings": [finding.to_json() for finding in findings],
        "remarks": [
            f"{name}: {len(seeds)} of {len(board.records[name])} networks give one class to "
            f"nearly all images; claims about them are not judged"
            for name, seeds in collapsed.items()
        ],
        "pictures": [],
        "jobs": [],
    }


def _other(panel: Panel) -> ProfilePanel | None:
    """Return a profile in the other metric than the paper's; None for other panels."""
    if not isinstance(panel, ProfilePanel):
        return None
    return replace(panel, metric=METRICS[1 - METRICS.index(panel.metric)])


def _known(known: Known, board: Board) -> dict[str, Any]:
    mean, interval = board.mean(known.measure, known.variant)
    found = {"value": mean, "low": interval.low, "high": interval.high}
    here = {key: value * known.factor for key, value in found.items()}
    return {
        "variant": known.variant,
        "measure": str(known.measure),
        "paper": known.paper,
        "source": known.source,
        "here": here,
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
        shown = {
            "legend": "",
            "ordered": False,
            "axis": panel.axis,
            "unit": panel.unit,
            "curves": curves,
        }
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
        "legend": panel.legend,
        "ordered": panel.ordered,
        "axis": panel.axis or _AXES[panel.kind],
        "unit": _UNITS.get((panel.kind, panel.metric), _RATES[panel.metric]),
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
        "axis": str(panel.across).replace(",", ""),
        "unit": str(panel.up).replace(",", ""),
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
    columns = [
        {"label": label, "measure": str(measure), "rate": measure.kind != "distance"}
        for label, measure in board.plan.columns
    ]
    return {"columns": columns, "rows": rows if columns else []}


def _job(variant: Variant, board: Board, store: Store) -> dict[str, Any]:
    """Return where a variant's numbers come from."""
    runs = []
    for job, record in zip(variant.jobs, board.records[variant.name], strict=True):
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
