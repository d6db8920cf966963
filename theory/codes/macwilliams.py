"""The MacWilliams identity in exact integers."""

from __future__ import annotations

from collections.abc import Mapping


def macwilliams(weights: Mapping[int, int], n: int, k: int) -> dict[int, int]:
    """Weight distribution of the dual of a binary linear [n, k] code.

    The dual's count at weight j is 2^-k sum_w A_w K_j(w), K_j(w) being the coefficient of
    z^j in (1 - z)^w (1 + z)^(n - w) (a Krawtchouk polynomial).

    Parameters
    ----------
    weights : mapping of int to int
        Weight to number of codewords.
    n, k : int
        Length and dimension of the code.

    Returns
    -------
    dict of int to int
        Ascending by weight, without zero counts.

    References
    ----------
    MacWilliams and Sloane, chapter 5, theorem 1.

    Examples
    --------
    >>> macwilliams({0: 1, 4: 7}, 7, 3)
    {0: 1, 3: 7, 4: 7, 7: 1}
    """
    sums = [0] * (n + 1)
    for weight, count in weights.items():
        if not count:
            continue
        # (j + 1) K_{j+1} = (n - 2w) K_j - (n - j + 1) K_{j-1}
        before, current = 0, count
        for j in range(n + 1):
            sums[j] += current
            following = ((n - 2 * weight) * current - (n - j + 1) * before) // (j + 1)
            before, current = current, following
    return {j: value >> k for j, value in enumerate(sums) if value}
