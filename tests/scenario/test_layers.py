"""Layers of a scenario: which one wins, how settings are addressed, and what goes with a kind that is gone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simlab
from simlab.errors import InvalidInput
from simlab.plugins.registry import Registry, discover
from simlab.scenario import CorporationSpec, LanguageModelSpec, RatersSpec, Scenario, UsersSpec, load
from simlab.scenario.machines import SIZES
from simlab.scenario.society import GuidelineSpec

SHIPPED = Path(__file__).parents[2] / "scenarios"
FIRST, GAUSSIAN = SHIPPED / "01_first.yaml", SHIPPED / "00_gaussian.yaml"


@pytest.fixture(scope="module")
def plugins() -> Registry:
    return discover(local=False)


def extended(folder: Path, text: str, base: Path = GAUSSIAN, name: str = "mine.yaml") -> Path:
    file = folder / name
    file.write_text(f"extends: {base}\nname: mine\n{text}", encoding="utf-8")
    return file


def refused(file: Path, plugins: Registry, **options: Any) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        load(file, plugins=plugins, **options)
    return str(caught.value).splitlines()


def pool(scenario: Scenario) -> RatersSpec:
    found = scenario.parties["pool"]
    assert isinstance(found, RatersSpec)
    return found


def policy(scenario: Scenario) -> dict[str, Any]:
    return pool(scenario).policy.model_dump()


# ---- only one of two ------------------------------------------------------------------------------------------------

CHOICES = {  # what a layer says of the pool's policy: what the policy is
    "{kind: boltzmann, temperature: 0.5}": {"temperature": 0.5, "agreement": None, "ties": 0.3},
    "{temperature: 0.5}": {"temperature": 0.5, "agreement": None, "ties": 0.3},
    "{agreement: 0.9}": {"agreement": 0.9, "temperature": None, "ties": 0.3},
    "{kind: thurstone, deviation: 2}": {"deviation": 2.0, "agreement": None},
    "{kind: mistaken, flip: 0.2}": {"flip": 0.2, "agreement": None},
}


@pytest.mark.parametrize("said", list(CHOICES))
def test_the_upper_layers_choice_wins(said: str, tmp_path: Path, plugins: Registry) -> None:
    file = extended(tmp_path, f"parties: {{pool: {{policy: {said}}}}}\n", FIRST)
    assert CHOICES[said].items() <= policy(load(file, plugins=plugins)).items()
    small = extended(tmp_path, f"small: {{parties.pool.policy: {said}}}\n", FIRST)
    assert CHOICES[said].items() <= policy(load(small, small=True, plugins=plugins)).items()
    setting = [f"parties.pool.policy={said}"]
    assert CHOICES[said].items() <= policy(load(FIRST, overrides=setting, plugins=plugins)).items()


@pytest.mark.parametrize(
    ("below", "above", "expected"),
    [
        ("{kind: mistaken, flip: 0.2}", "agreement=0.8", {"flip": None, "agreement": 0.8}),
        ("{kind: mistaken, agreement: 0.8}", "flip=0.2", {"flip": 0.2, "agreement": None}),
        ("{kind: thurstone, deviation: 2}", "agreement=0.8", {"deviation": None, "agreement": 0.8}),
        ("{kind: rao_kupper, temperature: 2}", "agreement=0.8", {"temperature": None, "agreement": 0.8}),
        ("{kind: davidson, agreement: 0.8}", "temperature=2", {"temperature": 2.0, "agreement": None}),
    ],
)
def test_a_single_setting_takes_the_place_of_its_rival(
    below: str, above: str, expected: dict[str, Any], tmp_path: Path, plugins: Registry
) -> None:
    file = extended(tmp_path, f"parties: {{pool: {{policy: {below}}}}}\n")
    found = load(file, overrides=[f"parties.pool.policy.{above}"], plugins=plugins)
    assert expected.items() <= policy(found).items()


def test_values_give_way_to_intents_and_a_threshold_to_a_review(tmp_path: Path, plugins: Registry) -> None:
    intents = extended(tmp_path, "parties: {users: {intents: [{share: 1, values: {helpful: 1}}]}}\n", name="base.yaml")
    for file, expected in (
        (intents, {"helpful": 1.0}),
        (extended(tmp_path, "parties.users.values.truthful: 1\n", intents), {"truthful": 1.0}),
    ):
        users = load(file, plugins=plugins).parties["users"]
        assert isinstance(users, UsersSpec)
        assert users.values == expected
    review = ["relations.acme → pool.consequence.1.review={kind: threshold, below: 0.55}"]
    fire = load(GAUSSIAN, overrides=review, plugins=plugins).relations[1].consequence[1]
    assert fire.name == "fire"
    assert (fire.below, fire.min_sample) == (None, 1)


def machine(file: Path, plugins: Registry, **options: Any) -> LanguageModelSpec:
    found = load(file, plugins=plugins, **options).parties["lm"]
    assert isinstance(found, LanguageModelSpec)
    return found


@pytest.mark.parametrize("size", ["tiny", "medium"])
def test_a_size_takes_the_place_of_widths_below_it(size: str, tmp_path: Path, plugins: Registry) -> None:
    """01_first says width, layers and heads."""
    setting = [f"parties.lm.size={size}"]
    found = machine(FIRST, plugins, overrides=setting)
    assert (found.width, found.layers, found.heads) == SIZES[size]
    wider = machine(FIRST, plugins, overrides=[*setting, "parties.lm.width=96"])
    assert (wider.width, wider.layers, wider.heads) == (96, *SIZES[size][1:])
    file = extended(tmp_path, f"parties: {{lm: {{size: {size}}}}}\n", FIRST)
    assert machine(file, plugins, overrides=["parties.lm.layers=1"]).layers == 1


@pytest.mark.parametrize("dotted", [True, False])
def test_what_a_file_chooses_the_small_form_of_its_base_leaves(dotted: bool, tmp_path: Path, plugins: Registry) -> None:
    """The small form of 01_first pretrains its language model for fewer steps; what is loaded has been pretrained."""
    text = "parties.lm.load: nowhere\n" if dotted else "parties: {lm: {load: nowhere}}\n"
    for small in (False, True):
        (said,) = refused(extended(tmp_path, text, FIRST), plugins, small=small)
        assert "no such file: nowhere" in said
    base = extended(tmp_path, "small: {parties.pool.policy.agreement: 0.9, days: 5}\n", name="base.yaml")
    text = "parties.pool.policy.temperature: 2\n" if dotted else "parties: {pool: {policy: {temperature: 2}}}\n"
    found = load(extended(tmp_path, text, base), plugins=plugins, small=True)
    assert (policy(found)["temperature"], policy(found)["agreement"], found.days) == (2.0, None, 5.0)
    own = extended(tmp_path, text + "small: {parties.pool.policy.agreement: 0.8}\n", base)
    assert policy(load(own, plugins=plugins, small=True))["agreement"] == 0.8


def test_groups_give_way_to_values_and_pools_to_tables(tmp_path: Path, plugins: Registry) -> None:
    values = extended(tmp_path, "parties: {pool: {values: {brief: 1}}}\n", SHIPPED / "15_whose_values.yaml")
    assert (pool(load(values, plugins=plugins)).values, pool(load(values, plugins=plugins)).groups) == (
        {"brief": 1},
        {},
    )
    shown = extended(tmp_path, "parties.lm.demonstrations: {by: pool, count: 9, epochs: 3}\n", FIRST, "shown.yaml")
    table = tmp_path / "answers.csv"
    table.write_text("prompt,response\nhello,hi\n", encoding="utf-8")
    other = {"table": str(table), "learner": "sft"}
    found = machine(shown, plugins, overrides={"parties.lm.demonstrations": other}).demonstrations
    assert found is not None
    assert (found.by, str(found.table), found.learner is not None) == (None, "answers.csv", True)


def test_a_pretrained_model_takes_the_place_of_sizes_and_a_market_that_of_groups(
    tmp_path: Path, plugins: Registry
) -> None:
    for text in ("parties.lm.pretrained: nowhere\n", "parties: {lm: {pretrained: nowhere}}\n"):
        (said,) = refused(extended(tmp_path, text, FIRST), plugins, small=True)  # whose small form pretrains, too
        assert "no such folder: nowhere" in said
    above = extended(tmp_path, text, FIRST)
    assert machine(extended(tmp_path, "parties.lm.width: 32\n", above, "wide.yaml"), plugins).width == 32
    moving = pool(load(SHIPPED / "15_whose_values.yaml", overrides=["parties.pool.market=town"], plugins=plugins))
    assert (moving.groups, moving.market) == ({}, "town")


def test_of_two_that_exclude_each_other_the_later_of_a_command_line_counts(plugins: Registry) -> None:
    settings = ["parties.lm.pretraining.steps=20", "parties.lm.load=nowhere"]
    (said,) = refused(FIRST, plugins, overrides=settings)
    assert "no such file: nowhere" in said


def test_what_may_be_said_beside_a_size_is_not_blamed_on_it(tmp_path: Path, plugins: Registry) -> None:
    text = "parties:\n  lm:\n    size: medium\n    width: 100\n    heads: 3\n"
    (said,) = refused(file := extended(tmp_path, text, FIRST), plugins)
    assert said.startswith(f"{file}:4:3: parties.lm: 3 heads do not divide a width of 100")


def test_a_charter_takes_the_place_of_weights_below_it(tmp_path: Path, plugins: Registry) -> None:
    """01_first says what is operative and what is published; what is said beside or above a charter counts."""

    def guideline(file: Path, *settings: str) -> GuidelineSpec:
        found = load(file, plugins=plugins, overrides=settings).parties["acme"]
        assert isinstance(found, CorporationSpec)
        return found.guideline

    setting = "parties.acme.guideline.charter=ten_commandments"
    found = guideline(FIRST, setting)
    assert found.charter is not None
    assert found.operative == found.published == found.charter.weights()
    beside = extended(tmp_path, "parties.acme.guideline: {charter: grice, operative: {brief: 1}}\n", FIRST)
    assert (guideline(beside).operative, "brief" in guideline(beside).published) == ({"brief": 1.0}, False)
    both = [setting, "parties.acme.guideline.published.brief=1"]
    for settings in (both, both[::-1]):
        assert guideline(FIRST, *settings).published == {"brief": 1.0}


def test_one_layer_that_gives_both_is_refused_where_it_does(tmp_path: Path, plugins: Registry) -> None:
    file = extended(tmp_path, "parties:\n  pool:\n    policy: {temperature: 0.5, agreement: 0.6}\n")
    (said,) = refused(file, plugins)
    assert said.startswith(f"{file}:5:")
    assert "both agreement and temperature" in said
    both = ["parties.pool.policy.temperature=0.5", "parties.pool.policy.agreement=0.6"]
    (said,) = refused(GAUSSIAN, plugins, overrides=both)
    assert said.startswith("--set parties.pool.policy.")


# ---- kinds that change ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "parties: {pool: {policy: {kind: mistaken}}}",
        "parties: {pool: {policy: mistaken}}",
        "parties.pool.policy.kind: mistaken",
        "parties.pool.policy: mistaken",
    ],
)
def test_the_parameters_of_another_kind_are_gone(text: str, tmp_path: Path, plugins: Registry) -> None:
    assert policy(load(extended(tmp_path, f"{text}\n"), plugins=plugins)) == {"agreement": None, "flip": 0.1}


def test_what_the_layer_itself_says_stays_in_any_order(tmp_path: Path, plugins: Registry) -> None:
    for settings in (["flip=0.3", "kind=mistaken"], ["kind=mistaken", "flip=0.3"]):
        found = load(GAUSSIAN, overrides=[f"parties.pool.policy.{s}" for s in settings], plugins=plugins)
        assert policy(found)["flip"] == 0.3


@pytest.mark.parametrize(
    "said",
    ["parties.pool.policy: {kind: mistaken, flip: 0.3}", "parties: {pool: {policy: {kind: mistaken, flip: 0.3}}}"],
)
def test_a_small_form_that_says_which_kind_it_means_keeps_it(said: str, tmp_path: Path, plugins: Registry) -> None:
    said = said.replace("POLICY", "kind: mistaken, flip: 0.3")
    base = extended(tmp_path, f"small: {{{said}}}\n", name="base.yaml")
    file = extended(tmp_path, "parties.pool.policy: {kind: thurstone, deviation: 2}\n", base)
    assert policy(load(file, plugins=plugins, small=True)) == {"agreement": None, "flip": 0.3}
    assert policy(load(file, plugins=plugins))["deviation"] == 2.0


GAUSSIAN_MACHINES = "relations:\n  2: {consequence: gradient}\n  3: {consequence: {kind: gradient, learner: tilt}}\n"


@pytest.mark.parametrize(
    "world", ["world: gaussian", "world: {kind: gaussian, dimensions: 16}", "world.kind: gaussian"]
)
def test_small_settings_of_another_world_are_ignored(world: str, tmp_path: Path, plugins: Registry) -> None:
    text = f"{world}\n{GAUSSIAN_MACHINES}"
    found = load(extended(tmp_path, text, FIRST), small=True, plugins=plugins)
    assert found.world.name == "gaussian"
    assert (found.days, found.relations[2].sample) == (5, 600)  # the rest of the base's small: block is meant still
    nested = extended(
        tmp_path, "world: {kind: almanac, countries: 30}\nsmall: {world: {countries: 20}}\n", FIRST, "b.yaml"
    )
    assert load(nested, small=True, plugins=plugins).world.model_dump()["countries"] == 20
    again = extended(tmp_path, text, nested)
    assert load(again, small=True, plugins=plugins).world.name == "gaussian"


def test_a_small_block_of_its_own_is_not_ignored(tmp_path: Path, plugins: Registry) -> None:
    text = "small: {world.dimensions: 8}\n"
    assert load(extended(tmp_path, text), small=True, plugins=plugins).world.model_dump()["dimensions"] == 8


# ---- how settings are addressed -------------------------------------------------------------------------------------


@pytest.mark.parametrize("called", ["1", "acme → pool", "acme->pool", "acme -> pool", "audit"])
def test_a_relation_is_called_by_number_parties_or_name(called: str, tmp_path: Path, plugins: Registry) -> None:
    base = extended(tmp_path, "relations: {1: {name: audit}}\n", name="base.yaml")
    layers = {
        f"relations.{called}.sample: 0.7\n": {},
        f"relations: {{{called}: {{sample: 0.7}}}}\n": {},
        f"small: {{relations.{called}.sample: 0.7}}\n": {"small": True},
        "": {"overrides": [f"relations.{called}.sample=0.7"]},
    }
    for text, options in layers.items():
        found = load(extended(tmp_path, text, base), plugins=plugins, **options)
        assert found.relations[1].sample == 0.7
        assert [r.sample for r in found.relations if r.principal != "acme"] == [200, 2000, 256]


def test_a_relation_that_is_not_there_is_guessed_at(plugins: Registry) -> None:
    (said,) = refused(GAUSSIAN, plugins, overrides=["relations.acme → pol.sample=3"])
    assert said.startswith("--set relations.acme → pol.sample=3: relations.acme → pol.sample: ")
    assert "did you mean 'acme → pool'?" in said
    assert "1 is acme → pool" in said


def test_a_name_of_two_relations_calls_neither(tmp_path: Path, plugins: Registry) -> None:
    file = extended(tmp_path, "relations: {0: {name: look}, 1: {name: look}}\nrelations.look.every: 2\n")
    (said,) = refused(file, plugins)
    assert "2 relations are called 'look': 0 and 1 (call it by its number)" in said


def test_a_relation_without_a_name_leaves_the_hash_as_it_was(tmp_path: Path, plugins: Registry) -> None:
    canonical = load(GAUSSIAN, plugins=plugins).canonical()["relations"]
    assert [list(entry) for entry in canonical] == [["principal", "agent", "every", "sample", "consequence"]] * 4
    named = load(GAUSSIAN, overrides=["relations.1.name=audit"], plugins=plugins)
    assert named.canonical()["relations"][1]["name"] == "audit"


def test_dotted_keys_stand_at_the_top_level(tmp_path: Path, plugins: Registry) -> None:
    file = extended(tmp_path, "relations.1.sample: 0.7\nparties.pool.wage: 9\ndays: 15\nworld.dimensions: 16\n")
    found = load(file, plugins=plugins)
    assert (found.relations[1].sample, pool(found).wage, found.days) == (0.7, 9.0, 15)
    assert found.world.model_dump() == {"dimensions": 16}
    (said,) = refused(extended(tmp_path, "parties.pool.wagee: 9\n"), plugins)
    assert said.startswith(f"{tmp_path}/mine.yaml:3:")
    assert "did you mean 'wage'?" in said


@pytest.mark.parametrize("called", ["relations.users → acme", "relations.users->acme", "relations. 0"])
@pytest.mark.parametrize("block", ["", "small: "])
def test_a_setting_by_two_addresses_is_there_twice(called: str, block: str, tmp_path: Path, plugins: Registry) -> None:
    both = ["relations.0.every: 2", f'"{called}.every": 3']
    text = f"small: {{{', '.join(both)}}}\n" if block else "\n".join(both) + "\n"
    with pytest.raises(InvalidInput, match=r"is the setting 'relations\.0\.every' of line \d once more \(keep one\)"):
        load(extended(tmp_path, text), plugins=plugins, small=bool(block))


@pytest.mark.parametrize(
    "text",
    [
        "parties.pool.wage: 9\nparties: {pool: {wage: 8}}\n",
        "parties: {pool: {wage: 8}}\nparties.pool: {wage: 9, count: 7}\n",
        "small: {parties: {pool: {wage: 9}}, parties.pool.wage: 8}\n",
        "small: {days: 5}\nsmall.days: 10\n",
    ],
)
def test_a_setting_with_dots_and_without_is_there_twice(text: str, tmp_path: Path, plugins: Registry) -> None:
    with pytest.raises(InvalidInput, match=r"is the setting '[a-z.]+\.(wage|days)' of line [345] once more"):
        load(extended(tmp_path, text), plugins=plugins, small="small" in text)


def test_settings_with_dots_and_without_stand_side_by_side(tmp_path: Path, plugins: Registry) -> None:
    text = "parties: {pool: {wage: 8}}\nparties.pool: {count: 7}\nworld: gaussian\nworld.dimensions: 16\n"
    found = load(extended(tmp_path, text), plugins=plugins)
    assert (pool(found).wage, pool(found).count, found.world.model_dump()) == (8.0, 7, {"dimensions": 16})


def test_an_address_of_another_file_is_laid_over(tmp_path: Path, plugins: Registry) -> None:
    base = extended(tmp_path, "small: {relations.0.every: 2}\nrelations.0.every: 4\n")
    said = '"relations.users → acme.every": 3'
    file = extended(tmp_path, f"small: {{{said}}}\n{said}\n", base, "above.yaml")
    assert [load(file, plugins=plugins, small=small).relations[0].every for small in (False, True)] == [3, 3]


def test_a_misspelt_party_is_not_a_new_one(tmp_path: Path, plugins: Registry) -> None:
    (said,) = refused(extended(tmp_path, "parties: {pol: {wage: 9}}\n"), plugins)
    assert said.startswith(f"{tmp_path}/mine.yaml:3:11: parties.pol: ")
    assert "did you mean 'pool'?" in said
    (said,) = refused(extended(tmp_path, "parties: {pol: null}\n"), plugins)
    assert "there is no party 'pol' to take away (did you mean 'pool'?)" in said


def test_overrides_may_be_a_mapping(tmp_path: Path, plugins: Registry) -> None:
    changes = {
        "parties.pool.wage": 9, "parties.pool.count": np.int64(7), "days": np.float64(10),
        "relations.acme → pool.consequence": [{"kind": "warn", "below": 0.5}], "parties.acme": {"misreading": 0.1},
    }  # fmt: skip
    found = load(GAUSSIAN, overrides=changes, plugins=plugins)
    assert (pool(found).wage, pool(found).count, found.days) == (9.0, 7, 10.0)
    assert [c.name for c in found.relations[1].consequence] == ["warn"]
    assert load(GAUSSIAN, seed=np.int64(7), plugins=plugins).seed == 7
    (said,) = refused(GAUSSIAN, plugins, overrides={"parties.pool.wage": "21,5"})
    assert said.startswith("overrides['parties.pool.wage']: parties.pool.wage: '21,5' should be a valid number")
    for wrong in ({"days": object()}, {3: 3}, {"days": 10**500}, {"days": float("nan")}, [3], {"days": {1: 2}}):
        (said,) = refused(GAUSSIAN, plugins, overrides=wrong)
        assert said.startswith("overrides")


@pytest.mark.slow
def test_a_run_takes_them_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMLAB_CACHE", str(tmp_path / "cache"))
    run = simlab.run(GAUSSIAN, out=tmp_path / "run", small=True, overrides={"parties.pool.wage": 9}, local=False)
    assert run.manifest["parameters"]["parties"]["pool"]["wage"] == 9


# ---- merge keys -----------------------------------------------------------------------------------------------------

MERGED = """\
parties:
  pool: &usual {{wage: 30, seconds: 20}}
  more: {{<<: {merge}, kind: raters, count: 5, seconds: 50}}
relations: [
  {{principal: users, agent: acme, every: 5, sample: 200}}, {{principal: acme, agent: pool, every: 5, sample: 0.2}},
  {{principal: acme, agent: more, every: 5, sample: 0.2}},
  {{principal: pool, agent: rm, every: 5, sample: 200, consequence: gradient}},
  {{principal: more, agent: rm, every: 5, sample: 200, consequence: gradient}},
  {{principal: rm, agent: lm, every: 5, sample: 256, consequence: gradient}}]
"""


@pytest.mark.parametrize("merge", ["*usual", "[*usual]", "[{wage: 30}, *usual]"])
def test_merge_keys_are_read(merge: str, tmp_path: Path, plugins: Registry) -> None:
    found = load(extended(tmp_path, MERGED.format(merge=merge)), plugins=plugins).parties["more"]
    assert isinstance(found, RatersSpec)
    assert (found.wage, found.seconds, found.count) == (30.0, 50.0, 5)


def test_what_is_merged_keeps_its_line(tmp_path: Path, plugins: Registry) -> None:
    text = MERGED.format(merge="*usual").replace("wage: 30", "wage: -30")
    said = refused(extended(tmp_path, text), plugins)
    assert all(line.startswith(f"{tmp_path}/mine.yaml:4:") for line in said)
    assert {line.split(": ")[1] for line in said} == {"parties.pool.wage", "parties.more.wage"}
    (said,) = refused(extended(tmp_path, "parties: {more: {<<: 3}}\n"), plugins)
    assert "<< merges mappings, and this is none" in said


# ---- files that extend ----------------------------------------------------------------------------------------------


def test_chains_of_files_end(tmp_path: Path, plugins: Registry) -> None:
    below = GAUSSIAN
    for number in range(400):
        below = extended(tmp_path, "", below, f"link{number}.yaml")
        if number == 20:
            assert load(below, plugins=plugins).name == "mine"
    (said,) = refused(below, plugins)
    assert "more than 32 files in a row extend one another (put some of them together)" in said


@pytest.mark.parametrize("name", [".", "/dev/zero", "fifo", "dangling", "large.yaml"])
def test_what_is_no_scenario_is_not_extended(name: str, tmp_path: Path, plugins: Registry) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "large.yaml").write_text("# " + "x" * 999_990, encoding="utf-8")
    file = tmp_path / "mine.yaml"
    file.write_text(f"extends: {name}\nname: mine\n", encoding="utf-8")
    (said,) = refused(file, plugins)
    assert said.startswith(f"{file}:1:10: extends: ")
    assert any(what in said for what in ("no such file", "larger than 1,000,000 bytes"))


def test_paths_without_end_are_refused(plugins: Registry) -> None:
    for path in (".".join("a" * 5000), ".".join(["parties", "pool", *"x" * 40])):
        (said,) = refused(GAUSSIAN, plugins, overrides=[f"{path}=1"])
        assert "levels deep; the most is 32" in said
    for path in ("a..b", ".a", "a."):
        (said,) = refused(GAUSSIAN, plugins, overrides=[f"{path}=1"])
        assert "a dot with nothing before or behind it" in said
