"""Learning from comparisons: the fit of a reward model to rankings, and its losses.

Used by the reward-model party; knows nothing of simlab. Labels are 1 (first better), 2 (second better),
0 (undecided) and -1 (not compared), one for each pair of `itertools.combinations(range(K), 2)` of a ranking of
K responses. Shapes: m rankings, n responses, P and T tokens, d width.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from .closed_form import fit_linear
from .listwise import plackett_luce_loss
from .optimizer import adamw, descend, scale_rate
from .orders import wins
from .pairwise import Ties, as_pairs, bradley_terry_loss, centring_penalty
from .replay import passes_over
from .reward_figures import accuracy, figures
from .reward_model import RewardModel
from .shared_trunk import SharedTrunk
from .transformer import (
    LEARN,
    Numbers,
    Progress,
    by_length,
    trimmed,
)

__all__ = ["RewardModel", "accuracy", "bradley_terry_loss", "centring_penalty", "fit", "fit_linear"]

ROUNDING = 1e-6  # relative: what parameters move by where there is nothing to learn, at most

Figures = dict[str, float]


def fit(
    model: RewardModel | SharedTrunk,
    prompts: Numbers,
    responses: Numbers,
    labels: Numbers,
    *,
    epochs: int = 3,
    rate: float = 1e-3,
    batch: int = 64,
    listwise: bool = False,
    ties: Ties = "half",
    margins: Numbers | None = None,
    smoothing: float = 0.0,
    centring: float = 0.0,
    shares: Numbers | None = None,
    heads: Numbers | None = None,
    variance_penalty: float = 0.0,
    weight_decay: float = 0.0,
    max_grad_norm: float = 1.0,
    patience: int = 0,
    held_out: Mapping[str, Numbers | None] | None = None,
    known: Numbers | None = None,
    new: Numbers | None = None,
    replay_share: float = 0.5,
    seed: int,
    progress: Progress | None = None,
    epoch_end: Callable[[Figures], None] | None = None,
) -> Figures:
    """Fit the model, in place, to rankings: prompts [m, P], responses [m, K, T], labels [m, K(K-1)/2]; and shares
    [m, K(K-1)/2], if several people's labels were put together (see `bradley_terry_loss`).

    Every response of a ranking is scored once and all its pairs are in one batch (InstructGPT, arXiv:2203.02155,
    §3.5). `batch` counts rankings; AdamW at a rate of 1e-3 falling linearly to zero, gradients clipped at norm
    `max_grad_norm`, weights but no biases and norms decayed by `weight_decay`. The loss is that of `bradley_terry_loss`
    or, `listwise`, of `plackett_luce_loss`, and `centring` times `centring_penalty`. Of a model with `variance` it is
    of the log-odds of `pair_log_odds`, and `variance_penalty` times the mean variance is added, which settles the scale
    that they leave open: variances are then what they are beyond those of the least disputed responses. `known`
    [m, K, T] is what `RewardModel.known` returns, if it is at hand; `heads` [m] say which head of a `SharedTrunk` each
    ranking is for. Where `new` [m] says that some rankings were
    learned from before, a pass is as long as there are new ones, and `replay_share` of it are old ones, drawn anew for
    each; otherwise it is over all. `held_out` has other rankings by the names of the parameters. After every epoch
    `epoch_end` is told what `_Watch.epoch` returns. With a `patience` above 0 the fit ends once so many epochs have not
    had less held-out loss than the best before them, and the best one's weights are kept (Prechelt 1998, Early stopping
    – but when?, in Neural Networks: Tricks of the Trade).
    Returns pairs, ties, loss and accuracy (on the decided pairs; both while learning, in the epoch kept), epochs (that
    were run), trunk_change and head_change (how far the parameters moved, relative to their norm; head absolute if it
    began at 0). Raises ValueError for shapes that do not fit or no labelled pair, RuntimeError if trunk or head did not
    move although there was something to learn.
    """
    if listwise and model.variance:
        raise ValueError("whole rankings have no likelihood here that knows variances: fit pairs")
    data = _Rankings(model, prompts, responses, labels, margins, shares, known, heads)
    if not bool((data.labels >= 0).any()):
        raise ValueError("a reward model needs at least one labelled pair")
    other = None if not held_out or not len(held_out["labels"]) else _Rankings(model, **held_out)  # type: ignore[arg-type]
    objective = _Objective(listwise, ties, smoothing, centring, variance_penalty)
    before = [p.detach().clone() for p in model.learning()]
    optimizer = _optimizer(model, rate, weight_decay)
    generator = torch.Generator().manual_seed(seed)
    watch = _Watch(model, objective, data, other, patience, epoch_end)
    passes = [order.to(model.tie.device) for order in passes_over(len(data), new, replay_share, epochs, generator)]
    per_epoch = -(-len(passes[0]) // batch)
    for step in range(steps := epochs * per_epoch):
        rows = passes[step // per_epoch][step % per_epoch * batch :][:batch]
        scale_rate(optimizer, 1 - step / steps)
        scores = data.scores(rows)
        loss = objective(scores, data, rows)
        watch.step(rows, scores, loss, descend(loss, optimizer, max_grad_norm))
        if progress is not None:
            progress(step + 1, steps)
        if (step + 1) % per_epoch == 0 and watch.ended(optimizer.param_groups[0]["lr"]):
            break
    return {**data.counts(), **watch.kept(), **_moved(model, before)}


def _optimizer(model: RewardModel | SharedTrunk, rate: float, decay: float) -> torch.optim.AdamW:
    """AdamW for trunk and heads, and at a hundred times the rate for the tie: one number, to be found in few steps.
    Only matrices decay, as in GPT-3 and in the trainers of Hugging Face."""
    learning = [*model.trunk.parameters(), *model.head.parameters()]
    optimizer = adamw([p for p in learning if p.ndim > 1] if decay else learning, rate, decay=decay)
    if decay:
        optimizer.add_param_group({"params": [p for p in learning if p.ndim < 2], "weight_decay": 0.0})
    optimizer.add_param_group({"params": [model.tie], "lr": 100 * rate, "weight_decay": 0.0})
    return optimizer


class _Rankings:
    """The data of one fit on the model's device, with what the frozen model knows of it, computed once."""

    def __init__(
        self, model: RewardModel | SharedTrunk, prompts: Numbers, responses: Numbers, labels: Numbers,
        margins: Numbers | None = None, shares: Numbers | None = None, known: Numbers | None = None,
        heads: Numbers | None = None,
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
        self.margins = torch.zeros(self.labels.shape, device=device)
        if margins is not None:
            self.margins += torch.as_tensor(margins, device=device)
        self.shares = None if shares is None else torch.as_tensor(shares, dtype=torch.float32, device=device)
        self.heads = None if heads is None else torch.as_tensor(heads, dtype=torch.int64, device=device)
        if known is None:
            known = model.known(self.prompts.repeat_interleave(k, 0), self.responses.view(m * k, t)).view(m, k, t)
        self.known = torch.as_tensor(known, device=device)
        self.at_once = max(1, LEARN // k)
        self.won: Tensor | None = None  # [m, K], once a listwise loss asks for it

    def __len__(self) -> int:
        return len(self.labels)

    def scores(self, rows: Tensor) -> Tensor:
        """Scores [rows, K], or means and variances [rows, K, 2], with gradients."""
        parts = by_length(self.at_once, self.responses[rows].flatten(1), self.prompts[rows])
        scores = torch.cat([self._some(rows[part]) for part in parts])
        return scores[torch.cat(parts).argsort()]

    def _some(self, rows: Tensor) -> Tensor:
        said = self.responses[rows]
        said = said[:, :, : int((said != 0).sum(2).max())]
        read = trimmed(self.prompts[rows]), said, self.known[rows, :, : said.shape[2]]
        return self.model.of_rankings(*read, *(() if self.heads is None else (self.heads[rows],)))

    def ties(self, rows: Tensor | slice = slice(None)) -> Tensor:
        """log ν of Davidson's ties, or of each ranking's head [rows, 1]."""
        tie: Tensor = self.model.tie
        return tie if self.heads is None else tie[self.heads[rows], None]

    def orders(self, rows: Tensor) -> Tensor:
        """How many others each response beat [rows, K]."""
        if self.won is None:
            self.won = torch.as_tensor(wins(self.labels.cpu().numpy()), device=self.labels.device)
        return self.won[rows]

    def counts(self) -> Figures:
        """How many pairs and ties there are."""
        return {"pairs": float((self.labels >= 0).sum()), "ties": float((self.labels == 0).sum())}


@dataclass(frozen=True, slots=True)
class _Objective:
    """What a fit makes small."""

    listwise: bool
    ties: Ties
    smoothing: float
    centring: float
    variance_penalty: float

    def __call__(self, scores: Tensor, data: _Rankings, rows: Tensor) -> Tensor:
        labels = data.labels[rows]
        means, log_odds = as_pairs(scores)
        if self.listwise:
            loss = plackett_luce_loss(scores, data.orders(rows))
        else:
            loss = bradley_terry_loss(
                log_odds, labels, ties=self.ties, tie=data.ties(rows), margin=data.margins[rows],
                smoothing=self.smoothing, shares=None if data.shares is None else data.shares[rows],
            )  # fmt: skip
        if self.variance_penalty and scores.ndim > 2:
            loss = loss + self.variance_penalty * scores[..., 1].mean()
        return loss + self.centring * centring_penalty(means, labels) if self.centring else loss

    def likelihood(self, scores: Tensor, data: _Rankings) -> float:
        """Mean negative log-likelihood of a label in nats, whatever else is made small: of a pair also where whole
        orders are fitted, since Plackett and Luce say of two what Bradley and Terry do."""
        log_odds = as_pairs(scores)[1]
        tie = data.ties().detach()
        return float(bradley_terry_loss(log_odds, data.labels, ties=self.ties, tie=tie, shares=data.shares))


class _Watch:
    """What every epoch of a fit came to, and when it should end."""

    def __init__(
        self, model: RewardModel | SharedTrunk, objective: _Objective, data: _Rankings, held_out: _Rankings | None,
        patience: int, tell: Callable[[Figures], None] | None,
    ) -> None:  # fmt: skip
        self.model, self.objective, self.data, self.held_out = model, objective, data, held_out
        self.patience = patience if held_out is not None else 0
        self.tell = tell
        self.steps: list[tuple[Tensor, ...]] = []  # of this epoch: rows, scores, loss, norm of the gradient
        self.rows: list[Figures] = []
        self.best, self.weights = 0, [torch.empty(0)]  # the epoch kept, and its parameters if there is patience

    def step(self, rows: Tensor, scores: Tensor, loss: Tensor, norm: Tensor) -> None:
        self.steps.append((rows, scores.detach(), loss.detach(), norm))

    def ended(self, rate: float) -> bool:
        """Close an epoch; whether it should be the last."""
        self.rows.append(row := self.epoch(rate))
        if self.tell is not None:
            self.tell(row)
        self.steps.clear()
        if not self.patience or row["eval_loss"] < min((r["eval_loss"] for r in self.rows[:-1]), default=math.inf):
            self.best = len(self.rows) - 1
            self.weights = [p.detach().clone() for p in self.model.learning()] if self.patience else []
        return self.patience > 0 and len(self.rows) - 1 - self.best >= self.patience

    def epoch(self, rate: float) -> Figures:
        """Its number; loss and `figures` while learning; grad_norm (mean, before clipping) and learning_rate (of the
        last step); and of held-out rankings, if anybody asks, eval_loss and the same figures as eval_…"""
        rows, scores, losses, norms = zip(*self.steps, strict=True)
        (said, log_odds), labels = as_pairs(torch.cat(scores)), self.data.labels[torch.cat(rows)]
        found = {"epoch": float(len(self.rows) + 1), "loss": float(torch.stack(losses).mean())}
        found |= {"grad_norm": float(torch.stack(norms).mean()), "learning_rate": rate}
        found |= figures(said, log_odds, labels)
        if self.held_out is None or not (self.patience or self.tell):
            return found
        scored = self._scores(self.held_out)
        found["eval_loss"] = self.objective.likelihood(scored, self.held_out)
        held = figures(*as_pairs(scored), self.held_out.labels)
        return found | {f"eval_{name}": value for name, value in held.items()}

    @torch.no_grad()
    def _scores(self, held: _Rankings) -> Tensor:
        rows = torch.split(torch.arange(len(held), device=held.labels.device), 256)
        return torch.cat([held.scores(part) for part in rows])

    @torch.no_grad()
    def kept(self) -> Figures:
        """What the epoch that is kept came to; the model has its parameters again."""
        if self.patience:
            for parameter, value in zip(self.model.learning(), self.weights, strict=True):
                parameter.copy_(value)
        best, ran = self.rows[self.best], float(len(self.rows))
        return {"loss": best["loss"], "accuracy": best["accuracy"], "epochs": ran, "kept": best["epoch"]}


def _moved(model: RewardModel | SharedTrunk, before: list[Tensor]) -> dict[str, float]:
    """How far trunk and head went. A trunk that was frozen by mistake learns nothing and raises nothing by itself."""
    count = len(list(model.trunk.parameters()))
    change = {}
    for name, module, old in (("trunk", model.trunk, before[:count]), ("head", model.head, before[count:-1])):
        step = sum(float((p.detach() - o).square().sum()) for p, o in zip(module.parameters(), old, strict=True))
        size = sum(float(o.square().sum()) for o in old)
        change[f"{name}_change"] = math.sqrt(step / size) if size else math.sqrt(step)
    if not all(value > ROUNDING for value in change.values()):
        raise RuntimeError(f"the reward model did not learn: {change}")
    return change
