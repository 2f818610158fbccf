"""What a scenario file may say about each kind of party."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from simlab.scenario.spec import Name, RaterPolicyField, SomeWeights, Spec, Weights, named

LARGEST_MODEL = 2e9  # parameters


class PartySpec(Spec):
    """Any party. `kind` tells the kinds apart."""

    description: str = Field("", max_length=10_000, description="what this party stands for, in your words")


class UsersSpec(PartySpec):
    """The public: people who ask, want something, and may leave."""

    kind: Literal["users"] = "users"
    values: SomeWeights = Field(description="what users want of a response: weight of each criterion")
    count: int = Field(1000, ge=1, le=1_000_000_000, description="number of users on the first day")
    subscription: float = Field(0.0, ge=0, le=1e6, description="fee, in $ per user and day")
    leave: float = Field(0.1, ge=0, le=1, description="share of dissatisfied users who leave at each look")


class GuidelineSpec(Spec):
    """The criteria by which responses ought to be ranked, as raters are told and as the public is told."""

    operative: SomeWeights = Field(description="weight of each criterion, as handed down to raters")
    published: SomeWeights = Field(
        None, validate_default=True, description="weight of each criterion, as shown to the public; default: operative"
    )

    @field_validator("published", mode="before")
    @classmethod
    def _same_as_operative(cls, value: Any, info: ValidationInfo) -> Any:
        return info.data.get("operative", {"unreadable": 1.0}) if value is None else value


class FirmSpec(PartySpec):
    """A firm whose staff checks labels against gold answers of its own."""

    gold_error: float = Field(0.0, ge=0, le=1, description="share of its own gold labels that are wrong")
    audit_seconds: float = Field(60.0, ge=0, le=86_400, description="time its staff takes to check a pair, in seconds")
    audit_wage: float = Field(0.0, ge=0, le=1e6, description="pay of that staff, in $ per hour")


class CorporationSpec(FirmSpec):
    """A maker of language models: writes a guideline, employs raters, serves users."""

    kind: Literal["corporation"] = "corporation"
    guideline: GuidelineSpec = Field(description="the criteria by which responses ought to be ranked")
    misreading: float = Field(0.0, ge=0, le=100, description="error of what it operates by, in norms of the guideline")


class VendorSpec(FirmSpec):
    """A firm that sells labels to a corporation, and employs those who make them."""

    kind: Literal["vendor"] = "vendor"
    misreading: float = Field(
        0.0, ge=0, le=100, description="error in reading the guideline, in norms of it; shared by everyone below"
    )
    compliance: float = Field(1.0, ge=0, le=1, description="weight of the guideline against the vendor's own values")
    values: Weights = Field({}, description="the vendor's own values: weight of each criterion")
    price: float = Field(0.0, ge=0, le=1e6, description="what it is paid for a compared pair, in $")


class DelegationSpec(Spec):
    """Some people let a machine answer for them, once it has been trained."""

    share: float = Field(ge=0, le=1, description="chance that a person delegates")
    to: Name = Field(description="the reward model or language model they ask")
    time: float = Field(0.2, gt=0, le=1, description="time it takes them, as a share of doing it themselves")


class PeopleSpec(PartySpec):
    """People paid by the hour to say which responses are better."""

    kind: Literal["raters", "auditors"]
    count: int = Field(ge=1, le=1_000_000, description="number of people employed")
    policy: RaterPolicyField = Field(
        "boltzmann", validate_default=True, description="how utilities become a label: a rater policy"
    )
    wage: float = Field(21.0, ge=0, le=1e6, description="pay, in $ per hour")
    compliance: float = Field(1.0, ge=0, le=1, description="weight of the guideline against a person's own values")
    skill: float = Field(
        1.0, ge=0, le=1, description="how sharply a criterion is perceived, mean; 1 sees what is there"
    )
    skill_spread: float = Field(
        0.0, ge=0, le=1, description="standard deviation of skill, between raters and between criteria"
    )
    knowledge: float = Field(1.0, ge=0, le=1, description="chance of believing the truth about a fact, mean")
    knowledge_spread: float = Field(0.0, ge=0, le=1, description="standard deviation of knowledge between people")
    misreading: float = Field(0.0, ge=0, le=100, description="error in reading the guideline, in norms of it")
    values: Weights = Field({}, description="their own mean values: weight of each criterion")
    values_spread: float = Field(0.0, ge=0, le=100, description="spread of own values, in norms of the guideline")
    temperature_spread: float = Field(0.0, ge=0, le=10, description="log-normal sd of noise between people")
    seconds: float = Field(30.0, gt=0, le=86_400, description="time for one comparison, in seconds")
    seconds_spread: float = Field(0.3, ge=0, le=10, description="log-normal sd of that time")
    hours: float = Field(8.0, gt=0, le=24, description="working time, in hours per day")
    delegation: DelegationSpec | None = Field(None, description="people who let a machine answer for them")


class AuditorsSpec(PeopleSpec):
    """People paid by the hour to judge what others said of responses: raters, or other auditors."""

    kind: Literal["auditors"] = "auditors"


class RatersSpec(PeopleSpec):
    """A pool of people paid by the hour to rank responses."""

    kind: Literal["raters"] = "raters"
    ranking: int = Field(2, ge=2, le=9, description="responses ranked at once, K")
    overlap: int = Field(1, ge=1, le=1000, description="raters asked to rank the same responses")
    held_out: float = Field(0.1, ge=0, lt=1, description="share of rankings kept from the reward model, to test it")

    @model_validator(mode="after")
    def _enough_raters(self) -> RatersSpec:
        if self.overlap > self.count:
            what = "overlap is {overlap}, but there are only {count} raters"
            raise PydanticCustomError("overlap", what, {"overlap": self.overlap, "count": self.count})
        return self


class RewardModelSpec(PartySpec):
    """A copy of the pretrained model with one number out, fitted to rankings."""

    kind: Literal["reward_model"] = "reward_model"


class PretrainingSpec(Spec):
    """How the language model learns its language, before anybody judges it."""

    steps: int = Field(600, ge=1, le=10_000_000, description="gradient steps")
    batch: int = Field(128, ge=1, le=65_536, description="sequences per step")
    rate: float = Field(3e-3, gt=0, le=1, description="highest learning rate")


class LanguageModelSpec(PartySpec):
    """A causal transformer over the world's words (a vector world has its own, and needs none of this)."""

    kind: Literal["language_model"] = "language_model"
    width: int = Field(64, ge=2, le=65_536, description="length of a word's vector")
    layers: int = Field(2, ge=1, le=1000, description="transformer blocks")
    heads: int = Field(4, ge=1, le=1024, description="attention heads; they divide width")
    context: int = Field(48, ge=4, le=65_536, description="longest prompt and response together, in words")
    pretraining: PretrainingSpec = Field(PretrainingSpec(), description="how it learns its language")
    temperature: float = Field(1.0, gt=0, le=100, description="sampling temperature; 1 samples the model as it is")
    seed: int | None = Field(
        None, ge=0, lt=2**63, description="seed of pretraining; default: follows from the scenario's seed"
    )

    @model_validator(mode="after")
    def _buildable(self) -> LanguageModelSpec:
        if self.width % self.heads:
            what = "{heads} heads do not divide a width of {width}"
            raise PydanticCustomError("heads", what, {"heads": self.heads, "width": self.width})
        if self.parameters > LARGEST_MODEL:
            sizes = {"size": f"{self.parameters:.2g}", "most": f"{LARGEST_MODEL:.2g}"}
            raise PydanticCustomError("too_large", "this is a model of {size} parameters; the most is {most}", sizes)
        return self

    @property
    def parameters(self) -> int:
        """Parameters without the dictionary: 12·layers·width² + context·width (Kaplan et al. 2020, table 1)."""
        return 12 * self.layers * self.width**2 + self.context * self.width


AnyParty = Annotated[
    Annotated[
        UsersSpec | CorporationSpec | VendorSpec | RatersSpec | AuditorsSpec | RewardModelSpec | LanguageModelSpec,
        Field(discriminator="kind"),
    ],
    BeforeValidator(named),
]
