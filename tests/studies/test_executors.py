"""Whoever executes a study leaves the same tables: this process, several, Ray, workers, and those who begin again after
a kill."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

import simlab
from simlab.cli import main
from simlab.runs.study_folder import cells, read_study
from simlab.studies.executors import LocalProcesses
from simlab.studies.plan import planned
from simlab.studies.study import opened, performing, run_study
from simlab.studies.task import Task
from tests.studies.made_up import MadeUp
from tests.studies.small_study import BUDGET, study_file

pytestmark = pytest.mark.slow
SEEDS = {"seeds": 4}
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> simlab.StudyRuns:
    """The study as one process runs it that nobody disturbs."""
    folder = tmp_path_factory.mktemp("whole")
    return run_study(study_file(folder, SEEDS), out=folder / "out", jobs=1, local=False)


def hashes(folder: Path) -> Mapping[str, Mapping[str, str]]:
    """The sha256 of every table of every run, by the run's place; each as the file is now."""
    found = {}
    for cell in cells(folder, read_study(folder)):
        run = simlab.load(cell.run)
        assert run.status == "finished"
        assert run.rehash() == run.manifest["tables"]
        found[f"{cell.place}/{cell.seed}"] = run.hashes
    return found


def command(folder: Path, *more: str) -> list[str]:
    """The study as somebody types it."""
    return [sys.executable, "-m", "simlab", "study", str(folder / "study.yaml"), "--out", str(folder / "out"), *more]


def test_two_processes(whole: simlab.StudyRuns, tmp_path: Path) -> None:
    found = run_study(study_file(tmp_path, SEEDS), out=tmp_path / "out", jobs=2, local=False)
    assert hashes(found.path) == hashes(whole.path)
    assert (found.outcomes.drop(columns=["seconds", "cpu"]) == whole.outcomes.drop(columns=["seconds", "cpu"])).all(
        axis=None
    )


def test_who_shares_runs_out_imports_nothing_that_simulates(tmp_path: Path) -> None:
    """Which takes it as long as a run: the processes it shares them among have it, from one that imported it once."""
    file = study_file(tmp_path, {"seeds": 2})
    code = (
        "import sys; from simlab.studies.study import run_study; "
        "run_study(sys.argv[1], out=sys.argv[2], jobs=2, local=False); "
        "sys.exit('simlab.simulation' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(file), str(tmp_path / "out")], check=True, env=ENVIRONMENT)


def by_ray(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """The study of a folder, as Ray shares it out on this machine."""
    ray = pytest.importorskip("ray")
    done = subprocess.run(
        [*command(folder), "--executor", "ray", "--jobs", "2", "--json", "--no-local-plugins", *more],
        env=ENVIRONMENT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert not ray.is_initialized()
    return done


def test_a_head_of_ray(whole: simlab.StudyRuns, tmp_path: Path) -> None:
    study_file(tmp_path, SEEDS)
    done = by_ray(tmp_path, "--memory", "1.5MB")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "finished"
    assert hashes(tmp_path / "out") == hashes(whole.path)


def test_ray_performs_one_wave_of_a_budget_after_the_other(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
        study_file(folder, BUDGET)
    done = by_ray(there)
    assert done.returncode == 0, done.stderr
    run_study(here / "study.yaml", out=here / "out", jobs=1, local=False)
    assert hashes(there / "out") == hashes(here / "out")
    assert len(list((there / "out").glob("runs/*/*/*"))) > 4  # more than two values of each arm were tried


def test_what_ray_has_not_is_not_waited_for(tmp_path: Path) -> None:
    study_file(tmp_path, SEEDS)
    done = by_ray(tmp_path, "--memory", "900TB")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--memory 9e+05GB: Ray finds" in done.stderr


def test_what_a_run_takes_of_ray_is_asked_of_ray_alone(tmp_path: Path) -> None:
    study_file(tmp_path, SEEDS)
    for words in (["--gpus", "0.25"], ["--memory", "2GB"]):
        done = subprocess.run([*command(tmp_path), *words], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "add --executor ray" in done.stderr
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("asked", "begun"), [(3, ["here", 3]), (1, ["here"])])
def test_later_waves_may_take_more_processes(
    asked: int, begun: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A budget's first wave may be of one run, and the next of many; a run by itself needs no process of its own."""
    taken: list[object] = []

    class Here(MadeUp):
        def __init__(self) -> None:
            super().__init__(lambda settings, seed: {})
            taken.append("here")

    class Pool(MadeUp):
        def __init__(self, processes: int) -> None:
            super().__init__(lambda settings, seed: {})
            taken.append(processes)

    monkeypatch.setattr("simlab.studies.study.InThisProcess", Here)
    monkeypatch.setattr("simlab.studies.study.LocalProcesses", Pool)
    folder = tmp_path / "out"
    study = opened(planned(study_file(tmp_path, {"seeds": 5}), local=False), folder)
    with performing(folder, "local", asked, None) as perform_missing:
        for seeds in ([0], [0, 1, 2], [0, 1, 2, 3, 4]):
            perform_missing({**study, "arms": study["arms"][:1], "seeds": seeds})
    assert taken == begun


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_random_and_begun_again(seed: int, whole: simlab.StudyRuns, tmp_path: Path) -> None:
    """The process that shares the runs out is killed, and those that perform them go with it; nothing is lost, and
    nothing is there twice."""
    study_file(tmp_path, SEEDS)
    moment = random.Random(seed)
    for _ in range(2):
        process = subprocess.Popen(command(tmp_path, "--jobs", "2"), env=ENVIRONMENT, stdout=subprocess.DEVNULL)
        time.sleep(2 + 4 * moment.random())
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert main(command(tmp_path, "--jobs", "1")[3:]) == 0
    assert hashes(tmp_path / "out") == hashes(whole.path)
    assert len(simlab.load(tmp_path / "out").outcomes) == 8


def test_workers_share_a_study_and_one_of_them_dies(whole: simlab.StudyRuns, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    opened(planned(study_file(tmp_path, SEEDS), local=False), folder)
    words = [sys.executable, "-m", "simlab", "worker", str(folder)]
    several = [
        subprocess.Popen(words, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    time.sleep(4)
    several[0].kill()
    said = [process.communicate(timeout=300) for process in several]
    assert [process.returncode for process in several[1:]] == [0, 0], said
    assert hashes(folder) == hashes(whole.path)


def test_ctrl_c_stops_cleanly(tmp_path: Path) -> None:
    study_file(tmp_path, {"seeds": 50})
    process = subprocess.Popen(
        command(tmp_path, "--jobs", "2"), env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    until = time.monotonic() + 60
    while not list((tmp_path / "out").glob("rows/*/*.json")):
        assert time.monotonic() < until
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130, (out, error)
    assert "goes on where it stopped" in error
    assert "Traceback" not in error


def test_a_process_that_dies_takes_only_its_own_run(tmp_path: Path) -> None:
    """A run that takes down its process twice is a row that says so."""
    (tmp_path / "deadly.py").write_text(
        "import os\n\nimport simlab\n\n\nclass Deadly(simlab.Effort):\n    name = 'deadly'\n\n"
        "    def choose(self, situation):\n        os.kill(os.getpid(), 9)\n"
    )
    file = study_file(tmp_path, {"seeds": 2, "vary.arms.wrong": {"set": {"parties.pool.effort": "deadly"}}})
    found = run_study(file, out=tmp_path / "out", jobs=2)
    rows = found.outcomes.set_index(["arm", "seed"])
    assert rows.status.to_dict() == {(a, s): "finished" if a == "right" else "failed" for a, s in rows.index}
    assert set(found.failures.type) == {"ProcessDied"}


def test_an_executor_of_ones_own(whole: simlab.StudyRuns, tmp_path: Path) -> None:
    """Three methods are all it takes."""
    from simlab.studies.task import perform

    class Backwards:
        def __init__(self) -> None:
            self.tasks: list[Task] = []

        def submit(self, task: Task) -> None:
            self.tasks.append(task)

        def results(self):  # type: ignore[no-untyped-def]
            while self.tasks:
                task = self.tasks.pop()
                yield task, perform(task)

        def cancel(self) -> None:
            self.tasks.clear()

    file = study_file(tmp_path, {"seeds": [0]})
    found = run_study(file, out=tmp_path / "out", executor=Backwards(), local=False)
    assert len(found.outcomes) == 2
    assert hashes(found.path).items() <= hashes(whole.path).items()


def test_a_cancelled_pool_leaves_no_process_behind() -> None:
    pool = LocalProcesses(2)
    pool._pool.submit(time.sleep, 0).result()
    processes = list(pool._pool._processes.values())
    pool.cancel()
    for process in processes:
        process.join(timeout=20)
        assert not process.is_alive()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks /proc")
def test_processes_go_with_the_one_that_shares_out(tmp_path: Path) -> None:
    """They would wait for ever for what it has to say."""
    script = tmp_path / "shares.py"
    script.write_text(
        "import os, time\n\nfrom simlab.studies.executors import LocalProcesses\n\n\nif __name__ == '__main__':\n"
        "    pool = LocalProcesses(2)\n    print(pool._pool.submit(os.getpid).result(), flush=True)\n"
        "    time.sleep(600)\n"
    )
    words = [sys.executable, str(script)]
    with subprocess.Popen(words, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        other = int(process.stdout.readline())
        process.kill()
    until = time.monotonic() + 20
    while alive(other):
        assert time.monotonic() < until
        time.sleep(0.1)


def alive(process: int) -> bool:
    """Whether there is such a process, which is no longer to be reaped."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False
