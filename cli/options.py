"""Options that many commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
DataRoot = Annotated[
    Path | None,
    typer.Option(help="Folder of data sets; $SPADV_DATA or ~/.cache/spadv/data by default."),
]
CODEWORD = (
    "simplex:K, legendre:N, random:D:SEED, dual-bch:K, qr:N, a string of + and -, hexadecimal "
    "digits, or a file."
)
Codeword = Annotated[str, typer.Option(help=CODEWORD)]
Shift = Annotated[int, typer.Option(help="m, a divisor of the length.")]
P = Annotated[float, typer.Option("--p", help="Probability in [1/2, 1] that x0 is the label.")]
Budget = Annotated[float, typer.Option("--budget", help="Attack budget e = eps sqrt(d), >= 0.")]
Level = Annotated[float, typer.Option(help="Confidence level of intervals.")]
