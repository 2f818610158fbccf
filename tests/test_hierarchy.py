"""Who answers to whom."""

from itertools import pairwise

from simlab.hierarchy import Hierarchy

CHAIN = Hierarchy(
    ["users", "acme", "pool", "rm", "lm"], [("users", "acme"), ("acme", "pool"), ("pool", "rm"), ("rm", "lm")]
)


def test_above_and_below_are_nearest_first():
    assert list(CHAIN.above("rm")) == ["pool", "acme", "users"]
    assert list(CHAIN.below("acme")) == ["pool", "rm", "lm"]


def test_a_diamond_is_no_cycle_and_lists_each_party_once():
    diamond = Hierarchy("abcd", [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])
    assert diamond.cycle() == ()
    assert list(diamond.below("a")) == ["b", "c", "d"]


def test_a_cycle_is_named_in_the_direction_of_authority():
    circle = Hierarchy("abc", [("a", "b"), ("b", "c"), ("c", "a")]).cycle()
    assert circle[0] == circle[-1]
    assert set(pairwise(circle)) == {("a", "b"), ("b", "c"), ("c", "a")}


def test_orphans_are_those_in_no_relation():
    assert Hierarchy("abc", [("a", "b")]).orphans() == ("c",)


def test_a_very_long_chain_is_no_problem():
    names = [str(i) for i in range(5000)]
    assert Hierarchy(names, pairwise(names)).cycle() == ()


def test_whoever_answered_to_those_left_out_alone_goes_with_them():
    assert CHAIN.without(["pool"], []) == {"pool", "rm", "lm"}
    shared = Hierarchy("abcd", [("a", "c"), ("b", "c"), ("c", "d")])
    assert shared.without(["a"], []) == {"a"}
    assert shared.without(["a", "b"], []) == set("abcd")


AUDITED = Hierarchy(
    ["acme", "firm", "pool", "leads", "chiefs"],
    [("acme", "firm"), ("firm", "pool"), ("leads", "pool"), ("chiefs", "leads")],
)


def test_nobody_goes_because_their_auditors_do_and_nobody_stays_because_they_stay():
    both = ["leads", "chiefs"]
    assert AUDITED.without(["chiefs"], both) == {"chiefs"}
    assert AUDITED.without(["leads"], both) == {"leads", "chiefs"}
    assert AUDITED.without(["firm"], both) == {"firm", "pool", "leads", "chiefs"}
