"""Closed forms of readers who misread: how people who each err on their own differ in fidelity, and what shows of it.

A reader of error s goes by u + s·z/√d with z ~ N(0, I_d) and |u| = 1, so that ρ = cos(u, u + s·z/√d) is
(1 + s·z₁/√d)/√((1 + s·z₁/√d)² + s²·χ²_{d−1}/d). Expectations over readers are sums over a grid of z₁ and χ².
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from simlab.arrays import Array

Nodes = tuple[Array, Array]  # values of a reader, and their weights, which sum to 1


@lru_cache(maxsize=64)
def correlations(misreading: float, dimensions: int) -> Nodes:
    """ρ of readers with what they read."""
    from scipy.stats import chi2

    z, weight = np.polynomial.hermite_e.hermegauss(60)
    rest = chi2.ppf((np.arange(200) + 0.5) / 200, dimensions - 1)
    along = 1 + misreading * z[:, None] / math.sqrt(dimensions)
    rho = along / np.sqrt(along**2 + misreading**2 * rest[None, :] / dimensions)
    weights = np.repeat(weight[:, None] / weight.sum() / 200, 200, axis=1)
    return rho.ravel(), weights.ravel()


def fidelities(misreading: float, dimensions: int) -> Nodes:
    """Their fidelity when they say what they find better: 2/π·asin ρ (Sheppard 1899)."""
    rho, weight = correlations(misreading, dimensions)
    return 2 / math.pi * np.arcsin(rho), weight


def mean(nodes: Nodes) -> float:
    """The expectation over readers."""
    return float(nodes[0] @ nodes[1])


def covariance(one: Array, other: Array, weight: Array) -> float:
    """Of two values of a reader."""
    return float(weight @ (one * other) - (weight @ one) * (weight @ other))


def mean_inverse(pieces: int, people: int) -> float:
    """E[1/n | n ≥ 1] of the looks n that one of so many people gets, if so many pieces of work are looked at."""
    from scipy.stats import binom

    n = np.arange(1, pieces + 1)
    chance = binom.pmf(n, pieces, 1 / people)
    return float(np.sum(chance / n) / np.sum(chance))


def reliability(agreed: Array, weight: Array, inverse: float) -> float:
    """Var p/(Var p + E p(1 − p)·E 1/n) of shares of n pieces of work each, agreed with in a share p in the long run
    (Lord & Novick 1968, ch. 23)."""
    true = covariance(agreed, agreed, weight)
    return true / (true + float(weight @ (agreed * (1 - agreed))) * inverse)
