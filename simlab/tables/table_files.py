"""Tables on disk: Arrow schemas, streams that may end in mid-write, keyed rows, the canonical sha256.

The recorder writes with this module and `simlab.runs.loading` reads with it. While a run goes on, its tables are Arrow
streams in `DIR/tables`; when it is done they are Parquet files. A run that was interrupted and is started again
keeps the rows it had in `DIR/tables/earlier` until it has produced them once more.

Whatever is read is checked first: a plain file (`plain_files`), which grows to no more
than it may (`stream_file`, `parquet_file`). What cannot be read is InvalidInput, naming the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from os.path import lexists
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from simlab import plain_files
from simlab.errors import InvalidInput, Problem
from simlab.names import clip
from simlab.tables import parquet_file as table_file
from simlab.tables import stream_file
from simlab.tables.schemas import TABLES, Table

AGAIN = "delete it, and the command that began the run makes it again"
STREAM, PARQUET, PART = ".arrows", ".parquet", ".parquet.part"
PACKED = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)  # costs less than writing four times the bytes
BATCH = 1 << 18  # rows read at a time
BUFFER = 1 << 15  # bytes written at once
DECODED = 1 << 20  # bytes of texts that are written out at once to be hashed
_ARROW = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_()}


def schema(table: Table, extra: Sequence[str] = ()) -> pa.Schema:
    """The Arrow schema of a table in a run that adds the float64 columns `extra`; ValueError if it may not."""
    if unknown := [name for name in extra if table.added(name) is None]:
        raise ValueError(f"table {table.name!r} takes no extra columns, got {unknown}")
    if clash := [name for name in extra if name in table.names]:
        raise ValueError(f"table {table.name!r} already has columns {clash}")
    own = [(column.name, _ARROW[column.type]) for column in table.columns]
    return pa.schema([*own, *((name, pa.float64()) for name in extra)])


def streamed(columns: pa.Schema) -> pa.Schema:
    """The schema of the same rows in a stream: a text is a number there, and its words are written once a batch."""
    coded = pa.dictionary(pa.int32(), pa.string())
    return pa.schema([field.with_type(coded) if field.type == pa.string() else field for field in columns])


def plain(rows: pa.Table) -> pa.Table:
    """The same rows with dictionary-coded texts decoded."""
    columns = [
        pa.chunked_array([chunk.dictionary_decode() for chunk in column.chunks], column.type.value_type)
        if pa.types.is_dictionary(column.type)
        else column
        for column in rows.columns
    ]
    return pa.table(columns, rows.column_names)


def tables_folder(run: Path) -> Path:
    """Where the tables of the run in folder `run` are."""
    return run / "tables"


def earlier_folder(run: Path) -> Path:
    """Where the rows are that the run in folder `run` had before it was interrupted."""
    return run / "tables" / "earlier"


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A stored table's file; what goes wrong while it is read is said of it, in one sentence.

    Parquet is a file of Arrow's own: threads of its that read ahead may outlive Python, which one of ours cannot.
    """
    try:
        with plain_files.opened(path, AGAIN) as file:
            if path.suffix != PARQUET:
                yield file
                return
            with pa.OSFile(str(path)) as native:
                yield native
    except FileNotFoundError:
        raise
    except (pa.ArrowException, ValueError, OSError, MemoryError, OverflowError) as error:
        reason = "".join(c if c.isprintable() else " " for c in str(error).partition("\n")[0])
        what = f"is damaged: {clip(reason, 160) or type(error).__name__}"
        raise InvalidInput(Problem(what, AGAIN, path)) from error


def batches(path: Path) -> Iterator[pa.RecordBatch]:
    """The record batches of a stream or Parquet file. A stream cut off anywhere ends with its last whole batch."""
    with opened(path) as file:
        if path.suffix != PARQUET:
            yield from stream_file.batches(file)
            return
        for batch in table_file.whole(file).iter_batches(batch_size=BATCH):
            batch.validate(full=True)
            yield batch


def stored(run: Path, name: str) -> Path | None:
    """The file that holds most rows of a table, or None: Parquet is complete; else the longer of two streams."""
    folders = (tables_folder(run), earlier_folder(run))
    for folder in folders:
        if lexists(path := folder / f"{name}{PARQUET}"):
            return path
    streams = [path for folder in folders if lexists(path := folder / f"{name}{STREAM}")]
    return max(streams, key=count) if len(streams) > 1 else streams[0] if streams else None


def count(path: Path) -> int:
    """Rows of a stream or Parquet file that can be read."""
    if path.suffix == PARQUET:
        return int(metadata(path).num_rows)
    return sum(batch.num_rows for batch in batches(path))


def metadata(path: Path) -> pq.FileMetaData:
    """The metadata of a Parquet file."""
    with opened(path) as file:
        return table_file.bounded(file).metadata


def require(path: Path, name: str, run: str, rows: int | None = None, *, exact: bool = True) -> pa.Schema:
    """The columns of a stored file, if it is that table of that run, as far as it says so without being read.

    `rows` is how many there must be; `exact` says that no column may be missing, as in tables of an earlier version.
    Raises InvalidInput otherwise.
    """
    columns = columns_of(path, name)
    if what := _misfit(columns, TABLES[name], exact):
        raise InvalidInput(Problem(f"is not this run's table {name!r}: {what}", AGAIN, path))
    if path.suffix == PARQUET:
        about = metadata(path)
        require_run(table_file.runs(about), run, path)
        if rows is not None and about.num_rows != rows:
            what = f"does not belong to this run: it has {about.num_rows:,} rows, and there were {rows:,}"
            raise InvalidInput(Problem(what, AGAIN, path))
    return columns


def require_run(found: Iterable[str], run: str, path: Path) -> None:
    """Raise InvalidInput if rows of a stored table say that they are another run's."""
    if others := sorted(set(found) - {run}):
        what = f"does not belong to this run, which is {run}: its rows are of {clip(repr(others[0]))}"
        raise InvalidInput(Problem(what, AGAIN, path))


def _misfit(columns: pa.Schema, table: Table, exact: bool) -> str:
    """Why these cannot be the columns of a table; empty if they can."""
    own = schema(table)
    for field in columns:
        added = None if table.added(field.name) is None else pa.float64()
        expected = own.field(field.name).type if field.name in own.names else added
        if expected is None:
            return f"that has no column {clip(repr(field.name))}"
        if _plain(field.type) != expected:
            return f"its column {clip(repr(field.name))} is {field.type}, not {expected}"
    if len(set(columns.names)) < len(columns.names):
        return "it has a column twice"
    missing = [name for name in own.names if name not in columns.names]
    return f"it has no column {missing[0]!r}" if missing and exact else ""


def read(path: Path, name: str, columns: Sequence[str] | None = None, rows: pc.Expression | None = None) -> pa.Table:
    """All rows of a stored table, each keyed row in its last state; of Parquet, these columns and rows if told so."""
    if path.suffix == PARQUET:
        with opened(path) as file:
            table_file.whole(file, columns)
            found = pq.read_table(file, columns=columns, filters=rows, partitioning=None)
            found.validate(full=True)
            return found
    parts = list(batches(path))
    return latest(
        plain(pa.Table.from_batches(parts)) if parts else columns_of(path, name).empty_table(), TABLES[name].key
    )


def columns_of(path: Path, name: str) -> pa.Schema:
    """The columns a stored table says it has; of a stream that was cut off before that, those every run has."""
    with opened(path) as file:
        if path.suffix == PARQUET:
            return table_file.bounded(file).schema_arrow
        columns = stream_file.columns(file)
        return schema(TABLES[name]) if columns is None else plain(columns.empty_table()).schema


def latest(rows: pa.Table, key: Sequence[str]) -> pa.Table:
    """The last of the rows with equal `key`, in the order in which each key first appeared."""
    if not key or not rows.num_rows:
        return rows
    numbered = rows.select(key).append_column("row", pa.array(np.arange(rows.num_rows)))
    spans = numbered.group_by(list(key), use_threads=False).aggregate([("row", "min"), ("row", "max")])
    return rows.take(spans.sort_by("row_min")["row_max"])


_NOTHING = hashlib.sha256().digest()


class Digest:
    """The sha256 of a table's content: names, types, where nulls are, and values.

    It does not depend on batches, on dictionary encoding, on what lies under a null, or on which NaN a NaN is.
    """

    def __init__(self, columns: pa.Schema) -> None:
        self.rows = 0
        self._columns = [(field.name, _ColumnDigest(_plain(field.type))) for field in columns]

    def update(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Add further rows."""
        for name, column in self._columns:
            values = batch[name]
            for chunk in values.chunks if isinstance(values, pa.ChunkedArray) else [values]:
                column.update(chunk)
        self.rows += batch.num_rows

    def hexdigest(self) -> str:
        """The digest of all rows so far."""
        parts = [f"{len(name)}:{name}:{column.type}:{column.hexdigest()}" for name, column in self._columns]
        return hashlib.sha256("\n".join([str(self.rows), *parts]).encode()).hexdigest()


class _ColumnDigest:
    """Digests of one column: positions of nulls, widths (of texts) and values are hashed apart from each other."""

    def __init__(self, type_: pa.DataType) -> None:
        self.type = type_
        self._rows = 0
        self._nulls: list[bytes] = []  # seldom any
        self._widths, self._values = hashlib.sha256(), hashlib.sha256()

    def update(self, array: pa.Array) -> None:
        if not isinstance(array, pa.DictionaryArray):
            self._update_plain(array)
            return
        longest = pc.max(pc.binary_length(array.dictionary)).as_py() or 1  # written out, texts may be far larger
        rows = max(1, DECODED // longest)
        for start in range(0, len(array), rows):
            self._update_plain(array[start : start + rows].dictionary_decode())

    def _update_plain(self, array: pa.Array) -> None:
        if array.type != self.type:
            array = array.cast(self.type)
        if array.null_count:
            where = np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False))
            self._nulls.append((where + self._rows).astype("<i8").tobytes())
            array = array.fill_null(pa.scalar("" if self.type == pa.string() else 0).cast(self.type))
        self._rows += len(array)
        if self.type == pa.string():
            self._update_texts(array)
        else:
            self._values.update(_canonical(array.to_numpy(zero_copy_only=False)))

    def _update_texts(self, array: pa.StringArray) -> None:
        if len(array):
            offsets = np.frombuffer(array.buffers()[1], dtype=np.int32)[array.offset : array.offset + len(array) + 1]
            self._widths.update(_canonical(np.diff(offsets)))
            if offsets[-1] > offsets[0]:
                self._values.update(memoryview(array.buffers()[2])[offsets[0] : offsets[-1]])

    def hexdigest(self) -> str:
        nulls = hashlib.sha256(b"".join(self._nulls)).digest() if self._nulls else _NOTHING
        widths = self._widths.digest() if self.type == pa.string() else _NOTHING
        return hashlib.sha256(nulls + widths + self._values.digest()).hexdigest()


def _plain(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    return pa.string() if pa.types.is_large_string(type_) or pa.types.is_string_view(type_) else type_


def _canonical(values: np.ndarray[tuple[int], np.dtype[np.generic]]) -> bytes | memoryview:
    """Little-endian bytes; every NaN is the same."""
    if not len(values):
        return b""
    if values.dtype.kind == "f" and (missing := np.isnan(values)).any():
        values = np.where(missing, np.nan, values)
    return np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<")).data.cast("B")


def sha256(rows: pa.Table | pa.RecordBatch) -> str:
    """The canonical sha256 of a table in memory."""
    digest = Digest(rows.schema)
    digest.update(rows)
    return digest.hexdigest()


@contextmanager
def buffered(file: BinaryIO) -> Iterator[pa.NativeFile]:
    """A file of Python's as one of Arrow's, which writes much at once; it is closed at the end."""
    with pa.BufferedOutputStream(pa.PythonFile(file, "w"), BUFFER) as sink:
        yield sink


def summary(path: Path) -> tuple[int, str]:
    """Rows and sha256 of a stored table, computed anew from the file."""
    found = Digest(metadata(path).schema.to_arrow_schema())
    for batch in batches(path):
        found.update(batch)
    return found.rows, found.hexdigest()
