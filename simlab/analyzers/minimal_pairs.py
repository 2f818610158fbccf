"""Which of two responses that differ in one respect the machines find better: syntax, semantics, pragmatics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simlab.analyzers.analyzer import Analyzer, RoundView
from simlab.arrays import Array
from simlab.clock import Steps
from simlab.machines.transformer_lm import TransformerLM
from simlab.measures.statistics import wilson
from simlab.parties.reward_model import RewardModel
from simlab.rankings import preferred
from simlab.rng import hashes
from simlab.worlds.text import MinimalPairs, TextGame
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.engine.context import Context

KINDS = ("scrambled", "false", "wrong_force")
MOST_PAIRS = 240  # of each kind: a share's error is then .03 at most
_LOT = 0x9A125  # which, is the same in every run


class MinimalPairsAnalyzer(Analyzer):
    """Fills the table `minimal_pairs`, in worlds of words that have such pairs."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._pairs: dict[str, MinimalPairs] | None = None

    def measure(self, view: RoundView) -> Steps:
        yield from ()
        game, backend = self.context.game, view.model.backend
        if not isinstance(game, TextGame) or not isinstance(backend, TransformerLM):
            return
        if self._pairs is None:
            found = {kind: game.minimal_pairs(kind) for kind in KINDS}
            self._pairs = {kind: _some(pairs) for kind, pairs in found.items() if pairs is not None}
        if not self._pairs:
            return
        items = _all(self._pairs)
        for machine in self.context.of_kind(RewardModel):
            if machine.learned and self.context.hierarchy.model_below(machine.name) == view.model.name:
                self._record(view, game, machine.name, machine.score(items))
        self._record(view, game, view.model.name, backend.likelihood(items))

    def _record(self, view: RoundView, game: TextGame, party: str, value: Array) -> None:
        """One row for every kind and force, and one for all forces of a kind, from the values of all responses."""
        assert self._pairs is not None
        begins = 0
        for kind, pairs in self._pairs.items():
            n = len(pairs.good)
            difference = value[begins : begins + n] - value[begins + n : begins + 2 * n]
            begins += 2 * n
            right = np.choose(preferred(difference), (0.5, 1.0, 0.0))
            forces = np.array([game.prompts[p].force for p in pairs.good.prompt.tolist()])
            for force in ("", *dict.fromkeys(forces.tolist())):
                self._row(view, party, kind, force, right[forces == force] if force else right)

    def _row(self, view: RoundView, party: str, kind: str, force: str, right: NDArray[np.float64]) -> None:
        low, high = wilson(float(right.sum()), len(right))
        self.add(
            "minimal_pairs",
            view,
            model=view.model.name,
            party=party,
            kind=kind,
            force=force,
            accuracy=float(right.mean()),
            n=len(right),
            low=low,
            high=high,
        )


def _some(pairs: MinimalPairs) -> MinimalPairs:
    """MOST_PAIRS of them at most, by lot."""
    lot = np.argsort(hashes(_LOT, pairs.good.prompt), kind="stable")[:MOST_PAIRS]
    rows = np.sort(lot)
    return MinimalPairs(pairs.good[rows], pairs.bad[rows])


def _all(pairs: dict[str, MinimalPairs]) -> Items:
    """Every response of every kind, the good ones of a kind before its bad ones."""
    parts = [items for kind in pairs.values() for items in (kind.good, kind.bad)]
    width = max(part.response.shape[1] for part in parts)
    padded = [np.pad(part.response, ((0, 0), (0, width - part.response.shape[1]))) for part in parts]
    return Items(np.concatenate([part.prompt for part in parts]), np.concatenate(padded))
