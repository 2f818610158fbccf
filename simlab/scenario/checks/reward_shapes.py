"""Which reward shapes a scenario can have: what each asks of its world, its learner and the reward models there are.

`sizes.beyond` reports these with the shape's place in the file.
"""

from __future__ import annotations

from collections.abc import Iterator

from simlab.components.learner import Learner
from simlab.components.return_values import number
from simlab.components.reward_shape import RewardShape
from simlab.names import shown, suggestion
from simlab.scenario.machines import RewardModelSpec
from simlab.scenario.messages import Complaint, Path
from simlab.scenario.model import Scenario
from simlab.scenario.relations import RelationSpec


def impossible(scenario: Scenario) -> Iterator[Complaint]:
    """Everything that keeps a scenario's reward shapes from meaning something."""
    for index, relation in enumerate(scenario.relations):
        for place, consequence in enumerate(relation.consequence):
            if consequence.kind == "gradient" and scenario.parties[relation.principal].kind == "reward_model":
                at: Path = ("relations", index, "consequence", place, "shape")
                shape = consequence.shape
                yield from _members(scenario, relation, shape, at)
                yield from _deviations(scenario, relation, shape, at)
                yield from _cost_model(scenario, relation, shape, at)
                yield from _discount(shape, consequence.learner, at)
                if consequence.learner is not None and consequence.learner.optimum:
                    yield from _without_optimum(shape, at)


def _members(scenario: Scenario, relation: RelationSpec, shape: RewardShape, at: Path) -> Iterator[Complaint]:
    """Where one model has the say, there is nobody to differ from it."""
    judge = scenario.parties[relation.principal]
    if shape.members and len(scenario.judges(relation.agent)) > 1:
        what = f"{shape.name} asks the members of one reward model, and several judge {relation.agent}"
        yield at, what, "use plain, or one reward model with members"
    elif shape.members and isinstance(judge, RewardModelSpec) and judge.members < 2:
        what = f"{shape.name} asks several reward models, and {relation.principal} is a single one"
        yield at, what, f"give it members, as in {relation.principal}: {{kind: reward_model, members: 4}}"


def _deviations(scenario: Scenario, relation: RelationSpec, shape: RewardShape, at: Path) -> Iterator[Complaint]:
    """A reward model that says a number and no more does not say how far people differ in it."""
    judge, judges = scenario.parties[relation.principal], list(scenario.judges(relation.agent))
    if not shape.deviations or not scenario.world.networks:
        return
    if len(judges) > 1 and relation.principal == judges[0]:
        what = f"{shape.name} asks the deviation of one reward model's score, and several judge {relation.agent}"
        yield at, what, "use plain, or one reward model with variance"
    elif len(judges) < 2 and isinstance(judge, RewardModelSpec) and not judge.variance:
        what = f"{shape.name} asks by how much people differ, and {relation.principal} learns no variance"
        yield at, what, f"give it one, as in {relation.principal}: {{kind: reward_model, variance: true}}"


def _cost_model(scenario: Scenario, relation: RelationSpec, shape: RewardShape, at: Path) -> Iterator[Complaint]:
    """A cost is what another reward model dislikes, which grew from the same language model."""
    name = shape.costs()
    models = [n for n, p in scenario.parties.items() if isinstance(p, RewardModelSpec) and n != relation.principal]
    if not name:
        return
    if name == relation.principal:
        what = f"{name} cannot limit its own score"
        yield (*at, "cost"), what, "name another reward model, which learns from other raters"
    elif name not in scenario.parties:
        yield (*at, "cost"), f"there is no party {shown(name)}", suggestion(name, models)
    elif name not in models:
        yield (*at, "cost"), f"{name} is no reward model", suggestion(name, models)
    elif any(r.principal == name for r in scenario.relations):
        what = f"{name} judges a language model of its own, and cannot limit another"
        yield (*at, "cost"), what, "name a reward model that judges nobody"


def _discount(shape: RewardShape, learner: Learner | None, at: Path) -> Iterator[Complaint]:
    """A shape that discounts has to do so as the learner does."""
    gamma, other = getattr(shape, "gamma", None), None if learner is None else learner.discount()
    if gamma is not None and other is not None and gamma != other:
        what = f"{shape.name} discounts by {gamma:g}, but its learner by {other:g}"
        yield (*at, "gamma"), what, "the same gamma for both"


def _without_optimum(shape: RewardShape, at: Path) -> Iterator[Complaint]:
    """Where a language model moves to its optimum at once, the optimum has to be known, and not infinitely far."""
    if not shape.linear:
        what = f"{shape.name} does more than weigh the score, and a world without networks knows no optimum then"
        yield at, what, "use plain, or another shape that is linear in the score"
    elif not number(shape, "leash") > 0:
        what = f"{shape.name} has no leash here, and a world without networks has no optimum without one"
        yield at, what, "give a beta above 0, as in shape: {kind: plain, beta: 0.2}"
