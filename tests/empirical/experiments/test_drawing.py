"""Figures from documents alone: letters, legends apart from data, budgets in 255ths."""

from __future__ import annotations

import itertools
import json

import pytest
from matplotlib.legend import Legend

from spadv.empirical.experiments import EXPERIMENTS
from spadv.empirical.experiments.draw import draw, draw_other_metric
from spadv.style import styled


def titled(figure):
    return [ax for ax in figure.axes if ax.get_title(loc="left")]


def drawn(made_up, name, scale="cpu"):
    document = json.loads(json.dumps(made_up(name, scale, seeds=1, images=40)))
    return draw(document), document


def rendered(figure):
    """Return a function from an artist to its box, once the figure is laid out."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with styled():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    return lambda artist: artist.get_window_extent(canvas.get_renderer())


@pytest.mark.parametrize(
    ("name", "first", "last"), [("fig3", "a", "d"), ("fig2e-h", "e", "h"), ("fig16i-l", "i", "l")]
)
def test_panels_have_the_papers_letters(made_up, name, first, last):
    figure, document = drawn(made_up, name)
    titles = [ax.get_title(loc="left") for ax in titled(figure)]
    assert len(titles) == len(document["panels"])
    assert titles[0].startswith(f"({first}) ")
    assert titles[-1].startswith(f"({last}) ")


@pytest.mark.parametrize(
    ("name", "lengths"),
    [("fig1", [4, 4, 4, 4]), ("fig12", [4, 2, 4, 4]), ("fig13", [2, 2, 4, 3]), ("fig7", [2, 2])],
)
def test_a_row_begins_anew_where_another_legend_is_needed(made_up, name, lengths):
    figure, _ = drawn(made_up, name)
    tops = [round(ax.get_position().y1, 3) for ax in titled(figure)]
    assert [tops.count(top) for top in dict.fromkeys(tops)] == lengths
    legends = [ax.get_legend() for ax in figure.axes if ax.get_legend()]
    assert len(legends) == len(lengths)


def test_a_single_panel_has_no_letter(made_up):
    figure, _ = drawn(made_up, "table7")
    assert [ax.get_title(loc="left") for ax in titled(figure)] == ["Schedules of the learning rate"]


@pytest.mark.parametrize("name", ["fig3", "fig16a-d", "fig6", "invariance-vs-accuracy", "fig5a-b"])
def test_legends_and_labels_hide_nothing(made_up, name):
    figure, _ = drawn(made_up, name)
    box = rendered(figure)
    page = figure.bbox
    panels = titled(figure)
    for ax in figure.axes:
        legend = ax.get_legend()
        if legend is None:
            continue
        place = box(legend)
        assert page.x0 <= place.x0 and place.x1 <= page.x1 + 1  # noqa: PT018 - one box
        assert page.y0 <= place.y0 + 1 and place.y1 <= page.y1  # noqa: PT018 - one box
        for panel in panels:
            assert not place.overlaps(box(panel.patch)), (name, panel.get_title(loc="left"))
    for ax in panels:
        for label in (ax.xaxis.label, ax.yaxis.label, ax._left_title):
            assert page.x0 <= box(label).x0, label.get_text()
            assert page.y0 <= box(label).y0, label.get_text()
            assert box(label).y1 <= page.y1 + 1, label.get_text()


def test_every_curve_has_its_band_and_its_legend(made_up):
    figure, document = drawn(made_up, "fig3")
    for ax, panel in zip(titled(figure), document["panels"], strict=True):
        assert len(ax.lines) == len(ax.collections) == len(panel["curves"])
        for line, curve in zip(ax.lines, panel["curves"], strict=True):
            assert line.get_ydata().tolist() == curve["y"]
        assert len({(str(line.get_color()), line.get_marker()) for line in ax.lines}) == 4
    (legend,) = [ax.get_legend() for ax in figure.axes if ax.get_legend()]
    assert [text.get_text() for text in legend.get_texts()] == ["0", "2/255", "4/255", "8/255"]


def test_lines_can_be_told_apart_in_grey(made_up):
    from matplotlib.colors import to_rgb

    figure, _ = drawn(made_up, "fig8")
    lightness = []
    for line in titled(figure)[0].lines:
        red, green, blue = to_rgb(line.get_color())
        lightness.append(0.299 * red + 0.587 * green + 0.114 * blue)
    gaps = [a - b for a, b in itertools.pairwise(lightness)]
    assert min(gaps) > 0.08  # levels darken as they grow
    assert max(lightness) < 0.8


def test_budgets_are_labelled_in_255ths_on_colour_images(made_up):
    figure, _ = drawn(made_up, "fig3")
    ax = titled(figure)[0]
    assert ax.get_xlabel() == "l-infinity budget / 255"
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0", "1", "2", "4", "6", "8"]
    figure, _ = drawn(made_up, "fig2a-d")
    assert titled(figure)[0].get_xlabel() == "l-infinity budget"


def test_points_of_pareto_plots_carry_their_rows(made_up):
    figure, document = drawn(made_up, "fig6")
    left, right = titled(figure)
    assert [text.get_text() for text in left.texts] == [str(n) for n in range(1, 10)]
    assert [text.get_text() for text in right.texts] == ["7", "8", "9"]
    filled = [point["label"] for point in document["panels"][0]["points"] if point["marked"]]
    assert filled == ["7 CuSP-PGD", "8 PGD (Aug 0) → CuSP-PGD", "9 Aug 180 → CuSP-PGD"]


def test_points_that_are_no_rows_of_the_paper_have_marks_of_their_own(made_up):
    figure, _ = drawn(made_up, "equal-epochs")
    marks = [text.get_text() for text in titled(figure)[0].texts]
    assert marks == ["3", "4", "a", "b", "6", "7", "8", "9"]
    keys = [text.get_text() for text in figure.findobj(Legend)[0].get_texts()]
    assert keys[2:4] == ["a PGD (Aug 180) → PGD (Aug 180)", "b Aug 180 → PGD (Aug 180)"]


def test_the_other_metric_has_its_own_figure(made_up):
    document = made_up("fig3", images=40)
    figure = draw_other_metric(document)
    assert {ax.get_ylabel() for ax in titled(figure)} == {"accuracy", "accuracy under attack"}
    assert draw_other_metric(made_up("fig6", images=40)) is None
    assert draw_other_metric(made_up("fig7a-b", images=40)) is None  # both stand in the figure
    assert draw(made_up("table2")) is None


def test_the_same_document_gives_the_same_picture(made_up, tmp_path):
    from spadv.style import save

    document = made_up("fig5a-b", images=40)
    for name in ("one", "other"):
        save(draw(document), tmp_path, name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(EXPERIMENTS))
def test_every_experiment_can_be_drawn(made_up, name):
    document = made_up(name, "paper", seeds=1, images=40)
    figure = draw(document)
    assert (figure is None) == (not document["panels"])
    if figure is not None:
        rendered(figure)
