"""Effort: what people choose to do, given how they are paid and checked, and what that does to their answers.

A `WorkSituation` holds what bears on the choice, as columns; effort plugins (`plugins/efforts/`) answer with the
share of answers looked at with care. The rest is marked by coin toss. The mathematics of incentives that several
plugins, pay schemes and checks share is here too: tournaments (Lazear & Rosen 1981, "Rank-order tournaments as optimum
labor contracts", JPE 89) and linear contracts (Holmström & Milgrom 1991, "Multitask principal–agent analyses", JLEO 7).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.components.answers import not_numbers
from simlab.components.known import Known
from simlab.components.review import Review
from simlab.errors import PluginFailed

if TYPE_CHECKING:
    from simlab.components.pay import PayScheme

COIN = 0.5  # chance that a coin toss agrees with gold
_REACH = 8.0  # standard deviations of the number of audits that are reckoned with
_PEERS = 201  # quantiles that stand for everybody else


@dataclass(slots=True)
class WorkSituation(Known):
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

    def __len__(self) -> int:
        return len(self.wage)

    def __getitem__(self, rows: Any) -> WorkSituation:
        columns = {f.name: getattr(self, f.name) for f in fields(self)}
        return WorkSituation(**{n: c[rows] if isinstance(c, np.ndarray) else c for n, c in columns.items()})

    @property
    def toil(self) -> Array:
        """Cost of full care over a period, in $ [R]."""
        return self.cost * self.hours

    @property
    def idle(self) -> Array:
        """Worth of a period without this job, (1 − δ)·V_U in $ [R]."""
        return self.outside * self.hours

    def observed(self, care: Array) -> Array:
        """Chance [R] that an answer agrees with the employer's gold, which is wrong with rate η: p(1−η) + (1−p)η."""
        right = self.careless + care * (self.quality - self.careless)
        return right * (1 - self.gold_error) + (1 - right) * self.gold_error

    def dismissal(self, care: Array) -> Array:
        """Chance [R] to be dismissed at the next look, by a review of that look's audits alone.

        Where a look checks too few answers for the rule to say anything, it is as if the chance after as many as it
        takes were spread evenly over the looks that takes: records add up.
        """
        if self.review is None or not len(self):
            return np.zeros(len(self))
        review, accuracy = self.review, self.observed(care)
        peers = np.quantile(self.observed(np.ones(len(self))), np.linspace(0, 1, min(_PEERS, len(self))))
        needed = review.needed()

        def per_look(rows: NDArray[np.int64], audits: Array) -> Array:
            whole = review.chance(accuracy[rows], np.maximum(audits, needed), peers)
            if wrong := not_numbers(whole, audits.shape):
                what = f"must give a chance of dismissal for each of {len(audits)} cases; it gave {wrong}"
                raise PluginFailed.returned(review, what, "chance", "decide")
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


# ---- tournaments ---------------------------------------------------------------------------------------------------


@cache
def prize_slope(players: int, winners: int = 1) -> float:
    """How fast the chance of a prize grows with own lead, per standard deviation of noise, where all are alike.

    ∫ f(z)·φ(z) dz, with f the density of the `winners`-th highest of the others' n − 1 normal draws; for one winner it
    is e_n/n, with e_n the expected highest of n.
    """
    from scipy.integrate import quad
    from scipy.stats import norm

    if not 0 < winners < players:
        return 0.0
    return float(quad(lambda z: _marginal(z, players, winners) * norm.pdf(z), -9, 9, epsabs=1e-12)[0])


def win_chance(lead: Array, players: int, winners: int = 1) -> Array:
    """Chance of a prize with a lead [n] over all others, in standard deviations of noise: E Φ(lead − bar)."""
    from scipy.special import ndtr

    z = np.linspace(-9, 9, 901)
    weight = _marginal(z, players, winners) * (z[1] - z[0])
    return np.asarray(ndtr(np.asarray(lead)[..., None] - z[None, :]) @ weight)


def _marginal(z: Any, players: int, winners: int) -> Any:
    """Density of the `winners`-th highest of n − 1 standard normal draws."""
    from scipy.stats import beta, norm

    return beta.pdf(norm.cdf(z), players - winners, winners) * norm.pdf(z)


def tournament_effort(prize: float, players: int, winners: int, cost: float, noise: float) -> float:
    """Effort μ* of the symmetric equilibrium, for a cost of cμ²/2 and normal noise σ: V·slope/(cσ).

    One winner of two is Lazear & Rosen's ΔW/(2cσ√π). Raises ValueError where no such equilibrium exists, because at
    μ* doing something else pays better; for two players that is so unless ΔW·.12099/σ² < c.
    """
    effort = prize * prize_slope(players, winners) / (cost * noise)
    others = np.linspace(0.0, max(4 * effort, effort + 6 * noise), 401)  # what one might do instead
    gain = prize * win_chance((others - effort) / noise, players, winners) - cost * others**2 / 2
    stay = prize * winners / players - cost * effort**2 / 2
    curvature = _steepest(players, winners) * prize / noise**2
    if gain.max() > stay + 1e-6 * max(prize, 1e-12) or curvature >= cost:
        raise ValueError(
            f"no equilibrium in effort: a prize of {prize:g} is too large for noise {noise:g} and cost {cost:g}"
        )
    return effort


@cache
def _steepest(players: int, winners: int) -> float:
    """The largest second derivative of the chance of a prize by the lead, in squared standard deviations."""
    lead = np.linspace(-6, 6, 2401)
    return float(np.gradient(np.gradient(win_chance(lead, players, winners), lead), lead)[2:-2].max())


# ---- linear contracts ----------------------------------------------------------------------------------------------


def responses(slopes: Array, cost: Array) -> Array:
    """Effort [R, T] at T tasks for pay that grows by `slopes` [R, T] with them, at a cost of ½a′Ca: a = C⁻¹·slopes."""
    return np.asarray(np.linalg.solve(cost, slopes[..., None])[..., 0])
