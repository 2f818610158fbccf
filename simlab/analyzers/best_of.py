"""What picking the best of n responses by the reward model would give those for whom they are meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simlab.analyzers.analyzer import Analyzer, RoundView
from simlab.analyzers.gold import gold, paying, utilities
from simlab.arrays import Array
from simlab.clock import Steps
from simlab.measures.best_of_n import best_of_divergence, chosen
from simlab.measures.statistics import resample
from simlab.relation import Party
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.scenario.measuring import BestOfSpec


@dataclass(frozen=True, slots=True)
class _Picks:
    """By one judge: how likely each response [n, prompts, samples] is the best of each n, and how far that leads."""

    n: list[int]
    chance: Array
    kl: list[float]


class BestOfAnalyzer(Analyzer):
    """Fills the table `best_of`, if the scenario asks for it. `reference` holds, per model, what it said before any
    training; its own draws are the same in every round."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.reference: dict[str, Items] = {}

    def measure(self, view: RoundView) -> Steps:
        yield from ()
        spec = self.context.scenario.panel.best_of
        relations = [r for r in self.context.relations if r.agent is view.model]
        paid = [(judge, by) for relation in relations for judge, by in paying(relation) if judge.learned]
        if spec is None or not paid:
            return
        for source in spec.sources:
            items, shape = self._sampled(view, spec, source), (-1, spec.samples)
            values = {p.name: utilities(self.context, p, items).reshape(shape) for p in self._gold(view)}
            few, place = items.distinct()
            for judge, by in paid:
                proxy = by.pay(judge, few)[place].reshape(shape)
                picks = _picks(proxy, spec.picks())
                for party, worth in values.items():
                    about = {"source": source, "judge": judge.name, "shape": by.shape.name, "party": party}
                    self._record(view, picks, proxy, worth, about)

    def _gold(self, view: RoundView) -> list[Party]:
        return gold(self.context, view.model.name)

    def _sampled(self, view: RoundView, spec: BestOfSpec, source: str) -> Items:
        """So many responses to each prompt, prompt after prompt; machines are asked directly, and queue for nothing."""
        name, backend = view.model.name, view.model.backend
        prompts = np.repeat(self.context.game.panel_prompts(spec.prompts), spec.samples)
        key = self.context.rng.key("panel", "best of", source)
        if source == "current":
            return backend.sample(prompts, key)
        if name not in self.reference:
            self.reference[name] = backend.fresh().sample(prompts, key)
        return self.reference[name]

    def _record(self, view: RoundView, picks: _Picks, proxy: Array, worth: Array, about: dict[str, str]) -> None:
        """One row for each n."""
        n = np.array(picks.n)
        gained = (picks.chance * worth).sum(axis=2) - worth.mean(axis=1)  # [n, prompts]
        low, high = zip(*(self._interval(view, each) for each in gained), strict=True)
        self.add(
            "best_of",
            view,
            model=view.model.name,
            **about,
            n=n,
            kl=np.array(picks.kl),
            kl_bound=np.log(n) - (n - 1) / n,
            proxy=(picks.chance * proxy).sum(axis=2).mean(axis=1),
            gold=gained.mean(axis=1) + worth.mean(),
            gain=gained.mean(axis=1),
            low=np.array(low),
            high=np.array(high),
            samples=proxy.shape[1],
            prompts=len(proxy),
        )

    def _interval(self, view: RoundView, each: Array) -> tuple[float, float]:
        """A bootstrap interval of the mean over prompts."""
        key = self.context.rng.key("bootstrap", "best of", view.model.name)
        sums = np.stack([np.ones(len(each)), each], axis=1)
        return resample(sums, lambda s: np.asarray(s[:, 1] / s[:, 0]), key=key)


def _picks(proxy: Array, n: list[int]) -> _Picks:
    """By scores [prompts, samples], for each n."""
    chance = np.stack([chosen(proxy, many) for many in n])
    return _Picks(n, chance, [best_of_divergence(proxy, many) for many in n])
