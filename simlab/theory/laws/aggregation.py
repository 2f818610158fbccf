"""What many votes on the same things come to: majorities, weights, and whose order wins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from itertools import combinations, product

import numpy as np

from simlab.arrays import Array
from simlab.components.aggregator import Aggregator, Votes
from simlab.theory.law import FEWEST, REPLICATIONS, Control, Law
from simlab.theory.laws.borda import CONDORCET, FOUR, Orders, row_sum, scores, wins
from simlab.theory.laws.choice import logistic
from simlab.theory.published_data import ANAESTHETISTS, ANAESTHETISTS_FIT, anaesthetists
from simlab.theory.raters import cohort, component, draws, policy

TASKS = 2500


STEPS = {"dawid_skene": {"steps": 150}}  # enough for the weights; few raters take thousands to settle to the last digit


def aggregator(name: str) -> Aggregator:
    """A built-in aggregator."""
    made = component("aggregator", name, **STEPS.get(name, {}))
    assert isinstance(made, Aggregator)
    return made


# ---- who is right ---------------------------------------------------------------------------------------------------


def majority(accuracies: Sequence[float]) -> float:
    """P(most of these independent votes are right); a tie is half right."""
    right = 0.0
    for outcome in product((0, 1), repeat=len(accuracies)):
        chance = math.prod(p if hit else 1 - p for p, hit in zip(accuracies, outcome, strict=True))
        right += chance * (0.5 + 0.5 * np.sign(2 * sum(outcome) - len(outcome)))
    return right


def binomial_majority(accuracy: float, raters: int) -> float:
    """Σ_{k > m/2} C(m, k) p^k (1 − p)^{m−k}, and half of a tie."""
    chances = [math.comb(raters, k) * accuracy**k * (1 - accuracy) ** (raters - k) for k in range(raters + 1)]
    return math.fsum(c * (1.0 if 2 * k > raters else 0.5 if 2 * k == raters else 0.0) for k, c in enumerate(chances))


def weighted(accuracies: Sequence[float]) -> float:
    """P(right) of votes weighed by ln(p/(1 − p)); a tie is half right."""
    right = 0.0
    for outcome in product((1, -1), repeat=len(accuracies)):
        chance = math.prod(p if hit > 0 else 1 - p for p, hit in zip(accuracies, outcome, strict=True))
        weight = math.fsum(hit * math.log(p / (1 - p)) for p, hit in zip(accuracies, outcome, strict=True))
        right += chance * (0.5 if abs(weight) < 1e-12 else float(weight > 0))
    return right


def _share_right(seed: int, name: str, accuracies: Sequence[float]) -> float:
    """How often an aggregator finds the better side of pairs on which raters of these accuracies have voted."""
    task, left = np.arange(TASKS), np.arange(TASKS) % 2 == 0
    truth = np.where(left[:, None], [1.0, 0.0], [0.0, 1.0])
    said = [
        policy("mistaken", flip=1 - p).choose(truth, cohort(TASKS), draws(seed, f"rater {i}", TASKS))[:, 0]
        for i, p in enumerate(accuracies)
    ]
    raters = len(accuracies)
    votes = Votes(
        np.tile(task, raters), np.repeat(np.arange(raters), TASKS), np.tile(2 * task, raters),
        np.tile(2 * task + 1, raters), np.concatenate(said),
    )  # fmt: skip
    found = aggregator(name).aggregate(votes)
    return float(np.mean(0.5 + 0.5 * np.sign(found - 0.5) * np.where(left, 1, -1)))


# ---- whose order wins -----------------------------------------------------------------------------------------------


def _preferred(name: str, people: Sequence[int], orders: Orders, pair: Sequence[int]) -> float:
    """P(the first of a pair is better) if each of `people` votes on every pair of items as the group's order has it."""
    pairs = list(combinations(range(len(orders[0])), 2))
    cast = [
        (t, voter, i, j, 1 if order.index(i) < order.index(j) else 2)
        for voter, order in enumerate([list(o) for n, o in zip(people, orders, strict=True) for _ in range(n)])
        for t, (i, j) in enumerate(pairs)
    ]
    found = aggregator(name).aggregate(Votes(*(np.array(column) for column in zip(*cast, strict=True))))
    first, second = pair
    left = float(found[pairs.index((min(pair), max(pair)))])
    return left if first < second else 1 - left


def by_sign(difference: float) -> float:
    """1, 0, or ½ where there is none."""
    return 0.5 if abs(difference) < 1e-9 else float(difference > 0)


def beaten(people: Sequence[int], orders: Orders, item: int) -> float:
    """How many of the others a majority finds worse; an even split counts half."""
    return math.fsum(by_sign(p - 0.5) for j, p in enumerate(wins(people, orders)[item]) if j != item)


# ---- Dawid and Skene's own data -------------------------------------------------------------------------------------


@cache
def _anaesthetists() -> dict[str, float]:
    from simlab.measures.label_models import dawid_skene

    task, worker, label = anaesthetists()
    counts: Array = np.zeros((45, 4))
    np.add.at(counts, (task, label), 1)
    fit = dawid_skene(task, worker, label, counts / counts.sum(axis=1, keepdims=True))
    return {**{str(c + 1): float(s) for c, s in enumerate(fit.shares)}, "log_likelihood": fit.log_likelihood}


SKENE = "Dawid & Skene (1979), Applied Statistics 28"

LAWS = (
    Law(
        id="aggregation.majority",
        says="a majority of m raters who each err with chance ε errs with chance Σ_{k>m/2} C(m,k) ε^k (1−ε)^{m−k}",
        source="Condorcet (1785); Ladha (1992), Am. J. Political Science 36",
        path="plugins/aggregators/majority.py:Majority.aggregate",
        regime="language model",
        points=({"flip": 0.2, "raters": 3}, {"flip": 0.2, "raters": 5}, {"flip": 0.35, "raters": 4}),
        predicted=lambda flip, raters: 1 - binomial_majority(1 - flip, raters),
        observe=lambda seed, flip, raters: 1 - _share_right(seed, "majority", [1 - flip] * raters),
        control=Control(
            params={"flip": 0.2, "raters": 5},
            wrong="errors that all must make",
            predicted=lambda flip, raters: flip**raters,
        ),
        margin=0.02,
        replications=REPLICATIONS,
    ),
    Law(
        id="aggregation.jury",
        says="a majority is more often right than each of its voters, if these are better than chance",
        source="Condorcet (1785), jury theorem",
        path="plugins/aggregators/majority.py:Majority.aggregate",
        regime="language model",
        points=(
            {"accuracies": [0.6] * 11},
            {"accuracies": [0.9, 0.6, 0.6]},
            {"accuracies": [0.7, 0.65, 0.8, 0.55, 0.6]},
        ),
        predicted=majority,
        observe=lambda seed, accuracies: _share_right(seed, "majority", accuracies),
        control=Control(
            params={"accuracies": [0.6] * 11},
            wrong="no better than its voters",
            predicted=lambda accuracies: sum(accuracies) / len(accuracies),
        ),
        margin=0.025,
        replications=REPLICATIONS,
    ),
    Law(
        id="aggregation.log_odds",
        says="votes weighed by ln(p/(1 − p)) are right as often as can be; Dawid and Skene find the weights",
        source=f"Nitzan & Paroush (1982), International Economic Review 23; {SKENE}",
        path="plugins/aggregators/dawid_skene.py:DawidSkene.aggregate",
        regime="language model",
        points=(
            {"accuracies": [0.9, 0.6, 0.6]},
            {"accuracies": [0.95, 0.7, 0.7, 0.6, 0.6]},
            {"accuracies": [0.8, 0.8, 0.8, 0.55, 0.55, 0.55]},
        ),
        predicted=weighted,
        observe=lambda seed, accuracies: _share_right(seed, "dawid_skene", accuracies),
        control=Control(
            params={"accuracies": [0.95, 0.7, 0.7, 0.6, 0.6]},
            wrong="one person, one vote",
            predicted=lambda accuracies: majority(accuracies),
        ),
        margin=0.03,
        slack=0.005,  # weights are estimated
        replications=FEWEST,
        slow=True,
    ),
    Law(
        id="aggregation.dawid_skene",
        says="five anaesthetists and 45 patients: class shares and log-likelihood",
        source=SKENE,
        path="simlab/measures/label_models.py:dawid_skene",
        regime="exact",
        points=tuple({"parameter": name} for name in ("log_likelihood", "1", "2", "3", "4")),
        predicted=lambda parameter: ANAESTHETISTS_FIT[parameter],
        observe=lambda seed, parameter: _anaesthetists()[parameter],
        margin=5e-4,
        control=Control(
            params={"parameter": "2"},
            wrong="the share of all ratings",
            predicted=lambda parameter: ANAESTHETISTS.count(parameter) / (45 * 7),
        ),
    ),
    Law(
        id="aggregation.pooled_bt",
        says="votes pooled into one Bradley–Terry fit: P(i over j) = σ(r_i − r_j), Σ_j σ(r_i − r_j) = Σ_j p_ij",
        source="Siththaranjan, Laidlaw & Hadfield-Menell (2024), arXiv:2312.08358, theorem 3.1",
        path="plugins/aggregators/pooled_bt.py:PooledBradleyTerry.aggregate",
        regime="language model",
        points=({**CONDORCET, "pair": [0, 1]}, {**CONDORCET, "pair": [1, 2]}, {**FOUR, "pair": [1, 3]}),
        predicted=lambda people, orders, pair: logistic(
            scores(people, orders)[pair[0]] - scores(people, orders)[pair[1]]
        ),
        observe=lambda seed, people, orders, pair: _preferred("pooled_bt", people, orders, pair),
        control=Control(
            params={**CONDORCET, "pair": [0, 1]},
            wrong="the share who prefer it",
            predicted=lambda people, orders, pair: wins(people, orders)[pair[0]][pair[1]],
        ),
    ),
    Law(
        id="aggregation.borda",
        says="the Borda winner wins the most comparisons, not the most majorities",
        source="Borda (1781); Young (1974), J. Economic Theory 9",
        path="plugins/aggregators/borda.py:Borda.aggregate",
        regime="language model",
        points=({**CONDORCET, "pair": [0, 1]}, {**CONDORCET, "pair": [1, 2]}, {**FOUR, "pair": [0, 3]}),
        predicted=lambda people, orders, pair: by_sign(
            row_sum(people, orders, pair[0]) - row_sum(people, orders, pair[1])
        ),
        observe=lambda seed, people, orders, pair: _preferred("borda", people, orders, pair),
        control=Control(
            params={**CONDORCET, "pair": [0, 1]},
            wrong="the Condorcet winner first",
            predicted=lambda people, orders, pair: by_sign(
                beaten(people, orders, pair[0]) - beaten(people, orders, pair[1])
            ),
        ),
    ),
    Law(
        id="aggregation.copeland",
        says="the Condorcet winner comes first if a majority's word is the pair's",
        source="Copeland (1951); Condorcet (1785)",
        path="plugins/aggregators/copeland.py:Copeland.aggregate",
        regime="language model",
        points=({**CONDORCET, "pair": [0, 1]}, {**CONDORCET, "pair": [2, 0]}, {**FOUR, "pair": [1, 2]}),
        predicted=lambda people, orders, pair: by_sign(
            beaten(people, orders, pair[0]) - beaten(people, orders, pair[1])
        ),
        observe=lambda seed, people, orders, pair: _preferred("copeland", people, orders, pair),
        control=Control(
            params={**CONDORCET, "pair": [0, 1]},
            wrong="the Borda winner first",
            predicted=lambda people, orders, pair: by_sign(
                row_sum(people, orders, pair[0]) - row_sum(people, orders, pair[1])
            ),
        ),
    ),
)
