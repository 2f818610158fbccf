"""What is added is what is there; what is flushed survives; what is replayed must agree."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from simlab.errors import Mismatch
from simlab.tables import compaction, recorder, table_files
from simlab.tables.recorder import Recorder, coded
from tests.small_run import EXTRA, add_round, play

LEDGER = {
    "time": 1.0, "transfer": 0, "account": "pool:1", "counterparty": "acme", "amount": 2.0, "reason": "wages",
}  # fmt: skip
EMPLOYED = {"person": ["x", "y"], "worker": ["a", "b"], "employer": "acme", "hired": 0.0, "reason": ""}


def rows_of(directory: Path, name: str) -> pa.Table:
    path = table_files.stored(directory, name)
    assert path is not None
    return table_files.read(path, name)


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, Any]]]:
    """A run of six rounds without interruption, and its hashes."""
    directory = tmp_path_factory.mktemp("complete")
    with Recorder(directory, "5eed", EXTRA) as tables:
        play(tables, 6)
        return directory, tables.close()


def test_added_rows_come_back(tmp_path: Path) -> None:
    with Recorder(tmp_path, "5eed") as tables:
        tables.add("ledger", **{**LEDGER, "amount": [2, 3], "account": np.array(["pool:1", "pool:2"])})
        tables.add("ledger", **{**LEDGER, "amount": None, "account": [None], "time": np.float32(2)})
        tables.add("ledger", **{**LEDGER, "account": coded([0, 1, 0], ["é", "b"])})
        tables.add("ledger", **{**LEDGER, "amount": []})
        found = tables.close()
    assert found["ledger"]["rows"] == 6
    rows = rows_of(tmp_path, "ledger").to_pydict()
    assert rows["run"] == ["5eed"] * 6
    assert rows["account"] == ["pool:1", "pool:2", "", "é", "b", "é"]
    assert rows["time"] == [1.0, 1.0, 2.0, 1.0, 1.0, 1.0]
    assert np.array_equal(rows["amount"], [2.0, 3.0, np.nan, 2.0, 2.0, 2.0], equal_nan=True)
    assert not any(column.null_count for column in rows_of(tmp_path, "ledger").columns)


@pytest.mark.parametrize("rows", [3, 10_000, 100_000])
def test_one_value_for_many_rows_is_that_value(rows: int, tmp_path: Path) -> None:
    """Whatever was recorded before it: batches of a certain size share what holds a column of one value."""
    amounts = [0.0, -0.0, float("nan"), 2.5, 0.0]
    with Recorder(tmp_path, "5eed") as tables:
        for transfer, amount in enumerate(amounts):
            tables.add("ledger", **{**LEDGER, "transfer": transfer, "amount": amount, "time": np.full(rows, 1.0)})
        tables.close()
    found = rows_of(tmp_path, "ledger")
    np.testing.assert_array_equal(found["transfer"].to_numpy(), np.repeat(np.arange(len(amounts)), rows))
    seen = found["amount"].to_numpy()
    np.testing.assert_array_equal(seen, np.repeat(amounts, rows))
    np.testing.assert_array_equal(np.signbit(seen), np.repeat(np.signbit(amounts), rows))


def test_rows_of_many_calls_are_put_together_in_order(tmp_path: Path) -> None:
    """Whatever they were given as: single values, lists, arrays, few or many texts, or codes and words."""
    given: list[Any] = ["a", ["b", None], np.array(["a", "c"]), coded([1, 0], ["é", "b"]), [f"{n}" for n in range(300)]]
    amounts: list[Any] = [1, [2.5, None], np.array([True, False]).astype(int), pa.array([3.0, 4.0]), np.arange(300.0)]
    with Recorder(tmp_path, "5eed") as tables:
        for account, amount in zip(given, amounts, strict=True):
            tables.add("ledger", **{**LEDGER, "account": account, "amount": amount})
        tables.flush()
        tables.add("ledger", **{**LEDGER, "transfer": np.int32(7)})
        found = tables.close()
    rows = rows_of(tmp_path, "ledger").to_pydict()
    assert rows["account"] == ["a", "b", "", "a", "c", "b", "é", *(f"{n}" for n in range(300)), "pool:1"]
    wanted = [1, 2.5, np.nan, 1, 0, 3, 4, *range(300), 2]
    assert np.array_equal(rows["amount"], wanted, equal_nan=True)
    assert rows["transfer"] == [0] * 307 + [7]
    assert found["ledger"]["rows"] == 308


@pytest.mark.parametrize(("part", "parts"), [(8, 1), (3, 2), (1, 4)])
def test_small_and_large_tables_are_read_alike(
    part: int, parts: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether Parquet is written at the end or as rows come, and whether a batch has one word or several."""
    monkeypatch.setattr(compaction, "PART_ROWS", part)
    words = ["a", ["b", "c"], "é", ["", "a", "b"]]
    with Recorder(tmp_path, "5eed") as tables:
        for number, reason in enumerate(words):
            tables.add("ledger", **{**LEDGER, "amount": float(number), "reason": reason})
            tables.flush()
            assert (tmp_path / "tables" / "ledger.parquet.part").exists() == (part <= 1 + 2 * (number > 0))
        found = tables.close()["ledger"]
    path = tmp_path / "tables" / "ledger.parquet"
    assert table_files.summary(path) == (7, found["sha256"])
    assert table_files.metadata(path).num_row_groups == parts
    rows = rows_of(tmp_path, "ledger")
    assert rows["reason"].to_pylist() == ["a", "b", "c", "é", "", "a", "b"]
    assert rows["amount"].to_pylist() == [0, 1, 1, 2, 3, 3, 3]
    assert rows.schema.field("account").type == pa.string()
    assert table_files.sha256(rows) == found["sha256"]


@pytest.mark.slow
def test_texts_that_would_fill_gigabytes_if_each_row_had_its_own(tmp_path: Path) -> None:
    """More than Arrow puts into one array (2³¹ bytes), in one part: ten long prompts, each ranked again and again."""
    rows, prompts = 1_000_000, [f"{number}{'x' * 2_300}" for number in range(10)]
    with Recorder(tmp_path, "5eed") as tables:
        tables.add(
            "ledger", **{**LEDGER, "amount": np.arange(float(rows)), "reason": coded(np.arange(rows) % 10, prompts)}
        )
        found = tables.close()["ledger"]
    assert table_files.summary(tmp_path / "tables" / "ledger.parquet") == (rows, found["sha256"])


def test_what_is_left_before_its_end_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "PART_ROWS", 1)
    with Recorder(tmp_path, "5eed") as tables:
        tables.add("ledger", **LEDGER)
        tables.flush()
        assert (tmp_path / "tables" / "ledger.parquet.part").exists()
    left = [path.name for path in (tmp_path / "tables").iterdir() if path.name.startswith("ledger")]
    assert left == ["ledger.arrows"]
    assert len(rows_of(tmp_path, "ledger")) == 1


@pytest.mark.parametrize("kept", [0, 1 << 24])
def test_a_table_with_a_key_has_its_last_rows_however_many_there_were(
    kept: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "KEPT_BYTES", kept)
    with Recorder(tmp_path, "5eed") as tables:
        for ended in (np.nan, 3.0):
            tables.add("employment", **EMPLOYED, ended=ended)
            tables.flush()
        found = tables.close()["employment"]
    assert found["rows"] == 2
    assert rows_of(tmp_path, "employment")["ended"].to_pylist() == [3.0, 3.0]


def test_added_arrays_may_change_afterwards(tmp_path: Path) -> None:
    amounts = np.array([1.0, 2.0])
    with Recorder(tmp_path, "5eed") as tables:
        tables.add("ledger", **{**LEDGER, "amount": amounts})
        amounts[:] = -1
        tables.close()
    assert rows_of(tmp_path, "ledger")["amount"].to_pylist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"acount": "x"}, "unknown columns"),
        ({"amount": [1, 2], "time": [1, 2, 3]}, "different lengths"),
        ({"amount": "much"}, "ledger.amount: expected double"),
        ({"amount": True}, "ledger.amount: expected double"),
        ({"amount": np.ones((2, 2))}, "ledger.amount: expected double"),
        ({"reason": 3}, "ledger.reason: expected text"),
        ({"reason": [3]}, "ledger.reason: expected text"),
        ({"run": "other"}, "run is filled in"),
    ],
)
def test_wrong_columns_are_refused_and_nothing_is_added(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with Recorder(tmp_path, "5eed") as tables:
        with pytest.raises(ValueError, match=message):
            tables.add("ledger", **{**LEDGER, **changes})
        assert tables.close()["ledger"]["rows"] == 0


def test_numbers_that_are_not_whole_are_refused(tmp_path: Path) -> None:
    with Recorder(tmp_path, "5eed", EXTRA) as tables:
        with pytest.raises(ValueError, match="missing columns"):
            tables.add("labor", time=0.0)
        with pytest.raises(ValueError, match=r"labor.round: expected int64"):
            tables.add("labor", time=0.0, round=0.5, party="a", kind="b", order=0, hours=0, pay=0, flops=0)
        with pytest.raises(ValueError, match="too large"):
            tables.add("labor", time=0.0, round=np.uint64(2**63), party="a", kind="b", order=0, hours=0, pay=0, flops=0)
        with pytest.raises(ValueError, match="no such table"):
            tables.add("labour", time=0.0)
    with pytest.raises(ValueError, match="no such table"):
        Recorder(tmp_path, "5eed", {"answers": ["helpful"]})


def test_empty_tables_have_their_columns(tmp_path: Path) -> None:
    with Recorder(tmp_path, "5eed", EXTRA) as tables:
        found = tables.close()
    assert set(found) == set(recorder.RECORDED)
    for name in recorder.RECORDED:
        assert (tmp_path / "tables" / f"{name}.parquet").exists()
    assert rows_of(tmp_path, "responses").column_names[-2:] == ["helpful", "brief"]


def test_hashes_do_not_depend_on_flushes(tmp_path: Path, complete: tuple[Path, dict[str, Any]]) -> None:
    with Recorder(tmp_path, "5eed", EXTRA) as tables:
        for number in range(6):
            add_round(tables, number)
        assert tables.close() == complete[1]


def test_hashes_see_another_run(tmp_path: Path, complete: tuple[Path, dict[str, Any]]) -> None:
    with Recorder(tmp_path, "5eed", EXTRA) as tables:
        for number in range(6):
            add_round(tables, number, shift=1e-12 * (number == 4))
        found = tables.close()
    assert [name for name in found if found[name] != complete[1][name]] == ["comparisons"]


def test_stored_tables_have_the_hashes_close_returned(complete: tuple[Path, dict[str, Any]]) -> None:
    directory, found = complete
    for name, table in found.items():
        assert table_files.summary(table_files.stored(directory, name) or Path()) == (table["rows"], table["sha256"])
        assert table_files.sha256(rows_of(directory, name)) == table["sha256"]


def test_spells_are_in_their_last_state(complete: tuple[Path, dict[str, Any]]) -> None:
    rows = rows_of(complete[0], "employment").to_pydict()
    assert rows["worker"] == [f"pool:{i}" for i in range(9)]
    assert rows["ended"][0] == 5.0
    assert np.isnan(rows["ended"][1:]).all()


def test_many_rows_are_flushed_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "MAX_ROWS", 100)
    with Recorder(tmp_path, "5eed") as tables:
        tables.add("ledger", **{**LEDGER, "amount": np.arange(99)})
        assert table_files.stored(tmp_path, "ledger") is None
        tables.add("ledger", **LEDGER)
        assert rows_of(tmp_path, "ledger").num_rows == 100


def test_a_run_of_short_rounds_writes_its_tables_once(
    tmp_path: Path, complete: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one whose rounds take longer than one would like to lose keeps each of them, as does one that is watched."""
    monkeypatch.setattr(recorder, "PATIENCE", 3600.0)
    for name, patience, watched, kept in (("s", 3600.0, False, 0), ("l", 0.0, False, 40), ("w", 3600.0, True, 40)):
        monkeypatch.setattr(recorder, "PATIENCE", patience)
        with Recorder(tmp_path / name, "5eed", EXTRA, watched) as tables:
            add_round(tables, 0)
            assert not tables.safe
            tables.keep()
            assert tables.safe == (kept > 0)
            file = table_files.stored(tmp_path / name, "comparisons")
            assert (table_files.count(file) if file else 0) == kept
            assert len(tables.fresh().get("comparisons", ())) == (kept if watched else 0)
            for number in range(1, 6):
                add_round(tables, number)
                tables.keep()
            assert any((tmp_path / name / "tables").glob("*.arrows")) == (kept > 0)
            assert tables.close() == complete[1]


def test_a_round_after_which_the_next_may_be_long_is_kept_at_once(tmp_path: Path) -> None:
    with Recorder(tmp_path, "5eed", EXTRA) as tables:
        for number in range(2):  # the second within a moment of the first
            add_round(tables, number)
            tables.keep(at_once=True)
            assert tables.safe
            assert rows_of(tmp_path, "comparisons").num_rows == 40 * (number + 1)


def test_an_error_leaves_the_rows_that_came_before_it(tmp_path: Path) -> None:
    with suppress(ZeroDivisionError), Recorder(tmp_path, "5eed", EXTRA) as tables:
        add_round(tables, 0)
        raise ZeroDivisionError
    assert rows_of(tmp_path, "comparisons").num_rows == 40
    with Recorder(tmp_path, "5eed", EXTRA) as tables:
        add_round(tables, 0, shift=1e-9)
        with pytest.raises(Mismatch, match="'comparisons'"):  # and they are held against those of the next attempt
            tables.close()


def test_an_error_while_rows_are_written_leaves_no_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes behind the rows that could not be written must not be taken for them."""
    write = recorder._Stream.write

    def full(stream: Any, batch: pa.RecordBatch) -> None:
        if stream.make.table == "comparisons":
            raise OSError(28, "No space left on device")
        write(stream, batch)

    with suppress(OSError), Recorder(tmp_path, "5eed", EXTRA) as tables:
        play(tables, 2)
        add_round(tables, 2)
        with monkeypatch.context() as patch:
            patch.setattr(recorder._Stream, "write", full)
            tables.flush()
    assert rows_of(tmp_path, "comparisons").num_rows == 80
    with Recorder(tmp_path, "5eed", EXTRA) as tables:
        play(tables, 3)
        tables.close()


@pytest.mark.parametrize("streamed", [0, 1 << 22])
def test_many_last_rows_of_a_table_with_a_key_are_not_lost(
    streamed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are too many to be kept in memory are read back from the stream, which must have them."""
    monkeypatch.setattr(recorder, "STREAMED", streamed)
    monkeypatch.setattr(compaction, "KEPT_BYTES", max(streamed, 1))
    many = {**EMPLOYED, "person": [f"p{i}" for i in range(20_000)], "worker": [f"w{i}" for i in range(20_000)]}
    with Recorder(tmp_path, "5eed") as tables:
        for ended in (np.nan, 1.0, 2.0, 3.0):  # each in a batch of its own, of some megabytes
            tables.add("employment", **many, ended=ended)
        assert tables.close()["employment"]["rows"] == 20_000
    assert set(rows_of(tmp_path, "employment")["ended"].to_pylist()) == {3.0}


def test_a_replay_ends_with_the_hashes_of_an_uninterrupted_run(
    tmp_path: Path, complete: tuple[Path, dict[str, Any]]
) -> None:
    for rounds in (2, 4, 1, 3):  # interrupted four times, not always further than before
        with Recorder(tmp_path, "5eed", EXTRA) as tables:
            play(tables, rounds)
            add_round(tables, rounds)  # not flushed
        assert rows_of(tmp_path, "comparisons").num_rows >= 40 * rounds
    assert rows_of(tmp_path, "comparisons").num_rows == 160  # of the longest attempt
    with Recorder(tmp_path, "5eed", EXTRA) as tables:
        play(tables, 6)
        assert tables.close() == complete[1]
    assert sorted(p.suffix for p in (tmp_path / "tables").iterdir()) == [".parquet"] * len(complete[1])


@pytest.mark.parametrize("when", ["flush", "close"])
def test_a_replay_that_disagrees_is_a_mismatch(tmp_path: Path, when: str) -> None:
    with Recorder(tmp_path, "5eed", EXTRA) as tables:
        play(tables, 3)
    with Recorder(tmp_path, "5eed", EXTRA) as tables:
        add_round(tables, 0)
        tables.flush()
        if when == "flush":
            add_round(tables, 1, shift=1e-9)
            with pytest.raises(Mismatch, match=r"'comparisons'.*column 'perceived' of row 40 was .* now it is"):
                tables.flush()
        else:
            with pytest.raises(Mismatch, match=r"'employment'.*it had 8 rows, now there are 4"):
                tables.close()
    assert rows_of(tmp_path, "comparisons").num_rows == 120  # what was there is still there


def test_a_replay_with_other_columns_is_a_mismatch(tmp_path: Path) -> None:
    with Recorder(tmp_path, "5eed", EXTRA) as tables:
        play(tables, 1)
    with Recorder(tmp_path, "5eed", {"responses": ["helpful", "brand"]}) as tables:
        columns = {"time": 0.0, "round": 0, "corporation": "a", "agent": "b", "prompt": "", "response": "", "force": ""}
        tables.add("responses", **columns, fact_held_out=False, answered=True, helpful=1.0, brand=1.0)
        with pytest.raises(Mismatch, match="its columns were"):
            tables.flush()


def test_a_replay_is_held_to_finished_tables_too(tmp_path: Path) -> None:
    with Recorder(tmp_path, "5eed", EXTRA) as tables:
        play(tables, 3)
        tables.close()
    with Recorder(tmp_path, "5eed", EXTRA) as tables:
        play(tables, 4)
        assert rows_of(tmp_path, "comparisons").num_rows == 120
        with pytest.raises(Mismatch, match=r"its .* rows are not"):
            tables.close()
    assert rows_of(tmp_path, "comparisons").num_rows == 120


class Killed(BaseException):
    """Stands for a kill: nothing of ours catches it."""


@contextmanager
def killed_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Die at the `step`-th change of the folder; yields the changes made so far."""
    done: list[str] = []

    def counted(change: Callable[..., Any]) -> Callable[..., Any]:
        def step_or_die(*args: Any, **named: Any) -> Any:
            if len(done) == step:
                raise Killed
            done.append(change.__name__)
            return change(*args, **named)

        return step_or_die

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", counted(os.replace))
        patch.setattr(Path, "replace", counted(Path.replace))
        patch.setattr(Path, "unlink", counted(Path.unlink))
        patch.setattr(shutil, "rmtree", counted(shutil.rmtree))
        yield done


@pytest.mark.slow
def test_a_kill_at_any_step_of_closing_or_starting_again_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "RECORDED", ("employment", "comparisons", "responses"))
    with Recorder(tmp_path / "whole", "5eed", EXTRA) as tables:
        play(tables, 3)
        wanted = tables.close()
    before, step, finished = tmp_path / "before", 0, False
    with Recorder(before, "5eed", EXTRA) as tables:
        play(tables, 2)
    while not finished:
        here = tmp_path / f"at{step}"
        shutil.copytree(before, here)
        with killed_at(step, monkeypatch):
            try:
                with Recorder(here, "5eed", EXTRA) as tables:
                    play(tables, 3)
                    tables.close()
                    finished = True
            except Killed:
                pass
        for name in recorder.RECORDED:
            assert 2 <= rows_of(here, name).num_rows / (wanted[name]["rows"] / 3) <= 3, (step, name)
        with Recorder(here, "5eed", EXTRA) as tables:
            play(tables, 3)
            assert tables.close() == wanted, step
        step += 1
    assert step > 15
