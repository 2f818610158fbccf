"""A choice curve without a formula: the chances of better, undecided and worse at knots of the utility difference.

Between knots the curve is straight, beyond the last it is level; a difference of the other sign mirrors it. It is the
rater model `empirical`, the one to hold the others to, and what `plugins/raters/empirical.py` reproduces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import Array
from simlab.calibration.annotations import Annotations
from simlab.calibration.choice import Model

if TYPE_CHECKING:
    import torch

KNOTS = 10  # beyond 0, at quantiles of the difference; few enough for smooth curves of a thousand labels
_COUNT = 0.5  # added to every outcome at every knot (Jeffreys' prior), so that nothing is impossible
_WIDEST = 30.0  # log odds at a knot beyond which a chance is as good as 0 or 1


@dataclass(slots=True)
class Curve:
    """The model on certain annotations of one criterion: its knots, the layout of its parameters, their likelihood.

    Parameters are log odds against "the worse one is better": of undecided at 0, then at each further knot of
    "better", and of undecided, if anybody ever was.
    """

    model: Model
    data: Annotations
    knots: Array  # [k + 1] from 0 upwards
    ties: bool

    @staticmethod
    def of(model: Model, data: Annotations) -> Curve:
        """The curve whose knots are quantiles of the differences of `data`."""
        size = np.abs(data.differences[:, 0])
        beyond = np.unique(np.quantile(size[size > 0], np.arange(1, KNOTS + 1) / KNOTS))
        return Curve(model, data, np.concatenate([[0.0], beyond]), data.ties)

    def on(self, data: Annotations) -> Curve:
        """The same curve for other labels."""
        return Curve(self.model, data, self.knots, self.ties)

    @property
    def size(self) -> int:
        """How many parameters there are."""
        return (len(self.knots) - 1) * (1 + self.ties) + self.ties

    @property
    def names(self) -> list[str]:
        """What each parameter is about."""
        better = [f"better at {d:.4g}" for d in self.knots[1:]]
        return better + ([f"undecided at {d:.4g}" for d in self.knots] if self.ties else [])

    @property
    def start(self) -> Array:
        """Where a fit begins [P]."""
        return np.zeros(self.size)

    @property
    def bounds(self) -> list[tuple[float, float]]:
        """How far each parameter may go."""
        return [(-_WIDEST, _WIDEST)] * self.size

    def log_shares(self, theta: torch.Tensor) -> torch.Tensor:
        """Log chances of undecided, better and worse at each knot [k + 1, 3]."""
        import torch

        many = len(self.knots) - 1
        zero = torch.zeros(1, dtype=theta.dtype)
        better = torch.cat([zero, theta[:many]])
        undecided = theta[many:] if self.ties else torch.full_like(better, -torch.inf)
        return torch.log_softmax(torch.stack([undecided, better, torch.zeros_like(better)], dim=1), dim=1)

    def tensors(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Between which knots each label lies, how far along, and its outcome: undecided 0, better 1, worse 2."""
        import torch

        x, label = self.data.differences[:, 0], self.data.label
        size = np.minimum(np.abs(x), self.knots[-1])
        below = np.clip(np.searchsorted(self.knots, size, side="right") - 1, 0, len(self.knots) - 2)
        along = (size - self.knots[below]) / (self.knots[below + 1] - self.knots[below])
        outcome = np.where(label == 0, 0, np.where(x < 0, 3 - label, label))
        return torch.as_tensor(below), torch.as_tensor(along), torch.as_tensor(outcome)

    def log_likelihoods(
        self, theta: torch.Tensor, evidence: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
    ) -> torch.Tensor:
        """Of each label [n], in nats."""
        below, along, outcome = evidence
        shares = self.log_shares(theta).exp()
        chance = (1 - along) * shares[below, outcome] + along * shares[below + 1, outcome]
        return chance.clamp_min(1e-300).log()

    def penalty(self, theta: torch.Tensor) -> torch.Tensor:
        """Minus the log density of the prior, in nats."""
        shares = self.log_shares(theta)
        total: torch.Tensor = -_COUNT * (shares if self.ties else shares[:, 1:]).sum()
        return total
