"""The outlook: what people know of their job when they choose how careful to be, and that choice.

They take the next period for one like any other, know how well they can do, how often work is checked, how often
gold is wrong, and by which rule people are dismissed; each look is taken to stand alone. Where a share `revise` of them
thinks again at a look, the others going on as they did, they are led step by step toward the best reply to what the
others do now: best-response dynamics (Gilboa & Matsui 1991, "Social stability and equilibrium", Econometrica 59).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array, Indices
from simlab.components.consequence import Consequence
from simlab.components.effort import COIN, WorkSituation
from simlab.components.return_values import not_numbers
from simlab.components.review import Review
from simlab.errors import PluginFailed
from simlab.people.roster import Roster
from simlab.rankings import preferred
from simlab.rng import uniforms

if TYPE_CHECKING:
    from simlab.people.choice import Judges
    from simlab.scenario import RelationSpec


SECONDS_PER_DAY = 86_400


def reconsider(pool: Judges, who: Indices | None = None) -> None:
    """Let people choose anew how much care to take, as things stand: `who`, or everybody employed."""
    effort, cohort = pool.spec.effort, pool.cohort
    rows = np.flatnonzero(cohort.employed)
    if not effort.reckons or not len(rows):
        return
    situation = situation_of(pool, rows)
    try:
        care, pace = effort.choose(situation), effort.hurry(situation)
    except Exception as error:
        raise PluginFailed.raised(f"effort {effort.name!r}", error) from error
    for method, found, highest, wanted in (
        ("choose", care, 1.0, "must choose care in [0, 1]"),
        ("hurry", pace, np.finfo(float).max, "must choose a pace of at least 0"),
    ):
        wrong = not_numbers(found, rows.shape)
        odd = np.asarray([] if wrong else found, dtype=float)
        odd = odd[~((odd >= 0) & (odd <= highest))]
        if wrong or len(odd):
            what = f"{wanted} for {len(rows)} people; it gave {wrong or f'{odd[0]:g}'}"
            raise PluginFailed.returned(effort, what, method)
    mine: NDArray[np.bool_] | slice = slice(None) if who is None else np.isin(rows, who)
    for state, found in ((pool.work_state.care, care), (pool.work_state.pace, pace)):
        state[rows[mine]] = np.asarray(found)[mine]


def thinking(pool: Judges, principal: str) -> Indices | None:
    """Who thinks again at this principal's look, today: each with chance `revise`; None if all do."""
    share = pool.spec.effort.revise
    if share >= 1:
        return None
    key = pool.context.rng.key(pool.name, "revise", principal)
    everybody = np.arange(len(pool.cohort))
    return np.flatnonzero(uniforms(key, everybody, round(pool.context.now * SECONDS_PER_DAY)) < share)


def newly(pool: Judges, hired: Indices) -> Indices | None:
    """Who thinks when people are hired: they, or everybody where all always do (None)."""
    return None if pool.spec.effort.revise >= 1 else hired


def situation_of(pool: Judges, rows: Indices) -> WorkSituation:
    """What these people reckon with."""
    relation, effort = judged_in(pool), pool.spec.effort
    days = relation.every if relation is not None else 1.0
    pairs = pool.planned_pairs(days) / max(1, int(pool.cohort.employed.sum()))
    hours = min(pairs * pool.seconds_a_pair / 3600, pool.spec.hours * days)

    def same(value: float) -> Array:
        return np.full(len(rows), float(value))

    return WorkSituation(
        wage=pool.cohort.wage[rows],
        hours=same(hours),
        cost=effort.cost * pool.work_state.effort_cost[rows],
        pairs=same(round(hours * 3600 / pool.seconds_a_pair)),
        audited=_believed(pool, rows, _audited(relation, pool.planned_pairs(days))),
        quality=_quality(pool, rows),
        careless=same(_of_judged(pool) if effort.confirms else COIN),
        gold_error=same(_gold_error(pool, relation)),
        discount=same(effort.discount),
        separation=same(effort.separation),
        outside=same(effort.outside),
        pay=pool.spec.pay,
        review=_rule(relation),
        recognised=0.0 if relation is None or relation.look is None else relation.look.recognised(),
        confirmed=_confirmed(pool, relation),
        look=None if relation is None else relation.look,
        peers=_peers(pool, relation),
        others=max(1, min(getattr(pool.spec, "overlap", 2), int(pool.cohort.employed.sum())) - 1),
    )


def judged_in(pool: Judges) -> RelationSpec | None:
    """The relation that decides about these people's jobs: the first that dismisses, else that with the employer."""
    mine = [r for r in pool.context.scenario.relations if r.agent == pool.name]
    present = [r for r in mine if r.principal in pool.context.parties]
    firing = [r for r in present if _rule(r) is not None]
    employing = [r for r in present if r.principal == pool.context.hierarchy.employer_of(pool.name)]
    return next(iter([*firing, *employing, *present]), None)


def _rule(relation: RelationSpec | None) -> Review | None:
    """The first rule by which this relation dismisses people; None if it dismisses nobody."""
    given = relation.consequence if relation is not None else ()
    rules = (c.dismissal() for c in given if isinstance(c, Consequence))
    return next((rule for rule in rules if rule is not None), None)


def _audited(relation: RelationSpec | None, pairs: float) -> float:
    if relation is None:
        return 0.0
    share = relation.sample if isinstance(relation.sample, float) else relation.sample / max(pairs, 1.0)
    return min(1.0, share)


def _believed(pool: Judges, rows: Indices, share: float) -> Array:
    """The share of answers that these people [R] take to be checked: as it is, or as they were told and have seen.

    With m answers given, k of them found to be checked, and a told share q that is trusted like a answers, it is
    (a·q + k)/(a + m), the mean of a beta distribution.
    """
    effort = pool.spec.effort
    if effort.told is None:
        return np.full(len(rows), share)
    given = pool.cohort.tasks[rows] * pool.pairs_a_ranking
    return np.asarray((effort.trust * effort.told + pool.cohort.audited[rows]) / (effort.trust + given))


def _gold_error(pool: Judges, relation: RelationSpec | None) -> float:
    """How often the judge errs: a firm by its gold; auditors as often as they do now, if people know it: of what they
    do not wave through."""
    if relation is None:
        return 0.0
    judge = pool.context.parties[relation.principal]
    if not pool.spec.effort.know_judges or not isinstance(judge, Roster):
        return float(getattr(getattr(judge, "spec", None), "gold_error", 0.0))
    if not judge.spec.effort.confirms:
        return 1 - accuracy(judge)
    rows, care = _cares(judge)
    return 1 - float(care @ _quality(judge, rows) / care.sum()) if care.sum() > 0 else COIN


def _confirmed(pool: Judges, relation: RelationSpec | None) -> float:
    """Which share of what they look at their judges wave through now, if people know it; nobody who judges: none."""
    judge = pool.context.parties[relation.principal] if relation is not None else None
    if not pool.spec.effort.know_judges or not isinstance(judge, Roster) or not judge.spec.effort.confirms:
        return 0.0
    care = _cares(judge)[1]
    return float(1 - care.mean()) if len(care) else 0.0


def _peers(pool: Judges, relation: RelationSpec | None) -> float:
    """How often somebody else of the pool is right, for looks that go by that: as all work now, if they know it; else,
    as they would with care."""
    if relation is None or relation.look is None:
        return 1.0
    rows, care = _cares(pool)
    if not len(rows):
        return COIN
    quality = _quality(pool, rows)
    if not pool.spec.effort.know_judges:
        return float(quality.mean())
    asked_anew = relation.look.again == "other"  # and shown nothing that could be confirmed
    return float(np.mean(COIN + care * (quality - COIN))) if asked_anew else accuracy(pool)


def _cares(people: Roster) -> tuple[Indices, Array]:
    """Who is employed [R], and with how much care each works now [R]."""
    rows = np.flatnonzero(people.cohort.employed)
    return rows, people.work_state.care[rows] if people.spec.effort.reckons else np.ones(len(rows))


def accuracy(people: Roster) -> float:
    """Mean chance of these people's answers to agree with gold, with the care they take now; a coin's, of nobody. Where
    auditors wave through, answers without care are as often right as those they judge."""
    rows, care = _cares(people)
    if not len(rows):
        return COIN
    careless = _of_judged(people) if people.spec.effort.confirms else COIN
    return float(np.mean(careless + care * (_quality(people, rows) - careless)))


def _of_judged(auditors: Roster) -> float:
    """How often the answers are right that auditors look at, as those work who gave them; a coin's, if nobody did."""
    relations = [r for r in auditors.context.scenario.relations if r.principal == auditors.name]
    pieces, right = [], []
    for relation in relations:
        people = auditors.context.parties.get(relation.agent)
        if isinstance(people, Roster):
            share, planned = relation.sample, people.planned_pairs(relation.every)
            pieces.append((share * planned if isinstance(share, float) else min(share, planned)) / relation.every)
            right.append(accuracy(people))
    return float(np.average(right, weights=pieces)) if sum(pieces) > 0 else COIN


# ---- how well they can do ------------------------------------------------------------------------------------------


def _quality(pool: Roster, rows: Indices) -> Array:
    """Chance [R] that a careful answer agrees with right gold: one's own where it was measured, else the mean."""
    rows_known, known = pool.quality
    found = np.full(len(rows), float(known.mean()) if len(known) else 1.0)
    place = np.searchsorted(rows_known, rows)
    mine = (place < len(rows_known)) & (np.take(rows_known, place, mode="clip") == rows) if len(known) else []
    found[mine] = known[place[mine]]
    return found


def quality_of(pool: Judges, rows: Indices, utilities: Array, truly: Array) -> Array:
    """Chance [R] that what these people say with care of pairs [m, 2, R] agrees with true utilities [m, 2]."""
    gold = preferred(truly[:, 0] - truly[:, 1])
    pairs = np.flatnonzero(gold)
    found = np.full(len(rows), COIN)
    for place, row in enumerate(rows.tolist()):
        who = np.full(len(pairs), row)
        draws = uniforms(pool.context.rng.key(pool.name, "quality"), who[:, None], pairs[:, None], np.arange(3))
        label = pool.choose(utilities[pairs, :, place], who, draws)[:, 0]
        found[place] = np.where(label == 0, 0.5, label == gold[pairs]).mean() if len(pairs) else COIN
    return found
