"""What consequences for people share: whom a judgement is about, and dismissal by a review rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from simlab.arrays import Array, Indices
from simlab.components.review import Review, decided
from simlab.people import working_life
from simlab.relation import Effect, Judgement, Relation
from simlab.rng import uniforms

if TYPE_CHECKING:
    from simlab.components.cohort import Cohort
    from simlab.parties.pool import Pool


def pool_of(relation: Relation) -> Pool:
    """The pool of people that a relation judges."""
    return cast("Pool", relation.agent)


def rows_of(names: Iterable[str]) -> Indices:
    """The rows in their pool of people called `pool:17`."""
    return np.array([int(name.rpartition(":")[2]) for name in names], dtype=np.int64)


def judged(pool: Pool, judgement: Judgement) -> Indices:
    """Rows of the people a judgement is about who still work here."""
    rows = rows_of(judgement.scores)
    return rows[pool.cohort.employed[rows]] if len(rows) else rows


def did_well(pool: Pool, judgement: Judgement, above: float, min_sample: int) -> Indices:
    """Rows of those who still work here and whose answers, of this look alone, agreed often enough."""
    return _by_score(pool, judgement, min_sample, lambda score: score >= above)


def did_badly(pool: Pool, judgement: Judgement, below: float, min_sample: int) -> Indices:
    """Rows of those who still work here and whose answers, of this look alone, agreed too rarely."""
    return _by_score(pool, judgement, min_sample, lambda score: score < below)


def _by_score(pool: Pool, judgement: Judgement, min_sample: int, wanted: Callable[[float], bool]) -> Indices:
    scores, samples = judgement.scores, judgement.samples
    rows = rows_of(name for name, score in scores.items() if wanted(score) and samples[name] >= min_sample)
    return rows[pool.cohort.employed[rows]]


def trainers(relation: Relation, rows: Indices) -> Array:
    """What those who train these people go by themselves [n, D]: the firm that looked, or of a pool of auditors one for
    each trainee, by lot.

    Auditors of whom nobody is left teach the guideline as it was given to them.
    """
    principal = relation.principal
    cohort: Cohort | None = getattr(principal, "cohort", None)
    if cohort is None or not cohort.employed.any():
        return np.tile(principal.standard().vector, (len(rows), 1))
    here = np.flatnonzero(cohort.employed)
    key = pool_of(relation).context.rng.key(principal.name, "trainers", relation.agent.name, relation.looks)
    lots = (uniforms(key, rows) * len(here)).astype(np.int64)
    return np.asarray(cohort.vector[here[lots]])


def dismissed(
    relation: Relation, pool: Pool, rows: Indices, rule: Review, reason: str, how: str, *, banned: bool = False
) -> Sequence[Effect]:
    """Dismiss those in `rows` whom the rule says to dismiss, by what the principal has on record; who is `banned` finds
    no work in the pool's labor market again."""
    if not len(rows):
        return []
    principal = relation.principal.name
    verdict = decided(rule, working_life.standing(pool, principal, rows, rule.history))
    rows, score = rows[verdict], pool.record(principal).score
    for row in rows.tolist():
        pool.dismiss(row, f"{how}: {reason}", banned=banned)
    why = reason if how == "fired" else f"{how}: {reason}"
    return [Effect("fire", f"{pool.name}:{r}", float(score[r]), "agreement", why) for r in rows.tolist()]
