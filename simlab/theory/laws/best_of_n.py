"""Best of n: how far it goes from one response, in nats, and that few samples tell its gold without bias."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from simlab.theory.law import Control, Law
from simlab.theory.small_world import panel, stand

Scores = Sequence[float]


def _divergence(seed: int, *, n: int) -> float:
    """KL of the best of n among many responses, by what users think of them."""
    from simlab.measures.best_of_n import best_of_divergence

    simulation = stand(seed, {"world.dimensions": 4})
    return best_of_divergence(simulation.parties["users"].utility(panel(simulation, 20_000, 1)), n)


def bound(n: int) -> float:
    """log n − (n − 1)/n."""
    return math.log(n) - (n - 1) / n


def discrete(counts: Sequence[int], n: int) -> float:
    """KL of the best of n if responses of one score are one outcome: P(best ≤ s) = P(one ≤ s)ⁿ."""
    total, below, kl = sum(counts), 0, 0.0
    for count in counts:
        after = ((below + count) / total) ** n - (below / total) ** n
        kl += after * math.log(after * total / count) if after > 0 else 0.0
        below += count
    return kl


def _discrete(seed: int, *, counts: Sequence[int], n: int) -> float:
    from simlab.measures.best_of_n import best_of_divergence

    return best_of_divergence(np.repeat(np.arange(float(len(counts))), counts), n)


def over_all_draws(proxy: Scores, gold: Scores, n: int) -> float:
    """The mean gold of the best by the proxy over all n of the N; equal scores share."""
    means = []
    for drawn in combinations(range(len(proxy)), n):
        best = max(proxy[i] for i in drawn)
        winners = [gold[i] for i in drawn if proxy[i] == best]
        means.append(sum(winners) / len(winners))
    return math.fsum(means) / len(means)


def _unbiased(seed: int, *, proxy: Scores, gold: Scores, n: int) -> float:
    from simlab.measures.best_of_n import best_of

    return best_of(proxy, gold, n)


PROXY = [0.3, -1.2, 2.0, 0.7, 1.1, -0.4, 0.0, 1.6]
GOLD = [0.5, 0.1, -0.3, 1.0, 0.8, -1.0, 0.2, 1.4]

LAWS = (
    Law(
        id="best_of_n.divergence",
        says="KL(best of n ‖ one) = log n − (n − 1)/n if scores are continuous",
        source="Stiennon et al. (2020), arXiv:2009.01325, appendix G.3; Beirami et al. (2024), arXiv:2401.01879",
        path="no run: simlab/measures/best_of_n.py:best_of_divergence, offered beside runs",
        regime="gaussian",
        points=({"n": 2}, {"n": 8}, {"n": 64}),
        predicted=bound,
        observe=_divergence,
        control=Control(params={"n": 8}, wrong="log n", predicted=lambda n: math.log(n)),
        margin=0.01,  # the n-th of 20,000 responses is a step of n/20,000
    ),
    Law(
        id="best_of_n.discrete",
        says="KL(best of n ‖ one) is below the bound if scores can be equal: Σ q_k log(q_k/p_k), q_k = F_kⁿ − F_{k−1}ⁿ",
        source="Beirami et al. (2024), arXiv:2401.01879, theorem 3.1",
        path="no run: simlab/measures/best_of_n.py:best_of_divergence, offered beside runs",
        regime="language model",
        points=({"counts": [1, 1], "n": 2}, {"counts": [60, 30, 10], "n": 8}, {"counts": [5, 1, 3, 1], "n": 4}),
        predicted=discrete,
        observe=_discrete,
        control=Control(
            params={"counts": [60, 30, 10], "n": 8},
            wrong="the bound, taken for the value",
            predicted=lambda counts, n: bound(n),
        ),
    ),
    Law(
        id="best_of_n.unbiased",
        says="Σ_i C(i−1, n−1)/C(N, n)·gold_(i), sorted by proxy, is the mean over all draws of n from N",
        source="Nakano et al. (2021), WebGPT, arXiv:2112.09332, appendix I",
        path="no run: simlab/measures/best_of_n.py:best_of, offered beside runs",
        regime="language model",
        points=(
            {"proxy": PROXY, "gold": GOLD, "n": 2},
            {"proxy": PROXY, "gold": GOLD, "n": 5},
            {"proxy": [1.0, 1.0, 0.0, 2.0, 2.0], "gold": [0.0, 1.0, 5.0, -1.0, 3.0], "n": 3},
        ),
        predicted=over_all_draws,
        observe=_unbiased,
        control=Control(
            params={"proxy": PROXY, "gold": GOLD, "n": 5},
            wrong="sorted by gold",
            predicted=lambda proxy, gold, n: over_all_draws(gold, gold, n),
        ),
    ),
)
