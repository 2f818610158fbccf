"""Arrow content on disk: streams cut anywhere, keyed rows, and the canonical sha256."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from simlab.tables import table_files
from simlab.tables.schemas import TABLES

ROWS = pa.table(
    {
        "text": ["a", "bc", "", "é", "bc", "x" * 40],
        "number": [1.0, float("nan"), -0.5, 2.0, 1e300, 0.0],
        "whole": pa.array([1, 2, 3, 4, 5, 6], pa.int64()),
        "flag": [True, False, True, True, False, False],
    }
)


def test_sha256_is_pinned() -> None:
    """Stored hashes stay comparable between versions; change this only with the format."""
    assert table_files.sha256(ROWS) == "edfeb26e60f3c306ad689f31fb3130da39d436d133f1f700d2dc5d5491bf3d56"


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_sha256_does_not_depend_on_batches(size: int) -> None:
    digest = table_files.Digest(ROWS.schema)
    for batch in ROWS.to_batches(max_chunksize=size):  # slices: offsets are not zero
        digest.update(batch)
    assert digest.hexdigest() == table_files.sha256(ROWS)
    chunked = pa.concat_tables([ROWS.slice(i, size) for i in range(0, 6, size)])
    assert table_files.sha256(chunked) == table_files.sha256(ROWS)


def test_sha256_does_not_depend_on_encoding() -> None:
    coded = ROWS.set_column(0, "text", ROWS["text"].dictionary_encode())
    large = ROWS.set_column(0, "text", ROWS["text"].cast(pa.large_string()))
    assert table_files.sha256(coded) == table_files.sha256(large) == table_files.sha256(ROWS)


def test_sha256_takes_every_nan_for_the_same() -> None:
    other = np.array(ROWS["number"].to_numpy())
    other[1] = struct.unpack("<d", bytes.fromhex("010000000000f87f"))[0]
    assert np.isnan(other[1])
    assert table_files.sha256(ROWS.set_column(1, "number", pa.array(other, from_pandas=False))) == table_files.sha256(
        ROWS
    )


def test_sha256_ignores_what_lies_under_a_null() -> None:
    def with_garbage(value: float) -> pa.Table:
        data = pa.py_buffer(np.array([1.0, value, 3.0]))
        return pa.table({"x": pa.Array.from_buffers(pa.float64(), 3, [pa.py_buffer(b"\x05"), data], 1)})

    assert table_files.sha256(with_garbage(7.0)) == table_files.sha256(with_garbage(8.0))
    assert table_files.sha256(with_garbage(7.0)) != table_files.sha256(pa.table({"x": [1.0, 0.0, 3.0]}))


@pytest.mark.parametrize(
    "other",
    [
        ROWS.slice(0, 5),
        ROWS.take([1, 0, 2, 3, 4, 5]),
        ROWS.rename_columns(["txt", "number", "whole", "flag"]),
        ROWS.select(["number", "text", "whole", "flag"]),
        ROWS.set_column(0, "text", pa.array(["ab", "c", "", "é", "bc", "x" * 40])),
        ROWS.set_column(2, "whole", ROWS["whole"].cast(pa.int32())),
        ROWS.set_column(3, "flag", pa.array([True, False, True, True, False, True])),
        ROWS.set_column(1, "number", pa.array([1.0, None, -0.5, 2.0, 1e300, 0.0])),
    ],
    ids=["shorter", "order", "name", "columns", "borders of texts", "type", "value", "null for nan"],
)
def test_sha256_sees_every_difference(other: pa.Table) -> None:
    assert table_files.sha256(other) != table_files.sha256(ROWS)


def write(path: Path, rows: pa.Table, size: int) -> list[int]:
    """Write a stream in batches of `size`; the file's length after the schema and after each batch."""
    with path.open("wb") as file:
        writer = pa.ipc.new_stream(file, rows.schema)
        ends = [file.tell()]
        for batch in rows.to_batches(max_chunksize=size):
            writer.write_batch(batch)
            ends.append(file.tell())
    return ends


@pytest.mark.slow
def test_a_stream_cut_at_any_byte_ends_with_its_last_whole_batch(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.arrows", tmp_path / "cut.arrows"
    ends = write(whole, ROWS, 2)
    raw = whole.read_bytes()
    for length in range(len(raw) + 1):
        cut.write_bytes(raw[:length])
        rows = sum(batch.num_rows for batch in table_files.batches(cut))
        assert rows == 2 * sum(length >= end for end in ends[1:]), length
        if rows:
            found = pa.Table.from_batches(list(table_files.batches(cut)))
            assert table_files.sha256(found) == table_files.sha256(ROWS.slice(0, rows))


def test_a_stream_that_may_not_be_read_is_no_empty_stream(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(table_files.batches(tmp_path / "none.arrows"))


def test_latest_keeps_the_last_row_of_a_key_where_the_key_first_stood() -> None:
    rows = pa.table({"k": ["a", "b", "a", "c", "b"], "t": [0.0, 0.0, 0.0, 1.0, 2.0], "v": [1, 2, 3, 4, 5]})
    assert table_files.latest(rows, ("k", "t")).to_pydict() == {
        "k": ["a", "b", "c", "b"], "t": [0.0, 0.0, 1.0, 2.0], "v": [3, 2, 4, 5],
    }  # fmt: skip
    assert table_files.latest(rows, ()) is rows


@pytest.mark.parametrize("at_once", [1, 5, 1 << 20])
def test_coded_texts_have_the_sha256_of_texts(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few are written out at once; of one text for all rows, of several, of nulls, and of none."""
    monkeypatch.setattr(table_files, "DECODED", at_once)
    for texts in (["a"] * 5, ["", ""], ["é", "", "abcdef", "é", None, "c"], [None, None], []):
        rows = pa.table({"k": pa.array(texts, pa.string())})
        coded = pa.table({"k": pa.array(texts, pa.string()).dictionary_encode()})
        assert pa.types.is_dictionary(coded["k"].type)
        assert table_files.sha256(coded) == table_files.sha256(rows)
    assert table_files.sha256(pa.table({"k": ["ab", "c"]})) != table_files.sha256(pa.table({"k": ["a", "bc"]}))


def test_extra_columns_only_where_a_table_takes_them() -> None:
    assert table_files.schema(TABLES["responses"], ["helpful"]).names[-1] == "helpful"
    with pytest.raises(ValueError, match="takes no extra"):
        table_files.schema(TABLES["ledger"], ["helpful"])
    with pytest.raises(ValueError, match="already has"):
        table_files.schema(TABLES["responses"], ["answered"])
