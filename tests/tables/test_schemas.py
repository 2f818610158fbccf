"""The data dictionary: complete, consistent, and with the columns others rely on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simlab.plugins.registry import discover
from simlab.tables.schemas import TABLES
from tests.small_world import play

PINNED = {  # columns that readers outside the project may rely on
    "runs": "run scenario seed status",
    "alignment": "run time round order panel against a b rho accuracy tau n low high why_nan",
    "responses": "run time round corporation prompt response answered",
    "comparisons": "run time round task worker left right label source held_out guideline_version",
    "employment": "run worker employer hired ended reason",
    "judgements": "run judgement time round order principal agent",
    "consequences": "run judgement time kind agent amount",
    "win_rate": "run round judge rate n",
    "orders": "run time round order principal agent people looks hours pay share fidelity_guideline fidelity_intent"
    " fidelity_principal validity_guideline validity_intent validity_principal low high n why_nan goodhart_gap",
    "reward_model": "run", "policy": "run objective_kl", "guidelines": "run", "ledger": "run",
}  # fmt: skip


@pytest.mark.parametrize("name", PINNED)
def test_pinned_columns_are_there(name: str) -> None:
    assert set(PINNED[name].split()) <= set(TABLES[name].names)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_and_column_is_documented(name: str) -> None:
    table = TABLES[name]
    assert table.name == name
    assert table.meaning.endswith(".")
    assert table.names[0] == "run"
    assert len(set(table.names)) == len(table.names)
    assert set(table.key) <= set(table.names)
    assert all(column.meaning and column.name.islower() for column in table.columns)


def test_a_name_has_one_type_everywhere() -> None:
    """But for the version of simlab and of a guideline, a response's number and its text, and gold, which is a side or
    an amount."""
    types: dict[str, set[str]] = {}
    for table in TABLES.values():
        for column in table.columns:
            types.setdefault(column.name, set()).add(column.type)
    assert {name for name, found in types.items() if len(found) > 1} == {"version", "response", "gold"}


def meaning(table: str, column: str) -> str:
    return next(c.meaning for c in TABLES[table].columns if c.name == column)


def test_what_the_dictionary_says_is_so(tmp_path: Path) -> None:
    """Of columns that are easily taken for something else."""
    run = play(tmp_path, {"days": 2}, measured=True)
    assert "empty in vector worlds" in meaning("candidates", "text")
    assert "empty in vector worlds" in meaning("responses", "response")
    assert run.candidates.text.eq("").all()
    assert run.responses.response.eq("").all()
    machine: Any = run.context.parties["rm"]
    raw = machine.backend.score(machine.reference)
    assert "pretrained model's responses" in meaning("reward_model", "score_mean")
    assert run.reward_model.score_mean.iloc[-1] == pytest.approx(raw.mean())
    assert run.reward_model.score_std.iloc[-1] == pytest.approx(raw.std())
    assert "one row a shift of people (all they did at one time) or a computation" in TABLES["labor"].meaning
    people = run.labor[run.labor.party == "pool"]
    assert len(people) == run.comparisons.time.nunique()
    assert "audited pairs" in str(
        discover(local=False).get("consequence", "fire").model_fields["min_sample"].description
    )


def test_dictionary_and_loader_import_no_library() -> None:
    heavy = "[m for m in ('torch', 'pandas', 'pyarrow') if m in sys.modules]"
    script = f"import sys, simlab.tables.schemas, simlab.runs.loading; print({heavy})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
