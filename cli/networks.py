"""The commands of the empirical half: data, train, evaluate, reproduce, bridge.

As in :mod:`main` nothing heavy is imported before a command runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..empirical.settings import EvaluationSettings
from .options import DataRoot, Json
from .settings import takes

data = typer.Typer(
    name="data",
    help="List the data sets, and get one.",
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def train(
    config: Annotated[
        Path | None, typer.Argument(help="TOML file; options stand above it.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="stdcnn, vgg16, resnet18, lenet, ...")] = None,
    group: Annotated[str | None, typer.Option(help="p4 or p4m: its equivariant twin.")] = None,
    head: Annotated[str | None, typer.Option(help="paper or invariant.")] = None,
    data: Annotated[
        str | None, typer.Option(help="Data set (see spadv data list), folder or .npz file.")
    ] = None,
    data_root: Annotated[Path | None, typer.Option(help="Where data sets lie.")] = None,
    limit: Annotated[int | None, typer.Option(help="Use the first so many images.")] = None,
    augment: Annotated[
        str | None,
        typer.Option(help="none, R:DEGREES, T:FRACTION, RT:FRACTION, crop:4,flip,R:180"),
    ] = None,
    adversary: Annotated[
        str | None,
        typer.Option(help="natural, pgd:8/255, trades:8/255,beta=5, pgd:0.3,steps=40,step=0.01"),
    ] = None,
    curriculum: Annotated[
        str | None, typer.Option(help="plain, or cusp: up to --augment and --adversary.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs in all.")] = None,
    optimiser: Annotated[str | None, typer.Option(help="sgd or adam.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="0.1 by default.")] = None,
    milestones: Annotated[
        str | None, typer.Option(help="Epochs after which the rate falls tenfold: 75,90,100.")
    ] = None,
    weight_decay: Annotated[float | None, typer.Option(help="5e-4 by default.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Images a step, of all processes.")] = None,
    warm_start: Annotated[Path | None, typer.Option(help="Checkpoint to begin from.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    precision: Annotated[str | None, typer.Option(help="float32 or bfloat16.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    compiled: Annotated[bool, typer.Option("--compile", help="Use torch.compile.")] = False,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write TensorBoard events, too.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Run folder; runs/NAME-DIGEST by default.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the stages only.")] = False,
    as_json: Json = False,
) -> None:
    """Train a network; a training that was stopped goes on where it was."""
    _need_torch("train")
    from ..empirical.training import TrainOptions
    from . import train as command

    settings = {
        "model.name": model,
        "model.group": group,
        "model.head": head,
        "model.weights": None if warm_start is None else str(warm_start),
        "data.name": data,
        "data.limit": limit,
        "augment": augment,
        "objective": adversary,
        "curriculum": curriculum,
        "epochs": epochs,
        "optimiser.name": optimiser,
        "optimiser.learning_rate": learning_rate,
        "optimiser.milestones": milestones,
        "optimiser.weight_decay": weight_decay,
        "optimiser.batch_size": batch_size,
        "seed": seed,
        "precision": precision,
    }
    options = TrainOptions(device=device, compiled=compiled, tensorboard=tensorboard)
    command.run(
        config,
        settings,
        options,
        data_root=data_root,
        folder=out,
        dry_run=dry_run,
        as_json=as_json,
    )


@takes(EvaluationSettings)
def evaluate(
    model: Annotated[
        str,
        typer.Argument(
            help="Run folder, checkpoint, or module:factory (a function giving a torch "
            "network that takes pixels in [0, 1])."
        ),
    ],
    data: Annotated[
        str | None,
        typer.Option(help="Data set, folder or .npz file; the training's own by default."),
    ] = None,
    data_root: DataRoot = None,
    part: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    *,
    settings: dict[str, Any],
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    level: Annotated[float, typer.Option(help="Confidence level of intervals.")] = 0.95,
    compare: Annotated[
        str | None, typer.Option(help="A second network: paired differences on the same images.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for results and figures; RUN/evaluations by default."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure accuracy, invariance and robustness of a network, with intervals.

    Defaults are the paper's: on grey images PGD of 40 steps of 0.01 up to budget 0.3, else 10
    steps of 2/255 up to 8/255. What is finished is saved; the same command goes on.
    """
    _need_torch("evaluate")
    from . import evaluate as command

    names = [model] if compare is None else [model, compare]
    command.run(
        names,
        settings,
        data=data,
        data_root=data_root,
        part=part,
        device=device,
        level=level,
        folder=out,
        as_json=as_json,
    )


@data.callback(invoke_without_command=True)
def _data(context: typer.Context) -> None:
    """List the data sets, and get one."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@data.command("list")
def data_list(data_root: DataRoot = None, as_json: Json = False) -> None:
    """List the data sets known by name, and which are there."""
    _need_torch("data")
    from . import data as command

    command.list_sets(data_root, as_json=as_json)


@data.command("prepare")
def data_prepare(
    name: Annotated[str, typer.Argument(help="A known name, a folder of images, an .npz file.")],
    data_root: DataRoot = None,
    size: Annotated[
        int | None, typer.Option(help="Resize the images of a folder to this side.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Download a data set, or check and decode your own; say what is in it."""
    _need_torch("data")
    from . import data as command

    command.prepare(name, data_root, size=size, as_json=as_json)


def reproduce(
    artefact: Annotated[
        list[str] | None, typer.Argument(help="fig1 .. fig22, table1 .. table8, demo, or all.")
    ] = None,
    scale: Annotated[str, typer.Option(help="smoke, cpu or paper.")] = "cpu",
    seeds: Annotated[
        int | None, typer.Option(help="Training seeds of each network; smoke 1, others 3.")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            help="A data set in place of another: cifar10=FOLDER, for instance. May be given "
            "several times; figures say so."
        ),
    ] = None,
    data_root: Annotated[Path | None, typer.Option(help="Where data sets lie.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of runs, figures and report.html.")] = Path(
        "results"
    ),
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    launcher: Annotated[
        str,
        typer.Option(
            help="local (this process), processes (of this machine), slurm, or a Python file or "
            "module:function that gives a parsl Config."
        ),
    ] = "local",
    workers: Annotated[
        int | None, typer.Option(help="Jobs at a time; by default one a GPU, or else one a core.")
    ] = None,
    job_processes: Annotated[
        int, typer.Option(help="Processes (GPUs) of each training, by torchrun.")
    ] = 1,
    shard: Annotated[
        str | None, typer.Option(help="i/n: do the i-th of n shares of the trainings.")
    ] = None,
    slurm: Annotated[
        str, typer.Option(help="Settings of Slurm: partition=gpu,time=600,account=NAME, ...")
    ] = "",
    retry: Annotated[
        bool, typer.Option("--retry", help="Try again what diverged or lost its workers.")
    ] = False,
    any_version: Annotated[
        bool, typer.Option("--any-version", help="Use results of other releases of spadv, too.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show trainings, states and estimated costs only.")
    ] = False,
    listed: Annotated[
        bool, typer.Option("--list", help="Show every artefact, and how far it is in --out.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make figures and tables of the paper: train what is missing, measure, draw, judge."""
    _need_torch("reproduce")
    from ..empirical.launch import LaunchSettings
    from ..empirical.training import TrainOptions
    from . import reproduce as command

    if listed:
        command.list_artefacts(
            out,
            scale=scale,
            seeds=seeds,
            places=command.replacements(data or []),
            data_root=data_root,
            as_json=as_json,
        )
        return
    command.run(
        artefact or [],
        scale=scale,
        seeds=seeds,
        places=command.replacements(data or []),
        folder=out,
        how=LaunchSettings(
            root=out / "runs",
            launcher=launcher,
            workers=workers,
            slurm=slurm,
            job_processes=job_processes,
            retry=retry,
            any_version=any_version,
            data_root=data_root,
            options=TrainOptions(device=device),
        ),
        shard=shard,
        dry_run=dry_run,
        as_json=as_json,
    )


def bridge(
    scale: Annotated[
        str, typer.Option(help="smoke (seconds), cpu (about 20 minutes), or paper (hours).")
    ] = "cpu",
    seeds: Annotated[int, typer.Option(help="Training seeds of each network, at least 2.")] = 5,
    out: Annotated[Path, typer.Option(help="Folder of parts, figures and report.html.")] = Path(
        "bridge"
    ),
    as_json: Json = False,
) -> None:
    """Train networks on the theory's distribution and place them on its exact frontier.

    What is finished is saved; the same command goes on.
    """
    _need_torch("bridge")
    from . import bridge as command

    command.run(scale=scale, seeds=seeds, folder=out, as_json=as_json)


def _need_torch(command: str) -> None:
    """Say what to install where the empirical half's needs are missing."""
    from importlib.util import find_spec

    if find_spec("torch") is None or find_spec("torchvision") is None:
        from ..errors import SpadvError

        raise SpadvError(f"`spadv {command}` needs torch: pip install 'spadv[empirical]'")
