"""The built site is whole: it needs no network, its links lead somewhere, its formulas are set.

Sphinx checks references between pages; this looks at what browsers load (scripts, styles,
images, frames, fonts), at links written as HTML and their anchors, and for TeX that was not read
as a formula. What is wrong ends the build as an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sphinx.application import Sphinx
from sphinx.errors import SphinxError

_URL_IN_CSS = re.compile(r"url\(\s*['\"]?(.*?)['\"]?\s*\)|@import\s+['\"](.*?)['\"]")
#: Kinds of <link> that fetch nothing.
_NOT_FETCHED = {"canonical", "alternate", "next", "prev", "author", "license", "search", "index"}
#: Where a dollar or a command of TeX is meant as it stands, beside what has the class "math".
_LITERAL = {"code", "pre", "script", "style", "textarea", "svg"}
_VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
_TEX = re.compile(r"\$(?![A-Z_]{3})|\\[A-Za-z]{2,}|\\[()\[\]]")


class _Page(HTMLParser):
    """What a page fetches, where it links to, its anchors, and TeX that a reader would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.anchors = {"", "top"}
        self.tex: list[str] = []
        self._open: list[tuple[str, bool]] = []  # tags, and whether text inside is literal
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag not in _VOID:
            math = "math" in values.get("class", "").split()
            self._open.append((tag, self._literal or math or tag in _LITERAL))
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        self.fetched += urls_in_css(values.get("style", ""))
        if tag in ("a", "area"):
            self.links += [values["href"]] if "href" in values else []
        elif tag != "link" or not _NOT_FETCHED & set(values.get("rel", "").split()):
            self.fetched += [values[name] for name in ("src", "poster", "data") if name in values]
            self.fetched += [
                part.split()[0] for part in values.get("srcset", "").split(",") if part
            ]
            self.fetched += [values["href"]] if tag == "link" and "href" in values else []

    def handle_endtag(self, tag: str) -> None:
        while any(tag == name for name, _ in self._open) and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][0] == "style":
            self.fetched += urls_in_css(data)
        if not self._literal and (found := _TEX.search(data)):
            self.tex.append(" ".join(data[max(0, found.start() - 30) : found.end() + 30].split()))

    @property
    def _literal(self) -> bool:
        return bool(self._open) and self._open[-1][1]


def urls_in_css(text: str) -> list[str]:
    """Return what a style sheet fetches."""
    return [match[1] or match[2] for match in _URL_IN_CSS.finditer(text) if match[1] or match[2]]


def problems(site: Path) -> Iterator[str]:
    """Yield a line for everything that is fetched from elsewhere, missing, or TeX as text."""
    pages = {}
    for file in sorted([*site.rglob("*.html"), *site.rglob("*.css")]):
        text = file.read_text(encoding="utf-8")
        pages[file.resolve()] = _Page(text if file.suffix == ".html" else f"<style>{text}</style>")
    for file, page in pages.items():
        yield from (f"{file.relative_to(site.resolve())}: TeX as text: {tex}" for tex in page.tex)
        for url in dict.fromkeys(page.fetched + page.links):
            parts = urlsplit(url)
            where = f"{file.relative_to(site.resolve())}: {url}"
            if parts.scheme or parts.netloc:
                if url in page.fetched and parts.scheme != "data":
                    yield f"{where} is fetched from elsewhere"
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            fragment = unquote(parts.fragment)
            if not target.exists():
                yield f"{where} is missing"
            # A page with settings in its address ("#p=0.7") reads them itself.
            elif target in pages and "=" not in fragment and fragment not in pages[target].anchors:
                yield f"{where} is missing: no such place there"


def check_site(app: Sphinx, error: Exception | None) -> None:
    """End the build with what is wrong, if anything is."""
    if error is None and app.builder.name == "html":
        found = list(problems(Path(app.outdir)))
        if found:
            raise SphinxError("\n".join(found))


def setup(app: Sphinx) -> dict[str, Any]:
    """Look at the site when all else is done, results copied, too."""
    app.connect("build-finished", check_site, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
