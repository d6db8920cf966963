"""One training on several processes of this machine, started through torchrun.

    worker -> agent (torchrun) -> members, one a GPU

The first member tells its progress on the agent's stdout and leaves its outcome in a file.
The agent ends when its worker goes, so that a worker that was killed leaves nothing running.
"""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ...errors import InputError, RunFailedError, StoreError
from ...progress import Progress
from ...store import FolderInUseError, read_json, write_json
from ..data import DataSet
from ..experiments.job import Trainer, train_here
from ..training import TrainConfig, TrainOptions, train
from .failure import disk_is_full
from .manifest import Manifest
from .orphans import end_with_parent

_MARK = "spadv-progress"
_GRACE = 60.0  # seconds that members get to save their state


def trainer_of(manifest: Manifest) -> Trainer:
    """Return how a manifest's jobs are trained: in this process, or on several."""
    if manifest.job_processes == 1:
        return train_here
    return TorchrunTrainer(manifest)


class TorchrunTrainer:
    """Trains on several processes of this machine; see the module.

    Parameters
    ----------
    manifest : Manifest
        Says how many, and where data sets lie.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest

    def __call__(
        self,
        config: TrainConfig,
        folder: Path,
        data: DataSet,
        options: TrainOptions,
        progress: Progress,
    ) -> None:
        """Train; raises what :func:`~spadv.empirical.training.train` would."""
        root = self._manifest.data_root
        order = self._manifest.folder / f"{folder.name}.order.json"
        outcome = _outcome_path(order)
        outcome.unlink(missing_ok=True)
        write_json(
            order,
            {
                "config": config.to_table(),
                "folder": str(folder),
                "data_root": None if root is None else str(root),
                "options": dataclasses.asdict(options),
            },
        )
        count = str(self._manifest.job_processes)
        command = [sys.executable, "-m", "spadv.empirical.launch"]
        command += ["agent", str(os.getpid()), count, str(order)]
        log = order.with_suffix(".log")
        with log.open("ab") as errors:
            agent = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
            )
            with agent:  # which closes the pipe, and waits
                try:
                    _follow(agent, progress)
                except BaseException:
                    _end(agent)
                    raise
        _raise(outcome, log, agent.returncode)


def _follow(agent: subprocess.Popen[str], progress: Progress) -> None:
    assert agent.stdout is not None
    for line in agent.stdout:
        mark, _, rest = line.rstrip("\n").partition(" ")
        if mark == _MARK:
            done, total, message = rest.split(" ", 2)
            progress(float(done), float(total), message)


def _end(agent: subprocess.Popen[str]) -> None:
    """Ask an agent and its members to save and stop; kill what does not."""
    agent.send_signal(signal.SIGTERM)
    try:
        agent.wait(_GRACE)
    except subprocess.TimeoutExpired:
        os.killpg(agent.pid, signal.SIGKILL)
        agent.wait()


def _raise(outcome: Path, log: Path, status: int) -> None:
    if not outcome.is_file():
        raise RuntimeError(f"torchrun ended with status {status} and left no outcome; see {log}")
    found = read_json(outcome)
    kind, text = found.get("kind"), str(found.get("text"))
    if kind == "done":
        return
    if kind == "diverged":
        raise RunFailedError(text)
    if kind == "in use":
        raise FolderInUseError(text)
    if kind in ("full", "refused"):
        error = StoreError(text)
        if kind == "full":
            error.errno = found.get("errno")
        raise error
    # "interrupted" by torchrun, because another member ended; its log says why.
    raise RuntimeError(f"{text or 'a process of the training ended'}; see {log}")


def _outcome_path(order: Path) -> Path:
    return order.with_name(order.name.replace(".order.json", ".outcome.json"))


def agent(parent: int, processes: str, order: str) -> None:
    """Start the members and wait for them; the main program of an agent.

    Parameters
    ----------
    parent : int
        The worker's process: the agent ends when that does.
    processes : str
        How many members.
    order : str
        Path of the file that says what to train.
    """
    from torch.distributed.run import main

    end_with_parent(parent)
    module = "spadv.empirical.launch"
    main(["--standalone", "--nproc-per-node", processes, "-m", module, "member", order])


def member(order: Path) -> None:
    """Train as one of several processes; the main program of a member.

    The first tells how it goes.
    """
    told = read_json(order)
    first = os.environ.get("RANK", "0") == "0"
    root = told["data_root"]
    outcome: dict[str, Any] = {"kind": "done", "text": ""}
    try:
        train(
            TrainConfig.from_table(told["config"]),
            Path(told["folder"]),
            data_root=None if root is None else Path(root),
            options=TrainOptions(**told["options"]),
            progress=_Told(),
        )
    except KeyboardInterrupt:
        outcome = {"kind": "interrupted", "text": ""}
        raise
    except RunFailedError as error:
        outcome = {"kind": "diverged", "text": str(error)}
        raise
    except FolderInUseError as error:
        outcome = {"kind": "in use", "text": str(error)}
        raise
    except (StoreError, InputError) as error:
        kind = "full" if disk_is_full(error) else "refused"
        outcome = {"kind": kind, "text": str(error), "errno": _number(error)}
        raise
    except Exception as error:
        outcome = {"kind": "error", "text": f"{type(error).__name__}: {error}"}
        raise
    finally:
        if first:
            write_json(_outcome_path(order), outcome)


def _number(error: BaseException | None) -> int | None:
    while error is not None:
        if isinstance(error, OSError) and error.errno is not None:
            return error.errno
        error = error.__cause__ or error.__context__
    return None


class _Told:
    """Tells progress on stdout, once a second at most."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, done: float, total: float, message: str = "") -> None:
        now = time.monotonic()
        if now - self._last < 1 and done < total:
            return
        self._last = now
        sys.stdout.write(f"{_MARK} {done} {total} {message}\n")
        sys.stdout.flush()
