"""Closed form of the inspection game at every order: how much care people take whose judges choose theirs, too.

Order 1 gives answers, order 2 judges these, and so on; who judges the highest order always looks, and is right with a
given chance. An answer with care agrees with gold with chance q; one of order 1 without, with chance ½; who judges
without care confirms what stands there, so that the answer is as often right as those judged are. A stake s (in $ an
hour) is lost by whoever is found wrong at the one answer that counts, and care costs e (in $ an hour). With x the share
of answers of each order that are given with care, accuracies are

    A₁ = ½ + x₁(q₁ − ½),    A_k = A_{k−1} + x_k(q_k − A_{k−1}),

and by care somebody of order k is found right more often by

    g_k = x_{k+1}(2q_{k+1} − 1)·(q_k − A_{k−1}),    A₀ = ½,

which must be e/s to make care and none worth the same. An inspection game (Dresher 1962, RAND RM-2972; Avenhaus, von
Stengel & Zamir 2002, "Inspection games", Handbook of Game Theory 3, ch. 51), with an inspector who is inspected: what
makes order k careful is that order k + 1 looks, and what makes that one look is that order k errs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from simlab.arrays import Array

STEPS, STEP = 20_000, 0.02  # of the way toward an equilibrium, each as a share of what is left


def accuracies(care: Sequence[float], quality: Sequence[float]) -> list[float]:
    """A₀ to A_K of orders 0 to K: how often answers are right, where order 0 is a coin."""
    found = [0.5]
    for x, q in zip(care, quality, strict=True):
        found.append(found[-1] + x * (q - found[-1]))
    return found


def gains(care: Sequence[float], quality: Sequence[float], top: float) -> list[float]:
    """g₁ to g_K: by how much more often care is found right, if the judge of order K is right with chance `top`."""
    below = accuracies(care, quality)
    looks, right = [*care[1:], 1.0], [*quality[1:], top]
    return [x * (2 * p - 1) * (q - a) for x, p, q, a in zip(looks, right, quality, below[:-1], strict=True)]


def equilibrium(
    quality: Sequence[float], stake: Sequence[float], cost: Sequence[float], top: float = 1.0, spread: float = 0.0
) -> list[float]:
    """Care x₁ to x_K at which nobody does better otherwise, everybody else doing as they do.

    With `spread` σ > 0, costs of care are log-normal over people around e, and those take care to whom it costs less
    than it brings: x = Φ(ln(s·g/e)/σ) (the game with a little of it private, whose limit the mixed equilibrium is:
    Harsanyi 1973, "Games with randomly disturbed payoffs", International Journal of Game Theory 2). With none, all are
    alike and indifferent: each order's care is what makes those below indifferent. Raises ValueError where three or
    more orders that are alike have no equilibrium in which all of them mix.
    """
    if spread > 0:
        return list(_purified(tuple(quality), tuple(stake), tuple(cost), top, spread))
    wanted = [e / s for e, s in zip(cost, stake, strict=True)]
    return _two(quality, wanted, top) if len(quality) == 2 else _mixed(quality, wanted, top)


def _two(quality: Sequence[float], wanted: Sequence[float], top: float) -> list[float]:
    """Of two orders, with all corners. Raters are indifferent at x₂ = e₁/[s₁(q₁ − ½)(2q₂ − 1)], and their judges at
    A₁ = q₂ − e₂/[s₂(2q₃ − 1)]."""
    q1, q2 = quality
    looks, accuracy = wanted[0] / ((q1 - 0.5) * (2 * q2 - 1)), q2 - wanted[1] / (2 * top - 1)
    if accuracy <= 0.5:  # not even coins are worth a look
        return [0.0, 0.0]
    if looks > 1:  # not even a look at each makes raters careful
        return [0.0, 1.0]
    return [1.0, 1.0] if accuracy >= q1 else [(accuracy - 0.5) / (q1 - 0.5), looks]


def _mixed(quality: Sequence[float], wanted: Sequence[float], top: float) -> list[float]:
    """Of any number of orders, all of whom mix: order k pins the care of order k + 1, the highest the accuracy of those
    it judges; x₁ is such that one leads to the other."""
    from scipy.optimize import brentq

    def upward(first: float) -> tuple[list[float], float]:
        care, below, accuracy = [first], 0.5, 0.5 + first * (quality[0] - 0.5)
        for k in range(1, len(quality)):
            care.append(wanted[k - 1] / ((2 * quality[k] - 1) * max(quality[k - 1] - below, 1e-12)))
            below, accuracy = accuracy, accuracy + care[-1] * (quality[k] - accuracy)
        return care, quality[-1] - below - wanted[-1] / (2 * top - 1)

    if upward(0.0)[1] * upward(1.0)[1] > 0:
        raise ValueError("no equilibrium in which all orders mix")
    care = upward(float(brentq(lambda first: upward(first)[1], 0.0, 1.0, xtol=1e-14)))[0]
    if max(care) > 1:
        raise ValueError("no equilibrium in which all orders mix: some would have to look at more than there is")
    return care


@lru_cache(maxsize=256)
def _purified(
    quality: tuple[float, ...], stake: tuple[float, ...], cost: tuple[float, ...], top: float, spread: float
) -> tuple[float, ...]:
    """The rest point of ẋ = Φ(ln(s·g/e)/σ) − x, walked to in small steps."""
    import numpy as np
    from scipy.special import ndtr

    care: Array = np.full(len(quality), 0.5)
    ratio = np.asarray(stake, dtype=float) / np.asarray(cost, dtype=float)
    for _ in range(STEPS):
        with np.errstate(divide="ignore"):
            best = ndtr(np.log(np.maximum(ratio * gains(care.tolist(), quality, top), 0.0)) / spread)
        care = care + STEP * (best - care)
        if float(np.abs(best - care).max()) < 1e-12:
            break
    else:
        raise ValueError("no equilibrium was found: the orders chase one another")
    return tuple(float(x) for x in care)


def chance_of_a_look(share: float, answers: int) -> float:
    """The chance that one at least of so many answers is looked at, each with chance `share`."""
    return -math.expm1(answers * math.log1p(-share)) if share < 1 else float(answers > 0)
