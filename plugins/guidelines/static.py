"""A guideline that stays as it was written."""

from __future__ import annotations

import simlab


class Static(simlab.GuidelinePolicy):
    """Nobody revises the guideline: what was written on the first day is asked on the last.

    What simulations of preference learning take for granted (Lee et al. 2021), and every other policy's control.
    """

    name = "static"

    def revise(self, situation: simlab.GuidelineReview) -> None:
        return None
