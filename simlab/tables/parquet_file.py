"""Checks of a Parquet file before it is read: that its rows fit in memory, and which run they belong to.

A file of a few kilobytes can hold a billion rows, or texts of gigabytes, as long as they are all alike. No table of
ours is like that, and such a file is refused before memory runs out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from simlab import plain_files
from simlab.tables.stream_file import texts


def bounded(file: BinaryIO) -> pq.ParquetFile:
    """The file as Parquet, if what it says of its rows can be so large. ValueError otherwise, or errors of Arrow's."""
    size = file.seek(0, 2)
    file.seek(0)
    found = pq.ParquetFile(file)
    about, columns = found.metadata, found.schema_arrow
    groups = [about.row_group(i) for i in range(about.num_row_groups)]
    if about.num_rows != sum(group.num_rows for group in groups) or any(group.num_rows < 0 for group in groups):
        raise ValueError("its numbers of rows do not add up")
    if odd := [field for field in columns if not (_is_text(field.type) or pa.types.is_primitive(field.type))]:
        raise ValueError(f"its column {odd[0].name!r} holds {odd[0].type}, as no table of a run does")
    width = sum(4 if _is_text(field.type) else field.type.bit_width // 8 or 1 for field in columns)
    grown = max(about.num_rows * width, sum(max(0, group.total_byte_size) for group in groups))
    if grown > plain_files.bound(size):
        raise ValueError(f"its {size:,} bytes say they hold {about.num_rows:,} rows in {grown:,} bytes")
    return found


def whole(file: BinaryIO, columns: Sequence[str] | None = None) -> pq.ParquetFile:
    """The same, if its texts, or those of these columns, can be so large, too, when every row has its own."""
    found = bounded(file)
    about, names = found.metadata, found.schema_arrow.names
    places = [
        i for i, field in enumerate(found.schema_arrow)
        if _is_text(field.type) and (columns is None or field.name in columns)
    ]  # fmt: skip
    bound, total = plain_files.bound(file.seek(0, 2)), 0
    if sum(_most(about.row_group(g), places) for g in range(about.num_row_groups)) > bound:
        coded = pq.ParquetFile(file, read_dictionary=[names[i] for i in places])
        for group in range(about.num_row_groups):
            total += texts(coded.read_row_group(group, columns=[names[i] for i in places]))
            if total > bound:
                raise ValueError(f"its texts say they are {total:,} bytes or more")
    file.seek(0)
    return found


def _most(group: pq.RowGroupMetaData, columns: Sequence[int]) -> int:
    """Bytes that the texts of a row group cannot exceed: as if the longest were all of the column, in every row."""
    return sum(int(group.num_rows) * int(group.column(i).total_uncompressed_size) for i in columns)


def runs(about: pq.FileMetaData) -> set[str]:
    """The runs whose rows these are, by the statistics of the column `run`, which need no reading of rows."""
    found: set[str] = set()
    place = about.schema.to_arrow_schema().get_field_index("run")
    for group in range(about.num_row_groups if place >= 0 else 0):
        statistics = about.row_group(group).column(place).statistics
        if statistics is not None and statistics.has_min_max:
            found |= {str(statistics.min), str(statistics.max)}
    return found


def _is_text(type_: pa.DataType) -> bool:
    return str(type_.value_type if pa.types.is_dictionary(type_) else type_) in ("string", "large_string")
