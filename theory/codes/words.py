"""Words as arrays: matrices, systematic rows, products and streaming.

Position i of a word is the coefficient of x^i. All arrays of bits are uint8.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from . import gf2
from .fields import field_of, over

Bits = NDArray[np.uint8]

#: Codewords that :func:`stream` holds in memory at a time, in bits.
_STREAM_BITS = 1 << 22


def unpack(a: int, n: int) -> Bits:
    """Return the coefficients of `a` as an array of shape (n,)."""
    raw = np.frombuffer(a.to_bytes((n + 7) // 8, "little"), dtype=np.uint8)
    return np.unpackbits(raw, count=n, bitorder="little")


def unpack_rows(rows: list[int], n: int) -> Bits:
    """Return the matrix of shape (rows, n) of words given as integers."""
    matrix = np.zeros((len(rows), n), dtype=np.uint8)
    for i, row in enumerate(rows):
        matrix[i] = unpack(row, n)
    return matrix


def pack(matrix: NDArray[Any]) -> list[int]:
    """Return the rows of a matrix of 0 and 1 as integers, bit i being place i."""
    packed = np.packbits(matrix.astype(np.uint8), axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]


def shifts(generator: int, n: int) -> list[int]:
    """Return the multiples x^i g(x) of degree below n, a basis of the code of g."""
    return [generator << i for i in range(n - gf2.degree(generator))]


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
    """Return an array of 0 and 1, shape (B, columns), and whether it was a single word."""
    rule = f"be an array of 0 and 1 of shape ({columns},) or (B, {columns})"
    field = field_of(values)
    if field is not None and field.characteristic != 2:
        raise InputError(argument, "be over a field of characteristic 2", values)
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):
        raise InputError(argument, rule, values) from None
    if array.ndim not in (1, 2) or array.shape[-1] != columns:
        raise InputError(argument, rule, values, f"Its shape is {array.shape}.")
    if array.dtype.kind not in "biuf" or not np.isin(array, (0, 1)).all():
        raise InputError(argument, rule, values)
    return np.atleast_2d(array), array.ndim == 1


def image(argument: str, values: Any, matrix: Bits) -> Bits:
    """Return the products of checked words, (B, k) or one (k,), with a matrix, over their field."""
    bits, single = check_bits(argument, values, len(matrix))
    found = product(bits, matrix)
    return over(field_of(values), found[0] if single else found)


def stream(rows: list[int], n: int, size: int | None) -> Iterator[Bits]:
    """Yield all codewords in batches: the sums of rows that m = 0, 1, 2, ... names in binary.

    Arrays of shape (b, n), uint8; b is `size`, by default for about half a megabyte (the last may
    be smaller). Memory does not grow with the number of words.
    """
    if size is None:
        size = max(1, _STREAM_BITS // (8 * n))
    # Messages beyond 2^62 are never reached, so the upper rows are not needed.
    matrix = unpack_rows(rows[:62], n)
    total = 1 << len(rows)
    for start in range(0, total, size):
        messages = np.arange(start, min(total, start + size), dtype=np.uint64)
        bits = (messages[:, None] >> np.arange(len(matrix), dtype=np.uint64)) & np.uint64(1)
        yield product(bits, matrix)
