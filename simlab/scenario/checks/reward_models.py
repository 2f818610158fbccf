"""What learners of reward models ask of the pools that teach them; `sizes.beyond` reports it at the learner's place."""

from __future__ import annotations

from collections.abc import Iterator

from simlab.scenario.messages import Complaint
from simlab.scenario.model import Scenario
from simlab.scenario.parties import RatersSpec


def impossible(scenario: Scenario) -> Iterator[Complaint]:
    """A learner that stops by held-out rankings, where nothing is held out from its reward model."""
    for index, relation in enumerate(scenario.relations):
        teachers = [scenario.parties[r.principal] for r in scenario.relations if r.agent == relation.agent]
        if any(isinstance(pool, RatersSpec) and pool.held_out for pool in teachers):
            continue
        for place, consequence in enumerate(relation.consequence):
            learner = consequence.learner if consequence.kind == "gradient" else None
            if learner is not None and learner.teaches == "reward_model" and learner.needs_held_out():
                what = f"{learner.name} stops by held-out rankings, and nothing is held out"
                fix = f"parties.{relation.principal}.held_out: 0.1, or early_stopping_patience: 0"
                yield ("relations", index, "consequence", place, "learner"), what, fix
