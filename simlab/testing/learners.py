"""The contract of learners, on lessons that take a second. torch is imported where networks are taught."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.components.learner import (
    DemonstrationLesson,
    Learner,
    RankingLesson,
    RewardLesson,
    VectorRankingLesson,
    VectorRewardLesson,
)
from simlab.components.return_values import given, not_a_number, not_numbers
from simlab.rng import Streams, normals, uniforms
from simlab.testing.contract import Subject, check

_KEY = Streams(0).key("lessons")
_START, _SEP, _END, _GOOD = 1, 2, 3, 4  # words of a small language, which has four more to say; one of these is liked
_WORDS, _LONGEST, _BATCH = 8, 3, 64  # of the language, of a response, and of responses at a time
_RANKED = ("prompts", "responses", "labels")
_DIRECTION = np.array([1.0, -0.5, 0.0, 0.25])  # what is liked of vectors


@dataclass(slots=True)
class Tried:
    """A network that was taught, and what the learner said of it; `asked` counts how often it wanted rewards."""

    network: Any
    lesson: Any
    rows: Any
    asked: list[int] = field(default_factory=list)


@check("learner")
def declared(subject: Subject) -> Iterator[str]:
    """It says whom it teaches and in which worlds, and defines what it is asked there."""
    cls: Any = subject.cls
    if cls.teaches not in ("reward_model", "language_model"):
        yield f'says that it teaches {cls.teaches!r}; it should be "reward_model" or "language_model"'
    if not (cls.networks or cls.vectors):
        yield "teaches neither networks nor vectors"
    for trait, method in (("networks", "learn"), ("vectors", "learn_vector")):
        says, defines = bool(getattr(cls, trait)), getattr(cls, method) is not getattr(Learner, method)
        if says != defines:
            yield f"says {trait} = {says}, and {'defines' if defines else 'does not define'} {method}"


@check("learner")
def answers(subject: Subject) -> Iterator[str]:
    """It says what each step of learning came to; of a vector, it gives another one."""
    learner = subject.made()
    if learner.networks:
        tried = taught(learner)
        if not isinstance(tried.rows, list | tuple) or not all(hasattr(row, "items") for row in tried.rows):
            yield f"learn must give a list of mappings; it gave {given(tried.rows)}"
            return
        said = [(name, value) for row in tried.rows for name, value in row.items()]
        for name, value in said:
            if wrong := not_a_number(value):
                yield f"learn must say {name} as a number; it gave {wrong}"
        if learner.teaches == "reward_model" and (not tried.rows or "loss" not in tried.rows[-1]):
            yield 'learn must say the "loss" of a reward model'
        if learner.rankings and (not tried.rows or "loss_policy_avg" not in tried.rows[-1]):
            yield 'learn must say the "loss_policy_avg" of a language model'
        if learner.demonstrations and not all("loss" in row for row in tried.rows or [{}]):
            yield 'learn must say the "loss" of each step of imitation'
        rewarded = learner.teaches == "language_model" and not (learner.rankings or learner.demonstrations)
        if rewarded and not len(tried.rows) == len(tried.asked) == learner.batches():
            yield (
                f"learn asked for rewards {len(tried.asked)} times and told of {len(tried.rows)} batches; "
                f"it should be {learner.batches()}, each once"
            )
    if learner.vectors and (wrong := not_numbers(vector(learner), _DIRECTION.shape)):
        yield f"learn_vector must give numbers of shape {_DIRECTION.shape}; it gave {wrong}"


@check("learner")
def finite(subject: Subject) -> Iterator[str]:
    """What it makes of a machine is finite numbers."""
    for what, found in _made(subject.made()):
        if not np.isfinite(found).all():
            yield f"made {found[~np.isfinite(found)][0]:g} of {what}"


@check("learner")
def reproducible(subject: Subject) -> Iterator[str]:
    """Of the same machine and the same lesson it makes the same: all chance follows from the lesson."""
    for (what, found), (_, again) in zip(_made(subject.made()), _made(subject.made()), strict=True):
        if not np.array_equal(found, again, equal_nan=True):
            yield f"made something else of {what} the second time"


@check("learner")
def learns(subject: Subject) -> Iterator[str]:
    """What it taught does better by the lesson than before: it likes what was preferred, or says what is liked."""
    learner = subject.made()
    if learner.networks:
        before, after = grade(learner, network(learner)), grade(learner, taught(learner).network)
        if not after > before:
            yield f"taught a network that does no better than before ({after:.4g} after {before:.4g})"
    if learner.vectors and not float(vector(learner) @ _DIRECTION) > 0:
        yield "learn_vector gave a vector that does no better than none"


@check("learner")
def apart(subject: Subject) -> Iterator[str]:
    """If it says that it teaches several heads on one trunk, each learns by its own rankings: of two who are told the
    opposite, one likes what the other does not."""
    learner = subject.made()
    if not learner.heads:
        return
    if learner.teaches != "reward_model" or not learner.networks:
        yield "says heads = True, and teaches no reward model of words"
        return
    from simlab.nets.shared_trunk import SharedTrunk

    usual = lesson(learner, [])
    both: dict[str, Any] = {
        name: np.tile(getattr(usual, name), (2, *(1,) * (getattr(usual, name).ndim - 1))) for name in _RANKED
    }
    m = len(usual.labels)
    both["labels"][m:] = np.array([0, 2, 1])[usual.labels]
    trunk = SharedTrunk([network(learner), network(learner)])
    learner.learn(trunk, RankingLesson(**both, shares=None, seed=3, heads=np.repeat([0, 1], m)))
    one, other = (grade(learner, head) for head in trunk.apart())
    if not one > other:
        yield f"taught two heads the opposite, and they like the same ({one:.4g} and {other:.4g})"


@check("learner")
def pure(subject: Subject) -> Iterator[str]:
    """It changes the network it is given, and nothing else: neither the lesson nor the reference."""
    learner = subject.made()
    if learner.networks:
        tried, usual = taught(learner), lesson(learner, [])
        for name in ("prompts", "responses", "labels", "uniforms"):
            if hasattr(usual, name) and not np.array_equal(getattr(tried.lesson, name), getattr(usual, name)):
                yield f"changed {name} of its lesson"
        before = getattr(usual, "reference", None)
        if before is not None and not np.array_equal(numbers(tried.lesson.reference), numbers(before)):
            yield "changed the reference"
    if learner.vectors:
        start, usual = np.zeros_like(_DIRECTION), _vector_lesson(learner)
        told = copy.deepcopy(usual)
        learner.learn_vector(start, told)
        parts = ("reward",) if learner.teaches == "language_model" else ("differences", "wins")
        if start.any() or not all(np.array_equal(getattr(told, n), getattr(usual, n)) for n in parts):
            yield "changed what it was given; return another vector"


@check("learner")
def costs(subject: Subject) -> Iterator[str]:
    """What it says of its cost are numbers that can be: batches from 1, passes above 0, a discount in [0, 1]."""
    learner = subject.made()
    if not (isinstance(learner.each(), int) and learner.each() >= 1):
        yield f"says that it asks for {learner.each()!r} responses to each prompt (each)"
    if not (isinstance(learner.batches(), int) and learner.batches() >= 1):
        yield f"says that it wants {learner.batches()!r} batches"
    if not 0 < learner.passes() < math.inf:
        yield f"says that it reads what it learns from {learner.passes()!r} times (passes)"
    if not (isinstance(learner.at_once(), int) and learner.at_once() >= 0):
        yield f"says that it holds {learner.at_once()!r} responses at once (at_once)"
    if learner.discount() is not None and not 0 <= learner.discount() <= 1:
        yield f"says that it discounts by {learner.discount()!r}"


# ---- small lessons -------------------------------------------------------------------------------------------------


def taught(learner: Any) -> Tried:
    """A small network, taught by this learner."""
    asked: list[int] = []
    machine, told = network(learner), lesson(learner, asked)
    return Tried(machine, told, learner.learn(machine, told), asked)


def network(learner: Any) -> Any:
    """A small network that has learned nothing: a language model, or a reward model made of one."""
    import torch

    from simlab.nets.reward_model import RewardModel
    from simlab.nets.transformer import Transformer, TransformerConfig

    config = TransformerConfig(vocab=_WORDS, width=16, layers=1, heads=2, context=8, unspoken=(0, _START, _SEP))
    model = Transformer(config, torch.Generator().manual_seed(0))
    if learner.teaches == "language_model":
        return model
    return RewardModel(model, torch.Generator().manual_seed(1))


def lesson(learner: Any, asked: list[int]) -> Any:
    """Rankings by how often the liked word is said; or prompts whose responses are liked for beginning with it."""
    if learner.demonstrations:
        return DemonstrationLesson(np.tile([_START, _SEP], (96, 1)), np.tile([_GOOD, _END], (96, 1)), seed=3)
    if learner.teaches == "reward_model" or learner.rankings:
        lot = uniforms(_KEY, np.arange(96)[:, None, None], np.arange(3)[None, :, None], np.arange(_LONGEST))
        responses = (_END + np.floor(lot * (_WORDS - _END))).astype(np.int64)
        responses[np.cumsum(responses == _END, axis=2) - (responses == _END) > 0] = 0  # nothing after the end
        worth = (responses == _GOOD).sum(axis=2)
        gap = np.stack([worth[:, i] - worth[:, j] for i, j in ((0, 1), (0, 2), (1, 2))], axis=1)
        labels = np.where(gap > 0, 1, np.where(gap < 0, 2, 0))
        reference = network(learner) if learner.rankings else None
        return RankingLesson(np.tile([_START, _SEP], (96, 1)), responses, labels, None, seed=3, reference=reference)
    batches, size = learner.batches(), -(-_BATCH // learner.each()) * learner.each()
    lots = uniforms(_KEY, np.arange(batches)[:, None, None], np.arange(size)[None, :, None], np.arange(_LONGEST))
    prompts = np.tile([_START, _SEP], (batches, size, 1))

    def reward(score: Any, logp: Any, logp_ref: Any, mask: Any) -> Any:
        asked.append(len(score))
        found = -0.05 * (logp - logp_ref) * mask
        found[range(len(score)), mask.long().sum(1) - 1] += score
        return found

    return RewardLesson(network(learner), prompts, lots, _liked, reward, _END, 1.0, seed=3)


def grade(learner: Any, machine: Any) -> float:
    """How well a network does by its lesson: the mean margin by which it prefers what was preferred; or the chance that
    it says what is liked, as a logarithm."""
    from simlab.nets.transformer import log_probs

    if learner.teaches == "language_model":
        return float(log_probs(machine, np.array([[_START, _SEP]]), np.array([[_GOOD]]))[0, 0])
    told = lesson(learner, [])
    m, k, t = told.responses.shape
    scores = machine.score(np.repeat(told.prompts, k, axis=0), told.responses.reshape(m * k, t)).cpu().numpy()
    scores = scores.reshape(m, k)
    gap = np.stack([scores[:, i] - scores[:, j] for i, j in ((0, 1), (0, 2), (1, 2))], axis=1)
    return float((gap * np.array([0.0, 1.0, -1.0])[told.labels]).mean())


def vector(learner: Any) -> Array:
    """What this learner makes of a vector of zeros."""
    found: Array = learner.learn_vector(np.zeros_like(_DIRECTION), _vector_lesson(learner))
    return found


def numbers(machine: Any) -> NDArray[Any]:
    """All numbers of a network, in one row."""
    return np.concatenate([p.detach().cpu().numpy().ravel() for p in machine.state_dict().values()])


def _vector_lesson(learner: Any) -> Any:
    if learner.teaches == "language_model":
        return VectorRewardLesson(_DIRECTION.copy(), 0.5, seed=3)
    apart = normals(_KEY, np.arange(200)[:, None], np.arange(len(_DIRECTION))[None, :])
    return VectorRankingLesson(apart, 1 / (1 + np.exp(-apart @ _DIRECTION)), None, seed=3)


def _liked(prompts: Any, responses: Any) -> Any:
    """1 for a response that begins with the liked word, else −1."""
    return 2.0 * (responses[:, 0] == _GOOD).float() - 1.0


def _made(learner: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    """What a learner makes of small machines, as numbers."""
    if learner.networks:
        yield "a network", numbers(taught(learner).network)
    if learner.vectors:
        yield "a vector", np.asarray(vector(learner), dtype=float)
