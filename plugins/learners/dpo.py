"""Policies from rankings, without a reward model between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

import simlab

if TYPE_CHECKING:
    from simlab.nets.transformer import Transformer


class DPO(simlab.Learner):
    """A language model learns what raters prefer by direct preference optimization (Rafailov et al. 2023,
    arXiv:2305.18290): β times the log-ratio to its reference takes the place of a reward.

    Other losses: conservative, for which a share ε of labels is the wrong way round (Mitchell 2023, "A note on DPO with
    noisy preferences"); robust, which is unbiased if that share is (Chowdhury et al. 2024, arXiv:2403.00409); ipo, by
    which margins tend to a finite size even where all labels agree (Azar et al. 2023, arXiv:2310.12036). An undecided
    pair is half a win for each. Rankings of later rounds are of responses that the model gave by then; the reference
    remains the pretrained model, and so does the optimum, π_ref·exp(r/β).
    """

    name = "dpo"
    teaches = "language_model"
    rankings = True
    loss: Literal["sigmoid", "conservative", "robust", "ipo"] = Field("sigmoid", description="what is minimized")
    beta: float = Field(0.1, gt=0, le=1000, description="β, the leash to the reference; of ipo, its τ")  # the paper's
    smoothing: float = Field(
        0.1, ge=0, lt=0.5, description="ε, the share of labels that are the wrong way round: conservative and robust"
    )
    average: bool = Field(False, description="take log-ratios per token, as TRL does for ipo")
    epochs: int = Field(3, ge=1, le=10_000, description="passes over the rankings")
    rate: float = Field(5e-4, gt=0, le=1, description="learning rate at the start")
    batch: int = Field(64, ge=1, le=65_536, description="rankings per step")  # as in the paper
    warm_start: bool = Field(True, description="go on from the last round, instead of from the pretrained model")
    replay: bool = Field(True, description="learn from all rankings so far, instead of the new ones only")

    def learn(self, network: Transformer, lesson: simlab.RankingLesson) -> Sequence[Mapping[str, float]]:
        from simlab.nets.direct_preference import fit

        assert lesson.reference is not None, "a language model's lesson has one"
        return fit(
            network, lesson.reference, lesson.prompts, lesson.responses, lesson.labels, shares=lesson.shares,
            beta=self.beta, kind=self.loss, smoothing=self.smoothing, average=self.average, epochs=self.epochs,
            rate=self.rate, batch=self.batch, temperature=lesson.temperature, seed=lesson.seed,
            progress=lesson.progress,
        )  # fmt: skip

    def passes(self) -> float:
        """A third of one by the reference, which only reads, and one for each epoch."""
        return 1 / 3 + self.epochs
