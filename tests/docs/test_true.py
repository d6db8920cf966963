"""What the site says of the paper is what the committed documents say: true.md, the front page."""

import csv
import functools
import json
import operator
import re
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from matplotlib.backends.backend_agg import FigureCanvasAgg

from spadv.empirical.experiments.scores import check_saved
from spadv.empirical.synthetic import draw_frontiers, draw_laws
from spadv.empirical.synthetic.document import check_document
from spadv.errors import StoreError
from spadv.result import SHOWN

DOCS = Path(__file__).parents[2] / "docs"
EVIDENCE = re.compile(
    r"([a-z ]+?),\s+([+-][\d.]+)\s+\(([+-][\d.]+)\s+to\s+([+-][\d.]+)\),\s+(\d+)\s+seeds\s+"
    r"\(`(\w+)/([\w-]+)`,\s+claim\s+(\d+)(,\s+in\s+accuracy)?\)"
)
ROUNDED = re.compile(r"([a-z][a-z ]+), ([+-]\d\.\d\d) \(([+-]\d\.\d\d) to ([+-]\d\.\d\d)\)")
OF_THEORY = ("holds", "attained", "refuted", "vacuous", "inconclusive")


def document(folder, name):
    return json.loads((DOCS / "results" / folder / f"{name}.json").read_text())


def finding_of(folder, name, number, accuracy=""):
    finding = document(folder, name)["findings"][int(number) - 1]
    return finding["other"] if accuracy else finding


def numbers(finding, form):
    interval = finding["interval"]
    return [f"{x:{form}}" for x in (finding["effect"], interval["low"], interval["high"])]


def sections():
    """Return the sections of true.md by the anchors of their headings, and the table's rows."""
    head, *parts = re.split(r"^## ", (DOCS / "true.md").read_text(), flags=re.M)
    found = {
        part.partition("\n")[0].lower().replace(" ", "-"): " ".join(part.split()) for part in parts
    }
    table = head.split("<!-- the table of the front page, too -->")[1]
    table = table.split("<!-- end of the table -->")[0]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return found, [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_verdict_and_number_is_the_documents():
    page = " ".join((DOCS / "true.md").read_text().partition("\n## ")[2].split())
    found = EVIDENCE.findall(page)
    assert len(found) == page.count("`, claim")
    assert len(found) >= 15
    for words, effect, low, high, seeds, folder, name, number, accuracy in found:
        finding = finding_of(folder, name, number, accuracy)
        assert numbers(finding, "+.3f") == [effect, low, high], (name, number)
        assert words.strip().endswith(SHOWN[finding["verdict"]]), (name, number)
        assert set(finding["seeds"]) == {int(seeds)}


def test_what_holms_adjustment_makes_inconclusive_is_told():
    page = " ".join((DOCS / "true.md").read_text().split())
    quoted = {found[5:8] for found in EVIDENCE.findall(page) if not found[8]}
    changed = {
        (f"{folder}/{name}", number)
        for folder, name, number in quoted
        if (holm := finding_of(folder, name, number).get("holm"))
        and holm["verdict"] != finding_of(folder, name, number)["verdict"]
    }
    told = page.partition("it makes these inconclusive: ")[2].partition(". Networks")[0]
    listed = [
        (re.search("`(.+)`", part)[1], re.findall(r"claim (\d+)", part))
        for part in told.split("; ")
    ]
    assert {(name, number) for name, numbers in listed for number in numbers} == changed
    assert len(changed) > 1


def test_every_number_of_the_table_is_in_the_section_that_it_leads_to():
    found, rows = sections()
    assert len(rows) == len(found)
    seen = 0
    for claim, _, _, ours, _ in rows:
        section = found[re.search(r"\(true\.md#([\w-]+)\)$", claim)[1]]
        evidence = [finding_of(*each[5:]) for each in EVIDENCE.findall(section)]
        known = [(SHOWN[one["verdict"]], *numbers(one, "+.2f")) for one in evidence]
        told = ROUNDED.findall(ours)
        assert len(told) == ours.count(" ("), ours
        for words, *values in told:
            assert any(
                words.endswith(verdict) and values == list(others) for verdict, *others in known
            ), (claim, values)
        seen += len(told)
    assert seen >= 11


def test_verdicts_of_the_table_are_words_of_the_glossary():
    glossary = (DOCS / "glossary.md").read_text().split("\nverdict\n")[1]
    for word in (*OF_THEORY, *SHOWN.values()):
        assert f"*{word}*" in " ".join(glossary.split()), word
    for _, verdict, *_ in sections()[1]:
        assert set(re.findall(r"\*\*(.+?)\*\*", verdict)) <= {*OF_THEORY, *SHOWN.values()}


def test_rates_under_rotation_of_cifar10_are_the_documents_and_the_tables():
    found, rows = sections()
    section = found["adversarial-training-makes-networks-less-invariant"]
    ours, others = next((row[3], row[4]) for row in rows if "CIFAR-10" in row[3])
    told = document("vgg", "fig3")["table"]
    cells = {each["label"]: each["cells"] for each in told["rows"]}
    for place, column in ((1, "invariance R 180"), (2, "accuracy R 180")):
        assert told["columns"][place]["label"] == column
        ends = [cells[f"StdCNN, Adv-PGD {level}"][place] for level in ("0", "8/255")]
        for cell in ends:
            assert "{value:.2f} ({low:.2f} to {high:.2f})".format(**cell) in section
        assert " to ".join(f"{cell['value']:.2f}" for cell in ends) in ours
    table = (DOCS / "results" / "public" / "table.md").read_text()
    heads = re.search(r"^\| (network .*) \|$", table, flags=re.M)[1].split(" | ")
    public = {}
    for name in ("cifar_cnn_a_adv", "cifar_cnn_a_adv4", "kw_cifar_small_8px"):
        values = re.search(rf"^\| {name} \| (.*) \|$", table, flags=re.M)[1].split(" | ")
        public[name] = dict(zip(heads[1:], values, strict=False))
    for column in ("inv. R180", "R180"):
        light, heavy, bound = (f"{public[name][column]}%" for name in public)
        assert bound in section
        assert f"{light} to {heavy}" in others
        assert f"{heavy} against {light}" in section


def test_none_of_the_networks_on_the_theorys_distribution_passes_the_law():
    topic = "No network passes the gradual law"
    findings = [one for one in document("bridge", "bridge")["findings"] if one["topic"] == topic]
    held = sum(one["verdict"] == "seen" for one in findings)
    assert f"{held} of {len(findings)} claims supported" in (DOCS / "true.md").read_text()


def dominated(scores, axes, names, seed):
    """Return the area below and left of some points, one rectangle after the other."""
    points = sorted(
        tuple(scores[f"{axis} | {name}"][seed].mean() for axis in axes) for name in names
    )
    area = left = 0.0
    for number, (across, _) in enumerate(points):
        area += (across - left) * max(up for _, up in points[number:])
        left = across
    return area


def interval_of_difference(more, less):
    """Return Student's 95% interval as docs/experiments.md tells it."""
    images = more.shape[1]
    over_images = (more.mean(axis=0) - less.mean(axis=0)).var(ddof=1) / images
    if max(more.max(), less.max()) <= 1:
        over_images += 1 / images**2
    parts = [(over_images, images - 1)]
    parts += [(t.mean(axis=1).var(ddof=1) / len(t), len(t) - 1) for t in (more, less)]
    variance = sum(part for part, _ in parts)
    freedom = variance**2 / sum(part**2 / free for part, free in parts)
    half = scipy.stats.t.ppf(0.975, freedom) * np.sqrt(variance)
    middle = more.mean() - less.mean()
    return middle - half, middle + half


def verdict_by_words(effect, low, high, size, *means):
    """Return the verdict by the table in docs/experiments.md; sizes of means for rates alone."""
    if means and max(means) < size:
        return "untestable"
    if low > 0 and effect >= size:
        return "seen"
    if high < 0 and effect <= -size:
        return "opposite"
    return "not seen" if high <= size else "underpowered"


def test_findings_follow_from_the_scores_beside_them():
    """By the code that judges, and by numpy alone: seed by seed, and the effect."""
    seen = 0
    for file in (DOCS / "results").glob("*/*.json"):
        made, path = json.loads(file.read_text()), file.with_suffix(".npz")
        if "findings" not in made or file.parent.name == "bridge":
            continue
        assert check_saved(made, path) > 0
        scores = np.load(path)
        for one in made["findings"]:
            if one.get("axes"):
                less, more = one["points"]
                areas = [
                    [dominated(scores, one["axes"], names, seed) for seed in range(one["seeds"][0])]
                    for names in (less + more, less)
                ]
                np.testing.assert_allclose(one["values"], areas, atol=1e-12)
                np.testing.assert_allclose(one["effect"], -np.diff(np.mean(areas, axis=1))[0])
            else:
                more, less = (scores[f"{one['measure']} | {one[end]}"] for end in ("more", "less"))
                values = [table.mean(axis=1) for table in (more, less)]
                means = [] if one["measure"].startswith("DeepFool") else [v.mean() for v in values]
                np.testing.assert_allclose(one["values"], values, atol=1e-12)
                np.testing.assert_allclose(one["effect"], more.mean() - less.mean(), atol=1e-12)
                ends = interval_of_difference(more.astype(float), less.astype(float))
                told = [one["interval"][end] for end in ("low", "high")]
                np.testing.assert_allclose(told, ends, atol=1e-9)
                gone = [f"{one[end]}: " for end in ("more", "less")]
                if not any(remark.startswith(tuple(gone)) for remark in made["remarks"]):
                    size = 0.02 * (less.mean() if one["measure"].startswith("DeepFool") else 1)
                    assert one["verdict"] == verdict_by_words(one["effect"], *ends, size, *means)
            seen += 1
    assert seen > 150


#: Settings, and what neither scores nor values of every seed tell.
NOT_COMPUTED = {"x", "at", "level", "levels", "crossings", "rate", "ordered"}


def numbers_in(value, place=()):
    """Yield the places of all numbers and verdicts in a JSON value that are computed again."""
    if isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            if key not in NOT_COMPUTED and (*place[-1:], key) != ("rank", "means"):
                yield from numbers_in(one, (*place, key))
    elif isinstance(value, float) or place[-1] in ("images", "verdict", "progressive"):
        yield place


@pytest.mark.parametrize("name", ["vgg/table8", "mnist/fig8a-b"])
def test_a_document_with_one_changed_number_is_refused(name):
    path = (DOCS / "results" / name).with_suffix(".json")
    made = json.loads(path.read_text())
    parts = {key: made[key] for key in ("findings", "table", "panels", "other_metric")}
    places = list(numbers_in(parts))
    assert len(places) > 200
    for chosen in np.random.default_rng(0).choice(len(places), 60, replace=False):
        *way, last = places[chosen]
        wrong = json.loads(path.read_text())
        inner = functools.reduce(operator.getitem, way, wrong)
        old = inner[last]
        inner[last] = old * 1.01 + 0.001 if isinstance(old, float) else "untestable"
        with pytest.raises(StoreError):
            check_saved(wrong, path.with_suffix(".npz"))


def test_findings_on_the_theorys_distribution_follow_from_values_of_every_seed():
    """By the code that judges, and by numpy and the words of each rule alone."""
    made = document("bridge", "bridge")
    assert check_document(made) > len(made["findings"]) > 100
    for one in made["findings"]:
        values = np.array(one["values"])
        assert values.shape[1] == one["seeds"] == 5
        means, spread = values.mean(axis=1), values.std(axis=1, ddof=1) / np.sqrt(5)
        low, high = means - 2.77644511 * spread, means + 2.77644511 * spread
        shown = np.abs(means).argmax()
        found = means[shown], low[shown], high[shown]
        told = one["effect"], one["interval"]["low"], one["interval"]["high"]
        np.testing.assert_allclose(told, found, atol=1e-5)
        limit = float(re.search(r"(?:below|within|least) (0\.\d+)", one["rule"])[1])
        if "every interval" in one["rule"]:
            seen = (-limit <= low).all() and (high <= limit).all()
            opposite = (low > limit).any() or (high < -limit).any()
        elif "ends at or below" in one["rule"]:
            seen, opposite = high[0] <= limit, low[0] > limit
        else:
            seen = low[0] > 0 and means[0] >= limit
            opposite = high[0] < 0 and means[0] <= -limit
            assert (one["verdict"] == "not seen") == (
                not seen and not opposite and high[0] <= limit
            )
        assert (one["verdict"] == "seen", one["verdict"] == "opposite") == (seen, opposite)


@pytest.mark.parametrize("draw", [draw_frontiers, draw_laws])
def test_nothing_in_figures_on_the_theorys_distribution_is_cut(draw):
    figure = draw(document("bridge", "bridge"))
    FigureCanvasAgg(figure).draw()
    for ax in figure.axes:
        place = ax.get_tightbbox()
        assert figure.bbox.x0 <= place.x0 < place.x1 <= figure.bbox.x1, ax.get_title(loc="left")
        assert figure.bbox.y0 <= place.y0 < place.y1 <= figure.bbox.y1, ax.get_title(loc="left")


def test_what_is_told_of_the_theorys_distribution_is_in_its_document():
    about = " ".join((DOCS / "results" / "bridge" / "about.md").read_text().split())
    found = {}
    for one in document("bridge", "bridge")["findings"]:
        found.setdefault(one["topic"], []).append(one)

    def counts(topic, *verdicts):
        return [sum(one["verdict"] == each for one in found[topic]) for each in verdicts]

    every = ("seen", "opposite", "not seen", "underpowered")
    assert counts("No network passes the gradual law", *every) == [9, 0, 0, 0]
    assert counts("Training on the weighted sum reaches the frontier", *every) == [3, 0, 0, 0]
    linear = found["Networks exceed linear rules"]
    shown = [f"{one['effect']:.3f}" for one in linear if one["verdict"] == "seen"]
    assert f"of the four distributions (by {' and '.join(shown)});" in about
    assert counts("Networks exceed linear rules", *every) == [2, 0, 0, 2]
    ends = found["CuSP is Pareto-optimal"]
    exact = [one["verdict"] for one in ends if "the exact frontier" in one["claim"]]
    assert sorted(exact) == ["seen"] * 8 + ["underpowered"]
    lost = [
        [one["effect"] for one in found["Tuned CuSP serves every weighting"]
         if ("not known" in one["claim"]) == seven]
        for seven in (False, True)
    ]  # fmt: skip
    assert counts("Tuned CuSP serves every weighting", *every) == [0, 12, 0, 0]
    assert f"({min(lost[0]):.3f} to {max(lost[0]):.2f})" in about
    # Of the three with seven shifts.
    assert f"({min(lost[1]):.2f} to {max(lost[1]):.2f})" in about
    assert counts("Tuned CuSP serves better than shifts without attack", *every) == [6, 5, 1, 0]
    assert "in five of twelve cases, more in six, and in one hardly less (0.002)" in about
    near = found["CuSP beats PGD on shifted samples"]
    assert [one["claim"][:24] for one in near if one["verdict"] == "seen"] == [
        "seven shifts, e = 1, cir"
    ]
    assert counts("CuSP beats PGD on shifted samples", *every) == [1, 0, 11, 0]
    for one in near:  # neither nearer nor farther by what counts
        if one["verdict"] == "not seen":
            assert -0.005 < one["interval"]["low"] <= one["interval"]["high"] < 0.005
    page = " ".join((DOCS / "true.md").read_text().split())
    assert "with its last budget ends as near in eleven of twelve" in page
    assert f"by {max(one['effect'] for one in near):.3f}. With every stage" in about
    settled = "CuSP beats PGD on shifted samples: every stage trained to its end"
    assert counts(settled, *every) == [0, 0, 3, 0]
    assert counts("CuSP serves both threats at once", *every) == [6, 1, 0, 1]
    trade = [one for one in found["Shifts in training trade adversarial for spatial accuracy"]
             if "lower adversarial" in one["claim"]]  # fmt: skip
    trade += [one for one in found["Invariance by construction trades in the same way"]
              if "less adversarial" in one["claim"]]  # fmt: skip
    raised = [one for one in trade if one["verdict"] != "seen"]
    assert all(one["claim"].startswith("orthogonal, e = 2") for one in raised)
    assert {one["verdict"] for one in raised} == {"opposite"}
    assert len(raised) == 3
    assert all(0.015 < -one["effect"] < 0.026 for one in raised)


def test_the_front_page_names_the_paper_and_shows_the_table():
    page = " ".join((DOCS / "index.md").read_text().split())
    assert "Can We Have It All? On the Trade-off between Spatial and Adversarial" in page
    assert "https://arxiv.org/abs/2002.11318" in page
    assert ":::{include} true.md" in page
    for mark in ("<!-- the table of the front page, too -->", "<!-- end of the table -->"):
        assert mark in page
        assert (DOCS / "true.md").read_text().count(mark) == 1


def cells(name, head):
    """Return a column of a table of docs/results/vgg, by the names of its rows."""
    table = document("vgg", name)["table"]
    number = [column["label"] for column in table["columns"]].index(head)
    return {row["label"]: row["cells"][number]["value"] for row in table["rows"]}


#: What the intervals on pages about trainings are of, in order: document, claim, metric; - turns.
INTERVALS = {
    "vgg": """
        -fig1a-b:2 -fig1e-f:2 -fig1i-l:4 fig1a-b:2:accuracy fig1i-l:4:accuracy
        protocols-vgg16:2 protocols-vgg16:12 protocols-vgg16:3 protocols-vgg16:13
        fig3:1:accuracy table3:1 table8:4 table8:6 table8:3 table8:5
        table8:1 table8:2 table1:9 table1:5 table1:7 fig18:9 fig18:7
        stronger-attack:12 stronger-attack:4 stronger-attack:10 stronger-attack:8
        equal-epochs:4 equal-epochs:3 equal-epochs:6 equal-epochs:5
    """,
    "mnist": """
        protocols-stdcnn:6 fig8a-b:1 fig8e-f:1 fig8i-l:3 fig8a-b:2 fig8i-l:4 fig8e-f:2
        fig5a-b:1 fig8c-d:1 fig8c-d:2 fig5a-b:2 fig8m-p:3 fig8m-p:4
        protocols-stdcnn:2 protocols-stdcnn:7 protocols-stdcnn:12 protocols-stdcnn:3
        protocols-stdcnn:8 protocols-stdcnn:13 protocols-stdcnn:4
        protocols:7 protocols:8 protocols:9 protocols:10
        fig2a-d:5 fig2a-d:9 fig2a-d:13 fig2a-d:11 fig2a-d:15 fig2a-d:8 fig2a-d:13:accuracy
    """,
}


@pytest.mark.parametrize("folder", INTERVALS)
def test_every_interval_about_trainings_is_the_documents(folder):
    page = " ".join((DOCS / "results" / folder / "about.md").read_text().split())
    told = re.findall(r"([+-]?\d\.\d+) \(([+-]?\d\.\d+) to ([+-]?\d\.\d+)\)", page)
    for values, source in zip(told, INTERVALS[folder].split(), strict=True):
        name, number, *accuracy = source.removeprefix("-").split(":")
        finding = finding_of(*f"{folder}/{name}".split("/")[-2:], number, accuracy)
        low, high = finding["interval"]["low"], finding["interval"]["high"]
        known = finding["effect"], low, high
        if source.startswith("-"):  # what the claim says falls, the page says rises
            known = -finding["effect"], -high, -low
        form = f"+.{len(values[0].partition('.')[2])}f"
        assert [f"{x:{form}}" for x in known] == [f"{float(x):{form}}" for x in values], source


def test_what_is_told_of_figure_8_is_in_its_tables():
    about = " ".join((DOCS / "results" / "mnist" / "about.md").read_text().split())
    made = document("mnist", "fig8a-b")
    rows = [[cell["value"] for cell in row["cells"]] for row in made["table"]["rows"]]
    labels = [column["label"] for column in made["table"]["columns"]]
    for head, form in (
        ("natural accuracy", "{:.0%}"), ("invariance R 180", "{:.2f}"), ("accuracy R 180", "{:.0%}")
    ):  # fmt: skip
        assert ", ".join(form.format(row[labels.index(head)]) for row in rows) in about
    turned, attacked = (
        {curve["label"]: curve for curve in panel["curves"]} for panel in made["panels"]
    )
    assert turned["60"]["x"][5] == 75
    better = [a > b for a, b in zip(turned["60"]["y"], turned["180"]["y"], strict=True)][1:]
    assert better == [True] * 5 + [False] * 7
    assert attacked["60"]["x"][2] == 0.1
    ends = [f"{end(attacked['60']['seeds'][2]):.0%}" for end in (min, max)]
    assert "leave between {} and {} of the predictions".format(*ends) in about
    levels = document("mnist", "fig5a-b")["findings"][0]["rank"]["means"]
    assert "from {:.2f} to {:.2f}, {:.2f} and {:.2f} (l2 in pixels)".format(*levels) in about
    unit = [f"{level / 0.3081:.1f}" for level in (levels[0], levels[-1])]
    assert "after normalisation: {} and {}.".format(*unit) in about
    rules = document("mnist", "protocols-stdcnn")
    heads = [column["label"] for column in rules["table"]["columns"]]
    cells = {row["label"]: [one["value"] for one in row["cells"]] for row in rules["table"]["rows"]}
    at = heads.index("accuracy under attack at nominal 0.3")
    pairs = [
        " and ".join(f"{cells[f'StdCNN, Aug-R {level}, {rule}'][at]:.0%}" for level in (0, 180))
        for rule in ("equal in pixels", "official")
    ]
    assert "it is {}, and {} by the published rules".format(*pairs) in about
    at = heads.index("1 - fooling rate at nominal 0")
    moved = sorted(round(100 - 100 * row[at]) for name, row in cells.items() if "official" in name)
    assert (moved[:3], moved[3], moved[-1]) == ([1, 1, 1], 2, 5)
    assert "changes 1% of their predictions, and 2% to 5% of those of the others" in about
    stay = [n for n, one in enumerate(rules["findings"], 1) if one["holm"]["verdict"] == "seen"]
    assert stay == [1, 2, 12]


def test_what_is_told_of_the_twin_is_in_its_documents():
    about = " ".join((DOCS / "results" / "mnist" / "about.md").read_text().split())
    rates, right, natural = (
        [row["cells"][place]["value"] for row in document("mnist", "fig8c-d")["table"]["rows"]]
        for place in (1, 2, 0)
    )
    told = "Its rate of invariance under rotations up to 180 degrees is {}, its accuracy there {}, "
    told += "its natural accuracy {}: without"
    shown = [", ".join(f"{value:.2f}" for value in rates)]
    shown += [", ".join(f"{value:.0%}" for value in found) for found in (right, natural)]
    assert told.format(*shown) in about
    plain = document("mnist", "fig8a-b")["table"]["rows"][0]["cells"][1]["value"]
    assert 0 < rates[0] - plain < 0.02
    levels = document("mnist", "fig5a-b")["findings"][1]["rank"]["means"]
    assert "from {:.2f} to {:.2f}, {:.2f} and {:.2f}, by".format(*levels) in about
    for name, middle in {"fig8a-b": "seen", "fig8c-d": "underpowered"}.items():
        more, less = (one["steps"][:3] for one in document("mnist", name)["findings"])
        assert [step["verdict"] for step in more] == ["seen", "seen", "not seen"]
        assert [step["verdict"] for step in less] == ["underpowered", middle, "seen"]
    held = [one["holm"]["verdict"] for one in document("mnist", "protocols")["findings"][5:]]
    assert held == ["underpowered"] * 3 + ["seen", "underpowered"]


def test_the_twin_that_did_not_learn_is_told():
    about = " ".join((DOCS / "results" / "mnist" / "about.md").read_text().split())
    made = document("mnist", "fig8g-h")
    (remark,) = made["remarks"]
    assert remark.startswith("GCNN, Aug-T 0.2: 1 of 3 networks give one class to nearly all images")
    assert "One of these trainings did not learn" in about
    assert all("remarks" not in each or not each["remarks"] for each in (
        document("mnist", path.stem) for path in (DOCS / "results" / "mnist").glob("*.json")
        if path.stem != "fig8g-h"
    ))  # fmt: skip
    (more, less), (firm, weak) = (one["values"] for one in made["findings"])
    assert (more[2], weak[2]) == (1, 1)  # the one class is the same for every input
    gained, lost = (np.subtract(*pair)[:2] for pair in ((more, less), (firm, weak)))
    said = "more invariant by {:.2f} and {:.2f}, and less robust by {:.2f} and {:.2f}."
    assert said.format(*gained, *lost) in about
    page = " ".join((DOCS / "true.md").read_text().split())
    assert "the other two lose {:.2f} and {:.2f}.".format(*lost) in page


def test_what_the_published_rules_move_of_twins_is_in_their_table():
    about = " ".join((DOCS / "results" / "mnist" / "about.md").read_text().split())
    table = document("mnist", "protocols")["table"]
    assert table["columns"][0]["label"] == "1 - fooling rate at nominal 0"
    moved = [
        1 - row["cells"][0]["value"]
        for row in table["rows"]
        if re.fullmatch("GCNN, .*, official", row["label"])
    ]
    assert len(moved) == 4
    ends = f"{min(moved):.0%} to {max(moved):.0%}"
    assert f"with a budget of 0 they change {ends} of the predictions" in about


def test_what_is_told_of_figure_2_is_in_its_document():
    about = " ".join((DOCS / "results" / "mnist" / "about.md").read_text().split())
    found = document("mnist", "fig2a-d")["findings"]
    natural, means = found[1]["means"][1], found[0]["rank"]["means"]
    told = "{:.2f} with natural training and {:.2f}, {:.2f} and {:.2f} with budgets of 0.1, 0.2"
    assert told.format(natural, *means) in about
    for trend in (found[0], found[4], found[8], found[12]):
        last = next(
            step
            for step in trend["steps"]
            if {step["more"][-3:], step["less"][-3:]} == {"0.2", "0.3"}
        )
        assert last["verdict"] == "seen"
    assert {found[number]["verdict"] for number in (5, 9, 13)} == {"not seen"}
    assert {found[number]["verdict"] for number in (11, 15)} == {"not seen"}
    effects = [(one["effect"], one["other"]["effect"]) for one in found[4:]]
    assert max(abs(a - b) for a, b in effects) < 0.01


def test_what_is_told_of_cusp_with_trades_is_in_table_4():
    pages = [DOCS / "true.md", DOCS / "results" / "vgg" / "about.md"]
    true, about = (" ".join(page.read_text().split()) for page in pages)
    heads = ("spatial accuracy (180 degrees)", "adversarial accuracy (PGD 8/255)")
    spatial, adversarial, natural = (
        {row.split()[0]: value for row, value in cells("table4", head).items()}
        for head in (*heads, "natural accuracy")
    )
    warm, turned, cold = (
        f"{spatial[row]:.0%} and {adversarial[row]:.0%}" for row in ("11", "12", "10")
    )
    assert f"started from PGD at {warm}, from training on rotations at {turned}, " in true
    assert f"from scratch at {cold}." in true
    assert f"{warm} from PGD, {turned} from training on rotations, {cold} from scratch" in about
    told = [f"{natural[row]:.0%}" for row in ("11", "12", "10")]
    assert "with natural accuracies of {}, {} and {}.".format(*told) in about
    tossed = {}
    for row in ("10", "11", "12"):
        share = (spatial["5"] - spatial[row]) / (spatial["5"] - spatial["6"])
        tossed[row] = share * adversarial["6"] + (1 - share) * adversarial["5"]
    assert abs(tossed["10"] - adversarial["10"]) < 0.005
    assert tossed["11"] < adversarial["11"] - 0.02
    assert tossed["12"] < adversarial["12"] - 0.02
    for head in heads:
        shared = cells("table1", head)
        assert len(shared) == 9
        assert shared.items() <= cells("table4", head).items()


def test_what_is_told_of_stronger_attacks_is_in_their_table():
    pages = [DOCS / "true.md", DOCS / "results" / "vgg" / "about.md"]
    true, about = (" ".join(page.read_text().split()) for page in pages)
    found = cells("stronger-attack", "adversarial accuracy (8/255)")
    left = {row.split()[0]: f"{v:.0%}" for row, v in found.items() if row.endswith("AutoAttack")}
    told = "CuSP keeps {8} from PGD, {9} from training on rotations, {7} from scratch; "
    told += "PGD keeps {3}, PGD with rotations {4}."
    words = ["", "", "", *(left[str(row)] for row in (3, 4)), "", "", *(left[r] for r in "789")]
    assert told.format(*words) in true
    told = "AutoAttack leaves PGD {3}, PGD with rotations {4}, CuSP {8} from PGD, {9} from training"
    assert f"{told} on rotations and {{7}} from scratch".format(*words) in about
    lost = [finding_of("vgg", "stronger-attack", number)["effect"] for number in range(11, 16)]
    assert [f"{value:.2f}" for value in lost] == ["0.05", "0.03", "0.06", "0.06", "0.07"]
    assert "CuSP loses 0.06 to 0.07 by it, PGD with rotations 0.03" in about
    assert min(lost[2:]) > max(lost[:2])


def test_what_is_told_of_table_1_with_vgg16_is_in_it():
    pages = [DOCS / "true.md", DOCS / "results" / "vgg" / "about.md"]
    true, about = (" ".join(page.read_text().split()) for page in pages)
    heads = ("spatial accuracy (180 degrees)", "adversarial accuracy (PGD 8/255)")
    columns = [cells("table1", head) for head in heads]
    exact = {row[0]: tuple(column[row] for column in columns) for row in columns[0]}
    shown = {row: [f"{value:.0%}" for value in pair] for row, pair in exact.items()}
    both = {row: " and ".join(pair) for row, pair in shown.items()}
    assert f"PGD has {both['3']}, PGD with rotations {both['4']}." in true
    assert f"PGD has {both['3']}, PGD with rotations {both['4']}." in about
    assert f"{shown['8'][0]} under rotations and {shown['8'][1]} under attack" in true
    assert f"{shown['8'][0]} under rotations and {shown['8'][1]} under attack" in about
    assert f"started from training on rotations {both['9']}" in true
    assert f"from training on rotations at {both['9']}" in about
    assert f"CuSP from scratch has {both['7']}" in true
    assert f"*CuSP from scratch* ({both['7']})" in about
    assert f"under attack falls from {shown['3'][1]} to {shown['5'][1]}" in true
    fall = f"under rotations falls from {shown['2'][0]} to {shown['6'][0]}"
    assert f"{fall}, where PGD alone has {shown['3'][0]}" in true
    assert f"end at {shown['5'][0]} under rotations" in true
    assert f"has {both['8']}, or a wider network" in true

    longer = [cells("equal-epochs", head) for head in heads]
    again, after = (
        " and ".join(f"{column[f'{start} → PGD (Aug 180)']:.0%}" for column in longer)
        for start in ("PGD (Aug 180)", "Aug 180")
    )
    assert f"PGD with rotations twice has {again}, training on rotations, then PGD" in true
    assert f"then PGD with rotations {after}." in true
    assert f"With 24, it has {again} (started from itself) and {after} (started from" in about

    share = (exact["5"][0] - exact["7"][0]) / (exact["5"][0] - exact["6"][0])
    for page in (true, about):
        assert f"{share:.0%}" in page
    tossed = share * exact["6"][1] + (1 - share) * exact["5"][1]
    assert tossed > exact["7"][1]
    assert f"has {shown['7'][0]} under rotations and at least {tossed:.0%} under attack" in about
    for warm in ("8", "9"):
        share = (exact["5"][0] - exact[warm][0]) / (exact["5"][0] - exact["6"][0])
        assert share * exact["6"][1] + (1 - share) * exact["5"][1] < exact[warm][1]

    smaller = [cells("fig3", head) for head in ("accuracy R 180", "accuracy PGD 8/255")]
    pair = [f"{column['StdCNN, Adv-PGD 4/255']:.0%}" for column in smaller]
    assert f"PGD with 4/255 has {pair[0]} under rotations and {pair[1]} under attack" in about
    gaps = [
        round(100 * (end - column["StdCNN, Adv-PGD 4/255"]))
        for end, column in zip(exact["8"], smaller, strict=True)
    ]
    assert gaps == [11, -1]
    assert "eleven points less under rotations than CuSP from PGD, and one more under" in about
    natural = {row[0]: f"{v:.0%}" for row, v in cells("table1", "natural accuracy").items()}
    assert f"natural accuracies of {natural['8']} and {natural['9']}" in about
    assert f"what PGD with rotations ({natural['4']}) does not" in about


def test_what_is_told_of_figure_1_with_vgg16_is_in_its_tables():
    pages = [DOCS / "true.md", DOCS / "results" / "vgg" / "about.md"]
    true, about = (" ".join(page.read_text().split()) for page in pages)
    kept = cells("protocols-vgg16", "1 - fooling rate at nominal 0")
    clipped = {
        level: f"{1 - kept[f'StdCNN, Aug-{level}, official']:.0%}"
        for level in ("R 0", "R 60", "R 120", "R 180", "RT 0.2")
    }
    assert f"changes {clipped['R 0']} of the predictions" in true
    assert f"{clipped['R 180']} of those trained with rotations" in true
    assert f"and {clipped['RT 0.2']} of those trained with both" in true
    grown = "{R 60}, {R 120} and {R 180} of those trained with".format(**clipped)
    assert grown in about
    levels = [f"StdCNN, Aug-R {level}" for level in (0, 60, 120, 180)]
    natural, accuracy, rate = (
        [cells("fig1a-b", head)[level] for level in levels]
        for head in ("natural accuracy", "accuracy R 180", "invariance R 180")
    )
    assert f"natural accuracy falls, from {natural[0]:.0%} to {natural[-1]:.0%}" in true
    assert ", ".join(f"{value:.0%}" for value in natural) in about
    assert ", ".join(f"{value:.0%}" for value in accuracy) in about
    assert ", ".join(f"{value:.2f}" for value in rate) in about
    effect = finding_of("vgg", "fig1a-b", 2, "in accuracy")["effect"]
    assert 0.57 < (natural[0] - natural[-1]) / 6 / effect < 0.63  # three fifths, of six budgets
    right = {}
    for name in ("fig1a-b", "fig1i-l"):
        lines = (DOCS / "results" / "vgg" / f"{name}-curves.csv").read_text().splitlines()
        for row in csv.DictReader(lines):
            if row["metric"] == "accuracy under attack":
                key = name, float(row["curve"]), round(255 * float(row["at"]))
                right[key] = float(row["value"])
    both = [right["fig1i-l", level, 2] for level in (0.2, 0.0)]
    assert "right more often, {:.1%} against {:.1%}".format(*both) in true
    held = [
        f"{right[name, level, 2] / right[name, level, 0]:.0%}"
        for name, level in (
            ("fig1a-b", 0), ("fig1a-b", 180), ("fig1i-l", 0), ("fig1i-l", 0.2)
        )
    ]  # fmt: skip
    told = "{} stay right under 2/255 without rotations in training, {} with rotations up to 180 "
    told += "degrees; {} without, {} with both"
    assert told.format(*held) in about
