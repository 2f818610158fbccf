"""Scenario files read with the plugins that are found from where they lie, as `simlab run` reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simlab.plugins.registry import discover
from simlab.scenario import Scenario
from simlab.scenario import load as load_with


def load(path: Path | str, **options: Any) -> Scenario:
    """The scenario of a file, given the options of `simlab.scenario.load`."""
    return load_with(path, discover(Path(path).parent), **options)
