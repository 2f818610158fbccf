"""The one reader of tables that users bring along: formats, cells, numbers, and places in the file."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import math
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from simlab.sheets import Sheet, Unusable, called, columns_of, quoted, read
from simlab.sheets.numbers import advice, finite

CSV = 'worker,label,text\n007,1,NA\nnull,2,"two\nlines"\nN/A,0,None\n'
FRAME = pd.DataFrame({"worker": ["007", "null", "N/A"], "label": [1, 2, 0], "text": ["NA", "two\nlines", "None"]})


def zipped(*names: str, data: bytes = CSV.encode()) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, data)
    return packed.getvalue()


def zst(data: bytes) -> bytes:
    packed = pa.BufferOutputStream()
    with pa.CompressedOutputStream(packed, "zstd") as stream:
        stream.write(data)
    return bytes(packed.getvalue().to_pybytes())


def arrow(stream: bool) -> bytes:
    table, sink = pa.Table.from_pandas(FRAME), pa.BufferOutputStream()
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def parquet(frame: pd.DataFrame = FRAME) -> bytes:
    sink = io.BytesIO()
    frame.to_parquet(sink)
    return sink.getvalue()


LINES = FRAME.to_json(orient="records", lines=True)
MADE: dict[str, tuple[str, bytes]] = {
    "csv": ("t.csv", CSV.encode()),
    "of no suffix": ("t", CSV.encode()),
    "of Windows": ("T.CSV", CSV.replace("\n", "\r\n").replace("two\r\nlines", "two\nlines").encode("utf-8-sig")),
    "tabs": ("T.TSV", CSV.replace(",", "\t").encode()),
    "tabs by content": ("t.csv", CSV.replace(",", "\t").encode()),
    "UTF-16, as Excel's Unicode text": ("t.txt", CSV.replace(",", "\t").encode("utf-16")),
    "gz": ("t.csv.gz", gzip.compress(CSV.encode())),
    "gz without a name for it": ("t.csv", gzip.compress(CSV.encode())),
    "bz2": ("t.csv.bz2", bz2.compress(CSV.encode())),
    "xz": ("t.csv.xz", lzma.compress(CSV.encode())),
    "zst": ("t.csv.zst", zst(CSV.encode())),
    "zip": ("t.zip", zipped("t.csv", "__MACOSX/._t.csv", ".DS_Store")),
    "gz in zip": ("t.zip", zipped("t.csv.gz", data=gzip.compress(CSV.encode()))),
    "lines": ("t.jsonl", LINES.encode()),
    "lines, gz": ("t.ndjson.gz", gzip.compress(LINES.encode())),
    "a list": ("t.json", FRAME.to_json(orient="records", indent=1).encode()),
    "pandas' columns": ("t.json", FRAME.to_json().encode()),
    "pandas' rows by their index": ("t.json", FRAME.to_json(orient="index").encode()),
    "rows under one name": ("t.json", json.dumps({"data": FRAME.to_dict("records")}).encode()),
    "lists": ("t.json", json.dumps(FRAME.to_dict("list"), indent=1).encode()),
    "Parquet": ("t.parquet", parquet()),
    "Parquet, otherwise called": ("T.PQ", parquet()),
    "Parquet, not called so": ("t.csv", parquet()),
    "Arrow": ("t.arrow", arrow(False)),
    "Arrow's stream": ("t.feather", arrow(True)),
}  # fmt: skip


def sheet(folder: Path, data: bytes | str, name: str = "t.csv") -> Sheet:
    file = folder / name
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read(file)


def refused(folder: Path, data: bytes | str, name: str = "t.csv") -> Unusable:
    with pytest.raises(Unusable) as caught:
        sheet(folder, data, name)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("how", MADE)
def test_a_file_is_what_it_holds_whatever_it_is_called(how: str, tmp_path: Path) -> None:
    name, data = MADE[how]
    found = sheet(tmp_path, data, name)
    assert found.names == ("worker", "label", "text")
    assert found.words("worker") == ["007", "null", "N/A"]
    assert found.numbers("label") == [1, 2, 0]
    assert found.texts("text") == ["NA", "two\nlines", "None"]


FOREIGN: dict[str, tuple[bytes, str]] = {
    "t.xlsx": (zipped("[Content_Types].xml", "xl/workbook.xml"), "is an Excel workbook (save it as CSV"),
    "t.ods": (zipped("mimetype", "content.xml"), "is an office document (save it as CSV"),
    "t.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an Excel workbook (.xls) (save it as CSV"),
    "two.zip": (zipped("a.csv", "b.csv"), "is a zip that holds 2 files (pack the table alone)"),
    "t.db": (b"SQLite format 3\0", "is an SQLite database"),
    "t.pkl": (b"\x80\x04\x95\x00", "is a Python pickle"),
    "t.html": (b"\n<!DOCTYPE html>", "is HTML or XML, not a table"),
    "t.lfs.csv": (b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS"),
    "t.tar.gz": (gzip.compress(b"t.csv".ljust(257, b"\0") + b"ustar"), "is a tar archive (unpack it"),
    "cut.csv.gz": (gzip.compress(CSV.encode() * 50)[:-20], "is packed, and damaged: "),
    "cut.csv.xz": (lzma.compress(CSV.encode() * 50)[:-20], "is packed, and damaged: "),
    "cut.parquet": (parquet()[:-9], "cannot be read as Parquet: "),
    "cut.arrow": (arrow(False)[:-40], "cannot be read as Arrow: "),
    "csv.parquet": (CSV.encode(), "cannot be read as Parquet: it does not begin as such files do"),
    "german.csv": (b"arbeiter;note\na;21,5\n", "has semicolons between its columns (write commas"),
    "bars.csv": (b"worker|label\na|1\n", "has vertical bars between its columns"),
    "values.json": (b"[1, 2]", "is JSON, and this row is no object"),
    "split.json": (b'{"columns": ["a"], "data": [[1]]}', "is JSON with 'columns' in it, and no list of rows"),
    "twice.csv": (b"a,b,a\n1,2,3\n", "has two columns 'a' (rename one)"),
    "twice.jsonl": (b'{"a": 1, "a": 2}\n', "a key is there twice"),
}  # fmt: skip


@pytest.mark.parametrize("name", FOREIGN)
def test_what_cannot_be_read_is_named(name: str, tmp_path: Path) -> None:
    data, said = FOREIGN[name]
    assert said in str(refused(tmp_path, data, name))


def test_what_is_packed_is_bounded_before_it_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simlab.sheets.packing.LARGEST", 1 << 20)
    bomb = b"a,b\n" + b"1,2\n" * (1 << 24)
    for name, packed in (("t.gz", gzip.compress(bomb, 1)), ("t.zip", _deflated(bomb))):
        (tmp_path / name).write_bytes(packed)
        tracemalloc.start()
        with pytest.raises(Unusable, match="holds more than 1 MiB"):
            read(tmp_path / name)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 8 << 20


def _deflated(data: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("t.csv", data)
    return packed.getvalue()


def test_texts_in_other_encodings_are_named_and_not_guessed(tmp_path: Path) -> None:
    found = refused(tmp_path, "name,label\nann,1\nrené,2\n".encode("cp1252"))
    assert (found.what, found.line) == ("is not text in UTF-8", 3)
    assert "not text" in str(refused(tmp_path, b"a,b\n1,\x00\n"))


@pytest.mark.parametrize(
    ("text", "row", "line"),
    [
        ('a,b\n"one\ntwo",1\n\n\nx,no\n', 1, 6),
        ("a,b\r\n1,1\r\n1,no\r\n", 1, 3),
        ("\n\na,b\n1,no\n", 0, 4),
    ],
)
def test_lines_are_those_that_an_editor_shows(text: str, row: int, line: int, tmp_path: Path) -> None:
    for data, name in ((text.encode(), "t.csv"), (gzip.compress(text.encode()), "t.csv.gz")):
        found = sheet(tmp_path, data, name)
        with pytest.raises(Unusable, match="is no, which is no finite number") as caught:
            found.numbers("b")
        assert (caught.value.line, caught.value.row) == (line, None)
        assert found.lines is not None
        assert found.lines[row] == line


def test_rows_of_files_without_lines_are_counted_whatever_their_index(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1.0, 2, math.inf]}, index=pd.Index([10, 20, 30], name="key"))
    found = sheet(tmp_path, parquet(frame), "t.parquet")
    assert found.index == {"key"}
    with pytest.raises(Unusable) as caught:
        found.numbers("a")
    assert (caught.value.line, caught.value.row) == (None, 3)
    found = sheet(tmp_path, '{"a": 1}\n\n{"a": "x"}\n', "t.jsonl")
    with pytest.raises(Unusable) as caught:
        found.numbers("a")
    assert (caught.value.line, caught.value.row) == (3, 2)
    assert refused(tmp_path, '{"a": 1}\n{"a": 1,}\n', "t.jsonl").line == 2
    assert "has too many digits" in str(refused(tmp_path, '{"a": ' + "1" * 5000 + "}\n", "t.jsonl"))
    assert "nested too deep" in str(refused(tmp_path, "[" * 100_000, "t.json"))


def test_what_is_missing_is_missing_in_every_format(tmp_path: Path) -> None:
    for name, data in (
        ("t.csv", b'a,b\n1,x\n"",y\n'),
        ("t.jsonl", b'{"a": 1, "b": "x"}\n{"b": "y"}\n'),
        ("t.json", b'[{"a": 1, "b": "x"}, {"a": null, "b": "y"}]'),
        ("t.nan.json", b'[{"a": 1, "b": "x"}, {"a": NaN, "b": "y"}]'),
        ("t.parquet", parquet(pd.DataFrame({"a": [1, math.nan], "b": ["x", "y"]}))),
    ):
        found = sheet(tmp_path, data, name)
        assert found.numbers("a", holes=())[0] == 1
        assert math.isnan(found.numbers("a", holes=())[1])
        with pytest.raises(Unusable, match="is empty"):
            found.numbers("a")


def test_names_are_composed_and_bare(tmp_path: Path) -> None:
    found = sheet(tmp_path, "\ufeff cafe\u0301 ,b\u200b\nrene\u0301,\u00a0ren\u00e9 \n")
    assert found.names == ("caf\u00e9", "b")
    assert found.words("caf\u00e9") == found.words("b") == ["ren\u00e9"]
    assert "has two columns" in str(refused(tmp_path, "e\u0301,\u00e9\n1,2\n"))


def test_cells_are_told_on_one_line_and_without_signs_that_a_terminal_obeys(tmp_path: Path) -> None:
    found = sheet(tmp_path, 'a,b\n"1\n2",\x1b[31mred\n')
    for name, said in (("a", "is 1\\n2, which"), ("b", "is \\x1b[31mred, which")):
        with pytest.raises(Unusable) as caught:
            found.numbers(name)
        assert caught.value.what.startswith(said)
    assert quoted("x" * 10_000) == "x" * 59 + "…"
    assert called(" a\n  b ") == "a b"


def test_empty_columns_without_a_name_are_passed_over(tmp_path: Path) -> None:
    assert sheet(tmp_path, "a,,b,\n1,,2,\n").names == ("a", "b")
    assert sheet(tmp_path, ",a\n0,1\n").names == ("Unnamed: 0", "a")


def test_rows_that_are_too_long_are_refused_and_long_texts_are_not(tmp_path: Path) -> None:
    assert refused(tmp_path, "a,b\n1,2\n1,2,3\n").line == 3
    assert len(sheet(tmp_path, "a,b\n1," + "x" * 200_000 + "\n").texts("b")[0]) == 200_000


@pytest.mark.parametrize("text", ["21.5", " 21.5 ", "+21.5", "2.15e1", "21.50\u00a0"])
def test_numbers_are_read_as_they_are_written(text: str) -> None:
    assert finite(text) == 21.5


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("21,5", "write 21.5, with a decimal point"),
        ("-0,5", "write -0.5, with a decimal point"),
        ("1,234", "write thousands without a sign between them"),
        ("1,234.5", "write thousands without a sign between them"),
        ("1.234,5", "write thousands without a sign between them"),
        ("1 234", "write thousands without a sign between them"),
        ("1_000", "write thousands without a sign between them"),
        ("84%", "write a number without %"),
        ("1\u00a0234", "a sign that is not seen, U+00A0"),
        ("\u200b0.5", "a sign that is not seen, U+200B"),
        ("٣", "write the digits 0 to 9"),
        ("−1", "write the minus as -"),
        ("1e400", "it is too large"),
        (True, "true and false are no numbers"),
        ("inf", ""), ("nan", ""), ("Infinity", ""), ("0x10", ""), ("5 stars", ""), ("1/2", ""), ("1e", ""),
        (10**400, "it is too large"), (-1e200, "it is too large"), ("1e101", "it is too large"),
        (math.inf, ""), ([1], ""),
    ],
)  # fmt: skip
def test_what_is_no_number_is_none_and_not_mended(cell: object, said: str) -> None:
    assert finite(cell) is None
    assert said in advice(cell) if said else advice(cell) == ""


def test_a_device_without_end_is_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simlab.sheets.packing.LARGEST", 1 << 16)
    with pytest.raises(Unusable, match="holds more than 0 MiB"):
        read(Path("/dev/zero"))


def test_a_csv_needs_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(CSV, encoding="utf-8")
    code = (
        "import sys; from pathlib import Path; from simlab.sheets import read; read(Path(sys.argv[1]))\n"
        "assert not {'pandas', 'pyarrow', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "t.csv")], check=True)


def test_one_column_of_a_table_is_one_of_ours() -> None:
    needed, optional = ("prompt", "response"), ("content", "author")
    assert columns_of(needed, optional, {}) == {name: name for name in (*needed, *optional)}
    swapped = columns_of(needed, optional, {"prompt": "response", "response": "prompt"})
    assert (swapped["prompt"], swapped["response"]) == ("response", "prompt")
    assert columns_of(needed, optional, {"response": "content"})["content"] == ""  # taken: it is the response
    for theirs in ({"response": "prompt"}, {"response": "x", "author": " x"}, {"author": "response"}):
        with pytest.raises(Unusable, match="at once"):
            columns_of(needed, optional, theirs)
