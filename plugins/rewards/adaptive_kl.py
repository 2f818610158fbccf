"""A leash that is let out and pulled in until the model is as far from its reference as it should be."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

import simlab


class AdaptiveKL(simlab.KLPenalizedReward):
    """Like `plain`, with a β that a controller sets so that KL(π‖π_ref) comes to `target`.

    After each iteration e = clip(KL/target − 1, ±.2) and β ← β(1 + gain·e): Ziegler et al. 2019 (arXiv:1909.08593,
    §2.2), whose gain is .1. β then moves by a fiftieth an iteration at most, so that it should begin near where it
    will end; a gain of .5 is still steady, at 1 β may swing, since KL goes with β⁻². β lasts from round to round; the
    table `policy` shows it as `coefficient`. A world without networks moves to the optimum of β at every look, which
    then counts as one iteration.
    """

    name = "adaptive_kl"
    target: float = Field(6.0, gt=0, le=1e6, description="KL from the reference that is aimed at, nats a response")
    gain: float = Field(0.1, gt=0, le=1, description="K_β, share of the (bounded) relative error by which β moves")

    def updated(self, figures: Mapping[str, float]) -> AdaptiveKL:
        """With β a little larger if the model went too far, a little smaller if it could go further."""
        error = min(0.2, max(-0.2, figures["objective_kl"] / self.target - 1))
        beta = self.beta * (1 + self.gain * error)
        return self.model_copy(update={"beta": min(1e6, max(1e-6, beta))})
