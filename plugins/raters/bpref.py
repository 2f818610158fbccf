"""The simulated teachers of a benchmark of preference learning, with their irrationalities."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import simlab
from simlab.arrays import Array
from simlab.components.choice_noise import logistic
from simlab.components.rater_view import second

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort


def _beta(default: float | None) -> Any:
    return Field(default, ge=0.0, description="β, rationality per unit of utility; null: perfectly rational")


def _gamma(default: float) -> Any:
    return Field(default, gt=0.0, le=1.0, description="γ, discount of earlier steps; 1 is not myopic")


def _mistake(default: float) -> Any:
    return Field(default, ge=0.0, le=1.0, description="ε, chance that a chosen label is flipped")


def _skip(default: float) -> Any:
    return Field(default, ge=0.0, description="skip below this share of the average return; 0 never")


def _equal(default: float) -> Any:
    return Field(default, ge=0.0, description="equal within this share of the average return; 0 never")


class BPref(simlab.RaterPolicy):
    """The teacher of B-Pref (Lee et al. 2021, arXiv:2111.03026, algorithm 1), its parameters under their names there.

    In this order: *skip* if the better return is below eps_skip·R, *equal* if the two are closer than eps_equal·R,
    else *choose* with chance σ(β·Δ) and then make a *mistake* with chance ε; a pair that is equal is never flipped.
    R is `average_return`, and a threshold of 0 is none. (Their training script multiplies eps into R twice; this
    does it once, as the paper says.) Skipped and equal pairs are both undecided here. Thresholds are of plain returns,
    the choice is by returns Σ_t γ^{T−1−t}·u_t, which are myopic: later steps weigh more; in worlds where a response is
    one utility T is 1 and γ changes nothing. Published settings, one at a time: β 1, ε .1, skip .1, equal .1, γ .9;
    the teachers `bpref_stoc`, `_mistake`, `_skip`, `_equal` and `_myopic` have one each, `bpref_oracle` none.
    """

    name = "bpref"
    beta: float | None = _beta(1.0)
    gamma: float = _gamma(1.0)
    eps_mistake: float = _mistake(0.0)
    eps_skip: float = _skip(0.0)
    eps_equal: float = _equal(0.0)
    average_return: float = Field(1.0, gt=0.0, description="R, what the two thresholds are shares of, in utility")

    def probabilities(self, utilities: Array, cohort: Cohort) -> Array:
        """For pairs of utilities [n, 2], or of utilities step by step [n, 2, T]."""
        better, decided = self._better(utilities, cohort), self._decided(utilities)
        left = self.eps_mistake + (1 - 2 * self.eps_mistake) * better
        return np.stack([left * decided, (1 - left) * decided, 1.0 - decided], axis=1)

    def choose(self, utilities: Array, cohort: Cohort, uniforms: Array) -> NDArray[np.int64]:
        """First the choice, by the draw of the pair, and then the mistake, by a second draw."""
        options, labels = utilities.shape[1], []
        for column, pair in enumerate(combinations(range(options), 2), start=options):
            each, draw = utilities[:, list(pair)], uniforms[:, column]
            left = draw < self._better(each, cohort)
            mistaken = second(draw, "mistake") < self.eps_mistake
            labels.append(np.where(self._decided(each), np.where(left != mistaken, 1, 2), 0))
        return np.stack(labels, axis=1)

    def _decided(self, utilities: Array) -> NDArray[np.bool_]:
        """Which pairs [n] are neither skipped nor equal."""
        returns = utilities if utilities.ndim == 2 else utilities.sum(axis=2)
        decided = np.ones(len(returns), dtype=bool)
        if self.eps_skip > 0:
            decided &= returns.max(axis=1) >= self.eps_skip * self.average_return
        if self.eps_equal > 0:
            decided &= np.abs(returns[:, 0] - returns[:, 1]) >= self.eps_equal * self.average_return
        return decided

    def _better(self, utilities: Array, cohort: Cohort) -> Array:
        """Chance [n] that the left is chosen, before any mistake."""
        returns = utilities if utilities.ndim == 2 else utilities @ self.gamma ** np.arange(utilities.shape[2])[::-1]
        difference = returns[:, 0] - returns[:, 1]
        if self.beta is None:
            return np.asarray(0.5 * (1 + np.sign(difference)))
        return logistic(self.beta / cohort.noise * difference)


class BPrefOracle(BPref):
    """B-Pref's *Oracle* (Lee et al. 2021): perfectly rational, and none of the irrationalities."""

    name = "bpref_oracle"
    beta: float | None = _beta(None)


class BPrefStoc(BPref):
    """B-Pref's *Stoc* (Lee et al. 2021): chooses with chance σ(βΔ), β = 1."""

    name = "bpref_stoc"
    beta: float | None = _beta(1.0)


class BPrefMistake(BPref):
    """B-Pref's *Mistake* (Lee et al. 2021): flips its rational choice with chance ε = .1."""

    name = "bpref_mistake"
    beta: float | None = _beta(None)
    eps_mistake: float = _mistake(0.1)


class BPrefSkip(BPref):
    """B-Pref's *Skip* (Lee et al. 2021): undecided if neither return reaches .1 of the average."""

    name = "bpref_skip"
    beta: float | None = _beta(None)
    eps_skip: float = _skip(0.1)


class BPrefEqual(BPref):
    """B-Pref's *Equal* (Lee et al. 2021): undecided if the returns are within .1 of the average."""

    name = "bpref_equal"
    beta: float | None = _beta(None)
    eps_equal: float = _equal(0.1)


class BPrefMyopic(BPref):
    """B-Pref's *Myopic* (Lee et al. 2021): remembers the end better than the beginning, γ = .9.

    That takes utilities step by step; where a response is one utility, as in the worlds that ship, it is the oracle.
    """

    name = "bpref_myopic"
    beta: float | None = _beta(None)
    gamma: float = _gamma(0.9)
