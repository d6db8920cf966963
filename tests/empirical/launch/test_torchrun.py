"""One training on two processes, through torchrun."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spadv.empirical.launch import launch

Make = Callable[..., Any]


@pytest.mark.slow
def test_jobs_on_two_processes(
    tmp_path: Path, make_job: Make, settings_of: Make, diverging: Make
) -> None:
    good, bad = make_job(0, epochs=2), diverging(1)
    told: list[str] = []
    settings = settings_of(tmp_path, job_processes=2)
    outcome = launch(
        [good, bad], settings, progress=lambda done, total, message="": told.append(message)
    )
    assert outcome.done == {good.digest}
    assert [(f.kind, f.job) for f in outcome.failed.values()] == [("diverged", bad.label)]
    run = good.folder(settings.store)
    assert json.loads(run.provenance_path.read_text())["processes"] == 2
    assert [row["train_images"] for row in run.read_metrics()] == [100, 100]
    assert any("epoch" in text for text in told)
