"""The outlook: what people know of their job when they choose how careful to be, and that choice.

They take the next period for one like any other, know how well they can do, how often work is checked, how often
gold is wrong, and by which rule people are dismissed; each look is taken to stand alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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


def reconsider(pool: Judges) -> None:
    """Let everybody employed choose anew how much care to take, as things stand."""
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
    pool.work_state.care[rows], pool.work_state.pace[rows] = care, pace


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
        careless=same(COIN),
        gold_error=same(_gold_error(pool, relation)),
        discount=same(effort.discount),
        separation=same(effort.separation),
        outside=same(effort.outside),
        pay=pool.spec.pay,
        review=_rule(relation),
        recognised=0.0 if relation is None or relation.look is None else relation.look.recognised(),
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
    """How often the judge errs: a firm by its gold; auditors as often as they do now, if people know it."""
    if relation is None:
        return 0.0
    judge = pool.context.parties[relation.principal]
    if pool.spec.effort.know_judges and isinstance(judge, Roster):
        return 1 - _accuracy(judge)
    return float(getattr(getattr(judge, "spec", None), "gold_error", 0.0))


def _accuracy(judges: Roster) -> float:
    """Mean chance of these people's answers to agree with gold, with the care they take now; a coin's, of nobody."""
    rows = np.flatnonzero(judges.cohort.employed)
    if not len(rows):
        return COIN
    care = judges.work_state.care[rows] if judges.spec.effort.reckons else np.ones(len(rows))
    return float(np.mean(COIN + care * (_quality(judges, rows) - COIN)))


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
