"""How the criteria of a standard become one number: a combination rule, and the criteria it is asked about.

Part of every `Standard`, and so wherever a guideline is turned into utilities: gold, audits, perception, panels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simlab.answers import not_numbers
from simlab.components import Array, Combination, weighted_sum
from simlab.errors import PluginFailed

if TYPE_CHECKING:
    from simlab.measures.alignment import Panel


@dataclass(frozen=True, slots=True)
class Weighing:
    """A combination rule at work on features of these `criteria` [D]; without a rule, the weighted sum."""

    rule: Combination | None = None
    criteria: tuple[str, ...] = ()

    @property
    def additive(self) -> bool:
        """Whether utilities are sums, whose amounts mean something; those of other rules are mere ranks."""
        return self.rule is None or self.rule.additive

    def utilities(self, features: Array, weights: Array) -> Array:
        """Utilities [n] of items with these features [n, D], by weights [D], or [m, D] with some for every n/m items.

        Raises PluginFailed, naming the rule, where it fails or does not give n finite numbers.
        """
        if weights.ndim == 2 and len(weights) < len(features):
            turns = features.reshape(len(weights), -1, features.shape[1])
            return np.stack([self.utilities(turns[:, k], weights) for k in range(turns.shape[1])], axis=1).ravel()
        if self.rule is None:
            return weighted_sum(features, weights)
        try:
            answer = self.rule.combine(features, weights, self.criteria)
        except Exception as error:
            raise PluginFailed.raised(f"combination rule {self.rule.name!r}", error) from error
        wrong = not_numbers(answer, (len(features),))
        found = np.asarray([] if wrong else answer, dtype=float)
        if wrong or not np.isfinite(found).all():
            what = f"must give {len(features)} finite numbers; it gave {wrong or f'{found[~np.isfinite(found)][0]:g}'}"
            raise PluginFailed.returned(self.rule, what, "combine")
        return found

    def on(self, panel: Panel, weights: Array) -> Array:
        """Utilities [n] of a panel's items as measures take them: ranks within each prompt, if they are no sums."""
        return self.as_measured(panel, self.utilities(panel.features, weights))

    def as_measured(self, panel: Panel, utilities: Array) -> Array:
        """Utilities [n] by this rule, made ranks within each prompt if they are no sums."""
        return utilities if self.additive else panel.ranked(utilities)


SUM = Weighing()
"""The weighted sum: of those whose values nobody told them how to combine."""
