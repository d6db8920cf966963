"""What an attack climbs: losses of logits, with their gradients written out.

An objective maps logits (B, classes) to a value (B,) and a direction (B, classes), the
gradient of the value with respect to the logits up to a positive factor per image. Steps
of sign type do not see such factors, and leaving them out avoids a known failure: in
float32 the gradient of the cross-entropy is exactly zero where the network is sure of the
label by more than about 17, and plain implementations then stand still.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Self

import torch
from torch import Tensor

from ...errors import InputError

#: Smallest divisor of the ratio of logit differences, as in AutoAttack.
TINY = 1e-12


@dataclass(frozen=True)
class Objective(ABC):
    """A function of logits that an attack makes large, one value per image."""

    @abstractmethod
    def __call__(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return values (B,) and directions (B, classes) at logits (B, classes)."""

    def select(self, index: Tensor) -> Self:
        """Return the objective of some of the images."""
        parts = {f.name: getattr(self, f.name) for f in fields(self)}
        chosen = {k: v[index] if isinstance(v, Tensor) else v for k, v in parts.items()}
        return type(self)(**chosen)


@dataclass(frozen=True)
class CrossEntropy(Objective):
    """The cross-entropy, in a form that never saturates.

    With m = log sum_{j != y} exp z_j - z_y the cross-entropy is log(1 + exp m), which grows
    with m, and its gradient is (1 - p_y) (q - e_y) with q the softmax over the classes other
    than y. The value is m, the direction q - e_y; towards a target both change sign.

    Attributes
    ----------
    labels : Tensor
        int64 (B,): labels to leave, or targets to reach.
    targeted : bool
        Whether to climb towards the labels.
    """

    labels: Tensor
    targeted: bool = False

    def __call__(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return m and q - e_y."""
        column = self.labels[:, None]
        own = logits.gather(1, column)
        others = logits.scatter(1, column, -torch.inf)
        value = others.logsumexp(1) - own[:, 0]
        direction = others.softmax(1).scatter_(1, column, -1.0)
        return (-value, direction.neg_()) if self.targeted else (value, direction)


@dataclass(frozen=True)
class Margin(Objective):
    """The difference between a target's logit and the label's.

    Attributes
    ----------
    labels : Tensor
        int64 (B,): labels to leave.
    targets : Tensor or None
        int64 (B,): classes to reach; None is the largest other class at each step.
    """

    labels: Tensor
    targets: Tensor | None = None

    def __call__(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return z_t - z_y and e_t - e_y."""
        column = self.labels[:, None]
        target = _rival(logits, column) if self.targets is None else self.targets[:, None]
        value = (logits.gather(1, target) - logits.gather(1, column))[:, 0]
        return value, _apart(logits, target, column, torch.ones_like(value))


@dataclass(frozen=True)
class LogitsRatio(Objective):
    """The difference of logits ratio (DLR) of Croce and Hein, or its targeted form.

    With z_(1) >= z_(2) >= ... the sorted logits, it is (z_t - z_y) / d, where t is the
    largest class other than y and d = z_(1) - z_(3); for a given target t,
    d = z_(1) - (z_(3) + z_(4)) / 2. Neither shifting nor scaling the logits changes it.
    With fewer than three classes (four, if targeted) it is undefined.

    Attributes
    ----------
    labels : Tensor
        int64 (B,): labels to leave.
    targets : Tensor or None
        int64 (B,): classes to reach.

    References
    ----------
    Croce and Hein, Reliable evaluation of adversarial robustness with an ensemble of
    diverse parameter-free attacks, ICML 2020, equations 6 and 7.
    """

    labels: Tensor
    targets: Tensor | None = None

    def __call__(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return the ratio, and its gradient times d."""
        needed = 3 if self.targets is None else 4
        if logits.shape[1] < needed:
            raise InputError(
                "loss",
                f"suit the network: this one needs at least {needed} classes",
                f"{logits.shape[1]} classes",
            )
        column = self.labels[:, None]
        target = _rival(logits, column) if self.targets is None else self.targets[:, None]
        top, order = logits.topk(needed, dim=1)
        weights = torch.zeros_like(top)
        weights[:, 0] = 1
        weights[:, 2:] = -1 / (needed - 2)
        divisor = (top * weights).sum(1).add_(TINY)
        value = (logits.gather(1, target) - logits.gather(1, column))[:, 0] / divisor
        direction = _apart(logits, target, column, torch.ones_like(value))
        return value, direction.scatter_add_(1, order, weights.mul_(-value[:, None]))


@dataclass(frozen=True)
class Divergence(Objective):
    """The divergence KL(p || softmax z) from given probabilities p, as TRADES climbs it.

    Its gradient with respect to z is softmax(z) - p.

    Attributes
    ----------
    log_p : Tensor
        Shape (B, classes): logarithms of p, for instance `log_softmax` of clean logits.
    """

    log_p: Tensor

    def __call__(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return the divergence and softmax(z) - p."""
        p = self.log_p.exp()
        log_q = logits.log_softmax(1)
        # Where p underflows to 0 its logarithm is finite, so that 0 * (...) is 0.
        return (p * (self.log_p - log_q)).sum(1), log_q.exp_().sub_(p)


def _rival(logits: Tensor, column: Tensor) -> Tensor:
    """Return the largest class other than the label, (B, 1)."""
    return logits.scatter(1, column, -torch.inf).argmax(1, keepdim=True)


def _apart(logits: Tensor, target: Tensor, label: Tensor, weight: Tensor) -> Tensor:
    """Return weight * (e_target - e_label); zero where they are the same class."""
    weight = weight[:, None]
    made = torch.zeros_like(logits)
    return made.scatter_add_(1, target, weight).scatter_add_(1, label, -weight)
