"""Measure what `spadv predict` predicted, on networks trained on pairs of classes.

Each pair is a binary task; each network is trained naturally, on transformed images, against
PGD, and both. Four points (S, A) span a hull, and what A loses when S must be within 0.02 of its
best is read from it, for the networks as for the model's linear rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from ..checks import check_fraction, check_seeds, choose
from ..errors import InputError, StoreError
from ..progress import Progress, silent
from ..stats import node_jackknife, spearman
from ..store import FolderInUseError, Store, write_json
from ..style import CYCLE, GREY, new_figure, save, styled
from ..theory.images import loss_of, upper_hull
from .data import DataSet, Images, channel_statistics, digest_of
from .experiments.job import Job
from .experiments.measure import Measure
from .experiments.running import results_of, run_job, state_of
from .experiments.setup import ExperimentSetup
from .settings import (
    Augmentation,
    DataConfig,
    EvaluationSettings,
    ModelConfig,
    Objective,
    OptimiserConfig,
)

#: A linear rule, a perceptron, a convolutional network.
NETWORKS = ("linear", "mlp_a", "stdcnn")
TRAININGS = ("natural", "augmented", "pgd", "both")
#: The verdict that was registered: an order is predicted above these, or not at all around 0.
STRONG, SURE = 0.7, 0.4


@dataclass(frozen=True)
class Scale:
    """How much is trained and evaluated."""

    images: int
    test: int
    epochs: int
    steps: int
    repeats: int


SCALES = {
    "cpu": Scale(images=2000, test=400, epochs=6, steps=5, repeats=2),
    "smoke": Scale(images=128, test=40, epochs=1, steps=2, repeats=1),
}


class Point(NamedTuple):
    """A range of one transformation and a budget: what is asked for together."""

    kind: str
    range: float
    budget: float

    @classmethod
    def parse(cls, text: str) -> Point:
        """Read "R:90:0.1" (rotations to 90 degrees, budget 0.1) or "T:0.2:0.05" (shifts).

        Examples
        --------
        >>> Point.parse("R:90:0.1")
        Point(kind='rotation', range=90.0, budget=0.1)
        """
        parts = text.split(":")
        kinds = {"R": "rotation", "T": "shift"}
        if len(parts) != 3 or parts[0] not in kinds:
            raise InputError("measure", "be such as R:90:0.1 or T:0.2:0.05", text)
        size = check_fraction("measure", parts[1], high=180 if parts[0] == "R" else 1)
        return cls(kinds[parts[0]], size, check_fraction("measure", parts[2], high=1))

    def __str__(self) -> str:
        if self.kind == "rotation":
            return f"rotations to {self.range:g} degrees, budget {self.budget:g}"
        return f"shifts to {self.range:g} of the side, budget {self.budget:g}"

    @property
    def stem(self) -> str:
        """For names of files."""
        return f"{self.kind}-{self.range:g}-{self.budget:g}"

    @property
    def augmentation(self) -> Augmentation:
        """Random transformations over the range."""
        if self.kind == "rotation":
            return Augmentation(rotation=self.range)
        return Augmentation(translation=self.range)

    @property
    def spatial(self) -> Measure:
        """Accuracy under them."""
        return Measure("rotation" if self.kind == "rotation" else "translation", value=self.range)

    @property
    def adversarial(self) -> Measure:
        """Accuracy under attack."""
        return Measure("robustness", value=self.budget)


def binary_task(data: DataSet, first: str, second: str, scale: Scale) -> DataSet:
    """Return the images of two classes as a data set of labels 0 and 1.

    The first so many images of the scale train, in the order of the data set.
    """
    numbers = [data.classes.index(choose("class", name, data.classes)) for name in (first, second)]

    def part(images: Images, count: int | None) -> Images:
        labels = images.labels
        places = ((labels == numbers[0]) | (labels == numbers[1])).nonzero().flatten()
        if count is not None and len(places) < count:
            rule = f"have {count} images of {first} and {second}"
            raise InputError("data", rule, len(places))
        chosen = images.subset(places if count is None else places[:count])
        return Images(chosen.pixels, (chosen.labels == numbers[1]).to(torch.int64))

    train = part(data.train, scale.images)
    validation, test = part(data.validation, None), part(data.test, scale.test)
    mean, std = channel_statistics(train.pixels)
    return DataSet(
        name=f"{data.name} {first} {second}",
        classes=(first, second),
        train=train,
        validation=validation,
        test=test,
        mean=mean,
        std=std,
        source=data.source,
        digest=digest_of(train, validation, test),
        split={"of": data.digest, "images": scale.images},
    )


def evaluation(document: Mapping[str, Any], scale: Scale) -> EvaluationSettings:
    """Return what is measured of every network: all ranges and budgets of a prediction."""
    ranges = document["tasks"][0]["ranges"]
    budgets = tuple(eps for eps in document["budgets"] if eps > 0)
    return EvaluationSettings.only(
        rotations=tuple(r["range"] for r in ranges if r["kind"] == "rotation"),
        translations=tuple(r["range"] for r in ranges if r["kind"] == "shift"),
        repeats=scale.repeats,
        budgets=budgets,
        steps=4 * scale.steps,
        step_size=max(budgets) / 8,
        images=scale.test,
    )


def jobs_of(
    task: str, network: str, point: Point, settings: EvaluationSettings, scale: Scale, seeds: int
) -> dict[str, tuple[Job, ...]]:
    """Return the trainings of a network on a task, one job a seed, by their kind."""
    attack = Objective("pgd", budget=point.budget, steps=scale.steps)
    kinds = {
        "natural": (Augmentation(), Objective()),
        "augmented": (point.augmentation, Objective()),
        "pgd": (Augmentation(), attack),
        "both": (point.augmentation, attack),
    }
    optimiser = OptimiserConfig(
        "adam",
        learning_rate=1e-3,
        weight_decay=0.0,
        batch_size=64,
        milestones=tuple({max(1, round(scale.epochs * 2 / 3))} - {scale.epochs}),
    )
    setup = ExperimentSetup(
        label=network,
        scale="",
        data=DataConfig(task),
        model=ModelConfig(network, normalise=False),
        optimiser=optimiser,
        epochs=scale.epochs,
        attack=attack,
        evaluation=settings,
        seeds=tuple(range(seeds)),
    )
    return {kind: setup.jobs(*training) for kind, training in kinds.items()}


@dataclass(frozen=True)
class PairMeasurement:
    """All that is to be trained for a prediction, one point at a time.

    The document is one of `spadv predict`: pairs of classes, ranges, budgets.
    """

    document: Mapping[str, Any]
    point: Point
    scale: str = "cpu"
    networks: tuple[str, ...] = NETWORKS
    seeds: int = 3

    def __post_init__(self) -> None:
        choose("scale", self.scale, SCALES)
        check_seeds(self.seeds)
        for key in ("data", "digest"):
            if not isinstance(self.document[key], str):
                raise InputError(key, "be text", self.document[key])
        evaluation(self.document, SCALES[self.scale])
        for task in self.document["tasks"]:
            if any(len(names) != 1 for names in task["classes"]):
                raise InputError("tasks", "be pairs of classes", task["task"])
            self.predicted(task)

    def predicted(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the row of a task's prediction for the point."""
        for made in task["ranges"]:
            if (made["kind"], made["range"]) == self.point[:2]:
                for row in made["budgets"]:
                    if abs(row["budget"] - self.point.budget) < 1e-12:
                        return dict(row)
        raise InputError("measure", "be a range and a budget of the prediction", str(self.point))

    def jobs(self, task: Mapping[str, Any]) -> dict[str, dict[str, tuple[Job, ...]]]:
        """Return all jobs of a task, by network and kind of training."""
        scale = SCALES[self.scale]
        settings = evaluation(self.document, scale)
        name = " ".join([self.document["data"], *(names[0] for names in task["classes"])])
        return {
            network: jobs_of(name, network, self.point, settings, scale, self.seeds)
            for network in self.networks
        }

    def run(
        self,
        data: DataSet,
        store: Store,
        *,
        shard: tuple[int, int] = (1, 1),
        progress: Progress = silent,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        """Train and evaluate what is missing; what is there is kept. Tasks are dealt to shards."""
        if data.digest != self.document["digest"]:
            raise StoreError(
                f"{data.name} has other images than the prediction was made of "
                f"(digest {data.digest[:12]}, not {self.document['digest'][:12]})"
            )
        number, count = shard
        if not 1 <= number <= count:
            raise InputError("shard", "be i/n with 1 <= i <= n", f"{number}/{count}")
        tasks = list(self.document["tasks"])[number - 1 :: count]
        per_task = len(self.networks) * len(TRAININGS) * self.seeds
        for place, task in enumerate(tasks):
            (first,), (second,) = task["classes"]
            binary = binary_task(data, first, second, SCALES[self.scale])
            done = place * per_task
            for kinds in self.jobs(task).values():
                for job in (job for jobs in kinds.values() for job in jobs):
                    progress(done, len(tasks) * per_task, job.label)
                    done += 1
                    if state_of(job, store) == "done":
                        continue
                    try:
                        for note in run_job(job, store, binary):
                            say(f"{job.label}: {note}")
                    except FolderInUseError:
                        say(f"{job.label}: another process works on it")

    def results(self, store: Store) -> dict[str, Any]:
        """Return what was measured beside what was predicted, as plain JSON values.

        Tasks that are not complete are left out, and counted.
        """
        rows, missing = [], 0
        for task in self.document["tasks"]:
            for network, kinds in self.jobs(task).items():
                points = {kind: self._scores(jobs, store) for kind, jobs in kinds.items()}
                if any(scores is None for scores in points.values()):
                    missing += 1
                    continue
                rows.append(_row(task["task"], network, self.predicted(task), points))
        orders = {n: order([r for r in rows if r["network"] == n]) for n in self.networks}
        return {
            "schema": 1,
            "id": "prediction-measured",
            "data": self.document["data"],
            "digest": self.document["digest"],
            "point": self.point._asdict(),
            "scale": self.scale,
            "seeds": self.seeds,
            "missing": missing,
            "orders": orders,
            "rows": rows,
        }

    def _scores(self, jobs: Sequence[Job], store: Store) -> list[list[float]] | None:
        """Return [S, A] for every seed, or None if some training is missing."""
        found = []
        for job in jobs:
            records = results_of(job, store)
            if set(records) != set(job.evaluations):
                return None
            (record,) = records.values()
            measures = (self.point.spatial, self.point.adversarial)
            found.append([float(m.scores(record).mean()) for m in measures])
        return found


def _row(
    task: str, network: str, predicted: Mapping[str, Any], points: Mapping[str, Any]
) -> dict[str, Any]:
    means = {kind: np.mean(scores, axis=0).tolist() for kind, scores in points.items()}
    seeds = [
        loss_of(upper_hull([scores[seed] for scores in points.values()]))
        for seed in range(len(next(iter(points.values()))))
    ]
    return {
        "task": task,
        "network": network,
        "predicted": predicted["loss"],
        "measured": loss_of(upper_hull(list(means.values()))),
        "by_seed": seeds,
        "means": means,
        "scores": dict(points),
    }


def order(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the rank correlation of predicted and measured losses, and the registered verdict.

    The interval is that of Bonett and Wright; "by_class" is one that knows that pairs share
    classes (Snijders and Borgatti). None with fewer than five pairs.
    """
    if len(rows) < 5:
        return {"pairs": len(rows), "correlation": None, "verdict": "too few pairs"}
    x, y = ([row[key] for row in rows] for key in ("predicted", "measured"))
    value, interval = spearman(x, y)
    if value > STRONG and interval.low > SURE:
        verdict = "the theory predicts the order"
    elif 0 in interval or interval.high < 0:
        verdict = "the theory does not predict the order"
    else:
        verdict = "the theory predicts part of the order"
    edges = [row["task"].split("-", 1) for row in rows]
    by_class = node_jackknife(edges, lambda kept: spearman(np.take(x, kept), np.take(y, kept))[0])
    return {
        "pairs": len(rows),
        "correlation": value,
        "interval": interval._asdict(),
        "by_class": None if by_class is None else by_class._asdict(),
        "verdict": verdict,
    }


def write(document: Mapping[str, Any], folder: Path, stem: str) -> None:
    """Write the document and its figure, predicted against measured, a point a pair."""
    write_json(folder / f"{stem}.json", document)
    networks = list(document["orders"])
    with styled():
        figure = new_figure(figsize=(3.6 * len(networks), 3.8))
        panels = figure.subplots(1, len(networks), squeeze=False, sharex=True, sharey=True)[0]
        for axes, network, color in zip(panels, networks, CYCLE, strict=False):
            rows = [row for row in document["rows"] if row["network"] == network]
            found = document["orders"][network]
            axes.plot([0, 1], [0, 1], color=GREY, lw=0.8)
            axes.plot(
                [row["predicted"] for row in rows],
                [row["measured"] for row in rows],
                "o",
                color=color,
                ms=4,
            )
            for row in rows:
                place = row["predicted"], row["measured"]
                axes.annotate(
                    row["task"], place, (3, 2), textcoords="offset points", fontsize=5, color=GREY
                )
            title = network
            if found["correlation"] is not None:
                low, high = found["interval"]["low"], found["interval"]["high"]
                title += f": rank correlation {found['correlation']:.2f} ({low:.2f} to {high:.2f})"
            axes.set_title(title, fontsize=8.5)
            axes.set(xlabel="predicted loss of A (best linear rules)", xlim=(-0.03, 1))
        panels[0].set(ylabel="measured loss of A", ylim=(-0.03, 1))
        point, seeds = Point(**document["point"]), document["seeds"]
        figure.suptitle(
            f"{document['data']}, {point}, {seeds} training{'s' * (seeds > 1)} of each kind",
            fontsize=9,
        )
        save(figure, folder, stem)
