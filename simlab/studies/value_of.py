"""Studies of what orders of judgement are worth: of a plain scenario file, and what such a study asks of its runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from simlab.components.component import parameters
from simlab.components.outcome import Outcome
from simlab.plugins.registry import Registry
from simlab.scenario import Scenario
from simlab.scenario.yaml_tree import Node, read_text
from simlab.studies.study_file import StudySpec

OPTION = "--value-of"
LABOR = "labor"  # the outcome that a budget is of, unless another one has its name


def orders_asked(typed: str) -> str | list[str]:
    """What `--value-of` says: `each`, or names of parties, put apart by commas."""
    return "each" if typed.strip() == "each" else [name.strip() for name in typed.split(",") if name.strip()]


def study_of(file: Path, root: Node) -> tuple[Node, str]:
    """A study of a plain scenario, which `root` is, as a tree and as the text of a study file."""
    said = root.value.get("name") if isinstance(root.value, dict) else None
    plain = said.value if said is not None and isinstance(said.value, str) else file.stem
    name = re.sub(r"[^\w-]+", "_", plain).strip("_-")[:50]
    named = f"{name}_orders" if name[:1].isalpha() else "orders"
    text = "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in (
        ("name", named), ("scenario", str(file.absolute())), ("measure", "last"),
    ))  # fmt: skip
    return read_text(text, OPTION), text


def with_labor(spec: StudySpec, registry: Registry) -> StudySpec:
    """The study, asking also what labor costs, if a budget for it, or a search, is all that says so."""
    wanted = [spec.solve.outcome if spec.solve else "", spec.search.minimize if spec.search else ""]
    if LABOR not in wanted or LABOR in spec.outcomes:
        return spec
    made = registry.get("outcome", "labor_dollars").model_validate({})
    return spec.model_copy(update={"outcomes": {**spec.outcomes, LABOR: made}})


def with_prices(spec: StudySpec, scenario: Scenario, registry: Registry) -> StudySpec:
    """The study, asking also for what orders of judgement are worth something for, and what labor costs, where it does
    not: the fidelity of each pool's labels, ρ of users and language models, users' satisfaction, labor dollars."""
    outcomes = dict(spec.outcomes)
    known = [parameters(made) for made in outcomes.values() if isinstance(made, Outcome)]
    for name, said in _asked(scenario):
        made = registry.get("outcome", said["kind"]).model_validate({k: v for k, v in said.items() if k != "kind"})
        if parameters(made) not in known:
            free = (called for called in (name, said["kind"], f"{name} of orders") if called not in outcomes)
            outcomes[next(free)] = made
    return spec.model_copy(update={"outcomes": outcomes})


def _asked(scenario: Scenario) -> Iterable[tuple[str, dict[str, Any]]]:
    """Outcomes by name."""
    of = {kind: [name for name, party in scenario.parties.items() if party.kind == kind] for kind in _KINDS}
    for pool in of["raters"]:
        yield _called("fidelity", pool, of["raters"]), {"kind": "label_fidelity", "agent": pool}
    for users in of["users"]:
        for model in of["language_model"]:
            several = [*of["users"], *of["language_model"][1:]]
            yield _called("rho", f"{users}, {model}", several), {"kind": "rho", "a": users, "b": model}
    for users in of["users"]:
        yield _called("satisfaction", users, of["users"]), {"kind": "satisfaction", "users": users}
    yield "labor", {"kind": "labor_dollars"}


_KINDS = ("raters", "users", "language_model")


def _called(what: str, whose: str, all_of_them: list[str]) -> str:
    return what if len(all_of_them) == 1 else f"{what} ({whose})"
