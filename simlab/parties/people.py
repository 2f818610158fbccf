"""People who are paid to judge: what raters and auditors have in common.

A pool of them is a cohort of arrays, not of objects: one SimPy event per cohort and shift, numpy inside; a person
still has an identity (the number) from hiring to the label a reward model learned from. Every draw is keyed by
person and task, so that one person more or less leaves the others' draws as they were.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simlab.arrays import Array, Indices
from simlab.clock import Steps
from simlab.components.cohort import Cohort
from simlab.components.rater_policy import RaterPolicy
from simlab.components.rater_view import Scene, shown
from simlab.errors import InvalidInput, PluginFailed
from simlab.parties.audits import Workforce
from simlab.parties.guideline import write_readings
from simlab.parties.language_model import LanguageModel
from simlab.people import hiring, payroll, population
from simlab.people import quitting as leaving
from simlab.people.delegation import Delegation
from simlab.people.effort import reconsider
from simlab.people.hiring import Exam
from simlab.people.labor_market import LaborMarket
from simlab.people.noise_calibration import calibrate
from simlab.people.perception import Sight, perceived, scene_of, turns_of
from simlab.people.table_rows import spells
from simlab.people.track_record import Record
from simlab.people.working_life import WorkingLife
from simlab.rankings import Rankings, draws_of_choice, not_labels, sides
from simlab.relation import Judgement, Standard, Weighing
from simlab.rng import Streams, hashes, normals
from simlab.tables.recorder import coded
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.measures.panel import Panel
    from simlab.scenario import PeopleSpec

T = TypeVar("T")
PANEL_RATERS = 256  # a larger pool is represented by this many in its utility; its mean no longer moves
MOST_READINGS = 2000  # people of a pool beyond which nobody's reading of the guideline is written down


class People(Workforce):
    """A pool of people with an employer. Its work is what they say of pairs of responses."""

    def __init__(self, context: Context, name: str, spec: PeopleSpec) -> None:
        super().__init__(context, name)
        self.spec = spec
        self.policy: RaterPolicy = spec.policy
        self.cohort: Cohort | None = None
        self.observers: list[Any] = []
        self.persons: list[str] = []  # who each of them is: the name under which the person was first hired
        self.records: dict[str, Record] = {}  # what each principal knows of them
        self.delegation = Delegation(context, name, spec.delegation) if spec.delegation else None
        self.life = WorkingLife(self)
        self.voice = spec.voice
        self.labor_market = LaborMarket()  # of its own, until it is given one that it shares
        self.exam: Exam | None = None  # what candidates are asked
        self.quality: tuple[Indices, Array] = (np.zeros(0, dtype=np.int64), np.zeros(0))  # rows; P(right) with care
        self._labels: NDArray[Any] = np.array([], dtype=object)  # by number
        self._names = pa.array([], pa.string())
        self._panel: Panel | None = None
        self._columns: dict[int, Array] = {}  # utilities of single persons on that panel

    # ---- who they are -------------------------------------------------------------------------------------------

    def standard(self) -> Standard:
        """The guideline that reached them; people whom nobody gives one go by their own values."""
        if issuer := self.context.hierarchy.issuer_of(self.name):
            return self.context.parties[issuer].standard()
        own = self.context.game.value(self.spec.values)
        return Standard(self.name, 1, own, own, float(np.linalg.norm(own)))

    @cached_property
    def weighing(self) -> Weighing:
        """How they make one number of several criteria: as the guideline does, at whatever version of it."""
        return self.standard().weighing

    def on_guideline(self, standard: Standard) -> None:
        """A new version of the guideline: each reads it with the same error as the last one."""
        if self.cohort is not None:
            self.cohort.vector = population.understood(self, self.cohort, self.standard())
            self._panel = None
            self._note_readings(self.cohort[self.cohort.employed])

    def labels_of(self, numbers: NDArray[np.int64]) -> NDArray[Any]:
        """How tables call these people: `pool:17`."""
        known = len(self._labels)
        if (wanted := int(numbers.max(initial=-1)) + 1) > known:
            self._labels = np.append(self._labels, [f"{self.name}:{n}" for n in range(known, wanted)])
        return self._labels.take(numbers)

    @property
    def names(self) -> pa.StringArray:
        """What tables call everyone who ever worked here, by number."""
        assert self.cohort is not None
        if len(self._names) != len(self.cohort):
            self._names = pa.array(self.labels_of(self.cohort.number), pa.string())
        return self._names

    def record(self, principal: str) -> Record:
        """What this principal knows of everyone who ever worked here."""
        assert self.cohort is not None
        known = self.records.get(principal) or Record.blank(len(self.cohort))
        if len(known.audited) < len(self.cohort):
            known = known.extended(len(self.cohort))
        self.records[principal] = known
        return known

    def recruit(self, count: int) -> list[int]:
        """Hire up to `count` new people, after a test if there is one; returns the numbers of those hired."""
        hired = hiring.hire(self, count)
        assert self.cohort is not None
        self.begin(hired)
        reconsider(self)
        return [int(n) for n in hired]

    def admit(self, count: int) -> Indices:
        """Take in `count` people from the same population, or from the labor market; returns their numbers.

        Who is left out of this run (`without: [pool:17]`) has a row, too, so that nobody else's number changes,
        but is never employed.
        """
        first = 0 if self.cohort is None else len(self.cohort)
        people = population.drawn(self, np.arange(first, first + count))
        movers = self.labor_market.hire(self, count)
        persons = population.moved_in(self, people, movers)
        self.cohort = people if self.cohort is None else self.cohort.joined(people)
        names = self.labels_of(people.number).tolist()
        keys = self.context.rng.keys(self.name, "beliefs", numbers=people.number.tolist())
        observers = self.context.game.observers(names, keys, people.knowledge.tolist())
        observers[: len(movers)] = [pool.observers[row] for pool, row in movers]
        self.observers += observers
        self.persons += persons
        self.life.join(people.number, movers)
        return people.number

    def begin(self, numbers: Indices) -> None:
        """These people are employed from now on."""
        assert self.cohort is not None
        spells(self, self.cohort[numbers])
        self._note_readings(self.cohort[numbers])

    def _note_readings(self, people: Cohort) -> None:
        """Write down what these people go by, unless the pool is very large."""
        if len(people) and self.spec.count <= MOST_READINGS:
            names = self.labels_of(people.number).tolist()
            write_readings(self.context, self.name, names, people.vector, self.standard().version)

    def dismiss(self, number: int, reason: str) -> None:
        """End a person's employment today, and pay what is owed."""
        assert self.cohort is not None
        payroll.pay_off(self, number)
        self.cohort.ended[number] = self.context.now
        self.labor_market.seek(self, number)
        spells(self, self.cohort[[number]], reason)

    def retrain(self, rows: Indices, shrink: float, hours: float) -> None:
        """Train some people: what is left of their misreading is `shrink`, and so many hours of the next shifts go."""
        assert self.cohort is not None
        self.cohort.misread = hiring.retrained(self.cohort.misread, rows, shrink)
        self.cohort.vector = population.understood(self, self.cohort, self.standard())
        self.life.lives.away[rows] += hours
        self._panel = None
        self._note_readings(self.cohort[rows])

    @property
    def places(self) -> int:
        """How many people the pool is to have: those it was written with, less those this run is without."""
        return self.spec.count - len(self.missing())

    def missing(self) -> list[int]:
        """The numbers of the people this run is without."""
        prefix = f"{self.name}:"
        out = self.context.scenario.without
        return [int(name.removeprefix(prefix)) for name in out if name.startswith(prefix)]

    # ---- what they see ------------------------------------------------------------------------------------------

    def situation(self, prompts: Indices) -> Array | None:
        """What the hidden situation of each prompt adds to what people go by [n, D]; None if they are shown none."""
        return None

    def perceive(
        self,
        items: Items,
        who: Indices,
        ids: NDArray[Any] | None = None,
        asked: NDArray[np.bool_] | None = None,
    ) -> Array:
        """Utility [n] of items for person `who` [m], n/m in turn; with response `ids` [n], through perception noise.

        Prompts have a situation if users `asked` them [m]; by default all.
        """
        assert self.cohort is not None
        each = len(items) // max(1, len(who))
        features = perceived(self, items, np.repeat(who, each) if each > 1 else who, ids)
        vector, situation = self.cohort.vector.take(who, axis=0), self.situation(items.prompt[:: max(1, each)])
        if situation is not None:
            vector = vector + (situation if asked is None else situation * asked[:, None])
        return self.weighing.utilities(features, vector)

    def individual_utilities(self, panel: Panel, people: Indices) -> Array:
        """Utility [n, people] of each panel item for each of these people, without a draw; asked once per panel."""
        if self._panel is not panel:
            self._panel, self._columns = panel, {}
        delegate = self.delegation.of(people) if self.delegation else np.zeros(len(people), dtype=bool)
        for person, asks in zip(people.tolist(), delegate.tolist(), strict=True):
            if person not in self._columns:
                alone = np.full(len(panel.items), person)
                machine = self.delegation if asks else None
                each = machine.utility(panel) if machine else self.perceive(panel.items, alone)
                self._columns[person] = self.weighing.as_measured(panel, each)
        return np.stack([self._columns[person] for person in people.tolist()], axis=1)

    def representatives(self, *, former: bool = False) -> Indices:
        """Those who stand for the pool: all who are employed (or ever were), or PANEL_RATERS of very many."""
        assert self.cohort is not None
        people = np.flatnonzero(~self.life.rejected if former else self.cohort.employed)
        if len(people) <= PANEL_RATERS:
            return people
        lot = hashes(self.context.rng.key(self.name, "representatives"), people)
        return np.sort(people[np.argsort(lot, kind="stable")[:PANEL_RATERS]])

    def utility(self, panel: Panel) -> Array:
        """The mean of the employed people's standardized utilities (or ranks) as perceived."""
        people = self.representatives()
        if not len(people):
            return np.zeros(len(panel.items))
        each = panel.centred(self.individual_utilities(panel, people))
        spread = each.std(axis=0)
        return np.asarray((each / np.where(spread > 0, spread, 1)).mean(axis=1))

    def redrawn(self, panel: Panel, key: int) -> Array | None:
        """As it would be, had other people been hired: as many, from the same population, told the same.

        What has happened to those who are here since is not repeated: if dismissals select, strangers agree less with
        the guideline, and the waterfall finds a negative bias.
        """
        numbers = np.arange(len(self.representatives()))
        if not len(numbers):
            return None
        strangers, streams = copy(self), Streams(key)
        strangers.cohort = population.drawn(self, numbers, streams)
        strangers.cohort.ended[:] = np.nan
        keys = [streams.key(self.name, "beliefs", n) for n in numbers.tolist()]
        names, known = self.labels_of(numbers).tolist(), strangers.cohort.knowledge.tolist()
        strangers.observers = self.context.game.observers(names, keys, known)
        strangers._panel, strangers._columns = None, {}
        return strangers.utility(panel)

    # ---- what they say ------------------------------------------------------------------------------------------

    def start(self) -> Steps:
        """Hire the first people, and set their noise once; where there is a test, those who fail it are replaced."""
        first = self.recruit if self.spec.screening is None else self.admit
        first(self.spec.count)
        if model := self.context.hierarchy.model_below(self.name):
            yield from calibrate(self, self.context.party(model, LanguageModel))
        yield from hiring.screen(self)
        reconsider(self)
        if self.spec.quits is not None:
            self.context.start(leaving.days(self))

    def ask_policy(self, call: Callable[[], T], setting: str = "") -> T:
        """What the rater policy answers. Its own errors name it; invalid settings are led back to the scenario file."""
        try:
            return call()
        except InvalidInput as error:
            place = ("parties", self.name, "policy", *([setting] if setting else []))
            raise InvalidInput(self.context.scenario.problem(place, str(error))) from error
        except Exception as error:
            raise PluginFailed.raised(f"rater policy {self.policy.name!r}", error) from error

    def labels(
        self,
        items: Items,
        who: Indices,
        seen: NDArray[Any],
        lot: NDArray[Any],
        key: int,
        asked: NDArray[np.bool_] | None = None,
        seconds: Array | None = None,
        said: NDArray[np.int64] | None = None,
        begun: Indices | None = None,
        draws: Array | None = None,
    ) -> tuple[NDArray[np.int64], Array]:
        """What person who[i] says of the K responses of ranking i: labels and perceived differences [n, pairs].

        `items` holds K responses a ranking; `seen` [n·K] keys how each response is perceived, `lot` [n] and `key`
        the noise of choice; `asked` [n] says which prompts are users' own, `seconds` [n] how long each took, `said`
        [n, pairs] the labels these people were shown, `begun` [R] how many rankings everybody has made of those of this
        shift that were asked for in earlier calls, `draws` the draws of their choice if they are at hand. Those who
        take no care toss a coin; those who delegate say what their machine says.
        """
        n = len(who)
        k = len(items) // n
        utilities = self.perceive(items, who, seen, asked).reshape(n, k)
        left, right = sides(k)
        draws = draws_of_choice(key, who, lot, k) if draws is None else draws
        noise = None if seconds is None else self.life.noise(who, seconds)
        felt = utilities[:, left] - utilities[:, right]
        asks = self.delegates(who)
        if self.delegation and asks.any():
            felt[asks] = self.delegation.differences(items[np.repeat(asks, k)], k)
        sight, label = Sight(self, items, who, seen, begun), np.zeros((n, len(left)), dtype=np.int64)
        for rows, earlier in turns_of(self, label, lot, who, key, said):
            scene = sight.scene(rows, earlier)
            part = self.choose(utilities[rows], who[rows], draws[rows], None if noise is None else noise[rows], scene)
            self.life.toss(part, who[rows], lot[rows], key, k)
            if self.delegation and asks[rows].any():
                part[asks[rows]] = self.delegation.labels(felt[rows][asks[rows]])
            label[rows] = part
        return label, felt

    def delegates(self, who: Indices) -> NDArray[np.bool_]:
        """Which of these people [n] let a machine answer for them now."""
        return self.delegation.of(who) if self.delegation else np.zeros(len(who), dtype=bool)

    def sources(self, who: Indices, own: str) -> pa.DictionaryArray:
        """Who or what says what these people say [n]: `own`, or the machine they let answer."""
        return coded(self.delegates(who), [own, self.spec.delegation.to if self.spec.delegation else ""])

    def choose(
        self, utilities: Array, who: Indices, draws: Array, noise: Array | None = None, scene: Scene | None = None
    ) -> NDArray[np.int64]:
        """The labels the policy chooses [n, pairs], if they are labels; `noise` [n] multiplies everybody's own."""
        assert self.cohort is not None
        cohort = self.cohort.looked_up(who)
        if noise is not None:
            cohort.noise = cohort.noise * noise
        seen = shown(self.policy.choose, scene_of(self) if scene is None else scene)
        found = self.ask_policy(lambda: self.policy.choose(utilities, cohort, draws, **seen))
        wanted = (len(who), draws.shape[1] - utilities.shape[1])
        if wrong := not_labels(found, wanted):
            what = f"must give labels 1, 2 or 0 of shape {wanted}; it gave {wrong}"
            raise PluginFailed.returned(self.policy, what, "choose", "probabilities")
        label = np.asarray(found)
        return label.astype(np.int64, copy=False)

    def durations(self, who: Indices, lot: NDArray[Any], comparisons: int) -> Array:
        """Seconds [n] for rankings of `comparisons` comparisons each: at one's pace, log-normally more or less."""
        assert self.cohort is not None
        seconds = normals(self.context.rng.key(self.name, "pace"), who, lot)
        seconds *= self.spec.seconds_spread
        np.exp(seconds, out=seconds)
        seconds *= self.cohort.seconds.take(who)
        seconds *= comparisons
        seconds = self.life.seconds(who, lot, seconds)
        if self.spec.delegation:
            seconds = np.where(self.delegates(who), self.spec.delegation.time * seconds, seconds)
        return np.asarray(seconds)

    def clock_off(self, who: Indices, made: Rankings, *, elapsed: bool) -> None:
        """Count work that has just been written down; its hours are over (`elapsed`), or still lie ahead."""
        seconds = made.seconds
        assert self.cohort is not None
        self.cohort.tasks += np.bincount(who, minlength=len(self.cohort))
        np.add.at(self.cohort.hours, who, seconds / 3600)
        np.add.at(self.cohort.unpaid, who, seconds / 3600)
        self.life.worked(who, made, elapsed)

    # ---- what becomes of it -------------------------------------------------------------------------------------

    def subjects(self, made: Rankings) -> tuple[list[str], NDArray[np.int64]]:
        """Who is judged by their work: the names of those who made it, and for each ranking which of them."""
        people, place = np.unique(made.worker, return_inverse=True)
        return self.labels_of(people).tolist(), place

    def on_judged(self, judgement: Judgement) -> None:
        """Keep everyone's record: how many pairs were audited, and how many agreed with whoever did."""
        assert self.cohort is not None
        record = self.record(judgement.principal)
        rows = np.array([int(name.rpartition(":")[2]) for name in judgement.scores], dtype=np.int64)
        sample = np.array([judgement.samples[name] for name in judgement.scores], dtype=float)
        agreed = sample * np.array(list(judgement.scores.values()))
        for kept in (self.cohort, record):
            kept.audited[rows] += sample
            kept.agreed[rows] += agreed
        if judgement.answers is not None:
            record.answers.append(self.life.heard(rows[judgement.answers.who], judgement.answers.right))
        reconsider(self)

    # ---- what is planned ----------------------------------------------------------------------------------------

    @property
    def seconds_a_pair(self) -> float:
        """Time for one compared pair, in seconds."""
        return self.spec.seconds

    def planned_pairs(self, days: float) -> float:
        """Pairs that the whole pool is to compare in so many days; if there is no plan, as many as it can."""
        return self.places * self.spec.hours * days * 3600 / self.seconds_a_pair
