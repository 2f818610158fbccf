"""The outcome `score`: how well responses do by a criterion in the end."""

from __future__ import annotations

from pydantic import Field

import simlab


class Score(simlab.Outcome):
    """The mean score by a criterion of what a language model says after its last round, in [0, 1].

    Source: own idea. With `never_compared`, of responses about facts that nobody was ever asked to compare: what was
    learned beyond what was taught.
    """

    name = "score"

    criterion: str = Field("truthful", description="the criterion")
    model: str = Field("", description="the language model; default: all there are")
    never_compared: bool = Field(False, description="whether only responses about facts never compared count")

    def value(self, run: simlab.Run) -> float:
        rows = run.responses
        if self.criterion not in rows:
            return float("nan")
        if self.model:
            rows = rows[rows.agent == self.model]
        if self.never_compared:
            rows = rows[rows.fact_held_out]
        last = rows["round"] == rows.groupby("agent", observed=True)["round"].transform("max")
        return float(rows[self.criterion][last].mean())
