"""Transformers with a scalar head as a reward model, and the computations they ask of torch."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.components.learner import Learner
from simlab.engine.jobs import Jobs, Result
from simlab.machines.networks import Arrays, read, revive_reward_model
from simlab.machines.reward_backend import Evidence, RewardBackend, own_key
from simlab.machines.training_jobs import train_reward_model
from simlab.machines.transformer_lm import TransformerLM
from simlab.worlds.world import Items


class TransformerRM(RewardBackend):
    """Copies of the pretrained transformer with a scalar head (`simlab.nets.preference`), one for each member."""

    def __init__(self, members: int, language: TransformerLM, jobs: Jobs) -> None:
        self.members = members
        self.language = language
        self.jobs = jobs
        self.weights: list[Result] = []  # of the members; empty until they have learnt

    def each(self, items: Items) -> Array:
        if not self.weights:
            return np.zeros((0, len(items)))
        config, base, prompts = self.language.config, self.language.reference, self.language.prompt_tokens(items.prompt)
        known = self.jobs.run(  # the same after every fit
            read, config=config, weights=base, prompts=prompts, responses=items.response, temperature=1.0
        )
        scores = [
            self.jobs.run(
                score, config=config, base=base, weights=weights, known=known, prompts=prompts, responses=items.response
            )["scores"]
            for weights in self.weights
        ]
        return np.asarray(scores, dtype=np.float64)

    def reading(self, items: Items) -> float:
        """Every member reads them, and the pretrained model whose likelihoods the members are shown."""
        return (self.members + 1) * self.language.reading(items)

    def fresh(self) -> TransformerRM:
        other = copy(self)
        other.weights = []
        return other

    def learn(self, learner: Learner, evidence: Evidence, key: int) -> dict[str, float]:
        """Every member learns from the same labels; they differ by their first heads and in which order they read."""
        train = evidence.rankings[evidence.train]
        shown = train.shown[train.place]
        warm = self.weights if learner.continues() else []
        self.weights = fits = [
            self.jobs.run(
                train_reward_model, learner=learner, config=self.language.config, base=self.language.reference,
                weights=warm[member] if warm else None, prompts=self.language.prompt_tokens(shown.prompt),
                responses=shown.response, labels=train.label.astype(np.int64), shares=evidence.shares,
                seed=own_key(key, member) % 2**63, progress=self.language.stage("reward model"),
            )
            for member in range(self.members)
        ]  # fmt: skip
        found = {n: float(np.mean([float(f[n]) for f in fits])) for n in ("loss", "trunk_change", "head_change")}
        return found | {"flops": float(sum(float(f["flops"]) for f in fits))}

    def written(self) -> dict[str, Any]:
        """The networks as they now are, for jobs: with the units of their scores, what `revive_judge` asks for."""
        return {"config": self.language.config, "base": self.language.reference, "members": list(self.weights)}


def score(
    *, config: dict[str, Any], base: Arrays, weights: Arrays, known: Arrays, prompts: NDArray[np.int64],
    responses: NDArray[np.int64], device: str,
) -> dict[str, Any]:  # fmt: skip
    """`scores` [n] of responses by the reward model with these weights, grown from this pretrained base, by which
    they have been read (`known`)."""
    model = revive_reward_model(config, base, weights, device)
    return {"scores": model.score(prompts, responses, known=known["log_p"]).cpu().numpy()}
