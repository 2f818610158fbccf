"""A machine as auditor: silent before it has learned, then it holds people to what it made of their labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simlab.machines.transformer_lm import TransformerLM
from simlab.machines.transformer_rm import TransformerRM
from simlab.nets.sizes import TransformerConfig, flops_per_token
from simlab.worlds.world import Items
from tests.plugins.looks.work import Society, hours, look, looked_at, near, scores
from tests.small_world import LEARN

RM: dict[str, Any] = {"kind": "machine", "to": "rm"}


@pytest.mark.parametrize(("person", "machine"), [(0.8, 0.9), (0.6, 0.7), (0.95, 0.55)])
def test_the_score_is_agreement_with_the_side_it_finds_better(person: float, machine: float) -> None:
    society = Society([person], 8000)
    finds = np.where(society.by(machine, "machine") == 1, 0.3, -2.0)
    found = look("machine", to="rm").score(society.work(machine=finds))
    assert near(found, person * machine + (1 - person) * (1 - machine))
    assert not near(found, person)  # the control: gold


def test_a_tie_of_the_machines_is_half_right_and_no_machine_no_score() -> None:
    work = Society([1.0], 3).work(machine=np.array([0.0, np.nan, 1.0]))
    work.label = np.array([1, 1, 1])
    np.testing.assert_allclose(look("machine", to="rm").score(work), [0.5, np.nan, 1.0])


def test_nobody_is_judged_before_the_machine_has_learned(tmp_path: Path) -> None:
    """On the first day acme looks before the reward model has learned anything; it costs nobody's hours."""
    run = looked_at(tmp_path, RM)
    judged = run.judgements[run.judgements.order == 2]
    assert sorted(judged.time.unique()) == [2, 3, 4, 5]
    assert hours(run, "auditing") == hours(run, "asking again") == 0


def test_a_reward_model_of_many_labels_is_nearly_gold(tmp_path: Path) -> None:
    found, error, _ = scores(looked_at(tmp_path, RM, {f"{LEARN}.sample": 3000, "days": 3}))
    assert abs(found - 0.8) < 4 * error + 0.03  # and errs on close pairs only


def test_the_loop_closes_on_what_people_value(tmp_path: Path) -> None:
    """Raters who all go by something else are found right by the machine they taught, and wrong by the guideline."""
    changes = {"parties.pool.policy": "oracle", "parties.pool.values": {"helpful": -1}, "parties.pool.compliance": 0.0}
    found, _, _ = scores(looked_at(tmp_path, RM, {**changes, f"{LEARN}.sample": 3000, "days": 3}))
    gold, _, _ = scores(looked_at(tmp_path, "gold", changes))
    assert found > 0.9
    assert gold < 0.1


def test_a_language_model_can_be_asked(tmp_path: Path) -> None:
    run = looked_at(tmp_path, {"kind": "machine", "to": "lm"})
    judged = run.judgements[run.judgements.order == 2]
    assert len(judged)
    assert judged.score.mean() > 0.5


def test_what_machines_find_is_in_the_table_of_orders(tmp_path: Path) -> None:
    orders = looked_at(tmp_path, RM, {"days": 3}, measured=True).orders
    mine = orders[orders.order == 2]
    assert set(mine.look) == {"machine"}
    assert set(orders[orders.order == 1].look) == {""}


def test_what_the_machine_computes_is_labor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row of FLOP each time it is asked, in a world of vectors of none; nobody's hours."""
    monkeypatch.setattr("simlab.machines.linear_rm.LinearRM.reading", lambda self, items: 1e9 * len(items))
    run = looked_at(tmp_path, RM, {"days": 3})
    labor, judged = run.labor[run.labor.kind == "auditing"], run.judgements[run.judgements.order == 2]
    pieces = judged.groupby("time")["sample"].sum()
    assert set(labor.party) == {"rm"}
    assert labor.flops.tolist() == (2e9 * pieces).tolist()
    assert labor.pay.sum() == 0


def test_a_network_reads_every_word_once_for_each_of_its_members() -> None:
    """2N operations a token and what attention takes (Kaplan et al. 2020), and the pretrained model's reading."""
    config = {"vocab": 50, "width": 16, "layers": 1, "heads": 2, "context": 24}
    language = TransformerLM.__new__(TransformerLM)
    language.config = config
    language.prompt_tokens = lambda prompts: np.full((len(prompts), 5), 7)  # type: ignore[method-assign]
    items = Items(np.zeros(3, dtype=np.int64), np.array([[4, 4, 0], [4, 0, 0], [4, 4, 4]]))
    each = flops_per_token(TransformerConfig(**config), training=False)
    assert language.reading(items) == each * (3 * 5 + 6)
    assert TransformerRM(4, language, None).reading(items) == 5 * language.reading(items)  # type: ignore[arg-type]
