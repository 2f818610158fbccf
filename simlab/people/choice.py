"""How people perceive responses and what they say of them: utilities, labels, and the time these take.

Every draw is keyed by person and task, so that one person more or less leaves the others' draws as they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simlab.arrays import Array, Indices
from simlab.components.rater_view import RaterView, shown
from simlab.engine.context import Context
from simlab.errors import PluginFailed
from simlab.people import working_life
from simlab.people.delegation import Delegation
from simlab.people.perception import Perception, blurred, perceived, scene_of, turns_of
from simlab.people.roster import Roster
from simlab.people.shared_mistakes import with_common
from simlab.rankings import differences, draws_of_choice, not_labels
from simlab.rng import normals
from simlab.tables.recorder import coded
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.measures.panel import Panel
    from simlab.scenario import PeopleSpec


class Judges(Roster):
    """People who judge responses: by a guideline as they understand it, and a policy that makes labels of utilities."""

    def __init__(self, context: Context, name: str, spec: PeopleSpec) -> None:
        super().__init__(context, name, spec)
        self.delegation = Delegation(context, name, spec.delegation) if spec.delegation else None
        self._panel: Panel | None = None
        self._columns: dict[int, Array] = {}  # utilities of single persons on that panel

    # ---- what they see ------------------------------------------------------------------------------------------

    def situation(self, prompts: Indices) -> Array | None:
        """What the hidden situation of each prompt adds to what people go by [n, D]; None if they are shown none."""
        return None

    def perceive(
        self,
        items: Items,
        who: Indices,
        ids: NDArray[Any] | None = None,
        by_users: NDArray[np.bool_] | None = None,
    ) -> Array:
        """Utility [n] of items for person `who` [m], n/m in turn; with response `ids` [n], through perception noise.

        Prompts have a situation where `by_users` [m] says that users asked them; by default all.
        """
        each = len(items) // max(1, len(who))
        features = perceived(self, items, np.repeat(who, each) if each > 1 else who, ids)
        vector, situation = self.cohort.vector.take(who, axis=0), self.situation(items.prompt[:: max(1, each)])
        if situation is not None:
            vector = vector + (situation if by_users is None else situation * by_users[:, None])
        return self.utility_function.utilities(features, vector)

    def individual_utilities(self, panel: Panel, people: Indices) -> Array:
        """Utility [n, people] of each panel item for each of these people, without a draw; asked once per panel."""
        if self._panel is not panel:
            self._panel, self._columns = panel, {}
        asked = people[[person not in self._columns for person in people.tolist()]]
        asks = self.delegates(asked)
        for person, each in self._perceived_by(asked[~asks], panel.items) if len(asked) else ():
            self._columns[person] = self.utility_function.as_measured(panel, each)
        if self.delegation and asks.any():
            each = self.utility_function.as_measured(panel, self.delegation.utility(panel))
            self._columns |= dict.fromkeys(asked[asks].tolist(), each)
        return np.stack([self._columns[person] for person in people.tolist()], axis=1)

    def _perceived_by(self, people: Indices, items: Items) -> Iterator[tuple[int, Array]]:
        """Utility [n] of items for each of these people, without perception noise."""
        game, situation = self.context.game, self.situation(items.prompt)
        if game.seen_alike and situation is None and not (self.cohort.skill[people] < 1).any():
            alike = self.utility_function.of_people(game.features(items), self.cohort.vector[people]).T
            yield from zip(people.tolist(), alike, strict=True)
            return
        observers = [self.observers[person] for person in people.tolist()]
        for person, features in zip(people.tolist(), game.perceived_by_each(items, observers), strict=True):
            vector = self.cohort.vector[person]
            seen = blurred(self, features, np.full(len(items), person), None)
            yield person, self.utility_function.utilities(seen, vector if situation is None else vector + situation)

    def forget_panel(self) -> None:
        """What these people value has changed, or who they are: utilities on the last panel hold no more."""
        self._panel = None

    # ---- what they say ------------------------------------------------------------------------------------------

    def labels(
        self,
        items: Items,
        who: Indices,
        response_keys: NDArray[Any],
        ranking_keys: NDArray[Any],
        key: int,
        by_users: NDArray[np.bool_] | None = None,
        seconds: Array | None = None,
        earlier_labels: NDArray[np.int64] | None = None,
        ranked_before: Indices | None = None,
        draws: Array | None = None,
    ) -> tuple[NDArray[np.int64], Array]:
        """What person who[i] says of the K responses of ranking i: labels and perceived differences [n, pairs].

        Those who take no care toss a coin, or confirm; those who delegate say what their machine says.

        - `items` [n·K]: the responses, K a ranking;
        - `response_keys` [n·K]: key how each response is perceived;
        - `ranking_keys` [n] and `key`: key the noise of choice;
        - `by_users` [n]: which prompts are users' own; by default all;
        - `seconds` [n]: how long each ranking took;
        - `earlier_labels` [n, pairs]: labels of others that these people were shown;
        - `ranked_before` [R]: rankings that everybody has made in this shift in earlier calls;
        - `draws` [n, K + pairs]: the draws of the choice, if they are at hand.
        """
        n = len(who)
        k = len(items) // n
        utilities = self.perceive(items, who, response_keys, by_users).reshape(n, k)
        draws = draws_of_choice(key, who, ranking_keys, k) if draws is None else draws
        draws = with_common(self, draws, who, items)
        noise = None if seconds is None else working_life.noise(self, who, seconds)
        felt = differences(utilities)
        asks = self.delegates(who)
        if self.delegation and asks.any():
            felt[asks] = self.delegation.differences(items[np.repeat(asks, k)], k)
        sight = Perception(self, items, who, response_keys, ranked_before, ranking_keys)
        label = np.zeros(felt.shape, dtype=np.int64)
        for rows, earlier in turns_of(self, label, ranking_keys, who, key, earlier_labels):
            scene = sight.scene(rows, earlier)
            part = self.choose(utilities[rows], who[rows], draws[rows], None if noise is None else noise[rows], scene)
            before = None if earlier_labels is None else earlier_labels[rows]
            working_life.toss(self, part, who[rows], ranking_keys[rows], key, k, before)
            if self.delegation and asks[rows].any():
                part[asks[rows]] = self.delegation.labels(felt[rows][asks[rows]])
            label[rows] = part
        return label, felt

    def delegates(self, who: Indices) -> NDArray[np.bool_]:
        """Which of these people [n] let a machine answer for them now."""
        return self.delegation.of(who) if self.delegation else np.zeros(len(who), dtype=bool)

    def sources(self, who: Indices, own: str) -> pa.DictionaryArray:
        """Who or what says what these people say [n]: `own`, or the machine they let answer."""
        return coded(self.delegates(who), [own, self.spec.delegation.to if self.spec.delegation else ""])

    def choose(
        self, utilities: Array, who: Indices, draws: Array, noise: Array | None = None, scene: RaterView | None = None
    ) -> NDArray[np.int64]:
        """The labels the policy chooses [n, pairs], if they are labels; `noise` [n] multiplies everybody's own."""
        cohort = self.cohort.looked_up(who)
        if noise is not None:
            cohort.noise = cohort.noise * noise
        seen = shown(self.policy.choose, scene_of(self) if scene is None else scene)
        found = self.ask_policy(lambda: self.policy.choose(utilities, cohort, draws, **seen))
        wanted = (len(who), draws.shape[1] - utilities.shape[1])
        if wrong := not_labels(found, wanted):
            what = f"must give labels 1, 2 or 0 of shape {wanted}; it gave {wrong}"
            raise PluginFailed.returned(self.policy, what, "choose", "probabilities")
        label = np.asarray(found)
        return label.astype(np.int64, copy=False)

    def durations(self, who: Indices, ranking_keys: NDArray[Any], comparisons: int) -> Array:
        """Seconds [n] for rankings of `comparisons` comparisons each: at one's pace, log-normally more or less."""
        seconds = normals(self.context.rng.key(self.name, "pace"), who, ranking_keys)
        seconds *= self.spec.seconds_spread
        np.exp(seconds, out=seconds)
        seconds *= self.cohort.seconds.take(who)
        seconds *= comparisons
        seconds = working_life.duration(self, who, ranking_keys, seconds)
        if self.spec.delegation:
            seconds = np.where(self.delegates(who), self.spec.delegation.time * seconds, seconds)
        return np.asarray(seconds)
