"""Pay schemes: what a scenario file may say about how people are paid, and what each owes for work done.

`owed` is what the employer pays on payday, from what was really done; `expected` is what people reckon with when they
choose how careful to be, from what a scheme may know of their work (`WorkTerms`). Amounts are in $, columns over R
people.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from simlab.arrays import Array
from simlab.components.spec import Spec, named


@dataclass(slots=True)
class Earned:
    """Work since the last payday, as columns over R people."""

    wage: Array  # [R] $ per hour
    hours: Array  # [R]
    pairs: Array  # [R] answers given
    answers: Array  # [R, N] those of them that were checked: 1 right, ½ undecided, 0 wrong, NaN beyond the last
    here: NDArray[np.bool_]  # [R] whether the person still works here

    def __getitem__(self, rows: Any) -> Earned:
        return Earned(*(getattr(self, f.name)[rows] for f in fields(self)))

    @property
    def wages(self) -> Array:
        """Plain wages for the hours [R]."""
        return self.wage * self.hours

    @property
    def score(self) -> Array:
        """Share of checked answers that agreed with gold [R]; NaN where none was checked."""
        asked = np.isfinite(self.answers).sum(axis=1)
        return np.where(asked > 0, np.nansum(self.answers, axis=1) / np.maximum(asked, 1), np.nan)


class WorkTerms(Protocol):
    """What pay in expectation depends on, for R people over a period between two looks of the employer."""

    @property
    def wage(self) -> Array:
        """$ per hour [R]."""

    @property
    def hours(self) -> Array:
        """Hours of work a period [R]."""

    @property
    def pairs(self) -> Array:
        """Answers a period, at the usual pace [R]."""

    def __len__(self) -> int: ...

    def observed(self, care: Array) -> Array:
        """Chance [R] that an answer made with so much care agrees with the employer's gold."""

    def over_audits(self, value: Callable[[NDArray[np.int64], Array], Array]) -> Array:
        """Expectation [R] of `value(rows, audits)` over how many of each person's answers are checked."""


class PayScheme(Spec):
    """Any way of paying people. `judged`: what is owed depends on how good the work was found to be."""

    judged: ClassVar[bool] = True

    def owed(self, earned: Earned) -> Array:
        """What each is owed [R]; who would owe the employer is owed nothing."""
        raise NotImplementedError

    def nominal(self, wage: Array | float, hours: Array, pairs: Array | float) -> Array:
        """Pay for so much work before anybody knows how good it was, in $; by default the wage for the hours."""
        return hours * wage

    def expected(self, work: WorkTerms, care: Array, pace: Array) -> Array:
        """What each expects of a period [R], taking so much care [R] at so much more than the usual pace [R]."""
        raise NotImplementedError


class HourlySpec(PayScheme):
    """The wage for every hour, whatever comes of it."""

    judged = False
    kind: Literal["hourly"] = "hourly"

    def owed(self, earned: Earned) -> Array:
        return earned.wages

    def expected(self, work: WorkTerms, care: Array, pace: Array) -> Array:
        return work.wage * work.hours


class PieceSpec(PayScheme):
    """So much for every compared pair, and nothing by the hour: haste pays, care does not (AlpacaFarm paid $.25).

    People reckon as if there were always more to do.
    """

    judged = False
    kind: Literal["piece"] = "piece"
    rate: float = Field(0.25, ge=0, le=1e6, description="pay, in $ per compared pair")

    def owed(self, earned: Earned) -> Array:
        return self.rate * earned.pairs

    def nominal(self, wage: Array | float, hours: Array, pairs: Array | float) -> Array:
        return np.zeros_like(hours) + self.rate * np.asarray(pairs)

    def expected(self, work: WorkTerms, care: Array, pace: Array) -> Array:
        return self.rate * work.pairs * (1 + pace)


class LinearSpec(PayScheme):
    """The wage, and more in proportion to what is measured: agreement with gold, and compared pairs.

    A linear contract over two tasks, care and pace (Holmström & Milgrom 1991). Either may be negative: a malus.
    """

    kind: Literal["linear"] = "linear"
    bonus: float = Field(0.0, ge=-1e6, le=1e6, description="for full agreement of checked answers, in $ per look")
    rate: float = Field(0.0, ge=-1e6, le=1e6, description="for each compared pair, in $")

    def owed(self, earned: Earned) -> Array:
        measured = self.bonus * np.nan_to_num(earned.score) + self.rate * earned.pairs
        return np.maximum(0.0, earned.wages + measured)

    def expected(self, work: WorkTerms, care: Array, pace: Array) -> Array:
        measured = self.bonus * work.observed(care) + self.rate * work.pairs * (1 + pace)
        return work.wage * work.hours + measured


class TournamentSpec(PayScheme):
    """The wage, and a prize for the best of every look (Lazear & Rosen 1981).

    Places are by the share of that look's checked answers which agreed with gold; who ties for the last prizes shares
    them. Where fewer people than prizes were checked, prizes stay with the employer; who has left wins none.
    """

    kind: Literal["tournament"] = "tournament"
    bonus: float = Field(ge=0, le=1e9, description="the prize, in $ for each winner and look")
    winners: int = Field(1, ge=1, le=1_000_000, description="prizes a look")

    def owed(self, earned: Earned) -> Array:
        running = np.where(earned.here, earned.score, np.nan)
        return earned.wages + self.bonus * shared_prizes(running, self.winners)

    def expected(self, work: WorkTerms, care: Array, pace: Array) -> Array:
        """In equilibrium all are alike, and each wins as often as the others."""
        chance = min(1.0, self.winners / max(1, len(work)))
        return work.wage * work.hours + self.bonus * chance


class DoubleOrNothingSpec(PayScheme):
    """Wages that rest on gold: nothing if one of the first few checked answers was wrong, else `times` the wage.

    Shah & Zhou 2015 ("Double or nothing: multiplicative incentive mechanisms for crowdsourcing", NeurIPS; JMLR 17,
    2016): of all payments that give nothing to who is wrong wherever they answered, only this one makes people answer
    just where they are surer than `confidence`; every answer they leave undecided multiplies the pay by that. Who was
    not checked is paid the plain wage.
    """

    kind: Literal["double_or_nothing"] = "double_or_nothing"
    times: float = Field(2.0, ge=0, le=1000, description="wages paid if all were right, in multiples of the wage")
    confidence: float = Field(0.5, gt=0, lt=1, description="T, what an undecided answer multiplies the pay by")
    gold: int = Field(3, ge=1, le=10_000, description="G, checked answers on which the pay rests, at most")

    def owed(self, earned: Earned) -> Array:
        return earned.wages * self.multiple(earned.answers)

    def multiple(self, answers: Array) -> Array:
        """What the wage of each is multiplied by [R], given the answers [R, N] that were checked."""
        if not answers.shape[1]:
            return np.ones(len(answers))
        counted = np.isfinite(answers) & (np.cumsum(np.isfinite(answers), axis=1) <= self.gold)
        wrong = (counted & (answers == 0)).any(axis=1)
        left_open = (counted & (answers > 0) & (answers < 1)).sum(axis=1)
        paid = np.where(wrong, 0.0, self.times * self.confidence**left_open)
        return np.where(counted.any(axis=1), paid, 1.0)

    def expected(self, work: WorkTerms, care: Array, pace: Array) -> Array:
        """As if every answer were decided: `times` the wage with the chance that all that count are right."""
        right = work.observed(care)

        def paid(rows: Any, audits: Array) -> Array:
            return np.where(audits > 0, self.times * right[rows] ** np.minimum(audits, self.gold), 1.0)

        return work.wage * work.hours * work.over_audits(paid)


AnyPay = Annotated[
    Annotated[HourlySpec | PieceSpec | LinearSpec | TournamentSpec | DoubleOrNothingSpec, Field(discriminator="kind")],
    BeforeValidator(named),
]


def shared_prizes(score: Array, winners: int) -> Array:
    """Prizes of each [R]: 1 for those among the `winners` highest scores, equal parts for those who tie for the last.

    Who has no score (NaN) wins nothing.
    """
    prizes = np.zeros(len(score))
    known = np.flatnonzero(np.isfinite(score))
    if not len(known):
        return prizes
    bar = np.sort(score[known])[::-1][min(winners, len(known)) - 1]
    above, level = known[score[known] > bar], known[score[known] == bar]
    prizes[above] = 1.0
    prizes[level] = min(winners - len(above), len(level)) / len(level)
    return prizes
