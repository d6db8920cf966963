"""TensorBoard events beside metrics.jsonl, for those who have it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import InputError
from .distributed import World


class Board:
    """Writes each epoch's numbers as TensorBoard scalars; silent if not wanted.

    Parameters
    ----------
    folder : Path
        The run folder; events go into its sub-folder `tensorboard`.
    wanted : bool
        Whether to write at all.
    world : World
        Only the first process writes.

    Raises
    ------
    InputError
        If it is wanted and the package tensorboard is not installed.
    """

    def __init__(self, folder: Path, wanted: bool, world: World) -> None:
        self._writer: Any = None
        if not (wanted and world.is_main):
            return
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            hint = "Install the package tensorboard."
            raise InputError(
                "tensorboard", "be asked for where it is installed", True, hint
            ) from None
        self._writer = SummaryWriter(str(folder / "tensorboard"))

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, row: dict[str, Any]) -> None:
        """Write the numbers of one epoch."""
        if self._writer is None:
            return
        for key, value in row.items():
            if isinstance(value, int | float) and key != "epoch":
                self._writer.add_scalar(key, value, row["epoch"])
