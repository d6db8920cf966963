"""What galois knows and this package asks it: polynomials over GF(2) and larger fields.

galois is loaded when one of these is first used.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

from ...errors import InputError, SpadvError
from . import gf2
from .cyclotomic import multiplicative_order, root_system

if TYPE_CHECKING:
    import galois


def load_galois() -> Any:
    """Return the module galois, or say in one line how to get it."""
    try:
        import galois
    except ImportError:
        raise SpadvError("this needs galois: pip install 'galois>=0.4'") from None
    return galois


def field_of(value: Any) -> type[galois.FieldArray] | None:
    """Return the field over which an array is, or None for what is no array of galois."""
    library = sys.modules.get("galois")  # without it there is no such array
    is_one = library is not None and isinstance(value, library.FieldArray)
    return type(value) if is_one else None


def over(field: type[galois.FieldArray] | None, bits: Any) -> Any:
    """Return bits as an array over a field, if one is given."""
    return bits if field is None else field(bits)


def root_polynomial(alpha: Any) -> Any:
    """Return the minimal polynomial of a field's element, or of a field's primitive element.

    Anything else is returned as it is.
    """
    if isinstance(alpha, type) and hasattr(alpha, "primitive_element"):
        alpha = alpha.primitive_element
    field = field_of(alpha)
    if field is None:
        return alpha
    if field.characteristic != 2 or alpha.ndim or alpha == 0:
        raise InputError("alpha", "be one nonzero element of a field GF(2^m)", alpha)
    return gf2.exponents(int(alpha.minimal_poly()))


def powers_of_alpha(
    n: int, exponents: tuple[int, ...], field: type[galois.FieldArray] | None
) -> galois.FieldArray:
    """Return alpha^s of :mod:`.cyclotomic` for each exponent, for odd n.

    alpha is the least power of the field's own root of order n that has its minimal polynomial.
    """
    library = load_galois()
    if field is None:
        field = library.GF(2 ** multiplicative_order(n))
    elif not (isinstance(field, type) and issubclass(field, library.FieldArray)):
        raise InputError("field", "be a field of galois, such as galois.GF(2**4)", field)
    if field.characteristic != 2 or (field.order - 1) % n:
        rule = f"have 2^m elements with {n} a divisor of 2^m - 1"
        raise InputError("field", rule, field.name)
    # An element is a residue modulo this polynomial, and galois's integer its bits.
    modulus = int(field.irreducible_poly)
    some = gf2.powmod(int(field.primitive_element), (field.order - 1) // n, modulus)
    powers = [1]
    for _ in range(n - 1):
        powers.append(gf2.mod(gf2.mul(powers[-1], some), modulus))
    roots = root_system(n)
    smallest = roots.polynomials[roots.index[1 % n]]
    unit = next(
        s
        for s in range(n)
        if math.gcd(s, n) == 1 and gf2.evaluate(smallest, powers[s], modulus) == 0
    )
    return field([powers[unit * s % n] for s in exponents])
