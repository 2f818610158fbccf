"""Those who stand above the corporation: users, who bring an intent to every prompt and stay or leave;
shareholders, who look at its ledger; a regulator, who holds what it serves, or what it says, against the law.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from simpy import Event

from simlab.arrays import Array, Indices
from simlab.engine.context import LiveParty
from simlab.parties.demand import COLD, Demand
from simlab.parties.market import Market, Tally
from simlab.relation import Judgement, Relation, Standard, Work
from simlab.rng import branch, uniforms
from simlab.worlds.world import Game

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.measures.panel import Panel
    from simlab.scenario import UsersSpec


@dataclass(slots=True)
class UserFeedback:
    """How a sample of responses was received: who was satisfied [n], with which intent [n], and what was complained of.

    `complaints` counts, by criterion, those who were not satisfied and said so. `endorsed` and `appeal` are the mean
    approval of the sample by what its users endorse, and by their habits; NaN where nothing depends on them.
    """

    satisfied: NDArray[np.bool_]
    intent: Indices
    complaints: Mapping[str, int]
    endorsed: float = math.nan
    appeal: float = math.nan


def blamed(game: Game, weights: Mapping[str, float], features: Array) -> list[str]:
    """The criterion that speaks most against each response [n], by these weights: the least w_k·(s_k − midpoint)."""
    names = list(weights)
    values = np.stack([game.value({name: weights[name]}) for name in names])
    worst = ((features - game.midpoint) @ values.T).argmin(axis=1)
    return [names[i] for i in worst.tolist()]


class Users(LiveParty):
    """A population of users: `vector` is the intent they share, or the mean of their intents, in value space.

    Their judgement of a corporation is the share of a sample of responses that satisfied the user who asked. What a
    user wants of a response depends on the situation of the prompt, too: a *context* that users know and the model
    never sees ("cotext is not context"). It turns the intent by an isotropic error of `context` of its norms, the
    same for every asking of a prompt, so that a preference that ignores it has ρ = 1/√(1 + context²) at best.
    """

    def __init__(self, context: Context, name: str, spec: UsersSpec) -> None:
        super().__init__(context, name)
        self.spec = spec
        self.vector = context.game.value(spec.values)
        self.intents = [context.game.value(i.values) for i in spec.intents] or [self.vector]
        self.weights: Sequence[Mapping[str, float]] = [i.values for i in spec.intents] or [spec.values]
        firms = context.hierarchy.agents(name)
        prices = [getattr(context.scenario.parties[firm], "price", None) for firm in firms]
        self.market = Market(spec, firms, [spec.subscription if p is None else p for p in prices])
        self.habits = context.game.value(spec.habits) if spec.habits else None
        self.demand = Demand(spec.channels, firms)
        self._situation: tuple[Indices, Array] | None = None  # prompts last asked about, and their context
        self._accrued: dict[str, float] = {}  # day up to which fees are owed, by corporation

    @property
    def count(self) -> int:
        """How many there are, with whichever corporation."""
        return self.market.count()

    def standard(self) -> Standard:
        return Standard(self.name, 1, self.vector, self.vector, float(np.linalg.norm(self.vector)))

    def utility(self, panel: Panel) -> Array:
        """What is wanted on average, in the situation of each prompt."""
        if not self.spec.context:
            return panel.features @ self.vector
        turned = self.vector + float(np.linalg.norm(self.vector)) * self.situation(panel.items.prompt)
        return np.asarray(np.einsum("nd,nd->n", panel.features, turned))

    def habitual_utility(self, panel: Panel) -> Array:
        """How much each item of the panel moves them, whether or not they endorse it [n]."""
        assert self.habits is not None, "these users have no habits"
        return np.asarray(panel.features @ self.habits)

    def situation(self, prompts: Indices) -> Array:
        """What the situation of each prompt adds to what is wanted of a response to it [n, D], in norms of that."""
        if self._situation is None or self._situation[0] is not prompts:  # a panel is looked at by many
            numbers, place = np.unique(prompts, return_inverse=True)
            key = self.context.rng.key(self.name, "context")
            self._situation = prompts, (self.spec.context * self.context.deviations(key, numbers))[place]
        return self._situation[1]

    def work(self, relation: Relation) -> Generator[Event, Any, Work]:
        raise NotImplementedError("users answer to nobody")
        yield

    def judge(self, relation: Relation, work: Work) -> Generator[Event, Any, Judgement]:
        """Each sampled response satisfies its user with the probability that the world calls approval.

        Draws belong to the place in the sample, and are the same at every corporation: users who choose between
        two compare what they say, not how hard to please those were who happened to be asked.
        """
        yield from ()
        game, key = self.context.game, self.context.rng.key(self.name, "satisfaction", relation.looks)
        features = game.features(work.items)
        intent = self._intents_of(relation, work.size)
        place = np.arange(work.size)
        approval = self._approval(work.items.prompt, intent, features)
        satisfied = uniforms(key, place) < approval
        complains = ~satisfied & (uniforms(branch(key, "complains"), place) < self.spec.complain)
        agent = relation.agent.name
        return Judgement(
            agent=agent,
            items=UserFeedback(
                satisfied,
                intent,
                self._complaints(intent[complains], features[complains]),
                endorsed=float(approval.mean()) if self.demand.channels else math.nan,
                appeal=self._appeal(features),
            ),
            size=work.size,
            principal=self.name,
            order=relation.order,
            scores={agent: float(satisfied.mean())},
            samples={agent: work.size},
        )

    def _intents_of(self, relation: Relation, size: int) -> Indices:
        """Which intent each of those asked has [n]: a draw from the corporation's users as they are now."""
        if len(self.intents) == 1:
            return np.zeros(size, dtype=np.int64)
        members = self.market.members[self.market.place(relation.agent.name)]
        bounds = np.cumsum(members) / members.sum()
        key = self.context.rng.key(self.name, "intents", relation.looks)
        drawn = np.searchsorted(bounds, uniforms(key, np.arange(size)), side="right")
        return np.minimum(drawn, len(self.intents) - 1).astype(np.int64)

    def _approval(self, prompts: Indices, intent: Indices, features: Array) -> Array:
        """How likely each is to be satisfied [n]: by their own intent, in the situation of their prompt."""
        game = self.context.game
        if len(self.intents) == 1 and not self.spec.context:
            return game.approval(self.vector, features)
        vectors = np.stack(self.intents)[intent]
        if self.spec.context:
            vectors = vectors + np.linalg.norm(vectors, axis=1, keepdims=True) * self.situation(prompts)
        return game.approval(vectors, features)

    def _appeal(self, features: Array) -> float:
        """The mean approval of these responses by habit, where anything depends on it."""
        if not self.demand.channels:
            return math.nan
        return COLD if self.habits is None else float(self.context.game.approval(self.habits, features).mean())

    def _complaints(self, intent: Indices, features: Array) -> Mapping[str, int]:
        """How many complain of each criterion, each by their own intent."""
        found: Counter[str] = Counter()
        for number in np.unique(intent).tolist():
            found.update(blamed(self.context.game, self.weights[number], features[intent == number]))
        return {name: found[name] for name in sorted(found)}

    def satisfaction(self, reception: UserFeedback) -> Array:
        """The share of satisfied users of each intent [S]; where nobody was asked, as of all who were."""
        satisfied = np.full(len(self.intents), float(reception.satisfied.mean()))
        for intent in np.unique(reception.intent).tolist():
            satisfied[intent] = float(reception.satisfied[reception.intent == intent].mean())
        return satisfied

    def accrue(self, *firms: str) -> None:
        """Let what users owe these corporations be up to date: they pay for every day on which they were served."""
        now = min(self.context.now, self.context.days)
        for firm in firms:
            since, self._accrued[firm] = self._accrued.get(firm, 0.0), now
            days = _serving(self.context, firm).served(since, now)
            self.market.accrue(firm, days)
            self.demand.accrue(firm, self.market.count(firm) * days)

    def tally(self, firm: str) -> Tally:
        """What has happened to the users of `firm` from the first day up to now."""
        known = self.market.tallies[self.market.place(firm)]
        now = min(self.context.now, self.context.days)
        pending = _serving(self.context, firm).served(self._accrued.get(firm, 0.0), now)
        return Tally(known.days + self.market.count(firm) * pending, known.joined, known.lost)

    def open(self) -> NDArray[np.bool_]:
        """Which of their corporations serve anybody now [F]."""
        return np.array([not _serving(self.context, firm).suspended for firm in self.market.firms])


class Serving(Protocol):
    """A corporation, as users know it."""

    suspended: bool

    def served(self, since: float, until: float) -> float:
        """Days on which it served anybody, of those from `since` to `until`."""


def _serving(context: Context, firm: str) -> Serving:
    return cast("Serving", context.parties[firm])
