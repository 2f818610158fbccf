"""Turning what is recorded of a table into Parquet, a part at a time while the run goes on, and hashing it.

What has been written to a stream need not be read back when the run ends, and of a long table no more rows are in
memory than one part has.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from simlab import plain_files
from simlab.tables.schemas import TABLES
from simlab.tables.table_files import Digest, buffered, latest, plain

PART_ROWS, PART_BYTES = 1 << 20, 1 << 27  # rows, or bytes, that are gathered before they are written
KEPT_BYTES = 1 << 24  # of a table with a key: of more, all rows are read back from the stream at the end


class Compaction:
    """The Parquet file of one table, at `target`. `take` every batch, then `finish`, or `discard` the file.

    A table with a key has only the last rows of each, so that it is written when all of them are there.
    """

    def __init__(self, target: Path, name: str, columns: pa.Schema) -> None:
        self.target, self._columns = target, columns
        self._key = TABLES[name].key
        self._held: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0  # that are held
        self._read_back = False
        self._digest = Digest(columns)
        self._open = ExitStack()
        self._writer: pq.ParquetWriter | None = None

    def take(self, batch: pa.RecordBatch) -> None:
        """Take further rows, whose texts are dictionary-coded."""
        if self._read_back:
            return
        self._held.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._key:
            if self._bytes > KEPT_BYTES:
                self._read_back, self._held = True, []
        elif self._rows >= PART_ROWS or self._bytes >= PART_BYTES:
            self._write(pa.Table.from_batches(self._held))
            self._held, self._rows, self._bytes = [], 0, 0

    def finish(self, stream: Iterable[pa.RecordBatch]) -> tuple[int, str]:
        """Write what is left; returns the number of rows of the file, and their sha256. All rows are read from the
        `stream` if they are too many to have been kept for their keys."""
        held, self._held = list(stream) if self._read_back else self._held, []
        if held:
            rows = pa.Table.from_batches(held)
            self._write(latest(plain(rows), self._key) if self._key else rows)
        elif self._writer is None:
            content, digest = _empty(self._columns)
            with plain_files.begun(self.target) as file:
                file.write(content)
            return 0, digest
        self._open.close()
        return self._digest.rows, self._digest.hexdigest()

    def discard(self) -> None:
        """Leave no file, if it is not finished."""
        if self._writer is not None:
            self._open.close()
            self.target.unlink(missing_ok=True)

    def _write(self, rows: pa.Table) -> None:
        rows = rows.unify_dictionaries().combine_chunks()  # many small chunks are slow
        if self._writer is None:
            file = self._open.enter_context(plain_files.begun(self.target))
            self._writer = self._open.enter_context(_writer(self._open.enter_context(buffered(file)), rows.schema))
        self._digest.update(rows)
        with plain_files.naming(self.target):
            self._writer.write_table(rows)


def _writer(sink: pa.NativeFile, columns: pa.Schema) -> pq.ParquetWriter:
    """Texts are written as the codes they have in memory, and read as texts. Snappy costs a third of what zstd does,
    for files a sixth larger, and whatever reads Parquet reads it."""
    texts = [field.name for field in columns if field.type == pa.string() or pa.types.is_dictionary(field.type)]
    return pq.ParquetWriter(sink, columns, compression="snappy", use_dictionary=texts, store_schema=False)


@lru_cache(maxsize=128)
def _empty(columns: pa.Schema) -> tuple[bytes, str]:
    """The Parquet file of a table without rows, and its sha256."""
    sink = pa.BufferOutputStream()
    with _writer(sink, columns) as writer:
        writer.write_table(columns.empty_table())
    return sink.getvalue().to_pybytes(), Digest(columns).hexdigest()
