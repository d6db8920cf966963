"""`spadv bridge` on a small study: files, output, and what it says to people."""

import copy
import functools
import json
import operator
import re

import pytest

from spadv.cli.bridge import rebuild
from spadv.empirical import synthetic
from spadv.empirical.synthetic import Study, SyntheticSetting
from spadv.empirical.synthetic.accuracy import Effort
from spadv.empirical.synthetic.attack import Strength
from spadv.empirical.synthetic.document import SCHEMA, check_document
from spadv.empirical.synthetic.methods import METHODS
from spadv.empirical.synthetic.study import NetworkGroup
from spadv.empirical.synthetic.training import Options
from spadv.errors import StoreError

KINDS = ("linear", "mlp")


@pytest.fixture
def small(monkeypatch):
    setting = SyntheticSetting("two & more", "random:16:6", 8, p=0.7, budget=1.0)
    options = Options(width=8, steps_per_epoch=1, batch_size=64)
    effort = Effort(samples=400, attacked=200, strength=Strength(steps=3, restarts=0, grid=3))
    groups = tuple(
        NetworkGroup(setting, kind, name, METHODS[name].levels[-1:], 2, options, effort)
        for kind in KINDS
        for name in ("natural", "shifts", "CuSP")
    )
    made = Study("smoke", (setting,), groups, 0.05, ("it is small",))
    monkeypatch.setattr(synthetic, "study", lambda scale, seeds: made)
    return made


def test_files_json_and_drawing_again(small, tmp_path, spadv):
    done = spadv("bridge", "--scale", "smoke", "--out", tmp_path, "--json")
    assert done.status == 0
    assert done.json == json.loads((tmp_path / "bridge.json").read_text())
    names = {path.name for path in tmp_path.iterdir() if path.is_file()}
    assert names == {
        "bridge.json",
        "bridge.csv",
        "bridge-frontiers.png",
        "bridge-frontiers.svg",
        "bridge-laws.png",
        "bridge-laws.svg",
        "report.html",
    }
    rows = (tmp_path / "bridge.csv").read_text().splitlines()
    assert len(rows) == 1 + len(small.groups)
    page = (tmp_path / "report.html").read_text()
    assert "two &amp; more" in page
    assert "two & more" not in page
    assert "it is small" in page
    assert page.count("<svg") == 2
    assert "CuSP is Pareto-optimal" in page
    before = (tmp_path / "bridge-frontiers.svg").read_bytes()
    (tmp_path / "bridge-frontiers.svg").unlink()
    assert spadv("report", tmp_path).status == 0
    assert (tmp_path / "bridge-frontiers.svg").read_bytes() == before


def test_findings_and_cells_follow_from_values_of_every_seed(small, tmp_path, spadv):
    made = spadv("bridge", "--scale", "smoke", "--out", tmp_path, "--json").json
    assert made["schema"] == SCHEMA
    points = [one for panel in made["panels"] for one in panel.get("points", ())]
    means = 6 * 6 + len(made["families"]) + 2 * len(points)
    assert check_document(made) == len(made["findings"]) + means
    changes = {
        "verdict": lambda found: found.update(verdict="seen" if found["verdict"] != "seen" else ""),
        "numbers": lambda found: found["values"][0].reverse() or found.update(effect=0.9),
    }
    for named, change in changes.items():
        other = copy.deepcopy(made)
        change(other["findings"][1])
        (tmp_path / "bridge.json").write_text(json.dumps(other))
        done = spadv("report", tmp_path)
        assert done.status == 2
        assert f"do not give the {named} of: {other['findings'][1]['claim']}" in done.err
    for place, change in {
        ("findings", 0, "limits"): {"high": 0.5},
        ("findings", 0): {"values": None},
        ("panels", 0, "points", 0): {"x": 0.9},
    }.items():
        other = copy.deepcopy(made)
        functools.reduce(operator.getitem, place, other).update(change)
        (tmp_path / "bridge.json").write_text(json.dumps(other))
        assert spadv("report", tmp_path).status == 2, place
    other = copy.deepcopy(made)
    other["findings"][0]["interval"] = {}
    (tmp_path / "bridge.json").write_text(json.dumps(other))
    (tmp_path / "bridge-laws.png").unlink()
    assert "damaged or incomplete" in spadv("report", tmp_path).err
    assert not (tmp_path / "bridge-laws.png").exists()  # refused before anything is drawn
    made["table"]["rows"][2]["cells"][1]["low"] -= 0.001
    with pytest.raises(
        StoreError, match=f"numbers of: {re.escape(made['table']['rows'][2]['label'])}, S"
    ):
        check_document(made)


def test_rebuild_refuses_other_documents(tmp_path):
    with pytest.raises(StoreError, match="cannot read"):
        rebuild(tmp_path)
    (tmp_path / "bridge.json").write_text('{"schema": 99, "id": "bridge"}')
    with pytest.raises(StoreError, match="no report of this version"):
        rebuild(tmp_path)


def test_bad_input_of_the_command(tmp_path, spadv):
    done = spadv("bridge", "--scale", "huge", "--out", tmp_path)
    assert done.status == 2
    assert "scale" in done.err
    done = spadv("bridge", "--seeds", "1", "--out", tmp_path)
    assert done.status == 2
    assert "seeds" in done.err
    assert not list(tmp_path.iterdir())
