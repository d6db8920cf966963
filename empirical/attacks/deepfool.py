"""DeepFool: the distance to the decision boundary, by linearising it again and again."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...checks import check_integer, check_real
from ..calling import outside_inference_mode
from .ascent import per_pixel
from .context import AttackContext, attack_context, check_inputs, wide
from .protocol import CORRECTED

#: Added to each step, as in the authors' code: ends the crawl towards a boundary.
NUDGE = 1e-4


@outside_inference_mode
def deepfool(
    model: nn.Module,
    x: Tensor,
    *,
    num_classes: int = 10,
    overshoot: float = 0.02,
    max_iter: int = 50,
    batch_size: int = 250,
) -> tuple[Tensor, Tensor]:
    """Find near images with another prediction, and their l2 distances.

    At each iterate the differences f_k - f_label are linearised for the `num_classes`
    classes that are most likely on the clean image, label = the clean prediction; the step
    goes to the nearest of the boundaries, and 1e-4 further. The iterate is
    x + (1 + overshoot) * the sum of the steps. Nothing is clipped to [0, 1].

    Parameters
    ----------
    model, x
        As for :func:`pgd`.
    num_classes : int
        Classes to consider, the label included; at most all of them count.
    overshoot : float
        Share by which the sum of steps is stretched.
    max_iter : int
        Largest number of steps.
    batch_size : int
        Images a pass; those that are done make room for others.

    Returns
    -------
    x_adv : Tensor
        Last iterates, (B, C, H, W).
    l2 : Tensor
        (B,): l2 norms of x_adv - x in pixel units, the overshoot included. Infinite where
        the prediction never changed or the gradient vanished (the norm of what was tried would
        be misleadingly small), and beyond sqrt(C H W), the farthest that two images can be
        apart: such steps follow an output that is flat, as probabilities are.

    References
    ----------
    Moosavi-Dezfooli, Fawzi and Frossard, DeepFool: a simple and accurate method to fool
    deep neural networks, CVPR 2016, Algorithm 2.

    Examples
    --------
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(2, 2, bias=False))
    >>> _ = net[1].weight.data.copy_(torch.eye(2))
    >>> _, l2 = deepfool(net, torch.tensor([0.75, 0.25]).view(1, 1, 1, 2), overshoot=0)
    >>> round(l2.item(), 4)  # 0.5 / sqrt(2), and 1e-4 more
    0.3537
    """
    check_inputs(x, None)
    num_classes = check_integer("num_classes", num_classes, minimum=2)
    overshoot = check_real("overshoot", overshoot, low=0)
    max_iter = check_integer("max_iter", max_iter, minimum=1)
    batch_size = check_integer("batch_size", batch_size, minimum=1)
    if not len(x):
        return x.clone(), x.new_zeros(0)
    with attack_context(model, x, CORRECTED) as context:
        x = context.coordinates.enter(x)
        clean = torch.cat([context.logits(part) for part in torch.split(x, batch_size)])
        classes = clean.topk(min(num_classes, clean.shape[1]), dim=1).indices
        total = torch.zeros_like(x)
        found = torch.zeros(len(x), dtype=torch.bool, device=x.device)
        used = torch.zeros(len(x), dtype=torch.int64, device=x.device)
        waiting = torch.arange(len(x), device=x.device)
        while len(waiting):
            rows, rest = waiting[:batch_size], waiting[batch_size:]
            here = torch.add(x[rows], total[rows], alpha=1 + overshoot)
            logits, step = _step(context, here, classes[rows])
            changed = logits.argmax(1) != classes[rows, 0]
            found[rows] = changed
            over = changed | (used[rows] >= max_iter) | ~torch.isfinite(step.flatten(1).sum(1))
            used[rows] += 1
            go_on = (~over).nonzero()[:, 0]
            total[rows[go_on]] += step[go_on]
            waiting = torch.cat([rows[go_on], rest])
        x_adv = torch.add(x, total, alpha=1 + overshoot)
        l2 = torch.linalg.vector_norm((x_adv - x).flatten(1), dim=1)
        return x_adv, torch.where(found & (l2 <= x[0].numel() ** 0.5), l2, torch.inf)


def _step(context: AttackContext, x: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
    """Return logits, and the step to the nearest linearised boundary (NaN if there is none)."""
    leaf, tracked = context.tracked_logits(x)
    logits = wide(tracked.detach())
    context.look_at(logits, logits.sum())
    label = classes[:, :1]
    nearest = torch.full((len(x),), torch.inf, dtype=x.dtype, device=x.device)
    step = torch.full_like(x, torch.nan)
    last = classes.shape[1] - 1
    for k in range(1, last + 1):
        other = classes[:, k : k + 1]
        difference = torch.zeros_like(logits).scatter_(1, other, 1.0).scatter_(1, label, -1.0)
        (gradient,) = torch.autograd.grad(
            tracked, leaf, difference.to(tracked.dtype), retain_graph=k < last
        )
        gap = (logits.gather(1, other) - logits.gather(1, label))[:, 0].abs()
        norm = torch.linalg.vector_norm(gradient.flatten(1), dim=1)
        distance = torch.where(norm > 0, gap / norm, torch.inf).to(x.dtype)
        nearer = distance < nearest
        length = (distance + NUDGE) / norm
        step = torch.where(per_pixel(nearer, x), gradient * per_pixel(length, x), step)
        nearest = torch.where(nearer, distance, nearest)
    return logits, step
