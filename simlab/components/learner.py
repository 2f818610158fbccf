"""Learners: how a machine is trained, and the lessons they are given.

A learner teaches either a reward model or a language model, in worlds of words (`learn`, a network), in worlds of
vectors (`learn_vector`, a direction or a mean), or in both. It sees a machine and a lesson, and nothing else of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from numpy.typing import NDArray
from pydantic import Field

from simlab.arrays import Array
from simlab.components.component import Component
from simlab.components.shown_data import ShownData

if TYPE_CHECKING:
    from torch import Tensor

    from simlab.nets.transformer import Transformer

Figures: TypeAlias = Mapping[str, float]  # what a step of learning came to, by name
Progress: TypeAlias = Callable[[int, int], None]  # steps done, steps in all


class Learner(Component):
    """How a machine learns from a judgement of its work.

    `teaches` says whom: "reward_model" or "language_model". `networks` says that it can teach the networks of worlds of
    words, and defines `learn`; `vectors` that it can teach the vectors of worlds without networks, and defines
    `learn_vector`. `of_vectors` names the only parameters that mean anything of vectors; None if all do. `optimum` says
    that a language model of vectors goes where the reward is best, which has to be known: the reward's shape must be
    linear, and have a leash. `rankings` says that it teaches a language model by rankings, as a reward model is taught,
    instead of by rewards; `variances`, that it teaches a reward model that has it the variance of its score, too;
    `heads`, that it teaches several reward models that read with one trunk at once, each by its own rankings;
    `demonstrations`, that it teaches one by responses that were written for it.

    `batches`, `passes` and `at_once` say what it costs; `each` is what the relation's sample must be a multiple of.
    """

    kind: ClassVar[str] = "learner"
    teaches: ClassVar[str] = ""
    networks: ClassVar[bool] = True
    vectors: ClassVar[bool] = False
    of_vectors: ClassVar[tuple[str, ...] | None] = None
    optimum: ClassVar[bool] = False
    rankings: ClassVar[bool] = False
    variances: ClassVar[bool] = False
    heads: ClassVar[bool] = False
    demonstrations: ClassVar[bool] = False
    timed: ClassVar[bool] = False  # learning takes as long as it takes

    def learn(self, network: Any, lesson: Any) -> Sequence[Figures]:
        """Change `network` where it is, so that it does better by the lesson, and say what each step came to.

        A reward model is a `simlab.nets.reward_model.RewardModel`, its lesson a `RankingLesson`; several on one trunk
        are a `simlab.nets.shared_trunk.SharedTrunk`, and the lesson says for which of the `heads` a ranking is. The
        last mapping counts, and has to have "loss" [nats a pair], and those before it that have "epoch" are rows of the
        table `epochs`. It may say "epochs", how many were run where not all were, and "kept", whose weights it left. A
        language model is a `simlab.nets.transformer.Transformer`, its lesson a `RewardLesson`; there is one mapping for
        each batch of prompts, under names of the `policy` table. What the lesson has measured itself (`objective_…`,
        `coefficient`) need not be said. All chance follows from the lesson's `seed` and `uniforms`. One that learns
        from rankings has a `RankingLesson`, and says as many mappings as it likes, with "loss_policy_avg" in the
        last. One that learns from demonstrations has a `DemonstrationLesson`, and says the "loss" of each step.
        """
        raise NotImplementedError(f"learner {self.name!r} does not define learn")

    def learn_vector(self, vector: Array, lesson: Any) -> Array:
        """What becomes of a vector [D] by the lesson: of a reward model's direction by a `VectorRankingLesson`, of a
        language model's mean response by a `VectorRewardLesson`."""
        raise NotImplementedError(f"learner {self.name!r} does not define learn_vector")

    def batches(self) -> int:
        """How many batches of responses a language model is asked for at a look, each of the relation's sample."""
        return int(getattr(self, "iterations", 1))

    def each(self) -> int:
        """How many responses are asked for to each prompt, of which a batch holds a whole number of such groups."""
        return 1

    def passes(self) -> float:
        """How often a network reads what it learns from, forward and backward: what its computing costs."""
        return float(getattr(self, "epochs", 1))

    def at_once(self) -> int:
        """How many responses a network holds in memory at once while it learns; 0: few enough not to be reckoned."""
        return 0

    def discount(self) -> float | None:
        """γ, the discount of rewards from token to token, with which a shape that discounts must agree; None: any."""
        return None

    def replays(self) -> bool:
        """Whether a reward model is shown all rankings so far, instead of the new ones only."""
        return bool(getattr(self, "replay", True))

    def replayed(self) -> float | None:
        """Which share of a pass is of old rankings, a pass being as long as there are new ones; None: passes are over
        all that it is shown."""
        share: float | None = getattr(self, "replay_share", None)
        return share

    def needs_held_out(self) -> bool:
        """Whether it looks at held-out rankings to know when to stop."""
        return bool(getattr(self, "early_stopping_patience", 0))

    def continues(self) -> bool:
        """Whether a network goes on from what it learned last, instead of from the pretrained model."""
        return bool(getattr(self, "warm_start", True))


class ResponseLearner(Learner):
    """A learner of language models to which a whole response is one action: its reward is the sum of its tokens',
    undiscounted. Each batch is answered and rewarded once, and then learned in `epochs` passes of steps on `minibatch`
    of its responses (see `simlab.nets.practice`)."""

    teaches: ClassVar[str] = "language_model"
    iterations: int = Field(12, ge=1, le=100_000, description="batches of responses per look")
    epochs: int = Field(2, ge=1, le=1000, description="passes over what is learned of each batch")
    minibatch: int = Field(64, ge=1, le=65_536, description="responses per step")
    decay: bool = Field(True, description="let the rate fall linearly to zero")

    def passes(self) -> float:
        """One to compare with the reference and the judge, and at most one for each epoch."""
        return 1 + self.epochs

    def at_once(self) -> int:
        return self.minibatch

    def discount(self) -> float:
        return 1.0


@dataclass(slots=True)
class RankingLesson(ShownData):
    """What a reward model of words learns from, or a language model without one: m rankings of K responses each, with
    K(K−1)/2 compared pairs, in the order of itertools.combinations(range(K), 2). Tokens are padded with 0."""

    prompts: NDArray[Any]  # [m, P] tokens
    responses: NDArray[Any]  # [m, K, T] tokens
    labels: NDArray[Any]  # [m, pairs] 1 the first is better, 2 the second, 0 undecided
    shares: Array | None  # [m, pairs] which share of a win the first has, where labels were put together; else None
    seed: int  # of all chance there is
    progress: Progress | None = None  # to be told of steps done, and steps in all
    perceived: Array | None = None  # [m, pairs] by how much whoever ranked them found the first better
    held_out: RankingLesson | None = None  # what is not to be learned from: to measure by, and to stop by
    reference: Transformer | None = None  # of a language model, not to be changed: as it was pretrained
    temperature: float = 1.0  # of a language model's log-probabilities
    new: NDArray[Any] | None = None  # [m] bool, which were not there at the look before; None: all
    known: NDArray[Any] | None = None  # [m, K, T] log p of the tokens by the pretrained model, where a judge reads it
    heads: NDArray[Any] | None = None  # [m] for which head of a shared trunk each ranking is; None: there is one head

    def rankings(self) -> dict[str, Any]:
        """What was ranked, by the names that `simlab.nets.preference.fit` has for it."""
        return {name: getattr(self, name) for name in ("prompts", "responses", "labels", "shares")}

    def as_read(self) -> dict[str, Any]:
        """The same, with what the pretrained model finds of the responses, and for which heads they are."""
        heads = {} if self.heads is None else {"heads": self.heads}
        return {**self.rankings(), "known": self.known, **heads}


@dataclass(slots=True)
class DemonstrationLesson(ShownData):
    """What a language model of words imitates: n responses that were written for it. Tokens are padded with 0."""

    prompts: NDArray[Any]  # [n, P] tokens
    responses: NDArray[Any]  # [n, T] tokens, each with its end
    seed: int  # of all chance there is
    progress: Progress | None = None  # to be told of steps done, and steps in all


@dataclass(slots=True)
class VectorRankingLesson(ShownData):
    """What a reward model of vectors learns from: n compared pairs, or kinds of pair that were compared often."""

    differences: Array  # [n, D] the first response less the second
    wins: Array  # [n] in [0, 1], which share of a win the first has
    weights: Array | None  # [n] for how many comparisons each row stands; None: for one
    seed: int  # of all chance there is


@dataclass(slots=True)
class RewardLesson(ShownData):
    """What a language model of words learns from: prompts to answer, and somebody who rewards the answers.

    I batches of B prompts, P tokens to a prompt and T at most to a response; π is the network, π_ref the reference.
    `reward` is of the responses that were scored last: it takes their scores and the log-probabilities and the mask
    [B, T] of their tokens. It is to be asked once for each batch, since a shape adapts to what it saw.
    """

    reference: Transformer  # the model as pretrained, not to be changed
    prompts: NDArray[Any]  # [I, B, P] tokens
    uniforms: Array  # [I, B, T] what words are drawn by, see simlab.nets.sampling.generate
    score: Callable[[Tensor, Tensor], Tensor]  # prompts [B, P], responses [B, T] → scores [B], or [M, B] of M judges
    reward: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]  # scores, log π, log π_ref, mask → rewards [B, T]
    end: int  # the token that ends a response
    temperature: float  # of speaking, and of log-probabilities
    seed: int  # of all other chance there is
    progress: Progress | None = None  # to be told of batches done, and batches in all
    kept: MutableMapping[str, Tensor] = field(
        default_factory=dict
    )  # what the learner left at its last look, and leaves
    so_far: Callable[[], Tensor] | None = (
        None  # of the responses scored last, the score of what precedes each token [B, T]
    )
    known: Callable[[], Tensor] | None = None  # of those, log π_ref [B, T], where the judge has read them with it


@dataclass(slots=True)
class VectorRewardLesson(ShownData):
    """What a language model of vectors learns from: the reward of a response φ is reward·φ, less a leash."""

    reward: Array  # [D] the direction of the reward
    beta: float  # the leash β: what a nat of leaving N(0, I) costs
    seed: int  # of all chance there is
