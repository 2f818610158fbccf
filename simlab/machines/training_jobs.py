"""Lessons as jobs: networks are taught by a learner, and what became of them is kept as arrays."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.components.component import settings
from simlab.components.learner import DemonstrationLesson, Learner, RankingLesson, RewardLesson
from simlab.components.return_values import given, not_a_number, not_numbers
from simlab.components.reward_shape import RewardShape
from simlab.errors import PluginFailed
from simlab.machines import joint_score
from simlab.machines.learning_curve import Lookout
from simlab.machines.networks import (
    KEPT,
    Arrays,
    kept_in,
    revive,
    revive_judge,
    revive_jury,
    revive_reward_model,
    shape_of,
)
from simlab.machines.shaped_reward import Rewarding
from simlab.names import who
from simlab.worlds.tokenizer import END

FIT_METRICS = ("loss", "trunk_change", "head_change")  # of a reward model, as its table has them
EPOCH_METRICS = (
    "epoch", "kept", "loss", "accuracy", "margin", "mean_reward", "std_reward", "min_reward", "max_reward", "grad_norm",
    "learning_rate", "eval_loss", "eval_accuracy", "eval_margin", "eval_brier", "eval_ece", "eval_mean_reward",
    "eval_std_reward", "eval_min_reward", "eval_max_reward",
)  # fmt: skip
POLICY_METRICS = (
    "objective_kl", "objective_kl_k3", "objective_entropy", "objective_scores", "objective_rlhf_reward",
    "objective_non_score_reward", "policy_approxkl_avg", "policy_clipfrac_avg", "loss_policy_avg",
    "loss_value_avg", "lr", "objective_cost", "coefficient", "objective_scores_std", "objective_scores_min",
    "objective_scores_max", "objective_scores_clipped", "policy_entropy_avg", "val_clipfrac_avg", "val_ratio",
    "val_ratio_var", "val_explained_variance", "val_num_eos_tokens", "grad_norm", "completions_mean_length",
    "completions_clipped_ratio", "completions_distinct",
)  # fmt: skip


def train_reward_model(
    *, learner: Learner, config: dict[str, Any], base: Arrays, weights: Arrays | None, prompts: NDArray[np.int64],
    responses: NDArray[np.int64], labels: NDArray[np.int64], shares: Array | None, perceived: Array,
    held_out: Mapping[str, Any] | None, log_probability: bool, variance: bool, seed: int, device: str,
    new: NDArray[np.bool_] | None = None, known: NDArray[Any] | None = None, progress: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """A reward model that has learned rankings: its arrays, `loss`, `trunk_change`, `head_change`, `flops`, and
    `epoch/…` of each epoch. `held_out` has other rankings by the names of these parameters."""
    from simlab.nets.transformer import to_arrays

    like = {"log_probability": log_probability, "variance": variance}
    model = revive_reward_model(config, base, weights, device, seed, **like)
    aside = None if held_out is None else RankingLesson(**held_out, seed=seed)
    lesson = RankingLesson(prompts, responses, labels, shares, seed, progress, perceived, aside, new=new, known=known)
    figures = _fitted(learner, model, lesson, config)
    return {**to_arrays(model), **figures}


def train_shared_trunk(
    *, learner: Learner, config: dict[str, Any], base: Arrays, weights: Sequence[Arrays | None], seeds: Sequence[int],
    lesson: Mapping[str, Any], held_out: Mapping[str, Any] | None, log_probability: bool, variance: bool, device: str,
    progress: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """Reward models on one trunk that have learned rankings together: the arrays of each, `heads/0/…`, and the rest as
    of `train_reward_model`. Heads without `weights` are drawn by their `seeds`; the trunk is that of the first which
    has some. `lesson` and `held_out` have rankings by the names of `RankingLesson`."""
    from simlab.nets.shared_trunk import SharedTrunk
    from simlab.nets.transformer import to_arrays

    like = {"log_probability": log_probability, "variance": variance}
    models = [
        revive_reward_model(config, base, of_one, device, seed, **like)
        for of_one, seed in zip(weights, seeds, strict=True)
    ]
    first = next((place for place, of_one in enumerate(weights) if of_one is not None), 0)
    models[0].trunk = models[first].trunk
    network = SharedTrunk(models)
    aside = None if held_out is None else RankingLesson(**held_out, seed=seeds[0])
    told = RankingLesson(**lesson, seed=seeds[0], progress=progress, held_out=aside)
    figures = _fitted(learner, network, told, config)
    each = (to_arrays(model) for model in network.apart())
    return {
        f"heads/{place}/{name}": array for place, arrays in enumerate(each) for name, array in arrays.items()
    } | figures


def _fitted(learner: Learner, network: Any, lesson: RankingLesson, config: Mapping[str, Any]) -> dict[str, Any]:
    """What became of reward models by a lesson, which changes them: `loss`, …, `flops`, and `epoch/…` of each epoch."""
    from simlab.nets.transformer import flops_per_token

    *steps, last = _learned(learner, network, lesson) or [{}]
    if "loss" not in last:
        raise PluginFailed.returned(learner, 'must say its "loss"', "learn")
    kept = last.get("kept", steps[-1].get("epoch") if steps else None)
    epochs = [{**row, "kept": float(row["epoch"] == kept)} for row in steps if "epoch" in row]
    prompts, responses, new = lesson.prompts, lesson.responses, lesson.new
    tokens = float((responses != 0).sum()) + float((prompts != 0).sum()) * responses.shape[1]
    if new is not None and new.any() and learner.replayed() is not None:
        tokens *= new.mean()
    flops = flops_per_token(shape_of(config)) * tokens * min(learner.passes(), last.get("epochs", np.inf))
    return {
        **{n: last.get(n, np.nan) for n in FIT_METRICS},
        **{f"epoch/{n}": np.array([row.get(n, np.nan) for row in epochs]) for n in EPOCH_METRICS},
        "flops": flops,
    }


def train_by_rankings(
    *, learner: Learner, config: dict[str, Any], weights: Arrays, reference: Arrays, prompts: NDArray[np.int64],
    responses: NDArray[np.int64], labels: NDArray[np.int64], shares: Array | None, seed: int, temperature: float,
    device: str, progress: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """A language model that has learned rankings: its arrays, `metric/…` of each mapping the learner gave, and
    `flops`."""
    from simlab.nets.transformer import flops_per_token, to_arrays

    model = revive(config, weights, device)
    lesson = RankingLesson(
        prompts, responses, labels, shares, seed, progress, reference=revive(config, reference, device),
        temperature=temperature,
    )  # fmt: skip
    rows = _learned(learner, model, lesson)
    if not rows or "loss_policy_avg" not in rows[-1]:
        raise PluginFailed.returned(learner, 'must say its "loss_policy_avg"', "learn")
    each = {f"metric/{n}": np.array([row.get(n, np.nan) for row in rows]) for n in POLICY_METRICS}
    tokens = float((responses != 0).sum()) + float((prompts != 0).sum()) * responses.shape[1]
    flops = flops_per_token(shape_of(config)) * tokens * learner.passes()
    return {**to_arrays(model), **each, "flops": flops}


def train_by_demonstrations(
    *, learner: Learner, config: dict[str, Any], weights: Arrays, prompts: NDArray[np.int64],
    responses: NDArray[np.int64], seed: int, device: str, progress: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """A language model that has learned responses that were written for it: its arrays, `losses` of the steps in nats a
    token, and `flops`."""
    from simlab.nets.transformer import flops_per_token, to_arrays

    model = revive(config, weights, device)
    rows = _learned(learner, model, DemonstrationLesson(prompts, responses, seed, progress))
    losses = [row["loss"] for row in rows if "loss" in row]
    if not losses:
        raise PluginFailed.returned(learner, 'must say its "loss"', "learn")
    tokens = float((responses != 0).sum()) + float((prompts != 0).sum())
    flops = flops_per_token(shape_of(config)) * tokens * learner.passes()
    return {**to_arrays(model), "losses": np.array(losses), "flops": flops}


def train_policy(
    *, learner: Learner, config: dict[str, Any], weights: Arrays, reference: Arrays,
    judges: Sequence[Mapping[str, Any]], joint: Mapping[str, Any] | None, limit: Mapping[str, Any] | None,
    shape: RewardShape,
    prompts: NDArray[np.int64], uniforms: Array, seed: int, temperature: float, device: str,
    watched: Mapping[str, Any] | None = None, progress: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """A language model that has learned from rewards: its arrays, `metric/…` of each batch, `flops`, and the parameters
    (JSON) of the `shape` as it has become; `look/…` of each look, if it is `watched` by prompts [Q, P] and uniforms
    [Q, T] every so many batches. `prompts` are [I, B, P], `uniforms` [I, B, T]."""
    from simlab.nets.transformer import flops_per_token, to_arrays

    jury = revive_jury(judges, device, None if joint is None else joint_score.read(joint))
    rewarding = Rewarding(shape, jury, None if limit is None else revive_judge(limit, device))
    model, before = revive(config, weights, device), revive(config, reference, device)
    lookout = None if watched is None else Lookout(model, before, **watched, temperature=temperature)
    first = judges[0]
    reads_alike = first["base"] is reference and first["log_probability"] and temperature == 1.0

    def reward(*told: Any) -> Any:
        """What a batch is paid, asked before the network learns from it."""
        if lookout is not None:
            lookout.passed(len(rewarding.measured))
        return rewarding.reward(*told)

    lesson = RewardLesson(
        before, prompts, uniforms, rewarding.score, reward, END, temperature, seed, progress, kept_in(weights, device),
        rewarding.so_far, rewarding.known if reads_alike else None,
    )  # fmt: skip
    rows = _learned(learner, model, lesson)
    if not len(rows) == len(rewarding.measured) == len(prompts):
        what = f"asked for rewards {len(rewarding.measured)} times, and told of {len(rows)}"
        raise PluginFailed.returned(learner, f"{what}: of {len(prompts)} batches, each once", "learn")
    said = [{**measured, **row, **_own(measured)} for measured, row in zip(rewarding.measured, rows, strict=True)]
    each = {f"metric/{n}": np.array([row.get(n, np.nan) for row in said]) for n in POLICY_METRICS}
    tokens = float((prompts != 0).sum()) + uniforms.size
    flops = flops_per_token(shape_of(config)) * tokens * learner.passes()
    left = {f"{KEPT}{name}": tensor.cpu().numpy() for name, tensor in lesson.kept.items()}
    shaped = np.array(json.dumps(settings(rewarding.shape)))
    looks = {}
    if lookout is not None:
        lookout.take(len(prompts))
        looks = lookout.arrays()
    return {**to_arrays(model), **each, **left, **looks, "flops": flops, "shape": shaped}


def train_vector(learner: Learner, before: Array, lesson: Any) -> Array:
    """What the learner makes of a vector, checked: as many finite numbers."""
    try:
        found = learner.learn_vector(before.copy(), lesson)
    except Exception as error:
        raise PluginFailed.raised(who(learner), error) from error
    wrong = not_numbers(found, before.shape)
    if not wrong and not np.isfinite(found).all():
        wrong = "some that are not finite"
    if wrong:
        raise PluginFailed.returned(learner, f"must give {len(before)} finite numbers; it gave {wrong}", "learn_vector")
    return np.asarray(found, dtype=float)


def _learned(learner: Learner, network: Any, lesson: Any) -> list[dict[str, float]]:
    """What the learner did, step by step; the network is changed."""
    try:
        found = learner.learn(network, lesson)
    except Exception as error:
        raise PluginFailed.raised(who(learner), error) from error
    if not isinstance(found, Sequence) or not all(isinstance(row, Mapping) for row in found):
        raise PluginFailed.returned(learner, f"must give a list of mappings; it gave {given(found)}", "learn")
    for row in found:
        for name, value in row.items():
            if wrong := not_a_number(value):
                raise PluginFailed.returned(learner, f"must say {name} as a number; it gave {wrong}", "learn")
    return [{str(name): float(value) for name, value in row.items()} for row in found]


def _own(measured: Mapping[str, float]) -> dict[str, float]:
    """What only the reward's shape knows, and the judge, whose scores a learner may have clipped."""
    return {name: measured[name] for name in ("objective_scores", "objective_cost", "coefficient")}
