"""The Gaussian-plus-x0 distribution of a codeword, sampled whole or by its correlations.

Y is uniform on {-1, +1}; X0 = Y with probability p, else -Y; given Y, X_1..X_d are
independent N(2 Y c_t / sqrt(d), 1) (arXiv 2002.11318, section 3).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import circulant

from ..arrays import Floats, Labels
from ..checks import check_integer, check_probability
from ..errors import InputError
from ..random import as_rng
from .accuracy import log_odds
from .orbit import CodewordOrbit

# Half a megabyte of doubles: a chunk stays in a core's second-level cache while the mean
# is added, so that sampling costs little more than drawing the normals.
_CHUNK_DOUBLES = 1 << 16
# Below this many shifts one dense product beats two FFTs a sample (measured).
_DENSE_SHIFTS = 128
# The matrix of all shifts is kept only up to 64 MB.
_DENSE_DOUBLES = 1 << 23


class Sample(NamedTuple):
    """Samples (x, y): x is (size, d + 1) with x0 in column 0, y is (size,) in {-1, +1}."""

    x: Floats
    y: Labels


class ShiftedSample(NamedTuple):
    """Samples (r_j x, y) and the shifts j, shape (size,)."""

    x: Floats
    y: Labels
    j: NDArray[np.intp]


class CorrelationSample(NamedTuple):
    """Samples (x0, g, y) of the sufficient statistics; g is (size, n)."""

    x0: Labels
    g: Floats
    y: Labels


class CodeGaussian:
    """The distribution of (X, Y) for one codeword, and its random cyclic shifts.

    Parameters
    ----------
    codeword : array_like, shape (d,)
        Entries -1 and +1; the mean of X_1..X_d given Y = y is 2 y c / sqrt(d).
    p : float
        Probability in [1/2, 1] that X0 equals Y.
    shift : int
        m, a divisor of d: r_j moves the last d coordinates by m j places, keeps X0.

    Attributes
    ----------
    orbit, p, d, n_shifts : CodewordOrbit, float, int, int
        The shifts of the codeword, p, the length, and n = d/m.

    Examples
    --------
    >>> import numpy as np
    >>> dist = CodeGaussian([1, 1, -1], p=0.7, shift=1)
    >>> x, y = dist.sample(4, np.random.default_rng(0))
    >>> x.shape, y.dtype
    ((4, 4), dtype('int8'))
    """

    def __init__(self, codeword: ArrayLike, p: float, shift: int = 1) -> None:
        self.orbit = CodewordOrbit(codeword, shift)
        self.p: float = check_probability("p", p)
        self.d: int = self.orbit.d
        self.n_shifts: int = self.orbit.n_shifts

    def __repr__(self) -> str:
        return f"CodeGaussian(d={self.d}, p={self.p:g}, shift={self.orbit.shift})"

    @cached_property
    def mean(self) -> Floats:
        """Mean of X_1..X_d given Y = 1: mu = 2 c / sqrt(d), shape (d,), norm 2."""
        return 2 * self.orbit.codeword / np.sqrt(self.d)

    def rotated_mean(self, j: int) -> Floats:
        """Return r_j mu, shape (d,): the mean of the last d coordinates of r_j X given Y = 1."""
        return 2 * self.orbit.rotated(j) / np.sqrt(self.d)

    @cached_property
    def log_odds(self) -> float:
        """L = log(p / (1 - p)), the evidence of x0; infinite for p = 1."""
        return float(log_odds(self.p))

    def sample(self, size: int, rng: np.random.Generator | int) -> Sample:
        """Draw independent samples of (X, Y).

        The same state of `rng`, or the same seed in its place, gives the same samples. ``x`` is
        float64 (size, d + 1), 8 bytes a number; use :meth:`stream` where that is too much. ``y``
        is int8 (size,).
        """
        size = check_integer("size", size, minimum=0)
        rng = as_rng(rng)
        x = np.empty((size, self.d + 1))
        y = np.empty(size, dtype=np.int8)
        rows = self._chunk_rows()
        for start in range(0, size, rows):
            part = slice(start, start + rows)
            self._fill(x[part], y[part], rng)
        return Sample(x, y)

    def stream(
        self, size: int, rng: np.random.Generator | int, *, chunk: int | None = None
    ) -> Iterator[Sample]:
        """Draw samples in chunks, in constant memory.

        The chunks joined are the samples that :meth:`sample` gives from the same state, when
        `chunk`, the rows in one, is left out. A chunk's arrays are overwritten by the next
        one: copy what you keep.
        """
        size = check_integer("size", size, minimum=0)
        rng = as_rng(rng)
        rows = self._chunk_rows() if chunk is None else check_integer("chunk", chunk, minimum=1)
        x = np.empty((min(rows, size), self.d + 1))
        y = np.empty(min(rows, size), dtype=np.int8)
        for start in range(0, size, rows):
            count = min(rows, size - start)
            self._fill(x[:count], y[:count], rng)
            yield Sample(x[:count], y[:count])

    def rotate(self, x: ArrayLike, j: int | NDArray[np.integer]) -> Floats:
        """Return r_j x, a copy of x (..., d + 1): x0 stays, coordinate t becomes x_{t + m j}.

        j is taken modulo n; 0 and n are the identity. An array of integers of shape (size,) gives
        each of the rows x, shape (size, d + 1), a shift of its own.

        Examples
        --------
        >>> CodeGaussian([1, 1, -1], p=0.7).rotate([[9, 1, 2, 3]], 1)
        array([[9., 2., 3., 1.]])
        """
        array = np.asarray(x, dtype=np.float64)
        if array.ndim == 0 or array.shape[-1] != self.d + 1:
            raise InputError("x", f"have d + 1 = {self.d + 1} columns", array.shape)
        out = array.copy()
        if isinstance(j, np.ndarray) and j.ndim:
            if j.shape != array.shape[:1] or array.ndim != 2:
                raise InputError(
                    "j", f"be one shift, or one for each of {len(array)} rows", j.shape
                )
            if j.dtype.kind not in "iu":
                raise InputError("j", "hold integers", j)
            # Every shift of a row is a window of the row written twice.
            twice = np.concatenate([array[:, 1:], array[:, 1:]], axis=1)
            windows = np.lib.stride_tricks.sliding_window_view(twice, self.d, axis=1)
            out[:, 1:] = windows[np.arange(len(array)), self.orbit.shift * (j % self.n_shifts)]
            return out
        steps = self.orbit.shift * (check_integer("j", j) % self.n_shifts)
        out[..., 1:] = np.roll(array[..., 1:], -steps, axis=-1)
        return out

    def sample_shifted(self, size: int, rng: np.random.Generator | int) -> ShiftedSample:
        """Draw samples of (r X, Y), r one of the n shifts uniformly at random.

        The work takes about five times the result's memory.
        """
        rng = as_rng(rng)
        x, y = self.sample(size, rng)
        j = rng.integers(self.n_shifts, size=size)
        return ShiftedSample(self.rotate(x, j), y, j)

    def correlations(self, x: ArrayLike) -> Floats:
        """Return g_j = <r_j c, x_1..x_d> / sqrt(d), shape (size, n), for rows `x`, j = 0..n-1."""
        array = np.asarray(x, dtype=np.float64)
        if array.ndim != 2 or array.shape[1] != self.d + 1:
            raise InputError("x", f"have the shape (size, {self.d + 1})", array.shape)
        if self.n_shifts <= _DENSE_SHIFTS and self.n_shifts * self.d <= _DENSE_DOUBLES:
            return array[:, 1:] @ self._shift_columns
        # <r_j c, x> is the circular correlation of c with x at lag -m j.
        spectrum = np.conj(scipy.fft.rfft(array[:, 1:])) * self._word_spectrum
        return scipy.fft.irfft(spectrum, n=self.d)[:, :: self.orbit.shift] / np.sqrt(self.d)

    @cached_property
    def _shift_columns(self) -> Floats:
        """The words r_j c / sqrt(d) as the columns of a (d, n) matrix."""
        shifts = np.stack([self.orbit.rotated(j) for j in range(self.n_shifts)], axis=1)
        return shifts / np.sqrt(self.d)

    @cached_property
    def _word_spectrum(self) -> NDArray[np.complex128]:
        return np.asarray(scipy.fft.rfft(self.orbit.codeword.astype(np.float64)))

    def sample_correlations(
        self, size: int, rng: np.random.Generator | int, *, shift: int = 0
    ) -> CorrelationSample:
        """Draw (x0, g, y) of r_shift X directly, n numbers a sample instead of d + 1.

        Given Y = y the correlations g_j = <r_j c, r_i X>/sqrt(d) are jointly normal with
        mean 2 y kappa_{j-i} and circulant covariance kappa_{j-k}. The Bayes rules of
        every shift, and of the random shift, see x_1..x_d through g alone.

        `shift` is i, the shift that has been applied to X (modulo n).
        """
        size = check_integer("size", size, minimum=0)
        rng = as_rng(rng)
        n = self.n_shifts
        mean = 2 * np.roll(self.orbit.kappa, check_integer("shift", shift) % n)
        y, x0 = self._draw_labels(size, rng)
        g = np.empty((size, n))
        rows = max(1, _CHUNK_DOUBLES // (n + 1))
        if n <= _DENSE_SHIFTS:
            # Products this small stay on one thread: starting others costs more (measured).
            rows = min(rows, max(64, (1 << 18) // (n * (n + 1))))
            # The label rides along as one more column: noise and mean in one product.
            root = np.concatenate([self._circulant_root, mean[None]])
            buffer = np.empty((min(rows, size), n + 1))
        for start in range(0, size, rows):
            part = slice(start, start + rows)
            if n <= _DENSE_SHIFTS:
                noise = buffer[: len(y[part])]
                rng.standard_normal(out=noise)
                noise[:, n] = y[part]
                np.matmul(noise, root, out=g[part])
            else:
                spectrum = scipy.fft.rfft(rng.standard_normal((len(y[part]), n)))
                spectrum *= self._root_spectrum[: spectrum.shape[1]]
                g[part] = scipy.fft.irfft(spectrum, n=n)
                _add_signed(g[part], y[part], mean)
        return CorrelationSample(x0, g, y)

    @cached_property
    def _root_spectrum(self) -> Floats:
        """Eigenvalues of the symmetric square root of the circulant covariance."""
        eigenvalues = scipy.fft.fft(self.orbit.kappa).real
        # A covariance has no negative eigenvalue; the FFT's rounding does.
        return np.sqrt(np.maximum(eigenvalues, 0))

    @cached_property
    def _circulant_root(self) -> Floats:
        return np.asarray(circulant(scipy.fft.ifft(self._root_spectrum).real))

    def _chunk_rows(self) -> int:
        return max(1, _CHUNK_DOUBLES // (self.d + 1))

    def _draw_labels(self, size: int, rng: np.random.Generator) -> tuple[Labels, Labels]:
        y = 2 * rng.integers(0, 2, size=size, dtype=np.int8) - 1
        agrees = rng.random(size) < self.p
        return y, np.where(agrees, y, -y)

    def _fill(self, x: Floats, y: Labels, rng: np.random.Generator) -> None:
        y[:], x0 = self._draw_labels(len(y), rng)
        rng.standard_normal(out=x)
        # Whole rows are contiguous and so faster to add to; column 0 is overwritten below.
        _add_signed(x, y, np.concatenate([[0.0], self.mean]))
        x[:, 0] = x0


def _add_signed(x: Floats, y: Labels, mean: Floats) -> None:
    """Add y * mean to every row in place, without the temporary of an outer product."""
    positive = (y > 0)[:, None]
    np.add(x, mean, out=x, where=positive)
    np.subtract(x, mean, out=x, where=~positive)
