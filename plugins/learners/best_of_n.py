"""Policies by imitating the best of what they said themselves: of each n, or of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

import simlab

if TYPE_CHECKING:
    from simlab.nets.practice import Answers
    from simlab.nets.transformer import Transformer


class Imitation(simlab.ResponseLearner):
    """Supervised steps on those of its own responses that were rewarded best. Their reward is the sum of their tokens'
    rewards, the leash among them: at π_ref·exp(r/β) all are worth the same, and imitating some changes nothing."""

    rate: float = Field(2e-4, gt=0, le=1, description="learning rate at the start")  # measured on 01_first

    def learn(self, network: Transformer, lesson: simlab.RewardLesson) -> Sequence[Mapping[str, float]]:
        from simlab.nets.practice import practise
        from simlab.nets.selection import likelihood_loss

        return practise(
            network, lesson, self.kept, likelihood_loss,
            each=self.each(), rate=self.rate, epochs=self.epochs, minibatch=self.minibatch, decay=self.decay,
        )  # fmt: skip

    def kept(self, said: Answers) -> Answers:
        """The responses that are imitated."""
        raise NotImplementedError


class BestOfN(Imitation):
    """A language model learns to say at once what the best of n responses would be (Gui et al. 2024, arXiv:2406.00832;
    Sessa et al. 2024, arXiv:2407.14622).

    Of a batch's prompts the first B/n are answered, n times each, so the relation's sample must be a multiple of n; the
    best response to each is imitated. One batch, learned to the end, makes of chances p that are exceeded with the
    chance 1 − F the chances Fⁿ − (F − p)ⁿ, which are log n − (n−1)/n nats away at most; every later batch goes on from
    there, as far as the leash allows.
    """

    name = "best_of_n"
    n: int = Field(4, ge=2, le=65_536, description="responses to each prompt, of which the best is imitated")

    def each(self) -> int:
        return self.n

    def kept(self, said: Answers) -> Answers:
        from simlab.nets.selection import best_of_each

        return said[best_of_each(said.worth, self.n)]


class ExpertIteration(Imitation):
    """A language model learns from the best share of all its responses of a batch, to whichever prompt (Anthony et al.
    2017, arXiv:1705.08439; Gulcehre et al. 2023, arXiv:2308.08998, ReST)."""

    name = "expert_iteration"
    share: float = Field(0.25, gt=0, le=1, description="which share of a batch's responses is imitated")

    def kept(self, said: Answers) -> Answers:
        from simlab.nets.selection import best_share

        return said[best_share(said.worth, self.share)]
