"""Pictures and tables fit the window: figures open at full size, tables of text stack.

A picture that is wider than a page's text is shown at the width of the text and leads to itself
at full size. A table with sentences in three columns or more becomes, on a phone, a list whose
cells say what they are; tables of numbers scroll (the theme sees to that).
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

#: Width of a page's text, in pixels.
TEXT_WIDTH = 736
#: Characters from which on a cell is read as text.
LONG_CELL = 40


def png_width(path: Path) -> int:
    """Return the width that the head of a PNG file tells, 0 of other files."""
    head = path.read_bytes()[:24] if path.is_file() else b""
    return int(struct.unpack(">I", head[16:20])[0]) if head[12:16] == b"IHDR" else 0


def _in_link(node: nodes.Node | None) -> bool:
    while node is not None and not isinstance(node, nodes.reference | pending_xref):
        node = node.parent
    return node is not None


def fit_pictures(app: Sphinx, doctree: nodes.document) -> None:
    """Give wide pictures the width of the text; Sphinx links such to the file itself."""
    for image in doctree.findall(nodes.image):
        place = image.get("candidates", {}).get("*") or image["uri"]
        wide = png_width(Path(app.srcdir) / place) > TEXT_WIDTH
        if wide and "width" not in image and not _in_link(image):
            image["width"] = "100%"


def label_cells(app: Sphinx, doctree: nodes.document) -> None:
    """Put the head of its column before each cell, for phones, in tables of text."""
    for table in doctree.findall(nodes.table):
        group = table[0] if isinstance(table[0], nodes.tgroup) else table[-1]
        heads = [entry.astext() for entry in group.findall(nodes.entry)][: group["cols"]]
        body = next(iter(group.findall(nodes.tbody)), None)
        if body is None or not group.next_node(nodes.thead):
            continue
        rows = [list(row.findall(nodes.entry)) for row in body.findall(nodes.row)]
        longest = max((len(cell.astext()) for row in rows for cell in row), default=0)
        if "wide" not in table["classes"] and (len(heads) < 3 or longest < LONG_CELL):
            continue
        if "wide" not in table["classes"]:
            table["classes"].append("wide")
        for row in rows:
            for label, cell in zip(["", *heads[1:]], row, strict=True):
                if not cell.astext().strip():
                    cell["classes"].append("empty")
                elif label and isinstance(cell[0], nodes.paragraph):
                    cell[0].insert(0, nodes.inline(text=f"{label}: ", classes=["cell-label"]))


def setup(app: Sphinx) -> dict[str, Any]:
    """Look at each page when it has been read."""
    app.connect("doctree-read", fit_pictures)
    app.connect("doctree-read", label_cells)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
