"""What keeps the site whole and can be told without building it."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from spadv.theory import claims

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
STATEMENT = re.compile(
    r"^:::\{statement\} (\w+) (\S+)(?: \(([^\n]*)\))?\n((?::[\w-]+:[^\n]*\n)*)(.*?)^:::$",
    flags=re.M | re.S,
)


def _load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def check_links():
    return _load("check_links", DOCS / "check_links.py")


def _pages():
    """Return the Markdown pages of the site by their names."""
    skipped = ("explorable", "results", "lessons/lesson", "lessons/solutions/")
    found = {path.relative_to(DOCS).with_suffix("").as_posix(): path for path in DOCS.rglob("*.md")}
    return {name: path for name, path in found.items() if not name.startswith(skipped)}


def _statements():
    """Return (page, kind, number, options, body) of every statement."""
    return [
        (name, match[1], match[2], match[4], match[5])
        for name, path in _pages().items()
        for match in STATEMENT.finditer(path.read_text(encoding="utf-8"))
    ]


def _claims_of(options):
    found = re.search(r"^:claims: (.*)$", options, flags=re.M)
    return found[1].split() if found else []


def test_every_claim_has_a_statement_and_every_statement_names_known_claims():
    named = {name for _, _, _, options, _ in _statements() for name in _claims_of(options)}
    assert named == {claim.id for claim in claims()}


def test_every_block_that_looks_like_a_statement_is_read_as_one():
    text = "".join(path.read_text(encoding="utf-8") for path in _pages().values())
    assert text.count("\n:::{statement}") == len(_statements())


def test_numbers_of_statements_are_unique_and_references_are_to_them():
    numbers = [number for _, _, number, _, _ in _statements()]
    assert len(set(numbers)) == len(numbers)
    for name, path in _pages().items():
        for number in re.findall(r"\{st\}`([^`]+)`", path.read_text(encoding="utf-8")):
            assert number in numbers, f"{name} refers to {number}"


def test_every_statement_but_definitions_is_followed_by_a_proof():
    for name, path in _pages().items():
        text = path.read_text(encoding="utf-8")
        for match in STATEMENT.finditer(text):
            if match[1] != "Definition":
                assert text[match.end() :].lstrip().startswith(":::{proof}"), f"{name}: {match[2]}"


def test_docstrings_cite_statements_that_exist():
    numbers = {number for _, _, number, _, _ in _statements()}
    number = r"[LPFE]\d+[a-c]?"
    several = re.compile(
        rf"\b(?:Theorem|Proposition|Lemma)s?\s+{number}(?:(?:,|\s+and|\s+to)\s+{number})*"
    )
    cited = set()
    for part in ("theory", "empirical", "cli"):
        for path in (ROOT / part).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            for match in several.finditer(text):
                cited |= set(re.findall(number, match[0]))
            for page in re.findall(r"docs/([\w/]+)\.md", text):
                assert page in _pages(), f"{path} names docs/{page}.md"
            assert not re.search(r"[Ss]tatements? \d+[a-c]?\b", text), f"{path}: an old number"
    assert len(cited) > 10
    assert cited <= numbers


def test_every_page_is_in_a_table_of_contents():
    listed = {"index"}
    for name, path in _pages().items():
        folder = name.rpartition("/")[0]
        for block in re.findall(
            r":::\{toctree\}\n(.*?):::", path.read_text(encoding="utf-8"), flags=re.S
        ):
            for line in block.splitlines():
                if line and not line.startswith(":"):
                    listed.add(f"{folder}/{line}" if folder else line)
    assert set(_pages()) <= listed


def test_every_public_package_has_a_page_of_the_interface():
    written = (DOCS / "_ext" / "interface.py").read_text(encoding="utf-8")
    pages = re.findall(r'^    "(spadv\.[\w.]+)",$', written, flags=re.M)
    index = (DOCS / "api" / "index.md").read_text(encoding="utf-8")
    assert pages
    for page in pages:
        assert re.search(rf"^{re.escape(page)}$", index, flags=re.M), page
    for part in ("theory", "empirical"):
        for path in (ROOT / part).rglob("__init__.py"):
            if "__all__" in path.read_text(encoding="utf-8"):
                package = "spadv." + path.parent.relative_to(ROOT).as_posix().replace("/", ".")
                assert package in pages, package


@pytest.fixture
def site(tmp_path):
    (tmp_path / "b.html").write_text('<h1 id="here">B</h1><a name="old"></a>')
    (tmp_path / "pixel.png").write_bytes(b"")

    def write(body, head=""):
        (tmp_path / "a.html").write_text(f"<head>{head}</head><body id='top'>{body}</body>")
        return tmp_path

    return write


def test_links_within_the_site_are_right(site, check_links):
    body = (
        '<a href="b.html#here">1</a><a href="b.html#old">2</a><a href="#top">3</a>'
        '<img src="pixel.png"><a href="https://example.org/">4</a>'
        '<img src="data:image/png;base64,AA"><a href="b.html#p=0.7&amp;n=2">a setting</a>'
    )
    check_links.read.cache_clear()
    assert list(check_links.problems(site(body))) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('<a href="c.html">x</a>', "no such file"),
        ('<a href="b.html#gone">x</a>', "no such anchor"),
        ('<a href="#gone">x</a>', "no such anchor"),
        ('<a href="../secret.html">x</a>', "leads out of the site"),
        ('<img src="gone.png">', "no such file"),
        ('<img srcset="pixel.png 1x, gone.png 2x">', "no such file"),
        ('<script src="https://cdn.example.org/a.js"></script>', "not in the site"),
        ('<script src="//cdn.example.org/a.js"></script>', "not in the site"),
        ("<style>@import 'https://example.org/a.css';</style>", "not in the site"),
        ('<p style="background: url(https://example.org/a.png)">', "not in the site"),
    ],
)
def test_a_broken_or_outer_link_is_told(site, check_links, body, said):
    check_links.read.cache_clear()
    (problem,) = check_links.problems(site(body))
    assert said in problem


def test_an_outer_style_sheet_or_font_is_told(site, check_links):
    check_links.read.cache_clear()
    place = site("", '<link rel="stylesheet" href="https://fonts.example.org/a.css">')
    (place / "own.css").write_text("@font-face { src: url('https://example.org/a.woff2') }")
    assert len(list(check_links.problems(place))) == 2
    assert check_links.main([str(place)]) == 1


def test_an_empty_folder_is_no_site(tmp_path, check_links):
    assert check_links.main([str(tmp_path)]) == 1
    assert check_links.main([]) == 2


def test_saved_results_can_be_listed():
    """Every folder holds documents whose seeds and verdicts the page of results can tell."""
    saved = _load("saved", DOCS / "_ext" / "saved.py")
    found = saved.folders(DOCS / "results")
    assert [folder.name for folder in found] == ["cpu", "bridge"]
    for folder in found:
        assert (folder / "about.md").is_file()
        assert (folder / "report.html").is_file()
        for file, document in saved.documents(folder):
            assert re.fullmatch(r"\d+( to \d+)?", saved.seeds_of(document)), file
            assert saved.verdicts(document["findings"])
            assert all(saved.effect_of(f) or f["verdict"] for f in document["findings"])
