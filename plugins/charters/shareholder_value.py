"""Shareholder value, as a guideline made of criteria."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import simlab


class ShareholderValue(simlab.Charter):
    """Profit within the law: users who come back, and buy, in a world that looks well (the maker's interests,
    Kockelman, ch. 4).

    "There is one and only one social responsibility of business: to use its resources and engage in activities
    designed to increase its profits so long as it stays within the rules of the game" (Friedman 1970, quoting his
    Capitalism and Freedom). So lawfulness is a limit and no aim: a veto, of no weight. Publish another charter beside
    it, and the difference is measured: `guideline: {charter: shareholder_value, published: {…}}`.
    """

    name = "shareholder_value"
    rule: ClassVar[Mapping[str, Any]] = {"kind": "veto", "limits": {"lawful": 0.5}}
    articles: ClassVar[tuple[simlab.Article, ...]] = (
        simlab.Article("Bring users back.", {"retention": 1.0}),
        simlab.Article("Sell the product, and make people want it.", {"brand": 0.5, "desire": 0.5}),
        simlab.Article("Show the world in a good light.", {"rosy": 0.5}),
        simlab.Article(
            "Stay within the rules of the game.", note="the veto: what is not `lawful` by half is ruled out"
        ),
    )
