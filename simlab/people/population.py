"""The population a pool hires from: what makes a person, drawn by number, and how each reads a guideline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.components.cohort import Cohort
from simlab.relation import Standard
from simlab.rng import Streams, normals, uniforms

if TYPE_CHECKING:
    from simlab.people.roster import Roster


def drawn(pool: Roster, numbers: NDArray[np.int64], rng: Streams | None = None) -> Cohort:
    """New people as their numbers make them: the guideline as each understands it, blended with own values."""
    spec, context, rng = pool.spec, pool.context, rng or pool.context.rng
    standard, name = pool.standard(), pool.name
    tastes = context.deviations(rng.key(name, "tastes"), numbers)
    keen = normals(rng.key(name, "skill"), numbers[:, None], context.game.dimension_keys[None, :])

    def personal(purpose: str) -> Array:
        return normals(rng.key(name, purpose), numbers)

    zeros = np.zeros(len(numbers))
    people = Cohort(
        number=numbers,
        misread=misreadings(pool, numbers, rng),
        own=mean_values(pool, numbers, rng) + spec.values_spread * standard.unit * tastes,
        vector=np.empty(0),
        skill=np.clip(spec.skill + spec.skill_spread * keen, 0, 1),
        knowledge=np.clip(spec.knowledge + spec.knowledge_spread * personal("knowledge"), 0, 1),
        noise=np.exp(spec.temperature_spread * personal("noise")),
        seconds=spec.seconds * np.exp(spec.seconds_spread * personal("seconds")),
        wage=np.full(len(numbers), spec.wage),
        hired=np.full(len(numbers), context.now),
        ended=np.where(np.isin(numbers, pool.missing()), context.now, np.nan),
        tasks=np.zeros(len(numbers), dtype=np.int64),
        audited=zeros.copy(),
        agreed=zeros.copy(),
        warnings=np.zeros(len(numbers), dtype=np.int64),
        hours=zeros.copy(),
        unpaid=zeros.copy(),
    )
    people.vector = understood(pool, people, standard)
    return people


def misreadings(pool: Roster, numbers: NDArray[np.int64], rng: Streams) -> Array:
    """How each misreads a guideline [n, D], in norms of it, before it is scaled: √(1 − r)·own + √r·common.

    Two people of a group then err by vectors whose components correlate by r, so that n of them are worth
    n/(1 + (n − 1)·r) who err apart. The common part is no draw of theirs: other people would share it.
    """
    context, spec = pool.context, pool.spec.shared
    own = context.deviations(rng.key(pool.name, "misreading"), numbers)
    if spec is None or not spec.misreading:
        return own
    names, which = erring_together(pool, numbers)
    common = [context.deviations(context.rng.key(name, "shared misreading"), np.arange(1))[0] for name in names]
    return np.asarray(np.sqrt(1 - spec.misreading) * own + np.sqrt(spec.misreading) * np.stack(common)[which])


def erring_together(pool: Roster, numbers: NDArray[np.int64]) -> tuple[list[str], NDArray[np.int64]]:
    """The groups whose members err together: their names, and which of them each person belongs to [n]."""
    spec, whole = pool.spec.shared, np.zeros(len(numbers), dtype=np.int64)
    if spec is None or spec.within == "pool":
        return [pool.name], whole
    if spec.within == "nation":
        return [f"nation {spec.nation}"], whole
    if spec.within == "vendor":
        return [pool.context.hierarchy.issuer_of(pool.name) or pool.name], whole
    return [f"{pool.name} shift {k}" for k in range(spec.shifts)], numbers % spec.shifts


def groups_of(pool: Roster, numbers: NDArray[np.int64], rng: Streams | None = None) -> NDArray[np.int64]:
    """To which of the pool's groups people of these numbers belong: a draw by the groups' shares."""
    shares = np.array([group.share for group in pool.spec.groups.values()])
    lot = uniforms((rng or pool.context.rng).key(pool.name, "groups"), numbers)
    return np.minimum(np.searchsorted(np.cumsum(shares) / shares.sum(), lot, side="right"), len(shares) - 1)


def mean_values(pool: Roster, numbers: NDArray[np.int64], rng: Streams | None = None) -> Array:
    """What people of these numbers value but for their own taste: one vector [D] for all, or each group's [n, D]."""
    value, spec = pool.context.game.value, pool.spec
    if not spec.groups:
        return value(spec.values)
    return np.stack([value(group.values) for group in spec.groups.values()])[groups_of(pool, numbers, rng)]


def understood(pool: Roster, people: Cohort, standard: Standard) -> Array:
    """What each goes by [R, D]: the guideline as understood, weighed by compliance against own values."""
    spec = pool.spec
    vector = standard.vector + spec.misreading * standard.unit * people.misread
    if (taught := pool.taught_to(people.number)) is not None:
        vector = vector + standard.unit * taught
    return np.asarray(spec.compliance * vector + (1 - spec.compliance) * people.own)


def moved_in(arrived: Roster, people: Cohort, movers: list[tuple[Roster, int]]) -> list[str]:
    """Let people from elsewhere take the first rows, with all that makes a person; returns who everybody is."""
    persons: list[str] = arrived.labels_of(people.number).tolist()
    for row, (pool, old) in enumerate(movers):
        for trait in ("misread", "own", "skill", "knowledge", "noise", "seconds"):
            getattr(people, trait)[row] = getattr(pool.cohort, trait)[old]
        persons[row] = pool.persons[old]
        if (taught := pool.taught_to(np.array([old]))) is not None:
            arrived.teach(people.number[[row]], taught)
    if movers:
        people.vector = understood(arrived, people, arrived.standard())
    return persons
