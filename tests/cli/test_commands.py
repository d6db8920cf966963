"""The contract of `spadv code`, `accuracy` and `bounds`: keys, values, exit codes."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from spadv.cli import console
from spadv.cli.train import label
from spadv.empirical.settings import ModelConfig, TrainConfig
from spadv.style import new_figure, plain, styled, to_svg

ORACLE = json.loads(
    (Path(__file__).parents[1] / "oracles" / "cyclic_codes.json").read_text(encoding="utf-8")
)["codes"]


def test_help_imports_neither_half():
    script = (
        "import sys; from spadv.cli.main import _run; status = _run(['--help']);"
        "loaded = {'numpy', 'scipy', 'matplotlib', 'galois', 'torch'} & set(sys.modules);"
        "sys.exit(status or (1 if loaded else 0))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name in ("code", "accuracy", "bounds", "verify", "report"):
        assert name in done.stdout


#: Answered, or refused, before anything large is imported.
AT_ONCE = {
    "": ["code --length x", "accuracy", "bounds --p 0.3 --budget 1 --delta 1", "verify --level 2"],
    "train": [
        "--model vgg",
        "--learning-rate 0",
        "--epochs x",
        "--device gpu",
        "--augment Q:3",
        "--milestones ²",
    ],
    "evaluate": [
        "m --steps 0",
        "m --budgets 2",
        "m --level 1",
        "m --part tests",
        "m --step-size 0",
    ],
    "data": ["prepare mnist --size 3", "prepare x --size 0", "get"],
    "reproduce": [
        "--seeds x",
        "fig8 --shard 3",
        "fig8 --shard ²/2",
        "fig8 --launcher pbs",
        "fig99",
        "fig8 --scale x",
    ],
    "export": ["run --to zip"],
    "bridge": ["--scale large", "--seeds 1"],
    "predict": ["", "--classes 3,8 --rotations ...", "--pairs some", "--classes 3,8 --budgets x"],
    "frontier": ["--codeword +- --shift 1 --p 0.7 --budget -1"],
}


def test_help_and_refusals_need_no_torch():
    from spadv.cli.main import COMMANDS

    calls = [([name, "--help"], 0) for name in COMMANDS]
    calls += [(["data", name, "--help"], 0) for name in ("list", "prepare")]
    calls += [([*k.split(), *t.split()], 2) for k, texts in AT_ONCE.items() for t in texts]
    script = (
        "import sys; from spadv.cli.main import _run\n"
        f"for arguments, status in {calls!r}:\n"
        "    heavy = {'torch', 'numba', 'matplotlib'} if arguments[-1] == '--help' else {'torch'}\n"
        "    if _run(arguments) != status or heavy & set(sys.modules): sys.exit(str(arguments))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    refused = done.stderr.strip().splitlines()
    assert len(refused) == sum(status == 2 for _, status in calls), done.stderr
    assert all(line.startswith("spadv: ") for line in refused)


@pytest.mark.parametrize(
    "call",
    ["train", "evaluate run", "data list", "bridge", "reproduce fig5", "predict --classes 3"],
)
def test_a_missing_torch_is_one_line(call):
    script = (
        "import sys; sys.modules['torch'] = None; from spadv.cli.main import _run;"
        f"sys.exit(_run({call.split()}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    line = f"spadv: `spadv {call.split()[0]}` needs torch: pip install 'spadv[empirical]'\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", line)


def test_text_is_printed_as_it_is(capsys):
    """A path or a class may look like a style or a picture of rich."""
    text = "[red] :car: [/]"
    console.print_table(text, (f"1{text}",), [(f"2{text}",)], totals=[(f"3{text}",)])
    console.err.print(text)
    with console.progress_bar(text) as tell:
        tell(1, 2, text)
    shown = capsys.readouterr()
    assert shown.out.count(text) == 4
    assert text in shown.err


TABLES = [
    "bounds --p 0.7 --budget 4 --delta 0.5 --spatial 0.9 --shifts 3",
    "accuracy --codeword simplex:4 --shift 5 --p 0.6 --budget 2",
    "verify --claim thm2 --codeword simplex:3 --samples 0",
    "code --length 15 --all",
    "reproduce fig8 --scale small --dry-run",
]


@pytest.fixture
def terminal(monkeypatch):
    """Make the output a terminal of some width."""

    def of_width(width):
        monkeypatch.setattr(console.out, "_force_terminal", True)
        monkeypatch.setattr(console.out, "_color_system", None)
        monkeypatch.setattr(console.out, "_width", width)

    return of_width


@pytest.mark.parametrize("call", TABLES, ids=lambda call: call.split()[0])
def test_tables_break_no_word_in_80_columns(spadv, terminal, call):
    piped = spadv(*call.split())
    terminal(80)
    shown = spadv(*call.split())
    assert (piped.status, shown.status) == (0, 0)
    wide, narrow = (
        [line for line in text.splitlines() if line.endswith(" ") and "─" not in line]
        for text in (piped.out, shown.out)
    )
    assert max(map(len, narrow)) <= 80
    assert Counter(" ".join(wide).split()) - Counter(" ".join(narrow).split()) == Counter()


@given(data=st.data(), width=st.integers(30, 120))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_table_keeps_its_words_and_the_width(capsys, terminal, data, width):
    word = st.text("abcdefgh", min_size=1, max_size=12)
    cell = st.lists(word, max_size=8).map(" ".join)
    header = data.draw(st.lists(cell, min_size=1, max_size=9))
    rows = data.draw(st.lists(st.tuples(*[cell] * len(header)), max_size=4))
    terminal(width)
    capsys.readouterr()
    console.print_table("", header, rows, numbers=())
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    words = Counter(" ".join(lines).split())
    given_words = Counter(" ".join(text for row in (header, *rows) for text in row).split())
    assert given_words - words == Counter()


@pytest.mark.parametrize("arguments", [("--out", ""), ("--out=",), ("--data-root", "")])
def test_an_empty_folder_is_not_the_current_one(spadv, tmp_path, monkeypatch, arguments):
    """The shell makes nothing of a variable that is not set."""
    monkeypatch.chdir(tmp_path)
    done = spadv("reproduce", "fig8", "--dry-run", *arguments)
    assert done.status == 2
    assert "must be a folder" in done.err
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_gets_one_line():
    words = ["accuracy", "--codeword", "simplex:4", "--shift", "5", "--p", "0.6", "--budget", "2"]
    command = [sys.executable, "-m", "spadv.cli.main", *words]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "spadv: the output cannot be written: No space left on device"
    ]


def test_no_arguments_show_help(spadv):
    assert "verify" in spadv().out


def test_version(spadv):
    assert spadv("--version").out.startswith("spadv 0.")


@pytest.mark.parametrize("entry", ORACLE[::23], ids=lambda e: f"{e['n']}-{e['k']}")
def test_code_json_matches_the_oracle(spadv, entry):
    generator = ",".join(map(str, entry["generator_exponents"]))
    found = spadv("code", "--length", entry["n"], "--generator", generator, "--json")
    assert found.status == 0
    described = found.json
    keys = ["n", "k", "generator_exponents", "defining_set", "min_distance", "weights"]
    assert set(described) == {*keys, "period_of_generator", "bounds", "generator_octal"}
    octal = described["generator_octal"]
    assert spadv("code", "--length", entry["n"], "--generator", octal, "--json").json == described
    for key in ("n", "k", "generator_exponents", "min_distance", "weights"):
        assert described[key] == entry[key]
    assert described["bounds"]["bch"] <= entry["min_distance"]
    again = ",".join(map(str, described["defining_set"]))
    by_zeros = spadv("code", "--length", entry["n"], "--defining-set", again, "--json")
    assert by_zeros.json == described


def test_code_families(spadv):
    golay = spadv("code", "--length", 23, "--family", "golay", "--json").json
    assert (golay["k"], golay["min_distance"]) == (12, 7)
    table = spadv("code", "--length", 23, "--family", "golay")
    assert "1,288" in table.out  # codewords of weight 11 and 12
    zero = spadv("code", "--length", 5, "--generator", "0,5", "--json").json
    assert (zero["k"], zero["min_distance"], zero["bounds"]) == (0, None, None)


def test_code_as_tables_print_it(spadv):
    """The two-error-correcting codes of Lin and Costello's appendix C."""
    for length, octal in ((15, "0o721"), (127, "0o41567")):
        found = spadv("code", "--length", length, "--generator", octal, "--json").json
        assert (found["min_distance"], found["generator_octal"]) == (5, octal)
        again = ("--length", length, "--family", f"bch:k={found['k']}", "--alpha")
        primitive = "0o211" if length == 127 else "0,1,4"
        assert spadv("code", *again, primitive, "--json").json == found
    assert "0o721" in spadv("code", "--length", 15, "--generator", "0b111010001").out


def test_extended_and_shortened_codes(spadv):
    golay = ("code", "--length", 23, "--family", "golay")
    found = spadv(*golay, "--extended", "--json").json
    assert (found["n"], found["k"], found["min_distance"]) == (24, 12, 8)
    assert found["weights"] == {"0": 1, "8": 759, "12": 2576, "16": 759, "24": 1}
    assert found["bounds"] == {"lower": 8, "upper": 8}
    assert found["cyclic"]["generator_octal"] == spadv(*golay, "--json").json["generator_octal"]
    # The code of computers' memories: 64 bits of data and 8 of checks.
    memory = ("code", "--length", 127, "--family", "hamming", "--shorten", 56, "--extended")
    found = spadv(*memory, "--json").json
    assert (found["n"], found["k"], found["min_distance"]) == (72, 64, 4)
    assert (found["extended"], found["shortened"], found["cyclic"]["n"]) == (True, 56, 127)
    rows = [[int(bit) for bit in row] for row in found["generator_matrix"]]
    assert len(rows) == 64
    assert all(len(row) == 72 and sum(row) % 2 == 0 for row in rows)
    shown = spadv(*memory).out
    assert "[72, 64]: cyclic [127, 120], shortened by 56 and extended by a parity bit" in shown


def test_code_all_lists_every_code(spadv):
    listed = spadv("code", "--length", 15, "--all", "--json").json
    expected = {tuple(e["generator_exponents"]): e["min_distance"] for e in ORACLE if e["n"] == 15}
    generators = {tuple(code["generator_exponents"]): code for code in listed}
    assert len(listed) == len(generators) == 2**5
    assert expected.keys() <= generators.keys()
    for exponents, distance in expected.items():
        assert generators[exponents]["bounds"]["bch"] <= distance
    assert "32 cyclic codes" in spadv("code", "--length", 15, "--all").out


def test_code_reports_bounds_when_time_is_up(spadv):
    found = spadv("code", "--length", 511, "--family", "bch:75", "--seconds", 0, "--json")
    described = found.json
    assert described["min_distance"] is None
    assert 75 <= described["bounds"]["lower"] < described["bounds"]["upper"]
    assert "Stopped early" in found.err


def test_accuracy_json(spadv):
    arguments = ("accuracy", "--codeword", "simplex:4", "--shift", 5, "--p", 0.6, "--budget", 2)
    described = spadv(*arguments, "--samples", 2000, "--json").json
    assert described["d"] == 15
    assert described["n_shifts"] == 3
    assert described["kappa"] == [1.0, -1 / 15, -1 / 15]
    h = math.log(0.6 / 0.4) / 4
    shifted = [0.6 * norm.cdf(2 * k + h) + 0.4 * norm.cdf(2 * k - h) for k in described["kappa"]]
    assert described["shifted"] == pytest.approx(shifted, abs=1e-12)
    assert described["natural"] == pytest.approx(shifted[0], abs=1e-12)
    assert described["spatial"] == pytest.approx(np.mean(shifted), abs=1e-12)
    # An attack of budget 2 takes the whole mean 2 of the statistic: only x0 is left.
    assert described["adversarial"] == pytest.approx(
        0.6 * norm.cdf(h) + 0.4 * norm.cdf(-h), abs=1e-12
    )
    assert described["robust_bayes"] == pytest.approx(0.6)
    assert described["x0_rule"] == pytest.approx(0.6)
    assert described["x0_rule_adversarial"] == pytest.approx(0.6)
    best = described["shift_bayes"]
    assert best["interval"]["low"] <= best["value"] <= best["interval"]["high"]
    assert best["value"] > described["spatial"]
    assert spadv(*arguments, "--samples", 2000, "--json").json == described


def test_accuracy_table_says_that_x0_is_lost(spadv):
    words = "accuracy --codeword simplex:3 --shift 1 --p 0.7 --budget 4 --samples 500"
    found = spadv(*words.split())
    assert found.status == 0
    assert "overwrite x0" in found.err
    assert "sign(x0)" in found.out


def test_codeword_from_a_file(spadv, tmp_path):
    word = tmp_path / "word.txt"
    word.write_text("++-\n+--\n")
    arguments = ("--shift", 3, "--p", 0.6, "--budget", 1, "--samples", 100, "--json")
    from_file = spadv("accuracy", "--codeword", word, *arguments)
    typed = spadv("accuracy", "--codeword=++-+--", *arguments)
    assert from_file.json == typed.json


def test_frontier_json(spadv):
    words = "frontier --codeword random:64:0 --shift 32 --p 0.7 --budget 1 --points 7 --json"
    found = spadv(*words.split()).json
    assert {"inner", "outer", "exact", "named"} <= found.keys()
    inner, outer = np.array(found["inner"]), np.array(found["outer"])
    assert inner.shape[1] == outer.shape[1] == 2
    # What is achieved lies under what is excluded.
    ceiling = np.interp(inner[:, 0], outer[:, 0], outer[:, 1])
    assert (inner[:, 1] <= ceiling + 1e-6).all()
    assert {"lower", "upper"} <= found["exact"].keys()


def test_predict_json_and_figures(spadv, tmp_path):
    words = "predict --classes 3,8 --rotations 0,90,...,180 --budgets 0.1 --json --out"
    found = spadv(*words.split(), tmp_path).json
    assert found == json.loads((tmp_path / "prediction.json").read_text())
    assert (tmp_path / "prediction.png").is_file()
    (task,) = found["tasks"]
    assert [row["label"] for row in task["transformations"]["rotation"]] == [-90, 0, 90, 180]
    (row,) = task["ranges"][-1]["budgets"]
    assert row["loss"] == pytest.approx(row["robust_bayes"] - row["linear_adversarial"], abs=1e-3)
    assert row["linear_adversarial"] < row["law"] <= row["robust_bayes"]


def test_symbolic_output(spadv):
    text = spadv("symbolic", "--claim", "thm2a")
    assert text.status == 0
    assert "Part (a)" in text.out
    assert "align" in spadv("symbolic", "--claim", "thm2a", "--latex").out
    listed = spadv("symbolic", "--claim", "thm2a", "--json").json["derivations"]
    assert listed[0]["steps"][0]["latex"]


BOUND_KEYS = {"theorem2", "theorem3", "sharpened", "gradual", "gradual_tight", "lower"}


def test_bounds_json_at_the_full_budget(spadv):
    words = "bounds --p 0.7 --budget 4 --delta 0.5 --spatial 0.9 --shifts 3 --json"
    found = spadv(*words.split()).json
    assert BOUND_KEYS | {"caps", "feasible"} <= found.keys()
    assert found["theorem2"] == pytest.approx(1 - 0.3 * 0.9 / 0.7)
    assert found["sharpened"] == pytest.approx(0.7 * 0.1 / 0.3)
    assert found["gradual_tight"] == pytest.approx(0.23309, abs=1e-5)
    assert found["caps"]["adversarial"] == pytest.approx(0.7)
    assert found["feasible"] is True


def test_bounds_say_why_a_law_has_no_value(spadv):
    words = "bounds --p 0.7 --delta 0.5 --spatial 0.9 --budget"
    assert "needs the number of shifts" in spadv(*words.split(), 4).out
    low = spadv(*words.split(), 1, "--shifts", 3).out
    assert "speak of budgets from 4 on" in low
    assert "needs the number of shifts" not in low


def test_a_network_of_ones_own_is_called_by_its_name():
    config = TrainConfig(model=ModelConfig("my2:Net"))
    assert "my2:Net" in label(config)


def test_bounds_json_below_it(spadv):
    found = spadv(
        "bounds", "--p", 0.7, "--budget", 2, "--delta", 0.5, "--adversarial", 0.99, "--json"
    ).json
    assert found["theorem2"] is None
    assert found["theorem3"] is None
    assert found["sharpened"] is None
    assert 0 <= found["gradual"] <= 1
    assert found["lower"] == pytest.approx(norm.cdf(norm.ppf(0.99) - 2 * math.sqrt(0.5)))
    assert found["feasible"] is False


def test_bounds_without_an_accuracy_give_the_caps(spadv):
    found = spadv("bounds", "--p", 0.7, "--budget", 1, "--delta", 0.5, "--json").json
    assert all(found[key] is None for key in BOUND_KEYS)
    assert found["caps"]["adversarial"] > 0.7
    shown = spadv("bounds", "--p", 0.7, "--budget", 1, "--delta", 0.5)
    assert "cap on A" in shown.out
    assert "add --spatial S or --adversarial A" in shown.err


WORD = "accuracy --codeword simplex:4 --shift"
BAD = {
    "length 0 of all": "code --length 0 --all",
    "samples beyond all time": f"{WORD} 5 --p 0.6 --budget 4 --samples 100000000000",
    "length 0": "code --length 0 --family repetition",
    "length not an integer": "code --length 7.5 --family repetition",
    "generator": "code --length 9 --generator 0,1,3",
    "generator text": "code --length 9 --generator 0,x",
    "no code": "code --length 7",
    "two codes": "code --length 7 --family hamming:3 --all",
    "unknown family": "code --length 7 --family haming:3",
    "too many to list": "code --length 127 --all",
    "family of another length": "code --length 8 --family hamming:3",
    "m does not divide d": f"{WORD} 4 --p 0.6 --budget 4",
    "p too small": f"{WORD} 5 --p 0.3 --budget 4",
    "p above 1": f"{WORD} 5 --p 1.1 --budget 4",
    "p NaN": f"{WORD} 5 --p nan --budget 4",
    "p no number": f"{WORD} 5 --p half --budget 4",
    "negative budget": f"{WORD} 5 --p 0.6 --budget -1",
    "budget NaN": f"{WORD} 5 --p 0.6 --budget nan",
    "other symbols": "accuracy --codeword=+0- --shift 1 --p 0.6 --budget 1",
    "period 1": "accuracy --codeword=+++ --shift 1 --p 0.6 --budget 1",
    "verify of period 1": "verify --claim prop1 --codeword=---",
    "unknown claim": "verify --claim prop2",
    "eta": "verify --claim thm2a --codeword simplex:3 --eta 2",
    "samples": "verify --claim prop1 --samples -1",
    "S and A": "bounds --p 0.7 --budget 4 --delta 0.5 --spatial 1 --adversarial 1",
    "delta": "bounds --p 0.7 --budget 4 --delta 1.5",
    "S above 1": "bounds --p 0.7 --budget 4 --delta 0.5 --spatial 1.5",
    "binary or hexadecimal": "accuracy --codeword 0110 --shift 1 --p 0.6 --budget 1",
    "word too long": "accuracy --codeword random:100000000000:0 --shift 1 --p 0.6 --budget 1",
    "predict two classes or pairs": "predict",
    "predict an unknown class": "predict --classes 3,x",
    "predict angles without 0": "predict --classes 3,8 --rotations 30,60",
    "predict a list without end": "predict --classes 3,8 --rotations 0,...",
    "frontier of a constant word": "frontier --codeword=+++ --shift 1 --p 0.6 --budget 1",
    "frontier exactness": "frontier --codeword simplex:6 --shift 21 --p 0.6 --budget 1 "
    "--exact perhaps",
    "unknown derivation": "symbolic --claim thm7",
    "length too large": "code --length 1000000000 --family repetition",
    "exponent too large": "code --length 63 --generator 0,99999999999999999999",
    "time limit": "code --length 7 --family hamming:3 --seconds -1",
    "budget that overflows": f"{WORD} 5 --p 1 --budget 1e308",
    "too many points": "frontier --codeword simplex:6 --shift 21 --p 0.6 --budget 1 "
    "--points 1000000000000",
    "no such command": "verfy",
    "missing option": "bounds --p 0.7",
    "no results": "report /nonexistent",
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD)
def test_bad_input_gets_one_line_and_code_2(spadv, arguments):
    found = spadv(*arguments.split())
    assert found.status == 2
    assert found.out == ""
    lines = found.err.strip().splitlines()
    assert len(lines) == 1, found.err
    assert lines[0].startswith("spadv: ")
    assert "Traceback" not in found.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("code --length 6 --family golay", "'length' must be 23"),
        ("code --length 7 --defining-set 9", "'defining-set' must lie in 0..6"),
        ("code --length 15 --generator 721", "or digits after 0b, 0o or 0x as in 0o721, got '721'"),
        ("code --length 15 --generator 0o729", "have only digits from 0 to 7 after 0o"),
        ("code --length 15 --generator 0o723", "'generator' must divide x^15 - 1"),
        ("code --length 15 --family bch:k=8", "got 8. Those nearest are 5, 7, 11."),
        ("code --length 15 --family bch:k=x", "have a whole number after bch:"),
        ("code --length 15 --family qr --alpha 0o7", "'length' must be a prime"),
        ("code --length 15 --family bch:5 --alpha 0o7", "'alpha' must be an irreducible"),
        ("code --length 15 --family bch:5 --shorten 7", "'shorten' must be below the dimension 7"),
        ("code --length 15 --family bch:5 --shorten 0", "'shorten' must be an integer of at least"),
        ("code --length 15 --all --extended", "'extended' must be given with one code"),
        ("code --length 15 --generator 0o721 --alpha 0o31", "'alpha' must be given with"),
        ("accuracy --codeword simplex:99 --shift 1 --p 0.6 --budget 1", "'degree of simplex:99'"),
        ("train seed=3 --seed 4", "'seed' must be given once"),
        ("train optimiser.learning_rate=true", "above 0 and at most 1000, got True"),
        ("train optimiser.learning_rate='0.1'", "above 0 and at most 1000, got '0.1'"),
        ("train optimiser.lr=1", "a known key (batch_size"),
        ("train model.name=lenet model.name.x=1", "(name is none)"),
        ("train model.options={a=nan}", "hold finite numbers"),
        ("train model.options={a=1979-05-27}", "hold finite numbers"),
        ("train one.toml two.toml", "be one file, and keys with values"),
    ],
)
def test_messages_name_what_was_written(spadv, arguments, said):
    found = spadv(*arguments.split())
    assert found.status == 2
    assert said in found.err


def test_keys_of_a_configuration_are_set_on_the_command_line(spadv, tmp_path):
    file = tmp_path / "a.toml"
    file.write_text("\ufeffepochs = 3\n[optimiser]\nlearning_rate = 0.5\n", encoding="utf-8")
    keys = [
        "optimiser.learning_rate=0.02",
        "model.name=lenet",
        "augment=R:30",
        "objective.name=pgd",
    ]
    keys += ["objective.budget=8/255", "model.options.width=0.5", "optimiser.milestones=[1, 2]"]
    made = spadv("train", file, *keys, "--seed", 7, "--dry-run", "--json").json["config"]
    assert made["optimiser"]["learning_rate"] == 0.02
    assert made["optimiser"]["milestones"] == [1, 2]
    assert made["model"]["name"] == "lenet"
    assert made["model"]["options"] == {"width": 0.5}
    assert made["seed"] == 7
    (stage,) = made["stages"]
    assert (stage["epochs"], stage["augment"]["rotation"]) == (3, 30.0)
    assert stage["objective"]["budget"] == pytest.approx(8 / 255)


def test_a_byte_order_mark_and_a_file_called_like_digits(spadv, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rest = ("--shift", 3, "--p", 0.6, "--budget", 1, "--samples", 50, "--json")
    Path("face").write_text("\ufeff++-\n+--\n", encoding="utf-8")
    assert "./face for the file" in spadv("accuracy", "--codeword", "face", *rest).err
    named = spadv("accuracy", "--codeword", "./face", *rest).json
    assert named == spadv("accuracy", "--codeword=++-+--", *rest).json
    digits = spadv("accuracy", "--codeword", "0xface", "--shift", 8, *rest[2:])
    assert digits.json["d"] == 16


@pytest.mark.slow
def test_a_long_code_as_json(spadv):
    """Python refuses to write integers of more than 4300 digits unless told otherwise."""
    weights = spadv("code", "--length", 14_351, "--generator", "0,1", "--json").json["weights"]
    assert sum(map(int, weights.values())) == 2**14_350


def test_the_time_limit_is_that_of_weights_too(spadv):
    found = spadv("code", "--length", 127, "--family", "bch:31", "--seconds", 0, "--json")
    assert found.json["weights"] is None
    assert "the time is up" in found.err


def test_a_path_that_no_encoding_has(tmp_path):
    command = [
        sys.executable,
        "-m",
        "spadv.cli.main",
        "train",
        "--dry-run",
        "--out",
        b"\xff$a$[red]",
    ]
    done = subprocess.run(command, capture_output=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert rb"into \udcff$a$[red]." in done.stdout


def test_figures_show_text_as_it_is():
    with styled():
        figure = new_figure()
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], label=plain("_runs/$\\no$"))
        axes.set_title(plain("[red] $\\frac$ {"))
        axes.legend()
        assert "<svg" in to_svg(figure)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [r" _runs/\$\no\$"]


def test_all_codes_of_a_length_with_distances_up_to_a_cost(spadv):
    enough, few = (
        spadv("code", "--length", 21, "--all", "--words", words, "--json") for words in (10**6, 30)
    )
    assert all(row["min_distance"] for row in enough.json if row["k"])
    assert "distances need more than 30 words" in few.err
    for row, true in zip(few.json, enough.json, strict=True):
        if row["k"]:
            assert row["bounds"]["lower"] <= true["min_distance"] <= row["bounds"]["upper"]
            assert row["min_distance"] in (None, true["min_distance"])
    assert "distance" in spadv("code", "--length", 7, "--all", "--words", 9).out
    for bad in (("--family", "repetition", "--words", 5), ("--all", "--words", -1)):
        found = spadv("code", "--length", 7, *bad)
        assert found.status == 2
        assert "'words'" in found.err
