"""No better than at its worst."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import simlab
from simlab.arrays import Array


class Minimum(simlab.Combination):
    """A response is as good as the criterion in which it is worst: Rawls's maximin, of criteria instead of people.

    The weighted minimum min_k max(1 − w_k, s_k) of Dubois & Prade (1986, Information Sciences 39), with weights in
    shares of the largest: the criterion of most weight counts fully, one of half the weight is never worse than ½, one
    of none never counts. "Whosoever shall keep the whole law, and yet offend in one point, he is guilty of all"
    (James 2:10).
    """

    name = "minimum"

    def combine(self, scores: Array, weights: Array, criteria: Sequence[str]) -> Array:
        size = np.abs(weights)
        share = size / np.maximum(size.max(axis=-1, keepdims=True), 1e-300)
        oriented = np.clip(np.where(weights < 0, 1 - scores, scores), 0, 1)
        return np.asarray(np.maximum(1 - share, oriented).min(axis=1))
