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
    cannot be; variances that nobody can learn or teach; and trunks that cannot be shared."""
    for name, party in scenario.parties.items():
        if isinstance(party, RewardModelSpec) and party.preferences is not None:
            yield from _imported(scenario, name)
        if isinstance(party, RewardModelSpec) and party.own_size:
            yield from _own_size(scenario, name, party)
        if isinstance(party, RewardModelSpec) and party.variance:
            yield from _variance(scenario, name)
        if isinstance(party, RewardModelSpec) and party.trunk is not None:
            yield from _trunk(scenario, name, party)
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


def _variance(scenario: Scenario, name: str) -> Iterator[Complaint]:
    """A variance where no network learns it, or by a learner that leaves it as it is."""
    if not scenario.world.networks:
        what = "a direction of this world has no variance: there are no networks"
        yield ("parties", name, "variance"), what, "remove it"
        return
    for at, learner in _teachers(scenario, name):
        if not learner.variances:
            what = f"{learner.name} teaches no variance, and {name} is to learn one"
            yield at, what, f"learner: bradley_terry, or leave out variance of {name}"


def _trunk(scenario: Scenario, name: str, party: RewardModelSpec) -> Iterator[Complaint]:
    """A trunk that is nobody's, or that cannot be read with."""
    other = scenario.parties.get(party.trunk or "")
    at = ("parties", name, "trunk")
    if not scenario.world.networks:
        yield at, "a direction of this world has no trunk: there are no networks", "remove it"
        return
    if not isinstance(other, RewardModelSpec) or party.trunk == name:
        models = [n for n, p in scenario.parties.items() if isinstance(p, RewardModelSpec) and n != name]
        fix = " or ".join(f"trunk: {model}" for model in models)
        yield at, f"{party.trunk} is no other reward model", fix or "remove it"
        return
    if other.trunk is not None:
        fix = f"trunk: {other.trunk}" if other.trunk != name else "leave it out of one of them"
        yield at, f"{party.trunk} itself reads with the trunk of {other.trunk}", fix
        return
    hierarchy = Hierarchy({n: p.kind for n, p in scenario.parties.items()}, scenario.edges())
    if hierarchy.model_below(name) != hierarchy.model_below(party.trunk or ""):
        yield at, f"{party.trunk} judges another language model", "the trunk of one that judges the same"
    yield from _unlike(name, party, other)
    yield from _rank_unlike(scenario, name, party)
    for user in (name, party.trunk or ""):
        for place, learner in _teachers(scenario, user):
            if not learner.heads:
                what = f"{learner.name} teaches one head at a time, and {name} reads with the trunk of {party.trunk}"
                yield place, what, f"learner: bradley_terry, or leave out trunk of {name}"


def _unlike(name: str, party: RewardModelSpec, other: RewardModelSpec) -> Iterator[Complaint]:
    """Keys by which one of two that share a trunk would read otherwise than the other."""
    trunk = str(party.trunk)
    for key in ("log_probability", "variance"):
        own, others = getattr(party, key), getattr(other, key)
        if own != others:
            said = f"{key}: {str(others).lower()}"
            yield ("parties", name, "trunk"), f"{trunk} has {said}, and {name} has not", f"{said} in both"
    for whose, spec in ((name, party), (trunk, other)):
        if spec.members > 1:
            yield (
                ("parties", whose, "members"),
                "members have trunks of their own, which cannot be shared",
                "members: 1",
            )
        if spec.load is not None:
            yield ("parties", whose, "load"), f"what is loaded brings a trunk, and {name} shares one", "remove it"
    if party.own_size:
        key = next(key for key in ("width", "layers", "heads") if getattr(party, key) is not None)
        yield ("parties", name, key), f"{name} reads with the trunk of {trunk}, whose size it has", "remove it"


def _rank_unlike(scenario: Scenario, name: str, party: RewardModelSpec) -> Iterator[Complaint]:
    """Rankings of more responses for one head than for another."""
    for teacher, own in _ranked(scenario, name).items():
        for other, ranked in _ranked(scenario, str(party.trunk)).items():
            if own != ranked:
                place = (teacher, "ranking") if teacher in scenario.parties else (name, "preferences")
                what = f"{teacher} ranks {own} at a time, {other} {ranked}, and their heads share a trunk"
                yield ("parties", *place), what, f"ranking: {ranked}"


def _ranked(scenario: Scenario, name: str) -> dict[str, int]:
    """How many responses are ranked at a time by those who teach a reward model, by their names."""
    teachers = ((r.principal, scenario.parties[r.principal]) for r in scenario.relations if r.agent == name)
    found = {teacher: pool.ranking for teacher, pool in teachers if isinstance(pool, RatersSpec)}
    party = scenario.parties[name]
    imported = isinstance(party, RewardModelSpec) and party.preferences is not None
    return {**found, f"the table of {name}": 2} if imported else found


def _teachers(scenario: Scenario, name: str) -> list[tuple[Path, Learner]]:
    """The learners by which a reward model is taught, and where they are written."""
    taught: list[tuple[Path, Learner]] = []
    party = scenario.parties[name]
    if isinstance(party, RewardModelSpec) and party.preferences is not None:
        taught.append((("parties", name, "preferences"), party.preferences.learner))
    for index, relation in enumerate(scenario.relations):
        for place, consequence in enumerate(relation.consequence if relation.agent == name else ()):
            if consequence.kind == "gradient" and consequence.learner is not None:
                taught.append((("relations", index, "consequence", place, "learner"), consequence.learner))
    return taught
