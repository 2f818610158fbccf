"""Parameters of components: whatever a plugin declares, what is written of it can be read again, and is the same."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import Field, ValidationError

import simlab
from simlab.components.component import parameters, settings
from simlab.plugins.classes import fault_of

WORDS = [f"word{number}" for number in range(30)]


class Odd(simlab.Outcome):
    """A component with parameters of many kinds."""

    name = "odd"

    chosen: set[str] = Field(set(), description="a set, kept in another order by every process")
    most: float = Field(math.inf, description="no bound, unless one is given")
    least: float | None = Field(-math.inf, description="the same below")
    unknown: float = Field(math.nan, description="a number that nobody knows")
    weight: float = Field(1.0, alias="w", description="a number by another name")


def test_sets_are_written_in_one_order() -> None:
    assert settings(Odd.model_validate({"chosen": WORDS}))["chosen"] == sorted(WORDS)


def test_defaults_that_no_file_can_say_are_not_said() -> None:
    assert parameters(Odd()) == {"kind": "odd", "chosen": [], "w": 1.0}
    assert settings(Odd(most=2, least=None, unknown=3)) == {
        "chosen": [], "most": 2.0, "least": None, "unknown": 3.0, "w": 1.0,
    }  # fmt: skip


@pytest.mark.parametrize("given", [{}, {"chosen": WORDS, "most": 5, "w": 2.5}, {"least": None, "unknown": 0}])
def test_what_is_written_is_read_as_the_same(given: dict[str, Any]) -> None:
    made = Odd.model_validate(given)
    again = Odd.model_validate(settings(made))
    assert repr(again.model_copy(update={"chosen": made.chosen})) == repr(made)
    assert again.chosen == made.chosen


def test_numbers_that_are_given_are_finite() -> None:
    with pytest.raises(ValidationError, match="finite number"):
        Odd(most=math.inf)


@pytest.mark.parametrize("default", [len, object()])
def test_a_default_that_cannot_be_written_is_refused(default: Any) -> None:
    class Mute(simlab.Outcome):
        """A component that cannot be written down."""

        name = "mute"
        how: Any = Field(default, description="something")

    assert "class Mute has a default that no scenario file could say: " in fault_of(Mute)
    assert fault_of(Odd) == ""


def test_a_plugin_may_call_its_methods_as_it_likes() -> None:
    class Own(simlab.Outcome):
        """A component with a method of its own."""

        name = "own"
        by: Callable[[int], int] | None = Field(None, description="nothing, usually")

        def _in_order(self) -> list[int]:
            return [1]

    assert Own()._in_order() == [1]
    assert fault_of(Own) == ""
