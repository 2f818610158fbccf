"""The event log: what happens in a run, row by row, as the tables want it.

Parties, relations and consequences report events; the log stamps them with time and round and writes them through the
recorder. Rows about people are made in `people/table_rows.py`, those about guidelines in `parties/guideline.py`; what
parties *prefer* is measured by `analyzers/`, which subscribe to events here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.arrays import Array
from simlab.clock import Steps
from simlab.components.return_values import not_numbers
from simlab.engine.ledger import Ledger
from simlab.engine.queues import Backlog, Queue
from simlab.rankings import Rankings
from simlab.relation import Effect, Judgement, Party, Relation, effects_of

if TYPE_CHECKING:
    from simlab.tables.recorder import Recorder

OnJudged = Callable[[Relation, Judgement], None]
OnFollowed = Callable[[Relation, Judgement, Sequence[Effect]], None]
OnRanked = Callable[[Party, Rankings], None]
OnLabor = Callable[[str, int, float, float], None]  # party, order, hours of people, pay
OnActed = Callable[[Relation], Steps]
OnLearned = Callable[[Relation, str, Mapping[str, Any]], None]  # by which a machine has learned, and rows about it
OnPractised = Callable[[Relation, Any], None]  # by which a language model has learned, and what was seen meanwhile
OnRound = Callable[[Any], Steps]  # of the language model whose round is over


class EventLog:
    """Writes down the events of one run, numbers its judgements, and tells subscribers of them.

    `stamp` gives time and round of a row about a party, `guideline_version` that in force where a relation stands.
    """

    def __init__(
        self,
        stamp: Callable[[str], Mapping[str, Any]],
        guideline_version: Callable[[Relation], int],
        ledger: Ledger,
    ) -> None:
        self.stamp = stamp
        self.guideline_version = guideline_version
        self.ledger = ledger
        self.recorder: Recorder
        self.judgements = 0
        self.on_judged: list[OnJudged] = []
        self.on_followed: list[OnFollowed] = []
        self.on_labor: list[OnLabor] = []
        self.on_ranked: list[OnRanked] = []
        self.on_acted: list[OnActed] = []
        self.on_learned: list[OnLearned] = []
        self.on_practised: list[OnPractised] = []
        self.on_round: list[OnRound] = []

    def add(self, table: str, *, about: str = "", **columns: Any) -> None:
        """Rows of a table that has a time and a round, stamped with both.

        The round is that of the language model in whose making the party `about` has a part.
        """
        self.recorder.add(table, **{**self.stamp(about), **columns})

    def add_timed(self, table: str, **columns: Any) -> None:
        """Rows of a table that has a time and no round."""
        self.recorder.add(table, time=self.stamp("")["time"], **columns)

    # ---- relations ----------------------------------------------------------------------------------------------

    def judged(self, relation: Relation, judgement: Judgement) -> None:
        """One row per member judged; remembers the row numbers for the consequences."""
        names = list(judgement.scores)
        if not names:
            return
        first = self.judgements
        self.judgements += len(names)
        judgement.identifiers = {name: first + i for i, name in enumerate(names)}
        self.add(
            "judgements",
            about=relation.agent.name,
            judgement=np.arange(first, self.judgements),
            order=relation.order,
            principal=relation.principal.name,
            agent=names,
            guideline_version=self.guideline_version(relation),
            sample=np.array([judgement.samples[n] for n in names]),
            population=judgement.size,
            score=np.array([judgement.scores[n] for n in names]),
            look=relation.by.name if relation.by is not None else "",
        )
        for tell in self.on_judged:
            tell(relation, judgement)

    def followed(self, relation: Relation, judgement: Judgement, effects: Sequence[Effect], by: Any = None) -> None:
        """What followed, each with the judgement it followed from (-1: from none in particular); `by` is the
        consequence that says so, and is held to saying it well."""
        effects = effects if by is None else effects_of(by, effects)
        if not effects:
            return
        self.add(
            "consequences",
            about=relation.agent.name,
            judgement=np.array([judgement.identifiers.get(e.agent, -1) for e in effects]),
            principal=relation.principal.name,
            kind=[e.kind for e in effects],
            agent=[e.agent for e in effects],
            amount=np.array([e.amount for e in effects]),
            unit=[e.unit for e in effects],
            reason=[e.reason for e in effects],
        )
        for tell in self.on_followed:
            tell(relation, judgement, effects)

    def acted(self, relation: Relation) -> Steps:
        """A look is over that had effects."""
        for tell in self.on_acted:
            yield from tell(relation)

    def learned(self, relation: Relation, table: str, columns: Mapping[str, Any]) -> None:
        """A machine has learned by this relation: `columns` of a table, which say how, are written down; the round is
        that of which this is a part, and which is not over yet."""
        about = relation.agent.name
        self.add(table, about=about, round=self.stamp(about)["round"] + 1, **columns)
        for tell in self.on_learned:
            tell(relation, table, columns)

    def practised(self, relation: Relation, looks: Any) -> None:
        """A language model has learned from rewards, and was looked at meanwhile."""
        for tell in self.on_practised:
            tell(relation, looks)

    def round_over(self, model: Party) -> Steps:
        """A round of a language model is over, or it has been pretrained; measuring may take simulated time."""
        for tell in self.on_round:
            yield from tell(model)

    def ranked(self, party: Party, made: Rankings) -> None:
        """People of a party have made rankings."""
        for tell in self.on_ranked:
            tell(party, made)

    # ---- work and money -----------------------------------------------------------------------------------------

    def labor(
        self, party: str, kind: str, *, hours: float, order: int = 0, pay: float = 0.0, flops: float = 0.0,
        about: str = "", care: float = float("nan"),
    ) -> None:  # fmt: skip
        """Work that was done: hours, pay and care of people, hours and operations of machines."""
        work: dict[str, Any] = {"kind": kind, "order": order, "hours": hours, "pay": pay, "flops": flops, "care": care}
        self.add("labor", about=about or party, party=party, **work)
        for tell in self.on_labor:
            tell(party, order, 0.0 if flops else hours, pay)

    def transfer(self, payer: str, payee: Any, amount: Any, reason: str) -> None:
        """Money that changes hands: one payee and amount ($), or arrays of both for the people of one pool.

        Each transfer has two rows in the ledger, one for either side, and they sum to zero. Raises ValueError where
        there is not one finite amount for each payee.
        """
        ledger, now = self.ledger, self.stamp("")["time"]
        payees = np.atleast_1d(np.asarray(payee, dtype=object))
        amounts = _finite(np.atleast_1d(np.asarray(amount)), payees.shape)
        if not len(amounts):
            return
        numbers = ledger.transfers + np.arange(len(amounts))
        ledger.transfers += len(amounts)
        ledger.post(now, payer, str(payees[0]).partition(":")[0], float(amounts.sum()), reason)
        both = np.arange(2 * len(amounts)) // 2
        paid = np.arange(2 * len(amounts)) % 2 == 0
        self.recorder.add(
            "ledger",
            time=now,
            transfer=numbers[both],
            account=np.where(paid, payer, payees[both]),
            counterparty=np.where(paid, payees[both], payer),
            amount=np.where(paid, -amounts[both], amounts[both]),
            reason=reason,
        )

    def flows(self, queues: Mapping[str, Queue | Backlog]) -> None:
        """What went through every queue from the first day to now."""
        flows = [queue.flow() for queue in queues.values()]
        self.add_timed(
            "queues",
            queue=list(queues),
            arrivals=np.array([f.arrivals for f in flows]),
            departures=np.array([f.departures for f in flows]),
            length=np.array([f.length for f in flows]),
            rate=np.array([f.rate for f in flows]),
            stay=np.array([f.stay for f in flows]),
            waiting=np.array([f.waiting for f in flows]),
        )

    def incidents(self, corporation: str, source: str, counts: Mapping[str, int]) -> None:
        """Complaints or violations that reached a corporation, by criterion."""
        if counts:
            columns = {"criterion": list(counts), "count": np.array(list(counts.values()), dtype=np.int64)}
            self.add("incidents", about=corporation, corporation=corporation, source=source, **columns)


def _finite(amounts: np.ndarray, shape: tuple[int, ...]) -> Array:
    """Amounts of money, in $. Raises ValueError where they are no finite numbers, or not so many."""
    wrong = not_numbers(amounts, shape)
    found = np.asarray([] if wrong else amounts, dtype=float)
    if wrong or not np.isfinite(found).all():
        what = wrong or f"{found[~np.isfinite(found)][0]:g}"
        raise ValueError(f"a transfer takes a finite amount in $ for each of its {shape[0]} payees, not {what}")
    return found
