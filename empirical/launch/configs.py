"""Configurations of Parsl: workers of this machine, under Slurm, or as a file of one's own says."""

from __future__ import annotations

import importlib
import os
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from ...errors import InputError, RunFailedError, SpadvError
from ...provenance import usable_cores
from ..settings import LaunchSettings
from ..settings.launching import LAUNCHERS

#: Seconds between two heartbeats, and without one until a block of workers is given up.
_HERE, _AFAR = (2, 30), (10, 120)

#: Workers at a time under Slurm, unless said otherwise, and their minutes.
_SLURM_WORKERS, _SLURM_MINUTES = 8, 24 * 60

_MODULE = "parsl.executors.high_throughput"
_INTERCHANGE = [sys.executable, "-P", str(Path(__file__).with_name("child.py"))]
_POOL = f"{shlex.quote(sys.executable)} -m {_MODULE}.process_worker_pool"


def configuration(settings: LaunchSettings, jobs: int) -> Any:
    """Return the `parsl.Config` of a launch."""
    from parsl import Config
    from parsl.executors import HighThroughputExecutor
    from parsl.executors.high_throughput.executor import DEFAULT_INTERCHANGE_LAUNCH_CMD

    if settings.launcher in ("processes", "slurm"):
        make = _processes if settings.launcher == "processes" else _slurm
        executor = make(settings, jobs)
        config = Config(executors=[executor], strategy="htex_auto_scale", max_idletime=30.0)
        config.initialize_logging = False
    else:
        config = _load(settings.launcher)
    config.usage_tracking = 0
    if config.run_dir == "runinfo":
        config.run_dir = str(settings.root / ".launches")
    for executor in config.executors:
        if not isinstance(executor, HighThroughputExecutor):
            rule = "define a Config of HighThroughputExecutors alone"
            raise InputError("launcher", rule, settings.launcher, f"It has a {executor!r}.")
        # Their commands in full: the environment's folder of programs may not be on PATH.
        if executor.interchange_launch_cmd == DEFAULT_INTERCHANGE_LAUNCH_CMD:
            parent = str(os.getpid())
            executor.interchange_launch_cmd = [*_INTERCHANGE, parent, f"{_MODULE}.interchange"]
        if executor.launch_cmd.startswith("process_worker_pool.py"):
            executor.launch_cmd = executor.launch_cmd.replace("process_worker_pool.py", _POOL, 1)
    return config


def check_launcher(settings: LaunchSettings) -> None:
    """Refuse settings that no launch can come of, as far as this machine can tell."""
    if settings.launcher == "slurm":
        read_options(settings.slurm)
    elif settings.launcher not in LAUNCHERS:
        _load(settings.launcher)


def _executor(provider: Any, heartbeats: tuple[int, int], **more: Any) -> Any:
    from parsl.executors import HighThroughputExecutor
    from parsl.jobs.error_handlers import windowed_error_handler

    return HighThroughputExecutor(
        label="spadv",
        provider=provider,
        cores_per_worker=1e-3,  # the number of workers is given
        heartbeat_period=heartbeats[0],
        heartbeat_threshold=heartbeats[1],
        block_error_handler=windowed_error_handler,
        **more,
    )


def _processes(settings: LaunchSettings, jobs: int) -> Any:
    """Return workers of this machine, which share out its cores and GPUs evenly."""
    from parsl.providers import LocalProvider

    gpus, each = visible_gpus(settings.options.device), settings.job_processes
    cores = usable_cores()
    workers = settings.workers or max(1, (len(gpus) or cores) // each)
    workers = max(1, min(workers, jobs))
    return _executor(
        LocalProvider(  # type: ignore[no-untyped-call]
            worker_init=_threads(cores // (workers * each))
        ),
        _HERE,
        address="127.0.0.1",
        max_workers_per_node=workers,
        available_accelerators=share_gpus(gpus, workers, each),
    )


def visible_gpus(device: str) -> list[str]:
    """Return the names of the GPUs that workers may share out; none if the device is the CPU."""
    if device not in ("auto", "cuda") or not torch.cuda.is_available():
        return []
    named = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    ours = [part.strip() for part in named.split(",") if part.strip()]
    return ours or [str(number) for number in range(torch.cuda.device_count())]


def share_gpus(gpus: Sequence[str], workers: int, each: int) -> list[str]:
    """Return for each worker the GPUs it is to see, `each` of them, in turn.

    A device list that is one number, Parsl would divide by the workers of a GPU, as if all
    GPUs of the machine were ours; "N,-1" means GPU N to CUDA, and nothing to Parsl.

    Examples
    --------
    >>> share_gpus(["0", "1"], 3, 1), share_gpus(["0", "1", "2", "3"], 2, 2)
    (['0,-1', '1,-1', '0,-1'], ['0,1', '2,3'])
    """
    if not gpus:
        return []
    lists = []
    for worker in range(workers):
        ours = dict.fromkeys(gpus[(worker * each + k) % len(gpus)] for k in range(each))
        lists.append(",".join(ours) if len(ours) > 1 else f"{next(iter(ours))},-1")
    return lists


def _threads(count: int) -> str:
    """Return shell commands that give a worker so many threads, OMP_NUM_THREADS at most."""
    most = os.environ.get("OMP_NUM_THREADS", "")
    count = max(1, min(count, int(most)) if most.isdecimal() and int(most) > 0 else count)
    return f"export OMP_NUM_THREADS={count} MKL_NUM_THREADS={count}"


def _slurm(settings: LaunchSettings, jobs: int) -> Any:
    """Return workers that Slurm runs, one a job of Slurm's, while there is work for them."""
    from parsl.providers import SlurmProvider

    options, each = read_options(settings.slurm), settings.job_processes
    if shutil.which("sbatch") is None:
        raise SpadvError("there is no Slurm here: sbatch is not installed")
    device = settings.options.device
    gpus = device.startswith("cuda") or (device == "auto" and "gpu" in _generic_resources())
    if gpus and not {"gres", "gpus_per_node", "gpus_per_task"} & set(options):
        options["gpus_per_node"] = each
    cores = options.pop("cpus_per_task", 4 * each if gpus else each)
    hours, minutes = divmod(options.pop("time", _SLURM_MINUTES), 60)
    provider = SlurmProvider(
        cores_per_node=cores,
        mem_per_node=options.pop("mem_gb", None),
        walltime=f"{hours}:{minutes:02}:00",
        scheduler_options="\n".join(
            f"#SBATCH --{key.replace('_', '-')}={value}" for key, value in options.items()
        ),
        worker_init=f"export OMP_NUM_THREADS={max(1, cores // each)}\n",
        max_blocks=max(1, min(settings.workers or _SLURM_WORKERS, jobs)),
        exclusive=False,
    )
    return _executor(provider, _AFAR, max_workers_per_node=1)


def _generic_resources() -> str:
    command = ["sinfo", "--noheader", "-o", "%G"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        said = str(getattr(error, "stderr", None) or error).strip()
        raise RunFailedError(f"sinfo failed: {said}") from None
    return done.stdout


def read_options(text: str) -> dict[str, Any]:
    """Read options of sbatch, such as "partition=gpu,time=600".

    Time is in minutes, and memory is mem_gb.

    Examples
    --------
    >>> read_options("partition=gpu,time=600,gpus-per-node=2")
    {'partition': 'gpu', 'time': 600, 'gpus_per_node': 2}
    """
    found: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = part.partition("=")
        key = key.strip().replace("-", "_")
        if not equals or not key.isidentifier() or not value.strip():
            raise InputError("slurm", "be settings such as partition=gpu,time=600", part)
        number = value.strip()
        found[key] = int(number) if number.isdecimal() else number
    for key in ("time", "mem_gb", "cpus_per_task"):
        if key in found and not isinstance(found[key], int):
            unit = {"time": " of minutes", "mem_gb": " of gigabytes"}.get(key, "")
            raise InputError(f"slurm {key}", f"be a whole number{unit}", found[key])
    if "mem" in found:
        raise InputError("slurm mem", "be given as mem_gb, in gigabytes", found["mem"])
    return found


def _load(text: str) -> Any:
    """Return the Config that a Python file defines, or a function module:function returns."""
    from parsl import Config

    rule = "be local, processes, slurm, a Python file that defines a parsl Config, or "
    rule += "module:function returning one"
    try:
        if text.endswith(".py"):
            found = [v for v in runpy.run_path(text).values() if isinstance(v, Config)]
        else:
            sys.path.insert(0, str(Path.cwd()))
            module, _, name = text.partition(":")
            make: Callable[[], Any] = getattr(importlib.import_module(module), name)
            found = [made for made in [make()] if isinstance(made, Config)]
    except Exception as error:
        raise InputError("launcher", rule, text, f"{type(error).__name__}: {error}") from error
    if len(found) != 1:
        raise InputError("launcher", rule, text, f"It gives {len(found)} of them.")
    return found[0]
