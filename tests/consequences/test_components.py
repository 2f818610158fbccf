"""Consequences are plugins: one of a user's own works wherever built-in ones do, and none remembers another run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simlab import InvalidInput
from simlab.cli import main
from simlab.plugins.registry import Registry, discover
from simlab.scenario import load
from simlab.scenario.json_schema import schema
from simlab.testing import society
from tests.small_world import AUDIT, LOOK, TRAIN, played, written

MINE = '''
"""A gift for everybody after every second look (Mauss 1925)."""

import simlab
from pydantic import Field

class Gift(simlab.Consequence):
    """People are given something."""
    name = "gift"
    principals = ("corporation",)
    agents = ("raters",)
    unforeseen = "gifts"
    amount: float = Field(gt=0, description="the gift, in $")
    _looks: int = 0

    def act(self, relation, judgement):
        self._looks += 1
        if self._looks % 2:
            return []
        for name in judgement.scores:
            self.context.log.transfer(relation.principal.name, name, self.amount, "gift")
        return [simlab.Effect("gift", name, self.amount, "$", "second look") for name in judgement.scores]
'''


@pytest.fixture
def mine(tmp_path: Path) -> Registry:
    (tmp_path / "gift.py").write_text(MINE)
    return discover(tmp_path, local=True)


@pytest.mark.slow
def test_a_users_own_consequence_happens(tmp_path: Path, mine: Registry) -> None:
    changes = {"days": 5, f"{AUDIT}.consequence": {"kind": "gift", "amount": 3.0}}
    scenario = load(written(tmp_path / "scenario.yaml", changes), plugins=mine)
    assert ("consequence", "gift") in scenario.plugins_used()
    assert len(mine.hashes(scenario.plugins_used())["consequence:gift"]) == 64
    run = played(scenario, tmp_path / "run")
    gifts = run.consequences[run.consequences.kind == "gift"]
    assert set(gifts.time) == {2.0, 4.0}
    assert set(gifts.amount) == {3.0}
    assert len(gifts) == (run.ledger.reason == "gift").sum() / 2
    again = played(scenario, tmp_path / "again")  # the same scenario, which has counted nothing
    assert again.consequences.drop(columns="run").equals(run.consequences.drop(columns="run"))


def test_it_is_in_the_schema_in_the_keys_and_in_the_description(
    tmp_path: Path, mine: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "gift, in $" in json.dumps(schema(mine))
    file = written(tmp_path / "scenario.yaml", {f"{AUDIT}.consequence": {"kind": "gift", "amount": 3.0}})
    assert main(["describe", str(file)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "then gift (amount 3): people are given something" in printed
    assert "not reckoned: gifts" in printed


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({LOOK: "gift"}, "gift is no consequence of users → corporation (possible: churn)"),
        ({TRAIN: "gift"}, "gift is no consequence of reward_model → language_model (possible: gradient)"),
        ({AUDIT: "gift"}, "amount is missing"),
        ({AUDIT: "gfit"}, "there is no kind 'gfit' here (did you mean 'gift'?"),
        ({AUDIT: {"kind": "gift", "amount": 3, "amonut": 2}}, "unknown key 'amonut' (did you mean 'amount'?"),
        ({AUDIT: {"kind": "gift", "amount": "3"}}, "'3' should be a valid number (write 3, without quotes"),
    ],
)
def test_it_is_checked_like_any_other(changes: dict[str, Any], said: str, tmp_path: Path, mine: Registry) -> None:
    file = written(tmp_path / "scenario.yaml", {f"{at}.consequence": what for at, what in changes.items()})
    with pytest.raises(InvalidInput) as refused:
        load(file, plugins=mine)
    assert said in str(refused.value)


def test_everywhere_a_built_in_may_stand_there_is_a_place_to_try_it() -> None:
    """But for raters of a language model, who take networks: no built-in but the gradient follows there."""
    from simlab.scenario.checks.rules import RULES

    direct = ("raters", "language_model")
    assert society.kinds() == set(RULES) - {direct}
    known = discover(local=False)
    assert not [name for name in known.names("consequence") if known.get("consequence", name).may_follow(*direct)]
