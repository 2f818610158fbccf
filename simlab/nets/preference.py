"""Learning from comparisons: a reward model made from the pretrained language model, and its losses.

Used by the reward-model party; knows nothing of simlab. Labels are 1 (first better), 2 (second better),
0 (undecided) and -1 (not compared), one for each pair of `itertools.combinations(range(K), 2)` of a ranking of
K responses. Shapes: m rankings, n responses, P and T tokens, d width.
"""

from __future__ import annotations

import copy
import math
from itertools import combinations
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .closed_form import fit_linear
from .transformer import (
    Numbers,
    Progress,
    Transformer,
    adamw,
    blank_linear,
    descend,
    log_probs,
    read_exchanges,
    response_mask,
    scale_rate,
    shuffled,
    trimmed,
)

__all__ = ["RewardModel", "accuracy", "bradley_terry_loss", "fit", "fit_linear"]

Ties = Literal["half", "davidson"]


class RewardModel(nn.Module):
    """The pretrained model with its own parameters and one number out: A(prompt, response).

    r = Σ_t [w·h_t + (v·h_t + b)·log p_t] over the response's tokens: h_t [d] is the trunk's vector at token t, the
    trunk a trainable copy of the pretrained model; log p_t is what the *frozen* pretrained model gives the token.
    Reading log p lets so small a model judge facts no comparison was about; it then takes for true what the
    pretrained model finds likely. `trunk` and `head` learn, `frozen` never does.
    """

    def __init__(self, pretrained: Transformer, generator: torch.Generator) -> None:
        super().__init__()
        self.trunk = copy.deepcopy(pretrained).requires_grad_(True)
        self.frozen = copy.deepcopy(pretrained).requires_grad_(False)
        width = pretrained.config.width
        self.head = blank_linear(width, 2, pretrained.device)  # rows: w, v; biases: none for w, b
        with torch.no_grad():
            draws = torch.empty(2, width).normal_(0.0, 1 / math.sqrt(width + 1), generator=generator)
            self.head.weight.copy_(draws * torch.tensor([[1.0], [0.0]]))
            self.head.bias.zero_()
        self.tie = nn.Parameter(torch.zeros((), device=pretrained.device))  # log ν of Davidson's ties

    def forward(self, prompts: Tensor, responses: Tensor, known: Tensor) -> Tensor:
        """Scores [n] of responses [n, T] to prompts [n, P]; `known` [n, T] is the frozen model's log p."""
        return self.of_tokens(prompts, responses, known).sum(1)

    def of_tokens(self, prompts: Tensor, responses: Tensor, known: Tensor) -> Tensor:
        """What each token adds to the score [n, T], 0 at padding. The trunk reads from left to right, so that their sum
        up to a token is the score of what the response is by then."""
        _, at = read_exchanges(self.trunk, prompts, responses)  # [n, T, d]
        say, weigh = self.head(at).unbind(-1)  # each [n, T]
        added: Tensor = (say + weigh * known) * response_mask(responses)
        return added

    def known(self, prompts: Numbers, responses: Numbers) -> Tensor:
        """What the frozen pretrained model finds of each token: log-probabilities [n, T], 0 at padding."""
        return log_probs(self.frozen, prompts, responses)

    @torch.no_grad()
    def score(self, prompts: Numbers, responses: Numbers, *, known: Numbers | None = None, batch: int = 1024) -> Tensor:
        """Scores [n] without gradients, float32 on the model's device. Only differences under one prompt mean
        anything until somebody standardizes them. `known` [n, T] is what `known` returns, if it is at hand."""
        before = None if known is None else torch.as_tensor(known, device=self.tie.device)
        asked = torch.as_tensor(prompts, dtype=torch.int64, device=self.tie.device)
        said = torch.as_tensor(responses, dtype=torch.int64, device=self.tie.device)
        out = torch.zeros(len(said), device=self.tie.device)
        for start in range(0, len(said), batch):
            p, r = trimmed(asked[start : start + batch]), trimmed(said[start : start + batch])
            log_p = self.known(p, r) if before is None else before[start : start + batch, : r.shape[1]]
            out[start : start + batch] = self(p, r, log_p)
        return out


def bradley_terry_loss(
    differences: Tensor,
    labels: Tensor,
    *,
    ties: Ties = "half",
    tie: Tensor | None = None,
    margin: Tensor | float = 0.0,
    smoothing: float = 0.0,
    shares: Tensor | None = None,
) -> Tensor:
    """Mean negative log-likelihood of labels given score differences (first less second), of one shape.

    Pairs labelled -1 do not count; with none left the loss is 0. `ties="half"`: an undecided pair is half a win
    each way. `ties="davidson"`: P(first : second : undecided) = e^(Δ/2) : e^(-Δ/2) : ν with `tie` = log ν
    (Davidson 1970, JASA 65). `margin` is how far apart a decided pair should be (Llama 2, arXiv:2307.09288, eq. 2);
    `smoothing` is the chance that a decided label is wrong way round (conservative DPO; 0: none). `shares` in [0, 1],
    if given, say which share of a win the first has, where the labels would say 1, 0 or ½.
    Source: Bradley & Terry 1952; Stiennon et al. 2020 (arXiv:2009.01325) eq. 1.
    """
    judged = labels >= 0
    sign = (labels == 1).float() - (labels == 2).float()  # 0 where undecided
    delta = differences - sign * margin
    lean = sign if shares is None else 2 * shares - 1
    first = 0.5 + lean * (0.5 - smoothing)  # target share of the first
    if ties == "half":
        losses = -(first * F.logsigmoid(delta) + (1 - first) * F.logsigmoid(-delta))
    else:
        level = torch.zeros_like(delta) + (0.0 if tie is None else tie)
        chances = torch.stack((delta / 2, -delta / 2, level), dim=-1).log_softmax(-1)
        decided = first * chances[..., 0] + (1 - first) * chances[..., 1]
        losses = -torch.where(labels == 0, chances[..., 2], decided)
    return (losses * judged).sum() / judged.sum().clamp(min=1)


def accuracy(differences: Tensor, labels: Tensor) -> float:
    """Share of decided pairs (1, 2) whose score difference has the label's sign; equal scores count ½; NaN if none."""
    sign = (labels == 1).float() - (labels == 2).float()
    decided = (labels == 1) | (labels == 2)
    right = 0.5 + 0.5 * torch.sign(differences) * sign
    return float(right[decided].mean()) if bool(decided.any()) else math.nan


def pair_differences(scores: Tensor) -> Tensor:
    """Score of the first less score of the second [m, K(K-1)/2] for every pair of rankings [m, K]."""
    pairs = torch.tensor(list(combinations(range(scores.shape[1]), 2)), device=scores.device)
    return scores[:, pairs[:, 0]] - scores[:, pairs[:, 1]]


def fit(
    model: RewardModel,
    prompts: Numbers,
    responses: Numbers,
    labels: Numbers,
    *,
    epochs: int = 3,
    rate: float = 1e-3,
    batch: int = 64,
    ties: Ties = "half",
    margins: Numbers | None = None,
    smoothing: float = 0.0,
    shares: Numbers | None = None,
    seed: int,
    progress: Progress | None = None,
) -> dict[str, float]:
    """Fit the model, in place, to rankings: prompts [m, P], responses [m, K, T], labels [m, K(K-1)/2]; and shares
    [m, K(K-1)/2], if several people's labels were put together (see `bradley_terry_loss`).

    Every response of a ranking is scored once and all its pairs are in one batch (InstructGPT, arXiv:2203.02155,
    §3.5). `batch` counts rankings; AdamW at a rate of 1e-3 falling linearly to zero, gradients clipped at norm 1.
    Returns pairs, ties, loss (mean of the last epoch, while learning), accuracy (on the decided pairs, after it),
    trunk_change and head_change (how far the parameters moved, relative to their norm; head absolute if it began
    at 0). Raises ValueError for shapes that do not fit or no labelled pair, RuntimeError if trunk or head
    did not move although there was something to learn.
    """
    data = _Rankings(model, prompts, responses, labels, margins, shares)
    before = [p.detach().clone() for p in (*model.trunk.parameters(), *model.head.parameters())]
    optimizer = adamw((*model.trunk.parameters(), *model.head.parameters()), rate)
    optimizer.add_param_group({"params": [model.tie], "lr": 100 * rate})  # one number, to be found in few steps
    generator = torch.Generator().manual_seed(seed)
    per_epoch = -(-len(data) // batch)
    losses: list[Tensor] = []
    for step in range(steps := epochs * per_epoch):
        if step % per_epoch == 0:
            order = shuffled(len(data), len(data), generator).to(model.tie.device)
        rows = order[step % per_epoch * batch :][:batch]
        scale_rate(optimizer, 1 - step / steps)
        loss = bradley_terry_loss(
            data.differences(rows), data.labels[rows], ties=ties, tie=model.tie, margin=data.margins[rows],
            smoothing=smoothing, shares=None if data.shares is None else data.shares[rows],
        )  # fmt: skip
        descend(loss, optimizer)
        losses.append(loss.detach())
        if progress is not None:
            progress(step + 1, steps)
    return {**data.figures(), "loss": float(torch.stack(losses[-per_epoch:]).mean()), **_moved(model, before)}


class _Rankings:
    """The data of one fit on the model's device, with what the frozen model knows of it, computed once."""

    def __init__(
        self, model: RewardModel, prompts: Numbers, responses: Numbers, labels: Numbers, margins: Numbers | None,
        shares: Numbers | None,
    ) -> None:  # fmt: skip
        device = model.tie.device
        self.model = model
        self.prompts = torch.as_tensor(prompts, dtype=torch.int64, device=device)
        self.responses = torch.as_tensor(responses, dtype=torch.int64, device=device)
        self.labels = torch.as_tensor(labels, dtype=torch.int64, device=device)
        m, k, t = self.responses.shape
        if self.prompts.shape[0] != m or self.labels.shape != (m, k * (k - 1) // 2):
            given = f"{len(self.prompts)} prompts and labels {tuple(self.labels.shape)}"
            raise ValueError(f"{given} do not fit {m} rankings of {k} responses")
        if not bool((self.labels >= 0).any()):
            raise ValueError("a reward model needs at least one labelled pair")
        self.margins = torch.zeros(self.labels.shape, device=device)
        if margins is not None:
            self.margins += torch.as_tensor(margins, device=device)
        self.shares = None if shares is None else torch.as_tensor(shares, dtype=torch.float32, device=device)
        flat = self.prompts.repeat_interleave(k, 0), self.responses.view(m * k, t)
        self.known = model.known(*flat).view(m, k, t)

    def __len__(self) -> int:
        return len(self.labels)

    def differences(self, rows: Tensor) -> Tensor:
        """Score differences [rows, pairs], with gradients."""
        said = self.responses[rows].flatten(0, 1)
        prompts, responses = trimmed(self.prompts[rows].repeat_interleave(self.responses.shape[1], 0)), trimmed(said)
        known = self.known[rows].flatten(0, 1)[:, : responses.shape[1]]
        scores: Tensor = self.model(prompts, responses, known)
        return pair_differences(scores.view(len(rows), -1))

    @torch.no_grad()
    def figures(self) -> dict[str, float]:
        """How many pairs and ties there are, and the accuracy on the others."""
        rows = torch.split(torch.arange(len(self), device=self.labels.device), 256)
        differences = torch.cat([self.differences(chunk) for chunk in rows])
        return {
            "pairs": float((self.labels >= 0).sum()),
            "ties": float((self.labels == 0).sum()),
            "accuracy": accuracy(differences, self.labels),
        }


def _moved(model: RewardModel, before: list[Tensor]) -> dict[str, float]:
    """How far trunk and head went. A trunk that was frozen by mistake learns nothing and raises nothing by itself."""
    count = len(list(model.trunk.parameters()))
    change = {}
    for name, module, old in (("trunk", model.trunk, before[:count]), ("head", model.head, before[count:])):
        step = sum(float((p.detach() - o).square().sum()) for p, o in zip(module.parameters(), old, strict=True))
        size = sum(float(o.square().sum()) for o in old)
        change[f"{name}_change"] = math.sqrt(step / size) if size else math.sqrt(step)
    if not all(value > 0 for value in change.values()):
        raise RuntimeError(f"the reward model did not learn: {change}")
    return change
