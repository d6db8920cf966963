"""Evaluations that were never made: outcomes drawn with known rates."""

from __future__ import annotations

import numpy as np
import pytest

from spadv.empirical.evaluation import Evaluation
from spadv.empirical.experiments import experiment
from spadv.empirical.experiments.document import describe
from spadv.empirical.experiments.judge import ResultTable


def invent(settings, images=200, seed=0, natural=0.9, fall=1.0):
    """Return an evaluation whose rates fall, at speed `fall`, along each profile."""
    rng = np.random.default_rng(seed)
    count = min(images, settings.images or images)
    labels = rng.integers(10, size=count)

    def spoil(classes, rate, shape):
        wrong = rng.random((*shape, count)) > rate
        return np.where(wrong, (classes + rng.integers(1, 10, size=(*shape, count))) % 10, classes)

    clean = spoil(labels, natural, ())
    arrays = {"clean": clean, "labels": labels}
    for name, values in (
        ("rotation", settings.rotations),
        ("translation", settings.translations),
        ("both", settings.both),
        ("robustness", settings.budgets),
    ):
        if not values:
            continue
        rates = np.exp(-fall * np.array(values) / max(max(values), 1e-9))
        shape = (settings.repeats,) if name != "robustness" else ()
        arrays[name] = np.stack([spoil(clean, rate, shape) for rate in rates])
    if settings.budgets:
        arrays["robustness_clean"] = clean
    if settings.distance_images:
        arrays["distance"] = rng.gamma(9.0, 0.3 / fall, size=min(count, settings.distance_images))
    arrays = {
        name: array.astype(np.float32 if name == "distance" else np.int16)
        for name, array in arrays.items()
    }
    return Evaluation(
        settings=settings,
        protocol={"name": settings.protocol},
        model={"fingerprint": f"{seed}", "class": "Classifier", "spec": None},
        data={"name": "made up", "part": "test", "images": count, "digest": "0" * 64},
        arrays=arrays,
    )


def invent_all(plan, images=200):
    """Return records for a whole plan: variants differ, seeds a little."""
    records = {}
    for number, variant in enumerate(plan.variants):
        fall = 0.3 + 0.35 * (number % 7)
        records[variant] = [
            invent(
                job.evaluations[0],
                images,
                seed=1000 * number + place,
                natural=0.95 - 0.03 * (number % 9),
                fall=fall * (1 + 0.05 * place),
            )
            for place, job in enumerate(variant.jobs)
        ]
    return records


@pytest.fixture
def invented():
    """Return the function from a plan to made-up records."""
    return invent_all


@pytest.fixture
def made_up():
    """Return a function from an experiment's id and scale to a document on made-up outcomes."""

    def make(name, scale="cpu", seeds=2, images=200):
        made = experiment(name)
        plan = made.plan(scale, seeds)
        return describe(made, plan, ResultTable(invent_all(plan, images)), scale)[0]

    return make
