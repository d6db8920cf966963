"""One of the processes of a training, started by torchrun: `python -m ... launch ORDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from .torchrun import member

if __name__ == "__main__":
    member(Path(sys.argv[1]))
