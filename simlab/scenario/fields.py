"""What all entries of a scenario file have in common: the base model, weights of criteria, and components.

Every field says in its description what it means and in which unit; `schema`, `describe` and error messages
repeat it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    PlainSerializer,
    SerializeAsAny,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from simlab.components.aggregator import Aggregator
from simlab.components.catalogue import Catalogue
from simlab.components.charter import Charter
from simlab.components.combination import Combination
from simlab.components.component import Component, parameters, settings
from simlab.components.criterion import Criterion
from simlab.components.data_file import DataFile
from simlab.components.effort import Effort
from simlab.components.guideline_policy import GuidelinePolicy
from simlab.components.learner import Learner
from simlab.components.look import Look
from simlab.components.rater_policy import RaterPolicy
from simlab.components.review import Review
from simlab.components.reward_shape import RewardShape
from simlab.components.spec import Spec, named
from simlab.errors import InvalidInput
from simlab.names import NAME, shown
from simlab.scenario.yaml_tree import Node
from simlab.sheets import TextTable, Unusable, texts_of
from simlab.worlds.world import World


@dataclass(slots=True)
class Reading:
    """One reading of a scenario: the plugins there are, which model each mapping of the file was read as, where each
    mapping stands, and the criteria that the world has brought along (None until it has been read)."""

    plugins: Catalogue
    models: dict[int, type[BaseModel]] = field(default_factory=dict)  # by id of the mapping
    nodes: dict[int, Node] = field(default_factory=dict)  # by id of the mapping
    brought: Mapping[str, Criterion] | None = None
    here: Mapping[str, Path] = field(default_factory=dict)  # the `folders` of the entry that is being read

    def folders(self, entry: Mapping[str, Any]) -> dict[str, Path]:
        """For each key of a mapping, the folder of the file that says it; on the command line, the current one."""
        node = self.nodes.get(id(entry))
        said = node.value.items() if node is not None else ()
        return {key: Path(n.place.file).parent if n.place.line is not None else Path() for key, n in said}

    def get(self, key: str, default: Any = None) -> Any:
        """What parameters of a component ask of the context in which they are read: `folders`."""
        return self.here if key == "folders" else default


class WithFiles(Spec):
    """An entry that may name files of data: their paths start at the file that says them."""

    @model_validator(mode="wrap")
    @classmethod
    def _in_its_folder(cls, data: Any, read: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        reading = info.context
        if not isinstance(reading, Reading) or not isinstance(data, dict):
            return read(data)
        outside, reading.here = reading.here, reading.folders(data)
        try:
            return read(data)
        finally:
            reading.here = outside


def texts_in(
    table: DataFile, columns: Mapping[Any, str], needed: tuple[str, ...] = ("prompt", "response"),
    optional: tuple[str, ...] = ("author",),
) -> TextTable:  # fmt: skip
    """Columns of texts of a table, by default responses; `columns` says what it calls them. Raises
    `simlab.sheets.Unusable`."""
    return texts_of(table.path, table.sha256, needed, optional, tuple(sorted(columns.items())))


def readable(table: DataFile, read: Callable[[], object]) -> None:
    """Read a table; what is wrong with it is said of the entry that names it, by row and column."""
    try:
        read()
    except Unusable as error:
        told = {"what": error.within(table.path.name), "fix": error.fix}
        raise PydanticCustomError("table", "{what}", told) from None


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

    Parameters are checked as strict JSON: no text where a number should be, while a list may fill a tuple. Those of
    consequences may name components in turn, so they are read as the part of the file that they are.
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
    if kind == "consequence":
        return cls.model_validate(given, context=replace(reading, here=reading.folders(entry)))
    return cls.model_validate_json(json.dumps(given), strict=True, context={"folders": reading.folders(entry)})


def _field(kind: str, default: str = "") -> tuple[Any, ...]:
    """How a field that holds a component of this kind is read, written and described."""
    return BeforeValidator(_component(kind, default)), PlainSerializer(parameters), WithJsonSchema({"component": kind})


def _optional(kind: str) -> tuple[Any, ...]:
    """The same of a field that may be empty."""
    find = _component(kind, "")
    return (
        BeforeValidator(lambda value, info: None if value is None else find(value, info)),
        PlainSerializer(lambda component: None if component is None else parameters(component)),
        WithJsonSchema({"anyOf": [{"component": kind}, {"type": "null"}]}),
    )


WorldField = Annotated[SerializeAsAny[World], *_field("world")]
RaterPolicyField = Annotated[SerializeAsAny[RaterPolicy], *_field("rater", "boltzmann")]
EffortField = Annotated[SerializeAsAny[Effort], *_field("effort", "diligent")]
ReviewField = Annotated[SerializeAsAny[Review], *_field("review", "threshold")]
NoReviewField = Annotated[SerializeAsAny[Review] | None, *_optional("review")]
NoLookField = Annotated[SerializeAsAny[Look] | None, *_optional("look")]
GoldTestField = Annotated[SerializeAsAny[Review], *_field("review", "gold_test")]
RewardShapeField = Annotated[SerializeAsAny[RewardShape], *_field("reward", "plain")]
GuidelinePolicyField = Annotated[SerializeAsAny[GuidelinePolicy], *_field("guideline", "static")]
NoGuidelinePolicyField = Annotated[SerializeAsAny[GuidelinePolicy] | None, *_optional("guideline")]
CombinationField = Annotated[SerializeAsAny[Combination], *_field("combination")]
NoCharterField = Annotated[SerializeAsAny[Charter] | None, *_optional("charter")]
AggregatorField = Annotated[SerializeAsAny[Aggregator], *_field("aggregator", "none")]
NoLearnerField = Annotated[
    SerializeAsAny[Learner] | None,
    BeforeValidator(lambda value, info: None if value is None else _component("learner", "")(value, info)),
    PlainSerializer(lambda learner: None if learner is None else parameters(learner)),
    WithJsonSchema({"anyOf": [{"component": "learner"}, {"type": "null"}]}),
]
RewardLearnerField = Annotated[SerializeAsAny[Learner], *_field("learner", "bradley_terry")]
CriterionField = Annotated[
    SerializeAsAny[Criterion],
    BeforeValidator(_component("criterion", "")),
    PlainSerializer(settings),  # its key says its name
]


def outcome(value: Any, info: ValidationInfo) -> Any:
    """The outcome plugin that an entry of a study file names, with its parameters."""
    return _component("outcome", "")(value, info)
