"""Projected gradient ascent in an l-infinity ball."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice

import torch
from torch import Tensor, nn

from ...checks import check_integer, choose
from ...errors import InputError
from ..calling import outside_inference_mode
from ..choices import ITERATES
from ..randomness import as_generator
from .ascent import (
    Batch,
    BestAdversarial,
    best_of_ascent,
    directions,
    gradient_ascent,
    make_batch,
    per_image,
    per_pixel,
    restart,
)
from .context import attack_context, check_inputs, check_start
from .losses import CrossEntropy
from .protocol import Protocol


@outside_inference_mode
def pgd(
    model: nn.Module,
    x: Tensor,
    y: Tensor | None,
    *,
    budget: float | str | Tensor,
    step_size: float | str | Tensor | None,
    steps: int,
    start: Tensor | None = None,
    random_start: bool = True,
    restarts: int = 1,
    iterate: str = "last",
    targeted: bool = False,
    generator: torch.Generator | int | None = None,
    protocol: Protocol | str = "corrected",
    precision: str = "float32",
    validate: bool = True,
) -> Tensor:
    """Attack images by projected gradient ascent on the cross-entropy.

    From a start in the ball of radius `budget` around each image, repeat `steps` times
    x' <- clip(project(x' + step_size * sign(gradient))), where project maps to the ball in
    the l-infinity norm and clip to [0, 1]. The gradient does not vanish in float32, however
    sure the network is (see :class:`spadv.empirical.attacks.losses.CrossEntropy`).

    Parameters
    ----------
    model : torch.nn.Module
        Network from pixels (B, C, H, W) to logits (B, classes); its state is as before
        afterwards (see :func:`attacking`).
    x : Tensor
        Images (B, C, H, W) in [0, 1]; the network gets copies in its own dtype.
    y : Tensor or None
        Labels (B,) to move away from, or targets to reach if `targeted`; None means the
        network's own predictions on `x`.
    budget : float, str or Tensor
        Radius in pixel units: a number, a fraction such as "8/255", or one number per
        image (B,). At budget 0 the images come back unchanged.
    step_size : float, str, Tensor or None
        In pixel units, likewise; None means 2.5 * budget / steps.
    steps : int
        Number of gradient steps.
    start : Tensor, optional
        Start (B, C, H, W), as `x`; it is projected to the ball. Later restarts are random.
    random_start : bool
        Start uniformly in the ball (then clipped to [0, 1]); otherwise at `x`.
    restarts : int
        Number of starts. For each image the first adversarial result is kept, else the
        one of highest loss.
    iterate : str
        "last" returns the last iterate, as the published numbers use it. "best" keeps the
        first misclassified iterate of an image, which then leaves the batch, and the
        iterate of highest loss of images that are never misclassified: never weaker than
        "last" from the same start, and faster on weak networks.
    targeted : bool
        Move towards `y`; success is then prediction equal to `y`.
    generator : torch.Generator or int, optional
        Source of random starts, or a seed. None is the seed 0, so that every call begins at the
        same starts: in a training loop give a generator.
    protocol : Protocol or str
        "corrected", "official" or rules of your own. Under rules that run after
        normalisation the result is given in pixels too, but may lie outside the ball and
        outside [0, 1]: that is their mistake.
    precision : str
        "float32" (the network's own), or "bfloat16" or "float16" to run it under autocast.
    validate : bool
        Check pixels, labels and the absence of NaN; each check waits for the device, so an
        inner loop of training may do without.

    Returns
    -------
    Tensor
        Adversarial images (B, C, H, W), of the dtype of `x`. Under "corrected" rules
        `(x_adv - x).abs() <= budget` and `0 <= x_adv <= 1` hold exactly, without tolerance.

    Raises
    ------
    RunFailedError
        If the network returns NaN, or is not differentiable: nothing then was attacked. Where
        its gradient is exactly zero, or it returns probabilities, there is a warning.

    References
    ----------
    Madry et al., Towards deep learning models resistant to adversarial attacks, ICLR 2018.

    Examples
    --------
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False))
    >>> _ = net[1].weight.data.copy_(torch.tensor([[1.0, 0, 0, 0], [0, 0, 0, 1.0]]))
    >>> x = torch.full((1, 1, 2, 2), 0.5)
    >>> pgd(net, x, torch.tensor([0]), budget=0.25, step_size=0.1, steps=5, random_start=False)
    tensor([[[[0.2500, 0.5000],
              [0.5000, 0.7500]]]])
    """
    y = check_inputs(x, y, validate)
    choose("iterate", iterate, ITERATES)
    steps = check_integer("steps", steps, minimum=0)
    restarts = check_integer("restarts", restarts, minimum=1)
    if restarts > 1 and not random_start:
        raise InputError("restarts", "be 1 where starts are not random", restarts)
    if targeted and y is None:
        raise InputError("y", "hold the targets of a targeted attack", y)
    if start is not None:
        check_start(start, x, validate)
    source = as_generator(generator, seed=0)
    radius = per_image("budget", budget, len(x), device=x.device)
    sizes = step_sizes(step_size, radius, steps)
    if not len(x):
        return x.clone()
    labels = y if validate else None
    with attack_context(
        model,
        x,
        protocol,
        labels=labels,
        precision=precision,
        generator=source,
        validate=validate,
    ) as context:
        origin = context.coordinates.enter(x)
        if y is None or (context.protocol.predicted_labels and not targeted):
            y = context.logits(origin).argmax(1)
        batch = make_batch(
            context, origin, radius, CrossEntropy(y, targeted), y, sizes, targeted=targeted
        )

        def starts() -> Iterator[Tensor]:
            if start is not None:
                yield context.coordinates.enter(start)
            elif not random_start:
                yield origin
            yield from random_points(origin, radius, directions(origin, source))

        if iterate == "last" and restarts == 1:
            begin = torch.clamp(next(starts()), batch.low, batch.high)
            found = gradient_ascent(batch, begin, steps)
        else:
            best = BestAdversarial.none_yet(origin)
            attack = partial(pgd_ascent, steps=steps, iterate=iterate)
            restart(batch, islice(starts(), restarts), best, attack)
            found = best.images
        return context.coordinates.leave(found)


def pgd_ascent(
    batch: Batch, start: Tensor, best: BestAdversarial, *, steps: int, iterate: str
) -> None:
    """Ascend from a start between the walls, offering the last iterate or every one."""
    if iterate == "best":
        best_of_ascent(batch, start, best, steps)
    else:
        best.offer_unseen(batch, gradient_ascent(batch, start, steps))


def step_sizes(step_size: object, radius: Tensor, steps: int) -> Tensor:
    """Return step sizes (batch,): those given, or 2.5 * budget / steps for None."""
    if step_size is None:
        return radius * (2.5 / max(steps, 1))
    return per_image("step_size", step_size, len(radius), device=radius.device)


def random_points(origin: Tensor, radius: Tensor, drawn: Iterator[Tensor]) -> Iterator[Tensor]:
    """Yield points uniform in the balls around `origin`, not yet clipped."""
    reach = per_pixel(radius.to(origin.dtype), origin)
    for direction in drawn:
        yield torch.addcmul(origin, direction, reach)
