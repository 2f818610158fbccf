"""Annotations from a table, one row a label, or from a run's folder with its own comparisons.

Columns, as in crowd-kit's and simlab's tables: `task` (which pair; without it, every row is one of its own), `worker`,
`label` (1 left, 2 right, 0 undecided; or words, see `labels`), and of either response any of
- scores of criteria: `left_helpful`, `right_helpful`, …; or the difference in utility itself as `perceived`;
- its text, `left` and `right`, of which only the length counts; or that as `left_words` and `right_words`.
Any file that `simlab.sheets` reads will do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from simlab.arrays import Array
from simlab.calibration.annotations import Annotations, Codes
from simlab.calibration.labels import HINT, labels, repeated, turned
from simlab.calibration.missing import codes
from simlab.calibration.raters import raters, tells_apart
from simlab.calibration.ratings import VADER, rated, read_vader
from simlab.errors import InvalidInput, Problem
from simlab.flags import require_flags
from simlab.names import clip, did_you_mean
from simlab.paths import given
from simlab.sheets import Sheet, Unusable, blank, quoted
from simlab.sheets import read as sheet_of
from simlab.sheets.numbers import finite, nearly

_NEEDED = ("worker", "label")
REFERENCES = ("pool", "others")  # whose mean rating of an item is its utility
_LISTED = 12  # columns, in a message
_SURELY = 4.0  # standard errors beyond which labels are not reversed by chance
_WORDS = ("left_words", "right_words")
_ELSEWHERE = {  # what others call these columns
    "worker": ("annotator", "judge", "rater", "labeler", "labeller", "user", "worker_id", "annotator_id", "evaluator"),
    "label": ("winner", "choice", "preference", "preferred", "chosen", "verdict", "vote"),
}


def read(path: Path | str, *, ratings: bool = False, reference: str = "pool") -> Annotations:
    """The annotations in a file, in a run's folder, or in the package vaderSentiment (`vader`).

    `ratings` says that the file's rows are items and its columns raters; of those, `reference` says whose mean rating
    is an item's utility: that of the whole `pool`, or of the `others`. Raises InvalidInput naming file, line and
    column.
    """
    require_flags(ratings=ratings)
    if reference not in REFERENCES:
        raise InvalidInput(Problem(f"reference={clip(repr(reference))}", f"one of {', '.join(REFERENCES)}"))
    file = given(path)
    if str(path) == VADER and not file.exists():
        return read_vader(reference)
    if reference != REFERENCES[0] and not ratings:
        what = f"--reference {reference} is about ratings, and labels are not"
        raise InvalidInput(Problem(what, "leave it out; if rows are items and columns raters, say --ratings", file))
    if file.is_dir():
        if ratings:
            raise InvalidInput(Problem("is the folder of a run, which holds labels", "leave --ratings out", file))
        return _run(file)
    if not file.exists():
        fix = f"give a table, the folder of a run, or {VADER} for the ratings that ship with vaderSentiment"
        raise InvalidInput(Problem("there is no such file", fix, file))
    try:
        sheet = sheet_of(file)
        return _rated(sheet, file, reference) if ratings else pairs(sheet, file)
    except Unusable as error:
        raise _refused(error, file) from None


def _refused(error: Unusable, file: Path) -> InvalidInput:
    """What is wrong with a table, at its place in the file."""
    place = [f"column {clip(error.column)!r}"] if error.column else []
    if error.row is not None:
        place.append(f"row {error.row}")
    return InvalidInput(Problem(error.what, error.fix, file, error.line, path=", ".join(place)))


def pairs(sheet: Sheet, source: Path) -> Annotations:
    """Annotations from a table of labels. Raises Unusable."""
    _check(sheet)
    label, remarks = labels(sheet)
    workers, worker = _coded(sheet.words("worker"))
    task = _coded(sheet.words("task"))[1] if "task" in sheet else np.arange(len(sheet), dtype=np.int64)
    differences, criteria = _criteria(sheet, remarks)
    remarks += _reversed(label, differences, criteria)
    words = _words(sheet, remarks)
    found = Annotations(label, task, worker, differences, words, workers, criteria, str(source))
    if "task" in sheet:
        if not criteria:
            turned(sheet, task)
        rows, again = repeated(sheet, task, worker, label)
        remarks += again
        found = found[rows] if again else found
    else:
        remarks += _copies(sheet)
    return replace(found, remarks=tuple(remarks))


def _check(sheet: Sheet) -> None:
    """Unusable if this is no table of labels."""
    if not sheet.names:
        raise Unusable("there is nothing in it", "give a table with a line of column names")
    missing = [name for name in _NEEDED if name not in sheet]
    if missing:
        fix = _known(missing[0], sheet)
        if other := next((n for n in sheet.names if n.casefold() in _ELSEWHERE[missing[0]]), ""):
            fix += f"; if that is {other!r}, rename it" + (f": {HINT}" if missing[0] == "label" else "")
        raise Unusable(
            f"there is no column {missing[0]!r}", f"{fix}; if rows are items and columns raters, say --ratings"
        )
    if not len(sheet):
        raise Unusable("there are no labels in it", "one row a label below the line of names")


def _known(name: str, sheet: Sheet) -> str:
    """The column that may be meant, and the first of those there are."""
    more = f", and {len(sheet.names) - _LISTED} more" if len(sheet.names) > _LISTED else ""
    known = f"known: {', '.join(quoted(n, 30) for n in sheet.names[:_LISTED])}{more}"
    return " ".join(part for part in (did_you_mean(name, sheet.names), known) if part)


def _coded(names: Sequence[str]) -> tuple[tuple[str, ...], Codes]:
    """The distinct names, sorted, and each one's place among them [n]."""
    distinct = tuple(sorted(set(names)))
    place = {name: code for code, name in enumerate(distinct)}
    return distinct, np.array([place[name] for name in names], dtype=np.int64)


def _criteria(sheet: Sheet, remarks: list[str]) -> tuple[Array, tuple[str, ...]]:
    """Differences [n, K] of whatever there is a left and a right number of; or the perceived difference itself."""
    sides = {side: [n[len(side) :] for n in sheet.names if n.startswith(side)] for side in ("left_", "right_")}
    for side, other in (("left_", "right_"), ("right_", "left_")):
        for name in sides[side]:
            if name not in sides[other]:
                fix = f"{_known(other + name, sheet)}; each criterion needs both"
                raise Unusable(f"there is {side}{name}, but no column {other}{name}", fix)
    names = [name for name in sides["left_"] if f"left_{name}" not in _WORDS and not _is_id(name)]
    for name in filter(_is_id, sides["left_"]):
        remarks.append(
            f"left_{clip(name)} and right_{clip(name)} are no scores: by their name they tell responses apart"
        )
    if not names and "perceived" in sheet:
        return _numbers(sheet, "perceived")[:, None], ("utility",)
    columns = [_difference(sheet, name, remarks) for name in names]
    return np.stack(columns, axis=1) if columns else np.zeros((len(sheet), 0)), tuple(names)


def _reversed(label: Codes, differences: Array, criteria: Sequence[str]) -> list[str]:
    """A remark if by the only criterion most labels prefer the worse response, by far more than chance."""
    if len(criteria) != 1:
        return []
    along = np.sign(differences[:, 0]) * np.where(label == 1, 1, np.where(label == 2, -1, 0))
    many, against = int(np.count_nonzero(along)), int(np.sum(along < 0))
    if 2 * against - many <= _SURELY * np.sqrt(many):
        return []
    what = f"{against:,} of {many:,} labels prefer the response with less {clip(criteria[0])}"
    return [f"{what}; if more of it is better, the sides are exchanged, or the labels 1 and 2"]


def _is_id(name: str) -> bool:
    """Whether a column of this name tells responses apart; an index of something, as readability_index, is a score."""
    return tells_apart(name) and not re.search(r"[_ ]index$", name.casefold())


def _difference(sheet: Sheet, criterion: str, remarks: list[str]) -> Array:
    """How much more of a criterion the left response has [n]. Unusable for a number that says there is no score."""
    names = [f"left_{criterion}", f"right_{criterion}"]
    for name in names:
        _require_scores(sheet, name)
    scores = np.stack([_numbers(sheet, name) for name in names])
    if (apart := codes(scores)) is not None:
        meant = "if that says that a score is missing, leave such rows out"
        if apart.far:
            side, row = (int(place[0]) for place in np.nonzero(np.isin(scores, apart.numbers)))
            raise sheet.wrong(row, names[side], f"is {quoted(sheet.cells(names[side])[row])}, and {apart}", meant)
        remarks.append(f"of {names[0]} and {names[1]}, {apart}; {meant}")
    return np.asarray(scores[0] - scores[1])


def _require_scores(sheet: Sheet, name: str) -> None:
    """Unusable for a column most of which is texts."""
    cells = sheet.cells(name)
    texts = [row for row, cell in enumerate(cells) if not (blank(cell) or finite(cell) is not None or nearly(cell))]
    if 2 * len(texts) > len(cells):
        fix = f"call it otherwise if it is no score, as {name.partition('_')[2]}_of_{name.partition('_')[0]}"
        what = f"is {quoted(cells[texts[0]])}, while columns called left_… and right_… hold scores"
        raise sheet.wrong(texts[0], name, what, f"{fix}; texts of responses are called left and right")


def _numbers(sheet: Sheet, name: str) -> Array:
    return np.array(sheet.numbers(name), dtype=float)


def _words(sheet: Sheet, remarks: list[str]) -> Array | None:
    """How many words the left response has more than the right one [n]; None if that is not known."""
    if all(name in sheet for name in _WORDS):
        return _numbers(sheet, _WORDS[0]) - _numbers(sheet, _WORDS[1])
    if not ("left" in sheet and "right" in sheet) or all(_codes(sheet.cells(name)) for name in ("left", "right")):
        return None  # numbers are codes of responses
    left, right = sheet.texts("left"), sheet.texts("right")
    many = len({*left, *right})
    remark = (
        f"left and right are taken for the texts of responses ({many:,} different ones), and their lengths compared"
    )
    remarks.append(f"{remark}; if they are names, rename these columns")
    return np.array(
        [len(one.split()) - len(other.split()) for one, other in zip(left, right, strict=True)], dtype=float
    )


def _codes(cells: Iterable[object]) -> bool:
    """Whether a column has numbers only."""
    return all(finite(cell) is not None for cell in cells if not blank(cell))


def _copies(sheet: Sheet) -> list[str]:
    """A remark if whole rows are there again, where no column says which task they are about."""
    again = sheet.again(sheet.names)
    if not again:
        return []
    many = f"{len(again):,} rows are" if len(again) > 1 else "1 row is"
    remark = f"{many} the same as an earlier one (the first: {sheet.where(again[0])})"
    return [f"{remark}; without a column task each counts as a pair"]


def _rated(sheet: Sheet, file: Path, reference: str) -> Annotations:
    """Annotations from a table of ratings. Raises Unusable."""
    if set(_NEEDED) <= set(sheet.names):
        raise Unusable("this is a table of labels, not of ratings", "leave --ratings out")
    names, scores, remarks = raters(sheet)
    return rated(scores, names, str(file), reference=reference, remarks=remarks)


def _run(folder: Path) -> Annotations:
    """A run's own comparisons of responses: what raters perceived, and what they said. Of several runs, raters are told
    apart by scenario and seed: arms of a study share their people."""
    from simlab.runs.loading import RunSet, load

    run = load(folder, tables=["comparisons", "candidates"])
    rows = run.comparisons.query("order == 1 and source == 'rater'")
    if not len(rows):
        raise InvalidInput(Problem("nobody compared responses in this run", "give a run with raters", folder))
    texts = run.candidates.drop_duplicates(["run", "response"]).set_index(["run", "response"]).text
    texted = texts.str.len().max() > 0
    words = None
    if texted:
        counts = texts.str.split().str.len()
        left, right = (counts.reindex(list(zip(rows.run, rows[s], strict=True))) for s in ("left", "right"))
        words = left.to_numpy(dtype=float) - right.to_numpy(dtype=float)
    names = rows.worker.astype(str)
    if isinstance(run, RunSet):
        names = rows.run.map({m["run"]: f"{m['scenario']}/{m['seed']}/" for m in run.manifest["runs"]}) + names
    workers, worker = _coded(names.tolist())
    task = _coded((rows.run + ":" + rows.task.astype(str)).tolist())[1]
    label, perceived = rows.label.to_numpy(dtype=np.int64), rows.perceived.to_numpy(dtype=float)
    return Annotations(label, task, worker, perceived[:, None], words, workers, ("utility",), str(folder))
