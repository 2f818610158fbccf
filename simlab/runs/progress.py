"""How far a study or a run has come, from its folder alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from simlab.runs.folder import is_held
from simlab.runs.loading import Run, load
from simlab.runs.manifest import MANIFEST
from simlab.runs.study_folder import cells, is_study, read_study, row_of


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands, in words, and whether there is nothing to wait for."""

    words: str
    over: bool

    def __str__(self) -> str:
        return self.words


def progress_of(folder: Path) -> Standing:
    """How the study or the run in a folder stands. Raises InvalidInput if there is neither."""
    if is_study(folder):
        return _of_study(folder)
    run = load(folder)
    rounds = run.manifest.get("rounds", 0) if isinstance(run, Run) else 0
    return Standing(f"{folder}: {run.status}, {rounds} rounds", run.status != "running")


def _of_study(folder: Path) -> Standing:
    study = read_study(folder)
    count: Counter[str] = Counter()
    under_way = []
    for cell in cells(folder, study):
        row = row_of(cell, study["asked"])
        count[row["status"] if row is not None else "missing"] += 1
        if row is None and (cell.run / MANIFEST).is_file() and is_held(cell.run):
            under_way.append(f"{cell.arm}, seed {cell.seed}")
    total = sum(count.values())
    words = f"{study['name']}: {count['finished']} of {total} runs finished"
    if count["failed"]:
        words += f", {count['failed']} failed"
    if under_way:
        more = f" and {len(under_way) - 4} more" if len(under_way) > 4 else ""
        words += f"; under way: {'; '.join(under_way[:4])}{more}"
    return Standing(words, not count["missing"])
