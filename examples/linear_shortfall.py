"""How much worse are the best linear rules than the best classifier?

For words with 2 to 63 shifts: the best linear rules found, beside the best of all classifiers where
that is known (two and three shifts) and beside proved upper bounds elsewhere. Writes a table
and two figures to a folder; a quarter of an hour on two cores.

    python linear_shortfall.py FOLDER
"""

import json
import sys
from pathlib import Path

from spadv.style import save
from spadv.theory import CodeGaussian, parse_word
from spadv.theory.frontier import block_frontier, frontier, gap, outer_curve
from spadv.theory.plots import bounds_by_shifts, linear_shortfall

WORDS = {n: ("simplex:6", 63 // n) for n in (3, 9, 63)} | {2: ("random:64:1", 32)}


def measure(n: int, p: float, budget: float) -> tuple[float, float]:
    """Return limits of the largest difference in (1-w) S + w A."""
    word, shift = WORDS[n]
    dist = CodeGaussian(parse_word(word), p, shift)
    known = frontier(dist, budget, 13, samples=50_000)
    if n != 3:
        return known.linear_shortfall
    exact = block_frontier(dist, budget, directions=5, mesh=0.26, achieved=known.hull)
    return tuple(max(gap(line, known.hull)[0], 0.0) for line in (exact.lower, exact.upper))


def main(folder: Path) -> None:
    """Measure, print and draw."""
    rows = []
    for n in sorted(WORDS):
        for p in (0.5, 0.7, 0.9):
            for budget in (0.5, 1.0, 2.0):
                low, high = measure(n, p, budget)
                rows.append((n, p, budget, low, high))
                print(f"{n:3} shifts, p = {p}, e = {budget}: {low:.4f} to {high:.4f}", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "linear-shortfall.json").write_text(json.dumps(rows))
    save(linear_shortfall(rows), folder, "linear-shortfall")
    panels = []
    for n in (2, 3, 9, 63):
        word, shift = WORDS[n]
        dist = CodeGaussian(parse_word(word), 0.7, shift)
        known = frontier(dist, 1.0, exact=n <= 3, samples=1000)
        older = outer_curve(dist, 1.0, 60)
        panels.append((known, older))
    save(bounds_by_shifts(panels), folder, "bounds-by-shifts")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
