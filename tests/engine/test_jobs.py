"""Computations by content: remembered when equal, computed when anything that matters differs."""

import os
from pathlib import Path

import numpy as np
import pytest

import simlab
from simlab.engine import jobs as house
from simlab.engine.jobs import Jobs, Store
from simlab.plugins.registry import discover
from simlab.theory.whole_runs import NETWORK
from tests.small_world import written

CALLS = []


def double(*, x, times=2, device, progress=None):
    CALLS.append(device)
    return {"y": np.asarray(x) * times}


def with_base(*, base, device):
    return {"y": base["y"] + 1}


@pytest.fixture
def jobs(tmp_path):
    CALLS.clear()
    return Jobs(Store(tmp_path / "store"), "cpu")


def test_the_same_inputs_are_computed_once(jobs):
    first = jobs.run(double, x=np.arange(3.0))
    second = jobs.run(double, x=np.arange(3.0), progress=print)
    assert first.key == second.key
    assert np.array_equal(second["y"], [0, 2, 4])
    assert (jobs.ran, jobs.remembered, len(CALLS)) == (1, 1, 1)


@pytest.mark.parametrize(
    "change",
    [{"x": np.arange(3.0) + 1e-12}, {"x": np.arange(3)}, {"x": np.arange(3.0).reshape(3, 1)}, {"times": 3}],
)
def test_any_change_of_an_input_computes_anew(jobs, change):
    before = jobs.run(double, x=np.arange(3.0), times=2)
    assert jobs.run(double, **{"x": np.arange(3.0), "times": 2, **change}).key != before.key


def test_another_device_computes_anew(jobs):
    assert Jobs(jobs.store, "cuda").key(double, {"x": 1}) != jobs.key(double, {"x": 1})


def test_a_result_stands_for_its_content_in_later_jobs(jobs):
    one, two = jobs.run(double, x=np.ones(2)), jobs.run(double, x=np.zeros(2))
    assert np.array_equal(jobs.run(with_base, base=one)["y"], [3, 3])
    assert jobs.run(with_base, base=one).key != jobs.run(with_base, base=two).key


def test_a_damaged_file_is_computed_again(jobs):
    key = jobs.run(double, x=np.ones(2)).key
    path = next(jobs.store.folder.glob(f"*/{key}.npz"))
    path.write_bytes(path.read_bytes()[:50])
    assert np.array_equal(jobs.run(double, x=np.ones(2))["y"], [2, 2])
    assert jobs.ran == 2


def test_the_store_forgets_the_least_recently_used_beyond_its_limit(jobs):
    keys = [jobs.run(double, x=np.full(1000, i)).key for i in range(4)]
    files = {p.stem: p for p in jobs.store.folder.glob("*/*.npz")}
    for age, key in enumerate(reversed(keys)):
        os.utime(files[key], (1e9 - age, 1e9 - age))
    jobs.store.get(keys[0])  # the oldest is used once more
    jobs.store.limit = 2 * files[keys[0]].stat().st_size
    jobs.store.forget()
    assert {p.stem for p in jobs.store.folder.glob("*/*.npz")} == {keys[0], keys[3]}


def test_a_file_that_another_run_forgets_meanwhile_is_passed_over(jobs, monkeypatch):
    keys = [jobs.run(double, x=np.full(1000, i)).key for i in range(3)]
    gone, kept, last = (next(jobs.store.folder.glob(f"*/{key}.npz")) for key in keys)
    os.utime(kept, (1e9, 1e9))
    stat, unlink = Path.stat, Path.unlink

    def seen(path, **options):
        if path == gone:
            raise FileNotFoundError(path)
        return stat(path, **options)

    def lost(path, missing_ok=False):
        unlink(path)
        raise PermissionError(path)

    monkeypatch.setattr(Path, "stat", seen)
    monkeypatch.setattr(Path, "unlink", lost)
    jobs.store.limit = 0
    jobs.store.forget()
    monkeypatch.undo()
    assert not kept.exists()
    assert not last.exists()


def test_a_store_forgets_nothing_but_what_is_its_own(jobs):
    key = jobs.run(double, x=np.ones(1000)).key
    folder = jobs.store.folder
    others = [folder / "thesis" / "data.npz", folder / "ab" / "notes.txt", folder / key[:2] / "new-being-written"]
    for file in others:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(bytes(5000))
    left = folder / key[:2] / "new-left-by-a-kill"
    left.write_bytes(bytes(5000))
    os.utime(left, (1e9, 1e9))
    jobs.store.limit = 0
    jobs.store.forget()
    assert [file.exists() for file in (*others, left, folder / key[:2] / f"{key}.npz")] == [True] * 3 + [False] * 2


def test_what_is_no_file_of_arrays_counts_as_absent(jobs):
    key = jobs.run(double, x=np.ones(2)).key
    path = next(jobs.store.folder.glob(f"*/{key}.npz"))
    path.unlink()
    os.mkfifo(path)
    assert np.array_equal(jobs.run(double, x=np.ones(2))["y"], [2, 2])
    assert jobs.ran == 2


def test_a_store_that_cannot_be_written_costs_nothing_but_time(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    jobs = Jobs(Store(blocked), "cpu")
    assert np.array_equal(jobs.run(double, x=np.ones(2))["y"], [2, 2])
    assert jobs.run(double, x=np.ones(2)).key
    assert jobs.ran == 2


def test_inputs_without_a_content_are_refused(jobs):
    with pytest.raises(TypeError, match="cannot take a object"):
        jobs.run(double, x=object())


SHAPE = """
import simlab
{imports}

class Scaled({base}):
    name = "scaled"

    def shape(self, score, logp, logp_ref, mask):
        return mask * score[:, None]
"""


def package(folder, *, helper="FACTOR = 1", base=""):
    """A plugin of three files: the component, its base class, and what they import."""
    folder.mkdir(exist_ok=True)
    (folder / "__init__.py").write_text("from .scaled import Scaled\n")
    (folder / "scaled.py").write_text(SHAPE.format(imports="from .base import Base", base="Base"))
    (folder / "base.py").write_text(
        f"import simlab\nfrom . import helper\n\nclass Base(simlab.RewardShape):\n    x: int = 1{base}\n"
    )
    (folder / "helper.py").write_text(f"{helper}\n")
    return discover(extra=[folder], local=False).get("reward", "scaled")


@pytest.mark.parametrize("change", [{"helper": "FACTOR = 2"}, {"base": "0"}])
def test_a_component_stands_for_its_whole_plugin(jobs, tmp_path, change):
    before = jobs.key(double, {"x": package(tmp_path / "shapes")()})
    assert jobs.key(double, {"x": package(tmp_path / "shapes")()}) == before
    assert jobs.key(double, {"x": package(tmp_path / "shapes", **change)()}) != before


def test_a_component_stands_for_its_plugin_as_it_was_imported(jobs, tmp_path):
    scaled = package(tmp_path / "shapes")()
    before = jobs.key(double, {"x": scaled})
    for file in (tmp_path / "shapes").glob("*.py"):
        file.unlink()
    assert jobs.key(double, {"x": scaled}) == before


def test_a_file_of_data_counts_by_its_content_wherever_it_lies(jobs, tmp_path):
    class Tabled(simlab.RewardShape):
        table: simlab.DataFile

    keys = []
    for folder, content in (("a", "1"), ("b", "2"), ("c", "1")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "table.csv").write_text(content)
        keys.append(jobs.key(double, {"x": Tabled(table=str(tmp_path / folder / "table.csv"))}))
    assert keys[0] == keys[2] != keys[1]


def test_a_base_class_of_another_plugin_counts(jobs, tmp_path):
    """A class carries the contents of its own plugin only, and those of its bases are added."""

    class Derived(package(tmp_path / "shapes")):
        pass

    class Other(package(tmp_path / "shapes", helper="FACTOR = 3")):
        pass

    Other.__qualname__ = Derived.__qualname__
    assert house.CONTENT not in vars(Derived)
    assert jobs.key(double, {"x": Derived()}) != jobs.key(double, {"x": Other()})


@pytest.mark.parametrize(
    "file", ["components/learner.py", "worlds/tokenizer.py", "nets/policy.py", "machines/training_jobs.py"]
)
def test_the_code_version_covers_what_a_job_runs(file, monkeypatch):
    before = house.code_version()
    read = Path.read_bytes

    def edited(path):
        return read(path) + b"#" * path.as_posix().endswith(f"simlab/{file}")

    monkeypatch.setattr(Path, "read_bytes", edited)
    assert house.code_version.__wrapped__() != before


@pytest.mark.slow
def test_a_run_that_computes_leaves_no_more_behind_than_it_may(tmp_path: Path) -> None:
    file = written(tmp_path / "network.yaml", {}, NETWORK)
    done = simlab.run(file, out=tmp_path / "run", store=Store(tmp_path / "store", limit=1), local=False)
    assert done.manifest["jobs_ran"] > 0
    assert not list((tmp_path / "store").glob("*/*.npz"))
