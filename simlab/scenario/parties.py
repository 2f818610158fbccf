"""What a scenario file may say about each kind of party."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from simlab.components.data_file import DataFile
from simlab.components.pay import AnyPay, HourlySpec
from simlab.components.spec import Spec, named
from simlab.scenario.fields import (
    EffortField,
    Name,
    PartySpec,
    RaterPolicyField,
    Weights,
    WithFiles,
    readable,
    texts_in,
)
from simlab.scenario.machines import LanguageModelSpec, RewardModelSpec
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
from simlab.sheets import TextTable


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

    instead_of: ClassVar[dict[str, tuple[str, ...]]] = {
        "values": ("groups",),
        "groups": ("values", "market"),
        "market": ("groups",),
    }
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


class CandidatesSpec(WithFiles):
    """Whose responses people rank, besides the language model's own."""

    harvested: float = Field(0.0, ge=0, le=1, description="share of responses that are harvested from the table")
    table: DataFile | None = Field(
        None, description="the table's path: prompt, response, and perhaps author (CSV, Parquet, JSON Lines)"
    )
    columns: dict[Literal["prompt", "response", "author"], str] = Field(
        {}, description="what the table calls a column, where not as here: {prompt: question, response: answer}"
    )
    written: float = Field(0.0, ge=0, le=1, description="share of responses that the pool's people write for it")
    drafts: int = Field(4, ge=1, le=1000, description="what comes to a writer's mind, of which the best is put down")
    seconds: float = Field(120.0, gt=0, le=86_400, description="time it takes to write one, in seconds")

    @model_validator(mode="after")
    def _usable(self) -> CandidatesSpec:
        if self.harvested + self.written > 1:
            what = f"harvested and written are {self.harvested + self.written:g} of all responses together"
            raise PydanticCustomError("shares", "{what}", {"what": what, "fix": "shares that sum to 1 at most"})
        if (self.table is None) != (not self.harvested):
            what = "responses are harvested from a table, and a table is for that"
            raise PydanticCustomError(
                "harvest", "{what}", {"what": what, "fix": "give table and harvested, or neither"}
            )
        if self.table is not None:
            readable(self.table, self.rows)
        return self

    def rows(self) -> TextTable:
        """What stands in the table. Raises `simlab.sheets.Unusable`."""
        assert self.table is not None
        return texts_in(self.table, self.columns)


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
    candidates: CandidatesSpec | None = Field(
        None, description="whose responses they rank, in worlds of words; default: the language model's own"
    )

    @model_validator(mode="after")
    def _enough_raters(self) -> RatersSpec:
        if self.overlap > self.count:
            what = "overlap is {overlap}, but there are only {count} raters"
            raise PydanticCustomError("overlap", what, {"overlap": self.overlap, "count": self.count})
        return self


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
