"""One run: a world, a hierarchy of parties, a clock, keyed streams and a recorder.

`run_file` is what `simlab run` and `simlab.run` call. A run is a deterministic function of scenario, seed and
plugins; what torch computes comes from `jobs`, so a run that was cut off is simply run again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import simpy
from numpy.typing import NDArray
from simpy import Event

from simlab.analyzers.survey import Observatory
from simlab.clock import Steps, at
from simlab.components.answers import given
from simlab.consequences.corporations import Churn, Fine, Fund, Replace, Suspend, Withdraw
from simlab.consequences.labor import Bonus, Fire, Heard, Hire, Pay, Probation, Retrain, Warn
from simlab.consequences.learning import Gradient
from simlab.consequences.vendors import ContractShare, Invoice, Penalty
from simlab.engine.event_log import Chronicle
from simlab.engine.jobs import Jobs
from simlab.engine.ledger import Accounts
from simlab.engine.queues import Backlog, Queue
from simlab.errors import InvalidInput, PluginFailed, SimlabError
from simlab.hierarchy import Hierarchy
from simlab.lineage import Lineage
from simlab.machines.transformer_lm import TransformerBody
from simlab.parties.auditors import Auditors
from simlab.parties.corporation import Corporation
from simlab.parties.language_model import LanguageModel
from simlab.parties.people import People
from simlab.parties.raters import Raters
from simlab.parties.regulator import Regulator
from simlab.parties.reward_model import RewardModel
from simlab.parties.shareholders import Shareholders
from simlab.parties.users import Users
from simlab.parties.vendor import Vendor
from simlab.people.labor_market import LaborMarket
from simlab.relation import Consequence, Judgement, Party, Relation
from simlab.rng import Streams
from simlab.worlds.text import TextGame, require_opinions
from simlab.worlds.world import Game

if TYPE_CHECKING:
    from simlab.scenario import RelationSpec, Scenario
    from simlab.tables.recorder import Recorder

PARTIES: dict[str, type[Any]] = {
    "language_model": LanguageModel,
    "reward_model": RewardModel,
    "raters": Raters,
    "auditors": Auditors,
    "vendor": Vendor,
    "corporation": Corporation,
    "users": Users,
    "shareholders": Shareholders,
    "regulator": Regulator,
}  # in the order in which they come to be: a reward model grows from a language model
CONSEQUENCES: dict[str, Callable[..., Consequence]] = {
    "churn": Churn,
    "replace": Replace,
    "fund": Fund,
    "withdraw": Withdraw,
    "fine": Fine,
    "suspend": Suspend,
    "pay": Pay,
    "bonus": Bonus,
    "warn": Warn,
    "retrain": Retrain,
    "fire": Fire,
    "hire": Hire,
    "contract_share": ContractShare,
    "penalty": Penalty,
    "gradient": Gradient,
}
CALLS_PER_LEVEL = 10
SECONDS_PER_DAY = 86400.0
Progress = Callable[[str, float, float, float], None]  # stage, day, days, share of the stage done
Tell = Callable[..., None]  # what has happened, by the name of its hook less "simlab_", and what the hook is told


def nobody(what: str, **said: Any) -> None:
    """Nobody looks on."""


class Simulation(Lineage):
    """One scenario under one seed. Parties ask it for the clock, the streams, each other, and the recorder.

    Building it checks what only the live world can tell, and raises InvalidInput before anything is written.
    """

    def __init__(
        self,
        scenario: Scenario,
        jobs: Jobs,
        progress: Progress | None = None,
        tell: Tell = nobody,
    ) -> None:
        self.scenario = scenario
        self.days = float(scenario.days)
        self.jobs = jobs
        self.recorder: Recorder
        self.progress = progress
        self.tell = tell
        self.env = simpy.Environment()
        self.streams = Streams(scenario.seed)
        self.accounts = Accounts()
        self.labor_market = LaborMarket()
        self.chronicle = Chronicle(self)
        self._failure: Exception | None = None
        try:
            self.game = scenario.world.open(self.streams, scenario.criterion_components())
            if not isinstance(self.game, Game):
                raise PluginFailed.returned(scenario.world, f"must open as a Game; it gave {given(self.game)}", "open")
            if isinstance(self.game, TextGame):
                require_opinions(self.game)
        except SimlabError:
            raise
        except Exception as error:
            raise PluginFailed.raised(f"world {scenario.world.name!r}", error) from error
        try:
            self.game.value(dict.fromkeys(scenario.criteria_used(), 0.0))  # each has its place, also if only measured
        except InvalidInput as error:
            raise InvalidInput(scenario.problem(("world",), str(error))) from error
        self._valued = self.game.valued(scenario.criteria_valued())
        edges = [(r.principal, r.agent) for r in scenario.relations]
        auditors = [name for name, spec in scenario.parties.items() if spec.kind == "auditors"]
        gone = Hierarchy(scenario.parties, edges).without(scenario.without, auditors)
        specs = {name: spec for name, spec in scenario.parties.items() if name not in gone}
        relations = [r for r in scenario.relations if gone.isdisjoint((r.principal, r.agent))]
        self.hierarchy = Hierarchy(specs, [(r.principal, r.agent) for r in relations])
        calls = CALLS_PER_LEVEL * self.hierarchy.depth()  # a guideline is handed down by calls within calls
        sys.setrecursionlimit(max(sys.getrecursionlimit(), 1000 + calls))
        self.pools = tuple(name for name, spec in scenario.parties.items() if spec.kind == "raters")
        self.rounds = {name: 0 for name, spec in specs.items() if spec.kind == "language_model"}
        self.limits = _limits(relations)
        self.queues: dict[str, Queue | Backlog] = {}
        self.cluster = self.queue("the cluster", scenario.cluster.count)
        self.parties: dict[str, Party] = {}
        for kind, build in PARTIES.items():
            for name, spec in specs.items():
                if spec.kind == kind:
                    self.parties[name] = build(self, name, spec)
        self.parties = {name: self.parties[name] for name in specs}
        self.relations = [self._relation(spec) for spec in relations]
        self.observatory = Observatory(self)

    def _relation(self, spec: RelationSpec) -> Relation:
        """The live relation; what is owed for work is always paid, whether or not the file says so."""
        consequences = [CONSEQUENCES[c.kind](self, c) for c in spec.consequence]
        principal, agent = self.parties[spec.principal], self.parties[spec.agent]
        paid = any(isinstance(c, Pay) for c in consequences)
        if isinstance(agent, People) and not paid and self.employer_of(agent.name) == principal.name:
            consequences.insert(0, Pay(self, None))
        if isinstance(agent, People) and agent.spec.probation and self.employer_of(agent.name) == principal.name:
            consequences.insert(int(not paid), Probation(self, agent.spec.probation))
        if isinstance(agent, People) and agent.spec.voice:
            consequences.insert(0, Heard(self, None))
        if isinstance(agent, Vendor) and self.employer_of(agent.name) == principal.name:
            consequences.insert(0, Invoice(self, None))
        if isinstance(principal, Auditors) and self.employer_of(principal.name) not in self.hierarchy.principals(
            principal.name
        ):
            consequences.insert(0, Pay(self, None, principal))  # nobody looks at these auditors, yet they are paid
        return Relation(self, principal, agent, spec.every, spec.sample, consequences)

    def taught(self, what: str, model: str, **said: Any) -> None:
        """Tell whoever looks on what a machine has learned; arrays are handed out as copies that cannot be changed."""
        self.tell(what, model=model, time=self.now, **{name: _sealed(value) for name, value in said.items()})

    def deviations(self, key: int, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
        """Isotropic random vectors of the value space [n, D], of expected squared length 1; one for each number."""
        return self.game.deviations(key, numbers, self._valued)

    # ---- the clock ----------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """The simulated time, in days."""
        return float(self.env.now)

    def run(self, recorder: Recorder) -> None:
        """Everything, from pretraining to the last day, written down by `recorder`."""
        self.recorder = recorder
        self.start(self._begin())
        try:
            self.env.run()
        except Exception as error:
            raise self._failure or error from None
        if self.now < self.days:
            self.env.run(until=self.days)
        for relation in self.relations:
            for consequence in relation.consequences:
                self.chronicle.effects(relation, Judgement(relation.agent.name), consequence.settle(relation))
        self.chronicle.flows(self.queues)
        self.recorder.flush()

    def start(self, steps: Steps) -> Event:
        """Let a process run from now on. SimPy makes exceptions anew when they cross processes; ours stay as raised."""

        def watched() -> Steps:
            try:
                yield from steps
            except Exception as error:
                self._failure = self._failure or error
                raise

        return self.env.process(watched())

    def _begin(self) -> Steps:
        machines = self.of_kind(RewardModel)
        for build in PARTIES.values():
            for party in self.parties.values():
                if isinstance(party, build) and party not in machines:
                    yield from party.start()
        for model in self.of_kind(LanguageModel):
            yield from model.imitate()
        for machine in machines:  # what it takes for zero is said by the model that people have shown how to answer
            yield from machine.start()
        for model in self.of_kind(LanguageModel):
            yield from self.observatory.look(model)
        self._finish_round()
        self.start(self._calendar())

    def _calendar(self) -> Steps:
        """Every look on its day. On the same day a judge is judged first: what follows may change how it judges;
        and before anybody looks, those who set guidelines meet."""
        depth = {name: len(list(self.hierarchy.above(name))) for name in self.parties}
        due: dict[float, list[Relation]] = {}
        for relation in sorted(self.relations, key=lambda r: max(depth[name] for name in self._heard(r))):
            for day in relation.days(self.days):
                due.setdefault(day, []).append(relation)
        meetings: dict[float, list[Corporation]] = {}
        for corporation in self.of_kind(Corporation):
            for day in self._meetings(corporation):
                meetings.setdefault(day, []).append(corporation)
        for day in sorted({*due, *meetings}):
            yield from at(self.env, day)
            for corporation in meetings.get(day, []):
                corporation.meet()
            started: list[tuple[Relation, Event]] = []
            for relation in due.get(day, []):
                heard = self._heard(relation)
                before = [event for other, event in started if other.agent.name in heard]
                started.append((relation, self.start(relation.look(before))))

    def _heard(self, relation: Relation) -> list[str]:
        """Whose judgement counts when this relation looks: the principal's, and that of whoever limits the reward."""
        limiters = [name for name, model in self.limits.items() if model == relation.agent.name]
        return [relation.principal.name, *limiters]

    def _meetings(self, corporation: Corporation) -> list[float]:
        """Days on which the guideline may be revised; none if nobody ever would."""
        policies = [corporation.guideline.policy]
        for relation in self.relations:
            if relation.agent is corporation:
                policies += [c.spec.policy for c in relation.consequences if isinstance(c, Replace) and c.spec.policy]
        revised = any(policy.name != "static" for policy in policies)
        return corporation.guideline.meetings(self.days) if revised else []

    def revised(self, corporation: Corporation) -> None:
        """A guideline has a new version: everybody who works by it is told, also auditors who answer to nobody."""
        below = list(self.hierarchy.below(corporation.name))
        aside = [a.name for a in self.of_kind(Auditors) if self.maker_above(a.name) is corporation]
        for name in dict.fromkeys([*below, *aside]):
            self.parties[name].told(corporation.standard())

    def after(self, relation: Relation) -> Steps:
        """When a language model has been trained, a round is over: everybody is asked what they prefer now."""
        self.report("simulating", 0.0)
        if isinstance(relation.agent, LanguageModel):
            self.rounds[relation.agent.name] += 1
            yield from self.observatory.look(relation.agent)
            self._finish_round()

    def _finish_round(self) -> None:
        self.recorder.flush()
        self.tell("round_finished", round=self.round, time=self.now, tables=self.recorder.fresh())

    def compute(self, party: str, kind: str, flops: float) -> Steps:
        """Occupy one machine of the cluster for as long as `flops` operations take, and count the labor."""
        with self.cluster.request() as turn:
            yield turn
            seconds = flops / self.scenario.cluster.flops
            yield self.env.timeout(seconds / SECONDS_PER_DAY)
        order = int(isinstance(self.parties[party], RewardModel))
        self.chronicle.labor(party, kind, order=order, hours=seconds / 3600, flops=flops)

    def queue(self, name: str, capacity: int = 1) -> Queue:
        """A new queue of this run, by whose name the `queues` table will speak of it."""
        made = Queue(self.env, capacity)
        self.queues[name] = made
        return made

    def backlog(self, name: str) -> Backlog:
        """A new backlog of this run, by whose name the `queues` table will speak of it."""
        made = Backlog(self.env)
        self.queues[name] = made
        return made

    def stage(self, name: str) -> Callable[[int, int], None]:
        """A progress callback for a long computation."""
        return lambda done, total: self.report(name, done / max(1, total))

    def report(self, stage: str, share: float) -> None:
        """Tell whoever watches where the run stands."""
        if self.progress is not None:
            self.progress(stage, min(self.now, self.days), self.days, share)

    # ---- what there is ------------------------------------------------------------------------------------------

    @property
    def round(self) -> int:
        """Training rounds completed, of the language model that is ahead."""
        return max(self.rounds.values(), default=0)

    @property
    def panel_size(self) -> int:
        """Prompts on the panel."""
        return int(self.scenario.panel.prompts)

    def relations_of(self, principal: str) -> list[Relation]:
        """The relations in which this party judges."""
        return [r for r in self.relations if r.principal.name == principal]

    def models(self) -> dict[str, dict[str, NDArray[Any]]]:
        """What is worth keeping of each language model of words: dictionary, shape, and arrays before and after."""
        kept = {}
        for model in self.of_kind(LanguageModel):
            if isinstance(model.body, TransformerBody):
                kept[model.name] = model.body.state()
        return kept


def _limits(relations: list[RelationSpec]) -> dict[str, str]:
    """Reward models that reward shapes name as their costs, with the language models whose reward they limit."""
    found = {}
    for relation in relations:
        for consequence in relation.consequence:
            if consequence.kind == "gradient" and consequence.shape.costs():
                found[consequence.shape.costs()] = relation.agent
    return found


def _sealed(value: Any) -> Any:
    """A copy to look at: an array that cannot be written to, a mapping that cannot be changed."""
    if isinstance(value, Mapping):
        return MappingProxyType({name: _sealed(part) for name, part in value.items()})
    if isinstance(value, np.ndarray):
        value = value.copy()
        value.setflags(write=False)
    return value
