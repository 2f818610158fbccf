"""The bytes of a file, unpacked where they are packed (gz, bz2, xz, zst, zip), and never more than fit in memory."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from simlab.components.data_file import LARGEST
from simlab.names import clip
from simlab.sheets.sheet import Unusable

_LEVELS = 3  # of packing: a .csv.gz in a zip
_DAMAGE = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)
_CSV = "save it as CSV in UTF-8"
FOREIGN: tuple[tuple[bytes, str, str], ...] = (  # how files begin that are no tables to us, what they are, and the fix
    (b"\xd0\xcf\x11\xe0", "an Excel workbook (.xls)", _CSV),
    (b"%PDF", "a PDF", _CSV),
    (b"SQLite format 3\0", "an SQLite database", "export the table as CSV"),
    (b"\x89HDF", "HDF5", "write the table as CSV or Parquet"),
    (b"\x93NUMPY", "a NumPy array", "write the table as CSV or Parquet"),
    (b"Obj\x01", "Avro", "write the table as CSV or Parquet"),
    (b"ORC", "ORC", "write the table as CSV or Parquet"),
    (b"$FL2", "an SPSS file", _CSV),
    (b"<stata_dta>", "a Stata file", _CSV),
    (b"RDX", "an R workspace", "in R: write.csv(table, row.names = FALSE)"),
    (b"X\n\0\0", "R's .rds", "in R: write.csv(table, row.names = FALSE)"),
    (b"\x80\x04\x95", "a Python pickle", "in pandas: to_csv(index=False), or to_parquet"),
    (b"\x80\x05\x95", "a Python pickle", "in pandas: to_csv(index=False), or to_parquet"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it, or pack it as zip or gz"),
    (b"Rar!", "a RAR archive", "unpack it, or pack it as zip or gz"),
    (b"\x04\x22\x4d\x18", "packed by LZ4", "unpack it, or pack it as zip or gz"),
    (b"version https://git-lfs", "a pointer of Git LFS, not the table itself", "git lfs pull"),
    (b"{\\rtf", "a document (RTF)", _CSV),
)


def content(path: Path) -> tuple[bytes, str]:
    """The unpacked bytes of a file, and the name of what was in it. Raises Unusable."""
    try:
        with path.open("rb") as file:  # bounded: a path may be a device without end
            data = _bounded(file.read)
    except OSError as error:
        raise Unusable(f"cannot be read: {error.strerror or error}", "check the path and its permissions") from None
    name = path.name
    for _ in range(_LEVELS):
        unpack = next((unpack for begin, unpack in _PACKED if data.startswith(begin)), None)
        if unpack is None:
            break
        try:
            data, name = unpack(data, name)
        except Unusable:
            raise
        except _DAMAGE as error:
            reason = clip(" ".join(str(error).split()), 100)
            raise Unusable(f"is packed, and damaged: {reason}", "copy it again, or unpack it") from None
    _known(data)
    return data, name


def _known(data: bytes) -> None:
    """Unusable, with the name of the format, for what is no table or not read here."""
    for begin, what, fix in FOREIGN:
        if data.startswith(begin):
            raise Unusable(f"is {what}", fix)
    if data[257:262] == b"ustar":
        raise Unusable("is a tar archive", "unpack it, and give the table alone")
    head = data[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml", b"<table", b"<head")):
        raise Unusable("is HTML or XML, not a table", f"open it and {_CSV}")


def _bounded(read: Callable[[int], bytes]) -> bytes:
    data = read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Unusable(f"holds more than {LARGEST >> 20} MiB", "take a sample of its rows, or fewer columns")
    return data


def _stream(opener: Callable[[Any], Any], *suffixes: str) -> Callable[[bytes, str], tuple[bytes, str]]:
    """An unpacker by a library that reads a packed file as a file."""

    def unpack(data: bytes, name: str) -> tuple[bytes, str]:
        with opener(io.BytesIO(data)) as file:
            return _bounded(file.read), _without(name, suffixes)

    return unpack


def _without(name: str, suffixes: tuple[str, ...]) -> str:
    return next((name[: -len(s)] for s in suffixes if name.lower().endswith(s)), name)


def _zst(data: bytes, name: str) -> tuple[bytes, str]:
    import pyarrow as pa

    with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as file:
        return _bounded(file.read), _without(name, (".zst", ".zstd"))


def _zip(data: bytes, name: str) -> tuple[bytes, str]:
    """The one file in a zip."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        within = archive.namelist()
        if "[Content_Types].xml" in within or "mimetype" in within:
            office = "an Excel workbook" if any(n.startswith("xl/") for n in within) else "an office document"
            raise Unusable(f"is {office}", _CSV)
        files = [f for f in archive.infolist() if not f.is_dir() and not _litter(f.filename)]
        if len(files) != 1:
            held = f"{len(files)} files" if files else "no file"
            raise Unusable(f"is a zip that holds {held}", "pack the table alone")
        if files[0].flag_bits & 1:
            raise Unusable("is a zip with a password", "unpack it")
        with archive.open(files[0]) as file:
            return _bounded(file.read), PurePosixPath(files[0].filename).name


def _litter(name: str) -> bool:
    """What a Mac adds to a zip."""
    return name.startswith("__MACOSX/") or PurePosixPath(name).name.startswith(".")


_PACKED: tuple[tuple[bytes, Callable[[bytes, str], tuple[bytes, str]]], ...] = (
    (b"\x1f\x8b", _stream(lambda file: gzip.GzipFile(fileobj=file), ".gz", ".gzip")),
    (b"BZh", _stream(bz2.BZ2File, ".bz2")),
    (b"\xfd7zXZ\0", _stream(lzma.LZMAFile, ".xz")),
    (b"\x28\xb5\x2f\xfd", _zst),
    (b"PK\x03\x04", _zip),
    (b"PK\x05\x06", _zip),
)
