"""Labels that were asked for and not given, and why, in a line for each pool and reward model of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from simlab.runs.loading import Run


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
