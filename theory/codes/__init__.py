"""Binary cyclic codes of any length.

Construction, families, extended and shortened codes, exact minimum distances, weight
distributions and lower bounds.
Importing this package is cheap: galois and numba are loaded when first needed.
"""

from __future__ import annotations

from .cyclic import BinaryCyclicCode
from .cyclotomic import (
    cyclotomic_cosets,
    factor_xn_minus_1,
    multiplicative_order,
    primitive_polynomial,
)
from .distance import DistanceSearch
from .families import (
    bch,
    bch_of_dimension,
    bch_table,
    dual_bch,
    even_weight,
    family,
    golay,
    hamming,
    quadratic_residue,
    repetition,
    simplex,
    universe,
)
from .linear import LinearCode
from .listing import all_cyclic_codes, bch_bounds_of_all, count_cyclic_codes, distances_of_all
from .weights import macwilliams

__all__ = [
    "BinaryCyclicCode",
    "DistanceSearch",
    "LinearCode",
    "all_cyclic_codes",
    "bch",
    "bch_bounds_of_all",
    "bch_of_dimension",
    "bch_table",
    "count_cyclic_codes",
    "cyclotomic_cosets",
    "distances_of_all",
    "dual_bch",
    "even_weight",
    "factor_xn_minus_1",
    "family",
    "golay",
    "hamming",
    "macwilliams",
    "multiplicative_order",
    "primitive_polynomial",
    "quadratic_residue",
    "repetition",
    "simplex",
    "universe",
]
