"""Coefficients of agreement: on published worked examples, of raters who flip labels, and of whole pools."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.measures import agreement
from simlab.measures.agreement import STATISTICS, Agreement, Ratings, coefficients, interrater, quadratic_weights
from simlab.rng import Streams, uniforms
from simlab.theory import published_data

# Gwet (2014), example 3.2, p. 80: two raters, three ordered categories; corrected figures as irrCAC computes them.
ORDERED = ("1233221122*", "*3332*12223")

Long = tuple[np.ndarray, np.ndarray, np.ndarray]


def matrix(rows: str | tuple[str, ...]) -> np.ndarray:
    """Labels [raters, items] of single digits, NaN for *."""
    return np.array(published_data.ratings(rows), dtype=float)


def of(labels: np.ndarray) -> dict[str, float]:
    return coefficients(Ratings.of_matrix(labels))


# ---- published examples --------------------------------------------------------------------------------------------


def test_the_psychiatric_diagnoses_of_fleiss() -> None:
    diagnoses = matrix(published_data.FLEISS).T
    assert diagnoses.shape == (6, 30)
    assert of(diagnoses)["fleiss"] == pytest.approx(0.4302445, abs=5e-8)
    assert of(diagnoses)["percent"] == pytest.approx(0.5556, abs=5e-5)  # P-bar in the paper: .556


def test_the_three_coders_of_krippendorff() -> None:
    example = matrix(published_data.KRIPPENDORFF)
    assert of(example)["krippendorff"] == pytest.approx(0.691358, abs=5e-7)


def test_the_table_of_sas() -> None:
    a, b = np.repeat(np.indices((3, 3)).reshape(2, -1), np.ravel(published_data.SAS), axis=1)
    assert of(np.stack([a, b]))["cohen"] == pytest.approx(0.4842, abs=5e-5)


def test_tables_as_they_are_printed_give_what_runs_compute() -> None:
    """Matrices, category counts and contingency tables; Krippendorff's worked interval example is .849 (2011, E)."""
    gaps = matrix(published_data.GWET)
    whole, counts = of(gaps), agreement.category_counts(gaps)
    assert agreement.conger_kappa(gaps) == whole["cohen"]
    assert agreement.krippendorff_alpha(gaps) == whole["krippendorff"]
    assert agreement.gwet_ac(counts) == pytest.approx(whole["gwet_ac1"], abs=1e-12)
    weights = quadratic_weights(np.arange(counts.shape[1]))
    assert agreement.gwet_ac(counts, weights) == pytest.approx(whole["gwet_ac2"], abs=1e-12)
    diagnoses = matrix(published_data.FLEISS).T
    assert agreement.fleiss_kappa(agreement.category_counts(diagnoses)) == pytest.approx(of(diagnoses)["fleiss"])
    assert agreement.cohen_kappa(published_data.SAS) == pytest.approx(0.4842, abs=5e-5)
    observers = matrix("123321412*** 1233224125*3 *3332342251* 12332441251*")
    assert agreement.krippendorff_alpha(observers) == pytest.approx(0.743, abs=6e-4)
    assert agreement.krippendorff_alpha(observers, "interval") == pytest.approx(0.849, abs=6e-4)
    for nothing in (np.ones((2, 3)), np.array([[1.0, 2.0, 1.0]]), np.array([[1.0, np.nan], [np.nan, 1.0]])):
        assert np.isnan(agreement.krippendorff_alpha(nothing, "interval"))
        assert np.isnan(agreement.conger_kappa(nothing))
    with pytest.raises(ValueError, match="same number of ratings"):
        agreement.fleiss_kappa([[1, 1], [2, 1]])


def test_four_raters_with_ratings_missing() -> None:
    """Gwet (2014), pp. 55–56."""
    assert of(matrix(published_data.GWET)) == pytest.approx(
        {
            "percent": 0.8182,  # pooled, it would be .782
            "cohen": 0.7628,
            "fleiss": 0.7612,
            "krippendorff": 0.7434,
            "gwet_ac1": 0.77544,
            "gwet_ac2": 0.9140,
        },
        abs=5e-5,
    )


def test_ac2_of_ordered_categories() -> None:
    assert of(matrix(ORDERED))["gwet_ac2"] == pytest.approx(0.8261, abs=1e-4)
    assert of(matrix(ORDERED))["gwet_ac1"] < 0.7  # to be next door counts for nothing in AC1
    assert quadratic_weights([1, 2, 3]).tolist() == [[1, 0.75, 0], [0.75, 1, 0.75], [0, 0.75, 1]]


def test_ac1_where_kappa_is_a_paradox() -> None:
    """125 subjects, 118 of whom both raters call positive, nobody twice negative (Gwet 2008): κ is below zero."""
    both = np.repeat([[1, 1], [1, 2], [2, 1]], [118, 5, 2], axis=0).T
    assert of(both)["cohen"] == pytest.approx(-0.0234, abs=5e-5)
    assert of(both)["gwet_ac1"] == pytest.approx(0.9408, abs=5e-5)


# ---- what they mean ------------------------------------------------------------------------------------------------


def test_perfect_agreement_and_none() -> None:
    assert set(of(matrix(("1212", "1212"))).values()) == {1.0}
    opposite = of(matrix(("1212", "2121")))
    assert opposite["percent"] == 0
    assert opposite["cohen"] == opposite["fleiss"] == -1


def test_every_item_counts_alike_however_many_rated_it() -> None:
    """Ten who agree on one item, and two who do not on another: half of all items, 45 of 46 pairs."""
    assert of(matrix(("11", "12", *["1*"] * 8)))["percent"] == 0.5


def test_what_cannot_be_said_is_nan() -> None:
    one = of(matrix(("111", "111")))
    assert one.pop("percent") == 1
    assert np.isnan(list(one.values())).all()
    assert np.isnan(list(of(matrix(("12*", "**1"))).values())).all()
    assert np.isnan(list(of(np.full((3, 4), np.nan)).values())).all()
    for nothing in ([], np.zeros((0, 3))):
        for name in ("cohen_kappa", "conger_kappa", "fleiss_kappa", "gwet_ac", "krippendorff_alpha"):
            assert np.isnan(getattr(agreement, name)(nothing))
        assert np.isnan(list(of(nothing).values())).all()
        assert agreement.category_counts(nothing).size == 0
    with pytest.raises(ValueError, match="this has 1 dimensions"):
        agreement.krippendorff_alpha([1, 2, 1])


# ---- of pools, with intervals --------------------------------------------------------------------------------------


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
    task, worker, label = flips([0.1, 0.2, 0.35], 300, 4, undecided=0.1)
    rows = found((task, worker, label))
    places = np.array([0.0, -1.0, 1.0])[label].reshape(300, 3).T  # undecided is half-way between left and right
    assert {name: row.value for name, row in rows.items()} == pytest.approx(coefficients(Ratings.of_matrix(places)))
    assert all(row.low < row.value < row.high and row.n == 300 for row in rows.values())


@pytest.mark.parametrize("rates", [[0.1, 0.2], [0.05, 0.4], [0.3, 0.3]])
def test_raters_who_flip_labels(rates: list[float]) -> None:
    """All of them see κ = (1−2ε₁)(1−2ε₂) where both sides are equally common (AC1, too: its chance is then ½)."""
    product = (1 - 2 * rates[0]) * (1 - 2 * rates[1])
    rows = found(flips(rates, 4000, 2))
    error = np.sqrt(0.25 * (1 - product**2) / 4000)  # of the share of equal labels
    assert rows["percent"].value == pytest.approx((1 + product) / 2, abs=4 * error)
    for name in STATISTICS[1:]:
        assert rows[name].value == pytest.approx(product, abs=8 * error)
        assert abs(rows[name].value - (1 - sum(rates))) > 8 * error  # not as if errors never coincided
    assert rows["percent"].high - rows["percent"].low == pytest.approx(2 * 1.96 * error, rel=0.3)


@pytest.mark.slow
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
    monkeypatch.setattr(agreement, "MOST_TASKS", 400)
    rows = found(labels)
    assert rows["percent"].n == 400
    assert rows["percent"].value == pytest.approx(0.74, abs=0.1)
