"""A deployer between maker and users: what it shows is the best of several by its own values, and it keeps a share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import log_ndtr, ndtr

from simlab.measures.panel import Panel
from simlab.parties.demand import expected_appeal
from simlab.parties.language_model import share_below
from simlab.relation import Work
from simlab.worlds.world import Items
from tests.market_world import regulated
from tests.small_world import LOOK, TRAIN, Played, play

CHURN = {f"{LOOK}.consequence": "churn", "parties.users.subscription": 1.0}
LARGEST = {1: 0.0, 2: 0.56419, 4: 1.02938, 8: 1.42360}  # mean of the largest of n standard normals (science.md, §4)


def deployed(drafts: int = 4, **said: Any) -> dict[str, Any]:
    return {**CHURN, "parties.acme.deployer": {"values": {"engaging": 2}, "drafts": drafts, **said}}


def shown(run: Played, relation: int = 0) -> Any:
    """Features of the responses that the principal of a relation gets to see [n, D]."""
    here = run.context.relations[relation]
    work: Work = came_of(run.context.parties["acme"].work(here))
    return run.context.game.features(work.items)


def came_of(steps: Any) -> Any:
    """What steps return, however long they wait."""
    try:
        while True:
            next(steps)
    except StopIteration as stop:
        return stop.value


MANY: dict[str, Any] = {"parties.users.count": 20_000, f"{LOOK}.sample": 20_000, "world.dimensions": 4, "days": 1}


@pytest.mark.parametrize("drafts", LARGEST)
def test_users_see_the_best_of_n_by_its_values_and_nothing_else_moves(drafts: int, tmp_path: Path) -> None:
    run = play(tmp_path, {**deployed(drafts), **MANY})
    model: Any = run.context.parties["lm"]
    game, found, error = run.context.game, shown(run), 1 / np.sqrt(20_000)
    engaging, helpful = game.value({"engaging": 1}), game.value({"helpful": 1})
    gained = (found - model.backend.mean).mean(axis=0)
    assert abs(gained @ engaging - LARGEST[drafts]) < 4 * error
    assert abs(gained @ helpful) < 4 * error


def test_one_draft_and_no_share_are_no_deployer(tmp_path: Path) -> None:
    plain, one = (play(tmp_path, {**CHURN, "days": 3, **said}) for said in ({}, deployed(1)))
    for table in ("judgements", "market", "ledger", "comparisons", "consequences"):
        assert getattr(plain, table).equals(getattr(one, table))
    four = play(tmp_path, {**deployed(4, values={"helpful": -1}), "days": 3})
    assert four.comparisons.label.equals(plain.comparisons.label)  # nobody at the maker's knows
    assert not four.judgements.score.equals(plain.judgements.score)


def test_the_law_meets_what_the_deployer_shows(tmp_path: Path) -> None:
    """Hooks are unlawful: of the best of eight more than of what the model says."""
    law = regulated(sample=2000, law={"engaging": -1}, permit=0.2)
    scores = {}
    for drafts in (1, 8):
        run = play(tmp_path, {**deployed(drafts), **law, "parties.users.count": 2000, "days": 1})
        scores[drafts] = run.judgements[run.judgements.principal == "state"].score.iloc[0]
    assert scores[1] == pytest.approx(0.8, abs=4 * np.sqrt(0.16 / 2000))  # the pretrained model, by hand
    assert scores[8] == pytest.approx(0.8**8, abs=4 * np.sqrt(0.17 * 0.83 / 2000))  # all eight below the bound


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_it_keeps_its_share_of_all_that_users_bring(share: float, tmp_path: Path) -> None:
    said = {"parties.users.habits": {"engaging": 1}, "parties.users.channels": {"visits": {"price": 0.5}}}
    run = play(tmp_path, {**deployed(share=share), **said, "days": 3})
    rows = run.ledger[run.ledger.account == "acme"]
    brought = rows[rows.reason.isin(["subscriptions", "visits"])].amount.sum()
    kept = run.ledger[run.ledger.account == "acme deployer"].amount.sum()
    assert brought > 300
    assert kept == pytest.approx(share * brought)
    assert run.ledger.amount.sum() == pytest.approx(0)


def test_its_criteria_are_measured_against_everybody(tmp_path: Path) -> None:
    for weight in (-1.0, 0.0, 2.0):
        values = {"engaging": 1.0, "helpful": weight}
        rows = play(tmp_path, {**deployed(values=values), "world.dimensions": 64}, measured=True).alignment
        own = rows[(rows.a == "acme:deployer") & (rows["round"] == 0)].set_index("b").rho
        assert {"users", "acme", "pool", "rm", "lm"} == set(own.index)
        assert abs(own["users"] - weight / np.hypot(1, weight)) < 4 / np.sqrt(1000)


def best_of_appeal(drafts: int, cosine: float) -> float:
    """The mean approval of the best of n of N(0, I) by a direction at this cosine to the standard: what is shown is c·X
    + √(1 − c²)·Z by it, X the largest of n normals, so E Φ(·) = ∫ n·φ(x)·Φ(x)ⁿ⁻¹·Φ(c·x/√(2 − c²)) dx. Where c is 1
    that is n/(n + 1), that the largest of n is above one more."""
    x = np.linspace(-8, 8, 4001)
    density = drafts * np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * ndtr(x) ** (drafts - 1)
    return float(np.sum(density * ndtr(cosine * x / np.sqrt(2 - cosine**2))) * (x[1] - x[0]))


def tilted(drafts: int, cosine: float) -> float:
    """The same of a model whose mean is moved by e_n: that has the right mean and too large a variance."""
    return expected_appeal(LARGEST[drafts], cosine)


@pytest.mark.parametrize(("drafts", "helpful"), [(2, 0.0), (4, 1.0), (8, -1.0), (8, 3.0), (4, None)])
def test_users_meet_the_best_of_n_with_both_their_standards(drafts: int, helpful: float | None, tmp_path: Path) -> None:
    """Of a model as pretrained: how it appeals to habits, what is endorsed and what is paid, by the cosine of each with
    the deployer's values; where these have nothing to do with either (None), it is as without a deployer."""
    values = {"brief": 1.0} if helpful is None else {"engaging": 1.0, "helpful": helpful}
    said = {
        "parties.users.habits": {"engaging": 1},
        "parties.users.channels": {"attention": {"rate": 25, "price": 0.01, "elasticity": {"values": 0, "habits": 1}}},
    }
    run = play(tmp_path, {**deployed(drafts, values=values), **said, **MANY})
    (row,) = run.channels[run.channels.channel == "attention"].to_dict("records")
    length = np.hypot(1, helpful or 0.0)
    error = np.sqrt(1 / 12 / 20_000)  # approval of what nobody chose is uniform; of the best it varies less
    habits = 0.0 if helpful is None else 1 / length
    endorsed = 0.0 if helpful is None else helpful / length
    assert abs(row["appeal"] - best_of_appeal(drafts, habits)) < 4 * error
    assert abs(row["endorsed"] - best_of_appeal(drafts, endorsed)) < 4 * error
    (look,) = run.judgements[run.judgements.principal == "users"].to_dict("records")
    assert abs(look["score"] - best_of_appeal(drafts, endorsed)) < 4 * np.sqrt(0.25 / 20_000)
    assert row["demand"] == pytest.approx(25 * row["appeal"] / 0.5)
    assert row["revenue"] == pytest.approx(row["days"] * row["demand"] * 0.01)
    assert abs(row["appeal"] - best_of_appeal(drafts, habits + 0.3)) > 8 * error  # at another cosine it is another


def shown_rho(mean: Any, liking: Any, drafts: int, standard: Any) -> float:
    """ρ of a standard h of unit length with what is shown of a model N(μ, I), among responses x of the pretrained.

    By log ratio that is μ·x + (n − 1)·log Φ(d·x − m) with m = d·μ, d the deployer's direction, whose covariance with
    h·x is h·μ + (n − 1)·h·d·E λ and variance |μ|² + 2·(n − 1)·m·E λ + (n − 1)²·Var log Φ (Stein's lemma), where λ is
    φ/Φ, all at z − m with z normal.
    """
    z = np.linspace(-9, 9, 20_001)
    weight, moved = np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0]), z - liking @ mean
    ratio = weight @ np.exp(-moved * moved / 2 - log_ndtr(moved)) / np.sqrt(2 * np.pi)
    spread = weight @ log_ndtr(moved) ** 2 - (weight @ log_ndtr(moved)) ** 2
    variance = mean @ mean + 2 * (drafts - 1) * (liking @ mean) * ratio + (drafts - 1) ** 2 * spread
    return float((standard @ mean + (drafts - 1) * (standard @ liking) * ratio) / np.sqrt(variance))


@pytest.mark.slow
@pytest.mark.parametrize(("drafts", "helpful"), [(2, 0.0), (4, 0.75), (8, -0.75)])
def test_what_users_are_shown_is_aligned_with_who_chooses_it(drafts: int, helpful: float, tmp_path: Path) -> None:
    """Of the pretrained model as far as the deployer's criteria are, .903 times; of a trained one by what it was taught
    and by what of it is chosen, the more drafts the less. What the model alone says is another thing."""
    trains = {"kind": "gradient", "shape": {"kind": "plain", "beta": 0.8}}
    said = {"parties.users.habits": {"engaging": 1}, "panel.prompts": 2000, f"{TRAIN}.consequence": trains}
    run = play(tmp_path, {**deployed(drafts, values={"engaging": 1.0, "helpful": helpful}), **said}, measured=True)
    rows, model = run.alignment[run.alignment.a == "acme:shown"], run.context.parties["lm"]
    engaging, wanted = (run.context.game.value({name: 1}) for name in ("engaging", "helpful"))
    liking = (engaging + helpful * wanted) / np.hypot(1, helpful)
    trained: Any = model
    for turn, mean in enumerate([0 * engaging, trained.backend.mean]):
        found = rows[rows["round"] == turn].set_index("b").rho
        assert {"users", "acme", "pool", "rm", "lm", "acme:deployer", "users:habits"} == set(found.index)
        for name, standard in {"users": wanted, "users:habits": engaging, "acme:deployer": liking}.items():
            expected = shown_rho(mean, liking, drafts, standard)
            assert abs(found[name] - expected) < 4 / np.sqrt(2000)  # of two responses to each prompt
            assert turn or expected == pytest.approx(0.9032 * standard @ liking, abs=1e-4)
    alone = run.alignment[(run.alignment.a == "users") & (run.alignment.b == "lm") & (run.alignment["round"] == 1)]
    wrong = abs(alone.rho.iloc[0] - shown_rho(trained.backend.mean, liking, drafts, wanted))
    assert wrong > 4 / np.sqrt(2000)  # it would not pass for what is shown


def test_where_there_is_no_formula_other_responses_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a model of words: 32 to each prompt, by which a chance p is found to √(p·(1 − p)/32)."""
    run = play(tmp_path, deployed())
    model: Any = run.context.parties["lm"]
    prompts, liking = np.repeat(np.arange(500), 2), run.context.game.value({"engaging": 2})
    items = Items(prompts, np.random.default_rng(3).normal(size=(1000, len(liking))))
    panel = Panel(items, prompts, items.response)
    exact = came_of(model.surpassed(panel, liking, 1))
    monkeypatch.setattr("simlab.parties.language_model.GaussianLM", str)
    found = came_of(model.surpassed(panel, liking, 1))
    spread = np.sqrt(np.mean(exact * (1 - exact)) / 32)
    assert np.sqrt(np.mean((found - exact) ** 2)) == pytest.approx(spread, rel=0.15)
    assert abs(np.mean(found - exact)) < 4 * spread / np.sqrt(500)  # two share a prompt's other responses


@pytest.mark.parametrize("others", [32, 1000])
def test_a_share_below_is_estimated_from_other_responses(others: int) -> None:
    """Of R others it errs by √(p·(1 − p)/R), and by half a place; equal ones count half."""
    rng = np.random.default_rng(2)
    values = rng.normal(size=2000)
    found = share_below(values, rng.normal(size=(2000, others)))
    wrong = np.abs(found - ndtr(values))
    assert np.sqrt(np.mean(wrong**2)) == pytest.approx(np.sqrt(1 / 6 / others), rel=0.1)
    assert 0 < found.min() < found.max() < 1
    assert share_below(np.array([1.0]), np.array([[0.0, 1.0, 1.0, 2.0]]))[0] == pytest.approx(0.5)


@pytest.mark.parametrize("drafts", [2, 4, 8])
def test_the_best_of_n_appeals_to_its_own_values_by_n_of_n_and_one_more(drafts: int) -> None:
    """And not as a model would whose mean is moved as far."""
    assert best_of_appeal(drafts, 1.0) == pytest.approx(drafts / (drafts + 1), abs=1e-6)
    assert best_of_appeal(drafts, -1.0) == pytest.approx(1 / (drafts + 1), abs=1e-6)
    assert best_of_appeal(drafts, 1.0) - tilted(drafts, 1.0) > 0.005
