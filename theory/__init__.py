"""Theory of the trade-off between spatial and adversarial robustness.

The numerical side of arXiv 2002.11318, section 3 and its supplement: binary cyclic codes,
the Gaussian-plus-x0 distribution, its Bayes and robust classifiers, the laws that tie
spatial to adversarial accuracy, and every claim as an object that checks itself.

Nothing here imports torch; galois and numba are loaded when first needed.
"""

from __future__ import annotations

from ..errors import (
    InputError,
    RunFailedError,
    SimulationMismatchError,
    SpadvError,
    StoreError,
    TooLargeError,
)
from ..provenance import Provenance, release
from ..result import Hypothesis, Quantity, Result
from ..stats import Interval, clopper_pearson, wilson
from . import accuracy, laws
from .attacks import (
    MeanAttack,
    imitating_attack,
    opposing_attack,
    optimal_linear_attack,
    proof_attacks,
)
from .claims import Claim, Grid, Setting, check, claim, claims
from .classifiers import (
    LinearRule,
    ShiftBayes,
    bayes,
    best_adversarial_accuracy,
    robust_bayes,
    x0_rule,
)
from .codes import BinaryCyclicCode
from .distribution import CodeGaussian
from .low_correlation import FarWord
from .monte_carlo import Measurement, Proportion, measure
from .orbit import CodewordOrbit, periodic_autocorrelation
from .orthant import Estimate, orthant_probability
from .words import (
    as_word,
    dual_bch_word,
    legendre_word,
    low_correlation_word,
    parse_word,
    qr_word,
    random_word,
    simplex_word,
    word_from_bits,
)

__version__ = release()
#: :mod:`spadv.theory.laws` under its first name.
bounds = laws

__all__ = [
    "BinaryCyclicCode",
    "Claim",
    "CodeGaussian",
    "CodewordOrbit",
    "Estimate",
    "FarWord",
    "Grid",
    "Hypothesis",
    "InputError",
    "Interval",
    "LinearRule",
    "MeanAttack",
    "Measurement",
    "Proportion",
    "Provenance",
    "Quantity",
    "Result",
    "RunFailedError",
    "Setting",
    "ShiftBayes",
    "SimulationMismatchError",
    "SpadvError",
    "StoreError",
    "TooLargeError",
    "accuracy",
    "as_word",
    "bayes",
    "best_adversarial_accuracy",
    "bounds",
    "check",
    "claim",
    "claims",
    "clopper_pearson",
    "dual_bch_word",
    "imitating_attack",
    "laws",
    "legendre_word",
    "low_correlation_word",
    "measure",
    "opposing_attack",
    "optimal_linear_attack",
    "orthant_probability",
    "parse_word",
    "periodic_autocorrelation",
    "proof_attacks",
    "qr_word",
    "random_word",
    "robust_bayes",
    "simplex_word",
    "wilson",
    "word_from_bits",
    "x0_rule",
]
