"""Consequences are plugins: one of a user's own works wherever built-in ones do, and none remembers another run."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

import simlab
from simlab import Effect, InvalidInput
from simlab.cli import main
from simlab.engine.event_log import EventLog
from simlab.engine.ledger import Ledger
from simlab.errors import PluginFailed
from simlab.plugins.registry import Registry, discover
from simlab.relation import effects_of
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


class Odd(simlab.Consequence):
    """Something that is done by nobody."""

    name = "odd"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Effect("gift", "pool:1"), "a list of effects; it gave Effect "),
        ((Effect("gift", "pool:1") for _ in range(2)), "a list of effects; it gave generator "),
        ([("gift", "pool:1")], "a list of effects; one is <U6 of shape (2,), such as 'gift' "),
        ([Effect("gift", "pool:1"), Effect("gift", "pool:2", "5")], "one number, or nan; it gave str '5' "),  # type: ignore[arg-type]
        ([Effect("gift", "pool:1", None)], "one number, or nan; it gave None "),  # type: ignore[arg-type]
        ([Effect("gift", "pool:1", math.inf)], "one number, or nan; it gave inf "),
        ([Effect("gift", 1, 2.0)], "effects whose agent is a text; it gave int 1 "),  # type: ignore[arg-type]
    ],
    ids=["effect", "generator", "tuple", "text", "none", "infinite", "agent"],
)
def test_what_a_consequence_gives_as_done_is_checked(found: Any, said: str) -> None:
    with pytest.raises(PluginFailed, match=r"^consequence 'odd' must give ") as caught:
        effects_of(Odd(), found)
    assert said in str(caught.value)


def test_a_consequence_may_have_done_nothing_or_something_without_an_amount() -> None:
    done = [Effect("gift", "pool:1", 2, "$"), Effect("word", "pool")]
    assert effects_of(Odd(), done) == effects_of(Odd(), tuple(done)) == done
    assert effects_of(Odd(), None) == effects_of(Odd(), []) == []


@pytest.mark.parametrize(
    ("payee", "amount", "said"),
    [
        ("pool:1", math.nan, "1 payees, not nan"),
        ("pool:1", [math.inf], "1 payees, not inf"),
        ("pool:1", "5", "1 payees, not <U1 of shape (1,), such as '5'"),
        ("pool:1", None, "1 payees, not object of shape (1,), such as None"),
        (["pool:1", "pool:2"], 5.0, "2 payees, not (1,)"),
        (["pool:1", "pool:2"], [1, 2, 3], "2 payees, not (3,)"),
    ],
)
def test_money_is_a_finite_amount_for_each_payee(payee: Any, amount: Any, said: str) -> None:
    log = EventLog(lambda about: {"time": 1.0, "round": 0}, lambda relation: 1, ledger := Ledger())
    with pytest.raises(ValueError, match="a transfer takes a finite amount in") as caught:
        log.transfer("acme", payee, amount, "gift")
    assert str(caught.value).endswith(said)
    assert (ledger.transfers, dict(ledger.balances)) == (0, {})
