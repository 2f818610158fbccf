"""The effort `tournament`: people compete for a prize."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

import simlab
from simlab.arrays import Array
from simlab.components.incentives import tournament_effort

if TYPE_CHECKING:
    from simlab.components.effort import WorkSituation


class Tournament(simlab.Effort):
    """Care at the symmetric equilibrium of a rank-order tournament (Lazear & Rosen 1981) for the pay scheme's prizes.

    A cost of c·care²/2, with c the cost of full care over a period, and normal noise σ in units of care: the sampling
    error of as many audits as people expect, unless `noise` is given. n players and one prize V give V·e_n/(n·c·σ).
    Where care bought nothing (no prize), none is taken. Where the prize is too large for an equilibrium to exist, it
    is an error that says so. Rivals are taken to be like oneself.
    """

    name = "tournament"
    noise: float | None = Field(None, gt=0, le=1e6, description="σ of measured care; default: follows from the audits")

    def choose(self, situation: WorkSituation) -> Array:
        prize, winners = getattr(situation.pay, "bonus", 0.0), getattr(situation.pay, "winners", 0)
        players = len(situation)
        noise = np.full(players, self.noise) if self.noise is not None else _noise(situation)
        care = np.zeros(players)
        if not prize or not 0 < winners < players:
            return care
        care[situation.effort_cost <= 0] = 1.0
        alike, place = np.unique(np.stack([situation.effort_cost, noise], axis=1), axis=0, return_inverse=True)
        for kind, (cost, sigma) in enumerate(alike.tolist()):
            if cost > 0 and np.isfinite(sigma):
                effort = tournament_effort(prize, players, winners, cost, sigma)
                care[place.ravel() == kind] = min(1.0, effort)
        return care


def _noise(situation: WorkSituation) -> Array:
    """Sampling error [R] of the share of right answers, in units of care; ∞ where audits cannot tell care at all."""
    gain = situation.observed(np.ones(len(situation))) - situation.observed(np.zeros(len(situation)))
    middle = situation.observed(np.full(len(situation), 0.5))
    audits = situation.pairs * situation.audited
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((gain > 0) & (audits > 0), np.sqrt(middle * (1 - middle) / audits) / gain, np.inf)
