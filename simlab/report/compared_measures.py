"""The measures of one run that `compare` compares, by name of the measure, language model, and party or criterion.

`measured` returns them for a run as it ended, or as it was after a round; shares and sums of what people did go up to
there. A new measure is a line in one of its parts, and a place in `comparison_screen`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from simlab.report.labor_costs import labor_costs
from simlab.report.labor_measures import care, labels, posts
from simlab.tables.schemas import TABLES

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import Run

Key = tuple[str, str, str]  # measure, language model (or empty), of which party, criterion or account
SCORE, NEVER, CHANGED = "score", "score_never_compared", "changed"
ON_POLICY, RIGHT, CARE, TURNOVER, COST = "on_policy", "label_accuracy", "care", "turnover", "labor_cost"
COUNTED = (COST, "money", "hours", "pay", "flops")  # what a party had no part in counts as zero
UNITS = {COST: "USD", "money": "USD", "pay": "USD", "hours": "hours", "flops": "FLOP", TURNOVER: "separations a post"}


def measured(run: Run, round: int | None = None) -> dict[Key, float]:
    """Every measure of a run as it ended, or as it was after so many trainings of each language model."""
    until = math.inf if round is None else float(run.responses.time[run.responses["round"] == round].max())
    return {
        **_scores(run, round),
        **_preferences(run, round),
        **_reward_models(run, round),
        **_people(run, until),
        **_sums(run, until),
    }


def latest(rows: pd.DataFrame, by: str, round: int | None) -> pd.DataFrame:
    """The rows of a round, or of each language model's last."""
    return rows[rows["round"] == (rows.groupby(by)["round"].transform("max") if round is None else round)]


def criteria(rows: pd.DataFrame) -> list[str]:
    """The columns of scores of responses."""
    return ["answered", *(name for name in rows if not TABLES["responses"].means(name))]


def _scores(run: Run, round: int | None) -> dict[Key, float]:
    rows = latest(run.responses, "agent", round)
    found = {}
    for model, said in rows.groupby("agent", sort=False):
        for name in criteria(rows):
            found[SCORE, str(model), name] = float(said[name].mean())
            if said.fact_held_out.any():
                found[NEVER, str(model), name] = float(said[name][said.fact_held_out].mean())
    return found


def _preferences(run: Run, round: int | None) -> dict[Key, float]:
    """Win rates by judge, gains as shares of what was possible by party, and ρ by pair of parties and panel."""
    found = {}
    for row in latest(run.win_rate, "model", round).itertuples():
        found["win_rate", str(row.model), str(row.judge)] = float(row.rate)
    for row in latest(run.on_policy, "model", round).itertuples():
        found[ON_POLICY, str(row.model), str(row.party)] = float(row.share)
    for row in latest(run.alignment, "model", round).itertuples():
        about = [] if row.panel == "responses" else [f"panel {row.panel}"]
        about += [f"order {row.order}", f"against {row.against}"] if row.against else []
        pair = f"{row.a} ~ {row.b}" + (f" ({', '.join(about)})" if about else "")
        found["rho", str(row.model), pair] = float(row.rho)
    return found


def _reward_models(run: Run, round: int | None) -> dict[Key, float]:
    """Accuracy after the last training (or that which led to the round), by reward model and by whom it then learned
    from."""
    rows = run.reward_model
    if round is not None:
        rows = rows[rows["round"] <= round]
    found = {}
    for row in rows.groupby(["agent", "principal"], sort=False).last().reset_index().itertuples():
        for kind in ("held_out", "gold"):
            value = getattr(row, f"accuracy_{kind}")
            found[f"accuracy_{kind}", "", f"{row.agent} on {row.principal}"] = float(value)
    return found


def _people(run: Run, until: float) -> dict[Key, float]:
    """By pool: which share of its labels is as gold says, of pairs that gold decides (undecided is not right); how
    careful its people were in the last round; and how many have left, for each post."""
    found = {}
    for pool, share in labels(run, until).groupby("principal").right.mean().dropna().items():
        found[RIGHT, "", str(pool)] = float(share)
    for pool, took in care(run, until).groupby("party").last().items():
        found[CARE, "", str(pool)] = float(took)
    ended = run.employment.assign(gone=run.employment.ended <= until)
    for pool, gone in ended.gone.groupby(_pools(ended.worker)).sum().items():
        if places := posts(run, str(pool)):
            found[TURNOVER, "", str(pool)] = float(gone) / places
    return found


def _pools(workers: pd.Series[str]) -> pd.Series[str]:
    return workers.astype(str).str.split(":").str[0]


def _sums(run: Run, until: float) -> dict[Key, float]:
    """What corporations paid for labor; money by account, people counting under their pool; labor by party and kind."""
    found = {(COST, "", name): amount for name, amount in labor_costs(run, until).items()}
    ledger, labor = run.ledger[run.ledger.time <= until], run.labor[run.labor.time <= until]
    for account, amount in ledger.amount.groupby(ledger.account.str.split(":").str[0]).sum().items():
        found["money", "", str(account)] = float(amount)
    for (party, kind), sums in labor.groupby(["party", "kind"])[["hours", "pay", "flops"]].sum().iterrows():
        for measure, amount in zip(("hours", "pay", "flops"), sums.tolist(), strict=True):
            if amount:
                found[measure, "", f"{party}, {kind}"] = float(amount)
    return found
