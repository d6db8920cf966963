"""What an attack makes large: losses of logits, with their gradients written out.

A loss maps logits (B, classes) to a value (B,) and a direction (B, classes), the gradient of
the value with respect to the logits up to a positive factor per image. Steps of sign type do
not see such factors, and leaving them out avoids a known failure: in float32 the gradient of
the cross-entropy is exactly zero where the network is sure of the label by more than about
17, and plain implementations then stand still.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from ...errors import InputError

T = TypeVar("T")


def select(item: T, rows: Tensor) -> T:
    """Return a dataclass of per-image tensors, in it or in its fields' fields, for some images."""
    found: dict[str, Any] = {}
    for field in fields(item):  # type: ignore[arg-type]
        value = getattr(item, field.name)
        if isinstance(value, Tensor):
            found[field.name] = value[rows]
        elif isinstance(value, Loss):
            found[field.name] = select(value, rows)
    return replace(item, **found)  # type: ignore[type-var]


@dataclass(frozen=True)
class Loss(ABC):
    """A function of logits that an attack makes large, one value per image."""

    @abstractmethod
    def __call__(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return values (B,) and directions (B, classes) at logits (B, classes)."""


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """The cross-entropy of `labels`, int64 (B,), in a form that never saturates.

    With m = log sum_{j != y} exp z_j - z_y the cross-entropy is log(1 + exp m), which grows
    with m, and its gradient is (1 - p_y) (q - e_y) with q the softmax over the classes other
    than y. The value is m, the direction q - e_y; `targeted`, both change sign.
    """

    labels: Tensor
    targeted: bool = False

    def __call__(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return m and q - e_y."""
        label = self.labels[:, None]
        others = logits.scatter(1, label, -torch.inf)
        value = others.logsumexp(1) - logits.gather(1, label)[:, 0]
        direction = others.softmax(1).scatter_(1, label, -1.0)
        return (-value, direction.neg_()) if self.targeted else (value, direction)


@dataclass(frozen=True)
class Margin(Loss):
    """The logit of `targets`, or the largest other one at each step, minus that of `labels`."""

    labels: Tensor
    targets: Tensor | None = None

    def __call__(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return z_t - z_y and e_t - e_y (zero where they are the same class)."""
        label = self.labels[:, None]
        if self.targets is None:
            target = logits.scatter(1, label, -torch.inf).argmax(1, keepdim=True)
        else:
            target = self.targets[:, None]
        value = (logits.gather(1, target) - logits.gather(1, label))[:, 0]
        one = torch.ones_like(value)[:, None]
        direction = torch.zeros_like(logits).scatter_add_(1, target, one)
        return value, direction.scatter_add_(1, label, -one)


@dataclass(frozen=True)
class LogitsRatio(Loss):
    """The difference of logits ratio (DLR) of Croce and Hein, or its targeted form.

    With z_(1) >= z_(2) >= ... the sorted logits, it is (z_t - z_y) / d, where t is the
    largest class other than y and d = z_(1) - z_(3); for given `targets` t,
    d = z_(1) - (z_(3) + z_(4)) / 2. Neither shifting nor scaling the logits changes it.
    With fewer than three classes (four, if targeted) it is undefined.

    Source: Croce and Hein, Reliable evaluation of adversarial robustness with an ensemble of
    diverse parameter-free attacks, ICML 2020, equations 6 and 7.
    """

    labels: Tensor
    targets: Tensor | None = None

    def __call__(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return the ratio, and its gradient times d."""
        needed = 3 if self.targets is None else 4
        if logits.shape[1] < needed:
            rule = f"suit the network: this one needs at least {needed} classes"
            raise InputError("loss", rule, f"{logits.shape[1]} classes")
        margin, direction = Margin(self.labels, self.targets)(logits)
        top, order = logits.topk(needed, dim=1)
        weights = torch.zeros_like(top)
        weights[:, 0] = 1
        weights[:, 2:] = -1 / (needed - 2)
        value = margin / (top * weights).sum(1).add_(1e-12)  # as in AutoAttack
        return value, direction.scatter_add_(1, order, weights.mul_(-value[:, None]))


@dataclass(frozen=True)
class Divergence(Loss):
    """The divergence KL(p || softmax z), as TRADES climbs it, given `log_p`, (B, classes).

    Its gradient with respect to z is softmax(z) - p.
    """

    log_p: Tensor

    def __call__(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return the divergence and softmax(z) - p."""
        p = self.log_p.exp()
        log_q = logits.log_softmax(1)
        # Where p underflows to 0 its logarithm is finite, so that 0 * (...) is 0.
        return (p * (self.log_p - log_q)).sum(1), log_q.exp_().sub_(p)
