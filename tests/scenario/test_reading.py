"""Reading scenario files: defaults, layers, overrides, names, hashes, schema, and all problems at once."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from simlab.components.component import parameters
from simlab.errors import InvalidInput
from simlab.plugins.registry import Registry, discover
from simlab.scenario import (
    CorporationSpec,
    GradientSpec,
    LanguageModelSpec,
    RatersSpec,
    Scenario,
    UsersSpec,
    load,
    schema,
)
from simlab.scenario.yaml_tree import read_file, read_text

ROOT = Path(__file__).parents[2]
WHOLE = Path(__file__).parents[1] / "bad_scenarios" / "base" / "whole.yaml"


@pytest.fixture(scope="module")
def plugins() -> Registry:
    return discover(local=False)


def written(folder: Path, text: str, name: str = "scenario.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def extended(folder: Path, text: str) -> Path:
    """A file that extends the whole scenario."""
    return written(folder, f"extends: {WHOLE}\n{text}")


def problems(file: Path, plugins: Registry, **options: Any) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        load(file, plugins=plugins, **options)
    return str(caught.value).splitlines()


# ---- what a scenario says ------------------------------------------------------------------------------------------


def test_defaults_are_filled_in(plugins: Registry) -> None:
    scenario = load(WHOLE, plugins=plugins)
    assert (scenario.name, scenario.seed, scenario.days, scenario.device) == ("whole", 0, 10.0, "auto")
    assert (scenario.panel.prompts, scenario.panel.responses) == (600, 2)
    assert (scenario.cluster.flops, scenario.cluster.count) == (1e12, 1)
    users, acme, pool, _, lm = scenario.parties.values()
    assert isinstance(users, UsersSpec)
    assert (users.count, users.subscription, users.leave) == (1000, 0.0, 0.1)
    assert isinstance(acme, CorporationSpec)
    assert acme.guideline.published == acme.guideline.operative == {"helpful": 1.0, "truthful": 1.0}
    assert isinstance(pool, RatersSpec)
    assert pool.policy.name == "boltzmann"
    assert (pool.wage, pool.hours, pool.seconds, pool.ranking, pool.overlap) == (21.0, 8.0, 30.0, 2, 1)
    assert isinstance(lm, LanguageModelSpec)
    assert (lm.width, lm.layers, lm.heads, lm.context, lm.pretraining.steps) == (64, 2, 4, 48, 600)


def made(plugins: Registry, learner: str) -> Any:
    """A learner with its defaults."""
    return plugins.get("learner", learner)()


def test_short_forms_mean_the_long_ones(tmp_path: Path, plugins: Registry) -> None:
    scenario = load(WHOLE, plugins=plugins)
    (gradient,) = scenario.relations[2].consequence
    assert isinstance(gradient, GradientSpec)
    assert gradient.learner == made(plugins, "bradley_terry")
    assert gradient.shape.name == "plain"
    text = "relations:\n" + "".join(f"  - {json.dumps(relation)}\n" for relation in scenario.canonical()["relations"])
    again = load(extended(tmp_path, text), plugins=plugins)
    assert again.canonical()["relations"] == scenario.canonical()["relations"]


def test_a_learner_by_its_name_has_its_defaults(tmp_path: Path, plugins: Registry) -> None:
    file = extended(tmp_path, "")
    scenario = load(
        file, overrides=["relations.2.consequence={kind: gradient, learner: bradley_terry}"], plugins=plugins
    )
    (gradient,) = scenario.relations[2].consequence
    assert isinstance(gradient, GradientSpec)
    assert gradient.learner == made(plugins, "bradley_terry")


def test_criteria_stand_in_order_of_first_mention(tmp_path: Path, plugins: Registry) -> None:
    file = extended(
        tmp_path,
        "world: {kind: almanac, countries: 12}\n"
        "parties:\n  users: {values: {harmless: 1}}\n  pool: {values: {brief: 0.1}}\n"
        "criteria: {brand: {}, brief: {ideal: 9}}\n",
    )
    scenario = load(file, plugins=plugins)
    assert scenario.criteria_used() == ["helpful", "truthful", "harmless", "brief", "brand"]
    assert [c.name for c in scenario.criterion_components()] == scenario.criteria_used()
    brief = scenario.criterion_components()[3]
    assert brief.model_dump()["ideal"] == 9
    assert ("criterion", "brief") in scenario.plugins_used()
    assert ("reward", "plain") in scenario.plugins_used()


def test_a_world_of_its_own_criteria_takes_any_name_that_is_declared(tmp_path: Path, plugins: Registry) -> None:
    file = extended(tmp_path, "parties: {users: {values: {north: 1}}}\ncriteria: {north: {}}\n")
    scenario = load(file, plugins=plugins)
    assert scenario.criteria_used() == ["helpful", "truthful", "north"]
    assert scenario.criterion_components() == []


@pytest.mark.parametrize(("sample", "kind"), [("1", int), ("1.0", float), ("0.25", float), ("300", int)])
def test_whole_numbers_are_numbers_and_fractions_are_shares(sample: str, kind: type, plugins: Registry) -> None:
    scenario = load(WHOLE, overrides=[f"relations.1.sample={sample}"], plugins=plugins)
    assert type(scenario.relations[1].sample) is kind


# ---- the canonical form and the hash -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("file", sorted((ROOT / "scenarios").glob("*.yaml")), ids=lambda f: f.name)
@pytest.mark.parametrize("small", [False, True])
def test_the_canonical_form_is_a_scenario_file_that_says_the_same(
    file: Path, small: bool, tmp_path: Path, plugins: Registry
) -> None:
    scenario = load(file, small=small, plugins=plugins)
    again = load(written(tmp_path, scenario.as_yaml()), plugins=plugins)
    assert again.canonical() == scenario.canonical()
    assert list(again.parties) == list(scenario.parties)
    assert again.hash({}) == scenario.hash({})
    json.dumps(scenario.canonical(), allow_nan=False)


def test_the_hash_follows_what_is_said_and_not_how(tmp_path: Path, plugins: Registry) -> None:
    plain = load(WHOLE, plugins=plugins)
    same = load(extended(tmp_path, "# a remark\ndays: 10.0\nparties: {pool: {wage: 21}}\n"), plugins=plugins)
    assert same.hash({"a": "1", "b": "2"}) == plain.hash({"b": "2", "a": "1"})
    for setting in ("seed=1", "days=9", "parties.pool.policy.ties=0.1", "world.dimensions=65"):
        assert load(WHOLE, overrides=[setting], plugins=plugins).hash({}) != plain.hash({})
    assert plain.hash({"rater:boltzmann": "other"}) != plain.hash({})


# ---- layers --------------------------------------------------------------------------------------------------------


def test_layers_lie_on_each_other_in_order(tmp_path: Path, plugins: Registry) -> None:
    file = extended(tmp_path, "days: 9\nparties: {pool: {count: 20}}\n")

    def days(**options: Any) -> float:
        return load(file, plugins=plugins, **options).days

    assert load(WHOLE, plugins=plugins).days == 10
    assert days() == 9
    assert days(small=True) == 5
    assert days(small=True, overrides=["days=6", "days=7"]) == 7
    pool = load(file, plugins=plugins).parties["pool"]
    assert isinstance(pool, RatersSpec)
    assert (pool.count, pool.wage) == (20, 21.0)


def test_the_seed_given_apart_wins(plugins: Registry) -> None:
    assert load(WHOLE, seed=5, overrides=["seed=3"], plugins=plugins).seed == 5
    assert load(WHOLE, seed=2**63 - 1, plugins=plugins).seed == 2**63 - 1


def test_another_kind_replaces_the_whole_entry(tmp_path: Path, plugins: Registry) -> None:
    base = written(
        tmp_path, f"extends: {WHOLE}\nparties: {{pool: {{policy: {{kind: boltzmann, ties: 0.3}}}}}}\n", "b.yaml"
    )
    file = written(tmp_path, f"extends: {base}\nparties: {{pool: {{policy: {{kind: mistaken, flip: 0.2}}}}}}\n")
    pool = load(file, plugins=plugins).parties["pool"]
    assert isinstance(pool, RatersSpec)
    assert pool.policy.model_dump()["flip"] == 0.2


def test_a_short_form_can_be_added_to(tmp_path: Path, plugins: Registry) -> None:
    scenario = load(extended(tmp_path, "world: {dimensions: 16}\n"), plugins=plugins)
    assert scenario.world.model_dump() == {"dimensions": 16}
    scenario = load(WHOLE, overrides=["relations.3.consequence.shape.beta=0.5"], plugins=plugins)
    (gradient,) = scenario.relations[3].consequence
    assert isinstance(gradient, GradientSpec)
    assert gradient.shape.leash() == 0.5


def test_null_removes_what_was_inherited(tmp_path: Path, plugins: Registry) -> None:
    file = extended(
        tmp_path,
        "parties: {users: null}\nrelations:\n"
        "  - {principal: acme, agent: pool, every: 5, sample: 0.2}\n"
        "  - {principal: pool, agent: rm, every: 5, sample: 500, consequence: gradient}\n"
        "  - {principal: rm, agent: lm, every: 5, sample: 64, consequence: gradient}\n",
    )
    assert list(load(file, plugins=plugins).parties) == ["acme", "pool", "rm", "lm"]


def test_small_and_set_reach_into_lists_and_short_forms(tmp_path: Path, plugins: Registry) -> None:
    file = extended(tmp_path, "small: {days: 8, relations.0.every: 2, world.dimensions: 16}\n")
    scenario = load(file, small=True, overrides=["relations.0.sample=7"], plugins=plugins)
    assert (scenario.days, scenario.relations[0].every, scenario.relations[0].sample) == (8, 2, 7)
    assert scenario.world.model_dump() == {"dimensions": 16}
    assert load(file, plugins=plugins).relations[0].every == 5


def test_setting_an_alias_leaves_its_twin_alone(tmp_path: Path, plugins: Registry) -> None:
    text = WHOLE.read_text(encoding="utf-8").replace(
        "values: {helpful: 1, truthful: 1}", "values: &w {helpful: 1, truthful: 1}"
    )
    text = text.replace("operative: {helpful: 1, truthful: 1}", "operative: *w")
    scenario = load(written(tmp_path, text), overrides=["parties.users.values.helpful=5"], plugins=plugins)
    users, acme = scenario.parties["users"], scenario.parties["acme"]
    assert isinstance(users, UsersSpec)
    assert isinstance(acme, CorporationSpec)
    assert users.values["helpful"] == 5
    assert acme.guideline.operative["helpful"] == 1


def test_small_without_a_block_is_refused(tmp_path: Path, plugins: Registry) -> None:
    text = WHOLE.read_text(encoding="utf-8").replace("small:", "# small:")
    (said,) = problems(written(tmp_path, text), plugins, small=True)
    assert "has no small: block" in said


# ---- what is wrong -------------------------------------------------------------------------------------------------


def test_all_problems_are_told_at_once_each_with_its_own_file_and_line(tmp_path: Path, plugins: Registry) -> None:
    base = written(tmp_path, f"extends: {WHOLE}\nparties:\n  pool:\n    hours: 25\n    skil: 1\n", "base.yaml")
    file = written(tmp_path, "extends: base.yaml\ncluster: {count: 0}\nsed: 3\nsmall: {panel: {prompts: 3}}\n")
    said = problems(file, plugins, small=True, overrides=["parties.lm.heads=0"], seed=-1)
    assert [line.split(": ")[:2] for line in said] == [
        ["--seed", "seed"],
        ["--set parties.lm.heads=0", "parties.lm.heads"],
        [f"{base}:4:12", "parties.pool.hours"],
        [f"{base}:5:5", "parties.pool.skil"],
        [f"{file}:2:18", "cluster.count"],
        [f"{file}:3:1", "sed"],
        [f"{file}:4:26", "panel.prompts"],
    ]


def test_a_run_may_complain_about_a_place_in_the_file(plugins: Registry) -> None:
    scenario = load(WHOLE, plugins=plugins)
    said = str(scenario.problem(("parties", "pool", "count"), "too many", "fewer"))
    assert said == f"{WHOLE}:8:31: parties.pool.count: too many (fewer)"
    assert str(scenario.problem(("parties", "pool", "wage"), "too low")).startswith(f"{WHOLE}:8:3: parties.pool.wage:")


def test_how_many_principals_and_agents(tmp_path: Path, plugins: Registry) -> None:
    """Who learns from people learns from nobody else; of reward models there may be several, which judge together."""
    relations = (
        "world: almanac\nrelations:\n"
        "  - {principal: users, agent: acme, every: 5, sample: 9}\n"
        "  - {principal: acme, agent: pool, every: 5, sample: 9}\n"
        "  - {principal: pool, agent: rm, every: 5, sample: 9, consequence: gradient}\n"
        "  - {principal: rm, agent: lm, every: 5, sample: 9, consequence: gradient}\n"
    )
    people = "  - {principal: pool, agent: lm, every: 5, sample: 9, consequence: gradient}\n"
    two = extended(tmp_path, relations + people)
    (said,) = problems(two, plugins)
    fix = "a language model has at most 1 principal in this version, or several reward models"
    assert f"parties.lm: answers to rm, pool ({fix})" in said


@pytest.mark.parametrize("kind", ["language_model", "reward_model"])
def test_a_second_machine_needs_relations_of_its_own(kind: str, tmp_path: Path, plugins: Registry) -> None:
    file = extended(tmp_path, f"parties:\n  other: {kind}\n")
    (said,) = problems(file, plugins)
    assert said.startswith(f"{file}:3:10: parties.other: stands in no relation")


# ---- what is left to the world ------------------------------------------------------------------------------------


def learners(scenario: Scenario) -> list[Any]:
    return [c.learner for r in scenario.relations for c in r.consequence if isinstance(c, GradientSpec)]


@pytest.mark.parametrize("world", ["gaussian", "almanac"])
def test_a_learner_left_out_is_the_documented_one(world: str, tmp_path: Path, plugins: Registry) -> None:
    scenario = load(extended(tmp_path, f"world: {world}\n"), plugins=plugins)
    names = ("bradley_terry", "tilt" if world == "gaussian" else "ppo")
    assert learners(scenario) == [made(plugins, name) for name in names]
    _, _, fits, trains = scenario.canonical()["relations"]
    said = {"kind": "bradley_terry", "replay": True} if world == "gaussian" else parameters(learners(scenario)[0])
    assert fits["consequence"] == [{"kind": "gradient", "learner": said, "aggregator": {"kind": "none"}}]
    assert trains["consequence"][0]["learner"] == parameters(learners(scenario)[1])
    again = load(written(tmp_path, scenario.as_yaml()), plugins=plugins)
    assert again.canonical() == scenario.canonical()
    assert learners(again) == learners(scenario)


def test_what_is_spelled_out_is_the_same_scenario(tmp_path: Path, plugins: Registry) -> None:
    said = ["relations.2.consequence.learner=bradley_terry", "relations.3.consequence.learner=tilt"]
    assert load(WHOLE, overrides=said, plugins=plugins).hash({}) == load(WHOLE, plugins=plugins).hash({})


def test_a_shape_without_a_leash_is_refused_where_the_optimum_needs_one(tmp_path: Path) -> None:
    (tmp_path / "loose.py").write_text(
        "import simlab\n\nclass Loose(simlab.RewardShape):\n    name = 'loose'\n\n"
        "    def shape(self, score, logp, logp_ref, mask):\n        return mask * score[:, None]\n"
    )
    plugins = discover(extra=[tmp_path / "loose.py"], local=False)
    loose = ["relations.3.consequence.shape=loose"]
    (said,) = problems(WHOLE, plugins, overrides=loose)
    assert "relations.3.consequence.shape: loose has no leash here" in said
    load(WHOLE, overrides=["world=almanac", *loose], plugins=plugins)  # networks can do without


POLICIES = {  # what the file says of a policy: what it is, in full
    "{kind: boltzmann}": {"agreement": 0.75, "temperature": None},
    "{kind: boltzmann, agreement: 0.8}": {"agreement": 0.8, "temperature": None},
    "{kind: boltzmann, temperature: 0}": {"agreement": None, "temperature": 0.0},
    "{kind: boltzmann, temperature: 2, agreement: null}": {"agreement": None, "temperature": 2.0},
    "{kind: mistaken}": {"flip": 0.1, "agreement": None},
    "{kind: mistaken, flip: 0.3}": {"flip": 0.3, "agreement": None},
    "{kind: mistaken, agreement: 0.82}": {"flip": None, "agreement": 0.82},
}


@pytest.mark.parametrize("said", list(POLICIES))
def test_noise_has_one_measure_and_the_canonical_form_says_it(said: str, tmp_path: Path, plugins: Registry) -> None:
    file = extended(tmp_path, f"parties: {{pool: {{policy: {said}}}}}\n")
    scenario = load(file, plugins=plugins)
    policy = scenario.canonical()["parties"]["pool"]["policy"]
    assert POLICIES[said].items() <= policy.items()
    again = load(written(tmp_path, scenario.as_yaml()), plugins=plugins)
    assert again.canonical() == scenario.canonical()


# ---- the YAML that is read -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3), ("no", "no"), ("12:30", "12:30"), ("2026-01-01", "2026-01-01"), ("0x1F", 31), ("0o17", 15),
        ("010", 10), ("1_000", "1_000"), ("true", True), ("True", True), ("yes", "yes"), ("~", None), ("", None),
        ("-.5", -0.5), (".5e1", 5.0), ("1.", 1.0), ("+3", 3), ("-.inf", float("-inf")), ("'3'", "3"), ('"~"', "~"),
        ("null", None), ("1.0", 1.0), ("e3", "e3"), (".", "."),
    ],
)  # fmt: skip
def test_scalars_are_those_of_the_core_schema(text: str, value: object) -> None:
    found = read_text(f"key: {text}\n", "test").plain()["key"]
    assert found == value
    assert type(found) is type(value)


def test_nodes_know_where_they_stand() -> None:
    root = read_text("a:\n  - b: 1\n    c: &x {d: 2}\n  - *x\n", "test")
    inner = root.value["a"].value[0]
    assert (inner.keys["c"].line, inner.keys["c"].column) == (3, 5)
    assert (inner.value["c"].value["d"].place.line, inner.value["c"].value["d"].place.column) == (3, 15)
    assert root.plain() == {"a": [{"b": 1, "c": {"d": 2}}, {"d": 2}]}


# ---- the schema ----------------------------------------------------------------------------------------------------


def test_the_schema_knows_the_plugins_and_every_field_is_described(plugins: Registry) -> None:
    said = schema(plugins)
    text = json.dumps(said)
    assert '"component"' not in text
    for name in ("almanac", "gaussian", "boltzmann", "mistaken", "plain", "whitened"):
        assert f'"const": "{name}"' in text
    assert set(said["allOf"][0]["then"]["required"]) == {"name", "days", "world", "parties", "relations"}
    for name, definition in said["$defs"].items():
        if name.endswith("Spec"):
            for field, entry in definition["properties"].items():
                assert field == "kind" or entry.get("description"), f"{name}.{field} has no description"


def test_what_the_schema_refers_to_is_in_it(plugins: Registry) -> None:
    said = schema(plugins)
    named = set(re.findall(r'"\$ref": "#/\$defs/([^"]+)"', json.dumps(said)))
    assert named <= said["$defs"].keys()
    assert any(name.startswith("guideline.") for name in named)  # what a plugin defines for itself


SHIPPED = sorted((ROOT / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_the_schema_takes_what_is_shipped(file: Path, plugins: Registry) -> None:
    """Most of these extend another, and say only what is different; an editor should not call that a mistake."""
    assert refused_by_schema(read_file(str(file)).plain(), plugins) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("days", ...), ("days", None), ("name", 3), ("parties.pool.kind", ...), ("parties.pool.count", ...),
        ("parties.pool.count", "5"), ("parties.pool.cuont", 5), ("parties.pool.policy", {"kind": "boltzman"}),
        ("relations.1.every", ...), ("relations.1.evry", 3), ("expect", 3),
    ],
)  # fmt: skip
def test_the_schema_refuses_what_the_loader_refuses(path: str, value: Any, tmp_path: Path, plugins: Registry) -> None:
    file = tmp_path / "slip.yaml"
    data = read_file(str(SHIPPED[0])).plain()
    *way, last = path.split(".")
    here: Any = data
    for step in way:
        here = here[int(step)] if isinstance(here, list) else here[step]
    if value is ...:
        del here[last]
    else:
        here[last] = value
    file.write_text(json.dumps(data))
    assert problems(file, plugins)
    assert refused_by_schema(data, plugins)


def refused_by_schema(data: Any, plugins: Registry) -> list[str]:
    return [error.message for error in jsonschema.Draft202012Validator(schema(plugins)).iter_errors(data)]


def test_a_scenario_cannot_be_changed(plugins: Registry) -> None:
    scenario = load(WHOLE, plugins=plugins)
    with pytest.raises(ValueError, match="frozen"):
        scenario.days = 3.0  # type: ignore[misc]
    assert isinstance(scenario, Scenario)


def test_an_exact_fit_is_to_every_ranking_or_to_the_new_ones(plugins: Registry) -> None:
    learner = "relations.2.consequence.learner={kind: bradley_terry, replay: %s}"
    assert load(WHOLE, overrides=[learner % "true"], plugins=plugins).hash({}) == load(WHOLE, plugins=plugins).hash({})
    forgets = load(WHOLE, overrides=[learner % "false"], plugins=plugins)
    assert not learners(forgets)[0].replays()
    assert forgets.hash({}) != load(WHOLE, plugins=plugins).hash({})
    (said,) = problems(WHOLE, plugins, overrides=["relations.2.consequence.learner={kind: bradley_terry, epochs: 2}"])
    assert "learner.epochs: means nothing in a world without networks: the fit is exact" in said
