"""What the society of a scenario cannot be: shares of firms nobody uses, prompts nobody asked.

The entries are well-formed one by one; here they are held against each other. `reading` reports these.
"""

from __future__ import annotations

from collections.abc import Iterator

from simlab.hierarchy import Hierarchy
from simlab.names import shown, suggestion
from simlab.scenario.messages import Complaint, Path
from simlab.scenario.model import Scenario
from simlab.scenario.parties import RatersSpec
from simlab.scenario.society import CorporationSpec, GuidelineSpec, UsersSpec


def impossible(scenario: Scenario) -> Iterator[Complaint]:
    """Everything of a scenario's users and corporations that contradicts itself or has no effect."""
    hierarchy = Hierarchy(scenario.parties, [(r.principal, r.agent) for r in scenario.relations])
    for name, party in scenario.parties.items():
        if isinstance(party, UsersSpec):
            yield from _shares(scenario, name, party)
            yield from _channels(scenario, name, party)
        if isinstance(party, CorporationSpec):
            yield from _corporation(scenario, name, party)
        if isinstance(party, RatersSpec) and party.context:
            yield from _situations(scenario, hierarchy, name)
        if isinstance(party, RatersSpec) and party.candidates and not scenario.world.networks:
            what = "responses that others wrote are texts, and this world has none"
            yield ("parties", name, "candidates"), what, "remove it"


def _shares(scenario: Scenario, name: str, users: UsersSpec) -> Iterator[Complaint]:
    firms = [r.agent for r in scenario.relations if r.principal == name]
    for firm in users.shares:
        if firm not in firms:
            what = f"{name} judge no party {shown(firm)}, and cannot be with it"
            yield ("parties", name, "shares", firm), what, suggestion(firm, firms)
    if users.shares and not any(users.shares.get(firm, 0.0) for firm in firms):
        yield ("parties", name, "shares"), "leave nobody with anybody", "give a corporation a share above 0"


def _channels(scenario: Scenario, name: str, users: UsersSpec) -> Iterator[Complaint]:
    """Use is counted, and paid for, at looks that may make users leave."""
    looks = [r for r in scenario.relations if r.principal == name]
    if any(users.channels.given()) and not any(getattr(c, "name", "") == "churn" for r in looks for c in r.consequence):
        what = f"bring nothing: no relation of {name} has the consequence churn, at which use is paid for"
        yield ("parties", name, "channels"), what, "consequence: churn"


def _situations(scenario: Scenario, hierarchy: Hierarchy, pool: str) -> Iterator[Complaint]:
    above = [scenario.parties[name] for name in hierarchy.above(pool)]
    users = next((party for party in above if isinstance(party, UsersSpec)), None)
    if users is None or not users.context:
        what = "there is no situation to be shown: no users with a context stand above these raters"
        yield ("parties", pool, "context"), what, "give users a context above 0"


def _corporation(scenario: Scenario, name: str, firm: CorporationSpec) -> Iterator[Complaint]:
    here = ("parties", name, "guideline")
    guideline = firm.guideline
    if guideline.policy.name != "static" and guideline.every > scenario.days:
        what = f"is never revised: every {guideline.every:g} days, in a run of {scenario.days:g}"
        yield (*here, "every"), what, "revise it more often"
    yield from _weighing(scenario, here, guideline)
    askers = [p for p, s in scenario.parties.items() if isinstance(s, UsersSpec)]
    asked = any(r.agent == name and r.principal in askers for r in scenario.relations)
    if firm.prompts is not None and firm.prompts.recycled and not asked:
        what = "there is nothing to recycle: no users ask this corporation anything"
        yield ("parties", name, "prompts", "recycled"), what, "add a relation with users as its principal"
    if firm.deployer is not None and not asked:
        what = "stands before nobody: no users ask this corporation anything"
        yield ("parties", name, "deployer"), what, "add a relation with users as its principal"


def _weighing(scenario: Scenario, here: Path, guideline: GuidelineSpec) -> Iterator[Complaint]:
    """Rules that are no sums need scores that have a worst and a best; priorities, a direction."""
    rule = guideline.combine
    if scenario.world.own_criteria and not rule.additive:
        what = f"{rule.name} needs scores between a worst and a best, which the {scenario.world.name} world has not"
        yield (*here, "combine"), what, "combine: weighted, or another world"
    weighed = {**guideline.operative, **guideline.published, **dict.fromkeys(guideline.policy.criteria(), 1.0)}
    for criterion in dict.fromkeys(rule.directed()):
        if criterion in scenario.criteria and not weighed.get(criterion):
            what = f"{shown(criterion)} has no weight, whose sign would say which way is better"
            yield (*here, "combine"), what, "give it a weight in the guideline, or leave it out of the rule"
