"""Efforts: how much care people take, and the work situation that such a plugin is shown.

A `WorkSituation` holds what bears on the choice, as columns; effort plugins (`plugins/efforts/`) return the share of
answers that are looked at with care. The rest is marked by coin toss; auditors may confirm what stands there instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simlab.arrays import Array
from simlab.components.component import Component
from simlab.components.look import ForeseenAnswer, Look
from simlab.components.pay import PayScheme
from simlab.components.return_values import not_numbers, number
from simlab.components.review import Review
from simlab.components.shown_data import ShownData
from simlab.errors import PluginFailed

COIN = 0.5  # chance that a coin toss agrees with gold
WAVE = "wave_through"  # what careless auditors may do instead
_REACH = 8.0  # standard deviations of the number of audits that are reckoned with
_ROUNDING = 1e-9
_PEERS = 201  # quantiles that stand for everybody else


class Effort(Component):
    """How much care people take, given how they are paid and checked; asked once a period, for everybody at once.

    The fields here are people's own terms, which every such plugin understands. Money is in $ per hour of work, so
    that it compares with the wage; a period is the time between two looks of the employer.
    """

    kind: ClassVar[str] = "effort"
    reckons: ClassVar[bool] = True  # whether people look at the situation at all; if not, it is not made up

    cost: float = Field(0.0, ge=0, le=1e6, description="what an hour of full care costs the person, in $ per hour")
    cost_spread: float = Field(0.0, ge=0, le=10, description="log-normal sd of that cost between people")
    careless_seconds: float = Field(
        1.0, gt=0, le=1, description="time a careless answer takes, as a share of a careful one's"
    )
    discount: float = Field(0.95, ge=0, lt=1, description="δ, worth of a $ at the next look of the employer")
    separation: float = Field(0.05, ge=0, lt=1, description="s, chance to lose the job by no fault, per look")
    careless: Literal["coin", "wave_through"] = Field(
        "coin", description="what an answer without care is: a coin toss, or (auditors) what those they judge said"
    )
    revise: float = Field(
        1.0, gt=0, le=1, description="share of people who choose their care anew at each look; the others keep it"
    )
    told: float | None = Field(
        None, ge=0, le=1, description="share of answers people are told is checked; default: they know it as it is"
    )
    trust: float = Field(
        100.0, gt=0, le=1e9, description="answers of their own that count as much as what they are told of checks"
    )
    know_judges: bool = Field(
        False,
        description="whether people know how careful and right their judges are; else they take them to be always",
    )
    outside: float = Field(0.0, ge=0, le=1e6, description="what being without this job is worth, in $ per hour")

    def choose(self, situation: WorkSituation) -> Array:
        """Care [R] in [0, 1]: the share of answers looked at with care; the others are as `careless` says."""
        raise NotImplementedError(f"effort {self.name!r} does not define choose")

    @property
    def confirms(self) -> bool:
        """Whether these people, where they take no care, say what those said whose answers they judge."""
        return self.reckons and self.careless == WAVE

    def hurry(self, situation: WorkSituation) -> Array:
        """Pace [R] beyond the usual one, as a share of it; 0 unless a plugin says otherwise."""
        return np.zeros(len(situation))


@dataclass(slots=True)
class WorkSituation(ShownData):
    """What people know when they choose: columns over R people. A period lies between two looks of the employer."""

    wage: Array  # [R] $ per hour
    hours: Array  # [R] of work a period
    cost: Array  # [R] of full care to this person, in $ per hour
    pairs: Array  # [R] answers a period, at the usual pace
    audited: Array  # [R] share of them that the employer checks
    quality: Array  # [R] chance that an answer given with care agrees with gold that is right
    careless: Array  # [R] the same of an answer given without
    gold_error: Array  # [R] share of gold that is wrong
    discount: Array  # [R] δ, worth of a $ a period later
    separation: Array  # [R] s, chance a period to lose the job by no fault
    outside: Array  # [R] worth of being without this job, in $ per hour
    pay: PayScheme  # how work is paid: pay.expected(situation, care, pace) is $ a period [R]
    review: Review | None = None  # by which people are dismissed; None: nobody is
    recognised: Array | float = 0.0  # [R] share of the answers to be checked that people recognise, and take care of
    confirmed: Array | float = 0.0  # [R] share of checked answers that the judge finds right without a look
    look: Look | None = None  # by which answers are judged; None: by the judge's own opinion
    peers: Array | float = 1.0  # [R] chance that somebody else's answer is right, where the look asks for that
    others: int = 1  # how many others answer the same

    def __len__(self) -> int:
        return len(self.wage)

    def __getitem__(self, rows: Any) -> WorkSituation:
        columns = {f.name: getattr(self, f.name) for f in fields(self)}
        return WorkSituation(**{n: c[rows] if isinstance(c, np.ndarray) else c for n, c in columns.items()})

    @property
    def effort_cost(self) -> Array:
        """Cost of full care over a period, in $ [R]."""
        return self.cost * self.hours

    @property
    def idle(self) -> Array:
        """Worth of a period without this job, (1 − δ)·V_U in $ [R]."""
        return self.outside * self.hours

    def observed(self, care: Array) -> Array:
        """Chance [R] that an answer is found right; by gold, which is wrong with rate η: p(1−η) + (1−p)η.

        Of golden questions that are recognised with chance d, care taken is d + (1 − d)·c. A judge who waves a share m
        of answers through finds m + (1 − m)·(…) of them right, so that care shows in the others only. Looks say
        themselves what they can be expected to find.
        """
        shown = care + self.recognised * (1 - care)
        right = self.careless + shown * (self.quality - self.careless)
        if self.look is not None:
            return self._foreseen(self.look, care, right)
        found = right * (1 - self.gold_error) + (1 - right) * self.gold_error
        return self.confirmed + (1 - self.confirmed) * found

    def _foreseen(self, look: Look, care: Array, right: Array) -> Array:
        """What a look can be expected to score [R], if it says numbers in [0, 1]; else raises PluginFailed.

        Who is asked again recognises nothing, and is shown nothing that could be confirmed.
        """

        def each(value: Array | float) -> Array:
            return np.broadcast_to(np.asarray(value, dtype=float), right.shape)

        again = each(self.peers) if look.again == "other" else COIN + care * (self.quality - COIN)
        answer = ForeseenAnswer(
            right, again, each(self.gold_error), each(self.confirmed), each(self.peers), self.others
        )
        try:
            found = look.expected(answer)
        except Exception as error:
            raise PluginFailed.raised(f"look {look.name!r}", error) from error
        wrong = not_numbers(found, right.shape)
        odd = np.asarray([] if wrong else found, dtype=float)
        odd = odd[~((odd >= -_ROUNDING) & (odd <= 1 + _ROUNDING))]
        if wrong or len(odd):
            what = f"must give a number in [0, 1] for each of {len(right)} people; it gave {wrong or f'{odd[0]:g}'}"
            raise PluginFailed.returned(look, what, "expected")
        return np.clip(found, 0.0, 1.0)

    def dismissal(self, care: Array) -> Array:
        """Chance [R] to be dismissed at the next look, by a review of that look's audits alone.

        Where a look checks too few answers for the rule to say anything, it is as if the chance after as many as it
        takes were spread evenly over the looks that takes: records add up.
        """
        if self.review is None or not len(self):
            return np.zeros(len(self))
        review, accuracy = self.review, self.observed(care)
        peers = np.quantile(self.observed(np.ones(len(self))), np.linspace(0, 1, min(_PEERS, len(self))))
        if not (needed := number(review, "needed")) >= 1:
            raise PluginFailed.returned(review, f"must need at least 1 checked answer; it gave {needed:g}", "needed")

        def per_look(rows: NDArray[np.int64], audits: Array) -> Array:
            whole = review.chance(accuracy[rows], np.maximum(audits, needed), peers)
            wrong = not_numbers(whole, audits.shape)
            odd = np.asarray([] if wrong else whole, dtype=float)
            odd = odd[~((odd >= -_ROUNDING) & (odd <= 1 + _ROUNDING))]
            if wrong or len(odd):
                what = f"must give a chance of dismissal for each of {len(audits)} cases"
                raise PluginFailed.returned(review, f"{what}; it gave {wrong or f'{odd[0]:g}'}", "chance", "decide")
            whole = np.clip(whole, 0.0, 1.0)
            return np.asarray(1 - (1 - whole) ** np.minimum(audits / needed, 1.0))

        return self.over_audits(per_look)

    def income(self, care: Array, pace: Array | float = 0.0) -> Array:
        """What a period is expected to bring, in $ [R]."""
        return self.pay.expected(self, care, np.broadcast_to(np.asarray(pace, dtype=float), care.shape))

    def over_audits(self, value: Callable[[NDArray[np.int64], Array], Array]) -> Array:
        """Expectation [R] of `value(rows, audits)` over how many of each person's answers are checked.

        Each answer is checked with the same chance, so that their number is binomial.
        """
        from scipy.stats import binom

        columns = np.stack([np.round(self.pairs), self.audited], axis=1)
        distinct, place = np.unique(columns, axis=0, return_inverse=True)
        place = place.ravel()
        result = np.zeros(len(self))
        for kind, (pairs, share) in enumerate(distinct.tolist()):
            reach = _REACH * (np.sqrt(pairs * share * (1 - share)) + 1)
            low, high = max(0.0, np.floor(pairs * share - reach)), min(pairs, np.ceil(pairs * share + reach))
            audits = np.arange(low, high + 1)
            weight = binom.pmf(audits, pairs, share)
            rows = np.flatnonzero(place == kind)
            each = value(np.repeat(rows, len(audits)), np.tile(audits, len(rows)))
            result[rows] = each.reshape(len(rows), len(audits)) @ weight
        return result


# ---- what care does to answers ------------------------------------------------------------------------------------


def tossed(uniforms: Array) -> NDArray[np.int64]:
    """Labels [n, K(K−1)/2] of rankings made by coin toss, from draws [n, K]: any order as likely as any other."""
    from itertools import combinations

    left, right = np.array(list(combinations(range(uniforms.shape[1]), 2))).T
    return np.where(uniforms[:, left] > uniforms[:, right], 1, 2).astype(np.int64)


def spent(seconds: Array, careful: NDArray[np.bool_], share: float) -> Array:
    """Time [n] that answers take, if one without care takes this share of it."""
    return np.where(careful, seconds, share * seconds)
