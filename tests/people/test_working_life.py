"""What work does to people: tiring and recovering, practice, leaving."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.people.fatigue import before, faded, leaving, noise_of_fatigue, practised, quit_hazard
from simlab.rng import uniforms


def test_half_is_gone_after_a_half_life() -> None:
    np.testing.assert_allclose(faded(np.array([8.0, 4.0]), np.array([6.0, 12.0]), 6), [4, 1])
    assert faded(np.array([8.0]), 0.0, 6)[0] == 8


def test_fatigue_comes_and_goes_to_a_daily_round() -> None:
    """Eight hours of work and sixteen of rest, day after day: fatigue before work tends to 8r/(1−r), r = 2^(−16/h)."""
    fatigue = np.zeros(1)
    for _ in range(60):
        fatigue = faded(fatigue + 8, 16, 12)
    left = 2 ** (-16 / 12)
    assert fatigue[0] == pytest.approx(8 * left / (1 - left))
    assert noise_of_fatigue(fatigue, 0.1)[0] == pytest.approx(np.exp(0.1 * fatigue[0]))


def test_hours_before_each_piece_of_work() -> None:
    who = np.array([2, 0, 2, 2, 0])
    np.testing.assert_allclose(before(who, np.array([1.0, 2, 3, 4, 5])), [0, 0, 1, 4, 2])
    assert before(who[:0], np.zeros(0)).shape == (0,)


def test_practice_is_a_power_law() -> None:
    """Newell & Rosenbloom: log-log linear above the floor."""
    tasks = np.array([0, 9, 99, 999])
    found = practised(tasks, 0.4, 0.2)
    np.testing.assert_allclose(np.diff(np.log10((found - 0.2) / 0.8)), -0.4)
    assert found[0] == 1
    assert practised(tasks, 0.0, 0.2).tolist() == [1, 1, 1, 1]


def test_hazard_rises_with_what_is_to_be_had_elsewhere() -> None:
    pay = np.array([5.0, 10, 20, 40])
    found = quit_hazard(0.01, pay, 20.0, 2.0)
    np.testing.assert_allclose(found, [0.16, 0.04, 0.01, 0.01])
    assert quit_hazard(0.01, np.zeros(1), 20.0, 2.0)[0] == np.inf
    assert quit_hazard(0.01, np.zeros(1), 20.0, 0.0)[0] == 0.01
    assert quit_hazard(0.01, pay, 0.0, 2.0).tolist() == [0.01] * 4
    np.testing.assert_allclose(quit_hazard(0.01, pay, 20.0, 2.0, np.log(3.0)), 3 * found)


def test_leaving_compounds() -> None:
    hazard = np.array([0.0, 0.1, np.inf])
    np.testing.assert_allclose(1 - leaving(hazard, 5), (1 - leaving(hazard, 1)) ** 5)
    draws = uniforms(3, np.arange(20_000)[:, None], np.arange(30)[None, :])
    stayed = np.mean(np.all(draws > leaving(np.array([0.05]), 1), axis=1))
    assert abs(stayed - np.exp(-1.5)) < 4 * np.sqrt(np.exp(-1.5) * (1 - np.exp(-1.5)) / 20_000)
