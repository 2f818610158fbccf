"""Work to look at, drawn from people of known accuracy; and small runs whose raters are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.components.look import UNSAID, DeliveredWork, Look
from simlab.plugins.registry import discover
from simlab.rng import Streams, uniforms
from tests.small_world import AUDIT, LEARN, Played, play

PLUGINS = discover(local=False)
COIN, LEFT = "coin", "left"  # who marks by coin toss, and who always marks the left


def look(name: str, **parameters: Any) -> Look:
    """A shipped look."""
    found = PLUGINS.get("look", name)(**parameters)
    assert isinstance(found, Look)
    return found


@dataclass(frozen=True)
class Society:
    """People who all rank the same pairs; the left is better with chance `left`. An accuracy, or COIN, or LEFT."""

    people: Sequence[float | str]
    tasks: int
    left: float = 0.5
    seed: int = 0

    def draw(self, *names: str | int) -> Array:
        """A uniform draw for each task and person [N], by name."""
        task, who = self.task_and_who()
        return uniforms(Streams(self.seed).key("looks", *names), task, who)

    def task_and_who(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Task and person of each of the N labels."""
        task, who = np.meshgrid(np.arange(self.tasks), np.arange(len(self.people)), indexing="ij")
        return task.ravel(), who.ravel()

    @property
    def better(self) -> NDArray[np.int64]:
        """The right label of each [N]."""
        task, _ = self.task_and_who()
        return np.where(uniforms(Streams(self.seed).key("better"), task) < self.left, 1, 2)

    def by(self, accuracy: float, name: str) -> NDArray[np.int64]:
        """Labels [N] by somebody who is right so often, independently each time."""
        return np.where(self.draw(name) < accuracy, self.better, 3 - self.better)

    def said(self, name: str = "said") -> NDArray[np.int64]:
        """What everybody says [N]."""
        _, who = self.task_and_who()
        said = np.ones(len(who), dtype=np.int64)
        for number, what in enumerate(self.people):
            if what != LEFT:
                mine = self.by(0.5 if what == COIN else float(what), f"{name} {number}")
                said[who == number] = mine[who == number]
        return said

    def work(self, **columns: Any) -> DeliveredWork:
        """All of it looked at, with these columns known."""
        task, who = self.task_and_who()
        n = len(task)
        known: dict[str, Any] = {
            "pair": task,
            "who": who,
            "label": self.said(),
            "rows": np.arange(n),
            "difference": np.where(self.better == 1, 1.0, -1.0),
            "opinion": np.full((n, 9), UNSAID),
            "again": np.full(n, UNSAID),
            "machine": np.full(n, np.nan),
            "lot": uniforms(Streams(self.seed).key("lot"), task),
        }
        return DeliveredWork(**{**known, **columns})


def of(work: DeliveredWork, scores: Array, person: int) -> Array:
    """One person's scores."""
    return scores[work.who[work.rows] == person]


def near(found: Array, expected: float, errors: float = 4.0) -> bool:
    """Whether the mean of independent numbers is within so many of its standard errors of what is expected."""
    found = found[~np.isnan(found)]
    return bool(abs(found.mean() - expected) <= errors * max(found.std(), 1e-12) / np.sqrt(len(found)) + 1e-12)


EFFORT = '''"""Everybody takes the same share of care."""
import numpy as np
import simlab


class Slack(simlab.Effort):
    """Care as it is set, times a share by each one's own cost of care."""

    name = "slack"
    care: float = 0.5

    def choose(self, situation):
        return self.care / np.maximum(1.0, situation.cost)
'''


def looked_at(
    folder: Path, kind: Any, changes: dict[str, Any] | None = None, *, seed: int = 0, measured: bool = False
) -> Played:
    """A run in which acme looks so at twelve raters, three of whom rank each pair, wrong one time in five."""
    said: dict[str, Any] = {
        "days": 5, "parties.pool.count": 12, "parties.pool.overlap": 3, f"{LEARN}.sample": 400,
        f"{AUDIT}.sample": 0.3, f"{AUDIT}.look": kind,
    }  # fmt: skip
    return play(folder, {**said, **(changes or {})}, seed=seed, measured=measured)


def scores(run: Played) -> tuple[float, float, int]:
    """The mean score of a piece of raters' work that acme looked at, a bound of its standard error, and the pieces."""
    judged = run.judgements[run.judgements.order == 2]
    pieces = int(judged["sample"].sum())
    mean = float((judged.score * judged["sample"]).sum() / pieces)
    return mean, 0.5 / np.sqrt(pieces), pieces


def hours(run: Played, kind: str) -> float:
    """Hours of this kind of labor that acme's looks took."""
    labor = run.labor
    return float(labor[(labor.party == "acme") & (labor.kind == kind)].hours.sum())
