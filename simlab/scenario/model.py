"""A scenario: who there is, who answers to whom, in which world, for how long. Read with `load`.

The simulation builds itself from a `Scenario`; nothing of the file is read a second time.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from simlab.components.combination import Combination
from simlab.components.consequence import Consequence, inner
from simlab.components.criterion import Criterion
from simlab.components.data_file import data_files
from simlab.components.spec import Spec
from simlab.errors import Problem
from simlab.names import NAME
from simlab.scenario.criteria import mentions
from simlab.scenario.expectations import ClaimSpec
from simlab.scenario.fields import CriterionField, Name, Reading, WorldField
from simlab.scenario.machines import LanguageModelSpec, RewardModelSpec
from simlab.scenario.measuring import AlarmsSpec, BestOfSpec, LearningCurveSpec, OnPolicySpec
from simlab.scenario.messages import Complaints
from simlab.scenario.parties import AnyParty, PeopleSpec
from simlab.scenario.relations import RelationSpec, completed, taught
from simlab.scenario.society import CorporationSpec
from simlab.tables.columns import DEVIATION, UTILITY


class ClusterSpec(Spec):
    """The computers the machines are trained on, in simulated time."""

    flops: float = Field(1e12, gt=0, le=1e21, description="speed of one computer, in FLOP per second")
    count: int = Field(1, ge=1, le=1_000_000, description="number of computers; corporations queue for them")


class PanelSpec(Spec):
    """The fixed panel of prompts and responses on which every party is asked what it prefers."""

    prompts: int = Field(
        600, ge=20, le=100_000, description="number of prompts: 500 or more, but of models that others have made"
    )
    responses: int = Field(2, ge=2, le=100, description="responses to each, per source")
    rounds: Literal["every", "last"] = Field(
        "every",
        description="after which rounds parties are asked: every, or before the first and after the last only, by which"
        " `orders` is about all looks since",
    )
    candidates: bool = Field(
        False, description="whether parties are also asked about all that raters compare (columns of `candidates`)"
    )
    on_policy: OnPolicySpec = Field(OnPolicySpec(), description="what the model gained, of what was to be gained")
    best_of: BestOfSpec | None = Field(
        None, description="what picking the best of n responses by the reward model would give; default: not measured"
    )
    learning_curve: LearningCurveSpec | None = Field(
        None, description="proxy and gold while a language model learns; default: not measured"
    )


class WaterfallSpec(Spec):
    """Along which path losses of alignment are measured, and whose randomness is drawn anew to tell noise from bias."""

    path: list[Name] = Field(
        [], max_length=100, description="parties from first to last; default: those above each language model"
    )
    redraw: list[Name] | None = Field(
        None,
        max_length=100,
        description="parties of the path whose own randomness is drawn anew; default: all, networks in the last round"
        " only and once. In every round a reward model that is named is fitted to other labels twice more, a language"
        " model trained twice more from the beginning",
    )
    marks: bool | None = Field(
        None,
        description="whether what raters mark (their labels) is a level of its own, between what they value and the"
        " reward model; default: if neither path nor redraw is given",
    )


class Scenario(Spec):
    """What a scenario file says, checked, with every default filled in.

    `criteria` holds every criterion the scenario names anywhere, in order of first mention; the value is None
    where it is a direction of the world itself (`World.own_criteria`).
    """

    name: str = Field(pattern=NAME, description="name of the scenario")
    description: str = Field("", max_length=10_000, description="what it is about, in your words")
    seed: int = Field(0, ge=0, lt=2**63, description="all randomness follows from it")
    days: float = Field(gt=0, le=36_500, description="length of the run, in days")
    world: WorldField = Field(description="the language game that is played")
    parties: dict[Name, AnyParty] = Field(min_length=1, max_length=1000, description="who there is, by name")
    relations: list[RelationSpec] = Field(min_length=1, max_length=10_000, description="who answers to whom")
    criteria: dict[Name, CriterionField | None] = Field(
        {}, validate_default=True, description="parameters of criteria, and further criteria to measure, by name"
    )
    cluster: ClusterSpec = Field(ClusterSpec(), description="the computers, in simulated time")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="what networks are computed on, in real time")
    panel: PanelSpec = Field(PanelSpec(), description="the questions every party answers")
    alarms: AlarmsSpec = Field(AlarmsSpec(), description="when training has gone wrong")
    waterfall: WaterfallSpec = Field(WaterfallSpec(), description="where alignment is lost, link by link")
    without: list[str] = Field(
        [], max_length=1000, description="whom this run is without, as pool:17 or a party; all other draws stay"
    )

    expect: list[ClaimSpec] = Field(
        [], max_length=100, exclude=True, description="what is expected of runs of this file, with numbers"
    )

    _complaints: Complaints | None = PrivateAttr(None)

    @field_validator("relations")
    @classmethod
    def _every_learner(cls, relations: list[RelationSpec], info: ValidationInfo) -> list[RelationSpec]:
        """Learners that the file leaves to the world are filled in."""
        world, parties = info.data.get("world"), info.data.get("parties")
        if world is None or parties is None:
            return relations
        assert isinstance(info.context, Reading), "scenarios are read with simlab.scenario.load"
        plugins = info.context.plugins

        def find(name: str) -> Any:
            return plugins.get("learner", name)()

        kinds = {name: party.kind for name, party in parties.items()}
        return [
            completed(r, taught(kinds.get(r.principal, ""), kinds.get(r.agent, "")), world.networks, find)
            for r in relations
        ]

    @field_validator("criteria", mode="before")
    @classmethod
    def _every_criterion(cls, given: Any, info: ValidationInfo) -> Any:
        """Every criterion that is named, with its parameters; unknown names are complained of elsewhere."""
        world, parties = info.data.get("world"), info.data.get("parties")
        if not isinstance(given, dict) or world is None or parties is None:
            return {}
        reading = info.context
        assert isinstance(reading, Reading), "scenarios are read with simlab.scenario.load"
        for name, settings in given.items():
            _refuse_settings(name, settings, world.own_criteria or name in world.brings())
        named = list(mentions(parties, info.data.get("relations")))
        valued, watched = [m.name for m in named if m.valued], [m.name for m in named if m.how == "watched"]
        used = dict.fromkeys([*valued, *watched, *given])
        if world.own_criteria:
            return dict.fromkeys(used)
        brought = reading.brought = world.brings()
        known = [*reading.plugins.names("criterion"), *brought]
        for name, settings in given.items():  # only so that complaints can list the parameters there are
            if name in known and name not in brought:
                reading.models[id(settings)] = reading.plugins.get("criterion", name)
        return {n: brought.get(n) or {**(given.get(n) or {}), "kind": n} for n in used if n in known}

    def criteria_used(self) -> list[str]:
        """Names of all criteria, in order of first mention."""
        return list(self.criteria)

    def criteria_valued(self) -> list[str]:
        """Names of the criteria that somebody's values or guideline mention; the others are only measured."""
        return list(dict.fromkeys(m.name for m in mentions(self.parties, self.relations) if m.valued))

    def criterion_components(self) -> list[Criterion]:
        """The criteria that are plugins, in order; none where the world has its own."""
        return [criterion for criterion in self.criteria.values() if criterion is not None]

    def judges(self, model: str) -> dict[str, float]:
        """The reward models that judge a language model together, in file order, with the weights of their scores."""
        given = [
            (r.principal, c) for r in self.relations if r.agent == model and self._rewards(r) for c in r.consequence
        ]
        return {name: consequence.weight for name, consequence in given if consequence.kind == "gradient"}

    def judged_by(self, model: str) -> Combination | None:
        """The rule by which the scores of a language model's judges become one; None where there are none."""
        together = [r for r in self.relations if r.agent == model and self._rewards(r)]
        return next((c.combine for r in together for c in r.consequence if c.kind == "gradient"), None)

    def edges(self) -> list[tuple[str, str]]:
        """(principal, agent) of every relation, in file order."""
        return [(relation.principal, relation.agent) for relation in self.relations]

    def plugins_used(self) -> list[tuple[str, str]]:
        """(kind, name) of every plugin this scenario uses, each once, in order of first mention."""
        return list(dict.fromkeys(self._plugins()))

    def _plugins(self) -> Iterator[tuple[str, str]]:
        yield "world", self.world.name
        for criterion in self.criterion_components():
            if criterion.name not in self.world.brings():
                yield "criterion", criterion.name
        for party in self.parties.values():
            if isinstance(party, PeopleSpec):
                yield from party.plugins()
            if isinstance(party, LanguageModelSpec) and party.demonstrations is not None:
                learner = party.demonstrations.learner
                yield from [] if learner is None else [("learner", learner.name)]
            if isinstance(party, RewardModelSpec) and party.preferences is not None:
                yield "learner", party.preferences.learner.name
            if isinstance(party, CorporationSpec):
                yield "guideline", party.guideline.policy.name
                yield "combination", party.guideline.combine.name
                if party.guideline.charter is not None:
                    yield "charter", party.guideline.charter.name
        for relation in self.relations:
            if relation.look is not None:
                yield "look", relation.look.name
            for consequence in relation.consequence:
                if isinstance(consequence, Consequence):
                    yield "consequence", consequence.name
                yield from ((part.kind, part.name) for _, part in inner(consequence))
                if consequence.kind == "gradient":
                    assert consequence.learner is not None
                    yield "learner", consequence.learner.name
                    if self._rewards(relation):
                        yield "reward", consequence.shape.name
                        yield "combination", consequence.combine.name
                    else:
                        yield "aggregator", consequence.aggregator.name

    def _rewards(self, relation: RelationSpec) -> bool:
        """Whether a machine is taught by rewards here, and not by rankings."""
        return self.parties[relation.principal].kind == "reward_model"

    def canonical(self) -> dict[str, Any]:
        """The scenario as plain data with all defaults filled in; a file that says this is this scenario."""
        data = self.model_dump(mode="json")
        for relation, said in zip(self.relations, data["relations"], strict=True):
            said["from"] = said.pop("since")  # as a file calls it
            for setting in ("name", "look", "from", "until"):  # which change nothing where they are not given
                if said[setting] is None:
                    del said[setting]
            for spec, consequence in zip(relation.consequence, said["consequence"], strict=True):
                if spec.kind != "gradient":
                    continue
                for setting in ("aggregator",) if self._rewards(relation) else ("shape", "weight", "combine"):
                    del consequence[setting]
                if spec.learner is not None and spec.learner.of_vectors is not None and not self.world.networks:
                    kept = {"kind", *spec.learner.of_vectors}
                    consequence["learner"] = {k: v for k, v in consequence["learner"].items() if k in kept}
        return data

    def added_columns(self) -> dict[str, list[str]]:
        """The columns that runs of this scenario add to tables: for each criterion, each party's utility, and the
        deviations of reward models that learn variances."""
        utilities = [f"{UTILITY}{name}" for name in self.parties]
        judged = [*utilities, *(f"{DEVIATION}{name}" for name in self.uncertain())]
        asked = {"candidates": judged} if self.panel.candidates else {}
        return {"responses": [*self.criteria_used(), *judged], "learning_curve": utilities, **asked}

    def uncertain(self) -> list[str]:
        """The reward models that learn variances, by name."""
        return [name for name, party in self.parties.items() if isinstance(party, RewardModelSpec) and party.variance]

    def hash(self, plugin_hashes: Mapping[str, str]) -> str:
        """SHA-256 (hex) of everything that decides the outcome: scenario with seed, and contents of plugins and data.

        Order counts for parties, relations and criteria, as it does in the tables; for `plugin_hashes` it does not.
        """
        data = list(self.data().items())
        text = json.dumps([self.canonical(), sorted(plugin_hashes.items()), *([data] if data else [])])
        return hashlib.sha256(text.encode()).hexdigest()

    def data(self) -> dict[str, str]:
        """SHA-256 (hex) of each file of data the scenario reads, by the dotted path of the key that names it."""
        return {".".join(map(str, at)): file.sha256 for at, file in data_files(self)}

    def as_yaml(self) -> str:
        """The canonical form as a scenario file that can be read from any folder."""
        data: Any = self.canonical()
        for (*way, last), file in data_files(self):
            holder = data
            for step in way:
                holder = holder[step]
            holder[last] = str(file.path)
        return _as_yaml(json.dumps({**data, "seed": 0})).replace("\nseed: 0\n", f"\nseed: {self.seed}\n", 1)

    def problem(self, path: Sequence[str | int], what: str, fix: str = "") -> Problem:
        """A problem with what the file says at `path`, such as ("parties", "pool", "count")."""
        if self._complaints is None:
            return Problem(what, fix, path=".".join(map(str, path)))
        return self._complaints.problem(path, what, fix)


@lru_cache(maxsize=8)  # runs that differ by their seed are written once
def _as_yaml(data: str) -> str:
    """What a text of JSON says, as YAML."""
    from ruamel.yaml import YAML

    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = None
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    writer.width = 200
    text = io.StringIO()
    writer.dump(json.loads(data), text)
    return text.getvalue()


def _refuse_settings(name: str, settings: Any, own_criteria: bool) -> None:
    """Raise for what cannot be the parameters of a criterion."""
    if settings is None or settings == {}:
        return
    what = ""
    if own_criteria:
        what = "has no parameters in this world"
    elif not isinstance(settings, dict):
        what = "should be a mapping of parameters"
    elif settings.get("kind", name) != name:
        what = "is called by its name, and needs no kind"
    if what:
        raise PydanticCustomError("criterion", "{name} {what}", {"name": name, "what": what})
