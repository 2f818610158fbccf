"""Arguments of Python functions that say yes or no: nothing that says neither is taken for a yes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simlab
from simlab.flags import require_flags
from tests.small_world import written


@pytest.mark.parametrize("value", [True, False, np.True_, np.False_, 1, 0])
def test_a_yes_and_a_no(value: Any) -> None:
    require_flags(small=value)


@pytest.mark.parametrize("value", ["no", "", "false", None, 2, 1.0, [], np.array([True, False])])
def test_what_is_neither(value: Any) -> None:
    with pytest.raises(simlab.InvalidInput, match=r"says neither yes nor no \(small=True, or False\)"):
        require_flags(small=value)


@pytest.mark.parametrize(
    ("function", "names"), [("run", "small local yes progress"), ("study", "local tell"), ("verify", "cached progress")]
)
def test_functions_ask(function: str, names: str, tmp_path: Path) -> None:
    path = written(tmp_path / "world.yaml")
    for name in names.split():
        with pytest.raises(simlab.InvalidInput, match=f"^{name}='no'"):
            getattr(simlab, function)(path, **{name: "no"})
