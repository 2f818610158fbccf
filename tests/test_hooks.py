"""Hooks: each is called at its documented moment with what it is told, and nobody who looks on changes a run."""

from __future__ import annotations

import struct
import sys
from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simlab
from simlab.cli import main
from simlab.errors import InvalidInput, PluginFailed
from simlab.plugins import hookspecs
from simlab.plugins.hooks import hooks_of
from simlab.runs.loading import Run
from tests.small_world import FIRST, HURRIED, written

WATCH = "seen = []\n" + "".join(
    f"\ndef {name}({', '.join(signature(hook).parameters)}):\n    seen.append(({name!r}, dict(locals())))\n"
    for name, hook in hooks_of(hookspecs)
    if name != "simlab_register"
)
DEMONSTRATIONS = "parties.lm.demonstrations={by: pool, count: 16, batch: 8}"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder without plugins."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def watcher(file: Path, text: str = WATCH) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def seen(name: str) -> list[tuple[str, dict[str, Any]]]:
    """What the plugin file of this name, a name no other test uses, has been told so far."""
    found = [m.seen for n, m in sys.modules.items() if n.startswith(f"simlab_plugin_{name}_")]
    return [told for each in found for told in each]


class Watched:
    """A small run of networks that a plugin and a logger look on at, and the same run that nobody looks on at."""

    def __init__(self, folder: Path) -> None:
        self.board = folder / "board"
        settings = {"small": True, "overrides": [*HURRIED, DEMONSTRATIONS]}
        loud = watcher(folder / "eavesdropper.py")
        log = [f"tensorboard:{self.board}"] if has_board() else []
        self.run: Run = simlab.run(FIRST, out=folder / "loud", plugins=[loud], log=log, **settings)
        self.quiet: Run = simlab.run(FIRST, out=folder / "quiet", **settings)
        self.told = seen("eavesdropper")

    def of(self, hook: str) -> list[dict[str, Any]]:
        return [said for name, said in self.told if name == f"simlab_{hook}"]


def has_board() -> bool:
    try:
        import tensorboardX  # noqa: F401
    except ImportError:
        return False
    return True


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    return Watched(tmp_path_factory.mktemp("watched"))


# ---- the contract --------------------------------------------------------------------------------------------------


def test_every_hook_is_documented_and_typed() -> None:
    hooks = [name for name in vars(hookspecs) if name.startswith("simlab_")]
    assert hooks[0] == "simlab_register"
    assert len(hooks) <= 12
    for name in hooks:
        hook = getattr(hookspecs, name)
        assert str(hook.__doc__).strip()
        assert hook.__annotations__.keys() == {*signature(hook).parameters, "return"}
        assert hook.__annotations__["return"] == "None"


@pytest.mark.slow
def test_hooks_are_called_in_the_order_of_their_contract(watched: Watched) -> None:
    cycle = ["reward_model_trained", "policy_trained", "round_finished"]
    wanted = ["run_started", "pretraining_finished", "imitation_finished", "round_finished", *cycle, *cycle]
    assert [name.removeprefix("simlab_") for name, _ in watched.told] == [*wanted, "run_finished"]
    assert {said["run"] for _, said in watched.told} == {watched.run.manifest["run"]}
    assert {name for name, _ in watched.told} == {name for name, _ in hooks_of(hookspecs)} - {"simlab_register"}


@pytest.mark.slow
def test_the_start_is_told_with_scenario_and_folder(watched: Watched) -> None:
    (said,) = watched.of("run_started")
    assert said["path"] == watched.run.path
    assert said["scenario"].canonical() == watched.run.manifest["parameters"]
    assert watched.of("run_finished")[0] == {"run": watched.run.manifest["run"], "status": "finished", "error": ""}


@pytest.mark.slow
def test_what_machines_have_learned_is_told_as_the_tables_say_it(watched: Watched) -> None:
    (pretraining,) = watched.of("pretraining_finished")
    assert (pretraining["model"], pretraining["losses"].shape) == ("lm", (20,))
    assert pretraining["losses"][-1] < pretraining["losses"][0]
    (imitation,) = watched.of("imitation_finished")
    assert 0 < len(imitation["losses"]) < 20
    rows = watched.run.reward_model
    assert [said["update"] for said in watched.of("reward_model_trained")] == [1, 2]
    for said, row in zip(watched.of("reward_model_trained"), rows.itertuples(), strict=True):
        assert said["model"] == row.agent
        for name, value in said["metrics"].items():
            np.testing.assert_equal(value, getattr(row, name))
    for said in watched.of("policy_trained"):
        told = watched.run.policy[watched.run.policy["round"] == said["update"]]
        for name, values in said["metrics"].items():
            np.testing.assert_array_equal(values, told[name])


@pytest.mark.slow
def test_rounds_are_told_with_the_rows_they_added(watched: Watched) -> None:
    rounds = watched.of("round_finished")
    assert [said["round"] for said in rounds] == [0, 1, 2]
    for name in ("alignment", "responses", "policy", "comparisons"):
        told = [said["tables"][name].num_rows if name in said["tables"] else 0 for said in rounds]
        assert sum(told) == watched.run.rows[name]
    assert "policy" not in rounds[0]["tables"]
    first = rounds[1]["tables"]["alignment"]
    assert first["rho"].to_pylist() == pytest.approx(
        watched.run.alignment.query("round == 1").rho.tolist(), nan_ok=True
    )


# ---- looking on ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_run_that_is_watched_has_the_same_hash_and_tables(watched: Watched) -> None:
    assert watched.run.manifest["run"] == watched.quiet.manifest["run"]
    assert watched.run.hashes == watched.quiet.hashes


@pytest.mark.slow
def test_what_hooks_are_told_cannot_be_changed(watched: Watched) -> None:
    with pytest.raises(ValueError, match="read-only"):
        watched.of("pretraining_finished")[0]["losses"][0] = 0.0
    metrics = watched.of("policy_trained")[0]["metrics"]
    with pytest.raises(ValueError, match="read-only"):
        metrics["lr"][0] = 0.0
    for frozen in (metrics, watched.of("round_finished")[0]["tables"]):
        assert isinstance(frozen, Mapping)
        with pytest.raises(TypeError):
            frozen["lr"] = 0  # type: ignore[index]


@pytest.mark.slow
def test_a_hook_that_meddles_changes_nothing(tmp_path: Path) -> None:
    meddle = "def simlab_run_started(scenario):\n    scenario.parties.clear()\n    scenario.relations.clear()\n"
    meddler, file = watcher(tmp_path / "meddler.py", meddle), written(tmp_path / "scenario.yaml")
    meddled = simlab.run(file, out=tmp_path / "a", plugins=[meddler])
    assert meddled.hashes == simlab.run(file, out=tmp_path / "b").hashes


def test_rows_are_kept_only_for_those_who_ask(tmp_path: Path) -> None:
    watcher(tmp_path / "frugal.py", "seen = []\ndef simlab_round_finished(round):\n    seen.append(('round', round))\n")
    simlab.run(written(tmp_path / "scenario.yaml"), out=tmp_path / "run")
    assert seen("frugal") == [("round", 0), ("round", 1)]


# ---- how a run ends ------------------------------------------------------------------------------------------------


def end(tmp_path: Path, name: str, raised: str) -> list[tuple[str, dict[str, Any]]]:
    """What is told of a run that is ended after its first round by an exception, and how it is then remembered."""
    text = f"{WATCH}\ndef simlab_round_finished(round):\n    if round == 1:\n        raise {raised}\n"
    with pytest.raises(BaseException):  # noqa: B017, PT011 - Ctrl-C among them
        simlab.run(written(tmp_path / "scenario.yaml"), out=tmp_path / "run", plugins=[watcher(tmp_path / name, text)])
    return seen(name.removesuffix(".py"))


def test_a_run_that_fails_tells_why(tmp_path: Path) -> None:
    name, said = end(tmp_path, "failing.py", "ValueError('no more')")[-1]
    assert (name, said["status"]) == ("simlab_run_finished", "failed")
    line = WATCH.count("\n") + 4
    assert said["error"].startswith(
        "PluginFailed: the hook simlab_round_finished of a plugin raised ValueError: no more"
    )
    assert f"failing.py:{line}" in said["error"]
    assert simlab.load(tmp_path / "run").status == "failed"


def test_a_run_that_is_interrupted_tells_so(tmp_path: Path) -> None:
    name, said = end(tmp_path, "interrupting.py", "KeyboardInterrupt")[-1]
    assert (name, said["status"], said["error"]) == ("simlab_run_finished", "interrupted", "")
    assert simlab.load(tmp_path / "run").status == "interrupted"


def test_a_hook_that_raises_at_the_end_does_not_hide_why_a_run_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    last = "def simlab_run_finished():\n    raise KeyError('second')\n"
    watcher(tmp_path / "clumsy.py", f"{last}\ndef simlab_round_finished():\n    raise OSError('first')\n")
    assert main(["run", str(written(tmp_path / "scenario.yaml")), "--out", str(tmp_path / "run"), "--quiet"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert "raised OSError: first" in said[0]
    assert "raised KeyError: 'second'" in said[1]


@pytest.mark.slow
def test_a_run_taken_up_again_is_told_from_its_beginning_and_a_complete_one_not_at_all(tmp_path: Path) -> None:
    end(tmp_path, "twice.py", "KeyboardInterrupt")
    again = watcher(tmp_path / "again.py")
    for _ in range(2):
        simlab.run(written(tmp_path / "scenario.yaml"), out=tmp_path / "run", plugins=[again], local=False)
    told = [name for name, _ in seen("again")]
    assert told[0] == "simlab_run_started"
    assert (told.count("simlab_run_started"), told.count("simlab_round_finished")) == (1, 2)


# ---- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("\ndef simlab_run_strated(run):\n    pass\n", 2, "there is no hook simlab_run_strated (did you mean"),
        ("def simlab_run_started(run, scenery):\n    pass\n", 1, "the hook simlab_run_started is not told 'scenery' "
         "(did you mean 'scenario'? told are run, scenario, path)"),
        ("def simlab_round_finished(**told):\n    pass\n", 1, "simlab_round_finished takes **told, but hooks name"),
        ("import simlab\nclass Noise(simlab.Logger):\n    name = 'noise'\n    def simlab_run_ended(self): ...\n",
         4, "there is no hook simlab_run_ended"),
    ],
    ids=["name", "parameter", "any", "logger"],
)  # fmt: skip
def test_what_is_no_hook_is_refused_with_file_and_line(
    text: str, line: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, scenario = watcher(tmp_path / "odd.py", text), written(tmp_path / "scenario.yaml")
    logger = ["--log", "noise"] if "Logger" in text else []
    assert main(["run", str(scenario), "--out", str(tmp_path / "run"), *logger]) == 2
    printed = capsys.readouterr().err
    assert said in printed
    assert f"{file}:{line}: " in printed or f"{file}: line {line}: " in printed
    assert not (tmp_path / "run").exists()


def test_hooks_that_cannot_be_loaded_are_missed_and_other_plugins_are_not(tmp_path: Path) -> None:
    scenario = written(tmp_path / "scenario.yaml")
    broken = watcher(
        tmp_path / "unneeded.py", "import simlab, not_there\n\nclass A(simlab.Criterion):\n    name = 'a'\n"
    )
    assert simlab.run(scenario, out=tmp_path / "run").status == "finished"
    watcher(broken, "import not_there\n\ndef simlab_run_finished():\n    pass\n")
    with pytest.raises(InvalidInput, match=r"unneeded\.py:1: ModuleNotFoundError: .*not_there.* \(mend it, or take it"):
        simlab.run(scenario, out=tmp_path / "other")


def test_a_hook_may_refuse_a_run_and_leaves_nothing_behind(tmp_path: Path) -> None:
    text = "import simlab\n\ndef simlab_run_started():\n    raise simlab.InvalidInput('not on a Sunday')\n"
    watcher(tmp_path / "sunday.py", text)
    with pytest.raises(InvalidInput, match=r"^not on a Sunday$"):
        simlab.run(written(tmp_path / "scenario.yaml"), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_logger_that_raises_is_named_with_file_and_line(tmp_path: Path) -> None:
    text = (
        "import simlab\n\nclass Noise(simlab.Logger):\n    'Noise.'\n    name = 'noise'\n\n"
        "    def simlab_round_finished(self, round):\n        raise KeyError(self.folder)\n"
    )
    watcher(tmp_path / "noise.py", text)
    scenario = written(tmp_path / "scenario.yaml")
    assert simlab.run(scenario, out=tmp_path / "silent").status == "finished"  # nobody has asked for it
    with pytest.raises(PluginFailed, match=r"raised KeyError: 'there' \(.*noise\.py:8\)"):
        simlab.run(scenario, out=tmp_path / "run", log=["noise:there"])
    with pytest.raises(InvalidInput, match=r"there is no logger called 'nois' .*did you mean 'noise'"):
        simlab.run(scenario, out=tmp_path / "run2", log=["nois"])


# ---- TensorBoard ---------------------------------------------------------------------------------------------------


def events(folder: Path) -> list[Any]:
    """The events of the one event file in a folder (TFRecord: length, its checksum, data, its checksum)."""
    from tensorboardX.proto.event_pb2 import Event

    (file,) = folder.glob("events.out.tfevents.*")
    data, found, at = file.read_bytes(), [], 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        found.append(Event.FromString(data[at + 12 : at + 12 + length]))
        at += length + 16
    assert at == len(data)
    return found


@pytest.mark.slow
def test_tensorboard_shows_what_the_tables_say(watched: Watched) -> None:
    pytest.importorskip("tensorboardX")
    curves: dict[str, list[tuple[int, float]]] = {}
    texts = set()
    (folder,) = watched.board.iterdir()
    for event in events(folder):
        for value in event.summary.value:
            if value.HasField("simple_value"):
                curves.setdefault(value.tag, []).append((event.step, value.simple_value))
            else:
                texts.add(value.tag)
    assert folder.name == f"first-seed1-{watched.run.manifest['run'][:8]}"
    assert len(curves["lm/pretraining/loss"]) == 20
    policy, rho = watched.run.policy, watched.run.alignment.query("order == 1 and a == 'users' and b == 'lm'")
    assert [step for step, _ in curves["lm/objective_kl"]] == list(range(1, len(policy) + 1))
    assert [value for _, value in curves["lm/objective_kl"]] == pytest.approx(policy.objective_kl.tolist(), rel=1e-6)
    expected = [(row.round, row.rho) for row in rho.itertuples() if row.rho == row.rho]
    assert curves["rho_1_lm/users-lm"] == [(r, pytest.approx(v, rel=1e-6)) for r, v in expected]
    assert len(expected) == 2
    assert len(texts) == 8


def test_without_its_package_the_logger_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(InvalidInput, match=r"--log tensorboard needs a package: .*pip install 'simlab\[tensorboard\]'"):
        simlab.run(written(tmp_path / "scenario.yaml"), out=tmp_path / "run", log=["tensorboard"])
    assert not (tmp_path / "run").exists()
