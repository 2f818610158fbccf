"""One label followed through a run: every part against the tables it comes from, and what is refused."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import simlab
from simlab.cli import main
from simlab.engine.jobs import Store
from simlab.report.trace_screen import screen
from simlab.runner import verify
from tests.deep_world import CLICK, DEEP, NORTH, auditors
from tests.small_world import hurried, written

RULES = [{"kind": "warn", "below": 0.99}]
CHANGES = {
    **auditors("north", "checkers"),
    f"{NORTH}.consequence": RULES,
    f"{CLICK}.consequence": [{"kind": "penalty", "below": 1.0}],
    "parties.south.overlap": 2,
    "parties.acme.misreading": 0.2,
    "parties.acme.guideline": {"operative": {"helpful": 1, "truthful": 1}, "published": {"helpful": 1}},
    "days": 2.5,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> simlab.Run:
    """Two vendors, auditors of one of them, two raters a pair in the other pool; half a day more than is learned of."""
    folder = tmp_path_factory.mktemp("run")
    return simlab.run(written(folder / "world.yaml", CHANGES, DEEP), out=folder / "out", store=Store(None))


def a_label(run: simlab.Run, pool: str = "north", day: float = 1, **wanted: Any) -> Any:
    """Some label that a pool gave on a day and the reward model learned from."""
    rows = run.comparisons[(run.comparisons.principal == pool) & (run.comparisons.time // 1 == day - 1)]
    for name, value in {"held_out": False, **wanted}.items():
        rows = rows[rows[name] == value]
    return rows.iloc[len(rows) // 2]


def shown(found: dict[str, Any], width: int = 100) -> str:
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(screen(found))
    text = console.export_text()
    assert max(len(line) for line in text.splitlines()) <= width
    return " ".join(text.split())


# ---- each step ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_row_and_what_was_seen(run: simlab.Run) -> None:
    row = a_label(run)
    found = simlab.trace(run.path, int(row.task))
    assert {name: row[name] for name in found["label"]} == found["label"]
    shown_then = run.candidates.set_index("response")
    assert found["seen"]["prompt"] == shown_then.prompt[row.left] == shown_then.prompt[row.right]


def test_the_guideline_and_how_each_level_read_it(run: simlab.Run) -> None:
    row = a_label(run)
    told = simlab.trace(run.path, int(row.task))["told"]
    assert told["guideline"] == {
        "corporation": "acme", "version": 1, "time": 0.0,
        "operative": {"helpful": 1, "truthful": 1}, "published": {"helpful": 1},
    }  # fmt: skip
    assert [reading["party"] for reading in told["readings"]] == ["acme", "relay", row.worker]
    for reading in told["readings"]:
        rows = run.readings[run.readings.party == reading["party"]].set_index("criterion").weight
        assert reading["weights"] == rows.drop("").to_dict()
        assert reading["elsewhere"] == rows[""] > 0
    assert told["readings"][0]["weights"] != told["guideline"]["operative"]  # acme's own practice errs


def test_the_audits_and_what_followed(run: simlab.Run) -> None:
    audit = run.comparisons[(run.comparisons.principal == "checkers") & (run.comparisons.time < 2)].iloc[3]
    assert audit.source == "auditor"
    found = simlab.trace(run.path, int(audit.task))
    assert [a["worker"] for a in found["audits"]] == [audit.worker]
    assert found["audits"][0]["label"] == audit.label
    worker, time = found["label"]["worker"], found["label"]["time"]
    judges = {(j["principal"], j["agent"]): j for j in found["judgements"]}
    assert set(judges) == {("relay", worker), ("checkers", worker), ("acme", "relay")}
    for (principal, agent), judgement in judges.items():
        rows = run.judgements[(run.judgements.principal == principal) & (run.judgements.agent == agent)]
        assert judgement["judgement"] == rows[rows.time > time].judgement.iloc[0]
    kinds = {(c["kind"], c["agent"]) for c in found["consequences"]}
    assert ("pay", worker) in kinds
    assert ("invoice", "relay") in kinds
    if judges["relay", worker]["score"] < 0.99:
        assert ("warn", worker) in kinds
    assert audit.worker in found["story"]["Who looked at it"]


@pytest.mark.parametrize("day", [1, 2])
def test_what_it_did_to_the_reward_model(day: int, run: simlab.Run) -> None:
    """The push is the slope of the label's log-likelihood, measured; and all shares of one training sum to one."""
    row = a_label(run, day=day)
    found = simlab.trace(run.path, int(row.task))
    lesson, fit = found["lesson"], found["fit"]
    assert fit["time"] == lesson["time"]
    assert int(fit["time"]) == day
    before = lesson["margin_before"]
    assert before != 0  # it has heard from south on that day already
    wins = {1: 1.0, 2: 0.0, 0: 0.5}[row.label]

    def likelihood(margin: float) -> float:
        return -wins * float(np.logaddexp(0, -margin)) - (1 - wins) * float(np.logaddexp(0, margin))

    slope = (likelihood(before + 1e-5) - likelihood(before - 1e-5)) / 2e-5
    assert lesson["push"] == pytest.approx(slope, abs=1e-8)
    together = run.lessons[(run.lessons.principal == "north") & (run.lessons.time // 1 == day)]
    assert lesson["learned_with"] == len(together)
    assert lesson["share"] == pytest.approx(abs(lesson["push"]) / together.push.abs().sum())
    after = f"{lesson['margin_after'] / fit['score_std']:+.2f}"
    assert after in found["story"]["The reward model"]


def test_a_label_that_was_held_out_says_so(run: simlab.Run) -> None:
    row = a_label(run, held_out=True)
    found = simlab.trace(run.path, int(row.task))
    assert found["lesson"] is None
    assert "held out from training" in found["story"]["The reward model"]


def test_what_became_of_the_language_model(run: simlab.Run) -> None:
    found = simlab.trace(run.path, int(a_label(run, day=2).task))
    assert (found["policy"]["principal"], found["policy"]["round"]) == ("rm", 2)
    responses = found["responses"]
    assert (responses["which"], responses["round_before"], responses["round_after"]) == ("panel", 1, 2)
    means = run.responses.groupby("round").helpful.mean()
    assert responses["means"]["helpful"] == pytest.approx([means[1], means[2]])
    assert responses["changed"] == []  # there are no words


def test_several_raters_of_one_pair(run: simlab.Run) -> None:
    rows = run.comparisons[run.comparisons.principal == "south"]
    task = int(rows.task.iloc[0])
    one, two = rows[rows.task == task].worker
    number = two.rpartition(":")[2]
    for said in ({"label": f"{task}:{number}"}, {"label": f"{task}:{two}"}, {"label": task, "worker": two},
                 {"label": str(task), "worker": int(number)}):  # fmt: skip
        assert simlab.trace(run.path, **said)["label"]["worker"] == two
    with pytest.raises(simlab.InvalidInput, match=rf"2 people compared pair {task}: {one}, {two} \(whose label\?"):
        simlab.trace(run.path, task)
    with pytest.raises(simlab.InvalidInput, match=f"south:99 did not compare pair {task} \\(these did: {one}, {two}"):
        simlab.trace(run.path, task, "south:99")


def test_whoever_has_no_guideline_goes_by_own_values(tmp_path: Path) -> None:
    alone = {"parties.pool.values": {"helpful": 1}, "parties.acme2": {"kind": "corporation",
             "guideline": {"operative": {"brief": 1}}},
             "relations.1": {"principal": "users", "agent": "acme2", "every": 1, "sample": 5}}  # fmt: skip
    run = simlab.run(written(tmp_path / "w.yaml", alone), out=tmp_path / "out", store=Store(None))
    found = simlab.trace(run.path, int(a_label(run, "pool").task))
    assert found["told"]["guideline"] is None
    assert [reading["party"] for reading in found["told"]["readings"]] == [found["label"]["worker"]]
    assert "Nobody gives this rater a guideline" in found["story"]["The guideline"]
    assert "Nobody ever looked" in found["story"]["Who looked at it"]


@pytest.mark.slow
def test_very_large_pools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simlab.parties.pool.MOST_READINGS", 7)
    monkeypatch.setattr("simlab.consequences.learning.MOST_LESSONS", 250)
    run = simlab.run(written(tmp_path / "w.yaml", {"days": 1}, DEEP), out=tmp_path / "out", store=Store(None))
    found = simlab.trace(run.path, int(a_label(run).task))
    assert "was not written down: the pool has more than 2,000 people" in found["story"]["Those who read it"]
    assert "more than 100,000" in found["story"]["The reward model"]


@pytest.mark.slow
def test_a_label_that_a_machine_gave(tmp_path: Path) -> None:
    asking = {"parties.north.delegation": {"share": 1, "to": "rm"}, "days": 2}
    run = simlab.run(written(tmp_path / "w.yaml", asking, DEEP), out=tmp_path / "out", store=Store(None))
    found = simlab.trace(run.path, int(a_label(run, day=2, source="rm").task))
    assert "rm, which was asked in the rater's place, found" in found["story"]["The label"]


@pytest.mark.slow
def test_labels_that_were_put_together(run: simlab.Run, tmp_path: Path) -> None:
    together = {"relations.6.consequence": {"kind": "gradient", "aggregator": "majority"}, "parties.south.overlap": 3}
    voted = simlab.run(written(tmp_path / "w.yaml", together, DEEP), out=tmp_path / "out", store=Store(None))
    row = a_label(voted, "south")
    found = simlab.trace(voted.path, int(row.task), row.worker)
    assert found["aggregator"] == "majority"
    assert "put together by majority" in found["story"]["The reward model"]
    assert simlab.trace(run.path, int(a_label(run).task))["aggregator"] == ""


# ---- what is refused ----------------------------------------------------------------------------------------------


def test_what_is_refused(run: simlab.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    north = run.comparisons[run.comparisons.principal == "north"]
    late = int(north[north.time > 2].task.iloc[0])
    audit = run.comparisons[run.comparisons.source == "auditor"].iloc[0]
    for said, words in {
        "has no label 777777 (the nearest are 897, 898, 899)": ["777777"],
        "'x' is no label": ["x"],
        "'7:' is no label": ["7:"],
        "whose label, 3's or north:4's?": ["7:3", "--worker", "north:4"],
        f"{audit.worker} audited label {audit.task}": [str(audit.task), "--worker", audit.worker],
        f"label {late} was given on day 2.375, and rm was not trained after that (it last learned": [str(late)],
    }.items():
        assert main(["trace", str(run.path), *words]) == 2
        printed = capsys.readouterr()
        assert said in printed.err, printed.err
        assert len(printed.err.strip().splitlines()) == 1
        assert printed.out == ""


def test_a_run_that_is_not_finished(tmp_path: Path, run: simlab.Run) -> None:
    (tmp_path / "runs").mkdir()
    for name in ("one", "two"):
        target = tmp_path / "runs" / name
        target.mkdir()
        manifest = json.loads((run.path / "manifest.json").read_text())
        (target / "manifest.json").write_text(json.dumps({**manifest, "status": "interrupted"}))
    with pytest.raises(simlab.InvalidInput, match="the run is interrupted, not finished"):
        simlab.trace(tmp_path / "runs" / "one", 1)
    with pytest.raises(simlab.InvalidInput, match="holds several runs"):
        simlab.trace(tmp_path / "runs", 1)
    with pytest.raises(simlab.InvalidInput, match=r"runs: holds several runs \(name one of them, as .*one"):
        verify(tmp_path / "runs")
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "study.json").write_text('{"arms": [], "seeds": [], "asked": ""}')
    for ask in (verify, lambda folder: simlab.trace(folder, 1)):
        with pytest.raises(simlab.InvalidInput, match="begun: holds no run yet"):
            ask(tmp_path / "begun")


# ---- how it is shown ----------------------------------------------------------------------------------------------


def test_one_object_for_programs(run: simlab.Run, capsys: pytest.CaptureFixture[str]) -> None:
    task = str(a_label(run).task)
    assert main(["trace", str(run.path), task, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == simlab.trace(run.path, task)


@pytest.mark.parametrize("width", [80, 140])
def test_a_screen_for_people(width: int, run: simlab.Run) -> None:
    row = a_label(run, "south")
    text = shown(simlab.trace(run.path, int(row.task), row.worker), width)
    for words in (
        f"Label {row.task}, by {row.worker}", "version 1 of acme's guideline asks for helpful 1.00, truthful 1.00",
        "The public is told helpful 1.00", "click goes by", f"{row.worker} goes by", "and said: ",
        "Before, it had no opinion", "lm was trained on rm's scores", f"--without {row.worker}",
    ):  # fmt: skip
        assert words in text, words


@pytest.mark.slow
def test_in_a_world_of_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *hurried(), "--quiet", "--out", str(tmp_path / "out")]) == 0
    run = simlab.load(tmp_path / "out")
    prompts = run.candidates.set_index("response").prompt
    panel = set(run.responses.prompt)
    rows = run.comparisons[(run.comparisons["round"] == 0) & ~run.comparisons.held_out]
    on = prompts[rows.left].isin(panel).to_numpy()
    found = simlab.trace(run.path, int(rows.task[on].iloc[0]))
    responses = found["responses"]
    assert responses["which"] == "same prompt"
    asked = run.responses[run.responses.prompt == found["seen"]["prompt"]]
    for side, number in (("before", 0), ("now", 1)):
        said = asked[asked["round"] == number]
        assert [row[side] for row in responses["changed"]] == said.response.tolist()
        scores = [row[f"scores_{side}"]["harmless"] for row in responses["changed"]]
        assert scores == said.harmless.tolist()
    assert responses["forces"] == [asked.force.iloc[0]]
    assert found["seen"]["left"] in shown(found)
    lesson = found["lesson"]
    assert lesson["margin_before"] == 0
    assert lesson["margin_after"] != 0
    second = run.comparisons[(run.comparisons["round"] == 1) & ~run.comparisons.held_out]
    later = simlab.trace(run.path, int(second.task.iloc[0]))["lesson"]
    assert later["margin_before"] != 0
    if not on.all():
        elsewhere = simlab.trace(run.path, int(rows.task[~on].iloc[0]))["responses"]
        assert elsewhere["which"] == "nearest prompts"
        assert {row["prompt"] for row in elsewhere["changed"]} <= panel
