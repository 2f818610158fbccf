"""The outcome `regret`: what of the possible was not reached."""

from __future__ import annotations

from pydantic import Field

import simlab


class Regret(simlab.Outcome):
    """The share of what could have been gained for a party that was not, after the last round.

    1 less the gain in its utility as a share of that of the best policy on the same budget of divergence (column
    `share` of table `on_policy`); 0 is the best there is, 1 the pretrained model, and more is worse than that.
    Regret as in bandits (Lai & Robbins 1985, Advances in Applied Mathematics 6), as a share.
    """

    name = "regret"

    party: str = Field("users", description="for whom")

    def value(self, run: simlab.Run) -> float:
        rows = run.on_policy[run.on_policy.party == self.party]
        return 1.0 - float(rows.share.iloc[-1]) if len(rows) else float("nan")
