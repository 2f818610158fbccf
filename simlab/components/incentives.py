"""The mathematics of incentives that several effort plugins, pay schemes and laws share.

Tournaments (Lazear & Rosen 1981, "Rank-order tournaments as optimum labor contracts", JPE 89) and linear contracts
(Holmström & Milgrom 1991, "Multitask principal–agent analyses", JLEO 7).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from simlab.arrays import Array

# ---- tournaments ---------------------------------------------------------------------------------------------------


@cache
def prize_slope(players: int, winners: int = 1) -> float:
    """How fast the chance of a prize grows with own lead, per standard deviation of noise, where all are alike.

    ∫ f(z)·φ(z) dz, with f the density of the `winners`-th highest of the others' n − 1 normal draws; for one winner it
    is e_n/n, with e_n the expected highest of n.
    """
    from scipy.integrate import quad
    from scipy.stats import norm

    if not 0 < winners < players:
        return 0.0
    return float(quad(lambda z: _marginal(z, players, winners) * norm.pdf(z), -9, 9, epsabs=1e-12)[0])


def win_chance(lead: Array, players: int, winners: int = 1) -> Array:
    """Chance of a prize with a lead [n] over all others, in standard deviations of noise: E Φ(lead − bar)."""
    from scipy.special import ndtr

    z = np.linspace(-9, 9, 901)
    weight = _marginal(z, players, winners) * (z[1] - z[0])
    return np.asarray(ndtr(np.asarray(lead)[..., None] - z[None, :]) @ weight)


def _marginal(z: Any, players: int, winners: int) -> Any:
    """Density of the `winners`-th highest of n − 1 standard normal draws."""
    from scipy.stats import beta, norm

    return beta.pdf(norm.cdf(z), players - winners, winners) * norm.pdf(z)


def tournament_effort(prize: float, players: int, winners: int, cost: float, noise: float) -> float:
    """Effort μ* of the symmetric equilibrium, for a cost of cμ²/2 and normal noise σ: V·slope/(cσ).

    One winner of two is Lazear & Rosen's ΔW/(2cσ√π). Raises ValueError where no such equilibrium exists, because at
    μ* doing something else pays better; for two players that is so unless ΔW·.12099/σ² < c.
    """
    effort = prize * prize_slope(players, winners) / (cost * noise)
    others = np.linspace(0.0, max(4 * effort, effort + 6 * noise), 401)  # what one might do instead
    gain = prize * win_chance((others - effort) / noise, players, winners) - cost * others**2 / 2
    stay = prize * winners / players - cost * effort**2 / 2
    curvature = _steepest(players, winners) * prize / noise**2
    if gain.max() > stay + 1e-6 * max(prize, 1e-12) or curvature >= cost:
        raise ValueError(
            f"no equilibrium in effort: a prize of {prize:g} is too large for noise {noise:g} and cost {cost:g}"
        )
    return effort


@cache
def _steepest(players: int, winners: int) -> float:
    """The largest second derivative of the chance of a prize by the lead, in squared standard deviations."""
    lead = np.linspace(-6, 6, 2401)
    return float(np.gradient(np.gradient(win_chance(lead, players, winners), lead), lead)[2:-2].max())


# ---- linear contracts ----------------------------------------------------------------------------------------------


def responses(slopes: Array, cost: Array) -> Array:
    """Effort [R, T] at T tasks for pay that grows by `slopes` [R, T] with them, at a cost of ½a′Ca: a = C⁻¹·slopes."""
    return np.asarray(np.linalg.solve(cost, slopes[..., None])[..., 0])
