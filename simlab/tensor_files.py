"""Networks on disk, as safetensors: named arrays and a few texts about them in one plain file that runs no code.

The format is that of https://github.com/huggingface/safetensors (README, "Format"): the length of the header (8 bytes,
little-endian), the header in JSON (for each array dtype, shape, and where its bytes lie behind the header), then the
bytes, row by row, without holes. `__metadata__` in the header maps texts to texts. Written and read here by hand, so
that a run needs no further package; what is written can be read by the package `safetensors`, and the other way round.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from simlab import plain_files

SUFFIX = ".safetensors"
LONGEST_HEADER = 100_000_000  # bytes, as in the package
_NOTES = "__metadata__"
_DTYPES = {
    "BOOL": "?", "U8": "<u1", "I8": "<i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4", "U64": "<u8",
    "I64": "<i8", "F16": "<f2", "F32": "<f4", "F64": "<f8",
}  # fmt: skip
_NAMES = {np.dtype(code): name for name, code in _DTYPES.items()}
_BRAIN = "BF16"  # the upper half of a float of 32 bits, which numpy has no type for

Notes = Mapping[str, str]


def write(file: BinaryIO, arrays: Mapping[str, NDArray[Any]], notes: Notes) -> None:
    """Write named arrays and texts about them; those of more bytes a number first, so that all are aligned. Raises
    KeyError for a type of number that the format has not."""
    header: dict[str, Any] = {_NOTES: dict(notes)}
    plain = {name: np.asarray(array) for name, array in arrays.items()}
    plain = {name: array.astype(array.dtype.newbyteorder("<"), copy=False) for name, array in plain.items()}
    order = sorted(plain, key=lambda name: (-plain[name].itemsize, name))
    end = 0
    for name in order:
        begin, end = end, end + plain[name].nbytes
        dtype = _NAMES[plain[name].dtype]
        header[name] = {"dtype": dtype, "shape": list(plain[name].shape), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    file.write(struct.pack("<Q", len(text)) + text)
    for name in order:
        file.write(plain[name].tobytes())


def read(path: Path, fix: str) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The arrays in a file, and the texts about them. Raises ValueError for what is none of these files or is damaged,
    InvalidInput (which says `fix`) for what is no plain file, and OSError."""
    with plain_files.opened(path, fix) as file:
        header, begin = _header(file)
        size = file.seek(0, 2) - begin
        notes = header.pop(_NOTES, {})
        return {name: _array(file, begin, size, name, entry) for name, entry in header.items()}, _texts(notes)


def notes_of(path: Path, fix: str) -> dict[str, str]:
    """The texts about the arrays in a file, which are not read. Raises as `read` does."""
    with plain_files.opened(path, fix) as file:
        return _texts(_header(file)[0].get(_NOTES, {}))


def _header(file: BinaryIO) -> tuple[dict[str, Any], int]:
    """The header of a file, and where it ends."""
    size = file.seek(0, 2)
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or not 2 <= length <= min(size - 8, LONGEST_HEADER):
        raise ValueError("it is no safetensors file")
    try:
        header = json.loads(file.read(length))
    except (ValueError, RecursionError) as error:
        raise ValueError("its header is not JSON") from error
    if not isinstance(header, dict):
        raise ValueError("its header is no mapping")
    return header, 8 + length


def _array(file: BinaryIO, start: int, size: int, name: str, entry: Any) -> NDArray[Any]:
    try:
        dtype, shape = str(entry["dtype"]), tuple(int(length) for length in entry["shape"])
        begin, end = (int(place) for place in entry["data_offsets"])
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"its header does not say what {name} is") from error
    code = "<u2" if dtype == _BRAIN else _DTYPES.get(dtype)
    if code is None:
        raise ValueError(f"{name} is of type {dtype}, which cannot be read")
    whole = math.prod(shape) * np.dtype(code).itemsize
    if min(shape, default=0) < 0 or not 0 <= begin <= end <= size or end - begin != whole:
        raise ValueError(f"it does not hold all of {name}")
    file.seek(start + begin)
    found = np.frombuffer(file.read(whole), dtype=code).reshape(shape)
    return (found.astype("<u4") << 16).view("<f4") if dtype == _BRAIN else found.copy()


def _texts(notes: Any) -> dict[str, str]:
    if not isinstance(notes, dict) or not all(isinstance(text, str) for text in notes.values()):
        raise ValueError("what its header says of the file is no mapping of texts")
    return notes
