"""How much of what was possible at its distance from the reference a language model gained, for those above it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.analyzers.analyzer import Analyzer, RoundView
from simlab.analyzers.gold import gold, utilities
from simlab.arrays import Array
from simlab.clock import Steps
from simlab.machines.gaussian_lm import GaussianLM
from simlab.measures.on_policy import Rung, rung_of_directions, rung_of_samples
from simlab.relation import Party
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.engine.context import Context


class OnPolicyAnalyzer(Analyzer):
    """Fills the table `on_policy`. `reference` holds, per model of words, its first responses to some prompts."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.spec = context.scenario.panel.on_policy
        self.reference: dict[str, Items] = {}

    def measure(self, view: RoundView) -> Steps:
        yield from ()
        context, name = self.context, view.model.name
        if not isinstance(view.model.backend, GaussianLM) and name not in self.reference:
            prompts = np.unique(view.reference.prompt)
            prompts = prompts[np.linspace(0, len(prompts) - 1, min(len(prompts), self.spec.prompts)).astype(np.int64)]
            key = context.rng.key("panel", "reference", "many")
            asked = np.repeat(prompts, self.spec.samples)
            self.reference[name] = view.model.backend.fresh().sample(asked, key)  # queues for nothing
        for party in gold(context, name):
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
            effective=rung.effective,
            beyond=rung.beyond,
            why_nan=rung.why_nan,
        )

    def _sampled(self, view: RoundView, party: Party) -> Rung:
        """The gain over the panel as the responses to it show it, the KL they reveal, and the most at that KL, of which
        the reference's many responses to some of its prompts tell."""
        first, reference = len(view.reference), self.reference[view.model.name]
        kl = float(view.utilities[view.model.name][first:].mean())
        if not party.standard().utility_function.additive:
            return self._ranked(view, party, reference, kl)
        gained = view.utilities[party.name][first:] - view.utilities[party.name][:first]
        worth = utilities(self.context, party, reference)
        return rung_of_samples(self._by_prompt(worth), float(gained.mean()), kl, self.spec.effective)

    def _ranked(self, view: RoundView, party: Party, reference: Items, kl: float) -> Rung:
        """Of utilities that are mere ranks, which are taken anew among the reference's many responses and today's to
        the same prompts."""
        today = view.current[np.isin(view.current.prompt, reference.prompt)]
        many, values = np.split(utilities(self.context, party, reference.joined(today)), [len(reference)])
        worth = self._by_prompt(many)
        place = np.unique(today.prompt, return_inverse=True)[1].ravel()
        assert place.max() == len(worth) - 1, "both are in ascending order of prompts"
        weight = 1 / np.bincount(place)[place]
        gain = float(np.average(values - worth.mean(axis=1)[place], weights=weight))
        return rung_of_samples(worth, gain, kl, self.spec.effective)

    def _by_prompt(self, utilities: Array) -> Array:
        """Utilities of the reference's many responses [prompts, samples]."""
        return utilities.reshape(-1, self.spec.samples)
