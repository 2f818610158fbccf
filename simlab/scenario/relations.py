"""What a scenario file may say about a relation: its calendar, its sample, its consequences, and how machines learn."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    SerializeAsAny,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError

from simlab.components.component import parameters
from simlab.components.consequence import Consequence
from simlab.components.spec import Spec, named
from simlab.names import shown
from simlab.scenario.consequences import named_by
from simlab.scenario.fields import AggregatorField, Name, Reading, RewardShapeField

LARGEST_SAMPLE = 10_000_000


class BradleyTerrySpec(Spec):
    """A reward model is fitted to rankings by the Bradley–Terry likelihood (Bradley & Terry 1952)."""

    kind: Literal["bradley_terry"] = "bradley_terry"
    epochs: int = Field(3, ge=1, le=10_000, description="passes over the rankings")
    rate: float = Field(1e-3, gt=0, le=1, description="learning rate")
    batch: int = Field(64, ge=1, le=65_536, description="rankings per step")
    ties: Literal["half", "davidson"] = Field(
        "half", description="undecided pairs count half for each side, or follow Davidson (1970)"
    )
    smoothing: float = Field(0.0, ge=0, lt=0.5, description="label smoothing: chance that a label is taken for wrong")
    warm_start: bool = Field(True, description="go on from the last fit, instead of from the pretrained model")
    replay: bool = Field(True, description="fit to all rankings so far, instead of the new ones only")


class PPOSpec(Spec):
    """A language model is trained to please by proximal policy optimization (Schulman et al. 2017)."""

    kind: Literal["ppo"] = "ppo"
    iterations: int = Field(12, ge=1, le=100_000, description="batches of responses per look")
    epochs: int = Field(2, ge=1, le=1000, description="passes over each batch")
    minibatch: int = Field(64, ge=1, le=65_536, description="responses per step")
    rate: float = Field(5e-4, gt=0, le=1, description="learning rate at the start")
    clip: float = Field(0.2, gt=0, le=10, description="bound on the change of a word's probability ratio")
    value_clip: float = Field(0.2, gt=0, le=1e6, description="bound on the change of the value estimate")
    lam: float = Field(0.95, ge=0, le=1, description="λ of generalized advantage estimation")
    gamma: float = Field(1.0, ge=0, le=1, description="discount from word to word")
    value_coef: float = Field(0.1, ge=0, le=100, description="weight of the value loss")
    score_clip: float = Field(3.0, gt=0, le=1e6, description="bound on standardized scores")
    decay: bool = Field(True, description="let the rate fall linearly to zero")


class TiltSpec(Spec):
    """In a vector world: move to the optimum π* ∝ π_ref·exp(r/β), which is known there."""

    kind: Literal["tilt"] = "tilt"
    step: float = Field(1.0, gt=0, le=1, description="share of the way to the optimum")


AnyLearner = Annotated[
    Annotated[BradleyTerrySpec | PPOSpec | TiltSpec, Field(discriminator="kind")], BeforeValidator(named)
]


class GradientSpec(Spec):
    """The judged machine is trained to be judged better."""

    name: ClassVar[str] = "gradient"
    kind: Literal["gradient"] = "gradient"
    learner: AnyLearner | None = Field(
        None,
        description="how it learns; default: bradley_terry for a reward model, and for a language model ppo, or tilt"
        " in worlds without networks",
    )
    shape: RewardShapeField = Field(
        "plain", validate_default=True, description="how the reward model's number becomes reward: a reward shape"
    )
    aggregator: AggregatorField = Field(
        "none", validate_default=True, description="how several raters' labels of one pair become one: an aggregator"
    )


def _consequence(value: Any, info: ValidationInfo) -> Any:
    """A gradient, which trains machines by a learner, or else the consequence that an entry names."""
    if isinstance(value, Consequence | GradientSpec):
        return value
    entry = named(value)
    if isinstance(entry, dict) and entry.get("kind") == GradientSpec.name:
        return GradientSpec.model_validate(entry, context=info.context)
    assert isinstance(info.context, Reading), "components are named in scenario files only"
    return named_by(entry, info.context, [GradientSpec.name])


def _said(consequence: Consequence | GradientSpec) -> dict[str, Any]:
    """What a scenario file would say to get it."""
    return parameters(consequence) if isinstance(consequence, Consequence) else consequence.model_dump(mode="json")


class _EitherSchema:
    """The JSON schema of an entry: that of any plugin of the kind, or a gradient's."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"component": "consequence"}, handler(GradientSpec.__pydantic_core_schema__)]}


AnyConsequence = Annotated[
    SerializeAsAny[Consequence] | GradientSpec, BeforeValidator(_consequence), PlainSerializer(_said), _EitherSchema()
]


def _listed(value: Any) -> Any:
    """One consequence need not stand in a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _share_or_number(value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("sample", "{shown} should be a share or a number", {"shown": shown(value)})
    if isinstance(value, float) and not 0 < value <= 1:
        raise PydanticCustomError("sample", "{shown} is no share: those are above 0, up to 1.0", {"shown": value})
    if isinstance(value, int) and not 1 <= value <= LARGEST_SAMPLE:
        most = {"shown": value, "most": f"{LARGEST_SAMPLE:,}"}
        raise PydanticCustomError("sample", "{shown} is no sample: those are 1 to {most} pieces of work", most)
    return value


Sample = Annotated[
    float | int,
    PlainValidator(_share_or_number),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
                {"type": "integer", "minimum": 1, "maximum": LARGEST_SAMPLE},
            ]
        }
    ),
]


class RelationSpec(Spec):
    """A principal looks at a sample of its agent's work now and then, and acts on what it sees."""

    principal: Name = Field(description="the party that judges")
    agent: Name = Field(description="the party that is judged")
    every: float = Field(gt=0, le=36_500, description="days between two looks")
    sample: Sample = Field(description="what is looked at: a share (0.05, 1.0) or a number of pieces of work (200)")
    consequence: Annotated[list[AnyConsequence], BeforeValidator(_listed)] = Field(
        [], description="what follows from the judgement: one consequence or a list"
    )
    name: Name | None = Field(
        None, description="what settings may call it, beside its number and its parties; default: nothing else"
    )


def completed(relation: RelationSpec, judged: str, networks: bool) -> RelationSpec:
    """The relation with the learner of this kind of agent, and of a world with or without networks, where none is
    given."""
    learners: dict[str, AnyLearner] = {
        "reward_model": BradleyTerrySpec(),
        "language_model": PPOSpec() if networks else TiltSpec(),
    }
    consequence = [
        c.model_copy(update={"learner": learners.get(judged)}) if c.kind == "gradient" and c.learner is None else c
        for c in relation.consequence
    ]
    return relation.model_copy(update={"consequence": consequence})
