"""Tables of ratings that are not laid out as rows of items and columns of raters, told and refused.

Taken for such they give numbers, and wrong ones: in a long table, which has a row for each rating, whoever rated is a
number beside the rating, and both would be raters; where rows are raters, items would be. What tells a long table is
that two columns name its rows together and neither does alone, of which one is called as people who rate are, or which
are crossed, as opinions of one scale are not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import permutations, product

from simlab.names import clip
from simlab.sheets import Sheet, Unusable, blank
from simlab.sheets.numbers import finite

_WHOSE = re.compile(
    r"(crowd_?)?(worker|rater|annotator|labell?er|coder|assessor|evaluator|participant|respondent|reviewer|judge)"
    r"([_ ]?(id|name|no))?"
)
_MOST = 8  # columns of a table in which any two are tried
_FEWEST = 20  # rows that tell a crossing from chance
_NUMBERS = 2  # columns of numbers in a table that says whose ratings it has by numbers
_ALIKE = 0.1  # share of rows that may be there again

Values = Mapping[str, Sequence[str]]


def require_items_by_raters(sheet: Sheet, no_raters: Collection[str]) -> None:
    """Raise Unusable for a table whose rows are ratings or raters, or that has the best and the worst of several.

    `no_raters` are columns that are plainly none, by their names or since they hold texts.
    """
    plain = {name.casefold(): name for name in sheet.names}
    if {"best", "worst"} <= plain.keys():
        fix = "write labels of pairs: the best one is better than all others, and they than the worst"
        raise Unusable("has the best and the worst of several, which are no ratings", fix, column=plain["best"])
    called = [name for lower, name in plain.items() if _WHOSE.fullmatch(lower)]
    many = len({*sheet.names} - {*no_raters}) > _NUMBERS  # numbers may then be the ratings of somebody called so
    whose = [name for name in called if name in no_raters or not many]
    read = sheet.names if called or len(sheet.names) <= _MOST else ()
    values = {name: [repr(cell) for cell in sheet.cells(name)] for name in read}
    for name in called:
        if (name in whose or name == sheet.names[0]) and 1 < len(sheet) == len({*values[name]}):
            fix = "give a row an item and a column a rater; in pandas: set_index(…).T"
            raise Unusable("has raters for rows, no two alike here", fix, column=name)
    if pair := _named(values, whose, {*no_raters, *sheet.names[:1]}) or _crossed(values, no_raters):
        raise _long(sheet, *pair)


def _named(values: Values, whose: Sequence[str], items: Collection[str]) -> tuple[str, str] | None:
    """The columns that say which item, and whose rating a row is, if one is called so."""
    for rater, item in product(whose, values):
        rows = len(values[item])
        again = len({*values[item]}) <= (1 - _ALIKE) * rows
        if item != rater and item in items and again and _together(values, item, rater) >= (1 - _ALIKE) * rows:
            return item, rater
    return None


def _crossed(values: Values, no_raters: Collection[str]) -> tuple[str, str] | None:
    """Two columns whose values meet once at most, and at least half of them do; the second would be a rater's."""
    many = {name: len({*column}) for name, column in values.items()}
    for item, rater in permutations(many if len(values) <= _MOST else (), 2):
        rows, cells = len(values[item]), many[item] * many[rater]
        few = rows < _FEWEST or 2 * rows < cells or not 1 < many[rater] <= many[item] <= rows / 2
        if rater not in no_raters and not few and _together(values, item, rater) == rows:
            return item, rater
    return None


def _together(values: Values, item: str, rater: str) -> int:
    """How many rows are unlike all earlier ones in these two columns."""
    return len({*zip(values[item], values[rater], strict=True)})


def _long(sheet: Sheet, item: str, rater: str) -> Unusable:
    others = [name for name in sheet.names if name not in (item, rater)]
    rating = next((n for n in others if all(finite(c) is not None for c in sheet.cells(n) if not blank(c))), "…")
    what = f"seems to say whose rating a row is, and {clip(item)!r} of what, while a row should be an item"
    pivot = f"pivot(index={clip(item)!r}, columns={clip(rater)!r}, values={clip(rating)!r})"
    fix = f"give a row an item and a column a rater, in pandas by {pivot}; or leave it out if it is no rater"
    return Unusable(what, fix, column=rater)
