"""Who is hired, found wanting or cleared: gold tests, wrong gold, appeals, sequential tests, screening.

Observed from answers drawn as the simulator draws them, and judged by its own exams, reviews and appeals.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from simlab.arrays import Array
from simlab.parties.appeals import appealed, decide_appeals, fresh_gold
from simlab.people.hiring import best, marks, passed
from simlab.rng import Streams, normals, uniforms
from simlab.theory.law import REPLICATIONS, Control, Law
from simlab.theory.raters import component

CANDIDATES = 4000  # an observation


def _draws(seed: int, name: str, people: int, items: int) -> Array:
    """Uniform draws [people, items], keyed as a pool's would be."""
    key = Streams(seed).key("theory", name)
    return uniforms(key, np.arange(people)[:, None], np.arange(items)[None, :])


def _answers(seed: int, accuracy: float, people: int, items: int, error: float = 0.0) -> Array:
    """Marks [people, items] of people right with chance `accuracy`, against gold that is wrong with chance `error`."""
    truth = np.ones((people, items), dtype=np.int64)
    said = np.where(_draws(seed, "answers", people, items) < accuracy, 1, 2)
    number = np.arange(people * items, dtype=np.uint64).reshape(people, items)
    gold = fresh_gold(truth, error, Streams(seed).key("theory", "gold"), number)
    return np.where(said == gold, 1.0, 0.0)


# ---- gold ---------------------------------------------------------------------------------------------------------


def _at_least(*, p: float, n: int, k: int, eta: float = 0.0) -> float:
    right = p * (1 - eta) + (1 - p) * eta
    return sum(math.comb(n, i) * right**i * (1 - right) ** (n - i) for i in range(k, n + 1))


def _passing(seed: int, *, p: float, n: int, k: int, eta: float = 0.0) -> float:
    test: Any = component("review", "gold_test", items=n, right=k)
    return float(passed(_answers(seed, p, CANDIDATES, n, eta), test).mean())


def _measured_accuracy(seed: int, *, p: float, eta: float) -> float:
    return float(_answers(seed, p, CANDIDATES, 10, eta).mean())


def _accuracy_with_voice(seed: int, *, p: float, eta: float, a: float) -> float:
    """The share of answers that count as right once every appeal has been heard."""
    n, streams = 10 * CANDIDATES, Streams(seed)
    number = np.arange(n, dtype=np.uint64)
    truth = np.ones(n, dtype=np.int64)
    said = np.where(uniforms(streams.key("theory", "said"), number) < p, 1, 2)
    gold = fresh_gold(truth, eta, streams.key("theory", "gold"), number)
    made = appealed(said, gold, np.ones(n), a, 0.0, uniforms(streams.key("theory", "appeals"), number))
    again = streams.key("theory", "second gold")
    found = decide_appeals(said, gold, made, lambda rows: fresh_gold(truth[rows], eta, again, number[rows]))
    return float(np.mean(said == found.opinion))


# ---- sequential tests ---------------------------------------------------------------------------------------------


def _exact_test(p: float, p0: float, p1: float, alpha: float, beta: float) -> tuple[float, float]:
    """(expected items, P(dismissed)) of a Wald test, by going through all counts (right, wrong) that are undecided."""
    upper, lower = math.log((1 - beta) / alpha), math.log(beta / (1 - alpha))
    good, bad = math.log(p1 / p0), math.log((1 - p1) / (1 - p0))
    states, items, dismissed = {(0, 0): 1.0}, 0.0, 0.0
    while sum(states.values()) > 1e-14:
        after: dict[tuple[int, int], float] = {}
        for (right, wrong), mass in states.items():
            items += mass
            for state, share in (((right + 1, wrong), p), ((right, wrong + 1), 1 - p)):
                ratio = state[0] * good + state[1] * bad
                if ratio >= upper:
                    dismissed += mass * share
                elif ratio > lower:
                    after[state] = after.get(state, 0.0) + mass * share
        states = after
    return items, dismissed


def _wald(*, p: float, p0: float, p1: float, alpha: float, beta: float) -> float:
    """Wald's approximation of the expected items of a good person, which neglects the overshoot."""
    upper, lower = math.log((1 - beta) / alpha), math.log(beta / (1 - alpha))
    drift = p0 * math.log(p1 / p0) + (1 - p0) * math.log((1 - p1) / (1 - p0))
    return (alpha * upper + (1 - alpha) * lower) / drift


def _tested(seed: int, *, p: float, p0: float, p1: float, alpha: float, beta: float) -> tuple[float, float]:
    """(mean items, share dismissed) of a stream of people under the built-in review rule."""
    rule: Any = component("review", "sequential", good=p0, bad=p1, alpha=alpha, beta=beta, again=False)
    longest = 40
    while not np.all((verdicts := rule.test.verdicts(_answers(seed, p, CANDIDATES, longest)))[0]):
        longest *= 2
    verdict, taken = verdicts
    return float(taken.mean()), float(np.mean(verdict == 1))


# ---- screening ----------------------------------------------------------------------------------------------------


def _taylor_russell(*, base: float, select: float, rho: float) -> float:
    from scipy.special import ndtri
    from scipy.stats import multivariate_normal

    x, y = ndtri(1 - base), ndtri(1 - select)
    both = multivariate_normal(mean=[0, 0], cov=[[1, rho], [rho, 1]]).cdf([-x, -y])
    return float(both / select)


def _screened(seed: int, *, select: float, rho: float) -> Array:
    """How good those hired are [hired], in standard deviations of all candidates.

    Candidates answer 400 gold items; how often they are right has to do with their work at a correlation ρ.
    """
    from scipy.special import ndtr

    people, streams = np.arange(CANDIDATES), Streams(seed)
    worth = normals(streams.key("theory", "worth"), people)
    talent = rho * worth + math.sqrt(1 - rho**2) * normals(streams.key("theory", "talent"), people)
    draws = _draws(seed, "exam", CANDIDATES, 400)
    said = np.where(draws < ndtr(talent)[:, None], 1, 2)
    scores = marks(said, np.ones(400, dtype=np.int64)).mean(axis=1)
    return np.asarray(worth[best(scores, select)])


def _successes(seed: int, *, base: float, select: float, rho: float) -> float:
    from scipy.special import ndtri

    return float(np.mean(_screened(seed, select=select, rho=rho) > ndtri(1 - base)))


def _gain(*, select: float, rho: float) -> float:
    from scipy.stats import norm

    return float(rho * norm.pdf(norm.isf(select)) / select)


def _mean_gain(seed: int, *, select: float, rho: float) -> float:
    return float(_screened(seed, select=select, rho=rho).mean())


# ---- the laws -----------------------------------------------------------------------------------------------------

_WALD = "Wald (1945), Annals of Mathematical Statistics 16; exact by dynamic programming"
_FIRM: dict[str, Any] = {"p0": 0.9, "p1": 0.7, "alpha": 0.05, "beta": 0.10}
_TESTS: Sequence[dict[str, Any]] = (
    {"p": 0.9, **_FIRM},
    {"p": 0.8, "p0": 0.8, "p1": 0.6, "alpha": 0.1, "beta": 0.1},
    {"p": 0.7, **_FIRM},
)

LAWS = (
    Law(
        id="gold.test",
        says="P(at least k of n right) is binomial, with accuracy p(1−η) + (1−p)η where gold is wrong with rate η",
        source="binomial; practice: InstructGPT (2022), PRM800K (2023)",
        path="simlab/people/hiring.py:passed",
        regime="exact",
        points=(
            {"p": 0.9, "n": 10, "k": 8},
            {"p": 0.7, "n": 10, "k": 8},
            {"p": 0.5, "n": 10, "k": 8},
            {"p": 0.85, "n": 30, "k": 24, "eta": 0.1},
        ),
        predicted=_at_least,
        observe=_passing,
        margin=0.01,
        replications=REPLICATIONS,
        control=Control(
            params={"p": 0.85, "n": 30, "k": 24, "eta": 0.1},
            wrong="gold taken for right",
            predicted=lambda p, n, k, eta: _at_least(p=p, n=n, k=k),
        ),
    ),
    Law(
        id="gold.error",
        says="measured accuracy p(1−η) + (1−p)η",
        source="mixture of two flips",
        path="simlab/parties/appeals.py:fresh_gold",
        regime="exact",
        points=({"p": 0.9, "eta": 0.05}, {"p": 0.7, "eta": 0.2}, {"p": 0.5, "eta": 0.3}),
        predicted=lambda p, eta: p * (1 - eta) + (1 - p) * eta,
        observe=_measured_accuracy,
        margin=0.005,
        replications=REPLICATIONS,
        control=Control(
            params={"p": 0.7, "eta": 0.2}, wrong="errors that only hurt", predicted=lambda p, eta: p * (1 - eta)
        ),
    ),
    Law(
        id="gold.voice",
        says="appeals heard with fresh gold add a·η(1−η) to measured accuracy, whatever the accuracy",
        source="who was right and found wrong is upheld with 1−η, who was wrong and found wrong with η",
        path="simlab/parties/appeals.py:decide_appeals",
        regime="exact",
        points=(
            {"p": 0.9, "eta": 0.1, "a": 1.0},
            {"p": 0.7, "eta": 0.2, "a": 0.5},
            {"p": 0.8, "eta": 0.3, "a": 1.0},
        ),
        predicted=lambda p, eta, a: p * (1 - eta) + (1 - p) * eta + a * eta * (1 - eta),
        observe=_accuracy_with_voice,
        margin=0.005,
        replications=REPLICATIONS,
        control=Control(
            params={"p": 0.5, "eta": 0.2, "a": 1.0},
            wrong="every appeal of who was right upheld, no other",
            predicted=lambda p, eta, a: p * (1 - eta) + (1 - p) * eta + a * p * eta,
        ),
    ),
    Law(
        id="sequential.length",
        says="expected items of a sequential firing test",
        source=_WALD,
        path="simlab/measures/sequential_test.py:SequentialTest.verdicts",
        regime="exact",
        points=_TESTS,
        predicted=lambda p, **test: _exact_test(p, **test)[0],
        observe=lambda seed, **point: _tested(seed, **point)[0],
        margin=0.25,
        replications=REPLICATIONS,
        control=Control(params=_TESTS[0], wrong="Wald's approximation", predicted=_wald),
    ),
    Law(
        id="sequential.error",
        says="chance that the test ends in dismissal",
        source=_WALD,
        path="simlab/measures/sequential_test.py:SequentialTest.verdicts",
        regime="exact",
        points=_TESTS,
        predicted=lambda p, **test: _exact_test(p, **test)[1],
        observe=lambda seed, **point: _tested(seed, **point)[1],
        margin=0.008,
        replications=REPLICATIONS,
        control=Control(params=_TESTS[0], wrong="the error aimed at", predicted=lambda p, p0, p1, alpha, beta: alpha),
    ),
    Law(
        id="screening.success",
        says="share of good people among those hired: Φ₂(−x, −y; ρ)/SR",
        source="Taylor & Russell (1939), Journal of Applied Psychology 23",
        path="no run: simlab/people/hiring.py:best, which a screening by rank would ask",
        regime="exact",
        points=(
            {"base": 0.5, "select": 0.2, "rho": 0.35},
            {"base": 0.3, "select": 0.1, "rho": 0.6},
            {"base": 0.7, "select": 0.5, "rho": 0.2},
        ),
        predicted=_taylor_russell,
        observe=_successes,
        margin=0.02,
        slack=0.002,  # an exam of 400 items does not tell talents apart exactly
        replications=REPLICATIONS,
        control=Control(
            params={"base": 0.5, "select": 0.2, "rho": 0.35},
            wrong="a test that tells everything",
            predicted=lambda base, select, rho: min(1.0, base / select),
        ),
    ),
    Law(
        id="screening.gain",
        says="mean gain ρφ(z)/SR in standard deviations of candidates",
        source="Brogden (1949), Personnel Psychology 2",
        path="no run: simlab/people/hiring.py:best, which a screening by rank would ask",
        regime="exact",
        points=({"select": 0.2, "rho": 0.35}, {"select": 0.1, "rho": 0.6}, {"select": 0.5, "rho": 0.2}),
        predicted=_gain,
        observe=_mean_gain,
        margin=0.04,
        slack=0.006,
        replications=REPLICATIONS,
        control=Control(
            params={"select": 0.2, "rho": 0.35},
            wrong="a perfect test",
            predicted=lambda select, rho: _gain(select=select, rho=1.0),
        ),
    ),
)
