"""The on-policy rung: of what a language model could have gained for somebody, how much did it gain?

Its responses moved away from the reference model's by a certain KL. The most anyone could gain at that distance is
what the reference model, reweighted by exp(gold/λ), gains (the optimum under a KL leash; Ziegler et al. 2019). The
share says whether training went in the right direction, which the correlation of scores on old responses does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.arrays import Array


@dataclass(frozen=True, slots=True)
class Rung:
    """What was gained in somebody's utility over the reference model, and the most that was to be had."""

    gain: float  # in units of that utility
    best: float
    share: float  # gain / best; NaN if there was nothing to gain
    kl: float  # nats, how far the model is from its reference
    n: int  # reference responses to each prompt that `best` was found from; 0 if it is known exactly
    beyond: bool  # n responses cannot say what is possible so far away: `best` is too low, `share` too high


def rung_of_directions(value: Array, mean: Array) -> Rung:
    """Exact where responses are N(mean [d], I) and the reference N(0, I), for somebody of linear values [d].

    A shift of the mean has KL |mean|²/2, so the best is |value|·√(2 KL) and the share is the cosine.
    """
    kl = float(mean @ mean / 2)
    return _rung(float(value @ mean), float(np.linalg.norm(value)) * float(np.sqrt(2 * kl)), kl, 0, False)


def rung_of_samples(reference: Array, gain: float, kl: float) -> Rung:
    """From somebody's utilities [prompts, n] of n responses of the reference model to each prompt.

    λ is found such that the reweighted responses are on average as far from the reference as the model is. A sample
    of n can say nothing about distances beyond ln n (less where its best responses are equally good): then `best` is
    what the best of n would gain.
    """
    n = reference.shape[1]
    farthest = _tilted(reference, 0.0)[1]
    beyond = kl > farthest
    best = _tilted(reference, 0.0)[0] if beyond else _best_at(reference, max(kl, 0.0))
    return _rung(gain, best - float(reference.mean()), kl, n, beyond)


def _rung(gain: float, best: float, kl: float, n: int, beyond: bool) -> Rung:
    return Rung(gain, best, gain / best if best > 1e-9 else float("nan"), kl, n, beyond)


def _best_at(reference: Array, kl: float) -> float:
    """Mean utility of the reference reweighted to this KL, by bisection on log λ: KL falls as λ grows."""
    size = float(np.abs(reference - reference.mean(axis=1, keepdims=True)).max())
    if size == 0.0 or kl == 0.0:
        return float(reference.mean())
    low, high = np.log(1e-4 * size), np.log(1e6 * size)
    for _ in range(80):
        middle = (low + high) / 2
        if _tilted(reference, float(np.exp(middle)))[1] > kl:
            low = middle
        else:
            high = middle
    return _tilted(reference, float(np.exp(high)))[0]


def _tilted(reference: Array, temperature: float) -> tuple[float, float]:
    """Mean utility and mean KL of the reference [prompts, n] reweighted by exp(utility/λ); λ = 0 leaves the best."""
    top = reference - reference.max(axis=1, keepdims=True)
    if temperature == 0.0:
        weight = (top >= -1e-9 * np.maximum(np.abs(reference).max(), 1e-12)).astype(float)
    else:
        weight = np.exp(top / temperature)
    weight /= weight.sum(axis=1, keepdims=True)
    kl = np.sum(weight * np.log(np.maximum(weight * reference.shape[1], 1e-300)), axis=1)
    return float(np.mean(np.sum(weight * reference, axis=1))), float(np.mean(kl))
