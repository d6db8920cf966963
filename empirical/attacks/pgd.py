"""Projected gradient ascent in an l-infinity ball."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...theory.errors import InputError, check_integer
from ..checks import check_images, check_labels, choose
from ..device import PRECISIONS
from ..randomness import require_generator, uniform
from .ball import ball, per_image
from .context import attacking
from .gradient import Logits, check_finite, check_logits, forward, input_gradient
from .objective import cross_entropy
from .protocol import Protocol, make_space, resolve

ITERATES = ("last", "best")


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
    generator: torch.Generator | None = None,
    protocol: Protocol | str = "corrected",
    precision: str = "float32",
    validate: bool = True,
) -> Tensor:
    """Attack images by projected gradient ascent on the cross-entropy.

    From a start in the ball of radius `budget` around each image, repeat `steps` times
    x' <- clip(project(x' + step_size * sign(gradient))), where project maps to the ball in
    the l-infinity norm and clip to [0, 1].

    Parameters
    ----------
    model : torch.nn.Module
        Network from pixels (B, C, H, W) to logits (B, classes). Its state is as before
        when the function returns or raises (see :func:`attacking`).
    x : Tensor
        Images (B, C, H, W) in [0, 1], of the network's dtype.
    y : Tensor or None
        Labels (B,) to move away from, or targets to reach if `targeted`; None means the
        network's own predictions on `x`.
    budget : float, str or Tensor
        Radius in pixel units: a number, a fraction such as "8/255", or one number per
        image (B,). At budget 0 the images come back unchanged.
    step_size : float, str, Tensor or None
        As `budget`; None means 2.5 * budget / steps.
    steps : int
        Number of gradient steps.
    start : Tensor, optional
        Start, as `x`; it is projected to the ball. Later restarts are random.
    random_start : bool
        Start uniformly in the ball (then clipped to [0, 1]); otherwise at `x`.
    restarts : int
        Number of starts. For each image the first adversarial result is kept, else the
        one of highest loss.
    iterate : str
        "last" returns the last iterate, as the published numbers use it. "best" keeps the
        first misclassified iterate of an image, which then leaves the batch, and the
        iterate of highest loss of images that are never misclassified: never weaker than
        "last", and faster on weak networks.
    targeted : bool
        Move towards `y`; success is then prediction equal to `y`.
    generator : torch.Generator, optional
        Source of random starts; needed where there are any.
    protocol : Protocol or str
        "corrected", "official" or rules of your own. Under rules that run after
        normalisation the result is given in pixels too, but may lie outside the ball and
        outside [0, 1]: that is their mistake.
    precision : str
        "float32", or "bfloat16" to run the network under autocast.
    validate : bool
        Check pixels, labels and the absence of NaN; each check waits for the device, so an
        inner loop of training may do without.

    Returns
    -------
    Tensor
        Adversarial images, of the shape and dtype of `x`. Under "corrected" rules
        `(x_adv - x).abs() <= budget` and `0 <= x_adv <= 1` hold exactly, without tolerance.

    Raises
    ------
    InputError
        If an argument breaks its rule.
    RunFailedError
        If the network returns NaN, or is not differentiable.

    Notes
    -----
    The gradient is that of the cross-entropy up to a positive factor per image, computed so
    that it does not vanish in float32 however sure the network is (see
    :func:`spadv.empirical.attacks.objective.cross_entropy`).

    References
    ----------
    Madry et al., Towards deep learning models resistant to adversarial attacks, ICLR 2018.

    Examples
    --------
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False))
    >>> _ = net[1].weight.data.copy_(torch.tensor([[1.0, 0, 0, 0], [0, 0, 0, 1.0]]))
    >>> x = torch.full((1, 1, 2, 2), 0.5)
    >>> y = torch.tensor([0])
    >>> pgd(net, x, y, budget=0.25, step_size=0.1, steps=5, random_start=False)
    tensor([[[[0.2500, 0.5000],
              [0.5000, 0.7500]]]])
    """
    if validate:
        check_images(x)
    choose("iterate", iterate, ITERATES)
    choose("precision", precision, PRECISIONS)
    steps = check_integer("steps", steps, minimum=0)
    restarts = check_integer("restarts", restarts, minimum=1)
    rules = resolve(protocol, model)
    batch = len(x)
    radius = per_image("budget", budget, batch, device=x.device)
    stride = steps_of(step_size, radius, steps)
    if start is not None:
        _check_start(start, x, validate)
    draws = random_start and (start is None or restarts > 1)
    if restarts > 1 and not random_start:
        raise InputError("restarts", "be 1 where starts are not random", restarts)
    if draws or rules.train_mode:
        require_generator(generator)
    if y is not None:
        y = check_labels(y, batch=batch) if validate else y
        y = y.to(x.device)
    if batch == 0:
        return x.clone()
    x = x.detach()
    seed = draw_seed(generator) if rules.train_mode else None
    with torch.inference_mode(False), attacking(model, train=rules.train_mode, seed=seed) as net:
        space = make_space(net, x, rules)
        labels = y
        if labels is None or (rules.predicted_labels and not targeted):
            labels = check_logits(forward(net, x, precision), batch).argmax(1)
        origin = space.enter(x)
        low, high = ball(origin, radius, space.box)
        climb = _Climb(space.logits, labels, targeted, stride, steps, precision)
        kept: _Best | None = None
        for restart in range(restarts):
            if restart == 0 and start is not None:
                begin = space.enter(start.detach())
            elif random_start:
                assert generator is not None
                begin = random_point(origin, radius, generator)
            else:
                begin = origin
            begin = torch.clamp(begin, low, high)
            if iterate == "last":
                begin = climb.to_the_end(begin, low, high)
                if restarts == 1:
                    kept = _Best(begin, torch.zeros_like(radius))
                    break
                kept = kept or _Best.empty(begin)
                climb.compare(begin, kept)
            else:
                kept = kept or _Best.empty(begin)
                climb.keeping_the_best(begin, low, high, kept)
        assert kept is not None
        if validate:
            check_finite(climb.witness)
        return space.leave(kept.images)


def steps_of(step_size: object, radius: Tensor, steps: int) -> Tensor:
    """Return step sizes (batch,): those given, or 2.5 * budget / steps for None."""
    if step_size is None:
        return radius * (2.5 / max(steps, 1))
    return per_image("step_size", step_size, len(radius), device=radius.device)


def random_point(origin: Tensor, radius: Tensor, generator: torch.Generator) -> Tensor:
    """Return points uniform in the balls around `origin`, not yet clipped."""
    direction = uniform(
        tuple(origin.shape), -1, 1, generator=generator, device=origin.device, dtype=origin.dtype
    )
    return torch.addcmul(origin, direction, columns(radius, origin))


def columns(numbers: Tensor, images: Tensor) -> Tensor:
    """Return one number per image, in the dtype of the images and ready to broadcast."""
    return numbers.to(images.dtype).view(-1, *[1] * (images.ndim - 1))


def draw_seed(generator: torch.Generator | None) -> int:
    """Return a seed drawn from a generator."""
    made = require_generator(generator)
    return int(torch.randint(2**62, (), generator=made, device=made.device))


def _check_start(start: Tensor, x: Tensor, validate: bool) -> None:
    if validate:
        check_images(start, argument="start")
    if start.shape != x.shape:
        raise InputError("start", f"have the shape {tuple(x.shape)} of x", tuple(start.shape))


@dataclass
class _Best:
    """Per image: the best result so far, and its value; infinite once it is adversarial."""

    images: Tensor
    value: Tensor

    @classmethod
    def empty(cls, images: Tensor) -> _Best:
        value = torch.full((len(images),), -torch.inf, device=images.device, dtype=torch.float64)
        return cls(images.clone(), value)

    def offer(self, index: Tensor | slice, images: Tensor, value: Tensor, done: Tensor) -> None:
        value = torch.where(done, torch.inf, value.to(self.value.dtype))
        old = self.value[index]
        better = value > old
        self.value[index] = torch.where(better, value, old)
        choice = better.view(-1, *[1] * (images.ndim - 1))
        self.images[index] = torch.where(choice, images, self.images[index])


class _Climb:
    """Gradient steps on the cross-entropy between two walls."""

    def __init__(
        self,
        logits: Logits,
        labels: Tensor,
        targeted: bool,
        stride: Tensor,
        steps: int,
        precision: str,
    ) -> None:
        self.logits = logits
        self.labels = labels
        self.targeted = targeted
        self.stride = stride
        self.steps = steps
        self.precision = precision
        self.objective = cross_entropy(labels, targeted=targeted)
        self.witness = torch.zeros((), dtype=torch.float64, device=labels.device)

    def to_the_end(self, start: Tensor, low: Tensor, high: Tensor) -> Tensor:
        x = start
        stride = columns(self.stride, x)
        for _ in range(self.steps):
            slope = input_gradient(self.logits, x, self.objective, self.precision)
            with torch.no_grad():
                self.witness += slope.value.sum()
                x.addcmul_(slope.gradient.sign_(), stride).clamp_(low, high)
        return x.detach()

    def compare(self, x: Tensor, kept: _Best) -> None:
        logits = forward(self.logits, x, self.precision)
        value, _ = self.objective(logits)
        kept.offer(slice(None), x, value, self._done(logits, self.labels))

    def keeping_the_best(self, start: Tensor, low: Tensor, high: Tensor, kept: _Best) -> None:
        active = (kept.value < torch.inf).nonzero()[:, 0]
        # On CUDA counting the survivors waits for the device: do it every few steps.
        every = 1 if start.device.type == "cpu" else 5
        x, low, high = start[active], low[active], high[active]
        labels = self.labels[active]
        stride = columns(self.stride[active], x)
        objective = cross_entropy(labels, targeted=self.targeted)
        for step in range(self.steps + 1):
            if not len(active):
                return
            if step == self.steps:
                logits = forward(self.logits, x, self.precision)
                value, gradient = objective(logits)[0], None
            else:
                logits, value, gradient = input_gradient(self.logits, x, objective, self.precision)
            with torch.no_grad():
                self.witness += value.sum()
                kept.offer(active, x.detach(), value, self._done(logits, labels))
                if gradient is None:
                    return
                x.addcmul_(gradient.sign_(), stride).clamp_(low, high)
                x = x.detach()
                if step % every == every - 1:
                    left = (kept.value[active] < torch.inf).nonzero()[:, 0]
                    if len(left) < len(active):
                        active, x, stride = active[left], x[left], stride[left]
                        low, high, labels = low[left], high[left], labels[left]
                        objective = cross_entropy(labels, targeted=self.targeted)

    def _done(self, logits: Tensor, labels: Tensor) -> Tensor:
        hit = logits.argmax(1) == labels
        return hit if self.targeted else ~hit
