"""Binary cyclic codes as ideals: polynomials, roots, idempotents and related codes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Self

from ...checks import check_integer
from ...errors import InputError
from . import gf2
from .cyclotomic import odd_part, root_system

if TYPE_CHECKING:
    import galois


class CyclicIdeal:
    """An ideal of GF(2)[x] / (x^n - 1), given by its generator polynomial.

    The algebraic half of :class:`.BinaryCyclicCode`, which is the class to use.

    Parameters
    ----------
    n : int
        Length, at least 1.
    generator : iterable of int
        Exponents of the generator polynomial g(x), a divisor of x^n - 1: (0, 1, 3) means
        1 + x + x^3. The exponents (0, n) give the zero code.

    Raises
    ------
    InputError
        If n is not an integer of at least 1, the exponents are not distinct integers of at
        least 0, or the polynomial does not divide x^n - 1.

    References
    ----------
    MacWilliams and Sloane, The Theory of Error-Correcting Codes, chapter 7.
    Huffman and Pless, Fundamentals of Error-Correcting Codes, chapter 4.
    """

    def __init__(self, n: int, generator: Iterable[int]) -> None:
        n = check_integer("n", n, minimum=1)
        g = gf2.from_exponents("generator", generator)
        modulus = gf2.x_power_minus_1(n)
        if g == 0:
            raise InputError(
                "generator", "name at least one exponent", (), f"The zero code has (0, {n})."
            )
        if rest := gf2.mod(modulus, g):
            raise InputError(
                "generator",
                f"divide x^{n} - 1 (the remainder is {_polynomial(rest)})",
                gf2.exponents(g),
                f"Its multiples form the code of gcd(g, x^{n} - 1), whose exponents are "
                f"{_show(gf2.gcd(modulus, g))}.",
            )
        self._n, self._g = n, g

    @classmethod
    def _of(cls, n: int, g: int) -> Self:
        """Build from a divisor g of x^n - 1 that needs no check."""
        code = cls.__new__(cls)
        code._n, code._g = n, g
        return code

    @classmethod
    def from_check(cls, n: int, exponents: Iterable[int]) -> Self:
        """Build from the check polynomial h(x) = (x^n - 1) / g(x), of degree k.

        Raises
        ------
        InputError
            As for the class, naming `exponents`.

        Examples
        --------
        >>> from spadv.theory.codes import BinaryCyclicCode
        >>> BinaryCyclicCode.from_check(7, (0, 1, 2, 4)).generator_exponents
        (0, 1, 3)
        """
        n = check_integer("n", n, minimum=1)
        h = gf2.from_exponents("exponents", exponents)
        modulus = gf2.x_power_minus_1(n)
        if h == 0 or gf2.mod(modulus, h):
            raise InputError("exponents", f"be those of a divisor of x^{n} - 1", gf2.exponents(h))
        return cls._of(n, gf2.divide(modulus, h)[0])

    @classmethod
    def from_defining_set(cls, n: int, exponents: Iterable[int]) -> Self:
        """Return the largest code whose words vanish at alpha^s for each s in `exponents`.

        With n = 2^a n', n' odd, alpha has order n' (see :mod:`.cyclotomic` for which root
        it is). The set is closed under doubling modulo n'. An exponent given r times asks
        for a zero of multiplicity r; a coset gets the largest multiplicity of its members.

        Parameters
        ----------
        n : int
            Length, at least 1.
        exponents : iterable of int
            Integers in 0..n'-1, each at most 2^a times; empty for the code of all words.

        Raises
        ------
        InputError
            If an exponent is out of range or repeated too often.

        Examples
        --------
        >>> from spadv.theory.codes import BinaryCyclicCode
        >>> BinaryCyclicCode.from_defining_set(15, [1, 3])
        BinaryCyclicCode(15, (0, 4, 6, 7, 8)), [15, 7]
        """
        n = check_integer("n", n, minimum=1)
        odd, power = odd_part(n)
        counts: dict[int, int] = {}
        for s in gf2.integers("exponents", exponents):
            if s >= odd:
                part = "" if power == 1 else f", the odd part of n = {n}"
                raise InputError("exponents", f"lie in 0..{odd - 1}", s, f"Modulo {odd}{part}.")
            counts[s] = counts.get(s, 0) + 1
            if counts[s] > power:
                rule = f"give each exponent at most {power} time{'s' if power > 1 else ''}"
                raise InputError("exponents", rule, s)
        roots = root_system(odd)
        multiplicities = [0] * len(roots.cosets)
        for s, count in counts.items():
            i = roots.index[s]
            multiplicities[i] = max(multiplicities[i], count)
        return cls._from_multiplicities(n, tuple(multiplicities))

    @classmethod
    def _from_multiplicities(cls, n: int, multiplicities: tuple[int, ...]) -> Self:
        """Build from the multiplicity of each minimal polynomial in g."""
        g = 1
        for polynomial, count in zip(
            root_system(odd_part(n)[0]).polynomials, multiplicities, strict=True
        ):
            for _ in range(count):
                g = gf2.mul(g, polynomial)
        code = cls._of(n, g)
        code.__dict__["_multiplicities"] = multiplicities
        return code

    @classmethod
    def from_idempotent(cls, n: int, exponents: Iterable[int]) -> Self:
        """Return the code generated by an idempotent e(x), e^2 = e modulo x^n - 1.

        Parameters
        ----------
        n : int
            Length, at least 1.
        exponents : iterable of int
            Exponents of e in 0..n-1; empty for the zero code.

        Raises
        ------
        InputError
            If an exponent is out of range or e^2 differs from e.

        References
        ----------
        MacWilliams and Sloane, chapter 8, section 2; Huffman and Pless, section 4.3.

        Examples
        --------
        >>> from spadv.theory.codes import BinaryCyclicCode
        >>> BinaryCyclicCode.from_idempotent(7, (1, 2, 4)).generator_exponents
        (0, 1, 3)
        """
        n = check_integer("n", n, minimum=1)
        e = gf2.from_exponents("exponents", exponents)
        if gf2.degree(e) >= n:
            raise InputError("exponents", f"lie in 0..{n - 1}", gf2.degree(e))
        if gf2.fold(gf2.square(e), n) != e:
            raise InputError(
                "exponents",
                f"form an idempotent, e^2 = e modulo x^{n} - 1",
                gf2.exponents(e),
                f"The exponents must be closed under doubling modulo {n}.",
            )
        return cls._of(n, gf2.gcd(gf2.x_power_minus_1(n), e))

    # Parameters and polynomials.

    @property
    def n(self) -> int:
        """Length."""
        return self._n

    @property
    def k(self) -> int:
        """Dimension."""
        return self._n - gf2.degree(self._g)

    @property
    def generator_int(self) -> int:
        """Generator polynomial as an integer, bit i the coefficient of x^i."""
        return self._g

    @cached_property
    def check_int(self) -> int:
        """Check polynomial (x^n - 1) / g(x) as an integer."""
        return gf2.divide(gf2.x_power_minus_1(self._n), self._g)[0]

    @cached_property
    def generator_exponents(self) -> tuple[int, ...]:
        """Exponents of the generator polynomial, ascending."""
        return gf2.exponents(self._g)

    @cached_property
    def check_exponents(self) -> tuple[int, ...]:
        """Exponents of the check polynomial, ascending."""
        return gf2.exponents(self.check_int)

    def generator_poly(self) -> galois.Poly:
        """Return the generator polynomial as a :class:`galois.Poly` over GF(2)."""
        import galois

        return galois.Poly.Int(self._g)

    def check_poly(self) -> galois.Poly:
        """Check polynomial as a :class:`galois.Poly` over GF(2)."""
        import galois

        return galois.Poly.Int(self.check_int)

    @cached_property
    def _multiplicities(self) -> tuple[int, ...]:
        """Multiplicity in g of the minimal polynomial of each coset modulo n'."""
        odd, power = odd_part(self._n)
        counts = []
        for polynomial in root_system(odd).polynomials:
            count, rest = 0, self._g
            while count < power:
                quotient, remainder = gf2.divide(rest, polynomial)
                if remainder:
                    break
                rest, count = quotient, count + 1
            counts.append(count)
        return tuple(counts)

    def _exponents_with(self, counts: Iterable[int]) -> tuple[int, ...]:
        cosets = root_system(odd_part(self._n)[0]).cosets
        repeated = (s for coset, count in zip(cosets, counts, strict=True) for s in coset * count)
        return tuple(sorted(repeated))

    @cached_property
    def defining_set(self) -> tuple[int, ...]:
        """Exponents s modulo the odd part n' of n with g(alpha^s) = 0, ascending.

        For even n each is repeated by its multiplicity as a zero.
        """
        return self._exponents_with(self._multiplicities)

    @cached_property
    def nonzeros(self) -> tuple[int, ...]:
        """Exponents s modulo n' at which the check polynomial vanishes, with multiplicity."""
        power = odd_part(self._n)[1]
        return self._exponents_with(power - count for count in self._multiplicities)

    def idempotent(self) -> tuple[int, ...]:
        """Exponents of the generating idempotent; empty for the zero code.

        Raises
        ------
        ValueError
            If there is none: the generator and check polynomials share a factor, which
            happens only for even n.

        References
        ----------
        MacWilliams and Sloane, chapter 8, theorem 1; Huffman and Pless, section 4.3.

        Examples
        --------
        >>> from spadv.theory.codes import BinaryCyclicCode
        >>> BinaryCyclicCode(7, (0, 1, 3)).idempotent()
        (1, 2, 4)
        """
        h = self.check_int
        if gf2.gcd(self._g, h) != 1:
            raise ValueError(
                f"{self!r} has no generating idempotent: its generator and check polynomials "
                "share a factor (repeated roots)."
            )
        return gf2.exponents(gf2.mul(self._g, gf2.inverse(self._g, h)))

    @cached_property
    def period_of_generator(self) -> int:
        """Smallest t > 0 such that shifting the word g(x) by t positions gives g(x) again."""
        word = gf2.fold(self._g, self._n)
        return next(
            t
            for t in range(1, self._n + 1)
            if self._n % t == 0 and gf2.rotate(word, t, self._n) == word
        )

    # Related codes and properties.

    def dual(self) -> Self:
        """Return the dual code: all words orthogonal to this code.

        References
        ----------
        MacWilliams and Sloane, chapter 7, section 4.

        Examples
        --------
        >>> from spadv.theory.codes import BinaryCyclicCode
        >>> BinaryCyclicCode(7, (0, 1, 3)).dual()
        BinaryCyclicCode(7, (0, 2, 3, 4)), [7, 3]
        """
        return self._of(self._n, gf2.reciprocal(self.check_int))

    def reversed(self) -> Self:
        """Return the code of the reversed words, generated by the reciprocal of g."""
        return self._of(self._n, gf2.reciprocal(self._g))

    def even_weight_subcode(self) -> Self:
        """Return the subcode of all words of even weight: g or (x + 1) g generates it."""
        return self if self._g.bit_count() % 2 == 0 else self._of(self._n, gf2.mul(self._g, 3))

    @property
    def is_self_orthogonal(self) -> bool:
        """Whether the code lies in its dual."""
        return gf2.mod(self._g, gf2.reciprocal(self.check_int)) == 0

    @property
    def contains_all_ones(self) -> bool:
        """Whether the word of n ones is a codeword."""
        return gf2.mod((1 << self._n) - 1, self._g) == 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CyclicIdeal):
            return NotImplemented
        return (self._n, self._g) == (other._n, other._g)

    def __hash__(self) -> int:
        return hash((self._n, self._g))

    def __repr__(self) -> str:
        name = type(self).__name__
        return f"{name}({self._n}, {_show(self._g)}), [{self._n}, {self.k}]"


def _show(a: int) -> str:
    """Return the exponents of `a` as text, abridged when there are many."""
    exponents = gf2.exponents(a)
    if len(exponents) <= 16:
        return str(exponents)
    return f"({', '.join(map(str, exponents[:8]))}, ..., {exponents[-1]})"


def _polynomial(a: int) -> str:
    """Return `a` written as a polynomial, abridged when there are many terms."""
    names = ["1" if i == 0 else "x" if i == 1 else f"x^{i}" for i in gf2.exponents(a)]
    if len(names) > 8:
        names = [*names[:6], "...", names[-1]]
    return " + ".join(names)
