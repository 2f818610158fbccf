"""Plugins that misbehave in a run: one sentence with plugin, file and line; nothing half-written; others unaffected."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.special  # noqa: F401  (imported within a run it would count as time a plugin takes)

import simlab
from simlab.cli import main
from simlab.components.criterion import Criterion
from simlab.components.reward_shape import RewardShape
from simlab.errors import PluginFailed
from simlab.plugins.registry import discover
from simlab.relation import UtilityFunction
from simlab.rng import Streams
from simlab.testing import load, samples
from simlab.worlds.text import require_opinions
from tests.small_world import written

RATER = '''
import time

import numpy as np
import simlab

class Odd(simlab.RaterPolicy):
    """A rater policy."""
    name = "odd"

    def probabilities(self, utilities, cohort):
        if not np.all(cohort.hours > 0):  # the first day goes well
            return np.full((len(utilities), 3), 1 / 3)
        {body}
'''
FILE, LINE = "plugins/odd.py", 14  # of the body
SUM = "must give probabilities that sum to 1"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own, in which nobody waits for long."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIMLAB_PATIENCE", "0.5")
    monkeypatch.setenv("SIMLAB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "plugins").mkdir()
    return tmp_path


def scenario(here: Path, policy: str) -> str:
    changes = {"name": policy, "days": 2, "parties.pool.policy": {"kind": policy}, "parties.pool.hours": 1}
    return written(here / f"{policy}.yaml", changes).name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("raise KeyError('no idea')", f"raised KeyError: 'no idea' ({FILE}:{LINE})"),
        ("return np.full((len(utilities), 3), np.nan)", f"{SUM}; it gave nan, nan, nan ({FILE}:11)"),
        (
            "return np.full((len(utilities), 3), [1.2, -0.2, 0])",
            f"must not give negative probabilities; it gave 1.2, -0.2, 0 ({FILE}:11)",
        ),
        ("return None", f"must give probabilities of shape (N, 3); it gave None ({FILE}:11)"),
        ("return utilities[:, 0]", f"must give probabilities of shape (N, 3); it gave (N,) ({FILE}:11)"),
        ("time.sleep(60)", f"was not done with probabilities after 0.5 seconds ({FILE}:{LINE})"),
        ("raise SystemExit(0)", f"raised SystemExit: 0 ({FILE}:{LINE})"),
        ("raise SystemExit('no licence')", f"raised SystemExit: no licence ({FILE}:{LINE})"),
        ("import not_there", f"raised ModuleNotFoundError: No module named 'not_there' ({FILE}:{LINE})"),
        ("return np.linalg.inv(np.zeros((2, 2)))", f"raised LinAlgError: Singular matrix ({FILE}:{LINE})"),
    ],
    ids=["raises", "nan", "negative", "none", "shape", "sleeps", "exits", "gives up", "import", "deep"],
)
def test_a_run_ends_with_a_sentence_and_whole_tables(
    body: str, sentence: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "plugins" / "odd.py").write_text(RATER.format(body=body))
    assert main(["run", scenario(here, "odd"), "--out", "out"]) == 1
    said = re.sub(r"\(\d+, ?(3?)\)", lambda m: f"(N, {m[1]})" if m[1] else "(N,)", capsys.readouterr().err)
    assert said.strip() == f"rater policy 'odd' {sentence}"
    manifest = json.loads((here / "out" / "manifest.json").read_text())
    assert (manifest["status"], manifest["tables"]) == ("failed", {})
    assert sentence.split(" (")[0].split("shape")[0] in manifest["error"]
    assert not list((here / "out").rglob("*.parquet"))
    assert not list((here / "out").rglob("*.part"))
    run = simlab.load("out")
    assert run.status == "failed"
    assert set(run.alignment["round"]) <= {0, 1}  # rows of finished rounds, and of no other
    # another scenario is unaffected, in the same folder and with the same plugins
    assert main(["run", scenario(here, "mistaken"), "--out", "other", "--quiet"]) == 0
    assert simlab.load("other").status == "finished"


def test_sys_exit_in_a_plugin_ends_its_call_and_no_command(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = RATER.format(body="return None").replace("if not np", "raise SystemExit(0)\n        if not np")
    (here / "plugins" / "odd.py").write_text(text)
    assert main(["try", "odd"]) == 1
    assert "raised SystemExit: 0 (plugins/odd.py:" in capsys.readouterr().err
    (here / "plugins" / "looker.py").write_text(
        "def simlab_round_finished(round):\n    raise SystemExit(0)\n", encoding="utf-8"
    )
    with pytest.raises(PluginFailed, match="simlab_round_finished of a plugin raised SystemExit: 0"):
        simlab.run(scenario(here, "mistaken"), out="out")
    assert simlab.load("out").status == "failed"


def test_a_broken_file_stops_only_those_who_need_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "plugins" / "odd.py").write_text("import simlab\nimport not_there\n")
    assert main(["run", scenario(here, "odd"), "--out", "out"]) == 2
    said = capsys.readouterr().err
    assert "there is no rater policy called 'odd'" in said
    assert "plugins/odd.py: line 2: ModuleNotFoundError: No module named 'not_there'" in said
    assert not (here / "out").exists()
    assert main(["validate", scenario(here, "mistaken")]) == 0


def test_a_name_given_twice_is_refused_where_it_is_needed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = RATER.format(body="return None").replace('"odd"', '"mistaken"')
    (here / "plugins" / "odd.py").write_text(text)
    assert main(["validate", scenario(here, "mistaken")]) == 2
    said = capsys.readouterr().err
    assert "the rater policy 'mistaken' is defined by " in said
    assert "mistaken.py:" in said
    assert "and again by plugins/odd.py:7 (rename one of them, or leave" in said
    assert main(["validate", scenario(here, "boltzmann")]) == 0
    assert main(["validate", scenario(here, "mistaken"), "--no-local-plugins"]) == 0


def test_a_criterion_given_twice_is_refused_where_it_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "plugins" / "kind.py").write_text(
        "import simlab\n\n\nclass Kind(simlab.Criterion):\n    name = 'helpful'\n\n"
        "    def score(self, exchange, observer):\n        return 1\n"
    )
    first = str(Path(__file__).parents[1] / "scenarios" / "01_first.yaml")
    assert main(["validate", first]) == 2
    assert "the criterion 'helpful' is defined by " in (said := capsys.readouterr().err)
    assert "and again by plugins/kind.py:4 (rename one of them, or leave" in said


OUTSIDE = "outside [0, 1]; NaN means no opinion"
WANTED = "[exchanges, observers] = (4, 1)"
CRITERION = '''
import numpy as np
import simlab

class Odd(simlab.Criterion):
    """A criterion."""
    name = "odd"

    def {body}
'''


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("score(self, e, o):\n        raise ValueError('no\\nidea')", "raised ValueError: no idea (odd.py:10)"),
        ("score(self, e, o):\n        return float('inf')", f"returned inf, {OUTSIDE} (odd.py:9)"),
        ("score(self, e, o):\n        return 1.5", f"returned 1.5, {OUTSIDE} (odd.py:9)"),
        (
            "score(self, e, o):\n        return None",
            "must give one number from 0 to 1, or nan where it has nothing to say; it gave None (odd.py:9)",
        ),
        (
            "score(self, e, o):\n        return '0.5'",
            "must give one number from 0 to 1, or nan where it has nothing to say; it gave str '0.5' (odd.py:9)",
        ),
        (
            "score_batch(self, e, o):\n        return [['0.5']] * len(e)",
            f"returned <U3 of shape (4, 1), such as '0.5', expected {WANTED} (odd.py:9)",
        ),
        (
            "score_batch(self, e, o):\n        return np.ones((len(e), 1)) > 0",
            f"returned bool of shape (4, 1), expected {WANTED} (odd.py:9)",
        ),
        ("score_batch(self, e, o):\n        return np.ones(3)", f"returned shape (3,), expected {WANTED} (odd.py:9)"),
    ],
    ids=["raises", "infinite", "outside", "none", "text", "texts", "bool", "shape"],
)
def test_a_criterion_is_named_with_file_and_line(body: str, sentence: str, here: Path) -> None:
    (here / "odd.py").write_text(CRITERION.format(body=body))
    game = _game(load("odd.py")())
    with pytest.raises(PluginFailed) as caught:
        game.scores(_some(game))
    assert str(caught.value) == f"criterion 'odd' {sentence}"


def test_a_criterion_may_have_no_opinion(here: Path) -> None:
    (here / "odd.py").write_text(CRITERION.format(body="score(self, e, o):\n        return float('nan')"))
    game = _game(load("odd.py")())
    assert game.features(_some(game)).tolist() == [[0.5]] * 4


def test_a_criterion_of_ones_own_must_have_an_opinion_of_something(here: Path) -> None:
    (here / "odd.py").write_text(CRITERION.format(body="score(self, e, o):\n        return float('nan')"))
    with pytest.raises(
        PluginFailed, match=r"^criterion 'odd' has nothing to say \(nan\) of any of the [\d,]+ responses"
    ):
        require_opinions(_game(load("odd.py")()))
    last = list(_game(load("odd.py")()).corpus())[-1].response
    body = f"score(self, e, o):\n        return 1.0 if e.response.text == {last!r} else np.nan"
    (here / "odd.py").write_text(CRITERION.format(body=body))
    require_opinions(_game(load("odd.py")()))


@pytest.mark.parametrize(
    ("answer", "said"), [("None", "None"), ("scores", "(2, 3)"), ("['a', 'b']", "<U1 of shape (2,), such as 'a'")]
)
def test_a_combination_rule_is_named_with_file_and_line(answer: str, said: str, here: Path) -> None:
    (here / "odd.py").write_text(
        "import simlab\n\nclass Odd(simlab.Combination):\n    name = 'odd'\n\n"
        f"    def combine(self, scores, weights, criteria):\n        return {answer}\n"
    )
    with pytest.raises(PluginFailed) as caught:
        UtilityFunction(load("odd.py")(), ("a", "b", "c")).utilities(np.ones((2, 3)), np.ones(3))
    assert str(caught.value) == f"combination rule 'odd' must give 2 finite numbers; it gave {said} (odd.py:6)"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("base", "method", "key", "what"),
    [
        ("Effort", "choose(self, situation)", {"parties.pool.effort": {"kind": "odd"}}, "must choose care in [0, 1]"),
        (
            "Review",
            "decide(self, record)",
            {"relations.1.consequence": {"kind": "fire", "review": {"kind": "odd"}}},
            "must say True or False of 8 people; it gave None",
        ),
        (
            "Aggregator",
            "aggregate(self, votes)",
            {"parties.pool.overlap": 3, "relations.2.consequence": {"kind": "gradient", "aggregator": {"kind": "odd"}}},
            "must give a probability for each of ",
        ),
        (
            "GuidelinePolicy",
            "revise(self, situation)",
            {"parties.acme.guideline.policy": {"kind": "odd"}, "parties.acme.guideline.every": 1},
            "must give weights by the names of criteria, or None; it gave str 'more'",
        ),
    ],
)
def test_what_any_kind_of_plugin_answers_is_checked_in_a_run(
    base: str, method: str, key: dict[str, Any], what: str, here: Path
) -> None:
    answer = "'more'" if base == "GuidelinePolicy" else None
    (here / "plugins" / "odd.py").write_text(
        f"import simlab\n\nclass Odd(simlab.{base}):\n    name = 'odd'\n\n    def {method}:\n        return {answer}\n"
    )
    with pytest.raises(PluginFailed) as caught:
        simlab.run(written(here / "a.yaml", key), out="out")
    assert " 'odd' must " in str(caught.value)
    assert what in str(caught.value)
    assert str(caught.value).endswith("(plugins/odd.py:6)")


LISTS = """
import simlab

class Even(simlab.RaterPolicy):
    name = "even"

    def probabilities(self, utilities, cohort):
        return [[0.5, 0.5, 0.0]] * len(utilities)

    def attention(self, cohort):
        return [0.5] * len(cohort.number)

class Half(simlab.Effort):
    name = "half"

    def choose(self, situation):
        return [0.5] * len(situation)

class Odd(simlab.Review):
    name = "odd"
    needs: int = 1
    fears: float = 0.1

    def decide(self, record):
        return [False] * len(record)

    def needed(self):
        return self.needs

    def chance(self, accuracy, audits, peers):
        return [self.fears if self.fears >= 0 else float('nan')] * len(accuracy)

class Unsure(simlab.Look):
    name = "unsure"
    opinions = 2
    wants: float = 2

    def wanted(self, work):
        return [self.wants] * len(work.rows)

    def score(self, work):
        return [0.5] * len(work.rows)
"""


def _reviewed(**said: float) -> dict[str, Any]:
    """People who reckon with a review rule."""
    fire = {"kind": "fire", "review": {"kind": "odd", **said}}
    return {"parties.pool.effort": {"kind": "no_shirking", "cost": 3}, "relations.1.consequence": fire}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (_reviewed(fears=-1), "review rule 'odd' must give a chance of dismissal for each of "),
        (_reviewed(fears=2), "; it gave 2 (plugins/odd.py:30)"),
        (_reviewed(needs=0), "review rule 'odd' must need at least 1 checked answer; it gave 0 (plugins/odd.py:27)"),
        (
            {"relations.1.look": {"kind": "unsure", "wants": 0.9}},
            "look 'unsure' must give whole numbers in [0, 2]; it gave 0.9 (plugins/odd.py:38)",
        ),
    ],
    ids=["nan", "two", "none needed", "part of an opinion"],
)
def test_what_plugins_say_beside_their_answers_is_checked_in_a_run(
    changes: dict[str, Any], said: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMLAB_PATIENCE", "60")  # scipy.stats is imported on the way
    (here / "plugins" / "odd.py").write_text(LISTS)
    with pytest.raises(PluginFailed) as caught:
        simlab.run(written(here / "a.yaml", {"days": 2}), overrides=changes, out="out")
    assert said in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"parties.pool.policy": {"kind": "even"}},
        {"parties.pool.effort": {"kind": "half", "revise": 0.5}},
        _reviewed(),
        {"relations.1.look": {"kind": "unsure"}},
    ],
    ids=["rater", "effort", "review", "look"],
)
def test_lists_are_answers_as_arrays_are(changes: dict[str, Any], here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMLAB_PATIENCE", "60")
    (here / "plugins" / "odd.py").write_text(LISTS)
    run = simlab.run(written(here / "a.yaml", {"days": 2}), overrides=changes, out="out")
    assert run.status == "finished"


def _game(criterion: Criterion) -> Any:
    world: Any = discover(local=False).get("world", "almanac")
    return world(countries=4).open(Streams(1), [criterion])


def _some(game: Any) -> Any:
    lines = list(dict.fromkeys((line.prompt, line.response) for line in game.corpus()))[:4]
    return game.items([prompt for prompt, _ in lines], [response for _, response in lines])


REWARD = '''
import simlab

class Odd(simlab.RewardShape):
    """A reward shape."""
    name = "odd"

    def shape(self, score, logp, logp_ref, mask):
        return {body}

@simlab.reward_shape
def plainly_odd(score, logp, logp_ref, mask):
    """A reward shape made of a function."""
    return {body}
'''


@pytest.mark.parametrize(("name", "line"), [("odd", 8), ("plainly_odd", 11)])
@pytest.mark.parametrize(
    ("body", "what", "later"),
    [
        ("score", "must give finite rewards of shape (4, 5); it gave (4,)", 0),
        ("logp * float('nan')", "must give finite rewards of shape (4, 5); it gave nan", 0),
        ("score + nothing", "raised NameError: name 'nothing' is not defined", 1),
    ],
    ids=["shape", "nan", "raises"],
)
def test_a_reward_shape_is_named_with_file_and_line(
    name: str, line: int, body: str, what: str, later: int, here: Path
) -> None:
    pytest.importorskip("torch")
    from simlab.machines.shaped_reward import shaped

    (here / "odd.py").write_text(REWARD.format(body=body))
    shape: RewardShape = load("odd.py", name)()
    batch = samples.batch()
    with pytest.raises(PluginFailed) as caught:
        shaped(shape, batch.score, batch.logp, batch.logp_ref, batch.mask, {})
    assert str(caught.value) == f"reward shape '{name}' {what} (odd.py:{line + later * (1 if name == 'odd' else 3)})"


def test_a_world_that_raises_in_the_middle_is_named(here: Path) -> None:
    """Where nothing in particular guards a call, what comes out of a plugin's own file is put down to it."""
    (here / "plugins" / "odd.py").write_text(
        "import simlab\nfrom simlab.plugins.registry import discover\n\n"
        "Gaussian = discover(local=False).get('world', 'gaussian')\n\n\n"
        "class Odd(Gaussian):\n    name = 'odd'\n\n    def open(self, streams, criteria):\n"
        "        game = super().open(streams, criteria)\n        game.features = self.spoil\n        return game\n\n"
        "    def spoil(self, items):\n        raise ArithmeticError('all is lost')\n"
    )
    file = written(here / "odd.yaml", {"world": {"kind": "odd", "dimensions": 8}})
    with pytest.raises(PluginFailed) as caught:
        simlab.run(file, out="out")
    assert str(caught.value) == "world 'odd' raised ArithmeticError: all is lost (plugins/odd.py:16)"
