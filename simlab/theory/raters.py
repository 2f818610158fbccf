"""Raters of the simulator put to one pair, or one ranking, many times: what laws of choice are observed with."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simlab.arrays import Array
from simlab.components.cohort import Cohort
from simlab.components.component import Component
from simlab.components.rater_policy import RaterPolicy
from simlab.plugins.registry import Registry, discover
from simlab.rng import Streams, uniforms


@cache
def registry() -> Registry:
    """The built-in plugins, found once."""
    return discover(None, (), False)


def component(kind: str, name: str, **parameters: Any) -> Component:
    """A built-in component with these parameters."""
    return registry().get(kind, name)(**parameters)


def policy(name: str, **parameters: Any) -> RaterPolicy:
    """A built-in rater policy with these parameters."""
    made = component("rater", name, **parameters)
    assert isinstance(made, RaterPolicy)
    return made


def cohort(count: int, **columns: ArrayLike) -> Cohort:
    """`count` raters who differ in nothing but the columns given, each a value or one a rater."""
    plain: dict[str, ArrayLike] = {
        "number": np.arange(count), "misread": np.zeros((count, 1)), "own": np.zeros((count, 1)),
        "vector": np.zeros((count, 1)), "skill": np.ones((count, 1)), "knowledge": 1.0,
        "noise": 1.0, "seconds": 30.0, "wage": 21.0, "hired": 0.0, "ended": np.nan, "tasks": 0, "audited": 0.0,
        "agreed": 0.0, "warnings": 0, "hours": 0.0, "unpaid": 0.0,
    }  # fmt: skip
    made: dict[str, NDArray[Any]] = {}
    for name, value in (plain | columns).items():
        array = np.asarray(value)
        made[name] = array if array.ndim else np.full(count, value)
    return Cohort(**made)


def draws(seed: int, name: str, count: int, options: int = 2) -> Array:
    """The uniform draws [count, K + K(K−1)/2] that a pool would hand its policy for so many rankings of K."""
    columns = np.arange(options + options * (options - 1) // 2)
    return uniforms(Streams(seed).key("theory", name), np.arange(count)[:, None], columns[None, :])


def labels(seed: int, rater: RaterPolicy, utilities: ArrayLike, count: int, name: str = "labels") -> NDArray[np.int64]:
    """What `count` independent raters with these utilities [K] say of every pair [count, K(K−1)/2]."""
    each = np.tile(np.asarray(utilities, dtype=float), (count, 1))
    return rater.choose(each, cohort(count), draws(seed, name, count, each.shape[1]))
