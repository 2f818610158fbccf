"""The waterfall of real runs against its closed forms: what redraws call noise averages out, what they call bias
does not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from simlab.errors import InvalidInput
from tests.small_world import HIERARCHY, LEARN, Played, changed, play, replications

RUNS = 20
LARGE: dict[str, Any] = {"world.dimensions": 256, f"{LEARN}.sample": 60}
PEOPLE = {"waterfall.redraw": ["acme", "pool"]}  # machines are not asked about here, and take time


def link(run: Played, principal: str, agent: str) -> pd.Series:
    """One link of the waterfall in the last round."""
    rows = run.waterfall
    rows = rows[(rows["round"] == rows["round"].max()) & (rows.principal == principal) & (rows.agent == agent)]
    return rows.iloc[0]


def links(folder: Path, changes: Mapping[str, Any], principal: str, agent: str) -> pd.DataFrame:
    """That link of many runs."""
    return pd.DataFrame(
        [
            link(r, principal, agent)
            for r in replications(folder, {**LARGE, **PEOPLE, **changes}, range(RUNS), measured=True)
        ]
    )


def holds(values: pd.Series, predicted: float, margin: float) -> bool:
    """Within four standard errors of the prediction, and with the whole interval within the margin."""
    error = values.std(ddof=1) / np.sqrt(len(values))
    print(f"{values.name}: predicted {predicted:.4f}, observed {values.mean():.4f} ± {error:.4f}, margin {margin}")
    return bool(
        abs(values.mean() - predicted) < 4 * error + 1e-9 and abs(values.mean() - predicted) + 2 * error < margin
    )


MISREADINGS = [(0.8, 4), (1.5, 9), (2.0, 16)]  # of each rater, and how many there are


@pytest.mark.slow
@pytest.mark.parametrize(("misreading", "raters"), MISREADINGS)
def test_raters_who_err_apart_are_noise(misreading: float, raters: int, tmp_path: Path) -> None:
    """ρ = 1/√(1 + s²/m) and reliability 1/(1 + s²/m): no bias."""
    found = links(tmp_path, {"parties.pool.misreading": misreading, "parties.pool.count": raters}, "acme", "pool")
    ratio = misreading**2 / raters
    assert holds(found.rho, (1 + ratio) ** -0.5, 0.03)
    assert holds(found.reliability, 1 / (1 + ratio), 0.04)
    assert holds(found.noise, 0.5 * np.log(1 + ratio), 0.03)
    assert holds(found.bias, 0.0, 0.03)
    assert not holds(found.noise, 0.5 * np.log(1 + misreading**2), 0.03)  # as if they did not average out
    assert (found.why_nan == "").all()


SHARED = [(0.8, 1.0, 8), (0.6, 2.0, 8), (0.5, 3.0, 12)]  # compliance, misreading, raters


@pytest.mark.slow
@pytest.mark.parametrize(("compliance", "misreading", "raters"), SHARED)
def test_what_raters_share_is_bias(compliance: float, misreading: float, raters: int, tmp_path: Path) -> None:
    """Own values v common to all: bias −ln cos(g, c·g + (1−c)·v), noise ½ ln(1 + σ²/(m|mean|²)), σ = c·misreading."""
    changes = {
        "parties.pool.compliance": compliance,
        "parties.pool.values": {"brand": 1},
        "parties.pool.misreading": misreading,
        "parties.pool.count": raters,
    }
    found = links(tmp_path, changes, "acme", "pool")
    length = np.hypot(compliance, 1 - compliance)
    bias = -np.log(compliance / length)
    noise = 0.5 * np.log(1 + (compliance * misreading) ** 2 / (raters * length**2))
    assert holds(found.bias, bias, 0.04)
    assert holds(found.noise, noise, 0.03)
    assert not holds(found.bias, 0.0, 0.04)
    assert not holds(found.noise, noise + bias, 0.03)


@pytest.mark.slow
@pytest.mark.parametrize("misreading", [0.3, 0.6, 1.0])
def test_a_firm_that_misreads_loses_by_noise(misreading: float, tmp_path: Path) -> None:
    """A corporation is one: its misreading is noise that nothing below averages out; another would err otherwise."""
    found = links(tmp_path, {"parties.acme.misreading": misreading}, "users", "acme")
    assert holds(found.reliability, 1 / (1 + misreading**2), 0.06)
    assert holds(found.noise, 0.5 * np.log(1 + misreading**2), 0.05)
    assert holds(found.bias, 0.0, 0.05)
    assert not holds(found.noise, np.log(1 + misreading**2), 0.03)


@pytest.mark.slow
def test_a_vendor_on_the_way_is_a_link(tmp_path: Path) -> None:
    told = [
        {"principal": "users", "agent": "acme", "every": 1, "sample": 20},
        {"principal": "acme", "agent": "relay", "every": 1, "sample": 0.2},
        {"principal": "relay", "agent": "pool", "every": 1, "sample": 0.2},
        *HIERARCHY["relations"][2:],
    ]
    changes = {
        **LARGE,
        "waterfall.redraw": ["relay"],
        "parties.relay": {"kind": "vendor", "misreading": 0.7, "compliance": 0.9},
        "relations": told,
    }
    runs = replications(tmp_path, {**changes, "relations.3.sample": 60}, range(RUNS), measured=True)
    found = pd.DataFrame([link(run, "acme", "relay") for run in runs])
    assert set(found.path) == {"users → acme → relay → pool → rm → lm"}
    assert holds(found.noise, 0.5 * np.log(1 + 0.49), 0.04)  # without values of its own compliance turns nothing
    assert holds(found.bias, 0.0, 0.04)


@pytest.mark.slow
def test_raters_who_know_what_users_want_are_a_side_channel(tmp_path: Path) -> None:
    changes = {
        **LARGE,
        "parties.acme.misreading": 1.0,
        "parties.pool.compliance": 0.5,
        "parties.pool.values": {"helpful": 1},
        "waterfall.path": ["users", "acme", "pool"],
    }
    whole = [
        r.waterfall[r.waterfall.place == 0].iloc[-1] for r in replications(tmp_path, changes, range(6), measured=True)
    ]
    assert min(row.side_channel for row in whole) > 0.05
    plain = {**changes, "parties.pool.compliance": 1.0, "parties.pool.values": {}}
    whole = [
        r.waterfall[r.waterfall.place == 0].iloc[-1] for r in replications(tmp_path, plain, range(6), measured=True)
    ]
    assert abs(np.mean([row.side_channel for row in whole])) < 0.05


# ---- machines ------------------------------------------------------------------------------------------------------

MACHINES = {"waterfall.redraw": ["pool", "rm", "lm"], "parties.pool.count": 1}


@pytest.mark.slow
def test_a_reward_model_of_other_labels(tmp_path: Path) -> None:
    """Labels that are never wrong fall out otherwise of other pairs, and coin tosses of a third yet more so: what is
    lost is noise, since the machine could say it all."""
    for flip in (0.0, 0.33):
        changes = {**MACHINES, "parties.pool.policy.flip": flip, f"{LEARN}.sample": 300}
        found = [link(run, "pool", "rm") for run in replications(tmp_path, changes, range(12), measured=True)]
        loss, noise, bias = (np.array([row[part] for row in found]) for part in ("loss", "noise", "bias"))
        assert all(0 < row.reliability < 1 for row in found)
        assert abs(bias.mean()) < 4 * bias.std(ddof=1) / np.sqrt(12)
        assert noise.mean() > 0.5 * loss.mean() > 0


@pytest.mark.slow
def test_more_labels_less_noise(tmp_path: Path) -> None:
    noise = []
    for pairs in (100, 400, 1600):
        changes = {**MACHINES, "parties.pool.count": 8, "parties.pool.policy.flip": 0.3, f"{LEARN}.sample": pairs}
        noise.append(
            np.mean([link(r, "pool", "rm").noise for r in replications(tmp_path, changes, range(8), measured=True)])
        )
    assert noise[0] > 2.5 * noise[1] > 6 * noise[2]  # it falls as 1/n


def test_where_nothing_is_drawn_nothing_changes(tmp_path: Path) -> None:
    """A tilt goes where it must; and an aggregator merges redrawn labels, too."""
    majority = {"kind": "gradient", "aggregator": "majority"}
    pool = {"parties.pool.count": 6, "parties.pool.overlap": 3}
    run = play(tmp_path, {**MACHINES, **pool, f"{LEARN}.consequence": majority}, measured=True)
    assert link(run, "rm", "lm").reliability == pytest.approx(1)
    assert 0 < link(run, "pool", "rm").reliability < 1


def test_before_anything_is_learnt_it_says_why(tmp_path: Path) -> None:
    rows = play(tmp_path, {"waterfall.redraw": ["acme"]}, measured=True).waterfall
    first = rows[rows["round"] == 0].set_index("agent")
    assert first.loc["rm", "why_nan"] == "one of pool and rm finds all items alike; rm is not drawn anew"
    assert first.loc["pool", "why_nan"] == "pool is not drawn anew"
    assert first.loc["acme", "why_nan"] == ""


def test_redraws_change_nothing_else(tmp_path: Path) -> None:
    with_, without = (
        play(tmp_path, {"waterfall.redraw": names}, measured=True) for names in (["acme", "pool", "rm"], [])
    )
    for table in ("alignment", "comparisons", "responses", "reward_model"):
        pd.testing.assert_frame_equal(getattr(with_, table), getattr(without, table))


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"path": ["users", "acne"]}, "there is no party called acne"),
        ({"path": ["users"]}, "a path has two parties at least"),
        ({"path": ["users", "acme"], "redraw": ["pool"]}, "pool is not on the path"),
        ({"path": ["users", "acme", "users"]}, "users is named twice"),
    ],
)
def test_a_path_that_cannot_be_is_refused(said: dict[str, Any], what: str, tmp_path: Path) -> None:
    assert changed(HIERARCHY, {"waterfall": said})["waterfall"] == said
    with pytest.raises(InvalidInput, match=what):
        play(tmp_path, {"waterfall": said})
