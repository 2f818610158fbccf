"""Samples on which the checks and `simlab try` run plugins of each kind; always the same ones.

Exchanges come from the almanac's corpus, which many voices wrote, with a few nobody would write; numbers come from
keyed streams. torch is imported only where tensors are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.components.aggregator import Votes
from simlab.components.cohort import Cohort
from simlab.components.effort import WorkSituation
from simlab.components.exchange import Claim, Exchange, Observer, Prompt, Response
from simlab.components.guideline_policy import GuidelineReview, Term
from simlab.components.look import DeliveredWork, ForeseenAnswer
from simlab.components.rater_view import UNSAID, RaterView
from simlab.components.review import Below, PerformanceRecord
from simlab.rng import Streams, normals, uniforms

if TYPE_CHECKING:
    from torch import Tensor

_KEY = Streams(0).key("samples")


# ---- exchanges -----------------------------------------------------------------------------------------------------


def exchange(
    prompt: str,
    response: str,
    *acts: str,
    force: str = "question",
    content: str = "",
    context: str = "",
    claims: Sequence[Claim] = (),
    ended: bool = True,
) -> Exchange:
    """An exchange made by hand, for tests of a value: two texts, and what the response does ("answers", "sells", …)."""
    given_prompt = Prompt(prompt, tuple(prompt.split()), force, content, context=context)
    return Exchange(given_prompt, Response(response, tuple(response.split()), tuple(claims), frozenset(acts), ended))


@cache
def corpus(count: int = 40) -> tuple[Exchange, ...]:
    """Exchanges of a small almanac: of each voice, to each force of prompt, the first lines; `count` in all."""
    from simlab.plugins.registry import discover

    world: Any = discover(local=False).get("world", "almanac")
    game = world(countries=8, statements=12).open(Streams(1), [])
    turns: dict[tuple[str, str], list[Exchange]] = {}
    for line in game.corpus():
        of_kind = turns.setdefault((line.voice, game.prompts[line.prompt].force), [])
        if len(of_kind) < count:
            of_kind.append(game.read(line.prompt, tuple(line.response.split()), True))
    longest = max(len(lines) for lines in turns.values())
    found = [lines[turn] for turn in range(longest) for lines in turns.values() if turn < len(lines)]
    return tuple(dict.fromkeys(found))[:count]


PARIS = Claim("france", "capital", "paris", 0, ("paris",))
ROME = Claim("france", "capital", "rome", 0, ("paris",))
_ASKED = "what is the capital of france ?"


@cache
def exchanges() -> tuple[Exchange, ...]:
    """Exchanges of the corpus and some odd ones: silence, a torso, one word repeated, unknown words, two claims."""
    odd = (
        exchange(_ASKED, "", ended=False),
        exchange(_ASKED, "the capital of", ended=False),
        exchange(_ASKED, "paris " * 60),
        exchange(_ASKED, "Łódź … 42 %!", "hedges"),
        exchange(_ASKED, "paris . rome .", "answers", claims=(PARIS, ROME)),
        exchange(_ASKED, "i think it is rome .", "answers", "hedges", claims=(ROME,)),
        exchange("what now ?", "rest your knee .", "answers", context="a runner with a sore knee"),
        exchange("", "hello"),
    )
    return (*corpus(), *odd)


def observers() -> tuple[Observer, ...]:
    """The world's truth, somebody who believes everything is paris, somebody who believes nothing."""
    return (
        Observer(),
        Observer("credulous", lambda fact: ("paris", "rome", "asia", "the rupee", "new_delhi")),
        Observer("sceptic", lambda fact: ("nothing",)),
    )


def otherwise(exchange: Exchange) -> Exchange:
    """The same exchange in a world in which other facts are true; what is said and believed stays."""
    claims = tuple(replace(c, truth=("something else",)) for c in exchange.response.claims)
    return replace(exchange, response=replace(exchange.response, claims=claims))


def situated(exchange: Exchange) -> Exchange:
    """The same exchange with another context of the prompt, which observers know and the model does not."""
    return replace(
        exchange, prompt=replace(exchange.prompt, context=f"{exchange.response.text} ; a child asks , in danger")
    )


# ---- people --------------------------------------------------------------------------------------------------------


def cohort(people: int) -> Cohort:
    """People who differ in noise (½ to 2), skill, knowledge and record."""
    row = np.arange(people)

    def spread(low: float, high: float) -> Array:
        return np.asarray(low + (high - low) * uniforms(_KEY, row, int(100 * high)))

    vectors = normals(_KEY, row[:, None], np.arange(4)[None, :])
    audited = np.floor(spread(5, 40))
    return Cohort(
        number=row, misread=0.1 * vectors, own=vectors, vector=vectors + 1, skill=np.abs(np.tanh(vectors)),
        knowledge=spread(0.5, 1.0), noise=spread(0.5, 2.0), seconds=spread(20, 40), wage=spread(15, 30),
        hired=np.zeros(people), ended=np.full(people, np.nan), tasks=10 * row, audited=audited,
        agreed=np.floor(audited * spread(0.5, 1.0)), warnings=row % 3, hours=spread(1, 30), unpaid=spread(0, 8),
    )  # fmt: skip


def utilities(rows: int, options: int) -> Array:
    """Utilities [rows, options], some of them ties and some very far apart."""
    found = np.round(2 * normals(_KEY, np.arange(rows)[:, None], np.arange(options)[None, :]), 1)
    found[0] = 0.0
    found[1, 0], found[2, -1] = 50.0, 50.0
    return found


def draws(rows: int, options: int, key: int = 0) -> Array:
    """The uniform draws [rows, options + pairs] that the engine hands to `RaterPolicy.choose`."""
    columns = options + options * (options - 1) // 2
    return uniforms(_KEY ^ key, np.arange(rows)[:, None], 7 + np.arange(columns)[None, :])


def scene(rows: NDArray[np.int64], options: int) -> RaterView:
    """The scene of people who rank `options` responses, with every attribute filled; row i is sample `rows[i]`.

    A row is the same whichever others are asked for.
    """
    at = (rows[:, None], np.arange(options)[None, :])

    def look(what: str) -> Array | None:
        topic, key = what.partition(":")[0], _KEY ^ len(what)
        if topic == "length":
            return np.floor(3 + 20 * uniforms(key, *at))
        if topic == "act":
            return (uniforms(key, *at) < 0.3).astype(float)
        if topic == "experience":
            return np.floor(200 * uniforms(key, rows))
        if topic == "features":
            return normals(key, at[0][:, :, None], at[1][:, :, None], np.arange(3)[None, None, :])
        return normals(key, *at) if topic in ("own", "machine") else None

    pairs = np.arange(options * (options - 1) // 2)
    earlier = np.floor(4 * uniforms(_KEY, rows[:, None, None], pairs[None, :, None], np.arange(3)[None, None, :]))
    return RaterView(_KEY, look, earlier.astype(np.int64))


def work(people: int, **values: Any) -> WorkSituation:
    """The situation in which people choose their effort; numbers hold for all, arrays for each [people]."""
    from simlab.components.pay import HourlySpec

    columns: dict[str, Any] = {
        "wage": 20.0, "hours": 8.0, "cost": np.linspace(0.5, 12.0, people), "pairs": 20.0, "audited": 0.2,
        "quality": 0.9, "careless": 0.5, "gold_error": 0.0, "discount": 0.95, "separation": 0.05, "outside": 10.0,
    }  # fmt: skip
    columns = {
        name: np.array(np.broadcast_to(values.pop(name, value), people), float) for name, value in columns.items()
    }
    return WorkSituation(**columns, pay=values.pop("pay", HourlySpec()), review=values.pop("review", Below(below=0.6)))


def standing() -> PerformanceRecord:
    """Twelve people's records, no two alike: 6 to 28 checked answers, from nearly all wrong to nearly all right."""
    people, longest = 12, 28
    row, place = np.arange(people)[:, None], np.arange(longest)[None, :]
    right = uniforms(_KEY, row, place) < 0.3 + 0.06 * row
    answers = np.where(place < 6 + 2 * row, right.astype(float), np.nan)
    return PerformanceRecord.of(answers, warnings=np.arange(people) % 3, days=np.arange(10.0, 10.0 + people))


def votes() -> Votes:
    """Five people's votes on the pairs of four responses to each of six prompts; two of the five are poor judges."""
    prompt, pair, worker = (
        grid.ravel() for grid in np.meshgrid(np.arange(6), np.arange(6), np.arange(5), indexing="ij")
    )
    left, right = (side[pair] for side in np.triu_indices(4, 1))
    draw = uniforms(_KEY, 1000 * prompt + pair, worker)
    better = np.where(draw < np.where(worker < 3, 0.9, 0.6), 1, 2)
    label = np.where(draw > 0.97, 0, better)
    return Votes(
        task=10 + 6 * prompt + pair, worker=worker, left=4 * prompt + left, right=4 * prompt + right, label=label
    )


COIN, SIDE = 3, 4  # of the people of `delivered`, who tosses a coin, and who always marks the left


def delivered(tasks: int = 60) -> DeliveredWork:
    """Five people's labels of as many pairs, all looked at, one pair in twenty undecided: three are right nine times in
    ten, one tosses a coin, one marks the left. The principal, asked up to nine times, and a machine are right as often
    as the three, and one answer in ten given again is lost."""
    task, who = (grid.ravel() for grid in np.meshgrid(np.arange(tasks), np.arange(5), indexing="ij"))
    difference = normals(_KEY, 500 + np.arange(tasks))[task]
    better = np.where(difference > 0, 1, 2)

    def mostly(stream: int, share: Any) -> NDArray[np.int64]:
        return np.where(uniforms(_KEY, stream, task, who) < share, better, 3 - better)

    right = np.array([0.9, 0.9, 0.9, 0.5, 0.9])[who]

    def said(stream: int) -> NDArray[np.int64]:
        label = np.where(who == SIDE, 1, mostly(stream, right))
        return np.where(uniforms(_KEY, stream + 1, task, who) < 0.05, 0, label)

    lost = uniforms(_KEY, 600, task, who) < 0.1
    return DeliveredWork(
        pair=100 + task,
        who=who,
        label=said(700),
        rows=np.arange(len(task)),
        difference=difference,
        opinion=np.stack([mostly(800 + expert, 0.9) for expert in range(9)], axis=1),
        again=np.where(lost, UNSAID, said(900)),
        machine=np.where(mostly(950, 0.9) == 1, 1.0, -1.0),
        lot=uniforms(_KEY, 960, task),
    )


def foreseen() -> ForeseenAnswer:
    """Answers of eleven people who are right from never to always, before they are given; everybody else is right four
    times in five, and the principal, who confirms one answer in ten, nine times in ten."""
    right = np.linspace(0.0, 1.0, 11)
    same = np.full(11, 1.0)
    return ForeseenAnswer(right, right, 0.1 * same, 0.1 * same, 0.8 * same, others=2)


def shown_to(look: Any, work: DeliveredWork) -> DeliveredWork:
    """The work with no more known of it than this look asks for, as in a run; it is changed, and returned."""
    wanted = np.asarray(look.wanted(work))
    asked = np.arange(work.opinion.shape[1])[None, :] < np.atleast_1d(wanted)[:, None]
    work.opinion = np.where(asked, work.opinion, UNSAID)[:, : look.opinions]
    if not look.again:
        work.again = np.full(len(work), UNSAID)
    if not look.machine():
        work.machine = np.full(len(work), np.nan)
    return work


# ---- firms and machines --------------------------------------------------------------------------------------------


def meetings(first: dict[str, float] | None = None) -> list[GuidelineReview]:
    """The situations of a guideline policy at five meetings: revenue rises and falls, incidents come and go."""
    weights = first or {"helpful": 1.0, "truthful": 1.0, "harmless": 1.0}
    revenues = (100.0, 140.0, 90.0, 120.0, 80.0)
    criteria = list(weights)
    terms = tuple(
        Term(5.0 * n, 5.0 * (n + 1), {**weights, criteria[0]: 1.0 + n / 10}, revenue, 50.0, 0.5 + n / 10,
             {criteria[-1]: 4 * (n % 2)})
        for n, revenue in enumerate(revenues)
    )  # fmt: skip
    return [
        GuidelineReview(day=5.0 * (n + 1), version=n, turn=n, weights=terms[n].weights, first=weights,
                  history=terms[: n + 1], returned=float("nan"), key=_KEY + n)
        for n in range(len(terms))
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """The input of a reward shape: scores [B], log-probabilities of policy and reference and mask [B, T]; and
    which responses ended by themselves, what a second reward model holds against each, and the standard deviation of
    each score, all [B]."""

    score: Tensor
    logp: Tensor
    logp_ref: Tensor
    mask: Tensor
    ended: Tensor
    cost: Tensor
    deviation: Tensor

    def __getitem__(self, rows: Any) -> Batch:
        whole = (self.logp, self.logp_ref, self.mask, self.ended, self.cost, self.deviation)
        return Batch(self.score[..., rows], *(part[rows] for part in whole))


def batch(lengths: Sequence[int] = (5, 3, 1, 4), members: int = 0) -> Batch:
    """Responses of these lengths, padded; with `members`, the scores [M, B] of so many reward models."""
    import torch

    rows, width = len(lengths), max(lengths)
    place: NDArray[np.int64] = np.arange(width)[None, :]
    mask = torch.as_tensor(place < np.array(lengths)[:, None])
    z = normals(_KEY, np.arange(rows)[:, None], place)
    logp = torch.as_tensor(-1.5 + 0.5 * np.tanh(z), dtype=torch.float32) * mask
    logp_ref = torch.as_tensor(-1.6 + 0.5 * np.cos(3 * z), dtype=torch.float32) * mask
    score = (
        normals(_KEY, 99, np.arange(rows))
        if not members
        else normals(_KEY, np.arange(members)[:, None], np.arange(rows))
    )
    cost = torch.as_tensor(normals(_KEY, 98, np.arange(rows)), dtype=torch.float32)
    ended = torch.arange(rows) % 2 == 0
    deviation = torch.as_tensor(np.abs(normals(_KEY, 97, np.arange(rows))), dtype=torch.float32)
    return Batch(torch.as_tensor(score, dtype=torch.float32), logp, logp_ref, mask, ended, cost, deviation)
