"""What is measured beside the panel, and how closely: the windows on overoptimization."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from simlab.components.spec import Spec

MOST_PICKED = 1024  # responses of which the best is picked, unless a file says otherwise


class OnPolicySpec(Spec):
    """How the table `on_policy` finds the most that was to be gained at a language model's distance."""

    prompts: int = Field(64, ge=1, le=100_000, description="number of prompts of the panel, at most")
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


class LearningCurveSpec(Spec):
    """The table `learning_curve`: proxy and gold while a language model learns, on the same prompts by the same
    draws."""

    every: int = Field(1, ge=1, le=100_000, description="batches of the learner between two looks")
    prompts: int = Field(256, ge=1, le=100_000, description="number of prompts of the panel, answered once at each look")
