"""The two forms of Gao et al. (2022): found again where they hold, told apart, and foreseen out of sample."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.measures.overoptimization import CONTROL, FORMS, Fit, error_beyond, error_of_others, fitted

KL = np.linspace(0, 12, 25)
LAW = {"best_of_n": lambda d, a, b: d * (a - b * d), "policy": lambda d, a, b: d * (a - b * np.log(np.where(d, d, 1)))}


@pytest.mark.parametrize("form", LAW)
@pytest.mark.parametrize(("alpha", "beta"), [(0.5, 0.1), (1.0, 0.3), (0.2, -0.05)])
def test_a_law_is_found_again(form: str, alpha: float, beta: float) -> None:
    gain = LAW[form](np.sqrt(KL), alpha, beta)
    found = fitted(form, KL, gain)
    assert (found.alpha, found.beta) == pytest.approx((alpha, beta))
    assert found.error(KL, gain) == pytest.approx(0, abs=1e-12)
    for other in set(FORMS) - {form}:
        assert fitted(other, KL, gain).error(KL, gain) > 0.004


@pytest.mark.parametrize("form", LAW)
@pytest.mark.parametrize(("alpha", "beta"), [(0.5, 0.2), (1.0, 0.5), (0.6, 0.25)])
def test_its_peak_is_where_gold_is_highest(form: str, alpha: float, beta: float) -> None:
    kl = np.linspace(0, 60, 60_001)
    gain = LAW[form](np.sqrt(kl), alpha, beta)
    assert Fit(form, alpha, beta).peak == pytest.approx(kl[gain.argmax()], abs=2e-3)
    assert gain[-1] < gain.max()
    assert Fit(form, alpha, -beta).peak == Fit(CONTROL, alpha, 0.0).peak == np.inf


def test_what_was_not_seen_is_foreseen_by_the_right_form() -> None:
    rng = np.random.default_rng(3)
    curves = [(KL, LAW["policy"](np.sqrt(KL), 0.8, 0.6) + rng.normal(0, 0.01, len(KL))) for _ in range(5)]
    others = {form: error_of_others(form, curves) for form in FORMS}
    beyond = {form: error_beyond(form, curves, 6.0) for form in FORMS}
    for errors in (others, beyond):
        assert min(errors, key=errors.__getitem__) == "policy"
        assert errors["policy"] == pytest.approx(0.01, rel=0.2)
        assert errors[CONTROL] > 0.1


def test_of_too_little_nothing_is_said() -> None:
    curve = (np.array([0.0, 1.0]), np.array([0.0, 0.5]))
    assert np.isnan(error_of_others("policy", [curve]))
    assert np.isnan(error_beyond("policy", [curve], 2.0))
    assert np.isnan(error_beyond("policy", [curve], 0.5))
    with pytest.raises(ValueError, match="too few"):
        fitted("best_of_n", *curve)
    with pytest.raises(ValueError, match="no form 'cubic'; there are best_of_n, policy, proportional"):
        fitted("cubic", *curve)
