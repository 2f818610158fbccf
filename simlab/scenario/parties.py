"""What a scenario file may say about each kind of party."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from simlab.components.pay import AnyPay, HourlySpec
from simlab.components.spec import Spec, named
from simlab.scenario.fields import EffortField, Name, PartySpec, RaterPolicyField, Weights
from simlab.scenario.society import (
    CorporationSpec,
    FirmSpec,
    Groups,
    RegulatorSpec,
    ShareholdersSpec,
    UsersSpec,
    mean_intent,
)
from simlab.scenario.working_conditions import (
    CollusionSpec,
    ExposureSpec,
    FatigueSpec,
    LearningSpec,
    ProbationSpec,
    QuitsSpec,
    ScreeningSpec,
    SharedField,
    VoiceSpec,
)

LARGEST_MODEL = 2e9  # parameters


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

    instead_of: ClassVar[dict[str, tuple[str, ...]]] = {"values": ("groups",), "groups": ("values",)}
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
    shared: SharedField | None = Field(
        None, description="what they err in together: a number is short for {misreading: NUMBER}; default: nothing"
    )
    groups: Groups = Field(
        {}, max_length=100, description="people by group, each with mean values of its own; default: all have the same"
    )
    values: Weights = Field(
        {},
        validate_default=True,
        description="their own mean values: weight of each criterion; default: the mean of the groups, or none",
    )
    values_spread: float = Field(0.0, ge=0, le=100, description="spread of own values, in norms of the guideline")
    temperature_spread: float = Field(0.0, ge=0, le=10, description="log-normal sd of noise between people")
    seconds: float = Field(30.0, gt=0, le=86_400, description="time for one comparison, in seconds")
    seconds_spread: float = Field(0.3, ge=0, le=10, description="log-normal sd of that time")
    hours: float = Field(8.0, gt=0, le=24, description="working time, in hours per day")
    effort: EffortField = Field(
        "diligent", validate_default=True, description="how much care they take, given pay and audits: an effort"
    )
    pay: AnyPay = Field(HourlySpec(), description="how they are paid: hourly, by the piece, …")
    screening: ScreeningSpec | None = Field(None, description="a test before hiring; default: none")
    hiring_cost: float = Field(
        0.0, ge=0, le=1e6, description="what hiring costs the employer, also of the first people, in $ per person"
    )
    screening_cost: float = Field(
        0.0, ge=0, le=1e6, description="what testing a candidate costs the employer, hired or not, in $ per person"
    )
    training_cost: float = Field(
        0.0, ge=0, le=1e6, description="what retraining costs the employer beside the paid hours, in $ per person"
    )
    probation: ProbationSpec | None = Field(None, description="a stricter review at first; default: none")
    fatigue: FatigueSpec | None = Field(None, description="noise that grows with hours of work; default: none")
    learning: LearningSpec | None = Field(None, description="practice that makes quicker and surer; default: none")
    exposure: ExposureSpec | None = Field(None, description="count of hours spent on harm; default: not counted")
    quits: QuitsSpec | None = Field(None, description="people who leave by their own choice; default: nobody does")
    voice: VoiceSpec | None = Field(None, description="appeals of judgements; default: there are none")
    market: str = Field("", max_length=64, description="labor market shared with other pools; empty: none")
    delegation: DelegationSpec | None = Field(None, description="people who let a machine answer for them")

    @field_validator("values", mode="before")
    @classmethod
    def _mean_of_groups(cls, value: Any, info: ValidationInfo) -> Any:
        groups = info.data.get("groups")
        if not groups:
            return value
        mean = mean_intent(list(groups.values()))
        if value and value != mean:
            raise PydanticCustomError("values_and_groups", "give values or groups, not both")
        return mean

    @model_validator(mode="after")
    def _groups_stay(self) -> PeopleSpec:
        if self.groups and self.market:
            what = "people who move between pools belong to no group: groups and market exclude each other"
            raise PydanticCustomError("groups_and_market", what, {"fix": "leave market out"})
        return self

    @model_validator(mode="after")
    def _tested_at_all(self) -> PeopleSpec:
        if self.screening_cost and self.screening is None:
            what = "screening_cost means nothing without a screening"
            raise PydanticCustomError("screening_cost", what, {"fix": "write screening: {}, or hiring_cost"})
        return self

    def plugins(self) -> Iterator[tuple[str, str]]:
        """(kind, name) of every plugin that says how these people work."""
        yield "rater", self.policy.name
        yield "effort", self.effort.name
        if self.screening is not None:
            yield "review", self.screening.test.name
        if self.probation is not None:
            yield "review", self.probation.review.name


class AuditorsSpec(PeopleSpec):
    """People paid by the hour to judge what others said of responses: raters, or other auditors."""

    kind: Literal["auditors"] = "auditors"
    bounty: float = Field(
        0.0, ge=0, le=1e6, description="what they are paid for each answer they report as wrong, in $"
    )
    collusion: CollusionSpec | None = Field(
        None, description="silence about the errors of those they know, if it pays; default: none"
    )


class RatersSpec(PeopleSpec):
    """A pool of people paid by the hour to rank responses."""

    kind: Literal["raters"] = "raters"
    ranking: int = Field(2, ge=2, le=9, description="responses ranked at once, K")
    overlap: int = Field(1, ge=1, le=1000, description="raters asked to rank the same responses")
    distinct: bool = Field(True, description="whether the responses of a ranking must be different texts")
    held_out: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="share of prompts kept from the reward model, to test it; of several pools' the largest counts",
    )
    context: bool = Field(False, description="whether they are shown the hidden situation of prompts that users asked")

    @model_validator(mode="after")
    def _enough_raters(self) -> RatersSpec:
        if self.overlap > self.count:
            what = "overlap is {overlap}, but there are only {count} raters"
            raise PydanticCustomError("overlap", what, {"overlap": self.overlap, "count": self.count})
        return self


class RewardModelSpec(PartySpec):
    """A copy of the pretrained model with one number out, fitted to rankings."""

    kind: Literal["reward_model"] = "reward_model"
    members: int = Field(
        1, ge=1, le=64, description="models fitted side by side to the same labels; the score is their mean"
    )
    log_probability: bool = Field(
        True,
        description="whether a network's head reads, beside its own trunk, what the pretrained model found likely: by "
        "that so small a model tells facts that were never compared",
    )


class PretrainingSpec(Spec):
    """How the language model learns its language, before anybody judges it."""

    steps: int = Field(600, ge=1, le=10_000_000, description="gradient steps")
    batch: int = Field(128, ge=1, le=65_536, description="sequences per step")
    rate: float = Field(3e-3, gt=0, le=1, description="highest learning rate")
    authors_pace: float = Field(
        19.0, gt=0, le=10_000, description="words a minute at which the corpus was once written (Karat et al. 1999)"
    )


class DemonstrationsSpec(Spec):
    """Responses written by people, which the language model imitates before any ranking."""

    by: Name = Field(description="the pool of raters whose people write them")
    count: int = Field(512, ge=1, le=1_000_000, description="how many are asked for")
    drafts: int = Field(4, ge=1, le=1000, description="what comes to a writer's mind, of which the best is put down")
    seconds: float = Field(120.0, gt=0, le=86_400, description="time it takes to write one, in seconds")
    epochs: int = Field(2, ge=1, le=1000, description="passes over them")
    batch: int = Field(64, ge=1, le=65_536, description="demonstrations per step")
    rate: float = Field(1e-3, gt=0, le=1, description="highest learning rate")


SIZES = {"tiny": (32, 2, 2), "small": (64, 2, 4), "medium": (128, 4, 4), "large": (256, 8, 8)}  # width, layers, heads


class LanguageModelSpec(PartySpec):
    """A causal transformer over the world's words (a vector world has its own, and needs none of this)."""

    kind: Literal["language_model"] = "language_model"
    size: Literal["tiny", "small", "medium", "large"] | None = Field(
        None,
        description="width, layers and heads at a word, each of which may still be said: tiny 32, 2, 2 (3e4 parameters "
        "without the dictionary), small 64, 2, 4 (1e5; as by default), medium 128, 4, 4 (8e5), large 256, 8, 8 (6e6)",
    )
    width: int = Field(64, ge=2, le=65_536, description="length of a word's vector")
    layers: int = Field(2, ge=1, le=1000, description="transformer blocks")
    heads: int = Field(4, ge=1, le=1024, description="attention heads; they divide width")
    context: int = Field(48, ge=4, le=65_536, description="longest prompt and response together, in words")
    pretraining: PretrainingSpec = Field(PretrainingSpec(), description="how it learns its language")
    demonstrations: DemonstrationsSpec | None = Field(
        None, description="how people showed it to answer, before any ranking; default: nobody did"
    )
    temperature: float = Field(1.0, gt=0, le=100, description="sampling temperature; 1 samples the model as it is")
    seed: int | None = Field(
        None, ge=0, lt=2**63, description="seed of pretraining; default: follows from the scenario's seed"
    )

    @model_validator(mode="before")
    @classmethod
    def _sized(cls, given: Any) -> Any:
        """What a size stands for, wherever the file does not say otherwise."""
        sizes = SIZES.get(str(given.get("size"))) if isinstance(given, dict) else None
        return given if sizes is None else {**dict(zip(("width", "layers", "heads"), sizes, strict=True)), **given}

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
        UsersSpec
        | ShareholdersSpec
        | RegulatorSpec
        | CorporationSpec
        | VendorSpec
        | RatersSpec
        | AuditorsSpec
        | RewardModelSpec
        | LanguageModelSpec,
        Field(discriminator="kind"),
    ],
    BeforeValidator(named),
]
