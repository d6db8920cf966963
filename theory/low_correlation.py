"""Words that are far from all their shifts: the words that the theory wants.

Every bound of the theory improves as the largest correlation kappa_j of a word with another
shift falls. For small words all are tried; for others flips of single signs are searched, one
by one, with those made lately forbidden (tabu search; F. Glover, ORSA Journal on Computing 1
(1989), 190-206).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

Words = NDArray[np.int8]

# All 2^(d-1) words up to sign are tried to here: half a second.
_ALL_UP_TO = 20
# Correlations computed in a search, about: some seconds.
_WORK = 1 << 28


class FarWord(NamedTuple):
    """A word, its largest correlation with another shift, and what no word is below.

    `kappa` is the maximum over 0 < j < n of <c, r_j c>/d; that of a word of this length and shift
    is at least `bound`. `proved`: none has a smaller one (the bound is reached, or all were tried).
    """

    word: Words
    kappa: float
    bound: float
    proved: bool


def correlation_bound(length: int, shift: int = 1) -> int:
    """Return a lower bound on the largest <c, r_j c>, 0 < j < n = d/m, of any word.

    The sum over all j is the sum over residue classes modulo m of (sum of the signs in the
    class)^2, so it is at least 0 and the mean over j > 0 at least -d/(n-1); and <c, r_j c> = d
    modulo 4, because each c_t occurs twice in the product of its terms.

    Examples
    --------
    >>> [correlation_bound(d) for d in (63, 64, 65, 66)]
    [-1, 0, 1, 2]
    >>> correlation_bound(64, 32)  # two shifts, of which one may negate the word
    -64
    """
    if length % shift or length == shift:
        raise InputError("shift", f"be a divisor of the length {length}, below it", shift)
    n = length // shift
    least = -(length // (n - 1))
    return least + (length - least) % 4


def far_word(length: int, shift: int, starts: Iterable[Words], seed: int) -> FarWord:
    """Return the best word found: from the `starts`, then from random ones.

    See :func:`spadv.theory.low_correlation_word`.
    """
    bound = correlation_bound(length, shift)
    proved = length <= _ALL_UP_TO
    if proved:
        word, value = _best_of_all(length, shift)
    else:
        rng = np.random.default_rng(seed)
        word, value = _search(length, shift, bound, starts, rng)
    word.flags.writeable = False
    return FarWord(word, value / length, bound / length, proved or value == bound)


def _largest(word: Words, shift: int) -> int:
    spectrum = np.fft.rfft(word.astype(np.float64))
    found = np.fft.irfft(np.abs(spectrum) ** 2, n=word.size)[shift::shift]
    return int(np.rint(found.max()))


def _best_of_all(length: int, shift: int) -> tuple[Words, int]:
    """Try all words up to sign; bit t of a number is the sign of place t."""
    bits = np.arange(1 << (length - 1), dtype=np.uint32)
    most = np.full(bits.size, -length, dtype=np.int32)
    full = np.uint32((1 << length) - 1)
    # Shifts by s and by d - s have one correlation.
    for s in range(shift, length // 2 + 1, shift):
        turned = (bits << np.uint32(s) | bits >> np.uint32(length - s)) & full
        differ = np.bitwise_count(bits ^ turned).astype(np.int32)
        np.maximum(most, length - 2 * differ, out=most)
    best = int(most.argmin())
    word = np.array([-1 if best >> t & 1 else 1 for t in range(length)], dtype=np.int8)
    return word, int(most[best])


def _search(
    length: int, shift: int, bound: int, starts: Iterable[Words], rng: np.random.Generator
) -> tuple[Words, int]:
    best: Words = np.ones(length, dtype=np.int8)
    least = length
    left = _WORK // (length * (length // shift))
    waiting = [start.copy() for start in starts]
    word: Words | None
    while left > 0:
        if waiting:
            word = waiting.pop(0)
        else:
            word = np.where(rng.random(length) < 0.5, -1, 1).astype(np.int8)
        while word is not None:
            value = _largest(word, shift)
            if value < least:
                best, least = word.copy(), value
            if least == bound:
                return best, least
            # Aim below what there is: correlations of a lag are equal modulo 4.
            word, steps = _descend(word, shift, least - 4, min(left, 20 * length), rng)
            left -= steps
    return best, least


def _descend(
    start: Words, shift: int, target: int, most: int, rng: np.random.Generator
) -> tuple[Words | None, int]:
    """Return a word without correlation above `target`, or None, and the steps taken."""
    d = start.size
    word = start.astype(np.int64)
    lags = np.arange(shift, d // 2 + 1, shift)
    ahead = (np.arange(d)[:, None] + lags) % d
    behind = (np.arange(d)[:, None] - lags) % d
    values = np.array([int(word @ np.roll(word, -s)) for s in lags])
    free_from = np.zeros(d, dtype=np.int64)
    lowest = np.inf
    for step in range(most):
        over = np.maximum(values - target, 0)
        energy = int((over * over).sum())
        if energy == 0:
            return word.astype(np.int8), step + 1
        changed = values - 2 * word[:, None] * (word[ahead] + word[behind])
        over = np.maximum(changed - target, 0)
        energies = (over * over).sum(axis=1).astype(np.float64)
        # A flip made lately is allowed only if it is better than anything before.
        energies[(free_from > step) & (energies >= lowest)] = np.inf
        ties = np.flatnonzero(energies == energies.min())
        flip = int(rng.choice(ties))
        lowest = min(lowest, energies[flip])
        values = changed[flip]
        word[flip] = -word[flip]
        free_from[flip] = step + 1 + int(rng.integers(3, 3 + max(2, d // 8)))
    return None, max(most, 1)
