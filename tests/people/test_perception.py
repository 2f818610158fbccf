"""What raters see in runs beside utilities: earlier labels, their own values, a machine's opinion, their experience."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from simlab.parties.pool import Pool
from simlab.people.perception import turns
from simlab.worlds.world import Items
from tests.small_world import LEARN, Played, play

POLICY = "parties.pool.policy"
BLIND = 1e12  # a temperature at which nobody sees any difference


def pool(run: Played) -> Pool:
    found = run.context.parties["pool"]
    assert isinstance(found, Pool)
    return found


def labels(run: Played) -> pd.Series[int]:
    return run.comparisons.set_index(["task", "worker"]).label


def within(share: float, expected: float, n: int) -> bool:
    return bool(abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / n))


# ---- earlier labels -----------------------------------------------------------------------------------------------


def herd(folder: Path, trust: float, overlap: int = 3, **more: Any) -> Played:
    changes = {POLICY: {"kind": "herding", "temperature": BLIND, "trust": trust}, "parties.pool.overlap": overlap}
    return play(folder, {**changes, f"{LEARN}.sample": 2000, **more})


@pytest.mark.parametrize("trust", [0.5, 0.65, 0.8])
def test_people_who_see_nothing_themselves_follow_those_before_them(trust: float, tmp_path: Path) -> None:
    """The second says what the first said with chance q, and a third joins two with chance σ(2h) = q²/(q² + (1−q)²)."""
    said = herd(tmp_path, trust).comparisons.groupby("task").label.agg(["nunique", "size"])
    assert (said["size"] == 3).all()
    unanimous = trust * trust**2 / (trust**2 + (1 - trust) ** 2)
    share = float((said["nunique"] == 1).mean())
    assert within(share, unanimous, len(said))
    alone = 0.25
    assert within(share, alone, len(said)) == (trust == 0.5)


def test_who_comes_earlier_depends_on_the_task_and_not_on_the_order_of_rows() -> None:
    rng = np.random.default_rng(4)
    lot, who = np.repeat(np.arange(500), 4), np.concatenate([rng.permutation(20)[:4] for _ in range(500)])

    def follow(order: np.ndarray) -> dict[tuple[int, int], tuple[int, ...]]:
        """Everybody says their own number, modulo 3, plus the number of those who came before."""
        label, seen = np.zeros((2000, 2), dtype=np.int64), {}
        for rows, earlier in turns(label, lot[order], who[order], key=7):
            label[rows] = ((who[order][rows] + earlier.sum(axis=2)[:, 0]) % 3)[:, None]
            seen.update(zip(zip(lot[order][rows].tolist(), who[order][rows].tolist(), strict=True),
                            map(tuple, earlier.reshape(-1, 6).tolist()), strict=True))  # fmt: skip
        return seen

    seen = follow(np.arange(2000))
    assert len(seen) == 2000
    assert seen == follow(rng.permutation(2000))
    place = pd.Series([sum(counts) // 2 for counts in seen.values()], index=pd.MultiIndex.from_tuples(seen))
    assert (place.groupby(level=0).agg(sorted).map(tuple) == (0, 1, 2, 3)).all()
    mean = place.groupby(level=1).mean()
    assert mean.between(1.5 - 4 * np.sqrt(1.25 / 80), 1.5 + 4 * np.sqrt(1.25 / 80)).all()  # nobody is always first


def test_earlier_labels_are_what_was_written_down(tmp_path: Path) -> None:
    """Those who let a machine answer are followed for what it answered."""
    machine = {"parties.pool.delegation": {"share": 0.5, "to": "rm"}, "days": 2}
    rows = herd(tmp_path, 1 - 1e-9, 2, **machine).comparisons
    later = rows[rows["round"] > 0]
    copied = later.groupby("task").source.nunique() == 2  # one asks the machine, the other sees nothing
    mixed = later[later.task.isin(copied.index[copied])].groupby("task").label.nunique()
    # whoever comes second follows, unless it is the one who asks the machine: then half of them agree anyhow
    assert within(float((mixed == 1).mean()), 0.75, len(mixed))
    alike = later[later.task.isin(copied.index[~copied])].groupby("task").label.nunique()
    assert (alike == 1).all()


def test_an_exam_is_sat_alone(tmp_path: Path) -> None:
    """Who is hired does not hang on how much candidates would follow one another."""
    exam = {"parties.pool.screening": {"items": 10, "test": {"kind": "gold_test", "items": 10, "right": 6}}}
    hired = [herd(tmp_path, trust, **exam).employment for trust in (0.5, 0.99)]
    assert hired[0].worker.tolist() != [f"pool:{n}" for n in range(8)]  # some were turned away
    pd.testing.assert_frame_equal(hired[0].drop(columns="run"), hired[1].drop(columns="run"))


def test_auditors_see_what_they_audit(tmp_path: Path) -> None:
    shares = {}
    for trust in (0.5, 0.9):
        auditor = {"kind": "auditors", "count": 3, "policy": {"kind": "herding", "temperature": BLIND, "trust": trust}}
        audits = {"principal": "desk", "agent": "pool", "every": 1, "sample": 0.5}
        changes = {"parties.desk": auditor, "relations.4": audits, f"{LEARN}.sample": 2000}
        employs = {"relations.5": {"principal": "acme", "agent": "desk", "every": 1, "sample": 0.1}}
        run = play(tmp_path, {**changes, **employs})
        looks = run.judgements.query("principal == 'desk'")  # a row for each rater
        shares[trust] = float(np.average(looks.score, weights=looks["sample"])), int(looks["sample"].sum())
    assert all(within(share, trust, n) for trust, (share, n) in shares.items()), shares


# ---- plugins with and without a scene ------------------------------------------------------------------------------

RATERS = """
import numpy as np
import simlab

class Plain(simlab.RaterPolicy):
    \"\"\"Takes no scene: the left, always.\"\"\"
    name = "plain_choice"

    def choose(self, utilities, cohort, uniforms):
        return np.ones((len(utilities), 1), dtype=int)

class Onlooker(simlab.RaterPolicy):
    \"\"\"Says which response is longer, of which there is none here, and then what the first criterion says.\"\"\"
    name = "onlooker"

    def probabilities(self, utilities, cohort, scene: simlab.RaterView):
        assert scene.see("length") is None
        assert scene.see("nothing of the kind") is None
        first = scene.see("features")[:, :, 0]
        left = (first[:, 0] > first[:, 1]).astype(float)
        return np.stack([left, 1 - left, 0 * left], axis=1)
"""


def test_policies_get_a_scene_if_they_take_one(tmp_path: Path) -> None:
    (tmp_path / "onlookers.py").write_text(RATERS, encoding="utf-8")
    assert set(play(tmp_path, {POLICY: "plain_choice"}).comparisons.label) == {1}
    people = pool(play(tmp_path, {POLICY: "onlooker"}))
    items = Items(np.zeros(400, dtype=np.int64), np.random.default_rng(1).normal(size=(400, 8)))
    label, _ = people.labels(items, np.arange(200) % 8, np.arange(400), np.arange(200), 5)
    first = items.response[:, 0].reshape(200, 2)
    assert np.array_equal(label[:, 0], np.where(first[:, 0] > first[:, 1], 1, 2))


# ---- who they are -------------------------------------------------------------------------------------------------


def test_one_adversary_changes_nobody_elses_labels(tmp_path: Path) -> None:
    honest, one = (
        labels(play(tmp_path, {POLICY: {"kind": "adversary", "temperature": 0.3, "rater": rater}}))
        for rater in (None, 5)
    )
    changed = honest[honest != one]
    assert set(changed.index.get_level_values("worker")) == {"pool:5"}
    same = honest[honest.index.get_level_values("worker") != "pool:5"]
    assert (same == one[same.index]).all()
    rows = play(tmp_path, {POLICY: {"kind": "adversary", "temperature": 0.3, "rater": 5}}).comparisons
    theirs = rows[rows.worker == "pool:5"]
    assert (theirs.label == np.where(theirs.perceived > 0, 2, 1)).all()


def test_the_shirkers_of_another_seed_are_others(tmp_path: Path) -> None:
    settings = {POLICY: {"kind": "shirker", "temperature": 0, "share": 0.5, "careless": 1, "habit": "undecided"}}
    idle = []
    for seed in (1, 2):
        rows = play(tmp_path, {**settings, "parties.pool.count": 20}, seed=seed).comparisons
        undecided = rows.groupby("worker").label.agg(lambda labels: set(labels) == {0})
        assert rows[~rows.worker.map(undecided)].label.ne(0).all()  # somebody either shirks or does not
        assert within(float(undecided.mean()), 0.5, 20)
        idle.append(set(undecided.index[undecided]))
    assert idle[0] != idle[1]


# ---- what they go by ----------------------------------------------------------------------------------------------


def test_ideologues_judge_by_their_own_values_where_those_speak(tmp_path: Path) -> None:
    ideologue = {POLICY: {"kind": "own_values", "temperature": 0, "clear": 1.0}, "parties.pool.values": {"brief": 1}}
    people, n = pool(play(tmp_path, ideologue)), 3000
    game = people.context.game
    items = Items(np.zeros(2 * n, dtype=np.int64), np.random.default_rng(3).normal(size=(2 * n, 8)))
    label, told = people.labels(items, np.arange(n) % 8, np.arange(2 * n), np.arange(n), 5)
    own = np.subtract(*(items.response @ game.value({"brief": 1})).reshape(n, 2).T)
    clear = np.abs(own) > 1.0
    assert within(float(clear.mean()), 2 * norm.sf(1 / np.sqrt(2)), n)
    assert np.array_equal(label[:, 0], np.where(np.where(clear, own, told[:, 0]) > 0, 1, 2))
    assert (label[:, 0] != np.where(told[:, 0] > 0, 1, 2)).mean() > 0.1


def test_unsure_people_ask_the_machine_once_it_has_learnt(tmp_path: Path) -> None:
    changes = {"days": 3, "parties.pool.skill": 0.5}
    sure = {}
    for certainty in (0.5, 0.75, 1.0):
        asks = {POLICY: {"kind": "delegator", "temperature": 1.0, "sure": certainty}}
        run = play(tmp_path, {**changes, **asks})
        rows = run.comparisons
        sure[certainty] = rows[rows["round"] == 0].label.tolist(), rows[rows["round"] > 0].label.to_numpy()
    assert sure[0.5][0] == sure[0.75][0] == sure[1.0][0]
    assert 0 < (sure[0.5][1] != sure[0.75][1]).mean() < (sure[0.5][1] != sure[1.0][1]).mean()


def test_experience_counts_every_ranking_before_this_one(tmp_path: Path) -> None:
    """Pool who learn all there is from one ranking err in their first, and never again."""
    learner = {"kind": "learner", "temperature": BLIND, "scale": 1e-3, "floor": 0.0}
    run = play(tmp_path, {POLICY: learner, "parties.pool.count": 60, "days": 2})
    rows = run.comparisons.sort_values("task", kind="stable")
    right = rows.label == np.where(rows.perceived > 0, 1, 2)
    nth = rows.groupby("worker").cumcount()
    assert right[nth > 0].all()
    assert within(float(right[nth == 0].mean()), 0.5, int((nth == 0).sum()))


@pytest.mark.parametrize(
    "policy",
    [
        {"kind": "learner", "temperature": 1.0, "scale": 5.0, "floor": 0.1},
        {"kind": "herding", "temperature": 1.0, "trust": 0.8},
    ],
    ids=lambda policy: policy["kind"],
)
def test_what_people_see_does_not_depend_on_how_a_shift_is_divided(
    policy: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Experience is counted on from piece to piece, and those who share a task are in one."""
    pool = {"kind": "raters", "count": 6, "overlap": 3, "policy": policy}
    said = []
    for piece in (10**6, 16):
        monkeypatch.setattr("simlab.parties.raters.PIECE", piece)
        said.append(play(tmp_path, {"parties.pool": pool}).comparisons)
    pd.testing.assert_frame_equal(*said, check_exact=True)
