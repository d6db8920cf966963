"""What an attack climbs: losses of logits, with their gradients written out.

An objective maps logits (B, classes) to a value (B,) and a direction (B, classes), the
gradient of the value with respect to the logits up to a positive factor per image. Steps
of sign type do not see such factors, and leaving them out avoids a known failure: in
float32 the gradient of the cross-entropy is exactly zero where the network is sure of the
label by more than about 16, and plain implementations then stand still.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Objective = Callable[[Tensor], tuple[Tensor, Tensor]]


def cross_entropy(labels: Tensor, *, targeted: bool = False) -> Objective:
    """Return the cross-entropy as an objective, in a form that never saturates.

    With m = log sum_{j != y} exp z_j - z_y the cross-entropy is log(1 + exp m), which grows
    with m, and its gradient is (1 - p_y) (q - e_y) with q the softmax over the classes other
    than y. The value is m, the direction q - e_y.

    Parameters
    ----------
    labels : Tensor
        int64 (B,): labels to leave, or targets to reach.
    targeted : bool
        Climb towards the label: value -m, direction e_y - q.
    """
    column = labels[:, None]

    def objective(logits: Tensor) -> tuple[Tensor, Tensor]:
        own = logits.gather(1, column)
        others = logits.scatter(1, column, -torch.inf)
        value = others.logsumexp(1) - own[:, 0]
        direction = others.softmax(1).scatter_(1, column, -1.0)
        return (-value, direction.neg_()) if targeted else (value, direction)

    return objective


def divergence(reference: Tensor) -> Objective:
    """Return KL(p || softmax z) as an objective, p = softmax of the reference logits.

    Its gradient with respect to z is softmax(z) - p. This is the inner objective of TRADES
    (Zhang et al. 2019, equation 3).
    """
    log_p = reference.log_softmax(1)
    p = log_p.exp()

    def objective(logits: Tensor) -> tuple[Tensor, Tensor]:
        log_q = logits.log_softmax(1)
        return (p * (log_p - log_q)).sum(1), log_q.exp_().sub_(p)

    return objective
