"""Aggregators: what each must do, and how often it is right."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from simlab.components.aggregator import Aggregator, Votes
from simlab.plugins.registry import discover
from simlab.rng import Streams, uniforms

PLUGINS = discover(local=False)
NAMES = PLUGINS.names("aggregator")
MERGING = [name for name in NAMES if name != "none"]


def aggregator(name: str, **parameters: float) -> Aggregator:
    made = PLUGINS.get("aggregator", name)(**parameters)
    assert isinstance(made, Aggregator)
    return made


def on_pairs(labels: np.ndarray) -> Votes:
    """Labels [tasks, raters] of pairs that have no response in common."""
    task, worker = (c.ravel() for c in np.indices(labels.shape))
    return Votes(task, worker, 2 * task, 2 * task + 1, labels.ravel())


def on_rankings(orders: list[tuple[int, ...]], ranking: int = 0) -> Votes:
    """Everybody's order of the same responses, as votes on all their pairs."""
    options = len(orders[0])
    pairs = list(combinations(range(options), 2))
    rows = [
        (ranking * len(pairs) + p, who, ranking * options + i, ranking * options + j, 1 + (o.index(i) > o.index(j)))
        for who, o in enumerate(orders)
        for p, (i, j) in enumerate(pairs)
    ]
    return Votes(*np.array(rows).T)


def random_votes() -> Votes:
    """Three raters of twelve rankings of three responses, some undecided."""
    key = Streams(8).key("votes")
    tasks = np.repeat(np.arange(36), 3)
    ranking, pair = np.divmod(tasks, 3)
    left, right = np.array(list(combinations(range(3), 2))).T
    label = (uniforms(key, np.arange(108)) * 3).astype(int)
    return Votes(7 + 5 * tasks, np.tile([4, 9, 30], 36), ranking * 3 + left[pair], ranking * 3 + right[pair], label)


def picked(votes: Votes, rows: np.ndarray) -> Votes:
    return Votes(votes.task[rows], votes.worker[rows], votes.left[rows], votes.right[rows], votes.label[rows])


# ---- the contract --------------------------------------------------------------------------------------------------


def test_those_that_ship() -> None:
    assert set(NAMES) >= {"none", "majority", "dawid_skene", "glad", "pooled_bt", "borda", "copeland"}
    assert [name for name in NAMES if not aggregator(name).merges] == ["none"]


@pytest.mark.parametrize("name", NAMES)
def test_a_probability_for_every_task(name: str) -> None:
    votes = random_votes()
    chances = aggregator(name).aggregate(votes)
    assert chances.shape == (36,)
    assert ((chances >= 0) & (chances <= 1)).all()
    assert len(np.unique(chances)) > 1


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_votes_does_not_matter(name: str) -> None:
    votes = random_votes()
    shuffled = picked(votes, np.argsort(uniforms(Streams(1).key("shuffle"), np.arange(len(votes)))))
    made = aggregator(name)
    np.testing.assert_allclose(made.aggregate(shuffled), made.aggregate(votes), atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_left_and_right_are_alike(name: str) -> None:
    votes = random_votes()
    mirrored = Votes(votes.task, votes.worker, votes.right, votes.left, np.choose(votes.label, (0, 2, 1)))
    made = aggregator(name)
    np.testing.assert_allclose(made.aggregate(mirrored), 1 - made.aggregate(votes), atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_what_all_say_is_so(name: str) -> None:
    chances = aggregator(name).aggregate(on_pairs(np.array([[1, 1, 1], [2, 2, 2], [1, 1, 1]])))
    assert chances[0] > 0.7
    assert chances[2] > 0.7
    assert chances[1] < 0.3


@pytest.mark.parametrize("name", NAMES)
def test_nothing_decided_is_undecided(name: str) -> None:
    assert aggregator(name).aggregate(on_pairs(np.zeros((4, 3), dtype=int))) == pytest.approx(0.5)


# ---- how often they are right -------------------------------------------------------------------------------------


def chance_right(name: str, rates: list[float]) -> float:
    """Exactly, over every pattern of votes of raters who are right at these rates; left is better."""
    patterns = np.array(list(product((1, 2), repeat=len(rates))))
    weight = np.where(patterns == 1, rates, 1 - np.array(rates)).prod(axis=1)
    chances = aggregator(name).aggregate(on_pairs(patterns))
    return float(weight @ np.where(chances == 0.5, 0.5, chances > 0.5))


@pytest.mark.parametrize("name", ["majority", "borda", "copeland", "pooled_bt"])
@pytest.mark.parametrize(("rates", "right"), [([0.8] * 3, 0.896), ([0.8] * 5, 0.94208), ([0.6] * 11, 0.75350)])
def test_majorities(name: str, rates: list[float], right: float) -> None:
    """Flip raters at ε = .2: error .104 of three and .05792 of five; Condorcet's jury of eleven at .6."""
    assert chance_right(name, rates) == pytest.approx(right, abs=5e-6)


def test_a_majority_of_unequal_raters() -> None:
    assert chance_right("majority", [0.9, 0.6, 0.6]) == pytest.approx(0.792)


def exactly(rates: list[float]) -> tuple[float, float]:
    """How often log-odds weights are right, and how often a majority is, over every pattern of votes."""
    right = np.array(list(product((1.0, 0.0), repeat=len(rates))))
    weight = np.where(right == 1, rates, 1 - np.array(rates)).prod(axis=1)
    odds = np.log(np.array(rates) / (1 - np.array(rates)))
    return tuple(float(weight @ (0.5 + 0.5 * np.sign((2 * right - 1) @ w))) for w in (odds, np.ones(len(rates))))


UNEQUAL = [
    ("dawid_skene", [0.9, 0.6, 0.6]),
    ("dawid_skene", [0.9] * 2 + [0.6] * 5),
    ("dawid_skene", [0.9] * 3 + [0.55] * 6),
    ("glad", [0.9] * 2 + [0.6] * 5),  # it also looks for how easy each pair is, for which three votes are too few
    ("glad", [0.9] * 3 + [0.55] * 6),
    ("glad", [0.85] * 3 + [0.6] * 4),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rates"), UNEQUAL)
def test_reliable_raters_count_more(name: str, rates: list[float]) -> None:
    """Whoever weighs votes by log-odds is right as often as can be; that is what is found from votes alone."""
    tasks, best, majority = 5_000, *exactly(rates)
    key = Streams(2).key("unequal", *map(str, rates))
    right = uniforms(key, np.arange(tasks)[:, None], np.arange(len(rates))) < rates
    truth = 1 + (uniforms(key, np.arange(tasks), len(rates)) < 0.5)
    votes = on_pairs(np.where(right, truth[:, None], 3 - truth[:, None]))
    found = float(np.mean(np.where(aggregator(name).aggregate(votes) > 0.5, 1, 2) == truth))
    error = np.sqrt(best * (1 - best) / tasks)
    assert abs(found - best) < 4 * error
    assert abs(found - majority) > 4 * error


def test_log_odds_of_the_plan() -> None:
    assert exactly([0.9, 0.6, 0.6]) == pytest.approx((0.9, 0.792))


# ---- rankings ------------------------------------------------------------------------------------------------------


def test_condorcet_and_borda_disagree() -> None:
    """60 % A≻B≻C, 40 % B≻C≻A: a majority prefers A to anyone, Borda and pooled Bradley–Terry put B first."""
    votes = on_rankings([(0, 1, 2)] * 6 + [(1, 2, 0)] * 4)  # pairs AB, AC, BC
    assert aggregator("majority").aggregate(votes).tolist() == [1, 1, 1]
    assert aggregator("copeland").aggregate(votes).tolist() == [1, 1, 1]
    assert aggregator("borda").aggregate(votes).tolist() == [0, 1, 1]
    ab, ac, bc = aggregator("pooled_bt").aggregate(votes)
    assert np.log(ab / (1 - ab)) == pytest.approx(0.3119 - 0.6170, abs=2e-4)
    assert [ab + ac, 1 - ab + bc, 2 - ac - bc] == pytest.approx([1.2, 1.4, 0.4], abs=1e-5)
    assert aggregator("none").aggregate(votes) == pytest.approx([0.6, 0.6, 1.0])


def test_copeland_breaks_a_cycle_even() -> None:
    votes = on_rankings([(0, 1, 2), (1, 2, 0), (2, 0, 1)])
    assert aggregator("majority").aggregate(votes).tolist() == [1, 0, 1]  # A≻B, C≻A, B≻C
    for name in ("copeland", "borda", "pooled_bt"):
        assert aggregator(name).aggregate(votes) == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["copeland", "borda", "pooled_bt"])
def test_rankings_of_other_responses_have_no_say(name: str) -> None:
    one, other = on_rankings([(0, 1, 2)] * 6 + [(1, 2, 0)] * 4), on_rankings([(2, 1, 0)] * 10, ranking=1)
    both = Votes(*(np.concatenate([getattr(one, f), getattr(other, f)]) for f in Votes.__slots__))
    made = aggregator(name)
    np.testing.assert_allclose(made.aggregate(both)[:3], made.aggregate(one), atol=1e-5)
