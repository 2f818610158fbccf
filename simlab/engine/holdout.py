"""Held out: prompts that are kept from reward models, to test them on what they have not learned from.

Which ones is drawn once a run, by what each prompt says. So they are the same in every round and for every pool, and
whatever is said to such a prompt teaches no reward model anything. In worlds of vectors every ranking has a prompt of
its own, which a response does not depend on; there rankings are held out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simlab.rng import Streams, uniforms
from simlab.worlds.text import TextGame

if TYPE_CHECKING:
    from simlab.engine.context import Context


LEAST = 2  # prompts that are left to learn from


def share_held_out(context: Context, machine: str = "") -> float:
    """The share of prompts that is kept from a machine that learns rankings, or from any: the largest of those that
    the pools above it name, and a table it learns from, so that what one of them holds out is not taught by another;
    nor by those above a machine that reads with the same trunk."""
    scenario = context.scenario
    models = [name for name, spec in scenario.parties.items() if spec.kind in ("reward_model", "language_model")]
    trunks = {name: getattr(scenario.parties[name], "trunk", None) or name for name in models}
    taught = [name for name in models if trunks[name] == trunks[machine]] if machine else models
    teachers = [scenario.parties[r.principal] for r in scenario.relations if r.agent in taught]
    teachers += [spec for n in taught if (spec := getattr(scenario.parties[n], "preferences", None)) is not None]
    return max((float(getattr(spec, "held_out", 0.0)) for spec in teachers), default=0.0)


def prompts_held_out(context: Context, share: float) -> NDArray[np.bool_]:
    """Which prompts of a world of words are held out [prompts]: `share` of those that may be compared, but at least
    one, and at least two are left to learn from; so of one or two none. A larger share holds out the same and more."""
    game = context.game
    assert isinstance(game, TextGame)
    texts = [prompt.text for prompt in game.prompts]
    allowed = game.may_be_compared(np.arange(len(texts)))
    candidates = list(dict.fromkeys(text for text, may in zip(texts, allowed.tolist(), strict=True) if may))
    count = min(max(1, round(share * len(candidates))), len(candidates) - LEAST) if share else 0
    keys = np.array([Streams(0).key(text) for text in candidates], dtype=np.uint64)
    lot = uniforms(context.rng.key("prompts held out"), keys)
    kept = {candidates[row] for row in np.argsort(lot, kind="stable")[: max(0, count)].tolist()}
    return np.array([text in kept for text in texts], dtype=bool)
