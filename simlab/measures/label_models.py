"""What many fallible people say of the same things, put together: Dawid–Skene, GLAD, pooled Bradley–Terry.

Votes come in long form: arrays [n] of codes from 0 for the task, the person and the label. Used by the aggregators
in `plugins/aggregators`. Nothing here draws at random; scipy does the optimizing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array

Codes = NDArray[np.int64]

_LEAST = 1e-300  # a chance of zero, as far as its logarithm goes


@dataclass(frozen=True, slots=True)
class DawidSkene:
    """A fit of Dawid & Skene's model: T tasks of one of C classes, R raters who give one of L labels."""

    posterior: Array  # [T, C] chance that a task is of a class, given all its votes
    shares: Array  # [C] of the classes
    confusion: Array  # [R, C, L] chance that a rater says l of a task of class c
    log_likelihood: float  # of all votes, in nats


def dawid_skene(
    task: Codes,
    worker: Codes,
    label: Codes,
    start: Array,
    *,
    smoothing: float = 0.0,
    steps: int = 1000,
    tolerance: float = 1e-9,
) -> DawidSkene:
    """Maximum likelihood by EM from the posterior `start` [T, C], until the likelihood stands still.

    A rater may have several votes on one task. `smoothing` is added to every cell of every rater's counts, and keeps
    those with few votes from certainty; at 0 it is the paper's algorithm (Dawid & Skene 1979, Applied Statistics 28,
    eqs 2.3–2.5), which starts from each task's share of votes for each class. There may be more labels than classes
    (an undecided vote).
    """
    raters, labels, classes = int(worker.max()) + 1, int(label.max()) + 1, start.shape[1]
    posterior, before = start, -np.inf
    for _ in range(steps):
        shares = posterior.mean(axis=0)
        confusion = _confusion(posterior[task], worker * labels + label, raters, labels, smoothing)
        log_joint = np.tile(np.log(np.maximum(shares, _LEAST)), (len(posterior), 1))
        said = np.log(np.maximum(confusion[worker, :, label], _LEAST))  # [n, C]
        for c in range(classes):
            log_joint[:, c] += _sums(task, said[:, c], len(posterior))
        total = np.logaddexp.reduce(log_joint, axis=1)
        posterior, likelihood = np.exp(log_joint - total[:, None]), float(total.sum())
        if likelihood - before <= tolerance * abs(likelihood):
            break
        before = likelihood
    return DawidSkene(posterior, shares, confusion, likelihood)


def _confusion(posterior: Array, cell: Codes, raters: int, labels: int, smoothing: float) -> Array:
    """Each rater's chances of each label given the class [R, C, L], from posteriors of the votes [n, C]."""
    counts = np.stack([_sums(cell, p, raters * labels).reshape(raters, labels) for p in posterior.T], axis=1)
    counts = counts + smoothing
    return np.asarray(counts / np.maximum(counts.sum(axis=2, keepdims=True), _LEAST))


@dataclass(frozen=True, slots=True)
class Glad:
    """A fit of GLAD. A rater of ability α is right about a task of easiness β with chance σ(αβ)."""

    posterior: Array  # [T] chance that the truth is 1
    ability: Array  # [R] α; below 0: tends to say the opposite
    easiness: Array  # [T] β > 0; the paper's 1/β is the difficulty


def glad(task: Codes, worker: Codes, label: Codes, *, steps: int = 200, tolerance: float = 1e-4) -> Glad:
    """GLAD for labels 0 or 1 (Whitehill et al. 2009, "Whose vote should count more", NIPS 22, eqs 1–4), by EM.

    Both truths are equally likely beforehand; as in the authors' own program, α and log β have priors N(1, 1).
    """
    raters, tasks = int(worker.max()) + 1, int(task.max()) + 1
    ability, log_easiness = np.ones(raters), np.ones(tasks)
    before = np.full(tasks, np.inf)
    for _ in range(steps):
        margin = ability[worker] * np.exp(log_easiness)[task]
        evidence = np.where(label == 1, margin, -margin)  # log σ(x) − log σ(−x) is x
        posterior = _logistic(_sums(task, evidence, tasks))
        if np.max(np.abs(posterior - before)) <= tolerance:
            break
        before = posterior
        right = np.where(label == 1, posterior[task], 1 - posterior[task])
        ability, log_easiness = _abilities(task, worker, right, ability, log_easiness)
    return Glad(posterior, ability, np.exp(log_easiness))


def _abilities(task: Codes, worker: Codes, right: Array, ability: Array, log_easiness: Array) -> tuple[Array, Array]:
    """The M step: α [R] and log β [T], given each vote's chance `right` [n] of being right."""
    from scipy.optimize import minimize

    raters, tasks = len(ability), len(log_easiness)

    def loss(x: Array) -> tuple[float, Array]:
        a, b = x[:raters], x[raters:]
        easiness = np.exp(b)[task]
        margin = a[worker] * easiness
        value = np.sum(np.logaddexp(0.0, margin) - right * margin) + 0.5 * np.sum((x - 1.0) ** 2)
        slope = _logistic(margin) - right
        by_rater, by_task = _sums(worker, slope * easiness, raters), _sums(task, slope * margin, tasks)
        return float(value), np.concatenate([by_rater, by_task]) + (x - 1.0)

    bounds = [(-20.0, 20.0)] * raters + [(-10.0, 5.0)] * tasks
    found = minimize(loss, np.concatenate([ability, log_easiness]), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x[:raters]), np.asarray(found.x[raters:])


def pooled_bradley_terry(left: Codes, right: Codes, wins: Array, *, ridge: float = 1e-6) -> Array:
    """The strength of each item [I] that fits all votes of all people together best (Bradley & Terry 1952).

    `wins` [n] is 1 where the left item won, 0 where the right one did, ½ undecided. The penalty ridge/2·|θ|² on the
    summed loss keeps items that always win finite, and centres each set of items that were compared with one
    another. Its fitted wins of each item are the observed ones, so that (every pair asked equally often) items are
    ranked by Borda count (Siththaranjan, Laidlaw & Hadfield-Menell 2024, thm 3.1). Newton's method with halved steps.
    Raises ValueError unless ridge is positive, RuntimeError if it does not converge.
    """
    from scipy.sparse import csr_matrix, identity
    from scipy.sparse.linalg import spsolve

    if not ridge > 0:
        raise ValueError(f"ridge must be above 0, not {ridge}: an item that always wins has no best strength")
    votes, items = len(wins), int(max(left.max(), right.max())) + 1
    row = np.arange(votes)
    signs = np.concatenate([np.ones(votes), -np.ones(votes)])
    sides = csr_matrix((signs, (np.concatenate([row, row]), np.concatenate([left, right]))), shape=(votes, items))

    def loss(x: Array) -> float:
        margin = sides @ x
        return float(np.sum(np.logaddexp(0.0, margin) - wins * margin) + 0.5 * ridge * x @ x)

    strength: Array = np.zeros(items)
    value = loss(strength)
    for _ in range(200):
        chance = _logistic(sides @ strength)
        gradient = sides.T @ (chance - wins) + ridge * strength
        hessian = sides.T @ sides.multiply((chance * (1 - chance))[:, None]) + ridge * identity(items)
        step, size = np.asarray(spsolve(hessian.tocsc(), gradient)), 1.0
        while (tried := loss(strength - size * step)) > value + 1e-12 * (1 + abs(value)) and size > 1e-9:
            size /= 2
        strength, value = strength - size * step, tried
        if size == 1.0 and gradient @ step <= 1e-12 * (1 + abs(value)):
            return strength
    raise RuntimeError("the pooled Bradley–Terry fit did not converge in 200 steps")


def win_shares(left: Codes, right: Codes, wins: Array) -> Array:
    """The share of its comparisons that each item [I] won; `wins` [n] as above."""
    items = int(max(left.max(), right.max())) + 1
    won, lost = (_sums(a, wins, items) + _sums(b, 1 - wins, items) for a, b in ((left, right), (right, left)))
    return np.asarray(won / np.maximum(won + lost, _LEAST))


def decided(difference: Array) -> Array:
    """1 where it is positive, 0 where negative, ½ where it is none beyond rounding."""
    return np.asarray(0.5 + 0.5 * np.sign(np.round(difference, 9)))


def _sums(code: Codes, values: Array, count: int) -> Array:
    """The sum of the values [n] of each code [count]."""
    return np.asarray(np.bincount(code, weights=values, minlength=count), dtype=float)


def _logistic(x: Array) -> Array:
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x))
