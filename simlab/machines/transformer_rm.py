"""Transformers with a scalar head as a reward model, and the computations they ask of torch."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.components.learner import Learner
from simlab.engine.jobs import Jobs, Result
from simlab.machines.networks import Arrays, revive_reward_model
from simlab.machines.reward_backend import Evidence, Fit, RewardBackend, own_key
from simlab.machines.row_memory import RowMemory
from simlab.machines.saved import SavedModel, reward_model
from simlab.machines.training_jobs import EPOCH_METRICS, FIT_METRICS, train_reward_model
from simlab.machines.transformer_lm import TransformerLM
from simlab.rankings import Shown
from simlab.worlds.world import Items


class Sharing(Protocol):
    """Those that read with one trunk, see `simlab.machines.shared_trunk`."""

    def learn(self, model: TransformerRM, learner: Learner, evidence: Evidence, key: int) -> Result | None:
        """Teach one of them, and all others with it; None if it is to learn as it would alone."""

    def without_weights(self, model: TransformerRM) -> TransformerRM:
        """One of its kind that has learned nothing, beside others that have not either."""


class TransformerRM(RewardBackend):
    """Copies of the pretrained transformer with a scalar head (`simlab.nets.reward_model`), one for each member, which
    read the pretrained model's `log_probability` of a token or do not, and say the `variance` of their scores or do
    not."""

    def __init__(
        self, members: int, language: TransformerLM, jobs: Jobs, log_probability: bool = True, variance: bool = False
    ) -> None:
        self.members = members
        self.log_probability = log_probability
        self.variance = variance
        self.language = language
        self.jobs = jobs
        self.weights: list[Result] = []  # of the members; empty until they have learnt
        self._scored: dict[str, RowMemory] = {}  # by the weights of each member
        self.grown_from: Result | None = None  # the pretrained model that loaded members read, until others take over
        self.sharing: Sharing | None = None  # with those that read with the same trunk

    @property
    def base(self) -> Result:
        """The pretrained model that the members read."""
        return self.language.reference if self.grown_from is None else self.grown_from

    def load(self, saved: SavedModel) -> None:
        """Begin as the members that a run has saved."""
        self.weights, self.grown_from = saved.members(), saved.base()

    def each(self, items: Items) -> Array:
        return self._moments(items, 0)

    def variances(self, items: Items) -> Array | None:
        return self._moments(items, 1) if self.variance else None

    def log_odds(self, items: Items, options: int) -> Array:
        """As of any reward model, and nearer to 0 where scores have variances, their mean over members."""
        import torch

        from simlab.nets.pairwise import pair_log_odds

        variances = self.variances(items)
        if variances is None:
            return super().log_odds(items, options)
        moments = (self.score(items), variances.mean(axis=0))
        means, spread = (torch.as_tensor(moment.reshape(-1, options)) for moment in moments)
        return np.asarray(pair_log_odds(means, spread).numpy())

    def _moments(self, items: Items, which: int) -> Array:
        """The first or the second moment of the raw scores [M, n] by each member."""
        if not self.weights:
            return np.zeros((0, len(items)))
        self._scored = {weights.key: self._scored.get(weights.key) or RowMemory() for weights in self.weights}
        found = [self._scored[w.key].of(items, partial(self._score, w))[:, which] for w in self.weights]
        return np.asarray(found, dtype=np.float64)

    def _score(self, weights: Result, items: Items) -> NDArray[Any]:
        """Raw scores [n, 1] by one member, or means and variances [n, 2]; what the pretrained model finds likely is the
        same after every fit."""
        base = self.base
        return self.jobs.run(
            score, config=self.language.config, base=base, weights=weights,
            known=self.language.log_p(base, items, 1.0) if self.log_probability else None,
            prompts=self.language.prompt_tokens(items.prompt), responses=items.response, variance=self.variance,
        )["moments"]  # fmt: skip

    def reading(self, items: Items) -> float:
        """Every member reads them, and the pretrained model if the members are shown its likelihoods."""
        return (self.members + self.log_probability) * self.language.reading(items)

    def fresh(self) -> TransformerRM:
        return self.alone() if self.sharing is None else self.sharing.without_weights(self)

    def alone(self) -> TransformerRM:
        """One of its kind that has learned nothing, and shares no trunk."""
        other = copy(self)
        other.weights, other.grown_from, other._scored, other.sharing = [], None, {}, None
        return other

    def learn(self, learner: Learner, evidence: Evidence, key: int) -> Fit:
        """Every member learns from the same labels; they differ by their first heads and in which order they read. One
        that shares its trunk learns together with those that read with it."""
        if self.sharing is not None and (together := self.sharing.learn(self, learner, evidence, key)) is not None:
            return _outcome([together])
        warm = self.weights if learner.continues() else []
        self.grown_from = self.grown_from if warm else None
        held_out = self.lesson(evidence, ~evidence.train) if not evidence.train.all() else None
        self.weights = fits = [
            self.jobs.run(
                train_reward_model, learner=learner, new=None if evidence.new is None else evidence.new[evidence.train],
                config=self.language.config, base=self.base,
                weights=warm[member] if warm else None, **self.lesson(evidence, evidence.train), held_out=held_out,
                log_probability=self.log_probability, variance=self.variance, seed=own_key(key, member) % 2**63,
                progress=self.language.stage("reward model"),
            )
            for member in range(self.members)
        ]  # fmt: skip
        return _outcome(fits)

    def lesson(self, evidence: Evidence, rows: NDArray[np.bool_]) -> dict[str, Any]:
        """Some of the rankings, by the names of `RankingLesson`."""
        some = evidence.rankings[rows]
        shown = some.shown[some.place]
        return {
            "prompts": self.language.prompt_tokens(shown.prompt),
            "responses": shown.response,
            "labels": some.label.astype(np.int64),
            "shares": evidence.shares_of(rows),
            "perceived": some.perceived,
            "known": self._known(shown),
        }

    def _known(self, shown: Shown) -> NDArray[Any] | None:
        """What the pretrained model finds of the responses [m, K, T], if the members are shown it."""
        if not self.log_probability:
            return None
        return self.language.log_p(self.base, shown.items, 1.0).reshape(shown.response.shape)

    def written(self) -> dict[str, Any]:
        """The networks as they now are, for jobs: with the units of their scores, what `revive_judge` asks for."""
        own = {"config": self.language.config, "log_probability": self.log_probability, "variance": self.variance}
        return {**own, "base": self.base, "members": list(self.weights)}

    def saved(self, taught: dict[str, Any]) -> SavedModel:
        """What is to be kept of it, given what `written` says and the units of its scores."""
        return reward_model(self.language.config, self.language.game.tokenizer.words, taught)


def _outcome(fits: Sequence[Result]) -> Fit:
    """What the fits of all members came to."""
    found = {n: float(np.mean([float(f[n]) for f in fits])) for n in FIT_METRICS}
    epochs = [
        {"member": member + 1, **{n: float(fit[f"epoch/{n}"][row]) for n in EPOCH_METRICS}}
        for member, fit in enumerate(fits)
        for row in range(len(fit["epoch/epoch"]))
    ]
    return Fit(found | {"flops": float(sum(float(f["flops"]) for f in fits))}, epochs)


def score(
    *, config: dict[str, Any], base: Arrays, weights: Arrays, known: NDArray[Any] | None,
    prompts: NDArray[np.int64], responses: NDArray[np.int64], variance: bool, device: str,
) -> dict[str, Any]:  # fmt: skip
    """`moments` of responses by the reward model with these weights, their scores [n, 1] or with `variance` means and
    variances [n, 2]; it has grown from this pretrained base, by which they have been read (`known` [n, T]), if the
    reward model is shown what it finds likely."""
    like = {"log_probability": known is not None, "variance": variance}
    model = revive_reward_model(config, base, weights, device, **like)
    return {"moments": model.moments(prompts, responses, known=known).cpu().numpy()}
