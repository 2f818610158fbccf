"""One run: a context filled with parties, relations and analyzers, and the calendar by which it goes.

`run_file` is what `simlab run` and `simlab.run` call. A run is a deterministic function of scenario, seed and
plugins; what torch computes comes from `jobs`, so a run that was cut off is simply run again.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from simpy import Event

from simlab.analyzers.survey import Survey
from simlab.clock import Steps, at
from simlab.components.consequence import Consequence, guideline_policies
from simlab.components.return_values import given
from simlab.components.reward_shape import cost_models
from simlab.consequences.contract_terms import implied
from simlab.consequences.imported_preferences import imported, learn_imported
from simlab.consequences.learning import Gradient
from simlab.engine.context import Context, Progress, Tell, nobody
from simlab.engine.jobs import Jobs
from simlab.errors import FAILURES, InvalidInput, PluginFailed, SimlabError
from simlab.hierarchy import Hierarchy
from simlab.machines.saved import SavedModel
from simlab.machines.transformer_lm import TransformerLM
from simlab.machines.transformer_rm import TransformerRM
from simlab.parties.auditors import Auditors
from simlab.parties.corporation import Corporation
from simlab.parties.language_model import LanguageModel
from simlab.parties.pool import Pool
from simlab.parties.raters import Raters
from simlab.parties.regulator import Regulator
from simlab.parties.reward_model import RewardModel
from simlab.parties.shareholders import Shareholders
from simlab.parties.users import Users
from simlab.parties.vendor import Vendor
from simlab.people.effort import reconsider
from simlab.people.labor_market import LaborMarket
from simlab.people.roster import Roster
from simlab.relation import Judgement, Relation
from simlab.rng import Streams
from simlab.worlds.text import TextGame, amiss, require_opinions
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
CALLS_PER_LEVEL = 10


class Simulation(Context):
    """One scenario under one seed: the context of a run, with everybody in it, and the calendar by which it goes.

    Building it checks what only the live world can tell, and raises InvalidInput before anything is written. If it is
    not to be `measured`, nobody is asked after a round what they prefer, which takes most of a small run's time: tables
    of preferences stay empty, comparisons of agents have no gold, language models are asked less (table `queues`), and
    all else is the same.
    """

    def __init__(
        self,
        scenario: Scenario,
        jobs: Jobs,
        progress: Progress | None = None,
        tell: Tell = nobody,
        measured: bool = True,
    ) -> None:
        rng = Streams(scenario.seed)
        hierarchy, relations = _present(scenario)
        super().__init__(scenario, _game(scenario, rng), hierarchy, jobs, rng, progress, tell)
        calls = CALLS_PER_LEVEL * hierarchy.depth()  # a guideline is handed down by calls within calls
        sys.setrecursionlimit(max(sys.getrecursionlimit(), 1000 + calls))
        for kind, build in PARTIES.items():
            for name in hierarchy.parties:
                if hierarchy.kinds[name] == kind:
                    self.parties[name] = build(self, name, scenario.parties[name])
        self.parties = {name: self.parties[name] for name in hierarchy.parties}
        for machine in self.of_kind(RewardModel):
            machine.imported = imported(self, machine)
        market: LaborMarket[Roster] = LaborMarket()
        for pool in self.of_kind(Pool):
            pool.labor_market = market
        self.relations = [self._relation(spec) for spec in relations]
        self.log.on_acted.append(self._acted)
        self.survey = Survey(self)
        if not measured:
            self.log.on_round.clear()
            self.log.on_learned.clear()
            self.log.on_practised.clear()

    def _relation(self, spec: RelationSpec) -> Relation:
        """The live relation; what stands in every contract follows first, whether or not the file says so."""
        principal, agent = self.parties[spec.principal], self.parties[spec.agent]
        given = [c.in_play(self) if isinstance(c, Consequence) else Gradient(self, c) for c in spec.consequence]
        pays = any(isinstance(c, Consequence) and c.pays for c in given)
        consequences = [*implied(self, principal, agent, pays), *given]
        return Relation(self.log, principal, agent, spec.every, spec.sample, consequences, spec.look, *spec.between())

    # ---- the clock ----------------------------------------------------------------------------------------------

    def run(self, recorder: Recorder) -> None:
        """Everything, from pretraining to the last day, written down by `recorder`."""
        self.log.recorder = recorder
        self.start(self._begin())
        try:
            self.env.run()
        except FAILURES as error:
            raise self.failure or error from None
        if self.now < self.days:
            self.env.run(until=self.days)
        for relation in self.relations:
            for consequence in relation.consequences:
                settled = consequence.settle(relation)
                self.log.followed(relation, Judgement(relation.agent.name), settled, consequence)
        self.log.flows(self.queues)

    def _begin(self) -> Steps:
        machines = self.of_kind(RewardModel)
        for build in PARTIES.values():
            for party in self.parties.values():
                if isinstance(party, build) and party not in machines:
                    yield from party.start()
        for pool in sorted(self.of_kind(Pool), key=lambda pool: -pool.work_order):
            effort = pool.spec.effort
            if effort.know_judges or effort.confirms:  # who were hired before their judges, or before those they judge
                reconsider(pool)
        for model in self.of_kind(LanguageModel):
            yield from model.imitate()
        for machine in machines:  # what it takes for zero is said by the model that people have shown how to answer
            yield from machine.start()
            yield from learn_imported(self, machine)
        for model in self.of_kind(LanguageModel):
            yield from self.log.round_over(model)
        self._finish_round()
        self.start(self._calendar())

    def _calendar(self) -> Steps:
        """Every look on its day. On the same day a judge is judged first: what follows may change how it judges;
        and before anybody looks, those who set guidelines meet."""
        depth = {name: len(list(self.hierarchy.above(name))) for name in self.parties}
        due: dict[float, list[Relation]] = {}
        for relation in sorted(self.relations, key=lambda r: max(depth[name] for name in self._judges(r))):
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
                judges = self._judges(relation)
                before = [
                    event
                    for other, event in started
                    if other.agent.name in judges or (other.agent is relation.agent and other.principal.name in judges)
                ]
                started.append((relation, self.start(relation.look(before))))

    def _judges(self, relation: Relation) -> list[str]:
        """Whose judgement counts when this relation looks: the principal's, that of the other judges of a language
        model, and that of whoever limits the reward."""
        agent = relation.agent.name
        together = self.scenario.judges(agent) if isinstance(relation.principal, RewardModel) else {}
        return list(dict.fromkeys([relation.principal.name, *together, *self.hierarchy.cost_models(agent)]))

    def _meetings(self, corporation: Corporation) -> list[float]:
        """Days on which the guideline may be revised; none if nobody ever would."""
        policies = [corporation.guideline.policy]
        for relation in self.relations:
            if relation.agent is corporation:
                policies += [policy for c in relation.consequences for policy in guideline_policies(c)]
        revised = any(policy.name != "static" for policy in policies)
        return corporation.guideline.meetings(self.days) if revised else []

    def _acted(self, relation: Relation) -> Steps:
        """When a language model has been trained, a round is over: everybody is asked what they prefer now."""
        self.report("simulating", 0.0)
        if isinstance(relation.agent, LanguageModel):
            self.rounds[relation.agent.name] += 1
            if self.scenario.panel.rounds == "every" or self.trained_out(relation.agent.name):
                yield from self.log.round_over(relation.agent)
            self._finish_round()

    def _finish_round(self) -> None:
        recorder = self.log.recorder
        recorder.keep(at_once=self.scenario.world.networks)  # whose next round may take hours
        self.tell("round_finished", round=self.round, time=self.now, tables=recorder.fresh())

    # ---- what is kept -------------------------------------------------------------------------------------------

    def models(self) -> dict[str, SavedModel]:
        """Networks worth keeping, by the names of their files: language models before and after, and reward models."""
        kept: dict[str, SavedModel] = {}
        for model in self.of_kind(LanguageModel):
            if isinstance(model.backend, TransformerLM):
                kept |= {f"{model.name}{when}": saved for when, saved in model.backend.saved().items()}
        for judge in self.of_kind(RewardModel):
            if judge.learned and isinstance(judge.backend, TransformerRM):
                kept[judge.name] = judge.backend.saved(judge.taught())
        return kept


def _present(scenario: Scenario) -> tuple[Hierarchy, list[RelationSpec]]:
    """The hierarchy of those who take part in a run, and its relations: all but whom the run is without."""
    kinds = {name: spec.kind for name, spec in scenario.parties.items()}
    edges = [(r.principal, r.agent) for r in scenario.relations]
    gone = Hierarchy(kinds, edges).without(
        scenario.without, [name for name, kind in kinds.items() if kind == "auditors"]
    )
    relations = [r for r in scenario.relations if gone.isdisjoint((r.principal, r.agent))]
    present = {name: kind for name, kind in kinds.items() if name not in gone}
    shapes = ((r.agent, c.shape) for r in relations for c in r.consequence if c.kind == "gradient")
    return Hierarchy(present, [(r.principal, r.agent) for r in relations], cost_models(shapes)), relations


def _game(scenario: Scenario, rng: Streams) -> Game:
    """The scenario's world, opened; it has a place for every criterion, also if that is only measured."""
    try:
        game = scenario.world.open(rng, scenario.criterion_components())
        if not isinstance(game, Game):
            raise PluginFailed.returned(scenario.world, f"must open as a Game; it gave {given(game)}", "open")
        if isinstance(game, TextGame):
            if wrong := amiss(game):
                raise PluginFailed.returned(scenario.world, f"must give {wrong}", "open")
            require_opinions(game)
    except SimlabError:
        raise
    except Exception as error:
        raise PluginFailed.raised(f"world {scenario.world.name!r}", error) from error
    try:
        game.value(dict.fromkeys(scenario.criteria_used(), 0.0))
    except InvalidInput as error:
        raise InvalidInput(scenario.problem(("world",), str(error))) from error
    return game
