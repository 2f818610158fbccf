"""Losses along a path: they add up, they split into noise and bias, and what is undefined says so."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.measures.waterfall import Step, waterfall
from simlab.rng import Streams, normals

N = 20_000
GROUP = np.arange(N) // 2


def drawn(*names: str | int) -> np.ndarray:
    return normals(Streams(11).key(*names), np.arange(N))


def steps(
    path: list[str], utilities: dict[str, np.ndarray], redraws: dict[str, tuple] | None = None
) -> dict[int, Step]:
    return {step.place: step for step in waterfall(path, utilities, redraws or {}, GROUP)}


def test_losses_of_independent_errors_add_up() -> None:
    users = drawn("users")
    acme = users + 0.5 * drawn("acme")
    pool = acme + 0.4 * np.sqrt(1.25) * drawn("pool")
    found = steps(["users", "acme", "pool"], {"users": users, "acme": acme, "pool": pool})
    assert list(found) == [1, 2, 0]
    assert found[1].loss == pytest.approx(0.5 * np.log(1.25), abs=0.01)
    assert found[2].loss == pytest.approx(0.5 * np.log(1.16), abs=0.01)
    assert found[0].rho == pytest.approx((1.25 * 1.16) ** -0.5, abs=0.01)
    assert found[0].side_channel == pytest.approx(0, abs=0.01)
    assert (found[0].principal, found[0].agent) == ("users", "pool")


def test_a_side_channel_shows() -> None:
    """A pool that knows users' intent in spite of acme: the links lose more than the whole."""
    users = drawn("users")
    utilities = {"users": users, "acme": users + drawn("acme"), "pool": users + 0.3 * drawn("pool")}
    whole = steps(["users", "acme", "pool"], utilities)[0]
    assert whole.side_channel > 0.2


POINTS = [(0.5, 4, 1.0), (1.0, 9, 0.6), (2.0, 16, 0.9)]  # misreading, raters, cosine of what they all hold with acme


@pytest.mark.parametrize(("misreading", "raters", "cosine"), POINTS)
def test_noise_and_bias(misreading: float, raters: int, cosine: float) -> None:
    """What a level's agents err apart is noise, what they err together is bias."""
    acme = drawn("acme")
    shared = cosine * acme + np.sqrt(1 - cosine**2) * drawn("shared")

    def pool(name: str) -> np.ndarray:
        errors = sum(drawn(name, i) for i in range(raters))
        return shared + misreading / raters * errors

    found = steps(["acme", "pool"], {"acme": acme, "pool": pool("now")}, {"pool": (pool("a"), pool("b"))})[1]
    ratio = misreading**2 / raters
    assert found.reliability == pytest.approx(1 / (1 + ratio), abs=0.02)
    assert found.noise == pytest.approx(0.5 * np.log(1 + ratio), abs=0.02)
    assert found.bias == pytest.approx(-np.log(cosine), abs=0.02)
    assert found.loss == pytest.approx(found.noise + found.bias)
    assert found.why_nan == ""
    assert abs(found.noise - np.log(1 + ratio)) > 0.02  # the control: not the whole logarithm of the reliability


def test_what_cannot_be_logged_is_shown_raw() -> None:
    acme = drawn("acme")
    utilities = {"acme": acme, "pool": -acme + drawn("pool"), "rm": np.zeros(N)}
    found = steps(["acme", "pool", "rm"], utilities, {"pool": (drawn("x"), -drawn("x"))})
    assert found[1].rho == pytest.approx(-(0.5**0.5), abs=0.02)
    assert np.isnan([found[1].loss, found[1].noise, found[1].bias]).all()
    assert found[1].reliability == pytest.approx(-1)
    assert found[1].why_nan == (
        "the correlation of acme and pool is not positive; the correlation of two redraws of pool is not positive"
    )
    assert found[2].why_nan == "one of pool and rm finds all items alike; rm is not drawn anew"
    assert found[0].why_nan == "one of acme and rm finds all items alike"
    assert np.isnan(found[0].side_channel)


def test_only_comparisons_under_one_prompt_count() -> None:
    acme, prompts = drawn("acme"), 100 * np.repeat(drawn("prompt")[: N // 2], 2)
    found = steps(["acme", "pool"], {"acme": acme, "pool": acme + prompts}, {"pool": (acme, acme + prompts)})[1]
    assert found.loss == found.noise == pytest.approx(0, abs=1e-9)
