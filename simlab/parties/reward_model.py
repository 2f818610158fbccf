"""The reward model: it learns raters' rankings, and flattens every value into one number.

In a world of words it is the pretrained language model with a scalar head; in a world of vectors, one
direction. Its work, for the raters above it, is its ordering of the pairs they ranked; its judgement of the
language model is the score. With `members` above one it is an ensemble: models fitted side by side to the same
labels, whose mean is its score, while a reward shape may ask each.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from simpy import Event

from simlab.components import Array
from simlab.jobs import Result
from simlab.parties.language_model import LanguageModel, TransformerBody
from simlab.parties.rankings import Rankings, preferred, sides
from simlab.relation import Judgement, Party, Relation, Steps, Teacher, Work
from simlab.streams import branch
from simlab.worlds.game import Items

if TYPE_CHECKING:
    from simlab.measures.alignment import Panel
    from simlab.scenario import RewardModelSpec
    from simlab.simulation import Simulation

Arrays = Mapping[str, NDArray[Any]]
REFERENCE_PROMPTS = 512  # enough for a mean and a standard deviation to within 5 %


class RewardModel(Party):
    """A model of what raters prefer. `busy` is held while it learns; until it has learnt it judges nobody."""

    def __init__(self, simulation: Simulation, name: str, spec: RewardModelSpec) -> None:
        super().__init__(simulation, name)
        self.spec = spec
        self.busy = simulation.queue(name)
        self.learned = 0
        self.memory: list[Rankings] = []  # every ranking it was ever shown
        self.teacher: Teacher | None = None
        self.reference: Items | None = None
        self.centre, self.scale = 0.0, 1.0  # of its raw score on the reference model's responses
        self.centres, self.scales = np.zeros(spec.members), np.ones(spec.members)  # of its members' raw scores
        self.disagreement = 0.0  # between its members, over the same responses
        model = simulation.judged_by(self)
        self.head: Head = TransformerHead(self, model) if isinstance(model.body, TransformerBody) else LinearHead(self)

    def utility(self, panel: Panel) -> Array:
        """Its score of each response."""
        return self.score(panel.items)

    def redrawn(self, panel: Panel, key: int) -> Array | None:
        """As it would score, had the same raters of the same pairs drawn other labels, and it another seed."""
        return None if self.teacher is None else self.teacher.anew(self, panel, key)

    def score(self, items: Items) -> Array:
        """One number per response [n]: mean 0 and standard deviation 1 over the reference model's responses."""
        if not self.learned:
            return np.zeros(len(items))
        return (self.head.score(items) - self.centre) / self.scale

    def start(self) -> Steps:
        """Keep some responses of the pretrained model, as the zero and the unit of the score."""
        key = self.simulation.streams.key(self.name, "reference")
        prompts = self.simulation.game.draw_prompts(branch(key, "prompts"), REFERENCE_PROMPTS)
        self.reference = yield from self.simulation.judged_by(self).respond(prompts, key)

    def standardize(self) -> None:
        """Set the zero and the unit of the score by the pretrained model's responses."""
        assert self.reference is not None
        each = self.head.each(self.reference)
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
        left, right = sides(rankings.options)
        scores = self.score(rankings.subject).reshape(-1, rankings.options)
        return rankings.each(preferred(scores[:, left] - scores[:, right]).astype(np.int8))

    def margins(self, rankings: Rankings) -> Array:
        """The log-odds it gives the left response of each pair [m, pairs], as it is fitted to them; 0 before the first
        fit. In units of `scale` they are differences of its score."""
        left, right = sides(rankings.options)
        if not self.learned:
            return np.zeros((len(rankings), len(left)))
        scores = self.head.score(rankings.subject).reshape(-1, rankings.options)
        return rankings.each(scores[:, left] - scores[:, right])

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


class Head(ABC):
    """What turns a response into raw numbers, one for each member."""

    @abstractmethod
    def each(self, items: Items) -> Array:
        """Raw scores [M, n] by each member."""

    def score(self, items: Items) -> Array:
        """Raw scores [n]: the mean over members."""
        return np.asarray(self.each(items).mean(axis=0))


class TransformerHead(Head):
    """Copies of the pretrained transformer with a scalar head (`simlab.nets.preference`), one for each member."""

    def __init__(self, party: RewardModel, model: LanguageModel) -> None:
        assert isinstance(model.body, TransformerBody)
        self.party = party
        self.body = model.body
        self.weights: list[Result] = []  # of the members; empty until they have learnt

    def each(self, items: Items) -> Array:
        prompts = self.body.prompt_tokens(items.prompt)
        jobs = self.party.simulation.jobs
        scores = [
            jobs.run(
                score, config=self.body.config, base=self.body.reference, weights=weights,
                prompts=prompts, responses=items.response,
            )["scores"]
            for weights in self.weights
        ]  # fmt: skip
        return np.asarray(scores, dtype=np.float64)

    def taught(self) -> dict[str, Any]:
        """The judge as it now is, for jobs: what `revive_judge` makes an ensemble of."""
        party = self.party
        return {
            "config": self.body.config, "base": self.body.reference, "members": list(self.weights),
            "centres": party.centres.tolist(), "scales": party.scales.tolist(),
            "centre": party.centre, "scale": party.scale,
        }  # fmt: skip


class LinearHead(Head):
    """Directions in the space of response vectors [M, d], one for each member."""

    def __init__(self, party: RewardModel) -> None:
        self.directions = np.zeros((party.spec.members, len(party.simulation.game.dimensions)))

    @property
    def direction(self) -> Array:
        """The mean of the members' directions [d], by which it scores."""
        return np.asarray(self.directions.mean(axis=0))

    def each(self, items: Items) -> Array:
        return np.stack([items.response @ direction for direction in self.directions])


def score(
    *, config: dict[str, Any], base: Arrays, weights: Arrays, prompts: NDArray[np.int64],
    responses: NDArray[np.int64], device: str,
) -> dict[str, Any]:  # fmt: skip
    """`scores` [n] of responses by the reward model with these weights, grown from this pretrained base."""
    model = revive_reward_model(config, base, weights, device)
    return {"scores": model.score(prompts, responses).cpu().numpy()}


def revive_reward_model(
    config: Mapping[str, Any], base: Arrays, weights: Arrays | None, device: str, seed: int = 0
) -> Any:
    """The reward model with these weights; if there are none yet, the pretrained model with a head drawn by `seed`."""
    import torch

    from simlab.nets.preference import RewardModel as Net
    from simlab.nets.transformer import from_arrays
    from simlab.parties.language_model import revive

    model = Net(revive(config, base, device), torch.Generator().manual_seed(seed))
    if weights is not None:
        from_arrays(model, {name: array for name, array in weights.items() if name in model.state_dict()})
    return model.to(device)


def revive_judge(judge: Mapping[str, Any], device: str) -> Any:
    """The ensemble (`simlab.nets.ensemble`) that `TransformerHead.taught` wrote down."""
    from simlab.nets.ensemble import Ensemble

    members = [revive_reward_model(judge["config"], judge["base"], weights, device) for weights in judge["members"]]
    return Ensemble(members, judge["centres"], judge["scales"], judge["centre"], judge["scale"])
