"""An executor that runs nothing: what a run would give follows from its settings and seed by a formula."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from simlab.runs.study_folder import write_json
from simlab.studies.task import Task

Formula = Callable[[Mapping[str, Any], int], Mapping[str, float]]  # settings and seed: outcomes


class MadeUp:
    """Performs tasks by a formula; `performed` counts them."""

    def __init__(self, formula: Formula) -> None:
        self.formula, self.performed = formula, 0
        self._waiting: list[Task] = []

    def submit(self, task: Task) -> None:
        self._waiting.append(task)

    def results(self) -> Iterator[tuple[Task, dict[str, Any]]]:
        while self._waiting:
            task = self._waiting.pop(0)
            self.performed += 1
            row = {"arm": task.arm, "seed": task.seed, "asked": task.asked, "status": "finished", "run": ""}
            row["outcomes"] = dict(self.formula(json.loads(task.settings), task.seed))
            write_json(task.cell.row, row)
            yield task, row

    def cancel(self) -> None:
        self._waiting.clear()
