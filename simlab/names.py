"""Names in files and on the command line: what a name may look like, and which one was probably meant."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

NAME = r"^[^\W\d][\w-]{0,63}$"  # a letter, then letters, digits, - and _

# Characters that show nothing of themselves, or change how others are shown: controls (C0 less tab and line feed,
# DEL, C1), soft hyphens, zero-width and bidirectional marks, separators of lines, tags, and halves of surrogate pairs.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)
_JOINERS = "\u200c\u200d"  # between letters they are spelling (Persian, Hindi), and make one emoji of several

CALLED = {  # what people call the kinds of plugin
    "criterion": "criterion",
    "rater": "rater policy",
    "effort": "effort",
    "review": "review rule",
    "look": "look",
    "reward": "reward shape",
    "guideline": "guideline policy",
    "combination": "combination rule",
    "charter": "charter",
    "aggregator": "aggregator",
    "consequence": "consequence",
    "learner": "learner",
    "world": "world",
    "logger": "logger",
    "outcome": "outcome",
}


def is_name(text: str) -> bool:
    """Whether something may be called so: `NAME`, in any script. Marks that belong to a letter are a part of it."""
    plain = "".join(sign for sign in text[1:] if unicodedata.category(sign)[0] != "M")
    return re.fullmatch(NAME, text[:1] + plain) is not None


def composed(text: str) -> str:
    """A name as it is told from others: é is one, whether it was typed as a letter or as e and an accent (NFC)."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def on_disk(path: Path) -> Path:
    """A path that is there, or else the one that is there and spelt alike, be it with composed letters or not."""
    if str(path).isascii() or os.path.exists(path) or path == path.parent:
        return path
    folder = on_disk(path.parent)
    try:
        there = os.listdir(folder)
    except (OSError, ValueError):  # ValueError: a null byte in the name
        return path
    return folder / next((name for name in sorted(there) if composed(name) == composed(path.name)), path.name)


def who(plugin: Any) -> str:
    """A component, or its class, as a message names it: its kind and its name."""
    return f"{CALLED.get(plugin.kind, plugin.kind)} {plugin.name!r}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean 'days'?` for the closest of the known names, or an empty string."""
    names = list(known)
    folded = {n.casefold(): n for n in reversed(names)}
    close = get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return f"did you mean {folded[close[0]]!r}?" if close else ""


def suggestion(name: str, known: Sequence[str]) -> str:
    """The closest known name and the list of all of them, as the fix of a `Problem`."""
    listed = f"known: {', '.join(dict.fromkeys(known))}" if known else "there are none"
    return " ".join(part for part in (did_you_mean(name, known), listed) if part)


def shown(value: object) -> str:
    """A value as a message shows it: as a file would say it, clipped."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return repr(shorten(value, 60)) if isinstance(value, str) else clip(repr(value))


def from_here(path: Path) -> str:
    """A path as seen from the current folder, where there is one and it is below it."""
    try:
        here = Path.cwd()
    except OSError:
        return str(path)
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def clip(text: str, width: int = 60) -> str:
    """A text cut to `width` characters, with an ellipsis where it was cut."""
    return text if len(text) <= width else text[: width - 1] + "…"


def shorten(text: str, width: int) -> str:
    """A text cut to `width` characters in its middle, with an ellipsis there: how it begins and ends tells most."""
    if len(text) <= width:
        return text
    head = (width - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"


def escaped(match: re.Match[str]) -> str:
    """A character that is not seen, as \\x1b or \\u202e; joiners between letters of other scripts stay."""
    character, around = match[0], match.string[max(0, match.start() - 1) : match.end() + 1]
    if character in _JOINERS and len(around) == 3 and not around[0].isascii() and not around[2].isascii():
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python holds a byte that could not be decoded
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str, escape: Callable[[re.Match[str]], str] = escaped) -> str:
    """A text in which every character is one that is seen: escape sequences and bidirectional overrides do nothing.

    Controls, zero-width and bidirectional marks become \\x1b, \\u202e and the like (`escape` says how), and a byte of
    a file name that is not UTF-8 becomes \\xff. Line feeds and tabs stay, and so does all ordinary writing.
    """
    return text if text.isprintable() else _UNSEEN.sub(escape, text)


def one_line(text: str) -> str:
    """The same on one line: for names of files, which may hold line feeds."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")
