"""A small study in the gaussian world, as a file: two forms of the scenario, at two wages, under some seeds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.small_world import HIERARCHY, LOOK, changed

STUDY: dict[str, Any] = {
    "name": "small",
    "scenario": changed(HIERARCHY, {f"{LOOK}.consequence": "churn"}),
    "seeds": [3, 4],
    "vary": {
        "arms": {
            "right": {},
            "wrong": {"set": {"parties.pool.policy": {"kind": "mistaken", "flip": 0.4}}},
        },
    },
    "outcomes": {
        "right": "judgements.score | agent.str.startswith('pool') | mean",
        "rho": {"kind": "rho", "a": "users", "b": "rm"},
        "labor": "labor_dollars",
    },
    "hypotheses": [{"says": "slips show", "outcome": "right", "arm": "right", "less": "wrong"}],
}


# Arms that are to cost the same, of which as many runs are known to be missing as a search for the wage asks for.
BUDGET: dict[str, Any] = {
    "seeds": 1,
    "solve": {"labor": 60, "by": "parties.pool.wage", "between": {"from": 2, "to": 60}},
    "vary.arms.wrong": {"set": {"parties.pool.overlap": 2}},
}


def study_file(folder: Path, changes: Mapping[str, Any] | None = None) -> Path:
    """The file of the study, with some of its entries put otherwise, by dotted path (JSON is YAML)."""
    path = folder / "study.yaml"
    path.write_text(json.dumps(changed(STUDY, changes or {}), indent=1))
    return path
