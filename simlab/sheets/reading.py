"""From a path to a sheet: the format of a file is told by its content first and its name second."""

from __future__ import annotations

from pathlib import Path, PurePath

from simlab.sheets.delimited import decoded, delimited
from simlab.sheets.packing import content
from simlab.sheets.sheet import Sheet, Unusable
from simlab.sheets.structured import arrow, json_table, parquet

_PARQUET = (".parquet", ".pq", ".parq")


def read(path: Path) -> Sheet:
    """The table in a file: CSV or tabs in UTF-8 or UTF-16, JSON, Parquet or Arrow; packed as gz, bz2, xz, zst or zip.

    Raises Unusable: one sentence, the likely fix, and the line or row.
    """
    data, name = content(path)
    suffix = PurePath(name).suffix.lower()
    if data.startswith(b"PAR1"):
        return parquet(data)
    if data.startswith((b"ARROW1", b"FEA1", b"\xff\xff\xff\xff")):
        return arrow(data)
    if suffix in _PARQUET:
        raise Unusable("cannot be read as Parquet: it does not begin as such files do", "write it anew, or as CSV")
    text = decoded(data)
    if text.lstrip()[:1] in ("{", "["):
        return json_table(text)
    return delimited(text, suffix)
