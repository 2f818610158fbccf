"""Noise of choice, set by a target that has a scale of its own: how often two raters agree.

Utilities have no natural scale, so a fixed temperature makes raters nearly deterministic in one world and
coin tosses in another. Agreement is scale-free, and is what the literature reports (InstructGPT: 72.6 % between
labelers). It counts only pairs that are clear; near-ties would let the clear ones go noiseless.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from simlab.arrays import Array
from simlab.errors import InvalidInput

NEAR_TIE = 0.1  # a pair whose utilities differ by less than this share of the root mean square is a tie


def clear_pairs(differences: Array) -> Array:
    """The rows of utility differences [pairs, raters] that are not near-ties for the average rater."""
    mean = differences.mean(axis=1)
    clear: Array = differences[np.abs(mean) > NEAR_TIE * np.sqrt(np.mean(mean**2))]
    return clear


def expected_agreement(left: Array) -> float:
    """Chance that two different raters say the same, from P(left) [pairs, raters]; one rater: with a twin."""
    count = left.shape[1]
    if count == 1:
        return float(np.mean(left**2 + (1 - left) ** 2))
    total, squares = left.sum(axis=1), np.einsum("pr,pr->p", left, left)  # and of P(right), with count − 2·total more
    same = total**2 + (count - total) ** 2 - 2 * squares - (count - 2 * total)
    return float(np.mean(same) / (count * (count - 1)))


def logistic(x: Array) -> Array:
    """σ(x), without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(x / 2)))


def one_measure_of_noise(given: Any, noise: str) -> Any:
    """Settings of a policy whose noise is given as `agreement`, its default, or as itself under the name `noise`.

    Whichever is given leaves no room for the other; ValueError for both, or for neither.
    """
    if not isinstance(given, dict):
        return given
    if given.get(noise) is None:
        if given.get("agreement", True) is None:
            raise ValueError(f"neither agreement nor {noise}: give agreement or {noise} (0 is noise-free)")
    elif given.get("agreement") is not None:
        raise ValueError(f"both agreement and {noise}: give agreement or {noise}")
    else:
        return {**given, "agreement": None}
    return given


def scaled(difference: Array, noise: Array) -> Array:
    """Differences in units of the noise: Δ/τ, and ±∞ or 0 where there is none."""
    if noise.min(initial=1.0) > 0:
        return np.asarray(difference / noise)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(noise > 0, difference / noise, np.where(difference == 0, 0.0, np.inf * np.sign(difference)))


class Unreachable(InvalidInput):
    """People who differ too much in what they see or value to agree as often as asked; `ceiling`: how often they do."""

    def __init__(self, ceiling: float, what: str) -> None:
        super().__init__(what)
        self.ceiling = ceiling


def temperature_for(agreement: float, differences: Array, left: Callable[[Array], Array] = logistic) -> float:
    """The temperature τ at which raters with these utility differences [pairs, raters] agree that often.

    `left` is P(left better | decided) as a function of Δ/τ: the logistic for Boltzmann raters. An agreement of 1 is
    the noise-free rater, τ = 0. Raises Unreachable when raters who differ in what they value could not agree so often
    even without noise.
    """
    if agreement >= 1.0:
        return 0.0
    clear = clear_pairs(differences)
    if not len(clear):
        raise InvalidInput("every pair of responses is a tie for these raters, so no noise gives an agreement rate")
    ceiling = expected_agreement(0.5 * (1 + np.sign(clear)))
    if agreement > ceiling:
        raise Unreachable(
            ceiling,
            f"these raters see or value such different things that at most {math.floor(1000 * ceiling) / 1000:g} of "
            f"clear pairs can find two of them agreed; lower `agreement` ({agreement:g}), or their values_spread and "
            "misreading, or let them see better (skill)",
        )
    low, high = math.log(1e-6 * np.abs(clear).mean()), math.log(1e6 * np.abs(clear).max())
    return math.exp(_crossing(lambda log: expected_agreement(left(clear / math.exp(log))) - agreement, low, high))


def _crossing(excess: Callable[[float], float], low: float, high: float) -> float:
    """Where a function that falls crosses 0 between two numbers, or the end that is nearer to that: by secants, of
    which none is drawn twice from the same end (the Illinois method: Dowell & Jarratt 1971, BIT 11)."""
    above, below = excess(low), excess(high)
    last = math.inf
    for _ in range(200):
        if above <= 0 or below >= 0:
            return low if above <= 0 else high
        middle = high - below * (high - low) / (below - above)
        value = excess(middle)
        if not value or abs(middle - last) <= 1e-14 * max(1.0, abs(middle)):
            return middle
        if value > 0:
            low, above, below = middle, value, below / (2 if last == low else 1)
        else:
            high, below, above = middle, value, above / (2 if last == high else 1)
        last = middle
    return (low + high) / 2
