"""What a study file may say: which scenario, what varies, under how many seeds, what is asked of the runs."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from simlab.components.outcome import Outcome
from simlab.components.spec import Spec
from simlab.errors import InvalidInput
from simlab.names import NAME, shown
from simlab.runs.study_folder import RUN_COLUMNS
from simlab.scenario.expectations import ArmSpec, Reducer, require_number
from simlab.scenario.fields import outcome
from simlab.scenario.yaml_tree import read_file

MOST_SEEDS, MOST_POINTS = 100_000, 100_000
REDUCERS = get_args(Reducer)


class RangeSpec(Spec):
    """A range of values of one setting, from which a design takes some."""

    low: float = Field(alias="from", description="the least value")
    high: float = Field(alias="to", description="the greatest value")
    scale: Literal["linear", "log"] = Field(
        "linear", description="whether values or their logarithms are spread evenly"
    )
    whole: bool = Field(False, description="whether values are whole numbers, each with its part of the range")

    @model_validator(mode="after")
    def _upward(self) -> RangeSpec:
        if self.low >= self.high:
            raise PydanticCustomError("range", "from is not below to", {"fix": f"write from: {self.high:g}"})
        if self.scale == "log" and self.low <= 0:
            raise PydanticCustomError("range", "a logarithmic range starts above 0", {"fix": "give a from above 0"})
        if self.whole and math.ceil(self.low) >= math.floor(self.high):
            what = "there are not two whole numbers from {low:g} to {high:g}"
            given = {"low": self.low, "high": self.high, "fix": "give a wider range, or a single value elsewhere"}
            raise PydanticCustomError("range", what.format(**given), given)
        return self

    def at(self, share: float) -> float | int:
        """The value so far along the range, `share` in [0, 1]. Of whole numbers each has its part of the range, the
        first and the last, too: all that lies nearest to it."""
        least, most = math.ceil(self.low), math.floor(self.high)
        low, high = (least - 0.5, most + 0.5) if self.whole else (self.low, self.high)
        value = low * (high / low) ** share if self.scale == "log" else low + share * (high - low)
        return min(max(round(value), least), most) if self.whole else float(value)


def _range_or_list(value: Any) -> Any:
    if isinstance(value, list):
        if not value:
            raise PydanticCustomError("no_values", "there is no value to take", {"fix": "list some, as [1, 2]"})
        if again := _again(value):
            raise PydanticCustomError("value_twice", "{shown} is there twice", {"shown": again, "fix": "list it once"})
        return value
    if isinstance(value, Mapping):
        return RangeSpec.model_validate(value)
    fix = "give a list, as [1, 2], or a range, as {from: 1, to: 2}"
    raise PydanticCustomError(
        "no_values", "{shown} is one value, which does not vary", {"shown": shown(value), "fix": fix}
    )


def _again(values: Sequence[Any]) -> str:
    """The first value that is there before, as a message shows it: 6 and 6.0 are one, 1 and true are two."""
    earlier = list[tuple[bool, Any]]()
    for value in values:
        if (key := (isinstance(value, bool), value)) in earlier:
            return shown(value)
        earlier.append(key)
    return ""


Values = Annotated[  # a list of values, or a RangeSpec
    Any,
    BeforeValidator(_range_or_list),
    WithJsonSchema({"anyOf": [{"type": "array", "minItems": 1}, RangeSpec.model_json_schema()]}),
]


class VarySpec(Spec):
    """What differs between the runs of a study, beside the seed.

    Levers are settings that somebody in the scenario or its maker controls, uncertainties those that nobody does
    (Kwakkel 2017, "The Exploratory Modeling Workbench", Environmental Modelling & Software 96). Every arm meets every
    point of the design.
    """

    arms: dict[str, ArmSpec] = Field(
        {}, max_length=1000, description="forms of the scenario by name; the first is what others are held against"
    )
    levers: dict[str, Values] = Field(
        {}, max_length=100, description="settings that somebody controls: by dotted path a list, or {from, to}"
    )
    uncertainties: dict[str, Values] = Field(
        {}, max_length=100, description="settings that nobody controls: by dotted path a list, or {from, to}"
    )
    design: Literal["grid", "latin_hypercube", "sobol", "saltelli", "morris"] = Field(
        "grid",
        description="how values are combined: each with each, or `points` of them spread over all ranges (saltelli,"
        " morris: for `simlab sensitivity`)",
    )
    points: int | None = Field(
        None, ge=1, le=MOST_POINTS,
        description="number of points of a latin_hypercube or sobol design; saltelli takes settings + 2 times as many,"
        " morris settings + 1 times",
    )  # fmt: skip
    samples: str = Field(
        "",
        max_length=10_000,
        description="a table whose columns are settings, a point a row (CSV, Parquet, JSON Lines)",
    )
    orders: Literal["each"] | list[str] | None = Field(
        None, description="`each`: arms without each order of judgement in turn, and the whole; or names of parties"
    )

    @model_validator(mode="after")
    def _one_design(self) -> VarySpec:
        varied = {**self.levers, **self.uncertainties}
        if both := sorted(self.levers.keys() & self.uncertainties.keys()):
            raise PydanticCustomError("both", "{key} is lever and uncertainty", {"key": both[0], "fix": "say it once"})
        if self.samples and (varied or self.points):
            fix = "leave out levers, uncertainties and points"
            raise PydanticCustomError("samples", "samples say what varies already", {"fix": fix})
        if self.design == "grid":
            if self.points is not None:
                raise PydanticCustomError("points", "a grid has the points it has", {"fix": "design: latin_hypercube"})
        elif not varied or self.points is None:
            what = "a {design} takes levers or uncertainties, and a number of points"
            raise PydanticCustomError("design", what, {"design": self.design, "fix": "points: 32"})
        return self


class Quantity(Spec):
    """One number of a run's tables: `table.column | rows | what is made of them`."""

    table: str
    column: str
    where: str = ""
    by: Reducer = "mean"
    says: str = ""

    @model_validator(mode="after")
    def _there(self) -> Quantity:
        require_number(self.table, self.column, self.where, self.by)
        return self


def quantity(text: str) -> Quantity:
    """The quantity of an expression such as `alignment.rho | a == 'users' and round == @last | mean`. Raises
    PydanticCustomError if it is none."""
    place, _, rest = text.partition("|")
    table, _, column = (part.strip() for part in place.partition("."))
    rows, _, by = rest.rpartition("|")  # rows may be joined by bars, too
    if by.strip() not in REDUCERS:
        rows, by = rest, "mean"
    if not table or not column:
        fix = "as in alignment.rho | a == 'users' and b == 'lm' and round == @last | mean"
        raise PydanticCustomError(
            "quantity", "{shown} is no table.column | rows | mean", {"shown": shown(text), "fix": fix}
        )
    return Quantity.model_validate({"table": table, "column": column, "where": rows.strip(), "by": by.strip()})


def _outcome(value: Any, info: ValidationInfo) -> Quantity | Outcome:
    """An expression over tables; or the name of an outcome plugin, or a mapping with its parameters."""
    expression = isinstance(value, str) and ("." in value or "|" in value)
    found = quantity(value) if expression else outcome(value, info)
    assert isinstance(found, Quantity | Outcome)
    return found


AnyOutcome = Annotated[  # a Quantity or an Outcome
    Any,
    BeforeValidator(_outcome),
    WithJsonSchema(
        {"anyOf": [{"component": "outcome"}, {"type": "string", "description": "table.column | rows | mean"}]}
    ),
]


class SolveSpec(Spec):
    """A budget: the value of a lever at which an outcome, averaged over the study's seeds, equals a number.

    Written `{labor: 2250, by: parties.pool.wage}`: the outcome's name, then the number. `labor` is what all labor
    costs, where the study asks for no outcome of that name.
    """

    model_config = ConfigDict(  # as it is written, with the outcome for a key
        json_schema_extra={"required": ["by"], "additionalProperties": {"type": "number"}}
    )

    outcome: str = Field(description="the outcome that is to equal a number; also written as a key of its own")
    equals: float = Field(description="the number")
    by: str = Field(description="the setting that is changed until it does, by dotted path")
    between: RangeSpec | None = Field(
        None,
        description="where its value is looked for, {from, to}; default: around the scenario's own, up to 64 times",
    )
    tolerance: float = Field(0.01, gt=0, lt=1, description="how near is near enough, as a share of the number")
    steps: int = Field(30, ge=1, le=200, description="values tried at most, once two lie on either side")

    @model_validator(mode="before")
    @classmethod
    def _named(cls, said: Any) -> Any:
        """`labor: 2250` is `outcome: labor, equals: 2250`."""
        if not isinstance(said, Mapping) or "outcome" in said or "equals" in said:
            return said
        others = [key for key in said if key not in cls.model_fields]
        if len(others) != 1:
            what = "which outcome equals what? It names {many}"
            given = {"many": ", ".join(map(str, others)) or "none", "fix": "as in {labor: 2250, by: parties.pool.wage}"}
            raise PydanticCustomError("solve", what, given)
        kept = {key: value for key, value in said.items() if key != others[0]}
        return {"outcome": others[0], "equals": said[others[0]], **kept}


class SearchSpec(Spec):
    """What `simlab search` looks for: the point of the levers' ranges at which one outcome is least, while others reach
    a target, both as means over the study's seeds."""

    minimize: str = Field(description="the outcome that is to be least, as labor")
    target: dict[str, float] = Field(min_length=1, max_length=20, description="the least that other outcomes may be")
    trials: int = Field(40, ge=1, le=10_000, description="points that are tried")
    after: int = Field(
        2, ge=2, le=1000, description="seeds after which a point that does poorly is given up, and then again"
    )
    seed: int = Field(0, ge=0, le=2**32 - 1, description="seed of the search")


class HypothesisSpec(Spec):
    """That an outcome is larger in one arm than in another, by more than a margin."""

    says: str = Field("", max_length=1000, description="the hypothesis in words; default: as it is written")
    outcome: str = Field(description="which outcome")
    arm: str = Field(description="the arm in which it is larger")
    less: str = Field("", description="the arm that is subtracted; default: the first")
    margin: float = Field(0.0, description="by how much, in units of the outcome")


class StudySpec(Spec):
    """What a study file says: a question put to runs of a scenario that differ in something."""

    name: str = Field(pattern=NAME, description="name of the study")
    description: str = Field("", max_length=10_000, description="the question, in your words")
    scenario: str | dict[str, Any] = Field(description="the scenario: the path of its file, or what would stand in it")
    small: bool = Field(False, description="whether to run its small form")
    set: dict[str, Any] = Field({}, description="settings of all runs, by dotted path, as with --set")
    measure: Literal["every", "last"] = Field(
        "every", description="rounds after which parties are asked what they prefer: every, or the last (panel.rounds)"
    )
    seeds: int | list[int] = Field(5, description="how many, from the scenario's own on; or a list of them")
    vary: VarySpec = Field(VarySpec(), description="what differs between runs, beside the seed")
    outcomes: dict[str, AnyOutcome] = Field(
        {}, max_length=200, description="numbers asked of every run, by name: table.column | rows | mean, or a plugin"
    )
    solve: SolveSpec | None = Field(
        None, description="a budget that every arm meets, and the lever by which it does: {labor: 2250, by: …}"
    )
    search: SearchSpec | None = Field(None, description="the cheapest point that reaches a target, for `simlab search`")
    hypotheses: list[HypothesisSpec] = Field([], max_length=200, description="what is held against the outcomes")

    @property
    def common(self) -> dict[str, Any]:
        """The settings of all runs."""
        return {"panel.rounds": self.measure, **self.set} if self.measure != "every" else dict(self.set)

    @field_validator("scenario", mode="before")
    @classmethod
    def _file_or_mapping(cls, scenario: Any) -> Any:
        if not isinstance(scenario, str | Mapping):
            fix = "the path of a scenario file, as scenario: wages.yaml"
            raise PydanticCustomError("scenario", "{shown} is no scenario", {"shown": shown(scenario), "fix": fix})
        return scenario

    @field_validator("outcomes")
    @classmethod
    def _columns_of_their_own(cls, outcomes: dict[str, Any]) -> dict[str, Any]:
        if taken := [name for name in outcomes if name in RUN_COLUMNS or not name.strip()]:
            what = "no outcome can be called {shown}: the table of outcomes says something else there"
            raise PydanticCustomError("taken", what, {"shown": shown(taken[0]), "fix": "give it another name"})
        return outcomes

    @model_validator(mode="after")
    def _no_setting(self) -> StudySpec:
        if taken := [name for name in self.outcomes if name in {**self.vary.levers, **self.vary.uncertainties}]:
            given = {"shown": shown(taken[0]), "fix": "give one another name"}
            raise PydanticCustomError("taken", "{shown} is an outcome and a setting that varies", given)
        return self

    @field_validator("seeds", mode="before")
    @classmethod
    def _some_seeds(cls, seeds: Any) -> Any:
        each = seeds if isinstance(seeds, list) else [seeds]
        if not all(isinstance(seed, int) and not isinstance(seed, bool) for seed in each):
            what = "{shown} is no number of seeds, and no list of them"
            raise PydanticCustomError("seeds", what, {"shown": shown(seeds), "fix": "as in seeds: 5, or seeds: [3, 8]"})
        many = len(seeds) if isinstance(seeds, list) else seeds
        if not 1 <= many <= MOST_SEEDS:
            raise PydanticCustomError("seeds", "{many} seeds", {"many": many, "fix": f"give 1 to {MOST_SEEDS:,}"})
        if isinstance(seeds, list) and (len(set(seeds)) < many or any(not 0 <= seed < 2**63 for seed in seeds)):
            fix = "give each once, from 0 to 2^63 - 1"
            raise PydanticCustomError("seeds", "a seed is there twice, or is none", {"fix": fix})
        return seeds


def is_study_file(path: Path) -> bool:
    """Whether a file says which scenario it is about, as those of studies do and those of scenarios do not."""
    try:
        root = read_file(os.fspath(path)).value
    except InvalidInput:
        return False
    return isinstance(root, dict) and "scenario" in root and "parties" not in root
