"""Fits of published data, to the digits printed."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from simlab.arrays import Array
from simlab.theory.law import Control, Law
from simlab.theory.published_data import CITATIONS, CITED, PUDDING_FIT, PUDDINGS


def _cited(seed: int, *, journal: int) -> float:
    """The score of a journal, Biometrika's at 0, in the simulator's own Bradley–Terry fit."""
    from simlab.nets.closed_form import fit_linear

    journals = np.eye(4)
    rows = [np.tile(journals[i] - journals[j], (first + second, 1)) for i, j, first, second in CITATIONS]
    said = [np.repeat([1, 2], [first, second]) for _, _, first, second in CITATIONS]
    fitted = fit_linear(np.concatenate(rows), np.concatenate(said))
    return float(fitted[journal] - fitted[0])


@cache
def _puddings() -> dict[str, float]:
    """Shares π_i/Σπ and ν at the minimum of the loss with Davidson's ties that networks descend."""
    import torch
    from scipy.optimize import minimize

    from simlab.nets.preference import bradley_terry_loss

    i, j, *outcomes = np.array(PUDDINGS).T
    puddings = torch.as_tensor(np.eye(6)[np.repeat(i - 1, 3)] - np.eye(6)[np.repeat(j - 1, 3)])
    label, times = torch.as_tensor(np.tile([1, 2, 0], len(i))), np.stack(outcomes, axis=1).ravel().tolist()
    rows = torch.as_tensor(np.repeat(np.arange(len(times)), times))

    def loss(given: Array) -> tuple[float, Array]:
        x = torch.tensor(given, dtype=torch.float64, requires_grad=True)
        value = bradley_terry_loss((puddings @ x[:6])[rows], label[rows], ties="davidson", tie=x[6])
        (slope,) = torch.autograd.grad(value, x)
        return value.item(), slope.numpy()

    *utilities, tie = minimize(loss, np.zeros(7), jac=True, method="BFGS", options={"gtol": 1e-10}).x
    weights = np.exp(utilities)
    return {**{str(k + 1): float(w / weights.sum()) for k, w in enumerate(weights)}, "nu": math.exp(tie)}


LAWS = (
    Law(
        id="fits.citations",
        says="citations among four journals of statistics: scores beside Biometrika's",
        source="Agresti, Categorical Data Analysis, §10.6; data of Stigler (1994), Statistical Science 9",
        path="simlab/nets/closed_form.py:fit_linear",
        regime="exact",
        points=({"journal": 1}, {"journal": 2}, {"journal": 3}),
        predicted=lambda journal: CITED[journal],
        observe=_cited,
        margin=6e-5,
        control=Control(
            params={"journal": 1},
            wrong="the log odds of citations between the two alone",
            predicted=lambda journal: math.log(33 / 730),
        ),
    ),
    Law(
        id="fits.puddings",
        says="six chocolate puddings, ties included: shares of Σπ, and ν",
        source="Davidson (1970), JASA 65, example 2",
        path="simlab/nets/pairwise.py:bradley_terry_loss",
        regime="exact",
        points=({"parameter": "nu"}, {"parameter": "1"}, {"parameter": "6"}, {"parameter": "3"}),
        predicted=lambda parameter: PUDDING_FIT[parameter],
        observe=lambda seed, parameter: _puddings()[parameter],
        margin=6e-5,
        control=Control(
            params={"parameter": "nu"},
            wrong="ν of ties between equals, from their share of all comparisons",
            predicted=lambda parameter: 2 * 202 / (745 - 202),
        ),
    ),
)
