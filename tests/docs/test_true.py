"""The page "What is true of the paper" says what the committed documents say."""

import json
import re
from pathlib import Path

from spadv.result import SHOWN

DOCS = Path(__file__).parents[2] / "docs"
EVIDENCE = re.compile(
    r"([a-z ]+?),\s+([+-][\d.]+)\s+\(([+-][\d.]+)\s+to\s+([+-][\d.]+)\),\s+(\d+)\s+seeds\s+"
    r"\(`(\w+)/([\w-]+)`,\s+claim\s+(\d+)\)"
)


def test_every_verdict_and_number_is_the_documents():
    page = " ".join((DOCS / "true.md").read_text().split())
    found = EVIDENCE.findall(page)
    assert len(found) == page.count("`, claim") - 1  # the explanation at the top
    assert len(found) >= 15
    for words, effect, low, high, seeds, folder, name, number in found:
        document = json.loads((DOCS / "results" / folder / f"{name}.json").read_text())
        finding = document["findings"][int(number) - 1]
        interval = finding["interval"]
        numbers = (finding["effect"], interval["low"], interval["high"])
        assert [f"{value:+.3f}" for value in numbers] == [effect, low, high], (name, number)
        assert words.strip().endswith(SHOWN[finding["verdict"]]), (name, number)
        assert set(finding["seeds"]) == {int(seeds)}
