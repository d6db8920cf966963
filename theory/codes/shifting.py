"""The shifting bound of van Lint and Wilson, and a tree of cases that makes it one for all words.

Let a word vanish at alpha^s for s in Z, and not for s in N. A chain is a list a_1, ..., a_t of
exponents with shifts c_1, ..., c_t such that a_i + c_i lies in N, and a_j + c_i in Z for all j < i.
Then the word has at least t ones: with X_s = alpha^s for the places s of its ones, the functional
v -> sum of X_s^(c_i) v_s takes (X_s^a)_s to the word's value at alpha^(a + c_i), so it vanishes on
the vectors of a_1, ..., a_(i-1) and not on that of a_i; the t vectors are independent, and have as
many entries as the word has ones. A run of t - 1 zeros before a nonzero is such a chain: BCH.

A code's words vanish at its defining set and perhaps elsewhere. So a chain is sought with N all the
rest; it settles the words that are nonzero on the cosets that it used. Each other word vanishes on
a first one of these, which is a zero more, and the same is asked again with it. A chain is made
greedily: of the shifts c with all a_j + c in Z, the next a keeps as many as possible. That is a
search, with the same outcome every time; chains not found do not mean that there are none.

References
----------
J. H. van Lint and R. M. Wilson, On the minimum distance of cyclic codes, IEEE Transactions on
Information Theory 32 (1986), 23-40.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import lru_cache

from . import gf2
from .bounds import over_parts, simple_root_bch
from .cyclotomic import root_system
from .ideal import CyclicIdeal

#: Chains that are tried where the greedy one is too short.
_RESTARTS = 30
#: How often they take any exponent in place of the best.
_ASTRAY = 0.15
#: Cases of one bound, beyond which it counts as not proved.
_CASES = 3000


@lru_cache(maxsize=256)
def shifting_bound(code: CyclicIdeal) -> int:
    """See :meth:`.BinaryCyclicCode.shifting_bound`."""
    return over_parts(code, lambda n, zeros: {"shifting": _bound(n, zeros)})["shifting"]


def _bound(n: int, zeros: tuple[int, ...]) -> int:
    best = simple_root_bch(n, zeros)
    while proves(n, zeros, best + 1):
        best += 1
    return best


def proves(
    n: int, zeros: tuple[int, ...], weight: int, check: Callable[[], None] | None = None
) -> bool:
    """Whether chains show that all nonzero words have at least this weight, for odd n.

    `check` is called for each case, and may raise.
    """
    roots = root_system(n)
    cosets = [sum(1 << s for s in coset) for coset in roots.cosets]
    everything = (1 << n) - 1
    rng = random.Random(0)
    # Cases: where words are known to vanish, and known not to.
    cases = [(sum(1 << s for s in zeros), 0)]
    for _ in range(_CASES):
        if not cases:
            return True
        if check is not None:
            check()
        zero, nonzero = cases.pop()
        if zero == everything or simple_root_bch(n, gf2.exponents(zero)) >= weight:
            continue
        used = _chain(n, zero, nonzero, weight, rng)
        if used is None:
            return False
        for i in dict.fromkeys(roots.index[s] for s in used):
            if not cosets[i] & nonzero:
                cases.append((zero | cosets[i], nonzero))
                nonzero |= cosets[i]
    return False


def _chain(n: int, zero: int, nonzero: int, length: int, rng: random.Random) -> list[int] | None:
    """Return the nonzeros a_i + c_i of a chain of this length, those known before if possible."""
    rest = (1 << n) - 1 ^ zero
    # Bit c of the a-th says whether a + c is there.
    zeros, rests, known = (
        [gf2.rotate(exponents, -a % n, n) for a in range(n)] for exponents in (zero, rest, nonzero)
    )
    for attempt in range(_RESTARTS):
        shifts, used = (1 << n) - 1, list[int]()
        while shifts:
            options = [a for a in range(n) if shifts & rests[a]]
            if not options:
                break
            if attempt == 0 or rng.random() >= _ASTRAY:
                kept = [(shifts & zeros[a]).bit_count() for a in options]
                most = max(kept)
                options = [a for a, count in zip(options, kept, strict=True) if count == most]
            a = rng.choice(options)
            ends = shifts & known[a] or shifts & rests[a]
            used.append((a + (ends & -ends).bit_length() - 1) % n)
            shifts &= zeros[a]
            if len(used) == length:
                return used
    return None
