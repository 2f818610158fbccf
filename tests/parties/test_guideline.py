"""Guidelines in versions: who revises them, what the public learns of it, and who hears of it below."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simlab.errors import PluginFailed
from simlab.measures.panel import Panel
from simlab.parties.corporation import Corporation
from simlab.parties.language_model import LanguageModel
from simlab.parties.pool import Pool
from tests.deep_world import DEEP
from tests.loading import load
from tests.small_world import AUDIT, LOOK, Played, play, played, written

OPERATIVE, PUBLISHED = {"helpful": 1.0, "brand": 1.0}, {"helpful": 1.0}
WALK = {"kind": "walk", "to": {"brand": 1.0}, "steps": 2}


def walking(**guideline: Any) -> dict[str, Any]:
    """A week in which the guideline walks in two steps, on days 2 and 4."""
    told = {"operative": OPERATIVE, "published": PUBLISHED, "policy": WALK, "every": 2, **guideline}
    return {"days": 7, "parties.acme.guideline": told}


def versions(run: Played, kind: str) -> dict[int, dict[str, float]]:
    """The weights of each version."""
    rows = run.guidelines[run.guidelines.kind == kind]
    return {int(v): dict(zip(own.criterion, own.weight, strict=True)) for v, own in rows.groupby("version")}


def acme(run: Played) -> Corporation:
    found = run.context.parties["acme"]
    assert isinstance(found, Corporation)
    return found


# ---- versions -----------------------------------------------------------------------------------------------------


def test_every_version_is_written_down_when_it_comes(tmp_path: Path) -> None:
    run = play(tmp_path, walking())
    assert versions(run, "operative") == {
        1: OPERATIVE,
        2: {"helpful": 0.5, "brand": 1.0},
        3: {"helpful": 0.0, "brand": 1.0},
    }
    assert run.guidelines.groupby("version").time.unique().map(list).to_dict() == {1: [0.0], 2: [2.0], 3: [4.0]}
    assert acme(run).version == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("guideline", "told"),
    [
        ({}, [PUBLISHED, PUBLISHED, PUBLISHED]),
        ({"publish": "follow"}, [PUBLISHED, {"helpful": 0.5, "brand": 1.0}, {"helpful": 0.0, "brand": 1.0}]),
        ({"publish": "follow", "lag": 1}, [PUBLISHED, OPERATIVE, {"helpful": 0.5, "brand": 1.0}]),
        ({"publish": "follow", "lag": 5}, [PUBLISHED, OPERATIVE, OPERATIVE]),
    ],
)
def test_what_is_published_stays_or_follows_late(guideline: Any, told: list[Any], tmp_path: Path) -> None:
    run = play(tmp_path, walking(**guideline))
    assert list(versions(run, "published").values()) == told
    standard, game = acme(run).standard(), run.context.game
    np.testing.assert_array_equal(standard.published, game.value(told[-1]))
    np.testing.assert_array_equal(standard.vector, game.value({"brand": 1.0}))


def test_published_and_operative_have_utilities_of_their_own(tmp_path: Path) -> None:
    firm = acme(play(tmp_path, walking()))
    panel = _panel(firm)
    rho = np.corrcoef(firm.utility(panel), firm.published_utility(panel))[0, 1]
    assert abs(rho) < 0.15  # brand only, against help only: they have nothing to do with each other
    np.testing.assert_array_equal(firm.published_utility(panel), panel.features @ firm.standard().published)


def _panel(firm: Corporation) -> Any:
    simulation = firm.context
    model = simulation.party(simulation.hierarchy.model_below(firm.name), LanguageModel)
    items = model.backend.sample(np.arange(1000), 7)
    return Panel(items, items.prompt, simulation.game.features(items))


def test_a_static_guideline_has_one_version_and_nobody_meets(tmp_path: Path) -> None:
    run = play(tmp_path, walking(policy="static"))
    assert set(run.guidelines.version) == {1}
    assert acme(run).history == ()


@pytest.mark.slow
def test_a_revision_of_nothing_is_none(tmp_path: Path) -> None:
    switches = [{"day": 1, "weights": {**OPERATIVE, "brief": 0}}, {"day": 3, "weights": {"brief": 1}}]
    run = play(tmp_path, walking(policy={"kind": "scheduled", "switches": switches}), measured=True)
    assert run.guidelines.groupby("version").time.first().to_dict() == {1: 0.0, 2: 4.0}  # the first meeting after day 3
    assert "brief" in run.responses.columns


# ---- what it means below -------------------------------------------------------------------------------------------


def test_its_practice_errs_in_the_same_way_in_every_version(tmp_path: Path) -> None:
    firm = acme(play(tmp_path, {**walking(), "parties.acme.misreading": 0.3}))
    written = firm.context.game.value({"brand": 1.0})
    error = firm.standard().vector - written
    unrevised = acme(play(tmp_path, {**walking(policy="static"), "parties.acme.misreading": 0.3}))
    before = unrevised.standard().vector - unrevised.context.game.value(OPERATIVE)
    np.testing.assert_allclose(error, before)
    assert np.linalg.norm(error) > 0.1
    assert firm.standard().unit == unrevised.standard().unit == pytest.approx(np.sqrt(2))


def test_raters_read_the_new_version_with_their_old_errors(tmp_path: Path) -> None:
    changes = {**walking(), "parties.pool.misreading": 0.5, "parties.pool.compliance": 0.8}
    pool = play(tmp_path, changes).context.parties["pool"]
    same = play(tmp_path, {**changes, **walking(policy="static")}).context.parties["pool"]
    assert isinstance(pool, Pool)
    assert isinstance(same, Pool)
    moved = pool.cohort.vector - same.cohort.vector
    game = pool.context.game
    expected = 0.8 * (game.value({"brand": 1.0}) - game.value(OPERATIVE))
    np.testing.assert_allclose(moved, np.tile(expected, (len(moved), 1)), atol=1e-12)


def test_comparisons_and_judgements_know_the_version_in_force(tmp_path: Path) -> None:
    run = play(tmp_path, walking())
    for rows in (run.comparisons, run.judgements[run.judgements.order == 2]):
        in_force = np.searchsorted([2.0, 4.0], rows.time, side="right") + 1
        assert (rows.guideline_version == in_force).all()
        assert set(rows.guideline_version) == {1, 2, 3}


@pytest.mark.slow
def test_a_new_version_reaches_everybody_down_to_the_last_vendors_raters(tmp_path: Path) -> None:
    changes = {
        "days": 3,
        "parties.acme.guideline": {"operative": {"helpful": 1}, "policy": {**WALK, "steps": 1}, "every": 1},
        "parties.aside": {"kind": "auditors", "count": 3},
        "relations.8": {"principal": "aside", "agent": "north", "every": 1, "sample": 0.1},
    }
    scenario = load(written(tmp_path / "deep.yaml", changes, DEEP))
    run = played(scenario, tmp_path)
    game = run.context.game
    brand, helpful = game.value({"brand": 1.0}), game.value({"helpful": 1.0})
    for name in ("relay", "click", "north", "south", "aside"):
        party = run.context.parties[name]
        mean = party.cohort.vector.mean(axis=0) if isinstance(party, Pool) else party.standard().vector
        assert mean @ brand > 0.5 > mean @ helpful, name


@pytest.mark.slow
def test_the_machine_follows_the_guideline(tmp_path: Path) -> None:
    """As the guideline walks from help to the product, so does what the language model prefers."""
    run = play(tmp_path, {**walking(), "days": 9, "parties.acme.guideline.operative": {"helpful": 1.0}}, measured=True)
    rows = run.alignment[(run.alignment.a == "users") & (run.alignment.b == "lm")].set_index("round")
    assert rows.rho[1] > 0.7
    assert rows.rho.iloc[-1] < rows.rho[1] - 0.2


# ---- policies that do not play along -------------------------------------------------------------------------------

BROKEN = """
import simlab

class Wild(simlab.GuidelinePolicy):
    '''Does what its answer says.'''
    name = "wild"
    answer: str

    def revise(self, situation):
        if self.answer == "raises":
            raise RuntimeError("no quorum")
        return {"unknown": {"unheard": 1.0}, "nan": {"helpful": float("nan")}, "none": {"helpful": 0.0}}[self.answer]
"""


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("raises", "raised RuntimeError: no quorum"),
        ("unknown", "'unheard', which its criteria"),
        ("nan", "the weight nan"),
        ("none", "no criterion any weight"),
    ],
)
def test_a_policy_that_cannot_be_followed_is_named(answer: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "wild.py").write_text(BROKEN)
    changes = {
        "days": 3,
        "parties.acme.guideline.every": 1,
        "parties.acme.guideline.policy": {"kind": "wild", "answer": answer},
    }
    with pytest.raises(PluginFailed, match="guideline policy 'wild'") as error:
        play(tmp_path, changes)
    assert said in str(error.value)


# ---- what they know when they meet ---------------------------------------------------------------------------------


def test_a_term_knows_what_came_of_it(tmp_path: Path) -> None:
    changes = {
        **walking(),
        "parties.users": {
            "kind": "users", "values": {"helpful": 1, "brief": 1}, "count": 300, "subscription": 2.0, "complain": 0.5,
        },
        f"{LOOK}.consequence": "churn",
        f"{AUDIT}.consequence": "pay",
    }  # fmt: skip
    run = play(tmp_path, changes)
    terms = acme(run).history
    assert [(t.begun, t.ended) for t in terms] == [(0, 2), (2, 4), (4, 6)]
    ledger = run.ledger[run.ledger.account == "acme"]
    for t in terms:  # they meet before that day's looks, and so before that day's money
        own = ledger[(ledger.time >= t.begun) & (ledger.time < t.ended)]
        assert t.revenue == pytest.approx(own.amount[own.amount > 0].sum())
        assert t.cost == pytest.approx(-own.amount[own.amount < 0].sum())
        assert t.rate == t.revenue / 2
        heard = run.incidents[(run.incidents.time >= t.begun) & (run.incidents.time < t.ended)]
        assert dict(t.incidents) == heard.groupby("criterion")["count"].sum().to_dict()
        looks = run.judgements[(run.judgements.principal == "users") & (run.judgements.time < t.ended)]
        assert t.satisfaction == looks.score.iloc[-1]
    assert sum(sum(t.incidents.values()) for t in terms) > 0
