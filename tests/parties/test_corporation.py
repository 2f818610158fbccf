"""The corporation on runs: what it makes of its guideline, what it serves, and how it audits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri

from simlab.parties.corporation import Corporation
from simlab.rankings import Rankings, Shown
from simlab.relation import Relation, Work
from simlab.rng import branch
from tests.small_world import AUDIT, LEARN, LOOK, TRAIN, Played, play, replications

WRITTEN = {"helpful": 3, "truthful": 4}  # of length 5


def acme(run: Played) -> Corporation:
    """The corporation of a run."""
    found = run.context.parties["acme"]
    assert isinstance(found, Corporation)
    return found


# ---- the guideline ------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("misreading", [0.0, 0.2, 1.5])
def test_its_practice_errs_in_norms_of_the_guideline_once_and_for_all(misreading: float, tmp_path: Path) -> None:
    changes = {
        "days": 2,
        "world.dimensions": 64,
        "parties.acme": {"kind": "corporation", "misreading": misreading, "guideline": {"operative": WRITTEN}},
        f"{LEARN}.sample": 400,
    }
    squares = []
    for run in replications(tmp_path, changes, range(20), measured=True):
        standard = acme(run).standard()
        written = run.context.game.value(WRITTEN)
        squares.append(np.sum((standard.vector - written) ** 2) / 5**2)
        np.testing.assert_array_equal(standard.published, written)
        assert (standard.issuer, standard.version, standard.unit) == ("acme", 1, 5)
        rows = run.alignment
        assert rows[(rows.a == "users") & (rows.b == "acme")].rho.nunique() == 1  # the same in every round
    assert abs(np.mean(squares) - misreading**2) <= 4 * misreading**2 * np.sqrt(2 / 64 / 20)


def test_what_is_published_need_not_be_what_is_asked(tmp_path: Path) -> None:
    told = {"operative": {"helpful": 1, "engaging": 2}, "published": {"helpful": 1}}
    run = play(tmp_path, {"parties.acme.guideline": told})
    rows = run.guidelines
    for kind, weights in told.items():
        mine = rows[rows.kind == kind]
        assert dict(zip(mine.criterion, mine.weight, strict=True)) == weights
    assert set(zip(rows.corporation, rows.version, rows.time, strict=True)) == {("acme", 1, 0.0)}
    game, standard = run.context.game, acme(run).standard()
    np.testing.assert_array_equal(standard.vector, game.value(told["operative"]))
    np.testing.assert_array_equal(standard.published, game.value(told["published"]))
    silent = play(tmp_path, {"parties.acme.guideline": {"operative": {"helpful": 2}}})
    assert set(silent.guidelines.kind) == {"operative", "published"}
    assert set(silent.guidelines.weight) == {2.0}


# ---- what it serves -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sample", "seen"), [(20, 20), (0.05, 5), (400, 100)])
def test_users_look_at_as_many_responses_as_they_are_or_fewer(sample: float, seen: int, tmp_path: Path) -> None:
    rows = play(tmp_path, {f"{LOOK}.sample": sample}).judgements
    looks = rows[rows.principal == "users"]
    assert set(looks["sample"]) == {seen}
    assert set(looks.agent) == {"acme"}
    assert looks.score.between(0, 1).all()


def test_users_are_happier_with_a_model_trained_for_them(tmp_path: Path) -> None:
    """Half of a pretrained model's responses satisfy in this world; and what is bad for users satisfies fewer."""
    shares = {}
    for name, weight in (("for", 1), ("against", -1)):
        changes = {
            "days": 3,
            "parties.users.count": 3000,
            "parties.acme.guideline.operative": {"helpful": weight},
            f"{LOOK}.sample": 3000,
        }
        rows = play(tmp_path, changes).judgements
        shares[name] = rows[rows.principal == "users"].score.tolist()
    for looks in shares.values():
        assert abs(looks[0] - 0.5) < 4 * np.sqrt(1 / 12 / 3000 + 0.25 / 3000)
    assert shares["for"][-1] > 0.9
    assert shares["against"][-1] < 0.1


def test_a_corporation_without_a_model_is_not_judged(tmp_path: Path) -> None:
    changes = {
        "parties.rival": {"kind": "corporation", "guideline": {"operative": {"brief": 1}}},
        "relations.4": {"principal": "users", "agent": "rival", "every": 1, "sample": 5, "consequence": "churn"},
    }
    run = play(tmp_path, changes, measured=True)
    assert "rival" not in set(run.judgements.agent)
    assert "rival" in set(run.alignment.b)


# ---- how it audits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sample", "audited"), [(0.25, 50), (1.0, 200), (30, 30), (1000, 200)])
def test_the_sample_is_as_large_as_told(sample: float, audited: int, tmp_path: Path) -> None:
    run = play(tmp_path, {f"{AUDIT}.sample": sample, "days": 2})
    for _, rows in run.judgements[run.judgements.order == 2].groupby("time"):
        assert rows["sample"].sum() == audited
        assert set(rows.population) == {200}
        assert rows.agent.is_unique


def test_a_full_audit_with_right_gold_finds_each_raters_agreement(tmp_path: Path) -> None:
    run = play(tmp_path, {f"{AUDIT}.sample": 1.0})
    rows = run.comparisons
    expected = (rows.label == rows.gold).groupby(rows.worker).mean()
    found = run.judgements[run.judgements.order == 2].set_index("agent")
    np.testing.assert_allclose(found.score, expected[found.index])
    np.testing.assert_array_equal(found["sample"], rows.worker.value_counts()[found.index])


@pytest.mark.slow
def test_a_partial_audit_sees_no_more_of_one_rater_than_of_another(tmp_path: Path) -> None:
    share, gaps = 0.2, []
    for run in replications(tmp_path, {f"{AUDIT}.sample": share, f"{LEARN}.sample": 400}, range(20)):
        seen = run.judgements[run.judgements.order == 2].set_index("agent")["sample"]
        done = run.comparisons.worker.value_counts()
        gaps.append((seen.reindex(done.index).fillna(0) - share * done) / np.sqrt(share * (1 - share) * done))
    z = np.concatenate(gaps)
    assert abs(z.mean()) < 4 / np.sqrt(len(z))
    assert 0.7 < z.var() < 1.3


def audited(gold_error: float, label: Any, gold: Any, tmp_path: Path) -> dict[str, float]:
    """What acme makes of labels that one rater, and then another, gave."""
    run = play(tmp_path, {"parties.acme.gold_error": gold_error, f"{AUDIT}.sample": 1.0})
    n = len(label)
    nothing = np.zeros(n)
    shown = Shown(
        task=np.arange(n), draw=np.arange(n, dtype=np.uint64), prompt=np.arange(n),
        response=_responses(acme(run).standard().vector, np.asarray(gold)), ids=np.zeros((n, 2), dtype=np.int64),
        held_out=nothing > 0,
    )  # fmt: skip
    made = Rankings(
        shown, place=np.arange(n), worker=np.arange(n) // (n // 2), label=np.asarray(label)[:, None],
        gold=np.asarray(gold)[:, None], perceived=nothing[:, None], seconds=nothing,
    )  # fmt: skip
    relation = run.context.relations[1]
    assert isinstance(relation, Relation)
    steps = acme(run).judge(relation, Work("pool", [made], n))
    with pytest.raises(StopIteration) as stop:
        next(steps)
    scores: dict[str, float] = stop.value.value.scores
    return scores


def _responses(vector: Any, gold: Any) -> Any:
    """Pairs of responses [n, 2, D] of which a guideline prefers the left (1), the right (2) or neither (0)."""
    sign = np.choose(gold, (0, 1, -1))[:, None] * vector
    return np.stack([sign, -sign], axis=1)


def test_an_undecided_label_counts_half_and_a_pair_without_a_right_answer_not_at_all(tmp_path: Path) -> None:
    label, gold = [1, 0, 2, 1, 0, 0], [1, 1, 1, 0, 0, 2]
    assert audited(0.0, label, gold, tmp_path) == {"pool:0": 0.5, "pool:1": 0.5}
    assert audited(0.0, [1, 1, 2, 2], [0, 0, 2, 2], tmp_path) == {"pool:1": 1.0}


def test_wrong_gold_turns_right_labels_wrong(tmp_path: Path) -> None:
    assert audited(1.0, [1, 2, 1, 2], [1, 1, 2, 2], tmp_path) == {"pool:0": 0.5, "pool:1": 0.5}
    assert audited(1.0, [1, 1, 2, 2], [1, 1, 1, 1], tmp_path) == {"pool:0": 0.0, "pool:1": 1.0}
    right = np.resize([1, 2], 4000)
    scores = audited(0.3, right, right, tmp_path)
    assert abs(scores["pool:0"] - 0.7) < 4 * np.sqrt(0.3 * 0.7 / 2000)


def test_gold_is_wrong_about_a_pair_not_about_a_rater(tmp_path: Path) -> None:
    """Raters who make no mistakes and share tasks fail the same audits."""
    changes = {
        "parties.acme.gold_error": 0.3,
        "parties.pool": {"kind": "raters", "count": 2, "overlap": 2, "policy": {"kind": "mistaken", "flip": 0}},
        f"{AUDIT}.sample": 1.0,
    }
    rows = play(tmp_path, changes).judgements
    scores = rows[rows.order == 2].score
    assert scores.iloc[0] == scores.iloc[1] < 1


def test_the_reward_model_judges_by_its_mean_score(tmp_path: Path) -> None:
    """The reward model's judgement of the language model is its mean score of what it was shown."""
    run = play(tmp_path, {f"{TRAIN}.sample": 500, "days": 2}, measured=True)
    rows = run.judgements[run.judgements.principal == "rm"]
    assert rows["sample"].tolist() == rows.population.tolist() == [500, 500]
    assert abs(rows.score.iloc[0]) < 4 / np.sqrt(500)  # standardized on what the pretrained model says
    said = run.responses
    lift = [ndtri(said[said["round"] == number].helpful).mean() for number in (0, 1)]
    assert lift[1] - lift[0] > 1


def test_wrong_gold_falls_on_every_rater_alike(tmp_path: Path) -> None:
    """Which pairs are audited says nothing of which gold is wrong: each perfect rater scores 1 − η."""
    wrong = 0.1
    changes = {
        "parties.acme.gold_error": wrong,
        "parties.pool": {"kind": "raters", "count": 4, "policy": {"kind": "mistaken", "flip": 0.0}, "seconds": 5},
        f"{AUDIT}.sample": 0.1,
        f"{AUDIT}.consequence": "pay",
        f"{LEARN}.sample": 8000,
    }
    audits = play(tmp_path, changes).judgements.query("order == 2")
    for _, own in audits.groupby("agent"):
        n = own["sample"].sum()
        score = (own.score * own["sample"]).sum() / n
        assert n >= 100
        assert abs(score - (1 - wrong)) < 4 * np.sqrt(wrong * (1 - wrong) / n)


# ---- where prompts come from --------------------------------------------------------------------------------------


def asked_and_written(run: Played, count: int, key: int = 3) -> tuple[Any, Any]:
    """Prompts to be compared, as the raters' commission asks for them."""
    prompts, source = acme(run).prompts_for(key, count)
    assert len(prompts) == len(source) == count
    assert set(source) <= {"users", "written"}
    return prompts, source


@pytest.mark.parametrize("recycled", [0.0, 0.3, 1.0])
def test_so_many_prompts_are_those_users_really_asked(recycled: float, tmp_path: Path) -> None:
    said = {"recycled": recycled, "seconds": 90, "wage": 20}
    run = play(tmp_path, {"parties.acme.prompts": said, "days": 3})
    prompts, source = asked_and_written(run, 4000)
    again = source == "users"
    assert abs(again.mean() - recycled) <= 4 * np.sqrt(recycled * (1 - recycled) / 4000)
    key = run.context.rng.key
    game = run.context.game
    looks = [branch(key("users", "asks", "acme", look), "prompts") for look in (1, 2, 3)]
    harvest = np.concatenate([game.draw_prompts(look, 20) for look in looks])
    assert np.isin(prompts[again], harvest).all()
    assert not np.isin(prompts[~again], harvest).any()  # of two thousand million prompts
    if again.any():
        assert set(prompts[again]) == set(harvest)


def test_writing_prompts_is_labor_and_is_paid(tmp_path: Path) -> None:
    said = {"recycled": 0.4, "seconds": 90, "wage": 20}
    run = play(tmp_path, {"parties.acme.prompts": said, "days": 4})
    shown = run.candidates.groupby("time").origin.agg(["size", lambda origin: (origin == "written").sum()])
    shown.columns = ["responses", "written"]
    labor = run.labor[run.labor.kind == "writing prompts"].set_index("time")
    written = shown.written / 2  # two responses to each
    np.testing.assert_allclose(labor.hours, written * 90 / 3600)
    np.testing.assert_allclose(labor.pay, labor.hours * 20)
    assert set(labor.party) == {"acme"}
    money = run.ledger[(run.ledger.reason == "wages for writing prompts") & (run.ledger.account == "acme writers")]
    np.testing.assert_allclose(money.amount, labor.pay)
    assert written.iloc[0] == 200  # nobody has asked anything yet
    assert 0 < written.iloc[-1] < 200


def test_nothing_said_of_prompts_nothing_paid(tmp_path: Path) -> None:
    run = play(tmp_path, {"days": 2})
    assert "writing prompts" not in set(run.labor.kind)
    assert set(run.candidates.origin) == {"users"}
    plain, _ = asked_and_written(run, 50)
    other, _ = asked_and_written(play(tmp_path, {"days": 2, "parties.acme.prompts": {"recycled": 0.0}}), 50)
    np.testing.assert_array_equal(plain, other)  # recycling replaces prompts, one by one


def test_who_recycles_more_keeps_the_other_prompts(tmp_path: Path) -> None:
    few, some = (
        asked_and_written(play(tmp_path, {"days": 2, "parties.acme.prompts": {"recycled": share}}), 500)
        for share in (0.2, 0.6)
    )
    assert ((few[1] == "users") <= (some[1] == "users")).all()
    same = some[1] == "written"
    np.testing.assert_array_equal(few[0][same], some[0][same])


@pytest.mark.slow
@pytest.mark.parametrize("engaging", [0.5, 1.0, 3.0])
def test_what_is_said_in_public_is_held_against_what_is_done(engaging: float, tmp_path: Path) -> None:
    """ρ of published and operative is the cosine of the two; where they are one, there is nothing to say."""
    told = {"operative": {"helpful": 1, "engaging": engaging}, "published": {"helpful": 1}}
    run = play(tmp_path, {"parties.acme.guideline": told, "world.dimensions": 64, "panel.prompts": 4000}, measured=True)
    rows = run.alignment[run.alignment.b == "acme:published"]
    assert (rows["round"] == [0, 1]).all()
    cosine = 1 / np.sqrt(1 + engaging**2)
    assert (abs(rows.rho - cosine) < 4 * (1 - cosine**2) / np.sqrt(4000)).all()
    open_ = play(tmp_path, {"parties.acme.guideline": {"operative": {"helpful": 1}}}, measured=True)
    assert not open_.alignment.b.str.contains("published").any()
