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
    model: str = Field("", description="by which language model; default: the mean of all there are")

    def value(self, run: simlab.Run) -> float:
        rows = run.on_policy[run.on_policy.party == self.party]
        last = (rows[rows.model == self.model] if self.model else rows).groupby("model", observed=True).tail(1)
        return 1.0 - float(last.share.mean(skipna=False)) if len(last) else float("nan")
