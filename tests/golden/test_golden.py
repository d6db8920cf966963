"""Answers of version 0.1 to the same commands: equal to 1e-9, seeds included.

Distances to boundaries are equal to 2e-6: distances are sums in float32, which another order of
summation changes in the last place. Losses of a training are equal to 1e-4: there such changes
grow from step to step. Rates are ratios of counts.

Verdicts, areas and their intervals, remarks on collapsed networks and the texts of rules in
answers of `reproduce` and `bridge` are those of today's rules of judging; nothing else of these
answers was renewed.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from . import cases

TOLERANCES = {"train": 1e-4, "evaluate-pgd": 2e-6, "reproduce-fig16a-d": 2e-6}


def differences(old: Any, new: Any, tolerance: float, where: str = "") -> Iterator[str]:
    """Yield where two JSON values differ by more than a tolerance."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old.keys() - new.keys():
            yield f"{where}.{key} is gone"
        for key in old.keys() & new.keys():
            yield from differences(old[key], new[key], tolerance, f"{where}.{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (a, b) in enumerate(zip(old, new, strict=True)):
            yield from differences(a, b, tolerance, f"{where}[{number}]")
    elif isinstance(old, float) and isinstance(new, int | float):
        if not math.isclose(old, new, rel_tol=tolerance, abs_tol=tolerance):
            yield f"{where}: {old} -> {new}"
    elif old != new:
        yield f"{where}: {old!r} -> {new!r}"


ALONE = """from tests.golden.test_golden import layout_of_then
from spadv.cli.main import main

layout_of_then()
main()"""

NAMES = [*cases.QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in cases.SLOW)]


def layout_of_then(set_attribute: Callable[[object, str, object], None] = setattr) -> None:
    """Convolve with channels first, as version 0.1 did on CPUs: layouts sum in other orders."""
    from spadv.empirical.training.loop import Trainer

    class ChannelsFirst(Trainer):
        def __post_init__(self) -> None:
            self.channels_last = False
            super().__post_init__()

    set_attribute(import_module("spadv.empirical.training.run"), "Trainer", ChannelsFirst)
    predicting = import_module("spadv.empirical.evaluation.predict")
    set_attribute(predicting, "faster_convolutions", lambda network, logits, *more: logits)


@pytest.mark.parametrize("name", NAMES)
def test_answers(
    name: str, spadv: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout_of_then(monkeypatch.setattr)
    line = (cases.QUICK | cases.SLOW)[name]
    extra = ["--out", str(tmp_path)] if line.startswith("evaluate") else []
    arguments = [*cases.arguments(line, str(tmp_path)), *extra]
    if name == "train":  # its losses' last bits can depend on what a process did before
        command = [sys.executable, "-c", ALONE, *arguments]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        made = subprocess.run(
            command, capture_output=True, cwd=cases.HERE.parents[1], env=environment, text=True
        )
        status, printed, said = made.returncode, made.stdout, made.stderr
    else:
        status, printed, said = (done := spadv(*arguments)).status, done.out, done.err
    assert status in (0, 1), said
    old = json.loads((cases.HERE / "answers" / f"{name}.json").read_text())
    new = cases.answer(name, json.loads(printed), tmp_path)
    tolerance = TOLERANCES.get(name, 1e-9)
    assert list(differences(cases.plain(old), new, tolerance)) == []
