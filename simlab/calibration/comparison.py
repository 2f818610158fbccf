"""Comparison of rater models fitted to the same annotations, by their likelihood of held-out labels.

Each is fitted to most tasks and judged by the likelihood it gives the labels of the others (held-out log likelihood,
the logarithmic score of Good 1952, JRSS B 14). The best is fitted again to everything, turned into a policy, and put
to work in the simulator's own rater engine: does it agree and disagree with the order of utilities as people do?
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.calibration.annotations import Annotations
from simlab.calibration.choice import LINEAR, Model
from simlab.calibration.fitting import Fit, fit
from simlab.calibration.policies import Fragment, fragment, simulated
from simlab.calibration.ratings import Order, order_of
from simlab.components.rater_policy import RaterPolicy
from simlab.errors import InvalidInput, Problem

MOST_RATERS = 300  # beyond which a reliability for each is fitted only when asked for
FEWEST = 5  # tasks to learn from, and tasks held out
ERRORS = 4.0  # standard errors by which simulated shares may miss


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rater model and its score on labels it was not fitted to."""

    model: Model
    parameters: int
    score: float  # mean log likelihood of a held-out label, in nats
    behind: float  # how far behind the best, in nats a label
    error: float  # standard error of that, clustered by task


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Shares of labels that agree with the order of utilities, are undecided, or disagree: people's, and a policy's."""

    observed: Order
    simulated: Order
    margin: Order  # ERRORS standard errors of the difference, clustered by task

    @property
    def holds(self) -> bool:
        """Whether every share is within its margin."""
        return all(
            abs(getattr(self.simulated, name) - getattr(self.observed, name)) <= getattr(self.margin, name)
            for name in ("match", "tie", "reverse")
        )


@dataclass(frozen=True, slots=True)
class Calibration:
    """The result of `simlab calibrate`: candidates, the best fit, its policy, and how that reproduces the labels."""

    data: Annotations
    held_out: int  # labels
    candidates: tuple[Candidate, ...]  # the best first
    refused: tuple[str, ...]  # models that could not be fitted, and why
    best: Fit  # to all labels
    fragment: Fragment
    reproduction: Reproduction | None  # None where utilities are not known


def calibrate(data: Annotations, models: Sequence[str] = (), holdout: float = 0.2) -> Calibration:
    """Fit rater models (by default all that these annotations can tell) and choose the best on held-out tasks.

    Deterministic. InvalidInput if a model that was asked for cannot be fitted, or none of the default ones can.
    """
    learned, test = data.split(holdout)
    if min(len(np.unique(part.task)) for part in (learned, test)) < FEWEST:
        tasks = len(np.unique(data.task))
        what = f"{tasks} {'tasks are' if tasks != 1 else 'task is'} too few to hold {holdout:g} of them out"
        raise InvalidInput(Problem(what, "give more labels, or another --holdout", data.source))
    if data.ties and not learned.ties:
        what = f"there are only {int(np.sum(data.label == 0))} undecided labels, all of them held out"
        raise InvalidInput(Problem(what, "leave them out, or give more labels", data.source))
    fits, refused = _fits([Model.parse(text) for text in models], learned)
    scores = {str(f.model): f.log_likelihoods(_seen(f.model, learned, test)) for f in fits}
    best = max(fits, key=lambda f: float(scores[str(f.model)].sum()))
    candidates = [_candidate(f, scores[str(f.model)], scores[str(best.model)], test) for f in fits]
    final = fit(best.model, _seen(best.model, data, data))
    keys = fragment(final)
    return Calibration(
        data=data,
        held_out=len(test),
        candidates=tuple(sorted(candidates, key=lambda c: c.behind)),
        refused=tuple(refused),
        best=final,
        fragment=keys,
        reproduction=None if data.latent else reproduction(keys.made(), final),
    )


def _fits(models: list[Model], data: Annotations) -> tuple[list[Fit], list[str]]:
    """Every model's fit; of the default ones, those that can be fitted, and why others cannot.

    What plain Bradley–Terry cannot be fitted to, nothing should be.
    """
    fits, refused = [], []
    for model in models or list(default(data)):
        try:
            fits.append(fit(model, _seen(model, data, data)))
        except InvalidInput as error:
            if models or model == Model("boltzmann"):
                raise
            refused.append(f"{model}: {error.problems[0].what}")
    return fits, refused


def default(data: Annotations) -> Iterator[Model]:
    """The models that are compared by default: all that these annotations can identify."""
    yield Model("coin")
    yield Model("mistaken")
    for family in LINEAR:
        if family != "rao_kupper" or data.ties:  # without ties it is Bradley–Terry
            yield Model(family)
    if not data.latent:
        yield Model("glad")
        yield Model("empirical")
        yield Model("boltzmann", ("flips",))
    if data.placed:
        yield Model("boltzmann", ("position",))
    if data.words is not None and np.any(data.words):
        yield Model("boltzmann", ("longer",))
        yield Model("boltzmann", ("position", "length"))
    if data.persons and 1 < len(data.workers) <= MOST_RATERS:
        yield Model("boltzmann", ("raters",))


def _seen(model: Model, learned: Annotations, data: Annotations) -> Annotations:
    """`data` as this model takes it: models of one difference see criteria as Bradley–Terry raters weigh them."""
    if model.family in (*LINEAR, "coin") or len(data.criteria) < 2:
        return data
    first = fit(Model("boltzmann"), learned)
    return data.indexed(np.array([first[f"weight.{criterion}"] for criterion in learned.criteria]))


def _candidate(fitted: Fit, score: Array, best: Array, test: Annotations) -> Candidate:
    """How a fit did; `score` and `best` are log likelihoods of held-out labels, or of tasks where Δ is latent."""
    behind: Array = best - score
    if not test.latent:
        behind = _sums(test, behind)
    n = len(test)
    error = float(np.sqrt(len(behind)) * np.std(behind, ddof=1)) / n if len(behind) > 1 else float("nan")
    return Candidate(fitted.model, len(fitted.theta), float(score.sum()) / n, float(behind.sum()) / n, error)


def reproduction(policy: RaterPolicy, fitted: Fit, *, seed: int = 0) -> Reproduction:
    """Labels of simulated raters of this policy beside people's, on the pairs a model was fitted to."""
    data = fitted.design.data
    weights = [e.value for e in fitted.estimates if e.name.startswith("weight.")]
    differences = data.weighted(np.array(weights or [1.0]))
    label = simulated(policy, differences, _noise(fitted)[data.worker], seed=seed)
    apart = differences != 0
    errors = [_error(data, label, apart, outcome(differences)) for outcome in (_better, _neither, _worse)]
    return Reproduction(
        order_of(data.label, differences), order_of(label, differences), Order(*(ERRORS * e for e in errors))
    )


def _noise(fitted: Fit) -> Array:
    """Everybody's noise, as estimated."""
    found = [e.value for e in fitted.estimates if e.name.startswith("reliability.")]
    return 1 / np.array(found) if found else np.ones(len(fitted.design.data.workers))


def _better(differences: Array) -> NDArray[np.int64]:
    return np.where(differences > 0, 1, 2)


def _worse(differences: Array) -> NDArray[np.int64]:
    return np.where(differences > 0, 2, 1)


def _neither(differences: Array) -> NDArray[np.int64]:
    return np.zeros(len(differences), dtype=np.int64)


def _error(
    data: Annotations, simulated_label: NDArray[np.int64], apart: NDArray[np.bool_], outcome: NDArray[np.int64]
) -> float:
    """The standard error of how much oftener an outcome is simulated than observed, clustered by task."""
    more = (simulated_label == outcome).astype(float) - (data.label == outcome)
    more = np.where(apart, more - more[apart].mean(), 0.0)
    return float(np.sqrt(np.sum(_sums(data, more) ** 2)) / apart.sum())


def _sums(data: Annotations, values: Array) -> Array:
    """The sum of the values [n] over each task's labels."""
    task = np.unique(data.task, return_inverse=True)[1].ravel()
    return np.asarray(np.bincount(task, weights=values), dtype=float)
