"""Linear Bradley–Terry and the exact optimum, against published numbers and asymptotic laws."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm

from simlab.nets import closed_form
from simlab.nets.closed_form import divergence, fit_linear, objective, optimum, tilted

Array = NDArray[np.float64]


def _citations() -> tuple[Array, NDArray[np.int64]]:
    """Citations among four statistics journals (Stigler 1994; Agresti, Categorical Data Analysis, §10.6)."""
    wins = {(0, 1): (730, 33), (0, 2): (498, 320), (0, 3): (221, 284), (1, 2): (68, 813), (1, 3): (17, 276),
            (2, 3): (142, 325)}  # fmt: skip
    rows: list[Array] = []
    labels: list[int] = []
    for (i, j), (first, second) in wins.items():
        rows += [np.eye(4)[i] - np.eye(4)[j]] * (first + second)
        labels += [1] * first + [2] * second
    return np.array(rows), np.array(labels)


def test_citations_of_statistics_journals() -> None:
    theta = fit_linear(*_citations())  # Biometrika, Communications in Statistics, JASA, JRSS-B
    assert theta - theta[0] == pytest.approx([0, -2.9491, -0.4796, 0.2690], abs=5e-5)
    assert theta.sum() == pytest.approx(0, abs=1e-4)  # the ridge picks the centred solution


def test_rows_with_weights_are_as_many_comparisons() -> None:
    x, label = _citations()
    pairs, row, weights = np.unique(x, axis=0, return_inverse=True, return_counts=True)
    shares = np.bincount(row.ravel(), weights=label == 1) / weights
    together = fit_linear(pairs, np.zeros(len(pairs)), shares=shares, weights=weights)
    apart = fit_linear(x, label)
    assert together - together.mean() == pytest.approx(apart - apart.mean(), abs=1e-9)
    assert together.mean() == pytest.approx(apart.mean(), abs=1e-8)  # no row speaks of it: rounding of 1e-15 / ridge
    alike = fit_linear(pairs, np.zeros(len(pairs)), shares=shares)
    assert np.abs(alike - together).max() > 0.01


def test_borda_not_condorcet() -> None:
    # 60 % A > B > C, 40 % B > C > A: A wins every majority vote, B the fit (Siththaranjan et al. 2024, theorem 3.1)
    x = np.array([[1, -1, 0]] * 10 + [[1, 0, -1]] * 10 + [[0, 1, -1]] * 10, dtype=float)
    labels = [1] * 6 + [2] * 4 + [1] * 6 + [2] * 4 + [1] * 10
    theta = fit_linear(x, labels)
    assert theta == pytest.approx([0.3119, 0.6170, -0.9288], abs=1e-4)
    p = expit(theta[:, None] - theta[None, :])
    rows = p.sum(1) - 0.5  # an item does not meet itself
    assert rows == pytest.approx([1.2, 1.4, 0.4], abs=1e-6)


def test_an_undecided_pair_is_half_a_win_each() -> None:
    ties = fit_linear([[1.0]] * 4, [1, 0, 0, 1])
    assert ties == pytest.approx(np.log(3), abs=1e-5)  # three wins of four
    assert fit_linear([[1.0]] * 4, [1, 2, 1, 1]) == pytest.approx(ties, abs=1e-9)
    assert fit_linear([[1.0]] * 3, [0, 0, 0]) == pytest.approx([0.0], abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("flips", "delta"), [(0.0, 2.0), (0.1, 1.0), (0.2, 2.0)])
def test_one_noisy_pair_shrinks(flips: float, delta: float) -> None:
    share = flips + (1 - 2 * flips) * expit(delta)
    wins = round(1e6 * share)
    theta = fit_linear(np.ones((2, 1)).repeat([wins, 10**6 - wins], 0), [1] * wins + [2] * (10**6 - wins))
    assert theta[0] == pytest.approx(np.log(share / (1 - share)), abs=1e-5)
    if flips == 0.2:
        assert theta[0] == pytest.approx(0.98692, abs=1e-5)


def _expect(f: object, sd: float) -> float:
    return float(quad(lambda t: f(t) * norm.pdf(t, scale=sd), -10 * sd, 10 * sd)[0])  # type: ignore[operator]


def _predicted_cosine(flips: float, n: int = 4000, d: int = 16) -> float:
    """cos = c/√(c² + (d−1)v): c the pseudo-true scale, v the sandwich variance of an orthogonal coordinate."""
    sd = np.sqrt(2.0)
    p = lambda t: flips + (1 - 2 * flips) * expit(t)  # noqa: E731
    c = brentq(lambda c: _expect(lambda t: (p(t) - expit(c * t)) * t, sd), 1e-3, 5)
    bread = 2 * _expect(lambda t: expit(c * t) * expit(-c * t), sd)
    meat = 2 * _expect(lambda t: p(t) * (1 - p(t)) + (p(t) - expit(c * t)) ** 2, sd)
    return float(c / np.sqrt(c**2 + (d - 1) * meat / bread**2 / n))


def _observed_cosines(flips: float, replications: int = 160, n: int = 4000, d: int = 16) -> Array:
    rng = np.random.default_rng(5)
    theta = np.eye(d)[0]
    out = []
    for _ in range(replications):
        z = rng.normal(0, np.sqrt(2), (n, d))
        won = rng.random(n) < flips + (1 - 2 * flips) * expit(z @ theta)
        fitted = fit_linear(z, np.where(won, 1, 2))
        out.append(fitted @ theta / np.linalg.norm(fitted))
    return np.array(out)


@pytest.mark.slow
@pytest.mark.parametrize(("flips", "published"), [(0.0, 0.9949), (0.1, 0.9910), (0.2, 0.9826), (0.3, 0.9600)])
def test_direction_law(flips: float, published: float) -> None:
    assert _predicted_cosine(flips) == pytest.approx(published, abs=1e-4)
    seen = _observed_cosines(flips)
    margin = 4 * seen.std(ddof=1) / np.sqrt(len(seen))
    assert margin < 0.006  # narrow enough to tell the parameter points apart
    # the law is asymptotic: its own error is of the order of (1 − cos)²
    assert abs(seen.mean() - published) < margin + (1 - published) ** 2
    elsewhere = _predicted_cosine(flips + 0.1)
    assert abs(seen.mean() - elsewhere) > margin + (1 - published) ** 2  # negative control


@pytest.mark.parametrize(("n", "d", "size"), [(3000, 64, 0.2), (2000, 16, 1.0), (500, 8, 3.0)])
@pytest.mark.parametrize("far", [0.0, 0.2])
def test_conjugate_gradients_arrive_where_newtons_method_does(n: int, d: int, size: float, far: float) -> None:
    rng = np.random.default_rng(n)
    x, start = rng.normal(size=(n, d)), far * rng.normal(size=d) / np.sqrt(d)
    wins, many = np.floor(2 * rng.random(n) + expit(size * x[:, 0]) / 2) / 2, rng.integers(1, 5, n).astype(float)
    found = closed_form._conjugate(x, many * wins, many, 1e-6, start)
    wanted = closed_form._newton(x, many * wins, many, 1e-6, np.zeros(d))
    assert found is not None
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-10)
    once = closed_form._newton(x, wins, 1.0, 1e-6, np.zeros(d))
    assert np.abs(once - wanted).max() > 1e-4


def test_where_conjugate_gradients_do_not_arrive_newtons_method_is_asked() -> None:
    rng = np.random.default_rng(3)
    for x, wins in ((x, (x[:, 0] > 0).astype(float)) for x in rng.normal(size=(3, 200, 8))):  # separable
        assert closed_form._conjugate(x, wins, 1.0, 1e-6, np.zeros(8)) is None
        theta = fit_linear(x, np.zeros(200), shares=wins)
        assert np.linalg.norm((expit(x @ theta) - wins) @ x + 1e-6 * theta) < 1e-9
        assert np.linalg.norm((expit(0.9 * x @ theta) - wins) @ x + 0.9e-6 * theta) > 1e-6


def test_softplus() -> None:
    margin = np.array([-800.0, -30.0, -1.0, 0.0, 1e-9, 2.0, 40.0, 800.0])
    np.testing.assert_allclose(closed_form.softplus(margin), np.logaddexp(0, margin), rtol=4e-16)


def test_separable_labels() -> None:
    x, labels = np.array([[1.0], [2.0], [-1.0]]), [1, 1, 2]
    with pytest.raises(ValueError, match="ridge"):
        fit_linear(x, labels, ridge=0.0)
    assert 5 < fit_linear(x, labels)[0] < 50
    assert fit_linear(1e3 * x, labels)[0] > 0  # no overflow on the way


@pytest.mark.parametrize("labels", [[1, 3], [-1, 1], [1]])
def test_bad_labels_are_refused(labels: list[int]) -> None:
    with pytest.raises(ValueError, match="labels"):
        fit_linear(np.ones((2, 1)), labels)
    with pytest.raises(ValueError, match="finite"):
        fit_linear([[np.nan], [1.0]], [1, 2])


REFERENCE, REWARD = np.log([0.4, 0.3, 0.2, 0.1]), np.arange(4.0)


@pytest.mark.parametrize(
    ("beta", "best", "policy"),
    [(1.0, 1.547956, [0.085073, 0.173439, 0.314304, 0.427184]), (0.5, 1.993372, None), (0.3, None, None)],
)
def test_the_optimum_of_rlhf(beta: float, best: float | None, policy: list[float] | None) -> None:
    star = tilted(REFERENCE, REWARD, beta)
    assert np.exp(star).sum() == pytest.approx(1, abs=1e-12)
    if policy is not None:
        assert np.exp(star) == pytest.approx(policy, abs=5e-7)
    if best is not None:
        assert optimum(REFERENCE, REWARD, beta) == pytest.approx(best, abs=5e-7)
    assert objective(star, REFERENCE, REWARD, beta) == pytest.approx(optimum(REFERENCE, REWARD, beta), abs=1e-12)


@pytest.mark.parametrize("beta", [1.0, 0.5, 0.2])
def test_what_is_missing_to_the_optimum_is_a_divergence(beta: float) -> None:
    rng = np.random.default_rng(1)
    star = tilted(REFERENCE, REWARD, beta)
    for logp in np.log(rng.dirichlet(np.ones(4), 20)):
        missing = optimum(REFERENCE, REWARD, beta) - objective(logp, REFERENCE, REWARD, beta)
        assert missing == pytest.approx(beta * divergence(logp, star), abs=1e-10)
        wrong = tilted(REFERENCE, REWARD, 1.5 * beta)  # negative control: another leash
        assert abs(missing - beta * divergence(logp, wrong)) > 1e-4


def test_degenerate_policies() -> None:
    with np.errstate(divide="ignore"):
        certain = np.log([1.0, 0.0, 0.0, 0.0])
    assert divergence(certain, REFERENCE) == pytest.approx(-np.log(0.4))
    with pytest.raises(ValueError, match="beta"):
        tilted(REFERENCE, REWARD, 0.0)


def test_few_separable_labels_are_fitted_all_the_same():
    """Near the optimum of a tiny loss, rounding is larger than any relative tolerance."""
    rng = np.random.default_rng(8)
    for _ in range(60):
        n, d = int(rng.integers(5, 80)), int(rng.integers(2, 70))
        x = rng.normal(size=(n, d))
        theta = fit_linear(x, np.where(x @ rng.normal(size=d) > 0, 1, 2))
        assert np.isfinite(theta).all()
