"""Efforts that people cannot choose where they work; `reading` reports these complaints."""

from __future__ import annotations

from collections.abc import Iterator

from simlab.scenario.messages import Complaint
from simlab.scenario.model import Scenario
from simlab.scenario.parties import AuditorsSpec, PeopleSpec

_RECKONED = (  # what only those go by who choose their care
    "cost", "cost_spread", "discount", "separation", "careless", "revise", "told", "trust", "know_judges", "outside",
)  # fmt: skip


def pointless(scenario: Scenario) -> Iterator[Complaint]:
    """Every pool that is to confirm what it is not shown, or to reckon with something where nobody ever reckons."""
    for name, party in scenario.parties.items():
        if not isinstance(party, PeopleSpec):
            continue
        effort, here = party.effort, ("parties", name, "effort")
        if effort.careless == "wave_through" and not isinstance(party, AuditorsSpec):
            what = "only auditors are shown what others said, and can wave it through"
            yield (*here, "careless"), what, "careless: coin"
        if not effort.reckons:
            for setting in _RECKONED:
                if getattr(effort, setting) != type(effort).model_fields[setting].default:
                    what = f"has no effect: {effort.name} people always take care"
                    yield (*here, setting), what, "kind: no_shirking, or another effort that reckons"
