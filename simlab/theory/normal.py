"""Closed forms of the normal distribution that several families of laws share."""

from __future__ import annotations

import math
from collections.abc import Callable


def e_n(n: int) -> float:
    """The expected largest of n standard normal draws, n·∫ x φ(x) Φ(x)^(n−1) dx."""
    from scipy.integrate import quad
    from scipy.special import ndtr

    def density(x: float) -> float:
        return float(x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi) * ndtr(x) ** (n - 1))

    return n * float(quad(density, -12, 12, limit=200)[0])


def mean_over_normal(function: Callable[[float], float], deviation: float = 1.0) -> float:
    """E f(x) for x ~ N(0, deviation²)."""
    from scipy.integrate import quad

    def density(z: float) -> float:
        return function(deviation * z) * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    below, above = (float(quad(density, *side, limit=200)[0]) for side in ((-12, 0), (0, 12)))
    return below + above  # in two parts, since some functions have a corner at 0


def mean_cosine(noise: float, dimensions: int) -> float:
    """E cos(u, u + noise·z/√d) for a unit vector u and z ~ N(0, I_d): exact, by Kummer's function.

    Γ((d+1)/2) / Γ(d/2+1) · κ/√2 · ₁F₁(½; d/2+1; −κ²/2) with κ = √d/noise (the mean resultant length of a projected
    normal distribution; Mardia & Jupp 2000, Directional Statistics, §9.3.3). About 1/√(1 + noise²) for large d.
    """
    from scipy.special import gammaln, hyp1f1

    if noise == 0:
        return 1.0
    kappa = math.sqrt(dimensions) / noise
    front = math.exp(float(gammaln((dimensions + 1) / 2) - gammaln(dimensions / 2 + 1)))
    return front * kappa / math.sqrt(2) * float(hyp1f1(0.5, dimensions / 2 + 1, -(kappa**2) / 2))
