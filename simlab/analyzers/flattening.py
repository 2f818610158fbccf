"""What everybody's one number leaves out, of responses and of those who are judged for judging them."""

from __future__ import annotations

import numpy as np

from simlab.analyzers.analyzer import Agents, Analyzer, RoundView
from simlab.arrays import Array
from simlab.clock import Steps
from simlab.measures.alignment import correlations
from simlab.measures.flattening import Flattening, flattening


class FlatteningAnalyzer(Analyzer):
    """Fills the table `flattening`: of order 1 for every party's utility, of order k for scores of agents."""

    def look(self, look: RoundView) -> Steps:
        yield from ()
        criteria = self._criteria(look.panel.features)
        for party, utility in look.utilities.items():
            self._row(look, 1, "responses", party, flattening(criteria, utility, look.panel.group))
        centred = look.panel.centred(criteria)
        for agents in look.agents:
            found = _of_agents(agents, centred)
            self._row(look, agents.order, agents.panel, agents.principal, found)

    def _criteria(self, features: Array) -> Array:
        """How good each item is by each criterion that anybody values [n, C]."""
        context = self.context
        valued = context.scenario.criteria_valued()
        return np.stack([features @ context.game.value({name: 1.0}) for name in valued], axis=1)

    def _row(self, look: RoundView, order: int, panel: str, party: str, found: Flattening) -> None:
        self.add(
            "flattening",
            look,
            model=look.model.name,
            order=order,
            panel=panel,
            party=party,
            loss=found.loss,
            conflict=found.conflict,
            n=found.n,
            why_nan=found.why_nan,
        )


def _of_agents(agents: Agents, criteria: Array) -> Flattening:
    """Of agents judged: an agent's criteria are its ρ with each criterion [n, C], its number is its score."""
    known = ~np.isnan(agents.scores)
    each = np.stack([correlations(agents.utilities, column) for column in criteria.T], axis=1)  # [agents, C]
    known &= ~np.isnan(each).any(axis=1)
    if known.sum() < 3:
        nan = float("nan")
        return Flattening(nan, nan, int(known.sum()), "fewer than three agents have been judged")
    return flattening(each[known], agents.scores[known], np.zeros(int(known.sum()), dtype=np.int64))
