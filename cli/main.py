"""The `spadv` command: what it takes, and how it fails.

Only typer is imported here, so that `spadv --help` answers at once; each command imports
its half of spadv when it runs.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="spadv",
    help="Check, teach and reproduce the trade-off between spatial and adversarial robustness "
    "(arXiv 2002.11318).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

data_app = typer.Typer(name="data", help="List the data sets, and get one.")
app.add_typer(data_app)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
CodewordText = (
    "simplex:K, legendre:N, random:D:SEED, dual-bch:K, qr:N, a string of + and -, hexadecimal "
    "digits, or a file."
)
DataRoot = Annotated[
    Path | None,
    typer.Option(help="Folder of data sets; $SPADV_DATA or ~/.cache/spadv/data by default."),
]
P = Annotated[float, typer.Option("--p", help="Probability in [1/2, 1] that x0 is the label.")]
Budget = Annotated[float, typer.Option("--budget", help="Attack budget e = eps sqrt(d), >= 0.")]


@app.command()
def code(
    length: Annotated[int, typer.Option("--length", help="Length n of the code.")],
    generator: Annotated[
        str | None, typer.Option(help="Generator exponents: 0,1,3 is 1 + x + x^3.")
    ] = None,
    defining_set: Annotated[
        str | None, typer.Option(help="Zeros, as exponents of a primitive n-th root of unity.")
    ] = None,
    family: Annotated[
        str | None,
        typer.Option(
            help="repetition, simplex:K, hamming:K, bch:DELTA, dual-bch:DELTA, qr or golay."
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="List every cyclic code of the length.")
    ] = False,
    seconds: Annotated[
        float | None,
        typer.Option(help="Time limit for the minimum distance; the bounds reached are shown."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Describe a binary cyclic code: dimension, zeros, distance, weights, bounds."""
    from . import code as command

    command.run(
        length,
        generator=generator,
        defining_set=defining_set,
        family=family,
        everything=everything,
        seconds=seconds,
        as_json=as_json,
    )


@app.command()
def accuracy(
    codeword: Annotated[str, typer.Option(help=CodewordText)],
    shift: Annotated[int, typer.Option(help="m, a divisor of the length.")],
    p: P,
    budget: Budget,
    samples: Annotated[
        int, typer.Option(help="Samples for what has no closed form (shift-Bayes).")
    ] = 200_000,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 0,
    level: Annotated[float, typer.Option(help="Confidence level of intervals.")] = 0.95,
    as_json: Json = False,
) -> None:
    """Give the exact accuracies of the named classifiers for one codeword."""
    from . import accuracy as command

    command.run(codeword, shift, p, budget, samples, seed, level, as_json=as_json)


@app.command()
def bounds(
    p: P,
    budget: Budget,
    delta: Annotated[
        float, typer.Option(help="Relative distance of the word and its shift, in [0, 1].")
    ],
    spatial: Annotated[
        float | None, typer.Option(help="Accuracy S on the shifted input: bounds A.")
    ] = None,
    adversarial: Annotated[
        float | None, typer.Option(help="Adversarial accuracy A: bounds S.")
    ] = None,
    shifts: Annotated[
        int | None, typer.Option(help="Number n = d/m of shifts, for Theorem 3.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show all laws between spatial and adversarial accuracy side by side."""
    from . import bounds as command

    command.run(p, budget, delta, spatial, adversarial, shifts, as_json=as_json)


@app.command()
def verify(
    claim: Annotated[
        list[str] | None, typer.Option(help="Claim, or the beginning of several; repeatable.")
    ] = None,
    codeword: Annotated[list[str] | None, typer.Option(help=CodewordText)] = None,
    shift: Annotated[list[int] | None, typer.Option(help="Values of m.")] = None,
    p: Annotated[list[float] | None, typer.Option("--p", help="Values of p.")] = None,
    budget: Annotated[list[float] | None, typer.Option(help="Values of e = eps sqrt(d).")] = None,
    eta: Annotated[list[float] | None, typer.Option(help="Values of eta.")] = None,
    samples: Annotated[
        int, typer.Option(help="Simulated samples a comparison, at most; 0: none.")
    ] = 20_000,
    seed: Annotated[int, typer.Option(help="Seed of the simulations.")] = 0,
    level: Annotated[float, typer.Option(help="Confidence level of intervals.")] = 0.95,
    out: Annotated[
        Path | None, typer.Option(help="Folder for results.jsonl, figures and report.html.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check the paper's claims exactly and by simulation."""
    _one_blas_thread()
    from . import verify as command

    chosen: dict[str, Any] = {"codewords": codeword, "shifts": shift, "ps": p}
    chosen |= {"budgets": budget, "etas": eta}
    command.run(claim, chosen, samples, seed, level, out, as_json=as_json)


@app.command()
def frontier(
    codeword: Annotated[str, typer.Option(help=CodewordText)],
    shift: Annotated[int, typer.Option(help="m, a divisor of the length.")],
    p: P,
    budget: Budget,
    points: Annotated[int, typer.Option(help="Points on each frontier.")] = 25,
    exact: Annotated[
        str,
        typer.Option(help="Exact frontier over all classifiers: auto, always or never."),
    ] = "auto",
    out: Annotated[Path | None, typer.Option(help="Folder for frontier.json and figures.")] = None,
    as_json: Json = False,
) -> None:
    """Show what spatial and adversarial accuracy can be had together."""
    _one_blas_thread()
    from . import frontier as command

    command.run(codeword, shift, p, budget, points, out, as_json=as_json, exact=exact)


@app.command()
def symbolic(
    claim: Annotated[
        str | None, typer.Option(help="A claim or a derivation; all by default.")
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Print LaTeX.")] = False,
    as_json: Json = False,
) -> None:
    """Derive the formulas step by step, each step proved by sympy."""
    from . import symbolic as command

    command.run(claim, latex, as_json)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Folder that `spadv verify --out` wrote.")],
) -> None:
    """Rebuild figures and report.html from saved results."""
    _one_blas_thread()
    from . import verify as command

    command.rebuild(folder)


@app.command()
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
        "optimiser.milestones": _numbers("--milestones", milestones),
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


@app.command()
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
    rotations: Annotated[
        str | None, typer.Option(help="Largest angles in degrees: 0,30,60; or none.")
    ] = None,
    translations: Annotated[
        str | None, typer.Option(help="Largest shifts as fractions of the side: 0,0.1; or none.")
    ] = None,
    both: Annotated[
        str | None,
        typer.Option(help="Values of i, rotation to 180 i degrees with shift to i; or none."),
    ] = None,
    repeats: Annotated[int | None, typer.Option(help="Random motions an image; 1.")] = None,
    budgets: Annotated[
        str | None, typer.Option(help="l-infinity budgets in pixels: 0,2/255,8/255; or none.")
    ] = None,
    attack: Annotated[str | None, typer.Option(help="pgd, apgd or autoattack.")] = None,
    steps: Annotated[int | None, typer.Option(help="Steps of the attack.")] = None,
    step_size: Annotated[
        str | None, typer.Option(help="Step of the attack in pixels, such as 2/255.")
    ] = None,
    restarts: Annotated[int | None, typer.Option(help="Random starts of the attack; 1.")] = None,
    protocol: Annotated[
        str | None,
        typer.Option(help="corrected, or official: with the published scripts' mistakes."),
    ] = None,
    distance: Annotated[
        int | None, typer.Option(help="Images for the mean DeepFool distance; 0: none.")
    ] = None,
    worst_rotation: Annotated[
        float | None, typer.Option(help="Also the worst of a grid of angles up to so many degrees.")
    ] = None,
    images: Annotated[int | None, typer.Option(help="Use the first so many images.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of motions and attacks; 0.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Images a batch of an attack.")] = None,
    precision: Annotated[str | None, typer.Option(help="float32 or bfloat16.")] = None,
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

    settings: dict[str, Any] = {
        "rotations": command.numbers("rotations", rotations),
        "translations": command.numbers("translations", translations),
        "both": command.numbers("both", both),
        "repeats": repeats,
        "budgets": command.numbers("budgets", budgets),
        "attack": attack,
        "steps": steps,
        "step_size": step_size,
        "restarts": restarts,
        "protocol": protocol,
        "distance_images": distance,
        "worst_rotation": worst_rotation,
        "images": images,
        "seed": seed,
        "batch_size": batch_size,
        "precision": precision,
    }
    options = command.Options(data, data_root, part, device, compare, out, level)
    command.run(model, settings, options, as_json=as_json)


@data_app.callback(invoke_without_command=True)
def data(context: typer.Context) -> None:
    """List the data sets, and get one."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit


@data_app.command("list")
def data_list(data_root: DataRoot = None, as_json: Json = False) -> None:
    """List the data sets known by name, and which are there."""
    _need_torch("data")
    from . import data as command

    command.list_sets(data_root, as_json=as_json)


@data_app.command("prepare")
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


@app.command()
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
        str, typer.Option(help="local (this process), processes (of this machine), or slurm.")
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
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for Slurm, or only submit.")
    ] = True,
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
    from . import reproduce as command
    from .launching import Launching

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
        data_root=data_root,
        folder=out,
        device=device,
        how=Launching(
            launcher=launcher,
            workers=workers,
            shard=shard,
            job_processes=job_processes,
            retry=retry,
            any_version=any_version,
            slurm=slurm,
            wait=wait,
        ),
        dry_run=dry_run,
        as_json=as_json,
    )


def _numbers(option: str, text: str | None) -> list[int] | None:
    """Return the whole numbers of a list such as 75,90,100; None if there is no text."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdigit() for part in parts):
        raise typer.BadParameter(
            f"'{text}' must be whole numbers joined by commas", param_hint=option
        )
    return [int(part) for part in parts]


def _need_torch(command: str) -> None:
    """Say what to install where the empirical half's needs are missing."""
    from importlib.util import find_spec

    if find_spec("torch") is None or find_spec("torchvision") is None:
        from ..theory.errors import SpadvError

        raise SpadvError(f"`spadv {command}` needs torch: pip install 'spadv[empirical]'")


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Handle the options that stand before a command."""
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"spadv {installed('spadv')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit


def _one_blas_thread() -> None:
    """Keep BLAS to one thread; it must be said before numpy is first imported.

    The work is thousands of small matrix products, for which threads only wait for each
    other (measured: three times slower with two).
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit.

    Exit codes: 0 done; 1 a claim that should hold is violated, or a run failed; 2 bad
    input, with one line on stderr; 130 interrupted.
    """
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    command = typer.main.get_command(app)
    try:
        status = command.main(args=arguments, prog_name="spadv", standalone_mode=False)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except BrokenPipeError:
        # The reader of our output has gone; there is nobody to tell.
        sys.stderr.close()
        return 1
    except Exception as error:
        if hasattr(error, "format_message") and hasattr(error, "exit_code"):
            return _fail(error.format_message(), error.exit_code)  # a usage error
        if type(error).__name__ == "Abort":
            return _fail("interrupted", 130)
        from ..theory.errors import RunFailedError, SimulationMismatchError, SpadvError

        if isinstance(error, SimulationMismatchError | RunFailedError):
            return _fail(str(error), 1)
        if isinstance(error, SpadvError):
            return _fail(str(error), 2)
        raise
    if status == 130:  # newer typer catches Ctrl-C itself
        return _fail("interrupted", 130)
    return status if isinstance(status, int) else 0


def _fail(message: str, status: int) -> int:
    line = " ".join(message.split())
    print(f"spadv: {line}", file=sys.stderr)  # noqa: T201
    return status


if __name__ == "__main__":
    main()
