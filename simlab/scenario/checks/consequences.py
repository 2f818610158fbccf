"""What consequences say of the relations they stand in: each knows what cannot stand beside it."""

from __future__ import annotations

from collections.abc import Iterator

from simlab.components.consequence import Consequence
from simlab.scenario.messages import Complaint
from simlab.scenario.model import Scenario


def misplaced(scenario: Scenario) -> Iterator[Complaint]:
    """Every consequence that cannot be where it is."""
    for index, relation in enumerate(scenario.relations):
        principal = scenario.parties[relation.principal]
        for place, consequence in enumerate(relation.consequence):
            if isinstance(consequence, Consequence) and consequence.may_follow(
                principal.kind, scenario.parties[relation.agent].kind
            ):
                for setting, what, fix in consequence.amiss(relation, principal):
                    yield ("relations", index, "consequence", place, *setting), what, fix
