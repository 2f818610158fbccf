"""The kinds of plugin and their contracts: `Criterion`, `RaterPolicy`, `Effort`, `Review`, `RewardShape`,
`GuidelinePolicy`, `Combination`, `Charter`, `Aggregator`, `Logger` (and `World`, in worlds/).

A component is a pydantic model: its fields are its parameters in the scenario file. `name` and the declared
traits are class variables. One file, one class, nothing else needed; see `plugins/criteria/brief.py`.
Import torch and pandas only inside methods: `--help` and `validate` load every component.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from simlab.answers import not_a_number, not_numbers
from simlab.docstrings import docstring
from simlab.errors import PluginFailed
from simlab.scene import Scene, shown
from simlab.situation import Situation
from simlab.streams import Streams, uniforms
from simlab.votes import Votes
from simlab.worlds.exchange import TRUTH, Exchange, Observer

if TYPE_CHECKING:
    import torch

    from simlab.parties.cohort import Cohort
    from simlab.parties.effort import WorkSituation
    from simlab.parties.standing import Standing

Array = NDArray[np.float64]
_ALIKE = 1000  # people by whose fate a review rule without a formula says how likely dismissal is


class Component(BaseModel):
    """Base of everything a plugin file can define. Fields are parameters; unknown parameters are refused.

    A plugin is its file, all code of one's own that it imports, and the data it opens meanwhile. Files that it opens
    only later, in its methods, are part of it if `reads` names them, as seen from the plugin's file (`footprint`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: ClassVar[str] = ""  # "criterion", "rater", "reward", "world", …; set by the contracts
    name: ClassVar[str] = ""  # what scenario files call it
    instead_of: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # parameters, and those they cannot stand beside
    example: ClassVar[Mapping[str, Any]] = {}  # parameters to show and check it with, where some have no default
    reads: ClassVar[tuple[str, ...]] = ()  # files of data, seen from its own file, that are part of what it is


class Criterion(Component):
    """How good a response is in one respect, in [0, 1]; NaN where the criterion has nothing to say.

    Implement `score` or `score_batch`; either suffices. `personal` says that the score depends on who looks
    (on what the observer believes); scores that are not personal are computed once for everybody. `hidden_truth` says
    that it reads what the world holds true (`Claim.truth`), whatever anybody believes; `needs_context`, that it reads
    the situation of the prompt (`Prompt.context`), which the model never sees.
    `difficulty` (0 = plain to see) scales the perception noise of raters whose skill is below one.
    """

    kind: ClassVar[str] = "criterion"
    personal: ClassVar[bool] = False
    deterministic: ClassVar[bool] = True
    bounded: ClassVar[bool] = True
    hidden_truth: ClassVar[bool] = False
    needs_context: ClassVar[bool] = False
    difficulty: ClassVar[float] = 0.2

    def score(self, exchange: Exchange, observer: Observer) -> float:
        """Score one exchange as `observer` sees it."""
        return float(self.score_batch([exchange], [observer])[0, 0])

    def score_batch(self, exchanges: Sequence[Exchange], observers: Sequence[Observer]) -> Array:
        """Scores [exchanges, observers]."""
        if type(self).score is Criterion.score:
            raise NotImplementedError(f"criterion {self.name!r} defines neither score nor score_batch")
        seen = observers if self.personal else [TRUTH]
        scores = np.array([[self._number(self.score(e, o)) for o in seen] for e in exchanges], dtype=float)
        return np.broadcast_to(scores.reshape(len(exchanges), len(seen)), (len(exchanges), len(observers)))

    def _number(self, score: Any) -> float:
        if type(score) is not float and (wrong := not_a_number(score)):
            what = f"must give one number from 0 to 1, or nan where it has nothing to say; it gave {wrong}"
            raise PluginFailed.returned(self, what, "score")
        return float(score)


class RaterPolicy(Component):
    """How a rater turns utilities into a label: left better (1), right better (2) or undecided (0).

    Implement `probabilities`; the engine draws, so that random streams stay keyed. Override `choose` for
    policies whose K-way rankings are not independent pairs, or that cannot say their probabilities. A policy that
    goes by more than utilities gives the method a parameter `scene` (a `Scene`), and says in `needs` without what
    it would be pointless, so that scenarios without it are refused: "words" (a world whose responses are texts),
    "values" (of their own), "earlier" (labels of others) or "machine" (the party its field `to` names).
    """

    kind: ClassVar[str] = "rater"
    needs: ClassVar[tuple[str, ...]] = ()
    agreement: float | None = Field(None, description="target chance that two raters agree on a pair that is no tie")

    @model_validator(mode="after")
    def _noise_to_set(self) -> Self:
        if self.agreement is not None and type(self).calibrated is RaterPolicy.calibrated:
            raise ValueError(f"{self.name} has no noise that `agreement` could set: remove it")
        return self

    def needed(self) -> tuple[str, ...]:
        """What it needs as it is set; `needs`, unless a policy says otherwise."""
        return self.needs

    def probabilities(self, utilities: Array, cohort: Cohort, scene: Scene | None = None) -> Array:
        """P(left), P(right), P(undecided) [n, 3] for pairs of utilities [n, 2]; row i of `cohort` is the rater."""
        raise NotImplementedError(f"rater policy {self.name!r} defines neither probabilities nor choose")

    def attention(self, cohort: Cohort, scene: Scene | None = None) -> Array:
        """The share of rankings that each person looks at before marking something [n], beside the effort they take."""
        return np.ones(len(cohort.number))

    def calibrated(self, differences: Array) -> RaterPolicy:
        """This policy with its noise set for `agreement`, given utility differences [pairs, raters]; asked once.

        A policy without an agreement target stays as it is.
        """
        return self

    def choose(
        self, utilities: Array, cohort: Cohort, uniforms: Array, scene: Scene | None = None
    ) -> NDArray[np.int64]:
        """Labels [n, K(K-1)/2] for rankings of utilities [n, K]; `uniforms` is [n, K + K(K-1)/2], one row a task.

        Columns of the result are the pairs of `itertools.combinations(range(K), 2)`.
        """
        options = utilities.shape[1]
        labels = []
        for column, (i, j) in enumerate(combinations(range(options), 2), start=options):
            seen = shown(self.probabilities, None if scene is None else scene.pair(i, j, column - options))
            found = self.probabilities(utilities[:, [i, j]], cohort, **seen)
            if wrong := no_distribution(found, len(utilities)):
                raise PluginFailed.returned(self, wrong, "probabilities")
            p = np.asarray(found, dtype=float)
            u = uniforms[:, column]
            labels.append(np.where(u < p[:, 0], 1, np.where(u < p[:, 0] + p[:, 1], 2, 0)))
        return np.stack(labels, axis=1)


def no_distribution(found: Any, rows: int) -> str:
    """What is wrong with P(left), P(right), P(undecided) [rows, 3], in words; "" if nothing is."""
    if wrong := not_numbers(found, (rows, 3)):
        return f"must give probabilities of shape {(rows, 3)}; it gave {wrong}"
    p = np.asarray(found, dtype=float)
    for bad, wanted in (
        ((p < 0).any(axis=1), "must not give negative probabilities"),
        (~(np.abs(p.sum(axis=1) - 1) <= 1e-6), "must give probabilities that sum to 1"),  # NaN does not
    ):
        if bad.any():
            return f"{wanted}; it gave {', '.join(f'{share:.4g}' for share in p[bad.argmax()])}"
    return ""


class Effort(Component):
    """How much care people take, given how they are paid and checked; asked once a period, for everybody at once.

    The fields here are people's own terms, which every such plugin understands. Money is in $ per hour of work, so
    that it compares with the wage; a period is the time between two looks of the employer.
    """

    kind: ClassVar[str] = "effort"
    reckons: ClassVar[bool] = True  # whether people look at the situation at all; if not, it is not made up

    cost: float = Field(0.0, ge=0, le=1e6, description="what an hour of full care costs the person, in $ per hour")
    cost_spread: float = Field(0.0, ge=0, le=10, description="log-normal sd of that cost between people")
    careless_seconds: float = Field(
        1.0, gt=0, le=1, description="time a careless answer takes, as a share of a careful one's"
    )
    discount: float = Field(0.95, ge=0, lt=1, description="δ, worth of a $ at the next look of the employer")
    separation: float = Field(0.05, ge=0, lt=1, description="s, chance to lose the job by no fault, per look")
    outside: float = Field(0.0, ge=0, le=1e6, description="what being without this job is worth, in $ per hour")

    def choose(self, situation: WorkSituation) -> Array:
        """Care [R] in [0, 1]: the share of answers looked at with care; the others are marked by coin toss."""
        raise NotImplementedError(f"effort {self.name!r} does not define choose")

    def hurry(self, situation: WorkSituation) -> Array:
        """Pace [R] beyond the usual one, as a share of it; 0 unless a plugin says otherwise."""
        return np.zeros(len(situation))


class Review(Component):
    """Who is dismissed, given what the employer has on record. Says yes or no of everybody at once."""

    kind: ClassVar[str] = "review"
    history: ClassVar[bool] = True  # whether it reads single answers; if not, the record holds none

    def decide(self, record: Standing) -> NDArray[np.bool_]:
        """Who is dismissed [R]."""
        raise NotImplementedError(f"review {self.name!r} does not define decide")

    def needed(self) -> int:
        """Checked answers it takes before the rule can say anything of a person."""
        return 1

    def chance(self, accuracy: Array, audits: Array, peers: Array) -> Array:
        """How likely [n] a look at `audits` [n] answers of somebody who is right with chance `accuracy` [n] ends it.

        This is what people reckon with; `peers` [R] is everybody's accuracy. As defined here, it is what `decide`
        would do to a thousand people alike; rules with a formula, and rules that compare people, say it themselves.
        """
        from simlab.parties.standing import Standing

        length = max(1, int(np.max(audits, initial=0)))
        key = Streams(0).key("reckoning", self.name)
        draws = uniforms(key, np.arange(_ALIKE)[:, None], np.arange(length)[None, :])
        place = np.arange(length)
        fate = np.zeros(len(accuracy))
        for row, (right, asked) in enumerate(zip(accuracy.tolist(), audits.tolist(), strict=True)):
            answers = np.where(place < asked, (draws < right).astype(float), np.nan)
            fate[row] = np.mean(self.decide(Standing.of(answers)))
        return fate


class RewardShape(Component):
    """How the reward model's number becomes the reward of each token.

    `members` says that the shape wants the score of every member of an ensemble of reward models, as [M, B];
    `ends` that it is told, as `ended` [B], which responses came to an end by themselves. A shape with a field `cost`
    names a second reward model there, and is given, as `cost` [B], how much that one dislikes each response. `linear`
    is false of shapes that bend the score: worlds without networks know no optimum of these, and refuse them.
    """

    kind: ClassVar[str] = "reward"
    members: ClassVar[bool] = False
    ends: ClassVar[bool] = False
    linear: ClassVar[bool] = True

    def shape(
        self, score: torch.Tensor, logp: torch.Tensor, logp_ref: torch.Tensor, mask: torch.Tensor
    ) -> torch.Tensor:
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


class GuidelinePolicy(Component):
    """How a corporation revises its guideline: asked at every meeting of those who set it."""

    kind: ClassVar[str] = "guideline"

    def criteria(self) -> Sequence[str]:
        """The criteria it may give weight to, beyond those of the guideline it is given."""
        return ()

    def revise(self, situation: Situation) -> Mapping[str, float] | None:
        """The weights that are operative from now on, or None if they stay as they are."""
        raise NotImplementedError(f"guideline policy {self.name!r} does not define revise")


def weighted_sum(scores: Array, weights: Array) -> Array:
    """Σ_k w_k·s_k [n] of scores [n, D], by weights [D], or [n, D] with some for each item."""
    return np.asarray(scores @ weights if weights.ndim == 1 else np.einsum("nd,nd->n", scores, weights))


class Combination(Component):
    """How scores by several criteria become one number, by which responses are compared.

    `additive` says that the number is a sum, whose differences mean something; of other rules only the order counts,
    and measures take ranks within each prompt. What is in a rule's parameters is not misread by anybody; weights are.
    """

    kind: ClassVar[str] = "combination"
    additive: ClassVar[bool] = False

    def criteria(self) -> Sequence[str]:
        """The criteria its parameters name, which are measured whether or not they have a weight."""
        return ()

    def directed(self) -> Sequence[str]:
        """Of these, the ones that mean nothing without a weight, whose sign says which way is better."""
        return ()

    def combine(self, scores: Array, weights: Array, criteria: Sequence[str]) -> Array:
        """Utilities [n] of scores [n, D] by `criteria` [D], given weights [D], or [n, D] with some for each item.

        The utility of an item depends on its own scores and weights only. A weight below zero means less is better.
        Scores are in [0, 1], but for the blur of unskilled eyes; a criterion with nothing to say scores ½.
        """
        raise NotImplementedError(f"combination rule {self.name!r} does not define combine")


@dataclass(frozen=True, slots=True)
class Article:
    """One article of a charter: what it says, and the criteria, with weights, by which it can be measured.

    Where nothing of it can be, `criteria` is empty; `note` says why, or how far the criteria go.
    """

    text: str
    criteria: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    def __post_init__(self) -> None:
        bad = [name for name, weight in self.criteria.items() if not isinstance(weight, int | float)]
        if bad:
            raise TypeError(f"the weight of {bad[0]} in an article should be a number")


class Charter(Component):
    """A guideline that people have written before, in articles; `guideline: {charter: NAME}` goes by it."""

    kind: ClassVar[str] = "charter"
    articles: ClassVar[tuple[Article, ...]] = ()
    rule: ClassVar[Mapping[str, Any]] = {"kind": "weighted"}  # the combination, as a scenario file says it

    def weights(self) -> dict[str, float]:
        """The weight of each criterion, summed over the articles, in order of first mention."""
        total: dict[str, float] = {}
        for article in self.articles:
            for name, weight in article.criteria.items():
                total[name] = total.get(name, 0.0) + float(weight)
        return total


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


class Aggregator(Component):
    """How the labels of several raters of one pair become one, before a reward model learns from them."""

    kind: ClassVar[str] = "aggregator"
    merges: ClassVar[bool] = True  # False: every label is learned from as it is, and `aggregate` is not asked

    def aggregate(self, votes: Votes) -> Array:
        """P(left is better) [T] in [0, 1] for each distinct task, in ascending order of task numbers."""
        raise NotImplementedError(f"aggregator {self.name!r} does not define aggregate")


class Logger(Component):
    """Tells somebody elsewhere how a run goes on: its hooks are methods, with the names and parameters of `hookspecs`.

    A logger is asked for by `simlab run … --log NAME` and is no part of the scenario: it looks on, and the run has
    the same hash and the same tables with and without it. The hooks of a plain function in a plugin file are called
    in every run; those of a logger only in runs that ask for it.
    """

    kind: ClassVar[str] = "logger"

    folder: str = Field("", description="where it writes; if nobody says, in a folder of its own in the run's")


def parameters(component: Component) -> dict[str, Any]:
    """What a scenario file would say to get this component: its name and parameters."""
    return {"kind": component.name, **component.model_dump(mode="json")}
