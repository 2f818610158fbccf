"""Looks at work: how the pieces are chosen that a principal looks at, and how it comes by what its look asks for.

What a look is, `components/look.py` says; whom it asks for an opinion is the principal's business (`Opinions`): a firm
has its staff write gold, auditors work.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from simpy import Event

from simlab.arrays import Array, Indices
from simlab.components.look import DeliveredWork, Look
from simlab.components.rater_view import UNSAID
from simlab.components.return_values import not_numbers
from simlab.errors import PluginFailed
from simlab.parties.appeals import fresh_gold
from simlab.parties.audits import pay_staff, sampled_places, scored
from simlab.parties.pool import Pool
from simlab.people import table_rows
from simlab.people.assignment import assigned
from simlab.people.delegation import machine_called
from simlab.people.golden import is_golden
from simlab.rankings import Rankings, differences, preferred
from simlab.relation import Judgement, Relation, Standard, Work
from simlab.rng import branch, hashes, uniforms
from simlab.tables.recorder import coded

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.scenario import FirmSpec

_TURNED = np.array([0, 2, 1])  # labels when the sides have been swapped
AGAIN = "again"  # the source, in the table `comparisons`, of what was said when a piece was done again


class Opinions(Protocol):
    """Whoever forms a principal's own opinion of pairs."""

    def differences(self, pairs: Rankings) -> Array:
        """Left less right [n] by the principal's standard; NaN if it has none but its people's."""

    def ask(
        self, relation: Relation, pairs: Rankings, wanted: NDArray[np.int64]
    ) -> Generator[Event, Any, NDArray[np.int64]]:
        """So many opinions of each pair [n, most], at the principal's cost; may take simulated time. UNSAID where fewer
        are wanted, nobody could be asked, or the principal finds neither response better."""


class Gold:
    """Opinions of a firm: what its standard says, written down by its staff, and now and then wrongly.

    A question costs as much as it takes to write its gold once, however many people have answered it.
    """

    def __init__(self, context: Context, standard: Standard, spec: FirmSpec) -> None:
        self.context = context
        self.standard = standard
        self.spec = spec

    def differences(self, pairs: Rankings) -> Array:
        truly = self.standard.utilities(self.context.game.features(pairs.items)).reshape(len(pairs), 2)
        return np.asarray(truly[:, 0] - truly[:, 1])

    def ask(
        self, relation: Relation, pairs: Rankings, wanted: NDArray[np.int64]
    ) -> Generator[Event, Any, NDArray[np.int64]]:
        yield from ()
        gold, most = preferred(self.differences(pairs)), int(wanted.max(initial=0))
        found = np.full((len(pairs), most), UNSAID)
        key = self.context.rng.key(relation.principal.name, "gold", relation.agent.name)
        pieces = 0
        for number in range(most):
            rows = np.flatnonzero((wanted > number) & (gold != 0))
            again = branch(key, number) if number else key
            found[rows, number] = fresh_gold(gold[rows], self.spec.gold_error, again, pairs.draw[rows])
            pieces += len(np.unique(pairs.draw[rows]))
        pay_staff(self.context, relation, pieces, self.spec)
        return found


def looked(context: Context, relation: Relation, work: Work, opinions: Opinions) -> Generator[Event, Any, Judgement]:
    """Look at a relation's work as its look says, at the cost of whoever that asks."""
    look, agent = relation.by, relation.agent
    assert look is not None
    assert isinstance(agent, Pool), "validation refuses looks at others"
    nothing = Judgement(agent.name, principal=relation.principal.name, order=relation.order)
    places = _chosen(context, relation, work, look)
    pairs = Rankings.together([made.as_pairs(mine) for made, mine in zip(work.items, places, strict=True)])
    if not len(pairs) or (look.machine() and machine_called(context, look.machine()) is None):
        return nothing
    seen = _delivered(context, relation, work, places, pairs)
    if look.machine():
        seen.machine = yield from _found(context, look.machine(), pairs)
    if look.opinions:
        seen.difference = opinions.differences(pairs)
    if look.again:
        seen.again = _again(context, relation, agent, pairs, look.again == "same")
    wanted = _asked(look, "wanted", seen).astype(np.int64)
    if wanted.any():
        said = yield from opinions.ask(relation, pairs, wanted)
        seen.opinion[:, : said.shape[1]] = said
    worth = _asked(look, "score", seen)
    known = np.flatnonzero(~np.isnan(worth))
    return scored(relation, work, pairs[known], worth[known]) if len(known) else nothing


def _asked(look: Look, method: str, seen: DeliveredWork) -> Array:
    """What a look answers: one number for each piece, of scores in [0, 1] or NaN. Raises PluginFailed if not."""
    try:
        found = getattr(look, method)(seen)
    except Exception as error:
        raise PluginFailed.raised(f"look {look.name!r}", error) from error
    if wrong := not_numbers(found, (len(seen),)):
        raise PluginFailed.returned(look, f"must give a number for each of {len(seen)} pieces; it gave {wrong}", method)
    answer = np.asarray(found)
    if method == "score":
        most, kind, odd = 1.0, "numbers", answer[(answer < -1e-9) | (answer > 1.0 + 1e-9)]
    else:
        most, kind, odd = float(look.opinions), "whole numbers", answer[~np.isin(answer, range(look.opinions + 1))]
    if len(odd):
        raise PluginFailed.returned(look, f"must give {kind} in [0, {most:g}]; it gave {odd[0]:g}", method)
    return np.clip(answer, 0.0, 1.0) if method == "score" else answer


def _chosen(context: Context, relation: Relation, work: Work, look: Look) -> list[Indices]:
    """Which pairs of each part of the work are looked at: a random sample, or all of the tasks that were planted."""
    names = relation.principal.name, relation.agent.name
    if not look.planted:
        return sampled_places(relation, work, context.rng.key(names[0], "audits", names[1]))
    golden = [is_golden(context, *names, float(relation.sample), made.draw) for made in work.items]
    each = zip(work.items, golden, strict=True)
    return [np.flatnonzero(np.repeat(mine, made.pairs)) for made, mine in each]


def _delivered(
    context: Context, relation: Relation, work: Work, places: list[Indices], pairs: Rankings
) -> DeliveredWork:
    """All that was delivered, and what a look knows of the pieces looked at before anybody is asked."""
    parts: list[Rankings] = work.items
    ends = np.cumsum([made.label.size for made in parts])
    starts = [0, *ends[:-1].tolist()]
    who = np.concatenate([np.repeat(made.worker, made.pairs) for made in parts])
    key = context.rng.key(relation.principal.name, "look", relation.agent.name)
    n, unknown = len(pairs), np.full(len(pairs), np.nan)
    assert relation.by is not None
    return DeliveredWork(
        pair=np.concatenate([made.pair_numbers.ravel() for made in parts]),
        who=np.unique(who, return_inverse=True)[1].ravel(),
        label=np.concatenate([made.label.ravel() for made in parts]).astype(np.int64),
        rows=np.concatenate([mine + start for mine, start in zip(places, starts, strict=True)]),
        difference=unknown,
        opinion=np.full((n, relation.by.opinions), UNSAID),
        again=np.full(n, UNSAID),
        machine=unknown,
        lot=uniforms(key, pairs.draw),
    )


def _found(context: Context, name: str, pairs: Rankings) -> Generator[Event, Any, Array]:
    """How much better a machine finds the left of each pair [n], at the cost of its computation."""
    machine = machine_called(context, name)
    assert machine is not None
    found = differences(machine.opinion(pairs.items).reshape(len(pairs), 2))[:, 0]
    yield from context.compute(name, "auditing", machine.computation(pairs.items))
    return found


def _again(context: Context, relation: Relation, agent: Pool, pairs: Rankings, same: bool) -> NDArray[np.int64]:
    """What people of the pool say when these pairs are put to them once more, their sides swapped [n]: those who ranked
    them, or others; UNSAID where none is employed. They are paid, and have as much less time in their next shifts;
    their answers are written down, and teach no machine."""
    principal = relation.principal.name
    draw = hashes(context.rng.key(principal, "again", agent.name), pairs.draw, pairs.worker)
    who = pairs.worker if same else _others(context.rng.key(principal, "second", agent.name), draw, pairs.worker, agent)
    rows = np.flatnonzero((who >= 0) & agent.cohort.employed[who])
    made = pairs[rows].with_draws(draw[rows])
    made.shown.response, made.shown.ids = made.shown.response[:, ::-1], made.shown.ids[:, ::-1]
    made.gold = _TURNED[made.gold]
    made.worker, made.seconds = who[rows], agent.durations(who[rows], draw[rows], 1)
    found = np.full(len(pairs), UNSAID)
    if not len(rows):
        return found
    key = context.rng.key(agent.name, "labels again", principal)
    seen = hashes(branch(key, "seen"), made.draw[:, None], np.arange(2)[None, :]).ravel()
    made.label, made.perceived = agent.labels(made.items, made.worker, seen, made.draw, key, None, made.seconds)
    found[rows] = _TURNED[made.label[:, 0]]
    earned, version = table_rows.earned(agent, made), context.guideline_for(agent.name).version
    table_rows.comparisons(agent, agent.name, version, made, earned, coded(np.zeros(len(made), dtype=int), [AGAIN]))
    pay, hours = float(earned.sum()), float(made.seconds.sum()) / 3600
    agent.clock_off(made.worker, made, elapsed=True)
    np.add.at(agent.work_state.away, made.worker, made.seconds / 3600)
    context.log.labor(principal, "asking again", order=relation.order, hours=hours, pay=pay)
    return found


def _others(key: int, draw: NDArray[Any], worker: Indices, agent: Pool) -> Indices:
    """Somebody else who is employed for each piece [n]; −1 where there is nobody."""
    many = min(2, int(agent.cohort.employed.sum()))
    if not many:
        return np.full(len(worker), -1)
    two = assigned(key, draw, agent.cohort.employed, many)
    first, last = two[:, 0], two[:, -1]
    chosen = np.where(first != worker, first, last)
    return np.where(chosen != worker, chosen, -1)
