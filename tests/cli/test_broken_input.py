"""Broken command lines and files: one line and exit code 2, never a traceback, nothing lost."""

from __future__ import annotations

import contextlib
import io
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spadv.cli.main import COMMANDS, _run, load

#: What stands where a value is asked for: numbers out of range, other types, markup, odd files.
_NUMBERS = ["-1", "0", "1", "2", "3", "1" * 40, "-0", "1e400", "nan", "inf", "1e-400", "0.5", "x"]
_TEXTS = [
    *("8/255", "1/0", "0x", "\u0663", "", " ", "none", "[red]", "[/y]", "$x$", "{}", "a,b", "0,0"),
    *(":", "::", "=", "R:", "RT:2", "pgd:", "pgd:9", "trades:1,beta=x", "cusp", "p4", "invariant"),
    *("simplex:", "simplex:1", "simplex:3", "random:2:x", "+-", "mnist-sample", "bch:9", "0,1,3"),
    *("FOLDER", "EMPTY", "BINARY", "HALF.json", "BOM.toml", "LIST.toml", "GONE/x", "\udcff", "."),
    *("nomodule:f", "json:loads", "os.path:", "timm:", "hf:", "a.b=1", "stages=3", "seed=[]"),
    *("data=1979-05-27", "model.options={a=nan}", "model.options={a=1}", "epochs=5", "seed=3"),
    *("cpu:1", "cuda:99", "3/2", "1/2", "fig8", "cpu", "cifar10=GONE", "partition=a,time=x"),
]
#: Left out: what would work, and take its time, and what only other tests may wait for.
_NEVER = {"--help", "-h", "--launcher", "--tensorboard", "--compile", "--list"}
#: Of each command what is certainly wrong, and, where one is quick, a line that works: what is
#: drawn stands around it, and takes the place of its options.
_BASES = {
    "code": ["--length 0", "--length 7 --family hamming --seconds 0", "--length 7 --all"],
    "accuracy": ["--p 2", "--codeword=+-- --shift 1 --p 0.7 --budget 1 --samples 9"],
    "bounds": ["--delta 7", "--p 0.7 --budget 2 --delta 0.5 --spatial 0.7 --shifts 3"],
    "verify": ["--level 1", "--claim prop1 --samples 0 --codeword GONE"],
    "frontier": ["--points 0", "--codeword=+-- --shift 0 --p 0.7 --budget 1"],
    "symbolic": ["--claim nothing"],
    "report": [""],
    "train": ["--batch-size 0", "--dry-run"],
    "evaluate": ["--level 0", "GONE/x", "nomodule:f"],
    "export": ["GONE/x --to onnx", "nomodule:f --to safetensors", "GONE/x --to zip"],
    "reproduce": ["--shard 5", "fig99", "fig16a-d --scale smoke --dry-run"],
    "bridge": ["--seeds 0"],
    "place": ["GONE/x", "GONE/x nomodule:f"],
    "data list": ["--nothing", ""],
    "data prepare": ["--size -3", "GONE/x"],
}


#: Where the base comes last, since what takes its place may take minutes.
_LAST = {"verify", "symbolic", "bridge"}


def _command(name: str) -> Any:
    first, _, rest = name.partition(" ")
    found = load(first)
    return found.commands[rest] if rest else found


def _lines(name: str) -> st.SearchStrategy[list[str]]:
    """Return command lines of a command, each with at least one thing that is wrong."""
    command = _command(name)
    options = [p for p in command.params if p.param_type_name == "option"]
    odd = st.text(st.characters(exclude_characters="\0"), max_size=6)
    text = st.sampled_from(_TEXTS) | odd
    value = st.sampled_from(_NUMBERS) | text
    parts: list[st.SearchStrategy[tuple[str, ...]]] = [st.tuples(text)]
    for option in options:
        flag = max(option.opts, key=len)
        if flag in _NEVER:
            continue
        value = (
            st.sampled_from(_NUMBERS)
            if getattr(option, "bare_type", None) in (int, float)
            else text
        )
        parts.append(st.just((flag,)) if option.is_flag else st.tuples(st.just(flag), value))
    parts.append(st.sampled_from([("--nothing",), ("-z",)]))
    some = st.lists(st.one_of(parts), max_size=3).map(lambda found: [w for p in found for w in p])
    base = st.sampled_from(_BASES.get(name, ["--nothing"])).map(str.split)
    last = st.just([]) if name in _LAST else some

    def joined(words: tuple[list[str], ...]) -> list[str]:
        return [*name.split(), *(word for part in words for word in part)]

    return st.tuples(some, base, last).map(joined)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("place")
    (folder / "FOLDER").mkdir()
    (folder / "FOLDER" / "results.jsonl").write_text("{}\n")
    (folder / "EMPTY").write_text("")
    (folder / "BINARY").write_bytes(random.Random(0).randbytes(500))
    (folder / "HALF.json").write_text('{"a": ')
    (folder / "BOM.toml").write_text("\ufeffepochs = 0\n", encoding="utf-8")
    (folder / "LIST.toml").write_text("stages = [1, 2]\n[model]\nname = 3\n")
    return folder


def _state(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def check(arguments: list[str], place: Path) -> None:
    """Run a broken command line: exit code 2 and one line that says why."""
    before, out, err = _state(place), io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with (
        contextlib.chdir(place),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        status = _run(arguments)
    lines = err.getvalue().strip().splitlines()
    assert status in (0, 2), (arguments, err.getvalue())
    out.flush()
    if status == 2:
        assert lines[-1].startswith("spadv: "), arguments
        assert "Traceback" not in err.getvalue()
        assert out.buffer.tell() == 0, arguments
        assert _state(place) == before, arguments
    assert before.items() <= _state(place).items(), arguments


@pytest.mark.parametrize(
    "name", ["BINARY", "EMPTY", "HALF.json", "LIST.toml", "BOM.toml", "FOLDER"]
)
@pytest.mark.parametrize(
    "line", ["evaluate {}", "place {}", "export {}", "data prepare {}", "report {}"]
)
def test_files_of_something_else(line: str, name: str, place: Path) -> None:
    check(line.format(name).split(), place)


def _test(name: str, examples: int) -> Any:
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(arguments=_lines(name))
    def run(arguments: list[str], place: Path) -> None:
        check(arguments, place)

    return run


_TRIED = sorted({*_BASES, *COMMANDS} - {"data"})


@pytest.mark.parametrize("name", _TRIED)
def test_broken_command_lines(name: str, place: Path) -> None:
    _test(name, 25)(place=place)


@pytest.mark.slow
@pytest.mark.parametrize("name", _TRIED)
def test_many_broken_command_lines(name: str, place: Path) -> None:
    _test(name, 500)(place=place)
