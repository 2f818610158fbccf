"""How well the people of each pool agree with one another, from the labels they made since the round before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simlab.measures.interrater import MOST_TASKS, interrater
from simlab.measures.rooms.room import Look, Room
from simlab.parties.people import People
from simlab.relation import Steps
from simlab.streams import hashes

if TYPE_CHECKING:
    from simlab.parties.rankings import Rankings
    from simlab.simulation import Simulation

Labels = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]  # task, worker, label
MOST_LABELS = 40 * MOST_TASKS  # kept between two rounds


class AgreementRoom(Room):
    """Fills the table `agreement`, for pools in which several people judge the same pairs."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__(simulation)
        self._said: dict[str, list[Labels]] = {}

    def heard(self, pool: People, made: Rankings) -> None:
        if getattr(pool.spec, "overlap", 1) < 2:  # no pair is judged by two, among auditors neither
            return
        labels = made.pair_numbers.ravel(), np.repeat(made.worker, made.pairs), made.label.ravel()
        said = self._said.setdefault(pool.name, [])
        said.append(labels)
        if sum(len(task) for task, _, _ in said) > MOST_LABELS:
            self._said[pool.name] = [_fewer(*_together(said), key=self._key(pool.name))]

    def look(self, look: Look) -> Steps:
        yield from ()
        for pool in self.simulation.of_kind(People):
            if self.simulation.model_below(pool.name) is look.model and self._said.get(pool.name):
                self._record(look, pool, *_together(self._said.pop(pool.name)))

    def _record(
        self, look: Look, pool: People, task: NDArray[np.int64], worker: NDArray[np.int64], label: NDArray[np.int64]
    ) -> None:
        rows = interrater(task, worker, label, key=self._key(pool.name, look.stamp["round"]))
        if not rows:
            return
        self.add(
            "agreement",
            look,
            principal=pool.name,
            order=pool.work_order,
            statistic=[row.statistic for row in rows],
            value=np.array([row.value for row in rows]),
            n=np.array([row.n for row in rows]),
            low=np.array([row.low for row in rows]),
            high=np.array([row.high for row in rows]),
        )

    def _key(self, *names: str | int) -> int:
        return self.simulation.streams.key("bootstrap", "agreement", *names)


def _together(said: list[Labels]) -> Labels:
    task, worker, label = (np.concatenate(column) for column in zip(*said, strict=True))
    return task, worker, label


def _fewer(task: NDArray[np.int64], worker: NDArray[np.int64], label: NDArray[np.int64], *, key: int) -> Labels:
    """The labels of half of the tasks, by a lot that a task keeps for good."""
    first = np.flatnonzero(np.r_[True, np.diff(task) != 0])  # most often, labels of a task stand together
    lot = hashes(key, task[first])
    kept = np.repeat(lot <= np.median(np.unique(lot)), np.diff(np.r_[first, len(task)]))
    return task[kept], worker[kept], label[kept]
