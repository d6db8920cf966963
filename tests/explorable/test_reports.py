"""Reports of commands in a real browser: on a phone nothing is wider than the window."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from spadv.cli.pages import bridge_page, reproduce_page

RESULTS = Path(__file__).resolve().parents[2] / "docs" / "results"
#: A picture as wide as the widest ones, which scrolls by itself.
SVG = '<svg width="900pt" height="90pt" viewBox="0 0 900 90"><path d="M0 0H900"/></svg>'


def test_reports_fit_a_phone(browser: Any, tmp_path: Path) -> None:
    documents = [
        json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("mnist/fig2a-d", "vgg/fig6", "vgg/table8")
    ]
    bridge = json.loads((RESULTS / "bridge" / "bridge.json").read_text(encoding="utf-8"))
    pages = {
        "reproduce": reproduce_page(documents, {"fig6": SVG}, [("fig9", "Another")]),
        "bridge": bridge_page(bridge, [SVG]),
    }
    browser.screen(390, 844, phone=True)
    for name, text in pages.items():
        path = tmp_path / f"{name}.html"
        path.write_text(text, encoding="utf-8")
        browser.open(path.as_uri())
        browser.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true })")
        assert browser.evaluate("document.documentElement.scrollWidth") <= 390, name
        # Where rows are stacked, each cell says what it is.
        shown = "getComputedStyle(document.querySelector('td[data-label]'), '::before').content"
        assert browser.evaluate(shown) not in ("none", ""), name
