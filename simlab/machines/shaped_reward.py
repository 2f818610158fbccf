"""What stands between a reward model's number and a policy's gradient: the shape, asked once an iteration."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.components.component import settings
from simlab.components.return_values import given, not_numbers, number
from simlab.components.reward_shape import RewardShape
from simlab.errors import PluginFailed, defined
from simlab.worlds.tokenizer import END


class Rewarding:
    """Scores responses by a judge, shapes the scores, and lets the shape adapt to what each iteration came to.

    `judge` is a jury of `simlab.nets`, `cost_model` (None unless the shape has a cost) an ensemble. `shape` is that of
    the next iteration; `measured` is what the iterations so far came to, under the names of the `policy` table.
    """

    def __init__(self, shape: RewardShape, judge: Any, cost_model: Any = None) -> None:
        self.shape = shape
        self.judge = judge
        self.cost_model = cost_model
        self.measured: list[dict[str, float]] = []
        self._told: dict[str, Any] = {}  # what the shape is told of the responses that were scored last
        self._scored: Any = None  # their scores, whatever a learner makes of them
        self._said: dict[str, float] = {}
        self._added: Any = None
        self._known: Any = None

    def score(self, prompts: Any, responses: Any) -> Any:
        """Scores [B] of responses [B, T], or of every member [M, B] if the shape asks for them."""
        self._told = {"ended": (responses == END).any(1)} if self.shape.ends else {}
        if self.cost_model is not None:
            self._told["cost"] = -self.cost_model.score(prompts, responses)
        self._known = self.judge.known(prompts, responses)
        if self.shape.deviations:
            self._told["deviation"] = self.judge.deviation(prompts, responses, known=self._known)
        self._added = added = self.judge.of_tokens(prompts, responses, known=self._known)
        self._scored = scored = self.judge.standardized(added, apart=self.shape.members)
        self._said = told_of(responses)
        return scored

    def so_far(self) -> Any:
        """What the judge makes of each response scored last before each of its tokens [B, T], in units of the score."""
        return self.judge.so_far(self._added)

    def known(self) -> Any:
        """What the pretrained model that the judge has grown from finds of each response scored last [B, T]."""
        return self._known

    def reward(self, score: Any, logp: Any, logp_ref: Any, mask: Any) -> Any:
        """Rewards [B, T] for the responses scored last."""
        from simlab.nets.divergence import k3

        out = shaped(self.shape, score, logp, logp_ref, mask, self._told)
        cost = self._told.get("cost")
        figures = {
            "objective_kl": float((logp - logp_ref).sum(1).mean()),
            "objective_kl_k3": float(k3(logp, logp_ref).sum(1).mean()),
            "objective_entropy": float(-logp.sum(1).mean()),
            **told_of_scores(self._scored, score),
            "policy_entropy_avg": float(-logp.sum() / mask.sum()),
            "objective_cost": math.nan if cost is None else float(cost.mean()),
        }
        total = float(out.masked_fill(~mask.bool(), 0.0).sum(1).mean())
        rewards = {"objective_rlhf_reward": total, "objective_non_score_reward": total - float(score.mean())}
        self.measured.append({**figures, **rewards, **self._said, "coefficient": coefficient(self.shape)})
        self.shape = adapted(self.shape, figures)
        return out


def told_of(responses: Any) -> dict[str, float]:
    """Of responses [B, T]: their mean length in tokens, the share cut off before an end, and how many different ones
    there are as a share of all, as the `policy` table has them."""
    ended = (responses == END).any(1)
    length, distinct = (responses != 0).sum(1).float().mean(), len(responses.unique(dim=0)) / len(responses)
    return {
        "completions_mean_length": float(length),
        "completions_clipped_ratio": float((~ended).float().mean()),
        "completions_distinct": distinct,
        "val_num_eos_tokens": float(ended.sum()),
    }


def told_of_scores(scored: Any, used: Any) -> dict[str, float]:
    """Of a judge's scores [B], or [M, B] of members: mean, spread and bounds, and the share that a learner changed."""
    return {
        "objective_scores": float(scored.mean()),
        "objective_scores_std": float(scored.std(correction=0)),
        "objective_scores_min": float(scored.min()),
        "objective_scores_max": float(scored.max()),
        "objective_scores_clipped": float((scored.to(used) != used).float().mean()),
    }


def shaped(shape: RewardShape, score: Any, logp: Any, logp_ref: Any, mask: Any, told: Mapping[str, Any]) -> Any:
    """What the shape makes of scores, checked: rewards [B, T], finite wherever there is a token."""
    try:
        out = shape.shape(score, logp, logp_ref, mask, **told)
    except Exception as error:
        raise PluginFailed.raised(f"reward shape {shape.name!r}", error) from error
    what = f"must give finite rewards of shape {tuple(logp.shape)}; it gave"
    if wrong := not_rewards(out, tuple(logp.shape)):
        raise PluginFailed.returned(shape, f"{what} {wrong}", "shape")
    paid = out[mask.bool()]
    if not bool(paid.isfinite().all()):
        raise PluginFailed.returned(shape, f"{what} {float(paid[~paid.isfinite()][0]):g}", "shape")
    return out


def unleashed(
    shape: RewardShape, score: Array, responses: NDArray[np.int64], cost: Array | None, deviation: Array | None = None
) -> Array:
    """What responses [n, T] are paid in all [n], as if said by the reference model, whom no leash costs anything.

    `score` is [n], or [M, n] for a shape that asks members; `cost` [n] for one that has a cost, `deviation` [n] for
    one that asks deviations.
    """
    import torch

    said = torch.as_tensor(responses)
    mask, nothing = said != 0, torch.zeros(said.shape, dtype=torch.float64)
    told: dict[str, Any] = {"ended": (said == END).any(1)} if shape.ends else {}
    if cost is not None:
        told["cost"] = torch.as_tensor(cost)
    if shape.deviations:
        told["deviation"] = torch.as_tensor(deviation)
    out = shaped(shape, torch.as_tensor(score), nothing, nothing.clone(), mask, told)
    return np.asarray(out.masked_fill(~mask, 0.0).sum(1).numpy(), dtype=float)


def scored_direction(judges: Sequence[Mapping[str, Any]]) -> Array:
    """The direction [d] of the score by judges with weights, as `RewardModel.taught` has them."""
    return np.asarray(sum(judge["weight"] * judge["directions"].mean(axis=0) / judge["scale"] for judge in judges))


def cost_direction(limit: Mapping[str, Any] | None) -> Array | None:
    """The direction [d] of the cost, which is minus that of the reward model that limits; None if none does."""
    return None if limit is None else np.asarray(-limit["directions"].mean(axis=0) / limit["scale"])


def direction_paid(shape: RewardShape, judges: Sequence[Mapping[str, Any]], limit: Mapping[str, Any] | None) -> Array:
    """The direction [d] of what vectors are paid by judges, and whose dislike is a cost. Shapes that ask members have
    one judge."""
    if not shape.members:
        return directed(shape, scored_direction(judges), cost_direction(limit))
    first = judges[0]
    each = first["weight"] * first["directions"] / np.array(first["scales"])[:, None]
    return directed(shape, each, cost_direction(limit))


def directed(shape: RewardShape, score: Array, cost: Array | None) -> Array:
    """The direction [d] of the shaped reward, checked; `score` is [d], or [M, d] for a shape that asks members."""
    try:
        found = shape.direction(score, cost)
    except Exception as error:
        raise PluginFailed.raised(f"direction of reward shape {shape.name!r}", error) from error
    wrong = not_numbers(found, score.shape[-1:])
    out = np.asarray([] if wrong else found, dtype=float)
    if wrong or not np.isfinite(out).all():
        what = f"direction of reward shape {shape.name!r} must be {score.shape[-1]} finite numbers"
        where = defined(type(shape), "direction")
        raise PluginFailed(f"{what}; it gave {wrong or 'some that are not'}{f' ({where})' if where else ''}")
    return out


def not_rewards(found: Any, shape: tuple[int, ...]) -> str:
    """What came in place of a tensor of rewards of this shape, in words; "" if it is one."""
    if not hasattr(found, "is_floating_point"):
        return given(found)
    if tuple(found.shape) != shape:
        return str(tuple(found.shape))
    return "" if found.is_floating_point() else str(found.dtype)


def adapted(shape: RewardShape, figures: Mapping[str, float]) -> RewardShape:
    """The shape of the next iteration: the same kind of shape, and one that can be written down."""
    try:
        after = shape.updated(figures)
        if after is shape:
            return shape
        if type(after) is not type(shape):
            raise TypeError(f"updated must give a {type(shape).__name__}, not {type(after).__name__}")
        return restored(shape, json.dumps(settings(after)))
    except Exception as error:
        raise PluginFailed.raised(f"updated of reward shape {shape.name!r}", error) from error


def coefficient(shape: RewardShape) -> float:
    """What the shape shows of itself."""
    return number(shape, "coefficient", "leash")


def restored(shape: RewardShape, written: str) -> RewardShape:
    """A shape of the same kind with the parameters that were written down."""
    return type(shape).model_validate_json(written)
