"""Networks made of their arrays again: what jobs are handed, and what they compute with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.errors import InvalidInput, Problem
from simlab.machines.joint_score import JointScore
from simlab.names import clip

Arrays = Mapping[str, NDArray[Any]]
KEPT = "kept/"  # before the names of arrays that a learner has left for its next look


def revive(config: Mapping[str, Any], weights: Arrays, device: str) -> Any:
    """The transformer whose arrays these are; of a model that others have made, what it was before where nothing of
    it has been learned."""
    import torch

    from simlab.nets.transformer import Transformer, TransformerConfig, from_arrays

    if "folder" in config:
        model = saved_model(config)
    else:
        model = Transformer(TransformerConfig(**config), torch.Generator().manual_seed(0))
    names = set(model.state_dict()) & set(weights) if "folder" in config else set(model.state_dict())
    if names:
        from_arrays(model, {name: array for name, array in weights.items() if name in names})
    return model.to(device)


def saved_model(config: Mapping[str, Any]) -> Any:
    """The model in a folder, as `PretrainedLM.config` describes it. Raises InvalidInput where it cannot be made."""
    from simlab.nets import causal_lm

    folder = config["folder"].path
    try:
        return causal_lm.load(str(folder), shape_of(config), config["lora"])
    except ImportError as error:
        raise InvalidInput(f"pretrained needs a package: {error} (pip install 'simlab[hf]')") from error
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        what = f"holds no causal language model that transformers reads: {clip(' '.join(str(error).split()), 160)}"
        raise InvalidInput(Problem(what, "save it again with save_pretrained", folder)) from error


def shape_of(config: Mapping[str, Any]) -> Any:
    """The shape of the network of this configuration, as `simlab.nets.sizes` has them."""
    from simlab.nets.sizes import PretrainedConfig, TransformerConfig

    if "folder" in config:
        return PretrainedConfig(**{name: value for name, value in config.items() if name not in ("folder", "lora")})
    return TransformerConfig(**config)


def kept_in(weights: Arrays, device: str) -> dict[str, Any]:
    """What a learner left with these weights, as tensors by name; nothing if none did."""
    import torch

    left = {name.removeprefix(KEPT): array for name, array in weights.items() if name.startswith(KEPT)}
    return {name: torch.as_tensor(np.array(array), device=device) for name, array in left.items()}


def revive_reward_model(
    config: Mapping[str, Any], base: Arrays, weights: Arrays | None, device: str, seed: int = 0, *,
    log_probability: bool = True, variance: bool = False,
) -> Any:  # fmt: skip
    """The reward model with these weights; if there are none yet, the pretrained model with a head drawn by `seed`,
    which reads the pretrained model's `log_probability` of every token or does not, and says the `variance` of its
    score or does not."""
    import torch

    from simlab.nets.reward_model import RewardModel as Net
    from simlab.nets.transformer import from_arrays

    start, draws = revive(config, base, device), torch.Generator().manual_seed(seed)
    model = Net(start, draws, log_probability=log_probability, variance=variance)
    if weights is not None:
        from_arrays(model, {name: array for name, array in weights.items() if name in model.state_dict()})
    return model.to(device)


def revive_judge(judge: Mapping[str, Any], device: str) -> Any:
    """The ensemble (`simlab.nets.ensemble`) that `RewardModel.taught` wrote down."""
    from simlab.nets.ensemble import Ensemble

    like = {name: judge[name] for name in ("config", "base", "log_probability")}
    like["variance"] = judge.get("variance", False)
    members = [revive_reward_model(**like, weights=weights, device=device) for weights in judge["members"]]
    return Ensemble(members, judge["centres"], judge["scales"], judge["centre"], judge["scale"])


def revive_jury(judges: Sequence[Mapping[str, Any]], device: str, joint: JointScore | None = None) -> Any:
    """The judges (`simlab.nets.ensemble.Jury`) that `RewardModel.taught` wrote down, each with its `weight`; their
    scores are added up unless they are `joint` by another rule."""
    import torch

    from simlab.nets.ensemble import Jury

    def rule(scores: Any) -> Any:
        assert joint is not None
        return torch.as_tensor(joint.of(scores.cpu().numpy()), dtype=scores.dtype, device=scores.device)

    first = judges[0]
    alike = [all(judge[key] is first[key] for key in ("base", "log_probability")) for judge in judges]
    weights = [float(judge["weight"]) for judge in judges]
    return Jury([revive_judge(j, device) for j in judges], weights, alike, None if joint is None else rule)


def read(
    *, config: dict[str, Any], weights: Arrays, prompts: NDArray[np.int64], responses: NDArray[np.int64],
    temperature: float, device: str,
) -> dict[str, Any]:  # fmt: skip
    """A job: `log_p` [n, T] that a language model gives the tokens of responses, in nats."""
    from simlab.nets.transformer import log_probs

    found = log_probs(revive(config, weights, device), prompts, responses, temperature=temperature)
    return {"log_p": found.cpu().numpy()}
