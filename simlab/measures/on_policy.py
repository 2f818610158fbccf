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
    effective: float = float("nan")  # of these, how many as good as equally weighted ones `best` rests on
    why_nan: str = ""  # why the samples cannot say what is possible so far away; then `best` and `share` are NaN

    @property
    def beyond(self) -> bool:
        """Whether the samples cannot say what is possible so far away."""
        return bool(self.why_nan)


def rung_of_directions(value: Array, mean: Array) -> Rung:
    """Exact where responses are N(mean [d], I) and the reference N(0, I), for somebody of linear values [d].

    A shift of the mean has KL |mean|²/2, so the best is |value|·√(2 KL) and the share is the cosine.
    """
    kl = float(mean @ mean / 2)
    return _rung(float(value @ mean), float(np.linalg.norm(value)) * float(np.sqrt(2 * kl)), kl, 0)


def rung_of_samples(reference: Array, gain: float, kl: float, least: float = 0.0) -> Rung:
    """From somebody's utilities [prompts, n] of n responses of the reference model to each prompt.

    λ is found such that the reweighted responses are on average as far from the reference as the model is. A sample
    of n can say nothing about distances beyond ln n (less where its best responses are equally good), and little where
    hardly any of it counts: not if the effective sample 1/Σw² (Kish 1965), of weights that sum to 1, is below `least`
    on average over prompts.
    """
    n, nan = reference.shape[1], float("nan")
    _, farthest, left = _tilted(reference, 0.0)
    if kl > farthest:
        why = f"KL is {kl:.2f} nats, and {n} responses to a prompt tell of {farthest:.2f} at most"
        return Rung(gain, nan, nan, kl, n, left, why)
    best, effective = _best_at(reference, max(kl, 0.0))
    if effective < least:
        why = f"at this KL the best rests on {effective:.1f} of {n} responses to a prompt, and {least:g} are asked for"
        return Rung(gain, nan, nan, kl, n, effective, why)
    return _rung(gain, best - float(reference.mean()), kl, n, effective)


def _rung(gain: float, best: float, kl: float, n: int, effective: float = float("nan")) -> Rung:
    return Rung(gain, best, gain / best if best > 1e-9 else float("nan"), kl, n, effective)


def _best_at(reference: Array, kl: float) -> tuple[float, float]:
    """Mean utility of the reference reweighted to this KL, by bisection on log λ, as KL falls while λ grows; and the
    effective number of responses to a prompt."""
    size = float(np.abs(reference - reference.mean(axis=1, keepdims=True)).max())
    if size == 0.0 or kl == 0.0:
        return float(reference.mean()), float(reference.shape[1])
    low, high = np.log(1e-4 * size), np.log(1e6 * size)
    for _ in range(80):
        middle = (low + high) / 2
        if _tilted(reference, float(np.exp(middle)))[1] > kl:
            low = middle
        else:
            high = middle
    best, _, effective = _tilted(reference, float(np.exp(high)))
    return best, effective


def _tilted(reference: Array, temperature: float) -> tuple[float, float, float]:
    """Mean utility, mean KL and mean effective sample of the reference [prompts, n] reweighted by exp(utility/λ); λ = 0
    leaves the best."""
    top = reference - reference.max(axis=1, keepdims=True)
    if temperature == 0.0:
        weight = (top >= -1e-9 * np.maximum(np.abs(reference).max(), 1e-12)).astype(float)
    else:
        weight = np.exp(top / temperature)
    weight /= weight.sum(axis=1, keepdims=True)
    kl = np.sum(weight * np.log(np.maximum(weight * reference.shape[1], 1e-300)), axis=1)
    effective = np.mean(1 / np.sum(weight**2, axis=1))
    return float(np.mean(np.sum(weight * reference, axis=1))), float(np.mean(kl)), float(effective)
