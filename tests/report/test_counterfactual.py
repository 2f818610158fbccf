"""One counterfactual told to the end, at five seeds: what one rater made of the model, what one vendor, and what
somebody without any influence.

click misreads the guideline, likes whatever is short, and tells its twenty people so. Leaving it out takes half of
the labels away, and yet the model comes closer to acme; leaving out one of its people is lost among the others.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import simlab
from simlab.engine.jobs import Store
from tests.small_world import written

VALUES = {"helpful": 1, "truthful": 1, "harmless": 1}
PEOPLE = {"kind": "raters", "count": 20, "misreading": 0.6, "policy": {"kind": "boltzmann", "agreement": 0.65}}
TWO_VENDORS: dict[str, Any] = {
    "name": "two_vendors",
    "days": 10,
    "world": {"kind": "gaussian", "dimensions": 32},
    "panel": {"prompts": 500},
    "waterfall": {"redraw": []},
    "parties": {
        "users": {"kind": "users", "values": VALUES},
        "acme": {"kind": "corporation", "guideline": {"operative": VALUES}},
        "relay": {"kind": "vendor", "misreading": 0.1, "price": 0.4},
        "click": {"kind": "vendor", "misreading": 0.4, "compliance": 0.6, "values": {"brief": 2}, "price": 0.2},
        "north": PEOPLE,
        "south": PEOPLE,
        "checkers": {"kind": "auditors", "count": 3},
        "rm": {"kind": "reward_model"},
        "lm": {"kind": "language_model"},
    },
    "relations": [
        {"principal": "users", "agent": "acme", "every": 5, "sample": 50},
        {"principal": "acme", "agent": "relay", "every": 5, "sample": 0.1, "consequence": "contract_share"},
        {"principal": "acme", "agent": "click", "every": 5, "sample": 0.1, "consequence": "contract_share"},
        {"principal": "relay", "agent": "north", "every": 5, "sample": 0.1, "consequence": "hire"},
        {"principal": "click", "agent": "south", "every": 5, "sample": 0.1, "consequence": "hire"},
        {"principal": "north", "agent": "rm", "every": 5, "sample": 1000, "consequence": "gradient"},
        {"principal": "south", "agent": "rm", "every": 5, "sample": 1000, "consequence": "gradient"},
        {"principal": "rm", "agent": "lm", "every": 5, "sample": 64,
         "consequence": {"kind": "gradient", "shape": {"kind": "plain", "beta": 0.5}}},
        {"principal": "checkers", "agent": "north", "every": 5, "sample": 0.05},
    ],
}  # fmt: skip
ARMS = {"whole": [], "rater": ["south:3"], "vendor": ["click"], "bystanders": ["checkers"]}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("told")
    world = written(folder / "world.yaml", said=TWO_VENDORS)
    for seed in range(5):
        for name, without in ARMS.items():
            simlab.run(world, seed=seed, without=without, out=folder / "runs" / f"{name}-{seed}", store=Store(None))
    return simlab.compare(folder / "runs")


def one(found: pd.DataFrame, arm: str, measure: str, of: str) -> Any:
    (row,) = found[(found.arm_b == arm) & (found.measure == measure) & (found.of == of)].itertuples()
    assert (row.n, row.interval) == (5, "seeds")
    return row


@pytest.mark.slow
def test_what_a_vendor_made_of_the_model(found: pd.DataFrame) -> None:
    assert one(found, "without click", "score", "brief").high < 0
    assert one(found, "without click", "rho", "acme ~ lm").low > 0
    assert one(found, "without click", "win_rate", "acme").difference > 0
    assert one(found, "without click", "money", "click").b == 0
    assert one(found, "without click", "changed", "all").difference > 0.99


@pytest.mark.slow
def test_what_a_rater_made_of_it(found: pd.DataFrame) -> None:
    for measure, of in (("score", "brief"), ("rho", "acme ~ lm")):
        rater, vendor = (one(found, f"without {who}", measure, of) for who in ("south:3", "click"))
        assert abs(rater.difference) < abs(vendor.difference) / 5  # of twenty, each makes a twentieth or so
        assert rater.high - rater.low < vendor.high - vendor.low  # neighbouring worlds share nearly all draws
    assert one(found, "without south:3", "changed", "all").difference > 0.99


@pytest.mark.slow
def test_what_those_without_influence_made_of_it(found: pd.DataFrame) -> None:
    """The control: auditors on whose judgement nothing follows cost money and change no word.

    While they look, south teaches the reward model before north does: sums come in another order, and round otherwise.
    """
    rows = found[found.arm_b == "without checkers"]
    assert one(found, "without checkers", "changed", "all").difference == 0
    models = rows[rows.measure.isin(["score", "win_rate"]) | rows.of.isin(["acme ~ rm", "acme ~ lm"])]
    assert len(models) > 10
    assert models.difference.abs().max() < 1e-9
    assert one(found, "without checkers", "money", "checkers").difference < 0
