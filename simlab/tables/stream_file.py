"""Reading an Arrow stream from a file that may have been cut off, with checks that its rows fit in memory.

A stream grows while a run is under way and may have been cut off anywhere; whoever reads it gets its whole messages.
Before Arrow sees any of them, their frames are walked through: the declared length of a message is held against
the file, and the declared sizes of its buffers against a bound, so that nothing is allocated on a declaration alone.
The frames are Arrow's (https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format), and what is
read of their metadata are flatbuffers (https://flatbuffers.dev/internals).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from simlab import plain_files

_SCHEMA, _DICTIONARY, _ROWS = 1, 2, 3  # kinds of message
_CONTINUES = 0xFFFFFFFF  # how a frame begins


def batches(file: BinaryIO) -> Iterator[pa.RecordBatch]:
    """The whole record batches in the file. ValueError, or an error of Arrow's, if it is anything but a stream."""
    size = file.seek(0, 2)
    if not (end := _end(file, size)):
        return
    with pa.ipc.open_stream(_Beginning(file, end)) as stream:
        for batch in stream:
            batch.validate(full=True)
            if texts(batch) > plain_files.bound(size):
                raise ValueError("its texts are larger than any that were written")
            yield batch


def columns(file: BinaryIO) -> pa.Schema | None:
    """The columns the file says it has; None if it was cut off before it said so."""
    if not (end := _end(file, file.seek(0, 2))):
        return None
    with pa.ipc.open_stream(_Beginning(file, end)) as stream:
        return stream.schema


def texts(rows: pa.RecordBatch | pa.Table) -> int:
    """Bytes of the coded texts of these rows, once each row has its own."""
    total = 0
    for column in rows.columns:
        for part in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
            if isinstance(part, pa.DictionaryArray):
                lengths = pc.binary_length(part.dictionary)
                total += pc.sum(pc.cast(lengths, pa.int64()).take(part.indices)).as_py() or 0
    return total


class _Beginning:
    """The first bytes of a file, as a file."""

    closed = False

    def __init__(self, file: BinaryIO, end: int) -> None:
        self._file, self._left = file, end
        file.seek(0)

    def read(self, count: int = -1) -> bytes:
        found = self._file.read(self._left if count < 0 else min(count, self._left))
        self._left -= len(found)
        return found


def _end(file: BinaryIO, size: int) -> int:
    """Where the last whole rows end, or the columns before the first; 0 if not even those are said. ValueError if a
    message is none."""
    at, end, grown = 0, 0, 0
    try:
        while at + 8 <= size:
            file.seek(at)
            mark, length = struct.unpack("<Ii", file.read(8))
            if (mark, length) == (_CONTINUES, 0) or not mark:  # its end, or what a power cut leaves
                break
            if mark != _CONTINUES or length < 0:
                raise ValueError("it is no Arrow stream")
            if at + 8 + length > size:
                break
            message = _Message(file.read(length))
            if message.kind not in ((_DICTIONARY, _ROWS) if end else (_SCHEMA,)) or message.body < 0:
                raise ValueError("it is no Arrow stream of one table")
            if at + 8 + length + message.body > size:
                break
            grown += sum(_grown(file, at + 8 + length + start, count) for start, count in message.packed())
            if grown > plain_files.bound(size):
                raise ValueError(f"its {size:,} bytes say they hold {grown:,} or more")
            at += 8 + length + message.body
            end = end if message.kind == _DICTIONARY else at  # rows need all of the dictionaries before them
    except (struct.error, IndexError) as error:
        raise ValueError("a message in it is broken") from error
    return end


def _grown(file: BinaryIO, start: int, count: int) -> int:
    """Bytes that a packed buffer says it will have; −1 there says that it is not packed after all."""
    if count < 8:
        return count
    file.seek(start)
    (grown,) = struct.unpack("<q", file.read(8))
    return count if grown == -1 else int(grown) if grown >= 0 else plain_files.bound(1 << 60)


class _Message:
    """What is needed of a message's metadata: its kind, the length of its body, and where packed buffers lie in it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._root = self._pointed(0)
        self.kind: int = self._number("<B", self._root, 1)
        self.body: int = self._number("<q", self._root, 3)

    def packed(self) -> Iterator[tuple[int, int]]:
        """Start and length of each packed buffer, from the beginning of the body."""
        if self.kind == _SCHEMA:
            return
        rows = self._below(self._root, 2)
        if self.kind == _DICTIONARY:
            rows = self._below(rows, 1)
        if self._field(rows, 3) is None:  # no compression
            return
        listed = self._below(rows, 2)
        (count,) = struct.unpack_from("<I", self._data, listed)
        if count > len(self._data):
            raise ValueError("a message in it is broken")
        for i in range(count):
            start, length = struct.unpack_from("<qq", self._data, listed + 4 + 16 * i)
            if not (start >= 0 and length >= 0 and start + length <= self.body):
                raise ValueError("a buffer in it lies outside of its message")
            yield start, length

    def _field(self, table: int, number: int) -> int | None:
        """Where a field of a table is; None if the table leaves it out."""
        (back,) = struct.unpack_from("<i", self._data, table)
        (length,) = struct.unpack_from("<H", self._data, table - back)
        if 4 + 2 * number >= length:
            return None
        (offset,) = struct.unpack_from("<H", self._data, table - back + 4 + 2 * number)
        return table + offset if offset else None

    def _number(self, form: str, table: int, number: int) -> int:
        at = self._field(table, number)
        return 0 if at is None else int(struct.unpack_from(form, self._data, at)[0])

    def _below(self, table: int, number: int) -> int:
        at = self._field(table, number)
        if at is None:
            raise ValueError("a message in it is broken")
        return self._pointed(at)

    def _pointed(self, at: int) -> int:
        return at + int(struct.unpack_from("<I", self._data, at)[0])
