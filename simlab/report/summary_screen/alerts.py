"""Sections: what a reader must know before all else. A model that has collapsed or run away from its reference; labels
that were asked for and not given."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.text import Text

from simlab.tables.measured import ASKED, REACHABLE

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import Run


ALIKE = 0.8  # share of a model's responses that are one and the same, from which it has collapsed
DISTINCT = 0.02  # or share of its responses that are distinct, to which it has
FAR = 100.0  # nats from the reference beyond which nothing is left of it


def alarm(run: Run, model: str) -> list[Text]:
    """One line on what became of a model in its last round, if it is nothing one would use."""
    rows = run.responses[run.responses.agent == model]
    first, last = rows[rows["round"] == rows["round"].min()], rows[rows["round"] == rows["round"].max()]
    if rows["round"].nunique() < 2:
        return []
    kl, entropy = _policy(run, model)
    told = _collapse(last) if (rows.response != "").any() and not _collapse(first) else ""
    far = "" if math.isnan(kl) else f"KL {kl:,.0f} nats from its reference" if abs(kl) >= 9.5 else f"KL {kl:.1f} nats"
    if told:
        what = ", ".join(
            [told, *([far] if far else []), *([f"entropy {max(0.0, entropy):.2g}"] if entropy < 1 else [])]
        )
        return [Text(f"The model {model} has collapsed: {what}.", style="bold red")]
    if kl > FAR or math.isinf(kl):
        return [Text(f"The model {model} has run away: {far}.", style="bold red")]
    return []


def _collapse(rows: pd.DataFrame) -> str:
    """How few responses a model gives to how many prompts, if they are all but one."""
    prompts, distinct = rows.prompt.nunique(), rows.response.nunique()
    common = rows.response.value_counts(normalize=True).iloc[0]
    if prompts < 2 or not (common >= ALIKE or distinct <= DISTINCT * len(rows)):
        return ""
    told = f"{distinct} distinct response{'' if distinct == 1 else 's'} to {prompts:,} prompts"
    return told if distinct == 1 else f"{told}, {100 * common:.0f} % of them the same one"


def _policy(run: Run, model: str) -> tuple[float, float]:
    """KL and entropy per response, in nats, as last trained; NaN if it never was."""
    rows = run.policy[run.policy.agent == model]
    return (float(rows.objective_kl.iloc[-1]), float(rows.objective_entropy.iloc[-1])) if len(rows) else (math.nan,) * 2


def alarms(run: Run) -> list[Text]:
    """A paragraph on everything that went wrong while machines learned."""
    lines = told(run)
    head = "Alarm" if len(lines) == 1 else f"{len(lines)} alarms"
    return [Text("\n".join([f"{head} (table alarms):", *lines]), style="yellow")] if lines else []


def told(run: Run) -> list[str]:
    """A sentence for each thing that went wrong while machines learned, as it was told last, and in how many rounds."""
    if "alarms" not in run.tables:  # a run of a version that had none
        return []
    lines = []
    for _, rows in run.alarms.groupby(["party", "kind"], sort=False, observed=True):
        rounds = rows["round"].nunique()
        often = f" (in {rounds} rounds; this is of round {rows['round'].iloc[-1]})" if rounds > 1 else ""
        lines.append(f"{str(rows.message.iloc[-1]).removesuffix('.')}{often}.")
    return lines


def shortfalls(run: Run) -> list[Text]:
    """A paragraph, if fewer labels were given than asked for: by whom, how many, and why in the worst round."""
    looks = run.reward_model
    lines: list[str] = []
    if "asked" not in looks:  # a run of a version that did not count it
        return []
    for (pool, machine), rows in looks.groupby(["principal", "agent"], sort=False):
        short = rows[rows.labels < rows.asked]
        if len(short):
            worst = short.loc[(short.asked - short.labels).idxmax()]
            lines.append(
                f"{pool} gave {rows.labels.sum():,} of {rows.asked.sum():,} labels asked for about {machine}; round "
                f"{worst['round']}: {worst.why_fewer}."
            )
    return [Text("\n".join(lines))] if lines else []


def unlike(run: Run) -> list[Text]:
    """A line for each pool whose people are too unlike to agree as often as the scenario says."""
    rows = run.agreement
    lines = []
    for pool, mine in rows[rows.statistic.isin((ASKED, REACHABLE))].groupby("principal", sort=False):
        asked, reachable = (float(mine[mine.statistic == name].value.iloc[0]) for name in (ASKED, REACHABLE))
        lines.append(
            f"{pool}: agreement {asked:g} was asked for, but these people see or value such different things that two "
            f"of them agree on {reachable:.2f} of clear pairs even without noise, so they have none."
        )
    return [Text("\n".join(lines), style="yellow")] if lines else []
