"""Where alignment is lost: link by link along a path from users to the language model, and by noise or by bias.

In the gaussian world ρ multiplies along a chain of independent errors, so that losses −ln ρ add up. What they do not
add up to went another way: a side channel. Pure mathematics on utilities; who stands on which level, and how its own
randomness is drawn anew, is the analyzers' business (`analyzers/waterfall_levels.py`, `analyzers/given_labels.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.measures.statistics import centre, pearson

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Step:
    """One link of a path, or (place 0) the whole of it. What is undefined is NaN, and `why_nan` says why."""

    place: int  # 1 for the first link; 0 from end to end
    principal: str
    agent: str
    rho: float  # of the two parties' utilities
    loss: float  # −ln ρ
    reliability: float  # ρ between two redraws of the agent's own randomness
    noise: float  # −½ ln reliability: what ever more independent agents at that level would undo
    bias: float  # loss − noise: what they would not
    side_channel: float  # of the whole path: the links' losses less the loss from end to end
    share: float  # of the links' losses together; of the whole path, the loss from end to end as such a share
    why_nan: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is known of a level's own randomness: its reliability, or why that is not known.

    `hidden` is the factor (at most 1) by which a level is less reliable to those who learn from it than its utility on
    the panel shows: agreement on the way in is so much lower, and on the way out so much higher.
    """

    reliability: float = NAN
    why: str = ""
    hidden: float = 1.0

    @staticmethod
    def of(one: Array, other: Array, group: NDArray[np.int64]) -> Drawn:
        """From two redraws [n] that differ in nothing but this randomness."""
        return Drawn(pearson(centre(one, group), centre(other, group)))


def waterfall(
    path: Sequence[str],
    utilities: Mapping[str, Array],
    redraws: Mapping[str, tuple[Array, Array] | Drawn],
    group: NDArray[np.int64],
) -> list[Step]:
    """The steps of a path of levels, each with its `utilities` [n] on one panel, the whole path last.

    `redraws` holds, for the levels that were drawn anew, two utilities [n] that differ from the level's own in
    nothing but its own randomness, or what is known of it. If ρ = c·a, the part a lost to noise that is independent
    between redraws and the part c to bias that they share, then two redraws correlate at a², whence the split
    (attenuation; Spearman 1904). Where a ρ is not positive its logarithm is not taken. `group` [n] says which items
    answer the same prompt. The links' shares sum to 1 wherever all their losses are known and not all 0.
    """
    centred = {name: centre(utilities[name], group) for name in path}
    drawn = {n: d if isinstance(d, Drawn) else Drawn.of(*d, group) for n, d in redraws.items()}
    hidden = {name: drawn[name].hidden if name in drawn else 1.0 for name in path}
    steps = [
        _step(place, a, b, _moved(pearson(centred[a], centred[b]), hidden[b] / hidden[a]), drawn.get(b))
        for place, (a, b) in enumerate(pairwise(path), start=1)
    ]
    total = sum(step.loss for step in steps)
    steps = [replace(step, share=step.loss / total if total > 0 else NAN) for step in steps]
    whole = pearson(centred[path[0]], centred[path[-1]]) * hidden[path[-1]] / hidden[path[0]]
    return [*steps, _whole(steps, path[0], path[-1], whole)]


def _moved(rho: float, factor: float) -> float:
    return float(np.clip(rho * factor, -1.0, 1.0))


def _step(place: int, principal: str, agent: str, rho: float, drawn: Drawn | None) -> Step:
    loss, why = _loss(rho, f"{principal} and {agent}")
    reliability = NAN if drawn is None else drawn.reliability
    noise, why_noise = 0.5 * _loss(reliability)[0], ""
    if drawn is None:
        why_noise = f"{agent} is not drawn anew"
    elif np.isnan(noise):
        why_noise = drawn.why or _loss(reliability, f"two redraws of {agent}")[1]
    told = "; ".join(w for w in (why, why_noise) if w)
    return Step(place, principal, agent, rho, loss, reliability, noise, loss - noise, NAN, NAN, told)


def _whole(steps: Sequence[Step], first: str, last: str, rho: float) -> Step:
    loss, why = _loss(rho, f"{first} and {last}")
    total = sum(step.loss for step in steps)
    if not why and np.isnan(total):
        why = "a link of the path is undefined"
    share = loss / total if total > 0 else NAN
    return Step(0, first, last, rho, loss, NAN, NAN, NAN, total - loss, share, why)


def _loss(rho: float, between: str = "") -> tuple[float, str]:
    """−ln ρ, or NaN and why."""
    if np.isnan(rho):
        return NAN, f"one of {between} finds all items alike"
    if rho <= 0:
        return NAN, f"the correlation of {between} is not positive"
    return float(max(0.0, -np.log(min(rho, 1.0)))), ""
