"""Raters who like to be flattered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from simlab.arrays import Array
from simlab.components.logit import LogitWithTies
from simlab.components.rater_view import RaterView

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort


class Sycophant(LogitWithTies):
    """Bradley–Terry raters who reward flattery, whatever the guideline says of it: P(left) = σ(Δ/τ + λ·(f_l − f_r)).

    f is 1 for a response that performs any of `acts`. People prefer responses that please them, and so teach models to
    (Sharma et al. 2023, arXiv:2310.13548; Cotra 2021 calls such models sycophants). That raters take their own beliefs
    for the truth needs no policy: see the pool's `knowledge`. Noise-free people are not swayed; worlds without words
    have no acts, and are refused.
    """

    name = "sycophant"
    needs = ("words",)
    flattering: float = Field(0.7, gt=0.0, lt=1.0, description="chance that of two equals the flattering one is liked")
    acts: tuple[str, ...] = Field(("flatters",), min_length=1, description="what flatters: acts of a response")

    def leaning(self, options: int, cohort: Cohort, scene: RaterView | None) -> Array | None:
        seen = [] if scene is None else [scene.see(f"act:{act}") for act in self.acts]
        pleasing = [act for act in seen if act is not None]
        if not pleasing:
            return None
        return np.asarray(np.log(self.flattering / (1 - self.flattering)) * np.maximum.reduce(pleasing))
