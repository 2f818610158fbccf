"""What a Bradley–Terry reward model makes of people who want different things: Borda counts, not majorities.

A population is a list of groups, `people` how many there are in each and `orders` how each ranks the items, best
first. Everybody compares every pair once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from simlab.arrays import Array
from simlab.theory.law import Control, Law
from simlab.theory.laws.choice import logistic

Orders = Sequence[Sequence[int]]
THEOREM = "Siththaranjan, Laidlaw & Hadfield-Menell (2024), arXiv:2312.08358, theorem 3.1"


def wins(people: Sequence[int], orders: Orders, flip: float = 0.0) -> list[list[float]]:
    """Share of the comparisons of i and j that i wins, if labels are flipped with this chance."""
    items, total = range(len(orders[0])), sum(people)
    shares = [[0.0 for _ in items] for _ in items]
    for count, order in zip(people, orders, strict=True):
        for place, winner in enumerate(order):
            for loser in order[place + 1 :]:
                shares[winner][loser] += (1 - flip) * count / total
                shares[loser][winner] += flip * count / total
    return shares


def row_sum(people: Sequence[int], orders: Orders, item: int, flip: float = 0.0) -> float:
    """The sum of an item's win shares over the others: its Borda count."""
    return math.fsum(wins(people, orders, flip)[item])


def scores(people: Sequence[int], orders: Orders, flip: float = 0.0) -> list[float]:
    """The centred scores whose win chances have the data's row sums: Σ_j σ(r_i − r_j) = Σ_j p_ij."""
    from scipy.optimize import root

    shares = wins(people, orders, flip)
    items = range(len(shares))

    def unequal(r: Array) -> list[float]:
        rows = [math.fsum(logistic(r[i] - r[j]) - shares[i][j] for j in items if j != i) for i in items]
        return [*rows[:-1], float(np.sum(r))]  # the last row follows from the others; the centre does not

    return [float(r) for r in root(unequal, np.zeros(len(shares)), tol=1e-12).x]


def _compared(people: Sequence[int], orders: Orders, flip: float) -> tuple[Array, Array]:
    """Feature differences [n, items] and which share of a win the first has [n]: each group's word for each pair."""
    items = np.eye(len(orders[0]))
    rows, shares = [], []
    for count, order in zip(people, orders, strict=True):
        for i, j in combinations(range(len(order)), 2):
            first = 1 - flip if list(order).index(i) < list(order).index(j) else flip
            rows += [items[i] - items[j]] * count
            shares += [first] * count
    return np.array(rows), np.array(shares)


def _fitted(people: Sequence[int], orders: Orders, flip: float = 0.0) -> Array:
    from simlab.nets.closed_form import fit_linear

    difference, share = _compared(people, orders, flip)
    return fit_linear(difference, np.zeros(len(share)), shares=share)


def _row_of(fitted: Array, item: int) -> float:
    return math.fsum(logistic(float(fitted[item] - other)) for j, other in enumerate(fitted) if j != item)


def _score(seed: int, *, people: Sequence[int], orders: Orders, item: int) -> float:
    return float(_fitted(people, orders)[item])


def _row(seed: int, *, people: Sequence[int], orders: Orders, item: int) -> float:
    return _row_of(_fitted(people, orders), item)


def _noisy_row(seed: int, *, people: Sequence[int], orders: Orders, item: int, flip: float) -> float:
    return _row_of(_fitted(people, orders, flip), item)


def _network_row(seed: int, *, people: Sequence[int], orders: Orders, item: int) -> float:
    """The row sum at the minimum of the loss that a reward model made of a transformer descends."""
    import torch
    from scipy.optimize import minimize

    from simlab.nets.preference import bradley_terry_loss

    difference, share = (torch.as_tensor(a) for a in _compared(people, orders, 0.0))
    label = torch.zeros(len(share))  # which say nothing where there are shares

    def loss(given: Array) -> tuple[float, Array]:
        r = torch.tensor(given, dtype=torch.float64, requires_grad=True)
        value = bradley_terry_loss(difference @ r, label, shares=share)
        (slope,) = torch.autograd.grad(value, r)
        return value.item(), slope.numpy()

    found = minimize(loss, np.zeros(len(orders[0])), jac=True, method="BFGS", options={"gtol": 1e-9})
    return _row_of(found.x, item)


CONDORCET = {"people": [3, 2], "orders": [[0, 1, 2], [1, 2, 0]]}  # 60 % A ≻ B ≻ C, 40 % B ≻ C ≻ A
FOUR = {"people": [4, 3, 2], "orders": [[0, 1, 2, 3], [3, 1, 0, 2], [2, 1, 3, 0]]}

LAWS = (
    Law(
        id="borda.score",
        says="the scores solve Σ_j σ(r_i − r_j) = Σ_j p_ij; a Condorcet winner need not come first",
        source=THEOREM,
        path="simlab/nets/closed_form.py:fit_linear",
        regime="language model",
        points=({**CONDORCET, "item": 0}, {**CONDORCET, "item": 1}, {**CONDORCET, "item": 2}, {**FOUR, "item": 1}),
        predicted=lambda people, orders, item: scores(people, orders)[item],
        observe=_score,
        margin=1e-5,  # the fit's ridge is 1e-6
        control=Control(
            params={**CONDORCET, "item": 0},
            wrong="the majority's favourite scores highest",
            predicted=lambda people, orders, item: max(scores(people, orders)),
        ),
    ),
    Law(
        id="borda.row_sum",
        says="fitted win chances have the data's row sums, exactly",
        source=THEOREM,
        path="simlab/nets/closed_form.py:fit_linear",
        regime="language model",
        points=({**CONDORCET, "item": 0}, {**CONDORCET, "item": 1}, {**FOUR, "item": 3}),
        predicted=lambda people, orders, item: row_sum(people, orders, item),
        observe=_row,
        control=Control(
            params={**CONDORCET, "item": 0},
            wrong="the pairs a majority wins",
            predicted=lambda people, orders, item: float(sum(p > 0.5 for p in wins(people, orders)[item])),
        ),
    ),
    Law(
        id="borda.noisy_row_sum",
        says="flips shrink row sums toward (K − 1)/2 by 1 − 2ε: order survives",
        source=THEOREM,
        path="simlab/nets/closed_form.py:fit_linear",
        regime="language model",
        points=(
            {**CONDORCET, "item": 0, "flip": 0.1},
            {**CONDORCET, "item": 1, "flip": 0.3},
            {**FOUR, "item": 2, "flip": 0.2},
        ),
        predicted=lambda people, orders, item, flip: (
            (1 - 2 * flip) * row_sum(people, orders, item) + flip * (len(orders[0]) - 1)
        ),
        observe=_noisy_row,
        control=Control(
            params={**CONDORCET, "item": 1, "flip": 0.3},
            wrong="scores that shrink by 1 − 2ε",
            predicted=lambda people, orders, item, flip: _row_of(
                (1 - 2 * flip) * np.array(scores(people, orders)), item
            ),
        ),
    ),
    Law(
        id="borda.network_loss",
        says="the loss that networks descend has the same row sums at its minimum",
        source=THEOREM,
        path="simlab/nets/pairwise.py:bradley_terry_loss",
        regime="language model",
        points=({**CONDORCET, "item": 0}, {**CONDORCET, "item": 2}, {**FOUR, "item": 1}),
        predicted=lambda people, orders, item: row_sum(people, orders, item),
        observe=_network_row,
        control=Control(
            params={**CONDORCET, "item": 0},
            wrong="the pairs a majority wins",
            predicted=lambda people, orders, item: float(sum(p > 0.5 for p in wins(people, orders)[item])),
        ),
    ),
)
