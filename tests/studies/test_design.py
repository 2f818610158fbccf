"""The arms of a study: what its design takes from ranges and lists, and what arms and their folders are called."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from simlab.errors import InvalidInput
from simlab.studies.design import Arm, arms_of, folder_names
from simlab.studies.study_file import RangeSpec, VarySpec, quantity


def arms(orders: tuple[str, ...] = (), **vary: Any) -> list[Arm]:
    return arms_of(VarySpec.model_validate(vary), {"days": 3}, [], orders)


def test_a_grid_has_each_with_each() -> None:
    found = arms(levers={"a.wage": [1, 2]}, uncertainties={"b.error": [0.1, 0.2, 0.3]})
    assert [arm.point for arm in found] == [{"a.wage": w, "b.error": e} for w in (1, 2) for e in (0.1, 0.2, 0.3)]
    assert found[0].name == "wage=1, error=0.1"
    assert found[0].settings == {"days": 3, "a.wage": 1, "b.error": 0.1}
    assert (found[0].levers, found[0].uncertainties) == ({"a.wage": 1}, {"b.error": 0.1})


def test_nothing_varies_but_the_seed() -> None:
    (found,) = arms()
    assert (found.name, found.settings) == ("base", {"days": 3})


def test_every_form_meets_every_point() -> None:
    found = arms(arms={"one": {}, "two": {"set": {"c": 1}, "without": ["leads"]}}, levers={"a": [1, 2]})
    assert [arm.name for arm in found] == ["one, a=1", "one, a=2", "two, a=1", "two, a=2"]
    assert [arm.form for arm in found] == ["one", "one", "two", "two"]
    assert found[-1].settings == {"days": 3, "a": 2, "c": 1}
    assert found[-1].without == ("leads",)


def test_each_order_is_left_out_in_turn() -> None:
    found = arms(orders=("leads", "managers"))
    assert [(arm.name, arm.without) for arm in found] == [
        ("everybody", ()), ("without leads", ("leads",)), ("without managers", ("managers",)),
    ]  # fmt: skip


@pytest.mark.parametrize("points", [8, 33])
def test_a_latin_hypercube_has_one_point_in_each_stratum(points: int) -> None:
    ranges = {"a": {"from": 2.0, "to": 4.0}, "b": {"from": 1.0, "to": 100.0, "scale": "log"}}
    found = arms(uncertainties=ranges, design="latin_hypercube", points=points)
    assert len(found) == points
    for key, share in (
        ("a", lambda x: (x - 2) / 2),
        ("b", lambda x: np.log(x) / np.log(100)),
    ):
        strata = sorted(int(share(arm.point[key]) * points) for arm in found)
        assert strata == list(range(points))


def test_sobol_points_balance_and_are_the_same_again() -> None:
    ranges = {"a": {"from": 0.0, "to": 1.0}, "b": {"from": 0.0, "to": 1.0}}
    found, again = (arms(levers=ranges, design="sobol", points=16) for _ in range(2))
    points = np.array([[arm.point["a"], arm.point["b"]] for arm in found])
    quarters = np.bincount((points[:, 0] > 0.5) * 2 + (points[:, 1] > 0.5), minlength=4)
    assert quarters.tolist() == [4, 4, 4, 4]
    assert found == again


def test_lists_in_a_spread_design_are_taken_evenly() -> None:
    found = arms(levers={"a": ["x", "y", "z"]}, design="latin_hypercube", points=30)
    names, counts = np.unique([arm.point["a"] for arm in found], return_counts=True)
    assert (names.tolist(), counts.tolist()) == (["x", "y", "z"], [10, 10, 10])


@pytest.mark.parametrize(
    ("said", "share", "value"),
    [
        ({"from": 1, "to": 3}, 0.5, 2.0),
        ({"from": 1, "to": 100, "scale": "log"}, 0.5, 10.0),
        ({"from": 0, "to": 10, "whole": True}, 0.26, 2),
        ({"from": 0, "to": 10, "whole": True}, 0.28, 3),
        ({"from": 1.4, "to": 3.6, "whole": True}, 0.0, 2),
        ({"from": 1.4, "to": 3.6, "whole": True}, 1.0, 3),
        ({"from": 1, "to": 100, "scale": "log", "whole": True}, 1.0, 100),
    ],
)
def test_places_in_a_range(said: dict[str, Any], share: float, value: float) -> None:
    assert RangeSpec.model_validate(said).at(share) == pytest.approx(value)


@pytest.mark.parametrize("ends", [(1, 4), (0.2, 4.9)])
def test_whole_numbers_of_a_range_are_taken_evenly(ends: tuple[float, float]) -> None:
    """The first and the last have no neighbour on one side, and count no less for that."""
    low, high = ends
    found = arms(levers={"a": {"from": low, "to": high, "whole": True}}, design="latin_hypercube", points=40)
    numbers, counts = np.unique([arm.point["a"] for arm in found], return_counts=True)
    assert (numbers.tolist(), counts.tolist()) == ([1, 2, 3, 4], [10, 10, 10, 10])


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        (
            {"levers": {"a": {"from": 1.2, "to": 2.8, "whole": True}}, "design": "sobol", "points": 2},
            "there are not two whole numbers from 1.2 to 2.8",
        ),
        ({"levers": {"a": {"from": 2, "to": 1}}, "design": "sobol", "points": 2}, "from is not below to"),
        ({"levers": {"a": {"from": 0, "to": 1, "scale": "log"}}, "design": "sobol", "points": 2}, "starts above 0"),
        ({"levers": {"a": []}}, "there is no value to take"),
        ({"levers": {"a": [1]}, "uncertainties": {"a": [1]}}, "is lever and uncertainty"),
        ({"points": 3}, "a grid has the points it has"),
        ({"design": "sobol", "levers": {"a": [1]}}, "and a number of points"),
        ({"samples": "x.csv", "levers": {"a": [1]}}, "samples say what varies already"),
    ],
)
def test_designs_that_make_no_sense(vary: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        VarySpec.model_validate_json(json.dumps(vary))


def test_too_many_arms_are_refused() -> None:
    with pytest.raises(InvalidInput, match="arms; the most is"):
        arms(levers={"a": list(range(400)), "b": list(range(400))})


def test_folders_are_plain_and_differ() -> None:
    found = folder_names([Arm("a/b"), Arm("A-B"), Arm("∂"), Arm("α"), Arm(".."), Arm("x" * 200)])
    assert found[:5] == ["a-b", "A-B-2", "arm", "arm-2", "arm-3"]
    assert len({name.lower() for name in found}) == 6
    assert max(map(len, found)) <= 64


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("alignment.rho", ("alignment", "rho", "", "mean")),
        ("labor.pay | sum", ("labor", "pay", "", "sum")),
        ("orders.people | order == 2 | last", ("orders", "people", "order == 2", "last")),
        ("orders.people | order == 2", ("orders", "people", "order == 2", "mean")),
        ("orders.people | order == 2 | order == 3", ("orders", "people", "order == 2 | order == 3", "mean")),
        (
            "orders.people|principal == 'a|b' | order > 2|sum",
            ("orders", "people", "principal == 'a|b' | order > 2", "sum"),
        ),
        ("orders.people | (order == 2) | (order == 3)", ("orders", "people", "(order == 2) | (order == 3)", "mean")),
        ("orders.people|order == 2 | order == 3|sum", ("orders", "people", "order == 2 | order == 3", "sum")),
        ("ledger.amount | reason == 'a|b' | sum", ("ledger", "amount", "reason == 'a|b'", "sum")),
    ],
)
def test_expressions(text: str, found: tuple[str, str, str, str]) -> None:
    made = quantity(text)
    assert (made.table, made.column, made.where, made.by) == found


def test_a_number_that_is_made_otherwise_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(PydanticCustomError) as caught:
        quantity("labor.pay | round == 1 | median")
    assert "one of mean, sum, min, max, first, last, count" in (caught.value.context or {})["fix"]
