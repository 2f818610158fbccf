"""Labels of pairs from the column `label`: numbers, or the words of common exports.

1 is "the left one is better", 2 the right one, 0 undecided. Other codings have the same letters and mean something
else (0 and 1 for left and right, true for whichever side); nothing in a table tells them apart but that nobody ever
said 2, so what looks like one is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np

from simlab.calibration.annotations import Codes
from simlab.sheets import Sheet, Unusable, called, quoted
from simlab.sheets.numbers import advice, finite

MEANING = "1: left is better, 2: right is better, 0: undecided"
_BOTH = ("", "model_", "response_", "answer_", "output_", "option_", "assistant_", "completion_")  # before a and b
_SIDES = {
    "left": 1,
    "first": 1,
    "right": 2,
    "second": 2,
    **{f"{b}{s}": k for b in _BOTH for s, k in (("a", 1), ("b", 2))},
}
_UNDECIDED = (
    "tie", "tied", "draw", "equal", "same", "both", "neither", "undecided", "no_preference", "bothbad", "both_bad",
    "both_good", "tie_bothbad", "tie_both_bad", "tie_both_good",
)  # fmt: skip
WORDS = {**_SIDES, **dict.fromkeys(_UNDECIDED, 0)}
HINT = "the words left, right and tie, or model_a, model_b and tie, are read too"


def labels(sheet: Sheet) -> tuple[Codes, list[str]]:
    """Everybody's label [n], and what is to be remarked about how they were read. Raises Unusable."""
    cells = sheet.filled("label")
    if any(_truth(cell) for cell in cells):
        _no_truths(sheet, cells)
    numbers = [finite(cell) for cell in cells]
    words = [WORDS.get(_plain(cell)) if number is None else None for cell, number in zip(cells, numbers, strict=True)]
    if sum(word is not None for word in words) > sum(number is not None for number in numbers):
        return _worded(sheet, cells, words)
    wrong = [row for row, number in enumerate(numbers) if number not in (0, 1, 2)]
    if wrong:
        raise _no_label(sheet, cells, wrong[0], words[wrong[0]] is not None)
    label = np.array(numbers, dtype=np.int64)
    _both_sides(label)
    return label, []


def _truth(cell: Any) -> bool:
    return isinstance(cell, bool) or (isinstance(cell, str) and cell.strip().lower() in ("true", "false"))


def _no_truths(sheet: Sheet, cells: Any) -> None:
    row = next(row for row, cell in enumerate(cells) if _truth(cell))
    what = f"is {quoted(cells[row])}, and a truth does not say which side is better"
    raise sheet.wrong(row, "label", what, f"write {MEANING}")


def _plain(cell: Any) -> str:
    """A word without what differs between exports: Model A, model-a and [[A]] are model_a and a."""
    return re.sub(r"[\W_]+", "_", called(cell).casefold()).strip("_") if isinstance(cell, str) else ""


def _worded(sheet: Sheet, cells: Any, words: list[int | None]) -> tuple[Codes, list[str]]:
    wrong = [row for row, word in enumerate(words) if word is None]
    if wrong:
        raise _no_label(sheet, cells, wrong[0], False)
    count = Counter(called(cell) for cell in cells)
    means: dict[int, list[str]] = {0: [], 1: [], 2: []}
    for word in sorted(count):
        means[WORDS[_plain(word)]].append(word)
    label = np.array(words, dtype=np.int64)
    _both_sides(label)
    sides = ((1, "the left one is better"), (2, "the right one is better"), (0, "undecided"))
    read = "; ".join(f"{', '.join(map(quoted, means[k]))}: {meaning}" for k, meaning in sides if means[k])
    return label, [f"labels are words: {read}"]


def _no_label(sheet: Sheet, cells: Any, row: int, word: bool) -> Unusable:
    what = "is {}, a word among labels that are numbers" if word else "is {}, which is no label"
    fix = MEANING if word else "; ".join(filter(None, (advice(cells[row]), MEANING, HINT)))
    return sheet.wrong(row, "label", what.format(quoted(cells[row])), fix)


def _both_sides(label: Codes) -> None:
    """Unusable where some are undecided and one side never won: labels that count from 0, most likely."""
    for side, name, other in ((2, "right", 1), (1, "left", 2)):
        if 0 in label and other in label and side not in label:
            what = f"no label is {side}: nobody ever found the {name} one better, while 0 is undecided here"
            raise Unusable(what, f"if 0 is one of the sides, write {MEANING}", column="label")


def repeated(sheet: Sheet, task: Codes, worker: Codes, label: Codes) -> tuple[Codes, list[str]]:
    """The rows that count [m], without what somebody said of a task a second time, and a remark if there is such.

    The same label twice counts once. Raises Unusable where somebody contradicts himself, unless what stands on the
    sides differs between the rows.
    """
    if len(np.unique(task * (int(worker.max()) + 1) + worker)) == len(task):
        return np.arange(len(task)), []
    sides = [sheet.cells(name) for name in sheet.names if re.match(r"(left|right)(_|$)", name)]
    first: dict[Any, int] = {}
    again = []
    for row, (t, w) in enumerate(zip(task.tolist(), worker.tolist(), strict=True)):
        before = first.setdefault((t, w, *(repr(column[row]) for column in sides)), row)
        if before == row:
            continue
        if label[before] != label[row]:
            raise _contradiction(sheet, before, row)
        again.append(row)
    rows = np.setdiff1d(np.arange(len(task)), again)
    return rows, [_remark(sheet, again)] if again else []


def _contradiction(sheet: Sheet, before: int, row: int) -> Unusable:
    cells = sheet.cells("label")
    where = sheet.where(before)
    who = quoted(sheet.text(row, "worker", sheet.cells("worker")[row]), 30)
    what = f"is {quoted(cells[row], 20)}, while {who} said {quoted(cells[before], 20)} of the same task in {where}"
    return sheet.wrong(row, "label", what, "leave one of them out, or give what is shown again a task of its own")


def _remark(sheet: Sheet, again: list[int]) -> str:
    rows, once = (f"{len(again):,} rows say", "count") if len(again) > 1 else ("1 row says", "counts")
    return (
        f"{rows} again what the same worker said of the same task, and {once} once (the first: {sheet.where(again[0])})"
    )


def turned(sheet: Sheet, task: Codes) -> None:
    """Unusable where nothing but who agrees with whom is known, and a task's sides are exchanged between its rows: by
    its responses, or by what else there is of both, as their ids or lengths.

    Then a label says the opposite of what the same label says of that task elsewhere.
    """
    for name in sheet.names:
        if re.match(r"left(_|$)", name) and (other := f"right{name[4:]}") in sheet:
            _require_unturned(sheet, task, name, other)


def _require_unturned(sheet: Sheet, task: Codes, name: str, other: str) -> None:
    left, right = sheet.cells(name), sheet.cells(other)
    first: dict[int, int] = {}
    for row, t in enumerate(task.tolist()):
        before = first.setdefault(t, row)
        if left[row] != right[row] and (left[row], right[row]) == (right[before], left[before]):
            what = f"stands left here, and right in {sheet.where(before)}, of the same task"
            fix = "without scores of criteria a task's sides must stay: turn the row and its label, or name tasks apart"
            raise sheet.wrong(row, name, what, fix)
