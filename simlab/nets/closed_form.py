"""Learning that needs no network: linear Bradley–Terry, and the policy RLHF would reach if it were perfect.

Used by worlds whose responses are vectors, and as the yardstick PPO is measured with. Numpy only, float64.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def fit_linear(
    differences: ArrayLike,
    labels: ArrayLike,
    ridge: float = 1e-6,
    *,
    shares: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    start: ArrayLike | None = None,
) -> Array:
    """The direction theta [d] under which P(first preferred) = sigmoid(theta · difference) fits the labels best.

    `differences` [n, d] are features of the first response less those of the second; `labels` [n] say 1 (first),
    2 (second) or 0 (undecided, half a win for each); `shares` [n] in [0, 1], if given, say instead which share of a
    win the first has; `weights` [n] say how many comparisons a row stands for, one if not given. `ridge` is the
    penalty ridge/2·|theta|² on the *sum* of all losses: it picks the centred solution where several fit alike, wherever
    the search for it has its `start` [d] (zero, if not given; the nearer, the fewer steps).
    Conjugate gradients, and where these do not arrive Newton's method (iteratively reweighted least squares) with
    halved steps, to machine precision, without randomness, and on one thread, so that the order of sums is always the
    same. Raises ValueError for other labels, for numbers that are not finite, and unless ridge is above 0 (labels may
    be separable).
    Source: Bradley & Terry 1952, Biometrika 39; the fit is McCullagh & Nelder 1989, §4.4.
    """
    x = np.asarray(differences, dtype=np.float64)  # [n, d]
    wins = _wins(labels) if shares is None else np.asarray(shares, dtype=np.float64)  # [n]
    if x.ndim != 2 or len(x) != len(wins) or not np.isfinite(x).all():
        raise ValueError(f"differences {x.shape} must be finite numbers [n, d] for {len(wins)} labels")
    many = 1.0 if weights is None else np.asarray(weights, dtype=np.float64)  # [n]
    wins = many * wins
    if not ridge > 0:
        raise ValueError(f"ridge must be above 0, not {ridge}: without it separable labels have no best direction")
    begun = np.zeros(x.shape[1]) if start is None else np.array(start, dtype=np.float64)
    with _libraries().limit(limits=1):
        found = _conjugate(x, wins, many, ridge, begun)
        return _newton(x, wins, many, ridge, begun) if found is None else found


_STEPS = 40  # of conjugate gradients: as many as cost a few of Newton's
_LEFT = 1e-25  # of the loss a row, by which a fit may miss its minimum: what rounding leaves


def _conjugate(x: Array, wins: Array, many: Array | float, ridge: float, theta: Array) -> Array | None:
    """The minimum of the penalized loss, searched from `theta` by nonlinear conjugate gradients (Polak & Ribière 1969;
    Nocedal & Wright 2006, §5.2) in the metric of the curvature there; None if that metric is a poor guide.

    Where there are many rows, the curvature costs as much as ten gradients, and Newton's method asks for it anew at
    every step; here it need only be about right.
    """
    margin = x @ theta
    p = _logistic(margin)
    try:
        metric = np.linalg.inv(_hessian(x, many * (p * (1.0 - p)), ridge))
    except np.linalg.LinAlgError:
        return None
    enough = _LEFT * len(x)
    gradient = (many * p - wins) @ x + ridge * theta
    downhill = direction = metric @ gradient
    left = float(gradient @ downhill)  # twice what the loss would fall by, were the curvature the same everywhere
    for _ in range(_STEPS):
        if left <= enough:
            return theta
        moved = x @ direction
        bend = float(moved @ (many * (p * (1.0 - p)) * moved) + ridge * direction @ direction)
        size = float(gradient @ direction) / bend if bend > 0 else np.inf
        if not np.isfinite(size):
            return None
        theta, margin = theta - size * direction, margin - size * moved
        p, before = _logistic(margin), gradient
        gradient = (many * p - wins) @ x + ridge * theta
        downhill = metric @ gradient
        turn = max(0.0, float(downhill @ (gradient - before)) / left)
        direction, left = downhill + turn * direction, float(gradient @ downhill)
    return None


def _newton(x: Array, wins: Array, many: Array | float, ridge: float, theta: Array) -> Array:
    """The minimum of the penalized loss, searched from `theta`. Raises RuntimeError if it takes more than 100 steps."""
    loss = _loss(theta, x, wins, many, ridge)
    for _ in range(100):
        p = _logistic(x @ theta)
        gradient = (many * p - wins) @ x + ridge * theta
        step = _solved(_hessian(x, many * (p * (1.0 - p)), ridge), gradient)
        size = 1.0
        while (tried := _loss(theta - size * step, x, wins, many, ridge)) > loss + 1e-12 * (1.0 + loss) and size > 1e-9:
            size /= 2.0
        theta, loss = np.asarray(theta - size * step), tried
        if size == 1.0 and gradient @ step <= 1e-12 * (1.0 + loss):  # this step squared what error was left
            return theta
    raise RuntimeError("the Bradley–Terry fit did not converge in 100 steps")


def _logistic(margin: Array) -> Array:
    """1/(1 + exp(−margin)), without overflow."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * margin))


def softplus(margin: Array) -> Array:
    """log(1 + exp(margin)), without overflow; several times as fast as numpy's logaddexp."""
    return np.asarray(np.maximum(margin, 0.0) + np.log1p(np.exp(-np.abs(margin))))


def _hessian(x: Array, weight: Array, ridge: float) -> Array:
    """Σ weight·x xᵀ + ridge·I [d, d]: as the product of one matrix with itself, which takes half the operations."""
    scaled = x * np.sqrt(weight)[:, None]
    found = scaled.T @ scaled
    found.flat[:: len(found) + 1] += ridge
    return np.asarray(found)


@cache
def _libraries() -> Any:
    """The libraries of linear algebra that are loaded, to be told how many threads to use (to look for them takes
    milliseconds)."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _solved(hessian: Array, gradient: Array) -> Array:
    """hessian⁻¹ gradient [d], by Cholesky, refined once (Golub & Van Loan 2013, §3.5.3), since only the ridge may keep
    the matrix from being singular; by least squares where rounding leaves it without full rank."""
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    try:
        factor = cho_factor(hessian, check_finite=False)
    except LinAlgError:
        return np.asarray(np.linalg.lstsq(hessian, gradient, rcond=None)[0])
    step = cho_solve(factor, gradient, check_finite=False)
    return np.asarray(step + cho_solve(factor, gradient - hessian @ step, check_finite=False))


def _wins(labels: ArrayLike) -> Array:
    given = np.asarray(labels)
    if not np.isin(given, (0, 1, 2)).all():
        raise ValueError("labels must be 1 (first preferred), 2 (second preferred) or 0 (undecided)")
    return np.asarray(np.choose(given.astype(np.int64), (0.5, 1.0, 0.0)), dtype=np.float64)


def _loss(theta: Array, x: Array, wins: Array, many: Array | float, ridge: float) -> float:
    margin = x @ theta
    return float(np.sum(many * softplus(margin) - wins * margin) + 0.5 * ridge * theta @ theta)


def tilted(logp_ref: ArrayLike, reward: ArrayLike, beta: float) -> Array:
    """log π* [V], the optimum of E_π[r] − beta·KL(π‖π_ref): π* ∝ π_ref·exp(r/beta).

    Source: Ziegler et al. 2019 (arXiv:1909.08593) §2; Korbak et al. 2022 (arXiv:2205.11275) eq. 4.
    Raises ValueError unless beta is positive.
    """
    if not beta > 0:
        raise ValueError(f"beta must be above 0, not {beta}")
    logits = np.asarray(logp_ref, dtype=np.float64) + np.asarray(reward, dtype=np.float64) / beta
    return logits - _logsumexp(logits)


def optimum(logp_ref: ArrayLike, reward: ArrayLike, beta: float) -> float:
    """J* = beta·log Z, the value of the objective at π*, Z = Σ π_ref·exp(r/beta)."""
    logits = np.asarray(logp_ref, dtype=np.float64) + np.asarray(reward, dtype=np.float64) / beta
    return float(beta * _logsumexp(logits))


def objective(logp: ArrayLike, logp_ref: ArrayLike, reward: ArrayLike, beta: float) -> float:
    """J(π) = E_π[r] − beta·KL(π‖π_ref) of a policy log π [V]; optimum − J is beta·KL(π‖π*), exactly."""
    ours = np.asarray(logp, dtype=np.float64)
    return float(np.sum(np.exp(ours) * np.asarray(reward, dtype=np.float64))) - beta * divergence(ours, logp_ref)


def divergence(logp: ArrayLike, logq: ArrayLike) -> float:
    """KL(p‖q) in nats of two distributions given as log-probabilities [V]; 0·log 0 is 0."""
    p, q = np.asarray(logp, dtype=np.float64), np.asarray(logq, dtype=np.float64)
    live = p > -np.inf
    return float(np.sum(np.exp(p[live]) * (p[live] - q[live])))


def _logsumexp(x: Array) -> np.float64:
    peak = np.max(x)
    return np.float64(peak + np.log(np.sum(np.exp(x - peak))))
