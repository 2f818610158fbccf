"""The outcome `rho`: how far two parties agree in the end."""

from __future__ import annotations

from pydantic import Field

import simlab


class Rho(simlab.Outcome):
    """The correlation ρ of two parties' utilities on the panel of responses, after the last round.

    A correlation (Pearson 1896) of utilities centred within prompts (table `alignment`); NaN where either finds all
    alike. Where there are several language models, each has a panel of what it says.
    """

    name = "rho"

    a: str = Field("users", description="one party")
    b: str = Field("lm", description="the other party")
    model: str = Field("", description="on whose panel; default: b's own, or a's, if it has one; else all there are")

    def value(self, run: simlab.Run) -> float:
        rows = run.alignment[(run.alignment.order == 1) & (run.alignment.panel == "responses")]
        pair = rows[((rows.a == self.a) & (rows.b == self.b)) | ((rows.a == self.b) & (rows.b == self.a))]
        model = self.model or next((name for name in (self.b, self.a) if (pair.model == name).any()), "")
        last = (pair[pair.model == model] if model else pair).groupby("model", observed=True).tail(1)
        return float(last.rho.mean(skipna=False)) if len(last) else float("nan")
