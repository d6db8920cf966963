"""Words as arrays: matrices, encoding, membership and streaming of a cyclic code.

Position i of a word is the coefficient of x^i. All arrays of bits are uint8.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from . import gf2

Bits = NDArray[np.uint8]

#: Codewords that :func:`stream` holds in memory at a time, in bits.
_STREAM_BITS = 1 << 22


def unpack(a: int, n: int) -> Bits:
    """Return the coefficients of `a` as an array of shape (n,)."""
    raw = np.frombuffer(a.to_bytes((n + 7) // 8, "little"), dtype=np.uint8)
    return np.unpackbits(raw, count=n, bitorder="little")


def shifts(a: int, rows: int, n: int) -> Bits:
    """Matrix of shape (rows, n) with rows a, x a, x^2 a, ...; no row may wrap around."""
    matrix = np.zeros((rows, n), dtype=np.uint8)
    for i in range(rows):
        matrix[i] = unpack(a << i, n)
    return matrix


def systematic_rows(generator: int, n: int) -> list[int]:
    """Rows of the systematic generator matrix: the message is in the last k positions.

    Row i is x^(n-k+i) plus its remainder modulo the generator polynomial.
    """
    checks = gf2.degree(generator)
    top = 1 << checks
    rows, rest = [], gf2.mod(top, generator)
    for position in range(checks, n):
        rows.append(1 << position | rest)
        rest <<= 1
        if rest & top:
            rest ^= generator
    return rows


def product(left: NDArray[Any], right: Bits) -> Bits:
    """Matrix product over GF(2), exact: shapes (B, k) and (k, n) give (B, n)."""
    # Sums stay below 2^24, so float32 is exact, and it reaches the fast BLAS routine.
    sums = left.astype(np.float32) @ right.astype(np.float32)
    return (sums.astype(np.int32) & 1).astype(np.uint8)


def check_bits(argument: str, values: Any, columns: int) -> tuple[NDArray[Any], bool]:
    """Check an array of 0 and 1 of shape (columns,) or (B, columns).

    Returns
    -------
    (array of shape (B, columns), bool)
        The flag says whether a single word was given.
    """
    rule = f"be an array of 0 and 1 of shape ({columns},) or (B, {columns})"
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):
        raise InputError(argument, rule, values) from None
    if array.ndim not in (1, 2) or array.shape[-1] != columns:
        raise InputError(argument, rule, values, f"Its shape is {array.shape}.")
    if array.dtype.kind not in "biuf" or not np.isin(array, (0, 1)).all():
        raise InputError(argument, rule, values)
    return np.atleast_2d(array), array.ndim == 1


def stream(generator: int, n: int, size: int | None) -> Iterator[Bits]:
    """Yield all codewords in batches: m(x) g(x) for m = 0, 1, 2, ... as binary numbers.

    Parameters
    ----------
    generator : int
        Generator polynomial of degree n - k.
    n : int
        Length.
    size : int, optional
        Words per batch (the last may be smaller); by default about half a megabyte.

    Yields
    ------
    ndarray
        Of shape (b, n), uint8. Memory does not grow with the number of words.
    """
    k = n - gf2.degree(generator)
    if size is None:
        size = max(1, _STREAM_BITS // (8 * n))
    # Messages beyond 2^62 are never reached, so the upper rows are not needed.
    width = min(k, 62)
    rows = shifts(generator, width, n)
    total = 1 << k
    for start in range(0, total, size):
        messages = np.arange(start, min(total, start + size), dtype=np.uint64)
        bits = (messages[:, None] >> np.arange(width, dtype=np.uint64)) & np.uint64(1)
        yield product(bits, rows)
