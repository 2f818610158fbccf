"""Where alignment is lost: link by link along a path from users to the language model, and by noise or by bias.

In the gaussian world ρ multiplies along a chain of independent errors, so that losses −ln ρ add up. What they do not
add up to went another way: a side channel. Pure mathematics on utilities; who is asked, and how a level's own
randomness is drawn anew, is the observatory's business (`measures/redraws.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simlab.components import Array
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
    why_nan: str


def waterfall(
    path: Sequence[str],
    utilities: Mapping[str, Array],
    redraws: Mapping[str, tuple[Array, Array]],
    group: NDArray[np.int64],
) -> list[Step]:
    """The steps of a path of parties, each with its `utilities` [n] on one panel, the whole path last.

    `redraws` holds, for the levels that were drawn anew, two utilities [n] that differ from the party's own in
    nothing but its own randomness. If ρ = c·a, the part a lost to noise that is independent between redraws and the
    part c to bias that they share, then two redraws correlate at a², whence the split (attenuation; Spearman 1904).
    Where a ρ is not positive its logarithm is not taken. `group` [n] says which items answer the same prompt.
    """
    centred = {name: centre(utilities[name], group) for name in path}
    drawn = {name: tuple(centre(u, group) for u in pair) for name, pair in redraws.items()}
    steps = [
        _step(place, a, b, pearson(centred[a], centred[b]), drawn.get(b))
        for place, (a, b) in enumerate(pairwise(path), start=1)
    ]
    return [*steps, _whole(steps, path[0], path[-1], pearson(centred[path[0]], centred[path[-1]]))]


def _step(place: int, principal: str, agent: str, rho: float, redrawn: tuple[Array, ...] | None) -> Step:
    loss, why = _loss(rho, f"{principal} and {agent}")
    reliability = NAN if redrawn is None else pearson(*redrawn)
    noise, why_noise = 0.5 * _loss(reliability)[0], ""
    if redrawn is None:
        why_noise = f"{agent} is not drawn anew"
    elif np.isnan(noise):
        why_noise = _loss(reliability, f"two redraws of {agent}")[1]
    told = "; ".join(w for w in (why, why_noise) if w)
    return Step(place, principal, agent, rho, loss, reliability, noise, loss - noise, NAN, told)


def _whole(steps: Sequence[Step], first: str, last: str, rho: float) -> Step:
    loss, why = _loss(rho, f"{first} and {last}")
    side = sum(step.loss for step in steps) - loss
    if not why and np.isnan(side):
        why = "a link of the path is undefined"
    return Step(0, first, last, rho, loss, NAN, NAN, NAN, side, why)


def _loss(rho: float, between: str = "") -> tuple[float, str]:
    """−ln ρ, or NaN and why."""
    if np.isnan(rho):
        return NAN, f"one of {between} finds all items alike"
    if rho <= 0:
        return NAN, f"the correlation of {between} is not positive"
    return float(max(0.0, -np.log(min(rho, 1.0)))), ""
