"""How people choose: the rater policies that ship, each against the model it is named after.

One observation is the share of many independent raters, all with the same utilities, who say the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from simlab.theory.law import REPLICATIONS, Control, Law
from simlab.theory.raters import cohort, draws, labels, policy

COUNT = 25_000  # raters asked: the standard error of a share is at most .0032
MARGIN = 0.01


def logistic(x: float) -> float:
    """σ(x)."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def normal(x: float) -> float:
    """Φ(x)."""
    return math.erfc(-x / math.sqrt(2)) / 2


def share(of: NDArray[np.int64], label: int) -> float:
    """The share of labels that are 1 (left), 2 (right) or 0 (undecided)."""
    return float(np.mean(of == label))


def _bradley_terry(seed: int, *, delta: float, tau: float) -> float:
    return share(labels(seed, policy("boltzmann", temperature=tau), [delta, 0.0], COUNT), 1)


def _thurstone(seed: int, *, delta: float, sigma: float) -> float:
    return share(labels(seed, policy("thurstone", deviation=sigma), [delta, 0.0], COUNT), 1)


def _thurstone_best(seed: int, *, utilities: Sequence[float], sigma: float) -> float:
    """How often the first of several responses wins all its pairs."""
    said = labels(seed, policy("thurstone", deviation=sigma), utilities, COUNT)
    return float(np.mean(np.all(said[:, : len(utilities) - 1] == 1, axis=1)))


def thurstone_best(utilities: Sequence[float], sigma: float) -> float:
    """P(the first is felt best) = ∫ φ(z) Π_j Φ(z + (u_1 − u_j)/σ) dz."""
    from simlab.theory.normal import mean_over_normal

    first, *others = utilities
    return mean_over_normal(lambda z: math.prod(normal(z + (first - u) / sigma) for u in others))


def davidson(delta: float, nu: float, tau: float = 1.0) -> tuple[float, float, float]:
    """P(left), P(right), P(undecided) for π = exp(u/τ)."""
    left, right = math.exp(delta / tau / 2), math.exp(-delta / tau / 2)
    total = left + right + nu
    return left / total, right / total, nu / total


def _davidson(label: int, seed: int, *, delta: float, nu: float, tau: float = 1.0) -> float:
    return share(labels(seed, policy("boltzmann", temperature=tau, ties=nu), [delta, 0.0], COUNT), label)


def rao_kupper(delta: float, theta: float, tau: float = 1.0) -> tuple[float, float, float]:
    """P(left), P(right), P(undecided)."""
    left, right = (logistic(side / tau - math.log(theta)) for side in (delta, -delta))
    return left, right, 1 - left - right


def _rao_kupper(label: int, seed: int, *, delta: float, theta: float, tau: float = 1.0) -> float:
    return share(labels(seed, policy("rao_kupper", temperature=tau, theta=theta), [delta, 0.0], COUNT), label)


def plackett_luce(weights: Sequence[float], order: Sequence[int]) -> float:
    """P(the items come in this order, best first): the product of each one's share of what is left."""
    left = [weights[i] for i in order]
    return math.prod(w / sum(left[i:]) for i, w in enumerate(left))


def _plackett_luce(seed: int, *, weights: Sequence[float], order: Sequence[int]) -> float:
    said = labels(seed, policy("boltzmann", temperature=1.0), np.log(weights), COUNT)
    place = np.argsort(order)
    wanted = [1 if place[i] < place[j] else 2 for i, j in combinations(range(len(weights)), 2)]
    return float(np.mean(np.all(said == wanted, axis=1)))


def reversed_luce(weights: Sequence[float], order: Sequence[int]) -> float:
    """The other reading of a ranking: the worst is chosen first, and so on up."""
    return plackett_luce([1 / w for w in weights], order[::-1])


def _glad(seed: int, *, ability: float, easiness: float, contrast: float = 1.0) -> float:
    """How often the better of two is named, whichever side it is on."""
    rater = policy("glad", ability=ability, easiness=easiness, sharpness=0.0)
    return share(labels(seed, rater, [contrast, 0.0], COUNT), 1 if contrast > 0 else 2)


def _glad_abilities(seed: int, *, abilities: Sequence[float], easiness: float) -> float:
    """A pool of raters who differ in ability: a rater's noise divides it."""
    with np.errstate(divide="ignore"):  # who is infinitely noisy has no ability
        noise = 1 / np.resize(np.asarray(abilities, dtype=float), COUNT)
    people = cohort(COUNT, noise=noise)
    rater = policy("glad", ability=1.0, easiness=easiness, sharpness=0.0)
    return share(rater.choose(np.tile([1.0, 0.0], (COUNT, 1)), people, draws(seed, "glad", COUNT)), 1)


LAWS = (
    Law(
        id="choice.bradley_terry",
        says="P(left) = σ(Δ/τ)",
        source="Bradley & Terry (1952), Biometrika 39",
        path="simlab/components/logit.py:Logit.choose",
        regime="exact",
        points=({"delta": 1.0, "tau": 1.0}, {"delta": 0.3, "tau": 0.5}, {"delta": -2.0, "tau": 1.5}),
        predicted=lambda delta, tau: logistic(delta / tau),
        observe=_bradley_terry,
        control=Control(
            params={"delta": 1.0, "tau": 0.5},
            wrong="a temperature that multiplies",
            predicted=lambda delta, tau: logistic(delta * tau),
        ),
        margin=MARGIN,
        replications=REPLICATIONS,
    ),
    Law(
        id="choice.thurstone",
        says="P(left) = Φ(Δ/(σ√2))",
        source="Thurstone (1927), Psychological Review 34, case V",
        path="plugins/raters/thurstone.py:Thurstone.choose",
        regime="exact",
        points=({"delta": 1.0, "sigma": 1.0}, {"delta": 0.3, "sigma": 0.5}, {"delta": -2.0, "sigma": 1.5}),
        predicted=lambda delta, sigma: normal(delta / (sigma * math.sqrt(2))),
        observe=_thurstone,
        control=Control(
            params={"delta": 1.0, "sigma": 1.0},
            wrong="noise on one of the two only",
            predicted=lambda delta, sigma: normal(delta / sigma),
        ),
        margin=MARGIN,
        replications=REPLICATIONS,
    ),
    Law(
        id="choice.thurstone_best",
        says="P(first is best of K) = ∫ φ(z) Π Φ(z + Δ_j/σ) dz",
        source="Thurstone (1927), case V, for K responses ranked by one feeling each",
        path="plugins/raters/thurstone.py:Thurstone.choose",
        regime="exact",
        points=(
            {"utilities": [1.0, 0.0, 0.5], "sigma": 1.0},
            {"utilities": [0.0, 0.0, 0.0, 0.0], "sigma": 0.7},
            {"utilities": [0.2, 1.0, -1.0, 0.5], "sigma": 2.0},
        ),
        predicted=lambda utilities, sigma: thurstone_best(utilities, sigma),
        observe=_thurstone_best,
        control=Control(
            params={"utilities": [0.0, 0.0, 0.0, 0.0], "sigma": 0.7},
            wrong="pairs that are judged independently",
            predicted=lambda utilities, sigma: math.prod(
                normal((utilities[0] - u) / (sigma * math.sqrt(2))) for u in utilities[1:]
            ),
        ),
        margin=MARGIN,
        replications=REPLICATIONS,
    ),
    Law(
        id="choice.davidson_tie",
        says="P(undecided) = ν√(π_iπ_j) / (π_i + π_j + ν√(π_iπ_j))",
        source="Davidson (1970), JASA 65",
        path="simlab/components/logit.py:Logit.choose",
        regime="exact",
        points=({"delta": 1.0, "nu": 0.75}, {"delta": 0.0, "nu": 1.0}, {"delta": 2.0, "nu": 2.0, "tau": 1.5}),
        predicted=lambda **at: davidson(**at)[2],
        observe=lambda seed, **at: _davidson(0, seed, **at),
        control=Control(
            params={"delta": 2.0, "nu": 0.75},
            wrong="ties as frequent as between equals",
            predicted=lambda delta, nu: davidson(0.0, nu)[2],
        ),
        margin=MARGIN,
        replications=REPLICATIONS,
    ),
    Law(
        id="choice.davidson_win",
        says="P(left) = π_i / (π_i + π_j + ν√(π_iπ_j))",
        source="Davidson (1970), JASA 65",
        path="simlab/components/logit.py:Logit.choose",
        regime="exact",
        points=({"delta": 1.0, "nu": 0.75}, {"delta": -0.5, "nu": 1.0}, {"delta": 2.0, "nu": 2.0, "tau": 1.5}),
        predicted=lambda **at: davidson(**at)[0],
        observe=lambda seed, **at: _davidson(1, seed, **at),
        control=Control(
            params={"delta": 1.0, "nu": 0.75},
            wrong="ties that come off the weaker side only",
            predicted=lambda delta, nu: logistic(delta),
        ),
        margin=MARGIN,
        replications=REPLICATIONS,
    ),
    Law(
        id="choice.rao_kupper_win",
        says="P(left) = σ(Δ/τ − ln θ)",
        source="Rao & Kupper (1967), JASA 62",
        path="simlab/components/rater_policy.py:RaterPolicy.choose",
        regime="exact",
        points=({"delta": 1.0, "theta": 1.5}, {"delta": 0.0, "theta": 2.0}, {"delta": -1.0, "theta": 3.0, "tau": 0.5}),
        predicted=lambda **at: rao_kupper(**at)[0],
        observe=lambda seed, **at: _rao_kupper(1, seed, **at),
        control=Control(
            params={"delta": 1.0, "theta": 1.5},
            wrong="Davidson's ties with the same share of ties between equals",
            predicted=lambda delta, theta: davidson(delta, theta - 1)[0],
        ),
        margin=MARGIN,
        replications=REPLICATIONS,
    ),
    Law(
        id="choice.rao_kupper_tie",
        says="P(undecided) = (θ² − 1)π_iπ_j / ((π_i + θπ_j)(θπ_i + π_j))",
        source="Rao & Kupper (1967), JASA 62",
        path="simlab/components/rater_policy.py:RaterPolicy.choose",
        regime="exact",
        points=({"delta": 1.0, "theta": 1.5}, {"delta": 0.0, "theta": 2.0}, {"delta": -1.0, "theta": 3.0, "tau": 2.0}),
        predicted=lambda **at: rao_kupper(**at)[2],
        observe=lambda seed, **at: _rao_kupper(0, seed, **at),
        control=Control(
            params={"delta": 2.0, "theta": 2.0},
            wrong="ties as frequent as between equals",
            predicted=lambda delta, theta: rao_kupper(0.0, theta)[2],
        ),
        margin=MARGIN,
        replications=REPLICATIONS,
    ),
    Law(
        id="choice.plackett_luce",
        says="P(order) = Π w_i / (sum of the w not yet placed)",
        source="Luce (1959), Individual Choice Behavior; Plackett (1975), Applied Statistics 24",
        path="simlab/components/logit.py:Logit.choose",
        regime="exact",
        points=(
            {"weights": [3.0, 2.0, 1.0], "order": [0, 1, 2]},
            {"weights": [3.0, 2.0, 1.0], "order": [2, 1, 0]},
            {"weights": [1.0, 4.0, 2.0, 3.0], "order": [1, 3, 0, 2]},
        ),
        predicted=lambda weights, order: plackett_luce(weights, order),
        observe=_plackett_luce,
        control=Control(
            params={"weights": [5.0, 4.0, 1.0], "order": [0, 2, 1]},
            wrong="worst chosen first",
            predicted=lambda weights, order: reversed_luce(weights, order),
        ),
        margin=MARGIN,
        replications=REPLICATIONS,
    ),
    Law(
        id="choice.glad",
        says="P(correct) = σ(α·β)",
        source="Whitehill et al. (2009), NIPS 22, eq. 1",
        path="simlab/components/rater_policy.py:RaterPolicy.choose",
        regime="exact",
        points=(
            {"ability": 1.0, "easiness": 1.0},
            {"ability": -0.5, "easiness": 2.0},
            {"ability": 3.0, "easiness": 0.4, "contrast": -5.0},
        ),
        predicted=lambda ability, easiness, contrast=1.0: logistic(ability * easiness),
        observe=_glad,
        refuses=lambda ability, easiness, contrast=1.0: "" if contrast else "of two that are equal neither is correct",
        control=Control(
            params={"ability": 3.0, "easiness": 0.4},
            wrong="easiness taken for difficulty",
            predicted=lambda ability, easiness: logistic(ability / easiness),
        ),
        margin=MARGIN,
        replications=REPLICATIONS,
    ),
    Law(
        id="choice.glad_pool",
        says="a pool of abilities α_i is right with chance mean σ(α_i·β)",
        source="Whitehill et al. (2009), NIPS 22, eq. 1",
        path="simlab/components/rater_policy.py:RaterPolicy.choose",
        regime="exact",
        points=(
            {"abilities": [0.5, 2.0], "easiness": 1.0},
            {"abilities": [0.2, 1.0, 4.0], "easiness": 0.5},
            {"abilities": [0.1, 6.0], "easiness": 2.0},
        ),
        predicted=lambda abilities, easiness: float(np.mean([logistic(a * easiness) for a in abilities])),
        observe=_glad_abilities,
        control=Control(
            params={"abilities": [0.1, 6.0], "easiness": 2.0},
            wrong="everybody of mean ability",
            predicted=lambda abilities, easiness: logistic(float(np.mean(abilities)) * easiness),
        ),
        margin=MARGIN,
        replications=REPLICATIONS,
    ),
)
