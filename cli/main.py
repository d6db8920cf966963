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

from . import networks
from .options import Json

app = typer.Typer(
    name="spadv",
    help="Check, teach and reproduce the trade-off between spatial and adversarial robustness "
    "(arXiv 2002.11318).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

CodewordText = (
    "simplex:K, legendre:N, random:D:SEED, dual-bch:K, qr:N, a string of + and -, hexadecimal "
    "digits, or a file."
)
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
    folder: Annotated[Path, typer.Argument(help="What `verify`, `reproduce` or `bridge` wrote.")],
) -> None:
    """Rebuild figures and report.html from saved results."""
    _one_blas_thread()
    if (folder / "results.jsonl").is_file() or not any(folder.glob("*.json")):
        from . import verify as command

        command.rebuild(folder)
    elif (folder / "bridge.json").is_file():
        from . import bridge

        bridge.rebuild(folder)
    else:
        from . import reproduce

        reproduce.rebuild(folder)


networks.register(app)


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


#: Options whose value is a folder; the shell makes "" of an unset variable.
_FOLDERS = ("--out", "--data-root")


def _run(arguments: list[str] | None) -> int:
    command = typer.main.get_command(app)
    given = sys.argv[1:] if arguments is None else arguments
    for option, value in zip(given, [*given[1:], "-"], strict=False):
        if (option in _FOLDERS and value == "") or option in [f"{name}=" for name in _FOLDERS]:
            return _fail(f"'{option.rstrip('=')}' must be a folder, got ''", 2)
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
        from ..errors import RunFailedError, SimulationMismatchError, SpadvError

        if isinstance(error, SimulationMismatchError | RunFailedError):
            return _fail(str(error), 1)
        if isinstance(error, SpadvError):
            return _fail(str(error), 2)
        if isinstance(error, OSError) and error.filename is None:
            # A full disk behind a redirection, for instance; the rest is lost too.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            return _fail(f"the output cannot be written: {error.strerror or error}", 1)
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
