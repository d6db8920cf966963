"""DeepFool: the distance to the decision boundary, by linearising it again and again."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...checks import check_integer, check_real
from .arena import Arena, arena, check_inputs, plain
from .climb import column
from .gradient import tracked, wide
from .protocol import CORRECTED

#: Added to each step, as in the authors' code: ends the crawl towards a boundary.
NUDGE = 1e-4


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
    model : torch.nn.Module
        Network from pixels to logits; its state is as before afterwards.
    x : Tensor
        Images (B, C, H, W) in [0, 1].
    num_classes : int
        Number of classes to consider, the label included; at most all of them count.
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
        the prediction never changed, or the gradient vanished: no distance was found, and
        the norm of what was tried would be misleadingly small.

    Raises
    ------
    InputError
        If an argument breaks its rule.
    RunFailedError
        If the network returns NaN, or is not differentiable.

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
    check_inputs(x, None, True)
    num_classes = check_integer("num_classes", num_classes, minimum=2)
    overshoot = check_real("overshoot", overshoot, low=0)
    max_iter = check_integer("max_iter", max_iter, minimum=1)
    batch_size = check_integer("batch_size", batch_size, minimum=1)
    if not len(x):
        return x.clone(), x.new_zeros(0)
    with arena(model, x, CORRECTED) as ready:
        x = plain(x)
        clean = torch.cat([ready.predict(part) for part in torch.split(x, batch_size)])
        classes = clean.topk(min(num_classes, clean.shape[1]), dim=1).indices
        total = torch.zeros_like(x)
        found = torch.zeros(len(x), dtype=torch.bool, device=x.device)
        used = torch.zeros(len(x), dtype=torch.int64, device=x.device)
        waiting = torch.arange(len(x), device=x.device)
        while len(waiting):
            rows, rest = waiting[:batch_size], waiting[batch_size:]
            here = torch.add(x[rows], total[rows], alpha=1 + overshoot)
            logits, step = _step(ready, here, classes[rows])
            changed = logits.argmax(1) != classes[rows, 0]
            spent = used[rows] >= max_iter
            found[rows] = changed
            over = changed | spent | ~torch.isfinite(step.flatten(1).sum(1))
            used[rows] += 1
            go = (~over).nonzero()[:, 0]
            total[rows[go]] += step[go]
            waiting = torch.cat([rows[go], rest])
        ready.close()
        x_adv = torch.add(x, total, alpha=1 + overshoot)
        l2 = torch.linalg.vector_norm((x_adv - x).flatten(1), dim=1)
        return x_adv, torch.where(found, l2, torch.inf)


def _step(ready: Arena, x: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
    """Return logits, and the step to the nearest linearised boundary (NaN if there is none)."""
    x = x.detach()
    logits = tracked(ready.logits, x)
    plain_logits = wide(logits.detach())
    ready.witness.add_(plain_logits.sum())
    label = classes[:, :1]
    best = torch.full((len(x),), torch.inf, dtype=x.dtype, device=x.device)
    step = torch.full_like(x, torch.nan, requires_grad=False)
    last = classes.shape[1] - 1
    for k in range(1, last + 1):
        other = classes[:, k : k + 1]
        seed = torch.zeros_like(plain_logits).scatter_(1, other, 1.0).scatter_(1, label, -1.0)
        (slope,) = torch.autograd.grad(logits, x, seed.to(logits.dtype), retain_graph=k < last)
        gap = (plain_logits.gather(1, other) - plain_logits.gather(1, label))[:, 0].abs()
        norm = torch.linalg.vector_norm(slope.flatten(1), dim=1)
        distance = torch.where(norm > 0, gap / norm, torch.inf).to(x.dtype)
        nearer = distance < best
        length = (distance + NUDGE) / norm
        step = torch.where(column(nearer, x), slope * column(length, x), step)
        best = torch.where(nearer, distance, best)
    return plain_logits, step
