"""The `spadv` command: what it takes, and how it fails.

Only typer is imported here, so that `spadv --help` answers at once; a command's module is
imported when the command runs.

To add a command NAME: write `NAME.py` with a function NAME whose annotated parameters are its
options (those that others have too are in `options.py`) and whose docstring is its help, or
with a `typer.Typer` NAME if it has commands of its own; then give it a line in COMMANDS. It
prints by `console.py`, one JSON document with `--json`, and raises the errors of
`spadv.errors`, of which `main` makes one line and an exit code.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

#: Every command, with the first line of its help.
COMMANDS = {
    "code": "Describe a binary cyclic code: dimension, zeros, distance, weights, bounds.",
    "accuracy": "Give the exact accuracies of the named classifiers for one codeword.",
    "bounds": "Show all laws between spatial and adversarial accuracy side by side.",
    "verify": "Check the paper's claims exactly and by simulation.",
    "frontier": "Show what spatial and adversarial accuracy can be had together.",
    "certify": "Check that a certificate proves its values; refuse it otherwise.",
    "symbolic": "Derive the formulas step by step, each step proved by sympy.",
    "report": "Rebuild figures and report.html from saved results.",
    "train": "Train a network; a training that was stopped goes on where it was.",
    "evaluate": "Measure accuracy, invariance and robustness of a network, with intervals.",
    "export": "Write a trained network as safetensors, a torch.export program, or ONNX.",
    "predict": "Predict the trade-off between spatial and adversarial robustness of real classes.",
    "place": "Measure networks alike and place them by spatial and adversarial robustness.",
    "reproduce": "Make figures and tables of the paper: train what is missing, measure, draw, "
    "judge.",
    "bridge": "Train networks on the theory's distribution and place them on its exact frontier.",
    "data": "List the data sets, and get one.",
}
#: Commands whose work is thousands of small matrix products, for which BLAS threads only wait
#: for each other (measured: three times slower with two). Said before numpy is imported.
_ONE_THREAD = ("verify", "frontier", "report", "predict")
_HELP = {"help_option_names": ["-h", "--help"]}


class _Commands(TyperGroup):
    """The commands by name; the help of all needs none of their modules."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, line in COMMANDS.items():
            self.commands[name] = TyperCommand(name, help=line)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, stub, rest = super().resolve_command(ctx, args)
        return name, stub and load(stub.name or ""), rest


def load(name: str) -> Any:
    """Return a command by name, its module imported."""
    if name in _ONE_THREAD:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    function = getattr(import_module(f".{name}", __package__), name)
    if isinstance(function, typer.Typer):
        return typer.main.get_command(function)
    app = typer.Typer(add_completion=False, context_settings=_HELP)
    app.command(name)(function)
    return typer.main.get_command(app)


app = typer.Typer(
    name="spadv",
    cls=_Commands,
    help="Check, teach and reproduce the trade-off between spatial and adversarial robustness "
    "(arXiv 2002.11318).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=_HELP,
)


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


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit.

    Exit codes: 0 done; 1 a claim that should hold is violated, or a run failed; 2 bad
    input, with one line on stderr; 130 interrupted. A fault of spadv is 1, and one line, too.
    """
    try:
        status = _run(arguments)
    except Exception as error:
        *_, frame = traceback.extract_tb(error.__traceback__)
        where = f"{Path(frame.filename).name}, line {frame.lineno}"
        status = _fail(f"a fault of spadv, please report it: {error!r} ({where})", 1)
    sys.exit(status)


#: Options whose value is a path, and how it is called; the shell makes "" of an unset variable.
_PATHS = dict.fromkeys(("--out", "--data-root"), "a folder") | dict.fromkeys(
    ("--layers", "--certificate", "--warm-start", "--compare"), "a file or folder"
)

#: Modules that may be missing: the package, and which extra brings it.
_EXTRAS = dict.fromkeys(("torch", "torchvision"), ("torch", "empirical"))
_EXTRAS |= {"parsl": ("parsl", "cluster")}


def _run(arguments: list[str] | None) -> int:
    command = typer.main.get_command(app)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a path may hold what no encoding has
        sys.stdout.reconfigure(errors="backslashreplace")
    given = sys.argv[1:] if arguments is None else arguments
    for before, text in zip(["", *given], given, strict=False):
        option = before if text == "" else text.removesuffix("=") if text.endswith("=") else "-"
        if option in _PATHS:
            return _fail(f"'{option}' must be {_PATHS[option]}, got ''", 2)
        if not text and not before.startswith("-"):
            return _fail("an argument must not be empty, got ''", 2)
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
            return _fail(_usage(error), error.exit_code)
        if type(error).__name__ == "Abort":
            return _fail("interrupted", 130)
        if isinstance(error, ModuleNotFoundError) and error.name in _EXTRAS:
            package, extra = _EXTRAS[error.name]
            return _fail(f"`spadv {given[0]}` needs {package}: pip install 'spadv[{extra}]'", 2)
        from ..errors import RunFailedError, SimulationMismatchError, SpadvError

        if isinstance(error, SimulationMismatchError | RunFailedError):
            return _fail(str(error), 1)
        if isinstance(error, SpadvError):
            return _fail(str(error), 2)
        if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
            return _fail(f"out of memory: {error}", 1)
        if isinstance(error, OSError) and error.filename is not None:
            return _fail(f"cannot use {error.filename}: {error.strerror or error}", 2)
        if isinstance(error, OSError):
            # A full disk behind a redirection, for instance; the rest is lost too.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            return _fail(f"the output cannot be written: {error.strerror or error}", 1)
        raise
    if status == 130:  # newer typer catches Ctrl-C itself
        return _fail("interrupted", 130)
    return status if isinstance(status, int) else 0


def _usage(error: Any) -> str:
    """Return what is wrong with an option or argument, and with which value."""
    message: str = error.format_message()
    wrong = error.__cause__  # of pydantic, in newer typer
    if hasattr(wrong, "errors"):
        return f"{message.removesuffix('.')}, got {wrong.errors()[0]['input']!r}."
    return message


def _fail(message: str, status: int) -> int:
    line = " ".join(message.split())
    print(f"spadv: {line}", file=sys.stderr)  # noqa: T201
    return status


if __name__ == "__main__":
    main()
