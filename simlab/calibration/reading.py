"""Annotations from a table: CSV or Parquet, one row a label, or a run's folder with its own comparisons.

Columns, as in crowd-kit's and simlab's tables: `task` (which pair; without it, every row is one of its own), `worker`,
`label` (1 left, 2 right, 0 undecided), and of either response any of
- scores of criteria: `left_helpful`, `right_helpful`, …; or the difference in utility itself as `perceived`;
- its text, `left` and `right`, of which only the length counts; or that as `left_words` and `right_words`.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.calibration.annotations import Annotations
from simlab.calibration.ratings import VADER, rated, read_vader
from simlab.components import Array
from simlab.errors import InvalidInput, Problem
from simlab.names import clip, suggestion
from simlab.paths import given

if TYPE_CHECKING:
    import pandas as pd

_NEEDED = ("worker", "label")
_WORDS = ("left_words", "right_words")


def read(path: Path | str, *, ratings: bool = False, reference: str = "pool") -> Annotations:
    """The annotations in a file, in a run's folder, or in the package vaderSentiment (`vader`).

    `ratings` says that the file's rows are items and its columns raters; of those, `reference` says whose mean rating
    is an item's utility: that of the whole `pool`, or of the `others`. Raises InvalidInput naming file, line and
    column.
    """
    file = given(path)
    if str(path) == VADER and not file.exists():
        return read_vader(reference)
    if file.is_dir():
        return _run(file)
    frame = _frame(file)
    if ratings:
        return _rated(frame, file, reference)
    return pairs(frame, file)


def _frame(file: Path) -> pd.DataFrame:
    """A table as it stands in the file."""
    import pandas as pd

    if not file.exists():
        fix = (
            f"give a CSV or Parquet file, the folder of a run, or {VADER} for the ratings that ship with vaderSentiment"
        )
        raise InvalidInput(Problem("there is no such file", fix, file))
    try:
        if file.suffix == ".parquet":
            return pd.read_parquet(file)
        separator = "\t" if file.suffix == ".tsv" else ","
        return pd.read_csv(file, sep=separator, skip_blank_lines=False).dropna(how="all")
    except (ValueError, OSError) as error:  # pandas' and Arrow's own errors are ValueErrors
        what = f"cannot be read as a table: {' '.join(str(error).split())}"
        raise InvalidInput(Problem(what, "give a CSV file with a line of column names, or Parquet", file)) from error


def pairs(frame: pd.DataFrame, file: Path) -> Annotations:
    """Annotations from a table of labels."""
    if not len(frame):
        raise InvalidInput(Problem("there are no labels in it", "one row a label below the line of names", file))
    missing = [name for name in _NEEDED if name not in frame]
    if missing:
        fix = suggestion(missing[0], [str(c) for c in frame.columns])
        fix += "; if rows are items and columns raters, say --ratings"
        raise InvalidInput(Problem(f"there is no column {missing[0]!r}", fix, file))
    for name in (name for name in ("task", *_NEEDED) if name in frame):
        _complete(frame, name, file)
    workers, worker = np.unique(frame["worker"].astype(str), return_inverse=True)
    tasks = frame["task"].astype(str) if "task" in frame else np.arange(len(frame))
    differences, criteria = _criteria(frame, file)
    return Annotations(
        label=_labels(frame, file),
        task=np.unique(tasks, return_inverse=True)[1].ravel().astype(np.int64),
        worker=worker.ravel().astype(np.int64),
        differences=differences,
        words=_words(frame, file),
        workers=tuple(workers.tolist()),
        criteria=criteria,
        source=str(file),
    )


def _complete(frame: pd.DataFrame, name: str, file: Path) -> None:
    """InvalidInput for the first row without a value in this column."""
    empty = np.flatnonzero(frame[name].isna())
    if len(empty):
        raise _at(frame, file, empty[0], name, "is empty", f"{len(empty)} such rows: fill them in or leave them out")


def _labels(frame: pd.DataFrame, file: Path) -> np.ndarray[Any, np.dtype[np.int64]]:
    said = frame["label"]
    wrong = np.flatnonzero(~said.isin([0, 1, 2]))
    if len(wrong):
        fix = "1: left is better, 2: right is better, 0: undecided"
        raise _at(frame, file, wrong[0], "label", f"is {clip(str(said.iloc[wrong[0]]))}, which is no label", fix)
    return np.asarray(said, dtype=np.int64)


def _criteria(frame: pd.DataFrame, file: Path) -> tuple[Array, tuple[str, ...]]:
    """Differences [n, K] of whatever there is a left and a right number of; or the perceived difference itself."""
    sides = {side: [str(c)[len(side) :] for c in frame if str(c).startswith(side)] for side in ("left_", "right_")}
    for side, other in (("left_", "right_"), ("right_", "left_")):
        for name in sides[side]:
            if name not in sides[other]:
                fix = f"{suggestion(other + name, [str(c) for c in frame.columns])}; each criterion needs both"
                raise InvalidInput(Problem(f"there is {side}{name}, but no column {other}{name}", fix, file))
    names = [name for name in sides["left_"] if f"left_{name}" not in _WORDS]
    if not names and "perceived" in frame:
        return _numbers(frame, "perceived", file)[:, None], ("utility",)
    columns = [_numbers(frame, f"left_{n}", file) - _numbers(frame, f"right_{n}", file) for n in names]
    return np.stack(columns, axis=1) if columns else np.zeros((len(frame), 0)), tuple(names)


def _words(frame: pd.DataFrame, file: Path) -> Array | None:
    """How many words the left response has more than the right one [n]; None if that is not known."""
    import pandas as pd

    if all(name in frame for name in _WORDS):
        return _numbers(frame, _WORDS[0], file) - _numbers(frame, _WORDS[1], file)
    texts = [name for name in ("left", "right") if name in frame and not pd.api.types.is_numeric_dtype(frame[name])]
    if not texts or not ("left" in frame and "right" in frame):
        return None  # numbers are codes of responses
    for name in ("left", "right"):
        _complete(frame, name, file)
    left, right = (frame[name].astype(str).str.split().str.len().to_numpy(dtype=float) for name in ("left", "right"))
    return np.asarray(left - right)


def _numbers(frame: pd.DataFrame, name: str, file: Path) -> Array:
    """A column as finite numbers; InvalidInput for the first that is none."""
    import pandas as pd

    found = np.asarray(pd.to_numeric(frame[name], errors="coerce"), dtype=float)
    wrong = np.flatnonzero(~np.isfinite(found))
    if len(wrong):
        given = frame[name].iloc[wrong[0]]
        what = "is empty" if pd.isna(given) else f"is {clip(str(given))}, which is no finite number"
        raise _at(frame, file, wrong[0], name, what, f"{len(wrong)} such rows: correct them or leave them out")
    return found


def _at(frame: pd.DataFrame, file: Path, row: int, column: str, what: str, fix: str) -> InvalidInput:
    """What is wrong with one cell: the line of a CSV file, or the row of Parquet, which has no lines."""
    number = int(frame.index[row])
    if file.suffix == ".parquet":
        return InvalidInput(Problem(what, fix, file, path=f"column {column!r}, row {number + 1}"))
    if file.is_dir():
        return InvalidInput(Problem(what, fix, file, path=f"comparisons, column {column!r}"))
    return InvalidInput(Problem(what, fix, file, _line(file, number), path=f"column {column!r}"))


def _line(file: Path, number: int) -> int:
    """The line of a CSV file on which a row begins; a text in quotes may span several."""
    with file.open(encoding="utf-8", newline="") as opened:
        rows = csv.reader(opened, delimiter="\t" if file.suffix == ".tsv" else ",")
        next(row for place, row in enumerate(rows) if place == number)  # row 0 is the line of names
        return rows.line_num + 1


def _rated(frame: pd.DataFrame, file: Path, reference: str) -> Annotations:
    """Annotations from a table of ratings: the first column names items unless it is a number like the others."""
    import pandas as pd

    columns = [str(c) for c in frame.columns]
    first = 0 if columns and (columns[0] != "item" and pd.api.types.is_numeric_dtype(frame.iloc[:, 0])) else 1
    raters = columns[first:]
    if set(_NEEDED) <= set(columns):
        raise InvalidInput(Problem("this is a table of labels, not of ratings", "leave --ratings out", file))
    if len(raters) < 2:
        what = f"there are ratings of {'one rater' if raters else 'nobody'} only"
        raise InvalidInput(Problem(what, "one column a rater, at least two of them, after a column item", file))
    scores = np.stack([_numbers(frame, name, file) for name in raters], axis=1)
    return rated(scores, raters, str(file), reference=reference)


def _run(folder: Path) -> Annotations:
    """A run's own comparisons of responses: what raters perceived, and what they said."""
    from simlab.runs import load

    run = load(folder, tables=["comparisons", "candidates"])
    rows = run.comparisons.query("order == 1 and source == 'rater'")
    if not len(rows):
        raise InvalidInput(Problem("nobody compared responses in this run", "give a run with raters", folder))
    texts = run.candidates.drop_duplicates(["run", "response"]).set_index(["run", "response"]).text
    columns: Sequence[str] = ["task", "worker", "label", "perceived"]
    table = rows[list(columns)].assign(task=rows.run + ":" + rows.task.astype(str))
    if texts.str.len().max() > 0:
        for side in ("left", "right"):
            table[side] = texts.reindex(list(zip(rows.run, rows[side], strict=True))).to_numpy()
    return pairs(table.reset_index(drop=True), folder)
