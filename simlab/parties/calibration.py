"""How noisy people are, set once by a target that means something: how often two of them agree.

Utilities have no natural scale, so a fixed temperature makes raters nearly deterministic in one world and
coin tosses in another. Agreement is scale-free, and is what the literature reports (InstructGPT: 72.6 % between
labelers). It counts only pairs that are clear; near-ties would let the clear ones go noiseless.
"""

from __future__ import annotations

import numpy as np

from simlab.components import Array
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
    same = left.sum(axis=1) ** 2 - (left**2).sum(axis=1) + (1 - left).sum(axis=1) ** 2 - ((1 - left) ** 2).sum(axis=1)
    return float(np.mean(same) / (count * (count - 1)))


def temperature_for(agreement: float, differences: Array) -> float:
    """The Boltzmann temperature τ at which raters with these utility differences [pairs, raters] agree that often.

    An agreement of 1 is the noise-free rater, τ = 0. Raises InvalidInput when raters who differ in what they
    value could not agree so often even without noise.
    """
    if agreement >= 1.0:
        return 0.0
    clear = clear_pairs(differences)
    if not len(clear):
        raise InvalidInput("every pair of responses is a tie for these raters, so no noise gives an agreement rate")
    ceiling = expected_agreement(0.5 * (1 + np.sign(clear)))
    if agreement > ceiling:
        raise InvalidInput(
            f"these raters value such different things that at most {ceiling:.2f} of clear pairs can find two of "
            f"them agreed; lower `agreement` ({agreement:g}), or their values_spread and misreading"
        )
    low, high = np.log(1e-6 * np.abs(clear).mean()), np.log(1e6 * np.abs(clear).max())
    for _ in range(60):  # bisection on log τ; agreement falls as τ grows
        middle = (low + high) / 2
        if expected_agreement(0.5 * (1 + np.tanh(clear / np.exp(middle) / 2))) > agreement:
            low = middle
        else:
            high = middle
    return float(np.exp((low + high) / 2))
