"""Networks made of their arrays again: what jobs are handed, and what they compute with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
KEPT = "kept/"  # before the names of arrays that a learner has left for its next look


def revive(config: Mapping[str, Any], weights: Arrays, device: str) -> Any:
    """The transformer whose arrays these are."""
    import torch

    from simlab.nets.transformer import Transformer, TransformerConfig, from_arrays

    model = Transformer(TransformerConfig(**config), torch.Generator().manual_seed(0))
    names = set(model.state_dict())
    from_arrays(model, {name: array for name, array in weights.items() if name in names})
    return model.to(device)


def kept_in(weights: Arrays, device: str) -> dict[str, Any]:
    """What a learner left with these weights, as tensors by name; nothing if none did."""
    import torch

    left = {name.removeprefix(KEPT): array for name, array in weights.items() if name.startswith(KEPT)}
    return {name: torch.as_tensor(np.array(array), device=device) for name, array in left.items()}


def revive_reward_model(
    config: Mapping[str, Any], base: Arrays, weights: Arrays | None, device: str, seed: int = 0, *,
    log_probability: bool = True,
) -> Any:  # fmt: skip
    """The reward model with these weights; if there are none yet, the pretrained model with a head drawn by `seed`,
    which reads the pretrained model's `log_probability` of every token or does not."""
    import torch

    from simlab.nets.preference import RewardModel as Net
    from simlab.nets.transformer import from_arrays

    start, draws = revive(config, base, device), torch.Generator().manual_seed(seed)
    model = Net(start, draws, log_probability=log_probability)
    if weights is not None:
        from_arrays(model, {name: array for name, array in weights.items() if name in model.state_dict()})
    return model.to(device)


def revive_judge(judge: Mapping[str, Any], device: str) -> Any:
    """The ensemble (`simlab.nets.ensemble`) that `RewardModel.taught` wrote down."""
    from simlab.nets.ensemble import Ensemble

    like = {"config": judge["config"], "base": judge["base"], "log_probability": judge["log_probability"]}
    members = [revive_reward_model(**like, weights=weights, device=device) for weights in judge["members"]]
    return Ensemble(members, judge["centres"], judge["scales"], judge["centre"], judge["scale"])


def read(
    *, config: dict[str, Any], weights: Arrays, prompts: NDArray[np.int64], responses: NDArray[np.int64],
    temperature: float, device: str,
) -> dict[str, Any]:  # fmt: skip
    """A job: `log_p` [n, T] that a language model gives the tokens of responses, in nats."""
    from simlab.nets.transformer import log_probs

    found = log_probs(revive(config, weights, device), prompts, responses, temperature=temperature)
    return {"log_p": found.cpu().numpy()}
