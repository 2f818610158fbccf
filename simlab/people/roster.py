"""The roster of a pool: who its people are, who is employed, and what is known of them.

People are columns of arrays, not objects; a person still has an identity (the number) from hiring to the label that a
reward model learned from. What people do is in the modules beside this one, as functions over a roster.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simlab.arrays import Array, Indices
from simlab.components.cohort import Cohort
from simlab.components.rater_policy import RaterPolicy
from simlab.engine.context import Context
from simlab.errors import InvalidInput, PluginFailed
from simlab.people.label_source import LabelSource
from simlab.people.labor_market import LaborMarket
from simlab.people.tasks import Exam
from simlab.people.track_record import AuditRecord, Marks, WorkState
from simlab.relation import Standard, UtilityFunction
from simlab.rng import hashes

if TYPE_CHECKING:
    from simlab.scenario import PeopleSpec

T = TypeVar("T")
PANEL_RATERS = 256  # a larger pool is represented by this many in its utility; its mean no longer moves


class Roster(LabelSource):
    """The people of one pool, with an employer. Row i of every column is the person of number i."""

    def __init__(self, context: Context, name: str, spec: PeopleSpec) -> None:
        super().__init__(context, name)
        self.spec = spec
        self.policy: RaterPolicy = spec.policy
        self.cohort = Cohort.nobody(len(context.game.dimensions))
        self.work_state = WorkState.blank(0)
        self.observers: list[Any] = []
        self.persons: list[str] = []  # who each of them is: the name under which the person was first hired
        self.records: dict[str, AuditRecord] = {}  # what each principal knows of them
        self.taught: Array | None = None  # [R', D] what training adds to readings, in norms of a guideline
        self.marks: list[Marks] = []  # answers that anybody judged since the last payday
        self.quality: tuple[Indices, Array] = (np.zeros(0, dtype=np.int64), np.zeros(0))  # rows; P(right) with care
        self.labor_market: LaborMarket[Roster] = LaborMarket()  # of its own, until it is given one that it shares
        self.exam: Exam | None = None  # what candidates are asked
        self.voice = spec.voice
        self.strangers: dict[int, tuple[Array, Cohort]] = {}  # who else might be here, by key; and what they were told
        self._labels: NDArray[Any] = np.array([], dtype=object)  # by number
        self._names = pa.array([], pa.string())

    # ---- by what they judge -------------------------------------------------------------------------------------

    def standard(self) -> Standard:
        """The guideline that reached them; people whom nobody gives one go by their own values."""
        if issuer := self.context.hierarchy.issuer_of(self.name):
            return self.context.parties[issuer].standard()
        own = self.context.game.value(self.spec.values)
        return Standard(self.name, 1, own, own, float(np.linalg.norm(own)))

    @cached_property
    def utility_function(self) -> UtilityFunction:
        """How they make one number of several criteria: as the guideline does, at whatever version of it."""
        return self.standard().utility_function

    # ---- who they are -------------------------------------------------------------------------------------------

    def labels_of(self, numbers: NDArray[np.int64]) -> NDArray[Any]:
        """How tables call these people: `pool:17`."""
        known = len(self._labels)
        if (wanted := int(numbers.max(initial=-1)) + 1) > known:
            self._labels = np.append(self._labels, [f"{self.name}:{n}" for n in range(known, wanted)])
        return self._labels.take(numbers)

    @property
    def names(self) -> pa.StringArray:
        """What tables call everyone who ever worked here, by number."""
        if len(self._names) != len(self.cohort):
            self._names = pa.array(self.labels_of(self.cohort.number), pa.string())
        return self._names

    def record(self, principal: str) -> AuditRecord:
        """What this principal knows of everyone who ever worked here."""
        known = self.records.get(principal) or AuditRecord.blank(len(self.cohort))
        if len(known.audited) < len(self.cohort):
            known = known.extended(len(self.cohort))
        self.records[principal] = known
        return known

    def taught_to(self, numbers: Indices) -> Array | None:
        """How far what these people were taught in training turns their reading [n, D], in norms of the guideline;
        None if nobody was ever taught anything but the guideline itself."""
        if self.taught is None:
            return None
        known = numbers < len(self.taught)
        return np.where(known[:, None], self.taught[np.where(known, numbers, 0)], 0.0)

    def teach(self, numbers: Indices, errors: Array) -> None:
        """From now on these people's reading is turned by these errors [n, D], in norms of the guideline."""
        if self.taught is None and not errors.any():
            return
        table = np.zeros((0, errors.shape[1])) if self.taught is None else self.taught
        if (missing := int(numbers.max(initial=-1)) + 1 - len(table)) > 0:
            table = np.concatenate([table, np.zeros((missing, errors.shape[1]))])
        table[numbers] = errors
        self.taught = table

    @property
    def rejected(self) -> NDArray[np.bool_]:
        """Who was never hired, for having failed the test [R]."""
        return self.work_state.turned_away > 0

    def representatives(self, *, former: bool = False) -> Indices:
        """Those who stand for the pool: all who are employed (or ever were), or PANEL_RATERS of very many."""
        people = np.flatnonzero(~self.rejected if former else self.cohort.employed)
        if len(people) <= PANEL_RATERS:
            return people
        lot = hashes(self.context.rng.key(self.name, "representatives"), people)
        return np.sort(people[np.argsort(lot, kind="stable")[:PANEL_RATERS]])

    @property
    def places(self) -> int:
        """How many people the pool is to have: those it was written with, less those this run is without."""
        return self.spec.count - len(self.missing())

    def missing(self) -> list[int]:
        """The numbers of the people this run is without."""
        prefix = f"{self.name}:"
        out = self.context.scenario.without
        return [int(name.removeprefix(prefix)) for name in out if name.startswith(prefix)]

    def accuracy_matters(self) -> bool:
        """Whether somebody reckons with how often these people are right: they, those they judge, if these know their
        judges, or auditors who wave through what they say."""
        parties, hierarchy = self.context.scenario.parties, self.context.hierarchy
        below = [getattr(parties[name], "effort", None) for name in hierarchy.agents(self.name)]
        above = [getattr(parties[name], "effort", None) for name in hierarchy.principals(self.name)]
        known = any(effort.know_judges for effort in below if effort is not None)
        return self.spec.effort.reckons or known or any(effort.confirms for effort in above if effort is not None)

    def task_draws(self, ranking_keys: NDArray[Any]) -> NDArray[Any]:
        """What draws about each task [n] are keyed by, whoever works on it, from what keys its rankings."""
        return ranking_keys

    # ---- what is planned ----------------------------------------------------------------------------------------

    @property
    def seconds_a_pair(self) -> float:
        """Time for one compared pair, in seconds."""
        return self.spec.seconds

    @property
    def pairs_a_ranking(self) -> int:
        """Compared pairs that one task of theirs makes."""
        options = getattr(self.spec, "ranking", 2)
        return int(options * (options - 1) // 2)

    def planned_pairs(self, days: float) -> float:
        """Pairs that the whole pool is to compare in so many days; if there is no plan, as many as it can."""
        return self.places * self.spec.hours * days * 3600 / self.seconds_a_pair

    # ---- what their party does (`parties/pool.py`) --------------------------------------------------------------

    @abstractmethod
    def admit(self, count: int) -> Indices:
        """Take in `count` people from the population, or from the labor market; returns their numbers."""

    @abstractmethod
    def begin(self, numbers: Indices) -> None:
        """These people are employed from now on."""

    @abstractmethod
    def recruit(self, count: int) -> list[int]:
        """Hire up to `count` new people, after a test if there is one; returns the numbers of those hired."""

    @abstractmethod
    def dismiss(self, number: int, reason: str, *, banned: bool = False) -> None:
        """End a person's employment today, and pay what is owed; who is banned is not hired from the labor market."""

    # ---- their policy -------------------------------------------------------------------------------------------

    def ask_policy(self, call: Callable[[], T], setting: str = "") -> T:
        """What the rater policy answers. Its own errors name it; invalid settings are led back to the scenario file."""
        try:
            return call()
        except InvalidInput as error:
            place = ("parties", self.name, "policy", *([setting] if setting else []))
            raise InvalidInput(self.context.scenario.problem(place, str(error))) from error
        except Exception as error:
            raise PluginFailed.raised(f"rater policy {self.policy.name!r}", error) from error
