"""The inner attack of TRADES."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...checks import check_integer
from ..calling import outside_inference_mode
from ..randomness import as_generator, normal
from .ascent import gradient_ascent, make_batch, per_image
from .context import attack_context, check_inputs, check_start
from .losses import Divergence
from .protocol import CORRECTED

#: Standard deviation of the start around the image, as in the authors' code.
START = 0.001


@outside_inference_mode
def trades_attack(
    model: nn.Module,
    x: Tensor,
    *,
    budget: float | str | Tensor,
    step_size: float | str | Tensor = 0.007,
    steps: int = 10,
    generator: torch.Generator | int | None = None,
    start: Tensor | None = None,
    precision: str = "float32",
    validate: bool = True,
) -> Tensor:
    """Attack images by ascent on KL(softmax f(x) || softmax f(x')), without labels.

    The start is x + 0.001 * standard normal noise, the network is in evaluation mode, steps
    are signs of gradients, projected to the ball and to [0, 1]. The start itself is not
    projected, as in the authors' code; every iterate is.

    Parameters
    ----------
    model, x, budget, step_size, steps, generator
        As for :func:`pgd`.
    start : Tensor, optional
        Where to begin instead, of the shape of `x`.
    precision, validate
        As for :func:`pgd`.

    Returns
    -------
    Tensor
        Adversarial images (B, C, H, W); exactly within the ball and [0, 1], and equal to `x` at
        budget 0.

    References
    ----------
    Zhang et al., Theoretically principled trade-off between robustness and accuracy,
    ICML 2019, Algorithm 1.
    """
    check_inputs(x, None, validate)
    steps = check_integer("steps", steps, minimum=0)
    source = as_generator(generator, seed=0)
    if start is not None:
        check_start(start, x, validate)
    radius = per_image("budget", budget, len(x), device=x.device)
    sizes = per_image("step_size", step_size, len(x), device=x.device)
    if not len(x):
        return x.clone()
    with attack_context(model, x, CORRECTED, precision=precision, validate=validate) as context:
        origin = context.coordinates.enter(x)
        nowhere = torch.zeros(len(x), dtype=torch.int64, device=x.device)  # no labels are left
        loss = Divergence(context.logits(origin).log_softmax(1))
        batch = make_batch(context, origin, radius, loss, nowhere, sizes)
        if start is None:
            noise = normal(tuple(x.shape), generator=source, device=x.device, dtype=x.dtype)
            begin = torch.add(origin, noise, alpha=START)
        else:
            begin = start.detach().clone()
        if not steps:
            begin.clamp_(batch.low, batch.high)
        return gradient_ascent(batch, begin, steps)
