"""Margin, Brier score and calibration error, by hand and where what they tend to is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from simlab.nets.reward_figures import brier, calibration_error, figures, margin


def test_by_hand() -> None:
    """Four decided pairs, one undecided, one never compared."""
    differences, labels = torch.tensor([2.0, -1.0, 0.5, -3.0, 9.0, 9.0]), torch.tensor([1, 1, 2, 2, 0, -1])
    chosen = [2.0, -1.0, -0.5, 3.0]
    chances = [1 / (1 + math.exp(-value)) for value in chosen]
    assert margin(differences, labels) == pytest.approx(np.mean(chosen))
    assert brier(differences, labels) == pytest.approx(np.mean([(1 - p) ** 2 for p in chances]))
    confidence = [max(p, 1 - p) for p in chances]  # .881, .731, .622, .953: bins 9, 8, 7, 10
    gaps = [abs(right - sure) for right, sure in zip((1, 0, 0, 1), confidence, strict=True)]
    assert calibration_error(differences, labels) == pytest.approx(np.mean(gaps))
    assert calibration_error(-differences, 3 - labels.clamp(min=1)) != pytest.approx(np.mean(gaps))


def test_a_coin_has_a_quarter_and_nobody_has_nothing() -> None:
    nothing, labels = torch.zeros(4), torch.tensor([1, 2, 1, 2])
    assert brier(nothing, labels) == 0.25
    assert calibration_error(nothing, labels) == margin(nothing, labels) == 0
    undecided = torch.zeros(4, dtype=torch.int64)
    assert all(math.isnan(measure(nothing, undecided)) for measure in (brier, calibration_error, margin))


def test_scores_are_summed_up() -> None:
    scores = torch.tensor([[1.0, -2.0], [4.0, 1.0]])
    found = figures(scores, scores[:, :1] - scores[:, 1:], torch.tensor([[1], [2]]))
    wanted = {"accuracy": 0.5, "margin": 0.0, "mean_reward": 1.0, "std_reward": math.sqrt(4.5)}
    wanted |= {"min_reward": -2.0, "max_reward": 4.0}
    assert {name: found[name] for name in wanted} == pytest.approx(wanted)


@pytest.mark.parametrize("boast", [0.5, 2.0, 4.0])
def test_a_boaster_is_as_wrong_as_it_boasts(boast: float) -> None:
    """Labels by Bradley–Terry at Δ, scores at c·Δ: in each bin the gap is |σ(c·Δ) − σ(Δ)|, to sampling error; at c = 1
    (the control) it is sampling error alone."""
    levels, n = np.array([0.3, 1.0, 2.5]), 40_000
    delta = np.repeat(levels, n)
    labels = torch.as_tensor(np.where(np.random.default_rng(1).random(len(delta)) < 1 / (1 + np.exp(-delta)), 1, 2))
    chance = 1 / (1 + np.exp(-levels))
    expected = np.abs(1 / (1 + np.exp(-boast * levels)) - chance).mean()
    error = math.sqrt((chance * (1 - chance)).sum() / n) / len(levels)
    assert calibration_error(torch.as_tensor(boast * delta), labels) == pytest.approx(expected, abs=4 * error)
    assert calibration_error(torch.as_tensor(delta), labels) < 4 * error * math.sqrt(len(levels)) < expected
