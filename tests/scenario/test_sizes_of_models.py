"""A size stands for width, layers and heads, each of which may still be said."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from simlab.scenario.machines import SIZES, LanguageModelSpec


@pytest.mark.parametrize("size", SIZES)
def test_a_size_stands_for_its_numbers(size: Any) -> None:
    spec = LanguageModelSpec(size=size)
    assert (spec.width, spec.layers, spec.heads) == SIZES[size]


def test_sizes_grow_and_the_default_is_small() -> None:
    parameters = [LanguageModelSpec(size=size).parameters for size in SIZES]
    assert parameters == sorted(parameters)
    assert parameters[-1] > 100 * parameters[0]
    default = LanguageModelSpec()
    assert (default.width, default.layers, default.heads) == SIZES["small"]


@pytest.mark.parametrize(("key", "value"), [("width", 96), ("layers", 7), ("heads", 2)])
def test_what_is_said_beside_a_size_counts(key: str, value: int) -> None:
    spec = LanguageModelSpec.model_validate({"size": "medium", key: value})
    whole = dict(zip(("width", "layers", "heads"), SIZES["medium"], strict=True)) | {key: value}
    assert {name: getattr(spec, name) for name in whole} == whole


def test_another_size_is_refused() -> None:
    with pytest.raises(ValidationError, match="tiny"):
        LanguageModelSpec.model_validate({"size": "huge"})
