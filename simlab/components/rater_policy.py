"""Rater policies: how a person turns utilities into a label."""

from __future__ import annotations

from itertools import combinations
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from simlab.arrays import Array
from simlab.components.cohort import Cohort
from simlab.components.component import Component
from simlab.components.rater_view import RaterView, shown
from simlab.components.return_values import not_numbers
from simlab.errors import PluginFailed


class RaterPolicy(Component):
    """How a rater turns utilities into a label: left better (1), right better (2) or undecided (0).

    Implement `probabilities`; the engine draws, so that random streams stay keyed. Override `choose` for
    policies whose K-way rankings are not independent pairs, or that cannot say their probabilities. A policy that
    goes by more than utilities gives the method a parameter `scene` (a `RaterView`), and says in `needs` without what
    it would be pointless, so that scenarios without it are refused: "words" (a world whose responses are texts),
    "values" (of their own), "earlier" (labels of others) or "machine" (the party its field `to` names).
    """

    kind: ClassVar[str] = "rater"
    needs: ClassVar[tuple[str, ...]] = ()
    agreement: float | None = Field(None, description="target chance that two raters agree on a pair that is no tie")

    @model_validator(mode="after")
    def _noise_to_set(self) -> Self:
        if self.agreement is not None and type(self).calibrated is RaterPolicy.calibrated:
            raise ValueError(f"{self.name} has no noise that `agreement` could set: remove it")
        return self

    def needed(self) -> tuple[str, ...]:
        """What it needs as it is set; `needs`, unless a policy says otherwise."""
        return self.needs

    def probabilities(self, utilities: Array, cohort: Cohort, scene: RaterView | None = None) -> Array:
        """P(left), P(right), P(undecided) [n, 3] for pairs of utilities [n, 2]; row i of `cohort` is the rater."""
        raise NotImplementedError(f"rater policy {self.name!r} defines neither probabilities nor choose")

    def attention(self, cohort: Cohort, scene: RaterView | None = None) -> Array:
        """The share of rankings that each person looks at before marking something [n], beside the effort they take."""
        return np.ones(len(cohort.number))

    def calibrated(self, differences: Array) -> RaterPolicy:
        """This policy with its noise set for `agreement`, given utility differences [pairs, raters]; asked once.

        A policy without an agreement target stays as it is.
        """
        return self

    def choose(
        self, utilities: Array, cohort: Cohort, uniforms: Array, scene: RaterView | None = None
    ) -> NDArray[np.int64]:
        """Labels [n, K(K-1)/2] for rankings of utilities [n, K]; `uniforms` is [n, K + K(K-1)/2], one row a task.

        Columns of the result are the pairs of `itertools.combinations(range(K), 2)`.
        """
        options = utilities.shape[1]
        labels = []
        for column, (i, j) in enumerate(combinations(range(options), 2), start=options):
            seen = shown(self.probabilities, None if scene is None else scene.pair(i, j, column - options))
            found = self.probabilities(utilities[:, [i, j]], cohort, **seen)
            if wrong := no_distribution(found, len(utilities)):
                raise PluginFailed.returned(self, wrong, "probabilities")
            p = np.asarray(found, dtype=float)
            u = uniforms[:, column]
            labels.append(np.where(u < p[:, 0], 1, np.where(u < p[:, 0] + p[:, 1], 2, 0)))
        return np.stack(labels, axis=1)


def no_distribution(found: Any, rows: int) -> str:
    """What is wrong with P(left), P(right), P(undecided) [rows, 3], in words; "" if nothing is."""
    if wrong := not_numbers(found, (rows, 3)):
        return f"must give probabilities of shape {(rows, 3)}; it gave {wrong}"
    p = np.asarray(found, dtype=float)
    left, right, undecided = p.T  # by columns: numpy is slow on rows of three
    if not (p < 0).any() and (np.abs(left + right + undecided - 1) <= 1e-6).all():
        return ""
    for bad, wanted in (
        ((p < 0).any(axis=1), "must not give negative probabilities"),
        (~(np.abs(p.sum(axis=1) - 1) <= 1e-6), "must give probabilities that sum to 1"),  # NaN does not
    ):
        if bad.any():
            return f"{wanted}; it gave {', '.join(f'{share:.4g}' for share in p[bad.argmax()])}"
    return ""
