"""A study that is ready to be run: its file read, its arms laid out, and every arm's scenario checked."""

from __future__ import annotations

import copy
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from simlab.components.component import parameters
from simlab.components.outcome import Outcome
from simlab.errors import InvalidInput, Problem
from simlab.flags import require_flags
from simlab.names import clip, did_you_mean, suggestion
from simlab.paths import given, listed
from simlab.plugins.registry import Registry, discover
from simlab.runner import manifest_of
from simlab.scenario import Overrides, Scenario
from simlab.scenario import load as load_scenario
from simlab.scenario.choices import Choices
from simlab.scenario.fields import Reading
from simlab.scenario.messages import Complaints
from simlab.scenario.settings import Settings, assignments
from simlab.scenario.yaml_tree import Node, Place, located, read_file
from simlab.sheets import Unusable
from simlab.studies.design import Arm, Point, arms_of, at_share, folder_names
from simlab.studies.overlaps import Overlap, overlaps
from simlab.studies.samples import Samples, from_file, from_frame
from simlab.studies.study_file import Quantity, RangeSpec, SolveSpec, StudySpec, VarySpec
from simlab.studies.value_of import LABOR, OPTION, orders_asked, study_of, with_labor, with_prices
from simlab.tables.schemas import TABLES

CHECKED = 200  # arms whose scenario is checked before anything is run; what is wrong with others is a row


@dataclass(frozen=True, slots=True)
class Plan:
    """What a study consists of. `base` is the manifest of its first run; `folders` holds one name for each arm."""

    spec: StudySpec
    file: Path
    scenario_file: Path
    registry: Registry
    arms: tuple[Arm, ...]
    folders: tuple[str, ...]
    seeds: tuple[int, ...]
    base: Mapping[str, Any]
    places: Mapping[str, Any]
    inline: Mapping[str, Any]  # a scenario that stands in the study file, {} otherwise
    orders: tuple[str, ...] = ()  # parties each of which one form is without
    text: str | None = None  # of the study file, where there is none
    start: float | None = None  # of the lever by which a budget is met, in the first arm
    line: int | None = None  # of the study file, where it says the budget

    @property
    def outcomes(self) -> dict[str, Quantity | Outcome]:
        """What is asked of every run, by name."""
        return dict(self.spec.outcomes)

    @property
    def units(self) -> dict[str, str]:
        """The unit of each outcome that has one."""
        found = {name: outcome_unit(outcome) for name, outcome in self.outcomes.items()}
        return {name: unit for name, unit in found.items() if unit}

    @property
    def asked(self) -> str:
        """A hash of what is asked of every run: outcomes, with the plugins they are made by."""
        said = {name: described(outcome) for name, outcome in self.outcomes.items()}
        used = [("outcome", o.name) for o in self.outcomes.values() if isinstance(o, Outcome)]
        text = json.dumps([said, self.registry.hashes(used)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def described(outcome: Quantity | Outcome) -> dict[str, Any]:
    """An outcome as a study file would say it."""
    return parameters(outcome) if isinstance(outcome, Outcome) else outcome.model_dump(mode="json")


def outcome_unit(outcome: Quantity | Outcome) -> str:
    """The unit of an outcome; "" if it has none."""
    if isinstance(outcome, Outcome):
        return outcome.unit
    column = {c.name: c for c in TABLES[outcome.table].columns}.get(outcome.column)
    return column.unit if column is not None and outcome.by != "count" else ""


def planned(
    path: Path | str,
    *,
    samples: Samples = None,
    overrides: Overrides = (),
    plugins: Sequence[Path | str] = (),
    local: bool = True,
    value_of: str = "",
) -> Plan:
    """The plan of a study file, with `key=value` overrides of it; `samples` are points of the user's own, in place of
    those the file varies. `value_of` ("each", or names put apart by commas) asks what orders of judgement are worth,
    and the file may be that of a scenario.

    Raises InvalidInput with everything that is wrong with the file, or with the scenario in some of its arms.
    """
    require_flags(local=local)
    file, plugins = given(path), listed(plugins)
    root, text = _root(file, value_of)
    layer = Settings(root, Choices.of([]))
    for way, node in assignments(overrides):
        layer.put(way, node, node.place)
    registry = discover(file.parent, plugins, local)
    spec = _spec(root, registry)
    inline = root.value["scenario"] if isinstance(spec.scenario, dict) else None
    scenario_file = file if inline is not None else file.parent / given(str(spec.scenario))
    if scenario_file.parent != file.parent:
        registry = discover(scenario_file.parent, [*plugins, *_beside(file)], local)
    if inline is not None or scenario_file.parent != file.parent:  # runs look beside their scenario only
        plugins = [*plugins, *_beside(file)]
    _require_lists(spec, root)
    at = _Reader(scenario_file, registry, inline, spec.small, root, spec.solve)
    scenario = at.scenario(Arm("base", settings=spec.common))
    points = from_frame(samples) if samples is not None else _from_table(root, spec, file)
    if spec.search is not None:
        _require_search(spec, at, points, root)
    orders = _orders(spec, scenario, root)
    spec = with_prices(spec, scenario, registry) if orders else spec
    arms = arms_of(spec.vary if spec.search is None else VarySpec(), spec.common, points, orders)
    for arm in arms[:CHECKED]:
        at.scenario(arm)
    if wrong := [at.problem(found) for found in overlaps(spec, arms, scenario)]:
        raise InvalidInput(*dict.fromkeys(wrong))
    _require_hypotheses(spec, arms, root)
    start = _start(spec, arms, at, root) if spec.solve else None
    seeds = spec.seeds if isinstance(spec.seeds, list) else range(scenario.seed, scenario.seed + spec.seeds)
    places = {"plugins": [str(given(p).absolute()) for p in plugins], "local": local}
    base = manifest_of(at.scenario(arms[0], seed=seeds[0]), registry)
    names = tuple(folder_names(arms))
    return Plan(
        spec, file, scenario_file, registry, tuple(arms), names, tuple(seeds), base, places, _free(inline, file),
        tuple(orders), text, start, root.value["solve"].place.line if spec.solve else None,
    )  # fmt: skip


def _root(file: Path, value_of: str) -> tuple[Node, str | None]:
    """What a file says as a study; and the text of one, if it is the file of a scenario."""
    root, text = read_file(os.fspath(file)), None
    if value_of and isinstance(root.value, dict) and "scenario" not in root.value:
        root, text = study_of(file, root)
    if value_of:
        asked = _planted(orders_asked(value_of), Place(OPTION))
        Settings(root, Choices.of([])).put("vary.orders", asked, asked.place)
        text = text and f"{text}vary: {json.dumps({'orders': asked.plain()}, ensure_ascii=False)}\n"
    return root, text


def _free(inline: Node | None, file: Path) -> dict[str, Any]:
    """A scenario that stands in a study file as it would stand in a file anywhere else."""
    said = {} if inline is None else dict(inline.plain())
    if isinstance(said.get("extends"), str):
        said["extends"] = str((file.parent / given(said["extends"])).absolute())
    return said


def _beside(file: Path) -> list[Path]:
    """Plugin files in the study's own folder, where that is not the scenario's."""
    from simlab.plugins.files import looks_like_plugin

    return [path for path in sorted(file.parent.glob("*.py")) if looks_like_plugin(path)]


def _spec(root: Node, registry: Registry) -> StudySpec:
    """What the file says. Raises InvalidInput with every problem of it, each with its line."""
    if not isinstance(root.value, dict):
        raise InvalidInput(root.place.problem("should be a mapping", "write name, scenario, seeds, vary, outcomes"))
    if "parties" in root.value and "scenario" not in root.value:
        fix = "run it with simlab run; a study names it, as in scenario: FILE; or ask --value-of each"
        raise InvalidInput(root.place.problem("is a scenario and no study", fix))
    data = root.plain()
    reading = Reading(registry, nodes=dict(located(root, data)))
    try:
        return with_labor(StudySpec.model_validate(data, context=reading), registry)
    except ValidationError as error:
        raise InvalidInput(*Complaints(root, data, reading.models).of(error)) from None


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the study's scenario in the form of an arm."""

    file: Path
    registry: Registry
    inline: Node | None
    small: bool
    root: Node
    solve: SolveSpec | None = None

    def scenario(self, arm: Arm, seed: int | None = None) -> Scenario:
        """The scenario; what is wrong with a setting is said of its place in the study file."""
        overrides = {path: self._place(path, value, arm) for path, value in arm.settings.items()}
        return load_scenario(
            self.file,
            self.registry,
            overrides=overrides,
            small=self.small,
            seed=seed,
            without=self._left_out(arm),
            inline=copy.deepcopy(self.inline),
        )

    def _left_out(self, arm: Arm) -> list[Node]:
        """Whom an arm is without, where the study file says so."""
        said = _at(self.root, "vary", "arms", arm.form, "without") or _at(self.root, "vary", "orders")
        place = said.place if said is not None else Place("vary.orders")
        return [Node(name, place) for name in arm.without]

    def problem(self, found: Overlap) -> Problem:
        """What is wrong with a setting beside others, at its place in the study file."""
        place = self._place(found.path, None, Arm("", found.form)).place
        return place.problem(found.what, found.fix, clip(found.path))

    def _place(self, path: str, value: Any, arm: Arm) -> Node:
        """A setting as a tree that stands where the study file says it."""
        node = _at(self.root, "vary", "arms", arm.form, "set", path)
        node = node or (_at(self.root, "measure") if path == "panel.rounds" else None)
        if path == getattr(self.solve, "by", None):
            node = node or _at(self.root, "solve", "between") or _at(self.root, "solve", "by")
        for way in (("vary", "levers", path), ("vary", "uncertainties", path), ("set", path), ("vary", "samples")):
            node = node or _at(self.root, *way)
        place = node.place if node is not None else Place(f"samples, column {clip(path)}")
        return _planted(value, place)


def _planted(value: Any, place: Place) -> Node:
    if isinstance(value, Mapping):
        inside = {str(key): _planted(part, place) for key, part in value.items()}
        return Node(inside, place, dict.fromkeys(inside, place))
    if isinstance(value, list | tuple):
        return Node([_planted(part, place) for part in value], place)
    return Node(value, place)


def _at(node: Node, *way: str) -> Node | None:
    """What stands in the file at a path of keys, if anything does."""
    for key in way:
        if not isinstance(node.value, dict) or key not in node.value:
            return None
        node = node.value[key]
    return node


def _from_table(root: Node, spec: StudySpec, file: Path) -> list[Point]:
    """The rows of the table that `samples` names."""
    if not spec.vary.samples:
        return []
    try:
        return from_file(file.parent / given(spec.vary.samples))
    except Unusable as error:
        place = root.value["vary"].value["samples"].place
        raise InvalidInput(place.problem(error.within(spec.vary.samples), error.fix, "vary.samples")) from None


# ---- what only the whole can tell --------------------------------------------------------------------------------


def _orders(spec: StudySpec, scenario: Scenario, root: Node) -> list[str]:
    """The parties each of which one form is without: those named, or everybody who judges those who judge or label."""
    judges = [name for name, party in scenario.parties.items() if party.kind == "auditors"]
    if spec.vary.orders is None:
        return []
    place = root.value["vary"].value["orders"].place
    if spec.vary.orders == "each":
        if not judges:
            fix = "add auditors to the scenario, or leave orders out"
            raise InvalidInput(
                place.problem("nobody can be left out: the scenario has no auditors", fix, "vary.orders")
            )
        return judges
    for name in spec.vary.orders:
        if name not in scenario.parties:
            fix = suggestion(name, judges or list(scenario.parties))
            raise InvalidInput(place.problem(f"there is no party {clip(name)!r}", fix, "vary.orders"))
    return list(spec.vary.orders)


def _start(spec: StudySpec, arms: Sequence[Arm], at: _Reader, root: Node) -> float | None:
    """The value that the lever of a budget has in the first arm, if that is a number. Raises InvalidInput if it takes
    no such value as is looked for, varies otherwise, or if there is no such outcome."""
    solve, node = spec.solve, root.value["solve"]
    assert solve is not None
    if solve.outcome not in spec.outcomes:
        fix = suggestion(solve.outcome, [*spec.outcomes, LABOR])
        raise InvalidInput(node.place.problem(f"there is no outcome {clip(solve.outcome)!r}", fix, "solve"))
    if any(solve.by in arm.settings for arm in arms):
        what = f"{clip(solve.by)} varies already, or is set"
        raise InvalidInput(node.place.problem(what, "take another lever, or leave it out there", "solve.by"))
    whole = dict(at.scenario(arms[0]).model_dump(mode="json"))
    start: Any = whole
    holder: Mapping[str, Any] = {}
    for step in solve.by.split("."):
        holder = start if isinstance(start, dict) else {}
        if (start := holder.get(step)) is None:
            break
    known = isinstance(start, int | float) and not isinstance(start, bool)
    if not known and solve.between is None:
        meant = "" if step in holder else did_you_mean(step, holder)
        fix = meant or "say between: {from: 1, to: 100}"
        raise InvalidInput(node.place.problem(f"{clip(solve.by)} has no number to start from", fix, "solve.by"))
    for value in [start] if solve.between is None else [solve.between.at(0.0), solve.between.at(1.0)]:
        at.scenario(Arm("", settings={**arms[0].settings, solve.by: value}))
    return float(start) if known else None


def _require_search(spec: StudySpec, at: _Reader, points: Sequence[Point], root: Node) -> None:
    """Raise InvalidInput where a search is about outcomes that are not there, or anything but levers varies, and where
    the scenario does not take the ends of a lever's range."""
    search, place = spec.search, root.value["search"].place
    assert search is not None
    for name in (search.minimize, *search.target):
        if name not in spec.outcomes:
            fix = suggestion(name, [*spec.outcomes, LABOR])
            raise InvalidInput(place.problem(f"there is no outcome {clip(name)!r}", fix, "search"))
    vary = spec.vary
    if not vary.levers or vary.uncertainties or vary.arms or vary.orders or points or vary.points or spec.solve:
        fix = "vary: {levers: {parties.pool.wage: {from: 5, to: 40}}}, and nothing else"
        raise InvalidInput(place.problem("a search is over levers, and over them alone", fix, "search"))
    for share in (0.0, 1.0):
        at.scenario(Arm("", settings={**spec.common, **{k: at_share(v, share) for k, v in vary.levers.items()}}))


def _require_lists(spec: StudySpec, root: Node) -> None:
    """Raise InvalidInput where a range stands in a grid."""
    for kind in ("levers", "uncertainties") if spec.vary.design == "grid" and spec.search is None else ():
        for key, values in getattr(spec.vary, kind).items():
            if isinstance(values, RangeSpec):
                place = root.value["vary"].value[kind].keys[key]
                fix = "list values, or say design: latin_hypercube, and points"
                raise InvalidInput(place.problem("is a range, and a grid takes lists", fix, f"vary.{kind}.{key}"))


def _require_hypotheses(spec: StudySpec, arms: Sequence[Arm], root: Node) -> None:
    """Raise InvalidInput where a hypothesis is about an outcome or an arm that is not there."""
    forms = list(dict.fromkeys(arm.form for arm in arms))
    names = list(dict.fromkeys([*(forms if len(forms) > 1 else []), *(arm.name for arm in arms)]))
    for number, hypothesis in enumerate(spec.hypotheses):
        node = root.value["hypotheses"].value[number]
        for key, said, known in (
            ("outcome", hypothesis.outcome, list(spec.outcomes)),
            ("arm", hypothesis.arm, names),
            ("less", hypothesis.less or names[0], names),
        ):
            if said not in known:
                place = node.value[key].place if key in node.value else node.place
                what = f"there is no {'outcome' if key == 'outcome' else 'arm'} {clip(said)!r}"
                raise InvalidInput(place.problem(what, suggestion(said, known[:20]), f"hypotheses.{number}.{key}"))
        if hypothesis.arm == (hypothesis.less or names[0]):
            fix = f"less: one of {', '.join(names[:6])}"
            raise InvalidInput(node.place.problem("an arm is held against itself", fix, f"hypotheses.{number}"))
