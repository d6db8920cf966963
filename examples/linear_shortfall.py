"""How much worse are the best linear rules than the best classifier?

For a random word at every number of shifts from 2 to 63: the best linear rules found, beside the
best of all classifiers where that is known (two and three shifts) and beside proved upper bounds
elsewhere. Writes a table and two figures to a folder; an hour on one core. Rows that are in
the table already are kept, so the same command goes on.

    python linear_shortfall.py FOLDER
"""

import csv
import sys
from pathlib import Path

from spadv.style import save
from spadv.theory import CodeGaussian, parse_word
from spadv.theory.frontier import block_frontier, frontier, gap, outer_curve
from spadv.theory.plots import bounds_by_shifts, linear_shortfall

HEAD = ("shifts", "word", "p", "budget", "low", "high")
#: Words of the figure of bounds.
WORDS = {n: ("simplex:6", 63 // n) for n in (3, 9, 63)} | {2: ("random:64:1", 32)}


def measure(dist: CodeGaussian, budget: float) -> tuple[float, float]:
    """Return limits of the largest difference in (1-w) S + w A."""
    known = frontier(dist, budget, 13, samples=50_000)
    if dist.n_shifts != 3:
        return known.linear_shortfall
    exact = block_frontier(dist, budget, directions=5, mesh=0.26, achieved=known.hull)
    return tuple(max(gap(line, known.hull)[0], 0.0) for line in (exact.lower, exact.upper))


def main(folder: Path) -> None:
    """Measure, print and draw."""
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "linear-shortfall.csv"
    rows = {}
    if table.exists():
        with table.open(newline="") as file:
            for n, _, *numbers in list(csv.reader(file))[1:]:
                p, budget, low, high = map(float, numbers)
                rows[int(n), p, budget] = low, high
    else:
        table.write_text(",".join(HEAD) + "\n")
    for budget in (1.0, 0.5, 2.0):
        for n in range(2, 64):
            word = f"random:{n * round(64 / n)}:1"
            for p in (0.5, 0.7, 0.9):
                if (n, p, budget) in rows:
                    continue
                code = parse_word(word)
                low, high = rows[n, p, budget] = measure(
                    CodeGaussian(code, p, code.size // n), budget
                )
                print(f"{n:3} shifts, p = {p}, e = {budget}: {low:.4f} to {high:.4f}", flush=True)
                with table.open("a") as file:
                    file.write(f"{n},{word},{p},{budget},{low:.6f},{high:.6f}\n")
    save(linear_shortfall([(*key, *limits) for key, limits in rows.items()]), folder, table.stem)
    panels = []
    for n in sorted(WORDS):
        word, shift = WORDS[n]
        dist = CodeGaussian(parse_word(word), 0.7, shift)
        known = frontier(dist, 1.0, exact=n <= 3, samples=1000)
        panels.append((known, outer_curve(dist, 1.0, 60)))
    save(bounds_by_shifts(panels), folder, "bounds-by-shifts")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
