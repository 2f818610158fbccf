"""The cooperative principle, as a guideline made of criteria."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import simlab


class Grice(simlab.Charter):
    """Grice's cooperative principle and its four maxims (Logic and Conversation, 1975), which Kockelman (ch. 4) names.

    "Make your conversational contribution such as is required, at the stage at which it occurs, by the accepted purpose
    or direction of the talk exchange in which you are engaged." Quality goes first, since "other maxims come into
    operation only on the assumption that this maxim of Quality is satisfied" (p. 46); the order of the others is ours.
    """

    name = "grice"
    rule: ClassVar[Mapping[str, Any]] = {
        "kind": "lexicographic",
        "order": ["quality", "relation", "quantity", "manner"],
    }
    articles: ClassVar[tuple[simlab.Article, ...]] = (
        simlab.Article("Quantity: as informative as is required, and not more.", {"quantity": 1.0}),
        simlab.Article(
            "Quality: do not say what you believe to be false, or for which you lack adequate evidence.",
            {"quality": 1.0},
        ),
        simlab.Article("Relation: be relevant.", {"relation": 1.0}),
        simlab.Article(
            "Manner: be perspicuous.",
            {"manner": 1.0},
            note="ambiguity cannot be read off the words",
        ),
    )
