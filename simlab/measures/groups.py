"""What one number for everybody does to groups who want different things: formulas, which know no party."""

from __future__ import annotations

import numpy as np

from simlab.arrays import Array

ALIKE = 1e-6  # share of a group's length that the others must leave unexplained, or its part cannot be told


def held(scalar: Array, groups: Array) -> Array:
    """Whose values a score has come to hold: the weights [G] with which groups' utilities [n, G] best make up the score
    [n] (least squares), all centred and of unit length. NaN where the score is flat, or groups want the same.

    In the gaussian world these are the weights of the groups' value vectors, of unit length, in the score's.
    """
    score, columns = _unit(scalar[:, None]), _unit(groups)
    if not np.isfinite(score).all() or not np.isfinite(columns).all():
        return np.full(groups.shape[1], np.nan)
    if np.linalg.svd(columns, compute_uv=False).min() < ALIKE:
        return np.full(groups.shape[1], np.nan)
    return np.asarray(np.linalg.lstsq(columns, score[:, 0], rcond=None)[0])


def _unit(columns: Array) -> Array:
    lengths = np.linalg.norm(columns, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(lengths > 1e-12, columns / lengths, np.nan))


def welfare(before: Array, now: Array) -> Array:
    """What each group [G] gained: mean utility now [m, G] less before [n, G], in standard deviations of before.

    Utilities have no unit that two groups share; their own spread on the pretrained model's responses is each one's.
    """
    spread = before.std(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(spread > 1e-12, (now.mean(axis=0) - before.mean(axis=0)) / spread, np.nan))
