"""What everybody's one number leaves out, of responses and of those who are judged for judging them."""

from __future__ import annotations

import numpy as np

from simlab.analyzers.analyzer import Agents, Analyzer, RoundView
from simlab.arrays import Array
from simlab.clock import Steps
from simlab.measures.alignment import correlations
from simlab.measures.flattening import Flattening, flattening, flattening_of_each


class FlatteningAnalyzer(Analyzer):
    """Fills the table `flattening`: of order 1 for every party's utility, of order k for scores of agents."""

    def measure(self, view: RoundView) -> Steps:
        yield from ()
        criteria = self._criteria(view.panel.features)
        each = flattening_of_each(criteria, list(view.utilities.values()), view.panel.group)
        rows = [(1, "responses", party, found) for party, found in zip(view.utilities, each, strict=True)]
        centred = view.panel.centred(criteria)
        rows += [(a.order, a.panel, a.principal, _of_agents(a, centred)) for a in view.agents]
        order, panel, party, found = zip(*rows, strict=True)
        columns = {name: [getattr(one, name) for one in found] for name in ("loss", "conflict", "n", "why_nan")}
        self.add("flattening", view, model=view.model.name, order=order, panel=panel, party=party, **columns)

    def _criteria(self, features: Array) -> Array:
        """How good each item is by each criterion that anybody values [n, C]."""
        context = self.context
        valued = context.scenario.criteria_valued()
        return np.stack([features @ context.game.value({name: 1.0}) for name in valued], axis=1)


def _of_agents(agents: Agents, criteria: Array) -> Flattening:
    """Of agents judged: an agent's criteria are its ρ with each criterion [n, C], its number is its score."""
    known = ~np.isnan(agents.scores)
    each = np.stack([correlations(agents.utilities, column) for column in criteria.T], axis=1)  # [agents, C]
    known &= ~np.isnan(each).any(axis=1)
    if known.sum() < 3:
        nan = float("nan")
        return Flattening(nan, nan, int(known.sum()), "fewer than three agents have been judged")
    return flattening(each[known], agents.scores[known], np.zeros(int(known.sum()), dtype=np.int64))
