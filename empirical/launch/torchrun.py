"""One training on several processes of this machine, started through torchrun.

    worker -> torchrun -> members, one a GPU

The worker leaves an order in the run folder. The first member tells its progress on stdout, and
why it failed, if it did, in a file. Torchrun ends when its worker goes, so that a worker that
was killed leaves nothing running.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

from ...progress import Progress
from ...store import read_json, write_json
from ..data import DataSet
from ..training import TrainConfig, TrainOptions, train
from .failure import Failure, ReportedError

_CHILD = str(Path(__file__).with_name("child.py"))
_MARK = "spadv-progress"
_GRACE = 60.0  # seconds that members get to save their state


def train_on_several(
    processes: int,
    data_root: Path | None,
    config: TrainConfig,
    folder: Path,
    data: DataSet,
    options: TrainOptions,
    progress: Progress,
) -> None:
    """Train on several processes; ReportedError if a member told how it failed."""
    order, failure = folder / ".torchrun.json", folder / ".torchrun-failure.json"
    failure.unlink(missing_ok=True)
    write_json(
        order,
        {
            "config": config.to_table(),
            "data_root": None if data_root is None else str(data_root),
            "options": asdict(options),
        },
    )
    command = [sys.executable, "-P", _CHILD, str(os.getpid()), "torch.distributed.run"]
    command += ["--standalone", "--nproc-per-node", str(processes)]
    command += ["-m", "spadv.empirical.launch", str(order)]
    log = order.with_suffix(".log")
    with (
        log.open("ab") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            for line in process.stdout:
                mark, _, rest = line.rstrip("\n").partition(" ")
                if mark == _MARK:
                    done, total, message = rest.split(" ", 2)
                    progress(float(done), float(total), message)
        except BaseException:
            _end(process)
            raise
    if failure.is_file():
        raise ReportedError(Failure(**read_json(failure)))
    if process.returncode:
        raise RuntimeError(f"torchrun ended with status {process.returncode}; see {log}")


def _end(process: subprocess.Popen[str]) -> None:
    """Ask torchrun and its members to save and stop; kill what does not."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        if sys.platform == "win32":  # where a process has no group
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


def member(order: Path) -> None:
    """Train as one of several processes; the main program of a member."""
    told = read_json(order)
    root, last = told["data_root"], 0.0

    def tell(done: float, total: float, message: str = "") -> None:
        nonlocal last
        if time.monotonic() - last > 1 or done >= total:
            last = time.monotonic()
            sys.stdout.write(f"{_MARK} {done} {total} {message}\n")
            sys.stdout.flush()

    try:
        train(
            TrainConfig.from_table(told["config"]),
            order.parent,
            data_root=None if root is None else Path(root),
            options=TrainOptions(**told["options"]),
            progress=tell,
        )
    except Exception as error:
        if os.environ.get("RANK", "0") == "0":
            failure = Failure.of(error, order.parent.name)
            write_json(order.with_name(".torchrun-failure.json"), asdict(failure))
        raise
