"""Fits against known parameters: do 95 % intervals hold them 95 times of a hundred?"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.stats import binom

from simlab.calibration.annotations import Annotations
from simlab.calibration.choice import Model
from simlab.calibration.fitting import Fit, fit
from simlab.calibration.policies import fragment
from simlab.errors import InvalidInput
from simlab.theory.published_data import PUDDING_FIT, PUDDINGS
from tests.calibration.made import annotations, davidson

FITS = 100
LEAST = 90  # of 100: what is promised; intervals that hold 95 % fall below it once in a hundred times
TRUTH = {
    "temperature": 0.3, "weight.a": 0.6, "weight.b": 0.4, "ties": 0.5, "flips": 0.08, "position": 0.25,
    "length": 0.02,
}  # fmt: skip


def people(seed: int, n: int = 3000) -> Annotations:
    """Labels of forty people with the parameters above."""
    g = np.random.default_rng(seed)
    scores, words = g.normal(size=(n, 2)), np.round(10 * g.normal(size=n))
    margin = scores @ [TRUTH["weight.a"], TRUTH["weight.b"]] / TRUTH["temperature"]
    label = davidson(margin + TRUTH["position"] + TRUTH["length"] * words, TRUTH["ties"], TRUTH["flips"], g.random(n))
    return annotations(label, scores, words=words, worker=g.integers(0, 40, n))


def holds(found: Fit, truth: dict[str, float]) -> list[str]:
    """The parameters whose interval holds the truth."""
    return [e.name for e in found.estimates if e.low <= truth.get(e.name, np.nan) <= e.high]


@pytest.mark.slow
def test_intervals_hold_every_parameter_as_often_as_they_say() -> None:
    model = Model.parse("boltzmann+position+length+flips")
    held = Counter(name for seed in range(FITS) for name in holds(fit(model, people(seed)), TRUTH))
    assert set(held) == set(TRUTH)
    assert binom.cdf(LEAST - 1, FITS, 0.95) < 0.012
    assert min(held.values()) >= LEAST, held
    assert sum(held.values()) < FITS * len(TRUTH) * 0.99, "wider than 95 %"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wrong", "lost"),
    [
        ("boltzmann+position+length", ["temperature", "ties"]),
        ("rao_kupper+position+length+flips", ["temperature", "flips"]),
    ],
)
def test_a_model_without_what_people_have_does_not_hold_them(wrong: str, lost: list[str]) -> None:
    """The control: leave flips out, or have another rule for ties, and intervals hold other parameters no more."""
    fits = [fit(Model.parse(wrong), people(seed)) for seed in range(30)]
    held = Counter(name for found in fits for name in holds(found, TRUTH))
    assert set(lost) <= {e.name for e in fits[0].estimates}
    assert max(held[name] for name in lost) < 10, held


@pytest.mark.slow
def test_intervals_are_clustered_where_labels_come_in_clusters() -> None:
    """Of everyone's labels there are four copies: intervals must be as wide as one copy makes them."""

    def copied(seed: int, persons: int) -> Fit:
        g = np.random.default_rng(seed)
        x = np.repeat(g.normal(size=(400, 1)), 4, axis=0)
        label = np.repeat(davidson(x[::4, 0] / 0.7, 0.4, 0.0, g.random(400)), 4)
        return fit(Model("boltzmann"), annotations(label, x, worker=np.repeat(np.arange(400) % persons, 4)))

    truth = {"temperature": 0.7, "ties": 0.4}
    assert (copied(0, 50).clustered, copied(0, 2).clustered) == ("worker", "")
    by_many = Counter(name for seed in range(FITS) for name in holds(copied(seed, 50), truth))
    by_few = Counter(name for seed in range(40) for name in holds(copied(seed, 2), truth))
    assert min(by_many.values()) >= LEAST - 3  # fifty clusters: a little too narrow (Cameron & Miller 2015, §VI)
    assert max(by_few.values()) < 0.85 * 40  # intervals half as wide as they should be hold 67 %


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.0, 0.4, 0.8])
def test_raters_of_different_reliability_are_told_apart(spread: float) -> None:
    raters, each = 60, 150
    g = np.random.default_rng(4)
    alpha = np.exp(spread * g.normal(size=raters))
    worker, x = np.repeat(np.arange(raters), each), g.normal(size=(raters * each, 1))
    label = davidson(alpha[worker] * x[:, 0] / 0.5, 0.3, 0.0, g.random(len(x)))
    found = fit(Model("boltzmann", ("raters",)), annotations(label, x, worker=worker))
    middle = np.exp(np.mean(np.log(alpha)))
    truth = {f"reliability.{r}": a for r, a in enumerate(alpha / middle)} | {"temperature": 0.5 / middle, "ties": 0.3}
    held = len(holds(found, truth))
    assert binom.ppf(1e-4, len(truth), 0.95) <= held
    drawn = float(np.std(np.log(alpha)))  # of these sixty; each one's error adds to it
    assert abs(fragment(found).spread - drawn) < 4 * np.sqrt((drawn**2 + 0.15**2) / (2 * raters))
    shuffled = holds(found, {name: truth[f"reliability.{raters - 1 - int(name.partition('.')[2])}"]
                             for name in truth if name.startswith("reliability.")})  # fmt: skip
    assert spread == 0.0 or len(shuffled) < binom.ppf(1e-4, raters, 0.95)


@pytest.mark.slow
@pytest.mark.parametrize(("temperature", "position"), [(0.4, 0.0), (1.0, 0.3), (0.7, -0.5)])
def test_where_nothing_is_known_of_responses_agreement_tells_the_noise(temperature: float, position: float) -> None:
    tasks, votes = 1500, 5
    g = np.random.default_rng(8)
    margin = np.repeat(g.normal(size=tasks), votes) / temperature + position
    task = np.repeat(np.arange(tasks), votes)
    label = davidson(margin, 0.4, 0.0, g.random(len(margin)))
    data = annotations(label, np.zeros((len(label), 0)), worker=np.arange(len(label)) % 10, task=task)
    found = fit(Model("boltzmann", ("position",)), data)
    for e, truth in zip(found.estimates, (temperature, 0.4, position), strict=True):
        assert abs(e.value - truth) < 2.1 * max(e.high - e.value, e.value - e.low), e  # four standard errors
    alone = fit(Model("boltzmann", ("position",)), annotations(label, g.normal(size=(len(label), 1)), task=task))
    assert alone["temperature"] > 10 * temperature  # the control: scores that have nothing to do with it


@pytest.mark.parametrize("flip", [0.05, 0.2, 0.35])
def test_people_who_flip_are_known_by_their_agreement(flip: float) -> None:
    """Two classes, five votes each: what Dawid and Skene's model says of people who are all alike."""
    g = np.random.default_rng(9)
    task = np.repeat(np.arange(2000), 5)
    better = np.repeat(g.integers(1, 3, 2000), 5)
    label = np.where(g.random(len(task)) < flip, 3 - better, better)
    found = fit(Model("mistaken"), annotations(label, np.zeros((len(label), 0)), task=task))
    (estimate,) = found.estimates
    assert abs(estimate.value - flip) < 2.1 * (estimate.high - estimate.low) / 2 * 2 / 1.05


def test_davidsons_puddings() -> None:
    """ν and the puddings' shares, as published, from 745 comparisons of six; and six weights are one too many."""
    i, j, *outcomes = np.array(PUDDINGS).T
    times = np.stack(outcomes, axis=1).ravel()
    puddings = np.eye(6)
    differences = np.repeat(puddings[np.repeat(i - 1, 3)] - puddings[np.repeat(j - 1, 3)], times, axis=0)
    label = np.repeat(np.tile([1, 2, 0], len(i)), times)
    found = fit(Model("boltzmann"), annotations(label, differences[:, 1:]))
    assert found["ties"] == pytest.approx(PUDDING_FIT["nu"], abs=6e-5)
    shares = np.exp([0.0, *(found[f"weight.{name}"] / found["temperature"] for name in "abcde")])
    assert shares / shares.sum() == pytest.approx([PUDDING_FIT[str(k)] for k in range(1, 7)], abs=6e-5)
    with pytest.raises(InvalidInput, match="do not tell a from b from c from d from e from f in the model boltzmann"):
        fit(Model("boltzmann"), annotations(label, differences))


def test_a_fit_is_the_same_every_time() -> None:
    model = Model.parse("boltzmann+position+flips")
    assert np.array_equal(fit(model, people(1)).theta, fit(model, people(1)).theta)


SCORES = np.random.default_rng(0).normal(size=(200, 1))
SIGNS = np.where(SCORES[:, 0] > 0, 1, 2)


@pytest.mark.parametrize(
    ("model", "data", "said"),
    [
        ("boltzmann", annotations(SIGNS, SCORES), "finds no noise in them (raters without noise need no fit"),
        ("mistaken", annotations(3 - SIGNS, SCORES), "every label follows the differences, so mistaken finds no noise"),
        ("boltzmann", annotations(np.ones(200), SCORES), "every label is 1 (nothing can be learned"),
        ("boltzmann", annotations(SIGNS, 0 * SCORES), "left_a and right_a never differ"),
        ("boltzmann+raters", annotations(SIGNS, SCORES), "there is one rater only (leave +raters out"),
        ("boltzmann+length", annotations(SIGNS, SCORES), "the lengths of responses are not known"),
        ("boltzmann", annotations(SIGNS, SCORES[:, :0]), "no two raters labelled the same task (give criteria"),
        (
            "boltzmann",
            annotations(np.arange(200) // 2 % 2 + 1, SCORES[:, :0], task=np.arange(200) // 2),
            "raters of one task never disagree",
        ),
        (
            "boltzmann",
            annotations(np.arange(200) % 2 + 1, SCORES[:, :0], task=np.arange(200) // 2),
            "agree no more than by chance",
        ),
        (
            "boltzmann",
            annotations(np.random.default_rng(1).integers(1, 3, 200), np.hstack([SCORES, 2 * SCORES])),
            "do not tell a from b in the model boltzmann (leave one of them out)",
        ),
    ],
)  # fmt: skip
def test_what_the_data_cannot_tell_is_said(model: str, data: Annotations, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        fit(Model.parse(model), data)
    assert said in str(refused.value)
    assert str(refused.value).startswith("made up: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("boltzman", "there is no rater model 'boltzman' to fit (did you mean 'boltzmann'?"),
        ("boltzmann+postion", "there is no part of a rater model 'postion' to fit (did you mean 'position'?"),
        ("mistaken+flips", "nothing tells flips apart in the model mistaken"),
    ],
)
def test_a_model_that_there_is_not_is_said(text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Model.parse(text)
    assert said in str(refused.value)
