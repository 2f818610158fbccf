"""How a principal comes by what its look asks for: one's own look, looks that misbehave, and keyed draws."""

from __future__ import annotations

from pathlib import Path

import pytest

from simlab import InvalidInput, SimlabError
from simlab.errors import PluginFailed
from tests.plugins.looks.work import hours, looked_at, scores
from tests.small_world import AUDIT

OWN = '''"""A look of one's own."""
import numpy as np
import simlab


class Own(simlab.Look):
    """{about}"""

    name = "own"
    {traits}

    {method}
'''


def own(folder: Path, method: str, traits: str = "pass", about: str = "Sees something.") -> None:
    (folder / "own.py").write_text(OWN.format(about=about, traits=traits, method=method))


def test_a_look_of_ones_own_decides_what_people_are_dismissed_for(tmp_path: Path) -> None:
    """Whoever marks the left is paid for it here; nobody else stays."""
    own(tmp_path, "def score(self, work): return (work.said == 1).astype(float)")
    changes = {f"{AUDIT}.consequence": {"kind": "fire", "below": 0.4, "min_sample": 5}}
    run = looked_at(tmp_path, "own", changes)
    judged = run.judgements[run.judgements.order == 2]
    left = (run.comparisons.label == 1).mean()
    assert abs(scores(run)[0] - left) < 4 * scores(run)[1]
    assert set(run.consequences[run.consequences.kind == "fire"].agent) <= set(judged[judged.score < 0.5].agent)
    assert hours(run, "auditing") == 0


@pytest.mark.parametrize(
    ("method", "what"),
    [
        ("def score(self, work): return np.full(len(work), 2.0)", r"must give numbers in \[0, 1\]; it gave 2"),
        ("def score(self, work): return np.zeros(3)", r"must give a number for each of \d+ pieces; it gave \(3,\)"),
        ("def score(self, work): return work.labels", r"has no attribute 'labels' \(did you mean 'label'\?"),
        ("def wanted(self, work): return np.ones(len(work))", r"must give whole numbers in \[0, 0\]; it gave 1"),
    ],
)
def test_a_look_that_misbehaves_ends_the_run_with_a_sentence_that_names_it(
    method: str, what: str, tmp_path: Path
) -> None:
    own(tmp_path, method)
    with pytest.raises(PluginFailed, match=what) as raised:
        looked_at(tmp_path, "own")
    assert "own" in str(raised.value)
    assert isinstance(raised.value, SimlabError)


def test_a_look_that_says_nothing_judges_nobody(tmp_path: Path) -> None:
    own(tmp_path, "def score(self, work): return np.full(len(work), np.nan)")
    run = looked_at(tmp_path, "own", {f"{AUDIT}.consequence": {"kind": "fire", "below": 0.9, "min_sample": 1}})
    assert not len(run.judgements[run.judgements.order == 2])
    assert not (run.consequences.kind == "fire").any()


@pytest.mark.parametrize("kind", ["gold", "self_consistency", "double_work", "re_audit"])
def test_one_rater_more_leaves_everybody_elses_golden_questions_and_labels_as_they_are(
    kind: str, tmp_path: Path
) -> None:
    """What is planted, asked again and said is keyed by task and person: where the newcomer does not work, nothing
    is otherwise. (Who is a second person may be the newcomer.)"""
    few, more = (looked_at(tmp_path, kind, {"parties.pool.count": n, "days": 1}) for n in (12, 13))
    both = few.comparisons.merge(more.comparisons, on=["task", "worker", "source"])
    assert len(both) > 0.8 * len(few.comparisons[few.comparisons.source != "again"])
    both = both[both.source != "again"] if kind == "double_work" else both
    assert (both.label_x == both.label_y).all()
    plain = looked_at(tmp_path, None, {"days": 1}).comparisons
    assert plain.label.tolist() == few.comparisons[few.comparisons.source != "again"].label.tolist()


def test_who_is_gone_is_not_asked_again(tmp_path: Path) -> None:
    """On the day of the look, those dismissed an hour before by somebody else have no second answer and no score."""
    changes = {
        "parties.aud": {"kind": "auditors", "count": 20, "seconds": 1.0},
        "relations.4": {
            "principal": "aud",
            "agent": "pool",
            "every": 0.5,
            "sample": 1.0,
            "consequence": {"kind": "fire", "below": 0.9, "min_sample": 1},
        },
        "parties.acme.gold_error": 0.0,
    }
    run = looked_at(tmp_path, "self_consistency", changes)
    gone = run.employment[run.employment.ended.notna()].set_index("worker").ended.groupby("worker").last()
    judged = run.judgements[(run.judgements.principal == "acme") & (run.judgements.order == 2)]
    late = judged[judged.agent.isin(gone.index)]
    assert len(gone)
    assert (late.time.to_numpy() <= gone.loc[late.agent].to_numpy() + 1e-9).all()


def test_nobody_can_name_a_look_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"there is no look called 'own'"):
        looked_at(tmp_path, "own")
