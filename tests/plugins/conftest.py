"""Built-in plugins for their tests, imported by path as the plugin loader does it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from simlab.components.criterion import Criterion
from simlab.plugins.registry import discover
from simlab.rng import Streams

PLUGINS = Path(__file__).parents[2] / "plugins"
BUILT_IN = discover(local=False)
CRITERIA = ("helpful", "truthful", "harmless", "brief", "brand", "retention", "desire", "rosy", "lawful")


def imported(path: Path) -> ModuleType:
    """The module in a file, or the package in a folder, under a name no other test uses."""
    file = path / "__init__.py" if path.is_dir() else path
    name = f"plugin_under_test_{path.stem}"
    if name not in sys.modules:
        folder = [str(path)] if path.is_dir() else None
        spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=folder)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def criterion(name: str, **parameters: Any) -> Criterion:
    """A built-in criterion of these parameters."""
    made = BUILT_IN.get("criterion", name)(**parameters)
    assert isinstance(made, Criterion)
    return made


def almanac_part(name: str) -> ModuleType:
    """A module of the almanac's package."""
    package = imported(PLUGINS / "worlds" / "almanac")
    return importlib.import_module(f"{package.__name__}.{name}")


def almanac(seed: int = 1, **settings: Any) -> Any:
    """An almanac game with all built-in criteria."""
    world = imported(PLUGINS / "worlds" / "almanac").Almanac(**settings)
    return world.open(Streams(seed), [criterion(name) for name in CRITERIA])


@pytest.fixture(scope="session")
def game() -> Any:
    """The almanac with its default settings."""
    return almanac()


@pytest.fixture(scope="session")
def wide_game() -> Any:
    """The almanac with every country and every relation."""
    relations = list(almanac_part("facts").RELATIONS)
    return almanac(countries=196, relations=relations)
