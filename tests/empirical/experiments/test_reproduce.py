"""`spadv reproduce` from training to page, at the scale smoke."""

from __future__ import annotations

import csv
import io
import json
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from spadv.cli.outputs import saved, write_page
from spadv.cli.pages import reproduce_page
from spadv.cli.tables import csv_curves, csv_table, latex_architecture, latex_table
from spadv.empirical.experiments import EXPERIMENTS
from spadv.errors import StoreError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("reproduced")


class Outline(HTMLParser):
    """The headings, links and anchors of a page, and whether its tags are closed."""

    VOID = frozenset(("meta", "br", "link", "img", "hr", "input"))

    def __init__(self, text):
        super().__init__()
        self.open, self.headings, self.links, self.ids = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if tag == "a" else []
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("h1", "h2"):
            self.headings.append(data)


def test_from_training_to_page(spadv, folder):
    done = spadv("reproduce", "fig16a-d", "fig15", "--scale", "smoke", "--out", folder, "--json")
    assert done.status == 0, done.err
    first, second = done.json["artefacts"]
    assert (first["id"], second["id"]) == ("fig16a-d", "fig15")
    assert {len(panel["curves"]) for panel in first["panels"]} == {1, 2}
    assert all(finding["verdict"] for finding in first["findings"])
    natural = [row["cells"][0]["value"] for row in first["table"]["rows"]]
    assert max(natural) > 0.4  # the networks have learnt
    assert second["pictures"][0]["type"] == "boundary"
    for kind in ("json", "png", "svg", "csv", "tex"):
        assert (folder / f"fig16a-d.{kind}").stat().st_size > 100
    assert (folder / "fig16a-d-curves.csv").is_file()
    outline = Outline((folder / "report.html").read_text())
    assert outline.headings[1] == "What the evidence says"
    assert outline.headings[-1] == "All figures and tables"
    assert {link[1:] for link in outline.links if link.startswith("#")} <= set(outline.ids)
    assert len(outline.ids) == len(set(outline.ids))


def test_the_second_time_nothing_is_trained(spadv, folder):
    before = {path: path.stat().st_mtime_ns for path in folder.glob("runs/*/checkpoint.pt")}
    assert len(before) == 4
    done = spadv("reproduce", "fig16a-d", "--scale", "smoke", "--out", folder)
    assert done.status == 0
    assert "fig16a-d" in done.out
    assert "Aug-R 180" in done.out
    assert "its numbers mean nothing" in done.out
    assert "not assessed" not in done.out  # nor any other verdict
    assert before == {p: p.stat().st_mtime_ns for p in folder.glob("runs/*/checkpoint.pt")}
    # Artefacts made before stay on the page.
    assert {document["id"] for document in saved(folder)} == {"fig15", "fig16a-d"}
    assert 'id="fig15"' in (folder / "report.html").read_text()


def test_the_list_says_how_far_each_experiment_is(spadv, folder):
    done = spadv("reproduce", "--list", "--scale", "smoke", "--out", folder, "--json")
    rows = {row["id"]: row for row in done.json["artefacts"]}
    assert list(rows) == list(EXPERIMENTS)
    assert rows["fig15"]["done"] == rows["fig15"]["trainings"] == 2
    assert rows["fig15"]["hours_left"]["cpu"] == 0
    assert rows["fig15"]["drawn"] == "smoke"
    assert 0 < rows["fig8"]["done"] < rows["fig8"]["trainings"]
    assert rows["table1"]["hours_left"]["cpu"] > 0
    assert rows["table1"]["drawn"] is None
    shown = spadv("reproduce", "--list", "--scale", "smoke", "--out", folder)
    assert "exact-invariance" in shown.out


def test_the_page_is_rebuilt_from_what_is_saved(spadv, folder):
    page = (folder / "report.html").read_bytes()
    picture = (folder / "fig15.svg").read_bytes()
    for name in ("report.html", "fig15.svg", "fig15.png", "fig16a-d.svg"):
        (folder / name).unlink()
    assert spadv("report", folder).status == 0
    assert (folder / "fig15.svg").read_bytes() == picture
    assert (folder / "report.html").read_bytes() == page


def test_documents_of_another_version_are_left_out_and_named_once(spadv, folder, tmp_path):
    shutil.copy(folder / "fig16a-d.json", tmp_path)
    old = json.loads((folder / "fig15.json").read_text()) | {"schema": 1}
    (tmp_path / "fig15.json").write_text(json.dumps(old))
    assert [document["id"] for document in saved(tmp_path)] == ["fig16a-d"]
    told = spadv("report", tmp_path).err
    assert told.count("another version") == 1
    assert "Not computed again, for want of their scores: fig16a-d.npz." in told


def test_a_folder_without_experiments_has_no_page(tmp_path):
    with pytest.raises(StoreError, match="holds no experiment"):
        write_page([], tmp_path)


@pytest.mark.parametrize(
    ("option", "words"),
    [("cifar10", "NAME=FOLDER"), ("cifar10=", "NAME=FOLDER"), ("cifar=here", "cifar10")],
)
def test_bad_replacements_of_data(spadv, tmp_path, option, words):
    done = spadv("reproduce", "table8", "--data", option, "--dry-run", "--out", tmp_path)
    assert done.status == 2
    assert words in done.err
    assert "Traceback" not in done.err


def test_a_folder_stands_for_a_data_set(spadv, tmp_path):
    place = tmp_path / "copy"
    rng = np.random.default_rng(0)
    for name in "ab":
        (place / name).mkdir(parents=True)
        for number in range(10):
            pixels = rng.integers(256, size=(32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(place / name / f"{number}.png")
    done = spadv(
        "reproduce", "table8", "--data", f"cifar10={place}", "--dry-run", "--seeds", 1,
        "--out", tmp_path, "--json",
    )  # fmt: skip
    assert done.status == 0, done.err
    assert {job["label"].split()[0] for job in done.json["jobs"]} == {"copy"}


# Tables for other programs, and the page, on made-up outcomes.


def test_csv_tables_are_read_back(made_up):
    table = made_up("fig2")["table"]
    header, *rows = csv.reader(io.StringIO(csv_table(table)))
    assert len(header) == 2 + 3 * len(table["columns"])
    for row, shown in zip(table["rows"], rows, strict=True):
        assert shown[0] == row["label"]
        for place, cell in enumerate(row["cells"]):
            value = shown[2 + 3 * place]
            assert value == "" if cell is None else float(value) == cell["value"]


def test_csv_curves_have_every_point(made_up):
    document = made_up("fig3")
    rows = list(csv.DictReader(io.StringIO(csv_curves(document))))
    points = [
        (panel["unit"], panel["title"], curve["label"], x, y)
        for panel in document["panels"] + document["other_metric"]
        for curve in panel["curves"]
        for x, y in zip(curve["x"], curve["y"], strict=True)
    ]
    found = [(r["metric"], r["panel"], r["curve"], float(r["at"]), float(r["value"])) for r in rows]
    assert found == points


def test_latex_tables(made_up):
    document = made_up("table1")
    text = latex_table(document)
    lines = text.splitlines()
    rows = lines[lines.index(r"\midrule") + 1 : lines.index(r"\bottomrule")]
    assert len(rows) == len(document["table"]["rows"])
    assert all(row.count(" & ") == 3 and row.endswith(r"\\") for row in rows)
    for column in range(3):
        bold = [row.split(" & ")[column + 1].startswith(r"\textbf") for row in rows]
        values = [row["cells"][column]["value"] for row in document["table"]["rows"]]
        assert bold == [value == max(values) for value in values]
    assert r"$\to$" in text
    assert "→" not in text
    assert r"in all & & 89,910 \\" in "".join(
        latex_architecture(network) for network in made_up("table2")["architectures"]
    )


def test_the_page_of_made_up_experiments(made_up):
    documents = [made_up(name) for name in ("fig3", "table1", "table2")]
    documents[0]["explanations"] = ["Why <so>."]
    drawings = {"fig3": '<svg width="600pt"><g id="a"/></svg>'}
    text = reproduce_page(documents, drawings, [("fig9", "Another <figure>")])
    assert 'class="wide"' in text
    assert '<p class="why">Why &lt;so&gt;.</p>' in text
    own = text[text.index('<h2 id="fig3"') :]
    assert own.index("<svg") < own.index("<table")  # figures first
    outline = Outline(text)
    assert outline.headings[1] == "What the evidence says"
    assert text.index("What the evidence says") < text.index('<h2 id="fig3"')
    for finding in documents[0]["findings"]:
        assert finding["claim"] in text
    folded = text[text.index("<details><summary>Not made: 1") :]
    assert "Another &lt;figure&gt;" in folded[: folded.index("</details>")]
    assert text.index("<summary>Symbols") < text.index("What the evidence says")
    assert "network: " not in text[: text.index("What the evidence says")]
    assert "Here: vgg16 with channels times 0.125 in place of vgg16." in text
    assert "second-hand" in text
    assert "89,910" in text
    assert "Area dominated" in text


@pytest.mark.slow
def test_everything_at_the_scale_smoke(spadv, tmp_path):
    done = spadv("reproduce", "all", "--scale", "smoke", "--out", tmp_path, "--json")
    assert done.status == 0, done.err
    wholes = {n for n, a in EXPERIMENTS.items() if not a.part_of and n != "demo"}
    assert {document["id"] for document in done.json["artefacts"]} == wholes
    Outline((tmp_path / "report.html").read_text())
