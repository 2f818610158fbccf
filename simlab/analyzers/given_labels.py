"""Marks: what the labels that people really gave say, apart from what people value and from what a machine learns.

Raters may value the right thing and mark something else: they toss coins, tire, prefer the longer text, copy a machine.
A reward model knows labels only, and a loss that is theirs is not its own. Two things are told apart: which way labels
point, by a reader who knows all criteria and so needs few of them; and how far the learner that they are for is carried
off by chance in them: in which pairs were compared, and in what people said of them. In a world of vectors the same
people label other pairs; in one of words, where that would take networks of every round, the learner is fitted to two
halves of the labels that have no pair in common. To label the same pairs again would not do: what the chance of the
pairs costs vanishes with ever more of them, and it would be taken for a bias.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from simlab.analyzers.analyzer import RoundView
from simlab.arrays import Array
from simlab.machines.linear_rm import LinearRM, explained
from simlab.measures.statistics import centre, lengthened, pearson
from simlab.measures.waterfall import Drawn
from simlab.parties.other_labels import OtherResponses, compared_anew, halves, pool_of
from simlab.parties.pool import Pool
from simlab.parties.reward_model import RewardModel
from simlab.rankings import Rankings, differences
from simlab.rng import branch, uniforms

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.measures.panel import Panel

MOST_LINEAR, MOST_NETWORK = 10_000, 2_048  # pairs drawn anew, or parted; of more, so many, and stepped up
ENOUGH, A_DIMENSION = 2_048, 32  # pairs that tell chance, and per dimension: steps assume that 1/32 is small
REDRAWS, REDRAWS_BEFORE = 3, 2  # in the last round, and in those before it: of two, a correlation says less
LATER = "{} is trained again in the last round only"


@dataclass(frozen=True, slots=True)
class Reading:
    """What labels say: the `utility` [n] that a reader finds in them; what chance in them (`labels`) and in the
    machine that learns from them (`seeds`) comes to."""

    utility: Array
    labels: Drawn
    seeds: Drawn


def reading(
    context: Context, view: RoundView, machine: RewardModel, known: OtherResponses, *, anew: bool, last: bool
) -> Reading:
    """What the labels say that this reward model has learned from. Labels are drawn anew if `anew` says so, of other
    responses that may be `known` from earlier rounds; most often in the `last` round, in which alone networks are
    fitted to them."""
    if not machine.learned or machine.teacher is None:
        nothing = Drawn(why="nothing has been marked yet")
        return Reading(np.zeros(len(view.panel.items)), nothing, nothing)
    reader = _Direction if isinstance(machine.backend, LinearRM) else _Words
    return reader(context, view, machine, known).read(anew=anew, last=last)


def pooled(readings: Sequence[Reading], weights: Sequence[float], panel: Panel) -> Reading:
    """What the labels of several reward models on one level say together, each with its weight on that level."""
    if len(readings) == 1:
        return readings[0]
    each = [panel.centred(reading.utility) for reading in readings]
    utility = np.average([u / (float(u.std()) or 1.0) for u in each], axis=0, weights=weights)
    return Reading(utility, *(_mean([getattr(r, part) for r in readings], weights) for part in ("labels", "seeds")))


def _mean(drawn: Sequence[Drawn], weights: Sequence[float]) -> Drawn:
    parts = ([getattr(d, name) for d in drawn] for name in ("reliability", "hidden"))
    reliability, hidden = (float(np.average(part, weights=weights)) for part in parts)
    return Drawn(reliability, next((d.why for d in drawn if d.why), ""), hidden)


class _Reader:
    """Reads the labels one reward model has learned from."""

    def __init__(self, context: Context, view: RoundView, machine: RewardModel, known: OtherResponses) -> None:
        self.context, self.view, self.machine, self.known = context, view, machine, known
        pairs = sum(int(np.count_nonzero(~made.held_out)) * made.pairs for made in machine.memory)
        self.few = self._learned(min(1.0, self.most / max(1, pairs)))
        self.factor = pairs / max(1, sum(made.label.size for made in self.few))  # how many times more there are

    @property
    def most(self) -> int:
        """Pairs of which chance is judged."""
        raise NotImplementedError

    def _learned(self, share: float = 1.0) -> list[Rankings]:
        """What the machine learned from; or this share of the tasks, each with all labels it has."""
        found = []
        for made in self.machine.memory:
            kept = ~made.shown.held_out
            if share < 1:
                kept &= uniforms(self.key("few"), made.shown.task) < share
            found.append(made[kept[made.place]])
        return [made for made in found if len(made)]

    def key(self, *purpose: str | int) -> int:
        return self.context.rng.key("redraw", self.machine.name, *purpose)

    def fitted(self, rankings: Sequence[Rankings], seed: str) -> Array:
        """The utility [n] of a machine of this kind that learned from these alone."""
        assert self.machine.teacher is not None
        together = Rankings.together(list(rankings))
        return self.machine.teacher.refitted_utility(self.machine, self.view.panel, together, self.key("fit", seed))

    def agreed(self, one: Array, other: Array) -> float:
        """The correlation of two utilities [n] on the panel."""
        return pearson(centre(one, self.view.panel.group), centre(other, self.view.panel.group))

    def stepped(self, reliability: float, parts: int = 1) -> float:
        """The reliability of all labels, from that of the few, or of so many parts of them."""
        return lengthened(reliability, parts * self.factor) if reliability > 0 else reliability

    def read(self, *, anew: bool, last: bool) -> Reading:
        raise NotImplementedError


class _Direction(_Reader):
    """In a world of vectors the best reader there is is the learner itself: no network stands in between."""

    @property
    def most(self) -> int:
        """Pairs that are drawn anew. How well their chance is told depends on dimensions and redraws, not on pairs."""
        dimensions = int(self.view.panel.items.response.shape[1])
        return min(MOST_LINEAR, max(ENOUGH, A_DIMENSION * dimensions))

    def read(self, *, anew: bool, last: bool) -> Reading:
        single = self.machine.spec.members == 1
        own = self.machine.backend.score(self.view.panel.items) if single else self.fitted(self._learned(), "reader")
        unknown = Drawn(why=f"{self.machine.name} is not drawn anew")
        if not anew or not self.few:
            return Reading(own, unknown, unknown)
        redraws = [self.fitted(self.again(number), "reader") for number in range(REDRAWS if last else REDRAWS_BEFORE)]
        labels = Drawn(self.stepped(float(np.mean([self.agreed(a, b) for a, b in combinations(redraws, 2)]))))
        if single:  # an exact fit has no seed
            return Reading(own, labels, Drawn(1.0))
        return Reading(own, labels, Drawn(self.agreed(*(self.fitted(self.few, seed) for seed in ("a", "b")))))

    def again(self, number: int) -> list[Rankings]:
        """Other pairs, and what the same people say of them."""
        key = self.key("labels", number)
        anew = partial(compared_anew, self.context, known=self.known)
        return [anew(made, branch(key, place)) for place, made in enumerate(self.few)]


class _Words(_Reader):
    """In a world of words: a reader who knows what each rater perceived, the criteria's true scores, and lengths."""

    @property
    def most(self) -> int:
        """Pairs in both halves: fewer, since networks learn from them."""
        return MOST_NETWORK

    def read(self, *, anew: bool, last: bool) -> Reading:
        own = self.explained(self._learned())
        if not (anew and last and self.few and max(len(made.shown) for made in self.few) > 1):
            why = LATER if anew and self.few else "{} is not drawn anew"
            unknown = Drawn(why=why.format(self.machine.name))
            return Reading(own, unknown, unknown)
        one, other = self.halved()
        learner = self.stepped(self.agreed(*(self.fitted(each, "a") for each in (one, other))), 2)
        # of few pairs a network makes something else each time: its own chance is that of as many as it has had
        itself = self.view.utilities[self.machine.name]
        seeds = Drawn(self.agreed(itself, self.fitted(self._learned(), "b")))
        reader = self.stepped(self.agreed(self.explained(one), self.explained(other)), 2)
        hidden = float(np.sqrt(min(1.0, learner / reader))) if learner > 0 and reader > 0 else 1.0
        return Reading(own, Drawn(learner, hidden=hidden), seeds)

    def halved(self) -> tuple[list[Rankings], list[Rankings]]:
        """The few in two halves, each pool's in two."""
        parts = [halves(made, self.key("half", place)) for place, made in enumerate(self.few)]
        one, other = ([part[half] for part in parts if len(part[half])] for half in (0, 1))
        return one, other

    def explained(self, rankings: Sequence[Rankings]) -> Array:
        """The utility [n] that explains these labels best: a weighted sum of what raters go by, criteria and length."""
        rows, labels = zip(*((self._differences(made), made.label.ravel()) for made in rankings), strict=True)
        weight = explained(np.concatenate(rows), np.concatenate(labels))
        game, panel = self.context.game, self.view.panel
        perceived, length = np.zeros(len(panel.items)), game.lengths(panel.items)
        for pool, share in self._pools(rankings).items():
            perceived += share * panel.centred(self.view.utilities[pool.name])
        assert length is not None, "a network reads texts"
        return np.asarray(np.column_stack([perceived, panel.features, length]) @ weight)

    def _differences(self, made: Rankings) -> Array:
        """Left less right of each pair [m · pairs, 2 + D]: as the rater perceived it, in each criterion, in length."""
        game, items = self.context.game, made.items
        each = np.column_stack([game.features(items), np.asarray(game.lengths(items))])
        each = each.reshape(len(made), made.options, -1)
        perceived = made.perceived / self._unit(pool_of(self.context, made))
        return np.column_stack([perceived.ravel(), differences(each).reshape(perceived.size, -1)])

    def _pools(self, rankings: Sequence[Rankings]) -> dict[Pool, float]:
        """The share of each pool in these labels."""
        total = sum(made.label.size for made in rankings)
        found: dict[Pool, float] = {}
        for made in rankings:
            pool = pool_of(self.context, made)
            found[pool] = found.get(pool, 0.0) + made.label.size / total
        return found

    def _unit(self, pool: Pool) -> float:
        """How far one of its people's utilities spread on the panel, as a pool's utility is of standardized ones."""
        people, panel = pool.representatives(), self.view.panel
        each = panel.centred(pool.individual_utilities(panel, people)) if len(people) else np.zeros((1, 1))
        return float(each.std(axis=0).mean()) or 1.0
