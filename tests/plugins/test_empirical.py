"""The rater policy `empirical`: a choice curve as a table."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.stats import chisquare

from simlab.plugins.registry import discover
from simlab.rng import uniforms

Empirical = discover(local=False).get("rater", "empirical")
CURVE = {"differences": (-2.0, 0.0, 1.0, 4.0), "left": (0.1, 0.4, 0.6, 0.95), "undecided": (0.1, 0.2, 0.1, 0.0)}


Shares = tuple[float, ...]


@pytest.mark.parametrize(
    ("difference", "noise", "expected"),
    [
        (0.5, 1.0, (0.5, 0.35, 0.15)),
        (2.5, 1.0, (0.775, 0.175, 0.05)),
        (-9.0, 1.0, (0.1, 0.8, 0.1)),
        (1.0, 2.0, (0.5, 0.35, 0.15)),
    ],
)
def test_labels_are_as_tabled_and_straight_between(
    difference: float, noise: float, expected: tuple[float, ...]
) -> None:
    n = 100_000
    utilities, people = np.tile([difference + 3, 3.0], (n, 1)), SimpleNamespace(noise=np.full(n, noise))
    policy = Empirical(**CURVE)
    assert policy.probabilities(utilities, people)[0] == pytest.approx(expected)
    label = policy.choose(utilities, people, uniforms(7, np.arange(n)[:, None], np.arange(3)[None, :]))[:, 0]
    counts = np.bincount(label, minlength=3)[[1, 2, 0]]
    assert chisquare(counts, n * np.array(expected)).pvalue > 1e-4
    moved = np.add(expected, [0.01, -0.01, 0.0])
    assert chisquare(counts, n * moved).pvalue < 1e-4


def test_by_default_it_is_bradley_terry_at_whole_numbers() -> None:
    d = np.arange(-4.0, 5.0)
    p = Empirical().probabilities(np.stack([d, 0 * d], axis=1), SimpleNamespace(noise=np.ones(9)))
    assert p[:, 0] == pytest.approx(1 / (1 + np.exp(-d)), abs=6e-4)
    assert np.all(p[:, 2] == 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"differences": (0.0, 1.0, 1.0, 2.0)}, "differences must rise from each to the next"),
        ({"left": (0.5, 0.5)}, "one chance for each of the 4 differences"),
        ({"undecided": (0.1,)}, "one chance for each of the 4 differences"),
        ({"left": (0.1, 0.4, 0.95, 0.95)}, "left and undecided together at most 1"),
        ({"left": (-0.1, 0.4, 0.5, 0.95)}, "chances must be at least 0"),
    ],
)
def test_a_table_that_is_no_curve_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Empirical(**{**CURVE, **change})
