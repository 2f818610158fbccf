"""The contract of rater policies. Policies that use a scene get one in which every attribute is filled."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.components.cohort import Cohort
from simlab.components.rater_policy import RaterPolicy, no_distribution
from simlab.components.rater_view import shown
from simlab.components.return_values import given, not_numbers
from simlab.errors import PluginFailed
from simlab.testing import samples
from simlab.testing.contract import Subject, check

_ROWS = 48
_DRAWN = 20_000  # labels drawn for each pair of utilities
_SURE = 5.5  # standard errors: of a hundred such comparisons none is off by chance in a thousand tries
_PAIRS = ((0.0, 0.0), (0.4, 0.0), (0.0, 0.4), (1.5, 0.0), (-0.5, 1.5))


@check("rater")
def answers(subject: Subject) -> Iterator[str]:
    """It labels the pairs of rankings of two, three and four responses: whole numbers [n, pairs]."""
    policy = calibrated(subject)
    if says_chances(policy):
        found = _chances(policy, samples.utilities(_ROWS, 2), samples.cohort(_ROWS), np.arange(_ROWS))
        if wrong := not_numbers(found, (_ROWS, 3)):
            yield f"probabilities must give numbers of shape {(_ROWS, 3)}; it gave {wrong}"
    for options in (2, 3, 4) if type(policy).choose is not RaterPolicy.choose else ():
        label = _labels(policy, options)
        shape = (_ROWS, options * (options - 1) // 2)
        if not_numbers(label, shape) or np.asarray(label).dtype.kind not in "iu":
            yield f"choose must give whole numbers of shape {shape}; it gave {given(label)}"


@check("rater")
def probabilities(subject: Subject) -> Iterator[str]:
    """P(left), P(right), P(undecided) are not negative, not NaN, and sum to 1, for near-ties and for clear pairs."""
    policy = calibrated(subject)
    if says_chances(policy):
        found = _chances(policy, samples.utilities(_ROWS, 2), samples.cohort(_ROWS), np.arange(_ROWS))
        if wrong := no_distribution(found, _ROWS):
            yield wrong


@check("rater")
def labels(subject: Subject) -> Iterator[str]:
    """Labels are 1 (left), 2 (right) or 0 (undecided)."""
    for options in (2, 3, 4):
        label = np.asarray(_labels(calibrated(subject), options))
        odd = label[~np.isin(label, (0, 1, 2))]
        if len(odd):
            yield f"chose the label {odd[0]} of {options} responses; labels are 1 (left), 2 (right) and 0 (undecided)"


@check("rater")
def reproducible(subject: Subject) -> Iterator[str]:
    """The same draws give the same labels: all chance is in the uniforms it is given."""
    for options in (2, 4):
        policy = calibrated(subject)
        first = _labels(policy, options)
        if not (
            np.array_equal(first, _labels(policy, options))
            and np.array_equal(first, _labels(calibrated(subject), options))
        ):
            yield "chose other labels when asked again with the same draws; use the uniforms it is given"


@check("rater")
def agreeing(subject: Subject) -> Iterator[str]:
    """What it chooses occurs as often as its probabilities say."""
    policy = calibrated(subject)
    if not says_chances(policy):
        return
    for row, pair in enumerate(_PAIRS):
        chances, shares = curve(policy, np.array([pair]), _DRAWN, np.array([row]))
        error = np.sqrt(np.maximum(chances * (1 - chances), 1 / _DRAWN) / _DRAWN)
        for name, chance, share, sure in zip(
            ("left", "right", "undecided"), chances[0], shares[0], error[0], strict=True
        ):
            if abs(chance - share) > _SURE * sure:
                yield (
                    f"says that {name} has probability {chance:.3f} at utilities {pair}, but chose it in a share of "
                    f"{share:.3f} of {_DRAWN:,} labels"
                )


@check("rater")
def order(subject: Subject) -> Iterator[str]:
    """A label does not depend on which other rankings are labelled at the same time, nor in which order."""
    policy = calibrated(subject)
    utilities, people, draws = samples.utilities(_ROWS, 3), samples.cohort(_ROWS), samples.draws(_ROWS, 3)
    whole = _chosen(policy, utilities.copy(), copy.deepcopy(people), draws.copy(), np.arange(_ROWS))
    for rows in (np.arange(_ROWS)[::-1], np.arange(0, _ROWS, 3)):
        some = _chosen(policy, utilities[rows], people[rows], draws[rows], rows)
        if not np.array_equal(np.asarray(whole)[rows], some):
            yield "labels a ranking otherwise when other rankings, or the same in another order, are labelled with it"


@check("rater")
def pure(subject: Subject) -> Iterator[str]:
    """It leaves the utilities, the people and the draws it is given as they are."""
    policy = calibrated(subject)
    utilities, people, draws = samples.utilities(_ROWS, 3), samples.cohort(_ROWS), samples.draws(_ROWS, 3)
    before = utilities.copy(), copy.deepcopy(people), draws.copy()
    _chosen(policy, utilities, people, draws, np.arange(_ROWS))
    if says_chances(policy):
        _chances(policy, utilities[:, :2], people, np.arange(_ROWS))
    if not (np.array_equal(utilities, before[0]) and np.array_equal(draws, before[2])):
        yield "changed the utilities or the draws it was given"
    for name in (f.name for f in fields(Cohort)):
        if not np.array_equal(getattr(people, name), getattr(before[1], name), equal_nan=True):
            yield f"changed {name} of the people it was given"


@check("rater")
def calibration(subject: Subject) -> Iterator[str]:
    """Calibrated once, it stays as it is, and its calibration does not depend on when it is asked."""
    once = calibrated(subject)
    if once.agreement is not None and once.calibrated(_differences()) != once:
        yield "is another policy after it was calibrated twice"
    if once != calibrated(subject):
        yield "is another policy when it is calibrated again on the same pairs"


def calibrated(subject: Subject) -> Any:
    """The policy with its noise set for its target agreement, if it has one, on sample pairs."""
    return set_for_samples(subject.made())


def set_for_samples(policy: Any) -> Any:
    """A policy as it is after its first day: calibrated on sample pairs, if it has a target agreement."""
    found = policy.calibrated(_differences()) if policy.agreement is not None else policy
    if not isinstance(found, RaterPolicy):
        what = f"must give a rater policy when it is calibrated; it gave {given(found)}"
        raise PluginFailed.returned(policy, what, "calibrated")
    return found


def says_chances(policy: Any) -> bool:
    """Whether it can say its probabilities; some policies only choose."""
    return type(policy).probabilities is not RaterPolicy.probabilities


def curve(policy: Any, pairs: Array, drawn: int, scenes: NDArray[np.int64] | None = None) -> tuple[Array, Array]:
    """Shares of left, right and undecided [n, 3] for pairs of utilities [n, 2], as a policy predicts and chooses them.

    Everybody is as noisy as the policy says, and sees the sample scenes `seen` [n], or none. What the policy says is
    NaN for one that only chooses.
    """
    count = len(pairs)
    alike = samples.cohort(1)[np.zeros(count, dtype=np.int64)]
    alike.noise = np.ones(count)
    chances = np.full((count, 3), np.nan)
    if says_chances(policy):
        chances = np.asarray(_chances(policy, pairs, alike, scenes), dtype=float)
    many = np.repeat(np.arange(count), drawn)
    draws = samples.draws(len(many), 2, key=1)
    label = np.asarray(_chosen(policy, pairs[many], alike[many], draws, None if scenes is None else scenes[many]))[:, 0]
    return chances, np.stack([(label.reshape(count, drawn) == outcome).mean(axis=1) for outcome in (1, 2, 0)], axis=1)


def _chances(policy: Any, pairs: Array, people: Cohort, scenes: NDArray[np.int64] | None) -> Any:
    scene = None if scenes is None else samples.scene(scenes, 2).pair(0, 1, 0)
    return policy.probabilities(pairs, people, **shown(policy.probabilities, scene))


def _chosen(policy: Any, utilities: Array, people: Cohort, draws: Array, scenes: NDArray[np.int64] | None) -> Any:
    scene = None if scenes is None else samples.scene(scenes, utilities.shape[1])
    return policy.choose(utilities, people, draws, **shown(policy.choose, scene))


def _differences() -> Array:
    """Utility differences [pairs, raters] of people who agree on most."""
    pairs = samples.utilities(200, 2)
    return np.repeat((pairs[:, :1] - pairs[:, 1:])[3:], 8, axis=1)


def _labels(policy: Any, options: int) -> Any:
    inputs = samples.utilities(_ROWS, options), samples.cohort(_ROWS), samples.draws(_ROWS, options)
    return _chosen(policy, *inputs, np.arange(_ROWS))
