"""Dismissal: people whose record says that they are not good enough lose their jobs.

Source: Shapiro & Stiglitz 1984, "Equilibrium unemployment as a worker discipline device": the threat is the incentive.
`simlab.components.review` has the rules by which it may be decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

import simlab
from simlab.components.consequence import Amiss
from simlab.components.review import Below
from simlab.consequences.people import dismissed, judged, pool_of
from simlab.scenario.fields import NoReviewField


class Fire(simlab.Consequence):
    """People whose agreement with their judge is low are fired."""

    name = "fire"
    principals = ("corporation", "vendor", "auditors")
    agents = ("raters", "auditors")
    instead_of: ClassVar[dict[str, tuple[str, ...]]] = {
        "below": ("review",),
        "review": ("below", "after_warnings", "min_sample"),
    }
    example: ClassVar[dict[str, object]] = {"below": 0.5}

    below: float | None = Field(None, ge=0, le=1, description="agreement with gold below which a rater is fired")
    after_warnings: int = Field(0, ge=0, le=1000, description="only after this many warnings")
    min_sample: int = Field(1, ge=1, le=1_000_000, description="only with at least this many audited pairs")
    review: NoReviewField = Field(None, description="a review rule that decides instead of `below`")
    ban: bool = Field(False, description="whether no pool of the same labor market hires those dismissed again")

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if self.below is None and self.review is None:
            fix = "write {kind: fire, below: …}, or name a review"
            raise PydanticCustomError("rule", "below is missing", {"fix": fix})
        if self.below is not None and self.review is not None:
            raise PydanticCustomError("rule", "fire takes either below or a review, not both")
        if self.review is not None and (self.after_warnings, self.min_sample) != (0, 1):
            raise PydanticCustomError("rule", "after_warnings and min_sample go with below; a review has its own")
        return self

    def act(self, relation: simlab.Relation, judgement: simlab.Judgement) -> Sequence[simlab.Effect]:
        """Who was just judged is fired if the whole record with this principal says so."""
        pool = pool_of(relation)
        rule, reason = self.review, f"agreement with gold below {self.below or 0.0:g}"
        if rule is None:
            rule = self._threshold(self.after_warnings)
        else:
            reason = f"{rule.name} review"
        rows = judged(pool, judgement)
        return dismissed(relation, pool, rows, rule, reason, "fired", banned=self.ban)

    def dismissal(self) -> simlab.Review:
        """The rule by which people reckon; warnings are history, and not reckoned with."""
        return self.review if self.review is not None else self._threshold(0)

    def amiss(self, relation: Any, principal: Any) -> Iterator[Amiss]:
        """It cannot wait for warnings that nobody gives."""
        if self.after_warnings and not any(other.name == "warn" for other in relation.consequence):
            yield (), "fires only after warnings, but nobody is ever warned", "add {kind: warn, below: 0.65}"

    def _threshold(self, after_warnings: int) -> Below:
        return Below(below=self.below or 0.0, min_sample=self.min_sample, after_warnings=after_warnings)
