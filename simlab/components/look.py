"""Looks: how a principal looks at the work of people, and the delivered work that such a plugin is shown.

Where a relation names none, a principal holds each piece it looks at against its own opinion: a firm against gold,
auditors against what they say themselves. A look says otherwise whose work is worth how much, by what else is known:
what others said of the same pairs, what the same person says again, what a machine finds, or gold of another kind.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array, Indices
from simlab.components.component import Component
from simlab.components.peers import peers_of
from simlab.components.rater_view import UNSAID
from simlab.components.shown_data import ShownData


class Look(Component):
    """How a principal looks at what people said: a score in [0, 1] of every piece of work it looks at.

    The class variables say what a look takes, and so what it costs: `opinions` of the principal's own (a firm's staff
    write gold in `audit_seconds`, auditors work for their wages) and work done `again` by people of the pool, who are
    paid for it. What others said, and what a machine finds, cost nobody's hours.
    """

    kind: ClassVar[str] = "look"
    principals: ClassVar[tuple[str, ...]] = ("corporation", "vendor", "auditors")  # kinds of party that may look so
    opinions: ClassVar[int] = 0  # most opinions of the principal's own about a piece
    again: ClassVar[str] = ""  # by whom every piece is done again: "same" person, "other" person; "": nobody
    overlap: ClassVar[int] = 1  # how many people must have said something of the same pairs
    planted: ClassVar[bool] = False  # whether it looks at questions chosen before anybody answers them
    held_against: ClassVar[str] = ""  # whose label decides, where one alone does: "principal", "machine"

    def score(self, work: DeliveredWork) -> Array:
        """The worth [n] of each piece looked at, in [0, 1]; NaN of those of which it cannot say anything."""
        raise NotImplementedError(f"look {self.name!r} does not define score")

    def wanted(self, work: DeliveredWork) -> NDArray[np.int64]:
        """How many opinions of the principal's own it takes of each piece [n], once what was done again is known."""
        return np.full(len(work.rows), self.opinions)

    def foreseen(self) -> float:
        """How many of these a piece takes on average, for an estimate of costs."""
        return float(self.opinions)

    def expected(self, answer: ForeseenAnswer) -> Array:
        """The score to be expected [R] of an answer: what people reckon with when they choose how much care to take.

        By default, agreement with the principal's own opinion. A look that goes by something else says so here; one
        that does not is reckoned with as if it did.
        """
        return answer.agreed(answer.right)

    def recognised(self) -> float:
        """The chance that a person sees that a planted question is one, and takes care."""
        return 0.0

    def machine(self) -> str:
        """The party, a machine, whose opinion it asks; "" if it asks none."""
        return ""


@dataclass(frozen=True, slots=True)
class ForeseenAnswer(ShownData):
    """Answers before they are given, of R people, as each knows oneself and takes judges and others to be.

    Chances are those to be right, where either side is as often better, and errors are independent accidents.
    """

    right: Array  # [R] of this answer
    again: Array  # [R] of another answer to the same question, by whom the look asks again
    wrong: Array  # [R] chance that the principal's own opinion is wrong, where it looks
    confirmed: Array  # [R] share of answers that the principal confirms without a look
    peers: Array  # [R] of an answer by somebody else
    others: int = 1  # how many others answer the same

    def agreed(self, right: Array | float) -> Array:
        """Chance [R] that the principal's opinion agrees with an answer that is right with this chance [R]."""
        looked = right * (1 - self.wrong) + (1 - right) * self.wrong
        return np.asarray(self.confirmed + (1 - self.confirmed) * looked)


def both(one: Array, other: Array) -> Array:
    """Chance [R] that two answers agree that are right with these chances: ab + (1 − a)(1 − b)."""
    return np.asarray(one * other + (1 - one) * (1 - other))


@dataclass(slots=True)
class DeliveredWork(ShownData):
    """Columns over all N pieces of work delivered, one person's label of one pair each; and what is known of the n
    pieces that are looked at, which stand at `rows`. Labels are 1 (left), 2 (right) or 0 (undecided)."""

    pair: NDArray[np.int64]  # [N] number of the pair: who shares it compared the same two responses
    who: NDArray[np.int64]  # [N] number of the person
    label: NDArray[np.int64]  # [N] what the person said
    rows: NDArray[np.int64]  # [n] which of these are looked at
    difference: Array  # [n] left less right by the principal's standard, before any error; NaN if it has none
    opinion: NDArray[np.int64]  # [n, opinions] what the principal says itself; -1: not asked, or finds neither better
    again: NDArray[np.int64]  # [n] what was said when the piece was done again; -1 where nobody could be asked
    machine: Array  # [n] how much better the machine finds the left; NaN if none is asked
    lot: Array  # [n] a uniform draw of each pair's own in (0, 1), for looks that choose at random

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, part: Any) -> DeliveredWork:
        of_rows = ("rows", "difference", "opinion", "again", "machine", "lot")
        return DeliveredWork(
            **{
                f.name: getattr(self, f.name)[part] if f.name in of_rows else getattr(self, f.name)
                for f in fields(self)
            }
        )

    @property
    def said(self) -> NDArray[np.int64]:
        """What the people whose work is looked at said [n]."""
        return self.label[self.rows]

    def others(self) -> tuple[Indices, NDArray[np.int64]]:
        """What others said of the same pairs: for each such label [k] the piece among the n, and the label."""
        place, other = peers_of(self.pair, self.who, self.rows)
        return place, self.label[other]


def agreement(said: NDArray[np.int64], other: NDArray[np.int64]) -> Array:
    """1 where two labels are one, 0 where they are not, ½ where either is undecided; NaN where the second is unsaid."""
    found = np.where((said == 0) | (other == 0), 0.5, (said == other).astype(float))
    return np.where(other == UNSAID, np.nan, found)
