"""Criteria: how good a response is in one respect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from simlab.arrays import Array
from simlab.components.component import Component
from simlab.components.exchange import TRUTH, Exchange, Observer
from simlab.components.return_values import not_a_number
from simlab.errors import PluginFailed


class Criterion(Component):
    """How good a response is in one respect, in [0, 1]; NaN where the criterion has nothing to say.

    Implement `score` or `score_batch`; either suffices. `personal` says that the score depends on who looks
    (on what the observer believes); scores that are not personal are computed once for everybody. `hidden_truth` says
    that it reads what the world holds true (`Claim.truth`), whatever anybody believes; `needs_context`, that it reads
    the situation of the prompt (`Prompt.context`), which the model never sees.
    `difficulty` (0 = plain to see) scales the perception noise of raters whose skill is below one.
    """

    kind: ClassVar[str] = "criterion"
    personal: ClassVar[bool] = False
    deterministic: ClassVar[bool] = True
    bounded: ClassVar[bool] = True
    hidden_truth: ClassVar[bool] = False
    needs_context: ClassVar[bool] = False
    difficulty: ClassVar[float] = 0.2

    def score(self, exchange: Exchange, observer: Observer) -> float:
        """Score one exchange as `observer` sees it."""
        return float(self.score_batch([exchange], [observer])[0, 0])

    def score_batch(self, exchanges: Sequence[Exchange], observers: Sequence[Observer]) -> Array:
        """Scores [exchanges, observers]."""
        if type(self).score is Criterion.score:
            raise NotImplementedError(f"criterion {self.name!r} defines neither score nor score_batch")
        seen = observers if self.personal else [TRUTH]
        scores = np.array([[self._number(self.score(e, o)) for o in seen] for e in exchanges], dtype=float)
        return np.broadcast_to(scores.reshape(len(exchanges), len(seen)), (len(exchanges), len(observers)))

    def _number(self, score: Any) -> float:
        if type(score) is not float and (wrong := not_a_number(score)):
            what = f"must give one number from 0 to 1, or nan where it has nothing to say; it gave {wrong}"
            raise PluginFailed.returned(self, what, "score")
        return float(score)
