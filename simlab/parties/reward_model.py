"""The reward model: it learns raters' rankings, and flattens every value into one number.

In a world of words it is the pretrained language model with a scalar head; in a world of vectors, one
direction. Its work, for the raters above it, is its ordering of the pairs they ranked; its judgement of the
language model is the score. With `members` above one it is an ensemble: models fitted side by side to the same
labels, whose mean is its score, while a reward shape may ask each. With a `trunk` it is a head on the network of
another reward model, for another value.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from simpy import Event

from simlab.arrays import Array
from simlab.clock import Steps
from simlab.machines.linear_rm import LinearRM
from simlab.machines.machine import Machine, judged_model
from simlab.machines.reward_backend import RewardBackend
from simlab.machines.shared_trunk import share
from simlab.machines.transformer_lm import TransformerLM
from simlab.machines.transformer_rm import TransformerRM
from simlab.rankings import Rankings, differences, preferred
from simlab.relation import Judgement, Relation, Teacher, Work
from simlab.rng import branch
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.measures.panel import Panel
    from simlab.scenario import RewardModelSpec

REFERENCE_PROMPTS = 512  # enough for a mean and a standard deviation to within 5 %


class RewardModel(Machine):
    """A model of what raters prefer. `busy` is held while it learns; until it has learnt it judges nobody."""

    def __init__(self, context: Context, name: str, spec: RewardModelSpec) -> None:
        super().__init__(context, name)
        self.spec = spec
        self.memory: list[Rankings] = []  # every ranking it was ever shown
        self.teacher: Teacher | None = None
        self.reference: Items | None = None
        self.imported: Rankings | None = None  # what people elsewhere preferred
        self.centre, self.scale = 0.0, 1.0  # of its raw score on the reference model's responses
        self.centres, self.scales = np.zeros(spec.members), np.ones(spec.members)  # of its members' raw scores
        self.disagreement = 0.0  # between its members, over the same responses
        self.saved = self.loaded(spec)
        self.sharing: list[RewardModel] = []  # all that read with its trunk, itself among them
        language = judged_model(context, name).backend
        if spec.own_size and isinstance(language, TransformerLM):
            grown = spec.grown_from(language.spec)
            language = TransformerLM(name, grown, language.game, context.jobs, context.rng, context.stage)
        self.backend: RewardBackend = (
            TransformerRM(spec.members, language, context.jobs, spec.log_probability, spec.variance)
            if isinstance(language, TransformerLM)
            else LinearRM(spec.members, len(context.game.dimensions))
        )

    def utility(self, panel: Panel) -> Array:
        """Its score of each response."""
        return self.score(panel.items)

    def resampled_utility(self, panel: Panel, key: int) -> Array | None:
        """As it would score, had other pairs been compared and the same raters drawn their labels of those; None of
        networks, see `utilities_of_halves`."""
        if self.teacher is None or not isinstance(self.backend, LinearRM):
            return None
        return self.teacher.retrained_utility(self, panel, key)

    def utilities_of_halves(self, panel: Panel, key: int) -> tuple[Array, Array] | None:
        """As networks would score that learned from one half of what was compared, or from the other."""
        if self.teacher is None or isinstance(self.backend, LinearRM):
            return None
        return self.teacher.utilities_of_halves(self, panel, key)

    def score(self, items: Items) -> Array:
        """One number per response [n]: mean 0 and standard deviation 1 over the reference model's responses."""
        if not self.learned:
            return np.zeros(len(items))
        return (self.backend.score(items) - self.centre) / self.scale

    def each_score(self, items: Items) -> Array:
        """A number per member and response [M, n], each member's standardized as `score` is."""
        return (self.backend.each(items) - self.centres[:, None]) / self.scales[:, None]

    def deviation(self, items: Items) -> Array:
        """The standard deviation of each response's score [n], in its unit, of a reward model that learns variances:
        how far people differ in it, and members, see `simlab.nets.ensemble.Ensemble.deviation`. NaN before it has
        learned."""
        variances = self.backend.variances(items) if self.learned else None
        if variances is None:
            return super().deviation(items)
        between = (self.backend.each(items) - self.centres[:, None]).var(axis=0)
        return np.asarray(np.sqrt(variances.mean(axis=0) + between) / self.scale)

    def opinion(self, items: Items) -> Array:
        return self.score(items)

    def computation(self, items: Items) -> float:
        return self.backend.reading(items)

    def start(self) -> Steps:
        """Keep some responses of the pretrained model, as the zero and the unit of the score; one of its own size is
        pretrained first, from which it grows."""
        if self.spec.trunk is not None:
            self._share(self.context.party(self.spec.trunk, RewardModel))
        if self.spec.own_size and isinstance(self.backend, TransformerRM):
            with self.busy.request() as turn:
                yield turn
                yield from self.context.compute(self.name, "pretraining", self.backend.language.pretrain())
        key = self.context.rng.key(self.name, "reference")
        prompts = self.context.game.draw_prompts(branch(key, "prompts"), REFERENCE_PROMPTS)
        self.reference = yield from judged_model(self.context, self.name).respond(prompts, key)
        if self.saved is not None and isinstance(self.backend, TransformerRM):
            self.backend.load(self.saved)
            self.learned = 1
            self.standardize()

    def _share(self, other: RewardModel) -> None:
        """Read with the trunk of another reward model."""
        assert isinstance(self.backend, TransformerRM)
        assert isinstance(other.backend, TransformerRM)
        share(self.backend, other.backend)
        other.sharing = other.sharing or [other]
        self.sharing = other.sharing
        self.sharing.append(self)

    def taught(self) -> dict[str, Any]:
        """The judge as it now is, for those who learn from it; of networks, what `revive_judge` makes an ensemble
        of."""
        units = {"centres": self.centres.tolist(), "scales": self.scales.tolist()}
        return {**self.backend.written(), **units, "centre": self.centre, "scale": self.scale}

    def standardize(self) -> None:
        """Set the zero and the unit of the score by the pretrained model's responses, also of those that read with its
        trunk, which has learned."""
        for each in self.sharing or [self]:
            if each.learned:
                each._standardize()

    def _standardize(self) -> None:
        assert self.reference is not None
        each = self.backend.each(self.reference)
        raw = each.mean(axis=0)
        self.centre, self.scale = float(raw.mean()), float(raw.std()) or 1.0
        self.centres, spread = each.mean(axis=1), each.std(axis=1)
        self.scales = np.where(spread > 0, spread, 1.0)
        standardized = (each - self.centres[:, None]) / self.scales[:, None]
        self.disagreement = float(standardized.std(axis=0).mean())

    def ordering(self, rankings: Rankings) -> Generator[Event, Any, NDArray[np.int8]]:
        """Which response of each pair it scores higher [m, pairs]: 1, 2, or 0 if it cannot tell."""
        with self.busy.request() as turn:
            yield turn
            return self.order(rankings)

    def order(self, rankings: Rankings) -> NDArray[np.int8]:
        """The ordering itself, for those who hold the machine already."""
        scores = self.score(rankings.subject).reshape(-1, rankings.options)
        return rankings.each(preferred(differences(scores)).astype(np.int8))

    def margins(self, rankings: Rankings) -> Array:
        """The log-odds it gives the left response of each pair [m, pairs], as it is fitted to them; 0 before the first
        fit. In units of `scale` they are differences of its score, nearer to 0 where that has a variance."""
        if not self.learned:
            return np.zeros((len(rankings), rankings.pairs))
        return rankings.each(self.backend.log_odds(rankings.subject, rankings.options))

    def work(self, relation: Relation) -> Generator[Event, Any, Work]:
        """Itself: those who taught it ask it to order the pairs they have ranked."""
        yield from ()
        return Work(self.name, self, 1)

    def judge(self, relation: Relation, work: Work) -> Generator[Event, Any, Judgement]:
        """Score the responses it was shown; an untaught reward model looks at nothing."""
        with self.busy.request() as turn:
            yield turn
        agent = relation.agent.name
        if not self.learned:
            return Judgement(agent=agent, principal=self.name, order=relation.order)
        scores = self.score(work.items)
        return Judgement(
            agent=agent,
            items=work.items,
            size=work.size,
            principal=self.name,
            order=relation.order,
            scores={agent: float(scores.mean())},
            samples={agent: work.size},
        )
