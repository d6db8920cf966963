"""`spadv code`: one cyclic code, or all of a length."""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..checks import check_integer, check_real
from ..errors import InputError, TooLargeError
from .console import err, out, print_json, print_table, progress_bar
from .options import Json

if TYPE_CHECKING:
    from ..theory.codes import BinaryCyclicCode, LinearCode

#: Longest code that the command takes on.
LONGEST = 1 << 16
#: Weights shown on a terminal; --json has all.
MOST_WEIGHTS = 64
#: Longest listing of `--all`.
MOST_LISTED = 1 << 16
#: Codewords enumerated for a weight distribution: seconds, not minutes.
MOST_WORDS = 1 << 30
#: Beyond this length Hartmann-Tzeng's and Roos's bounds take longer than a person waits.
LONGEST_WITH_ALL_BOUNDS = 1023
#: The same for the shifting bound.
LONGEST_WITH_SHIFTING = 127
#: What the options are called by the theory.
_OPTIONS = {"n": "length", "exponents": "defining-set", "s": "shorten"}
#: Bits of a generator matrix that are printed.
MOST_BITS = 1 << 20


def code(
    length: Annotated[int, typer.Option(help="Length n of the code.")],
    generator: Annotated[
        str | None,
        typer.Option(
            help="Generator: exponents (0,1,3 is 1 + x + x^3), or digits as tables print them, "
            "highest power first: 0o13, 0xb or 0b1011."
        ),
    ] = None,
    defining_set: Annotated[
        str | None, typer.Option(help="Zeros, as exponents of a primitive n-th root of unity.")
    ] = None,
    family: Annotated[
        str | None,
        typer.Option(
            help="repetition, simplex:K, hamming:K, bch:DELTA, bch:k=DIMENSION, dual-bch:DELTA, "
            "qr or golay."
        ),
    ] = None,
    alpha: Annotated[
        str | None,
        typer.Option(
            help="With --family or --defining-set: the primitive polynomial whose root alpha is, "
            "in place of the smallest; written as generators are."
        ),
    ] = None,
    shorten: Annotated[
        int | None,
        typer.Option(help="Keep words that are zero in the last so many places, without these."),
    ] = None,
    extended: Annotated[
        bool, typer.Option("--extended", help="Add an overall parity bit (after --shorten).")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="List every cyclic code of the length.")
    ] = False,
    seconds: Annotated[
        float | None,
        typer.Option(help="Time limit for weights and distance; bounds reached are shown."),
    ] = None,
    max_words: Annotated[
        int | None,
        typer.Option(
            "--words",
            help="With --all: distances, looking through so many codewords of a code at most.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Describe a binary cyclic code: dimension, zeros, distance, weights, bounds."""
    options = ("--generator", "--defining-set", "--family", "--all")
    values = (generator, defining_set, family, everything or None)
    given = [option for option, value in zip(options, values, strict=True) if value is not None]
    if len(given) != 1:
        rule = "give one of --generator, --defining-set, --family, --all"
        raise InputError("code", rule, ", ".join(given) or "none of them")
    if alpha is not None and (generator is not None or everything):
        raise InputError("alpha", "be given with --family or --defining-set", alpha)
    for option, value in (
        ("extended", extended or None),
        ("shorten", shorten),
        ("seconds", seconds),
    ):
        if everything and value is not None:
            raise InputError(option, "be given with one code, not with --all", value)
    if not 0 < length <= LONGEST:
        raise InputError("length", f"lie between 1 and {LONGEST}", length)
    if max_words is not None:
        if not everything:
            raise InputError("words", "be given with --all", max_words)
        check_integer("words", max_words, minimum=0)
    if everything:
        _list(length, max_words, as_json=as_json)
        return
    if seconds is not None:
        check_real("seconds", seconds, low=0)
    sys.set_int_max_str_digits(0)  # there are 2^k codewords, and k may be 65,000
    try:
        cyclic = _build(length, generator, defining_set, family, alpha)
        made: LinearCode = cyclic if shorten is None else cyclic.shortened(shorten)
    except InputError as error:
        raise error.about(_OPTIONS.get(error.argument, error.argument)) from None
    if extended:
        made = made.extended()
    described = describe(made, seconds)
    if made is not cyclic:
        described |= {"extended": extended, "shortened": shorten or 0, "cyclic": _algebra(cyclic)}
    if as_json:
        if made is not cyclic:
            rows = made.generator_matrix().tolist() if made.n * made.k <= MOST_BITS else None
            described["generator_matrix"] = rows and ["".join(map(str, row)) for row in rows]
        print_json(described)
    else:
        _show(described)


def _build(
    length: int,
    generator: str | None,
    defining_set: str | None,
    name: str | None,
    alpha: str | None,
) -> BinaryCyclicCode:
    from ..theory.codes import BinaryCyclicCode
    from ..theory.codes import family as code_family

    if generator is not None:
        return BinaryCyclicCode(length, _polynomial("generator", generator, length))
    if defining_set is not None:
        zeros = _integers("defining-set", defining_set)
        code = BinaryCyclicCode.from_defining_set(length, zeros)
        added = sorted(set(code.defining_set) - set(zeros))
        if added:
            err.print(f"Conjugate zeros added: {', '.join(map(str, added))}.")
    else:
        assert name is not None  # exactly one of the three was given
        code = code_family(length, name)
    return code if alpha is None else code.with_alpha(_polynomial("alpha", alpha, length))


def _polynomial(option: str, text: str, length: int) -> list[int] | str:
    if re.fullmatch(r"0[box]\w+", text.strip().lower()):
        return text
    exponents = _integers(option, text)
    if len(exponents) == 1 and exponents[0] > 1:
        rule = "be exponents separated by commas, or digits after 0b, 0o or 0x as in 0o721"
        raise InputError(option, rule, text)
    if max(exponents, default=0) > length:
        raise InputError(option, f"have exponents up to the length {length}", text)
    return exponents


def _integers(option: str, text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")] if text.strip() else []
    except ValueError:
        raise InputError(option, "be whole numbers separated by commas", text) from None


def describe(code: LinearCode, seconds: float | None = None) -> dict[str, Any]:
    """Return everything about a code, as plain JSON values.

    After so many seconds the search for the minimum distance gives the bounds it has reached.
    """
    from ..theory.codes import BinaryCyclicCode

    described: dict[str, Any] = {"n": code.n, "k": code.k, "min_distance": None, "weights": None}
    described["bounds"] = None
    if isinstance(code, BinaryCyclicCode):
        described = _algebra(code) | described
    if code.k == 0:
        return described | {"weights": {"0": 1}}
    # Weights first: where they are cheap they give the distance for nothing.
    begun = time.monotonic()
    with progress_bar("weights") as tell:
        try:
            weights = code.weight_distribution(tell, max_words=MOST_WORDS, seconds=seconds)
            described["weights"] = {str(weight): count for weight, count in weights.items()}
        except TooLargeError as error:
            reason = "the time is up" if error.argument == "seconds" else "too many codewords"
            err.print(f"No weight distribution: {reason}.")
    with progress_bar("minimum distance") as tell:
        left = None if seconds is None else max(0.0, seconds - (time.monotonic() - begun))
        found = code.distance_search(left, tell)
    bounds: dict[str, int | None] = {}
    if isinstance(code, BinaryCyclicCode):
        if code.n <= LONGEST_WITH_ALL_BOUNDS:
            bounds |= code.lower_bounds()
        else:
            bounds |= {"bch": code.bch_bound(), "hartmann_tzeng": None, "roos": None}
        bounds["shifting"] = code.shifting_bound() if code.n <= LONGEST_WITH_SHIFTING else None
    described["bounds"] = bounds | {"lower": found.lower, "upper": found.upper}
    described["min_distance"] = found.upper if found.exact else None
    if found.interrupted:
        err.print(f"Stopped early: the distance is from {found.lower} to {found.upper}.")
    return described


def _algebra(code: BinaryCyclicCode) -> dict[str, Any]:
    return {
        "n": code.n,
        "k": code.k,
        "generator_exponents": list(code.generator_exponents),
        "generator_octal": oct(code.generator_int),
        "defining_set": list(code.defining_set),
        "period_of_generator": code.period_of_generator,
    }


def _show(described: dict[str, Any]) -> None:
    bounds, distance = described["bounds"] or {}, described["min_distance"]
    if distance is None:
        distance = f"{bounds['lower']} to {bounds['upper']}" if bounds else "none: the zero code"
    # A code made of a cyclic one tells the polynomials of that.
    cyclic = described.get("cyclic", described)
    terms = {0: "1", 1: "x"}
    exponents = cyclic["generator_exponents"]
    rows = [
        ("generator", " + ".join(terms.get(e, f"x^{e}") for e in exponents)),
        ("generator in octal", cyclic["generator_octal"]),
        ("defining set", ", ".join(map(str, cyclic["defining_set"])) or "empty"),
        ("minimum distance", str(distance)),
    ]
    if bounds.get("bch"):
        keys = ("bch", "hartmann_tzeng", "roos", "shifting", "square_root")
        shown = (f"{key.replace('_', '-')} {bounds[key]}" for key in keys if bounds.get(key))
        rows.append(("lower bounds", ", ".join(shown)))
    rows.append(("period of the generator word", str(cyclic["period_of_generator"])))
    parameters = f"[{described['n']}, {described['k']}]"
    title = f"Binary cyclic code {parameters}"
    if cyclic is not described:
        ways = f"shortened by {described['shortened']}" if described["shortened"] else ""
        ways += " and " if ways and described["extended"] else ""
        ways += "extended by a parity bit" if described["extended"] else ""
        title = f"Binary linear code {parameters}: cyclic [{cyclic['n']}, {cyclic['k']}], {ways}"
    print_table(title, ("property", "value"), rows)
    if described["weights"]:
        counts = [(weight, f"{count:,}") for weight, count in described["weights"].items()]
        heads = ("weight", "codewords")
        print_table("Weight distribution", heads, counts[:MOST_WEIGHTS], numbers=(0, 1))
        if len(counts) > MOST_WEIGHTS:
            out.print(f"... and {len(counts) - MOST_WEIGHTS} more weights: see --json.")


def _list(length: int, max_words: int | None, *, as_json: bool) -> None:
    from ..theory.codes import (
        all_cyclic_codes,
        bch_bounds_of_all,
        count_cyclic_codes,
        distances_of_all,
    )

    total = count_cyclic_codes(length)
    if total > MOST_LISTED:
        rule = f"have at most {MOST_LISTED} cyclic codes to be listed"
        raise TooLargeError("length", rule, length, f"It has {total}.")
    bch = bch_bounds_of_all(length).tolist()
    rows: list[tuple[BinaryCyclicCode, int | None, dict[str, int] | None]] = []
    if max_words is None:
        for code, bound in zip(all_cyclic_codes(length), bch, strict=True):
            rows.append((code, code.minimum_distance_if_known(), {"bch": bound} if bound else None))
    else:
        with progress_bar("distances") as tell:
            found = zip(distances_of_all(length, max_words, tell), bch, strict=True)
            for (code, distance, lower, upper), bound in found:
                bounds = {"bch": bound, "lower": lower, "upper": upper} if bound else None
                rows.append((code, distance, bounds))
        missing = sum(distance is None and code.k > 0 for code, distance, _ in rows)
        if missing:
            err.print(f"{missing} of {total} distances need more than {max_words} words: bounds.")
    if as_json:
        print_json(
            [
                {
                    "n": code.n,
                    "k": code.k,
                    "generator_exponents": list(code.generator_exponents),
                    "defining_set": list(code.defining_set),
                    "min_distance": distance,
                    "bounds": bounds,
                }
                for code, distance, bounds in rows
            ]
        )
        return
    rows.sort(key=lambda row: (row[0].k, -(row[1] or 0), -(row[2] or {"bch": 0})["bch"]))
    shown = []
    for code, distance, bounds in rows:
        known = "-" if distance is None else str(distance)
        if distance is None and bounds and "lower" in bounds:
            known = f"{bounds['lower']} to {bounds['upper']}"
        of_bch = str(bounds["bch"]) if bounds else "-"
        generator = ",".join(map(str, code.generator_exponents))
        cells = [str(code.k), of_bch, generator]
        shown.append(cells if max_words is None else [cells[0], known, *cells[1:]])
    heads = ["k", "BCH bound", "generator"]
    if max_words is not None:
        heads.insert(1, "distance")
    title = f"The {total} cyclic codes of length {length}"
    print_table(title, heads, shown, numbers=range(len(heads) - 1))
