"""The built site in a real browser: no page is wider than its window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

SITE = Path(__file__).resolve().parents[2] / "build" / "docs" / "html"
#: Reports are pages of `spadv report`, and the indexes the theme's own.
OTHERS = ("report.html", "genindex.html", "py-modindex.html")
FORMULAS = "window.MathJax?.startup?.promise?.then(() => new Promise(done => setTimeout(done, 50)))"
#: The page as a whole scrolls in .content, not in the window.
WIDTH = """Math.max(...["html", "body", ".main", ".content"].map(e => document.querySelector(e))
    .filter(e => e).map(e => e.scrollWidth))"""


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_its_window(browser: Any, width: int) -> None:
    pages = [path for path in sorted(SITE.rglob("*.html")) if path.name not in OTHERS]
    if not pages:
        pytest.skip("the site is not built: make docs")
    assert len(pages) > 100
    browser.screen(width, 844, phone=width == 390)
    wide = []
    for page in pages:
        browser.open(page.as_uri())
        browser.evaluate(FORMULAS)
        if browser.evaluate(WIDTH) > width:
            wide.append(page.relative_to(SITE).as_posix())
    assert wide == []
    browser.evaluate("document.body.insertAdjacentHTML('beforeend', '<pre>' + 'x'.repeat(999))")
    assert browser.evaluate(WIDTH) > width, "the last page, made too wide, is not noticed"
