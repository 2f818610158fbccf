"""Efforts that people cannot choose where they work; `reading` reports these complaints."""

from __future__ import annotations

from collections.abc import Iterator

from simlab.scenario.messages import Complaint
from simlab.scenario.model import Scenario
from simlab.scenario.parties import AuditorsSpec, PeopleSpec


def pointless(scenario: Scenario) -> Iterator[Complaint]:
    """Every pool that is to confirm what it is not shown, or to think again where nobody ever thinks."""
    for name, party in scenario.parties.items():
        if not isinstance(party, PeopleSpec):
            continue
        effort, here = party.effort, ("parties", name, "effort")
        if effort.careless == "wave_through" and not isinstance(party, AuditorsSpec):
            what = "only auditors are shown what others said, and can wave it through"
            yield (*here, "careless"), what, "careless: coin"
        if not effort.reckons:
            for setting, default in (("careless", "coin"), ("revise", 1.0)):
                if getattr(effort, setting) != default:
                    what = f"has no effect: {effort.name} people always take care"
                    yield (*here, setting), what, "kind: no_shirking, or another effort that reckons"
