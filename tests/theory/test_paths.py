"""Every law says which code of a run it observes: the code is there, and is executed while the law is observed."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from simlab.engine.jobs import Store
from simlab.theory import LAWS
from simlab.theory.whole_runs import forget
from tests.loading import load
from tests.small_world import FIRST, HURRIED, play, played

ROOT = Path(__file__).parent.parent.parent
NO_RUN = "no run: "
PLAYED = [name for name, law in LAWS.items() if law.shares]


def paths(name: str) -> list[tuple[str, str]]:
    """File and qualified name of each piece of code that a law names."""
    said = LAWS[name].path
    if said.startswith(NO_RUN):
        said = said.removeprefix(NO_RUN).partition(",")[0]
    return [(file, code) for file, _, code in (part.partition(":") for part in said.split(", "))]


def defined(tree: ast.Module) -> Iterator[str]:
    """Qualified names of functions and methods."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name
        if isinstance(node, ast.ClassDef):
            yield from (f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef))


@pytest.mark.parametrize("name", LAWS)
def test_the_code_that_a_law_names_is_there(name: str) -> None:
    for file, code in paths(name):
        assert code in set(defined(ast.parse((ROOT / file).read_text()))), (file, code)


def executing(function: Callable[[], Any], seen: set[Any]) -> None:
    """Call it, and note what code it executes."""

    def note(frame: FrameType, event: str, arg: Any) -> None:
        seen.add(frame.f_code)

    forget()
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(None)


def where(seen: set[Any]) -> set[tuple[str, str]]:
    """File and qualified name of each piece of code."""
    return {(str(Path(code.co_filename).resolve()), code.co_qualname) for code in seen}


def executed(name: str) -> set[tuple[str, str]]:
    """All code that one observation of a law executes."""
    law, seen = LAWS[name], set[Any]()
    executing(lambda: law.observe(1000, **law.points[0]), seen)
    return where(seen)


@pytest.mark.slow
@pytest.mark.parametrize("name", LAWS)
def test_an_observation_executes_it(name: str) -> None:
    """Of laws that are observed from whole runs, a run does."""
    found = executed(name)
    for file, code in paths(name):
        assert (str((ROOT / file).resolve()), code) in found, (file, code)


def test_laws_of_runs_name_no_code_that_runs_do_not_execute() -> None:
    assert [name for name in PLAYED if LAWS[name].path.startswith(NO_RUN)] == []


# ---- by runs --------------------------------------------------------------------------------------------------------

POOL: dict[str, Any] = {"kind": "raters", "count": 6, "overlap": 3, "policy": {"kind": "mistaken", "flip": 0.2}}
PEOPLE: tuple[dict[str, Any], ...] = (  # pools, each of which executes what laws of people observe
    *(
        {"policy": policy}
        for policy in (
            {"kind": "boltzmann", "temperature": 1.0},
            {"kind": "boltzmann", "agreement": 0.8},
            {"kind": "thurstone", "deviation": 1.0},
            {"kind": "rao_kupper", "temperature": 1.0},
            {"kind": "glad"},
            {"kind": "bpref", "eps_mistake": 0.1},
        )
    ),
    {"effort": {"kind": "tournament", "cost": 9}, "pay": {"kind": "tournament", "bonus": 0.01}},
    {"effort": {"kind": "gold_bonus", "cost": 1}, "pay": {"kind": "double_or_nothing"}},
    {"effort": {"kind": "linear", "cost": 1}, "pay": {"kind": "linear", "bonus": 1}},
    {"voice": {"appeal": 0.5}, "screening": {}},
)
OTHERS: tuple[dict[str, Any], ...] = (
    *(
        {"parties.pool": POOL, "relations.2.consequence": {"kind": "gradient", "aggregator": name}}
        for name in ("majority", "dawid_skene", "pooled_bt", "borda", "copeland")
    ),
    *(
        {"parties.pool": POOL, "relations.1.look": look}
        for look in ("dasgupta_ghosh", "correlated_agreement", "self_consistency", "certain_gold", "double_work")
    ),
    {
        "parties.pool.effort": {"kind": "no_shirking", "cost": 1},
        "relations.1.consequence": {"kind": "fire", "below": 0.1},
    },
    {"relations.1.consequence": {"kind": "fire", "review": {"kind": "sequential", "good": 0.9, "bad": 0.5}}},
    {
        "parties.vendor": {"kind": "vendor", "compliance": 0.5, "misreading": 0.3},
        "waterfall.redraw": ["pool"],
        "relations.1": {"principal": "acme", "agent": "vendor", "every": 1, "sample": 0.2},
        "relations.4": {"principal": "vendor", "agent": "pool", "every": 1, "sample": 0.2},
    },
)


@pytest.fixture(scope="module")
def by_runs(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """All code of the simulator that these runs execute, and those that laws are observed from."""
    seen: set[Any] = set()
    folder = tmp_path_factory.mktemp("paths")

    def play_all() -> None:
        for traits in PEOPLE:
            settings = {f"parties.pool.{name}": value for name, value in traits.items()}
            play(folder, settings | {"parties.acme.gold_error": 0.2}, seed=1, measured=True)
        for changes in OTHERS:
            play(folder, changes, seed=1, measured=True)
        folder.joinpath("words").mkdir()
        scenario = load(FIRST, small=True, overrides=[*HURRIED, "days=1", "parties.rm.variance=true"])
        played(scenario, folder / "words", Store(None), measured=False)
        for name in ("learning.units", "network.pleases", "audit.of_audits"):
            LAWS[name].observe(1000, **LAWS[name].points[0])

    executing(play_all, seen)
    return where(seen)


@pytest.mark.slow
def test_runs_execute_what_laws_observe(by_runs: set[tuple[str, str]]) -> None:
    """What no run executes is said to be so."""
    missing = {
        name: code
        for name, law in LAWS.items()
        if not law.shares and not law.path.startswith(NO_RUN)
        for file, code in paths(name)
        if (str((ROOT / file).resolve()), code) not in by_runs
    }
    assert missing == {}
