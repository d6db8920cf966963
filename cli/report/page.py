"""The frame of every report: one HTML file that needs no network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

_SIGNS = {">=": "≥", "<=": "≤", "!=": "≠", "->": "→", "sqrt(": "√(", "x0": "x₀"}
_GREEK = {"eta": "η", "kappa": "κ", "delta": "δ", "eps": "ε", "mu": "μ", "Phi": "Φ", "alpha": "α"}


def prose(text: str) -> str:
    """Return text as HTML, the formulas of plain prose in typeset signs.

    Examples
    --------
    >>> prose("kappa_j <= 1/4 & eta -> 0")
    'κ<sub>j</sub> ≤ 1/4 &amp; η → 0'
    """
    for plain, sign in _SIGNS.items():
        text = text.replace(plain, sign)
    text = escape(text)
    text = re.sub(r"(?<![A-Za-z])([A-Za-z]+?)(?=\b|_)", _greek, text)
    return re.sub(r"(?<=[\w*κμ])_(\w+)", r"<sub>\1</sub>", text)


def _greek(match: re.Match[str]) -> str:
    return _GREEK.get(match[1], match[1])


def page(title: str, lead: str, sections: Iterable[str]) -> str:
    """Return a whole HTML document with its style inside.

    Parameters
    ----------
    title : str
        Title, as text.
    lead : str
        First paragraph, as HTML.
    sections : iterable of str
        The rest, as HTML.
    """
    style = files(__package__).joinpath("style.css").read_text(encoding="utf-8")
    body = "\n".join(sections)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n<p>{lead}</p>\n{body}\n</body>\n</html>\n"
    )


def html_table(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: tuple[int, ...] = ()
) -> str:
    """Return a table; cells are HTML, the columns in `numbers` are aligned right."""

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(
            f"<{tag}{' class=number' if index in numbers else ''}>{cell}</{tag}>"
            for index, cell in enumerate(row)
        )

    body = "\n".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    head = f"<thead><tr>{cells('th', header)}</tr></thead>"
    return f'<div class="scroll"><table>{head}\n<tbody>\n{body}\n</tbody></table></div>'


def figure(svg: str, caption: str) -> str:
    """Return an inline picture with a caption, which is also its text for screen readers."""
    labelled = svg.replace("<svg ", f'<svg role="img" aria-label="{escape(caption)}" ', 1)
    return f"<figure>{labelled}<figcaption>{escape(caption)}</figcaption></figure>"


def unique_ids(svg: str, prefix: str) -> str:
    """Prefix the ids of a picture, so that several can stand in one page."""
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{prefix}-\1"', svg)
    return re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", svg)
