"""Reward models that read with one trunk, and what each of them has learned from."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.components.learner import Learner
from simlab.engine.jobs import Result
from simlab.machines.reward_backend import Evidence
from simlab.machines.training_jobs import train_shared_trunk
from simlab.machines.transformer_rm import TransformerRM
from simlab.rng import branch


def share(model: TransformerRM, other: TransformerRM) -> None:
    """Have a reward model read with the trunk of another from now on."""
    group = other.sharing if isinstance(other.sharing, SharedTrunk) else SharedTrunk(other)
    model.language = other.language
    model.sharing = other.sharing = group
    group.join(model)


class SharedTrunk:
    """Whoever of them is taught, the trunk and all heads learn, by what each was shown last: the trunk cannot move
    away from under a head."""

    def __init__(self, first: TransformerRM) -> None:
        self.models = [first]
        self.evidence: list[Evidence | None] = [None]

    def join(self, model: TransformerRM) -> None:
        """Let another one read with this trunk."""
        self.models.append(model)
        self.evidence.append(None)

    def without_weights(self, model: TransformerRM) -> TransformerRM:
        """One of its kind that has learned nothing, beside others that have not either, but that were shown what these
        were."""
        other = copy(self)
        other.models = [one.alone() for one in self.models]
        other.evidence = list(self.evidence)
        for one in other.models:
            one.sharing = other
        return other.models[self.models.index(model)]

    def learn(self, model: TransformerRM, learner: Learner, evidence: Evidence, key: int) -> Result | None:
        """Teach one of them, and the others once more what they were shown; all have new weights then. None while
        nobody else has been shown anything: it learns as it would alone."""
        self.evidence[self.models.index(model)] = evidence
        taught = [(one, shown) for one, shown in zip(self.models, self.evidence, strict=True) if shown is not None]
        if len(taught) == 1:
            return None
        held_out = [(one, shown, ~shown.train) for one, shown in taught]
        result = model.jobs.run(
            train_shared_trunk, learner=learner, config=model.language.config, base=model.base,
            weights=[one.weights[0] if one.weights and learner.continues() else None for one, _ in taught],
            seeds=[branch(key, "head", place) % 2**63 for place in range(len(taught))],
            lesson={
                **_together([(one, shown, shown.train) for one, shown in taught]),
                "new": np.concatenate([_new(shown, own=one is model) for one, shown in taught]),
            },
            held_out=_together(held_out) if any(rows.any() for _, _, rows in held_out) else None,
            log_probability=model.log_probability, variance=model.variance,
            progress=model.language.stage("reward model"),
        )  # fmt: skip
        for place, (one, _) in enumerate(taught):
            one.weights = [_head(result, place)]
        return result


def _new(shown: Evidence, *, own: bool) -> NDArray[np.bool_]:
    """Which of the rankings that one of them learns from it was not shown before."""
    new = np.ones(len(shown.train), dtype=bool) if shown.new is None else shown.new
    return (new if own else np.zeros_like(new))[shown.train]


def _head(result: Result, place: int) -> Result:
    """The reward model of one head, as if it had been alone."""
    prefix = f"heads/{place}/"
    own = {name.removeprefix(prefix): array for name, array in result.arrays.items() if name.startswith(prefix)}
    return Result(f"{result.key}/{place}", own)


def _together(parts: Sequence[tuple[TransformerRM, Evidence, NDArray[np.bool_]]]) -> dict[str, Any]:
    """Some rankings of each, by the names of `RankingLesson`, with the head that each is for."""
    heads = [place for place, (_, _, rows) in enumerate(parts) if rows.any()]
    lessons = [model.lesson(shown, rows) for model, shown, rows in (parts[place] for place in heads)]
    if any(lesson["shares"] is not None for lesson in lessons):
        lessons = [{**lesson, "shares": _shares(lesson)} for lesson in lessons]
    found = {
        name: None if lessons[0][name] is None else _stacked([lesson[name] for lesson in lessons])
        for name in lessons[0]
    }
    return {**found, "heads": np.repeat(heads, [len(lesson["labels"]) for lesson in lessons])}


def _stacked(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Arrays one behind the other, those with shorter rows (of prompts, say) padded with 0."""
    widest = max(part.shape[-1] for part in parts) if parts[0].ndim > 1 else 0
    room = ((0, 0),) * (parts[0].ndim - 1)
    return np.concatenate([np.pad(p, (*room, (0, widest - p.shape[-1]))) if widest else p for p in parts])


def _shares(lesson: dict[str, Any]) -> NDArray[Any]:
    """Which share of a win the first of each pair has, as its label says where labels were not put together."""
    said = lesson["shares"]
    return np.choose(lesson["labels"], (0.5, 1.0, 0.0)) if said is None else np.asarray(said)
