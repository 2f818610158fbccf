"""Several reward models on one trunk: each value has a head of its own, and what one learns of texts, all read by.

Used by the reward-model party; knows nothing of simlab. Shapes: m rankings of K responses, P and T tokens, D heads.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .reward_model import RewardModel
from .transformer import Numbers

__all__ = ["SharedTrunk"]


class SharedTrunk(nn.Module):
    """Reward models that read with the trunk of the first, which learns from the rankings of all; heads stay apart.

    Source: a trunk that several tasks share (Caruana 1997, Machine Learning 28); reward models with a head for each
    criterion, put together late, as in Wang et al. 2024 (arXiv:2406.12845), where the trunk is frozen.
    """

    def __init__(self, models: Sequence[RewardModel]) -> None:
        """The models read with one trunk from now on. Raises ValueError where they do not read alike."""
        super().__init__()
        first = models[0]
        if any((model.rows, model.variance) != (first.rows, first.variance) for model in models):
            raise ValueError("reward models on one trunk read the same, and all have variances or none has")
        for model in models[1:]:
            model.trunk, model.frozen = first.trunk, first.frozen
        self.models = tuple(models)  # whose parameters are those below
        self.rows, self.variance = first.rows, first.variance
        self.trunk, self.frozen = first.trunk, first.frozen
        self.head = nn.ModuleList(model.head for model in models)
        self.tie = nn.Parameter(torch.stack([model.tie.detach() for model in models]))  # log ν of each head [D]

    def of_rankings(self, prompts: Tensor, responses: Tensor, known: Tensor, heads: Tensor) -> Tensor:
        """As `RewardModel.of_rankings`, each ranking by the head [m] that it is for."""
        at = self.models[0].read_rankings(prompts, responses)
        rows = [(heads == place).nonzero()[:, 0] for place in range(len(self.models))]
        scored = [m.scored(at[r], responses[r], known[r]) for m, r in zip(self.models, rows, strict=True) if len(r)]
        return torch.cat(scored)[torch.cat(rows).argsort()]

    def known(self, prompts: Numbers, responses: Numbers) -> Tensor:
        """What the frozen pretrained model, which they share, finds of each token [n, T]."""
        return self.models[0].known(prompts, responses)

    def learning(self) -> list[nn.Parameter]:
        """Every parameter that learns: of the trunk, of all heads, and the ties."""
        return [*self.trunk.parameters(), *self.head.parameters(), self.tie]

    @torch.no_grad()
    def apart(self) -> tuple[RewardModel, ...]:
        """The models, each with what its head has learned."""
        for model, tie in zip(self.models, self.tie, strict=True):
            model.tie.copy_(tie)
        return self.models
