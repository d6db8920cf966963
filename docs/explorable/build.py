"""Build explorable.html, one self-contained page, from the files in source/.

    python docs/explorable/build.py            # writes docs/explorable/explorable.html
    python docs/explorable/build.py --check    # says whether it is up to date

Nothing but the standard library; the same sources give the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "source"
PAGE = HERE / "explorable.html"

#: Mathematics and words: these run without a browser, in this order.
CORE = (
    "normal.js", "laws.js", "worst.js", "rules.js", "mixture.js",
    "plane.js", "price.js", "model.js", "words.js",
)  # fmt: skip
#: What draws and listens.
BROWSER = ("charts.js", "app.js")


def core() -> str:
    """Return the scripts that need no browser; they set ``globalThis.spadv``."""
    table = "const PRICE = " + _read("price.json").strip() + ";\n"
    return table + "\n".join(_read(name) for name in (*CORE, "exports.js"))


def page() -> str:
    """Return the whole page."""
    scripts = '"use strict";\n(() => {\n' + core() + "\n".join(map(_read, BROWSER)) + "})();\n"
    if "</script" in scripts or "</style" in _read("style.css"):
        raise ValueError("a script or style must not hold its own end tag")
    html = _read("page.html")
    for mark, text in (("/*style*/", _read("style.css")), ("/*script*/", scripts)):
        if html.count(mark) != 1:
            raise ValueError(f"page.html must hold {mark} exactly once")
        html = html.replace(mark, text)
    return html


def _read(name: str) -> str:
    return (SOURCE / name).read_text(encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Write the page, or check it; return the exit code."""
    if arguments == ["--check"]:
        current = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page()
        sys.stdout.write("up to date\n" if current else f"run python {Path(__file__).name}\n")
        return 0 if current else 1
    if arguments:
        sys.stderr.write("usage: build.py [--check]\n")
        return 2
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
