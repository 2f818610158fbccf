"""Supervised fine-tuning: before anybody ranks anything, a language model is shown how to answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

import simlab

if TYPE_CHECKING:
    from simlab.nets.transformer import Transformer


class SFT(simlab.Learner):
    """A language model learns responses that people wrote by cross-entropy, of their tokens alone (Ouyang et al. 2022,
    arXiv:2203.02155, §3.5).

    What it was shown is what a language model's `demonstrations` bring: responses by the people of a pool, or a table.
    """

    name = "sft"
    teaches = "language_model"
    demonstrations = True
    epochs: int = Field(2, ge=1, le=1000, description="passes over what was written")
    batch: int = Field(64, ge=1, le=65_536, description="responses per step")
    rate: float = Field(1e-3, gt=0, le=1, description="highest learning rate")
    warmup: float = Field(0.05, ge=0, lt=1, description="share of the steps over which the rate rises; then it falls")
    weight_decay: float = Field(0.01, ge=0, le=10, description="decay of parameters, by AdamW")
    max_grad_norm: float = Field(1.0, gt=0, le=1e6, description="gradients are clipped at this norm")
    prompts_too: bool = Field(False, description="whether the model learns to ask what was asked, too")

    def learn(self, network: Transformer, lesson: simlab.DemonstrationLesson) -> Sequence[Mapping[str, float]]:
        from simlab.nets.imitation import imitate

        settings = self.model_dump()
        return imitate(
            network, lesson.prompts, lesson.responses, seed=lesson.seed, progress=lesson.progress, **settings
        )  # fmt: skip

    def at_once(self) -> int:
        return self.batch
