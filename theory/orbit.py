"""The orbit of a word under cyclic shifts: period and autocorrelation."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from ..checks import check_integer
from ..errors import InputError
from .words import Word, as_word


def periodic_autocorrelation(codeword: ArrayLike) -> NDArray[np.int64]:
    """Return the exact <c, r_s c> = sum_t c_t c_{t+s} for every shift s, int64 of shape (d,).

    One real FFT each way, O(d log d) for every d. The values are integers congruent to
    d modulo 4 (a word and its shift differ in an even number of places), so the rounding
    is safe as long as the FFT errs by less than 2: by many orders of magnitude here.

    Examples
    --------
    >>> periodic_autocorrelation([1, 1, -1])
    array([ 3, -1, -1])
    """
    word = as_word(codeword)
    d = word.size
    spectrum = scipy.fft.rfft(word.astype(np.float64))
    raw = scipy.fft.irfft(spectrum.real**2 + spectrum.imag**2, n=d)
    steps = np.rint((raw - d) / 4)
    exact = (d + 4 * steps).astype(np.int64)
    # Sum rule, in integers: any wrong rounding would have to cancel exactly.
    if int(exact.sum()) != int(word.sum(dtype=np.int64)) ** 2 or np.abs(raw - exact).max() > 1:
        raise ArithmeticError(f"the FFT lost the exact autocorrelation at length {d}")
    return exact


class CodewordOrbit:
    """The shifts r_j c of a word by multiples of m coordinates.

    The word has the shape (d,), entries -1 and +1; `shift` is m, a divisor of d. There are
    n = d/m shifts r_j, `n_shifts`, by m j coordinates each; r_0 is the identity (the paper numbers
    it r_n: indices are modulo n). arXiv 2002.11318, section 3, calls such an orbit a cyclic code.
    Orbits can be smaller than n: a word of period t is fixed by every multiple of t.

    Examples
    --------
    >>> orbit = CodewordOrbit([1, 1, 1, -1, 1, -1, -1], shift=1)
    >>> orbit.period, orbit.n_shifts
    (7, 7)
    >>> orbit.autocorrelation
    array([ 7, -1, -1, -1, -1, -1, -1])
    """

    def __init__(self, codeword: ArrayLike, shift: int = 1) -> None:
        self.codeword: Word = as_word(codeword)
        self.d: int = self.codeword.size
        self.shift: int = check_integer("shift", shift, minimum=1)
        if self.d % self.shift:
            raise InputError("shift", f"divide the length d = {self.d}", shift)
        self.n_shifts: int = self.d // self.shift

    def __repr__(self) -> str:
        return f"CodewordOrbit(d={self.d}, shift={self.shift}, period={self.period})"

    @cached_property
    def autocorrelation(self) -> NDArray[np.int64]:
        """Exact <c, r_j c> for j = 0..n-1, shape (n,)."""
        return periodic_autocorrelation(self.codeword)[:: self.shift]

    @cached_property
    def kappa(self) -> NDArray[np.float64]:
        """Normalised autocorrelation <c, r_j c>/d for j = 0..n-1, shape (n,)."""
        return self.autocorrelation / self.d

    @cached_property
    def delta(self) -> NDArray[np.float64]:
        """Fraction of coordinates where c and r_j c differ, j = 0..n-1, shape (n,)."""
        return (self.d - self.autocorrelation) // 2 / self.d

    @cached_property
    def period(self) -> int:
        """Smallest t > 0 such that the cyclic shift by t coordinates fixes the word."""
        whole = self.autocorrelation if self.shift == 1 else periodic_autocorrelation(self.codeword)
        fixed = np.flatnonzero(whole[1:] == self.d)
        return int(fixed[0]) + 1 if fixed.size else self.d

    @property
    def n_distinct(self) -> int:
        """Number of different words among r_0 c, ..., r_{n-1} c; it divides n."""
        return self.n_shifts // self.fixed.size

    @property
    def fixed(self) -> NDArray[np.intp]:
        """The j in 0..n-1 with r_j c = c, ascending, shape (number of them,); always holds 0."""
        return np.flatnonzero(self.autocorrelation == self.d)

    @property
    def moving(self) -> NDArray[np.intp]:
        """The j in 0..n-1 with r_j c != c, ascending, shape (number of them,).

        Those are the shifts that Proposition 1 can speak of.
        """
        return np.flatnonzero(self.autocorrelation != self.d)

    @property
    def has_antipode(self) -> bool:
        """Whether r_j c = -c for some j; then x_1..x_d cannot tell the shifted label."""
        return bool((self.autocorrelation == -self.d).any())

    @property
    def min_delta(self) -> float | None:
        """Smallest nonzero relative distance within the orbit; None if c is fixed."""
        return float(self.delta[self.moving].min()) if self.moving.size else None

    def rotated(self, j: int) -> Word:
        """Return r_j c: int8 of shape (d,), entry t being c_{t + m j}, indices modulo d.

        Examples
        --------
        >>> CodewordOrbit([1, 1, -1], 1).rotated(1)
        array([ 1, -1,  1], dtype=int8)
        """
        return np.roll(self.codeword, -self.shift * (check_integer("j", j) % self.n_shifts))

    def degeneracies(self) -> list[str]:
        """Return in words what is degenerate about the orbit; an empty list if nothing is."""
        notes = []
        if self.n_shifts == 1:
            notes.append("m = d: the identity is the only shift.")
        elif not self.moving.size:
            notes.append(
                f"The word has period {self.period}, which divides m = {self.shift}: "
                "every shift fixes it, so shifting changes nothing."
            )
        elif self.n_distinct < self.n_shifts:
            notes.append(
                f"The word has period {self.period}: only {self.n_distinct} of the "
                f"{self.n_shifts} shifts give different words."
            )
        if self.has_antipode:
            notes.append(
                "Some shift turns the word into its negative: after a random shift the label "
                "cannot be recovered from x_1..x_d at all."
            )
        return notes
