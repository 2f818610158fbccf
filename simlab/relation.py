"""The one idea: a principal issues a standard to its agents, looks at a sample of their work, forms a judgement
of it, and applies a consequence.

Every row of the hierarchy, from users who judge a corporation to a reward model that scores a language model,
is one `Relation`. An agent's work may itself be a judgement (a rater's ranking is
*work* for the corporation and a *judgement* of the language model), so `Judgement` is a kind of `Work` and the
recursion needs no further code. This module knows no torch and no pandas.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from simpy import Event

from simlab.arrays import Array
from simlab.clock import Steps, day_of
from simlab.components.combination import Combination, weighted_sum, weighted_sums
from simlab.components.return_values import given, not_a_number, not_numbers
from simlab.errors import PluginFailed

if TYPE_CHECKING:
    from simlab.components.look import Look
    from simlab.measures.panel import Panel
    from simlab.rankings import Commission


@dataclass(frozen=True, slots=True)
class UtilityFunction:
    """A combination rule at work on features of these `criteria` [D]; without a rule, the weighted sum."""

    rule: Combination | None = None
    criteria: tuple[str, ...] = ()

    @property
    def additive(self) -> bool:
        """Whether utilities are sums, whose amounts mean something; those of other rules are mere ranks."""
        return self.rule is None or self.rule.additive

    def utilities(self, features: Array, weights: Array) -> Array:
        """Utilities [n] of items with these features [n, D], by weights [D], or [m, D] with some for every n/m items.

        Raises PluginFailed, naming the rule, where it fails or does not give n finite numbers.
        """
        if weights.ndim == 2 and len(weights) < len(features):
            turns = features.reshape(len(weights), -1, features.shape[1])
            return np.stack([self.utilities(turns[:, k], weights) for k in range(turns.shape[1])], axis=1).ravel()
        if self.rule is None:
            return weighted_sum(features, weights)
        return self._asked(self.rule, "combine", features, weights, (len(features),))

    def of_people(self, features: Array, weights: Array) -> Array:
        """Utilities [n, R] of items with these features [n, D], by the weights [R, D] of each of R people."""
        if self.rule is None:
            return weighted_sums(features, weights)
        return self._asked(self.rule, "of_people", features, weights, (len(features), len(weights)))

    def _asked(self, rule: Combination, method: str, features: Array, weights: Array, shape: tuple[int, ...]) -> Array:
        """What the rule answers, if it is finite numbers of this shape."""
        try:
            answer = getattr(rule, method)(features, weights, self.criteria)
        except Exception as error:
            raise PluginFailed.raised(f"combination rule {rule.name!r}", error) from error
        wrong = not_numbers(answer, shape)
        found = np.asarray([] if wrong else answer, dtype=float)
        if wrong or not np.isfinite(found).all():
            size = " × ".join(map(str, shape))
            what = f"must give {size} finite numbers; it gave {wrong or f'{found[~np.isfinite(found)][0]:g}'}"
            raise PluginFailed.returned(rule, what, method)
        return found

    def on(self, panel: Panel, weights: Array) -> Array:
        """Utilities [n] of a panel's items as measures take them: ranks within each prompt, if they are no sums."""
        return self.as_measured(panel, self.utilities(panel.features, weights))

    def as_measured(self, panel: Panel, utilities: Array) -> Array:
        """Utilities [n] by this rule, made ranks within each prompt if they are no sums."""
        return utilities if self.additive else panel.ranked(utilities)


SUM = UtilityFunction()
"""The weighted sum: of those whose values nobody told them how to combine."""


@dataclass(frozen=True, slots=True)
class Standard:
    """What a principal asks for: a value vector [D] as operative and as published, and how it is weighed.

    `unit` is the norm of the vector as first written down; every later misreading is sized in it, so that an
    error near the root and one near the leaf are comparable. `utility_function` makes one number of several criteria.
    """

    issuer: str
    version: int
    vector: NDArray[np.float64]
    published: NDArray[np.float64]
    unit: float
    utility_function: UtilityFunction = SUM

    def utilities(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """How good things with these features [n, D] are by it, as operative [n]."""
        return self.utility_function.utilities(features, self.vector)


@dataclass(slots=True)
class Work:
    """What an agent did since it was last looked at: `items` is whatever its principal understands, `size` how much."""

    agent: str
    items: Any = None
    size: int = 0


@dataclass(slots=True)
class Answers:
    """What a judge made of single pieces of work, in the order in which they were done."""

    who: NDArray[np.int64]  # [n] place among the scores of the judgement
    right: NDArray[np.float64]  # [n] 1 right, ½ undecided, 0 wrong; by a look, its score in [0, 1]
    truly: NDArray[np.float64]  # [n] the same by the guideline of the corporation above; NaN: it finds both equal


@dataclass(slots=True)
class Judgement(Work):
    """A principal's scores of (members of) its agent; itself the principal's work, for those above it.

    `scores` maps who was judged to a score, `samples` to how many pieces of work the score rests on.
    """

    principal: str = ""
    order: int = 0
    scores: dict[str, float] = field(default_factory=dict)
    samples: dict[str, int] = field(default_factory=dict)
    identifiers: dict[str, int] = field(default_factory=dict)  # row in the judgements table, once recorded
    answers: Answers | None = None  # the pieces of work behind the scores, where the agents are people
    appeals: dict[str, tuple[int, int]] = field(default_factory=dict)  # who appealed: how often, and upheld how often
    commissions: list[Commission] = field(default_factory=list)  # what was asked of the judge, if it is people


@dataclass(slots=True)
class Effect:
    """One thing a consequence did to one agent: the amount, its unit, and why."""

    kind: str
    agent: str
    amount: float = math.nan
    unit: str = ""
    reason: str = ""


def effects_of(consequence: Any, found: Any) -> Sequence[Effect]:
    """What a consequence gives as done; None is nothing. Raises PluginFailed, naming it, where that is no list of
    effects, each of which says in texts what it was, on whom and why, and has a number as its amount."""
    if found is None:
        return []
    wrong = "" if isinstance(found, list | tuple) else f"a list of effects; it gave {given(found)}"
    for effect in [] if wrong else found:
        wrong = wrong or _amiss(effect)
    if wrong:
        raise PluginFailed.returned(consequence, f"must give {wrong}", "act", "apply")
    return found if isinstance(found, list) else [*found]


def _amiss(effect: Any) -> str:
    """What a consequence should have given instead of an effect, and what it gave; "" if it is one."""
    if not isinstance(effect, Effect):
        return f"a list of effects; one is {given(effect)}"
    if wrong := not_a_number(effect.amount) or ("inf" if math.isinf(effect.amount) else ""):
        return f"effects whose amount is one number, or nan; it gave {wrong}"
    texts = {part: getattr(effect, part) for part in ("kind", "agent", "unit", "reason")}
    odd = next((part for part, said in texts.items() if not isinstance(said, str)), "")
    return f"effects whose {odd} is a text; it gave {given(texts[odd])}" if odd else ""


class Party(ABC):
    """Anyone in the hierarchy, human, corporate or machinic."""

    work_order: ClassVar[int] = 0  # of what this party does: 0 responses, 1 judgements of responses, 2 of those …

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def utility(self, panel: Panel) -> NDArray[np.float64]:
        """How good each item of the panel is to this party, in expectation, without a draw [n]."""

    def resampled_utility(self, panel: Panel, key: int) -> NDArray[np.float64] | None:
        """Its utility [n] had its own randomness fallen out otherwise, everything above it being as it is.

        That is misreadings and tastes of people and firms, label draws and seeds of machines; None if it has none, or
        nothing has been drawn yet.
        """
        del panel, key
        return None

    def standard(self) -> Standard:
        """What this party asks of its agents; machines pass on what they were taught, and issue none."""
        raise NotImplementedError(f"{self.name} issues no standard")

    def on_guideline(self, standard: Standard) -> None:
        """A principal's standard has changed; those who work by it read it anew."""
        del standard

    def start(self) -> Steps:
        """Whatever must happen before the clock runs; may take simulated time."""
        yield from ()

    @abstractmethod
    def work(self, relation: Relation) -> Generator[Event, Any, Work]:
        """What the principal of `relation` gets to see: everything since the last look, or a fresh piece."""

    def judge(self, relation: Relation, work: Work) -> Generator[Event, Any, Judgement]:
        """Look at a sample of the agent's work and score it."""
        raise NotImplementedError(f"{self.name} judges nobody")
        yield

    def on_judged(self, judgement: Judgement) -> None:
        """Told how one was judged; most parties only feel the consequences."""
        del judgement


class Teacher(Protocol):
    """Whoever trains a machine, and can say what would have become of it by other draws."""

    def retrained_utility(self, machine: Any, panel: Panel, key: int) -> NDArray[np.float64]:
        """The machine's utility [n], had the draws of its training fallen out otherwise."""

    def utilities_of_halves(
        self, machine: Any, panel: Panel, key: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The machine's utilities [n], had it learned from one half of what it learned from, and from the other."""

    def refitted_utility(self, machine: Any, panel: Panel, rankings: Any, key: int) -> NDArray[np.float64]:
        """The machine's utility [n], had it learned from nothing but these rankings, by the draws of this key."""


class Consequence(Protocol):
    """What follows from a judgement; of which kinds it may be, `components.consequence` and the plugins say."""

    def settle(self, relation: Relation) -> Sequence[Effect]:
        """What is still owed when the run ends between two looks."""
        del relation
        return []

    @abstractmethod
    def apply(self, relation: Relation, judgement: Judgement) -> Generator[Event, Any, Sequence[Effect]]:
        """Do it, taking whatever simulated time it takes, and say what was done."""


class Log(Protocol):
    """Whoever is told what becomes of a relation's looks."""

    def judged(self, relation: Relation, judgement: Judgement) -> None:
        """A judgement has been made."""

    def followed(self, relation: Relation, judgement: Judgement, effects: Sequence[Effect], by: Any = None) -> None:
        """A consequence has had these effects, as it says (`by`); of nothing in particular, where the judgement is
        empty."""

    def acted(self, relation: Relation) -> Steps:
        """A look is over that had effects; whoever measures them may take simulated time."""


class Relation:
    """A principal, an agent, a calendar, a sample and consequences; each look is a SimPy process.

    `every` is in days; it looks on no day before `since` or after `until`. `sample` is a share in (0, 1] of the work if
    a float, a number of pieces if an int. `by` is how the principal looks; None: each piece is held against its own
    opinion.
    """

    def __init__(
        self,
        log: Log,
        principal: Party,
        agent: Party,
        every: float,
        sample: float | int,
        consequences: Sequence[Consequence],
        by: Look | None = None,
        since: float = 0.0,
        until: float = math.inf,
    ) -> None:
        self.log = log
        self.principal = principal
        self.agent = agent
        self.every = every
        self.sample = sample
        self.consequences = tuple(consequences)
        self.by = by
        self.since, self.until = since, until
        self.order = agent.work_order + 1
        self.looks = 0

    @property
    def name(self) -> str:
        """`principal → agent`, as it stands in the scenario."""
        return f"{self.principal.name} → {self.agent.name}"

    def sampled(self, population: int) -> int:
        """How many of `population` pieces of work are looked at."""
        if isinstance(self.sample, float):
            return min(population, max(1, math.ceil(round(self.sample * population, 9))))  # .07 of 100 is 7, not 8
        return min(population, self.sample)

    def days(self, until: float) -> list[float]:
        """When this relation looks, up to and including day `until`."""
        looks = range(1, int(until / self.every) + 2)
        days = (day_of(look, self.every) for look in looks)
        return [day for day in days if day <= until and self.on(day)]

    def on(self, day: float) -> bool:
        """Whether it may look on this day."""
        return self.since <= day <= self.until

    def look(self, before: Sequence[Event] = ()) -> Steps:
        """Look, judge and act, once; but first let `before` be over, that day's looks at the judge's own work."""
        self.looks += 1
        yield from before
        work = yield from self.agent.work(self)
        judgement = Judgement(self.agent.name, principal=self.principal.name, order=self.order)
        if work.size:  # of nothing there is no judgement; but a pool that has nobody left can still hire
            judgement = yield from self.principal.judge(self, work)
            self.log.judged(self, judgement)
            self.agent.on_judged(judgement)
        acted = False
        for consequence in self.consequences:
            effects = yield from consequence.apply(self, judgement)
            self.log.followed(self, judgement, effects, consequence)
            acted = acted or bool(effects)
        if acted:
            yield from self.log.acted(self)
