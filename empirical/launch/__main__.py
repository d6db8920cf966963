"""Processes that launchers start: `python -m spadv.empirical.launch worker`, `agent`, `member`."""

from __future__ import annotations

import sys
from pathlib import Path

from . import torchrun, worker

if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "agent":
        torchrun.agent(int(rest[0]), rest[1], rest[2])
    elif what == "member":
        torchrun.member(Path(rest[0]))
    else:
        sys.exit(worker.main(rest))
