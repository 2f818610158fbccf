"""Groups of users and of raters: what the model became for each, and whose values the score came to hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.analyzers.analyzer import Analyzer, RoundView
from simlab.analyzers.waterfall_levels import standardized
from simlab.arrays import Array
from simlab.clock import Steps
from simlab.machines.joint_score import joint
from simlab.measures.alignment import correlations
from simlab.measures.groups import held, welfare
from simlab.parties.raters import Raters
from simlab.parties.users import Users
from simlab.people.population import groups_of
from simlab.rankings import preferred


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of one party: what each wants, and how many persons are in each now."""

    party: str
    values: Mapping[str, Mapping[str, float]]
    persons: Array  # [G]


class GroupsAnalyzer(Analyzer):
    """Fills the table `groups`: one row a group of those who stand above a language model, and round."""

    def measure(self, view: RoundView) -> Steps:
        yield from ()
        for groups in self._users(view) + self._raters(view):
            self._rows(view, groups)

    def _users(self, view: RoundView) -> list[Groups]:
        maker = self.context.hierarchy.maker_of(view.model.name)
        found = []
        for users in self.context.of_kind(Users):
            if users.spec.groups and maker in users.market.firms:
                persons = users.market.members[users.market.place(maker)].astype(float)
                found.append(Groups(users.name, {n: g.values for n, g in users.spec.groups.items()}, persons))
        return found

    def _raters(self, view: RoundView) -> list[Groups]:
        found = []
        for pool in self.context.of_kind(Raters):
            if pool.spec.groups and self.context.hierarchy.model_below(pool.name) == view.model.name:
                employed = pool.cohort.number[pool.cohort.employed]
                persons = np.bincount(groups_of(pool, employed), minlength=len(pool.spec.groups)).astype(float)
                found.append(Groups(pool.name, {n: g.values for n, g in pool.spec.groups.items()}, persons))
        return found

    def _rows(self, view: RoundView, groups: Groups) -> None:
        game, model = self.context.game, view.model.name
        vectors = np.stack([game.value(values) for values in groups.values.values()])
        before, now = game.features(view.reference), game.features(view.current)
        wants = view.panel.centred(view.panel.features @ vectors.T)
        score = self._score(view)
        gained = welfare(before @ vectors.T, now @ vectors.T)
        weights = held(score, wants)
        total = groups.persons.sum()
        self.add(
            "groups",
            view,
            model=model,
            party=groups.party,
            group=list(groups.values),
            persons=groups.persons.astype(np.int64),
            share=groups.persons / total if total else np.full(len(vectors), np.nan),
            rho_score=correlations(wants, score),
            rho_model=correlations(wants, view.panel.centred(view.utilities[model])),
            win_rate=_wins(before @ vectors.T, now @ vectors.T),
            satisfied=np.array([float(game.approval(vector, now).mean()) for vector in vectors]),
            welfare=gained,
            worst=_is(gained, np.nanmin) & (view.stamp["round"] > 0),
            weight=weights,
            held=_is(weights, np.nanmax),
        )

    def _score(self, view: RoundView) -> Array:
        """The centred score of the reward models that judge this language model [n]; its own utility, where people do
        themselves."""
        model = view.model.name
        judges = {name: w for name, w in self.context.scenario.judges(model).items() if w} or {model: 1.0}
        rule = joint(self.context.scenario.judged_by(model), list(judges), list(judges.values()))
        if rule is not None:
            ranks = view.panel.ranked(rule.of(np.stack([standardized(view.utilities[name]) for name in judges])))
            return view.panel.centred(ranks)
        return np.asarray(sum(w * view.panel.centred(view.utilities[name]) for name, w in judges.items() if w))


def _is(numbers: Array, extreme: Callable[[Array], Any]) -> NDArray[np.bool_]:
    """Which of these numbers [G] are the least, or the largest; none if there is no number."""
    known = np.isfinite(numbers)
    return known & (numbers == extreme(numbers)) if known.any() else known


def _wins(before: Array, now: Array) -> Array:
    """How often each group [G] likes what the model says now better than what it said before; a tie counts half."""
    return np.asarray(np.choose(preferred(now - before), (0.5, 1.0, 0.0)).mean(axis=0))
