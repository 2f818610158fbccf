"""Plackett–Luce: the loss by hand, over all orders where there are ties, and what it makes of simulated rankings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations, permutations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from simlab.nets.listwise import plackett_luce_loss
from simlab.nets.orders import wins
from simlab.nets.pairwise import bradley_terry_loss, pair_differences

Array = NDArray[np.float64]


def by_hand(scores: Sequence[float], order: Sequence[int]) -> tuple[float, list[float]]:
    """−Σ_i [s_i − log Σ_{j≥i} e^{s_j}] and its gradient, term by term."""
    loss, slope = 0.0, [0.0] * len(scores)
    for place in range(len(order)):
        left = order[place:]
        total = sum(math.exp(scores[j]) for j in left)
        loss -= scores[order[place]] - math.log(total)
        slope[order[place]] -= 1.0
        for j in left:
            slope[j] += math.exp(scores[j]) / total
    return loss, slope


def wins_of(order: Sequence[int]) -> list[float]:
    return [float(len(order) - 1 - list(order).index(item)) for item in range(len(order))]


@pytest.mark.parametrize("options", [2, 3, 5, 9])
def test_loss_and_gradient_are_those_of_the_formula(options: int) -> None:
    rng = np.random.default_rng(options)
    drawn = rng.normal(0, 2, (6, options))
    orders = [rng.permutation(options).tolist() for _ in drawn]
    scores = torch.tensor(drawn, requires_grad=True)
    loss = plackett_luce_loss(scores, torch.tensor([wins_of(order) for order in orders], dtype=torch.float64))
    (slope,) = torch.autograd.grad(loss, scores)
    hand = [by_hand(row.tolist(), order) for row, order in zip(drawn, orders, strict=True)]
    assert float(loss.detach()) == pytest.approx(np.mean([value for value, _ in hand]), abs=1e-6)
    np.testing.assert_allclose(slope * len(drawn), [gradient for _, gradient in hand], atol=1e-6)
    backward = np.mean([by_hand(row.tolist(), order[::-1])[0] for row, order in zip(drawn, orders, strict=True)])
    assert abs(float(loss.detach()) - backward) > 1e-2  # the control: the worst chosen first


@pytest.mark.parametrize(
    ("won", "consistent"),
    [
        ((2.0, 2.0, 0.0), [(0, 1, 2), (1, 0, 2)]),
        ((0.5, 2.0, 0.5), [(1, 0, 2), (1, 2, 0)]),
        ((1.0, 1.0, 1.0), list(permutations(range(3)))),  # all undecided, or a circle
        ((2.5, 0.5, 2.5, 0.5), [(0, 2, 1, 3), (2, 0, 1, 3), (0, 2, 3, 1), (2, 0, 3, 1)]),
    ],
)
def test_of_ties_it_is_the_mean_over_all_orders(won: tuple[float, ...], consistent: list[tuple[int, ...]]) -> None:
    scores = [0.3, -1.1, 0.8, 2.0][: len(won)]
    found = float(plackett_luce_loss(torch.tensor([scores]).double(), torch.tensor([won])))
    assert found == pytest.approx(np.mean([by_hand(scores, order)[0] for order in consistent]), abs=1e-6)
    assert abs(found - by_hand(scores, consistent[0])[0]) > 1e-2  # the control: one order of these


@pytest.mark.parametrize("delta", [-30.0, -2.0, 0.3, 1.0, 30.0])
@pytest.mark.parametrize("label", [1, 2, 0])
def test_of_two_it_is_bradley_terry(delta: float, label: int) -> None:
    scores, labels = torch.tensor([[delta + 0.7, 0.7]], dtype=torch.float64), np.array([[label]])
    found = plackett_luce_loss(scores, torch.as_tensor(wins(labels)))
    assert float(found) == pytest.approx(
        float(bradley_terry_loss(pair_differences(scores), torch.tensor(labels))), abs=1e-12
    )


def test_of_three_it_is_not_bradley_terry() -> None:
    """The control of the test above: all pairs of an order are more than its choices."""
    scores, labels = torch.tensor([[1.0, 0.0, -2.0]]), np.array([[1, 1, 1]])
    pairs = bradley_terry_loss(pair_differences(scores), torch.tensor(labels))
    found = float(plackett_luce_loss(scores, torch.as_tensor(wins(labels))))
    assert min(abs(found - times * float(pairs)) for times in (1, 2, 3)) > 1e-2


def drawn(utility: Array, n: int, seed: int) -> NDArray[np.int64]:
    """Labels of all pairs of n orders drawn by Plackett–Luce: utilities and Gumbel noise, sorted (Yellott 1977)."""
    noisy = utility + np.random.default_rng(seed).gumbel(size=(n, len(utility)))
    first, second = np.array(list(combinations(range(len(utility)), 2))).T
    return np.where(noisy[:, first] > noisy[:, second], 1, 2)


def estimated(won: Tensor, sign: float = 1.0) -> tuple[Array, Array]:
    """The likeliest utilities, their mean 0, and their standard errors by the curvature (Newton's method)."""
    options = won.shape[1]

    def loss(scores: Tensor) -> Tensor:
        return plackett_luce_loss(sign * scores.expand(len(won), -1), won)

    scores, ridge = torch.zeros(options, dtype=torch.float64), torch.ones(options, options, dtype=torch.float64)
    for _ in range(12):
        slope = torch.autograd.functional.jacobian(loss, scores)
        curve = torch.autograd.functional.hessian(loss, scores) + ridge  # which holds the sum at 0
        scores = scores - torch.linalg.solve(curve, slope)
    errors = (torch.linalg.inv(curve * len(won)) - 1 / (len(won) * options**2)).diagonal().sqrt()
    return (scores - scores.mean()).numpy(), errors.numpy()


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.3, 1.0, 2.0])
def test_simulated_rankings_give_back_what_they_were_drawn_by(spread: float) -> None:
    """Every estimate within four standard errors (four of them, at three points: by chance once in 1,300); a likelihood
    that chooses the worst first (the control) is beyond, since Plackett's and Luce's model is not reversible."""
    utility = spread * np.array([1.2, 0.4, -0.2, -1.4])
    labels = drawn(utility, 20_000, seed=5)
    found, errors = estimated(torch.as_tensor(wins(labels)))
    assert (np.abs(found - utility) < 4 * errors).all()
    assert errors.max() < 0.03
    reversed_, _ = estimated(torch.as_tensor(wins(3 - labels)), sign=-1.0)
    assert (np.abs(reversed_ - utility) > 4 * errors).any()
