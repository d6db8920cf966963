"""The inner attack of TRADES."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...theory.errors import InputError, check_integer
from ..checks import check_images, choose
from ..device import PRECISIONS
from ..randomness import normal, require_generator
from .ball import ball, per_image
from .context import attacking
from .gradient import check_finite, check_logits, forward, input_gradient, wide
from .objective import divergence
from .pgd import columns

#: Standard deviation of the start around the image, as in the authors' code.
START = 0.001


def trades_attack(
    model: nn.Module,
    x: Tensor,
    *,
    budget: float | str | Tensor,
    step_size: float | str | Tensor = 0.007,
    steps: int = 10,
    start: Tensor | None = None,
    generator: torch.Generator | None = None,
    logits: Tensor | None = None,
    precision: str = "float32",
    validate: bool = True,
) -> Tensor:
    """Attack images by ascent on KL(softmax f(x) || softmax f(x')), without labels.

    The start is x + 0.001 * standard normal noise, the network is in evaluation mode, steps
    are signs of gradients, projected to the ball and to [0, 1].

    Parameters
    ----------
    model : torch.nn.Module
        Network from pixels to logits; its state is as before afterwards.
    x : Tensor
        Images (B, C, H, W) in [0, 1].
    budget, step_size : float, str or Tensor
        Radius and step in pixel units; a number, a fraction, or one per image (B,).
    steps : int
        Number of gradient steps.
    start : Tensor, optional
        Start, as `x`; it is projected to the ball. Drawn if not given.
    generator : torch.Generator, optional
        Source of the start; needed where `start` is not given.
    logits : Tensor, optional
        The network's logits f(x) in evaluation mode, if they are known; they are computed
        once otherwise.
    precision : str
        "float32", or "bfloat16" to run the network under autocast.
    validate : bool
        As for :func:`pgd`.

    Returns
    -------
    Tensor
        Adversarial images; exactly within the ball and [0, 1], and equal to `x` at budget 0.

    Raises
    ------
    InputError
        If an argument breaks its rule.
    RunFailedError
        If the network returns NaN, or is not differentiable.

    References
    ----------
    Zhang et al., Theoretically principled trade-off between robustness and accuracy,
    ICML 2019, Algorithm 1.
    """
    if validate:
        check_images(x)
    choose("precision", precision, PRECISIONS)
    steps = check_integer("steps", steps, minimum=0)
    if start is None:
        require_generator(generator)
    elif start.shape != x.shape:
        raise InputError("start", f"have the shape of x, {tuple(x.shape)}", tuple(start.shape))
    batch = len(x)
    radius = per_image("budget", budget, batch, device=x.device)
    stride = per_image("step_size", step_size, batch, device=x.device)
    if logits is not None and (logits.ndim != 2 or len(logits) != batch):
        raise InputError("logits", f"have shape ({batch}, classes)", tuple(logits.shape))
    if batch == 0:
        return x.clone()
    x = x.detach()
    with torch.inference_mode(False), attacking(model) as net:
        if logits is None:
            logits = check_logits(forward(net, x, precision), batch)
        objective = divergence(wide(logits.detach()))
        low, high = ball(x, radius)
        if start is None:
            assert generator is not None
            noise = normal(tuple(x.shape), generator=generator, device=x.device, dtype=x.dtype)
            start = torch.add(x, noise, alpha=START)
        current = torch.clamp(start.detach(), low, high)
        pace = columns(stride, x)
        witness = torch.zeros((), dtype=torch.float64, device=x.device)
        for _ in range(steps):
            slope = input_gradient(net, current, objective, precision)
            with torch.no_grad():
                witness += slope.value.sum()
                current.addcmul_(slope.gradient.sign_(), pace).clamp_(low, high)
        if validate:
            check_finite(witness)
        return current.detach()
