"""What a scenario file may say of each consequence."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from simlab.components.spec import Spec
from simlab.scenario.fields import NoGuidelinePolicyField, NoReviewField


class PaySpec(Spec):
    """People are paid for the hours they worked."""

    kind: Literal["pay"] = "pay"


class WarnSpec(Spec):
    """People whose agreement with their judge is low are warned."""

    kind: Literal["warn"] = "warn"
    below: float = Field(ge=0, le=1, description="agreement with gold below which a rater is warned")


class FireSpec(Spec):
    """People whose agreement with their judge is low are fired."""

    instead_of: ClassVar = {"below": ("review",), "review": ("below", "after_warnings", "min_sample")}
    kind: Literal["fire"] = "fire"
    below: float | None = Field(None, ge=0, le=1, description="agreement with gold below which a rater is fired")
    after_warnings: int = Field(0, ge=0, le=1000, description="only after this many warnings")
    min_sample: int = Field(1, ge=1, le=1_000_000, description="only with at least this many audited pairs")
    review: NoReviewField = Field(None, description="a review rule that decides instead of `below`")

    @model_validator(mode="after")
    def _one_rule(self) -> FireSpec:
        if self.below is None and self.review is None:
            fix = "write {kind: fire, below: …}, or name a review"
            raise PydanticCustomError("rule", "below is missing", {"fix": fix})
        if self.below is not None and self.review is not None:
            raise PydanticCustomError("rule", "fire takes either below or a review, not both")
        if self.review is not None and (self.after_warnings, self.min_sample) != (0, 1):
            raise PydanticCustomError("rule", "after_warnings and min_sample go with below; a review has its own")
        return self


class RetrainSpec(Spec):
    """People whose agreement with their judge is low are trained: they then misread the guideline less."""

    kind: Literal["retrain"] = "retrain"
    below: float = Field(ge=0, le=1, description="agreement with gold below which a person is trained")
    shrink: float = Field(0.5, ge=0, le=1, description="what is left of the person's misreading, as a share")
    hours: float = Field(2.0, ge=0, le=1000, description="time it takes, paid, off the next shifts, in hours")
    min_sample: int = Field(1, ge=1, le=1_000_000, description="only with at least this many audited pairs")


class BonusSpec(Spec):
    """People who agreed well with their judge at this look are paid extra."""

    kind: Literal["bonus"] = "bonus"
    amount: float = Field(gt=0, le=1e9, description="the bonus, in $ a person and look")
    above: float = Field(ge=0, le=1, description="agreement with gold at this look from which on it is paid")
    min_sample: int = Field(1, ge=1, le=1_000_000, description="only with at least this many pairs audited at the look")


class HireSpec(Spec):
    """Vacancies are filled, up to the pool's count."""

    kind: Literal["hire"] = "hire"


class ContractShareSpec(Spec):
    """Vendors whose labels agree more with gold get more of the work."""

    kind: Literal["contract_share"] = "contract_share"
    sharpness: float = Field(2.0, ge=0, le=100, description="exponent of agreement in dividing the work; 0 is equally")


class PenaltySpec(Spec):
    """A vendor whose labels agree too little with gold pays back some of its price."""

    kind: Literal["penalty"] = "penalty"
    below: float = Field(ge=0, le=1, description="agreement with gold below which the vendor pays")
    share: float = Field(0.1, ge=0, le=1, description="share of the price that is paid back")


class ChurnSpec(Spec):
    """Dissatisfied users leave."""

    kind: Literal["churn"] = "churn"


class ReplaceSpec(Spec):
    """Those who set the guideline are replaced when shareholders are disappointed."""

    kind: Literal["replace"] = "replace"
    below: float = Field(ge=-1e12, le=1e12, description="what shareholders look at, below which they are disappointed")
    after: int = Field(1, ge=1, le=1000, description="only after this many disappointments in a row")
    policy: NoGuidelinePolicyField = Field(
        None, description="how the new ones revise the guideline; default: they move it toward shareholders' values"
    )
    shift: float = Field(0.5, gt=0, le=1, description="how far they move it, as a share of the way, without a policy")


class FundSpec(Spec):
    """Shareholders put money in when they are pleased."""

    kind: Literal["fund"] = "fund"
    above: float = Field(ge=-1e12, le=1e12, description="what shareholders look at, above which they are pleased")
    amount: float = Field(gt=0, le=1e12, description="how much, in $")


class WithdrawSpec(Spec):
    """Shareholders take money out when they are disappointed, as far as there is any."""

    kind: Literal["withdraw"] = "withdraw"
    below: float = Field(ge=-1e12, le=1e12, description="what shareholders look at, below which they are disappointed")
    amount: float = Field(gt=0, le=1e12, description="how much at most, in $")


class FineSpec(Spec):
    """The corporation pays for every violation that was found."""

    kind: Literal["fine"] = "fine"
    amount: float = Field(gt=0, le=1e12, description="fine, in $ per violation")


class SuspendSpec(Spec):
    """The corporation may not serve anybody for a while."""

    kind: Literal["suspend"] = "suspend"
    after: int = Field(1, ge=1, le=1_000_000_000, description="violations since the last suspension that it takes")
    days: float = Field(gt=0, le=36_500, description="how long, in days")
