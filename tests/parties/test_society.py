"""Users, shareholders and regulators on runs: what they want, what they see, and what they make of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from simlab.parties.regulator import Audit
from simlab.parties.users import UserFeedback, Users, blamed
from simlab.relation import Judgement, Work
from simlab.worlds.world import Items
from tests.market_world import RIVAL, owned, regulated, users
from tests.small_world import LEARN, LOOK, TRAIN, Played, play, replications

LARGE = 64


def judged(run: Played, items: Items, relation: int = 0) -> Judgement:
    """What the principal of a relation makes of these responses."""
    here = run.context.relations[relation]
    steps = here.principal.judge(here, Work(here.agent.name, items, len(items)))
    with pytest.raises(StopIteration) as stop:
        next(steps)
    found: Judgement = stop.value.value
    return found


def responses(run: Played, count: int, **lift: float) -> Items:
    """Responses of a model whose mean is moved along some criteria."""
    game = run.context.game
    draws = np.random.default_rng(5).normal(size=(count, len(game.dimensions)))
    return Items(np.arange(count), draws + game.value(lift))


def rho(run: Played, a: str, b: str) -> float:
    rows = run.alignment
    found = rows[(rows.a == a) & (rows.b == b) & (rows.order == 1) & (rows["round"] == rows["round"].max())]
    return float(found.rho.item())


# ---- intents ------------------------------------------------------------------------------------------------------

MIXED = [{"share": 3, "values": {"helpful": 1}}, {"share": 1, "values": {"brief": 2}}]


def test_a_mixture_wants_the_mean_of_its_intents(tmp_path: Path) -> None:
    run = play(tmp_path, {**users(intents=MIXED), "world.dimensions": LARGE}, measured=True)
    party = run.context.parties["users"]
    assert isinstance(party, Users)
    assert party.spec.values == {"helpful": 0.75, "brief": 0.5}
    np.testing.assert_allclose(party.vector, run.context.game.value({"helpful": 0.75, "brief": 0.5}))
    assert abs(rho(run, "users", "acme") - 0.75 / np.hypot(0.75, 0.5)) < 0.02
    assert abs(rho(run, "users", "acme") - 1) > 0.1


def test_everyone_is_satisfied_by_their_own_intent(tmp_path: Path) -> None:
    """Responses two standard deviations better in one respect: for those who want it Φ(2/√2), for the others ½."""
    run = play(tmp_path, {**users(40_000, intents=MIXED)})
    found = judged(run, responses(run, 20_000, helpful=2)).items
    assert isinstance(found, UserFeedback)
    for intent, share, expected in ((0, 0.75, ndtr(2 / np.sqrt(2))), (1, 0.25, 0.5)):
        mine = found.intent == intent
        assert abs(mine.mean() - share) < 4 * np.sqrt(share * (1 - share) / 20_000)
        assert abs(found.satisfied[mine].mean() - expected) < 4 * np.sqrt(0.25 / mine.sum())
    party = run.context.parties["users"]
    assert isinstance(party, Users)
    by_intent = party.satisfaction(found)
    assert by_intent[0] > 0.9 > 0.6 > by_intent[1]
    assert by_intent @ [mine.mean() for mine in (found.intent == 0, found.intent == 1)] == pytest.approx(
        found.satisfied.mean()
    )


@pytest.mark.slow
def test_one_intent_is_no_mixture(tmp_path: Path) -> None:
    """Saying the same twice changes nothing, draws included."""
    plain = play(tmp_path, {**users(), f"{LOOK}.consequence": "churn", "days": 3}, measured=True)
    twice = [{"share": s, "values": {"helpful": 1}} for s in (1, 2)]
    mixed = play(tmp_path, {**users(intents=twice), f"{LOOK}.consequence": "churn", "days": 3}, measured=True)
    pd.testing.assert_frame_equal(plain.judgements, mixed.judgements)
    pd.testing.assert_frame_equal(plain.alignment, mixed.alignment)


# ---- complaints ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("complain", [0.0, 0.1, 0.5, 1.0])
def test_so_many_of_the_dissatisfied_complain(complain: float, tmp_path: Path) -> None:
    run = play(tmp_path, users(10_000, complain=complain))
    found = judged(run, responses(run, 10_000)).items
    unhappy, said = int((~found.satisfied).sum()), sum(found.complaints.values())
    assert abs(said - complain * unhappy) <= 4 * np.sqrt(complain * (1 - complain) * unhappy)


def test_complaints_name_what_speaks_most_against_the_response(tmp_path: Path) -> None:
    run = play(tmp_path, users(values={"helpful": 1, "brief": 0.2}, complain=1.0))
    game = run.context.game
    helpful, brief = game.value({"helpful": 1}), game.value({"brief": 1})
    features = np.stack([-helpful, -brief, -helpful - 4 * brief, -helpful - 6 * brief, helpful + brief])
    weights = {"helpful": 1.0, "brief": 0.2}
    assert blamed(game, weights, features) == ["helpful", "brief", "helpful", "brief", "brief"]
    assert blamed(game, {"helpful": -1.0, "brief": 0.2}, features)[-1] == "helpful"
    found = judged(run, responses(run, 5000, brief=-20)).items
    assert found.complaints["brief"] > 20 * found.complaints.get("helpful", 0)


def test_complaints_reach_the_corporation_and_both_tables(tmp_path: Path) -> None:
    changes = {**users(complain=0.3, values={"helpful": 1, "brief": 1}), f"{LOOK}.consequence": "churn", "days": 4}
    run = play(tmp_path, changes)
    looks = run.incidents.groupby("time")["count"].sum()
    assert (run.market.set_index("time").complaints.reindex(looks.index) == looks).all()
    assert looks.sum() == run.market.complaints.sum() > 0
    assert set(run.incidents.corporation) == {"acme"}
    assert set(run.incidents.source) == {"users"}
    assert set(run.incidents.criterion) <= {"helpful", "brief"}


def test_complaining_changes_nobodys_satisfaction(tmp_path: Path) -> None:
    one, other = (play(tmp_path, {**users(complain=c), "days": 3}).judgements for c in (0.0, 0.8))
    pd.testing.assert_frame_equal(one, other)


# ---- context ------------------------------------------------------------------------------------------------------

HIDDEN = {
    "world.dimensions": LARGE,
    "panel.prompts": 1000,
    "parties.pool": {"kind": "raters", "count": 4, "policy": {"kind": "mistaken", "flip": 0.0}},
    f"{LEARN}.sample": 1000,
    "parties.pool.seconds": 5,
}


@pytest.mark.slow
@pytest.mark.parametrize(("point", "context"), list(enumerate([0.3, 0.7, 1.5])))
def test_whoever_ignores_the_situation_is_that_far_from_users(point: int, context: float, tmp_path: Path) -> None:
    """ρ = 1/√(1 + c²) for the guideline and for raters, and for a reward model that much less than its ρ with the
    guideline; but raters who are shown the situation see all that users want. Twenty seeds, 1,000 prompts."""
    law = 1 / np.sqrt(1 + context**2)
    found: dict[str, list[float]] = {"acme": [], "pool": [], "rm": [], "shown": []}
    for shown in (False, True):
        changes = {**HIDDEN, **users(context=context), "parties.pool.context": shown}
        for run in replications(
            tmp_path, changes, range(100 * point, 100 * point + (3 if shown else 20)), measured=True
        ):
            if shown:
                found["shown"].append(rho(run, "users", "pool"))
            else:
                for name in ("acme", "pool", "rm"):
                    found[name].append(rho(run, "users", name) / (1 if name != "rm" else rho(run, "acme", "rm")))
    for name in ("acme", "pool", "rm"):
        error = np.std(found[name], ddof=1) / np.sqrt(20)
        assert abs(np.mean(found[name]) - law) < 4 * error + 1 / LARGE / 4, name
        assert abs(np.mean(found[name]) - law) + 2 * error < 0.02, name
        assert abs(np.mean(found[name]) - 1 / (1 + context**2)) > 0.02, name  # not squared
        assert abs(np.mean(found[name]) - 1) > 0.03, name  # and not nothing
    np.testing.assert_allclose(found["shown"], 1.0)


def test_no_context_no_loss(tmp_path: Path) -> None:
    """The control: without a situation the law's loss is not there."""
    run = play(tmp_path, {**HIDDEN, **users(context=0)}, measured=True)
    assert rho(run, "users", "acme") == pytest.approx(1.0)


@pytest.mark.parametrize("context", [0.0, 0.6, 1.2])
def test_situations_cost_satisfaction(context: float, tmp_path: Path) -> None:
    """A model that is m better along the mean intent satisfies Φ(m/√2·1/√(1 + c²)) of its users."""
    run = play(tmp_path, {"world.dimensions": LARGE, **users(20_000, context=context)})
    found = judged(run, responses(run, 20_000, helpful=1.5)).items
    expected = ndtr(1.5 / np.sqrt(2) / np.sqrt(1 + context**2))
    assert abs(found.satisfied.mean() - expected) < 4 * np.sqrt(0.25 / 20_000) + 0.005
    assert abs(found.satisfied.mean() - ndtr(1.5 / np.sqrt(2))) > 0.03 or context == 0


def test_a_prompt_has_one_situation_and_it_is_of_the_size_told(tmp_path: Path) -> None:
    run = play(tmp_path, {"world.dimensions": LARGE, **users(context=0.8)})
    party = run.context.parties["users"]
    assert isinstance(party, Users)
    prompts = np.array([5, 9, 5, 2_000_000_000])
    found = party.situation(prompts)
    np.testing.assert_array_equal(found[0], found[2])
    assert not np.allclose(found[0], found[1])
    many = party.situation(np.arange(4000))
    assert np.mean(np.sum(many**2, axis=1)) == pytest.approx(0.64, abs=4 * 0.64 * np.sqrt(2 / LARGE / 4000))
    assert np.abs(many.mean(axis=0)).max() < 5 * 0.8 / np.sqrt(LARGE * 4000)


@pytest.mark.slow
def test_written_prompts_have_no_situation(tmp_path: Path) -> None:
    """Raters are shown what those who asked wanted; of prompts that were written for them there is nothing to show."""
    changes = {**HIDDEN, **users(context=1.0), "parties.pool.context": True, "days": 2, f"{LEARN}.sample": 2000}
    agreement = {}
    for name, said in (("written", {"recycled": 0.0, "wage": 0}), ("asked", None)):
        rows = play(tmp_path, {**changes, **({"parties.acme.prompts": said} if said else {})}).comparisons
        agreement[name] = (rows.label == rows.gold).mean()
    assert agreement["written"] == 1.0
    assert abs(agreement["asked"] - (0.5 + np.arcsin(1 / np.sqrt(2)) / np.pi)) < 4 * np.sqrt(0.25 / 4000)


# ---- two corporations ----------------------------------------------------------------------------------------------


def test_one_corporation_more_leaves_the_first_ones_looks_as_they_were(tmp_path: Path) -> None:
    alone = play(tmp_path, {**users(complain=0.2), f"{LOOK}.consequence": "churn", "days": 4})
    both = play(tmp_path, {**users(complain=0.2), **RIVAL, "days": 4})
    acmes = ("acme", "pool", "rm", "lm")

    def looks(run: Played) -> pd.DataFrame:
        rows = run.judgements[run.judgements.agent.str.partition(":")[0].isin(acmes)]
        rows = rows.sort_values(["time", "principal", "agent"], ignore_index=True)
        return rows[["time", "principal", "agent", "guideline_version", "sample", "score"]]

    def said(run: Played) -> pd.DataFrame:
        rows = run.incidents[run.incidents.corporation == "acme"]
        return rows[["time", "source", "criterion", "count"]].reset_index(drop=True)

    pd.testing.assert_frame_equal(looks(alone), looks(both))
    pd.testing.assert_frame_equal(said(alone), said(both))
    assert len(said(alone))
    assert "bolt" in set(both.judgements.agent)


# ---- the regulator -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("permit", [0.05, 0.2, 0.5])
def test_a_pretrained_model_breaks_the_law_as_often_as_chance_does(permit: float, tmp_path: Path) -> None:
    """Approval is uniform there, so that a share `permit` of responses is beyond what the law permits."""
    run = play(tmp_path, {**users(5000), **regulated(permit=permit, sample=5000)})
    look = run.judgements[run.judgements.principal == "state"].iloc[0]
    assert look["sample"] == 5000
    assert abs(1 - look.score - permit) < 4 * np.sqrt(permit * (1 - permit) / 5000)
    assert run.incidents["count"].sum() == round((1 - look.score) * 5000)
    assert set(run.incidents.criterion) == {"harmless"}
    assert set(run.incidents.source) == {"state"}


def test_the_law_is_blamed_by_its_own_criteria(tmp_path: Path) -> None:
    run = play(tmp_path, {**users(4000), **regulated(law={"harmless": 1, "truthful": 0.2}, permit=0.3, sample=4000)})
    counts = run.incidents.set_index("criterion")["count"]
    assert counts["harmless"] > 3 * counts["truthful"] > 0


@pytest.mark.slow
@pytest.mark.parametrize(("operative", "unlawful"), [({"harmless": 1}, False), ({"harmless": -1}, True)])
def test_paper_is_patient(operative: Any, unlawful: bool, tmp_path: Path) -> None:
    """A regulator that reads what is published finds nothing; one that looks at responses finds what is done."""
    guideline = {"operative": operative, "published": {"harmless": 1, "helpful": 0.5}}
    changes = {**users(2000), "parties.acme.guideline": guideline, "days": 4, f"{TRAIN}.every": 1}
    read = play(tmp_path, {**changes, **regulated(audits="guideline")}).judgements
    assert set(read[read.principal == "state"].score) == {1.0}
    looked = play(tmp_path, {**changes, **regulated(permit=0.2, sample=1000)}).judgements
    last = looked[looked.principal == "state"].score.iloc[-1]
    assert (last < 0.3) == unlawful
    assert (last > 0.9) == (not unlawful)
    open_about_it = {**changes, "parties.acme.guideline": {"operative": operative}}
    read = play(tmp_path, {**open_about_it, **regulated(audits="guideline")}).judgements
    assert set(read[read.principal == "state"].score) == {0.0 if unlawful else 1.0}


@pytest.mark.parametrize(("permit", "lawful"), [(0.84, True), (0.86, False)])
def test_a_published_guideline_is_held_to_its_cosine_with_the_law(permit: float, lawful: bool, tmp_path: Path) -> None:
    """cos(law, published) = 1/√2, on the scale from 0 to 1 .854."""
    changes = {
        **regulated(audits="guideline", permit=permit),
        "parties.acme.guideline.published": {"harmless": 2, "helpful": 2},
    }
    run = play(tmp_path, changes)
    assert (run.judgements[run.judgements.principal == "state"].score == 1.0).all() == lawful
    assert len(run.incidents) == (0 if lawful else 1)


def test_an_audit_of_responses_is_of_what_the_public_gets(tmp_path: Path) -> None:
    """As many as there are users, or a share of them, whoever's they are."""
    changes = {**users(300), **regulated(sample=0.1), "days": 1}
    changes["parties.more"] = {"kind": "users", "count": 200, "values": {"helpful": 1}}
    changes["relations.5"] = {"principal": "more", "agent": "acme", "every": 1, "sample": 10}
    run = play(tmp_path, changes)
    assert run.judgements[run.judgements.principal == "state"]["sample"].tolist() == [50]
    assert isinstance(judged(run, responses(run, 10), 4).items, Audit)


# ---- shareholders ---------------------------------------------------------------------------------------------------


def paid(run: Played, begun: float, ended: float) -> tuple[float, float]:
    """acme's revenue and cost after one day and up to another, from the ledger, without capital."""
    rows = run.ledger[(run.ledger.account == "acme") & (run.ledger.reason != "capital")]
    rows = rows[(rows.time > begun) & (rows.time <= ended)]
    return float(rows.amount[rows.amount > 0].sum()), float(-rows.amount[rows.amount < 0].sum())


@pytest.mark.slow
@pytest.mark.parametrize("measure", ["return", "growth", "valuation"])
def test_shareholders_read_the_ledger(measure: str, tmp_path: Path) -> None:
    """They look between the days of wages and fees, so that it is clear what was paid by then."""
    changes = {
        **users(1000, subscription=1.5),
        **owned({"kind": "fund", "above": -1e9, "amount": 50}, every=2.4, measure=measure, discount=0.2),
        f"{LOOK}.consequence": "churn",
        "days": 10,
    }
    run = play(tmp_path, changes)
    looks = run.judgements[run.judgements.principal == "owners"]
    assert looks.time.tolist() == [2.4, 4.8, 7.2, 9.6]
    before = float("nan")
    for look in looks.itertuples():
        revenue, cost = paid(run, look.time - 2.4, look.time)
        if measure == "return":
            expected = (revenue - cost) / cost
        elif measure == "valuation":
            expected = (revenue - cost) / 2.4 * 365 / 0.2
        else:
            expected, before = revenue / before - 1, revenue
        assert look.score == pytest.approx(expected, nan_ok=True)
    assert (looks["sample"] == 1).all()


def test_no_cost_no_return(tmp_path: Path) -> None:
    run = play(tmp_path, {**owned(), "parties.pool.wage": 0})
    assert run.judgements[run.judgements.principal == "owners"].score.isna().all()


@pytest.mark.slow
def test_their_errors_are_their_own(tmp_path: Path) -> None:
    changes = {**users(subscription=1.0), f"{LOOK}.consequence": "churn", "days": 40, f"{LEARN}.sample": 50}
    exact, rough = (
        play(tmp_path, {**changes, **owned(error=e, measure="valuation", every=1)}).judgements for e in (0.0, 2000.0)
    )
    gaps = (rough.score - exact.score)[rough.principal == "owners"].dropna()
    assert len(gaps) == 40
    assert abs(gaps.mean()) < 4 * 2000 / np.sqrt(40)
    assert 0.6 < gaps.std() / 2000 < 1.4
    assert (rough.score - exact.score)[rough.principal != "owners"].abs().max() == 0


def test_what_they_would_have_of_a_response_is_asked_too(tmp_path: Path) -> None:
    run = play(tmp_path, {**owned(values={"brand": 1, "helpful": 1}), "world.dimensions": LARGE}, measured=True)
    assert abs(rho(run, "users", "owners") - np.sqrt(0.5)) < 0.03
    nothing = play(tmp_path, owned(), measured=True)
    rows = nothing.alignment[(nothing.alignment.b == "owners") & (nothing.alignment.a == "users")]
    assert rows.rho.isna().all()
    assert (rows.why_nan != "").all()
