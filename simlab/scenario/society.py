"""What a scenario file may say about a corporation and about those above it: users, shareholders, a regulator."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from simlab.components.spec import Spec, named
from simlab.scenario.channels import ChannelsSpec
from simlab.scenario.fields import (
    CombinationField,
    GuidelinePolicyField,
    Name,
    NoCharterField,
    PartySpec,
    SomeWeights,
    Weights,
)

Share = Annotated[float, Field(ge=0, le=1e9)]


class IntentSpec(Spec):
    """What some of the users want."""

    share: float = Field(gt=0, le=1e9, description="how many of the users, relative to the other intents")
    values: SomeWeights = Field(description="what they want of a response: weight of each criterion")


Groups = dict[Name, IntentSpec]


class UsersSpec(PartySpec):
    """The public: people who ask, want something, and may leave."""

    instead_of: ClassVar[dict[str, tuple[str, ...]]] = {
        "values": ("intents", "groups"),
        "intents": ("values", "groups"),
        "groups": ("values", "intents"),
    }
    kind: Literal["users"] = "users"
    groups: Groups = Field(
        {},
        max_length=100,
        description="different users by name, each group with its intent, measured apart; default: none",
    )
    intents: list[IntentSpec] = Field(
        [],
        validate_default=True,
        max_length=100,
        description="different users, who want different things; default: the groups', or all want the same",
    )
    values: SomeWeights = Field(
        None,
        validate_default=True,
        description="what users want of a response: weight of each criterion; default: the mean of the intents",
    )
    count: int = Field(1000, ge=1, le=1_000_000_000, description="number of users on the first day")
    shares: dict[Name, Share] = Field(
        {}, description="how many of them each corporation has on the first day, relative to the others; default: equal"
    )
    subscription: float = Field(0.0, ge=0, le=1e6, description="fee, in $ per user and day")
    leave: float = Field(0.1, ge=0, le=1, description="share of dissatisfied users who leave at each look")
    choosiness: float = Field(
        4.0, ge=0, le=1e6, description="weight of a corporation's reputation, a share of satisfied users, in the logit"
    )
    thrift: float = Field(1.0, ge=0, le=1e6, description="weight of its price, in 1/($ per day), in the logit")
    outside: float | None = Field(
        0.5, ge=0, le=1, description="reputation of doing without; null: those who leave go to another corporation"
    )
    growth: float = Field(0.0, ge=0, le=100, description="new users per day, as a share of count")
    complain: float = Field(0.0, ge=0, le=1, description="chance that a dissatisfied user complains")
    habits: Weights = Field(
        {},
        description="what brings users back, endorsed or not: weight of each criterion; default: they have no habits",
    )
    channels: ChannelsSpec = Field(
        ChannelsSpec(), description="how use becomes money beside the subscription; default: it does not"
    )
    context: float = Field(
        0.0, ge=0, le=100, description="size of what a prompt's hidden situation adds to what is wanted, in norms of it"
    )

    @field_validator("intents", mode="before")
    @classmethod
    def _of_the_groups(cls, value: Any, info: ValidationInfo) -> Any:
        groups = info.data.get("groups")
        if not groups:
            return value
        intents = [group.model_dump() for group in groups.values()]
        if value and value != intents:
            raise PydanticCustomError("groups_and_intents", "give groups or intents, not both")
        return intents

    @field_validator("habits")
    @classmethod
    def _some_habit(cls, weights: Weights) -> Weights:
        if weights and not any(weights.values()):
            raise PydanticCustomError("no_weight", "no criterion has a weight other than zero")
        return weights

    @model_validator(mode="after")
    def _habits_to_appeal_to(self) -> UsersSpec:
        moved = next((name for name, channel in self.channels.given() if channel.elasticity.habits), "")
        if moved and not self.habits:
            what = "{channel} follow habits, but these users have none"
            fix = {"fix": "give habits, or an elasticity of {habits: 0}", "channel": moved}
            raise PydanticCustomError("no_habits", what, fix)
        return self

    @field_validator("values", mode="before")
    @classmethod
    def _mean_of_intents(cls, value: Any, info: ValidationInfo) -> Any:
        intents = info.data.get("intents")
        if not intents:
            if value is None and intents is not None:
                raise PydanticCustomError("no_values", "values are missing: give values, or intents")
            return {"unreadable": 1.0} if value is None else value
        mean = mean_intent(intents)
        if value is not None and value != mean:
            several = "groups" if info.data.get("groups") else "intents"
            raise PydanticCustomError("values_and_intents", f"give values or {several}, not both")
        return mean


def mean_intent(intents: list[IntentSpec]) -> dict[str, float]:
    """The mean of the intents' weights, by how many users have each."""
    total = sum(intent.share for intent in intents)
    names = dict.fromkeys(name for intent in intents for name in intent.values)
    return {name: sum(i.share * i.values.get(name, 0.0) for i in intents) / total for name in names}


class ShareholdersSpec(PartySpec):
    """Those who own a corporation, and want a return."""

    kind: Literal["shareholders"] = "shareholders"
    measure: Literal["return", "growth", "valuation"] = Field(
        "return",
        description="what they look at: (revenue - cost)/cost since the last look; growth of revenue since the look"
        " before, as a share; or the value of this profit forever, in $",
    )
    discount: float = Field(0.1, gt=0, le=10, description="interest by which they value future profit, per year")
    error: float = Field(0.0, ge=0, le=1e6, description="standard deviation of what they misjudge, in units of measure")
    values: Weights = Field({}, description="what they would have of a response: weight of each criterion")


class RegulatorSpec(PartySpec):
    """A public authority: audits what a corporation serves, or says, against the law."""

    kind: Literal["regulator"] = "regulator"
    law: SomeWeights = Field(description="what the law wants of a response: weight of each criterion")
    permit: float = Field(
        0.5, ge=0, le=1, description="approval by the law's standard below which something breaks the law"
    )
    audits: Literal["responses", "guideline"] = Field(
        "responses", description="what is looked at: responses as users get them, or the guideline as published"
    )


class GuidelineSpec(Spec):
    """The criteria by which responses ought to be ranked, as raters are told and as the public is told."""

    instead_of: ClassVar[dict[str, tuple[str, ...]]] = {"charter": ("operative", "published", "combine")}
    charter: NoCharterField = Field(
        None,
        description="a charter, whose articles say what is not given beside it of weights and rule; default: none",
    )
    operative: SomeWeights = Field(
        None,
        validate_default=True,
        description="weight of each criterion, as handed down to raters; default: the charter's",
    )
    published: SomeWeights = Field(
        None,
        validate_default=True,
        description="weight of each criterion, as shown to the public; default: the charter's, or operative",
    )
    combine: CombinationField = Field(
        None,
        validate_default=True,
        description="how criteria become one number: a combination rule; default: the charter's, or the weighted sum",
    )
    policy: GuidelinePolicyField = Field(
        "static", validate_default=True, description="how it is revised: a guideline policy"
    )
    every: float = Field(30.0, gt=0, le=36_500, description="days between two occasions to revise it")
    publish: Literal["stay", "follow"] = Field(
        "stay", description="whether what is published stays, or follows what is operative, when that is revised"
    )
    lag: int = Field(0, ge=0, le=1000, description="by how many versions what is published follows late")

    @field_validator("operative", mode="before")
    @classmethod
    def _from_charter(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None:
            return value
        charter = info.data.get("charter")
        if charter is None:
            if "charter" in info.data:
                raise PydanticCustomError("no_guideline", "operative is missing: give weights, or a charter")
            return {"unreadable": 1.0}
        return charter.weights()

    @field_validator("published", mode="before")
    @classmethod
    def _said_in_public(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None:
            return value
        charter = info.data.get("charter")
        return info.data.get("operative", {"unreadable": 1.0}) if charter is None else charter.weights()

    @field_validator("combine", mode="before")
    @classmethod
    def _by_the_rule(cls, value: Any, info: ValidationInfo) -> Any:
        charter = info.data.get("charter")
        if value is not None:
            return value
        return dict(named(charter.rule)) if charter is not None else "weighted"

    @model_validator(mode="after")
    def _late_behind_something(self) -> GuidelineSpec:
        if self.lag and self.publish == "stay":
            raise PydanticCustomError("lag", "lag means nothing where what is published stays; say publish: follow")
        return self

    @model_validator(mode="after")
    def _heard(self) -> GuidelineSpec:
        """A charter says something: of weights, or by a rule other than the sum."""
        charter = self.charter
        if charter is None or charter.weights() in (self.operative, self.published):
            return self
        rule = named(charter.rule)["kind"]
        if rule == "weighted" or rule != self.combine.name:
            what = "the charter {name} says nothing: all that it says is given here"
            fix = "leave out operative and published, or the charter (null takes away that of a file that is extended)"
            raise PydanticCustomError("unheard", what, {"name": charter.name, "fix": fix})
        return self


class PromptsSpec(Spec):
    """Where the prompts come from that raters compare responses to."""

    recycled: float = Field(0.0, ge=0, le=1, description="share taken from those users really asked, once they have")
    seconds: float = Field(60.0, gt=0, le=86_400, description="time it takes to write one of the others, in seconds")
    wage: float = Field(21.0, ge=0, le=1e6, description="pay of those who write them, in $ per hour")


class FirmSpec(PartySpec):
    """A firm whose staff checks labels against gold answers of its own."""

    gold_error: float = Field(0.0, ge=0, le=1, description="share of its own gold labels that are wrong")
    audit_seconds: float = Field(60.0, ge=0, le=86_400, description="time its staff takes to check a pair, in seconds")
    audit_wage: float = Field(
        21.0, ge=0, le=1e6, description="pay of that staff, in $ per hour; default: as raters are paid by default"
    )


class DeployerSpec(Spec):
    """An app's owner between maker and users, with criteria of its own (OpenAI 2024, "Model Spec", calls it the
    developer). Of several responses of the model it shows the one it likes best: best-of-n (Stiennon
    et al. 2020), by which its users meet a model other than the maker's, which nobody trained."""

    values: SomeWeights = Field(description="what it wants of a response: weight of each criterion")
    drafts: int = Field(
        4, ge=1, le=1000, description="responses it asks for, of which users see the best by its values; 1 shows all"
    )
    share: float = Field(0.0, ge=0, le=1, description="share it keeps of what users bring")


class CorporationSpec(FirmSpec):
    """A maker of language models: writes a guideline, employs raters, serves users."""

    kind: Literal["corporation"] = "corporation"
    guideline: GuidelineSpec = Field(description="the criteria by which responses ought to be ranked")
    misreading: float = Field(0.0, ge=0, le=100, description="error of what it operates by, in norms of the guideline")
    price: float | None = Field(
        None, ge=0, le=1e6, description="fee it charges, in $ per user and day; default: the users' subscription"
    )
    deployer: DeployerSpec | None = Field(
        None, description="who stands between it and the public; default: it serves the public itself"
    )
    prompts: PromptsSpec | None = Field(
        None, description="where prompts to be compared come from; default: they are like users', and cost nothing"
    )
