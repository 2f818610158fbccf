"""R_a ≻ R_b: judgements of several agents at once, as comparisons of them."""

from __future__ import annotations

import numpy as np

from simlab.engine.context import Context
from simlab.rankings import preferred
from simlab.relation import Judgement, Relation
from simlab.rng import hashes


class AgentsCompared:
    """Writes every judgement of several agents as rows of the table `comparisons`, of order 2 or above.

    `truth` holds each person's ρ with the guideline, per pool, as last measured.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.truth: dict[str, dict[int, float]] = {}
        context.log.on_judged.append(self.judged)

    def judged(self, relation: Relation, judgement: Judgement) -> None:
        """Compare each of several agents with two others.

        They stand in a circle, in an order keyed by their numbers, and each is compared with its neighbours: the label
        is by their scores; gold by their true ρ with the guideline as last measured, undecided where that is unknown.
        """
        if relation.order < 2 or len(judgement.scores) < 2:
            return
        names = list(judgement.scores)
        number = np.array([int(name.rpartition(":")[2]) for name in names])
        key = self.context.rng.key("circle", relation.principal.name, relation.agent.name, relation.looks)
        circle = np.argsort(hashes(key, number), kind="stable")
        left, right = circle, np.roll(circle, -1)
        if len(names) == 2:  # the circle is one pair
            left, right = left[:1], right[:1]
        score = np.array([judgement.scores[name] for name in names])
        known = self.truth.get(relation.agent.name, {})
        truth = np.array([known.get(n, np.nan) for n in number.tolist()])
        identifier = np.array([judgement.identifiers[name] for name in names])
        self.context.log.add(
            "comparisons",
            about=relation.agent.name,
            order=relation.order,
            principal=relation.principal.name,
            agent=relation.agent.name,
            task=identifier[left],
            ranking=int(identifier.min()),
            worker=relation.principal.name,
            left=number[left],
            right=number[right],
            label=preferred(score[left] - score[right]),
            source="score",
            held_out=False,
            guideline_version=self.context.log.guideline_version(relation),
            perceived=score[left] - score[right],
            gold=preferred(np.nan_to_num(truth[left] - truth[right])),
            duration=np.nan,
            pay=np.nan,
        )
