"""A deep hierarchy in the gaussian world: two vendors with pools of their own, and auditors above auditors.

`AUDITORS` appended to any scenario's parties and relations makes one order more; nothing else is needed.
"""

from __future__ import annotations

from typing import Any

VALUES = {"helpful": 1, "truthful": 1, "harmless": 1}
DEEP: dict[str, Any] = {
    "name": "deep",
    "days": 2,
    "world": {"kind": "gaussian", "dimensions": 16},
    "panel": {"prompts": 500},
    "waterfall": {"redraw": []},
    "parties": {
        "users": {"kind": "users", "values": VALUES, "count": 100},
        "acme": {"kind": "corporation", "guideline": {"operative": VALUES}, "audit_wage": 40},
        "relay": {"kind": "vendor", "misreading": 0.3, "price": 0.5},
        "click": {"kind": "vendor", "misreading": 0.9, "price": 0.2},
        "north": {"kind": "raters", "count": 8, "misreading": 0.5, "wage": 8},
        "south": {"kind": "raters", "count": 6, "misreading": 0.5, "wage": 3},
        "rm": {"kind": "reward_model"},
        "lm": {"kind": "language_model"},
    },
    "relations": [
        {"principal": "users", "agent": "acme", "every": 1, "sample": 20},
        {"principal": "acme", "agent": "relay", "every": 1, "sample": 0.2},
        {"principal": "acme", "agent": "click", "every": 1, "sample": 0.2},
        {"principal": "relay", "agent": "north", "every": 1, "sample": 0.2},
        {"principal": "click", "agent": "south", "every": 1, "sample": 0.2},
        {"principal": "north", "agent": "rm", "every": 1, "sample": 300, "consequence": "gradient"},
        {"principal": "south", "agent": "rm", "every": 1, "sample": 200, "consequence": "gradient"},
        {"principal": "rm", "agent": "lm", "every": 1, "sample": 2, "consequence": "gradient"},
    ],
}
RELAY, CLICK, NORTH, SOUTH, TRAIN = (f"relations.{i}" for i in (1, 2, 3, 4, 7))


def auditors(above: str, *names: str, **settings: Any) -> dict[str, Any]:
    """Changes that put auditors above a party, further auditors above those, and so on."""
    changes: dict[str, Any] = {}
    for place, name in enumerate(names, start=len(DEEP["relations"])):
        changes[f"parties.{name}"] = {"kind": "auditors", "count": 4, "misreading": 0.3, "wage": 20, **settings}
        changes[f"relations.{place}"] = {"principal": name, "agent": above, "every": 1, "sample": 0.5}
        above = name
    return changes
