"""Outcomes of runs with several language models, each of which has a panel of what it says; and of one's own."""

from __future__ import annotations

import math
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import simlab
from simlab.errors import PluginFailed
from simlab.plugins.registry import discover
from simlab.studies.outcomes import outcome_of
from tests.market_world import RIVAL
from tests.small_world import written


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> simlab.Run:
    """Two corporations, each with a model of its own."""
    folder = tmp_path_factory.mktemp("market")
    return simlab.run(written(folder / "two.yaml", {**RIVAL, "days": 2}), out=folder / "run", local=False)


def value(run: Any, kind: str, **said: str) -> float:
    made = discover(local=False).get("outcome", kind).model_validate(said)
    assert isinstance(made, simlab.Outcome)
    return made.value(run)


def last(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["round"] == rows["round"].max()]


def test_a_model_is_held_against_others_on_its_own_panel(market: simlab.Run) -> None:
    """In a world of vectors both panels are the same, and so what is found on lm2's is made up."""
    alignment = market.alignment.copy()
    alignment.loc[alignment.model == "lm2", "rho"] -= 0.5
    run = SimpleNamespace(alignment=alignment)
    rows = last(market.alignment.query("order == 1 and panel == 'responses' and a == 'users' and b == 'lm'"))
    assert list(rows.model) == ["lm", "lm2"]
    own, other = rows.rho.iloc[0], rows.rho.iloc[1] - 0.5
    assert value(run, "rho") == value(run, "rho", a="lm", b="users") == own
    assert value(run, "rho", model="lm2") == other
    assert value(run, "rho", b="acme") == pytest.approx(value(market, "rho", b="acme") - 0.25)
    assert pd.isna(value(run, "rho", model="lm3"))


def test_of_others_it_is_the_mean_over_models(market: simlab.Run) -> None:
    rows = last(market.alignment.query("order == 1 and panel == 'responses' and a == 'users' and b == 'acme'"))
    assert len(rows) == 2
    assert value(market, "rho", b="acme") == pytest.approx(rows.rho.mean())
    shares = last(market.on_policy[market.on_policy.party == "users"]).set_index("model").share
    assert value(market, "regret") == pytest.approx(1 - shares.mean())
    assert value(market, "regret", model="lm") == 1 - shares["lm"] != value(market, "regret")


def test_each_model_counts_as_it_was_after_its_own_last_round() -> None:
    """One that is trained more seldom has an earlier last round, and is no less a model."""
    responses = pd.DataFrame({
        "agent": ["lm", "lm2", "lm", "lm2", "lm"], "round": [0, 0, 1, 1, 2],
        "truthful": [0.0, 0.0, 0.5, 0.25, 0.75], "fact_held_out": False,
    })  # fmt: skip
    run = SimpleNamespace(responses=responses)
    assert value(run, "score") == (0.25 + 0.75) / 2
    assert (value(run, "score", model="lm"), value(run, "score", model="lm2")) == (0.75, 0.25)
    assert pd.isna(value(run, "score", model="lm3"))


class Odd(simlab.Outcome):
    """What the run says itself."""

    name = "odd"

    def value(self, run: Any) -> Any:
        return run.found


def asked(found: Any) -> float:
    """What a study takes down of an outcome that gives this."""
    run: Any = SimpleNamespace(lent=lambda: SimpleNamespace(found=found))
    registry: Any = SimpleNamespace(get=lambda kind, name: Odd)
    return outcome_of(run, "odd", {"kind": "odd"}, registry)


@pytest.mark.parametrize(
    "found",
    ["12", None, np.array([1.0]), pd.Series([1.0]), 1j],
    ids=["text", "none", "array", "series", "complex"],
)
def test_what_a_study_is_given_is_one_number(found: Any) -> None:
    with pytest.raises(PluginFailed, match=r"^outcome 'odd' must give one number, or nan; it gave "):
        asked(found)


@pytest.mark.parametrize("found", [2, np.float32(2.0), np.array(2), Fraction(2)])
def test_numbers_of_any_make_are_numbers(found: Any) -> None:
    assert asked(found) == 2.0
    assert math.isnan(asked(math.nan))
