"""The worked example: the human ratings inside the package vaderSentiment, which the test extra installs.

What is to be reproduced: that a rater picked at random orders a pair of items as the pool's mean does in 76.7 % of
cases, rates both alike in 14.1 % and reverses the order in 9.2 %. Pairs of any two of the 7,520 items whose means (over
all ten, the rater included) differ, counted one by one, give 76.76, 13.94 and 9.30 %; a sample of some 10⁵ errs that
much.
"""

from __future__ import annotations

import json
from importlib.util import find_spec

import numpy as np
import pytest

from simlab.arrays import Array
from simlab.calibration.comparison import Calibration, calibrate
from simlab.calibration.policies import simulated
from simlab.calibration.ratings import order_of, read_vader, vader_ratings
from simlab.cli import main

pytestmark = pytest.mark.skipif(find_spec("vaderSentiment") is None, reason="pip install 'simlab[vader]'")

SHARES = {"match": 0.767, "tie": 0.141, "reverse": 0.092}  # as given, to one decimal of a per cent
SAMPLE = 100_000
LABELS = 37_600  # behind a fit


@pytest.fixture(scope="module")
def found() -> Calibration:
    return calibrate(read_vader())


def pairs(seed: int) -> tuple[Array, Array]:
    """Differences of the pool's means, and labels of one rater each, for a sample of pairs of items."""
    scores, g = vader_ratings(), np.random.default_rng(seed)
    i, j = g.integers(0, len(scores), (2, SAMPLE))
    rater, mean = g.integers(0, 10, SAMPLE), scores.mean(axis=1)
    left, right = scores[i, rater], scores[j, rater]
    return np.round(mean[i] - mean[j], 9), np.where(left > right, 1, np.where(left < right, 2, 0))


def margin(share: float) -> float:
    """Four standard errors: of the given share and of the simulated one, each of a sample of that size, and of a fit
    to so many labels. 1.2 points of 76.7."""
    return 4 * float(np.sqrt(share * (1 - share) * (2 / SAMPLE + 1 / LABELS)))


def misses(label: Array, difference: Array) -> dict[str, float]:
    """Shares that are beyond the margin of the given ones."""
    shares = order_of(label, difference)
    return {n: getattr(shares, n) for n, share in SHARES.items() if abs(getattr(shares, n) - share) > margin(share)}


def test_the_file_is_the_one_that_is_spoken_of() -> None:
    scores = vader_ratings()
    assert scores.shape == (7520, 10)
    assert np.unique(scores).tolist() == list(range(-4, 5))
    assert scores.std(axis=1, ddof=1).mean() == pytest.approx(0.956, abs=5e-4)


def test_the_shares_are_those_of_pairs_that_the_pool_does_not_tie() -> None:
    """Counted over all pairs, not sampled; and two other ways to count give other numbers."""
    scores = vader_ratings()
    total = scores.sum(axis=1)
    counts = {"pool": np.zeros(3), "others": np.zeros(3)}
    for rater in range(10):
        for name, reference in (("pool", total), ("others", total - scores[:, rater])):
            cells, times = np.unique(np.stack([reference, scores[:, rater]]), axis=1, return_counts=True)
            pool, own = (np.sign(c[:, None] - c[None, :]) for c in cells)
            weight = np.outer(times, times)
            for place, wanted in enumerate((1, 0, -1)):
                counts[name][place] += weight[(pool != 0) & (pool * own == wanted)].sum()
    shares = counts["pool"] / counts["pool"].sum()
    assert shares == pytest.approx([0.76760, 0.13944, 0.09296], abs=5e-6)
    error = np.sqrt(shares * (1 - shares) / SAMPLE)
    assert np.all(np.abs(shares - list(SHARES.values())) < 4 * error)
    others = counts["others"] / counts["others"].sum()
    assert not np.all(np.abs(others - list(SHARES.values())) < 4 * error)


@pytest.mark.slow
def test_several_models_are_judged_by_labels_they_never_saw(found: Calibration) -> None:
    assert len(found.candidates) >= 3
    assert {"boltzmann", "thurstone", "rao_kupper", "empirical"} <= {c.model.family for c in found.candidates}
    assert found.held_out > 7000
    assert str(found.best.model) == "rao_kupper"
    boltzmann = next(c for c in found.candidates if str(c.model) == "boltzmann")
    assert boltzmann.behind > 4 * boltzmann.error


def test_the_chosen_one_reproduces_match_tie_and_reverse_in_the_simulator(found: Calibration) -> None:
    assert found.reproduction is not None
    assert found.reproduction.holds
    policy = found.fragment.made()
    difference, label = pairs(1)
    assert misses(label, difference) == {}  # people themselves are within the margin
    assert misses(simulated(policy, difference, np.ones(SAMPLE)), difference) == {}


@pytest.mark.parametrize("change", [{"temperature": 1.0}, {"temperature": 0.6}, {"theta": 1.5}, {"theta": 1.0}])
def test_other_raters_do_not(found: Calibration, change: dict[str, float]) -> None:
    policy = found.fragment.made().model_copy(update=change)
    difference, _ = pairs(1)
    assert misses(simulated(policy, difference, np.ones(SAMPLE)), difference)


def test_the_command_tells_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["calibrate", "vader", "--json", "--model", "rao_kupper", "--model", "boltzmann", "--model", "coin"]) == 0
    )
    said = json.loads(capsys.readouterr().out)
    assert (said["labels"], said["chosen"], said["clustered"]) == (37600, "rao_kupper", "task")
    assert [m["model"] for m in said["models"]] == ["rao_kupper", "boltzmann", "coin"]
    assert said["shares"]["holds"] is True
