"""How well the people of each pool agree with one another, from the labels they made since the round before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simlab.analyzers.analyzer import Analyzer, RoundView
from simlab.clock import Steps
from simlab.measures.agreement import MOST_TASKS, interrater
from simlab.parties.pool import Pool
from simlab.rng import hashes

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.rankings import Rankings
    from simlab.relation import Party

MOST_LABELS = 40 * MOST_TASKS  # kept between two rounds
LAST = np.uint64(0xFFFFFFFFFFFFFFFF)


class AgreementAnalyzer(Analyzer):
    """Fills the table `agreement`, for pools in which several people judge the same pairs."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._said: dict[str, Said] = {}  # by pool, since its model's last round

    def ranked(self, party: Party, made: Rankings) -> None:
        if (
            getattr(self.context.scenario.parties[party.name], "overlap", 1) < 2
        ):  # no pair is judged by two, among auditors neither
            return
        self._said.setdefault(party.name, Said(self._key(party.name))).add(made)

    def measure(self, view: RoundView) -> Steps:
        yield from ()
        for pool in self.context.of_kind(Pool):
            if self.context.hierarchy.model_below(pool.name) == view.model.name and pool.name in self._said:
                self._record(view, pool, self._said.pop(pool.name))

    def _record(self, view: RoundView, pool: Pool, said: Said) -> None:
        rows = interrater(said.task, said.worker, said.label, key=self._key(pool.name, view.stamp["round"]))
        if not rows:
            return
        self.add(
            "agreement",
            view,
            principal=pool.name,
            order=pool.work_order,
            statistic=[row.statistic for row in rows],
            value=np.array([row.value for row in rows]),
            n=np.array([row.n for row in rows]),
            low=np.array([row.low for row in rows]),
            high=np.array([row.high for row in rows]),
        )

    def _key(self, *names: str | int) -> int:
        return self.context.rng.key("bootstrap", "agreement", *names)


class Said:
    """The labels of one pool in long form, as `interrater` wants them; of very many, MOST_LABELS at most, those of the
    tasks with the smallest lots. A task keeps its lot for good."""

    def __init__(self, key: int) -> None:
        self.key = key
        self.limit = LAST  # the last lot whose task is kept
        self.lot = np.zeros(0, dtype=np.uint64)
        self.task, self.worker, self.label = (np.zeros(0, dtype=np.int64) for _ in range(3))

    def add(self, made: Rankings) -> None:
        """Further labels; each is of a task of its own or of one that is known."""
        lot, asked = hashes(self.key, made.shown.task), np.bincount(made.place, minlength=len(made.shown))
        self.limit = min(self.limit, _limit(lot[asked > 0], made.pairs * asked[asked > 0]))
        made = made[np.flatnonzero((lot <= self.limit)[made.place])]
        self.lot = np.concatenate([self.lot, np.repeat(lot[made.place], made.pairs)])
        self.task = np.concatenate([self.task, made.pair_numbers.ravel()])
        self.worker = np.concatenate([self.worker, np.repeat(made.worker, made.pairs)])
        self.label = np.concatenate([self.label, made.label.ravel()])
        if len(self.lot) > MOST_LABELS:
            self.limit = _limit(*np.unique(self.lot, return_counts=True))
            kept = self.lot <= self.limit
            self.task, self.worker, self.label = self.task[kept], self.worker[kept], self.label[kept]
            self.lot = self.lot[kept]


def _limit(lot: NDArray[np.uint64], labels: NDArray[np.int64]) -> np.uint64:
    """The largest lot up to which tasks with these lots [T], of which there are so many labels [T], have no more than
    MOST_LABELS in all; at least the smallest."""
    order = np.argsort(lot, kind="stable")
    within = int(np.searchsorted(np.cumsum(labels[order]), MOST_LABELS, side="right"))
    return LAST if within == len(lot) else np.uint64(lot[order[max(0, within - 1)]])
