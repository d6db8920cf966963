"""Every figure has its words, shows what it says, and needs no results."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.stats import norm

from spadv.style import BLUE, save, to_svg
from spadv.theory import Grid, InputError, Result
from spadv.theory import plots as drawn
from spadv.theory.claims import run


@pytest.fixture(scope="module")
def results():
    grid = Grid(codewords=["simplex:4", "random:20:1"], ps=[0.5, 0.6], samples=400)
    return list(run(["prop1", "thm2a", "thm2.feasibility"], grid))


def figures(given):
    return {
        "accuracy-against-kappa": lambda: drawn.accuracy_against_kappa(given),
        "accuracy-against-p": drawn.accuracy_against_p,
        "feasibility-region": drawn.feasibility_region,
        "autocorrelation": lambda: drawn.autocorrelation("simplex:5"),
        "simulated-against-exact": lambda: drawn.simulated_against_exact(given),
    }


NAMES = list(figures(()))


def words(figure):
    """Return the legend texts of a figure."""
    legends = [axes.get_legend() for axes in figure.axes]
    return [text.get_text() for one in legends if one is not None for text in one.get_texts()]


def line(axes, label):
    (found,) = [one for one in axes.lines if label in str(one.get_label())]
    return found.get_data()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("empty", [True, False])
def test_every_figure_has_labels_title_and_legend(name, empty, results):
    before = dict(mpl.rcParams)
    figure = figures(() if empty else results)[name]()
    assert isinstance(figure, Figure)
    assert dict(mpl.rcParams) == before  # the caller's style is left alone
    assert figure.axes
    for axes in figure.axes:
        assert axes.get_xlabel()
        assert axes.get_ylabel()
        assert axes.get_title() or axes.get_title(loc="left")
    texts = words(figure)
    assert texts
    assert all(texts)
    assert len(texts) == len(set(texts))
    assert not any(text.startswith("_") for text in texts)
    svg = to_svg(figure)
    assert svg.startswith("<svg")
    assert to_svg(figures(() if empty else results)[name]()) == svg  # the same every time


def test_all_figures_of_a_run(results, tmp_path):
    of_results = {"simulated-against-exact"}
    for given, left_out in ((results, set()), ([], of_results)):
        found = drawn.verify_figures(given, "simplex:4", 5)
        assert set(NAMES) - set(found) == left_out
        assert "price-of-robustness" not in found  # no claim of it was checked
        assert all(isinstance(figure, Figure) for figure in found.values())
    for path in save(drawn.feasibility_region(), tmp_path, "one"):
        assert path.stat().st_size > 1000


def test_lines_against_kappa_are_the_formulas(results):
    (axes,) = drawn.accuracy_against_kappa(results).axes
    kappa, value = line(axes, "exact, p = 0.5")
    np.testing.assert_allclose(value, norm.cdf(2 * kappa), atol=1e-12)
    kappa, value = line(axes, "exact, p = 0.9")
    h = np.log(9) / 4
    expected = 0.9 * norm.cdf(2 * kappa + h) + 0.1 * norm.cdf(2 * kappa - h)
    np.testing.assert_allclose(value, expected, atol=1e-12)
    kappa, value = line(axes, "printed proof")
    np.testing.assert_allclose(value, norm.cdf(2 * np.sqrt(kappa)), atol=1e-12)
    # The printed proof lies above the truth wherever 0 < kappa < 1.
    assert (value[1:-1] > norm.cdf(2 * kappa[1:-1])).all()


def test_points_against_kappa_are_the_simulations_at_one_half(results):
    (axes,) = drawn.accuracy_against_kappa(results).axes
    (bars,) = axes.containers
    x, y = bars.lines[0].get_data()
    at_half = [
        q
        for r in results
        if r.claim == "prop1" and r.parameters["p"] == 0.5
        for q in r.quantities
        if q.simulated is not None and " r_" in q.name
    ]
    assert len(x) == len(at_half) > 0
    np.testing.assert_allclose(
        norm.cdf(2 * np.array(x, dtype=float)), [q.exact for q in at_half], atol=1e-9
    )
    assert list(y) == [q.simulated for q in at_half]
    assert drawn.accuracy_against_kappa([]).axes[0].containers == []


def test_lines_against_p():
    (axes,) = drawn.accuracy_against_p().axes
    for kappa in (0.5, 0.25, 0.0, -0.25):
        p, value = line(axes, f"κ = {kappa:g} ")
        inside = p < 1
        h = np.log(p[inside] / (1 - p[inside])) / 4
        expected = p[inside] * norm.cdf(2 * kappa + h)
        expected += (1 - p[inside]) * norm.cdf(2 * kappa - h)
        np.testing.assert_allclose(value[inside], expected, atol=1e-9)
        assert value[-1] == 1
    assert any("0.93552" in text.get_text() for text in axes.texts)


def test_feasibility_curves():
    (axes,) = drawn.feasibility_region().axes
    curves = [one for one in axes.lines if one.get_color() == BLUE]
    assert len(curves) == 5
    for curve, level in zip(curves, (0.6, 0.7, 0.8, 0.9, 1.0), strict=True):
        p, a = curve.get_data()
        seen = ~np.isnan(a) & (p < 1)
        assert seen.any()
        np.testing.assert_allclose((1 - a[seen]) * p[seen] / (1 - p[seen]), level, atol=1e-9)
        assert (a[seen] <= p[seen]).all()
    # Every drawn number stands on its curve.
    for text in axes.texts:
        if text.get_text() in {"0.6", "0.7", "0.8", "0.9", "1"}:
            x, y = text.get_position()
            assert (1 - y) * x / (1 - x) == pytest.approx(float(text.get_text()))


@pytest.mark.parametrize(
    ("word", "shift"), [("simplex:5", 1), ("random:300:0", 1), ("random:300:0", 3), ("++-+--", 2)]
)
def test_autocorrelation_is_drawn(word, shift, brute_kappa):
    from spadv.theory import parse_word

    (axes,) = drawn.autocorrelation(word, shift).axes
    j, kappa = line(axes, "κ at shift j")
    expected = brute_kappa(parse_word(word), shift)
    assert list(j) == list(range(len(expected)))
    np.testing.assert_allclose(kappa, expected, atol=1e-14)
    low, high = axes.get_ylim()
    assert low < expected.min()
    assert high > 1
    assert str(shift) in axes.get_xlabel()


def test_long_words_are_cut_in_the_title():
    (axes,) = drawn.autocorrelation("+-" * 40 + "+").axes
    assert "..." in axes.get_title(loc="left")
    assert len(axes.get_title(loc="left")) < 80


def test_simulations_against_closed_forms(results):
    figure = drawn.simulated_against_exact(results)
    left, right = figure.axes
    distinct = {
        (q.name, q.exact, q.successes, q.trials): q
        for r in results
        for q in r.quantities
        if q.simulated is not None and q.exact is not None
    }
    (bars,) = left.containers
    x, y = bars.lines[0].get_data()
    expected = sorted((q.exact, q.simulated) for q in distinct.values())
    assert sorted(zip(x, y, strict=True)) == expected
    covered = sum(q.interval.low <= q.exact <= q.interval.high for q in distinct.values())
    title = right.get_title(loc="left")
    assert title == f"{covered} of {len(distinct)} intervals cover"
    points = right.lines[0].get_data()
    # The signed score of the exact p-value: its tail area is the p-value.
    scores = dict(zip(points[0], points[1], strict=True))
    for q in distinct.values():
        if sum(other.exact == q.exact for other in distinct.values()) == 1:
            assert 2 * norm.sf(abs(scores[q.exact])) == pytest.approx(q.p_value, rel=1e-6)
            assert scores[q.exact] * (q.simulated - q.exact) >= 0
    assert drawn.simulated_against_exact([]).axes[1].get_title(loc="left") == "no simulations"


def test_results_without_simulations(results):
    bare = [Result(r.claim, r.locator, r.statement, r.parameters, r.verdict) for r in results]
    for figure in drawn.verify_figures(bare, "++-", 1).values():
        assert to_svg(figure)


def test_bad_words_and_shifts():
    with pytest.raises(InputError, match="codeword"):
        drawn.autocorrelation("nonsense")
    for bad in (0, 2, 1.5, None):
        with pytest.raises(InputError, match="'shift' must"):
            drawn.autocorrelation("simplex:4", bad)


def test_a_notebook_shows_a_figure_without_pyplot():
    picture, size = drawn.accuracy_against_p()._repr_png_()
    assert picture.startswith(b"\x89PNG")
    assert size == {"width": 640, "height": 400}
    # Twice as sharp as it is large, or nearly so: width in pixels stands after the signature.
    assert int.from_bytes(picture[16:20], "big") == 1024
