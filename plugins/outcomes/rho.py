"""The outcome `rho`: how far two parties agree in the end."""

from __future__ import annotations

from pydantic import Field

import simlab


class Rho(simlab.Outcome):
    """The correlation ρ of two parties' utilities on the panel of responses, after the last round.

    A correlation (Pearson 1896) of utilities centred within prompts (table `alignment`); NaN where either finds all
    alike.
    """

    name = "rho"

    a: str = Field("users", description="one party")
    b: str = Field("lm", description="the other party")

    def value(self, run: simlab.Run) -> float:
        rows = run.alignment[(run.alignment.order == 1) & (run.alignment.panel == "responses")]
        pair = rows[((rows.a == self.a) & (rows.b == self.b)) | ((rows.a == self.b) & (rows.b == self.a))]
        return float(pair.rho.iloc[-1]) if len(pair) else float("nan")
