"""What people see simlab through: stdout and stderr, which may show few characters, be full, or not be there.

`protected` puts a `Stream` in the place of each for as long as a command works. Whatever is printed then, by
whomever, comes out: characters that the stream's encoding lacks are replaced by others that look or read like them,
and a stream that is closed, or breaks, takes nothing from the work that is reported on it.
"""

from __future__ import annotations

import codecs
import json
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import Any

from simlab.names import visible

_ALIKE = {
    "→": "->", "←": "<-", "↔": "<->", "⇒": "=>", "↑": "^", "↓": "v", "…": "...",
    "–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-", "‖": "||",
    "‘": "'", "’": "'", "‚": "'", "′": "'", "“": '"', "”": '"', "„": '"', "″": '"', "«": '"', "»": '"',
    "·": ".", "•": "*", "×": "x", "÷": "/", "⁄": "/", "±": "+-", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "≻": ">",
    "∝": "~", "∞": "inf", "√": "sqrt", "∑": "sum", "∏": "product", "∫": "integral", "∂": "d", "§": "sec. ",
    "µ": "u", "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
    "đ": "d", "Đ": "D", "ð": "d", "þ": "th", "ı": "i", "€": "EUR", "£": "GBP", "¥": "JPY", "©": "(c)", "®": "(R)",
    "░": "-", "▒": "+", "▓": "#", "█": "#", "✓": "ok", "✗": "x",
}  # fmt: skip


def look_alike(char: str, *, alone: bool = True) -> str:
    """ASCII that reads like a character: -> for →, e for é, rho for ρ where it stands `alone`; ? where nothing does."""
    if char in _ALIKE:
        return _ALIKE[char]
    kind, name = unicodedata.category(char), unicodedata.name(char, "")
    if name.startswith("BOX DRAWINGS"):
        straight = {"HORIZONTAL": "-", "LEFT": "-", "RIGHT": "-", "VERTICAL": "|", "UP": "|", "DOWN": "|"}
        way = [w for w in name.split() if w in straight]
        return straight[way[0]] if len({straight[w] for w in way}) == 1 else "+"
    if kind[0] == "M" or kind == "Cf":  # a mark on the character before it, or a joiner
        return ""
    if kind == "Zs":
        return " "
    if name.startswith("GREEK ") and " LETTER " in name and alone:
        spelled = name.split(" LETTER ")[1].split()[0].lower()
        return spelled.capitalize() if "CAPITAL" in name else spelled
    plain = unicodedata.normalize("NFKD", char)
    said = "".join(part if part.isascii() else look_alike(part, alone=alone) for part in plain if part != char)
    return said.strip("?") or "?"


def _replaced(error: UnicodeError) -> tuple[str, int]:
    """A codec's error handler: look-alikes of the characters that the encoding lacks."""
    assert isinstance(error, UnicodeEncodeError)
    text, said = error.object, []
    for at in range(error.start, error.end):
        shown = visible(text[at])
        beside = text[max(0, at - 1) : at] + text[at + 1 : at + 2]
        alone = not any(map(str.isalpha, beside))
        said.append(shown if shown.isascii() else look_alike(shown, alone=alone))
    return "".join(said), error.end


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """The same for JSON, where every character has its escape."""
    assert isinstance(error, UnicodeEncodeError)
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


codecs.register_error("simlab.look_alike", _replaced)
codecs.register_error("simlab.json", _escaped)


class Stream:
    """A stream to people: writing to it never fails. `failed` is why it no longer writes, None while it does.

    `json` says that what is written is JSON, in which characters are escaped rather than replaced.
    """

    def __init__(self, stream: Any) -> None:
        self.stream = None if stream is None or getattr(stream, "closed", False) else stream
        self.json = False
        self.failed: Exception | None = None

    @property
    def encoding(self) -> str:
        """The encoding of the stream below; of one that takes any text, UTF-8."""
        named = getattr(self.stream, "encoding", None) or "utf-8"
        try:
            return codecs.lookup(named).name
        except (LookupError, TypeError):
            return "ascii"

    def fit(self, text: str) -> str:
        """A text in characters that this stream can show."""
        if self.json:
            text, errors = visible(text, lambda match: json.dumps(match[0])[1:-1]), "simlab.json"
        else:
            errors = "simlab.look_alike"
        return text.encode(self.encoding, errors).decode(self.encoding)

    def write(self, text: str) -> int:
        """Write what can be shown of a text, if anybody is there to see it."""
        if self.stream is not None:
            try:
                self.stream.write(self.fit(text))
            except (OSError, ValueError) as error:
                self._lose(error)
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Let what was written be seen."""
        flush = getattr(self.stream, "flush", None)  # not every stream that somebody puts in place of stdout has it
        if flush is not None:
            try:
                flush()
            except (OSError, ValueError) as error:
                self._lose(error)

    def isatty(self) -> bool:
        """Whether this is a terminal."""
        try:
            return self.stream is not None and bool(self.stream.isatty())
        except (AttributeError, OSError, ValueError):
            return False

    def __getattr__(self, name: str) -> Any:
        if self.stream is None and name == "fileno":
            raise OSError("there is no such stream")
        return getattr(self.stream, name)

    def _lose(self, error: Exception) -> None:
        """Write no more; what Python itself still holds of the stream goes nowhere, instead of failing at its exit."""
        lost: Any = self.stream
        self.stream, self.failed = None, error
        if lost in (sys.__stdout__, sys.__stderr__):
            with suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, lost.fileno())
                os.close(nowhere)


@contextmanager
def protected() -> Iterator[Stream]:
    """Have `sys.stdout` and `sys.stderr` be such streams; gives the first."""
    _occupy()
    out, err = Stream(sys.stdout), Stream(sys.stderr)
    with redirect_stdout(out), redirect_stderr(err):
        try:
            yield out
        finally:
            out.flush()
            err.flush()


def unwritten(out: Stream) -> str:
    """Why not all of the output could be written; "" if it was, or if its reader went away, as `head` does."""
    if out.failed is None or isinstance(out.failed, BrokenPipeError | ConnectionError | ValueError):
        return ""
    return getattr(out.failed, "strerror", None) or str(out.failed)


def _occupy() -> None:
    """Put nothing in the place of standard streams that are closed: files opened later would get their numbers, and
    whatever a library says on stderr would be written into them.
    """
    if os.name != "posix":
        return
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            os.set_inheritable(number, True)
