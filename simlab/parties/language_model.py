"""The language model: it says something to every prompt, and is judged for it.

The party is the same in every world; its *backend* differs. In a world of words the body is a transformer,
pretrained on the corpus and moved by PPO; in a world of vectors it is a normal distribution whose mean is
moved (an exponential tilt of N(0, I)). Bodies ask `jobs` for everything that costs computation.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from simpy import Event

from simlab.arrays import Array
from simlab.clock import Steps
from simlab.errors import InvalidInput
from simlab.machines.gaussian_lm import GaussianLM
from simlab.machines.imported import asked, require_room, said
from simlab.machines.language_backend import LanguageBackend
from simlab.machines.machine import Speaker
from simlab.machines.pretrained_lm import PretrainedLM
from simlab.machines.transformer_lm import TransformerLM
from simlab.people.demonstrations import hand_in, write
from simlab.rankings import Rankings, differences, preferred
from simlab.relation import Relation, Teacher, Work
from simlab.rng import branch
from simlab.sheets import Unusable
from simlab.worlds.text import TextGame
from simlab.worlds.tokenizer import pad
from simlab.worlds.world import Game, Items

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.measures.panel import Panel
    from simlab.scenario import DemonstrationsSpec, LanguageModelSpec

AUTHORS = "authors"  # those who wrote the corpus: nobody asked them, and nobody pays them


OTHERS = 32  # responses to a prompt from which it is estimated how good one is among them


def share_below(values: Array, others: Array) -> Array:
    """The chance [n] that another one is below each value [n], from a sample of them [n, R]: never 0 and never 1.

    Equals count half; with R + 1 places, each value is taken to lie in the middle of its own.
    """
    below = (others < values[:, None]).sum(axis=1) + (others == values[:, None]).sum(axis=1) / 2
    return np.asarray((below + 0.5) / (others.shape[1] + 1))


class LanguageModel(Speaker):
    """A model that answers prompts, pretrained before the clock runs."""

    def __init__(self, context: Context, name: str, spec: LanguageModelSpec) -> None:
        super().__init__(context, name)
        self.spec = spec
        self.teacher: Teacher | None = None
        self.memory: list[Rankings] = []  # every ranking it was ever shown, if it learns from people themselves
        game = context.game
        self.tabled = self._encoded(game)  # prompts and responses to imitate, as tokens, if a table has them
        made = TransformerLM if spec.pretrained is None else PretrainedLM
        self.backend: LanguageBackend = (
            made(name, spec, game, context.jobs, context.rng, context.stage, self.loaded(spec))
            if isinstance(game, TextGame)
            else GaussianLM(len(game.dimensions))
        )

    def start(self) -> Steps:
        """Pretraining; nobody can speak with the model before."""
        with self.busy.request() as turn:
            yield turn
            yield from self.context.compute(self.name, "pretraining", self.backend.pretrain())
        self.context.taught("pretraining_finished", self.name, losses=self.backend.losses())
        hours = self.backend.authorship()
        if hours:
            self.context.log.labor(AUTHORS, "authoring", about=self.name, hours=hours)

    def imitate(self) -> Steps:
        """Learn from what people wrote for it, if anybody did; what it is then is its reference from now on."""
        spec = self.spec.demonstrations
        if spec is None:
            return
        assert isinstance(self.backend, TransformerLM)
        shown = self._brought(spec) if self.tabled else self._written(spec)
        if shown is None:
            return
        with self.busy.request() as turn:
            yield turn
            yield from self.context.compute(self.name, "imitation", self.backend.imitate(*shown, spec))
        self.context.taught("imitation_finished", self.name, losses=self.backend.losses())

    def _written(self, spec: DemonstrationsSpec) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        """What the people of a pool write for it now, as tokens; None if there is nobody, or nothing."""
        pool: Any = self.context.parties.get(spec.by or "")  # people, as validation has seen to
        assert isinstance(self.backend, TransformerLM)
        if pool is None:
            return None
        shown = write(pool, self.backend.game, spec, self.context.rng.key(self.name, "demonstrations"))
        if not len(shown):
            return None
        hand_in(pool, self.name, shown)
        return self.backend.prompt_tokens(shown.items.prompt), shown.items.response

    def _brought(self, spec: DemonstrationsSpec) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What the user's own table shows it, as tokens; whoever wrote that, this run pays nobody."""
        told, none = spec.rows().columns, np.full(len(spec.rows()), np.nan)
        self.context.log.add(
            "demonstrations", about=self.name, agent=self.name, worker=list(told["author"]),
            prompt=list(told["prompt"]), text=list(told["response"]), duration=none, pay=0.0,
        )  # fmt: skip
        assert self.tabled is not None
        prompts, responses = self.tabled
        return pad(prompts), pad(responses)

    def _encoded(self, game: Game) -> tuple[list[list[int]], list[list[int]]] | None:
        """The table of demonstrations as tokens, if there is one. Raises InvalidInput where a text is not of this
        world."""
        spec = self.spec.demonstrations
        if spec is None or spec.table is None or not isinstance(game, TextGame):
            return None
        rows = spec.rows()
        try:
            prompts, responses = asked(game, rows), said(game, rows)
            require_room(rows, prompts, responses, self.spec.context)
        except Unusable as error:
            at, file = ("parties", self.name, "demonstrations", "table"), spec.table.path.name
            raise InvalidInput(self.context.scenario.problem(at, error.within(file), error.fix)) from None
        return prompts, responses

    def opinion(self, items: Items) -> Array:
        return self.backend.preference(items)

    def computation(self, items: Items) -> float:
        """It reads them twice, as it is and as it was before training."""
        return 2 * self.backend.reading(items)

    def utility(self, panel: Panel) -> Array:
        """log π − log π_ref of each response: what training has made the model prefer (up to the factor β)."""
        return self.backend.preference(panel.items)

    def surpassed(self, panel: Panel, vector: Array, key: int) -> Generator[Event, Any, Array]:
        """The chance [n] that it says something of less value, by this vector, to the prompt of each item of the panel.

        Exact where responses are vectors; where they are words, from `OTHERS` responses to each prompt.
        """
        values = panel.features @ vector
        if isinstance(self.backend, GaussianLM):
            return self.backend.surpassed(vector, values)
        prompts, place = np.unique(panel.items.prompt, return_inverse=True)
        said = yield from self.respond(np.repeat(prompts, OTHERS), key)
        others = (self.context.game.features(said) @ vector).reshape(len(prompts), OTHERS)
        return share_below(values, others[place])

    def resampled_utility(self, panel: Panel, key: int) -> Array | None:
        """As it would speak, trained again from its reference by the same judges with other draws; no short matter.
        None of one that learned from people, see `utilities_of_halves`."""
        return None if self.teacher is None or self.memory else self.teacher.retrained_utility(self, panel, key)

    def utilities_of_halves(self, panel: Panel, key: int) -> tuple[Array, Array] | None:
        """As two would speak that learned from one half of what people ranked each; None where nobody ranks for it."""
        return self.teacher.utilities_of_halves(self, panel, key) if self.teacher and self.memory else None

    def ordering(self, rankings: Rankings) -> Generator[Event, Any, NDArray[np.int8]]:
        """Which response of each pair it has come to prefer [m, pairs]: 1, 2, or 0 if it cannot tell."""
        with self.busy.request() as turn:
            yield turn
            return self.order(rankings)

    def order(self, rankings: Rankings) -> NDArray[np.int8]:
        """The ordering itself, for those who hold the machine already."""
        ratios = self.backend.preference(rankings.subject).reshape(-1, rankings.options)
        return rankings.each(preferred(differences(ratios)).astype(np.int8))

    def work(self, relation: Relation) -> Generator[Event, Any, Work]:
        """Responses to as many prompts as the principal samples; itself, if it is people who have ranked some."""
        if self.context.hierarchy.kinds[relation.principal.name] == "raters":
            return Work(self.name, self, 1)
        count = relation.sample if isinstance(relation.sample, int) else relation.sampled(self.context.panel_size)
        key = self.context.rng.key(self.name, "shown to", relation.principal.name, relation.looks)
        prompts = self.context.game.draw_prompts(branch(key, "prompts"), count)
        items = yield from self.respond(prompts, key)
        return Work(self.name, items, count)
