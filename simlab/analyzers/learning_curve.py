"""Proxy and gold while a language model learns, on always the same prompts by the same draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from simlab.analyzers.analyzer import Analyzer, RoundView
from simlab.analyzers.gold import gold, paying, together, utilities
from simlab.arrays import Array
from simlab.clock import Steps
from simlab.machines.learning_curve import Look
from simlab.parties.reward_model import RewardModel
from simlab.relation import Relation
from simlab.tables.columns import UTILITY
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.consequences.learning import Gradient


class LearningCurveAnalyzer(Analyzer):
    """Fills the table `learning_curve`, if the scenario asks for it: machines are looked at while they learn."""

    def measure(self, view: RoundView) -> Steps:
        yield from ()

    def practised(self, relation: Relation, looks: Sequence[Look]) -> None:
        items = together([look.items for look in looks])
        for judge, by in paying(relation):
            self._record(relation, judge, by, looks, items)

    def _record(
        self, relation: Relation, judge: RewardModel, by: Gradient, looks: Sequence[Look], items: Items
    ) -> None:
        """One row for each look; `items` are the responses of all."""
        model, kl = relation.agent.name, np.array([look.kl for look in looks])

        def means(values: Array) -> Array:
            return np.asarray(values.reshape(len(looks), -1).mean(axis=1))

        below = self.context.hierarchy.model_below
        machines = [m for m in self.context.of_kind(RewardModel) if below(m.name) == model]
        asked = {p.name: utilities(self.context, p, items) for p in [*gold(self.context, model), *machines]}
        columns = {name: means(values) for name, values in asked.items()} | {model: kl}
        few, place = items.distinct()
        rows = {
            "principal": judge.name,
            "agent": model,
            "iteration": np.array([look.iteration for look in looks]),
            "kl": kl,
            "kl_k3": np.array([look.kl_k3 for look in looks]),
            "kl_exact": np.array([look.kl_exact for look in looks]),
            "proxy": means(by.pay(judge, few)[place]),
            "n": len(looks[0].items),
            **{f"{UTILITY}{name}": columns.get(name, np.nan) for name in self.context.scenario.parties},
        }
        self.context.log.learned(relation, "learning_curve", rows)
