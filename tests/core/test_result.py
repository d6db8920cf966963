"""Results on disk: what is written is read back, and nothing is lost on the way."""

import json

import numpy as np
import pytest
from scipy import stats

from spadv.provenance import make_provenance
from spadv.result import MISMATCH_LEVEL, SCHEMA, VERDICTS, read_results
from spadv.store import write_atomically
from spadv.theory import Hypothesis, Interval, Quantity, Result, StoreError, check


def example(**changes):
    fields = {
        "claim": "thm2a",
        "locator": "Section 3",
        "statement": "a <= b, with \u03b7 and a line\nbreak and \u2028",
        "parameters": {"p": 0.6, "codeword": "+-", "shift": 1},
        "verdict": "holds",
        "hypotheses": (Hypothesis("e >= 4", True), Hypothesis("p < 1", False)),
        "value": 1 / 3,
        "interval": Interval(0.1, 0.2, 0.95),
        "bound": 0.5,
        "note": "n",
        "quantities": (Quantity("S", 0.25, 26, 100, 0.9), Quantity("A", None), Quantity("B", 0.5)),
        "provenance": make_provenance(7, 0.25),
    }
    return Result(**(fields | changes))


def test_round_trip_through_a_file(tmp_path):
    path = tmp_path / "deep" / "results.jsonl"
    results = [example(), example(interval=None, provenance=None, quantities=(), hypotheses=())]
    write_atomically(path, "".join(json.dumps(r.to_json()) + "\n" for r in results))
    assert list(read_results(path)) == results
    lines = path.read_text(encoding="utf-8").split("\n")
    assert len(lines) == 3
    assert lines[-1] == ""
    data = json.loads(lines[0])
    assert data["schema"] == SCHEMA
    assert data["quantities"][0]["simulated"] == 0.26
    assert data["quantities"][0]["agrees"] is True
    assert data["quantities"][0]["interval"]["level"] == 0.9
    assert [p.name for p in path.parent.iterdir()] == ["results.jsonl"]


def test_a_checked_claim_round_trips():
    result = check("thm2a", codeword="simplex:4", samples=500)
    data = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert Result.from_json(data) == result


def test_numbers_that_json_lacks_become_null():
    strange = example(value=float("nan"), bound=float("inf"), parameters={"k": np.arange(2)})
    data = strange.to_json()
    assert data["value"] is None
    assert data["bound"] is None
    assert data["parameters"] == {"k": [0, 1]}
    json.dumps(data, allow_nan=False)
    data = example(value=np.float64(0.5), parameters={"p": np.float64(0.25), "n": np.int64(3)})
    text = json.dumps(data.to_json(), allow_nan=False)
    assert json.loads(text)["parameters"] == {"p": 0.25, "n": 3}


@pytest.mark.parametrize("schema", [None, 0, SCHEMA + 1, "1", [SCHEMA]])
def test_another_schema_is_refused(tmp_path, schema):
    data = example().to_json() | {"schema": schema}
    with pytest.raises(StoreError, match="schema"):
        Result.from_json(data)
    path = tmp_path / "old.jsonl"
    path.write_text(json.dumps(example().to_json()) + "\n\n" + json.dumps(data))
    with pytest.raises(StoreError, match=r"old\.jsonl, line 3.*schema"):
        list(read_results(path))


@pytest.mark.parametrize(
    "line",
    ["{", "nonsense", "[]", "null", "3", "{}", json.dumps({"schema": SCHEMA})],
)
def test_a_corrupt_file_and_line_are_named(tmp_path, line):
    path = tmp_path / "results.jsonl"
    path.write_text(json.dumps(example().to_json()) + "\n" + line + "\n")
    with pytest.raises(StoreError, match=r"results\.jsonl, line 2"):
        list(read_results(path))


@pytest.mark.parametrize("key", ["hypotheses", "quantities", "provenance", "interval"])
@pytest.mark.parametrize("value", [3, "x", [3], ["x"], {"x": 1}, [{"x": 1}], [None]])
def test_garbled_fields_are_refused(key, value):
    with pytest.raises(StoreError, match="field"):
        Result.from_json(example().to_json() | {key: value})


@pytest.mark.parametrize("key", ["claim", "verdict", "parameters", "hypotheses", "quantities"])
def test_missing_fields_are_refused(key):
    data = example().to_json()
    del data[key]
    with pytest.raises(StoreError, match="field"):
        Result.from_json(data)


def test_unreadable_files_are_named(tmp_path):
    binary = tmp_path / "binary.jsonl"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "none.jsonl", tmp_path, binary):
        with pytest.raises(StoreError, match=path.name):
            list(read_results(path))


def test_a_failing_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "results.jsonl"
    write_atomically(path, "old")
    before = path.read_bytes()

    def full(self, mode):
        with open(self, mode) as file:
            file.write(b"{")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(type(path), "open", full)
        with pytest.raises(StoreError, match=r"results\.jsonl.*No space left"):
            write_atomically(path, "new")
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["results.jsonl"]


def test_a_folder_that_is_a_file_or_a_file_that_is_a_folder(tmp_path):
    (tmp_path / "file").write_text("old")
    with pytest.raises(StoreError, match="cannot write"):
        write_atomically(tmp_path / "file" / "results.jsonl", "new")
    with pytest.raises(StoreError, match="cannot write"):
        write_atomically(tmp_path / "file" / "deep" / "results.jsonl", "new")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match="cannot write"):
        write_atomically(tmp_path / "folder", b"new")
    assert (tmp_path / "file").read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


def test_quantities_disagree_at_their_level_and_not_before():
    # The p-value is twice the smaller tail: find where it crosses the level, independently.
    trials, exact = 10_000, 0.3
    counts = np.arange(3000, 3600)
    tails = 2 * stats.binom.sf(counts - 1, trials, exact)
    last = int(counts[tails >= MISMATCH_LEVEL][-1])
    assert Quantity("S", exact, last, trials).agrees
    assert not Quantity("S", exact, last + 1, trials).agrees
    assert example(quantities=(Quantity("S", exact, last + 1, trials),)).alarming
    assert not example(quantities=(Quantity("S", exact, last, trials),)).alarming


def test_quantities_without_a_simulation_or_a_closed_form_agree():
    assert Quantity("S", 0.5).agrees
    assert Quantity("S", 0.5).interval is None
    assert Quantity("S", 0.5).simulated is None
    known = Quantity("S", None, 3, 10, 0.9)
    assert known.agrees
    assert known.p_value is None
    low, high = stats.binomtest(3, 10).proportion_ci(0.9, "exact")
    assert known.interval == pytest.approx((low, high, 0.9))
    # A closed form that is 1 up to rounding.
    assert Quantity("S", 1 + 1e-15, 10, 10).agrees
    assert not Quantity("S", 1.0, 9, 10).agrees


@pytest.mark.parametrize(
    ("verdict", "expected", "alarming"),
    [(v, "holds", v == "violated") for v in VERDICTS]
    + [
        (v, "violated", v in ("holds", "holds-with-equality")) for v in VERDICTS
    ]
    + [
        (v, "hypothesis-unsatisfiable", v in ("violated", "holds", "holds-with-equality"))
        for v in VERDICTS
    ],
)  # fmt: skip
def test_alarm(verdict, expected, alarming):
    assert example(verdict=verdict, expected=expected, quantities=()).alarming == alarming


def test_provenance():
    provenance = make_provenance(3, 1.23456789)
    assert provenance.seed == 3
    assert provenance.seconds == 1.234568
    assert {"python", "numpy", "scipy"} <= set(provenance.versions)
    assert provenance.versions["numpy"] == np.__version__
    assert "cpu" in provenance.device
    commit = provenance.commit
    assert commit is None or len(commit.removesuffix("+changes")) == 40
    assert check("thm2a", codeword="simplex:3", samples=0, seed=11).provenance.seed == 11
