"""Scenario 14: where the maker's interests pay, and where a guideline that follows the money walks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from simlab.components.guideline_policy import GuidelineReview, Term
from simlab.parties.demand import expected_appeal
from simlab.rng import Streams
from tests.interests import (
    ATTENTION,
    CAPTIVE,
    EQUITY,
    FINED,
    NEWCOMERS,
    PATIENT,
    RATE,
    SHIFT,
    SUBSCRIPTION,
    cosine,
    first_price,
    held,
    play,
    resting_cosine,
    rival,
    walked,
)
from tests.small_world import built_ins

SHORT = {"relations.0.sample": 4000, "relations.2.sample": 2000}
WEIGHTS = (0.0, 1.0, 3.0)


def brought(tmp_path: Path, regime: dict[str, Any], weight: float, days: int) -> Any:
    """A run in which the guideline is held at this weight on what brings users back."""
    return play(tmp_path, {**SHORT, **regime, **held(weight), "days": days}, 1)


@pytest.mark.parametrize("weight", WEIGHTS)
def test_use_is_what_the_models_mean_predicts(weight: float, tmp_path: Path) -> None:
    """25 minutes a day at an appeal of one half, Φ(μ·h/√2) at the model's mean μ; and endorsed likewise by values. The
    model of day 11 was trained on day 8; 4,000 are asked, whose approval has a spread of √(1/12) at most."""
    run = brought(tmp_path, {}, weight, 11)
    model: Any = run.context.parties["lm"]
    game, error = run.context.game, np.sqrt(1 / 12 / 4000)
    last = run.channels[(run.channels.channel == "attention") & (run.channels.time == 11)].iloc[0]
    habits = game.value({"engaging": 1})
    values = game.value({"helpful": 1, "truthful": 1, "harmless": 1}) / np.sqrt(3)
    assert abs(last.appeal - ndtr(model.backend.mean @ habits / np.sqrt(2))) < 4 * error
    assert abs(last.endorsed - ndtr(model.backend.mean @ values / np.sqrt(2))) < 4 * error
    assert last.demand == pytest.approx(25 * last.appeal / 0.5)
    assert abs(last.appeal - last.endorsed) > 8 * error  # and not the one in place of the other


@pytest.mark.slow
def test_weight_on_engagement_pays_in_one_regime_and_costs_in_the_other(tmp_path: Path) -> None:
    """Named in advance: it pays where attention is sold, and costs where a fee is all that users pay."""
    sold = [brought(tmp_path, ATTENTION, w, 60).context.ledger.revenue("acme", 0, 60) for w in WEIGHTS]
    paid = [brought(tmp_path, SUBSCRIPTION, w, 60).context.ledger.revenue("acme", 0, 60) for w in WEIGHTS]
    assert sold[0] * 1.2 < sold[1] < sold[2]
    assert paid[0] > paid[1] > paid[2] * 1.02


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "least", "most", "kept"),
    [
        ({}, 0.80, 1.0, 0.0),
        (PATIENT, -1.0, 0.58, 0.72),
        ({**PATIENT, **CAPTIVE}, 0.84, 1.0, 0.0),
        ({**PATIENT, **CAPTIVE, **rival()}, -1.0, 0.36, 0.77),
        ({**ATTENTION, **FINED}, -1.0, 0.79, 0.58),
    ],
    ids=["impatient", "patient", "captive", "rival", "fined"],
)
def test_patience_a_rival_and_a_regulator_stop_it(
    changes: dict[str, Any], least: float, most: float, kept: float, tmp_path: Path
) -> None:
    """Bounds are 99.5 % limits for one more seed, by Student's t, of each arm over seeds 21 and 51 to 54: the cosine
    with habits is .94, .29, .98, .07, .50 (sd within arms .04 where it walks, .09 where not), with values .93, .98 and
    .79 where it does not (.07)."""
    run = play(tmp_path, changes, 21)
    habits, values = walked(run)
    assert least < habits < most
    assert values > kept
    own = run.meetings[run.meetings.corporation == "acme"]
    if "relations.4" in changes and "parties.state" in changes:
        fines = run.ledger[(run.ledger.account == "acme") & (run.ledger.reason == "fines")].amount
        assert -fines.sum() > 0.1 * own.revenue.sum()
    if changes.get("parties.users.outside", 0) is None and "parties.bolt" not in changes:
        assert own.attrition.eq(0).all()  # nowhere to go


def test_users_meet_a_guideline_five_days_after_it_was_set(tmp_path: Path) -> None:
    """Raters rank by it four days until the model is trained again, which users meet on the day after: most of what a
    term of four days brings is due to the guideline of the term before."""
    switch = {"kind": "scheduled", "switches": [{"day": 8, "weights": {"engaging": 1}}]}
    run = play(tmp_path, {**SHORT, "parties.acme.guideline.policy": switch, "days": 16}, 1)
    appeal = run.channels[run.channels.channel == "attention"].set_index("time").appeal
    assert run.guidelines[run.guidelines.version == 2].time.eq(8).all()
    assert appeal[appeal.index <= 12].max() < 0.6
    assert appeal[appeal.index >= 13].min() > 0.75


def test_meetings_say_what_was_compared(tmp_path: Path) -> None:
    run = play(tmp_path, {**SHORT, "days": 24}, 1)
    rows = run.meetings
    patience = 5.0
    assert rows.move.iloc[0] == "begun"
    np.testing.assert_allclose(rows.profit, (rows.revenue - rows.cost) / rows.days)
    np.testing.assert_allclose(rows.worth, rows.profit / (1 / patience + rows.attrition))
    assert ((rows.worth > rows.best) == (rows.move == "continued"))[1:].all()
    lost = run.market.set_index("time").left
    for row in rows.itertuples():
        gone = lost[(lost.index >= row.begun) & (lost.index < row.time)].sum()  # a meeting is before that day's look
        assert row.attrition * row.days == pytest.approx(gone)
    brought = run.ledger[(run.ledger.account == "acme") & (run.ledger.amount > 0)]
    inside = brought[(brought.time >= rows.begun.iloc[2]) & (brought.time < rows.time.iloc[2])]
    assert rows.revenue.iloc[2] == pytest.approx(inside.amount.sum())


def test_meetings_say_what_came_of_newcomers(tmp_path: Path) -> None:
    """Who came is in the market, of which a meeting sees what was before that day's look; and all who were there at the
    end of a term and come after are worth what its days are, to owners of a thousand."""
    run = play(tmp_path, {**SHORT, **NEWCOMERS, **EQUITY, "relations.4.sample": 4000, "days": 24}, 1)
    rows = run.meetings
    market = run.market[run.market.corporation == "acme"]
    for row in rows.itertuples():
        came = market[(market.time >= row.begun) & (market.time < row.time)].arrived.sum()
        assert row.newcomers * (row.time - row.begun) == pytest.approx(came)
    assert rows.newcomers.iloc[1:].gt(0).all()
    users = rows.days / (rows.time - rows.begun)
    np.testing.assert_allclose(rows.worth, rows.profit * 1000 * (users + 1000 * rows.newcomers))  # nobody leaves
    assert rows.why.iloc[1:].str.contains("newcomers [+-]").all()
    assert ((rows.worth > rows.best) == (rows.move == "continued"))[1:].all()


def worth(price: float, angle: float, patience: float) -> float:
    """What a user is worth under a guideline at this angle to what users endorse, in the figures of the scenario."""
    appeal, endorsed = (ndtr(1.25 * turned / np.sqrt(2)) for turned in (np.sin(angle), np.cos(angle)))
    return float((0.5 + 25 * price * appeal / 0.5) / (1 / patience + 0.02 * (1 - endorsed)))


@pytest.mark.parametrize("step", [0.1, 0.2, 0.5])
@pytest.mark.parametrize("patience", [5.0, 60.0, 1000.0])
def test_above_its_price_a_first_step_pays_and_below_it_does_not(step: float, patience: float) -> None:
    price = first_price(step, patience)
    for factor, pays in ((0.95, False), (1.05, True)):
        assert (worth(factor * price, step, patience) > worth(factor * price, 0.0, patience)) == pays
    assert first_price(step / 10, patience) < price / 8  # the first inch costs nothing
    assert first_price(step, 2 * patience) > 1.1 * price  # the more patient ask for more


@pytest.mark.parametrize(("patience", "price"), [(5.0, 0.0003), (5.0, 0.01), (60.0, 0.01), (1000.0, 0.1)])
def test_it_pays_up_to_where_it_rests_and_no_further(patience: float, price: float) -> None:
    """By the value of a user; the more patient rest nearer to what users endorse."""
    rests = np.arcsin(resting_cosine(0.0, patience, 0.0, price=price, leave=0.02))
    assert worth(price, rests, patience) > max(worth(price, rests + turn, patience) for turn in (-0.05, 0.05))
    assert resting_cosine(0.0, 2 * patience, 0.0, price=price, leave=0.02) < np.sin(rests)
    assert resting_cosine(0.0, patience, 0.0, price=price, leave=0.0) == 1.0  # where nobody leaves it does not stop


def climbed(by: str, choosiness: float, seed: int, meetings: int = 60, *, late: int = 0, lag: int = 0) -> float:
    """Where a guideline ends that is revised by what the closed forms of `resting_cosine` say of each, without noise,
    so many terms `late`: its cosine with habits."""
    policy: Any = built_ins().get("guideline", "follow_revenue")
    asked = policy(by=by, patience=1000, also=("engaging",), step=0.1, memory=12, lag=lag)
    first = {"helpful": 1.0, "truthful": 1.0, "harmless": 1.0}
    weights, history = first, ()
    for meeting in range(meetings):
        served = history[-late].weights if 0 < late <= len(history) else weights if not late else first
        endorsed, appeal = (expected_appeal(SHIFT, cosine(served, aim)) for aim in (list(first), ["engaging"]))
        chance = 1 / (1 + np.exp(choosiness * (expected_appeal(SHIFT, 1.0) - endorsed)))
        profit, joined = 0.5 + 2 * RATE * 0.01 * appeal, round(1e8 * chance)  # one in a hundred of 1e10
        history += (Term(meeting, meeting + 1, dict(weights), 5e9 * profit, 0.0, 0.0, {}, 5e9, joined, 0),)
        key = Streams(seed).key("meeting", meeting)
        review = GuidelineReview(meeting + 1, meeting, meeting, weights, first, history, np.nan, key)
        weights = asked.revise(review) or weights
    return cosine(weights, ["engaging"])


@pytest.mark.slow
@pytest.mark.parametrize("choosiness", [2.0, 4.0, 8.0])
def test_owners_who_count_newcomers_stop_where_reputation_costs_more_than_appeal_brings(choosiness: float) -> None:
    """Over eight seeds: within a step of where it is worth most; and nowhere if by value, which newcomers have no part
    in, or if these are deaf to reputation."""
    rests, step = resting_cosine(choosiness), 0.1
    found = [climbed("equity", choosiness, seed) for seed in range(8)]
    assert abs(np.mean(found) - rests) < step
    assert np.std(found) < step
    assert climbed("value", choosiness, 0) > 0.9
    assert climbed("equity", 0.0, 0) > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("choosiness", [2.0, 4.0, 8.0])
def test_what_comes_late_is_credited_to_what_it_is_due_to(choosiness: float) -> None:
    """A term later; else some walks never begin, and others go too far."""
    rests, step = resting_cosine(choosiness), 0.1
    found = {lag: [climbed("equity", choosiness, seed, late=1, lag=lag) for seed in range(6)] for lag in (0, 1)}
    assert abs(np.mean(found[1]) - rests) < step
    assert np.std(found[1]) < step < np.std(found[0])
