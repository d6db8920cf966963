"""Check a built site: every inner link leads somewhere, and nothing is fetched from elsewhere.

Run as ``python docs/check_links.py build/docs/html``; exit code 1 with a list of what is wrong.
A link is right if its file is in the site and has the anchor. Scripts, style sheets, images,
fonts and frames must be files of the site: a reader without a network sees the same pages.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Attributes that make a browser fetch a file, by element.
FETCHED = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "iframe": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "link": ("href",),
}
#: Kinds of <link> that fetch nothing.
NOT_FETCHED = {"canonical", "alternate", "next", "prev", "author", "license", "search", "index"}
_URL_IN_CSS = re.compile(r"url\(\s*(['\"]?)(.*?)\1\s*\)|@import\s+(['\"])(.*?)\3")


@dataclass
class Page(HTMLParser):
    """The anchors and the links of one page."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    in_style: bool = False

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def __hash__(self) -> int:
        return id(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the anchors and links of an element."""
        values = {name: value or "" for name, value in attrs}
        self.in_style = tag == "style"
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if "style" in values:
            self.styles.append(values["style"])
        if tag in ("a", "area") and "href" in values:
            self.links.append(values["href"])
        if tag == "link" and NOT_FETCHED & set(values.get("rel", "").split()):
            return
        for name in FETCHED.get(tag, ()):
            if name in values:
                found = values[name]
                parts = found.split(",") if name == "srcset" else [found]
                self.fetched += [part.split()[0] for part in parts if part.split()]

    def handle_data(self, data: str) -> None:
        """Keep the text of style elements."""
        if self.in_style:
            self.styles.append(data)


@cache
def read(file: Path) -> Page:
    """Return what a page holds."""
    page = Page()
    page.feed(file.read_text(encoding="utf-8"))
    return page


def urls_in_css(text: str) -> list[str]:
    """Return what a style sheet fetches."""
    return [match[2] or match[4] for match in _URL_IN_CSS.finditer(text) if match[2] or match[4]]


def problems(site: Path) -> Iterator[str]:
    """Yield one line for each thing that is wrong in a folder of HTML pages."""
    site = site.resolve()
    for file in sorted(site.rglob("*.html")):
        page = read(file)
        where = file.relative_to(site)
        for target in page.links:
            yield from _link(site, file, target, f"{where}: link to {target}")
        styled = [url for text in page.styles for url in urls_in_css(text)]
        for target in page.fetched + styled:
            yield from _fetch(site, file, target, f"{where}: fetches {target}")
    for file in sorted(site.rglob("*.css")):
        for target in urls_in_css(file.read_text(encoding="utf-8")):
            where = file.relative_to(site)
            yield from _fetch(site, file, target, f"{where}: fetches {target}")


def _link(site: Path, file: Path, target: str, text: str) -> Iterator[str]:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return  # another site, or mailto: not ours to check
    yield from _target(site, file, target, text)


def _fetch(site: Path, file: Path, target: str, text: str) -> Iterator[str]:
    parts = urlsplit(target)
    if parts.scheme == "data":
        return
    if parts.scheme or parts.netloc:
        yield f"{text}, which is not in the site"
        return
    yield from _target(site, file, target, text)


def _target(site: Path, file: Path, target: str, text: str) -> Iterator[str]:
    parts = urlsplit(target)
    aim = (file.parent / unquote(parts.path)).resolve() if parts.path else file
    if aim.is_dir():
        aim /= "index.html"
    if not aim.is_relative_to(site):
        yield f"{text}, which leads out of the site"
    elif not aim.is_file():
        yield f"{text}, but there is no such file"
    elif parts.fragment and aim.suffix == ".html":
        # The explorable page reads settings such as #p=0.7&n=2 from its own address.
        known = read(aim).anchors
        if unquote(parts.fragment) not in known and "=" not in parts.fragment:
            yield f"{text}, but it has no such anchor"


def main(arguments: list[str]) -> int:
    """Check the folder named on the command line."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write("usage: python docs/check_links.py FOLDER_OF_THE_SITE\n")
        return 2
    site = Path(arguments[0])
    pages = len(list(site.rglob("*.html")))
    found = list(dict.fromkeys(problems(site)))
    for line in found:
        sys.stderr.write(f"{line}\n")
    sys.stdout.write(f"{pages} pages, {len(found)} broken or outer links\n")
    return 1 if found or not pages else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
