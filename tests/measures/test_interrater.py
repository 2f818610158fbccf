"""The statistics of a whole pool: as from the matrix, in long form, with intervals that hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.measures import interrater as module
from simlab.measures.agreement import (
    category_counts,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    percent_agreement,
    quadratic_weights,
    ratings,
)
from simlab.measures.interrater import STATISTICS, Agreement, interrater
from simlab.rng import Streams, uniforms

Long = tuple[np.ndarray, np.ndarray, np.ndarray]


def flips(rates: list[float], tasks: int, seed: int, undecided: float = 0.0) -> Long:
    """Raters who see which side is better, err at their own rates, and now and then decide nothing."""
    key = Streams(seed).key("flips")
    truth = 1 + (uniforms(key, np.arange(tasks), 0) < 0.5)
    wrong = uniforms(key, np.arange(tasks)[:, None], 1 + np.arange(len(rates))) < np.array(rates)
    label = np.where(wrong, 3 - truth[:, None], truth[:, None])
    label[uniforms(key, np.arange(tasks)[:, None], 50 + np.arange(len(rates))) < undecided] = 0
    task, worker = np.indices(label.shape)
    return task.ravel(), worker.ravel(), label.ravel()


def found(labels: Long, key: int = 1) -> dict[str, Agreement]:
    rows = {row.statistic: row for row in interrater(*labels, key=key)}
    assert tuple(rows) == STATISTICS
    return rows


def test_as_from_the_matrix() -> None:
    labels = flips([0.1, 0.2, 0.35], 300, 4, undecided=0.1)
    rows, matrix = found(labels), ratings(labels[0], labels[1], labels[2])
    counts = category_counts(matrix)  # categories 0, 1, 2
    expected = {
        "percent": percent_agreement(matrix),
        "cohen": conger_kappa(matrix),
        "fleiss": fleiss_kappa(counts),
        "krippendorff": krippendorff_alpha(matrix),
        "gwet_ac1": gwet_ac(counts),
        "gwet_ac2": gwet_ac(counts, quadratic_weights([0, -1, 1])),
    }
    assert {name: row.value for name, row in rows.items()} == pytest.approx(expected)
    assert all(row.low < row.value < row.high and row.n == 300 for row in rows.values())


@pytest.mark.parametrize("rates", [[0.1, 0.2], [0.05, 0.4], [0.3, 0.3]])
def test_two_flip_raters(rates: list[float]) -> None:
    """All of them see κ = (1−2ε₁)(1−2ε₂) where both sides are equally common (AC1, too: its chance is then ½)."""
    product = (1 - 2 * rates[0]) * (1 - 2 * rates[1])
    rows = found(flips(rates, 4000, 2))
    error = np.sqrt(0.25 * (1 - product**2) / 4000)  # of the share of equal labels
    assert rows["percent"].value == pytest.approx((1 + product) / 2, abs=4 * error)
    for name in STATISTICS[1:]:
        assert rows[name].value == pytest.approx(product, abs=8 * error)
        assert abs(rows[name].value - (1 - sum(rates))) > 8 * error  # not as if errors never coincided
    assert rows["percent"].high - rows["percent"].low == pytest.approx(2 * 1.96 * error, rel=0.3)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """95 % intervals over 120 pools: binomial error is 2 %, so that 88 % would be four errors off."""
    truth = (1 - 0.2 * 2) * (1 - 0.1 * 2)
    held = np.zeros(len(STATISTICS))
    for seed in range(120):
        rows = found(flips([0.2, 0.1], 250, seed), key=seed)
        held += [rows[s].low <= (truth if s != "percent" else (1 + truth) / 2) <= rows[s].high for s in STATISTICS]
    assert (held / 120 > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 120)).all()
    assert (held < 120).all()  # an interval that never misses would be too wide


def test_tasks_that_nobody_shared_say_nothing() -> None:
    alone = (np.arange(5), np.arange(5) % 2, np.ones(5, dtype=int))
    assert interrater(*alone, key=1) == []
    labels = flips([0.1, 0.2], 100, 3)
    both = tuple(np.concatenate([a, b + 1000 * (i == 0)]) for i, (a, b) in enumerate(zip(labels, alone, strict=True)))
    assert interrater(*both, key=1) == interrater(*labels, key=1)


def test_who_judges_a_pair_twice_does_not_agree_with_anybody() -> None:
    labels = flips([0.1, 0.2], 100, 3)
    first = (labels[0], labels[1], 3 - labels[2])  # they change their minds
    both = tuple(np.concatenate([a, b]) for a, b in zip(first, labels, strict=True))
    assert interrater(*both, key=1) == interrater(*labels, key=1)
    alone = tuple(np.concatenate([column, column]) for column in (np.arange(5), np.zeros(5, int), np.ones(5, int)))
    assert interrater(*alone, key=1) == []


def test_one_opinion_leaves_nothing_beyond_chance() -> None:
    rows = found((np.repeat(np.arange(9), 2), np.tile([0, 1], 9), np.ones(18, dtype=int)))
    assert rows["percent"].value == 1
    assert all(np.isnan([rows[name].value, rows[name].low, rows[name].high]).all() for name in STATISTICS[1:])


def test_of_very_many_tasks_some_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = flips([0.1, 0.2], 900, 3)
    monkeypatch.setattr(module, "MOST_TASKS", 400)
    rows = found(labels)
    assert rows["percent"].n == 400
    assert rows["percent"].value == pytest.approx(0.74, abs=0.1)
