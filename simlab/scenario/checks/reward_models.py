"""What learners of reward models ask of the pools that teach them; `sizes.beyond` reports it at the learner's place."""

from __future__ import annotations

from collections.abc import Iterator

from simlab.components.learner import Learner
from simlab.hierarchy import Hierarchy
from simlab.scenario.machines import LanguageModelSpec, RewardModelSpec
from simlab.scenario.messages import Complaint, Path
from simlab.scenario.model import Scenario
from simlab.scenario.parties import RatersSpec


def impossible(scenario: Scenario) -> Iterator[Complaint]:
    """A learner that stops by held-out rankings, where nothing is held out from its reward model; and preferences of a
    table, which are of two responses, beside rankings of more, or in a world without words; a size of its own that
    cannot be; and variances that nobody can learn or teach."""
    for name, party in scenario.parties.items():
        if isinstance(party, RewardModelSpec) and party.preferences is not None:
            yield from _imported(scenario, name)
        if isinstance(party, RewardModelSpec) and party.own_size:
            yield from _own_size(scenario, name, party)
        if isinstance(party, RewardModelSpec) and party.variance:
            yield from _variance(scenario, name, party)
    for index, relation in enumerate(scenario.relations):
        teachers = [scenario.parties[r.principal] for r in scenario.relations if r.agent == relation.agent]
        agent = scenario.parties[relation.agent]
        imported = agent.preferences if isinstance(agent, RewardModelSpec) else None
        if any(isinstance(pool, RatersSpec) and pool.held_out for pool in teachers) or (imported and imported.held_out):
            continue
        for place, consequence in enumerate(relation.consequence):
            learner = consequence.learner if consequence.kind == "gradient" else None
            if learner is not None and learner.teaches == "reward_model" and learner.needs_held_out():
                what = f"{learner.name} stops by held-out rankings, and nothing is held out"
                fix = f"parties.{relation.principal}.held_out: 0.1, or early_stopping_patience: 0"
                yield ("relations", index, "consequence", place, "learner"), what, fix


def _imported(scenario: Scenario, name: str) -> Iterator[Complaint]:
    """What cannot stand beside preferences of a table."""
    party = scenario.parties[name]
    assert isinstance(party, RewardModelSpec)
    assert party.preferences is not None
    if not scenario.world.networks:
        yield ("parties", name, "preferences"), "a table of texts is for worlds of words", "remove it"
    learner = party.preferences.learner
    if learner.needs_held_out() and not party.preferences.held_out:
        what = f"{learner.name} stops by held-out rankings, and nothing is held out"
        yield ("parties", name, "preferences"), what, "held_out: 0.1, or early_stopping_patience: 0"
    for relation in scenario.relations:
        pool = scenario.parties[relation.principal]
        if relation.agent == name and isinstance(pool, RatersSpec) and pool.ranking != 2:
            what = f"{relation.principal} ranks {pool.ranking} at a time, and the table of {name} has pairs"
            yield ("parties", relation.principal, "ranking"), what, "ranking: 2"


def _own_size(scenario: Scenario, name: str, party: RewardModelSpec) -> Iterator[Complaint]:
    """A size that cannot be, or is no size at all."""
    hierarchy = Hierarchy({n: p.kind for n, p in scenario.parties.items()}, scenario.edges())
    model = scenario.parties.get(hierarchy.model_below(name))
    given = next(key for key in ("width", "layers", "heads") if getattr(party, key) is not None)
    if not scenario.world.networks:
        yield ("parties", name, given), "there are no networks in this world", "remove it"
    elif isinstance(model, LanguageModelSpec) and model.pretrained is not None:
        what = "a reward model of a model that others have made has the size of that"
        yield ("parties", name, given), what, "remove it"
    elif isinstance(model, LanguageModelSpec):
        grown = party.grown_from(model)
        if grown.width % grown.heads:
            what = f"{grown.heads} heads do not divide a width of {grown.width}"
            yield ("parties", name, given), what, "heads: 1, or another width"


def _variance(scenario: Scenario, name: str, party: RewardModelSpec) -> Iterator[Complaint]:
    """A variance where no network learns it, or by a learner that leaves it as it is."""
    if not scenario.world.networks:
        what = "a direction of this world has no variance: there are no networks"
        yield ("parties", name, "variance"), what, "remove it"
        return
    taught: list[tuple[Path, Learner]] = []
    if party.preferences is not None:
        taught.append((("parties", name, "preferences"), party.preferences.learner))
    for index, relation in enumerate(scenario.relations):
        for place, consequence in enumerate(relation.consequence if relation.agent == name else ()):
            if consequence.kind == "gradient" and consequence.learner is not None:
                taught.append((("relations", index, "consequence", place, "learner"), consequence.learner))
    for at, learner in taught:
        if not learner.variances:
            what = f"{learner.name} teaches no variance, and {name} is to learn one"
            yield at, what, f"learner: bradley_terry, or leave out variance of {name}"
