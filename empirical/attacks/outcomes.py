"""What a network said about each image, clean and attacked with each budget."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from ...errors import InputError


@dataclass(frozen=True, eq=False)
class RobustnessOutcomes:
    """Predictions on N images, clean and under attack with K budgets.

    Attributes
    ----------
    budgets : tuple of float
        Budgets in pixel units, in the order in which they were given.
    clean : Tensor
        int64 (N,): predictions on the images themselves.
    adversarial : Tensor
        int64 (K, N): predictions on the attacked images.
    labels : Tensor or None
        int64 (N,): true labels, if they are known.
    settings : dict
        How the attack ran, as plain JSON values: attack, steps, step sizes, protocol, ...

    Examples
    --------
    >>> import torch
    >>> found = RobustnessOutcomes(
    ...     (0.0, 0.1), torch.tensor([1, 2]), torch.tensor([[1, 2], [1, 0]]), torch.tensor([1, 1])
    ... )
    >>> found.fooled_counts, found.correct_counts
    ([0, 1], [1, 1])
    """

    budgets: tuple[float, ...]
    clean: Tensor
    adversarial: Tensor
    labels: Tensor | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        size = len(self.clean)
        rule = f"have shape ({len(self.budgets)}, {size}): budgets, images"
        if self.clean.shape != (size,) or self.adversarial.shape != (len(self.budgets), size):
            raise InputError("adversarial", rule, tuple(self.adversarial.shape))
        if self.labels is not None and self.labels.shape != (size,):
            raise InputError("labels", f"have shape ({size},)", tuple(self.labels.shape))

    def __len__(self) -> int:
        return len(self.clean)

    @property
    def fooled(self) -> Tensor:
        """Bool (K, N): whether the attack changed the prediction."""
        return self.adversarial != self.clean

    @property
    def correct(self) -> Tensor | None:
        """Bool (K, N): whether the prediction under attack is right; None without labels."""
        return None if self.labels is None else self.adversarial == self.labels

    @property
    def fooled_counts(self) -> list[int]:
        """Number of images, per budget, whose prediction the attack changed."""
        return [int(count) for count in self.fooled.sum(1).tolist()]

    @property
    def correct_counts(self) -> list[int] | None:
        """Number of images, per budget, predicted rightly under attack; None without labels."""
        correct = self.correct
        return None if correct is None else [int(count) for count in correct.sum(1).tolist()]
