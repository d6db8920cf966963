"""`spadv frontier`: achieved, excluded and exact pairs of spatial and adversarial accuracy."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..checks import check_budget, check_probability, check_real, choose
from ..errors import InputError
from ..store import write_json
from .console import err, number, out, print_json, print_table, progress_bar
from .options import Budget, Codeword, Json, P, Shift, check_file, check_folder

if TYPE_CHECKING:
    import numpy as np

    from ..theory.distribution import CodeGaussian
    from ..theory.frontier import Frontier

_EXACT: dict[str, bool | Literal["auto"]] = {"auto": "auto", "always": True, "never": False}
#: More points than a figure can show.
MOST_POINTS = 1000


def frontier(
    codeword: Codeword,
    shift: Shift,
    p: P,
    budget: Budget,
    points: Annotated[int, typer.Option(help="Points on each frontier.")] = 25,
    exact: Annotated[
        str,
        typer.Option(
            help="Exact frontier over all classifiers: auto (up to two shifts), always "
            "(three: about a minute), or never."
        ),
    ] = "auto",
    worst_case: Annotated[
        bool,
        typer.Option("--worst-case", help="An adversary chooses the shift: S^ in place of S."),
    ] = False,
    certificate: Annotated[
        Path | None,
        typer.Option(
            help="File for a certificate, in the direction --weight (two shifts).",
            callback=check_file,
        ),
    ] = None,
    weight: Annotated[
        float, typer.Option(help="w of the certificate: (1-w) S + w A, 0 to 1.")
    ] = 0.5,
    folder: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for frontier.json and figures.", callback=check_folder),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what spatial and adversarial accuracy can be had together."""
    if not 1 <= points <= MOST_POINTS:
        raise InputError("points", f"lie between 1 and {MOST_POINTS}", points)
    choose("exact", exact, _EXACT)
    check_probability("p", p)
    check_budget("budget", budget)
    check_real("weight", weight, low=0, high=1)
    from ..theory.distribution import CodeGaussian
    from ..theory.frontier import frontier as compute_frontier
    from ..theory.frontier import make_certificate
    from ..theory.words import check_moves, parse_word

    dist = CodeGaussian(parse_word(codeword), p, shift)
    check_moves(dist.orbit.codeword)
    for remark in dist.orbit.degeneracies():
        err.print(remark)
    proof: Any = None
    if certificate is not None:
        if dist.orbit.n_distinct != 2 or worst_case:
            rule = "be left out but for random shifts and two different words"
            raise InputError("certificate", rule, str(certificate))
        kappa = Fraction(int(dist.orbit.autocorrelation[1]), dist.d)
        proof = make_certificate(p, budget, kappa, weight)
    with progress_bar("frontier") as tell:
        known = compute_frontier(
            dist, budget, points, exact=_EXACT[exact], worst_case=worst_case, progress=tell
        )
    document = {"codeword": codeword, "shift": shift, **known.to_json()}
    if certificate is not None:
        write_json(certificate, proof)
    if folder is not None:
        _write(folder, document, known, dist)
    if as_json:
        print_json(document)
    else:
        _show(known, dist, folder)


def _write(folder: Path, document: dict[str, Any], known: Frontier, dist: CodeGaussian) -> None:
    from ..style import save
    from ..theory.frontier import law_lines
    from ..theory.plots import region

    write_json(folder / "frontier.json", document)
    save(region(known, law_lines(dist)), folder / "figures", "frontier")


def _show(known: Frontier, dist: CodeGaussian, folder: Path | None) -> None:
    from ..theory.frontier import OUTER_LEVEL

    title = f"d = {known.d}, n = {known.n_shifts} shifts, p = {known.p:g}, e = {known.budget:g}"
    columns = ["S^" if known.worst_case else "S", "linear rules A >=", "every classifier A <="]
    if known.exact is not None:
        columns.insert(2, "some classifier A >=")
    rows = []
    for s, bound in _rows(known):
        row = [number(s), _beside(known.hull, s)]
        if known.exact is None:
            row.append(number(bound))
        else:
            row += [_beside(known.exact.lower, s), _beside(known.exact.upper, s)]
        rows.append(row)
    print_table(title, columns, rows, numbers=range(4))
    if any(row[1] == number(None) for row in rows):
        out.print("linear rules (-): none of those found has so large an S.")
    points = []
    for name, point in known.named.items():
        low, high = point.adversarial
        adversarial = number(low) if low == high else f"{low:.4f} to {high:.4f}"
        points.append((name, number(point.spatial.value), adversarial))
    heads = ("classifier", "worst case" if known.worst_case else "spatial", "adversarial")
    print_table("Named classifiers", heads, points, numbers=(1, 2))
    if known.exact is not None and known.linear_gap is not None:
        low, high = known.linear_gap
        out.print(
            f"Exact frontier known to {known.exact.gap:.4f} in (1-w) S + w A; the best of all "
            f"classifiers exceeds the linear rules found by {low:.4f} to {high:.4f}."
        )
    elif dist.orbit.n_distinct > 2:
        out.print(
            f"{dist.orbit.n_distinct} different shifts: --exact always computes the exact "
            "frontier, or says that it would take too much."
        )
    if known.exact is not None and known.exact.method.endswith("upper line only"):
        out.print(
            "e > 2 and more than two shifts: no classifier lies beyond the upper line, but "
            "it is not known whether any reaches it."
        )
    if known.mixture:
        out.print(f"The bounds hold with probability {OUTER_LEVEL:.1%}: some are estimated.")
    if known.worst_case:
        out.print("S^: right after every shift at once, as where an adversary chooses it.")
    if folder is not None:
        out.print(f"frontier.json and figures are in {folder}.")


def _rows(known: Frontier, most: int = 9) -> list[tuple[float, float]]:
    """Return points of the outer curve itself, from where linear rules begin to trade."""
    import numpy as np

    shown = [(float(s), float(a)) for s, a in known.outer if s >= known.hull[0, 0] - 1e-9]
    shown = shown or [(float(s), float(a)) for s, a in known.outer[-1:]]
    return [shown[i] for i in np.unique(np.linspace(0, len(shown) - 1, most).round().astype(int))]


def _beside(curve: np.ndarray[Any, np.dtype[np.float64]], spatial: float) -> str:
    """Return a polyline's A given S; a dash beyond its end."""
    import numpy as np

    if spatial > curve[-1, 0] + 1e-9:
        return number(None)
    return number(float(np.interp(spatial, curve[:, 0], curve[:, 1])))
