"""Fidelity, what judges do held against a standard, and validity, what their scores of one another are worth.

On pairs of responses, a judge's expected label is s = P(left) − P(right), in [−1, 1], and a standard's sign g is 1
(left is better), −1 or 0 (equal, and then not counted). **Fidelity** is F = mean of g·s over the pairs that the
standard decides. With A the chance that a label agrees with the standard, an undecided one counting half, F = 2A − 1:
agreement corrected for chance as Bennett, Alpert & Goldstein's S (1954, Public Opinion Quarterly 18) is for two
categories, 1 where all is done as the standard says, 0 for a coin, −1 for the opposite. For normal utilities of
correlation ρ and noiseless labels it is 2/π·asin ρ (Sheppard 1899).

A principal's **validity** is the correlation of its scores of its agents with their fidelity: what the theory of tests
calls validity, with fidelity as the criterion (Lord & Novick 1968, *Statistical Theories of Mental Test Scores*, 3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.measures.statistics import Z95, pearson, ranks

FEWEST_AGENTS = 5  # of which a correlation with an interval is given
WORST = 0.1  # the share of agents that a principal ought to find


def fidelity(said: Array, gold: Array) -> Array:
    """F [...] of expected labels [..., M] by a standard's signs [M]; NaN where the standard decides no pair."""
    decided = np.count_nonzero(gold)
    if not decided:
        return np.full(said.shape[:-1], np.nan)
    return np.asarray(said @ gold.astype(float) / decided)


@dataclass(frozen=True, slots=True)
class Losses:
    """Where fidelity is lost, from 1 down to what it is: 1 − F = direction + perception + choice + care + silence.

    Each is the fall in fidelity when one more thing that is not perfect is let in: that a person goes by another value
    vector than the standard's; that responses are not perceived as they are; that the label is not simply the better
    one as perceived (noise and bias of choice); that some answers are given without a look; that some repeat a friend.
    """

    direction: Array
    perception: Array
    choice: Array
    care: Array
    silence: Array

    @staticmethod
    def of(meant: Array, felt: Array, careful: Array, own: Array, done: Array) -> Losses:
        """From the fidelities of preferences on responses as they are, on responses as perceived, of careful labels,
        of own labels, with care or without, and of labels as they are given."""
        return Losses(1 - meant, meant - felt, felt - careful, careful - own, own - done)


# ---- validity ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Validity:
    """What scores are worth: their correlation with fidelity, its 95 % interval over agents, their rank correlation,
    and the area under the curve for telling the worst tenth; NaN, and why, where there is no such number."""

    rho: float
    low: float
    high: float
    rank: float
    auc: float
    n: int
    why_nan: str = ""

    @staticmethod
    def none(why: str, n: int = 0) -> Validity:
        """No number, and why."""
        return Validity(math.nan, math.nan, math.nan, math.nan, math.nan, n, why)


def validity(scores: Array, worth: Array) -> Validity:
    """The validity of scores [R] of agents whose fidelity is `worth` [R]; those with a NaN in either are left out.

    The interval is Fisher's (1921), z = artanh r with standard error 1/√(n − 3).
    """
    known = ~np.isnan(scores) & ~np.isnan(worth)
    x, y = scores[known], worth[known]
    why = ""
    if len(x) < FEWEST_AGENTS:
        why = f"fewer than {FEWEST_AGENTS} agents have been judged"
    elif np.ptp(y) <= 1e-9:
        why = "all agents are alike"
    elif np.ptp(x) <= 1e-9:
        why = "all agents have the same score"
    if why:
        return Validity.none(why, len(x))
    rho, one = pearson(x, y), np.zeros(len(x), dtype=np.int64)
    low, high = fisher_interval(rho, len(x))
    return Validity(rho, low, high, pearson(ranks(x, one), ranks(y, one)), auc(-x, is_worst(y)), len(x))


def of_judges(worth: Array) -> Validity:
    """What judges' labels of pairs are worth, given each one's fidelity [R]: their mean, for labels and a standard's
    signs that are 1 or −1 and balanced correlate as much. The interval is Student's t over judges."""
    worth = worth[~np.isnan(worth)]
    if not len(worth):
        return Validity.none("nobody judges, or the standard finds all pairs equal")
    mean, low, high = float(worth.mean()), math.nan, math.nan
    if len(worth) > 1:
        from scipy.special import stdtrit

        half = float(stdtrit(len(worth) - 1, 0.975) * worth.std(ddof=1) / math.sqrt(len(worth)))
        low, high = max(-1.0, mean - half), min(1.0, mean + half)
    return Validity(mean, low, high, mean, (1 + mean) / 2, len(worth))


def of_pairs(said: Array, gold: Array) -> Validity:
    """The same of one judge who says [M] of pairs; the interval is normal, over the pairs that the standard decides."""
    right = (said * gold)[gold != 0]
    if not len(right):
        return Validity.none("there is no such standard, or it finds all pairs equal")
    mean, half = float(right.mean()), Z95 * float(right.std()) / math.sqrt(len(right))
    return Validity(mean, max(-1.0, mean - half), min(1.0, mean + half), mean, (1 + mean) / 2, len(right))


def fisher_interval(rho: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a correlation of n normal pairs (Fisher 1921, Metron 1); NaN for n of 3 or less."""
    if n <= 3 or math.isnan(rho):
        return math.nan, math.nan
    z, half = math.atanh(max(-1 + 1e-15, min(1 - 1e-15, rho))), Z95 / math.sqrt(n - 3)
    return math.tanh(z - half), math.tanh(z + half)


def is_worst(worth: Array) -> NDArray[np.bool_]:
    """Who belongs to the worst tenth [R]: as many as that is, rounded up, and those who are as bad as the best of
    them; nobody, where that would be everybody."""
    if not len(worth):
        return np.zeros(0, dtype=bool)
    count = math.ceil(WORST * len(worth) - 1e-9)
    line = np.partition(worth, count - 1)[count - 1]
    found = worth <= line + 1e-12
    return np.asarray(found if not found.all() else np.zeros(len(worth), dtype=bool))


def auc(marks: Array, wanted: NDArray[np.bool_]) -> float:
    """Chance that somebody wanted [R] has a higher mark [R] than somebody who is not, ties counting half (Mann &
    Whitney 1947); NaN where all or none are wanted."""
    yes, no = int(np.count_nonzero(wanted)), int(np.count_nonzero(~wanted))
    if not yes or not no:
        return math.nan
    total = float(ranks(marks, np.zeros(len(marks), dtype=np.int64))[wanted].sum())
    return (total - yes * (yes + 1) / 2) / (yes * no)


def expected_score(agent: Array, judge: Array, echo: Array | float = 0.0) -> Array:
    """Chance [R] that an agent's label and a judge's agree on a pair, an undecided one counting half: the mean of
    (1 + s·t + g)/2 over pairs, for an agent who is expected to say s [R, M] and a judge who, shown the label x of 1 or
    −1, is expected to say t + g·x; t and g are [M], or [R, M].

    Without an echo g labels are drawn independently given the pair; where s and t are independent over pairs as well,
    this is (1 + F·φ)/2 with the judge's fidelity φ.
    """
    return np.asarray((1 + (agent * judge + echo).mean(axis=-1)) / 2)


def reliability(expected: Array, looks: Array) -> float:
    """The reliability of shares of `looks` [R] pieces of work each, of which a share `expected` [R] agrees in the long
    run: Var p / (Var p + mean of p(1 − p)/n). NaN if nobody differs and nothing errs.

    Lord & Novick 1968, ch. 23 (the binomial error model); in the number of looks it follows Spearman and Brown.
    """
    true = float(np.var(expected))
    error = float(np.mean(expected * (1 - expected) / looks))
    return true / (true + error) if true + error > 0 else math.nan


def expected_validity(worth: Array, expected: Array, looks: Array) -> float:
    """The validity to be expected [-1, 1] of scores that rest on so many looks each [R], given whom the judge agrees
    with how often in the long run: corr(worth, expected)·√reliability (Lord & Novick 1968, eq. 3.9.4)."""
    known = ~np.isnan(worth) & ~np.isnan(expected) & (looks > 0)
    if np.count_nonzero(known) < FEWEST_AGENTS:
        return math.nan
    if np.ptp(expected[known]) <= 1e-9 < np.ptp(worth[known]):
        return 0.0  # a judge who tells nobody apart
    return pearson(worth[known], expected[known]) * math.sqrt(reliability(expected[known], looks[known]))


def detected(score: Array, truly: Array) -> tuple[Array, Array]:
    """How many pieces of work are found wrong, of the wrong and of the right [2], and how many those are [2].

    A piece is found wrong if its score [n] is below ½, half so if it is ½; `truly` [n] is 1 for right and 0 for wrong
    ones, and others are not counted. The shares are the sensitivity and the false-alarm rate of signal detection (Green
    & Swets 1966): gold that is wrong with chance η finds 1 − η and η, a peer who errs independently with chance ε as
    much of 1 − ε and ε.
    """
    wrong = np.where(score < 0.5, 1.0, np.where(score == 0.5, 0.5, 0.0))
    kinds = [truly == 0, truly == 1]
    return np.array([wrong[kind].sum() for kind in kinds]), np.array([float(kind.sum()) for kind in kinds])


# ---- what became of agents between two looks -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """Change in the mean fidelity of those employed, from one look to the next: by who left and came (selection), by
    the care of those who stayed (deterrence), and by what their answers are worth at that care (teaching). Sums to the
    whole."""

    selection: float = 0.0
    deterrence: float = 0.0
    teaching: float = 0.0

    def __add__(self, other: Change) -> Change:
        return Change(
            self.selection + other.selection, self.deterrence + other.deterrence, self.teaching + other.teaching
        )


State = tuple[float, float, float]
"""Of one person: care c, fidelity G of careful answers, fidelity B of the others; in all F = c·G + (1 − c)·B."""


def change(before: dict[int, State], now: dict[int, State]) -> Change:
    """The change between two looks, given the state of everyone employed at each, by number.

    Somebody who stayed changed by mean(G − B)·Δc + mean(c)·ΔG + mean(1 − c)·ΔB, means being of before and now. B is 0
    of a coin; who waves through has that of those judged, so that what these learn is taught to the judge, too.
    """
    if not before or not now:
        return Change()
    stayed = before.keys() & now.keys()
    deterrence = teaching = 0.0
    for number in stayed:
        (c0, g0, b0), (c1, g1, b1) = before[number], now[number]
        deterrence += (g0 + g1 - b0 - b1) / 2 * (c1 - c0) / len(now)
        teaching += ((c0 + c1) / 2 * (g1 - g0) + (2 - c0 - c1) / 2 * (b1 - b0)) / len(now)
    mean_then, mean_now = (np.mean([c * g + (1 - c) * b for c, g, b in at.values()]) for at in (before, now))
    whole = float(mean_now - mean_then)
    return Change(whole - deterrence - teaching, deterrence, teaching)
