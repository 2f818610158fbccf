"""The raters of `many_raters.yaml` as a model in Mesa 3: every rater an agent, every comparison a row.

All variants deal out the same tasks, compare with the same noise, know gold, count time and pay, are audited, warned
and paid, and record all of it with simlab's columns. `steps` is the model of Mesa's tutorial: a step is a comparison by
every agent, and the `DataCollector` asks each for its variables. `rows` is quicker: a step is a day, and an agent adds
each pair to a table of the collector. `arrays` is the fastest that is still an agent's own step: it compares all its
pairs of the day with a few calls of numpy, and keeps the arrays. What else simlab does in that scenario Mesa is
spared: the reward model, the language model, and all measurements.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import mesa
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

GUIDELINE = np.array([1.0, 1.0, 1.0, 0.0])  # helpful, truthful, harmless; one axis of the world is nobody's
MISREADING, TEMPERATURE, SECONDS, SPREAD, WAGE, HELD_OUT = 0.5, 1.0, 30.0, 0.3, 21.0, 0.1
AUDITED, WARNED_BELOW = 0.01, 0.5
TABLES = {
    "comparisons": ["time", "task", "worker", "left", "right", "label", "held_out", "perceived", "gold", "duration",
                    "pay"],
    "employment": ["worker", "hired", "ended"],
    "judgements": ["time", "agent", "sample", "score"],
    "consequences": ["time", "kind", "agent", "amount"],
    "ledger": ["time", "account", "counterparty", "amount", "reason"],
}  # fmt: skip
COLLECTED: dict[str, Any] = {
    "time": lambda agent: agent.model.day, "task": "task", "worker": "label", "label": "said", "perceived": "perceived",
    "duration": "seconds",
}  # fmt: skip
CONSTANT = {"run": "mesa", "round": 0, "order": 1, "principal": "pool", "agent": "rm", "source": "rater"}


class Rater(mesa.Agent):
    """Somebody who reads the guideline in a way of their own, and works at a pace of their own."""

    def __init__(self, model: Pool, row: int, vector: NDArray[np.float64], pace: float) -> None:
        super().__init__(model)
        self.row, self.label, self.pace = row, f"pool:{row}", pace
        self.vector = vector
        self.weights = vector.tolist()
        self.audited = self.agreed = self.hours = 0.0
        row_of = {"worker": self.label, "hired": 0.0, "ended": math.nan}
        model.datacollector.add_table_row("employment", row_of)

    def compare_rows(self) -> None:
        """Today's pairs, one by one, each a row in the collector's table."""
        model, draw = self.model, self.random
        wx, wy, wz, ww = self.weights
        for task in model.dealt[self.row]:
            x, y, z, w = model.gaps[task]
            perceived = wx * x + wy * y + wz * z + ww * w
            label = 1 if draw.random() < 1 / (1 + math.exp(-perceived / TEMPERATURE)) else 2
            seconds = self.pace * math.exp(SPREAD * draw.gauss(0.0, 1.0))
            self.hours += seconds / 3600
            if draw.random() < AUDITED:
                self.audited += 1
                self.agreed += label == model.gold[task]
            model.datacollector.add_table_row(
                "comparisons",
                {
                    "time": model.day,
                    "task": task,
                    "worker": self.label,
                    "left": 2 * task,
                    "right": 2 * task + 1,
                    "label": label,
                    "held_out": model.held_out[task],
                    "perceived": perceived,
                    "gold": model.gold[task],
                    "duration": seconds,
                    "pay": WAGE * seconds / 3600,
                },
            )

    def compare_next(self) -> None:
        """One pair; what came of it is read off the agent by the collector."""
        model, draw = self.model, self.random
        wx, wy, wz, ww = self.weights
        self.task = task = model.dealt[self.row][model.turn]
        x, y, z, w = model.gaps[task]
        self.perceived = perceived = wx * x + wy * y + wz * z + ww * w
        self.said = 1 if draw.random() < 1 / (1 + math.exp(-perceived / TEMPERATURE)) else 2
        self.seconds = self.pace * math.exp(SPREAD * draw.gauss(0.0, 1.0))
        self.hours += self.seconds / 3600
        if draw.random() < AUDITED:
            self.audited += 1
            self.agreed += self.said == model.gold[task]

    def compare_arrays(self) -> None:
        """Today's pairs at once."""
        model = self.model
        task = model.dealt[self.row]
        perceived = model.gaps[task] @ self.vector
        label = np.where(model.rng.random(len(task)) * (1 + np.exp(-perceived / TEMPERATURE)) < 1, 1, 2)
        seconds = self.pace * np.exp(SPREAD * model.rng.standard_normal(len(task)))
        self.hours += float(seconds.sum()) / 3600
        audited = model.rng.random(len(task)) < AUDITED
        if audited.any():
            self.audited += int(audited.sum())
            self.agreed += int((label == model.gold[task])[audited].sum())
        model.said.append((self.row, task, label, perceived, seconds))

    def settle(self) -> None:
        """The last day: judged by the audits, warned if they were bad, and paid."""
        add, time = self.model.datacollector.add_table_row, self.model.day
        if self.audited:
            score = self.agreed / self.audited
            add("judgements", {"time": time, "agent": self.label, "sample": self.audited, "score": score})
            if score < WARNED_BELOW:
                add("consequences", {"time": time, "kind": "warn", "agent": self.label, "amount": score})
        owed = WAGE * self.hours
        for account, other, amount in (("acme", self.label, -owed), (self.label, "acme", owed)):
            transfer = {"account": account, "counterparty": other, "amount": amount, "reason": "wages"}
            add("ledger", {"time": time, **transfer})
        add("consequences", {"time": time, "kind": "pay", "agent": self.label, "amount": owed})


class Pool(mesa.Model):
    """Raters, the pairs of responses they are shown, and who is shown which."""

    def __init__(self, raters: int, comparisons: int, overlap: int, days: int, variant: str, seed: int) -> None:
        super().__init__(seed=seed)
        self.raters, self.overlap, self.days, self.variant, self.day = raters, overlap, days, variant, 0.0
        reporters = COLLECTED if variant == "steps" else None
        self.datacollector = mesa.DataCollector(agent_reporters=reporters, tables=TABLES)
        self.said: list[tuple[Any, ...]] = []  # of the variant `arrays`, agent after agent
        self.times: list[float] = []  # and the days on which they said it
        self.turns: list[int] = []  # of the variant `steps`: what is left of the day
        self.tasks = raters * comparisons // overlap
        self._write_tasks(as_lists=variant != "arrays")
        error = self.rng.standard_normal((raters, 4)) / 2.0
        vectors = GUIDELINE + MISREADING * np.linalg.norm(GUIDELINE) * error
        paces = SECONDS * np.exp(SPREAD * self.rng.standard_normal(raters))
        Rater.create_agents(self, raters, list(range(raters)), list(vectors), paces.tolist())

    def _write_tasks(self, as_lists: bool) -> None:
        """Pairs of gaussian responses, in the form that suits the variant best."""
        gaps = self.rng.standard_normal((self.tasks, 4)) - self.rng.standard_normal((self.tasks, 4))
        gold, held_out = np.where(gaps @ GUIDELINE > 0, 1, 2), self.rng.random(self.tasks) < HELD_OUT
        made = gaps, gold, held_out
        self.gaps, self.gold, self.held_out = (a.tolist() for a in made) if as_lists else made

    @property
    def steps_to_take(self) -> int:
        """How often `step` is to be called."""
        return self.days if self.variant != "steps" else self.tasks * self.overlap // self.raters

    def step(self) -> None:
        """One day, or a comparison by everybody."""
        if self.variant != "steps" or not self.turns:
            self._dawn()
        if self.variant == "steps":
            self.turn, *self.turns = self.turns
            self.agents.do("compare_next")
            self.datacollector.collect(self)
        else:
            self.agents.do(f"compare_{self.variant}")
        self.times += [self.day] * (len(self.said) - len(self.times))
        if self.day == self.days and not self.turns:
            self.agents.do("settle")

    def _dawn(self) -> None:
        """Deal out the day's tasks, each to `overlap` raters."""
        self.day += 1.0
        first, last = (round(self.tasks * (self.day - 1 + i) / self.days) for i in (0, 1))
        dealt = self.rng.permutation(np.repeat(np.arange(first, last), self.overlap)).reshape(self.raters, -1)
        self.dealt = dealt.tolist() if self.variant != "arrays" else dealt
        self.turns = list(range(dealt.shape[1])) if self.variant == "steps" else []

    def columns(self) -> dict[str, Any]:
        """All comparisons so far, as the columns of a table."""
        if self.variant == "rows":
            found = self.datacollector.get_table_dataframe("comparisons")
            return {name: found[name].to_numpy() for name in found.columns}
        if self.variant == "steps":
            return self._collected()
        row, task, label, perceived, seconds = zip(*self.said, strict=True)
        each = [len(one) for one in task]
        shown, duration = np.concatenate(task), np.concatenate(seconds)
        words = pa.array([f"pool:{number}" for number in range(self.raters)])
        return {
            "time": np.repeat(self.times, each),
            "task": shown,
            "worker": pa.DictionaryArray.from_arrays(pa.array(np.repeat(row, each).astype(np.int32)), words),
            "left": 2 * shown,
            "right": 2 * shown + 1,
            "label": np.concatenate(label),
            "held_out": self.held_out[shown],
            "perceived": np.concatenate(perceived),
            "gold": self.gold[shown],
            "duration": duration,
            "pay": WAGE * duration / 3600,
        }

    def _collected(self) -> dict[str, Any]:
        """What the collector was told, in the order of the other variants' columns."""
        found = self.datacollector.get_agent_vars_dataframe()
        task, seconds = found["task"].to_numpy(), found["duration"].to_numpy()
        more = {"left": 2 * task, "right": 2 * task + 1, "pay": WAGE * seconds / 3600}
        more |= {"held_out": np.array(self.held_out)[task], "gold": np.array(self.gold)[task]}
        return {**{name: found[name].to_numpy() for name in COLLECTED}, **more}

    def write(self, comparisons: dict[str, Any], folder: Path) -> tuple[int, int]:
        """Write every table to a Parquet file; returns how many comparisons there are, and how many rows in all."""
        rows = {}
        for name in TABLES:
            found = comparisons if name == "comparisons" else self.datacollector.tables[name]
            columns = {column: pa.array(values) for column, values in found.items()}
            rows[name] = len(next(iter(columns.values())))
            if name == "comparisons":
                columns = {**{key: _same(value, rows[name]) for key, value in CONSTANT.items()}, **columns}
            pq.write_table(pa.table(columns), folder / f"{name}.parquet", compression="zstd")
        return rows["comparisons"], sum(rows.values())


def _same(value: Any, rows: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([value]))
