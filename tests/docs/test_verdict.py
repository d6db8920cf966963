"""The verdict on the registered prediction says what its documents say, and they what follows."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.stats import spearmanr

from spadv.empirical.prediction import TRAININGS, Point, _row, order

FOLDER = Path(__file__).parents[2] / "docs" / "results" / "prediction"
PREDICTED = json.loads((FOLDER / "mnist-predicted.json").read_text())
MEASURED = sorted(FOLDER.glob("mnist-measured*.json"))


def lost(points):
    """What A loses when S must be within 0.02 of its best, coins counted, by linear programming."""
    s, a = np.vstack([points, [0.5, 0.5]]).T
    need = {"A_ub": [-s], "b_ub": [0.02 - s.max()]}
    best = linprog(-a, **need, A_eq=[np.ones(s.size)], b_eq=[1], bounds=(0, 1))
    return a.max() + best.fun


@pytest.mark.parametrize("file", MEASURED, ids=lambda file: file.stem)
def test_every_number_follows_from_the_accuracies(file):
    document = json.loads(file.read_text())
    assert document["digest"] == PREDICTED["digest"]
    assert document["missing"] == 0
    point = Point(**document["point"])
    registered = {}
    for task in PREDICTED["tasks"]:
        for made in task["ranges"]:
            if (made["kind"], made["range"]) == (point.kind, point.range):
                losses = {row["budget"]: row["loss"] for row in made["budgets"]}
                registered[task["task"]] = losses[point.budget]
    for network, found in document["orders"].items():
        rows = [row for row in document["rows"] if row["network"] == network]
        assert {row["task"]: row["predicted"] for row in rows} == registered
        assert len(rows) == 45
        for row in rows:
            scores = np.array([row["scores"][kind] for kind in TRAININGS])
            assert scores.shape == (4, document["seeds"], 2)
            assert row["measured"] == pytest.approx(lost(scores.mean(axis=1)), abs=1e-9)
            predicted = {"loss": row["predicted"]}
            assert _row(row["task"], network, predicted, row["scores"]) == row
        x, y = ([row[key] for row in rows] for key in ("predicted", "measured"))
        assert found["correlation"] == pytest.approx(spearmanr(x, y).statistic)
        assert found == json.loads(json.dumps(order(rows)))


def test_the_page_says_what_the_documents_say():
    lines = (FOLDER / "verdict.md").read_text().splitlines()
    told = [line for line in lines if line.startswith("| ") and "correlation" not in line]
    shown = []
    for file in MEASURED:
        document = json.loads(file.read_text())
        for network, found in document["orders"].items():
            ends = [
                f"{found[k]['low']:.2f} to {found[k]['high']:.2f}" for k in ("interval", "by_class")
            ]
            value = f"{found['correlation']:.2f}"
            cells = (network, str(document["seeds"]), value, *ends, found["verdict"])
            shown.append("| " + " | ".join(cells) + " |")
    assert sorted(told) == sorted(shown)
    assert len(shown) >= 3
