"""All laws, by id. A module that adds laws is listed here."""

from __future__ import annotations

from collections.abc import Iterable

from simlab.theory.law import Law
from simlab.theory.laws import (
    aggregation,
    agreement,
    attenuation,
    best_of_n,
    borda,
    bpref,
    choice,
    contracts,
    hiring,
    labor,
    looks,
    overoptimization,
    rater_accuracy,
    reward_model,
    run_consequences,
    run_depth,
    run_errors,
    run_inspection,
    run_machines,
    run_measures,
    run_orders,
    run_people,
    run_validity,
    waiting,
)
from simlab.theory.laws import broadcast_tree as tree
from simlab.theory.laws import correlation as currency
from simlab.theory.laws import policy_optimum as policy
from simlab.theory.laws import published_fits as fits

_MODULES = (
    currency,
    attenuation,
    tree,
    choice,
    bpref,
    agreement,
    rater_accuracy,
    aggregation,
    borda,
    fits,
    reward_model,
    policy,
    best_of_n,
    overoptimization,
    labor,
    contracts,
    hiring,
    looks,
    waiting,
    run_consequences,
    run_errors,
    run_inspection,
    run_depth,
    run_machines,
    run_measures,
    run_orders,
    run_validity,
    run_people,
)


def _by_id(laws: Iterable[Law]) -> dict[str, Law]:
    """Laws by id; ValueError if two are called alike."""
    found: dict[str, Law] = {}
    for law in laws:
        if law.id in found:
            raise ValueError(f"two laws are called {law.id}")
        found[law.id] = law
    return found


LAWS: dict[str, Law] = _by_id(law for module in _MODULES for law in module.LAWS)


def families() -> list[str]:
    """The families of laws, each once, in order."""
    return list(dict.fromkeys(law.family for law in LAWS.values()))
