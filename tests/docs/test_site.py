"""What keeps the site whole and can be told without building it."""

import importlib.util
import json
import re
import sys
from fnmatch import fnmatch
from pathlib import Path
from shutil import copy

import pytest

from spadv.cli.symbols import NETWORKS, THEORY

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def _load(name):
    spec = importlib.util.spec_from_file_location(name, DOCS / "_ext" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


interface, links, offline, saved, statements, catalogue, fitting = map(
    _load, ("interface", "links", "offline", "saved", "statements", "catalogue", "fitting")
)


def _pages():
    """Return the text of the Markdown pages of the site by their names."""
    skipped = ("explorable", "experiments/", "results/", "lessons/lesson", "lessons/solutions/")
    found = {path.relative_to(DOCS).with_suffix("").as_posix(): path for path in DOCS.rglob("*.md")}
    return {
        name: path.read_text(encoding="utf-8")
        for name, path in found.items()
        if not name.startswith(skipped)
    }


def test_every_claim_has_a_statement_and_every_statement_names_known_claims():
    assert list(statements.problems(statements.read(DOCS))) == []


def test_what_is_wrong_with_statements_is_told():
    one, *others = statements.read(DOCS)
    unknown = statements.Statement("theory/laws", "Theorem", "X9", "", ("no.such",))
    assert list(statements.problems([one, *others, unknown, unknown])) == [
        "2 statements have the number X9",
        "Theorem X9 names no claim: no.such",
        "Theorem X9 names no claim: no.such",
    ]
    without = [each for each in (one, *others) if "thm3.sharper" not in each.claims]
    assert set(statements.problems(without)) >= {
        f"no statement {number} names the claim thm3.sharper" for number in ("3.1", "E5", "L7")
    }
    moved = statements.Statement("theory/laws", "Theorem", "X9", "", ("thm3",))
    (problem,) = statements.problems([one, *others, moved])
    assert problem == "Theorem X9 names thm3, which is not registered with that number"


def test_every_block_that_looks_like_a_statement_is_read_as_one():
    text = "".join(_pages().values())
    assert text.count("\n:::{statement}") == len(statements.read(DOCS)) > 40


def test_references_are_to_statements_that_exist():
    numbers = {statement.number for statement in statements.read(DOCS)}
    for name, text in _pages().items():
        assert set(re.findall(r"\{st\}`([^`]+)`", text)) <= numbers, name


def test_every_statement_but_definitions_is_followed_by_a_proof():
    for name, text in _pages().items():
        for block in re.split(r"^:::\{statement\} ", text, flags=re.M)[1:]:
            after = block.partition("\n:::\n")[2].lstrip()
            assert block.startswith("Definition") or after.startswith(":::{proof}"), (name, block)


def test_docstrings_cite_statements_that_exist():
    numbers = {statement.number for statement in statements.read(DOCS)}
    cited = set()
    for part in ("core", "theory", "empirical", "cli"):
        for path in (ROOT / part).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            for match in interface.STATEMENTS.finditer(text):
                cited |= set(re.findall(interface.NUMBER, match[0]))
            for page in re.findall(r"docs/([\w/]+)\.md", text):
                assert page in _pages(), f"{path} names docs/{page}.md"
    assert len(cited) > 10
    assert cited <= numbers


def test_every_page_is_in_a_table_of_contents():
    listed = {"index"}
    for name, text in _pages().items():
        folder = name.rpartition("/")[0]
        for block in re.findall(r":::\{toctree\}\n(.*?):::", text, flags=re.S):
            for line in block.splitlines():
                if line and not line.startswith(":"):
                    listed.add(f"{folder}/{line}" if folder else line)
    assert set(_pages()) <= listed


def test_pages_of_results_are_in_a_table_of_contents():
    listed = re.findall(r"^results/.*$", _pages()["results"], flags=re.M)
    pages = list((DOCS / "results").rglob("*.md"))
    assert len(pages) >= 5
    for path in pages:
        name = path.relative_to(DOCS).with_suffix("").as_posix()
        assert any(fnmatch(name, pattern) for pattern in listed), name


def test_pages_that_the_readme_links_to_read_well_as_they_are():
    """Without directives, which only the site shows."""
    linked = re.findall(r"\]\(([^)]+\.md)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(linked) > 8
    for name in linked:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not re.search(r"^(:::|```)\{", text, flags=re.M), name


def test_every_public_package_has_a_page_of_the_interface():
    pages = interface.pages(DOCS)
    for part in ("theory", "empirical"):
        for path in (ROOT / part).rglob("__init__.py"):
            if "__all__" in path.read_text(encoding="utf-8"):
                package = "spadv." + path.parent.relative_to(ROOT).as_posix().replace("/", ".")
                assert package in pages, package


def test_names_that_the_architecture_page_gives_are_files():
    text = _pages()["architecture"]
    named = set(re.findall(r"`((?:core|theory|empirical|cli|docs|tests)/[\w./]*)`", text))
    assert len(named) > 60
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
    folders = {path.parent.name for path in (ROOT / "empirical").glob("*/__init__.py")}
    assert folders <= set(re.findall(r"empirical/(\w+)/", text)), "a package that nobody finds"


@pytest.fixture
def site(tmp_path):
    (tmp_path / "b.html").write_text('<h1 id="here">B</h1>')
    (tmp_path / "pixel.png").write_bytes(b"")

    def write(body, head=""):
        (tmp_path / "a.html").write_text(f"<head>{head}</head><body>{body}</body>")
        return tmp_path

    return write


def test_a_site_of_its_own_files_is_right(site):
    body = (
        '<a href="b.html#here">1</a><a href="#top">2</a><a href="https://example.org/">3</a>'
        '<img src="pixel.png" srcset="pixel.png 1x, pixel.png 2x">'
        '<code>$x$</code><br><span class="math notranslate">\\(\\mu\\)</span>'
        '<img src="data:image/png;base64,AA"><a href="b.html?q=1#p=0.7&amp;n=2">a setting</a>'
    )
    assert list(offline.problems(site(body, '<link rel="next" href="b.html">'))) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('<a href="c.html">x</a>', "missing"),
        ('<a href="b.html#there">x</a>', "no such place"),
        ('<a href="#there">x</a>', "no such place"),
        ("<p>costs $x_0$</p>", "TeX"),
        (r"<p>a <b>mean</b> \\mu <code>$x$</code></p>", "TeX"),
        ('<img src="gone.png">', "missing"),
        ('<img srcset="pixel.png 1x, gone.png 2x">', "missing"),
        ('<script src="https://cdn.example.org/a.js"></script>', "elsewhere"),
        ('<script src="//cdn.example.org/a.js"></script>', "elsewhere"),
        ("<style>@import 'https://example.org/a.css';</style>", "elsewhere"),
        ('<p style="background: url(https://example.org/a.png)">', "elsewhere"),
        ('<link rel="stylesheet" href="https://fonts.example.org/a.css">', "elsewhere"),
    ],
)
def test_what_a_page_lacks_or_fetches_from_elsewhere_is_told(site, body, said):
    (problem,) = offline.problems(site(body))
    assert said in problem


def test_a_font_from_elsewhere_is_told(site):
    place = site("")
    (place / "own.css").write_text("@font-face { src: url('https://example.org/a.woff2') }")
    assert len(list(offline.problems(place))) == 1


def test_saved_results_can_be_listed():
    """Every folder holds documents whose seeds and verdicts the page of results can tell."""
    found = saved.folders(DOCS / "results")
    assert [folder.name for folder in found] == ["mnist", "vgg", "bridge"]
    for folder in found:
        assert (folder / "about.md").is_file()
        assert (folder / "report.html").is_file()
        for file, document in saved.documents(folder):
            assert re.fullmatch(r"\d+( to \d+)?", saved.seeds_of(document)), file
            assert saved.verdicts(document["findings"])
            assert all(saved.effect_of(f) or f["verdict"] for f in document["findings"])


def _page(name):
    return catalogue.page(catalogue.EXPERIMENTS.get(name), SAVED, name)


SAVED = catalogue.found_by_experiment(DOCS / "results")


def test_an_experiment_has_its_claims_figures_and_the_papers_numbers_on_its_page():
    page = _page("fig16a-d")
    assert page.startswith("# Figure 16(a\N{NON-BREAKING HYPHEN}d). MNIST")
    assert "![" in page
    assert "](../results/mnist/fig16a-d.png)" in page
    assert (
        "| around 65% | 0.1% (0.0\xa0to\xa00.7) | -64.9 points | text on Figure 16(a-b) |" in page
    )
    assert "| below 4.0 | 1.06 (0.97\xa0to\xa01.16) | none | text" in page
    assert "+0.620 (+0.466\xa0to\xa0+0.773) | [supported]{.verdict .supported} |" in page
    assert page.count("\n- epochs: 10 in place of 120\n") == 1
    assert "StdCNN, Aug-R 180 | 93.6% (92.5\xa0to\xa094.5)" in page


@pytest.mark.parametrize("name", ["fig9", "table2", "bridge", "protocols", "demo"])
def test_every_kind_of_experiment_has_a_page(name):
    page = _page(name)
    assert page.count("\n# ") == 0
    assert "## How it is made" in page
    assert ("## What came out at scale cpu" in page) == (name in SAVED)
    assert not re.search(r"underpowered|not seen|\bopposite\b(?! of)", page.replace("opposed", ""))


def test_a_figure_of_which_parts_were_run_leads_to_them():
    whole = _page("fig1").partition("## What came out\n\n")[2].partition("\n")[0]
    assert whole.startswith(
        "As a whole it has not been run for this site; of its parts: [Figure 1("
    )
    assert whole.count("](fig1") == 3
    assert "It has not been run for this site." in _page("fig9")


def test_a_training_under_several_attacks_is_counted_once():
    page = _page("stronger-attack")
    table = _page("table1")
    assert "\n27 trainings at scale cpu" in table
    # Table 1 without its natural trainings, but for Aug 180: CuSP starts from it.
    assert "\n18 trainings at scale cpu" in page
    assert "| verdict |\n" in page
    assert "| verdict | in accuracy |\n" in _page("fig1a-b")


def test_a_part_leads_to_the_figure_that_was_run():
    told = "By itself it has not been run for this site; its panels are in "
    assert told + "[Figure 16(a\N{NON-BREAKING HYPHEN}d)](fig16a-d.md)." in _page("fig16a-b")
    everything = {"fig5a-b": [(Path(), {})]}
    more = "its panels are in [Figure 5(a\N{NON-BREAKING HYPHEN}b)](fig5a-b.md)."
    assert catalogue._not_run("fig5a", everything).endswith(more)
    assert "By itself" not in _page("fig2e-h")
    assert "of its parts: [Figure 5(c)](fig5c.md)." in _page("fig5c-d")


def test_rows_of_tables_have_the_cells_of_their_heads():
    for name, found in SAVED.items():
        for block in re.findall(r"(?:^\|.*\|\n)+", _page(name), flags=re.M):
            counts = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
            assert len(counts) == 1, (name, block[:200])
        assert found


def test_deviations_are_told_once_a_group(tmp_path):
    for name in ("mnist/fig2a-d", "mnist/fig8a-b", "vgg/fig1a-b", "vgg/fig3"):
        copy(DOCS / "results" / f"{name}.json", tmp_path)
    lines = "\n".join(catalogue.folder_list(tmp_path))
    assert lines.count("Deviations from the paper") == 2
    for _, document in saved.documents(tmp_path):
        assert f"](experiments/{document['id']}.md): " in lines


@pytest.mark.parametrize(
    ("paper", "ours", "said"),
    [
        ("about 65%", 0.1, "-55.0 points"),
        ("20%", 0.235, "+3.5 points"),
        ("about 5", 5.44, "+0.44"),
        ("below 4.0", 3.7, "none"),
        ("below 4.0", 4.5, "+0.50"),
        ("above 10%", 0.05, "-5.0 points"),
        ("above 10%", 0.5, "none"),
        ("53% to 62% (all forms)", 0.24, "-29.0 points"),
        ("53% to 62% (all forms)", 0.6, "none"),
        ("53% to 62% (all forms)", 0.7, "+8.0 points"),
    ],
)
def test_ours_less_the_papers(paper, ours, said):
    assert saved.difference(paper, ours) == said


def test_widths_of_pictures_are_read(tmp_path):
    assert fitting.png_width(DOCS / "results" / "mnist" / "fig8m-p.png") == 2263
    (tmp_path / "text.png").write_text("no picture")
    assert fitting.png_width(tmp_path / "text.png") == 0
    assert fitting.png_width(tmp_path / "none.png") == 0


def test_only_links_that_were_answered_are_wrong():
    told = {"filename": "a.md", "lineno": 1, "uri": "https://example.org"}
    lines = [
        {**told, "status": "working", "code": 200, "info": ""},
        {**told, "status": "broken", "code": 0, "info": "Max retries exceeded"},
        {**told, "status": "broken", "code": 404, "info": "Not Found"},
        {**told, "status": "broken", "code": 0, "info": "Anchor 'x' not found"},
    ]
    wrong, unreachable = links.judge("\n".join(map(json.dumps, lines)))
    assert (len(wrong), len(unreachable)) == (2, 1)


def test_formulas_on_lines_of_their_own_follow_an_empty_line():
    """Inside a paragraph two dollars begin no formula; the reader would see TeX."""
    for name, text in _pages().items():
        outside = re.sub(r"^(`{3,}|~{3,}).*?^\1", "", text, flags=re.M | re.S)
        blocks = outside.split("$$")[::2]
        wrong = [before[-60:] for before in blocks[:-1] if before and not before.endswith("\n\n")]
        assert wrong == [], name


def test_symbols_of_the_glossary_are_those_of_the_reports():
    found = re.findall(r"^\| (\S.*?) \| (.*) \|$", (DOCS / "glossary.md").read_text(), re.M)
    assert found == [
        (f"${tex}$" if tex else sign, meaning) for sign, tex, meaning in (*THEORY, *NETWORKS)
    ]
