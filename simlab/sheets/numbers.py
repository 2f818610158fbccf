"""Cells as numbers, read exactly as they are written or refused, and the fix for a cell that is refused.

1,234 may mean 1.234 or 1234; so signs other than a decimal point are named, and never dropped.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

LARGEST = 1e100  # squares of differences, and their sums, are finite up to here
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:[,.'’_ \xa0\u2009\u202f][0-9]{3})+(?:[.,][0-9]+)?")
_UNSEEN = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\xad]|(?<=.)[\xa0\u2009\u202f](?=.)")


def finite(cell: Any) -> float | None:
    """The number in a cell that is not blank, None if it is none, or too large to calculate with.

    Space around it is ignored.
    """
    if isinstance(cell, bool):
        return None
    if isinstance(cell, str):
        cell = cell.strip()
        if not _NUMBER.fullmatch(cell):
            return None
    elif not isinstance(cell, int | float | Decimal):
        return None
    try:
        value = float(cell)
    except OverflowError:
        return None
    return value if abs(value) <= LARGEST else None


def nearly(cell: Any) -> bool:
    """Whether a cell is a number, though not as numbers are read: with a decimal comma, signs between thousands, a per
    cent sign, or too large."""
    text = cell.strip() if isinstance(cell, str) else ""
    written = _THOUSANDS.fullmatch(text) or _DECIMAL_COMMA.fullmatch(text)
    return bool(written) or _too_large(cell) or (text.endswith("%") and finite(text[:-1]) is not None)


def _too_large(cell: Any) -> bool:
    if isinstance(cell, str):
        number = bool(_NUMBER.fullmatch(cell.strip()))
    else:
        number = isinstance(cell, int) or (isinstance(cell, float) and math.isfinite(cell))
    return number and not isinstance(cell, bool) and finite(cell) is None


def advice(cell: Any) -> str:
    """What to write instead of a cell that is no number, as a fix; "" if no fix is known."""
    if isinstance(cell, bool):
        return "true and false are no numbers"
    text = cell.strip() if isinstance(cell, str) else ""
    if unseen := _UNSEEN.search(text):
        return f"it holds a sign that is not seen, U+{ord(unseen[0]):04X}"
    if _THOUSANDS.fullmatch(text):
        return "write thousands without a sign between them, and decimals after a point"
    if _DECIMAL_COMMA.fullmatch(text):
        return f"write {text.replace(',', '.')}, with a decimal point"
    if text.endswith("%"):
        return "write a number without %"
    if any(sign.isdigit() and not sign.isascii() for sign in text):
        return "write the digits 0 to 9"
    if text[:1] in ("−", "–") and text[1:2].isdigit():
        return "write the minus as -"
    return "it is too large" if _too_large(cell) else ""
