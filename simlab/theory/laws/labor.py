"""Work and pay: no shirking, tournaments, inspection; from the simulator's own people.

Switching points are found by asking people again and again (bisection).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from simlab.components.effort import Effort, WorkSituation
from simlab.components.pay import DoubleOrNothingSpec, Earned, HourlySpec, PayScheme, TournamentSpec
from simlab.components.review import Review
from simlab.rng import Streams, normals
from simlab.theory.law import REPLICATIONS, Control, Law
from simlab.theory.raters import component

INSTANT = 1e-6  # a period that stands for a moment, in laws of continuous time


# ---- people to ask ------------------------------------------------------------------------------------------------


def situation(pay: PayScheme, people: int = 1, review: Review | None = None, **said: float) -> WorkSituation:
    """A situation in which a period is one hour, one answer is given, and it is checked; but for what is said."""
    plain = {
        "wage": 0.0, "hours": 1.0, "cost": 1.0, "pairs": 1.0, "audited": 1.0, "quality": 1.0, "careless": 0.0,
        "gold_error": 0.0, "discount": 0.0, "separation": 0.0, "outside": 0.0,
    }  # fmt: skip
    columns: dict[str, Any] = {name: np.full(people, v) for name, v in (plain | said).items()}
    return WorkSituation(**columns, pay=pay, review=review)


def effort(name: str, **parameters: Any) -> Any:
    """A built-in effort plugin."""
    made = component("effort", name, **parameters)
    assert isinstance(made, Effort)
    return made


def strict() -> Review:
    """The rule that a single wrong answer is one too many."""
    rule = component("review", "threshold", below=1.0)
    assert isinstance(rule, Review)
    return rule


def switching(high: float, works: Callable[[float], bool], low: float = 0.0, steps: int = 60) -> float:
    """The number between `low` and `high` from which on `works` is true, by bisection."""
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (low, middle) if works(middle) else (middle, high)
    return high


# ---- no shirking --------------------------------------------------------------------------------------------------


def _discrete_wage(*, delta: float, s: float, p: float, f: float, e: float, idle: float) -> float:
    keep = delta * (1 - s)
    return idle + e + e * (1 - keep * (1 - f)) / (keep * (p - f))


def _observed_wage(seed: int, *, delta: float, s: float, p: float, f: float, e: float, idle: float) -> float:
    plugin, rule = effort("no_shirking"), strict()
    terms: dict[str, Any] = {
        "cost": e,
        "outside": idle,
        "discount": delta,
        "separation": s,
        "quality": 1 - f,
        "careless": 1 - p,
    }

    def works(wage: float) -> bool:
        return bool(plugin.choose(situation(HourlySpec(), review=rule, wage=wage, **terms))[0])

    return switching(1e4, works)


def _moment(*, e: float, q: float, b: float, r: float, **more: float) -> dict[str, Any]:
    """The terms of a period so short that discrete time is continuous."""
    return {
        "hours": INSTANT, "cost": e, "discount": math.exp(-r * INSTANT), "separation": -math.expm1(-b * INSTANT),
        "careless": math.exp(-q * INSTANT), **more,
    }  # fmt: skip


def _continuous_wage(seed: int, *, e: float, q: float, b: float, r: float, idle: float) -> float:
    plugin, rule, terms = effort("no_shirking"), strict(), _moment(e=e, q=q, b=b, r=r, outside=idle)
    return switching(1e4, lambda wage: bool(plugin.choose(situation(HourlySpec(), review=rule, wage=wage, **terms))[0]))


def _equilibrium_wage(seed: int, *, e: float, q: float, b: float, r: float, u: float, benefit: float) -> float:
    """The no-shirking wage where being without work is worth its benefit and the prospect of a job at that wage."""
    from scipy.optimize import brentq

    plugin, rule, found = effort("no_shirking"), strict(), b * (1 - u) / u  # jobs found per unit of time
    ones = np.ones(1)

    def excess(idle: float) -> float:
        wage = _continuous_wage(seed, e=e, q=q, b=b, r=r, idle=idle)
        terms = _moment(e=e, q=q, b=b, r=r, outside=idle)
        worth = float(plugin.worth(situation(HourlySpec(), review=rule, wage=wage, **terms), ones)[0])
        return idle - benefit - found * (worth - idle / r)

    idle = float(brentq(excess, 0.0, 1e3, xtol=1e-10))
    return _continuous_wage(seed, e=e, q=q, b=b, r=r, idle=idle)


# ---- tournaments --------------------------------------------------------------------------------------------------


def expected_highest(n: int) -> float:
    """e_n, the expected highest of n standard normal draws: ∫ n z φ(z) Φ(z)^(n−1) dz."""
    from scipy.integrate import quad
    from scipy.stats import norm

    return float(quad(lambda z: n * z * norm.pdf(z) * norm.cdf(z) ** (n - 1), -9, 9, epsabs=1e-12)[0])


@cache
def steepest(n: int) -> float:
    """The largest second derivative of the chance to win, P(lead) = ∫ φ(e) Φ(lead + e)^(n−1) de, by the lead in σ."""
    from scipy.special import ndtr

    e, lead, step = np.linspace(-9, 9, 1201), np.linspace(-6, 6, 601), 1e-3
    weight = np.exp(-e * e / 2) / np.sqrt(2 * np.pi) * (e[1] - e[0])
    low, middle, high = (ndtr(lead[:, None] + by + e[None, :]) ** (n - 1) @ weight for by in (-step, 0.0, step))
    return float(((high - 2 * middle + low) / step**2).max())


def _no_equilibrium(prize: float, n: int, c: float, sigma: float) -> str:
    if n < 2:
        return "it takes two to compete"
    if prize * steepest(n) > 0.97 * c * sigma**2:  # curvature is measured on a grid
        return f"no equilibrium in effort: a prize of {prize:g} is too large for noise {sigma:g} and cost {c:g}"
    effort = prize * expected_highest(n) / (n * c * sigma)
    return "" if effort <= 1 else f"care is at most 1, and the formula says {effort:.3g}"


def _tournament_effort(seed: int, *, prize: float, n: int, c: float, sigma: float) -> float:
    here = situation(TournamentSpec(bonus=prize), n, cost=c)
    return float(effort("tournament", noise=sigma).choose(here)[0])


def _best_reply(seed: int, *, prize: float, n: int, c: float, sigma: float) -> float:
    """The effort whose marginal cost is what a little more of it adds to one's prizes, all others doing as they do.

    A thousand tournaments with a little more and a little less effort, on the same luck.
    """
    rounds, step, scheme = 1000, 0.25 * sigma, TournamentSpec(bonus=prize)
    scores = np.full(n, _tournament_effort(seed, prize=prize, n=n, c=c, sigma=sigma))
    noise = sigma * normals(Streams(seed).key("theory", "luck"), np.arange(rounds)[:, None], np.arange(n)[None, :])
    plain: dict[str, Any] = {"wage": np.zeros(n), "hours": np.ones(n), "pairs": np.ones(n), "here": np.ones(n, bool)}
    won = 0.0
    for luck in noise:
        for sign in (1, -1):
            answers = (scores + luck)[:, None]
            answers[0] += sign * step
            won += sign * float(scheme.owed(Earned(**plain, answers=answers))[0])
    return won / rounds / (2 * step) / c


def _largest_prize(seed: int, *, c: float, sigma: float) -> float:
    """The largest difference of prizes at which two people still name an equilibrium."""

    def none_is_named(prize: float) -> bool:
        try:
            _tournament_effort(seed, prize=prize, n=2, c=c, sigma=sigma)
        except ValueError:
            return True
        return False

    return switching(40 * c * sigma**2, none_is_named, steps=20)


# ---- inspection ---------------------------------------------------------------------------------------------------


def _tempting_audits(seed: int, *, gain: float, fine: float) -> float:
    """The audit rate at which people stop shirking, who lose `fine` if found out and save `gain`."""
    plugin, scheme = effort("gold_bonus"), DoubleOrNothingSpec(times=1, gold=1)

    def works(rate: float) -> bool:
        return bool(plugin.choose(situation(scheme, wage=fine, cost=gain, audited=rate))[0])

    return switching(1.0, works)


def _worthwhile_audits(seed: int, *, cost: float, worth: float) -> float:
    """The share of shirking from which on auditing pays an employer, to whom it costs `cost` and catching `worth`.

    What an audit finds is what the review rule makes of the answers of those who shirk or do not.
    """
    rule = strict()
    caught = [rule.chance(np.array([right]), np.ones(1), np.ones(1))[0] for right in (1.0, 0.0)]  # honest, shirking
    return switching(1.0, lambda shirks: bool(((1 - shirks) * caught[0] + shirks * caught[1]) * worth > cost))


def _mixed(seed: int, *, gain: float, fine: float, cost: float, worth: float, who: str) -> float:
    """The rate at which one side makes the other indifferent, found by asking the other."""
    if who == "employer":
        return _tempting_audits(seed, gain=gain, fine=fine)
    return _worthwhile_audits(seed, cost=cost, worth=worth)


def _corner(*, gain: float, fine: float, cost: float = 0.5, worth: float = 1.0, who: str = "employer") -> str:
    if who not in ("employer", "people"):
        return f"there are an employer and people, and no {who!r}"
    if not 0 < gain < fine:
        return "nobody need mix: shirking gains more than the fine, or nothing"
    return "" if 0 < cost < worth else "nobody need mix: an audit costs more than it can bring, or nothing"


# ---- the laws -----------------------------------------------------------------------------------------------------

_SHAPIRO = "Shapiro & Stiglitz (1984), AER 74"
_LAZEAR = "Lazear & Rosen (1981), JPE 89"
_SCIENCE = {"delta": 0.95, "s": 0.05, "p": 0.5, "f": 0.0, "e": 1.0, "idle": 1.0}

LAWS = (
    Law(
        id="shirking.wage",
        says="w* = (1−δ)V_U + e + e·[1−δ(1−s)(1−f)]/[δ(1−s)(p−f)], the wage from which on people work with care",
        source=f"{_SHAPIRO}, in discrete time with audits that err",
        path="simlab/components/effort.py:WorkSituation.dismissal",
        regime="exact",
        points=(
            _SCIENCE,
            {**_SCIENCE, "f": 0.05},
            {"delta": 0.9, "s": 0.02, "p": 0.3, "f": 0.1, "e": 4.0, "idle": 12.0},
        ),
        predicted=_discrete_wage,
        observe=_observed_wage,
        control=Control(
            params={**_SCIENCE, "f": 0.05},
            wrong="false alarms left out",
            predicted=lambda f, **terms: _discrete_wage(f=0.0, **terms),
        ),
    ),
    Law(
        id="shirking.continuous",
        says="w* = rV_U + e + (e/q)(r+b)",
        source=f"{_SHAPIRO}, eq. 5",
        path="simlab/components/effort.py:WorkSituation.dismissal",
        regime="exact",
        points=(
            {"e": 1.0, "q": 0.5, "b": 0.1, "r": 0.05, "idle": 1.0},
            {"e": 2.0, "q": 0.5, "b": 0.3, "r": 0.1, "idle": 0.0},
            {"e": 0.5, "q": 2.0, "b": 0.2, "r": 0.02, "idle": 3.0},
        ),
        predicted=lambda e, q, b, r, idle: idle + e + e / q * (r + b),
        observe=_continuous_wage,
        margin=1e-5,  # a moment lasts a millionth
        control=Control(
            params={"e": 1.0, "q": 0.5, "b": 0.1, "r": 0.05, "idle": 1.0},
            wrong="jobs that are lost by shirking only",
            predicted=lambda e, q, b, r, idle: idle + e + e / q * r,
        ),
    ),
    Law(
        id="shirking.equilibrium",
        says="w = w̄ + e + (e/q)(b/u + r), the wage at unemployment u",
        source=f"{_SHAPIRO}, eq. 8",
        path="simlab/components/effort.py:WorkSituation.dismissal",
        regime="exact",
        points=(
            {"e": 1.0, "q": 0.5, "b": 0.1, "r": 0.05, "u": 0.1, "benefit": 0.0},
            {"e": 1.0, "q": 0.5, "b": 0.1, "r": 0.05, "u": 0.05, "benefit": 0.5},
            {"e": 2.0, "q": 1.0, "b": 0.2, "r": 0.1, "u": 0.2, "benefit": 0.0},
        ),
        predicted=lambda e, q, b, r, u, benefit: benefit + e + e / q * (b / u + r),
        observe=_equilibrium_wage,
        margin=1e-3,  # worths of jobs are differences of what a moment brings
        control=Control(
            params={"e": 1.0, "q": 0.5, "b": 0.1, "r": 0.05, "u": 0.1, "benefit": 0.0},
            wrong="no prospect of another job",
            predicted=lambda e, q, b, r, u, benefit: benefit + e + e / q * (b + r),
        ),
    ),
    Law(
        id="tournament.effort",
        says="μ* = V·e_n/(n c σ); of two players ΔW/(2cσ√π)",
        source=_LAZEAR,
        path="simlab/components/incentives.py:tournament_effort",
        regime="exact",
        points=(
            {"prize": 2.0, "n": 2, "c": 1.0, "sigma": 1.0},
            {"prize": 2.0, "n": 8, "c": 1.5, "sigma": 0.8},
            {"prize": 1.0, "n": 30, "c": 1.0, "sigma": 0.5},
        ),
        predicted=lambda prize, n, c, sigma: prize * expected_highest(n) / (n * c * sigma),
        observe=_tournament_effort,
        refuses=_no_equilibrium,
        control=Control(
            params={"prize": 2.0, "n": 8, "c": 1.5, "sigma": 0.8},
            wrong="as against a single rival",
            predicted=lambda prize, n, c, sigma: prize / (2 * c * sigma * math.sqrt(math.pi)),
        ),
    ),
    Law(
        id="tournament.best_reply",
        says="the marginal prize of effort, over its cost, is μ* again: nobody gains by doing otherwise",
        source=_LAZEAR,
        path="simlab/components/pay.py:TournamentSpec.owed",
        regime="exact",
        points=(
            {"prize": 2.0, "n": 2, "c": 1.0, "sigma": 1.0},
            {"prize": 2.0, "n": 4, "c": 1.5, "sigma": 1.0},
            {"prize": 1.0, "n": 8, "c": 1.0, "sigma": 0.8},
        ),
        predicted=lambda prize, n, c, sigma: prize * expected_highest(n) / (n * c * sigma),
        observe=_best_reply,
        margin=0.05,
        slack=0.005,  # steps of a fourth of σ
        replications=REPLICATIONS,
        refuses=_no_equilibrium,
        control=Control(
            params={"prize": 1.0, "n": 8, "c": 1.0, "sigma": 0.8},
            wrong="as against a single rival",
            predicted=lambda prize, n, c, sigma: prize / (2 * c * sigma * math.sqrt(math.pi)),
        ),
        slow=True,
    ),
    Law(
        id="tournament.condition",
        says="two players have an equilibrium in effort only while ΔW·.12099/σ² < c",
        source=_LAZEAR,
        path="simlab/components/incentives.py:tournament_effort",
        regime="exact",
        points=({"c": 1.0, "sigma": 1.0}, {"c": 2.0, "sigma": 0.5}, {"c": 0.7, "sigma": 1.5}),
        predicted=lambda c, sigma: c * sigma**2 * 2 * math.sqrt(2 * math.pi * math.e),
        observe=_largest_prize,
        margin=0.02,  # curvature is measured on a grid
        control=Control(
            params={"c": 1.0, "sigma": 1.0},
            wrong="noise of one player only",
            predicted=lambda c, sigma: c * sigma**2 * math.sqrt(2 * math.pi * math.e),
        ),
    ),
    Law(
        id="inspection.audits",
        says="a* = g/F, the audit rate at which shirking no longer pays",
        source="Dresher (1962), RAND RM-2972; Graetz, Reinganum & Wilde (1986), JLEO 2",
        path="simlab/components/pay.py:DoubleOrNothingSpec.expected",
        regime="exact",
        points=({"gain": 1.0, "fine": 4.0}, {"gain": 3.0, "fine": 20.0}, {"gain": 5.0, "fine": 6.0}),
        predicted=lambda gain, fine: gain / fine,
        observe=_tempting_audits,
        refuses=_corner,
        control=Control(
            params={"gain": 1.0, "fine": 4.0},
            wrong="who is found out loses the gain as well",
            predicted=lambda gain, fine: gain / (gain + fine),
        ),
    ),
    Law(
        id="inspection.equilibrium",
        says="audits at rate g/F and shirking at rate c/R: neither side has a better answer to the other",
        source="Dresher (1962), RAND RM-2972; Graetz, Reinganum & Wilde (1986), JLEO 2",
        path="simlab/components/pay.py:DoubleOrNothingSpec.expected",
        regime="exact",
        points=(
            {"gain": 1.0, "fine": 4.0, "cost": 1.0, "worth": 5.0, "who": "employer"},
            {"gain": 1.0, "fine": 4.0, "cost": 1.0, "worth": 5.0, "who": "people"},
            {"gain": 3.0, "fine": 5.0, "cost": 2.0, "worth": 20.0, "who": "people"},
            {"gain": 9.0, "fine": 10.0, "cost": 2.0, "worth": 20.0, "who": "employer"},
        ),
        predicted=lambda gain, fine, cost, worth, who: gain / fine if who == "employer" else cost / worth,
        observe=_mixed,
        refuses=_corner,
        control=Control(
            params={"gain": 3.0, "fine": 5.0, "cost": 2.0, "worth": 4.0, "who": "people"},
            wrong="people who shirk less the more they gain by it",
            predicted=lambda gain, fine, cost, worth, who: cost / worth * (1 - gain / fine),
        ),
    ),
)
