"""The columns of a table of ratings that are raters, told apart from others with numbers: an index, an id, a mean.

What is left out is named, with the reason: its name, what pandas wrote beside it, or its numbers (a count of rows, the
mean or sum of the others).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from simlab.arrays import Array
from simlab.calibration.layouts import require_items_by_raters
from simlab.calibration.missing import Codes, codes
from simlab.names import clip
from simlab.sheets import Sheet, Unusable, blank, called, quoted
from simlab.sheets.numbers import finite, nearly

HOLES = ("na", "n/a", "nan", "null", "none", "*", ".", "-", "--", "?", "#n/a", "<na>")  # no rating, in lower case
ITEMS = ("item", "items", "id", "task", "index", "row", "rownames", "uid", "uuid", "#")
SUMMARIES = (  # names that no person has, unlike Max and Min
    "mean", "average", "avg", "median", "sum", "total", "sd", "std", "stdev", "var", "variance", "count", "consensus",
    "majority",
)  # fmt: skip
_INDEX = re.compile(r"unnamed: ?\d+(_level_\d+)?|__index_level_\d+__|level_\d+|\.{2,3}1")
_SUMMARY = re.compile(r"(mean|average|avg|median|sum|total|std|sd)[_ ].*|.*[_ ](mean|avg|sd|std)")
_NAMES, _TELLS = "it names the items", "by its name it tells items apart"
_FEWEST = 5  # rows from which numbers can tell that a column is no rater's
_WIDER = 8.0  # times the range of the usual rater, beyond which a column is on another scale


def raters(sheet: Sheet) -> tuple[list[str], Array, list[str]]:
    """The raters, their ratings [items, raters] with NaN where one is missing, and remarks on what was left out.

    Raises Unusable for a cell that is no rating, a column on another scale, fewer than two raters, or another layout.
    """
    left_out = {name: why for name in sheet.names if (why := _by_name(sheet, name))}
    require_items_by_raters(sheet, left_out.keys())
    found = {name: _ratings(sheet, name) for name in sheet.names if name not in left_out}
    if len(found) < 2:
        raise _too_few(found, left_out)
    left_out |= _by_numbers(found)
    kept = [name for name in found if name not in left_out]
    if len(kept) < 2:
        raise _too_few(kept, left_out)
    ratings = {name: found[name] for name in kept}
    _same_place(ratings)
    apart = codes(np.stack(list(ratings.values())))
    if apart is not None and apart.far:
        raise _no_rating(sheet, ratings, apart)
    _same_scale(ratings)
    scores, again = _once(sheet, left_out, np.stack([found[name] for name in kept], axis=1))
    remarks = [f"column {clip(name)!r} is no rater: {why}" for name, why in left_out.items() if why != _NAMES]
    doubt = [f"{apart}; if that says that a rating is missing, leave such cells empty"] if apart is not None else []
    return kept, scores, remarks + again + _holes(sheet, kept, scores) + doubt


def _too_few(found: Any, left_out: Mapping[str, str]) -> Unusable:
    what = f"there are ratings of {'one rater' if len(found) else 'nobody'} only"
    none = [f"{clip(name)!r} is none: {reason}" for name, reason in left_out.items() if reason != _NAMES]
    why = "; ".join(none[:3])
    fix = "one column a rater, at least two of them, after a column item"
    return Unusable(what, "; ".join(filter(None, (fix, why))))


def _by_name(sheet: Sheet, name: str) -> str:
    """Why a column is no rater's, by what it is called, or because there is no number in it; "" if it may be one."""
    plain = name.casefold()
    if name in sheet.index:
        return "it was the index of a pandas frame"
    if _INDEX.fullmatch(plain):
        return "an index that was written as a column"
    if tells_apart(name):
        return _NAMES if plain == "item" else _TELLS
    if plain in SUMMARIES or _SUMMARY.fullmatch(plain):
        return "by its name it sums the others up"
    numeric = [finite(cell) is not None or nearly(cell) for cell in sheet.cells(name) if not _hole(cell)]
    if not numeric:
        return "it is empty"
    if 2 * sum(numeric) < len(numeric):
        return _NAMES if name == sheet.names[0] else "most of what it holds is no number"
    return ""


def tells_apart(name: str) -> bool:
    """Whether a column of this name tells things apart, as an id does, and says nothing of them."""
    plain = name.casefold()
    return plain in ITEMS or bool(re.fullmatch(r".*[_ ](id|index)", plain) or re.fullmatch(r".+[a-z]I[Dd]", name))


def _hole(cell: Any) -> bool:
    return blank(cell) or (isinstance(cell, str) and called(cell).lower() in HOLES)


def _ratings(sheet: Sheet, name: str) -> Array:
    return np.array(sheet.numbers(name, HOLES), dtype=float)


def _by_numbers(found: Mapping[str, Array]) -> dict[str, str]:
    """Why columns are no raters', by their numbers."""
    why: dict[str, str] = {}
    rest = dict(found)
    for name in found:
        if _counts(name, rest):
            why[name] = "its whole numbers, no two alike, count or tell apart the items"
            del rest[name]
    for name in list(rest):
        if len(rest) > 2 and (which := _summary(name, rest)):
            why[name] = f"it is the {which} of the others"
            del rest[name]
    return why


def _counts(name: str, found: Mapping[str, Array]) -> bool:
    """Whether a column counts the rows or numbers the items: whole numbers, no two alike, unlike the others'.

    Ranks are no two alike either, but then everybody's are the same numbers in another order.
    """
    x = found[name]
    others = [other for n, other in found.items() if n != name]
    if len(x) < _FEWEST or not _distinct(x) or any(np.array_equal(np.sort(x), np.sort(other)) for other in others):
        return False
    steps = np.diff(x)
    if np.all(steps == 1) or np.all(steps == -1):
        return True
    if len(x) < 2 * _FEWEST or any(map(_distinct, others)):
        return False
    together = np.concatenate([*others, [np.nan]])
    outside = np.max(x) > np.nanmax(together) or np.min(x) < np.nanmin(together)
    return bool(outside or np.ptp(x) == len(x) - 1 or np.all(steps > 0) or np.all(steps < 0))


def _distinct(x: Array) -> bool:
    """Whether it has whole numbers in every row, no two alike."""
    return bool(np.all(np.isfinite(x)) and np.all(x == np.round(x)) and len(np.unique(x)) == len(x))


def _summary(name: str, found: Mapping[str, Array]) -> str:
    """Which of mean, sum and number a column is of the others, or of those before it, to its own digits; else ""."""
    names, x = list(found), found[name]
    for others in (names[: names.index(name)], [n for n in names if n != name]):
        if len(others) < 2 or np.any(np.isnan(x)):
            continue
        scores = np.stack([found[n] for n in others], axis=1)
        count, total = np.sum(np.isfinite(scores), axis=1), np.nansum(scores, axis=1)
        if not np.all(count) or np.all(np.ptp(scores, axis=1) == 0):
            continue
        if np.array_equal(x, total):
            return "sum"
        if np.array_equal(x, count):
            return "number"
        half = 0.5 * 10.0 ** -_digits(x) + 1e-9
        if half < 0.4 and np.all(np.abs(x - total / count) <= half):
            return "mean"
    return ""


def _digits(x: Array) -> int:
    """Decimals of the number that has most of them, up to 9."""
    written = (Decimal(repr(value)).normalize().as_tuple().exponent for value in x.tolist())
    return min(9, max(0, *(-exponent for exponent in written if isinstance(exponent, int)), 0))


def _same_place(found: Mapping[str, Array]) -> None:
    """Unusable for a column that lies wholly beside all others, farther away than they reach: a year, a price."""
    away = {}
    for name, x in found.items():
        others = np.concatenate([other for n, other in found.items() if n != name])
        if np.any(np.isfinite(x)) and np.any(np.isfinite(others)):
            low, high = float(np.nanmin(others)), float(np.nanmax(others))
            gap = max(float(np.nanmin(x)) - high, low - float(np.nanmax(x)))
            if gap > max(high - low, float(np.nanmax(x) - np.nanmin(x))) > 0:
                away[name] = (gap / (high - low or 1.0), f"while the others run from {low:g} to {high:g}")
    if away:
        column = max(away, key=lambda name: away[name][0])
        x = found[column]
        what = f"runs from {np.nanmin(x):g} to {np.nanmax(x):g}, {away[column][1]}"
        raise Unusable(what, "leave it out if it is no rater, or give all raters one scale", column=column)


def _no_rating(sheet: Sheet, found: Mapping[str, Array], apart: Codes) -> Unusable:
    """What to say of the first cell that holds a number which cannot be a rating."""
    at = {name: np.flatnonzero(np.isin(x, apart.numbers)) for name, x in found.items()}
    row, name = min((int(rows[0]), name) for name, rows in at.items() if len(rows))
    fix = f"{sum(map(len, at.values())):,} such cells: leave them empty if they say that a rating is missing"
    if sum(len(rows) > 0 for rows in at.values()) == 1:
        fix += ", or the column out if it is no rater"
    return sheet.wrong(row, name, f"is {quoted(sheet.cells(name)[row])}, and {apart}", fix)


def _same_scale(found: Mapping[str, Array]) -> None:
    """Unusable for a column whose numbers run so much farther than the others' that it would be the mean."""
    ranges = {name: float(np.nanmax(x) - np.nanmin(x)) if np.any(np.isfinite(x)) else 0.0 for name, x in found.items()}
    usual = float(np.median(sorted(ranges.values())[:-1]))
    widest = max(ranges, key=lambda name: ranges[name])
    if usual > 0 and ranges[widest] > _WIDER * usual:
        x = found[widest]
        what = (
            f"runs from {np.nanmin(x):g} to {np.nanmax(x):g}, {ranges[widest] / usual:.0f} times as far as the others"
        )
        raise Unusable(what, "leave it out if it is no rater, or give all raters one scale", column=widest)


def _once(sheet: Sheet, left_out: Mapping[str, str], scores: Array) -> tuple[Array, list[str]]:
    """Ratings without rows that are there again, and a remark on them. Rows are told apart only where items have names:
    otherwise two that are alike are two items."""
    if not {_NAMES, _TELLS} & set(left_out.values()):
        return scores, []
    again = sheet.again(sheet.names)
    if not again:
        return scores, []
    where = sheet.where(again[0])
    remark = (
        f"{len(again):,} rows are the same as earlier ones (the first: {where}), and count once"
        if len(again) > 1
        else f"1 row is the same as an earlier one ({where}), and counts once"
    )
    return np.delete(scores, again, axis=0), [remark]


def _holes(sheet: Sheet, names: Sequence[str], scores: Array) -> list[str]:
    """A remark on ratings that are missing, and on the words for it."""
    missing = int(np.sum(np.isnan(scores)))
    if not missing:
        return []
    cells = (cell for name in names for cell in sheet.cells(name) if isinstance(cell, str))
    words = sorted({called(cell) for cell in cells if not blank(cell) and called(cell).lower() in HOLES})
    remark = f" ({', '.join(map(quoted, words))} among them)" if words else ""
    return [
        f"{missing:,} of {scores.size:,} ratings are missing{remark}: a rater compares two items where both are rated"
    ]
