"""What a scenario file may say about a relation: its calendar, its sample and its consequences."""

from __future__ import annotations

import math
from collections.abc import Callable
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
from simlab.components.learner import Learner
from simlab.components.spec import Spec, named
from simlab.names import shown
from simlab.scenario.choices import DEFAULT_LEARNERS
from simlab.scenario.consequences import named_by
from simlab.scenario.fields import (
    AggregatorField,
    CombinationField,
    Name,
    NoLearnerField,
    NoLookField,
    Reading,
    RewardShapeField,
)

LARGEST_SAMPLE = 10_000_000
_ROUNDING = 1e-9


class GradientSpec(Spec):
    """The judged machine is trained to be judged better."""

    name: ClassVar[str] = "gradient"
    kind: Literal["gradient"] = "gradient"
    learner: NoLearnerField = Field(
        None,
        description="how it learns; default: bradley_terry for a reward model, and for a language model ppo, or tilt"
        " in worlds without networks; dpo where raters judge it themselves",
    )
    shape: RewardShapeField = Field(
        "plain", validate_default=True, description="how the reward model's number becomes reward: a reward shape"
    )
    aggregator: AggregatorField = Field(
        "none", validate_default=True, description="how several raters' labels of one pair become one: an aggregator"
    )
    combine: CombinationField = Field(
        "weighted",
        validate_default=True,
        description="how the scores of several reward models that judge one language model become one: a combination",
    )
    weight: float = Field(
        1.0,
        ge=0,
        le=1e6,
        description="of this reward model's score; of several that judge one language model the scores, each"
        " standardized and times its weight, are added up",
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
    if isinstance(value, float) and not 0 < value <= 1 and value != 0:
        given = {"shown": value, "fix": "as 0.05, or a number of pieces of work, as 200"}
        raise PydanticCustomError("sample", "{shown} is no share: those are above 0, up to 1.0", given)
    if value == 0 or (isinstance(value, int) and not 1 <= value <= LARGEST_SAMPLE):
        fix = "where next to nothing is looked at, a small share, as 0.001" if value == 0 else "a share, as 0.05"
        most = {"shown": value, "most": f"{LARGEST_SAMPLE:,}", "fix": fix}
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
    look: NoLookField = Field(
        None,
        description="how it looks: a look; default: each piece of work is held against the principal's own opinion",
    )
    consequence: Annotated[list[AnyConsequence], BeforeValidator(_listed)] = Field(
        [], description="what follows from the judgement: one consequence or a list"
    )
    since: float | None = Field(
        None, alias="from", ge=0, le=36_500, description="first day on which it may look; default: from the beginning"
    )
    until: float | None = Field(
        None, ge=0, le=36_500, description="last day on which it may look; default: to the end of the run"
    )
    name: Name | None = Field(
        None, description="what settings may call it, beside its number and its parties; default: nothing else"
    )

    def between(self) -> tuple[float, float]:
        """The first and the last day on which it may look."""
        return self.since or 0.0, math.inf if self.until is None else self.until

    def first(self) -> int:
        """The number of its first look, if every look counted from the beginning of the run; at least 1."""
        return max(1, math.ceil((self.since or 0.0) / self.every - _ROUNDING))

    def last(self, days: float) -> int:
        """The number of its last look in a run of so many days, counted in the same way; 0 if there is none."""
        end = days if self.until is None else min(days, self.until)
        last = int(end / self.every + _ROUNDING)
        return last if last >= self.first() else 0

    def looks(self, days: float) -> int:
        """How often its principal looks in a run of so many days."""
        return max(0, self.last(days) - self.first() + 1)


def taught(principal: str, agent: str) -> str:
    """What is taught between these kinds, as `DEFAULT_LEARNERS` calls it."""
    return f"{agent} by rankings" if (principal, agent) == ("raters", "language_model") else agent


def completed(relation: RelationSpec, judged: str, networks: bool, find: Callable[[str], Learner]) -> RelationSpec:
    """The relation with the learner of what is `taught`, and of a world with or without networks, where none is
    given; `find` makes one by its name."""
    default = DEFAULT_LEARNERS.get((judged, networks))
    consequence = [
        c.model_copy(update={"learner": find(default)})
        if default is not None and c.kind == "gradient" and c.learner is None
        else c
        for c in relation.consequence
    ]
    return relation.model_copy(update={"consequence": consequence})
