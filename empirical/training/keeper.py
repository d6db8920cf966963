"""A training's state in its run folder: saved as it goes on, and restored."""

from __future__ import annotations

import math
import time
from typing import Any

from ...errors import StoreError
from ...store import RunFolder
from .checkpoint import Checkpoint, load_weights, save_checkpoint
from .loop import Sums, Trainer


class Keeper:
    """Saves a trainer's state into its run folder, and restores it.

    Parameters
    ----------
    run : RunFolder
        Where.
    trainer : Trainer
        Whose state.
    digest : str
        Of the images, kept in every checkpoint.
    every : float
        Seconds between two saves within an epoch.
    """

    def __init__(self, run: RunFolder, trainer: Trainer, digest: str, every: float) -> None:
        self._run, self._trainer, self._digest, self._every = run, trainer, digest, every
        self._rows: list[dict[str, Any]] = []
        self._begun = self._saved = time.perf_counter()
        self._before = 0.0

    @property
    def seconds(self) -> float:
        """Wall time over all sittings."""
        return self._before + time.perf_counter() - self._begun

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go back to a checkpoint."""
        trainer = self._trainer
        load_weights(trainer.model, checkpoint.model, self._run.checkpoint_path)
        try:
            trainer.optimiser.load_state_dict(checkpoint.optimiser)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise StoreError(
                f"{self._run.checkpoint_path} holds no usable optimiser state: {error}"
            ) from None
        trainer.epoch, trainer.step = checkpoint.epoch, checkpoint.step
        trainer.sums = Sums.from_plain(checkpoint.sums, trainer.device, trainer.world)
        self._before = checkpoint.seconds
        # Lines of epochs after the checkpoint (killed between the two) are made again.
        rows = self._run.read_metrics()
        self._rows = [row for row in rows if row.get("epoch", math.inf) <= checkpoint.epoch]
        if len(self._rows) != checkpoint.epoch:
            raise StoreError(
                f"{self._run.metrics_path} has {len(self._rows)} of the {checkpoint.epoch} "
                "epochs that the checkpoint has done; the folder has been changed by hand"
            )

    def finish_epoch(self, row: dict[str, Any]) -> None:
        """Add an epoch's line."""
        self._rows.append(row)
        if self._trainer.world.is_main:
            self._run.write_metrics(self._rows)

    def save_if(self, asked: bool, *, always: bool = False) -> None:
        """Save if it is time, or somebody asked to stop; then stop."""
        trainer = self._trainer
        due = trainer.world.is_main and time.perf_counter() - self._saved > self._every
        stop = trainer.world.agree(asked, trainer.device)
        if not (stop or always or trainer.world.agree(due, trainer.device)):
            return
        if not always:
            trainer.look()
            trainer.check_weights()
        self._save()
        if stop and trainer.epoch < trainer.config.epochs:
            raise KeyboardInterrupt

    def _save(self) -> None:
        trainer = self._trainer
        sums = trainer.sums.to_plain(trainer.world)
        if trainer.world.is_main:
            save_checkpoint(
                self._run.checkpoint_path,
                Checkpoint(
                    spec=trainer.model.spec,
                    config=trainer.config,
                    data_digest=self._digest,
                    epoch=trainer.epoch,
                    step=trainer.step,
                    model=trainer.model.state_dict(),
                    optimiser=trainer.optimiser.state_dict(),
                    sums=sums,
                    seconds=self.seconds,
                ),
            )
        self._saved = time.perf_counter()
