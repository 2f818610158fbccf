"""Which kinds of party may stand in which relation: a kind added later adds rows here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """What one kind of relation allows: whether the agent is a machine that learns by a gradient. Which consequences
    may follow they say themselves."""

    taught: bool = False
    counted: bool = False  # the sample is a number of pieces, since there is no finite work to take a share of


RULES: Mapping[tuple[str, str], Rule] = {
    ("users", "corporation"): Rule(),
    ("shareholders", "corporation"): Rule(),
    ("regulator", "corporation"): Rule(),
    ("corporation", "vendor"): Rule(),
    ("vendor", "vendor"): Rule(),
    ("corporation", "raters"): Rule(),
    ("vendor", "raters"): Rule(),
    ("corporation", "auditors"): Rule(),
    ("vendor", "auditors"): Rule(),
    ("auditors", "raters"): Rule(),
    ("auditors", "auditors"): Rule(),
    ("raters", "reward_model"): Rule(taught=True),
    ("raters", "language_model"): Rule(taught=True),
    ("reward_model", "language_model"): Rule(taught=True, counted=True),
}

PRINCIPALS: Mapping[str, tuple[int, int]] = {"reward_model": (1, 1000), "language_model": (1, 1), "vendor": (1, 1000)}
AGENTS: Mapping[str, tuple[int, int]] = {
    "raters": (1, 1000), "auditors": (1, 1000), "vendor": (1, 1000), "reward_model": (1, 1)
}  # fmt: skip
