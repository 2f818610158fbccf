"""A commission: how many labels a pool is asked for until it next looks at a reward model, and what became of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simlab.parties.candidates import Candidates


@dataclass(slots=True)
class Commission:
    """Rankings asked of a pool. `exact` is the number of pairs that the scenario names; None if it names a share."""

    closes: float  # the day on which what is left over is given up
    options: int  # responses a ranking, K
    overlap: int  # raters asked to rank the same responses
    exact: int | None
    wanted: int  # prompts there were to be
    found: Candidates

    @property
    def pairs(self) -> int:
        """Compared pairs a ranking."""
        return self.options * (self.options - 1) // 2

    @property
    def asked(self) -> int:
        """Labels asked for."""
        return self.overlap * (self.wanted * self.pairs if self.exact is None else self.exact)

    def shortages(self) -> list[str]:
        """Why there cannot be as many labels as asked for, in words."""
        said = []
        if self.exact is not None and self.wanted * self.pairs < self.exact:
            said.append(f"a ranking of {self.options} makes {self.pairs} pairs, which {self.exact} is no multiple of")
        if missing := self.wanted - len(self.found):
            fewer = "; a smaller `ranking` needs fewer" if self.options > 2 else ""
            what = f"{missing} of {self.wanted} rankings lack a prompt with {self.options} different responses"
            said.append(what + fewer)
        return said


def account(commissions: Sequence[Commission], labels: int) -> dict[str, Any]:
    """What was asked and what came of it, as columns of the table `reward_model`; `labels` were given."""
    asked = sum(one.asked for one in commissions)
    offered = sum(len(one.found) * one.pairs * one.overlap for one in commissions)
    why = [reason for one in commissions for reason in one.shortages()]
    if labels < offered:
        why.append(f"{offered - labels} labels were not given in the hours people had")
    return {
        "asked": asked,
        "labels": labels,
        "why_fewer": "; ".join(why) if labels < asked else "",
        "prompts": sum(one.found.prompts for one in commissions),
        "resampled": sum(one.found.resampled for one in commissions),
        "dropped": sum(one.found.dropped for one in commissions),
    }
