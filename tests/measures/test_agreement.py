"""Coefficients of agreement on published worked examples, and the identities of flipping raters."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.measures.agreement import (
    agreement_of,
    alpha_of,
    beyond_chance,
    category_counts,
    chance_of_category,
    cohen_kappa,
    conger_kappa,
    contingency,
    fleiss_kappa,
    gwet_ac,
    item_sums,
    krippendorff_alpha,
    percent_agreement,
    quadratic_weights,
    ratings,
)
from simlab.rng import Streams, uniforms

# Fleiss (1971), table 1: 30 patients, 6 psychiatrists each, 5 diagnoses; one string a patient.
FLEISS = (
    "444444 222555 233335 555555 222444 113333 333355 113334 114444 555555 144444 124444 222333 144444 224445 "
    "333335 111455 111112 224444 133555 555555 244444 224555 114444 144445 222224 111155 224444 133333 555555"
)
# Krippendorff's example of 3 coders and 15 units (as in Wikipedia, "Krippendorff's alpha"); * is no rating.
KRIPPENDORFF = ("*****34121133*3", "1*213343*******", "**21344*21133*4")
# SAS/STAT's example of Cohen's kappa, as in statsmodels' tests (science.md, section 3).
SAS = [[0, 4, 1], [0, 8, 0], [0, 1, 5]]

# Gwet (2014), pp. 55–56: four raters, twelve units, five categories, ratings missing.
GWET = ("123321412***", "1233224125**", "*33323422513", "12332441251*")
# Gwet (2014), example 3.2, p. 80: two raters, three ordered categories; corrected figures as irrCAC computes them.
ORDERED = ("1233221122*", "*3332*12223")


def matrix(rows: tuple[str, ...]) -> np.ndarray:
    return np.array([[np.nan if c == "*" else float(c) for c in row] for row in rows])


def test_fleiss_kappa_of_the_psychiatric_diagnoses() -> None:
    diagnoses = matrix(tuple(FLEISS.split())).T
    assert diagnoses.shape == (6, 30)
    assert fleiss_kappa(category_counts(diagnoses)) == pytest.approx(0.4302445, abs=5e-8)
    assert percent_agreement(diagnoses) == pytest.approx(0.5556, abs=5e-5)  # P-bar in the paper: .556


def test_krippendorff_alpha_of_three_coders() -> None:
    example = matrix(KRIPPENDORFF)
    assert krippendorff_alpha(example) == pytest.approx(0.691358, abs=5e-7)
    assert krippendorff_alpha(example, "interval") == pytest.approx(0.810845, abs=5e-7)
    assert krippendorff_alpha(example + 100, "interval") == pytest.approx(0.810845, abs=5e-7)


def test_cohen_kappa_of_the_sas_table() -> None:
    assert cohen_kappa(SAS) == pytest.approx(0.4842, abs=5e-5)
    a = np.repeat([0, 0, 0, 1, 1, 1, 2, 2, 2], np.ravel(SAS))
    b = np.repeat([0, 1, 2, 0, 1, 2, 0, 1, 2], np.ravel(SAS))
    assert contingency(a, b).tolist() == SAS


def flip_raters(e1: float, e2: float, n: int = 40_000) -> np.ndarray:
    """Two raters [2, n] who report a fair coin's side, each wrong at their own rate."""
    key, items = Streams(1).key("flips", str(e1), str(e2)), np.arange(n)
    truth = uniforms(key, items, 0) < 0.5
    return np.stack([truth ^ (uniforms(key, items, i) < e) for i, e in ((1, e1), (2, e2))]).astype(float)


@pytest.mark.parametrize(("e1", "e2"), [(0.1, 0.2), (0.05, 0.4), (0.3, 0.3)])
def test_two_flip_raters(e1: float, e2: float) -> None:
    """Agreement is ½[1 + (1−2ε₁)(1−2ε₂)] and κ = (1−2ε₁)(1−2ε₂); agreement alone does not tell who is right."""
    both = flip_raters(e1, e2)
    product = (1 - 2 * e1) * (1 - 2 * e2)
    agreement = 0.5 * (1 + product)
    error = np.sqrt(agreement * (1 - agreement) / both.shape[1])  # of a share; kappa is 2 p - 1 but for the margins
    assert percent_agreement(both) == pytest.approx(agreement, abs=4 * error)
    assert cohen_kappa(contingency(*both)) == pytest.approx(product, abs=8 * error)
    assert krippendorff_alpha(both) == pytest.approx(product, abs=8 * error)
    assert fleiss_kappa(category_counts(both)) == pytest.approx(product, abs=8 * error)
    wrong = (1 - e1) * (1 - e2)  # the chance that both are right is not the chance that they agree
    assert abs(percent_agreement(both) - wrong) > 4 * error


def test_flip_raters_of_the_plan() -> None:
    both = flip_raters(0.1, 0.2)
    assert percent_agreement(both) == pytest.approx(0.74, abs=0.01)
    assert cohen_kappa(contingency(*both)) == pytest.approx(0.48, abs=0.02)


def test_perfect_agreement_and_none() -> None:
    alike = matrix(("1212", "1212"))
    assert percent_agreement(alike) == cohen_kappa(contingency(*alike)) == fleiss_kappa(category_counts(alike)) == 1
    assert krippendorff_alpha(alike) == krippendorff_alpha(alike, "interval") == 1
    opposite = matrix(("1212", "2121"))
    assert percent_agreement(opposite) == 0
    assert cohen_kappa(contingency(*opposite)) == fleiss_kappa(category_counts(opposite)) == -1


def test_every_item_counts_alike_however_many_rated_it() -> None:
    """Ten who agree on one item, and two who do not on another: half of all items, 45 of 46 pairs."""
    uneven = matrix(("11", "12", *["1*"] * 8))
    assert percent_agreement(uneven) == 0.5


def test_what_cannot_be_said_is_nan() -> None:
    one = matrix(("111", "111"))
    assert np.isnan([cohen_kappa(contingency(*one)), fleiss_kappa(category_counts(one)), krippendorff_alpha(one)]).all()
    alone = matrix(("12*", "**1"))
    assert np.isnan([percent_agreement(alone), krippendorff_alpha(alone), krippendorff_alpha(alone, "interval")]).all()
    nothing = np.full((3, 4), np.nan)
    assert np.isnan([percent_agreement(nothing), krippendorff_alpha(nothing), conger_kappa(nothing)]).all()
    assert category_counts(nothing).shape == (4, 0)
    assert np.isnan(gwet_ac(category_counts(nothing)))
    with pytest.raises(ValueError, match="same number of ratings"):
        fleiss_kappa(category_counts(matrix(("12", "1*"))))


def test_ratings_from_long_columns() -> None:
    found = ratings(["t9", "t1", "t1", "t9"], ["pool:2", "pool:2", "pool:0", "pool:2"], [1, 2, 0, 2])
    assert np.array_equal(found, [[0, np.nan], [2, 2]], equal_nan=True)


def test_coefficients_of_four_raters_with_ratings_missing() -> None:
    """Gwet (2014), pp. 55–56."""
    example = matrix(GWET)
    counts = category_counts(example)
    sums = item_sums(counts).sum(axis=0)[None]
    assert percent_agreement(example) == agreement_of(sums)[0] == pytest.approx(0.8182, abs=5e-5)  # pooled, .782
    assert gwet_ac(counts) == pytest.approx(0.77544, abs=5e-6)
    assert conger_kappa(example) == pytest.approx(0.7628, abs=5e-5)
    assert beyond_chance(agreement_of(sums), chance_of_category(sums))[0] == pytest.approx(0.7612, abs=5e-5)
    assert alpha_of(sums)[0] == krippendorff_alpha(example) == pytest.approx(0.7434, abs=5e-5)


def test_ac2_of_ordered_categories() -> None:
    counts = category_counts(matrix(ORDERED))
    assert gwet_ac(counts, quadratic_weights([1, 2, 3])) == pytest.approx(0.8261, abs=1e-4)
    assert gwet_ac(counts) < 0.7  # to be next door counts for nothing in AC1
    assert quadratic_weights([1, 2, 3]).tolist() == [[1, 0.75, 0], [0.75, 1, 0.75], [0, 0.75, 1]]


def test_ac1_where_kappa_is_a_paradox() -> None:
    """125 subjects, 118 of whom both raters call positive, nobody twice negative (Gwet 2008): κ is below zero."""
    both = np.repeat([[1, 1], [1, 2], [2, 1]], [118, 5, 2], axis=0).T.astype(float)
    assert cohen_kappa(contingency(*both)) == pytest.approx(-0.0234, abs=5e-5)
    assert gwet_ac(category_counts(both)) == pytest.approx(0.9408, abs=5e-5)


def test_conger_is_cohen_of_two_raters_and_fleiss_the_generalized_one() -> None:
    a = np.repeat([0, 0, 0, 1, 1, 1, 2, 2, 2], np.ravel(SAS))
    b = np.repeat([0, 1, 2, 0, 1, 2, 0, 1, 2], np.ravel(SAS))
    assert conger_kappa(np.stack([a, b]).astype(float)) == pytest.approx(cohen_kappa(SAS))
    counts = category_counts(matrix(tuple(FLEISS.split())).T)
    sums = item_sums(counts).sum(axis=0)[None]
    assert beyond_chance(agreement_of(sums), chance_of_category(sums))[0] == pytest.approx(fleiss_kappa(counts))
