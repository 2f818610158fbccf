"""What is asked of every run of a study: numbers made from its tables, by an expression or by a plugin."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from simlab import claims
from simlab.components.outcome import Outcome
from simlab.components.return_values import not_a_number
from simlab.errors import FAILURES, InvalidInput, PluginFailed
from simlab.plugins.registry import Registry
from simlab.runs.loading import Run
from simlab.studies.study_file import Quantity


def outcome_of(run: Run, name: str, said: Mapping[str, Any], registry: Registry) -> float:
    """The number that a run gives for an outcome, as a study's plan says it. Raises InvalidInput, naming the outcome,
    where the tables do not have what it asks for, and PluginFailed where a plugin fails."""
    if "kind" not in said:
        return claims.number(run, Quantity.model_validate({**said, "says": name}))
    cls = registry.get("outcome", str(said["kind"]))
    made = cls.model_validate({key: value for key, value in said.items() if key != "kind"})
    assert isinstance(made, Outcome)
    try:
        found = made.value(run.lent())
    except InvalidInput:
        raise
    except FAILURES as error:
        raise PluginFailed.raised(f"outcome {made.name!r}", error) from error
    if wrong := not_a_number(found):
        raise PluginFailed.returned(made, f"must give one number, or nan; it gave {wrong}", "value")
    try:
        return float(found)
    except OverflowError:  # a whole number of hundreds of digits
        return math.inf
