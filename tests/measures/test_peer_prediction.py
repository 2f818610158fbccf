"""Payments for reports without gold: against their definition, report by report, and against closed forms."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from simlab.measures.peer_prediction import (
    AGREEMENT,
    correlated,
    correlated_by_group,
    delta,
    groups_of,
    joint,
    payments,
    truthful_payment,
)
from simlab.rng import Streams, uniforms

EXAMPLE = np.array([[0.4, 0.15], [0.15, 0.3]])  # of two signals, which go together more often than by chance


def reports(tasks: int, people: int, share: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Task, person and label of random reports: each person has done a share of the tasks."""
    key = Streams(seed).key("reports")
    task, who = (grid.ravel() for grid in np.meshgrid(np.arange(tasks), np.arange(people), indexing="ij"))
    done = uniforms(key, task, who, 0) < share
    label = np.minimum((uniforms(key, task, who, 1) * 3).astype(np.int64), 2)
    return task[done], who[done], label[done]


def by_definition(task: np.ndarray, who: np.ndarray, label: np.ndarray, row: int, score: np.ndarray) -> float:
    """The payment of one report: its bonus less the mean penalty, over all peers."""
    said = {(int(w), int(t)): int(x) for t, w, x in zip(task, who, label, strict=True)}
    me, bonus = int(who[row]), int(task[row])
    found = []
    for peer in sorted({int(w) for w, t in said if t == bonus and w != me}):
        mine = [t for w, t in said if w == me and t != bonus]
        theirs = [t for w, t in said if w == peer and t != bonus]
        penalties = [score[said[me, k], said[peer, other]] for k, other in product(mine, theirs) if k != other]
        if penalties:
            found.append(score[said[me, bonus], said[peer, bonus]] - np.mean(penalties))
    return float(np.mean(found)) if found else float("nan")


@pytest.mark.parametrize(("tasks", "people", "share"), [(6, 3, 1.0), (8, 4, 0.6), (2, 5, 0.9), (12, 2, 0.5)])
@pytest.mark.parametrize("score", [AGREEMENT, np.array([[1.0, 0, 0.3], [0.2, 1, 0], [0.1, 0.7, 1]])])
def test_payments_are_what_the_definition_says(tasks: int, people: int, share: float, score: np.ndarray) -> None:
    task, who, label = reports(tasks, people, share, seed=tasks)
    rows = np.arange(len(task))[::2]
    expected = [by_definition(task, who, label, row, score) for row in rows.tolist()]
    np.testing.assert_allclose(payments(task, who, label, rows, score), expected)


def test_nobody_is_paid_without_a_peer_or_without_other_tasks() -> None:
    one = np.zeros(1, dtype=np.int64)
    assert np.isnan(payments(one, one, one + 1, one, AGREEMENT)).all()
    both = payments(np.zeros(2, dtype=np.int64), np.arange(2), np.ones(2, dtype=np.int64), np.arange(2), AGREEMENT)
    assert np.isnan(both).all()


def test_the_joint_distribution_is_that_of_ordered_pairs_of_people() -> None:
    task, who, label = reports(9, 4, 0.7, seed=2)
    pairs = [
        (label[i], label[j]) for i, j in product(range(len(task)), repeat=2) if task[i] == task[j] and who[i] != who[j]
    ]
    expected = np.zeros((3, 3))
    for a, b in pairs:
        expected[a, b] += 1 / len(pairs)
    np.testing.assert_allclose(joint(task, label), expected)


def drawn(distribution: np.ndarray, tasks: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reports of two people whose signals have this joint distribution [S, S], the first signal being label 3 − S."""
    lot = uniforms(Streams(seed).key("signals"), np.arange(tasks))
    cell = np.minimum(np.searchsorted(np.cumsum(distribution.ravel()), lot), distribution.size - 1)
    first, second = np.divmod(cell, len(distribution))
    label = np.stack([first, second], axis=1).ravel() + 3 - len(distribution)
    return np.repeat(np.arange(tasks), 2), np.tile(np.arange(2), tasks), label


THREE = np.array([[0.02, 0.1, 0.08], [0.1, 0.28, 0.02], [0.08, 0.02, 0.3]])  # undecided people rarely are so together


@pytest.mark.parametrize("distribution", [EXAMPLE, THREE, np.array([[0.1, 0.35], [0.35, 0.2]])])
def test_correlated_agreement_pays_the_positive_part_of_delta(distribution: np.ndarray) -> None:
    """For the example, Δ is ±.0975, and the truth is paid .195; of the last, disagreement is what is paid."""
    task, who, label = drawn(distribution, 40_000, seed=5)
    paid = payments(task, who, label, np.arange(len(task)), correlated(task, label))
    exact = delta(distribution)
    expected = exact[exact > 0].sum()
    if distribution is EXAMPLE:
        np.testing.assert_allclose(exact, [[0.0975, -0.0975], [-0.0975, 0.0975]])
        assert expected == pytest.approx(0.195)
    error = paid.std() / np.sqrt(len(paid) / 2)
    assert abs(paid.mean() - expected) < 4 * error
    plain = payments(task, who, label, np.arange(len(task)), AGREEMENT).mean()
    assert (abs(plain - expected) < 4 * error) == (distribution is EXAMPLE)  # the control, for other distributions


@pytest.mark.parametrize("left", [0.5, 0.7, 0.9])
@pytest.mark.parametrize("errors", [(0.1, 0.2), (0.3, 0.3)])
def test_the_truthful_payment_is_twice_a_covariance(left: float, errors: tuple[float, float]) -> None:
    """By enumeration of what is right and of both reports."""
    both = np.zeros((2, 2))
    for right, x, y in product((0, 1), repeat=3):
        chance = left if right == 0 else 1 - left
        both[x, y] += chance * np.prod([e if s != right else 1 - e for s, e in zip((x, y), errors, strict=True)])
    agreed = np.trace(both) - (np.outer(both.sum(1), both.sum(0)) * np.eye(2)).sum()
    assert truthful_payment(left, errors) == pytest.approx(agreed)


@pytest.mark.parametrize("turned", [[3], [0, 4], [1, 2]])
def test_those_who_mark_the_worse_side_are_a_group_of_their_own(turned: list[int]) -> None:
    """Six people err one time in ten; of some, all is reversed. By group they are paid as the others, 2·Cov = .32."""
    tasks, people = 4000, 6
    task, who = (grid.ravel() for grid in np.meshgrid(np.arange(tasks), np.arange(people), indexing="ij"))
    better = np.where(uniforms(Streams(0).key("better"), task) < 0.5, 1, 2)
    said = np.where(uniforms(Streams(0).key("said"), task, who) < 0.9, better, 3 - better)
    label = np.where(np.isin(who, turned), 3 - said, said)
    group = groups_of(task, who, label, 2)
    members = np.flatnonzero(group == group[turned[0]]).tolist()
    assert members == turned
    rows = np.arange(len(task))
    paid = payments(task, who, label, rows, correlated_by_group(task, who, label, group), group)
    for person in range(people):
        assert abs(paid[who == person].mean() - 0.32) < 4 * 0.5 / np.sqrt(tasks)
    one = payments(task, who, label, rows, correlated(task, label))
    assert one[np.isin(who, turned)].mean() < 0.32 - 8 * 0.5 / np.sqrt(tasks)  # the control: one Δ for all
    alike = payments(task, who, label, rows, np.broadcast_to(AGREEMENT, (2, 2, 3, 3)), group)
    np.testing.assert_allclose(alike, payments(task, who, label, rows, AGREEMENT))
