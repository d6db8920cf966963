"""Judge what `make linkcheck` found: `python links.py output.json`.

A site that answers that it has no such page, or a page without the place, is wrong; one that
cannot be reached tells nothing.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def judge(lines: str) -> tuple[list[str], list[str]]:
    """Return the links that are wrong, and those whose sites could not be reached."""
    found = [json.loads(line) for line in lines.splitlines()]
    broken = [link for link in found if link["status"] == "broken"]
    answered = [link["code"] != 0 or "Anchor" in link["info"] for link in broken]
    told = [f"{link['filename']}:{link['lineno']}: {link['uri']}" for link in broken]
    wrong = [line for line, yes in zip(told, answered, strict=True) if yes]
    return wrong, [line for line, yes in zip(told, answered, strict=True) if not yes]


if __name__ == "__main__":
    wrong, unreachable = judge(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for line in wrong:
        sys.stdout.write(f"broken: {line}\n")
    for line in unreachable:
        sys.stdout.write(f"not reached: {line}\n")
    sys.exit(bool(wrong))
