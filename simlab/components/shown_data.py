"""Data that plugins are shown: asked for an attribute that it does not have, an object names those it has."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from simlab.names import did_you_mean

_TOLD = {  # by class: the kind of plugin whose contract explains it
    "Cohort": "rater",
    "RaterView": "rater",
    "Exchange": "criterion",
    "Prompt": "criterion",
    "Response": "criterion",
    "Claim": "criterion",
    "Observer": "criterion",
    "WorkSituation": "effort",
    "PerformanceRecord": "review",
    "DeliveredWork": "look",
    "ForeseenAnswer": "look",
    "GuidelineReview": "guideline",
    "Term": "guideline",
    "Votes": "aggregator",
    "DemonstrationLesson": "learner",
    "RankingLesson": "learner",
    "VectorRankingLesson": "learner",
    "RewardLesson": "learner",
    "VectorRewardLesson": "learner",
}


class ShownData:
    """Base of all data that plugins are shown, as `cohort` or `exchange`."""

    __slots__ = ()

    if not TYPE_CHECKING:  # or every attribute would be known to type checkers

        def __getattr__(self, name: str) -> Any:
            raise lacking(self, name)


def lacking(shown: ShownData, name: str) -> AttributeError:
    """The error for an attribute that an object does not have, with the names of all that it has."""
    cls = next(c for c in type(shown).__mro__ if not c.__name__.startswith("_"))
    what = f"{cls.__name__!r} object has no attribute {name!r}"
    if name.startswith("_"):  # asked by Python, not by people
        return AttributeError(what)
    known = attributes(cls)
    hint = f"{did_you_mean(name, [k.removesuffix('()') for k in known])} it has {', '.join(known)}".strip()
    return AttributeError(f"{what} ({hint}; simlab plugins --contract {_TOLD.get(cls.__name__, 'KIND')} says more)")


def attributes(cls: type[Any]) -> list[str]:
    """Names of all that such an object holds, then of what can be asked of it; methods with ()."""
    held = [f.name for f in fields(cls)]
    more = [name for name in dir(cls) if not name.startswith("_") and name not in held]
    return [*held, *sorted((f"{n}()" if callable(getattr(cls, n)) else n for n in more), key=lambda n: n.endswith(")"))]
