"""Rater policies that a scenario gives nothing to go by: refused, with the place in the file and the likely fix.

What a policy cannot do without it declares in `needs`; `reading` reports these complaints.
"""

from __future__ import annotations

from collections.abc import Iterator

from simlab.names import shown, suggestion
from simlab.scenario.messages import Complaint, Path
from simlab.scenario.model import Scenario
from simlab.scenario.parties import PeopleSpec, RatersSpec


def pointless(scenario: Scenario) -> Iterator[Complaint]:
    """Every pool whose rater policy needs what the scenario does not have."""
    for name, party in scenario.parties.items():
        if isinstance(party, PeopleSpec):
            yield from _unmet(scenario, ("parties", name), party)


def _unmet(scenario: Scenario, here: Path, pool: PeopleSpec) -> Iterator[Complaint]:
    policy, called = pool.policy, f"{pool.policy.name} raters"
    needed = policy.needed()
    if "words" in needed and not scenario.world.words:
        what = f"{called} go by how responses are worded, and in the world {scenario.world.name} they have no words"
        yield (*here, "policy"), what, "use a world of texts; here, values with compliance below 1 are a leaning"
    if "values" in needed and not any(pool.values.values()) and not pool.values_spread:
        yield (*here, "policy"), f"{called} go by their own values, and have none", "give them values or values_spread"
    if "earlier" in needed and isinstance(pool, RatersSpec) and pool.overlap < 2:
        what = f"{called} go by what others said of the same responses, and nobody else is asked"
        yield (*here, "policy"), what, "overlap: 2 or more"
    if "machine" in needed:
        yield from _machine(scenario, (*here, "policy", "to"), str(getattr(policy, "to", "")))


def _machine(scenario: Scenario, here: Path, to: str) -> Iterator[Complaint]:
    machines = [n for n, party in scenario.parties.items() if party.kind in ("reward_model", "language_model")]
    if to not in machines:
        what = f"{to} is no machine" if to in scenario.parties else f"there is no party {shown(to)}"
        yield here, what, suggestion(to, machines)
