"""What a scenario file may say about the conditions people work under: hiring, tiring, practice, harm, exit, voice."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from simlab.components.spec import Spec
from simlab.scenario.fields import GoldTestField, Name, ReviewField


class ScreeningSpec(Spec):
    """A test before hiring: candidates label gold items, unpaid, and only those who pass are hired.

    What the test costs the employer is the pool's `screening_cost`.
    InstructGPT chose about 40 labelers by such tests, AlpacaFarm 16 of 34 candidates.
    """

    items: int = Field(10, ge=1, le=10_000, description="gold items each candidate labels")
    test: GoldTestField = Field(
        "gold_test", validate_default=True, description="who is turned away: a review rule, asked about these answers"
    )
    candidates: int = Field(20, ge=1, le=10_000, description="candidates looked at for one vacant place, at most")

    @model_validator(mode="after")
    def _answerable(self) -> ScreeningSpec:
        needed = getattr(self.test, "items", 0)
        if needed > self.items:
            numbers: dict[str, Any] = {"items": self.items, "test": self.test.name, "needed": needed}
            what = "{items} gold items are too few for {test}, which looks at {needed}"
            raise PydanticCustomError("items", what, numbers)
        return self


class SharedSpec(Spec):
    """What people err in together, so that it does not average out over them; all who share a group share it.

    Of the variance of misreadings a part `misreading` is common to a group. Of mistakes in choice, the latent draws of
    any two people about one item correlate by `mistakes`: items that are hard, or invite a common false belief.
    """

    misreading: float = Field(0.0, ge=0, le=1, description="part of the variance of misreadings that is common")
    mistakes: float = Field(0.0, ge=0, lt=1, description="correlation of two people's draws of choice about one item")
    within: Literal["pool", "vendor", "shift", "nation"] = Field(
        "pool", description="who errs together: a pool, all below one vendor, one shift of a pool, or one nation"
    )
    shifts: int = Field(2, ge=1, le=1000, description="shifts of a pool, if `within` is shift: people in turn")
    nation: str = Field("", max_length=64, description="which nation, if `within` is nation: pools may name the same")

    @model_validator(mode="after")
    def _of_some_nation(self) -> SharedSpec:
        if (self.within == "nation") != bool(self.nation):
            what = "within: nation and nation: NAME go together"
            fix = "name the nation, as {misreading: 0.5, within: nation, nation: kenya}"
            raise PydanticCustomError("nation", what, {"fix": fix})
        return self


def _of_misreading(value: Any) -> Any:
    """A number is short for `{misreading: NUMBER}`."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return {"misreading": float(value)} if number else value


SharedField = Annotated[SharedSpec, BeforeValidator(_of_misreading, json_schema_input_type=SharedSpec | float)]


class ProbationSpec(Spec):
    """New people are reviewed by a stricter rule for a while, and go if they fail it: at looks of their employer; where
    it does not look at them itself, at those of whoever judges them, raters and auditors of any order."""

    days: float = Field(gt=0, le=36_500, description="length of probation since hiring, in days")
    review: ReviewField = Field(description="the rule: a review, as {kind: threshold, below: 0.7}")


class FatigueSpec(Spec):
    """Hours of work that are not yet slept off make choices noisier."""

    rate: float = Field(0.05, ge=0, le=10, description="growth of noise per hour of fatigue, on the log scale")
    half_life: float = Field(6.0, gt=0, le=10_000, description="time off in which half of it is gone, in hours")


class LearningSpec(Spec):
    """Practice makes quicker and surer, as a power of the tasks done."""

    seconds: float = Field(0.0, ge=0, le=5, description="exponent by which time for a comparison falls with tasks done")
    noise: float = Field(0.0, ge=0, le=5, description="exponent by which noise of choice falls with tasks done")
    floor: float = Field(0.3, gt=0, le=1, description="share of either that no practice takes away")


class ExposureSpec(Spec):
    """Time spent on harmful responses adds up, and fades."""

    criterion: Name = Field("harmless", description="the criterion that harmful responses score low in")
    below: float | None = Field(
        None, ge=-1e6, le=1e6, description="score below which a response is harmful; default: the criterion's middle"
    )
    half_life: float = Field(30.0, gt=0, le=36_500, description="time in which half of it fades, in days")


class QuitsSpec(Spec):
    """People leave by their own choice: at a rate that grows with how much better they could do elsewhere, and with
    fatigue and exposure.
    """

    rate: float = Field(0.002, ge=0, le=10, description="hazard of quitting where nothing is amiss, per day")
    outside: float = Field(0.0, ge=0, le=1e6, description="what an hour elsewhere brings, in $")
    wage: float = Field(2.0, ge=0, le=100, description="growth of the log hazard per unit of log(outside / own pay)")
    fatigue: float = Field(0.0, ge=0, le=100, description="growth of the log hazard per hour of fatigue")
    exposure: float = Field(0.0, ge=0, le=100, description="growth of the log hazard per hour of exposure")


class CollusionSpec(Spec):
    """Auditors who know some of those they audit, and are silent about their errors where that pays both."""

    share: float = Field(gt=0, le=1, description="chance that an auditor and a person audited know one another")
    stake: float = Field(
        ge=0, le=1e6, description="x, what an answer found wrong costs its author, as they see it, in $"
    )
    efficiency: float = Field(1.0, gt=0, le=1, description="λ, what a $ paid in secret is worth to the auditor, in $")


class VoiceSpec(Spec):
    """Who is told to be wrong may appeal; the judge looks again with fresh gold, and upholds the appeal or not."""

    appeal: float = Field(0.5, ge=0, le=1, description="chance that an answer found wrong is appealed")
    sure: float = Field(
        0.0, ge=0, le=1e6, description="only where the perceived difference was at least this, in units of utility"
    )
    cost: float = Field(0.0, ge=0, le=86_400, description="time of the person's that an appeal takes, in seconds")
