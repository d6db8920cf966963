"""The command and the figure: what is written, and that it can be read back."""

import json
import re

import numpy as np
import pytest

from spadv.cli.frontier import frontier as command
from spadv.theory import CodeGaussian, InputError, TooLargeError, parse_word
from spadv.theory.frontier import frontier, outer_bound
from spadv.theory.plots import region


def test_json_and_files(tmp_path, capsys):
    command("random:32:2", 16, 0.7, 1.0, 5, folder=tmp_path, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document == json.loads((tmp_path / "frontier.json").read_text())
    assert all(len(pair) == 2 for key in ("inner", "outer") for pair in document[key])
    assert {"lower", "upper"} <= document["exact"].keys()
    assert (tmp_path / "figures" / "frontier.png").stat().st_size > 10_000
    assert (tmp_path / "figures" / "frontier.svg").exists()


def test_table(capsys):
    command("simplex:4", 5, 0.7, 1.0, 5)
    shown = capsys.readouterr().out
    assert "shift-Bayes" in shown
    assert "--exact always" in shown


def test_exact_can_be_left_out_or_demanded(capsys):
    command("random:32:2", 16, 0.7, 1.0, 5, "never", as_json=True)
    assert json.loads(capsys.readouterr().out)["exact"] is None
    command("random:32:2", 16, 0.7, 1.0, 5, "never")
    assert "known for at most" not in capsys.readouterr().out
    with pytest.raises(TooLargeError, match="7 blocks"):
        command("simplex:6", 9, 0.7, 1.0, 5, "always")
    with pytest.raises(InputError, match="exact"):
        command("simplex:4", 5, 0.7, 1.0, 5, "perhaps")


def test_labels_do_not_overlap():
    dist = CodeGaussian(parse_word("simplex:6"), 0.7, 21)
    known = frontier(dist, 1.0, points=5, samples=5000)
    grid = np.linspace(0.3, 0.9, 50)
    laws = {e: np.stack([grid, outer_bound(dist, e, grid)], axis=1) for e in (1.0, 4.0)}
    figure = region(known, laws)
    figure.savefig("/dev/null", format="png")
    axes = figure.axes[0]
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == 6
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])


def test_the_table_gives_values_at_its_own_points(capsys):
    """Every row stands in the JSON document, none beyond the best S."""
    command("simplex:6", 21, 0.7, 1.0, 9)
    shown = capsys.readouterr().out
    command("simplex:6", 21, 0.7, 1.0, 9, as_json=True)
    document = json.loads(capsys.readouterr().out)
    outer = [f"{s:.4f} {a:.4f}" for s, a in document["outer"]]
    rows = re.findall(r"^ +(0\.\d+) +[-\d.]+ +(0\.\d+) *$", shown, flags=re.M)
    assert len(rows) >= 3
    assert all(f"{s} {a}" in outer for s, a in rows)
    # The best S of three shifts is 0.8980; without mixtures A = 0.83 seemed possible there.
    assert document["outer"][-1][0] == pytest.approx(0.898, abs=1e-3)
    assert document["outer"][-1][1] < 0.75
    # (1 - w) S + w A stays below each of the mixture bounds.
    for w, value, upper in document["mixture"]:
        assert value < upper < value + 2e-3
        assert all((1 - w) * s + w * a <= upper + 1e-9 for s, a in document["outer"])


def test_worst_case(capsys):
    command("random:64:1", 32, 0.7, 1.0, 5, worst_case=True, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["worst_case"]
    assert document["exact"]["gap"] < 2e-3
    named = document["named"]
    assert named["Bayes"]["spatial"] < named["shift-Bayes"]["spatial"]
    command("simplex:6", 21, 0.7, 1.0, 3, worst_case=True)
    shown = capsys.readouterr().out
    assert "S^" in shown
    assert "0.2699" in shown  # Bayes is right after all three shifts that often
