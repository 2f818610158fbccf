"""Texts as the game has them: lower case, with spaces between words and signs, in any script.

A word is letters and digits with the marks that belong to them: vowel signs of Hindi, accents that stand behind their
letter, points of Arabic and Hebrew. An apostrophe, a hyphen or an invisible joiner between two letters is a part of
the word; a picture that is joined of several is one sign. Spellings that look the same are the same (Unicode's NFC,
Unicode Standard Annex 15; words roughly as in Annex 29). Used by `collection.py` and `reading.py`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_PLAIN = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")  # of ASCII
_JOINERS = "\u200c\u200d"  # zero-width non-joiner and joiner, which shape letters and pictures
_MARKED = (range(0x300, 0x20000), range(0xE0020, 0xE01F0))  # where marks, variations and tags are
_REWRITTEN = str.maketrans(
    {
        "’": "'", "\u02bc": "'", "\u2010": "-", "\u2011": "-",  # other spellings of ' and -
        "\u200b": " ",  # a space without width, which parts words of Thai and Khmer
        **dict.fromkeys("\xad\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff", ""),
    }
)  # fmt: skip


def spoken(text: str) -> str:
    """A text as the game has it: lower case, with spaces between words and signs."""
    if text.isascii():
        return " ".join(_PLAIN.findall(text.lower()))
    # lowering İ makes two characters of it, so that the text is composed after, and before for Σ at the end of a word
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())
    return " ".join(_any_script().findall(text.translate(_REWRITTEN)))


@cache
def _any_script() -> re.Pattern[str]:
    """Words and signs with their marks. The library `re` knows no class of marks, so it is made here."""
    marks = "".join(_ranges([c for part in _MARKED for c in part if unicodedata.category(chr(c))[0] == "M"]))
    marks += "\U000e0020-\U000e007f"  # tags, which make the flag of Scotland
    letter = rf"[\w{marks}]"
    word = rf"\w{letter}*(?:['’\-·״׳{_JOINERS}]+{letter}+)*"
    flag = "[\U0001f1e6-\U0001f1ff]{2}"
    sign = rf"[^\w\s{_JOINERS}][{marks}\U0001f3fb-\U0001f3ff]*"
    return re.compile(rf"{word}|{flag}|{sign}(?:\u200d{sign})*")


def _ranges(codes: list[int]) -> list[str]:
    """Ascending code points as the ranges of a character class."""
    found: list[list[int]] = []
    for code in codes:
        if found and code == found[-1][1] + 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return [f"{chr(first)}-{chr(last)}" for first, last in found]
