"""What all entries of a scenario file have in common: the base model, weights of criteria, and components.

Every field says in its description what it means and in which unit; `schema`, `describe` and error messages
repeat it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializeAsAny,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from simlab.components import (
    Aggregator,
    Charter,
    Combination,
    Component,
    Criterion,
    Effort,
    GuidelinePolicy,
    RaterPolicy,
    Review,
    RewardShape,
    parameters,
)
from simlab.errors import InvalidInput
from simlab.names import NAME, shown
from simlab.scenario.nodes import Node
from simlab.worlds.game import World

if TYPE_CHECKING:
    from simlab.plugins import Registry


@dataclass(slots=True)
class Reading:
    """One reading of a scenario: the plugins there are, which model each mapping of the file was read as, where each
    mapping stands, and the criteria that the world has brought along (None until it has been read)."""

    plugins: Registry
    models: dict[int, type[BaseModel]] = field(default_factory=dict)  # by id of the mapping
    nodes: dict[int, Node] = field(default_factory=dict)  # by id of the mapping
    brought: Mapping[str, Criterion] | None = None

    def folders(self, entry: Mapping[str, Any]) -> dict[str, Path]:
        """For each key of a mapping, the folder of the file that says it; on the command line, the current one."""
        node = self.nodes.get(id(entry))
        said = node.value.items() if node is not None else ()
        return {key: Path(n.place.file).parent if n.place.line is not None else Path() for key, n in said}


class Spec(BaseModel):
    """Base of everything a scenario file spells out. Unknown keys and loose types are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
    instead_of: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # settings, and those they cannot stand beside

    @model_validator(mode="before")
    @classmethod
    def _note_model(cls, data: Any, info: ValidationInfo) -> Any:
        if isinstance(info.context, Reading):
            info.context.models[id(data)] = cls
        return data


class PartySpec(Spec):
    """Any party. `kind` tells the kinds apart."""

    description: str = Field("", max_length=10_000, description="what this party stands for, in your words")


def _some_weight(weights: dict[str, float]) -> dict[str, float]:
    if not any(weights.values()):
        raise PydanticCustomError("no_weight", "no criterion has a weight other than zero")
    return weights


Name = Annotated[str, Field(pattern=NAME)]
Weights = dict[Name, Annotated[float, Field(ge=-1e6, le=1e6)]]
SomeWeights = Annotated[Weights, AfterValidator(_some_weight)]


def named(value: Any) -> Any:
    """`NAME` is short for `{kind: NAME}`."""
    return {"kind": value} if isinstance(value, str) else value


def _component(kind: str, default: str) -> Callable[[Any, ValidationInfo], Any]:
    """A validator that finds the plugin an entry names (or `default`) and lets it check its own parameters."""

    def find(value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, Component):
            return value
        entry = named(value)
        if not isinstance(entry, dict):
            what = "{shown} should be a name, or a mapping with kind"
            raise PydanticCustomError("not_component", what, {"shown": shown(value)})
        name = entry.get("kind", default)
        if not isinstance(name, str) or not name:
            raise PydanticCustomError("no_kind", "kind is missing")
        assert isinstance(info.context, Reading), "components are named in scenario files only"
        return build(kind, name, entry, info.context)

    return find


def build(kind: str, name: str, entry: Mapping[str, Any], reading: Reading) -> Component:
    """The component `name` with the parameters of `entry`. Its errors stay where they are in the file.

    Parameters are checked as strict JSON: no text where a number should be, while a list may fill a tuple.
    """
    try:
        cls = reading.plugins.get(kind, name)
        if kind != "criterion" and (doubt := reading.plugins.doubtful(kind, name)):  # criteria are checked where named
            raise InvalidInput(doubt)
    except InvalidInput as error:
        problem = error.problems[0]
        raise PydanticCustomError("unknown_component", "{what}", {"what": problem.what, "fix": problem.fix}) from None
    reading.models[id(entry)] = cls
    given = {key: value for key, value in entry.items() if key != "kind"}
    return cls.model_validate_json(json.dumps(given), strict=True, context={"folders": reading.folders(entry)})


def _field(kind: str, default: str = "") -> tuple[Any, ...]:
    return BeforeValidator(_component(kind, default)), PlainSerializer(parameters), WithJsonSchema({"component": kind})


WorldField = Annotated[SerializeAsAny[World], *_field("world")]
RaterPolicyField = Annotated[SerializeAsAny[RaterPolicy], *_field("rater", "boltzmann")]
EffortField = Annotated[SerializeAsAny[Effort], *_field("effort", "diligent")]
ReviewField = Annotated[SerializeAsAny[Review], *_field("review", "threshold")]
NoReviewField = Annotated[
    SerializeAsAny[Review] | None,
    BeforeValidator(lambda value, info: None if value is None else _component("review", "")(value, info)),
    PlainSerializer(lambda review: None if review is None else parameters(review)),
    WithJsonSchema({"anyOf": [{"component": "review"}, {"type": "null"}]}),
]
GoldTestField = Annotated[SerializeAsAny[Review], *_field("review", "gold_test")]
RewardShapeField = Annotated[SerializeAsAny[RewardShape], *_field("reward", "plain")]
GuidelinePolicyField = Annotated[SerializeAsAny[GuidelinePolicy], *_field("guideline", "static")]
NoGuidelinePolicyField = Annotated[
    SerializeAsAny[GuidelinePolicy] | None,
    BeforeValidator(lambda value, info: None if value is None else _component("guideline", "")(value, info)),
    PlainSerializer(lambda policy: None if policy is None else parameters(policy)),
    WithJsonSchema({"anyOf": [{"component": "guideline"}, {"type": "null"}]}),
]
CombinationField = Annotated[SerializeAsAny[Combination], *_field("combination")]
NoCharterField = Annotated[
    SerializeAsAny[Charter] | None,
    BeforeValidator(lambda value, info: None if value is None else _component("charter", "")(value, info)),
    PlainSerializer(lambda charter: None if charter is None else parameters(charter)),
    WithJsonSchema({"anyOf": [{"component": "charter"}, {"type": "null"}]}),
]
AggregatorField = Annotated[SerializeAsAny[Aggregator], *_field("aggregator", "none")]
CriterionField = Annotated[
    SerializeAsAny[Criterion],
    BeforeValidator(_component("criterion", "")),
    PlainSerializer(lambda criterion: criterion.model_dump(mode="json")),  # its key says its name
]
