"""A world of one's own: the example in the contract is a plugin file as it stands, and the whole job runs in it."""

from __future__ import annotations

import inspect
import textwrap
from pathlib import Path

import pytest

import simlab
from simlab.errors import PluginFailed
from simlab.plugins.registry import discover
from simlab.rng import Streams
from simlab.scenario import load
from simlab.worlds.text import TextGame
from tests.small_world import FIRST

SETTINGS = (
    "world=greetings", "parties.pool={count: 5, policy: {kind: mistaken, flip: 0.2}}", "relations.2.sample=120",
    "parties.lm.pretraining={steps: 100, batch: 16, rate: 1.0e-2}", "parties.lm={width: 16, layers: 1, heads: 2}",
    "relations.3.sample=32", "relations.3.consequence.learner={iterations: 6, rate: 1.0e-2}", "days=5",
    "panel.prompts=500",
)  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The example, written where the documentation says."""
    documented = str(inspect.getdoc(TextGame))
    begin, end = documented.index("    # plugins/greetings.py"), documented.index("\nDraws, if there are any")
    written = tmp_path / "greetings.py"
    written.write_text(textwrap.dedent(documented[begin:end]))
    return written


def test_it_opens_and_is_read_back(file: Path) -> None:
    found = load(FIRST, overrides=SETTINGS, plugins=discover(extra=[file]))
    game = found.world.open(Streams(1), found.criterion_components())
    assert isinstance(game, TextGame)
    scores = game.scores(game.items([0, 1], ["go away .", "i am well ."]))
    assert scores[:, game.dimensions.index("harmless")].tolist() == [0, 1]
    assert scores[:, game.dimensions.index("helpful")].tolist() == [0, 1]


@pytest.mark.slow
def test_a_language_model_learns_manners_in_it(file: Path, tmp_path: Path) -> None:
    run = simlab.run(FIRST, overrides=SETTINGS, plugins=[file], out=tmp_path / "run")
    kind = run.responses.groupby("round").harmless.mean()
    assert abs(kind[0] - 0.5) < 0.15  # half of its authors send one away
    assert kind[1] > 0.8
    assert run.manifest["plugins"].keys() >= {"world:greetings"}


@pytest.mark.parametrize(
    ("line", "other", "said"),
    [
        ("Author(n, response", "Author(n + 1, response", "its prompts 0 to 1; a line is about prompt 2"),
        ("Author(n, response", "Author(-1 - n, response", "its prompts 0 to 1; a line is about prompt -1"),
        ("np.zeros(len(self.prompts), dtype=bool)", "[False, False]", "bool of shape (2,); it gave list"),
        ("(len(self.prompts), dtype=bool)", "(2, dtype=int)", "bool of shape (2,); it gave int64 of shape (2,)"),
        ("(len(self.prompts), dtype=bool)", "(3, dtype=bool)", "bool of shape (2,); it gave bool of shape (3,)"),
        ("np.zeros(len", "np.ones(len", "some prompts that are not held out, or there is nothing to compare"),
    ],
    ids=["beyond", "negative", "list", "numbers", "too many", "all held out"],
)
def test_a_game_that_nobody_could_play_is_named(line: str, other: str, said: str, file: Path, tmp_path: Path) -> None:
    file.write_text(file.read_text().replace(line, other))
    with pytest.raises(PluginFailed) as caught:
        simlab.run(FIRST, overrides=SETTINGS, plugins=[file], out=tmp_path / "run")
    assert str(caught.value).startswith("world 'greetings' must give ")
    assert f"{said} (" in str(caught.value)
    assert "greetings.py:" in str(caught.value)
