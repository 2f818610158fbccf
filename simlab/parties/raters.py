"""Raters: people paid by the hour to rank responses, and so to judge a reward model.

They are judged in turn by how they rank: by whoever employs them, and by auditors (`parties/auditors.py`).
"""

from __future__ import annotations

from collections.abc import Generator
from copy import copy
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from simpy import Event

from simlab.arrays import Array, Indices
from simlab.clock import Steps, at, day_of
from simlab.engine.holdout import prompts_held_out, share_held_out
from simlab.engine.queues import Backlog
from simlab.errors import InvalidInput
from simlab.machines import candidates
from simlab.machines.language_backend import LanguageBackend
from simlab.machines.machine import judged_model
from simlab.parallel import prefetch, side_by_side, write_behind
from simlab.parties.corporation import Corporation
from simlab.parties.pool import Pool
from simlab.parties.users import Users
from simlab.parties.vendor import contract_share
from simlab.people import table_rows, working_life
from simlab.people.assignment import assigned
from simlab.people.mixed_candidates import Others, hand_in, mixed, others
from simlab.people.tasks import Tasks
from simlab.people.working_life import within_hours
from simlab.rankings import ASKED, Commission, Rankings, Shown, agreement, differences, draws_of_choice, preferred
from simlab.relation import Judgement, Relation, Work
from simlab.rng import branch, hashes, uniforms
from simlab.sheets import Unusable
from simlab.tables.recorder import coded
from simlab.worlds.text import TextGame
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.parties.language_model import LanguageModel
    from simlab.parties.reward_model import RewardModel
    from simlab.scenario import CandidatesSpec, RatersSpec

MORNING = 0.375  # of a day: shifts begin at nine
Question = tuple[Items, Indices, Array]
PIECE = 1 << 16  # rankings, or a little more, at a time in a large shift


def pieces(task: Indices) -> list[slice]:
    """A shift's rankings, which are in task order, in pieces of whole tasks that fit into a processor's cache: what
    people say, and how long it takes them, is drawn by person and task, so it does not matter who is asked at once."""
    if len(task) <= 2 * PIECE:
        return [slice(0, len(task))]
    cuts = np.unique(np.searchsorted(task, task[::PIECE]))  # where a task begins
    return [slice(start, end) for start, end in pairwise([*cuts.tolist(), len(task)])]


class Raters(Pool):
    """A pool of raters: judges of reward models by their rankings, judged in turn by how they rank."""

    def __init__(self, context: Context, name: str, spec: RatersSpec) -> None:
        super().__init__(context, name, spec)
        self.spec: RatersSpec = spec
        self.fresh: dict[str, list[Rankings]] = {}  # rankings not yet learned from, by reward model
        self.tasks = 0
        self.backlogs: dict[str, Backlog] = {}  # rankings asked for and not yet made, by reward model
        self.commissions: dict[str, list[Commission]] = {}  # what has been asked for and not yet judged, likewise
        self.kept: dict[str, NDArray[np.bool_]] = {}  # which prompts of the world are held out, likewise
        self.others = self._others(spec.candidates)  # responses that others have to prompts, if any are to be ranked
        self.speakers: list[tuple[int, LanguageBackend]] = []  # whose responses they ranked, from which task on

    def situation(self, prompts: Indices) -> Array | None:
        """What users want more or less of in the situation of each prompt [n, D], if these raters are shown it; as
        much as they comply, and in proportion to their guideline."""
        if not self.spec.context:
            return None
        above = (self.context.parties[name] for name in self.context.hierarchy.above(self.name))
        users = next((party for party in above if isinstance(party, Users)), None)
        return None if users is None else self.spec.compliance * self.standard().unit * users.situation(prompts)

    def start(self) -> Steps:
        """Hire the first raters, and put them to work for every reward model they judge."""
        yield from super().start()
        for relation in self.context.relations_of(principal=self.name):
            self.backlogs[relation.agent.name] = self.context.backlog(relation.name)
            self.context.start(self._labour(relation))

    def _labour(self, relation: Relation) -> Steps:
        """Shift after shift: in the morning of a new window fresh responses come in, and are ranked day by day."""
        shift = min(1.0, relation.every)
        shifts = int(relation.every / shift)
        window = 0
        while (opens := day_of(window, relation.every)) + MORNING * shift <= self.context.days:
            if not relation.on(day_of(window + 1, relation.every)):  # nobody will look at what would be done
                window += 1
                continue
            yield from at(self.context.env, opens + MORNING * shift)
            tasks = yield from self._commission(relation, window)
            for day in range(shifts):
                if (begins := opens + (day + MORNING) * shift) > self.context.days:
                    return
                yield from at(self.context.env, begins)
                late = self.context.now > opens + (day + 1) * shift  # the model was busy: that shift is lost
                if self.context.now <= self.context.days and not late:
                    self._work_shift(relation, tasks, day, shifts, self.spec.hours * shift)
            tasks.batch.leave(tasks.batch.left)  # what is left over is given up
            window += 1

    def _commission(self, relation: Relation, window: int) -> Generator[Event, None, Tasks]:
        """This window's tasks: prompts, K responses to each from the model as it is, and who is asked to rank them."""
        k, machine = self.spec.ranking, relation.agent.name
        wanted = self._wanted(relation)
        asked_for = max(1, round(wanted / (k * (k - 1) // 2)))
        key = self.context.rng.key(self.name, "tasks", machine, window)
        maker = self.context.hierarchy.maker_of(self.name)
        ask = self.context.party(maker, Corporation).prompts_for if maker else self._find_prompts
        model = judged_model(self.context, machine)
        found = yield from candidates.drawn(model, ask, asked_for, k, key, distinct=self.spec.distinct)
        items, asked, count = found.items, found.source == ASKED, len(found)
        closes = day_of(window + 1, relation.every)
        exact = round(wanted) if isinstance(relation.sample, int) else None
        commission = Commission(closes, k, self.spec.overlap, exact, asked_for, found)
        self.commissions.setdefault(machine, []).append(commission)
        local = self.tasks + np.arange(count)
        if not isinstance(self.context.game, TextGame):  # a network would be kept as often as it was asked
            self.speakers.append((self.tasks, copy(model.backend)))
        self.tasks += count
        number = self.context.first_task(self.name) + local
        authors: Any = coded(np.zeros(len(items), dtype=np.int64), [model.name])
        if self.others is not None and self.spec.candidates is not None and count:
            made = mixed(self, self.spec.candidates, self.others, items, k, local, key, model.name)
            items, authors = made.items, made.authors
            hand_in(self, machine, made)
        if count:
            candidates.write_candidates(model, number, items, k, asked, authors)
        batch = self.backlogs[machine].enter(count)
        shown = Shown(
            task=number,
            draw=self.task_draws(local),
            prompt=items.prompt[::k],
            response=items.response.reshape(count, k, items.response.shape[1]),
            ids=number[:, None] * k + np.arange(k)[None, :],
            held_out=self._held_out(machine, items.prompt[::k], local),
        )
        return Tasks(shown, local, np.zeros(count, dtype=bool), asked, batch)

    def _others(self, spec: CandidatesSpec | None) -> Others | None:
        """What others have to say to this pool's prompts. Raises InvalidInput for a table that is not of this world."""
        if spec is None or not isinstance(self.context.game, TextGame):
            return None
        try:
            return others(spec, self.context.game)
        except Unusable as error:
            assert spec.table is not None
            at = ("parties", self.name, "candidates")
            raise InvalidInput(
                self.context.scenario.problem(at, error.within(spec.table.path.name), error.fix)
            ) from None

    def with_other_responses(self, shown: Shown, rows: Indices, key: int) -> Shown:
        """What there would have been to rank of some tasks in a world of vectors, had the model, as it was then, said
        other things to the same prompts (which there are as good as any: a response has nothing of its prompt)."""
        local, k = shown.task[rows] - self.context.first_task(self.name), shown.options
        asked = np.searchsorted([first for first, _ in self.speakers], local, side="right") - 1
        said = []
        for number in np.unique(asked).tolist():
            part = np.flatnonzero(asked == number)
            places = (local[part, None] * k + np.arange(k)).ravel()
            items = self.speakers[number][1].sample(np.repeat(shown.prompt[rows[part]], k), key, places)
            said.append((part, items.response.reshape(len(part), k, -1)))
        if len(said) == 1:
            return shown.with_responses(rows, said[0][1])
        response = np.empty((len(rows), *shown.response.shape[1:]))
        for part, other in said:
            response[part] = other
        return shown.with_responses(rows, response)

    def task_draws(self, ranking_keys: NDArray[Any]) -> NDArray[Any]:
        return hashes(self.context.rng.key(self.name, "tasks"), ranking_keys)

    def _find_prompts(self, key: int, count: int) -> tuple[Indices, NDArray[Any]]:
        """Prompts to be compared [count], which raters of nobody find themselves and which are like users'."""
        prompts = self.context.game.draw_prompts(branch(key, "prompts"), count, compared=True)
        return prompts, np.full(count, ASKED)

    def _held_out(self, machine: str, prompts: Indices, local: Indices) -> NDArray[np.bool_]:
        """Which rankings are kept from a reward model [n]: in a world of words those of certain prompts, in a world of
        vectors, where each has its own, by lot."""
        if not isinstance(self.context.game, TextGame):
            return uniforms(self.context.rng.key(self.name, "held out"), local) < self.spec.held_out
        if machine not in self.kept:
            self.kept[machine] = prompts_held_out(self.context, share_held_out(self.context, machine))
        return self.kept[machine][prompts]

    def _wanted(self, relation: Relation) -> float:
        """Pairs per window: a number as given, a share as that share of the pool's working time; and of a vendor's
        pools more or less, as its share of the contract goes."""
        share = contract_share(self.context, self.name)
        if isinstance(relation.sample, int):
            return relation.sample * share
        seconds = self.spec.count * self.spec.hours * 3600 * relation.every
        pairs_a_comparison = self.spec.ranking / 2  # K − 1 comparisons rank K responses, which makes K(K−1)/2 pairs
        return relation.sample * share * seconds / self.spec.seconds * pairs_a_comparison / self.spec.overlap

    @property
    def seconds_a_pair(self) -> float:
        """Ranking K responses takes K − 1 comparisons, and makes K(K−1)/2 pairs."""
        return self.spec.seconds * 2 / self.spec.ranking

    def planned_pairs(self, days: float) -> float:
        """Pairs that all reward models together ask of the pool in so many days, each by `overlap` raters."""
        relations = self.context.relations_of(principal=self.name)
        return sum(self._wanted(r) / r.every for r in relations) * self.spec.overlap * days

    def _work_shift(self, relation: Relation, tasks: Tasks, day: int, shifts: int, hours: float) -> None:
        """Rank today's share of the tasks, and what was left over; who runs out of hours leaves the rest."""
        if not np.any(self.cohort.employed):
            return
        due = int(np.ceil(len(tasks) * (day + 1) / shifts))
        rows = np.flatnonzero(~tasks.done[:due])
        if not len(rows):
            return
        task, who = self._assign(tasks.local[rows], rows)
        comparisons = self.spec.ranking - 1
        seconds: Array = np.concatenate(
            side_by_side(lambda part: self.durations(who[part], tasks.local[task[part]], comparisons), pieces(task))
        )
        free = working_life.free_hours(self, hours)
        fits = within_hours(who, seconds, free[who] * 3600 if isinstance(free, np.ndarray) else free * 3600)
        finished = np.zeros(len(tasks), dtype=bool)
        finished[rows] = True
        finished[task[~fits]] = False  # a task is done when all its raters were
        kept = fits & finished[task]
        tasks.batch.leave(int(np.count_nonzero(finished & ~tasks.done)))
        tasks.done |= finished
        if kept.all():
            self._rank(relation, tasks, task, who, seconds)
        elif kept.any():
            self._rank(relation, tasks, task[kept], who[kept], seconds[kept])

    def _assign(self, numbers: Indices, rows: Indices) -> tuple[Indices, Indices]:
        """(task row, rater) for `overlap` different raters a task."""
        employed = self.cohort.employed
        overlap = min(self.spec.overlap, int(employed.sum()))
        chosen = assigned(self.context.rng.key(self.name, "assignment"), numbers, employed, overlap)
        return np.repeat(rows, overlap), chosen.ravel()

    def _rank(self, relation: Relation, tasks: Tasks, task: Indices, who: Indices, seconds: Array) -> None:
        """Let rater who[i] rank the responses of task[i], and keep the result for those above and below."""
        standard = self.context.guideline_for(self.name)
        if tasks.gold is None or not np.array_equal(tasks.gold[0], standard.vector):  # the same, shift after shift
            tasks.gold = standard.vector.copy(), self.gold_of(tasks.shown)
        gold = tasks.gold[1]
        made = Rankings(
            shown=tasks.shown,
            place=task,
            worker=who,
            label=np.empty((len(task), gold.shape[1]), dtype=np.int8),
            gold=gold.take(task, axis=0),
            perceived=np.empty((len(task), gold.shape[1])),
            seconds=seconds,
        )
        ranked_before = np.zeros(len(self.cohort), dtype=np.int64)
        parts = [slice(0, len(task))] if self.spec.fatigue else pieces(task)  # who tires must be asked in order
        about = relation.agent.name, standard.version
        questions = prefetch(lambda part: self._question(tasks, task[part], who[part]), parts)
        with write_behind(len(parts)) as later:
            for part, question in zip(parts, questions, strict=True):
                said = self._say(tasks, task[part], who[part], seconds[part], ranked_before, question)
                made.label[part], made.perceived[part] = said
                ranked_before += np.bincount(who[part], minlength=len(ranked_before))
                pay, source = table_rows.earned(self, made[part]), self.sources(who[part], "rater")
                later(table_rows.comparisons, self, *about, made[part], pay, source)
            self.clock_off(who, made, elapsed=False)
        table_rows.worked(self, made)
        self.deliver(made)
        self.fresh.setdefault(relation.agent.name, []).append(made)

    def gold_of(self, shown: Shown) -> NDArray[np.int8]:
        """What the guideline says of each pair of each task [T, pairs]."""
        truly = self.context.guideline_for(self.name).utilities(self.context.game.features(shown.items))
        return preferred(differences(truly.reshape(len(shown), shown.options))).astype(np.int8)

    def _question(self, tasks: Tasks, task: Indices, who: Indices) -> Question:
        """What rater who[i] has to rank for task[i], what keys how each response is seen, and the draws of the choice.

        Asks no plugin, and may so be called in a thread.
        """
        key, local, k = self.context.rng.key(self.name, "labels"), tasks.local[task], self.spec.ranking
        response_keys = np.empty((len(local), k), dtype=np.int64)
        for place in range(k):  # numpy is slow on rows of two or three
            response_keys[:, place] = local * k + place
        return tasks.shown.items_of(task), response_keys.ravel(), draws_of_choice(key, who, local, k)

    def _say(
        self, tasks: Tasks, task: Indices, who: Indices, seconds: Array, ranked_before: Indices, question: Question
    ) -> tuple[NDArray[np.int64], Array]:
        """What rater who[i] says of the responses of task[i] after so many seconds: labels, perceived differences."""
        key, by_users = self.context.rng.key(self.name, "labels"), tasks.asked[task]
        items, response_keys, draws = question
        return self.labels(
            items,
            who,
            response_keys,
            tasks.local[task],
            key,
            by_users,
            seconds,
            ranked_before=ranked_before,
            draws=draws,
        )

    def judge(self, relation: Relation, work: Work) -> Generator[Event, None, Judgement]:
        """Rankings are the judgement: how often the machine's ordering agrees with them, before it learns."""
        machine: RewardModel | LanguageModel = work.items
        parts, asked = self.fresh.pop(machine.name, []), self._commissioned(machine.name)
        if not parts:
            return Judgement(agent=machine.name, principal=self.name, order=relation.order, commissions=asked)
        rankings = Rankings.together(parts)
        ordering = yield from machine.ordering(rankings)
        decided = rankings.decided
        share = agreement(ordering, rankings.label, decided)
        return Judgement(
            agent=machine.name,
            items=rankings,
            size=rankings.label.size,
            principal=self.name,
            order=relation.order,
            scores={machine.name: share},
            samples={machine.name: int(decided.sum())},
            commissions=asked,
        )

    def _commissioned(self, machine: str) -> list[Commission]:
        """What was asked of the pool since it last looked at a reward model, as far as its time is over."""
        every = self.commissions.pop(machine, [])
        self.commissions[machine] = [one for one in every if one.closes > self.context.now]
        return [one for one in every if one.closes <= self.context.now]
