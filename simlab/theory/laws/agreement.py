"""How often raters agree, and what that says, and does not say, about who is right."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np

from simlab.arrays import Array
from simlab.theory.law import REPLICATIONS, Control, Law
from simlab.theory.laws.choice import logistic
from simlab.theory.normal import mean_over_normal
from simlab.theory.published_data import FLEISS, KRIPPENDORFF, SAS, ratings
from simlab.theory.raters import cohort, draws, policy

COUNT = 40_000  # pairs judged
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


def _two_flips(seed: int, *, first: float, second: float) -> float:
    from simlab.measures.agreement import percent_agreement

    return percent_agreement(_flippers(seed, (first, second)))


def _kappa(seed: int, *, first: float, second: float) -> float:
    from simlab.measures.agreement import cohen_kappa, contingency

    return cohen_kappa(contingency(*_flippers(seed, (first, second))))


def _fleiss_of_flips(seed: int, *, flips: Sequence[float]) -> float:
    from simlab.measures.agreement import category_counts, fleiss_kappa

    return fleiss_kappa(category_counts(_flippers(seed, flips)))


def _alpha_of_flips(seed: int, *, flips: Sequence[float], missing: float) -> float:
    from simlab.measures.agreement import krippendorff_alpha

    return krippendorff_alpha(_flippers(seed, flips, missing))


# ---- coefficients by their definitions ------------------------------------------------------------------------------


def cohen(table: Table) -> float:
    """κ = 1 − observed over expected disagreement, in fractions."""
    n, size = sum(map(sum, table)), range(len(table))
    rows, columns = [sum(row) for row in table], [sum(row[j] for row in table) for j in size]
    observed = Fraction(sum(table[i][j] for i in size for j in size if i != j), n)
    expected = Fraction(sum(rows[i] * columns[j] for i in size for j in size if i != j), n * n)
    return float(1 - observed / expected)


def _cohen(seed: int, *, table: Table) -> float:
    from simlab.measures.agreement import cohen_kappa

    return cohen_kappa(table)


def fleiss(rated: Ratings) -> float:
    """κ by counting pairs of ratings of one item, in fractions; `rated` is [items, raters]."""
    pairs = [pair for item in rated for pair in combinations(item, 2)]
    observed = Fraction(sum(a == b for a, b in pairs), len(pairs))
    every = [rating for item in rated for rating in item]
    expected = sum(Fraction(every.count(c), len(every)) ** 2 for c in set(every))
    return float((observed - expected) / (1 - expected))


def _fleiss(seed: int, *, rated: Ratings) -> float:
    from simlab.measures.agreement import category_counts, fleiss_kappa

    return fleiss_kappa(category_counts(np.array(rated, dtype=float).T))


def krippendorff(rated: Ratings, metric: str) -> float:
    """α from the coincidences of values within units, in fractions; `rated` is [raters, items]."""
    distance: Callable[[Any, Any], Any] = (
        (lambda a, b: int(a != b)) if metric == "nominal" else lambda a, b: (a - b) ** 2
    )
    units = [[Fraction(v) for v in unit if v is not None] for unit in zip(*rated, strict=True)]
    units = [unit for unit in units if len(unit) > 1]
    values = [value for unit in units for value in unit]
    observed = sum(2 * distance(a, b) / Fraction(len(u) - 1) for u in units for a, b in combinations(u, 2))
    expected = sum(2 * distance(a, b) for a, b in combinations(values, 2)) / Fraction(len(values) - 1)
    return float(1 - observed / expected)


def _krippendorff(seed: int, *, rated: Ratings, metric: Any) -> float:
    from simlab.measures.agreement import krippendorff_alpha

    return krippendorff_alpha(np.array(rated, dtype=float), metric)


PUBLISHED = {"fleiss": 0.4302445, "krippendorff nominal": 0.691358, "krippendorff interval": 0.810845, "sas": 0.4842}


def _published(seed: int, *, example: str) -> float:
    if example == "fleiss":
        return _fleiss(seed, rated=ratings(FLEISS))
    if example == "sas":
        return _cohen(seed, table=SAS)
    return _krippendorff(seed, rated=ratings(KRIPPENDORFF), metric=example.split()[1])


# ---- what an agreement rate means -----------------------------------------------------------------------------------


def _mean_over(utilities: str) -> Callable[[Callable[[float], float]], float]:
    """The expectation over utility differences that are normal, or Laplace distributed."""
    if utilities == "normal":
        return mean_over_normal
    from scipy.integrate import quad

    return lambda f: float(quad(lambda x: (f(x) + f(-x)) * math.exp(-x) / 2, 0, 50, limit=200)[0])


def boltzmann_accuracy(agreement: float, utilities: str) -> float:
    """E σ(|Δ|/τ) at the τ for which E[σ² + (1 − σ)²] is this agreement."""
    from scipy.optimize import brentq

    mean = _mean_over(utilities)

    def excess(log_tau: float) -> float:
        return mean(lambda x: 1 - 2 * logistic(x / math.exp(log_tau)) * logistic(-x / math.exp(log_tau))) - agreement

    tau = math.exp(float(brentq(excess, -6, 6)))
    return mean(lambda x: logistic(abs(x) / tau))


def _differences(seed: int, utilities: str) -> Array:
    """Utility differences of as many pairs, of normal or Laplace distribution."""
    from scipy.special import ndtri

    u = draws(seed, "differences", COUNT)[:, 0]
    return np.asarray(ndtri(u) if utilities == "normal" else -np.sign(u - 0.5) * np.log1p(-2 * np.abs(u - 0.5)))


def _boltzmann_accuracy(seed: int, *, agreement: float, utilities: str) -> float:
    """The accuracy of raters whose temperature is set so that two of them agree so often on all pairs."""
    from scipy.optimize import brentq

    from simlab.components.choice_noise import expected_agreement

    pairs = np.stack([_differences(seed, utilities), np.zeros(COUNT)], axis=1)

    def excess(log_tau: float) -> float:
        rater = policy("boltzmann", temperature=math.exp(log_tau))
        return expected_agreement(rater.probabilities(pairs, cohort(COUNT))[:, :1]) - agreement

    rater = policy("boltzmann", temperature=math.exp(float(brentq(excess, -6, 6, xtol=1e-6))))
    said = rater.choose(pairs, cohort(COUNT), draws(seed, "labels", COUNT))[:, 0]
    return float(np.mean((said == 1) == (pairs[:, 0] > 0)))


def _flip_accuracy(seed: int, *, agreement: float) -> float:
    rater = policy("mistaken", agreement=agreement).calibrated(np.ones((1, 1)))
    return float(
        np.mean(rater.choose(np.tile([1.0, 0.0], (COUNT, 1)), cohort(COUNT), draws(seed, "labels", COUNT)) == 1)
    )


def _calibrated(seed: int, *, agreement: float, rater: str, utilities: str = "normal") -> float:
    """How often two raters who were calibrated to agree so often do, on other pairs that are clear."""
    from simlab.components.choice_noise import clear_pairs
    from simlab.measures.agreement import percent_agreement

    asked, other = (_differences(2 * seed + i, utilities)[:, None] for i in (0, 1))
    found = policy(rater, agreement=agreement).calibrated(asked)
    clear = clear_pairs(other)
    pairs = np.concatenate([clear, np.zeros_like(clear)], axis=1)
    people = cohort(len(pairs))
    both = [found.choose(pairs, people, draws(seed, f"rater {i}", len(pairs)))[:, 0].astype(float) for i in (0, 1)]
    return percent_agreement(np.stack(both))


LAWS = (
    Law(
        id="agreement.two_flips",
        says="two raters who flip labels agree with chance ½[1 + (1 − 2ε₁)(1 − 2ε₂)]",
        source="identity of independent symmetric errors",
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
        regime="exact",
        points=(
            {"rated": ratings(KRIPPENDORFF), "metric": "nominal"},
            {"rated": ratings(KRIPPENDORFF), "metric": "interval"},
            {"rated": [[1.0, 2.0, 3.5, None], [1.5, 2.0, 3.0, 7.0], [None, 2.5, 4.0, 6.0]], "metric": "interval"},
        ),
        predicted=krippendorff,
        observe=_krippendorff,
        control=Control(
            params={"rated": ratings(KRIPPENDORFF), "metric": "interval"},
            wrong="the nominal metric",
            predicted=lambda rated, metric: krippendorff(rated, "nominal"),
        ),
    ),
    Law(
        id="agreement.published",
        says="published worked examples, to the digits printed",
        source="Fleiss (1971); Krippendorff (2011); SAS/STAT User's Guide, FREQ",
        regime="exact",
        points=tuple({"example": name} for name in PUBLISHED),
        predicted=lambda example: PUBLISHED[example],
        observe=_published,
        control=Control(
            params={"example": "krippendorff interval"},
            wrong="the nominal figure",
            predicted=lambda example: PUBLISHED["krippendorff nominal"],
        ),
        margin=5e-5,
    ),
    Law(
        id="agreement.accuracy_of_flips",
        says="raters who flip labels and agree on a share A are right on ½ + ½√(2A − 1)",
        source="inverse of A = (1 − ε)² + ε²; Lee et al. (2021), arXiv:2111.03026, for the raters",
        regime="language model",
        points=({"agreement": 0.726}, {"agreement": 0.6}, {"agreement": 0.9}),
        predicted=lambda agreement: 0.5 + 0.5 * math.sqrt(2 * agreement - 1),
        observe=_flip_accuracy,
        control=Control(
            params={"agreement": 0.726}, wrong="accuracy is agreement", predicted=lambda agreement: agreement
        ),
        margin=0.01,
        replications=REPLICATIONS,
    ),
    Law(
        id="agreement.accuracy_of_boltzmann",
        says="Bradley–Terry raters who agree on a share A = E[σ² + (1 − σ)²] are right on E σ(|Δ|/τ)",
        source="numerical inversion over normal or Laplace utility differences",
        regime="gaussian",
        points=(
            {"agreement": 0.726, "utilities": "normal"},
            {"agreement": 0.726, "utilities": "laplace"},
            {"agreement": 0.85, "utilities": "normal"},
        ),
        predicted=boltzmann_accuracy,
        observe=_boltzmann_accuracy,
        control=Control(
            params={"agreement": 0.726, "utilities": "normal"},
            wrong="raters who flip labels: agreement does not identify the rater",
            predicted=lambda agreement, utilities: 0.5 + 0.5 * math.sqrt(2 * agreement - 1),
        ),
        margin=0.01,
        replications=REPLICATIONS,
    ),
    Law(
        id="agreement.calibrated",
        says="raters whose noise was set for an agreement agree that often on clear pairs they never saw",
        source="the definition of the setting `agreement`",
        regime="language model",
        points=(
            {"agreement": 0.726, "rater": "boltzmann"},
            {"agreement": 0.6, "rater": "thurstone"},
            {"agreement": 0.85, "rater": "boltzmann", "utilities": "laplace"},
        ),
        predicted=lambda agreement, rater, utilities="normal": agreement,
        observe=_calibrated,
        control=Control(
            params={"agreement": 0.726, "rater": "boltzmann"},
            wrong="agreement of one rater with the truth",
            predicted=lambda agreement, rater: 0.5 + 0.5 * math.sqrt(2 * agreement - 1),
        ),
        margin=0.015,
        replications=REPLICATIONS,
    ),
)
