"""A reward model: the pretrained language model with its own parameters and a number out.

Used by the reward-model party; knows nothing of simlab. Shapes: m rankings of K responses, n responses, P and T tokens,
d width.
"""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import blank_linear
from .transformer import (
    READ,
    Numbers,
    Transformer,
    by_length,
    log_probs,
    read_exchanges,
    read_rankings,
    response_mask,
    trimmed,
)

__all__ = ["RewardModel"]

CERTAIN = -1.5  # where variances begin: softplus(−1.5) = .20
TOGETHER = 4  # responses to a prompt that are read in one sequence: of more, each would look past too many others


class RewardModel(nn.Module):
    """The pretrained model with its own parameters and one number out: A(prompt, response).

    r = Σ_t [w·h_t + (v·h_t + b)·log p_t] over the response's tokens: h_t [d] is the trunk's vector at token t, the
    trunk a trainable copy of the pretrained model; log p_t is what the *frozen* pretrained model gives the token.
    Reading log p lets so small a model judge facts no comparison was about; it then takes for true what the
    pretrained model finds likely. `trunk` and `head` learn, `frozen` never does. With `log_probability` off the head
    reads the trunk only, r = Σ_t w·h_t, as reward models usually do, and no frozen model is kept.

    With `variance` the score is a normal distribution, whose mean is r: people differ in what they find of a response.
    The head then has as many rows again, which read the same, and begin at 0: σ² = softplus(−1.5 + Σ_t [w'·h_t + …]),
    so that long responses have no more of it before anything is learned. Source: the mean-and-variance models of
    Siththaranjan et al. 2023 (arXiv:2312.08358); the likelihood is that of `pairwise.attenuated`.
    """

    def __init__(
        self, pretrained: Transformer, generator: torch.Generator, *, log_probability: bool = True,
        variance: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.variance = variance
        self.trunk = copy.deepcopy(pretrained).requires_grad_(True)
        self.frozen = copy.deepcopy(pretrained).requires_grad_(False) if log_probability else None
        width, rows = pretrained.config.width, 2 if log_probability else 1
        self.rows = rows
        self.head = blank_linear(width, rows * (1 + variance), pretrained.device)  # w, v; all biases begin at 0
        with torch.no_grad():
            draws = torch.empty(2, width).normal_(0.0, 1 / math.sqrt(width + 1), generator=generator)
            self.head.weight.zero_()[:rows].copy_((draws * torch.tensor([[1.0], [0.0]]))[:rows])
            self.head.bias.zero_()
        self.tie = nn.Parameter(torch.zeros((), device=pretrained.device))  # log ν of Davidson's ties
        self.register_state_dict_post_hook(_without_frozen)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_post_hook(_frozen_is_there)  # type: ignore[no-untyped-call]

    def forward(self, prompts: Tensor, responses: Tensor, known: Tensor) -> Tensor:
        """Scores [n] of responses [n, T] to prompts [n, P]; `known` [n, T] is the frozen model's log p."""
        return self.of_tokens(prompts, responses, known).sum(1)

    def of_tokens(self, prompts: Tensor, responses: Tensor, known: Tensor) -> Tensor:
        """What each token adds to the score [n, T], 0 at padding. The trunk reads from left to right, so that their sum
        up to a token is the score of what the response is by then."""
        return self._added(read_exchanges(self.trunk, prompts, responses)[1], responses, known)

    def of_rankings(self, prompts: Tensor, responses: Tensor, known: Tensor) -> Tensor:
        """Scores [m, K] of K responses [m, K, T] to each prompt [m, P]; with `variance`, means and variances
        [m, K, 2]. `known` [m, K, T] as in `forward`."""
        return self.scored(self.read_rankings(prompts, responses), responses, known)

    def read_rankings(self, prompts: Tensor, responses: Tensor) -> Tensor:
        """The trunk's vectors [m, K, T, d] at the tokens of K responses to each prompt."""
        parts = [read_rankings(self.trunk, prompts, some) for some in torch.split(responses, TOGETHER, 1)]
        return torch.cat(parts, 1)

    def scored(self, at: Tensor, responses: Tensor, known: Tensor) -> Tensor:
        """What the head makes of the trunk's vectors: as `of_rankings`."""
        scores = self._added(at, responses, known).sum(2)
        return torch.stack((scores, self._variance(at, responses, known)), -1) if self.variance else scores

    def _added(self, at: Tensor, responses: Tensor, known: Tensor) -> Tensor:
        say, *weigh = self.head(at).unbind(-1)[: self.rows]  # each as the responses
        added: Tensor = (say + weigh[0] * known if weigh else say) * response_mask(responses)
        return added

    def _variance(self, at: Tensor, responses: Tensor, known: Tensor) -> Tensor:
        say, *weigh = self.head(at).unbind(-1)[self.rows :]
        added = (say + weigh[0] * known if weigh else say) * response_mask(responses)
        return F.softplus(CERTAIN + added.sum(-1))

    def known(self, prompts: Numbers, responses: Numbers) -> Tensor:
        """What the frozen pretrained model finds of each token: log-probabilities [n, T], 0 at padding; 0 everywhere if
        there is none."""
        if self.frozen is None:
            return torch.zeros(tuple(responses.shape), device=self.tie.device)
        return log_probs(self.frozen, prompts, responses)

    def learning(self) -> list[nn.Parameter]:
        """Every parameter that learns: of trunk and head, and the tie."""
        return [*self.trunk.parameters(), *self.head.parameters(), self.tie]

    @torch.no_grad()
    def score(self, prompts: Numbers, responses: Numbers, *, known: Numbers | None = None, batch: int = READ) -> Tensor:
        """Scores [n] without gradients, float32 on the model's device. Only differences under one prompt mean
        anything until somebody standardizes them. `known` [n, T] is what `known` returns, if it is at hand."""
        return self.moments(prompts, responses, known=known, batch=batch)[:, 0]

    @torch.no_grad()
    def moments(
        self, prompts: Numbers, responses: Numbers, *, known: Numbers | None = None, batch: int = READ
    ) -> Tensor:
        """Scores as in `score` [n, 1]; with `variance`, of each the mean and the variance [n, 2]."""
        before = None if known is None else torch.as_tensor(known, device=self.tie.device)
        asked = torch.as_tensor(prompts, dtype=torch.int64, device=self.tie.device)
        said = torch.as_tensor(responses, dtype=torch.int64, device=self.tie.device)
        out = torch.zeros(len(said), 1 + self.variance, device=self.tie.device)
        for rows in by_length(batch, asked, said):
            p, r = trimmed(asked[rows]), trimmed(said[rows])
            likely = self.known(p, r) if before is None else before[rows, : r.shape[1]]
            at = read_exchanges(self.trunk, p, r)[1]
            out[rows, 0] = self._added(at, r, likely).sum(1)
            if self.variance:
                out[rows, 1] = self._variance(at, r, likely)
        return out


def _without_frozen(module: nn.Module, state: dict[str, Tensor], prefix: str, metadata: object) -> None:
    """The frozen model is no part of what was learned: it is written down with the language model."""
    del module, metadata
    for name in [name for name in state if name.startswith(f"{prefix}frozen.")]:
        del state[name]


def _frozen_is_there(module: nn.Module, incompatible: Any) -> None:
    """And so it is not missing."""
    del module
    missing = incompatible.missing_keys
    missing[:] = [name for name in missing if not name.startswith("frozen.")]
