"""What is measured beside the panel, and how closely: the windows on overoptimization."""

from __future__ import annotations

from math import log
from typing import Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from simlab.components.spec import Spec

MOST_PICKED = 1024  # responses of which the best is picked, unless a file says otherwise


class OnPolicySpec(Spec):
    """How the table `on_policy` finds the most that was to be gained at a language model's distance."""

    prompts: int = Field(24, ge=1, le=100_000, description="number of prompts of the panel, at most")
    samples: int = Field(256, ge=2, le=1_000_000, description="number of responses of the reference to each")
    effective: float = Field(
        10.0, ge=0, le=1e6, description="effective number of responses to a prompt below which nothing is said"
    )


class BestOfSpec(Spec):
    """The table `best_of`: what the best of n responses by the reward model are worth to whom they are for."""

    samples: int = Field(MOST_PICKED, ge=2, le=1_000_000, description="number of responses to each prompt")
    prompts: int = Field(64, ge=1, le=100_000, description="number of prompts of the panel")
    n: list[int] = Field(
        [], max_length=100, description="of how many the best is picked; default: 1, 2, 4, … up to samples"
    )
    sources: list[Literal["reference", "current"]] = Field(
        ["reference"],
        min_length=1,
        max_length=2,
        description="whose responses: those of the model before training (reference), as it now is (current)",
    )

    @model_validator(mode="after")
    def _few_enough(self) -> BestOfSpec:
        for n in self.n:
            if not 1 <= n <= self.samples:
                raise PydanticCustomError(
                    "n",
                    "the best of {n} cannot be estimated from {samples} responses to a prompt",
                    {"n": n, "samples": self.samples, "fix": f"samples: {n}" if n > 0 else "n from 1 on"},
                )
        return self

    def picks(self) -> list[int]:
        """Of how many the best is picked, each once, in ascending order."""
        powers = [1 << k for k in range(self.samples.bit_length()) if 1 << k <= self.samples]
        return sorted(set(self.n)) or powers


class AlarmsSpec(Spec):
    """From where on a row of the table `alarms` says that training has gone wrong; null: never."""

    kl: float | None = Field(50.0, gt=0, le=1e9, description="nats from the reference per response, in any batch")
    negative_kl: float | None = Field(
        1.0,
        ge=0,
        le=1e9,
        description="nats below 0 of the KL of a batch, which its samples may tell by chance, but not by much",
    )
    entropy: float | None = Field(
        0.1, gt=0, le=1, description="share of the entropy per token of the first batch ever that is left"
    )
    distinct: float | None = Field(
        0.02, ge=0, le=1, description="share of the responses of a batch that are distinct; a single one always tells"
    )
    falling: float | None = Field(
        3.0, gt=0, le=1e6, description="standard errors by which gold falls while what the reward model pays rises"
    )
    accuracy: float | None = Field(
        0.5, ge=0, le=1, description="share of held-out labels that a reward model orders as given"
    )
    pairs: int = Field(20, ge=1, le=10_000_000, description="number of held-out pairs below which nothing is said")
    loss: float | None = Field(
        round(log(2), 6), gt=0, le=1e6, description="held-out loss of a reward model; default: a coin's, ln 2"
    )
    overfit: float | None = Field(
        0.05, ge=0, le=1e6, description="nats by which held-out loss is above that of the best epoch of the same fit"
    )


class LearningCurveSpec(Spec):
    """The table `learning_curve`: proxy and gold while a language model learns, on the same prompts by the same
    draws."""

    every: int = Field(1, ge=1, le=100_000, description="batches of the learner between two looks")
    prompts: int = Field(
        256, ge=1, le=100_000, description="number of prompts of the panel, answered once at each look"
    )
