"""`spadv verify` and `spadv report`: verdicts, files, interruption, folders that resist."""

from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser
from importlib import import_module

import pytest

from spadv.cli import verify as verify_command
from spadv.cli.symbols import THEORY
from spadv.result import read_results
from spadv.theory import Result
from spadv.theory.claims import proposition1, registry

SMALL = ("--codeword", "simplex:5", "--p", "0.6", "--samples", "300")


@pytest.fixture
def no_report(monkeypatch):
    """Leave out figures and page, for tests that are about the results alone."""
    monkeypatch.setattr(verify_command, "_write_report", lambda results, folder: None)


class _Page(HTMLParser):
    """Collect tags, ids, links and outside references of a page."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.outside = [], [], [], []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if "id" in values:
            self.ids.append(values["id"])
        for name in ("href", "src", "xlink:href"):
            target = values.get(name) or ""
            if target.startswith("#"):
                self.links.append(target[1:])
            elif target and not target.startswith("data:"):
                self.outside.append(target)


def test_verify_writes_results_figures_and_one_page(spadv, tmp_path):
    folder = tmp_path / "new" / "out"
    found = spadv("verify", *SMALL, "--out", folder)
    assert found.status == 0, found.err
    results = list(read_results(folder / "results.jsonl"))
    assert {r.claim for r in results} == {c.id for c in registry.claims()}
    assert all(r.provenance.versions["numpy"] for r in results)
    figures = {path.name for path in (folder / "figures").iterdir()}
    assert len(figures) == 18
    assert {path.rsplit(".", 1)[1] for path in figures} == {"png", "svg"}
    for claim in registry.claims():
        assert claim.id in found.out
    # The page needs nothing else, and is the same again from what is saved.
    text = (folder / "report.html").read_text(encoding="utf-8")
    page = _Page()
    page.feed(text)
    assert page.outside == []
    assert len(page.ids) == len(set(page.ids))
    assert set(page.links) <= set(page.ids)
    assert text.count("<svg ") == 9
    assert not re.search(r"<script|@import|url\((?!#)", text)
    for claim in registry.claims():
        assert f'id="{claim.id}"' in text
    _check_order(text)
    picture = (folder / "figures" / "autocorrelation.svg").read_bytes()
    (folder / "report.html").unlink()
    assert spadv("report", folder).status == 0
    assert (folder / "report.html").read_text(encoding="utf-8") == text
    assert (folder / "figures" / "autocorrelation.svg").read_bytes() == picture


def _check_order(text):
    """What signs mean comes first, then figures, then verdicts; checks are folded, in words."""
    places = [text.index(part) for part in ("<summary>Symbols", ">Figures<", ">Verdicts<")]
    assert places == sorted(places)
    for sign, _, meaning in THEORY:
        assert f"<dt>{sign}</dt><dd>{meaning}" in unescape(text)
    assert len(re.findall(r"<details open>|<details [^>]*open>", text)) == 1
    assert re.search(r"<summary>\d+ of [\d,]+ checks</summary>", text)
    # The bar that copies lose is no slip of the paper.
    printed, copied, rest = (
        text.index(part)
        for part in (">What does not hold as printed<", ">What plain-text copies", ">Every claim<")
    )
    assert "Thm 2(a): no fraction bar" not in text[printed:copied]
    assert "Thm 2(a): no fraction bar" in text[copied:rest]
    shown = re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL)
    assert "hypothesis-unsatisfiable" not in shown
    assert "vacuous" in shown
    # Every cell below the heads has the name of its column, for windows too narrow for a row.
    table = re.search(r"<thead>(.*?)</thead>\s*<tbody>\s*<tr>(.*?)</tr>", shown, re.DOTALL)
    head, row = table.groups()
    heads = re.findall(r"<th[^>]*>(.*?)</th>", head)
    assert re.findall(r'data-label="(.*?)"', row) == heads


def test_json_is_one_document_with_the_verdicts(spadv):
    found = spadv("verify", "--claim", "thm2", "--claim", "prop1", *SMALL, "--json")
    document = found.json
    assert document["ok"] is True
    verdicts = {entry["claim"]: entry["verdict"] for entry in document["claims"]}
    assert verdicts == {
        "prop1": "holds",
        "thm2.relaxation": "holds-with-equality",
        "thm2a": "holds-with-equality",
        "thm2a.no_fraction": "violated",
        "thm2b": "holds-with-equality",
        "thm2.equality": "holds-with-equality",
        "thm2.feasibility": "holds-with-equality",
    }
    assert all(entry["mismatches"] == 0 for entry in document["claims"])
    assert {"2"} == {n for e in document["claims"] if e["claim"] == "thm2b" for n in e["numbers"]}


def test_the_number_of_a_statement_names_its_claims_and_the_table_counts_verdicts(spadv):
    found = spadv("verify", "--claim", "3", "--codeword", "simplex:5", "--p", 0.6, "--samples", 0)
    (line,) = [line for line in found.out.splitlines() if line.startswith(" thm3 ")]
    assert "2 holds" in line
    assert "1 vacuous" in found.out
    alone = spadv("verify", "--claim", "thm3", *SMALL, "--eta", 0.1)
    assert "vacuous here" in alone.out
    assert alone.status == 0


@pytest.mark.usefixtures("no_report")
def test_same_seed_same_numbers(spadv, tmp_path):
    def numbers(folder):
        return [
            (r.claim, r.parameters, r.value, r.bound, r.verdict, r.quantities)
            for r in read_results(folder / "results.jsonl")
        ]

    for name in ("a", "b"):
        spadv("verify", "--claim", "thm2", *SMALL, "--seed", 5, "--out", tmp_path / name)
    assert numbers(tmp_path / "a") == numbers(tmp_path / "b")
    spadv("verify", "--claim", "thm2", *SMALL, "--seed", 6, "--out", tmp_path / "c")
    assert numbers(tmp_path / "a") != numbers(tmp_path / "c")


@pytest.mark.usefixtures("no_report")
def test_a_wrong_closed_form_is_loud(spadv, tmp_path, monkeypatch):
    proposition1._bayes_on_shifts.cache_clear()
    monkeypatch.setattr(proposition1, "bayes_accuracy", lambda p: 0.9)
    found = spadv(
        "verify", "--claim", "prop1", "--codeword", "simplex:4", "--p", 0.6, "--out", tmp_path
    )
    proposition1._bayes_on_shifts.cache_clear()
    assert found.status == 1
    assert "SOFTWARE FAILURE" in found.err
    assert "SIMULATION CONTRADICTS" in found.out
    assert list(read_results(tmp_path / "results.jsonl"))  # kept all the same


def test_a_violated_claim_exits_with_1(spadv, monkeypatch):
    monkeypatch.setattr(proposition1, "CEILING", 0.1)
    monkeypatch.setattr(proposition1, "DELTA", 0.01)
    found = spadv("verify", "--claim", "prop1.random_shift", "--codeword", "simplex:4", "--p", 0.5)
    assert found.status == 1
    assert "expected 'holds', found 'violated'" in found.err


@pytest.mark.usefixtures("no_report")
def test_another_schema_is_refused_and_kept(spadv, tmp_path):
    spadv("verify", "--claim", "prop1.p_interval", *SMALL, "--out", tmp_path)
    path = tmp_path / "results.jsonl"
    old = path.read_text().replace('"schema": 1', '"schema": 99')
    path.write_text(old)
    for arguments in (
        ("verify", "--claim", "prop1", *SMALL, "--out", tmp_path),
        ("report", tmp_path),
    ):
        found = spadv(*arguments)
        assert found.status == 2
        assert "schema 99" in found.err
        assert path.read_text() == old


@pytest.mark.usefixtures("no_report")
def test_a_garbled_file_is_named_with_its_line(spadv, tmp_path):
    spadv("verify", "--claim", "prop1.p_interval", *SMALL, "--out", tmp_path)
    path = tmp_path / "results.jsonl"
    path.write_text(path.read_text() + '{"schema": 1, "claim"\n')
    found = spadv("report", tmp_path)
    assert found.status == 2
    assert "results.jsonl, line" in found.err


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize("field", ["verdict", "value", "parameters"])
def test_an_edited_field_is_named(spadv, tmp_path, field):
    spadv("verify", "--claim", "prop1.p_interval", *SMALL, "--out", tmp_path)
    path = tmp_path / "results.jsonl"
    first = json.loads(path.read_text().splitlines()[0]) | {field: "banana"}
    path.write_text(json.dumps(first) + "\n")
    found = spadv("report", tmp_path)
    assert found.status == 2
    assert field in found.err


def test_unwritable_folder(spadv, tmp_path):
    (tmp_path / "file").write_text("in the way")
    found = spadv("verify", "--claim", "prop1", *SMALL, "--out", tmp_path / "file" / "out")
    assert found.status == 2
    assert "must be a folder" in found.err
    assert len(found.err.strip().splitlines()) == 1


@pytest.mark.usefixtures("no_report")
def test_previous_results_are_kept(spadv, tmp_path):
    spadv("verify", "--claim", "prop1.p_interval", *SMALL, "--out", tmp_path)
    before = (tmp_path / "results.jsonl").read_text()
    spadv("verify", "--claim", "prop1.any_j", *SMALL, "--out", tmp_path)
    assert (tmp_path / "results.previous.jsonl").read_text() == before
    assert {r.claim for r in read_results(tmp_path / "results.jsonl")} == {"prop1.any_j"}


def test_interruption_keeps_what_was_computed(spadv, tmp_path, monkeypatch):
    claims = import_module("spadv.theory.claims")
    real = claims.run

    def three_then_stop(*arguments, **options):
        for count, result in enumerate(real(*arguments, **options)):
            if count == 3:
                raise KeyboardInterrupt
            yield result

    monkeypatch.setattr(claims, "run", three_then_stop)
    found = spadv("verify", "--claim", "prop1*", *SMALL, "--out", tmp_path)
    assert found.status == 130
    lines = (tmp_path / "results.jsonl.part").read_text().splitlines()
    assert len([Result.from_json(json.loads(line)) for line in lines]) == 3


@pytest.mark.slow
def test_the_default_grid_is_clean(spadv):
    found = spadv("verify", "--json")
    assert found.status == 0
    assert found.json["ok"] is True
    assert sum(entry["simulations"] for entry in found.json["claims"]) > 10_000
