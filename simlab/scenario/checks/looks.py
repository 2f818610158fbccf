"""Looks that cannot be where they are: at whom, by whom, of which sample, and whether there is anything to see."""

from __future__ import annotations

from collections.abc import Iterator

from simlab.components.look import Look
from simlab.names import shown, suggestion
from simlab.scenario.messages import Complaint, Path
from simlab.scenario.model import Scenario
from simlab.scenario.parties import AuditorsSpec, PeopleSpec, RatersSpec
from simlab.scenario.relations import RelationSpec

Said = tuple[tuple[str, ...], str, str]  # where in the relation, what is wrong, the likely fix


def misplaced(scenario: Scenario) -> Iterator[Complaint]:
    """Every look that cannot be where it is."""
    for index, relation in enumerate(scenario.relations):
        if relation.look is not None:
            for setting, what, fix in _amiss(scenario, relation, relation.look):
                here: Path = ("relations", index, *setting)
                yield here, what, fix


def _amiss(scenario: Scenario, relation: RelationSpec, look: Look) -> Iterator[Said]:
    agent, principal = scenario.parties[relation.agent], scenario.parties[relation.principal].kind
    if not isinstance(agent, PeopleSpec):
        yield ("look",), "looks are at people", "remove it, or look at raters or auditors"
        return
    if principal not in look.principals:
        yield ("look",), f"{look.name} is no look of {principal}", f"it is for {', '.join(look.principals)}"
    if look.planted and isinstance(relation.sample, int):
        what = f"questions of {look.name} are planted before anybody answers them, so that they are a share of tasks"
        yield ("sample",), what, "sample: 0.1"
    if agent.voice is not None:
        what = f"{relation.agent} may appeal, which is against the principal's own opinion of a piece of work"
        yield ("look",), what, f"remove the look, or the voice of {relation.agent}"
    if look.again == "other" and agent.count < 2:
        yield ("look",), f"there is nobody else to do the work of {relation.agent} again", "count: 2, or more"
    yield from _overlap(scenario, relation, look, agent)
    yield from _machine(scenario, look)


def _overlap(scenario: Scenario, relation: RelationSpec, look: Look, agent: PeopleSpec) -> Iterator[Said]:
    """Whether several people say something of the same pairs, where a look compares them."""
    needed = f"{look.name} compares {look.overlap} people, or more, who ranked the same pairs"
    if isinstance(agent, RatersSpec) and min(agent.overlap, agent.count) < look.overlap:
        yield ("look",), f"{needed}; each is ranked by one", f"parties.{relation.agent}.overlap: {look.overlap}"
    if isinstance(agent, AuditorsSpec) and look.overlap > 1:
        mine = [r.look for r in scenario.relations if r.principal == relation.agent]
        if not any(other is not None and other.opinions > 1 for other in mine):
            yield ("look",), f"{needed}; auditors look at each once", "look: re_audit where they look themselves"


def _machine(scenario: Scenario, look: Look) -> Iterator[Said]:
    """Only machines can be asked."""
    if not (name := look.machine()):
        return
    machines = [n for n, spec in scenario.parties.items() if spec.kind in ("reward_model", "language_model")]
    if name not in machines:
        what = f"there is no party {shown(name)}" if name not in scenario.parties else f"{name} is no machine"
        yield ("look", "to"), what, suggestion(name, machines)
