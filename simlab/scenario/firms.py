"""What a scenario file may say about consequences for a corporation: what users, owners and the law do to it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simlab.scenario.spec import NoGuidelinePolicyField, Spec


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
