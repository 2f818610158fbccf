"""Whoever delivers judgements of responses to those above: people, and the vendors that stand between.

What is delivered is always `Rankings`; those above look at pairs of them and hold their own opinion against it.
That makes every level above the first the same: it is judged by how it judges.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simlab.parties.appeals import Appeals, appealed, decide_appeals, fresh_gold
from simlab.people.label_source import LabelSource
from simlab.rankings import AT_ONCE, Rankings, preferred
from simlab.relation import Answers, Judgement, Relation, Standard, Work
from simlab.rng import further, hashes, uniforms

LIKELY = 6.0  # standard deviations by which hardly ever fewer lots than expected are small
SecondLook = Callable[[NDArray[np.int64]], NDArray[np.int64]]

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.scenario import FirmSpec


def sampled_pairs(relation: Relation, work: Work, key: int) -> Rankings:
    """The compared pairs a principal looks at, as rankings of two; drawn at random from all that were delivered."""
    places = sampled_places(relation, work, key)
    return Rankings.together([made.as_pairs(mine) for made, mine in zip(work.items, places, strict=True)])


def sampled_places(relation: Relation, work: Work, key: int) -> list[NDArray[np.int64]]:
    """Which compared pairs of each part of the work a principal looks at, counted ranking after ranking.

    `relation.sample` is a share of the pairs or their number. Draws are keyed by pair and worker.
    """
    parts: list[Rankings] = work.items
    pairs = sum(made.label.size for made in parts)
    count = relation.sampled(pairs)
    for limit in ((count + LIKELY * count**0.5) / pairs, 1.0):
        few = [_lots(made, key, limit) for made in parts]
        if sum(len(place) for place, _ in few) >= count:
            break
    chosen = smallest(np.concatenate([keys for _, keys in few]), count)
    ends = np.cumsum([len(place) for place, _ in few])
    cuts = np.searchsorted(chosen, ends[:-1])
    each = zip(few, np.split(chosen, cuts), [0, *ends[:-1].tolist()], strict=True)
    return [place[mine - start] for (place, _), mine, start in each]


def _lots(made: Rankings, key: int, limit: float) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """A hash of each compared pair and its worker, where it is below this share of all hashes: which of the pairs, and
    the hashes [n]. Looked up in pieces, so that of very many only those that count are held."""
    task = hashes(key, made.shown.draw[:, None], np.arange(made.pairs)[None, :])
    last = np.uint64(min(limit * 2.0**64, 2.0**64 - 2.0**11))
    places, found = [], []
    for start in range(0, max(1, len(made)), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        keys = further(task.take(made.place[part], axis=0), made.worker[part, None]).ravel()
        low = np.flatnonzero(keys <= last) if limit < 1 else np.arange(len(keys))
        places.append(low + start * made.pairs)
        found.append(keys[low])
    return np.concatenate(places), np.concatenate(found)


def smallest(keys: NDArray[np.uint64], count: int) -> NDArray[np.int64]:
    """Where the `count` smallest are, in order; of equal ones the first."""
    if count >= len(keys):
        return np.arange(len(keys))
    last = np.partition(keys, count - 1)[count - 1]
    less, equal = np.flatnonzero(keys < last), np.flatnonzero(keys == last)
    return np.sort(np.concatenate([less, equal[: count - len(less)]]))


def verdict(
    relation: Relation, work: Work, pairs: Rankings, opinion: NDArray[np.int64], appeals: Appeals | None = None
) -> Judgement:
    """How often each of the agent's people said of these pairs what their judge says [n], after any appeals.

    An undecided label counts half on either side. For labels without ties this *is* re-judging at any order: two
    auditors agree whether a rater was right exactly when they agree which response is better.
    """
    said = pairs.label[:, 0]
    opinion = opinion if appeals is None else appeals.opinion
    return scored(relation, work, pairs, np.where((said == 0) | (opinion == 0), 0.5, said == opinion), appeals)


def scored(
    relation: Relation, work: Work, pairs: Rankings, right: NDArray[np.float64], appeals: Appeals | None = None
) -> Judgement:
    """The mean worth of each of the agent's people's pairs, given that of every pair [n] in [0, 1]."""
    agent = relation.agent
    assert isinstance(agent, LabelSource)
    names, place = agent.subjects(pairs)
    samples = np.bincount(place, minlength=len(names))
    agreed = np.bincount(place, weights=right, minlength=len(names))
    return Judgement(
        agent=agent.name,
        items=work.items,
        size=work.size,
        principal=relation.principal.name,
        order=relation.order,
        scores=dict(zip(names, (agreed / samples).tolist(), strict=True)),
        samples=dict(zip(names, samples.tolist(), strict=True)),
        answers=Answers(place, right.astype(float), _truly(pairs)),
        appeals=_appeals(appeals, names, place),
    )


def _truly(pairs: Rankings) -> NDArray[np.float64]:
    """Whether what was said of each pair [n] is right by the guideline as it was issued: 1, ½ undecided, 0; or NaN."""
    said, gold = pairs.label[:, 0], pairs.gold[:, 0]
    return np.where(gold == 0, np.nan, np.where(said == 0, 0.5, said == gold))


def hear(
    context: Context, relation: Relation, pairs: Rankings, opinion: NDArray[np.int64], second: SecondLook
) -> Appeals | None:
    """What comes of it where people may appeal: `second(rows)` is the judge's second look at some of these pairs."""
    agent = relation.agent
    spec = agent.voice if isinstance(agent, LabelSource) else None
    if spec is None:
        return None
    said, seen = pairs.label[:, 0], pairs.perceived[:, 0]
    key = context.rng.key(agent.name, "appeals", relation.principal.name)
    made = appealed(said, opinion, seen, spec.appeal, spec.sure, uniforms(key, pairs.draw, pairs.worker))
    return decide_appeals(said, opinion, made, second)


def _appeals(appeals: Appeals | None, names: list[str], place: NDArray[np.int64]) -> dict[str, tuple[int, int]]:
    """Who appealed how often, and with success how often."""
    if appeals is None:
        return {}
    made, upheld = (np.bincount(place[mask], minlength=len(names)) for mask in (appeals.made, appeals.upheld))
    return {name: (m, u) for name, m, u in zip(names, made.tolist(), upheld.tolist(), strict=True) if m}


def audit(context: Context, relation: Relation, work: Work, standard: Standard, spec: FirmSpec) -> Judgement:
    """A firm checks a sample of pairs against gold: what its standard says of them, now and then wrongly.

    Pairs that are equal under it have no right answer and are not counted. Writing gold is labor of the firm's own
    staff, `audit_seconds` a pair.
    """
    principal = relation.principal
    key = context.rng.key(principal.name, "audits", relation.agent.name)
    pairs = sampled_pairs(relation, work, key)
    truly = standard.utilities(context.game.features(pairs.items)).reshape(len(pairs), 2)
    gold = preferred(truly[:, 0] - truly[:, 1])
    pairs, gold = pairs[gold != 0], gold[gold != 0]
    rng, names = context.rng, (principal.name, relation.agent.name)
    opinion = fresh_gold(gold, spec.gold_error, rng.key(names[0], "gold", names[1]), pairs.draw)
    again = rng.key(names[0], "second gold", names[1])
    appeals = hear(
        context, relation, pairs, opinion, lambda rows: fresh_gold(gold[rows], spec.gold_error, again, pairs.draw[rows])
    )
    looks = len(pairs) + (int(appeals.made.sum()) if appeals is not None else 0)
    pay_staff(context, relation, looks, spec)
    return verdict(relation, work, pairs, opinion, appeals)


def pay_staff(context: Context, relation: Relation, looks: int, spec: FirmSpec) -> None:
    """A firm's own staff write so many pieces of gold."""
    hours, name = looks * spec.audit_seconds / 3600, relation.principal.name
    if hours:
        pay = hours * spec.audit_wage
        context.log.labor(name, "auditing", order=relation.order, hours=hours, pay=pay)
        if pay:
            context.log.transfer(name, f"{name} staff", pay, "wages for auditing")
