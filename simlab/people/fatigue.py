"""What work does to people: they tire and recover, get practised, are exposed to harm, and may leave of it.

Pure functions of arrays over people (or over their answers); who has which of these is said in the scenario
(`scenario/conditions.py`), and `parties/working_life.py` keeps the state.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array


def faded(stock: Array, time: Array | float, half_life: float) -> Array:
    """What is left [R] of a stock after some time, in the unit of its half-life."""
    return stock * np.exp2(-np.asarray(time) / half_life)


def before(who: NDArray[np.int64], hours: Array) -> Array:
    """Hours [n] that person who[i] has worked at the earlier ones of these pieces of work, in their order."""
    order = np.argsort(who, kind="stable")
    running = np.cumsum(hours[order]) - hours[order]
    starts = np.flatnonzero(np.r_[True, np.diff(who[order]) != 0]) if len(who) else np.zeros(0, dtype=np.int64)
    first = np.repeat(running[starts], np.diff(np.r_[starts, len(who)]))
    found = np.empty(len(who))
    found[order] = running - first
    return found


def noise_of_fatigue(fatigue: Array, rate: float) -> Array:
    """Factor of the noise of choice after so many hours of fatigue: exp(rate·hours)."""
    return np.asarray(np.exp(rate * fatigue))


def practised(tasks: NDArray[np.int64], exponent: float, floor: float) -> Array:
    """Factor of time or noise after so many tasks: the power law of practice (Newell & Rosenbloom 1981), floor +
    (1 − floor)·(1 + tasks)^−exponent."""
    return np.asarray(floor + (1 - floor) * (1.0 + tasks) ** -exponent, dtype=np.float64)


def quit_hazard(rate: float, pay: Array, outside: float, weight: float, strain: Array | float = 0.0) -> Array:
    """Hazard of quitting [R] per day: rate·max(1, outside/pay)^weight·e^strain (proportional hazards, Cox 1972).

    `pay` and `outside` are in $ per hour: only being paid worse than elsewhere matters. Who is paid nothing while
    there is something elsewhere leaves for certain (∞), if wages weigh at all.
    """
    pull = np.zeros(len(pay))
    if outside > 0 and weight > 0:
        with np.errstate(divide="ignore"):
            pull = weight * np.maximum(np.log(outside) - np.log(pay), 0.0)
    return np.asarray(rate * np.exp(pull + strain))


def leaving(hazard: Array, days: float) -> Array:
    """Chance [R] to leave within so many days at a constant hazard per day."""
    return -np.expm1(-hazard * days)
