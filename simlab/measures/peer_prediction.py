"""Peer prediction: what a report is worth where there is nothing to hold it against but the reports of others.

N reports, each one person's label of one task: 1 (left), 2 (right) or 0 (undecided). Multi-task mechanisms pay report x
of a task (the bonus task) by S(x, y) for a peer's report y of the same task, less S of two reports that the two made of
different tasks (the penalty tasks), where agreement says nothing:

    payment = S(x, y) − mean of S(x_k, y_l) over k ≠ l, both other than the bonus task.

Dasgupta & Ghosh (2013, "Crowdsourced judgement elicitation with endogenous proficiency", WWW) have S(a, b) =
1 for a = b and 0 else, for two signals. Shnayder, Agarwal, Frongillo & Parkes (2016, "Informed truthfulness in
multi-task peer prediction", EC: Correlated Agreement) have S(a, b) = 1 where Δ(a, b) = P(a, b) −
P(a)·P(b) > 0, and estimate Δ from the reports in the detail-free form. With two signals and people who
know more than nothing the two are one. Truthful reports are paid Σ S·Δ in expectation: 2·Cov for two signals, which is
2q(1 − q)(1 − 2ε₁)(1 − 2ε₂) where the left is better with chance q and the two err independently with chances ε. Any
report that does not depend on the task is paid 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array, Indices
from simlab.components.peers import mean_by, peers_of

SIGNALS = 3  # undecided, left, right
AGREEMENT: Array = np.array([[0.5, 0.5, 0.5], [0.5, 1.0, 0.0], [0.5, 0.0, 1.0]])
"""S [3, 3] of Dasgupta & Ghosh: whether two labels are one. An undecided one is half of each."""


def joint(task: Indices, label: NDArray[np.int64]) -> Array:
    """How often two people say a and b of the same task [3, 3], over all ordered pairs of people; NaN if there are
    none. Nobody reports twice of a task."""
    _, place = np.unique(task, return_inverse=True)
    said = np.zeros((int(place.max(initial=-1)) + 1, SIGNALS))
    np.add.at(said, (place.ravel(), label), 1.0)
    both = said.T @ said - np.diag(said.sum(axis=0))
    with np.errstate(invalid="ignore"):
        return np.asarray(both / both.sum())


def delta(joint: Array) -> Array:
    """Δ(a, b) = P(a, b) − P(a)·P(b) [3, 3]: how much more often two reports go together than by chance."""
    return np.asarray(joint - np.outer(joint.sum(axis=1), joint.sum(axis=0)))


def correlated(task: Indices, label: NDArray[np.int64]) -> Array:
    """S [3, 3] of Correlated Agreement, with Δ estimated from these reports; differences at rounding level are none."""
    return (delta(joint(task, label)) > 1e-12).astype(float)


def groups_of(task: Indices, who: Indices, label: NDArray[np.int64], count: int) -> Indices:
    """Groups of people [R] whose reports go together with everybody else's in like ways, by k-means on each one's Δ.

    Agarwal, Mandal, Parkes & Shah (2017, "Peer prediction with heterogeneous users", EC) group people by estimates of
    Δ so that each two groups have an S of their own. The first centre is the person with the largest Δ, every further
    one whoever is farthest from those there are; then Lloyd's steps (1982) until nothing moves, or fifty.
    """
    people = int(who.max(initial=-1)) + 1
    place, other = peers_of(task, who, np.arange(len(task)))
    both = np.zeros((people, SIGNALS, SIGNALS))
    np.add.at(both, (who[place], label[place], label[other]), 1.0)
    both /= np.maximum(both.sum(axis=(1, 2), keepdims=True), 1.0)
    profile = (both - both.sum(axis=2)[:, :, None] * both.sum(axis=1)[:, None, :]).reshape(people, -1)
    group = np.zeros(people, dtype=np.int64)
    if count < 2 or people < 2:
        return group
    centres = profile[[int(np.argmax((profile**2).sum(axis=1)))]]
    while len(centres) < count:
        centres = np.concatenate([centres, profile[[int(np.argmax(_distances(profile, centres).min(axis=1)))]]])
    for _ in range(50):
        nearest = _distances(profile, centres).argmin(axis=1)
        if np.array_equal(nearest, group):
            break
        group = nearest
        centres = np.stack(
            [profile[group == g].mean(axis=0) if (group == g).any() else c for g, c in enumerate(centres)]
        )
    return group


def _distances(points: Array, centres: Array) -> Array:
    """Squared distances [R, k]."""
    return np.asarray(((points[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2))


def correlated_by_group(task: Indices, who: Indices, label: NDArray[np.int64], group: Indices) -> Array:
    """S [G, G, 3, 3] of Correlated Agreement for reports of people of two groups, Δ being estimated for each two."""
    count = int(group.max(initial=0)) + 1
    place, other = peers_of(task, who, np.arange(len(task)))
    both = np.zeros((count, count, SIGNALS, SIGNALS))
    np.add.at(both, (group[who[place]], group[who[other]], label[place], label[other]), 1.0)
    both /= np.maximum(both.sum(axis=(2, 3), keepdims=True), 1.0)
    chance = both.sum(axis=3)[..., :, None] * both.sum(axis=2)[..., None, :]
    return np.asarray(both - chance > 1e-12, dtype=float)


def payments(
    task: Indices,
    who: Indices,
    label: NDArray[np.int64],
    rows: Indices,
    score: Array,
    group: Indices | None = None,
) -> Array:
    """The payment [n] in [−1, 1] of each report in `rows`, by a score matrix S [3, 3]: mean over all its peers. With a
    `group` of each person [R], by the S [G, G, 3, 3] of the two groups.

    The mean over penalty tasks is over all pairs of different tasks, which pays the same in expectation as one drawn at
    random, and varies less. NaN where there is no peer, or no two other tasks.
    """
    place, other = peers_of(task, who, np.arange(len(task)))
    people = int(who.max(initial=-1)) + 1
    code, couple = np.unique(who[place] * people + who[other], return_inverse=True)
    shared = np.zeros((len(code), SIGNALS, SIGNALS))  # reports of the same tasks by each two people
    np.add.at(shared, (couple.ravel(), label[place], label[other]), 1.0)
    said = np.zeros((people, SIGNALS))
    np.add.at(said, (who, label), 1.0)

    bonus, peer = peers_of(task, who, rows)
    mine = rows[bonus]
    x, y, both = label[mine], label[peer], shared[np.searchsorted(code, who[mine] * people + who[peer])]
    each = np.broadcast_to(score if group is None else score[group[who[mine]], group[who[peer]]], both.shape)
    agreed = each[np.arange(len(mine)), x, y]
    one = np.eye(SIGNALS)
    own, others = said[who[mine]] - one[x], said[who[peer]] - one[y]
    total = np.einsum("ka,kab,kb->k", own, each, others) - np.einsum("kab,kab->k", both, each) + agreed
    count = own.sum(axis=1) * others.sum(axis=1) - both.sum(axis=(1, 2)) + 1
    known = count > 0.5
    paid = agreed[known] - total[known] / count[known]
    return mean_by(bonus[known], paid, len(rows))


def truthful_payment(left: float, errors: tuple[float, float]) -> float:
    """What a truthful report is paid in expectation, with S of agreement: 2q(1 − q)(1 − 2ε₁)(1 − 2ε₂)."""
    return 2 * left * (1 - left) * (1 - 2 * errors[0]) * (1 - 2 * errors[1])
