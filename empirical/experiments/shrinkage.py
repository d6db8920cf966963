"""In words: how a bench differs from the paper's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .bench import Bench
from .words import words


def shrinkage(paper: Bench, small: Bench) -> tuple[str, ...]:
    """Return every way in which a bench differs from the paper's, one a line.

    Found by comparing the two, so that nothing is left out.
    """
    return tuple(_lines(paper, small))


def _lines(paper: Bench, small: Bench) -> Iterator[str]:
    yield from _changed("network", _network(paper), _network(small))
    yield from _changed("data", paper.data.name, small.data.name)
    if small.data.limit is not None:
        yield f"training images: the first {small.data.limit:,} of {paper.data.name}'s"
    yield from _changed("epochs", paper.epochs, small.epochs)
    for key, text in (
        ("name", "optimiser"),
        ("learning_rate", "learning rate"),
        ("milestones", "learning rate lowered after epochs"),
        ("batch_size", "batch size"),
        ("weight_decay", "weight decay"),
        ("shuffle", "shuffled"),
    ):
        yield from _changed(text, getattr(paper.optimiser, key), getattr(small.optimiser, key))
    for key, text in (("steps", "steps"), ("step", "step size")):
        name = f"attack in adversarial training: {text}"
        yield from _changed(name, getattr(paper.attack, key), getattr(small.attack, key))
    for key, text in (
        ("rotations", "test rotations"),
        ("translations", "test translations"),
        ("both", "test rotations with translations"),
        ("budgets", "test budgets"),
        ("steps", "steps of the test attack"),
        ("step_size", "step size of the test attack"),
        ("images", "test images: the first"),
        ("distance_images", "images for DeepFool distances"),
    ):
        yield from _changed(text, getattr(paper.survey, key), getattr(small.survey, key))


def _changed(name: str, paper: Any, small: Any) -> Iterator[str]:
    if paper != small:
        joint = " " if name.endswith("first") else ": "
        yield f"{name}{joint}{words(small)} in place of {words(paper)}"


def _network(bench: Bench) -> str:
    model = bench.model
    width = model.options.get("width", 1.0)
    parts = [model.name]
    parts += [model.group.upper()] if model.group else []
    parts += [f"with channels times {width:g}"] if width != 1.0 else []
    return " ".join(parts)
