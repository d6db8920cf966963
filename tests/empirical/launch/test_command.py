"""`spadv reproduce`: planning, launching, shares, and what it says of failures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spadv.cli.options import read_share
from spadv.cli.reproduce import job_state
from spadv.empirical.experiments import EXPERIMENTS, Experiment, Plan
from spadv.empirical.experiments.measure import Measure
from spadv.empirical.experiments.plan import Variant
from spadv.empirical.launch import CostEstimate, share
from spadv.store import Store

Make = Callable[..., Any]


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, make_job: Make, diverging: Make) -> None:
    """Artefacts of tiny jobs: two that can be made, one of whose jobs diverges."""

    def plan_of(*jobs: Any) -> Callable[..., Plan]:
        variants = tuple(Variant(f"v{n}", (job,)) for n, job in enumerate(jobs))
        columns = (("natural accuracy", Measure("natural")),)
        return lambda scale, seeds: Plan(variants=variants, columns=columns)

    first = make_job(0)
    plans = {
        "one": plan_of(first, make_job(1)),
        "two": plan_of(first, make_job(2, start=first)),
        "bad": plan_of(make_job(1), diverging(3)),
    }
    made = {name: Experiment(name, name, "here", "something", make) for name, make in plans.items()}
    for name in list(EXPERIMENTS):
        monkeypatch.delitem(EXPERIMENTS, name)
    for name, experiment in made.items():
        monkeypatch.setitem(EXPERIMENTS, name, experiment)


@pytest.mark.usefixtures("tiny")
def test_a_dry_run_counts_and_writes_nothing(spadv: Make, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = spadv("reproduce", "one", "two", "--dry-run", "--json", "--out", out)
    assert found.status == 0
    plan = found.json
    assert not out.exists()
    assert [job["state"] for job in plan["jobs"]] == ["missing"] * 3
    assert plan["jobs"][2]["start"] == plan["jobs"][0]["digest"]
    total = plan["total"]
    assert total["jobs"] == 3
    assert total["flops"] == total["flops_left"] == sum(job["flops"] for job in plan["jobs"])
    assert set(total["hours"]) == {"cpu", "a100", "h100"}
    for name, hours in total["hours"].items():
        assert hours == pytest.approx(sum(job["hours"][name] for job in plan["jobs"]))
        assert plan["machines"][name]["source"]
    assert total["hours_until_done"] == pytest.approx(total["hours"])
    options = ("--launcher", "processes", "--workers", "2")
    both = spadv("reproduce", "one", "two", "--dry-run", "--json", "--out", out, *options).json
    assert both["total"]["hours_until_done"]["cpu"] < 0.7 * total["hours"]["cpu"]
    shown = spadv("reproduce", "one", "--dry-run", "--out", out, *options)
    assert "2 trainings" in shown.out
    rows = [line for line in shown.out.splitlines() if "missing" in line]
    assert len(rows) == 1  # two seeds of one variant
    assert " seed " not in rows[0]
    assert " 2  missing " in rows[0]
    assert "Until all are done, 2 at a time: at least" in shown.out
    assert "assumed" in shown.out


@pytest.mark.usefixtures("tiny")
def test_a_dry_run_where_a_start_is_done_counts_what_follows_it(
    spadv: Make, tmp_path: Path
) -> None:
    assert spadv("reproduce", "one", "--out", tmp_path).status == 0
    found = spadv("reproduce", "two", "--dry-run", "--json", "--out", tmp_path).json
    assert [job["state"] for job in found["jobs"]] == ["done", "missing"]
    left = found["total"]["hours_left"]["cpu"]
    assert found["total"]["hours_until_done"]["cpu"] == pytest.approx(left)
    assert 0 < left < found["total"]["hours"]["cpu"]


@pytest.mark.usefixtures("tiny")
def test_shares_then_all(spadv: Make, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = spadv("reproduce", "one", "two", "--shard", "1/2", "--out", out, "--json")
    assert first.status == 0
    assert [document["id"] for document in first.json["artefacts"]] == ["two"]
    second = spadv("reproduce", "one", "two", "--shard", "2/2", "--out", out)
    assert second.status == 0
    assert {path.name for path in out.glob("*.json")} == {"one.json", "two.json"}
    plan = spadv("reproduce", "one", "two", "--dry-run", "--json", "--out", out).json
    assert plan["total"]["done"] == 3
    assert plan["total"]["flops_left"] == 0
    assert plan["machines"]["cpu"]["calibrated"]
    assert plan["jobs"][0]["hours"]["cpu"] > 0


@pytest.mark.usefixtures("tiny")
def test_failures_are_listed_and_the_rest_is_drawn(spadv: Make, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = spadv("reproduce", "one", "bad", "--out", out)
    assert found.status == 1
    assert "1 of 3 jobs failed" in found.err
    assert "diverged" in found.err
    assert "--retry" in found.err
    assert "Not drawn, for want of jobs: bad" in found.err
    assert {path.name for path in out.glob("*.json")} == {"one.json"}
    plan = spadv("reproduce", "bad", "--dry-run", "--json", "--out", out).json
    assert sorted(job["state"] for job in plan["jobs"]) == ["done", "failed"]
    again = spadv("reproduce", "bad", "--out", out, "--json")
    assert again.status == 1
    assert again.json["artefacts"] == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--launcher", "procesess"], "Did you mean processes?"),
        (["--workers", "3"], "--launcher processes"),
        (["--shard", "3/2"], "1 <= i <= n"),
        (["--shard", "half"], "such as 2/4"),
        (["--slurm", "partition=gpu"], "be slurm"),
        (["--launcher", "nowhere.py"], "nowhere.py"),
        (["--launcher", "nowhere:config"], "No module named 'nowhere'"),
        (["--launcher", "json:dumps", "--workers", "2"], "be left out"),
        (["--launcher", "processes", "--workers", "0"], "workers"),
        (["--job-processes", "0"], "job-processes"),
    ],
)
@pytest.mark.usefixtures("tiny")
def test_bad_options(spadv: Make, tmp_path: Path, options: list[str], words: str) -> None:
    found = spadv("reproduce", "one", "--out", tmp_path / "out", *options)
    assert found.status == 2
    assert words in found.err
    assert found.err.count("\n") == 1


@pytest.mark.usefixtures("tiny")
def test_waiting_for_slurm_is_no_option_any_more(spadv: Make, tmp_path: Path) -> None:
    assert spadv("reproduce", "one", "--out", tmp_path, "--no-wait").status == 2


def test_states_beyond_the_jobs_own(tmp_path: Path, make_job: Make) -> None:
    job, store = make_job(epochs=3), Store(tmp_path)
    run = job.folder(store)
    assert job_state(job, store) == ("missing", "")
    assert not run.path.exists()
    with run.locked():
        run.write_metrics([{"epoch": 1}])
        assert job_state(job, store) == ("running", "running: 1 of 3 epochs")
    assert job_state(job, store)[0] == "missing"
    run.checkpoint_path.write_bytes(b"")
    run.provenance_path.write_text(json.dumps({}))
    run.config_path.write_text(json.dumps({"layout": 99}))
    state, note = job_state(job, store)
    assert state == "refused"
    assert "layout 99" in note


def test_the_plan_of_the_paper_divides_into_fair_shares(tmp_path: Path) -> None:
    jobs = [job for a in EXPERIMENTS.values() for job in a.plan("paper", 1).jobs]
    costs = CostEstimate(jobs, Store(tmp_path))
    loads = []
    for number in range(1, 9):
        ours = share(jobs, costs.flops, (number, 8))
        loads.append(sum(costs.costs[job.digest].flops for job in ours))
    assert max(loads) < 1.3 * sum(loads) / len(loads)


def test_shares_are_read() -> None:
    assert read_share(" 2/ 4") == (2, 4)
