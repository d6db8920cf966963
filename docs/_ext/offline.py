"""The built site needs no network: what its pages fetch are files of the site.

Sphinx checks references between pages; this looks at what browsers load (scripts, styles,
images, frames, fonts) and at links written as HTML. A wrong one ends the build as an error.
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


class _Page(HTMLParser):
    """What a page fetches, and where it links to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self._in_style = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._in_style = tag == "style"
        self.fetched += urls_in_css(values.get("style", ""))
        if tag in ("a", "area"):
            self.links += [values["href"]] if "href" in values else []
        elif tag != "link" or not _NOT_FETCHED & set(values.get("rel", "").split()):
            self.fetched += [values[name] for name in ("src", "poster", "data") if name in values]
            self.fetched += [
                part.split()[0] for part in values.get("srcset", "").split(",") if part
            ]
            self.fetched += [values["href"]] if tag == "link" and "href" in values else []

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.fetched += urls_in_css(data)


def urls_in_css(text: str) -> list[str]:
    """Return what a style sheet fetches."""
    return [match[1] or match[2] for match in _URL_IN_CSS.finditer(text) if match[1] or match[2]]


def problems(site: Path) -> Iterator[str]:
    """Yield a line for everything fetched from elsewhere, and for every file that is missing."""
    for file in sorted([*site.rglob("*.html"), *site.rglob("*.css")]):
        text = file.read_text(encoding="utf-8")
        page = _Page(text if file.suffix == ".html" else f"<style>{text}</style>")
        for url in dict.fromkeys(page.fetched + page.links):
            parts = urlsplit(url)
            where = f"{file.relative_to(site)}: {url}"
            if parts.scheme or parts.netloc:
                if url in page.fetched and parts.scheme != "data":
                    yield f"{where} is fetched from elsewhere"
            elif not (file.parent / unquote(parts.path)).exists():
                yield f"{where} is missing"


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
