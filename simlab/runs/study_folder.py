"""The folder of a study on disk: what it consists of, which of its runs are there, and what came of them.

It holds `study.json` (the plan: arms, seeds, settings, what is asked), `study.yaml` (the file as it was), a folder for
each run, `runs/ARM/SEED`, and `rows/ARM/SEED.json`, what came of it: outcomes, or how it failed. A run that has a row
is done. Whoever takes part claims a run by the lock of its folder, which a process that dies lets go of.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simlab import plain_files
from simlab.errors import InvalidInput, Problem

STUDY, TEXT, RUNS, ROWS = "study.json", "study.yaml", "runs", "rows"
FORMAT = 1
_FIX = "give the folder that `simlab study` named"
RUN_COLUMNS = (
    "run",
    "arm",
    "form",
    "seed",
    "status",
    "seconds",
    "cpu",
)  # of outcomes; others are settings and outcomes


@dataclass(frozen=True, slots=True)
class Cell:
    """One run of a study: an arm, by number and name, under a seed, and where it and its row are."""

    folder: Path
    number: int
    arm: str
    place: str
    seed: int

    @property
    def run(self) -> Path:
        """The run's folder."""
        return self.folder / RUNS / self.place / str(self.seed)

    @property
    def row(self) -> Path:
        """The file of what came of it."""
        return self.folder / ROWS / self.place / f"{self.seed}.json"


def is_study(folder: Path) -> bool:
    """Whether a folder is that of a study."""
    return (folder / STUDY).is_file()


def read_study(folder: Path) -> dict[str, Any]:
    """What a study consists of. Raises InvalidInput if the folder holds none, or one of a later version."""
    if not (folder / STUDY).exists():
        raise InvalidInput(Problem("holds no study", _FIX, folder))
    try:
        with plain_files.opened(folder / STUDY, _FIX) as file:
            found = json.load(file)
        if not isinstance(found, dict) or not isinstance(found.get("arms"), list):
            raise ValueError("it lists no arms")
    except (OSError, ValueError, RecursionError) as error:
        what = f"is not the plan of a study: {str(error).partition(chr(10))[0]}"
        raise InvalidInput(Problem(what, _FIX, folder / STUDY)) from error
    if found.get("format", 0) > FORMAT:
        raise InvalidInput(Problem("was written by a later version of simlab", "update simlab", folder / STUDY))
    return found


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Leave a JSON object in a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with plain_files.replacing(path) as file:
        file.write((json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())


def cells(folder: Path, study: Mapping[str, Any]) -> Iterator[Cell]:
    """Every run of a study, seed by seed, so that all arms have been run under some seeds first."""
    for seed in study["seeds"]:
        for number, arm in enumerate(study["arms"]):
            yield Cell(folder, number, arm["name"], arm["folder"], seed)


def row_of(cell: Cell, asked: str) -> dict[str, Any] | None:
    """What came of a run, if that is known and answers what is asked now; None otherwise."""
    try:
        found = json.loads(cell.row.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("asked") == asked else None


def settings(study: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The value of each setting that varies in every arm, as a column of a table has it."""
    points = [{**arm["levers"], **arm["uncertainties"]} for arm in study["arms"]]
    keys = dict.fromkeys(key for point in points for key in point)
    return {key: _column([point.get(key) for point in points]) for key in keys}


def _column(values: Sequence[Any]) -> list[Any]:
    """Values of a setting as one column can hold them: numbers, truths or texts; lists and mappings, and whatever
    stands beside values of another kind, are written as JSON, texts as they are."""
    kinds = {next((k for k in (bool, int | float, str) if isinstance(v, k)), None) for v in values if v is not None}
    if len(kinds) < 2 and None not in kinds:
        return list(values)
    return [v if v is None or isinstance(v, str) else json.dumps(v, sort_keys=True) for v in values]
