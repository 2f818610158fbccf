"""Hierarchies of hundreds of parties: what validation asks of them, and how long that takes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simlab.engine.jobs import Jobs, Store
from simlab.hierarchy import Hierarchy
from simlab.plugins.registry import discover
from simlab.scenario import load
from simlab.scenario.authority import Authority, several
from simlab.scenario.checks.relations import complaints
from simlab.simulation import Simulation

ENDS: dict[str, Any] = {
    "acme": "corporation",
    "pool": {"kind": "raters", "count": 9},
    "rm": "reward_model",
    "lm": "language_model",
}
PLUGINS = discover(local=False)
TEACH = [("pool", "rm"), ("rm", "lm")]


def scenario(parties: dict[str, Any], edges: list[tuple[str, str]]) -> dict[str, Any]:
    """The plain data of a scenario with these parties and relations."""
    relations = [
        {"principal": p, "agent": a, "every": 5, "sample": 9, "consequence": "gradient" if (p, a) in TEACH else None}
        for p, a in [*edges, *TEACH]
    ]
    return {"days": 10, "parties": {**ENDS, **parties}, "relations": relations}


def in_a_row(many: int) -> dict[str, Any]:
    """Vendors, each employed by the one before."""
    names = [f"v{n}" for n in range(many)]
    return scenario(dict.fromkeys(names, "vendor"), [*zip(["acme", *names], [*names, "pool"], strict=True)])


def ladder(many: int) -> dict[str, Any]:
    """Auditors in pairs, each pair looking at both of the pair below: 2^(many/2) lines of authority."""
    pairs = [(f"a{n}", f"b{n}") for n in range(many // 2)]
    edges = [("acme", "pool")]
    for above, below in zip(pairs, [("pool",), *pairs], strict=False):
        edges += [(x, y) for x in above for y in below]
    return scenario({name: {"kind": "auditors", "count": 2} for pair in pairs for name in pair}, edges)


def seconds(make: Callable[[int], dict[str, Any]], many: int) -> float:
    data = make(many)
    began = time.process_time()
    assert list(complaints(data, PLUGINS)) == []
    return time.process_time() - began


@pytest.mark.slow
@pytest.mark.parametrize("make", [in_a_row, ladder])
def test_validation_is_not_quadratic(make: Callable[[int], dict[str, Any]]) -> None:
    brief = min(seconds(make, 100) for _ in range(3))
    assert min(seconds(make, 800) for _ in range(2)) < 30 * max(brief, 1e-3)  # 64 times as long, were it quadratic


def test_the_order_of_work_counts_audits_of_audits() -> None:
    kinds = {"acme": "corporation", "pool": "raters", "one": "auditors", "two": "auditors", "firm": "vendor"}
    edges = [("acme", "firm"), ("firm", "pool"), ("one", "pool"), ("two", "one"), ("two", "firm")]
    hierarchy = Hierarchy(kinds, edges)
    orders = {name: hierarchy.work_order(name) for name in kinds}
    assert orders == {"acme": 0, "pool": 1, "one": 2, "two": 3, "firm": 1}


def test_who_works_for_several_is_named_once() -> None:
    kinds = {"a": "corporation", "b": "corporation", "firm": "vendor", "pool": "raters"}
    authority = Authority(kinds, Hierarchy(kinds, [("a", "firm"), ("b", "firm"), ("firm", "pool")]))
    assert [name for name in kinds if authority.of_several(name)] == ["firm"]
    assert not several(0)
    assert not several(8)
    assert several(9)


def test_depth_and_downward_order() -> None:
    hierarchy = Hierarchy("dcba", [("a", "b"), ("b", "c"), ("a", "c")])
    assert hierarchy.depth() == 3
    order = hierarchy.downward()
    assert order.index("a") < order.index("b") < order.index("c")


def test_leaving_out_a_thousand_people_is_looked_up_once() -> None:
    data = scenario({"more": {"kind": "raters", "count": 1000}}, [("acme", "pool"), ("acme", "more")])
    data["relations"].append({"principal": "more", "agent": "rm", "every": 5, "sample": 9, "consequence": "gradient"})
    data["without"] = [*(f"more:{n}" for n in range(1000)), *(f"pool:{n}" for n in range(9))]
    began = time.process_time()
    (said,) = complaints(data, PLUGINS)
    assert said == (("without", 1008), "nobody would be left to judge rm", "leave out fewer")
    assert time.process_time() - began < 2


@pytest.mark.slow
@pytest.mark.parametrize("turned", [False, True])
def test_a_guideline_is_handed_down_four_hundred_levels(turned: bool, tmp_path: Path) -> None:
    data = in_a_row(400) | {"name": "deep", "world": {"kind": "gaussian", "dimensions": 4}}
    names = [*data["parties"]]
    data["parties"] = {name: data["parties"][name] for name in (reversed(names) if turned else names)}
    data["parties"]["acme"] = {"kind": "corporation", "guideline": {"operative": {"helpful": 1}}}
    for relation in data["relations"]:
        relation.update(consequence=relation["consequence"] or [])
    (tmp_path / "deep.yaml").write_text(json.dumps(data), encoding="utf-8")
    simulation = Simulation(load(tmp_path / "deep.yaml", plugins=PLUGINS), Jobs(Store(None), "cpu"))
    told = simulation.parties["v399"].standard()
    assert (told.issuer, simulation.hierarchy.work_order("v399"), simulation.hierarchy.work_order("v0")) == (
        "v399",
        1,
        1,
    )
