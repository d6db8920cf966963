"""Figures show the saved numbers, and nothing else."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from spadv.empirical.evaluation import EvaluationSettings, evaluate, load
from spadv.empirical.evaluation.plots import profiles_figure
from spadv.style import save

SETTINGS = EvaluationSettings(
    rotations=(90, 0, 180), translations=(0, 0.2), both=(0.5,), steps=2, distance_images=0
)


@pytest.fixture(scope="module")
def records(networks, noise_images, tmp_path_factory):
    """Return evaluations as they are read back from disk."""
    images, made = noise_images(30), {}
    for seed in range(2):
        folder = tmp_path_factory.mktemp("evaluations")
        evaluate(networks["Trained"](seed=3 * seed), images, SETTINGS, folder=folder)
        made[f"network {seed}"] = load(folder, "evaluation")
    return made


def lines_of(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def test_lines_and_bands_are_the_saved_rates(records):
    figure = profiles_figure(records, ("rotation", "translation", "both"))
    assert [axes.get_title("left") for axes in figure.axes] == [
        "Random rotation",
        "Random translation",
        "Rotation and translation",
    ]
    axes = figure.axes[0]
    assert "degrees" in axes.get_xlabel()
    assert "rate of invariance (95% bands)" in axes.get_ylabel()
    for name, record in records.items():
        profile, line = record.profile("rotation"), lines_of(axes)[name]
        assert list(line.get_xdata()) == [0, 90, 180]
        rates = [profile.unchanged(number) for number in (1, 0, 2)]
        assert list(line.get_ydata()) == [rate.value for rate in rates]
        band = axes.collections[list(records).index(name)].get_paths()[0].vertices
        ends = {round(float(v), 9) for v in band[:, 1]}
        expected = {round(float(end), 9) for rate in rates for end in rate.interval[:2]}
        assert expected <= ends


def test_metrics_and_units(records):
    figure = profiles_figure(records, ("robustness",), metric="accuracy")
    (axes,) = figure.axes
    assert axes.get_title("left") == "PGD, 2 steps"
    assert "255ths" in axes.get_xlabel()
    assert "accuracy under attack" in axes.get_ylabel()
    line = lines_of(axes)["network 0"]
    assert line.get_xdata() == pytest.approx([0, 1, 2, 4, 6, 8])
    profile = records["network 0"].profile("robustness")
    assert list(line.get_ydata()) == [profile.accuracy(k).value for k in range(6)]
    assert len(profiles_figure(records).axes) == 4
    legend = figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == list(records)


def test_networks_can_be_told_apart_without_colour(records):
    many = {f"n{k}": records["network 0"] for k in range(9)}
    lines = lines_of(profiles_figure(many, ("robustness",)).axes[0]).values()
    looks = {
        (str(line.get_linestyle()), line.get_marker(), to_rgb(line.get_markerfacecolor()))
        for line in lines
    }
    assert len(looks) == 9


def test_networks_without_a_profile_are_left_out(records, networks, noise_images):
    bare = EvaluationSettings.only(rotations=(0,))
    record = evaluate(networks["Trained"](), noise_images(20), bare)
    figure = profiles_figure({"bare": record, **records})
    assert "bare" not in lines_of(figure.axes[0])
    assert "bare" in lines_of(figure.axes[1])
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["bare", *records]
    with pytest.raises(ValueError, match="at least one evaluation with a profile"):
        profiles_figure({"bare": record}, ("robustness",))
    with pytest.raises(ValueError, match="'metric'"):
        profiles_figure(records, ("robustness",), metric="speed")


def test_files_are_written_and_repeatable(records, tmp_path):
    for number in range(2):
        paths = save(profiles_figure(records), tmp_path, f"figure{number}")
        assert [path.suffix for path in paths] == [".png", ".svg"]
    one, two = (np.frombuffer((tmp_path / f"figure{k}.svg").read_bytes(), np.uint8) for k in (0, 1))
    assert np.array_equal(one, two)
