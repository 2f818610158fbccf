"""Best of n: what one gets by keeping, of n responses, the one a judge scores highest; estimated from N ≥ n of them.

Used by the theory checks; plain numpy. Scores are arrays [groups, N]: N responses to each of several prompts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from simlab.arrays import Array


def chosen(scores: ArrayLike, n: int) -> Array:
    """The chance [groups, N] that each response is the best of n drawn from its group without replacement.

    The i-th smallest of N is the best of C(i−1, n−1)/C(N, n) of all draws (Nakano et al. 2021, WebGPT,
    arXiv:2112.09332, appendix I); responses of equal score share theirs. Raises ValueError unless 1 ≤ n ≤ N.
    """
    given = np.atleast_2d(np.asarray(scores, dtype=float))
    many = given.shape[1]
    if not 1 <= n <= many:
        raise ValueError(f"the best of {n} cannot be estimated from {many} responses")
    from scipy.special import gammaln
    from scipy.stats import rankdata

    def log_draws(size: Array) -> Array:
        """log C(size, n), −∞ where size < n."""
        inside = np.maximum(size, n)
        whole = gammaln(inside + 1) - gammaln(n + 1) - gammaln(inside - n + 1)
        return np.asarray(np.where(size >= n, whole, -np.inf))

    def below(rank: Array) -> Array:
        """The chance that all n are among the `rank` lowest."""
        return np.exp(log_draws(rank) - log_draws(np.array(float(many))))

    highest, lowest = rankdata(given, "max", axis=1), rankdata(given, "min", axis=1) - 1
    return np.asarray((below(highest) - below(lowest)) / (highest - lowest))


def best_of(proxy: ArrayLike, gold: ArrayLike, n: int) -> float:
    """The mean gold score of the response that is best of n by the proxy; unbiased, over groups [groups, N]."""
    weights = chosen(proxy, n)
    return float(np.mean(np.sum(weights * np.asarray(gold, dtype=float).reshape(weights.shape), axis=1)))


def best_of_divergence(scores: ArrayLike, n: int) -> float:
    """KL (nats) from one response to the best of n *with* replacement, the N responses of a group equally likely.

    Responses of equal score count as one outcome. At most log n − (n − 1)/n, and that if scores are continuous
    (Beirami et al. 2024, arXiv:2401.01879, theorem 3.1).
    """
    from scipy.stats import rankdata

    given = np.atleast_2d(np.asarray(scores, dtype=float))
    many = given.shape[1]
    highest, lowest = rankdata(given, "max", axis=1) / many, (rankdata(given, "min", axis=1) - 1) / many
    ratio = (highest**n - lowest**n) / (highest - lowest)  # of the chances of an outcome, after and before
    return float(np.mean(np.mean(ratio * np.log(np.maximum(ratio, 1e-300)), axis=1)))
