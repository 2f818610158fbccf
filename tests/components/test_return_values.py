"""What plugins answer: what is a number, and what a message says of what is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simlab.components.combination import Combination
from simlab.components.return_values import criteria, given, not_a_number, not_numbers, number
from simlab.components.reward_shape import RewardShape
from simlab.errors import PluginFailed


@pytest.mark.parametrize("good", [[1, 0], (0.5, 1.0), np.ones(2), np.ones(2, dtype=np.float32), np.array([1, 2])])
def test_numbers_of_the_right_shape_are_all_right(good: Any) -> None:
    assert not_numbers(good, (2,)) == ""


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (None, "None"),
        ("ab", "str 'ab'"),
        (0.5, "float 0.5"),
        ([None, None], "object of shape (2,), such as None"),
        (np.array([True, False]), "bool of shape (2,)"),
        (np.array([1j, 0]), "complex128 of shape (2,)"),
        ([[1.0], [1.0, 2.0]], "list [[1.0], [1.0, 2.0]]"),
        (np.ones((2, 1)), "(2, 1)"),
        ({}, "dict {}"),
    ],
)
def test_anything_else_is_named(bad: Any, said: str) -> None:
    assert not_numbers(bad, (2,)) == said


@pytest.mark.parametrize("good", [1, 0.5, True, np.float32(0.5), np.array(0.5), np.bool_(True), float("nan")])
def test_single_numbers(good: Any) -> None:
    assert not_a_number(good) == ""


@pytest.mark.parametrize("bad", [None, "0.5", 1j, [0.5], np.ones(1), object])
def test_what_is_no_single_number(bad: Any) -> None:
    assert not_a_number(bad) == given(bad)


def test_numbers_and_names_that_a_component_gives_beside_its_answers() -> None:
    class Odd(RewardShape):
        name = "odd"

        def leash(self) -> Any:
            return "0.2"

    class Rule(Combination):
        name = "rule"

        def criteria(self) -> Any:
            return "helpful"

    assert number(RewardShape(), "leash") == 0.0
    with pytest.raises(
        PluginFailed, match=r"^reward shape 'odd' must give one number as leash; it gave str '0.2' \(.*\)$"
    ):
        number(Odd(), "leash")
    with pytest.raises(PluginFailed, match=r"test_return_values\.py:\d+\)$"):
        number(Odd(), "coefficient", "leash")
    with pytest.raises(
        PluginFailed, match=r"^combination rule 'rule' must give names of criteria; it gave str 'helpful'"
    ):
        criteria(Rule())
