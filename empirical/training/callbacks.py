"""Who is told of a training as it goes on: one protocol, and TensorBoard as its first user."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ...errors import InputError
from ..settings import TrainConfig


class Callback:
    """What is told of a training; override what you need.

    Only the first of several processes tells. What a callback raises ends the training, which
    goes on from its last checkpoint when it is started again; callbacks cannot change it.

    Examples
    --------
    >>> class Wandb(Callback):
    ...     def begin(self, config, folder):
    ...         import wandb
    ...         self.run = wandb.init(project="spadv", dir=folder, config=config.to_table())
    ...     def epoch(self, row):
    ...         self.run.log(row, step=row["epoch"])
    ...     def end(self, failed):
    ...         self.run.finish(exit_code=int(failed))
    """

    def begin(self, config: TrainConfig, folder: Path) -> None:
        """Be told of the configuration and the run folder, before the first step."""

    def epoch(self, row: dict[str, Any]) -> None:
        """Be told of an epoch's line of metrics: "epoch", "train_loss", "learning_rate", ..."""

    def end(self, failed: bool) -> None:
        """Be told that the training has finished, or that it was interrupted or failed."""


class TensorBoard(Callback):
    """Writes every number of an epoch as a scalar, into the folder `tensorboard` of the run."""

    def begin(self, config: TrainConfig, folder: Path) -> None:
        """Open the writer; InputError without the package tensorboard."""
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            hint = "Install the package tensorboard."
            rule = "be asked for where it is installed"
            raise InputError("tensorboard", rule, True, hint) from None
        self._writer: Any = SummaryWriter(str(folder / "tensorboard"))

    def epoch(self, row: dict[str, Any]) -> None:
        """Write the numbers of an epoch."""
        for key, value in row.items():
            if isinstance(value, int | float) and key != "epoch":
                self._writer.add_scalar(key, value, row["epoch"])

    def end(self, failed: bool) -> None:
        """Close the writer."""
        self._writer.close()


@contextmanager
def telling(
    callbacks: Sequence[Callback], config: TrainConfig, folder: Path
) -> Iterator[Sequence[Callback]]:
    """Begin callbacks, and end those that began whatever happens."""
    with ExitStack() as begun:
        for callback in callbacks:
            callback.begin(config, folder)
            begun.push(lambda kind, *_, told=callback: told.end(kind is not None))
        yield callbacks
