"""Which kinds of party may stand in which relation, with which consequences: a kind added later adds rows here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """What one kind of relation allows: its consequences, and whether the agent is a machine that learns by one."""

    consequences: tuple[str, ...]
    taught: bool = False
    counted: bool = False  # the sample is a number of pieces, since there is no finite work to take a share of


_LABOR = Rule(("pay", "bonus", "warn", "retrain", "fire", "hire"))
_CONTRACT = Rule(("contract_share", "penalty"))
_AUDIT = Rule(("bonus", "warn", "retrain", "fire", "hire"))

RULES: Mapping[tuple[str, str], Rule] = {
    ("users", "corporation"): Rule(("churn",)),
    ("shareholders", "corporation"): Rule(("replace", "fund", "withdraw")),
    ("regulator", "corporation"): Rule(("fine", "suspend")),
    ("corporation", "vendor"): _CONTRACT,
    ("vendor", "vendor"): _CONTRACT,
    ("corporation", "raters"): _LABOR,
    ("vendor", "raters"): _LABOR,
    ("corporation", "auditors"): _LABOR,
    ("vendor", "auditors"): _LABOR,
    ("auditors", "raters"): _AUDIT,
    ("auditors", "auditors"): _AUDIT,
    ("raters", "reward_model"): Rule(("gradient",), taught=True),
    ("reward_model", "language_model"): Rule(("gradient",), taught=True, counted=True),
}

PRINCIPALS: Mapping[str, tuple[int, int]] = {"reward_model": (1, 1000), "language_model": (1, 1), "vendor": (1, 1000)}
AGENTS: Mapping[str, tuple[int, int]] = {
    "raters": (1, 1000), "auditors": (1, 1000), "vendor": (1, 1000), "reward_model": (1, 1)
}  # fmt: skip
FIRMS = ("corporation", "vendor")
