"""Looks: what a principal finds who holds people against one another, against themselves, or against uncertain gold.

Observations put the simulator's raters to pairs and ask the shipped looks; predictions are closed forms.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.components.look import DeliveredWork, Look
from simlab.components.rater_view import UNSAID
from simlab.rng import Streams, uniforms
from simlab.theory.law import REPLICATIONS, Control, Law
from simlab.theory.raters import cohort, component, draws, policy

COUNT = 4000  # pairs that everybody ranks
Labels = NDArray[np.int64]


def _right(seed: int, left: float) -> Labels:
    """The better side of each pair: the left with this chance."""
    return np.where(uniforms(Streams(seed).key("theory", "better"), np.arange(COUNT)) < left, 1, 2)


def _said(seed: int, flip: float, better: Labels, name: str) -> Labels:
    """What somebody who errs so often says of each pair."""
    utilities = np.stack([better == 1, better == 2], axis=1).astype(float)
    said = policy("mistaken", flip=flip).choose(utilities, cohort(COUNT), draws(seed, name, COUNT))
    return np.asarray(said)[:, 0]


def _scores(name: str, labels: list[Labels], parameters: dict[str, Any] | None = None, **known: NDArray[Any]) -> Array:
    """The scores [pairs, people] that a look gives people who said this of the same pairs."""
    plugin = component("look", name, **(parameters or {}))
    assert isinstance(plugin, Look)
    people, n = len(labels), COUNT * len(labels)
    columns: dict[str, Any] = {
        "pair": np.repeat(np.arange(COUNT), people),
        "who": np.tile(np.arange(people), COUNT),
        "label": np.stack(labels, axis=1).ravel(),
        "rows": np.arange(n),
        "difference": np.ones(n),
        "opinion": np.full((n, max(1, plugin.opinions)), UNSAID),
        "again": np.full(n, UNSAID),
        "machine": np.full(n, np.nan),
        "lot": np.full(n, 0.5),
    }
    return np.asarray(plugin.score(DeliveredWork(**{**columns, **known}))).reshape(COUNT, people)


def _payment(seed: int, *, left: float, flips: list[float], look: str = "dasgupta_ghosh") -> float:
    """What the first of two people is paid by peer prediction, R."""
    better = _right(seed, left)
    labels = [_said(seed, flip, better, f"rater {place}") for place, flip in enumerate(flips)]
    return float(2 * _scores(look, labels)[:, 0].mean() - 1)


def _uninformed(seed: int, *, left: float, says_left: float) -> float:
    """What somebody is paid who marks the left with this chance, whatever the pair, beside somebody who errs seldom."""
    lot = uniforms(Streams(seed).key("theory", "habit"), np.arange(COUNT))
    labels = [np.where(lot < says_left, 1, 2), _said(seed, 0.1, _right(seed, left), "peer")]
    return float(2 * _scores("dasgupta_ghosh", labels)[:, 0].mean() - 1)


def _agreement_of_uninformed(left: float, says_left: float) -> float:
    """How often that person agrees with the other, mapped as the payment is."""
    other = 0.9 * left + 0.1 * (1 - left)
    return 2 * (says_left * other + (1 - says_left) * (1 - other)) - 1


def _signals(seed: int, *, joint: list[list[float]]) -> float:
    """What two people are paid by correlated agreement whose labels, undecided ones among them, are distributed so."""
    table = np.array(joint)
    lot = uniforms(Streams(seed).key("theory", "signals"), np.arange(COUNT))
    cell = np.minimum(np.searchsorted(np.cumsum(table.ravel()), lot), table.size - 1)
    first, second = np.divmod(cell, len(table))
    return float(2 * _scores("correlated_agreement", [first, second]).mean() - 1)


def _positive_part(joint: list[list[float]]) -> float:
    table = np.array(joint)
    delta = table - np.outer(table.sum(axis=1), table.sum(axis=0))
    return float(delta[delta > 0].sum())


def _trace(joint: list[list[float]]) -> float:
    """The same, if only equal labels agreed."""
    table = np.array(joint)
    return float(np.trace(table - np.outer(table.sum(axis=1), table.sum(axis=0))))


def _consistent(seed: int, *, flip: float) -> float:
    better = _right(seed, 0.5)
    again = _said(seed, flip, better, "again")
    return float(_scores("self_consistency", [_said(seed, flip, better, "once")], again=again).mean())


def _certain(seed: int, *, error: float, experts: int) -> float:
    """How often somebody who is always right is found wrong by gold on which so many experts agree."""
    better = _right(seed, 0.5)
    opinion = np.full((COUNT, 9), UNSAID)
    for expert in range(experts):
        opinion[:, expert] = _said(seed, error, better, f"expert {expert}")
    chosen = {"experts": experts, "lowest": 0.0, "highest": 1.0}
    return float(1 - np.nanmean(_scores("certain_gold", [better], chosen, opinion=opinion)))


def _doubled(seed: int, *, flips: list[float], error: float) -> float:
    better = _right(seed, 0.5)
    first, second = (_said(seed, flip, better, f"rater {place}") for place, flip in enumerate(flips))
    opinion = _said(seed, error, better, "arbiter")[:, None]
    return float(_scores("double_work", [first], again=second, opinion=opinion).mean())


def _arbitrated(flips: list[float], error: float) -> float:
    a, b = (1 - flip for flip in flips)
    return a * b + (1 - a) * (1 - b) + a * (1 - b) * (1 - error) + (1 - a) * b * error


LAWS = (
    Law(
        id="looks.peer_prediction",
        says="a truthful label is paid 2q(1 − q)(1 − 2ε₁)(1 − 2ε₂) by agreement less agreement on other pairs",
        source="Dasgupta & Ghosh (2013, WWW), of the payment; its expectation is twice a covariance",
        path="plugins/looks/dasgupta_ghosh.py:DasguptaGhosh.score",
        regime="language model",
        points=(
            {"left": 0.5, "flips": [0.1, 0.2]},
            {"left": 0.8, "flips": [0.1, 0.3]},
            {"left": 0.5, "flips": [0.2, 0.2], "look": "correlated_agreement"},
        ),
        predicted=lambda left, flips, look="": 2 * left * (1 - left) * (1 - 2 * flips[0]) * (1 - 2 * flips[1]),
        observe=_payment,
        control=Control(
            params={"left": 0.8, "flips": [0.1, 0.3]},
            wrong="agreement with the peer, less one half",
            predicted=lambda left, flips: (1 - 2 * flips[0]) * (1 - 2 * flips[1]) / 2,
        ),
        margin=0.02,
        replications=REPLICATIONS,
    ),
    Law(
        id="looks.uninformed",
        says="a label that does not depend on the pair is paid nothing by peer prediction",
        source="Dasgupta & Ghosh (2013, WWW); Shnayder et al. (2016, EC): reports without information are paid 0",
        path="plugins/looks/dasgupta_ghosh.py:DasguptaGhosh.score",
        regime="language model",
        points=(
            {"left": 0.5, "says_left": 0.5},
            {"left": 0.9, "says_left": 1.0},
            {"left": 0.3, "says_left": 0.8},
        ),
        predicted=lambda left, says_left: 0.0,
        observe=_uninformed,
        control=Control(
            params={"left": 0.9, "says_left": 1.0},
            wrong="agreement with the peer, which pays the habit",
            predicted=_agreement_of_uninformed,
        ),
        margin=0.02,
        replications=REPLICATIONS,
    ),
    Law(
        id="looks.correlated_agreement",
        says="truthful labels are paid the sum of the positive part of Δ = P(a, b) − P(a)P(b)",
        source="Shnayder, Agarwal, Frongillo & Parkes (2016, EC): the Correlated Agreement mechanism",
        path="plugins/looks/correlated_agreement.py:CorrelatedAgreement.score",
        regime="language model",
        points=(
            {"joint": [[0.0, 0.0, 0.0], [0.0, 0.4, 0.15], [0.0, 0.15, 0.3]]},
            {"joint": [[0.3, 0.05, 0.05], [0.05, 0.2, 0.05], [0.05, 0.05, 0.2]]},
            {"joint": [[0.02, 0.1, 0.08], [0.1, 0.28, 0.02], [0.08, 0.02, 0.3]]},
        ),
        predicted=_positive_part,
        observe=_signals,
        control=Control(
            params={"joint": [[0.02, 0.1, 0.08], [0.1, 0.28, 0.02], [0.08, 0.02, 0.3]]},
            wrong="only equal labels agree",
            predicted=_trace,
        ),
        margin=0.02,
        replications=REPLICATIONS,
    ),
    Law(
        id="looks.self_consistency",
        says="somebody who errs by accident with chance ε says the same again with chance 1 − 2ε(1 − ε)",
        source="two independent flips agree if both or neither err",
        path="plugins/looks/self_consistency.py:SelfConsistency.score",
        regime="language model",
        points=({"flip": 0.1}, {"flip": 0.2}, {"flip": 0.4}),
        predicted=lambda flip: 1 - 2 * flip * (1 - flip),
        observe=_consistent,
        control=Control(params={"flip": 0.2}, wrong="the share that is right", predicted=lambda flip: 1 - flip),
        margin=0.02,
        replications=REPLICATIONS,
    ),
    Law(
        id="looks.certain_gold",
        says="gold on which m experts agree who err with chance η is wrong with chance ηᵐ/(ηᵐ + (1 − η)ᵐ)",
        source="Bayes' rule, for independent experts and either side as likely",
        path="plugins/looks/certain_gold.py:CertainGold.score",
        regime="language model",
        points=({"error": 0.2, "experts": 2}, {"error": 0.3, "experts": 3}, {"error": 0.1, "experts": 1}),
        predicted=lambda error, experts: error**experts / (error**experts + (1 - error) ** experts),
        observe=_certain,
        control=Control(
            params={"error": 0.3, "experts": 3},
            wrong="all of them err, whether or not they agree",
            predicted=lambda error, experts: error**experts,
        ),
        margin=0.02,
        replications=REPLICATIONS,
    ),
    Law(
        id="looks.double_work",
        says="with arbitration by somebody who errs with chance η, the score is ab + āb̄ + ab̄(1 − η) + ābη",
        source="independent double reading with arbitration; enumeration of who is right",
        path="plugins/looks/double_work.py:DoubleWork.score",
        regime="language model",
        points=(
            {"flips": [0.2, 0.2], "error": 0.0},
            {"flips": [0.3, 0.1], "error": 0.1},
            {"flips": [0.05, 0.4], "error": 0.3},
        ),
        predicted=_arbitrated,
        observe=_doubled,
        control=Control(
            params={"flips": [0.3, 0.1], "error": 0.1},
            wrong="the share that is right",
            predicted=lambda flips, error: 1 - flips[0],
        ),
        margin=0.02,
        replications=REPLICATIONS,
    ),
)
