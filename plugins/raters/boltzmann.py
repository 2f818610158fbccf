"""Raters who choose the better response more often, the better it is."""

from __future__ import annotations

from simlab.components.logit import LogitWithTies


class Boltzmann(LogitWithTies):
    """Bradley–Terry (1952) choice with Davidson (1970) ties; K-way rankings are Plackett–Luce by Gumbel-max.

    With π = exp(u/τ): P(left) = π_l / (π_l + π_r + ν√(π_l π_r)), P(undecided) = ν√(π_l π_r) / (the same).
    A pair of a K-way ranking is undecided with the same Davidson probability, and otherwise as ranked; so every
    pair of a ranking has exactly the pair's own probabilities. τ is in units of utility; give it, or give
    `agreement` and it is found once, on the pretrained model's pairs.
    """

    name = "boltzmann"
