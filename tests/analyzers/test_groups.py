"""Groups of users and raters: who belongs to which, what each got, and whose values the score holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy.special import ndtr

from simlab.measures.groups import held, welfare
from simlab.parties.raters import Raters
from simlab.people.population import groups_of
from simlab.scenario import UsersSpec
from simlab.scenario.fields import Reading
from simlab.scenario.parties import RatersSpec
from tests.small_world import LEARN, LOOK, TRAIN, Played, built_ins, play

NORTH, SOUTH = {"helpful": 1.0}, {"harmless": 1.0}


def grouped(north: float, south: float) -> dict[str, Any]:
    """Two groups of these shares, whose values have nothing to do with each other."""
    return {"north": {"share": north, "values": NORTH}, "south": {"share": south, "values": SOUTH}}


def society(raters: dict[str, Any], compliance: float = 0.0, count: int = 400) -> dict[str, Any]:
    """Users of two groups, a guideline that asks for both alike, and raters of these groups."""
    pool = {"kind": "raters", "count": count, "policy": {"kind": "boltzmann", "agreement": 0.7}, "seconds": 5}
    return {
        "parties.users": {"kind": "users", "count": 1000, "groups": grouped(7, 3)},
        "parties.acme.guideline.operative": {**NORTH, **SOUTH},
        "parties.pool": {**pool, "compliance": compliance, "groups": raters},
        "world.dimensions": 16,
        f"{LOOK}.consequence": "churn",
        f"{LEARN}.sample": 20_000,
        f"{TRAIN}.consequence": {"kind": "gradient", "shape": {"kind": "plain", "beta": 1.0}},
    }


def last(run: Played, party: str = "users") -> pd.DataFrame:
    rows = run.groups[(run.groups.party == party) & (run.groups["round"] == run.groups["round"].max())]
    return rows.set_index("group")


# ---- formulas -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", [(0.3, 0.7), (-0.5, 0.2), (0.9, 0.0)])
def test_weights_of_groups_are_found_again(weights: tuple[float, float]) -> None:
    columns = np.random.default_rng(1).normal(size=(5000, 2)) @ np.array([[1.0, 0.4], [0.0, 2.0]])
    columns -= columns.mean(axis=0)
    unit = columns / np.linalg.norm(columns, axis=0)
    score = unit @ np.array(weights)
    np.testing.assert_allclose(held(score, columns), np.array(weights) / np.linalg.norm(score), atol=1e-12)
    assert np.isnan(held(score, np.stack([columns[:, 0], 3 * columns[:, 0]], axis=1))).all()  # they want the same
    assert np.isnan(held(np.zeros(5000), columns)).all()


def test_welfare_is_in_each_groups_own_spread() -> None:
    before = np.random.default_rng(2).normal(size=(1000, 2))
    found = welfare(before * [1, 100], (before + np.array([0.5, -0.25])) * [1, 100])
    np.testing.assert_allclose(found, np.array([0.5, -0.25]) / before.std(axis=0))


# ---- who belongs to which ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("south", [0.5, 1.0, 4.0])
def test_raters_belong_to_groups_by_share_and_keep_their_group(south: float, tmp_path: Path) -> None:
    pool = play(tmp_path, society(grouped(1, south))).context.party("pool", Raters)
    found = groups_of(pool, pool.cohort.number)
    share = south / (1 + south)
    assert abs(found.mean() - share) < 4 * np.sqrt(share * (1 - share) / len(found))
    value = pool.context.game.value
    np.testing.assert_array_equal(pool.cohort.own, np.stack([value(NORTH), value(SOUTH)])[found])
    np.testing.assert_array_equal(groups_of(pool, pool.cohort.number[::-1]), found[::-1])  # by number, not by order


def test_a_group_more_among_raters_leaves_all_other_draws(tmp_path: Path) -> None:
    """With compliance 1 nobody's values count, and groups change no label."""
    one = play(tmp_path, society({}, compliance=1.0))
    two = play(tmp_path, society(grouped(1, 4), compliance=1.0))
    assert one.comparisons.label.equals(two.comparisons.label)
    assert not play(tmp_path, society(grouped(1, 4), compliance=0.5)).comparisons.label.equals(one.comparisons.label)


# ---- whose values ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("south", "compliance"), [(4.0, 0.0), (4.0, 0.4), (0.5, 0.2)])
def test_the_score_holds_raters_values_by_their_shares(south: float, compliance: float, tmp_path: Path) -> None:
    """A rater of a group goes by c·(north + south) + (1 − c)·own, so that group g weighs c + (1 − c)·share_g: to first
    order in the differences of utility, and so within a tenth where people err as much as these; at c = 1, alike."""
    run = play(tmp_path, society(grouped(1, south), compliance), measured=True)
    shares, weights = last(run, "pool").share, last(run, "pool").weight
    law = (compliance + (1 - compliance) * shares["south"]) / (compliance + (1 - compliance) * shares["north"])
    assert abs(np.log(weights["south"] / weights["north"] / law)) < 0.1 * abs(np.log(law)) + 0.08
    rows = last(run)  # of users, 70 % of whom live in the north
    majority = "south" if south > 1 else "north"
    assert rows.held.idxmax() == last(run, "pool").held.idxmax() == majority
    assert rows.worst[rows.welfare.idxmin()]
    assert rows.worst.sum() == rows.held.sum() == 1
    assert rows.worst.idxmax() != majority


def test_where_raters_do_as_they_are_told_both_groups_are_held_alike(tmp_path: Path) -> None:
    rows = last(play(tmp_path, society(grouped(1, 4), compliance=1.0), measured=True))
    assert abs(np.log(rows.weight["south"] / rows.weight["north"])) < 0.15


def test_what_a_group_got_follows_from_the_models_mean(tmp_path: Path) -> None:
    """Moved by μ along a group's values of unit length: welfare μ, satisfied and win rate Φ(μ/√2)."""
    run = play(tmp_path, {**society(grouped(1, 4)), "panel.prompts": 2000}, measured=True)
    model: Any = run.context.parties["lm"]
    rows, n = last(run), 2000
    for group, values in (("north", NORTH), ("south", SOUTH)):
        shift = float(model.backend.mean @ run.context.game.value(values))
        assert abs(rows.welfare[group] - shift) < 4 * np.sqrt(2 / n) + abs(shift) * 4 / np.sqrt(2 * n)
        for name in ("satisfied", "win_rate"):
            assert abs(rows[name][group] - ndtr(shift / np.sqrt(2))) < 4 * np.sqrt(0.25 / n)
        assert rows.rho_score[group] == pytest.approx(rows.rho_model[group])  # the model goes where the score points
    first = run.groups[run.groups["round"] == 0]
    assert first.weight.isna().all()
    assert not first.held.any()
    assert not first.worst.any()


def test_without_groups_the_table_is_empty_and_groups_are_intents(tmp_path: Path) -> None:
    assert len(play(tmp_path, measured=True).groups) == 0
    named = UsersSpec.model_validate({"groups": grouped(7.0, 3.0)})
    listed = UsersSpec.model_validate({"intents": list(grouped(7.0, 3.0).values())})
    assert named.intents == listed.intents
    assert named.values == listed.values == {"helpful": pytest.approx(0.7), "harmless": pytest.approx(0.3)}
    assert UsersSpec.model_validate(named.model_dump()) == named


@pytest.mark.parametrize(
    ("spec", "said", "message"),
    [
        (UsersSpec, {"values": {"helpful": 2.0}}, "give values or groups, not both"),
        (UsersSpec, {"intents": [{"share": 1.0, "values": NORTH}]}, "give groups or intents, not both"),
        (UsersSpec, {"groups": {"north": {"share": 0.0, "values": NORTH}}}, "greater than 0"),
        (UsersSpec, {"groups": {"north": {"share": 1.0}}}, "values"),
        (RatersSpec, {"values": {"helpful": 2.0}}, "give values or groups, not both"),
        (RatersSpec, {"market": "nairobi"}, "groups and market exclude each other"),
    ],
)
def test_what_cannot_be_is_refused(spec: Any, said: dict[str, Any], message: str) -> None:
    count = {"count": 5} if spec is RatersSpec else {}
    with pytest.raises(ValidationError, match=message):
        spec.model_validate({**count, "groups": grouped(7.0, 3.0), **said}, context=Reading(built_ins(), nodes={}))
