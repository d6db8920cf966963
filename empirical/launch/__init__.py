"""Run jobs: in this process, in several, or on a cluster; each once, whoever else works there."""

from __future__ import annotations

from .claims import Claim, ClaimLostError, Holder, claim, holder_of
from .events import Event, Watch
from .failure import Failure, read_failure
from .local import run_local
from .manifest import Manifest, share
from .processes import default_workers, run_processes
from .slurm import run_slurm
from .work import DiskFullError, Outcome, settle

__all__ = [
    "Claim",
    "ClaimLostError",
    "DiskFullError",
    "Event",
    "Failure",
    "Holder",
    "Manifest",
    "Outcome",
    "Watch",
    "claim",
    "default_workers",
    "holder_of",
    "read_failure",
    "run_local",
    "run_processes",
    "run_slurm",
    "settle",
    "share",
]
