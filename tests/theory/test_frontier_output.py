"""The command and the figure: what is written, and that it can be read back."""

import json

import numpy as np
import pytest

from spadv.cli.frontier import frontier as command
from spadv.cli.frontier import outer_bound_of
from spadv.theory import CodeGaussian, InputError, parse_word
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
    assert "at most 2" in shown


def test_exact_can_be_left_out_or_demanded(capsys):
    command("random:32:2", 16, 0.7, 1.0, 5, "never", as_json=True)
    assert json.loads(capsys.readouterr().out)["exact"] is None
    command("random:32:2", 16, 0.7, 1.0, 5, "never")
    assert "known for at most" not in capsys.readouterr().out
    with pytest.raises(InputError, match="different words"):
        command("simplex:4", 5, 0.7, 1.0, 5, "always")
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


def test_values_between_points_of_the_outer_curve_are_safe():
    dist = CodeGaussian(parse_word("simplex:6"), 0.7, 21)
    known = frontier(dist, 2.0, points=6, samples=5000)
    for s in np.linspace(0.4, 0.9, 11):
        assert outer_bound_of(known, s) <= 1
        assert outer_bound_of(known, s) >= np.interp(s, *known.outer.T) - 1e-12
