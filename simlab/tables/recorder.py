"""The recorder writes the outcome tables during a run; a kill at any instant loses no row already flushed.

The simulation adds rows to a `Recorder` and has it keep them once a round, at once where rounds may be long, else where
the last time is `PATIENCE` seconds ago. Rows go to Arrow streams (`table_files`), and on to Parquet (`compaction`),
which `close` puts in the streams' place; those of a short run never see a stream. A run that is started again where an
earlier one was interrupted must produce the earlier rows once more: the recorder checks that it does and raises
`Mismatch` if not.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext, suppress
from io import FileIO
from itertools import groupby
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from simlab import plain_files
from simlab.errors import Mismatch
from simlab.tables import table_files
from simlab.tables.compaction import KEPT_BYTES, Compaction
from simlab.tables.rows import LARGE, RowMaker, Rows
from simlab.tables.schemas import TABLES

MAX_ROWS = 1_000_000  # buffered rows at which the recorder flushes by itself
MAX_BYTES = 1 << 28
PATIENCE = 0.5  # seconds since rows were written last, within which those of a short round wait for the next one
STREAMED = KEPT_BYTES >> 2  # bytes of a table from which its rows go through a stream also when a run ends
RECORDED = tuple(
    name for name in TABLES if name != "runs"
)  # `runs` is written from the manifest, see simlab.runs.loading


def coded(codes: ArrayLike | pa.Int32Array, words: Sequence[str] | pa.StringArray) -> pa.DictionaryArray:
    """A column of texts `words[codes]`, for columns in which few texts occur many times: a hundred times faster."""
    if not isinstance(words, pa.Array):
        words = pa.array(words, pa.string())
    if not isinstance(codes, pa.Array):
        codes = pa.array(np.asarray(codes, dtype=np.int32))
    return pa.DictionaryArray.from_arrays(codes, words)


class Recorder:
    """The tables of one run under way, in `DIR/tables`. `extra` names the further columns of a table; `watched` says
    that somebody will ask for the `fresh` rows of each round.

    Use it as a context manager: left before `close`, it keeps the streams as they are, and by an error also the rows
    that came before that.
    """

    def __init__(
        self, directory: Path | str, run: str, extra: Mapping[str, Sequence[str]] | None = None, watched: bool = False
    ) -> None:
        self.directory, self.run = Path(directory), run
        self._fresh: dict[str, list[pa.RecordBatch]] | None = {} if watched else None
        unknown = [name for name in extra or {} if name not in RECORDED]
        if unknown:
            raise ValueError(f"no such tables: {unknown}")
        schemas = {name: table_files.schema(TABLES[name], (extra or {}).get(name, ())) for name in RECORDED}
        before = _set_aside(self.directory)
        self._earlier = {name: _Earlier(self.directory, name) for name in RECORDED} if before else {}
        self._streams = {name: _Stream(self.directory, name, schemas[name]) for name in RECORDED}
        self._rows = self._bytes = 0
        self._kept = time.monotonic()  # when rows were written last
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as ends:
            quiet = suppress(OSError, Mismatch) if error else nullcontext()  # the first error is the one to tell
            for stream in self._streams.values():
                ends.enter_context(quiet)
                ends.callback(stream.end)
                if not self._closed:
                    ends.callback(stream.compaction.discard)
            if error is not None and not self._closed:
                ends.enter_context(quiet)
                ends.callback(self.flush)  # first of all: what came before an error is worth looking at

    def add(self, table: str, **columns: Any) -> None:
        """Add rows to a table: every column but `run`, as arrays or lists [n] or as single values for all rows.

        A column that many rows lack (`Column.often_absent`) may be left out. None is a missing number (NaN) or text
        (""). Raises ValueError, and adds nothing, if a column is unknown, missing, of another type or of another
        length.
        """
        if table not in self._streams:
            raise ValueError(f"no such table: {table!r}")
        if "run" in columns:
            raise ValueError(f"table {table!r}: the column run is filled in by the recorder")
        rows = self._streams[table].make.rows({"run": self.run, **columns})
        if not rows.count:
            return
        self._streams[table].hold(rows)
        self._rows += rows.count
        self._bytes += rows.nbytes
        if self._rows >= MAX_ROWS or self._bytes >= MAX_BYTES:
            self.flush()

    def keep(self, *, at_once: bool = False) -> None:
        """A round is over: flush, if somebody watches, or it is to be `at_once`, or rows were written last long enough
        ago; else with a later round."""
        if at_once or self._fresh is not None or time.monotonic() - self._kept >= PATIENCE:
            self.flush()

    @property
    def safe(self) -> bool:
        """Whether all rows added so far survive a kill."""
        return not self._rows

    def flush(self) -> None:
        """Write all rows added so far, table by table in the order of `TABLES`; they then survive a kill.

        Raises Mismatch, before writing, if rows differ from those of the interrupted run in this directory.
        """
        self._write(few=0)

    def _write(self, few: int) -> None:
        """Write the rows held back; of a table that has no stream yet, only more than so `few` bytes go into one."""
        for name, stream in self._streams.items():
            batches = list(stream.gathered())
            streamed = stream.begun or sum(batch.nbytes for batch in batches) > few
            for batch in batches:
                if self._earlier:
                    self._earlier[name].check(batch)
                if streamed:
                    stream.write(batch)
                stream.compaction.take(batch)
                if self._fresh is not None:
                    self._fresh.setdefault(name, []).append(batch)
        self._rows = self._bytes = 0
        self._kept = time.monotonic()

    def fresh(self) -> Mapping[str, pa.Table]:
        """The rows flushed since this was asked last, by table; nothing unless the recorder is `watched`.

        Arrow tables cannot be changed; texts are dictionary-coded. A table without new rows is left out.
        """
        found, self._fresh = self._fresh, {} if self._fresh is not None else None
        return MappingProxyType({name: pa.Table.from_batches(rows) for name, rows in (found or {}).items()})

    def close(self) -> dict[str, dict[str, Any]]:
        """Turn all there is into Parquet, and return each table's number of rows and sha256.

        All Parquet files are written under other names before the first one takes its place, and streams go last.
        Raises Mismatch if rows of the interrupted run in this directory were not produced again.
        """
        self._write(few=STREAMED)
        found = {}
        for name, stream in self._streams.items():
            stream.end()
            rows, digest = stream.compaction.finish(table_files.batches(stream.path))
            if self._earlier:
                self._earlier[name].check_end(rows, digest)
            found[name] = {"rows": rows, "sha256": digest}
        self._closed = True
        for name in self._streams:
            os.replace(_part(self.directory, name), _parquet(self.directory, name))
        for stream in self._streams.values():
            if stream.begun:
                stream.path.unlink()
        if self._earlier:
            shutil.rmtree(table_files.earlier_folder(self.directory), ignore_errors=True)
        return found


def _part(run: Path, name: str) -> Path:
    return table_files.tables_folder(run) / f"{name}{table_files.PART}"


def _parquet(run: Path, name: str) -> Path:
    return table_files.tables_folder(run) / f"{name}{table_files.PARQUET}"


class _Stream:
    """One table's stream file, which begins with its first rows, the rows held back until they are written, and the
    Parquet file they go on to."""

    def __init__(self, run: Path, name: str, schema: pa.Schema) -> None:
        self.path = table_files.tables_folder(run) / f"{name}{table_files.STREAM}"
        self.make = RowMaker(name, table_files.streamed(schema))
        self.compaction = Compaction(_part(run, name), name, schema)
        self._held: list[Rows | pa.RecordBatch] = []  # many rows as a batch
        self._open: tuple[FileIO, pa.NativeFile, pa.ipc.RecordBatchStreamWriter] | None = None

    @property
    def begun(self) -> bool:
        """Whether there is a file."""
        return self._open is not None

    def hold(self, rows: Rows) -> None:
        """Keep rows until the next flush."""
        self._held.append(self.make.batch([rows]) if rows.count >= LARGE else rows)

    def gathered(self) -> Iterator[pa.RecordBatch]:
        """What is held, in batches worth writing; it is held no longer."""
        held, self._held = self._held, []
        for many, parts in groupby(held, lambda part: isinstance(part, pa.RecordBatch)):
            if many:
                yield from parts
            else:
                yield self.make.batch(list(parts))

    def write(self, batch: pa.RecordBatch) -> None:
        with plain_files.naming(self.path):
            if self._open is None:
                file = self.path.open("xb", buffering=0)  # what was there has been set aside
                sink = pa.BufferedOutputStream(pa.PythonFile(file, "w"), table_files.BUFFER)
                self._open = file, sink, pa.ipc.new_stream(sink, self.make.schema, options=table_files.PACKED)
            _, sink, writer = self._open
            writer.write_batch(batch)
            sink.flush()

    def end(self) -> None:
        if self._open is None or self._open[0].closed:
            return
        file, sink, writer = self._open
        with plain_files.naming(self.path), file:
            try:
                writer.close()
            finally:
                sink.close()


class _Earlier:
    """The rows of one table that an interrupted run left behind, and how many of them have been produced again."""

    def __init__(self, run: Path, name: str) -> None:
        self._run, self._name, self._done = run, name, 0
        folder = table_files.earlier_folder(run)
        stream, complete = folder / f"{name}{table_files.STREAM}", folder / f"{name}{table_files.PARQUET}"
        self._complete = table_files.summary(complete) if complete.exists() else None
        found = list(table_files.batches(stream)) if stream.exists() else []
        self._rows = pa.Table.from_batches(found) if found else None

    def check(self, batch: pa.RecordBatch) -> None:
        """Compare new rows with the earlier rows in their place; a Parquet file is compared at the end instead."""
        if self._rows is None or self._done >= self._rows.num_rows:
            return
        before = self._rows.slice(self._done, batch.num_rows)
        now = pa.Table.from_batches([batch.slice(0, before.num_rows)])
        if table_files.sha256(before) != table_files.sha256(now):
            raise self._mismatch(_difference(before, now, self._done))
        self._done += now.num_rows

    def check_end(self, rows: int, digest: str) -> None:
        """Everything the interrupted run had must be there by now."""
        if self._complete is not None and self._complete != (rows, digest):
            raise self._mismatch(f"its {self._complete[0]} rows are not the {rows} rows of now")
        if self._rows is not None and self._done < self._rows.num_rows:
            raise self._mismatch(f"it had {self._rows.num_rows} rows, now there are {self._done}")

    def _mismatch(self, what: str) -> Mismatch:
        return Mismatch(
            f"{self._run}: table {self._name!r} does not agree with the interrupted run in this folder: {what} "
            "(simlab, a library or the machine has changed since; delete the folder or choose another --out)"
        )


def _difference(before: pa.Table, now: pa.Table, offset: int) -> str:
    """Where two stretches of a table differ first."""
    if before.schema != now.schema:
        return f"its columns were {before.column_names}, now they are {now.column_names}"
    for name in before.column_names:
        pairs = zip(before[name].to_pylist(), now[name].to_pylist(), strict=True)
        for row, (old, new) in enumerate(pairs):
            if repr(old) != repr(new):
                return f"column {name!r} of row {offset + row} was {old!r}, now it is {new!r}"
    return "its content differs"


def _set_aside(run: Path) -> bool:
    """Move what an interrupted run left out of the way of new streams: of every table, the file with most rows; whether
    there was anything.

    Each step leaves at least one of a table's files in place, so a kill in here loses nothing either.
    """
    tables, earlier = table_files.tables_folder(run), table_files.earlier_folder(run)
    tables.mkdir(parents=True, exist_ok=True)
    if not any(tables.iterdir()):
        return False
    earlier.mkdir(exist_ok=True)
    for name in RECORDED:
        kept = table_files.stored(run, name)
        if kept is not None and kept.parent == tables:
            kept = kept.replace(earlier / kept.name)
        for suffix in (table_files.STREAM, table_files.PARQUET):
            for folder in (tables, earlier):
                if (path := folder / f"{name}{suffix}") != kept:
                    path.unlink(missing_ok=True)
        _part(run, name).unlink(missing_ok=True)
    return True
