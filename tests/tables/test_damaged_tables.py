"""Tables that are not what they should be: said in a sentence, before they fill the memory."""

from __future__ import annotations

import os
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import simlab
from simlab.errors import InvalidInput
from simlab.runs.folder import open_run
from simlab.runs.loading import load
from simlab.tables import stream_file, table_files
from simlab.tables.recorder import Recorder
from simlab.tables.schemas import TABLES
from tests.small_run import EXTRA, MANIFEST, play, write


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, and an interrupted one."""
    folder = tmp_path_factory.mktemp("runs")
    write(folder / "whole", rounds=3)

    def stop(number: int) -> None:
        if number == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(folder / "half", rounds=3, between=stop)
    return folder


@pytest.fixture
def whole(runs: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(runs / "whole", tmp_path / "whole"))


@pytest.fixture
def half(runs: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(runs / "half", tmp_path / "half"))


def rewritten(change: Callable[[pa.Table], pa.Table]) -> Callable[[Path], None]:
    return lambda file: pq.write_table(change(pq.ParquetFile(file).read()), file)


def column(name: str, make: Callable[[int], Any]) -> Callable[[Path], None]:
    def change(rows: pa.Table) -> pa.Table:
        return rows.set_column(rows.schema.get_field_index(name), name, make(rows.num_rows))

    return rewritten(change)


def many_rows(file: Path) -> None:
    """Three million rows in a few kilobytes."""
    rows = pq.ParquetFile(file).read().take(np.zeros(1_000_000, dtype=np.int64))
    with pq.ParquetWriter(file, rows.schema, compression="zstd") as writer:
        for _ in range(3):
            writer.write_table(rows)


def long_texts(file: Path) -> None:
    """As many rows as there were, and gigabytes of text in them: a long word is written once."""
    rows = pq.ParquetFile(file).read()
    words = pa.DictionaryArray.from_arrays(np.zeros(len(rows), dtype=np.int32), ["x" * (1 << 22)])
    pq.write_table(rows.set_column(rows.schema.get_field_index("source"), "source", words), file, compression="zstd")


DAMAGES: dict[str, Callable[[Path], Any]] = {
    "is damaged: .*": lambda file: file.write_bytes(file.read_bytes()[:100]),
    "is damaged: Parquet file size is 0 bytes": lambda file: file.write_bytes(b""),
    "is damaged: .*magic bytes": lambda file: file.write_bytes(bytes(1000)),
    "is not this run's table 'comparisons': that has no column 'transfer'":
        lambda file: shutil.copy(file.with_name("ledger.parquet"), file),
    "is not this run's table 'comparisons': it has no column 'pay'": rewritten(lambda rows: rows.drop_columns("pay")),
    "is not this run's table 'comparisons': its column 'pay' is string, not double":
        column("pay", lambda n: pa.array(["1"] * n)),
    r"is damaged: its column 'pay' holds list<.*>, as no table of a run does":
        column("pay", lambda n: pa.array([[1.0]] * n)),
    "is not this run's table 'comparisons': that has no column 'more'":
        rewritten(lambda rows: rows.append_column("more", rows["pay"])),
    "does not belong to this run, which is 5eed: its rows are of 'cafe'":
        column("run", lambda n: pa.array(["cafe"] * n)),
    "does not belong to this run: it has 119 rows, and there were 120": rewritten(lambda rows: rows[1:]),
    r"is damaged: its [\d,]+ bytes say they hold 3,000,000 rows": many_rows,
    r"is damaged: its texts say they are [\d,]+ bytes or more": long_texts,
    "is a folder, not a file": lambda file: (file.unlink(), file.mkdir()),
    "is a pipe or a device, not a file": lambda file: (file.unlink(), os.mkfifo(file)),
    "is a link that leads nowhere": lambda file: (file.unlink(), file.symlink_to("gone")),
    "is missing": Path.unlink,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("said", DAMAGES)
def test_a_table_that_is_not_what_it_was_is_refused(said: str, whole: Path) -> None:
    file = whole / "tables" / "comparisons.parquet"
    DAMAGES[said](file)
    before = pa.total_allocated_bytes()
    with pytest.raises(
        InvalidInput, match=rf"comparisons.parquet: {said}.*\(.*(delete it|makes it again).*\)"
    ) as error:
        load(whole).comparisons  # noqa: B018
    assert pa.total_allocated_bytes() - before < 1 << 26  # a page or two, of what would be hundreds of MiB and more
    assert "\n" not in str(error.value)
    assert len(load(whole).responses) == 120  # the others can be read


def test_a_table_from_another_run_and_one_that_grew_are_refused_by_every_use(whole: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    with open_run(other, {**MANIFEST, "run": "cafe"}) as run, Recorder(other, "cafe", EXTRA) as tables:
        play(tables, 3)
        run.finish(tables.close(), rounds=3)
    shutil.copy(other / "tables" / "responses.parquet", whole / "tables" / "responses.parquet")
    for use in (lambda run: run.responses, lambda run: run.rows, lambda run: run.stored("responses")):
        with pytest.raises(InvalidInput, match=r"responses\.parquet: does not belong to this run, which is 5eed"):
            use(load(whole))
    half = load(whole, columns=["round"], where={"round": 1})
    with pytest.raises(InvalidInput, match="does not belong to this run"):
        half.responses  # noqa: B018


def test_what_a_finished_run_lost_is_made_again_only_if_the_rest_is_its_own(whole: Path) -> None:
    (whole / "tables" / "ledger.parquet").unlink()
    file = whole / "tables" / "comparisons.parquet"
    file.write_bytes(file.read_bytes()[:1000])
    before = {p: p.read_bytes() for p in whole.rglob("*") if p.is_file()}
    with pytest.raises(InvalidInput, match=r"comparisons.parquet: is damaged"):
        write(whole, rounds=3)
    assert {p: p.read_bytes() for p in whole.rglob("*") if p.is_file()} == before
    file.unlink()
    write(whole, rounds=3)
    assert len(load(whole).comparisons) == 120


# ---- streams ------------------------------------------------------------------------------------------------------


def frames(data: bytes) -> list[tuple[int, int, int]]:
    """Where the metadata of each message begins and ends, and its body ends."""
    found, at = [], 0
    while at + 8 <= len(data):
        (length,) = struct.unpack_from("<i", data, at + 4)
        if not length:
            break
        message = pa.ipc.read_message(data[at:])
        found.append((at + 8, at + 8 + length, at + 8 + length + (message.body.size if message.body else 0)))
        at = found[-1][2]
    return found


def test_a_stream_is_read_as_far_as_it_is_whole(half: Path) -> None:
    file = half / "tables" / "comparisons.arrows"
    data = file.read_bytes()
    ends = [end for *_, end in frames(data)]
    for cut in (*ends, ends[0] - 1, ends[-1] - 1, ends[-1] - 40, 7, 3):
        file.write_bytes(data[:cut])
        assert len(load(half).comparisons) == 80 * (cut >= ends[-1]) or len(load(half).comparisons) == 40
    file.write_bytes(data[: ends[-1]] + bytes(500))  # what a power cut leaves
    assert len(load(half).comparisons) == 80


def test_what_a_stream_says_of_itself_is_held_against_the_file(half: Path) -> None:
    file = half / "tables" / "comparisons.arrows"
    data = file.read_bytes()
    begins, _, _ = frames(data)[-1]
    bodies = [body for _, body, end in frames(data) if end > body]
    for at, value, said in (
        (0, b"PAR1", "it is no Arrow stream"),
        (4, struct.pack("<i", -5), "it is no Arrow stream"),
        (bodies[-1], struct.pack("<q", 1 << 50), "bytes say they hold"),
        (bodies[-1], struct.pack("<q", -7), "bytes say they hold"),
        (begins, struct.pack("<I", 1 << 30), "a message in it is broken"),
    ):
        file.write_bytes(data[:at] + value + data[at + len(value) :])
        with pytest.raises(InvalidInput, match=rf"comparisons.arrows: is damaged: .*{said}.*delete it"):
            load(half).comparisons  # noqa: B018


def test_a_stream_of_texts_that_explode_is_refused(half: Path) -> None:
    file = half / "tables" / "ledger.arrows"
    columns = table_files.streamed(table_files.schema(TABLES["ledger"]))
    batch = {
        name: pa.DictionaryArray.from_arrays(np.zeros(1000, dtype=np.int32), ["x" * (1 << 20)])
        if pa.types.is_dictionary(columns.field(name).type)
        else np.zeros(1000, dtype=columns.field(name).type.to_pandas_dtype())
        for name in columns.names
    }
    with file.open("wb") as target, pa.ipc.new_stream(target, columns, options=table_files.PACKED) as stream:
        stream.write_batch(pa.record_batch(batch, schema=columns))
    with pytest.raises(InvalidInput, match=r"ledger\.arrows: is damaged: its texts are larger"):
        load(half).ledger  # noqa: B018


def test_a_stream_of_another_run_is_refused(half: Path) -> None:
    file = half / "tables" / "comparisons.arrows"
    file.write_bytes(file.read_bytes().replace(b"5eed", b"cafe"))
    with pytest.raises(InvalidInput, match=r"comparisons.arrows: does not belong to this run, which is 5eed"):
        load(half).comparisons  # noqa: B018


def test_bytes_that_texts_come_to() -> None:
    words = pa.DictionaryArray.from_arrays(np.array([0, 1, 1], dtype=np.int32), ["ab", "cde"])
    rows = pa.record_batch({"text": words, "number": [1, 2, 3]})
    assert stream_file.texts(rows) == 2 + 3 + 3
    assert stream_file.texts(pa.Table.from_batches([rows, rows])) == 16


# ---- models -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("what", ["noise", "no arrays", "bomb", "pipe"])
def test_a_damaged_model_is_named(what: str, tmp_path: Path) -> None:
    from simlab.report.next_words import next_words

    (tmp_path / "models").mkdir()
    file = tmp_path / "models" / "lm.npz"
    if what == "noise":
        file.write_bytes(b"PK" + bytes(500))
    elif what == "pipe":
        os.mkfifo(file)
    elif what == "bomb":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
            for number in range(9):
                packed.writestr(f"{number}.npy", bytes(1 << 25))
    else:
        np.savez(file, words=np.zeros(1))
    said = {"bomb": "is damaged: .* bytes say they hold", "pipe": "is a pipe"}.get(what, "is damaged: ")
    with pytest.raises(simlab.InvalidInput, match=f"lm.npz: {said}"):
        next_words(tmp_path, "the")
