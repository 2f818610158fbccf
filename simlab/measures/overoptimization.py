"""Laws of overoptimization: what gold gains at a distance from the reference, while a proxy of it is chased.

Gao, Schulman & Hilton 2022 (arXiv:2210.10760, eq. 1) found, with d = √KL in √nats, and gains that are 0 at d = 0,

    best of n:   R(d) = d (α − β d)
    policies:    R(d) = d (α − β ln d)

Both are linear in α and β, so that least squares finds them at once. `proportional`, R(d) = α d, is the control: a
world in which nothing is lost by going on. Distances and gains are arrays [points].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from simlab.arrays import Array

Curve = tuple[ArrayLike, ArrayLike]  # KL [points] and gains [points] of one run


def _logarithm(d: Array) -> Array:
    """d ln d, 0 at 0."""
    return np.asarray(d * np.log(np.where(d > 0, d, 1.0)))


CONTROL = "proportional"
FORMS: Mapping[str, Callable[[Array], Array]] = {  # of d [points]: what α and −β multiply [points, 1 or 2]
    "best_of_n": lambda d: np.stack([d, d**2], axis=1),
    "policy": lambda d: np.stack([d, _logarithm(d)], axis=1),
    CONTROL: lambda d: d[:, None],
}


@dataclass(frozen=True, slots=True)
class Fit:
    """A form with its coefficients: α in units of gold per √nat, β (0 in the control) in the unit its form gives."""

    form: str
    alpha: float
    beta: float

    def gain(self, kl: ArrayLike) -> Array:
        """The gain [points] that it foresees at these KL [points]."""
        return np.asarray(_basis(self.form, kl) @ np.array([self.alpha, -self.beta])[: 1 + (self.form != CONTROL)])

    @property
    def peak(self) -> float:
        """The KL at which gold is highest: (α/2β)² of best of n, exp(2(α/β − 1)) of policies; infinite if it never
        falls."""
        if not self.beta > 0:
            return float("inf")
        ratio = self.alpha / self.beta
        return float((ratio / 2) ** 2 if self.form == "best_of_n" else np.exp(2 * (ratio - 1)))

    def error(self, kl: ArrayLike, gain: ArrayLike) -> float:
        """The root mean squared error of what it foresees."""
        return float(np.sqrt(np.mean((self.gain(kl) - np.asarray(gain, dtype=float)) ** 2)))


def fitted(form: str, kl: ArrayLike, gain: ArrayLike) -> Fit:
    """The form that fits gains [points] at these KL best, by least squares. Raises ValueError for forms that are none,
    and for fewer points at a distance than coefficients."""
    basis, said = _basis(form, kl), np.asarray(gain, dtype=float)
    if not enough(form, kl):
        raise ValueError(f"{len(basis)} points are too few for the form {form!r}")
    found = np.linalg.lstsq(basis, said, rcond=None)[0]
    return Fit(form, float(found[0]), float(-found[1]) if len(found) > 1 else 0.0)


def enough(form: str, kl: ArrayLike) -> bool:
    """Whether a form can be fitted to points at these KL."""
    basis = _basis(form, kl)
    return bool(np.linalg.matrix_rank(basis) == basis.shape[1])


def error_of_others(form: str, curves: Sequence[Curve]) -> float:
    """The root mean squared error with which runs are foreseen by a fit to all the others; NaN for fewer than two, and
    where the others have too few points."""
    squares = []
    for left_out, (kl, gain) in enumerate(curves):
        rest = [curve for number, curve in enumerate(curves) if number != left_out]
        if rest and enough(form, together(rest)[0]):
            squares.append(fitted(form, *together(rest)).error(kl, gain) ** 2)
    return float(np.sqrt(np.mean(squares))) if squares else float("nan")


def error_beyond(form: str, curves: Sequence[Curve], nearer: float) -> float:
    """The root mean squared error at KL beyond `nearer` of a fit to what is not beyond it; NaN where there is nothing
    to fit, or nothing beyond."""
    kl, gain = together(curves)
    near = kl <= nearer
    if near.all() or not enough(form, kl[near]):
        return float("nan")
    return fitted(form, kl[near], gain[near]).error(kl[~near], gain[~near])


def together(curves: Sequence[Curve]) -> tuple[Array, Array]:
    """The points of all curves, as one."""
    kl, gain = zip(*curves, strict=True)
    return np.concatenate([np.asarray(k, dtype=float) for k in kl]), np.concatenate([np.asarray(g) for g in gain])


def _basis(form: str, kl: ArrayLike) -> Array:
    """What the coefficients of a form multiply [points, coefficients]; a KL below 0 by sampling error counts as 0."""
    if form not in FORMS:
        raise ValueError(f"there is no form {form!r}; there are {', '.join(FORMS)}")
    return FORMS[form](np.sqrt(np.maximum(np.asarray(kl, dtype=float), 0.0)))
