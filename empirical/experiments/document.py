"""From evaluations to one JSON document: all that figures, tables and pages are drawn from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ...errors import InputError, StoreError
from ...stats import Interval, Scores, effect
from ...store import Store, read_json
from ..evaluation import Evaluation, EvaluationSettings
from .judge import ResultTable, adjusted, decide, fronts, unjudged
from .measure import SMALLEST_EFFECT, Measure, other_metric
from .networks import boundary_picture, layers
from .plan import Experiment, Panel, ParetoPanel, Plan, ProfilePanel, Variant
from .running import results_of, state_of
from .scores import scores_of

#: Version of the layout of documents; readers refuse others.
SCHEMA = 2

_AXES = {
    "rotation": "test rotation up to (degrees)",
    "translation": "test shift up to (of the side)",
    "both": "test rotation to 180 i, shift to i",
    "robustness": "l-infinity budget",
}
_UNITS = {"unchanged": "rate of invariance", "accuracy": "accuracy"}
_ATTACKED = {"unchanged": "1 - fooling rate", "accuracy": "accuracy under attack"}

Records = dict[Variant, list[Evaluation]]


def summarise(
    experiment: Experiment, plan: Plan, scale: str, store: Store
) -> tuple[dict[str, Any], dict[str, Scores]]:
    """Return everything an experiment shows, as plain JSON values, and the scores behind it.

    The scores, (seeds, images) by "MEASURE | VARIANT", are those that verdicts rest on.

    Parameters
    ----------
    experiment, plan, scale
        Which one, its plan as it was run, and the name of the plan's scale.
    store : Store
        Where the jobs lie; StoreError names the first that is not done.
    """
    table = ResultTable(read_records(plan, store))
    sources = [_sources(variant, table, store) for variant in plan.variants]
    pictures = [boundary_picture(plan.boundaries, store)] if plan.boundaries else []
    document, scores = describe(experiment, plan, table, scale)
    return document | {"pictures": pictures, "jobs": sources}, scores


def read_records(plan: Plan, store: Store) -> Records:
    """Return the evaluations of a plan; StoreError names the first job that is not done."""
    known: dict[tuple[str, EvaluationSettings], Evaluation] = {}
    found: Records = {}
    for variant in plan.variants:
        found[variant] = []
        for job in variant.jobs:
            (settings,) = job.evaluations
            key = (job.digest, settings)
            if key not in known:
                record = results_of(job, store).get(settings)
                if record is None:
                    state = state_of(job, store)
                    raise StoreError(f"{job.label} is not done: its state is {state}")
                known[key] = record
            found[variant].append(known[key])
    return found


def describe(
    experiment: Experiment, plan: Plan, table: ResultTable, scale: str
) -> tuple[dict[str, Any], dict[str, Scores]]:
    """Return what an experiment shows of some evaluations, apart from where they come from.

    At the scale smoke nothing is judged: its numbers mean nothing.
    """
    findings = [decide(claim, table, experiment.id) for claim in plan.claims]
    findings = list(map(unjudged, findings)) if scale == "smoke" else adjusted(findings)
    collapsed = {v.name: (table.collapsed(v), len(v.jobs)) for v in plan.variants}
    document = {
        "schema": SCHEMA,
        "id": experiment.id,
        "title": experiment.title,
        "locator": experiment.locator,
        "statement": experiment.statement,
        "beyond": experiment.beyond,
        "part_of": experiment.part_of,
        "first": experiment.first,
        "scale": scale,
        "shrunk": list(plan.deviations),
        "chosen": list(plan.assumptions),
        "panels": [_panel(panel, table) for panel in plan.panels],
        "fronts": [
            front
            for panel in plan.panels
            if isinstance(panel, ParetoPanel)
            for front in fronts(panel, table)
        ],
        "other_metric": [
            _panel(other, table)
            for panel in plan.panels
            if isinstance(panel, ProfilePanel)
            and (other := replace(panel, metric=other_metric(panel.metric))) not in plan.panels
        ],
        "table": _table(plan, table),
        "known": [
            {
                "variant": variant.name,
                "measure": str(number.measure),
                "paper": number.text,
                "source": number.source,
                "here": cell(table.mean(number.measure, variant), number.factor),
            }
            for variant, number in plan.published
        ],
        "architectures": [layers(spec) for spec in plan.architectures],
        "findings": findings,
        "remarks": [
            f"{name}: {count} of {seeds} networks give one class to nearly all images; "
            "trends leave them out, and other claims about them are not judged"
            for name, (count, seeds) in collapsed.items()
            if count
        ],
        "explanations": _explanations(plan, table),
        "pictures": [],
        "jobs": [],
    }
    return document, scores_of(findings, table)


def _panel(panel: Panel, table: ResultTable) -> dict[str, Any]:
    if isinstance(panel, ProfilePanel):
        return _profile(panel, table)
    if isinstance(panel, ParetoPanel):
        return _pareto(panel, table)
    curves = [
        _curve(table, label, [(v.level, measure, v) for v in variants])
        for label, measure, variants in panel.lines
    ]
    return {
        "type": "curves",
        "title": panel.title,
        "legend": "",
        "ordered": False,
        "axis": panel.axis,
        "unit": panel.unit,
        "curves": curves,
    }


def _profile(panel: ProfilePanel, table: ResultTable) -> dict[str, Any]:
    curves = []
    for label, variant in panel.lines:
        values = table.records[variant][0].profile(panel.kind).values
        settings = [value / variant.unit for value in values]
        places = [
            # Without the rounding error of the division.
            (round(setting, 12), Measure(panel.kind, panel.metric, setting), variant)
            for setting in settings
        ]
        curves.append(_curve(table, label, places))
    return {
        "type": "curves",
        "title": panel.title,
        "kind": panel.kind,
        "legend": panel.legend,
        "ordered": panel.ordered,
        "axis": panel.axis or _AXES[panel.kind],
        "unit": (_ATTACKED if panel.kind == "robustness" else _UNITS)[panel.metric],
        "curves": curves,
    }


def _curve(
    table: ResultTable, label: str, places: Sequence[tuple[float, Measure, Variant]]
) -> dict[str, Any]:
    """Return a curve with what its intervals follow from."""
    means = [table.mean(measure, variant) for _, measure, variant in places]
    more = [table.by_seed(measure, variant) for _, measure, variant in places]
    made = curve(label, [x for x, _, _ in places], means)
    made["seeds"] = [one["seeds"] for one in more]
    if all("counts" in one for one in more):
        made["counts"] = [one["counts"] for one in more]
    return made


def curve(
    label: str, x: Sequence[float], means: Sequence[tuple[float, Interval]]
) -> dict[str, Any]:
    """Return a curve of means with intervals as documents hold it."""
    return {
        "label": label,
        "x": list(x),
        "y": [mean for mean, _ in means],
        "low": [interval.low for _, interval in means],
        "high": [interval.high for _, interval in means],
    }


def _pareto(panel: ParetoPanel, table: ResultTable) -> dict[str, Any]:
    points = []
    for label, variant in panel.lines:
        axes = (panel.across, panel.up)
        made = point(*(table.mean(measure, variant) for measure in axes))
        for axis, measure in zip("xy", axes, strict=True):
            made |= {f"{axis}_{key}": v for key, v in table.by_seed(measure, variant).items()}
        points.append({"label": label, "marked": variant in panel.marked, **made})
    return {
        "type": "pareto",
        "title": panel.title,
        "axis": str(panel.across).replace(",", ""),
        "unit": str(panel.up).replace(",", ""),
        "points": points,
    }


def point(x: tuple[float, Interval], y: tuple[float, Interval]) -> dict[str, Any]:
    """Return a point of a plane, two means with intervals, as documents hold it."""
    made: dict[str, Any] = {}
    for axis, (mean, interval) in (("x", x), ("y", y)):
        made |= {axis: mean, f"{axis}_low": interval.low, f"{axis}_high": interval.high}
    return made


def _table(plan: Plan, table: ResultTable) -> dict[str, Any]:
    """Return the table of a plan; cells of measures that a variant lacks are None."""
    rows = []
    for variant in plan.variants if plan.columns else ():
        cells: list[dict[str, Any] | None] = []
        for _, measure in plan.columns:
            try:
                found = cell(table.mean(measure, variant))
                cells.append({**found, **table.by_seed(measure, variant)})
            except InputError:
                cells.append(None)
        rows.append({"label": variant.name, "seeds": len(variant.jobs), "cells": cells})
    columns = [
        {"label": label, "measure": str(measure), "rate": measure.kind != "distance"}
        for label, measure in plan.columns
    ]
    return {"columns": columns, "rows": rows}


#: What a profile does to images, and where an augmentation says that training did it too.
_DONE = {"rotation": "rotated", "translation": "translated", "both": "rotated and translated"}
_TRAINED = {
    "rotation": ("rotation",),
    "translation": ("translation",),
    "both": ("rotation", "translation"),
}


def _explanations(plan: Plan, table: ResultTable) -> list[str]:
    """Return why accuracy on transformed images can exceed the natural one, where it does.

    Networks that stand in several rows, measured under several attacks, are told of once.
    """
    made: dict[tuple[object, ...], str] = {}
    for variant in plan.variants:
        for _, measure in plan.columns:
            if measure.kind not in _DONE or measure.metric != "accuracy":
                continue
            try:
                scores = [table.scores(m, variant) for m in (measure, Measure("natural"))]
            except InputError:  # measured with other settings
                continue
            gap = effect(scores, (1, -1))
            if gap.value < SMALLEST_EFFECT:
                continue
            moved, natural = (100 * one.mean() for one in scores)
            done = _DONE[measure.kind]
            last = variant.jobs[0].config.stages[-1].augment
            if gap.interval.low <= 0:
                why = "the 95% interval of the difference holds 0, so it may be chance"
            elif all(getattr(last, name) for name in _TRAINED[measure.kind]):
                why = (
                    f"this network was trained on images {done} at random, so that test images "
                    f"{done} alike are what it knows; an image left as it is, sharper for not "
                    "being resampled, is rare among them"
                )
            else:
                why = f"it was not trained on {done} images, so look at its curves before using it"
            told = f"natural accuracy ({natural:.1f}%) lies below {measure} ({moved:.1f}%): {why}."
            trainings = tuple(job.digest for job in variant.jobs)
            made.setdefault((trainings, told), f"{variant.name}: {told}")
    return list(made.values())


def cell(found: tuple[float, Interval], factor: float = 1.0) -> dict[str, float]:
    """Return a mean with its interval as cells of documents' tables hold it."""
    mean, interval = found
    return {"value": mean * factor, "low": interval.low * factor, "high": interval.high * factor}


def _sources(variant: Variant, table: ResultTable, store: Store) -> dict[str, Any]:
    """Return where a variant's numbers come from."""
    runs = []
    for job, record in zip(variant.jobs, table.records[variant], strict=True):
        run = job.folder(store)
        trained = read_json(run.provenance_path)
        provenance = record.provenance and dataclasses.asdict(record.provenance)
        runs.append(
            {
                "folder": run.path.name,
                "digest": job.digest,
                "seed": job.config.seed,
                "epochs": job.config.epochs,
                "training": {k: trained[k] for k in ("seconds", "device", "commit", "versions")},
                "data": record.data,
                "settings": record.settings.to_json(),
                "protocol": record.protocol,
                "evaluation": provenance,
            }
        )
    return {"variant": variant.name, "runs": runs}
