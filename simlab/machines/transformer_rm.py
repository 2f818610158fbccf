"""Transformers with a scalar head as a reward model, and the computations they ask of torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.engine.jobs import Jobs, Result
from simlab.machines.reward_backend import Head
from simlab.machines.transformer_lm import TransformerBody
from simlab.worlds.world import Items

Arrays = Mapping[str, NDArray[Any]]


class TransformerHead(Head):
    """Copies of the pretrained transformer with a scalar head (`simlab.nets.preference`), one for each member."""

    def __init__(self, body: TransformerBody, jobs: Jobs) -> None:
        self.body = body
        self.jobs = jobs
        self.weights: list[Result] = []  # of the members; empty until they have learnt

    def each(self, items: Items) -> Array:
        prompts = self.body.prompt_tokens(items.prompt)
        scores = [
            self.jobs.run(
                score, config=self.body.config, base=self.body.reference, weights=weights,
                prompts=prompts, responses=items.response,
            )["scores"]
            for weights in self.weights
        ]  # fmt: skip
        return np.asarray(scores, dtype=np.float64)

    def written(self) -> dict[str, Any]:
        """The networks as they now are, for jobs: with the units of their scores, what `revive_judge` asks for."""
        return {"config": self.body.config, "base": self.body.reference, "members": list(self.weights)}


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

    from simlab.machines.transformer_lm import revive
    from simlab.nets.preference import RewardModel as Net
    from simlab.nets.transformer import from_arrays

    model = Net(revive(config, base, device), torch.Generator().manual_seed(seed))
    if weights is not None:
        from_arrays(model, {name: array for name, array in weights.items() if name in model.state_dict()})
    return model.to(device)


def revive_judge(judge: Mapping[str, Any], device: str) -> Any:
    """The ensemble (`simlab.nets.ensemble`) that `RewardModel.taught` wrote down."""
    from simlab.nets.ensemble import Ensemble

    members = [revive_reward_model(judge["config"], judge["base"], weights, device) for weights in judge["members"]]
    return Ensemble(members, judge["centres"], judge["scales"], judge["centre"], judge["scale"])
