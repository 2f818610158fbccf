"""A market in the gaussian world: the small hierarchy, a second corporation with a model of its own, owners, a law.

All of it is changes to `small_world.HIERARCHY`, which can be played one by one or together.
"""

from __future__ import annotations

from typing import Any

from tests.small_world import LOOK

SIZE = 4  # relations of the small hierarchy
RIVAL: dict[str, Any] = {  # bolt, which has everything acme has, and the users to choose between the two
    "parties.bolt": {"kind": "corporation", "guideline": {"operative": {"brief": 1}}},
    "parties.pool2": {"kind": "raters", "count": 8, "policy": {"kind": "mistaken", "flip": 0.2}},
    "parties.rm2": {"kind": "reward_model"},
    "parties.lm2": {"kind": "language_model"},
    "relations.4": {"principal": "users", "agent": "bolt", "every": 1, "sample": 20, "consequence": "churn"},
    "relations.5": {"principal": "bolt", "agent": "pool2", "every": 1, "sample": 0.2},
    "relations.6": {"principal": "pool2", "agent": "rm2", "every": 1, "sample": 200, "consequence": "gradient"},
    "relations.7": {"principal": "rm2", "agent": "lm2", "every": 1, "sample": 2, "consequence": "gradient"},
    f"{LOOK}.consequence": "churn",
}


def users(count: int = 1000, **settings: Any) -> dict[str, Any]:
    """So many users."""
    said = settings if "intents" in settings else {"values": {"helpful": 1}, **settings}
    return {"parties.users": {"kind": "users", "count": count, **said}}


def owned(*consequences: Any, every: float = 1, place: int = SIZE, **settings: Any) -> dict[str, Any]:
    """acme's shareholders."""
    relation = {"principal": "owners", "agent": "acme", "every": every, "sample": 1, "consequence": list(consequences)}
    return {"parties.owners": {"kind": "shareholders", **settings}, f"relations.{place}": relation}


def regulated(
    *consequences: Any, every: float = 1, sample: float = 200, place: int = SIZE, **settings: Any
) -> dict[str, Any]:
    """acme's regulator."""
    relation = {
        "principal": "state", "agent": "acme", "every": every, "sample": sample, "consequence": list(consequences),
    }  # fmt: skip
    return {"parties.state": {"kind": "regulator", "law": {"harmless": 1}, **settings}, f"relations.{place}": relation}
