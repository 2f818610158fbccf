"""Which of a policy's own responses it imitates, and how: best-of-n and expert iteration.

Knows nothing of simlab. Shapes: B responses, T tokens. Sources: Stiennon et al. 2020 (arXiv:2009.01325) and Gulcehre et
al. 2023 (arXiv:2308.08998, ReST), the selection; Gui et al. 2024 (arXiv:2406.00832, BoNBoN) and Sessa et al. 2024
(arXiv:2407.14622, BOND), that a policy can learn to say at once what the best of n would be; Anthony, Tian & Barber
2017 (arXiv:1705.08439), expert iteration.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from .practice import Answers
from .transformer import response_mask


def best_of_each(worth: Tensor, n: int) -> Tensor:
    """Which of `worth` [B] is the best of each n in a row [B/n]; the first of equals."""
    return worth.view(-1, n).argmax(1) + n * torch.arange(len(worth) // n, device=worth.device)


def best_share(worth: Tensor, share: float) -> Tensor:
    """Which of `worth` [B] are the best ⌈share·B⌉, best first; the first of equals."""
    return worth.sort(descending=True, stable=True).indices[: math.ceil(share * len(worth))]


def likelihood_loss(logp: Tensor, said: Answers) -> tuple[Tensor, Mapping[str, Tensor]]:
    """Mean −log π over the tokens of responses, as in supervised fine-tuning; nothing else is to be said of it."""
    return -logp.sum() / response_mask(said.responses).sum(), {}
