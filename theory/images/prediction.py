"""From images of classes to a document: what the model predicts for each pair of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...checks import check_integer, check_real
from ...errors import InputError
from ...stats import wilson_real
from .fit import Moments, fit, moments, together
from .linear import SLACK, TaskRule, linear_frontier, loss_of
from .maps import PixelMaps, Shape, mirror, rotations, shifts
from .model import ClassModel

#: Version of the documents.
SCHEMA = 1
#: Most numbers an image may have; larger ones are seen as means of blocks.
LARGEST = 1100
#: Share of the squared difference of the class means below which a transformation has lost it.
_LOST = 0.01


class Window(NamedTuple):
    """A range of one kind of transformation ("rotation", "shift", "mirror") and its maps."""

    kind: str
    range: float
    maps: PixelMaps


class Task(NamedTuple):
    """Two classes to tell apart, each one of the data's, or several taken as one."""

    name: str
    first: tuple[str, ...]
    second: tuple[str, ...]


def windows(
    shape: Shape,
    *,
    rotations_to: Sequence[float] = (),
    shifts_to: Sequence[float] = (),
    only: Sequence[float] = (),
    mirrored: bool = False,
    torus: bool = False,
    pool: int | None = None,
) -> list[Window]:
    """Return one window a range: rotations by the angles up to it, shifts up to it.

    For images (channels, height, width). `rotations_to` are angles in degrees, `shifts_to`
    fractions of the side, 0 among them; `only` the largest angles of the windows wanted, by default
    every one. Also the mirror image, if `mirrored`. On a `torus` shifts wrap around. `pool` is the
    side of the blocks whose means are seen, by default the smallest power of 2 that leaves at most
    1100 numbers.

    Examples
    --------
    >>> [(w.kind, w.range, len(w.maps)) for w in windows((1, 8, 8), rotations_to=[0, 90, 180])]
    [('rotation', 90.0, 3), ('rotation', 180.0, 4)]
    """
    if pool is None:
        pool = 1
        while math.prod(shape) > LARGEST * pool**2 and not (shape[1] | shape[2]) & (2 * pool - 1):
            pool *= 2
    check_integer("pool", pool, minimum=1)
    if math.prod(shape) > 4 * LARGEST * pool**2:
        rule = f"hold at most {4 * LARGEST} numbers, or have sides that a larger pool divides"
        raise InputError("images", rule, shape)
    found = []
    for name, sizes in (("rotations", rotations_to), ("shifts", shifts_to)):
        given, sizes = sizes, sorted({abs(check_real(name, size)) for size in sizes})
        if sizes and sizes[0] != 0:
            raise InputError(name, "hold 0", given)
        if sizes and len(sizes) < 2:
            raise InputError(name, "hold a number besides 0", given)
        if name == "rotations" and not set(only) <= set(sizes):
            raise InputError("ranges", "be among the rotations", sorted(only))
        for size in sizes[1:]:
            if name == "rotations" and only and size not in only:
                continue
            if name == "rotations":
                maps = rotations(shape, [a for a in sizes if a <= size], pool=pool)
            else:
                maps = shifts(shape, [size], torus=torus, pool=pool)
            found.append(Window(name[:-1], size, maps))
    if mirrored:
        found.append(Window("mirror", 1.0, mirror(shape, pool=pool)))
    if not found:
        raise InputError("transformations", "be rotations, shifts or the mirror", "none")
    return found


def class_moments(
    images: Mapping[str, ArrayLike], chosen: Sequence[Window]
) -> dict[str, tuple[Moments, ...]]:
    """Return the moments of every class, by name, for every window."""
    if len(images) < 2:
        raise InputError("classes", "be at least two", list(images))
    maps = [window.maps for window in chosen]
    return {name: moments(x, maps, f"class {name}") for name, x in images.items()}


def tasks(names: Sequence[str], pairs: str) -> list[Task]:
    """Return all pairs of classes ("all"), or each class against the others ("rest").

    Examples
    --------
    >>> [task.name for task in tasks("abc", "all")]
    ['a-b', 'a-c', 'b-c']
    >>> tasks("abc", "rest")[0]
    Task(name='a-rest', first=('a',), second=('b', 'c'))
    """
    if pairs == "all":
        return [Task(f"{a}-{b}", (a,), (b,)) for a, b in combinations(names, 2)]
    return [Task(f"{a}-rest", (a,), tuple(b for b in names if b != a)) for a in names]


def predict(
    task: Task,
    known: Mapping[str, tuple[Moments, ...]],
    chosen: Sequence[Window],
    budgets: Sequence[float],
    *,
    seed: int = 0,
    bounds: bool = True,
    test: Mapping[str, ArrayLike] | None = None,
) -> dict[str, Any]:
    """Return what the fitted models say of a task, as plain JSON values.

    `known` are moments of the classes, of :func:`class_moments`, `chosen` the windows they were
    made for, `budgets` l-infinity budgets, in pixels of [0, 1]; `seed` is the quadrature's. With
    `bounds` also what no classifier exceeds: laws and mixture bound. On the images of `test` the
    linear rules are tried. Under "ranges" are accuracies, laws and the linear frontier for each
    window, under "transformations" kappa and the residual distances in the largest window of each
    kind.
    """
    found: dict[str, Any] = {"task": task.name, "classes": [list(task.first), list(task.second)]}
    rng = np.random.default_rng(seed)
    ranges, last = [], {}
    held = None
    if test is not None:
        first, second = (
            np.concatenate([np.asarray(test[name]) for name in part])
            for part in (task.first, task.second)
        )
        held = first, second
    for number, window in enumerate(chosen):
        sides = []
        for part in (task.first, task.second):
            several = [known[name][number] for name in part]
            sides.append(several[0] if len(several) == 1 else together(several, window.maps))
        model = fit(sides[0], sides[1], window.maps)
        _check_kept(window, model)
        largest = number + 1 == len(chosen) or chosen[number + 1].kind != window.kind
        if largest:
            last[window.kind] = (window, model)
        ranges.append(_range(window, model, budgets, rng if bounds else None, held, largest))
        found["images"] = [side.count for side in sides]
    found["ranges"] = ranges
    found["transformations"] = {
        kind: _transformations(window, model, budgets) for kind, (window, model) in last.items()
    }
    return found


def _kept(model: ClassModel) -> NDArray[np.float64]:
    """Return what every map keeps of the squared difference of the class means."""
    halves = (model.moved[:, 0] - model.moved[:, 1]) / 2
    return np.asarray(np.square(halves).sum(axis=1) / np.square(model.mu).sum())


def _check_kept(window: Window, model: ClassModel) -> None:
    kept = _kept(model)
    if kept.min() < _LOST:
        label = model.labels[int(kept.argmin())]
        rule = f"keep the classes' difference inside the image ({kept.min():.2%} is left)"
        raise InputError(f"{window.kind}s", rule, label)


def _range(
    window: Window,
    model: ClassModel,
    budgets: Sequence[float],
    rng: np.random.Generator | None,
    held: tuple[NDArray[Any], NDArray[Any]] | None,
    mixture: bool,
) -> dict[str, Any]:
    """Return accuracies and frontiers where all maps of a window are equally likely.

    With `mixture` also mixture bounds at the S of the laws, which take long.
    """
    made: dict[str, Any] = {
        "kind": window.kind,
        "range": window.range,
        "maps": len(window.maps),
        "shrinkage": model.shrinkage,
        "separation": model.norm,
        "natural": model.bayes_accuracy(),
        "bayes_spatial": float(model.bayes_shifted().mean()),
        "budgets": [],
    }
    best = start = None
    if rng is not None:
        estimate = model.best_spatial(rng)
        assert estimate.interval is not None
        low, high, level = estimate.interval
        best = estimate.value
        made["best_spatial"] = {"value": best, "low": low, "high": high, "level": level}
    for eps in budgets:
        frontier = linear_frontier(model, eps, slack=SLACK, start=start)
        start = frontier.rules[-1]
        spatial = float(frontier.hull[-1, 0])
        row: dict[str, Any] = {
            "budget": eps,
            "robust_bayes": model.robust_bayes_accuracy(eps),
            "linear_spatial": spatial,
            "linear_adversarial": frontier.beside(spatial - SLACK),
            "loss": loss_of(frontier.hull, SLACK),
            "hull": frontier.hull.tolist(),
            "rules": [[rule.spatial, rule.adversarial] for rule in frontier.rules],
        }
        if rng is not None and best is not None:
            wanted = min(best, model.spatial_cap()) - SLACK
            row["law_at"] = wanted
            row["law"] = model.adversarial_bound_on_average(wanted, eps)
        if held is not None:
            row["on_test"] = [
                {"predicted": list(rule[:2]), **on_images(rule, held[0], held[1], window.maps, eps)}
                for rule in frontier.rules
            ]
        if rng is not None:
            row["mixture"] = model.mixture_bound(row["law_at"], eps, rng=rng) if mixture else None
        made["budgets"].append(row)
    return made


def _transformations(
    window: Window, model: ClassModel, budgets: Sequence[float]
) -> list[dict[str, Any]]:
    """Return kappa and distances of every map, in the model of the whole window."""
    kept = _kept(model)
    shifted = model.bayes_shifted()
    upper = {eps: model.upper_residuals(eps) for eps in budgets}
    lower = {eps: model.lower_residuals(eps) for eps in budgets}
    return [
        {
            "label": float(label),
            "kappa": float(model.kappa[i]),
            "kept": float(kept[i]),
            "bayes": float(shifted[i]),
            "upper": [upper[eps][i].tolist() for eps in budgets],
            "lower": [lower[eps][i].tolist() for eps in budgets],
        }
        for i, label in enumerate(window.maps.labels)
    ]


def on_images(
    rule: TaskRule, first: ArrayLike, second: ArrayLike, maps: PixelMaps, eps: float
) -> dict[str, Any]:
    """Return S and A of a linear rule on images that it was not made of, as plain values.

    Both are exact for these images: S is the mean over all maps, an attack on a linear rule is
    known. Each class counts one half. Images have the shape (N, C, H, W) or (N, H, W), uint8 or in
    [0, 1]; A is given for any attacked images, and ("in_range") for those in [0, 1].
    """
    pulled = maps.pulled(rule.weights)
    here = pulled[maps.identity]
    spatial, adversarial, within, counts = [], [], [], []
    for sign, images in ((1.0, first), (-1.0, second)):
        x = np.asarray(images).reshape(len(np.asarray(images)), -1)
        x = x / 255 if x.dtype == np.uint8 else x.astype(np.float64)
        margins = sign * (x @ pulled.T - rule.threshold)
        spatial.append(float((margins > 0).mean()))
        clean = margins[:, maps.identity]
        adversarial.append(float((clean - eps * np.abs(here).sum() > 0).mean()))
        down = sign * here > 0  # the attack lowers these pixels
        room = np.minimum(np.where(down, x, 1 - x), eps)
        within.append(float((clean - room @ np.abs(here) > 0).mean()))
        counts.append(len(x))
    trials = 4 / sum(1 / n for n in counts)  # a mean of two independent proportions
    found: dict[str, Any] = {"images": counts}
    for name, parts in (("spatial", spatial), ("adversarial", adversarial), ("in_range", within)):
        value = sum(parts) / 2
        low, high, level = wilson_real(value, trials)
        found[name] = {"value": value, "low": low, "high": high, "level": level}
    return found
