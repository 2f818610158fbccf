"""Coefficients of agreement: of raters who flip labels, by their definitions, and on published examples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

import numpy as np

from simlab.arrays import Array
from simlab.theory.law import REPLICATIONS, Control, Law
from simlab.theory.published_data import FLEISS, GWET, KRIPPENDORFF, SAS, ratings
from simlab.theory.raters import cohort, draws, policy

COUNT = 15_000  # pairs judged
Table = Sequence[Sequence[int]]
Ratings = Sequence[Sequence[float | None]]  # [raters, items]

# ---- raters who flip labels -----------------------------------------------------------------------------------------


def _flippers(seed: int, flips: Sequence[float], missing: float = 0.0) -> Array:
    """Labels [raters, pairs] of raters with these error rates, of pairs of which half are better on the left."""
    truth = np.where((np.arange(COUNT) % 2 == 0)[:, None], [1.0, 0.0], [0.0, 1.0])
    said = [
        policy("mistaken", flip=flip).choose(truth, cohort(COUNT), draws(seed, f"rater {i}", COUNT))[:, 0]
        for i, flip in enumerate(flips)
    ]
    lost = [draws(seed, f"missing {i}", COUNT)[:, 0] < missing for i in range(len(flips))]
    return np.where(np.stack(lost), np.nan, np.stack(said).astype(float))


def mean_product(flips: Sequence[float]) -> float:
    """The mean of (1 − 2ε_i)(1 − 2ε_j) over pairs of raters."""
    products = [(1 - 2 * a) * (1 - 2 * b) for a, b in combinations(flips, 2)]
    return math.fsum(products) / len(products)


def _statistic(name: str, labels: Array) -> float:
    """One of the statistics of agreement, as runs compute it, from labels [raters, items], NaN for none."""
    from simlab.measures.agreement import Ratings, coefficients

    return coefficients(Ratings.of_matrix(labels))[name]


def _two_flips(seed: int, *, first: float, second: float) -> float:
    return _statistic("percent", _flippers(seed, (first, second)))


def _kappa(seed: int, *, first: float, second: float) -> float:
    return _statistic("cohen", _flippers(seed, (first, second)))


def _fleiss_of_flips(seed: int, *, flips: Sequence[float]) -> float:
    return _statistic("fleiss", _flippers(seed, flips))


def _alpha_of_flips(seed: int, *, flips: Sequence[float], missing: float) -> float:
    return _statistic("krippendorff", _flippers(seed, flips, missing))


# ---- coefficients by their definitions ------------------------------------------------------------------------------


def cohen(table: Table) -> float:
    """κ = 1 − observed over expected disagreement, in fractions."""
    n, size = sum(map(sum, table)), range(len(table))
    rows, columns = [sum(row) for row in table], [sum(row[j] for row in table) for j in size]
    observed = Fraction(sum(table[i][j] for i in size for j in size if i != j), n)
    expected = Fraction(sum(rows[i] * columns[j] for i in size for j in size if i != j), n * n)
    return float(1 - observed / expected)


def _cohen(seed: int, *, table: Table) -> float:
    i, j = np.indices(np.shape(table))
    return _statistic("cohen", np.repeat([i.ravel(), j.ravel()], np.ravel(table), axis=1).astype(float))


def fleiss(rated: Ratings) -> float:
    """κ by counting pairs of ratings of one item, in fractions; `rated` is [items, raters]."""
    pairs = [pair for item in rated for pair in combinations(item, 2)]
    observed = Fraction(sum(a == b for a, b in pairs), len(pairs))
    every = [rating for item in rated for rating in item]
    expected = sum(Fraction(every.count(c), len(every)) ** 2 for c in set(every))
    return float((observed - expected) / (1 - expected))


def _fleiss(seed: int, *, rated: Ratings) -> float:
    return _statistic("fleiss", np.array(rated, dtype=float).T)


def krippendorff(rated: Ratings, others: int = 1) -> float:
    """Nominal α by counting unequal pairs, in fractions; `rated` is [raters, items], None for a missing rating.

    Chance pairs a rating with all but this many of the ratings of items rated twice or more: itself.
    """
    units = [[v for v in unit if v is not None] for unit in zip(*rated, strict=True)]
    units = [unit for unit in units if len(unit) > 1]
    values = [value for unit in units for value in unit]
    observed = sum(2 * int(a != b) / Fraction(len(unit) - 1) for unit in units for a, b in combinations(unit, 2))
    expected = Fraction(sum(2 * int(a != b) for a, b in combinations(values, 2)), len(values) - others)
    return float(1 - observed / expected)


def _krippendorff(seed: int, *, rated: Ratings) -> float:
    return _statistic("krippendorff", np.array(rated, dtype=float))


def gwet(rated: Ratings) -> float:
    """AC1 from chance agreement Σπ(1 − π)/(q − 1), in fractions; `rated` is [raters, items], None if missing."""
    units = [unit for unit in ([v for v in u if v is not None] for u in zip(*rated, strict=True)) if unit]
    pairs = [list(combinations(unit, 2)) for unit in units if len(unit) > 1]
    observed = sum(Fraction(sum(a == b for a, b in of_unit), len(of_unit)) for of_unit in pairs) / len(pairs)
    categories = {v for unit in units for v in unit}
    shares = [sum(Fraction(unit.count(c), len(unit)) for unit in units) / len(units) for c in categories]
    expected = sum(share * (1 - share) for share in shares) / (len(categories) - 1)
    return float((observed - expected) / (1 - expected))


def _gwet(seed: int, *, rated: Ratings) -> float:
    return _statistic("gwet_ac1", np.array(rated, dtype=float))


PUBLISHED = {"fleiss": 0.4302445, "krippendorff": 0.691358, "sas": 0.4842, "conger": 0.76282, "gwet": 0.77544}


def _published(seed: int, *, example: str) -> float:
    if example == "fleiss":
        return _fleiss(seed, rated=ratings(FLEISS))
    if example == "sas":
        return _cohen(seed, table=SAS)
    if example == "krippendorff":
        return _krippendorff(seed, rated=ratings(KRIPPENDORFF))
    return _statistic({"conger": "cohen", "gwet": "gwet_ac1"}[example], np.array(ratings(GWET), dtype=float))


LAWS = (
    Law(
        id="agreement.two_flips",
        says="two raters who flip labels agree with chance ½[1 + (1 − 2ε₁)(1 − 2ε₂)]",
        source="identity of independent symmetric errors",
        path="simlab/measures/agreement.py:_coefficients",
        regime="language model",
        points=({"first": 0.1, "second": 0.2}, {"first": 0.05, "second": 0.4}, {"first": 0.3, "second": 0.3}),
        predicted=lambda first, second: 0.5 * (1 + mean_product((first, second))),
        observe=_two_flips,
        control=Control(
            params={"first": 0.1, "second": 0.2},
            wrong="agreement only where both are right",
            predicted=lambda first, second: (1 - first) * (1 - second),
        ),
        margin=0.01,
        replications=REPLICATIONS,
    ),
    Law(
        id="agreement.kappa",
        says="Cohen's κ of two raters who flip labels is (1 − 2ε₁)(1 − 2ε₂)",
        source="Cohen (1960), Educ. Psychol. Meas. 20; chance agreement is ½",
        path="simlab/measures/agreement.py:_coefficients",
        regime="language model",
        points=({"first": 0.1, "second": 0.2}, {"first": 0.05, "second": 0.4}, {"first": 0.3, "second": 0.3}),
        predicted=lambda first, second: mean_product((first, second)),
        observe=_kappa,
        control=Control(
            params={"first": 0.1, "second": 0.2},
            wrong="1 − 2ε of the mean error",
            predicted=lambda first, second: 1 - (first + second),
        ),
        margin=0.02,
        replications=REPLICATIONS,
    ),
    Law(
        id="agreement.fleiss_flips",
        says="Fleiss' κ of m raters who flip labels is the mean of (1 − 2ε_i)(1 − 2ε_j) over pairs",
        source="Fleiss (1971), Psychological Bulletin 76",
        path="simlab/measures/agreement.py:_coefficients",
        regime="language model",
        points=({"flips": [0.1, 0.1, 0.1]}, {"flips": [0.05, 0.2, 0.3, 0.1]}, {"flips": [0.4, 0.0]}),
        predicted=mean_product,
        observe=_fleiss_of_flips,
        control=Control(
            params={"flips": [0.4, 0.0, 0.4]},
            wrong="everybody of mean error",
            predicted=lambda flips: (1 - 2 * sum(flips) / len(flips)) ** 2,
        ),
        margin=0.02,
        replications=REPLICATIONS,
    ),
    Law(
        id="agreement.alpha_flips",
        says="Krippendorff's α is the same mean, with ratings missing at random",
        source="Krippendorff (2011), Computing Krippendorff's alpha-reliability",
        path="simlab/measures/agreement.py:_coefficients",
        regime="language model",
        points=(
            {"flips": [0.1, 0.2, 0.1], "missing": 0.3},
            {"flips": [0.05, 0.2, 0.3, 0.1], "missing": 0.5},
            {"flips": [0.2, 0.0], "missing": 0.0},
        ),
        predicted=lambda flips, missing: mean_product(flips),
        observe=_alpha_of_flips,
        control=Control(
            params={"flips": [0.1, 0.2, 0.1], "missing": 0.3},
            wrong="missing ratings taken for disagreement",
            predicted=lambda flips, missing: mean_product(flips) * (1 - missing) ** 2,
        ),
        margin=0.02,
        replications=REPLICATIONS,
    ),
    Law(
        id="agreement.cohen",
        says="κ = 1 − observed / expected disagreement",
        source="Cohen (1960), Educ. Psychol. Meas. 20",
        path="simlab/measures/agreement.py:_coefficients",
        regime="exact",
        points=({"table": [list(row) for row in SAS]}, {"table": [[20, 5], [10, 15]]}, {"table": [[45, 15], [25, 15]]}),
        predicted=cohen,
        observe=_cohen,
        control=Control(
            params={"table": [[45, 15], [25, 15]]},
            wrong="chance agreement of pooled categories (Scott's π)",
            predicted=lambda table: fleiss(
                [[i, j] for i, row in enumerate(table) for j, n in enumerate(row) for _ in range(n)]
            ),
        ),
    ),
    Law(
        id="agreement.fleiss",
        says="κ = (share of equal pairs of ratings − Σp²) / (1 − Σp²)",
        source="Fleiss (1971), Psychological Bulletin 76, eqs 3–7",
        path="simlab/measures/agreement.py:_coefficients",
        regime="exact",
        points=(
            {"rated": ratings(FLEISS)},
            {"rated": [[1, 1, 2], [2, 2, 2], [3, 1, 3], [1, 2, 3]]},
            {"rated": [[0, 0], [1, 1], [0, 1], [1, 1], [0, 0]]},
        ),
        predicted=fleiss,
        observe=_fleiss,
        control=Control(
            params={"rated": [[1, 1, 2], [2, 2, 2], [3, 1, 3], [1, 2, 3]]},
            wrong="every category equally likely by chance",
            predicted=lambda rated: 1 - 1.5 * (1 - sum(a == b for i in rated for a, b in combinations(i, 2)) / 12),
        ),
    ),
    Law(
        id="agreement.krippendorff",
        says="α = 1 − D_o/D_e over coincidences of values within units",
        source="Krippendorff (2011), Computing Krippendorff's alpha-reliability",
        path="simlab/measures/agreement.py:_coefficients",
        regime="exact",
        points=(
            {"rated": ratings(KRIPPENDORFF)},
            {"rated": [[1.0, 2.0, 3.0, None], [1.0, 2.0, 2.0, 7.0], [None, 3.0, 2.0, 7.0]]},
            {"rated": ratings(GWET)},
        ),
        predicted=krippendorff,
        observe=_krippendorff,
        control=Control(
            params={"rated": ratings(KRIPPENDORFF)},
            wrong="a rating may be paired with itself by chance",
            predicted=lambda rated: krippendorff(rated, others=0),
        ),
    ),
    Law(
        id="agreement.gwet",
        says="AC1 = (agreement − chance)/(1 − chance) with chance Σπ(1 − π)/(q − 1)",
        source="Gwet (2008), Brit. J. Math. Stat. Psych. 61, eq. 3",
        path="simlab/measures/agreement.py:_coefficients",
        regime="exact",
        points=(
            {"rated": ratings(GWET)},
            {"rated": ratings(KRIPPENDORFF)},
            {"rated": [[1.0, 1.0, 2.0, 1.0, None], [1.0, 2.0, 2.0, 1.0, 1.0]]},
        ),
        predicted=gwet,
        observe=_gwet,
        control=Control(params={"rated": ratings(KRIPPENDORFF)}, wrong="chance agreement of α", predicted=krippendorff),
    ),
    Law(
        id="agreement.published",
        says="published worked examples, to the digits printed",
        source="Fleiss (1971); Krippendorff (2011); SAS/STAT User's Guide, FREQ; Gwet (2014), pp. 55–56",
        path="simlab/measures/agreement.py:agreement_of",
        regime="exact",
        points=tuple({"example": name} for name in PUBLISHED),
        predicted=lambda example: PUBLISHED[example],
        observe=_published,
        control=Control(
            params={"example": "conger"},
            wrong="Fleiss' generalized κ of the same ratings",
            predicted=lambda example: 0.76117,
        ),
        margin=5e-5,
    ),
)
