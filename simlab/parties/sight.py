"""Sight: what people perceive of responses, and the scene a rater policy may ask for.

Whatever costs time is worked out when a policy asks for it, and not before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simlab.answers import not_numbers
from simlab.components import Array, RaterPolicy
from simlab.errors import PluginFailed
from simlab.parties.delegation import machine_called, opinion
from simlab.parties.wellbeing import before
from simlab.scene import Scene, once, turns
from simlab.streams import normals
from simlab.worlds.game import Indices, Items

if TYPE_CHECKING:
    from simlab.parties.people import People


def perceived(pool: People, items: Items, who: Indices, ids: NDArray[Any] | None) -> Array:
    """Features [n, D] of item i as person `who[i]` perceives them; with response `ids` [n], through noise.

    Unskilled eyes blur: ŝ = mid + skill·(s − mid) + (1 − skill)·difficulty·z, with z drawn per person, response and
    dimension.
    """
    assert pool.cohort is not None
    game = pool.simulation.game
    features = game.perceived(items, pool.observers, who)
    blurred = pool.cohort.skill.min(initial=1.0) < 1  # most pools have nobody to whom anything is blurred
    if blurred and np.any((skill := pool.cohort.skill[who]) < 1):
        features = game.midpoint + skill * (features - game.midpoint)
        if ids is not None:
            key = pool.simulation.streams.key(pool.name, "perception")
            z = normals(key, who[:, None], ids[:, None], game.dimension_keys[None, :])
            features = features + (1 - skill) * game.difficulty * z
    return features


@dataclass(frozen=True, slots=True)
class Sight:
    """What n people have before them: K responses each."""

    pool: People
    items: Items  # [n·K], ranking after ranking
    who: Indices  # [n]
    ids: NDArray[Any]  # [n·K] what keys how each response is perceived
    begun: Indices | None = None  # [R] rankings everybody made in this shift before these, not yet counted
    kept: dict[str, Array | None] = field(default_factory=dict)  # what was looked at before

    def scene(self, rows: Indices | slice, earlier: NDArray[np.int64] | None) -> Scene:
        """The scene for some of them, with what was said of the same pairs before [m, pairs, 3]."""

        def look(what: str) -> Array | None:
            if what not in self.kept:
                self.kept[what] = self.look(what)
            found = self.kept[what]
            return None if found is None else found[rows]

        return scene_of(self.pool, look, earlier)

    def look(self, what: str) -> Array | None:
        """As `Scene.see`."""
        game, (topic, _, name) = self.pool.simulation.game, what.partition(":")
        cohort = self.pool.cohort
        assert cohort is not None
        each: Array | None = None
        if topic == "experience":
            done = cohort.tasks if self.begun is None else cohort.tasks + self.begun
            return np.asarray(done[self.who] + before(self.who, np.ones(len(self.who))))
        if topic == "length":
            each = game.lengths(self.items)
        elif topic == "act":
            each = game.performs(self.items, name)
        elif topic == "machine":
            machine = machine_called(self.pool.simulation, name)
            each = None if machine is None else opinion(machine, self.items)
        elif topic in ("own", "features"):
            people = np.repeat(self.who, len(self.items) // len(self.who))
            each = perceived(self.pool, self.items, people, self.ids)
            each = each if topic == "features" else self.pool.weighing.utilities(each, cohort.own[people])
        return None if each is None else each.reshape(len(self.who), -1, *each.shape[1:])


def looked_at(pool: People, who: Indices) -> Array:
    """The share of their answers that these people [n] look at: by the effort they take, and as their policy has it."""
    assert pool.cohort is not None
    care = pool.life.lives.care[who] if pool.spec.effort.reckons else np.ones(len(who))
    if type(pool.policy).attention is RaterPolicy.attention:  # of very many, nobody need be asked
        return care
    cohort = pool.cohort.looked_up(who)
    found = pool.ask_policy(lambda: pool.policy.attention(cohort, scene_of(pool)))
    if wrong := not_numbers(found, (len(who),)):
        raise PluginFailed.returned(pool.policy, f"must give a share for each person; it gave {wrong}", "attention")
    if not ((found >= 0) & (found <= 1)).all():
        raise PluginFailed.returned(pool.policy, "must give shares in [0, 1]", "attention")
    return np.asarray(care * found)


def scene_of(pool: People, look: Any = None, earlier: NDArray[np.int64] | None = None) -> Scene:
    """A scene of this pool; without a `look`, people see nothing but utilities and know who they are."""
    key = pool.simulation.streams.key(pool.name, "policy")
    return Scene(key, earlier=earlier) if look is None else Scene(key, look, earlier)


def turns_of(
    pool: People, label: NDArray[np.int64], lot: NDArray[Any], who: Indices, key: int, said: NDArray[np.int64] | None
) -> Iterable[tuple[Any, NDArray[np.int64] | None]]:
    """Who labels at once, and what each was shown of earlier labels: everybody and nothing, or, where the policy goes
    by what others said, those of one task after the other (see `scene.turns`); auditors are shown what they audit."""
    if "earlier" not in pool.policy.needed():
        return [(slice(None), None)]
    return turns(label, lot, who, key) if said is None else [(slice(None), once(said))]
