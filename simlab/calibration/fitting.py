"""Maximum likelihood: a rater model's parameters, and intervals for them.

Intervals are at 95 %, from the observed information (Efron & Hinkley 1978, Biometrika 65); where labels come in
clusters, from the sandwich clustered by them (White 1982, Econometrica 50; Cameron & Miller 2015, Journal of Human
Resources 50) with t quantiles. They are made where the estimate is nearly normal (logarithms of what is positive) by
the delta method, and carried back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.arrays import Array
from simlab.calibration.annotations import Annotations, Codes
from simlab.calibration.choice import Design, Model
from simlab.calibration.curve import Curve
from simlab.calibration.quantities import Quantity, quantities
from simlab.errors import InvalidInput, Problem
from simlab.measures.statistics import Z95

if TYPE_CHECKING:
    import torch

Layout = Design | Curve
_FLAT = 1e-9  # information per label, in units of the fit, below which a direction is told by nothing


@dataclass(frozen=True, slots=True)
class Estimate:
    """The estimate of a parameter, and its 95 % interval."""

    name: str
    value: float
    low: float
    high: float
    meaning: str


@dataclass(frozen=True, slots=True)
class Fit:
    """A rater model fitted to annotations."""

    design: Layout
    theta: Array  # [P]
    covariance: Array  # [P, P]
    estimates: tuple[Estimate, ...]
    log_likelihood: float  # of all labels it was fitted to, in nats
    clustered: str  # what intervals are clustered by, or ""

    @property
    def model(self) -> Model:
        """The model that was fitted."""
        return self.design.model

    def __getitem__(self, name: str) -> float:
        """A parameter's estimate, by its name."""
        return next(e.value for e in self.estimates if e.name == name)

    def log_likelihoods(self, data: Annotations) -> Array:
        """Log likelihoods of other labels, in nats: [n] of each, or [T] of each task's labels where Δ is latent."""
        import torch

        design: Any = self.design.on(data)
        return np.asarray(design.log_likelihoods(torch.as_tensor(self.theta), design.tensors()).numpy())


def fit(model: Model, data: Annotations) -> Fit:
    """Fit `model` to `data`; InvalidInput, naming what, if the data do not tell some parameter from others.

    Deterministic: L-BFGS-B in float64 from a fixed start, on one thread (how many share a sum shows in its digits).
    """
    import scipy.optimize  # noqa: F401 (what is to keep to one thread must be there)
    import torch
    from threadpoolctl import threadpool_limits

    if torch.get_num_threads() != 1:
        torch.set_num_threads(1)
    with threadpool_limits(limits=1):
        return _fit(model, data)


def _fit(model: Model, data: Annotations) -> Fit:
    check(model, data)
    design = Curve.of(model, data) if model.family == "empirical" else Design.of(model, data)
    evidence = design.tensors()
    if not design.size:  # nothing to fit: a coin that never falls on its edge
        return Fit(design, np.zeros(0), np.zeros((0, 0)), (), -len(data) * float(np.log(2)), "")
    theta, value = _maximum(design, evidence)
    information = _information(design, evidence, theta)
    _identified(design, information / len(data))
    covariance, reach = np.asarray(np.linalg.inv(information), dtype=float), Z95
    by, cluster = data.clusters()
    if data.latent or "raters" in model.parts:  # tasks are independent; what raters have of their own is in the model
        by = ""
    if by:
        covariance, reach = _sandwich(covariance, _scores(design, evidence, theta), cluster)
    estimates = tuple(_estimate(q, theta, covariance, reach) for q in quantities(design, theta))
    return Fit(design, theta, covariance, estimates, -value, by)


def check(model: Model, data: Annotations) -> None:
    """InvalidInput if these annotations cannot tell the model's parameters."""
    if len(np.unique(data.label)) < 2:
        _refuse(data, f"every label is {int(data.label[0])}", "nothing can be learned from labels that do not differ")
    if data.latent:
        _overlapping(data)
    if "raters" in model.parts and len(data.workers) < 2:
        _refuse(data, "there is one rater only", "leave +raters out, or give labels of at least two")
    if "position" in model.parts and not data.placed:
        _refuse(data, "which of two items stands left is arbitrary in ratings", "leave +position out")
    if "raters" in model.parts and not data.persons:
        _refuse(data, "a column of these ratings is not one and the same person", "leave +raters out")
    if {"longer", "length"} & set(model.parts) and (data.words is None or not np.any(data.words)):
        fix = "give the texts as columns left and right, or left_words and right_words"
        _refuse(data, "the lengths of responses are not known, or never differ", fix)
    for name, column in zip(data.criteria, data.differences.T, strict=True):
        if not np.any(column):
            fix = f"leave left_{name} and right_{name} out"
            _refuse(data, f"left_{name} and right_{name} never differ, so their weight cannot be told", fix)


def _overlapping(data: Annotations) -> None:
    """InvalidInput unless people labelled the same tasks, and not always alike."""
    fix = "give criteria of either response (left_helpful, right_helpful), or labels of several raters on one task"
    if len(np.unique(data.task)) == len(data):
        _refuse(data, "nothing is known of how good responses are, and no two raters labelled the same task", fix)
    left, right = (np.bincount(data.task[data.label == side], minlength=int(data.task.max()) + 1) for side in (1, 2))
    if not np.any((left > 0) & (right > 0)):
        _refuse(data, "raters of one task never disagree, so nothing tells how noisy they are", fix)


def _refuse(data: Annotations, what: str, fix: str) -> None:
    raise InvalidInput(Problem(what, fix, data.source))


def _maximum(design: Layout, evidence: Any) -> tuple[Array, float]:
    """The parameters [P] of least loss, and that loss."""
    import torch
    from scipy.optimize import minimize

    n = len(design.data)

    def loss(values: Array) -> tuple[float, Array]:
        theta = torch.tensor(values, dtype=torch.float64, requires_grad=True)
        value = _loss(design, evidence, theta) / n
        (slope,) = torch.autograd.grad(value, theta)
        return value.item(), slope.numpy()

    options = {"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-8}
    found = minimize(loss, design.start, jac=True, method="L-BFGS-B", bounds=design.bounds, options=options)
    _noisy(design, evidence, found.x)
    _agreed(design, found.x)
    return np.asarray(found.x), float(found.fun) * n


def _noisy(design: Layout, evidence: Any, theta: Array) -> None:
    """InvalidInput if all decided labels follow the best fit, which then has no noise that could be estimated."""
    import torch

    if isinstance(design, Curve) or design.data.latent or design.part(theta, "slopes") is None:
        return
    margin = design.margin(torch.as_tensor(theta), evidence).numpy()
    label = design.data.label
    if not np.any((label == 1) & (margin <= 0) | (label == 2) & (margin >= 0)):
        what = f"every label follows the differences, so {design.model} finds no noise in them"
        _refuse(design.data, what, "raters without noise need no fit: temperature: 0, or flip: 0")


def _agreed(design: Layout, theta: Array) -> None:
    """InvalidInput if people who share tasks agree no more than by chance."""
    slopes = design.part(theta, "slopes") if isinstance(design, Design) and design.data.latent else None
    if slopes is not None and slopes[0] < 1e-4:
        fix = "give criteria of either response (left_helpful, right_helpful), or more labels"
        _refuse(design.data, "raters of one task agree no more than by chance, so their noise has no bound", fix)


def _loss(design: Layout, evidence: Any, theta: torch.Tensor) -> torch.Tensor:
    """Negative log likelihood, and what priors there are, in nats."""
    return design.penalty(theta) - design.log_likelihoods(theta, evidence).sum()


def _information(design: Layout, evidence: Any, theta: Array) -> Array:
    """The observed information [P, P]: second derivatives of the loss."""
    import torch

    at = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(_loss(design, evidence, at), at, create_graph=True)
    rows = [torch.autograd.grad(slope[p], at, retain_graph=True)[0] for p in range(len(theta))]
    return np.asarray(torch.stack(rows).numpy())


def _identified(design: Layout, information: Array) -> None:
    """InvalidInput, naming the parameters, if there is a direction in which the likelihood is flat."""
    values, vectors = np.linalg.eigh(information)
    if values[0] > _FLAT:
        return
    guilty = dict.fromkeys(n for n, v in zip(design.names, np.abs(vectors[:, 0]), strict=True) if v > 0.2)
    fix = "leave one of them out" if len(guilty) > 1 else "leave it out, or give more labels"
    _refuse(design.data, f"the labels do not tell {' from '.join(guilty)} in the model {design.model}", fix)


def _scores(design: Layout, evidence: Any, theta: Array) -> Array:
    """The gradient of each label's log likelihood [n, P]."""
    import torch

    at = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    each = design.log_likelihoods(at, evidence)
    weight = torch.zeros_like(each, requires_grad=True)  # the derivative of a weighted sum's slope by the weights
    (slope,) = torch.autograd.grad(each @ weight, at, create_graph=True)
    columns = [torch.autograd.grad(slope[p], weight, retain_graph=True)[0] for p in range(len(theta))]
    return np.asarray(torch.stack(columns, dim=1).numpy())


def _sandwich(bread: Array, scores: Array, cluster: Codes) -> tuple[Array, float]:
    """The clustered covariance [P, P], and the t quantile for that many clusters."""
    from scipy.stats import t

    sums = np.stack([np.bincount(cluster, weights=column) for column in scores.T], axis=1)
    count = len(np.unique(cluster))
    meat = sums.T @ sums * count / (count - 1)
    return bread @ meat @ bread, float(t.ppf(0.975, count - 1))


def _estimate(quantity: Quantity, theta: Array, covariance: Array, reach: float) -> Estimate:
    """A quantity of the fit and its interval."""
    import torch

    at = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    value = quantity.of(at)
    (slope,) = torch.autograd.grad(value, at)
    middle, d = value.item(), slope.numpy()
    half = reach * float(np.sqrt(d @ covariance @ d))
    ends = sorted(quantity.back(x) for x in (middle - half, middle + half))
    return Estimate(quantity.name, quantity.back(middle), ends[0], ends[1], quantity.meaning)
