"""The price of an order of judgement: what is lost without it, for how much, and where it is worth nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simlab
from simlab.cli import main
from simlab.cli.console import console
from simlab.errors import InvalidInput
from simlab.measures.control_loss import best_depth
from simlab.report.prices import control_depth, prices, turning_point
from simlab.report.study_screen import screen
from simlab.runs.study_folder import write_json
from simlab.studies.study import run_study
from simlab.studies.task import Task
from tests.small_world import HIERARCHY
from tests.studies.made_up import MadeUp

AUDITORS = Path(__file__).parents[2] / "scenarios" / "05_auditors.yaml"

SMALL = {"waterfall.redraw": [], "days": 10}


@pytest.fixture(scope="module")
def auditors(tmp_path_factory: pytest.TempPathFactory) -> simlab.StudyRuns:
    """Scenario 05 in a form that takes a second a run: ten days."""
    out = tmp_path_factory.mktemp("prices") / "out"
    small = {"small": True, "seeds": 1, "set": SMALL}
    return run_study(AUDITORS, out=out, jobs=1, local=False, value_of="leads,directors", overrides=small)


@pytest.mark.slow
def test_leads_are_worth_what_the_scenario_says_and_directors_nothing(auditors: simlab.StudyRuns) -> None:
    """Its header: leads are worth .44 of raters' fidelity (.38 to .5), directors nothing."""
    found = prices(auditors).set_index(["outcome", "order"])
    assert list(found.loc["fidelity"].depth) == [2, 4]
    assert 0.3 < found.loc[("fidelity", "leads"), "change"] < 0.55
    assert abs(found.loc[("fidelity", "directors"), "change"]) < 0.02
    assert prices(auditors).attrs["depth"]["fidelity"]["depth"] == 4


@pytest.mark.slow
def test_dollars_are_those_of_the_tables(auditors: simlab.StudyRuns) -> None:
    pay = {(c.arm, c.seed): p.labor.pay.sum() for c, p in zip(auditors.cells, auditors.parts, strict=True)}
    true = {
        (c.arm, c.seed): p.orders[p.orders.agent == "pool"].fidelity_guideline.iloc[-1]
        for c, p in zip(auditors.cells, auditors.parts, strict=True)
    }
    spent = [pay["everybody", seed] - pay["without leads", seed] for seed in (1,)]
    gained = [true["everybody", seed] - true["without leads", seed] for seed in (1,)]
    row = prices(auditors).query("outcome == 'fidelity' and order == 'leads'").iloc[0]
    assert row.dollars == pytest.approx(np.mean(spent))
    assert row.per_point == pytest.approx(np.mean(spent) / (100 * np.mean(gained)))


@pytest.mark.slow
def test_a_screen_and_an_object_say_it(auditors: simlab.StudyRuns, capsys: pytest.CaptureFixture[str]) -> None:
    """The copy that the study keeps of itself is a study that asks the same."""
    file = str(auditors.path / "study.yaml")
    options = ["--set", "small=true", "--set", "seeds=1", "--jobs", "1", "--out", str(auditors.path)]
    options += ["--set", f"set={json.dumps(SMALL)}"]
    assert main(["study", file, *options]) == 0
    assert "The price of an order" in capsys.readouterr().out
    assert main(["study", file, *options, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {row["order"] for row in said["prices"]} == {"leads", "directors"}
    assert said["depth"]["fidelity"]["depth"] == 4
    assert said["control.depth"]["why_nan"] == "firms take in nothing"


class Lacking(MadeUp):
    """Runs without leads have no validity, as in truth."""

    def results(self) -> Iterator[tuple[Task, dict[str, Any]]]:
        for task, row in super().results():
            if "leads" in task.without:
                del row["outcomes"]["validity"]
                write_json(task.cell.row, row)
            yield task, row


def test_an_outcome_that_nobody_has_without_an_order_has_no_price(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside one that has, and where levers vary, too."""
    wage = "parties.leads.wage"
    vary = {"orders": ["leads", "managers"], "levers": {wage: [12, 20]}}
    outcomes = {"validity": {"kind": "validity"}}
    said = {"name": "prices", "scenario": str(AUDITORS), "seeds": 4, "vary": vary, "outcomes": outcomes}
    file = tmp_path / "study.yaml"
    file.write_text(json.dumps(said))
    made = Lacking(lambda at, seed: dict.fromkeys(("validity", "fidelity", "rho", "labor"), seed * at[wage]))
    study = run_study(file, out=tmp_path / "out", local=False, executor=made)
    found = prices(study).set_index(["outcome", "order"])
    assert math.isnan(found.loc[("validity", "leads"), "change"])
    for outcome, order in (("validity", "managers"), ("fidelity", "leads")):
        assert found.loc[(outcome, order), ["change", "n"]].to_list() == [0, 4]
    console().print(screen(study))
    assert "The price of an order" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("means", "ends"),
    [
        ([0.4, 0.2, -0.3], [4, 4, 4]),
        ([-0.4, 0.2, 0.2], [2, 2, 2]),
        ([0.4, 0.3, 0.3], [5, 5, 5]),
        ([0.4, 0.02, -0.02], [4, 3, 5]),
    ],
)
def test_the_depth_at_which_an_order_is_worth_nothing(means: list[float], ends: list[int]) -> None:
    """Of three orders from 2 on whose worth differs between four seeds by .1 (± .13 by Student's t)."""
    changes = np.array(means) + 0.1 * np.array([[1, 1, 1], [-1, -1, -1], [0, 0, 0], [0, 0, 0]])
    found = turning_point(changes, [2, 3, 4])
    assert list(found.values()) == ends


@pytest.mark.parametrize("worth", [-0.5, 0.0, 0.5])
def test_its_interval_holds_the_depth_as_often_as_it_says(worth: float) -> None:
    """Of one order, which is worth something or not; the ends are one-sided, 97.5 % each."""
    drawn = np.random.default_rng(4).normal(worth, 1.0, size=(400, 6, 1))
    true = 2 if worth <= 0 else 3
    held = np.mean([at["low"] <= true <= at["high"] for at in (turning_point(each, [2]) for each in drawn)])
    assert held > 0.975 - 4 * math.sqrt(0.975 * 0.025 / 400)


def test_one_seed_has_no_interval() -> None:
    assert math.isnan(turning_point(np.array([[1.0, 0.5]]), [2, 3])["low"])
    assert math.isnan(turning_point(np.empty((0, 2)), [2, 3])["depth"])


@pytest.mark.parametrize(("orders", "said"), [("leds", "there is no party 'leds'"), ("each", "nobody can be left out")])
def test_mistakes_name_the_option(orders: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(json.dumps(HIERARCHY))
    with pytest.raises(InvalidInput, match=f"--value-of: .*{said}"):
        run_study(file, out=tmp_path / "out", jobs=1, local=False, value_of=orders)


# ---- the law -------------------------------------------------------------------------------------------------------


class Tables:
    """A run of which there are tables only: two orders of judges above a pool, each dearer and a fifth as many."""

    def __init__(self, passed_on: float, revenue: float) -> None:
        import pandas as pd

        parties: dict[str, Mapping[str, Any]] = {
            "acme": {"kind": "corporation"},
            "pool": {"kind": "raters", "count": 50, "wage": 10},
            "leads": {"kind": "auditors", "count": 10, "wage": 15},
            "managers": {"kind": "auditors", "count": 2, "wage": 22.5},
        }
        self.runs = pd.DataFrame({"parameters": [json.dumps({"parties": parties})]})
        judges = {"principal": ["leads", "managers"], "agent": ["pool", "leads"], "fidelity_principal": passed_on}
        self.orders = pd.DataFrame(judges)
        self.labor = pd.DataFrame({"party": ["pool", "leads"], "pay": [100.0, 50.0]})
        self.ledger = pd.DataFrame({"account": ["acme", "acme", "pool:1"], "amount": [revenue, -50.0, 10.0]})


@pytest.mark.parametrize(("passed_on", "revenue"), [(0.9, 1000.0), (0.8, 500.0), (0.7, 4000.0)])
def test_the_law_is_given_what_the_tables_say(passed_on: float, revenue: float) -> None:
    found = control_depth(Tables(passed_on, revenue))  # type: ignore[arg-type]
    price = 100 / (revenue / passed_on**2)  # wage bill over revenue, had two levels not lost what they lose
    assert found["levels"] == 3
    assert found["best"] == pytest.approx(best_depth(alpha=passed_on, span=5, beta=1.5, price=price))
    assert found["best"] != pytest.approx(best_depth(alpha=passed_on, span=5, beta=1.5, price=100 / revenue), rel=0.01)


@pytest.mark.parametrize(("passed_on", "revenue"), [(0.9, 0.0), (-0.1, 10.0), (0.1, 10.0)])
def test_or_it_says_why_it_says_nothing(passed_on: float, revenue: float) -> None:
    found = control_depth(Tables(passed_on, revenue))  # type: ignore[arg-type]
    assert math.isnan(found["best"])
    assert found["why_nan"]
