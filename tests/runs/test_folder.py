"""Who may write into a run's folder, what is taken back, and that nothing of anybody else's is ever removed."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

import simlab
from simlab import simulation
from simlab.cli import main
from simlab.errors import InvalidInput
from simlab.runs.folder import identified, open_run
from simlab.runs.loading import load
from simlab.tables.schemas import TABLES
from tests.small_run import MANIFEST, write
from tests.small_world import written

SMALL = {"days": 1, "parties.users.count": 20, "relations.2.sample": 40}


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A scenario that takes a moment."""
    return written(tmp_path / "world.yaml", SMALL)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Any]) -> None:
    """Let something happen after a run has looked at its folder for the first time, and before it opens it."""
    whole = simulation.Simulation

    def delayed(*args: Any, **options: Any) -> Any:
        monkeypatch.setattr(simulation, "Simulation", whole)
        happens()
        return whole(*args, **options)

    monkeypatch.setattr(simulation, "Simulation", delayed)


def test_a_run_that_comes_too_late_leaves_the_finished_one(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    meanwhile(monkeypatch, lambda: write(out, rounds=2))
    with pytest.raises(InvalidInput, match="holds another run"):
        simlab.run(world, out=out)
    assert load(out).rehash() == load(out).manifest["tables"]


def test_a_run_that_comes_too_late_leaves_the_one_under_way(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with contextlib.ExitStack() as under_way:
        meanwhile(monkeypatch, lambda: under_way.enter_context(open_run(out, MANIFEST)))
        with pytest.raises(InvalidInput, match="holds another run"):
            simlab.run(world, out=out)
        assert load(out).status == "running"


@pytest.mark.slow
def test_a_run_that_comes_too_late_leaves_the_one_that_has_just_begun(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with contextlib.ExitStack() as begun:

        def begin() -> None:  # it has the lock, and has written nothing else yet
            out.mkdir()
            begun.enter_context(FileLock(out / "lock"))

        meanwhile(monkeypatch, begin)
        with pytest.raises(InvalidInput, match="a run is under way"):
            simlab.run(world, out=out)
        assert os.listdir(out) == ["lock"]


def proves_impossible(out: Path, before: Callable[[Path], None] = lambda folder: None) -> None:
    """A run that is found to be impossible only once it has begun, after something else has happened."""

    def run() -> None:
        with open_run(out, MANIFEST):
            before(out)
            raise InvalidInput("it cannot be")

    with pytest.raises(InvalidInput, match="it cannot be"):
        run()


def test_a_run_that_proves_impossible_is_taken_back(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    def rows(folder: Path) -> None:
        (folder / "tables" / "earlier").mkdir(parents=True)
        (folder / "tables" / "ledger.arrows").write_bytes(b"rows")

    for name in ("new", "empty"):
        proves_impossible(tmp_path / name, rows)
    assert not (tmp_path / "new").exists()
    assert os.listdir(tmp_path / "empty") == []


@pytest.mark.parametrize("whose", ["notes.txt", "tables/notes.txt", "board/events.out"])
def test_what_somebody_else_wrote_meanwhile_stays(tmp_path: Path, whose: str) -> None:
    def mine(folder: Path) -> None:
        (folder / whose).parent.mkdir(exist_ok=True)
        (folder / whose).write_text("mine")

    out = tmp_path / "out"
    proves_impossible(out, mine)
    assert (out / whose).read_text() == "mine"
    assert load(out).status == "failed"


def test_rows_of_an_interrupted_run_are_never_taken_back(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(number: int) -> None:
        if number == 1:
            raise Stop

    with pytest.raises(Stop):
        write(tmp_path, between=stop)
    before = load(tmp_path).comparisons
    proves_impossible(tmp_path)
    assert load(tmp_path).comparisons.equals(before)


def test_whoever_waits_for_a_folder_that_is_taken_back_begins_it_anew(tmp_path: Path) -> None:
    out = tmp_path / "out"
    waiting = threading.Thread(target=write, args=(out, 1))

    def wait(folder: Path) -> None:
        waiting.start()
        time.sleep(0.2)

    proves_impossible(out, wait)
    waiting.join()
    assert load(out).status == "finished"


def test_a_lock_that_was_replaced_is_not_the_one_in_its_place(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with identified(lock) as there:
        assert not there()
        lock.touch()
        assert there()
    with identified(lock) as there:
        assert there()
        lock.unlink()
        assert not there()
        lock.touch()
        assert not there()


AT_ONCE = """
import os, sys
from simlab import simulation  # once for all of them
from simlab.cli import main

file, out, *seeds = sys.argv[1:]
processes = []
for seed in seeds:
    processes.append(os.fork())
    if not processes[-1]:
        os._exit(main(["run", file, "--out", out, "--seed", seed, "--quiet"]))
print(*(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) for process in processes))
"""


def at_once(file: Path, out: Path, *seeds: int) -> tuple[list[int], list[str]]:
    """Exit codes of runs that are started at the same time into one folder, and the lines they wrote to stderr."""
    words = [sys.executable, "-c", AT_ONCE, str(file), str(out), *map(str, seeds)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return list(map(int, done.stdout.split()[-len(seeds) :])), done.stderr.splitlines()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_starts_at_once_into_a_new_folder(world: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    codes, said = at_once(world, out, 1, 2, 3)
    assert sorted(codes) == [0, 2, 2]
    assert len(said) == 2
    assert all("under way" in line or "another run" in line for line in said)
    done = load(out)
    assert (done.status, done.manifest["seed"]) == ("finished", codes.index(0) + 1)
    assert done.rehash() == done.manifest["tables"]


def test_a_manifest_that_moved_while_names_were_listed_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listing may miss a name that is put in place meanwhile, and show those that came after it."""
    out, listed = tmp_path / "out", os.listdir
    write(out, rounds=1)
    monkeypatch.setattr(os, "listdir", lambda path: [name for name in listed(path) if name != "manifest.json"])
    with pytest.raises(InvalidInput, match="holds another run"), open_run(out, {**MANIFEST, "run": "0ther"}):
        pass
    (out / "manifest.json").unlink()
    with pytest.raises(InvalidInput, match="holds other files"), open_run(out, MANIFEST):
        pass


# ---- what stands in the way ---------------------------------------------------------------------------------------

PLACES = (
    "manifest.json", "manifest.json.part", "scenario.yaml", "scenario.yaml.part", "tables/ledger.parquet.part",
    "tables/ledger.arrows", "tables/runs.parquet.part", "tables/earlier/ledger.arrows",
)  # fmt: skip


@pytest.mark.parametrize("place", [*PLACES, "lock"])
@pytest.mark.parametrize("what", ["link", "dangling", "folder", "pipe"])
def test_nothing_is_written_through_what_stands_in_the_way(tmp_path: Path, place: str, what: str) -> None:
    out, outside = tmp_path / "out", tmp_path / "precious.txt"
    outside.write_text("a year of work")
    with contextlib.suppress(KeyboardInterrupt), open_run(out, MANIFEST):
        raise KeyboardInterrupt
    (out / place).parent.mkdir(parents=True, exist_ok=True)
    manifest = (out / "manifest.json").read_bytes()
    (out / place).unlink(missing_ok=True)
    if what == "link" and place == "manifest.json":
        outside.write_bytes(manifest)
    if what in ("link", "dangling"):
        (out / place).symlink_to(outside if what == "link" else tmp_path / "new")
    elif what == "folder":
        (out / place).mkdir()
    else:
        os.mkfifo(out / place)
    before = outside.read_bytes()
    with pytest.raises(InvalidInput, match=f"{place}: (is|cannot)") as refused:
        write(out, rounds=1)
    assert len(str(refused.value).splitlines()) == 1
    assert outside.read_bytes() == before
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("place", ["tables", "tables/earlier", "models"])
def test_nothing_is_written_into_a_folder_elsewhere(tmp_path: Path, place: str) -> None:
    out, outside = tmp_path / "out", tmp_path / "outside"
    outside.mkdir()
    with contextlib.suppress(KeyboardInterrupt), open_run(out, MANIFEST):
        raise KeyboardInterrupt
    (out / place).parent.mkdir(exist_ok=True)
    (out / place).symlink_to(outside)
    with pytest.raises(InvalidInput, match=f"{place}: is a link"):
        write(out, rounds=1)
    assert os.listdir(outside) == []


def test_another_name_of_a_file_is_never_written_to(tmp_path: Path) -> None:
    out, outside = tmp_path / "out", tmp_path / "precious.txt"
    outside.write_text("a year of work")
    with contextlib.suppress(KeyboardInterrupt), open_run(out, MANIFEST):
        raise KeyboardInterrupt
    (out / "tables").mkdir()
    for place in ("manifest.json.part", "scenario.yaml.part", "tables/ledger.parquet.part"):
        os.link(outside, out / place)
    write(out, rounds=1)
    assert outside.read_text() == "a year of work"
    assert load(out).status == "finished"


def test_a_run_folder_may_itself_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    write(tmp_path / "out", rounds=1)
    assert load(tmp_path / "disk").status == "finished"
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    with pytest.raises(InvalidInput, match="nowhere: is a link that leads nowhere"):
        write(tmp_path / "nowhere", rounds=1)
    assert not (tmp_path / "gone").exists()


def test_a_full_disk_is_told_with_the_file_that_had_no_room(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 14, before[1]))
    try:
        assert main(["run", str(world), "--out", str(tmp_path / "out"), "--quiet"]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    (said,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(rf"{tmp_path}/out/tables/\w+\.(arrows|parquet\.part): File too large", said)
    assert load(tmp_path / "out").status == "failed"
    assert main(["run", str(world), "--out", str(tmp_path / "out"), "--quiet"]) == 0
    assert load(tmp_path / "out").hashes.keys() == set(TABLES)


def test_a_lock_that_somebody_took_away_while_it_was_had_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever withdraws a run removes the lock; a run that had it then holds a file that nobody else will ever see."""
    out, replaced = tmp_path / "out", []

    class Slow(FileLock):
        def acquire(self, *args: Any, **options: Any) -> Any:
            held = super().acquire(*args, **options)
            if not replaced:
                replaced.append(os.stat(self.lock_file))
                os.unlink(self.lock_file)
                Path(self.lock_file).touch()
            return held

    out.mkdir()
    (out / "lock").touch()
    monkeypatch.setattr("simlab.runs.folder.FileLock", Slow)
    with open_run(out, MANIFEST):
        assert load(out).status == "running"  # that is, others find its lock, and find it held
    assert len(replaced) == 1


def test_the_lock_stays_where_a_run_is(tmp_path: Path) -> None:
    """A finished run, an interrupted one, and one that was only looked at: who waits for a lock waits for that one."""
    write(tmp_path, rounds=2)
    lock = os.stat(tmp_path / "lock")
    write(tmp_path, rounds=2)
    assert load(tmp_path).status == "finished"
    assert os.path.samestat(os.stat(tmp_path / "lock"), lock)


def test_a_manifest_is_plain_json_of_what_it_says_now(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with open_run(out, MANIFEST) as opened:
        for rounds in (1, 2):
            opened.note(rounds=rounds, reads={"file": "é"}, why=None)
            text = (out / "manifest.json").read_text(encoding="utf-8")
            assert text == json.dumps(opened.manifest, indent=2) + "\n"
            assert json.loads(text)["rounds"] == rounds
        opened.note(rounds=2, reads={"file": "b"})
        assert json.loads((out / "manifest.json").read_text())["reads"] == {"file": "b"}
