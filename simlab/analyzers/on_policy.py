"""How much of what was possible at its distance from the reference a language model gained, for those above it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.analyzers.analyzer import Analyzer, RoundView
from simlab.arrays import Array
from simlab.clock import Steps
from simlab.machines.gaussian_lm import GaussianLM
from simlab.measures.on_policy import Rung, rung_of_directions, rung_of_samples
from simlab.measures.panel import Panel
from simlab.parties.corporation import Corporation
from simlab.parties.regulator import Regulator
from simlab.parties.shareholders import Shareholders
from simlab.parties.users import Users
from simlab.relation import Party

if TYPE_CHECKING:
    from simlab.engine.context import Context

PER_PROMPT = 16  # reference responses to each prompt: ln 16 is 2.8 nats
MOST_PROMPTS = 300
GOLD = Users | Corporation | Shareholders | Regulator  # whose utility is held to be gold


class OnPolicyAnalyzer(Analyzer):
    """Fills the table `on_policy`. `reference` holds, per model of words, its first responses to some prompts."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.reference: dict[str, Panel] = {}

    def measure(self, view: RoundView) -> Steps:
        yield from ()
        context, name = self.context, view.model.name
        if not isinstance(view.model.backend, GaussianLM) and name not in self.reference:
            prompts = np.unique(view.reference.prompt)
            prompts = prompts[np.linspace(0, len(prompts) - 1, min(len(prompts), MOST_PROMPTS)).astype(np.int64)]
            key = context.rng.key("panel", "reference", "many")
            items = view.model.backend.sample(np.repeat(prompts, PER_PROMPT), key)  # queues for nothing
            self.reference[name] = Panel(items, items.prompt, context.game.features(items))
        for above in dict.fromkeys(context.hierarchy.above(name)):
            party = context.parties[above]
            if isinstance(party, GOLD):
                self._record(view, party)

    def _record(self, view: RoundView, party: Party) -> None:
        backend = view.model.backend
        rung = (
            rung_of_directions(party.standard().vector, backend.mean)
            if isinstance(backend, GaussianLM)
            else self._sampled(view, party)
        )
        self.add(
            "on_policy",
            view,
            model=view.model.name,
            party=party.name,
            gain=rung.gain,
            best=rung.best,
            share=rung.share,
            kl=rung.kl,
            n=rung.n,
            beyond=rung.beyond,
        )

    def _sampled(self, view: RoundView, party: Party) -> Rung:
        """The gain over the panel's prompts as today's responses to them show it, and the KL they reveal."""
        reference = self.reference[view.model.name]
        kl = float(view.utilities[view.model.name][len(view.reference) :].mean())
        today = np.isin(view.current.prompt, reference.items.prompt)
        gold, values = self._valued(view, party, reference)
        prompts, place = np.unique(view.current.prompt[today], return_inverse=True)
        assert len(prompts) == len(gold), "both are in ascending order of prompts"
        gained = values[today] - gold.mean(axis=1)[place.ravel()]
        weight = 1 / np.bincount(place.ravel())[place.ravel()]
        return rung_of_samples(gold, float(np.average(gained, weights=weight)), kl)

    def _valued(self, view: RoundView, party: Party, reference: Panel) -> tuple[Array, Array]:
        """A party's utilities of the reference's many responses [prompts, PER_PROMPT] and of today's on the panel [n].

        Utilities that are mere ranks are taken anew, among all of these.
        """
        if party.standard().utility_function.additive:
            many = party.utility(reference)
            today = view.utilities[party.name][len(view.reference) :]  # its first half are the reference's
        else:
            items = reference.items.joined(view.current)
            together = Panel(items, items.prompt, self.context.game.features(items))
            many, today = np.split(party.utility(together), [len(reference.items)])
        return many.reshape(-1, PER_PROMPT), today
