"""What labor a scenario asks for and what that will cost, reckoned from the file before anything is run.

`Budget` foresees what the ledger will hold: people's wages, their vendors' prices, the staff that checks, writers of
prompts and demonstrations, and what it costs to hire. Expected values: shifts are those of the calendar, and times
are means (log-normal with spread s between people and again between tasks: the mean is exp(s²) of the median that a
file gives). What depends on how people do is named, and not reckoned. `description` says it in words.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from simlab.components.consequence import Consequence
from simlab.components.pay import LinearSpec, PieceSpec
from simlab.hierarchy import Hierarchy
from simlab.scenario.machines import LanguageModelSpec
from simlab.scenario.model import Scenario
from simlab.scenario.parties import AuditorsSpec, PeopleSpec, RatersSpec, VendorSpec
from simlab.scenario.relations import RelationSpec
from simlab.scenario.society import CorporationSpec, FirmSpec

MORNING = 0.375  # of a shift's length: when work begins, see `parties.raters`
RANKING, AUDITING, AGAIN, LABELS = "ranking", "auditing", "asking again", "labels"
HIRING, DEMONSTRATING, PROMPTS = "hiring", "demonstrating", "writing prompts"
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is paid for: who pays whom (as accounts of the ledger, people under their pool), for what; of
    how many pairs or texts, in how many hours, at what price in all ($)."""

    payer: str
    payee: str
    what: str
    pieces: float
    hours: float
    amount: float
    relation: RelationSpec | None = None


def looks(scenario: Scenario, relation: RelationSpec) -> int:
    """How often a relation's principal looks in the whole run."""
    return relation.looks(scenario.days)


def worked(relation: RelationSpec, until: float) -> tuple[float, int]:
    """How many windows of a relation raters have worked through by day `until`, and how many have begun: those at
    whose end it looks."""
    end = until if relation.until is None else min(until, relation.last(until) * relation.every)
    done, begun = windows(relation.every, end)
    return max(0.0, done - (relation.first() - 1)), max(0, begun - (relation.first() - 1))


def windows(every: float, until: float) -> tuple[float, int]:
    """How many windows of `every` days raters have worked through by day `until` (with the part of an unfinished one),
    and how many have begun."""
    shift = min(1.0, every)
    shifts = int(every / shift + _ROUNDING)
    whole = int(until / every + _ROUNDING)
    left = until - whole * every - MORNING * shift
    begun = min(shifts, int(left / shift + _ROUNDING) + 1) if left >= -_ROUNDING else 0
    return whole + begun / shifts, whole + (begun > 0)


class Budget:
    """The labor of one scenario, as far as it can be foreseen."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        kinds = {name: spec.kind for name, spec in scenario.parties.items()}
        edges = [(r.principal, r.agent) for r in scenario.relations]
        auditors = [name for name, kind in kinds.items() if kind == "auditors"]
        gone = Hierarchy(kinds, edges).without(scenario.without, auditors)
        self.parties = {name: spec for name, spec in scenario.parties.items() if name not in gone}
        self.relations = [r for r in scenario.relations if gone.isdisjoint((r.principal, r.agent))]
        present = {name: kinds[name] for name in self.parties}
        self.hierarchy = Hierarchy(present, [(r.principal, r.agent) for r in self.relations])

    def items(self) -> Iterator[Item]:
        """Everything that is paid for and can be foreseen, in file order."""
        for relation in self.relations:
            if isinstance(self.parties[relation.principal], RatersSpec):
                yield self._ranking(relation)
            elif isinstance(self.parties[relation.principal], AuditorsSpec | FirmSpec):
                yield from self._auditing(relation)
        for name, spec in self.parties.items():
            if isinstance(spec, VendorSpec) and (payer := self.hierarchy.employer_of(name)):
                pairs = self.delivered(name, self.scenario.days)
                yield Item(payer, name, LABELS, pairs, 0.0, pairs * spec.price)
            if isinstance(spec, PeopleSpec):
                yield from self._hiring(name, spec)
            if isinstance(spec, LanguageModelSpec) and spec.demonstrations is not None:
                yield from self._demonstrations(spec)
            if isinstance(spec, CorporationSpec) and spec.prompts is not None:
                yield self._prompts(name, spec)

    def unforeseen(self) -> list[str]:
        """What else will be paid, or saved, depending on how people do and on what they are shown."""
        following = [c for relation in self.relations for c in relation.consequence if isinstance(c, Consequence)]
        people = [spec for spec in self.parties.values() if isinstance(spec, PeopleSpec)]
        staff = any(isinstance(self.parties[r.principal], FirmSpec) for r in self.relations)
        found = {
            **{c.unforeseen: True for c in following if c.unforeseen},
            "pay that rests on checked answers": any(spec.pay.judged for spec in people),
            "later hires and candidates": any(spec.hiring_cost or spec.screening_cost for spec in people),
            "time saved by carelessness or haste": any(spec.effort.reckons for spec in people),
            "time saved by practice": any(spec.learning and spec.learning.seconds for spec in people),
            "responses that people write to be compared": any(
                isinstance(spec, RatersSpec) and spec.candidates and spec.candidates.written for spec in people
            ),
            "time spent on appeals": any(spec.voice and spec.voice.cost for spec in people),
            "pairs that are equal by the guideline, which cost staff no time": staff and self.scenario.world.networks,
        }
        return [what for what, there in found.items() if there]

    # ---- how much is done ---------------------------------------------------------------------------------------

    def delivered(self, name: str, until: float) -> float:
        """Compared pairs that a party has delivered by a day: those of its raters, or of its audits."""
        spec = self.parties[name]
        if isinstance(spec, RatersSpec):
            mine = [r for r in self.relations if r.principal == name]
            return sum(self._asked(spec, r) * worked(r, until)[0] for r in mine) * self._share(name, spec)
        if isinstance(spec, AuditorsSpec):
            return sum(self._looked(r, until) for r in self.relations if r.principal == name)
        return sum(
            self.delivered(agent, until)
            for agent in dict.fromkeys(self.hierarchy.agents(name))
            if isinstance(self.parties[agent], RatersSpec | VendorSpec)
        )

    def _asked(self, spec: RatersSpec, relation: RelationSpec) -> float:
        """Pairs asked for in a window, by all raters of a task together; whole rankings of them."""
        if isinstance(relation.sample, int):
            wanted = float(relation.sample)
        else:
            seconds = spec.count * spec.hours * 3600 * relation.every
            wanted = relation.sample * seconds / spec.seconds * spec.ranking / 2 / spec.overlap
        pairs = spec.ranking * (spec.ranking - 1) // 2
        return max(1, round(wanted / pairs)) * pairs * spec.overlap

    def _share(self, name: str, spec: RatersSpec) -> float:
        """What the pool has the time for, as a share of what it is asked for."""
        mine = [r for r in self.relations if r.principal == name]
        asked = sum(self._asked(spec, r) * worked(r, self.scenario.days)[0] for r in mine)
        hours = asked * spec.seconds * 2 / spec.ranking / 3600 * pace(spec)
        return min(1.0, self.capacity(name, spec) / hours) if hours else 1.0

    def capacity(self, name: str, spec: PeopleSpec) -> float:
        """Hours a pool has in all."""
        return self._places(name, spec) * spec.hours * self.scenario.days

    def _places(self, name: str, spec: PeopleSpec) -> int:
        """How many people a pool has, less those the run is without."""
        return spec.count - sum(who.startswith(f"{name}:") for who in self.scenario.without)

    def _looked(self, relation: RelationSpec, until: float) -> float:
        """Pairs that a relation's principal has looked at before a day (its look of that day is not over)."""
        end = min(until, self.scenario.days)
        times, last = relation.looks(end), relation.last(end)
        if until < self.scenario.days + _ROUNDING and abs(last * relation.every - until) < _ROUNDING:
            late = isinstance(self.parties[relation.principal], AuditorsSpec)
            times, last = times - late, last - late
        if times <= 0:
            return 0.0
        there, sample = self.delivered(relation.agent, last * relation.every), relation.sample
        return min(there, float(sample * times)) if isinstance(sample, int) else sample * there

    def _distinct(self, relation: RelationSpec) -> float:
        """Different pairs, as a share of the pieces of work a look is at: where m people ranked each pair and a piece
        is looked at with chance s, (1 − (1 − s)^m)/(ms); of planted questions all are, which makes 1/m."""
        agent, there = self.parties[relation.agent], self.delivered(relation.agent, self.scenario.days)
        many = agent.overlap if isinstance(agent, RatersSpec) else 1
        if relation.look is not None and relation.look.planted:
            return 1 / many
        share = min(1.0, self._looked(relation, math.inf) / there) if there else 1.0
        return (1 - (1 - share) ** many) / (many * share) if share else 1.0

    # ---- what it costs ------------------------------------------------------------------------------------------

    def _ranking(self, relation: RelationSpec) -> Item:
        name = relation.principal
        spec = self.parties[name]
        assert isinstance(spec, RatersSpec)
        done = worked(relation, self.scenario.days)[0]
        pairs = self._asked(spec, relation) * done * self._share(name, spec)
        hours = pairs * spec.seconds * 2 / spec.ranking / 3600 * pace(spec)
        payer = self.hierarchy.employer_of(name)
        return Item(payer, name, RANKING, pairs, hours, self._wages(spec, hours, pairs) if payer else 0.0, relation)

    def _auditing(self, relation: RelationSpec) -> Iterator[Item]:
        """What it takes people, or a firm's own staff, to look again."""
        name, spec = relation.principal, self.parties[relation.principal]
        agent = self.parties[relation.agent]
        pairs, look = self._looked(relation, math.inf), relation.look
        if look is not None and look.again and isinstance(agent, PeopleSpec):
            hours = pairs * agent.seconds / 3600 * pace(agent)
            payer = self.hierarchy.employer_of(relation.agent)
            amount = self._wages(agent, hours, pairs) if payer else 0.0
            yield Item(payer, relation.agent, AGAIN, pairs, hours, amount, relation)
        if look is not None:
            pairs *= look.foreseen() * (self._distinct(relation) if isinstance(spec, FirmSpec) else 1.0)
            if not pairs:
                return
        if isinstance(spec, FirmSpec) and isinstance(agent, PeopleSpec | VendorSpec):
            hours = pairs * spec.audit_seconds / 3600
            yield Item(name, f"{name} staff", AUDITING, pairs, hours, hours * spec.audit_wage, relation)
        elif isinstance(spec, AuditorsSpec):
            most = spec.count * spec.hours * relation.every * looks(self.scenario, relation)
            hours = min(most, pairs * spec.seconds / 3600 * pace(spec))
            payer = self.hierarchy.employer_of(name)
            amount = self._wages(spec, hours, pairs) if payer else 0.0
            yield Item(payer, name, AUDITING, pairs, hours, amount, relation)

    def _wages(self, spec: PeopleSpec, hours: float, pairs: float) -> float:
        if isinstance(spec.pay, PieceSpec):
            return spec.pay.rate * pairs
        more = spec.pay.rate * pairs if isinstance(spec.pay, LinearSpec) else 0.0
        return spec.wage * hours + more

    def _hiring(self, name: str, spec: PeopleSpec) -> Iterator[Item]:
        """The first people, each of whom sat one test at least."""
        payer, cost = self.hierarchy.employer_of(name), spec.hiring_cost + spec.screening_cost
        if payer and cost:
            people = self._places(name, spec)
            yield Item(payer, f"{payer} recruiters", HIRING, people, 0.0, cost * people)

    def _demonstrations(self, model: LanguageModelSpec) -> Iterator[Item]:
        spec = model.demonstrations
        assert spec is not None
        pool = self.parties.get(spec.by or "")
        if isinstance(pool, PeopleSpec) and spec.by:
            hours = spec.count * spec.seconds / 3600 * math.exp(pool.seconds_spread**2 / 2)
            payer = self.hierarchy.employer_of(spec.by)
            yield Item(payer, spec.by, DEMONSTRATING, spec.count, hours, hours * pool.wage if payer else 0.0)

    def _prompts(self, name: str, spec: CorporationSpec) -> Item:
        """Writers of the prompts that are not recycled; before anybody has asked anything, of all."""
        assert spec.prompts is not None
        written = 0.0
        for relation in self.relations:
            pool = self.parties[relation.principal]
            if isinstance(pool, RatersSpec) and self.hierarchy.maker_of(relation.principal) == name:
                tasks = self._asked(pool, relation) / pool.overlap / (pool.ranking * (pool.ranking - 1) / 2)
                begun = worked(relation, self.scenario.days)[1]
                written += tasks * (1 + (begun - 1) * (1 - spec.prompts.recycled)) if begun else 0.0
        hours = written * spec.prompts.seconds / 3600
        return Item(name, f"{name} writers", PROMPTS, written, hours, hours * spec.prompts.wage)


def pace(spec: PeopleSpec) -> float:
    """Mean time of a comparison, as a share of the median that the file gives; those who delegate are quicker."""
    asked = spec.delegation
    return math.exp(spec.seconds_spread**2) * (1 - asked.share * (1 - asked.time) if asked else 1.0)
