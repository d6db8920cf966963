"""What is refused is named as it was typed, before any work, and nothing is lost or left behind."""

from __future__ import annotations

import json
import re

import pytest

from spadv.checks import check_fraction, check_real
from spadv.cli import main as command_line
from spadv.errors import InputError, TooLargeError
from spadv.theory.codes import family
from spadv.theory.frontier import make_certificate
from spadv.theory.words import qr_word

WORD = "accuracy --shift 1 --p 0.7 --budget 1 --codeword"
FRONTIER = "frontier --codeword=++-- --shift 2 --p 0.7 --budget 1"
VERIFY = "verify --claim prop1 --codeword simplex:3 --samples 0"
REPRODUCE = "reproduce demo --scale smoke --dry-run"
LONG = "x" * 300

#: Of each kind of fault: a command line, and what is said.
REFUSED = [
    # The value of a usage error.
    ("code --length 7.5 --all", "'--length': .*, got '7.5'"),
    (f"{WORD} simplex:3 --level x", "'--level': .*, got 'x'"),
    (f"{VERIFY} --p half", "'--p': .*, got 'half'"),
    # What stands after a colon.
    ("code --length 7 --family bch:99", "'DELTA of bch:99' must be at most the length 7, got 99"),
    ("code --length 7 --family bch:k=3", "'DIMENSION of bch:k=3' must be the dimension"),
    ("code --length 8 --family dual-bch:3", "'length' must be odd"),
    ("code --length 7 --generator 0x", "'generator' must be whole numbers .* got '0x'"),
    (f"{WORD} qr:9", "'length of qr:9' must be a prime"),
    ("train --dry-run --augment R:200", "'augment rotation' must be .*, got 200"),
    ("train --dry-run --augment Q:3", "'augment' must be none, or parts"),
    ("train --dry-run --adversary pgd:2", "'adversary budget' must be .*, got 2"),
    ("train --dry-run objective=pgd:2", "'objective budget' must be .*, got 2"),
    ("train --dry-run objective=pdg:0.1", "'objective' must be one of .*Did you mean pgd"),
    # Names of settings that have another one on the command line; keys of a file stay keys.
    ("train --learning-rate 0", "'learning-rate' must"),
    ("train optimiser.learning_rate=0", "'optimiser.learning_rate' must"),
    ("train --optimiser sdg", "'optimiser' must be one of sgd, adam, .*Did you mean sgd"),
    ("train --model lenett", "'model' must be one of .*Did you mean lenet"),
    ("evaluate x --distance -1", "'distance' must"),
    ("evaluate x --worst-rotation 181", "'worst-rotation' must"),
    ("evaluate x --step-size 0", "'step-size' must be above 0"),
    (f"{REPRODUCE} --job-processes 0", "'job-processes' must"),
    (f"{REPRODUCE} --model stdcnn=a:", "'model' must have the form"),
    # What a dry run, too, can know.
    ("train --dry-run --data mnst", "'data' must be one of .*Did you mean mnist"),
    ("train --dry-run --data ~nobody/x", "'data' must be .* that exists"),
    ("train --dry-run --warm-start GONE", "'warm-start' must be a file that exists"),
    ("train --dry-run model.weights=3", "'model.weights' must be text, got 3"),
    ("train --dry-run --epochs 99999999999", "'epochs' must be at most 1000000"),
    (f"{REPRODUCE} --data cifa10=GONE", "'data' must be one of .*Did you mean cifar10"),
    (f"{REPRODUCE} --data cifar10=GONE", "'data' must be"),
    (f"{REPRODUCE} --seeds 999999999999", "'seeds' must be at most"),
    ("bridge --seeds 999999999999", "'seeds' must be at most"),
    ("evaluate x --repeats 99999999999", "'repeats' must be at most 1000000"),
    ("evaluate x --restarts 99999999999", "'restarts' must be at most 1000000"),
    ("data prepare FOLDER --size 99999999999", "'size' must be at most 10000"),
    ("reproduce fig99 --list", "'experiment' must be one of"),
    # Options that nothing would look at.
    (f"{VERIFY} --budget nan", "'budget' must"),
    (f"{VERIFY} --eta 2", "'eta' must"),
    ("verify --claim law.lower --samples 0 --shift -1", "'shift' must"),
    (f"{FRONTIER} --weight nan", "'weight' must be .* got nan"),
    ("code --length 7 --all --seconds 5", "'seconds' must be given with one code"),
    ("predict --classes 3,8 --networks lenet", "'networks' must be given with --measure"),
    ("predict --measure R:90:0.1 --classes 3,8", "'classes' must not be given with --measure"),
    # Where results cannot be written: before they are computed.
    *(
        (f"{line} --out {where}", "'out' must be a folder, or free to become one")
        for line in (VERIFY, FRONTIER, "bridge", "place", "evaluate x", "train --dry-run")
        for where in ("FILE", "FILE/x", "LINK", LONG)
    ),
    (f"{FRONTIER} --certificate FOLDER", "'certificate' must be a file.* It is a folder"),
    ("export x --out FILE/x", "'out' must be a file.* FILE is no folder"),
    # Paths that are none.
    ("certify GONE", "cannot read GONE"),
    ("certify FOLDER", "cannot read FOLDER"),
    ("certify DEEP.json", "DEEP.json is not JSON"),
    ("certify DIGITS.json", "DIGITS.json (is not JSON|holds no JSON object)"),
    ("certify LIST.json", "LIST.json holds no JSON object"),
    (f"report {LONG}", "cannot use x*/results.jsonl: File name too long"),
    ("train DEEP.toml", "'config' must be TOML"),
    # Files of something else, or in part.
    ("report BRIDGE", "BRIDGE is damaged or incomplete: KeyError: 'table'"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("place")
    for name in ("FOLDER", "BRIDGE"):
        (folder / name).mkdir()
    (folder / "FILE").write_text("")
    (folder / "LINK").symlink_to("LINK")
    (folder / "LIST.json").write_text("[1]")
    (folder / "DEEP.json").write_text("[" * 100_000)
    (folder / "DIGITS.json").write_text("1" * 10_000)
    (folder / "DEEP.toml").write_text("a = " + "[" * 100_000)
    (folder / "BRIDGE" / "bridge.json").write_text(json.dumps({"schema": 1, "id": "bridge"}))
    return folder


@pytest.mark.parametrize(("line", "said"), REFUSED, ids=[line[:60] for line, _ in REFUSED])
def test_refused_as_it_was_typed(spadv, place, monkeypatch, line, said):
    monkeypatch.chdir(place)
    before = sorted(place.rglob("*"))
    found = spadv(*line.split())
    assert (found.status, found.out) == (2, "")
    assert len(found.err.splitlines()) == 1
    assert re.search(said, found.err), found.err
    assert sorted(place.rglob("*")) == before


@pytest.mark.parametrize(
    "words",
    [
        *(
            ["certify", ""],
            ["report", ""],
            ["train", ""],
            ["evaluate", ""],
            ["data", "prepare", ""],
        ),
        *(["evaluate", "x", "--layers", ""], ["evaluate", "x", "--compare="]),
        ["frontier", "--certificate", ""],
        ["predict", "--classes", "3,8", "--data", ""],
    ],
    ids=" ".join,
)
def test_an_empty_path_is_not_the_current_folder(spadv, place, monkeypatch, words):
    monkeypatch.chdir(place / "FOLDER")
    found = spadv(*words)
    assert (found.status, found.out) == (2, "")
    assert "got ''" in found.err


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: check_real("x", -1.0, low=0), "'x' must be a finite number of at least 0, got"),
        (lambda: check_real("x", "1"), "'x' must be a finite number, got"),
        (lambda: check_fraction("x", "y", low=float("-inf")), "fraction like 8/255, got 'y'"),
        (lambda: family(7, "bch:9"), "'DELTA of bch:9'"),
        (lambda: family(8, "bch:3"), "'n' must be odd"),
        (lambda: qr_word(9), "'length' must be a prime"),
        (lambda: make_certificate(0.7, 1, "1/0", 0.5), "'kappa' must be a number, got '1/0'"),
        (lambda: make_certificate(0.7, 1, 0, float("nan")), "'weight' must be a number, got nan"),
    ],
)
def test_calls_name_their_own_arguments(call, said):
    with pytest.raises(InputError, match=re.escape(said)):
        call()


def test_an_error_under_another_name_is_the_same_error():
    error = TooLargeError("n", "be small", 9, "Take 8.").about("length")
    assert isinstance(error, TooLargeError)
    assert str(error) == "Argument 'length' must be small, got 9. Take 8."


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (KeyError("panels"), 1, "a fault of spadv, please report it: KeyError('panels')"),
        (MemoryError(), 1, "out of memory"),
        (PermissionError(13, "Permission denied", "file"), 2, "cannot use file: Permission denied"),
    ],
)
def test_no_error_ends_in_a_traceback(monkeypatch, capsys, error, status, line):
    def fail(name):
        raise error

    monkeypatch.setattr(command_line, "load", fail)
    with pytest.raises(SystemExit) as ended:
        command_line.main(["bounds"])
    assert ended.value.code == status
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith(f"spadv: {line}")
