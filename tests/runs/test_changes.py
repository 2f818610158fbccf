"""The same command on a finished run after something changed: refused, or shown with a line; verify names it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import simlab
from simlab.cli import main
from simlab.errors import Mismatch
from simlab.runs import changes as since
from tests.small_world import written

RATER = '''
import os
from pathlib import Path

import numpy as np
import helper
import simlab

class Fixed(simlab.RaterPolicy):
    """The left one, mostly."""
    name = "fixed"

    def probabilities(self, utilities, cohort):
        os.chdir("/")
        left = np.full(len(utilities), helper.CHANCE * float(Path(__file__).with_name("by.txt").read_text()))
        return np.stack([left, 1 - left, 0 * left], axis=1)
'''


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a plugin of one's own, which imports a file, reads another while it works, and goes elsewhere."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "fixed.py").write_text(RATER)
    (tmp_path / "plugins" / "helper.py").write_text("CHANCE = 0.9\n")
    (tmp_path / "plugins" / "by.txt").write_text("1.0")
    changes = {"parties.pool.policy": {"kind": "fixed"}, "parties.pool.count": 2, "relations.2.sample": 20}
    written(tmp_path / "a.yaml", changes)
    return tmp_path


@pytest.mark.slow
def test_what_a_plugin_rests_on_is_named_once_it_changed(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["run", "a.yaml", "--out", "out", "--quiet"]
    assert main(command) == 0
    assert (os.getcwd(), capsys.readouterr().err) == (str(here), "")  # and the tables are in ./out
    manifest = json.loads((here / "out" / "manifest.json").read_text())
    assert list(manifest["reads"]) == [str(here / "plugins" / "by.txt")]
    assert {"fixed.py", "helper.py", "numpy"} <= set(manifest["rests"]["rater:fixed"])
    label = simlab.load("out").comparisons.label

    (here / "plugins" / "helper.py").write_text("CHANCE = 0.1\n")
    assert main(command) == 2
    said = capsys.readouterr().err
    assert said.startswith(
        "out: holds this run as it was before something changed since: helper.py (of the rater policy"
    )
    assert simlab.load("out").comparisons.label.equals(label)
    with pytest.raises(Mismatch, match=r"no longer the same run: plugins changed since: helper\.py \(of the rater p"):
        simlab.verify("out")
    assert main(["run", "a.yaml", "--out", "new", "--quiet"]) == 0  # the edit is seen, in this very process
    assert simlab.load("new").comparisons.label.eq(2).sum() > label.eq(2).sum()

    (here / "plugins" / "helper.py").write_text("CHANCE = 0.9\n")
    (here / "plugins" / "by.txt").write_text("0.1")
    capsys.readouterr()
    assert main(command) == 2
    assert "plugins/by.txt (which plugins read while it ran)" in capsys.readouterr().err
    assert main(["verify", "out"]) == 4
    assert "other now than when it was made: plugins/by.txt" in capsys.readouterr().err

    (here / "plugins" / "by.txt").write_text("1.0")
    monkeypatch.setattr(since, "libraries", lambda: {**manifest["libraries"], "numpy": "99.0"})
    assert main(command) == 0
    assert f"out: shown as it was made; since then changed: numpy {manifest['libraries']['numpy']} → 99.0" in (
        capsys.readouterr().err
    )


def test_an_edited_plugin_and_another_simlab_are_named(here: Path) -> None:
    plugins = {"rater:fixed": "1", "world:gaussian": "1"}
    rests = {"rater:fixed": {"fixed.py": "1", "numpy": "==2.0"}}
    before = {"version": "0.1", "parameters": {}, "data": {"world.file": "1"}, "plugins": plugins, "rests": rests}
    now = {
        "version": "0.2",
        "parameters": {},
        "data": {"world.file": "2"},
        "plugins": {"rater:fixed": "2", "world:gaussian": "2"},
        "rests": {"rater:fixed": {"fixed.py": "2", "numpy": "==2.1", "helper.py": "1"}},
    }
    assert list(since.what_changed(before, now)) == [
        "simlab 0.1 → 0.2",
        "the file that world.file names",
        "fixed.py (of the rater policy 'fixed')",
        "numpy 2.0 → 2.1 (used by the rater policy 'fixed')",
        "helper.py is new (of the rater policy 'fixed')",
        "the world 'gaussian'",
    ]


def test_a_plugin_beside_the_scenario_is_said_to_be_one(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = (
        "import simlab\n\n\nclass Mine(simlab.Criterion):\n    name = 'mine'\n\n    def score(self, e, o): return 1\n"
    )
    (here / "study.py").write_text(script)
    assert main(["run", "a.yaml", "--out", "out", "--quiet"]) == 0
    assert "study.py, beside the scenario, was run as a plugin (criterion 'mine')" in capsys.readouterr().err
    assert json.loads((here / "out" / "manifest.json").read_text())["beside"] == [str(here / "study.py")]
    (here / "study.py").write_text(f"# simlab: not a plugin\n{script}")
    assert main(["validate", "a.yaml"]) == 0
    assert capsys.readouterr().err == ""
