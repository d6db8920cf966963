"""The first real run: a StdCNN and its P4 twin, with and without random rotations."""

from __future__ import annotations

from ..evaluation import EvaluationSettings
from ..training import TrainConfig
from .finding import Contrast
from .job import Job
from .measure import Measure
from .plan import REGISTRY, Artefact, Plan, ProfilePanel, Variant

_NETWORKS = {"StdCNN": None, "GCNN (P4)": "p4"}
_TURNS = (0, 180)
_EPOCHS = {"smoke": 1, "cpu": 6, "paper": 120}
_LIMIT = {"smoke": 200, "cpu": None, "paper": None}
_IMAGES = {"smoke": 40, "cpu": 300, "paper": 2000}


def _plan(scale: str, seeds: tuple[int, ...]) -> Plan:
    epochs = _EPOCHS[scale]
    settings = EvaluationSettings(
        rotations=tuple(float(angle) for angle in range(0, 181, 30)),
        translations=(),
        both=(),
        budgets=(0.0, 0.05, 0.1, 0.15, 0.2),
        steps=40 if scale != "smoke" else 5,
        step_size=0.01,
        distance_images=0,
        images=_IMAGES[scale],
    )
    variants = []
    for network, group in _NETWORKS.items():
        for turn in _TURNS:
            table = {
                "epochs": epochs,
                "augment": {"rotation": turn},
                "data": {"name": "mnist-sample"},
                "model": {"name": "stdcnn"},
                "optimiser": {
                    "learning_rate": 0.05,
                    "milestones": sorted({max(1, round(epochs * 2 / 3))}),
                },
            }
            if group is not None:
                table["model"] = {
                    "name": "stdcnn",
                    "group": group,
                    "options": {"channels": "sqrt"},
                }
            if _LIMIT[scale] is not None:
                table["data"] = {"name": "mnist-sample", "limit": _LIMIT[scale]}
            jobs = tuple(
                Job(TrainConfig.from_table(table | {"seed": seed}), (settings,)) for seed in seeds
            )
            variants.append(Variant(f"{network}, {_words(turn)}", jobs, float(turn)))
    lines = tuple((variant.name, variant.name) for variant in variants)
    claims = []
    for network in _NETWORKS:
        with_turns, without = f"{network}, {_words(180)}", f"{network}, {_words(0)}"
        claims += [
            Contrast(
                f"{network}: random rotations in training make the prediction more invariant "
                "to rotation",
                Measure("rotation", "unchanged"),
                more=with_turns,
                less=without,
            ),
            Contrast(
                f"{network}: random rotations in training make the network less robust to "
                "l-infinity attacks",
                Measure("robustness", "unchanged"),
                more=without,
                less=with_turns,
            ),
        ]
    return Plan(
        variants=tuple(variants),
        panels=(
            ProfilePanel("Rate of invariance", "rotation", "unchanged", lines, ordered=False),
            ProfilePanel("Robustness (PGD)", "robustness", "unchanged", lines, ordered=False),
        ),
        claims=tuple(claims),
        columns=(
            ("natural accuracy", Measure("natural")),
            ("accuracy, rotation to 180", Measure("rotation", "accuracy", 180.0)),
            ("accuracy, PGD 0.1", Measure("robustness", "accuracy", 0.1)),
        ),
        shrunk=() if scale == "paper" else _shrunk(scale),
    )


def _words(turn: int) -> str:
    return f"Aug-R {turn}" if turn else "no augmentation"


def _shrunk(scale: str) -> tuple[str, ...]:
    return (
        "data: the embedded sample of MNIST in place of all of it",
        f"epochs: {_EPOCHS[scale]} in place of 120",
        f"test images: {_IMAGES[scale]}",
        "GCNN: channel counts divided by 2 (about as many parameters as the StdCNN)",
    )


REGISTRY.add(
    Artefact(
        id="demo",
        title="A StdCNN and its P4 twin, with and without random rotations",
        locator="a small Figure 8(a-d)",
        statement="Training with larger random rotations makes networks more invariant to "
        "rotations, and less robust to l-infinity attacks.",
        make=_plan,
    )
)
