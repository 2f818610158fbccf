"""Raters: people paid by the hour to rank responses. A pool is a cohort of arrays, not of objects.

One SimPy event per cohort and shift, numpy inside; a rater still has an identity (the number) from hiring to
the label the reward model learned from. Every draw is keyed by rater and task, so that one rater more or less
leaves the others' draws as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from simpy import Event

from simlab.components import Array, RaterPolicy
from simlab.errors import InvalidInput, PluginFailed
from simlab.parties.cohort import Cohort
from simlab.parties.rankings import Rankings, Tasks, preferred, sides
from simlab.relation import Judgement, Party, Relation, Standard, Steps, Work, at, day_of
from simlab.streams import branch, hashes, normals, uniforms
from simlab.worlds.game import Indices, Items

if TYPE_CHECKING:
    from simlab.measures.alignment import Panel
    from simlab.parties.reward_model import RewardModel
    from simlab.scenario import RatersSpec
    from simlab.simulation import Simulation

T = TypeVar("T")
MORNING = 0.375  # of a day: shifts begin at nine
PANEL_RATERS = 256  # a larger pool is represented by this many in its utility; its mean no longer moves
CALIBRATION_PROMPTS = 512
CALIBRATION_IDS = 1 << 40  # numbers of the responses used for that, beyond those of any task


class Raters(Party):
    """A pool of raters: judges of a reward model by their rankings, judged in turn by how they rank."""

    work_order = 1

    def __init__(self, simulation: Simulation, name: str, spec: RatersSpec) -> None:
        super().__init__(simulation, name)
        self.spec = spec
        self.policy: RaterPolicy = spec.policy
        self.cohort: Cohort | None = None
        self.observers: list[Any] = []
        self.unseen: dict[str, list[Rankings]] = {}  # rankings made since each principal last looked
        self.fresh: dict[str, list[Rankings]] = {}  # rankings not yet learned from, by reward model
        self.tasks = 0
        self._panel: Panel | None = None
        self._columns: dict[int, Array] = {}  # utilities of single raters on that panel

    # ---- who they are -------------------------------------------------------------------------------------------

    def standard(self) -> Standard:
        """The guideline that reached them; raters who answer to nobody go by their own values."""
        above = self.simulation.principals_with_standard(self.name)
        if above:
            return above[0].standard()
        own = self.simulation.game.value(self.spec.values)
        return Standard(self.name, 1, own, own, float(np.linalg.norm(own)))

    def labels_of(self, numbers: NDArray[np.int64]) -> NDArray[Any]:
        """How tables call these raters: `pool:17`."""
        distinct, place = np.unique(numbers, return_inverse=True)
        return np.array([f"{self.name}:{n}" for n in distinct.tolist()], dtype=object)[place]

    def recruit(self, count: int) -> list[int]:
        """Hire `count` new people from the same population; returns their numbers."""
        first = 0 if self.cohort is None else len(self.cohort)
        people = self._people(np.arange(first, first + count))
        self.cohort = people if self.cohort is None else self.cohort.joined(people)
        names = self.labels_of(people.number).tolist()
        keys = [self.simulation.streams.key(self.name, "beliefs", n) for n in people.number.tolist()]
        self.observers += self.simulation.game.observers(names, keys, people.knowledge.tolist())
        self.simulation.chronicle.spells(self, people)
        return [int(n) for n in people.number]

    def dismiss(self, number: int, reason: str) -> None:
        """End a rater's employment today."""
        assert self.cohort is not None
        self.cohort.ended[number] = self.simulation.now
        self.simulation.chronicle.spells(self, self.cohort[[number]], reason)

    def _people(self, numbers: NDArray[np.int64]) -> Cohort:
        """New people as their numbers make them: the guideline as each understands it, blended with own values."""
        spec, streams = self.spec, self.simulation.streams
        standard = self.standard()
        misread = self.simulation.deviations(streams.key(self.name, "misreading"), numbers)
        tastes = self.simulation.deviations(streams.key(self.name, "tastes"), numbers)
        understood = standard.vector + spec.misreading * standard.unit * misread
        own = self.simulation.game.value(spec.values) + spec.values_spread * standard.unit * tastes
        keen = normals(streams.key(self.name, "skill"), numbers[:, None], self.simulation.game.dimension_keys[None, :])

        def personal(purpose: str) -> Array:
            return normals(streams.key(self.name, purpose), numbers)

        zeros = np.zeros(len(numbers))
        return Cohort(
            number=numbers,
            vector=spec.compliance * understood + (1 - spec.compliance) * own,
            skill=np.clip(spec.skill + spec.skill_spread * keen, 0, 1),
            knowledge=np.clip(spec.knowledge + spec.knowledge_spread * personal("knowledge"), 0, 1),
            noise=np.exp(spec.temperature_spread * personal("noise")),
            seconds=spec.seconds * np.exp(spec.seconds_spread * personal("seconds")),
            hired=np.full(len(numbers), self.simulation.now),
            ended=np.full(len(numbers), np.nan),
            tasks=np.zeros(len(numbers), dtype=np.int64),
            audited=zeros.copy(),
            agreed=zeros.copy(),
            warnings=np.zeros(len(numbers), dtype=np.int64),
            hours=zeros.copy(),
            unpaid=zeros.copy(),
        )

    # ---- what they see ------------------------------------------------------------------------------------------

    def perceive(self, items: Items, who: Indices, ids: NDArray[np.int64] | None = None) -> Array:
        """Utility [n] of item i for rater `who[i]`; with response `ids` [n], as seen through perception noise.

        Unskilled eyes blur: ŝ = mid + skill·(s − mid) + (1 − skill)·difficulty·z, with z drawn per rater,
        response and dimension.
        """
        assert self.cohort is not None
        game = self.simulation.game
        features = game.perceived(items, self.observers, who)
        skill = self.cohort.skill[who]
        if np.any(skill < 1):
            features = game.midpoint + skill * (features - game.midpoint)
            if ids is not None:
                key = self.simulation.streams.key(self.name, "perception")
                z = normals(key, who[:, None], ids[:, None], game.dimension_keys[None, :])
                features = features + (1 - skill) * game.difficulty * z
        return np.asarray(np.einsum("nd,nd->n", features, self.cohort.vector[who]))

    def individual_utilities(self, panel: Panel, raters: Indices) -> Array:
        """Utility [n, raters] of each panel item for each of these raters, without a draw; asked once per panel."""
        if self._panel is not panel:
            self._panel, self._columns = panel, {}
        for rater in raters.tolist():
            if rater not in self._columns:
                self._columns[rater] = self.perceive(panel.items, np.full(len(panel.items), rater))
        return np.stack([self._columns[rater] for rater in raters.tolist()], axis=1)

    def representatives(self, *, former: bool = False) -> Indices:
        """The raters that stand for the pool: all who are employed (or ever were), or PANEL_RATERS of very many."""
        assert self.cohort is not None
        people = np.arange(len(self.cohort)) if former else np.flatnonzero(self.cohort.employed)
        if len(people) <= PANEL_RATERS:
            return people
        lot = hashes(self.simulation.streams.key(self.name, "representatives"), people)
        return np.sort(people[np.argsort(lot, kind="stable")[:PANEL_RATERS]])

    def utility(self, panel: Panel) -> Array:
        """The mean of the employed raters' standardized utilities as perceived."""
        raters = self.representatives()
        if not len(raters):
            return np.zeros(len(panel.items))
        each = panel.centred(self.individual_utilities(panel, raters))
        spread = each.std(axis=0)
        return np.asarray((each / np.where(spread > 0, spread, 1)).mean(axis=1))

    # ---- what they do -------------------------------------------------------------------------------------------

    def start(self) -> Steps:
        """Hire the first raters, set their noise once, and put them to work for every reward model they judge."""
        self.recruit(self.spec.count)
        for relation in self.simulation.relations_of(principal=self.name):
            yield from self._calibrate(relation)
            self.simulation.start(self._labour(relation))

    def _calibrate(self, relation: Relation) -> Steps:
        """Noise for the target agreement, on pairs of the pretrained model's responses; frozen afterwards."""
        assert self.cohort is not None
        key = self.simulation.streams.key(self.name, "calibration")
        prompts = self.simulation.game.draw_prompts(branch(key, "prompts"), CALIBRATION_PROMPTS, compared=True)
        model = self.simulation.judged_by(relation.agent)
        items = yield from model.respond(np.repeat(prompts, 2), key)
        ids = CALIBRATION_IDS + np.arange(len(items))  # seen through each rater's perception noise, as at work
        raters = self.representatives()[:64]
        utilities = np.stack([self.perceive(items, np.full(len(items), r), ids) for r in raters.tolist()], axis=1)
        pairs = utilities.reshape(CALIBRATION_PROMPTS, 2, len(raters))
        differences = (pairs[:, 0] - pairs[:, 1]) / self.cohort.noise[raters]  # so that one τ fits all
        self.policy = self._plugin(lambda: self.policy.calibrated(differences), "agreement")

    def _plugin(self, call: Callable[[], T], setting: str = "") -> T:
        """What the rater policy answers. Its own errors name it; invalid settings are led back to the scenario file."""
        try:
            return call()
        except InvalidInput as error:
            place = ("parties", self.name, "policy", *([setting] if setting else []))
            raise InvalidInput(self.simulation.scenario.problem(place, str(error))) from error
        except Exception as error:
            raise PluginFailed.raised(f"rater policy {self.policy.name!r}", error) from error

    def _labour(self, relation: Relation) -> Steps:
        """Shift after shift: in the morning of a new window fresh responses come in, and are ranked day by day."""
        shift = min(1.0, relation.every)
        shifts = int(relation.every / shift)
        window = 0
        while (opens := day_of(window, relation.every)) + MORNING * shift <= self.simulation.days:
            yield from at(self.simulation.env, opens + MORNING * shift)
            tasks = yield from self._commission(relation, window)
            for day in range(shifts):
                if (begins := opens + (day + MORNING) * shift) > self.simulation.days:
                    return
                yield from at(self.simulation.env, begins)
                late = self.simulation.now > opens + (day + 1) * shift  # the model was busy: that shift is lost
                if self.simulation.now <= self.simulation.days and not late:
                    self._work_shift(relation, tasks, day, shifts, self.spec.hours * shift)
            window += 1

    def _commission(self, relation: Relation, window: int) -> Generator[Event, Any, Tasks]:
        """This window's tasks: prompts, K responses to each from the model as it is, and who is asked to rank them."""
        k = self.spec.ranking
        pairs = k * (k - 1) // 2
        count = max(1, round(self._wanted(relation) / pairs))
        key = self.simulation.streams.key(self.name, "tasks", relation.agent.name, window)
        game = self.simulation.game
        prompts = game.draw_prompts(branch(key, "prompts"), count, compared=True)
        model = self.simulation.judged_by(relation.agent)
        items = yield from model.respond(np.repeat(prompts, k), key)
        fit = game.comparable(items).reshape(count, k).all(axis=1)  # a response may stray to a held-out fact
        items, count = items[np.repeat(fit, k)], int(fit.sum())
        number = self.tasks + np.arange(count)
        self.tasks += count
        self.simulation.chronicle.candidates(model, number, items, k)
        lot = uniforms(self.simulation.streams.key(self.name, "held out"), number)
        return Tasks(number, items, lot < self.spec.held_out, np.zeros(count, dtype=bool))

    def _wanted(self, relation: Relation) -> float:
        """Pairs per window: a number as given, a share as that share of the pool's working time."""
        if isinstance(relation.sample, int):
            return relation.sample
        seconds = self.spec.count * self.spec.hours * 3600 * relation.every
        pairs_a_comparison = self.spec.ranking / 2  # K − 1 comparisons rank K responses, which makes K(K−1)/2 pairs
        return relation.sample * seconds / self.spec.seconds * pairs_a_comparison / self.spec.overlap

    def _work_shift(self, relation: Relation, tasks: Tasks, day: int, shifts: int, hours: float) -> None:
        """Rank today's share of the tasks, and what was left over; who runs out of hours leaves the rest."""
        assert self.cohort is not None
        if not np.any(self.cohort.employed):
            return
        due = int(np.ceil(len(tasks.number) * (day + 1) / shifts))
        rows = np.flatnonzero(~tasks.done[:due])
        if not len(rows):
            return
        task, who = self._assign(tasks.number[rows], rows)
        seconds = self._durations(tasks.number[task], who)
        fits = _within_hours(who, seconds, hours * 3600)
        finished = np.zeros(len(tasks.number), dtype=bool)
        finished[rows] = True
        finished[task[~fits]] = False  # a task is done when all its raters were
        kept = fits & finished[task]
        tasks.done |= finished
        if np.any(kept):
            self._rank(relation, tasks, task[kept], who[kept], seconds[kept])

    def _assign(self, numbers: NDArray[np.int64], rows: Indices) -> tuple[Indices, Indices]:
        """(task row, rater) for `overlap` raters a task, by highest random weight (Thaler & Ravishankar 1998).

        A new rater then only takes tasks over; nobody else's assignment changes.
        """
        assert self.cohort is not None
        employed = np.flatnonzero(self.cohort.employed)
        overlap = min(self.spec.overlap, len(employed))
        key = self.simulation.streams.key(self.name, "assignment")
        chosen = []
        step = max(1, 20_000_000 // len(employed))
        for start in range(0, len(numbers), step):
            weight = hashes(key, numbers[start : start + step, None], employed[None, :])
            if overlap == 1:
                chosen.append(employed[weight.argmax(axis=1)][:, None])
            else:
                chosen.append(employed[np.argsort(weight, axis=1, kind="stable")[:, ::-1][:, :overlap]])
        return np.repeat(rows, overlap), np.concatenate(chosen).ravel()

    def _durations(self, numbers: NDArray[np.int64], who: Indices) -> Array:
        """Seconds for each ranking: K − 1 comparisons at the rater's pace, log-normally more or less."""
        assert self.cohort is not None
        z = normals(self.simulation.streams.key(self.name, "pace"), who, numbers)
        return self.cohort.seconds[who] * np.exp(self.spec.seconds_spread * z) * (self.spec.ranking - 1)

    def _rank(self, relation: Relation, tasks: Tasks, task: Indices, who: Indices, seconds: Array) -> None:
        """Let rater who[i] rank the responses of task[i], and keep the result for those above and below."""
        assert self.cohort is not None
        k, n = self.spec.ranking, len(task)
        places = np.arange(k)[None, :]
        items = tasks.items[(task[:, None] * k + places).ravel()]
        number = tasks.number[task]
        utilities = self.perceive(items, np.repeat(who, k), (number[:, None] * k + places).ravel()).reshape(n, k)
        left, right = sides(k)
        key = self.simulation.streams.key(self.name, "labels")
        draws = uniforms(key, who[:, None], number[:, None], np.arange(k + len(left))[None, :])
        standard = self.standard()
        truly = (self.simulation.game.features(items) @ standard.vector).reshape(n, k)
        made = Rankings(
            task=number,
            worker=who,
            prompt=items.prompt[::k],
            response=items.response.reshape(n, k, -1),
            label=self._choose(utilities, who, draws),
            gold=preferred(truly[:, left] - truly[:, right]),
            perceived=utilities[:, left] - utilities[:, right],
            held_out=tasks.held_out[task],
            seconds=seconds,
        )
        np.add.at(self.cohort.tasks, who, 1)
        np.add.at(self.cohort.hours, who, seconds / 3600)
        np.add.at(self.cohort.unpaid, who, seconds / 3600)
        self.simulation.chronicle.rankings(self, relation.agent.name, made, standard.version)
        for above in self.simulation.hierarchy.principals(self.name):
            self.unseen.setdefault(above, []).append(made)
        self.fresh.setdefault(relation.agent.name, []).append(made)

    def _choose(self, utilities: Array, who: Indices, draws: Array) -> NDArray[np.int64]:
        """The labels the policy chooses [n, pairs], if they are labels."""
        assert self.cohort is not None
        cohort = self.cohort[who]
        label = np.asarray(self._plugin(lambda: self.policy.choose(utilities, cohort, draws)))
        wanted = (len(who), draws.shape[1] - utilities.shape[1])
        if label.shape != wanted or not np.isin(label, (0, 1, 2)).all():
            what = f"rater policy {self.policy.name!r} must give labels 1, 2 or 0 of shape {wanted}"
            raise PluginFailed(f"{what}; it gave {label.dtype} of shape {label.shape}")
        return label.astype(np.int64)

    # ---- what is seen of it -------------------------------------------------------------------------------------

    def work(self, relation: Relation) -> Generator[Event, Any, Work]:
        """The rankings made since this principal last looked."""
        yield from ()
        parts = self.unseen.pop(relation.principal.name, [])
        if not parts:
            return Work(self.name)
        made = Rankings.together(parts)
        return Work(self.name, made, made.label.size)

    def heard(self, judgement: Judgement) -> None:
        """Keep the record of every rater: how many rankings were audited, and how many agreed with gold."""
        assert self.cohort is not None
        for name, score in judgement.scores.items():
            row = int(name.rpartition(":")[2])
            self.cohort.audited[row] += judgement.samples[name]
            self.cohort.agreed[row] += score * judgement.samples[name]

    def judge(self, relation: Relation, work: Work) -> Generator[Event, Any, Judgement]:
        """Rankings are the judgement: how often the reward model's ordering agrees with them, before it learns."""
        machine: RewardModel = work.items
        parts = self.fresh.pop(machine.name, [])
        if not parts:
            return Judgement(agent=machine.name, principal=self.name, order=relation.order)
        rankings = Rankings.together(parts)
        ordering = yield from machine.ordering(rankings)
        decided = rankings.label != 0
        agreed = np.where(ordering == 0, 0.5, ordering == rankings.label)[decided]
        share = float(agreed.mean()) if len(agreed) else float("nan")
        return Judgement(
            agent=machine.name,
            items=rankings,
            size=rankings.label.size,
            principal=self.name,
            order=relation.order,
            scores={machine.name: share},
            samples={machine.name: int(decided.sum())},
        )


def _within_hours(who: Indices, seconds: Array, limit: float) -> NDArray[np.bool_]:
    """Which tasks fit when each rater works down their own list until `limit` seconds are used up."""
    order = np.argsort(who, kind="stable")
    running = np.cumsum(seconds[order])
    starts = np.flatnonzero(np.r_[True, np.diff(who[order]) != 0])
    before = np.repeat(np.r_[0.0, running[starts[1:] - 1]], np.diff(np.r_[starts, len(who)]))
    fits = np.empty(len(who), dtype=bool)
    fits[order] = running - before <= limit
    return fits
