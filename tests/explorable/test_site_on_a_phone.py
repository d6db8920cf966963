"""The built site in a real browser: no page is wider than its window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

SITE = Path(__file__).resolve().parents[2] / "build" / "docs" / "html"
PHONE, DESK = 390, 1280


@pytest.mark.slow
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_no_page_is_wider_than_its_window(browser: Any, width: int) -> None:
    if not (SITE / "index.html").is_file():
        pytest.skip("the site is not built: make docs")
    pages = [
        path
        for path in sorted(SITE.rglob("*.html"))
        if path.name not in ("report.html", "genindex.html", "py-modindex.html")
    ]
    assert len(pages) > 100
    browser.screen(width, 844, phone=width == PHONE)
    wide = []
    for page in pages:
        browser.open(page.as_uri())
        browser.evaluate("window.MathJax && MathJax.startup && MathJax.startup.promise")
        if browser.evaluate("document.documentElement.scrollWidth") > width:
            wide.append(page.relative_to(SITE).as_posix())
    assert wide == []
