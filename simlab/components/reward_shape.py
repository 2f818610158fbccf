"""Reward shapes: how a reward model's score becomes the reward of each token."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from simlab.arrays import Array
from simlab.components.component import Component
from simlab.docstrings import docstring

if TYPE_CHECKING:
    from torch import Tensor


class RewardShape(Component):
    """How the reward model's number becomes the reward of each token.

    `members` says that the shape wants the score of every member of an ensemble of reward models, as [M, B];
    `ends` that it is told, as `ended` [B], which responses came to an end by themselves; `deviations` that it is told,
    as `deviation` [B], the standard deviation of each score, by a reward model that learns variances. A shape with a
    field `cost` names a second reward model there, and is given, as `cost` [B], how much that one dislikes each
    response. `linear` is false of shapes that bend the score: worlds without networks know no optimum of these, and
    refuse them.
    """

    kind: ClassVar[str] = "reward"
    members: ClassVar[bool] = False
    ends: ClassVar[bool] = False
    deviations: ClassVar[bool] = False
    linear: ClassVar[bool] = True

    def shape(self, score: Tensor, logp: Tensor, logp_ref: Tensor, mask: Tensor) -> Tensor:
        """Per-token rewards [B, T] from scores [B], log-probabilities [B, T] (policy, reference) and mask [B, T]."""
        raise NotImplementedError(f"reward shape {self.name!r} does not define shape")

    def leash(self) -> float:
        """The coefficient β of the KL penalty, for worlds whose optimum is known in closed form."""
        return float(getattr(self, "beta", 0.0))

    def direction(self, score: Array, cost: Array | None = None) -> Array:
        """Where vectors are responses: the direction [d] of the reward, given that of the score [d], or of every
        member's [M, d], and that of the cost [d]. Asked of linear shapes only."""
        return score

    def costs(self) -> str:
        """The reward model whose dislike is a cost; empty if none is asked."""
        return str(getattr(self, "cost", ""))

    def updated(self, figures: Mapping[str, float]) -> RewardShape:
        """The shape of the next iteration, given what this one came to, under the names of the `policy` table:
        `objective_kl`, `objective_entropy`, `objective_scores`, `objective_cost` (NaN without a cost).

        As defined here, the same shape. One that adapts returns a copy of itself with other parameters; they last
        from round to round.
        """
        return self

    def coefficient(self) -> float:
        """What the `policy` table shows of the shape at each iteration: the leash, unless a shape says otherwise."""
        return self.leash()


def reward_shape(function: Callable[..., Any]) -> type[RewardShape]:
    """A reward shape from a plain function of (score, logp, logp_ref, mask), called by the function's name.

    Used as a decorator in a plugin file; for parameters, write the class.
    """

    def shape(self: RewardShape, score: Any, logp: Any, logp_ref: Any, mask: Any) -> Any:
        return function(score, logp, logp_ref, mask)

    vars(shape)["__wrapped__"] = function  # where a message looks for file and line
    about = {
        "__module__": function.__module__,
        "__doc__": docstring(function),
        "name": function.__name__,
        "shape": shape,
    }
    return type(function.__name__.title().replace("_", ""), (RewardShape,), about)


class KLPenalizedReward(RewardShape):
    """r_t = −β·(what token t costs), plus the score on the last token (Ziegler et al. 2019, arXiv:1909.08593, eq. 2).

    Derive from it and override `scored` (what becomes of the scores of a batch) or `penalty` (what it costs to say a
    token that the reference would have said more, or less, often).
    """

    beta: float = Field(0.2, ge=0.0, le=1e6, description="β, the leash: nats of KL cost this much reward each")

    def scored(self, score: Tensor) -> Tensor:
        """What the scores [B] of a batch count for [B]; as they are, unless a shape says otherwise."""
        return score

    def penalty(self, logp: Tensor, logp_ref: Tensor) -> Tensor:
        """What each token costs [B, T], in nats: log π − log π_ref, whose mean under π is KL(π‖π_ref)."""
        return logp - logp_ref

    def shape(self, score: Tensor, logp: Tensor, logp_ref: Tensor, mask: Tensor) -> Tensor:
        """Per-token rewards [B, T]."""
        return self.leashed(self.scored(score), logp, logp_ref, mask)

    def leashed(self, score: Tensor, logp: Tensor, logp_ref: Tensor, mask: Tensor) -> Tensor:
        """The penalty on every token [B, T], and a score [B] of any making on the last."""
        reward = -self.beta * self.penalty(logp, logp_ref) * mask
        reward[range(len(score)), last_token(mask)] += score
        return reward


def last_token(mask: Tensor) -> Tensor:
    """Where each response has its last token [B], given what is response and what padding [B, T]."""
    return (mask.long().sum(dim=1) - 1).clamp(min=0)


def cost_models(shapes: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """Who limits whom: by each reward model that a shape names as its cost, the language model whose reward it limits.

    `shapes` holds names of language models and the shape of their reward, read or as a file has it. Such a reward model
    has a say in a language model without judging it.
    """
    found = {}
    for model, shape in shapes:
        cost = shape.costs() if isinstance(shape, RewardShape) else shape.get("cost") if isinstance(shape, dict) else ""
        if isinstance(cost, str) and cost:
            found[cost] = model
    return found
