"""Perception: what people perceive of responses, and the scene a rater policy may ask for.

Whatever costs time is worked out when a policy asks for it, and not before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array, Indices
from simlab.components.rater_policy import RaterPolicy
from simlab.components.rater_view import RaterView, shown
from simlab.components.return_values import not_numbers
from simlab.errors import PluginFailed
from simlab.people.delegation import machine_called
from simlab.people.fatigue import before
from simlab.people.golden import recognised
from simlab.rng import branch, hashes, normals
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.people.roster import Roster


def perceived(pool: Roster, items: Items, who: Indices, ids: NDArray[Any] | None) -> Array:
    """Features [n, D] of item i as person `who[i]` perceives them; with response `ids` [n], through noise.

    Unskilled eyes blur: ŝ = mid + skill·(s − mid) + (1 − skill)·difficulty·z, with z drawn per person, response and
    dimension.
    """
    return blurred(pool, pool.context.game.perceived(items, pool.observers, who), who, ids)


def blurred(pool: Roster, features: Array, who: Indices, ids: NDArray[Any] | None) -> Array:
    """What `perceived` makes of features [n, D] as these people believe them to be."""
    game = pool.context.game
    unskilled = pool.cohort.skill.min(initial=1.0) < 1  # most pools have nobody to whom anything is blurred
    if unskilled and np.any((skill := pool.cohort.skill[who]) < 1):
        features = game.midpoint + skill * (features - game.midpoint)
        if ids is not None:
            key = pool.context.rng.key(pool.name, "perception")
            z = normals(key, who[:, None], ids[:, None], game.dimension_keys[None, :])
            features = features + (1 - skill) * game.difficulty * z
    return features


@dataclass(frozen=True, slots=True)
class Perception:
    """What n people have before them: K responses each."""

    pool: Roster
    source: Items  # [n·K], ranking after ranking, or that of which those are `at` these places
    who: Indices  # [n]
    ids: NDArray[Any]  # [n·K] what keys how each response is perceived
    ranked_before: Indices | None = None  # [R] rankings everybody made in this shift before these, not yet counted
    tasks: NDArray[Any] | None = None  # [n] what keys each ranking; None: of no task that was handed out
    kept: dict[str, Array | None] = field(default_factory=dict)  # what was looked at before
    at: Indices | None = None  # [n·K]

    @property
    def items(self) -> Items:
        """The responses [n·K], ranking after ranking."""
        return self.source if self.at is None else self.source[self.at]

    def scene(self, rows: Indices | slice, earlier: NDArray[np.int64] | None) -> RaterView:
        """The scene for some of them, with what was said of the same pairs before [m, pairs, 3]."""

        def look(what: str) -> Array | None:
            if what not in self.kept:
                self.kept[what] = self.look(what)
            found = self.kept[what]
            return None if found is None else found[rows]

        return scene_of(self.pool, look, earlier)

    def look(self, what: str) -> Array | None:
        """As `RaterView.see`."""
        game, (topic, _, name) = self.pool.context.game, what.partition(":")
        cohort = self.pool.cohort
        each: Array | None = None
        if topic == "experience":
            done = cohort.tasks if self.ranked_before is None else cohort.tasks + self.ranked_before
            return np.asarray(done[self.who] + before(self.who, np.ones(len(self.who))))
        if topic == "gold":
            gold = None if self.tasks is None else recognised(self.pool, self.who, self.tasks)
            return None if gold is None else gold.astype(float)
        if topic == "length":
            each = game.lengths(self.items)
        elif topic == "act":
            each = game.performs(self.items, name)
        elif topic == "machine":
            machine = machine_called(self.pool.context, name)
            each = None if machine is None else machine.opinion(self.items)
        elif topic in ("own", "features"):
            people = np.repeat(self.who, len(self.items) // len(self.who))
            each = perceived(self.pool, self.items, people, self.ids)
            each = each if topic == "features" else self.pool.utility_function.utilities(each, cohort.own[people])
        return None if each is None else each.reshape(len(self.who), -1, *each.shape[1:])


def looked_at(pool: Roster, who: Indices) -> Array:
    """The share of their answers that these people [n] look at: by the effort they take, and as their policy has it."""
    care = pool.work_state.care[who] if pool.spec.effort.reckons else np.ones(len(who))
    if type(pool.policy).attention is RaterPolicy.attention:  # of very many, nobody need be asked
        return care
    cohort = pool.cohort.looked_up(who)
    method = pool.policy.attention
    found = pool.ask_policy(lambda: method(cohort, **shown(method, scene_of(pool))))
    if wrong := not_numbers(found, (len(who),)):
        raise PluginFailed.returned(pool.policy, f"must give a share for each person; it gave {wrong}", "attention")
    share = np.asarray(found)
    if not ((share >= 0) & (share <= 1)).all():
        raise PluginFailed.returned(pool.policy, "must give shares in [0, 1]", "attention")
    return np.asarray(care * share)


def scene_of(pool: Roster, look: Any = None, earlier: NDArray[np.int64] | None = None) -> RaterView:
    """A scene of this pool; without a `look`, people see nothing but utilities and know who they are."""
    key = pool.context.rng.key(pool.name, "policy")
    return RaterView(key, earlier=earlier) if look is None else RaterView(key, look, earlier)


def turns_of(
    pool: Roster,
    label: NDArray[np.int64],
    ranking_keys: NDArray[Any],
    who: Indices,
    key: int,
    earlier_labels: NDArray[np.int64] | None,
) -> Iterable[tuple[Any, NDArray[np.int64] | None]]:
    """Who labels at once, and what each was shown of earlier labels: everybody and nothing, or, where the policy goes
    by what others said, those of one task after the other (see `turns`); auditors are shown what they audit."""
    if "earlier" not in pool.policy.needed():
        return [(slice(None), None)]
    return turns(label, ranking_keys, who, key) if earlier_labels is None else [(slice(None), once(earlier_labels))]


def turns(
    label: NDArray[np.int64], ranking_keys: NDArray[Any], who: NDArray[np.int64], key: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Let those who rank the same responses do so one after the other: rows [m], and what was said before them.

    Rankings of equal `ranking_keys` [n] are of the same responses. Who comes first is a draw keyed by task and person,
    so it depends neither on the order of the rows nor on who else is in the pool. Between two turns the caller has
    written the labels of the first into `label` [n, pairs]. The second of the pair is a count [m, pairs, 3] of
    earlier labels 0, 1 and 2.
    """
    _, task = np.unique(ranking_keys, return_inverse=True)
    order = np.lexsort((hashes(branch(key, "turn"), ranking_keys, who), task))
    first = np.flatnonzero(np.r_[True, np.diff(task[order]) != 0]) if len(order) else order
    turn = np.empty(len(order), dtype=np.int64)
    turn[order] = np.arange(len(order)) - np.repeat(first, np.diff(np.r_[first, len(order)]))
    pairs = np.arange(label.shape[1])[None, :]
    said = np.zeros((len(first), label.shape[1], 3), dtype=np.int64)
    for place in range(int(turn.max(initial=-1)) + 1):
        rows = np.flatnonzero(turn == place)
        yield rows, said[task[rows]]
        said[task[rows][:, None], pairs, label[rows]] += 1  # one row a task and turn


def once(label: NDArray[np.int64]) -> NDArray[np.int64]:
    """Labels [n, pairs] that somebody has given before, as counts [n, pairs, 3]; UNSAID counts as none."""
    return np.asarray(label[:, :, None] == np.arange(3), dtype=np.int64)
