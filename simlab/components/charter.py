"""Charters: guidelines that people have written before, in articles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from simlab.components.component import Component


@dataclass(frozen=True, slots=True)
class Article:
    """One article of a charter: what it says, and the criteria, with weights, by which it can be measured.

    Where nothing of it can be, `criteria` is empty; `note` says why, or how far the criteria go.
    """

    text: str
    criteria: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    def __post_init__(self) -> None:
        bad = [name for name, weight in self.criteria.items() if not isinstance(weight, int | float)]
        if bad:
            raise TypeError(f"the weight of {bad[0]} in an article should be a number")


class Charter(Component):
    """A guideline that people have written before, in articles; `guideline: {charter: NAME}` goes by it."""

    kind: ClassVar[str] = "charter"
    articles: ClassVar[tuple[Article, ...]] = ()
    rule: ClassVar[Mapping[str, Any] | str] = {"kind": "weighted"}  # the combination, as a scenario file says it

    def weights(self) -> dict[str, float]:
        """The weight of each criterion, summed over the articles, in order of first mention."""
        total: dict[str, float] = {}
        for article in self.articles:
            for name, weight in article.criteria.items():
                total[name] = total.get(name, 0.0) + float(weight)
        return total
