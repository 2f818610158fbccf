"""The observatory: after every round it asks all parties the same questions and writes down the answers.

It fills the tables `alignment`, `responses`, `win_rate` and `raters`. It observes and changes nothing: its
panel's responses are drawn from streams of their own, the same in every round and every arm of a study.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.components import Array
from simlab.measures.alignment import Panel, compare, correlations, pairs_of
from simlab.measures.statistics import bootstrap, kendall_tau, pairwise_accuracy, pearson, resample
from simlab.parties.corporation import Corporation
from simlab.parties.language_model import LanguageModel
from simlab.parties.rankings import preferred
from simlab.parties.raters import Raters
from simlab.parties.society import Users
from simlab.relation import Party, Steps
from simlab.worlds.game import Indices, Items

if TYPE_CHECKING:
    from simlab.simulation import Simulation


class Observatory:
    """Measures one run. `reference` holds, per language model, what it said on the panel before any training."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.reference: dict[str, Items] = {}

    def look(self) -> Steps:
        """Measure the round that has just ended."""
        self.simulation.report("measuring", 0.0)
        for model in self.simulation.of_kind(LanguageModel):
            yield from self._look_at(model)

    def _look_at(self, model: LanguageModel) -> Steps:
        simulation = self.simulation
        spec, game, streams = simulation.scenario.panel, simulation.game, simulation.streams
        prompts = np.repeat(game.panel_prompts(spec.prompts), spec.responses)
        if model.name not in self.reference:
            reference = yield from model.respond(prompts, streams.key("panel", "reference"))
            self.reference[model.name] = reference
        reference = self.reference[model.name]
        current = yield from model.respond(prompts, streams.key("panel", "current"))
        both = _joined(reference, current)
        panel = Panel(both, both.prompt, game.features(both))
        utilities = {name: party.utility(panel) for name, party in simulation.parties.items()}
        self._record_wins(utilities, prompts)
        self._record_responses(model, current)
        if game.panel_of_reference:
            panel = Panel(reference, prompts, game.features(reference))
            utilities = {name: party.utility(panel) for name, party in simulation.parties.items()}
        self._record_alignment(utilities, panel)
        for pool in simulation.of_kind(Raters):
            self._record_raters(pool, utilities, panel)

    def _record_alignment(self, utilities: dict[str, Array], panel: Panel) -> None:
        for a, b in pairs_of(utilities):
            key = self.simulation.streams.key("bootstrap", a, b, self.simulation.round)
            row = compare(panel, utilities[a], utilities[b], key)
            self._alignment(order=1, panel="responses", against="", a=a, b=b, **row)

    def _alignment(self, **row: Any) -> None:
        self.simulation.chronicle.add("alignment", **row)

    def _record_responses(self, model: LanguageModel, current: Items) -> None:
        self.simulation.chronicle.add(
            "responses",
            corporation=self.simulation.maker_of(model),
            agent=model.name,
            **self.simulation.game.transcript(current),
        )

    def _record_wins(self, utilities: dict[str, Array], prompts: Indices) -> None:
        """How often each party finds today's response better than the pretrained model's to the same prompt.

        A tie counts half; the interval is a 95 % bootstrap over prompts.
        """
        order = np.argsort(prompts, kind="stable")
        _, first = np.unique(prompts[order], return_index=True)
        for name, values in utilities.items():
            before, now = values[: len(prompts)], values[len(prompts) :]
            wins = np.choose(preferred(now - before), (0.5, 1.0, 0.0))
            sums = np.add.reduceat(np.stack([np.ones(len(wins)), wins], axis=1)[order], first)
            key = self.simulation.streams.key("bootstrap", "wins", name, self.simulation.round)
            low, high = resample(sums, lambda s: np.asarray(s[:, 1] / s[:, 0]), key=key)
            self.simulation.chronicle.add(
                "win_rate", judge=name, rate=float(wins.mean()), n=len(first), low=low, high=high
            )

    def _record_raters(self, pool: Raters, utilities: dict[str, Array], panel: Panel) -> None:
        """Each rater's true ρ with the guideline and with users' intent, and how well audits told it (order 2)."""
        assert pool.cohort is not None
        rows = pool.representatives(former=True)
        each = panel.centred(pool.individual_utilities(panel, rows))
        truth = {
            against: correlations(each, panel.centred(utilities[party.name])) if party else np.full(len(rows), np.nan)
            for against, party in self._references(pool)
        }
        cohort = pool.cohort[rows]
        self.simulation.chronicle.add(
            "raters",
            worker=pool.labels_of(rows),
            employer=self.simulation.employer_of(pool.name),
            employed=cohort.employed,
            tasks=cohort.tasks,
            score=cohort.score,
            warnings=cohort.warnings,
            rho_guideline=truth["guideline"],
            rho_intent=truth["intent"],
        )
        for principal in self.simulation.principals_with_standard(pool.name):
            for against, rho in truth.items():
                key = self.simulation.streams.key(
                    "bootstrap", principal.name, pool.name, against, self.simulation.round
                )
                row = _order_two(cohort.score, rho, key)
                self._alignment(order=2, panel=pool.name, against=against, a=principal.name, b=pool.name, **row)

    def _references(self, pool: Raters) -> Iterator[tuple[str, Party | None]]:
        above = [self.simulation.parties[name] for name in self.simulation.hierarchy.above(pool.name)]
        yield "guideline", next((p for p in above if isinstance(p, Corporation)), None)
        yield "intent", next((p for p in above if isinstance(p, Users)), None)


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
    low, high = bootstrap(x, y, np.arange(len(x)), key=key)
    accuracy, tau = pairwise_accuracy(x, y), kendall_tau(x, y)
    return {
        "rho": pearson(x, y),
        "accuracy": accuracy,
        "tau": tau,
        "n": len(x),
        "low": low,
        "high": high,
        "why_nan": "",
    }


def _joined(first: Items, second: Items) -> Items:
    return Items(np.concatenate([first.prompt, second.prompt]), np.concatenate([first.response, second.response]))
