"""The survey: after every round all parties are asked the same questions, and the answers are written down.

It fills the tables `alignment`, `responses`, `win_rate` and `raters`; each further table has an analyzer of its own in
this package. It observes and changes nothing: its panel's responses are drawn from random streams of their own, the
same in every round and every arm of a study. It subscribes to the event log; nobody calls it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.analyzers.agents_compared import AgentsCompared
from simlab.analyzers.agreement import AgreementAnalyzer
from simlab.analyzers.alarms import AlarmsAnalyzer
from simlab.analyzers.analyzer import Agents, Analyzer, RoundView
from simlab.analyzers.best_of import BestOfAnalyzer
from simlab.analyzers.flattening import FlatteningAnalyzer
from simlab.analyzers.groups import GroupsAnalyzer
from simlab.analyzers.learning_curve import LearningCurveAnalyzer
from simlab.analyzers.minimal_pairs import MinimalPairsAnalyzer
from simlab.analyzers.on_policy import OnPolicyAnalyzer
from simlab.analyzers.orders import OrdersAnalyzer
from simlab.analyzers.waterfall import WaterfallAnalyzer
from simlab.arrays import Array, Indices
from simlab.clock import Steps
from simlab.components.exchange import Observer
from simlab.machines.machine import deviations
from simlab.measures.alignment import compare_all, correlations, measures_of, pairs_of
from simlab.measures.panel import Panel
from simlab.measures.statistics import REPLICATES, intervals, times_drawn
from simlab.parties.corporation import Corporation
from simlab.parties.language_model import LanguageModel
from simlab.parties.pool import Pool
from simlab.parties.raters import Raters
from simlab.parties.users import Users
from simlab.parties.vendor import Vendor
from simlab.people import working_life
from simlab.people.expected_labels import expected_labels, signs
from simlab.rankings import Rankings, preferred
from simlab.relation import Party, Relation
from simlab.tables.columns import UTILITY
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.machines.learning_curve import Look


ANALYZERS: tuple[type[Analyzer], ...] = (
    WaterfallAnalyzer,
    FlatteningAnalyzer,
    AgreementAnalyzer,
    OnPolicyAnalyzer,
    BestOfAnalyzer,
    LearningCurveAnalyzer,
    MinimalPairsAnalyzer,
    OrdersAnalyzer,
    GroupsAnalyzer,
    AlarmsAnalyzer,
)


class Survey:
    """Measures one run. `reference` holds, per language model, what it said on the panel before any training."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.reference: dict[str, Items] = {}
        self.compared = AgentsCompared(context)
        self.analyzers = [analyzer(context) for analyzer in ANALYZERS]
        context.log.on_ranked.append(self.ranked)
        context.log.on_learned.append(self.learned)
        context.log.on_practised.append(self.practised)
        context.log.on_round.append(self.measure)

    def ranked(self, party: Party, made: Rankings) -> None:
        """Rankings have been made; whoever measures them takes note."""
        for analyzer in self.analyzers:
            analyzer.ranked(party, made)

    def learned(self, relation: Relation, table: str, columns: Mapping[str, Any]) -> None:
        """A machine has learned; whoever measures that takes note."""
        for analyzer in self.analyzers:
            analyzer.learned(relation, table, columns)

    def practised(self, relation: Relation, looks: Sequence[Look]) -> None:
        """A language model has learned, and was looked at meanwhile; whoever measures that takes note."""
        for analyzer in self.analyzers:
            analyzer.practised(relation, looks)

    def measure(self, model: LanguageModel) -> Steps:
        """Measure the round of this language model that has just ended."""
        self.context.report("measuring", 0.0)
        context = self.context
        stamp = {"time": context.now, "round": context.rounds[model.name]}
        spec, game, rng = context.scenario.panel, context.game, context.rng
        prompts = np.repeat(game.panel_prompts(spec.prompts), spec.responses)
        if model.name not in self.reference:
            reference = yield from model.respond(prompts, rng.key("panel", "reference"))
            self.reference[model.name] = reference
        reference = self.reference[model.name]
        current = yield from model.respond(prompts, rng.key("panel", "current"))
        both = reference.joined(current)
        panel = Panel(both, both.prompt, game.features(both))
        utilities = {name: party.utility(panel) for name, party in context.parties.items()}
        asked = (np.arange(0, len(prompts), spec.responses)[:, None] + np.arange(2)[None, :]).ravel()
        view = RoundView(model, panel, utilities, stamp, reference, current, asked)
        self._record_wins(view, prompts)
        self._record_responses(view, current)
        if game.panel_of_reference:
            panel = Panel(reference, prompts, game.features(reference))
            utilities = {name: party.utility(panel) for name, party in context.parties.items()}
            view = RoundView(model, panel, utilities, stamp, reference, current, asked)
        self._record_alignment(view)
        yield from self._record_shown(view)
        for pool in context.of_kind(Pool):
            if context.hierarchy.model_below(pool.name) == model.name:
                self._record_people(view, pool)
        self._record_vendors(view)
        for agents in view.agents:
            self._record_meta(view, agents)
        for analyzer in self.analyzers:
            yield from analyzer.measure(view)

    def _record_alignment(self, view: RoundView) -> None:
        known, asides = view.utilities, self._asides(view)
        compared = [(a, b, known[a], known[b]) for a, b in pairs_of(known)]
        for firm in self.context.of_kind(Corporation):
            compared += self._faces(view, firm)
        compared += _with_each(asides, known)
        self._record_compared(view, compared)

    def _record_compared(self, view: RoundView, compared: Sequence[tuple[str, str, Array, Array]]) -> None:
        """How far the utilities [n] of each two of these agree: names, and what each finds of the panel's items."""
        if not compared:
            return
        a, b, left, right = zip(*compared, strict=True)
        rows = compare_all(view.panel, list(zip(left, right, strict=True)), self._replicates(view))
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        self._alignment(view, order=1, panel="responses", against="", a=a, b=b, **columns)

    def _asides(self, view: RoundView) -> dict[str, Array]:
        """What stands in no relation, but has an opinion of the items of the panel [n]."""
        firms = [firm for firm in self.context.of_kind(Corporation) if firm.spec.deployer is not None]
        habitual = [users for users in self.context.of_kind(Users) if users.habits is not None]
        return {
            **{f"{firm.name}:deployer": firm.deployer_utility(view.panel) for firm in firms},
            **{f"{users.name}:habits": users.habitual_utility(view.panel) for users in habitual},
        }

    def _record_shown(self, view: RoundView) -> Steps:
        """How far what a deployer lets through of this model agrees with every party, its own criteria and habits."""
        for firm in self.context.of_kind(Corporation):
            made = self.context.hierarchy.model_below(firm.name) == view.model.name
            if firm.spec.deployer is not None and made:
                key = self.context.rng.key("panel", "shown", firm.name)
                shown = yield from firm.shown_utility(view.panel, key)
                others = {**view.utilities, **self._asides(view)}
                self._record_compared(view, _with_each({f"{firm.name}:shown": shown}, others))

    def _replicates(self, view: RoundView) -> int:
        """The key of the bootstrap replicates, which are the same for all that is measured in a round: what is compared
        with one another is compared on the same prompts."""
        return self.context.rng.key("bootstrap", view.model.name, view.stamp["round"])

    def _faces(self, view: RoundView, firm: Corporation) -> list[tuple[str, str, Array, Array]]:
        """What a firm operates by, to be held against what it publishes; nothing while both are one and the same."""
        told = firm.standard()
        if np.array_equal(told.vector, told.published):
            return []
        own, shown = view.utilities[firm.name], firm.published_utility(view.panel)
        return [(firm.name, f"{firm.name}:published", own, shown)]

    def _alignment(self, view: RoundView, **row: Any) -> None:
        self.context.log.add("alignment", model=view.model.name, **view.stamp, **row)

    def _record_responses(self, view: RoundView, current: Items) -> None:
        game, first = self.context.game, len(view.reference)
        utilities: dict[str, Any] = {
            f"{UTILITY}{name}": view.utilities[name][first:] if name in view.utilities else np.nan
            for name in self.context.scenario.parties
        }
        self.context.log.add(
            "responses",
            corporation=self.context.hierarchy.maker_of(view.model.name),
            agent=view.model.name,
            **view.stamp,
            **game.transcript(current),
            **utilities,
            **deviations(self.context, current),
            truthful_believed=game.believed(current, self._evaluators(view.model)),
        )

    def _evaluators(self, model: LanguageModel) -> list[Observer]:
        """Those who rank this model's responses, as they understand the world: all raters employed by then, or those
        who stand for a very large pool."""
        pools = [p for p in self.context.of_kind(Raters) if self.context.hierarchy.model_below(p.name) == model.name]
        return [pool.observers[row] for pool in pools for row in pool.representatives().tolist()]

    def _record_wins(self, view: RoundView, prompts: Indices) -> None:
        """How often each party finds today's response better than the pretrained model's to the same prompt.

        A tie counts half; the interval is a 95 % bootstrap over prompts.
        """
        order = np.argsort(prompts, kind="stable")
        _, first = np.unique(prompts[order], return_index=True)
        half = len(prompts)
        better = [preferred(values[half:] - values[:half]) for values in view.utilities.values()]
        wins = np.choose(np.stack(better, axis=1), (0.5, 1.0, 0.0))  # [n, judges]
        sums = np.add.reduceat(np.concatenate([np.ones((half, 1)), wins], axis=1)[order], first)
        drawn = times_drawn(self._replicates(view), REPLICATES, len(first)) @ sums
        low, high = zip(*intervals(drawn[:, 1:] / drawn[:, :1]), strict=True)
        self.context.log.add(
            "win_rate",
            model=view.model.name,
            judge=list(view.utilities),
            rate=wins.mean(axis=0),
            n=len(first),
            low=low,
            high=high,
            **view.stamp,
        )

    # ---- order 2 and above: those who judge are on the panel ----------------------------------------------------

    def _record_people(self, view: RoundView, pool: Pool) -> None:
        """Each person's true ρ with the guideline and with users' intent, and how well each principal told it."""
        rows = pool.representatives(former=True)
        if not len(rows):  # nobody was ever hired
            return
        each = view.panel.centred(pool.individual_utilities(view.panel, rows))
        truth = self._truth(view, pool.name, each)
        view.labels[pool.name] = labels = expected_labels(pool, rows, view.panel, view.asked)
        held_to = self.context.standards_above(pool.name)
        gold = {against: _signs(view, party) for against, party in held_to.items()}
        lost = labels.losses(gold["guideline"])
        self.compared.truth[pool.name] = dict(zip(rows.tolist(), truth["guideline"].tolist(), strict=True))
        cohort = pool.cohort[rows]
        self.context.log.add(
            "raters",
            worker=pool.labels_of(rows),
            employer=self.context.hierarchy.employer_of(pool.name),
            employed=cohort.employed,
            tasks=cohort.tasks,
            score=cohort.score,
            warnings=cohort.warnings,
            care=pool.work_state.care[rows],
            fatigue=working_life.current_fatigue(pool)[rows],
            exposure=working_life.current_exposure(pool)[rows],
            rho_guideline=truth["guideline"],
            rho_intent=truth["intent"],
            fidelity_guideline=labels.fidelity(gold["guideline"]),
            fidelity_intent=labels.fidelity(gold["intent"]),
            lost_direction=lost.direction,
            lost_perception=lost.perception,
            lost_choice=lost.choice,
            lost_care=lost.care,
            lost_silence=lost.silence,
            **view.stamp,
        )
        for name in self.context.hierarchy.principals(pool.name):
            scores = pool.record(name).score[rows]
            view.agents.append(Agents(name, pool.name, pool.work_order + 1, scores, each, truth))

    def _record_vendors(self, view: RoundView) -> None:
        """How well each firm's scores of its vendors tell which of them is truer to the guideline."""
        context = self.context
        vendors = [v for v in context.of_kind(Vendor) if context.hierarchy.model_below(v.name) == view.model.name]
        for name in dict.fromkeys(p for v in vendors for p in context.hierarchy.principals(v.name)):
            mine = [v for v in vendors if name in context.hierarchy.principals(v.name)]
            each = np.stack([view.panel.centred(view.utilities[v.name]) for v in mine], axis=1)
            scores = np.array([v.record(name).score[0] for v in mine])
            truth = self._truth(view, mine[0].name, each)
            order = max(v.work_order for v in mine) + 1
            view.agents.append(Agents(name, "vendors", order, scores, each, truth))

    def _record_meta(self, view: RoundView, agents: Agents) -> None:
        a, b = agents.principal, agents.panel
        for against, rho in agents.truth.items():
            key = self._replicates(view)
            row = _order_two(agents.scores, rho, key)
            self._alignment(view, order=agents.order, panel=b, against=against, a=a, b=b, **row)

    def _truth(self, view: RoundView, agent: str, each: Array) -> dict[str, Array]:
        """ρ of each agent's centred utilities [n, agents] with the guideline above `agent`, and with users' intent."""
        return {
            against: correlations(each, view.panel.centred(view.utilities[party]))
            if party
            else np.full(each.shape[1], np.nan)
            for against, party in self.context.standards_above(agent).items()
        }


def _with_each(asides: Mapping[str, Array], others: Mapping[str, Array]) -> list[tuple[str, str, Array, Array]]:
    """Things that stand in no relation, as users' habits, each to be held against everybody else's opinion [n]."""
    return [(a, b, mine, theirs) for a, mine in asides.items() for b, theirs in others.items()]


def _signs(view: RoundView, party: str) -> Array:
    """Which side of each pair of the panel a party finds better [M]; zeros if there is no such party."""
    return signs(view.utilities[party][view.asked]) if party else np.zeros(len(view.asked) // 2)


def _order_two(score: Array, rho: Array, key: int) -> dict[str, Any]:
    """How well a principal's scores of its raters [R] order them by what they are worth [R]; bootstrapped by rater."""
    known = ~np.isnan(score) & ~np.isnan(rho)
    x, y = score[known], rho[known]
    nan = float("nan")
    why = "fewer than three agents have been judged" if len(x) < 3 else ""
    if not why and (x.std() <= 1e-12 or y.std() <= 1e-12):
        why = "all agents are alike"
    if why:
        return {"rho": nan, "accuracy": nan, "tau": nan, "n": len(x), "low": nan, "high": nan, "why_nan": why}
    return measures_of(np.stack([x, y], axis=1), [(0, 1)], key, drawn=np.arange(len(x)))[0]
