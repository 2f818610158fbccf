"""Networks on disk: the format is the published one, byte for byte, and what is damaged is refused."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path

import numpy as np
import pytest

from simlab import tensor_files
from simlab.errors import InvalidInput


def file_of(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    """A file with this header, said to be so long."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def test_what_is_written_is_what_the_format_says() -> None:
    """8 bytes of length, a header of JSON padded with spaces to a multiple of 8, numbers in little-endian rows."""
    buffer = io.BytesIO()
    tensor_files.write(buffer, {"b": np.array([[1, -2]], dtype=np.int16), "a": np.array(0.5, dtype=">f4")}, {"of": "é"})
    whole = buffer.getvalue()
    length = int.from_bytes(whole[:8], "little")
    assert length % 8 == 0
    assert json.loads(whole[8 : 8 + length]) == {
        "__metadata__": {"of": "é"},
        "a": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]},
        "b": {"dtype": "I16", "shape": [1, 2], "data_offsets": [4, 8]},
    }
    assert whole[8 + length :] == struct.pack("<f", 0.5) + struct.pack("<hh", 1, -2)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    types = ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]
    arrays = {kind: (np.arange(6).reshape(2, 3) % 2).astype(kind) for kind in types} | {"none": np.zeros((0, 3))}
    with (tmp_path / "m").open("wb") as file:
        tensor_files.write(file, arrays, {"a": "b"})
    found, notes = tensor_files.read(tmp_path / "m", "")
    assert notes == tensor_files.notes_of(tmp_path / "m", "") == {"a": "b"}
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_the_package_reads_it_and_is_read(tmp_path: Path) -> None:
    package = pytest.importorskip("safetensors.numpy")
    arrays = {"x": np.arange(6, dtype=np.float16).reshape(2, 3), "y": np.array(3)}
    with (tmp_path / "ours").open("wb") as file:
        tensor_files.write(file, arrays, {"a": "b"})
    package.save_file(arrays, tmp_path / "theirs", {"a": "b"})
    theirs, notes = tensor_files.read(tmp_path / "theirs", "")
    for found in (package.load_file(tmp_path / "ours"), theirs):
        assert all((found[name] == array).all() for name, array in arrays.items())
    assert notes == {"a": "b"}


def test_brain_floats_are_read_as_floats(tmp_path: Path) -> None:
    """1, −2 and .5 are the upper halves of their floats of 32 bits."""
    header = {"x": {"dtype": "BF16", "shape": [3], "data_offsets": [0, 6]}}
    (tmp_path / "m").write_bytes(file_of(header, struct.pack("<HHH", 0x3F80, 0xC000, 0x3F00)))
    assert tensor_files.read(tmp_path / "m", "")[0]["x"].tolist() == [1, -2, 0.5]


ENTRY = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no safetensors file"),
        (b"PK" + bytes(500), "no safetensors file"),
        (file_of({}, length=1 << 40), "no safetensors file"),
        (struct.pack("<Q", 3) + b"abc", "not JSON"),
        (struct.pack("<Q", 2) + b"[]", "no mapping"),
        (file_of({"x": ENTRY}, bytes(7)), "does not hold all of x"),
        (file_of({"x": {**ENTRY, "shape": [1 << 40, 1 << 40]}}, bytes(8)), "does not hold all of x"),
        (file_of({"x": {**ENTRY, "shape": [-1, -2]}}, bytes(8)), "does not hold all of x"),
        (file_of({"x": {**ENTRY, "data_offsets": [8, 0]}}, bytes(8)), "does not hold all of x"),
        (file_of({"x": {**ENTRY, "dtype": "F8_E4M3"}}, bytes(8)), "of type F8_E4M3"),
        (file_of({"x": [1]}), "what x is"),
        (file_of({"__metadata__": {"a": 1}}), "no mapping of texts"),
    ],
)
def test_what_is_damaged_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(ValueError, match=said):
        tensor_files.read(tmp_path / "m", "")


def test_what_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is a folder"):
        tensor_files.read(tmp_path, "another")
