"""`spadv export`: a trained network as a file that others read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..checks import choose
from ..errors import InputError
from .console import out, print_json
from .options import Json, check_file


def export(
    run: Annotated[str, typer.Argument(help="Run folder, checkpoint or .safetensors file.")],
    to: Annotated[str, typer.Option(help="safetensors, torch.export or onnx.")] = "safetensors",
    file: Annotated[
        Path | None,
        typer.Option(
            "--out", help="The file; model.* in the run folder by default.", callback=check_file
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a trained network as safetensors, a torch.export program, or ONNX.

    It takes pixels in [0, 1], its normalisation is inside. The file is loaded again and compared
    with the network on random images.
    """
    choose("to", to, ("safetensors", "torch.export", "onnx"))
    from ..empirical.evaluation.target import load_target
    from ..empirical.models import Classifier
    from ..empirical.models import export as write
    from ..empirical.models.exporting import FORMATS

    ending = FORMATS[to]
    network, trained = load_target(run)
    if not isinstance(network, Classifier):
        rule = "be a network of spadv: a run folder, a checkpoint or a file of `spadv export`"
        raise InputError("run", rule, run)
    folder = trained.folder if trained is not None else None
    path = file or (folder or Path.cwd()) / f"model{ending}"
    try:
        apart = write(network, path, to)
    except InputError as error:
        raise error.about("out" if error.argument == "path" else error.argument) from None
    if as_json:
        spec = network.spec.to_json()
        print_json({"file": str(path), "to": to, "largest_difference": apart, "spec": spec})
        return
    out.print(f"Saved: {path} (loaded again; logits {apart:.1e} apart at most)", markup=False)
