"""The scene: what raters can see beside utilities, computed only when a policy asks for it.

A rater policy whose `choose` or `probabilities` has a parameter `scene` is given one. Made by hand, as in tests, a
scene shows what it was given: `RaterView(look={"length": lengths}.get)`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.components.shown_data import ShownData
from simlab.rng import branch, normals, uniforms

Lookup = Callable[[str], Array | None]

UNSAID = -1  # in place of a label: nobody has said anything yet, was asked, or could have said anything right
_SECOND = 0x5EC0  # the stream of further draws that go with given ones


def _nothing(what: str) -> Array | None:
    return None


@dataclass(frozen=True, slots=True)
class RaterView(ShownData):
    """What there is to see when n rankings of K responses are made; row i is for the person who makes the i-th.

    `see(what)` shows, or gives None where this world, or this moment, has none:

    - "length": words of each response [n, K];
    - "act:NAME": 1 where a response performs this act ("flatters", "refuses", …), else 0 [n, K];
    - "own": what each response is worth by this person's own values, guideline or not [n, K];
    - "features": each response as this person perceives it, in the dimensions of the world [n, K, D];
    - "machine:NAME": how good this party, a machine that has learnt something, finds each response [n, K];
    - "experience": rankings this person has made before this one [n];
    - "gold": 1 where this person recognises a golden question, else 0 [n].
    """

    key: int = 0  # of the pool's own stream, for what is drawn once a person
    look: Lookup = _nothing  # what `see` asks
    earlier: NDArray[np.int64] | None = None  # [n, pairs, 3] how many said 0, 1, 2 of this pair before; None: unseen

    def see(self, what: str) -> Array | None:
        """One of the things listed above."""
        return self.look(what)

    def pair(self, left: int, right: int, column: int) -> RaterView:
        """The same with two of the responses, and of the pairs only this one."""

        def look(what: str) -> Array | None:
            found = self.look(what)
            return found if found is None or found.ndim < 2 else found[:, [left, right]]

        earlier = None if self.earlier is None else self.earlier[:, [column]]
        return replace(self, look=look, earlier=earlier)


def shown(method: Callable[..., Any], scene: RaterView | None) -> dict[str, RaterView | None]:
    """The argument `scene` for a policy's method, if it takes one."""
    return {"scene": scene} if _takes_scene(getattr(method, "__func__", method)) else {}


@cache
def _takes_scene(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return any(p.name == "scene" or p.kind is p.VAR_KEYWORD for p in parameters)


# ---- draws --------------------------------------------------------------------------------------------------------


def lots(scene: RaterView | None, purpose: str, numbers: NDArray[np.int64]) -> Array:
    """A uniform draw for each of these persons [n], the same whenever a policy asks for this purpose again."""
    return uniforms(branch(0 if scene is None else scene.key, purpose), numbers)


def leanings(scene: RaterView | None, purpose: str, numbers: NDArray[np.int64]) -> Array:
    """The same with a standard normal draw."""
    return normals(branch(0 if scene is None else scene.key, purpose), numbers)


def second(draws: Array, purpose: str) -> Array:
    """Further uniform draws, one to go with each of `draws`, shaped like them: a hash of their 53 bits.

    For policies that decide twice, first this and then that, where the engine draws once.
    """
    bits = (draws * 2.0**53).astype(np.uint64)
    return uniforms(branch(_SECOND, purpose), bits)
