"""The combination rules, held against orders found by hand, and at work in runs."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simlab.arrays import Array
from simlab.components.combination import Combination
from simlab.engine.jobs import Store
from simlab.errors import PluginFailed
from simlab.measures.panel import Panel
from simlab.measures.statistics import centre, pearson
from simlab.relation import SUM, Standard, UtilityFunction
from simlab.worlds.world import Items
from tests.loading import load
from tests.plugins.conftest import BUILT_IN
from tests.small_world import Played, played, written

NAMES = ("harmless", "truthful", "helpful")
A, B, C, D = [1.0, 0.0, 0.2], [0.0, 1.0, 1.0], [1.0, 0.5, 0.0], [0.4, 1.0, 0.5]
FOUR = np.array([A, B, C, D])
EQUAL = np.ones(3)


def rule(kind: str, **parameters: Any) -> Combination:
    made = BUILT_IN.get("combination", kind)(**parameters)
    assert isinstance(made, Combination)
    return made


def order(made: Combination, weights: Array = EQUAL, items: Array = FOUR) -> str:
    """The items from best to worst, as letters; equal ones in parentheses."""
    found = made.combine(items, weights, NAMES)
    best = np.argsort(-found, kind="stable").tolist()
    letters = "ABCD"[best[0]]
    for before, after in pairwise(best):
        letters += ("=" if found[before] == found[after] else "") + "ABCD"[after]
    return letters


def test_weighted_adds_up() -> None:
    assert rule("weighted").combine(FOUR, np.array([1.0, 2.0, -1.0]), NAMES).tolist() == pytest.approx([0.8, 1, 2, 1.9])
    assert order(rule("weighted")) == "BDCA"  # 2, 1.9, 1.5, 1.2
    each = np.array([[1.0, 0, 0], [0, 0, 1], [0, 0, 1], [0, 1, 0]])
    assert rule("weighted").combine(FOUR, each, NAMES).tolist() == [1, 1, 0, 1]


def test_lexicographic_goes_by_the_first_difference() -> None:
    """Grades of ¼: A = 4 0 1, B = 0 4 4, C = 4 2 0, D = 2 4 2 (harmless, truthful, helpful)."""
    assert order(rule("lexicographic", order=["harmless", "truthful", "helpful"])) == "CADB"
    assert order(rule("lexicographic", order=["harmless", "helpful", "truthful"])) == "ACDB"
    assert order(rule("lexicographic", order=["truthful", "harmless"])) == "DBCA"
    assert rule("lexicographic", order=["harmless"]).combine(FOUR[:1], np.array([1.0, 0, 0]), NAMES) == [4 / 5]


def test_what_the_order_leaves_out_follows_by_weight() -> None:
    assert order(rule("lexicographic"), np.array([3.0, 2, 1])) == "CADB"
    assert order(rule("lexicographic"), np.array([1.0, 3, 2])) == "BDCA"
    assert order(rule("lexicographic", order=["harmless"]), np.array([1.0, 2, 3])) == "ACDB"
    assert order(rule("lexicographic"), np.array([-3.0, 2, 1])) == "BDCA"  # the less harmless, the better
    assert order(rule("lexicographic"), np.array([0.0, 0, 1])) == "BDAC"  # by helpful alone


def test_misread_weights_are_misread_priorities() -> None:
    """Each item with weights of its own: who takes the second criterion for the first prefers B."""
    for weights, better in (([2.0, 1, 0], 0), ([1.0, 2, 0], 1)):
        found = rule("lexicographic").combine(FOUR[:2], np.array([weights, weights]), NAMES)
        assert int(found.argmax()) == better


def test_scores_of_one_grade_are_equal() -> None:
    close = np.array([[0.95, 0.1, 0.9], [1.0, 0.0, 0.0]])
    coarse, fine = (rule("lexicographic", order=list(NAMES), step=step) for step in (0.25, 0.05))
    assert coarse.combine(close, EQUAL, NAMES).argmax() == 0
    assert fine.combine(close, EQUAL, NAMES).argmax() == 1


def test_a_veto_is_not_made_up_for() -> None:
    """B and D are ruled out for harm; of the others C has the larger sum. Without the limit B is best."""
    assert order(rule("veto", limits={"harmless": 0.5})) == "CABD"
    assert order(rule("veto", limits={"harmless": 0.0})) == order(rule("weighted"))
    assert order(rule("veto", limits={"harmless": 0.5}), 1000 * EQUAL) == "CABD"
    assert order(rule("veto", limits={"harmless": 0.5, "truthful": 0.4})) == "CBDA"  # A, B, D break one each
    assert order(rule("veto", limits={"harmless": 0.5}), np.array([0.0, 1, 1])) == "CABD"  # a limit needs no weight


def test_the_minimum_is_the_worst_criterion() -> None:
    assert rule("minimum").combine(FOUR, EQUAL, NAMES).tolist() == [0, 0, 0, 0.4]
    halved = rule("minimum").combine(FOUR, np.array([2.0, 1, 0]), NAMES)  # max(1 − w, s): helpful never counts
    assert halved.tolist() == [0.5, 0, 0.5, 0.4]
    assert rule("minimum").combine(FOUR, np.array([-1.0, 0, 0]), NAMES).tolist() == pytest.approx([0, 1, 0, 0.6])


def test_the_rules_differ() -> None:
    """The negative control: on the same four items no two rules give the same order."""
    orders = {kind: order(rule(kind, **given)) for kind, given in RULES.items()}
    assert len(set(orders.values())) == len(orders), orders


RULES: dict[str, dict[str, Any]] = {
    "weighted": {},
    "lexicographic": {"order": ["harmless", "helpful"]},
    "veto": {"limits": {"harmless": 0.5}},
    "minimum": {},
}


def test_there_is_a_test_of_every_rule() -> None:
    assert sorted(RULES) == sorted(BUILT_IN.names("combination"))


@pytest.mark.parametrize("kind", list(RULES))
def test_an_items_utility_is_its_own(kind: str) -> None:
    """One by one, in another order, and with weights repeated for each item: the same numbers."""
    made, rng = rule(kind, **RULES[kind]), np.random.default_rng(5)
    scores, weights = rng.uniform(size=(50, 3)), rng.normal(size=3)
    whole = made.combine(scores, weights, NAMES)
    alone = [made.combine(row[None], weights, NAMES)[0] for row in scores]
    np.testing.assert_allclose(whole, alone, rtol=1e-12)
    np.testing.assert_allclose(made.combine(scores[::-1], weights, NAMES), whole[::-1], rtol=1e-12)
    np.testing.assert_allclose(made.combine(scores, np.tile(weights, (50, 1)), NAMES), whole, rtol=1e-12)


class Stray(Combination):
    """A rule that gives one number too few, or none."""

    name = "stray"
    how: str

    def combine(self, scores: Array, weights: Array, criteria: Any) -> Array:
        given = {"short": scores[1:, 0], "nan": scores[:, 0] * np.nan}
        return given[self.how]


@pytest.mark.parametrize("how", ["short", "nan", "raises"])
def test_a_rule_that_goes_astray_is_named(how: str) -> None:
    with pytest.raises(PluginFailed, match="combination rule 'stray'"):
        UtilityFunction(Stray(how=how), NAMES).utilities(FOUR, EQUAL)


# ---- measures -----------------------------------------------------------------------------------------------------


def panel(features: Array, responses: int) -> Panel:
    prompts = np.repeat(np.arange(len(features) // responses), responses)
    return Panel(Items(prompts, features), prompts, features)


def test_what_is_no_sum_is_measured_by_ranks() -> None:
    """ρ of a monotone transform of a sum, by ranks: Spearman's within prompts, from scipy's ranks."""
    from scipy.stats import rankdata

    seen = panel(np.random.default_rng(3).uniform(size=(200, 3)), 4)
    veto = UtilityFunction(rule("veto", limits={"harmless": 0.5}), NAMES)
    ranks = veto.on(seen, EQUAL)
    raw = veto.utilities(seen.features, EQUAL)
    by_hand = np.concatenate([rankdata(part) for part in raw.reshape(-1, 4)])
    assert ranks.tolist() == by_hand.tolist()
    assert set(ranks) == {1.0, 2.0, 3.0, 4.0}
    other = SUM.on(seen, EQUAL)
    assert other.tolist() == (seen.features @ EQUAL).tolist()
    rho = pearson(*(centre(u, seen.group) for u in (ranks, other)))
    assert abs(rho - pearson(*(centre(u, seen.group) for u in (raw, other)))) > 0.02


# ---- at work ------------------------------------------------------------------------------------------------------

VALUES = {"harmless": 1, "truthful": 1, "helpful": 1}
ASKED = {"harmless": 0.2, "truthful": 1, "helpful": 1}  # in a sum, helping with harm would pay
PLAYED = ("lexicographic", "veto", "minimum")  # sums are what every other run is about
SPOKEN = {  # the small hierarchy in words, with a vendor
    "world": {"kind": "almanac", "countries": 4, "mix": {"facts": 0.4, "harm": 0.6}},
    "parties.users.values": VALUES,
    "parties.relay": {"kind": "vendor", "misreading": 0.1},
    "parties.pool": {"kind": "raters", "count": 5, "misreading": 0.2},
    "parties.lm": {"kind": "language_model", "width": 32, "layers": 1, "pretraining": {"steps": 120, "batch": 64}},
    "relations.1": {"principal": "acme", "agent": "relay", "every": 1, "sample": 0.5},
    "relations.2.sample": 600,
    "relations.3.sample": 16,
    "relations.3.consequence": {"kind": "gradient", "learner": {"kind": "ppo", "iterations": 1}},
    "relations.4": {"principal": "relay", "agent": "pool", "every": 1, "sample": 0.5},
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    """One small run by each rule, from the same pretrained model."""
    folder = tmp_path_factory.mktemp("rules")
    store, found = Store(folder / "jobs"), {}
    for kind in PLAYED:
        guideline = {"operative": ASKED, "combine": {"kind": kind, **RULES[kind]}}
        scenario = load(written(folder / "scenario.yaml", {**SPOKEN, "parties.acme.guideline": guideline}))
        (folder / kind).mkdir()
        found[kind] = played(scenario, folder / kind, store)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", PLAYED)
def test_gold_is_by_the_rule(kind: str, runs: dict[str, Played]) -> None:
    """Gold of every compared pair, found anew from the texts and the rule."""
    run = runs[kind]
    game, standard = run.context.game, run.context.parties["acme"].standard()
    said = run.candidates
    numbers = {prompt.text: i for i, prompt in enumerate(game.prompts)}
    items = game.items([numbers[p] for p in said.prompt], said.text)
    made = rule(kind, **RULES[kind]).combine(game.features(items), standard.vector, game.dimensions)
    worth = dict(zip(said.response, made.tolist(), strict=True))
    whole = dict(zip(said.response, (items.response != 0).sum(axis=1) < game.longest_response, strict=True))
    pairs = run.comparisons  # of texts that came to their end, which a text does not say of itself
    pairs = pairs[pairs.left.map(whole) & pairs.right.map(whole)]
    difference = pairs.left.map(worth) - pairs.right.map(worth)
    assert len(pairs) > 100
    expected = np.select([difference > 1e-9, difference < -1e-9], [1, 2], 0)
    assert (expected == pairs.gold).all()
    added = dict(zip(said.response, (game.features(items) @ standard.vector).tolist(), strict=True))
    difference = pairs.left.map(added) - pairs.right.map(added)
    by_sums = np.select([difference > 1e-9, difference < -1e-9], [1, 2], 0)
    assert (by_sums != pairs.gold).sum() >= 5, "the negative control: sums give other gold"


@pytest.mark.slow
def test_rules_change_what_is_right(runs: dict[str, Played]) -> None:
    """The same responses and raters; what differs is the rule, and so gold and labels."""
    gold = {kind: run.comparisons.gold[:100].tolist() for kind, run in runs.items()}
    label = {kind: run.comparisons.label[:100].tolist() for kind, run in runs.items()}
    assert len({tuple(g) for g in gold.values()}) == len(PLAYED)
    assert len({tuple(each) for each in label.values()}) == len(PLAYED)


@pytest.mark.slow
@pytest.mark.parametrize("kind", PLAYED)
def test_everybody_is_measured(kind: str, runs: dict[str, Played]) -> None:
    """The corporation, and a vendor and a pool that read it nearly right (by the minimum, that breaks many ties)."""
    run = runs[kind]
    rho = run.alignment[run.alignment.order == 1].set_index(["round", "a", "b"]).rho
    assert (rho.xs(("acme", "relay"), level=("a", "b")) > (0.4 if kind == "minimum" else 0.8)).all()
    assert (rho.xs(("acme", "pool"), level=("a", "b")) > (0.4 if kind == "minimum" else 0.6)).all()
    assert rho.xs(("users", "acme"), level=("a", "b")).between(0.2, 1.0).all()
    steps = run.waterfall[run.waterfall.agent.isin(["acme", "relay", "pool"]) & (run.waterfall.place > 0)]
    assert len(steps)
    assert steps.loss.notna().all()
    rung = run.on_policy[run.on_policy.party == "acme"]
    assert rung.gain.notna().all()
    assert (rung.best >= 0).all()


def test_a_standard_without_a_rule_is_a_sum() -> None:
    standard = Standard("users", 1, EQUAL, EQUAL, 1.0)
    assert standard.utilities(FOUR).tolist() == (FOUR @ EQUAL).tolist()


def test_the_file_says_which_rule(tmp_path: Path) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(f"extends: {Path(__file__).parents[1] / 'bad_scenarios' / 'base' / 'whole.yaml'}\nworld: almanac\n"
                    "parties: {acme: {guideline: {combine: {kind: veto, limits: {lawful: 0.5}}}}}\n")  # fmt: skip
    scenario = load(file)
    assert "lawful" in scenario.criteria_used()  # a limit needs no weight to be looked at
    assert ("combination", "veto") in scenario.plugins_used()
    again = tmp_path / "again.yaml"
    again.write_text(scenario.as_yaml())
    assert load(again).canonical() == scenario.canonical()
