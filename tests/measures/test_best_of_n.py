"""The best of n: what it is worth, against every draw there is, and against what theory says of normal scores."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from simlab.measures.best_of_n import best_of, best_of_divergence, chosen

PROXY = np.array([[3.0, 1.0, 2.0, 2.0, 5.0, 0.0], [0.0, 0.0, 4.0, 1.0, 1.0, 1.0]])
GOLD = np.array([[1.0, 7.0, 3.0, -2.0, 0.5, 4.0], [2.0, -1.0, 0.0, 3.0, 5.0, 8.0]])


def of_every_draw(proxy: np.ndarray, gold: np.ndarray, n: int) -> float:
    """Mean gold of the best by proxy of every n of N that can be drawn; which of several best ones is a toss."""
    found = []
    for scores, worth in zip(proxy, gold, strict=True):
        for drawn in combinations(range(len(scores)), n):
            best = max(scores[list(drawn)])
            found.append(np.mean([worth[i] for i in drawn if scores[i] == best]))
    return float(np.mean(found))


@pytest.mark.parametrize("n", [1, 2, 3, 5, 6])
def test_as_if_every_draw_were_made(n: int) -> None:
    assert best_of(PROXY, GOLD, n) == pytest.approx(of_every_draw(PROXY, GOLD, n))
    assert chosen(PROXY, n).sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize(("n", "of_normal"), [(2, 0.5642), (8, 1.4236), (32, 2.0697)])
def test_it_is_unbiased_where_taking_the_best_of_few_is_not(n: int, of_normal: float) -> None:
    """Of standard normal scores the best of n is e_n on average (Harter 1961, table 1), gold ρ·e_n.

    The control: the best n-quantile of N = 32 samples, as if these were the distribution, which is too low at n = 32.
    """
    rng, rho, many = np.random.default_rng(n), 0.7, 32
    proxy = rng.normal(size=(20_000, many))
    gold = rho * proxy + np.sqrt(1 - rho**2) * rng.normal(size=proxy.shape)
    each = (chosen(proxy, n) * gold).sum(axis=1)
    error = each.std() / np.sqrt(len(each))
    assert abs(each.mean() - rho * of_normal) < 4 * error
    rank = np.argsort(np.argsort(proxy, axis=1), axis=1) + 1
    with_replacement = (rank / many) ** n - ((rank - 1) / many) ** n
    biased = (with_replacement * gold).sum(axis=1).mean()
    if n == many:
        assert abs(biased - rho * of_normal) > 10 * error


@pytest.mark.parametrize("n", [2, 16, 256])
def test_its_divergence(n: int) -> None:
    """log n − (n − 1)/n where scores differ, and less where responses are the same."""
    bound = np.log(n) - (n - 1) / n
    scores = np.random.default_rng(0).normal(size=(3, 20_000))
    assert best_of_divergence(scores, n) == pytest.approx(bound, abs=2e-3)
    assert best_of_divergence(np.round(scores), n) < bound - 0.01
    assert best_of_divergence(np.ones((2, 8)), n) == pytest.approx(0)


def test_more_than_there_are_is_refused() -> None:
    with pytest.raises(ValueError, match="the best of 7 cannot be estimated from 6"):
        chosen(PROXY, 7)
