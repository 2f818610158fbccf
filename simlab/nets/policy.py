"""Learning from rewards: proximal policy optimization of a language model, on a leash to its reference.

Used by the gradient consequence between reward model and language model; knows nothing of simlab. Shapes:
B responses, T response tokens, P prompt tokens, d width. Sources: Schulman et al. 2017 (arXiv:1707.06347, PPO);
Schulman et al. 2016 (arXiv:1506.02438, GAE); Ouyang et al. 2022 (InstructGPT, arXiv:2203.02155); TRL's PPOTrainer
(metric names, defaults); Huang et al. 2022, "The 37 implementation details of PPO" (cleanrl).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from .blocks import blank_linear
from .closed_form import divergence, objective, optimum, tilted
from .optimizer import adamw, descend, scale_rate
from .sampling import Speech, speak
from .transformer import (
    LEARN,
    Numbers,
    Progress,
    Transformer,
    by_length,
    log_probs,
    read_exchanges,
    response_mask,
    shuffled,
    spoken,
    trimmed,
)

__all__ = [
    "PPOConfig",
    "advantages",
    "divergence",
    "objective",
    "optimum",
    "policy_loss",
    "ppo",
    "tilted",
    "value_loss",
]

UPDATES = (
    "policy_approxkl_avg", "policy_clipfrac_avg", "loss_policy_avg", "loss_value_avg", "val_clipfrac_avg", "val_ratio",
    "grad_norm",
)  # fmt: skip
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")  # what AdamW keeps of each parameter

Critic = Literal["reward_model", "zero", "none"]
Score = Callable[[Tensor, Tensor], Tensor]  # (prompts [B, P], responses [B, T]) -> [B]
Shape = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]  # (score [B], logp, logp_ref, mask [B, T]) -> [B, T]


@dataclass(frozen=True, slots=True)
class PPOConfig:
    """What PPO may be told. Defaults are those of TRL's PPOConfig unless a line says otherwise.

    Raises ValueError for numbers with which nothing could be learnt.
    """

    iterations: int = 12  # rollouts, each followed by updates; enough at this scale (measured)
    batch: int = 256  # responses a rollout; InstructGPT used 512
    epochs: int = 2  # passes over a rollout; TRL 4, InstructGPT 1
    minibatch: int = 64  # responses a gradient step; InstructGPT's minibatches
    rate: float = 5e-4  # of AdamW; hundreds of times TRL's 3e-6, as suits a model of 1e5 parameters (measured)
    head_rate: float = 3e-3  # of the value head, which begins at zero, as the trunk does not (measured)
    critic: Critic = "reward_model"  # what values begin as (InstructGPT, TRL: the reward model); none: they stay 0
    warmup: int = 2  # iterations over which the rate rises to its height, while AdamW's moments are few (measured)
    decay: bool = True  # linearly to 0 over the iterations (cleanrl); at a constant rate π hovers above π*
    clip: float = 0.2  # of the probability ratio (Schulman et al. 2017)
    value_clip: float = 0.2  # how far a value estimate may move in one rollout
    lam: float = 0.95  # λ of GAE
    gamma: float = 1.0  # discount: a response is one episode and its length no cost
    value_coef: float = 0.1  # of the value loss, which also trains the trunk (.02 to .5 or a detached head: no better)
    score_clip: float = 3.0  # scores beyond ± this are cut (they are standardized by the caller); inf: never
    whiten_advantages: bool = True  # to mean 0 and variance 1 over a rollout's tokens
    temperature: float = 1.0  # of rollouts and log-probabilities; TRL .7
    max_grad_norm: float = 1.0  # gradients are clipped at this norm
    target_kl: float = math.inf  # no further pass over a rollout once approximate KL is beyond 1.5 of it (Spinning Up)
    missing_end_penalty: float = 0.0  # subtracted from the score of a response without an end token; TRL: none

    def __post_init__(self) -> None:
        positive = (self.iterations, self.batch, self.epochs, self.minibatch, self.rate, self.clip, self.temperature)
        bounds = (self.value_clip, self.score_clip, self.max_grad_norm, self.target_kl, self.head_rate)
        if not min(*positive, *bounds) > 0:
            raise ValueError(f"sizes, rates, bounds and temperature must be above 0: {self}")
        if not (0 <= self.lam <= 1 and 0 <= self.gamma <= 1 and self.value_coef >= 0 and self.warmup >= 0):
            raise ValueError(f"lam and gamma must lie in [0, 1], value_coef and warmup at or above 0: {self}")

    def share_of_rate(self, iteration: int, resumed: bool) -> float:
        """Which share of its rate an iteration, counted from 0, learns at."""
        risen = min(1.0, (iteration + 1) / self.warmup) if self.warmup and not resumed else 1.0
        return risen * (1 - iteration / self.iterations if self.decay else 1.0)


@dataclass(slots=True)
class Rollout:
    """What one iteration learns from: prompts [B, P]; everything else [B, T], 0 where a response is padding."""

    prompts: Tensor
    responses: Tensor
    mask: Tensor
    logp: Tensor
    values: Tensor
    advantage: Tensor
    returns: Tensor
    so_far: Tensor


def ppo(
    policy: Transformer,
    reference: Transformer,
    score: Score,
    shape: Shape,
    prompts: Numbers,
    uniforms: Numbers,
    *,
    end: int,
    seed: int,
    config: PPOConfig | None = None,
    kept: MutableMapping[str, Tensor] | None = None,
    so_far: Callable[[], Tensor] | None = None,
    known: Callable[[], Tensor] | None = None,
    progress: Progress | None = None,
) -> tuple[Transformer, nn.Linear, list[dict[str, float]]]:
    """Train `policy`, in place and where it lives, until its responses score high.

    Each iteration samples responses to prompts[i] [B, P] with uniforms[i] [B, T] (inverse cumulative distribution,
    so draws belong to rows), has `score` rate them, `shape` turn scores and log-probabilities into per-token
    rewards, and takes `epochs` passes of clipped updates. `reference` is never changed. One trunk serves policy and
    value, a linear head on it and on what the judge makes of the response so far (`so_far`, of the responses scored
    last [B, T]; 0 if it cannot say). `known` [B, T] is what the reference finds of the responses scored last, if the
    judge has read them with it; else it reads them. `kept` holds what an earlier call left of that head and of AdamW's
    moments, and is left what becomes of them; without it both begin anew. `seed` decides the minibatches. Returns
    policy, value head and one dict of metrics an iteration, named as in TRL with "/" written "_". Raises ValueError for
    shapes that do not fit and for rewards that are not finite.
    """
    config = config or PPOConfig()
    device = policy.device
    asked = torch.as_tensor(prompts, dtype=torch.int64, device=device)
    draws = torch.as_tensor(uniforms, dtype=torch.float64, device=device)
    if asked.shape[:2] != (config.iterations, config.batch) or draws.shape[:2] != asked.shape[:2]:
        wanted = (config.iterations, config.batch)
        raise ValueError(f"prompts {tuple(asked.shape)} and uniforms {tuple(draws.shape)} must begin with {wanted}")
    value = value_head(policy, config.critic)
    resumed = bool(kept)
    optimizer = adamw(policy.parameters(), config.rate)
    head_rate = 0.0 if config.critic == "none" else config.head_rate
    optimizer.add_param_group({"params": [*value.parameters()], "lr": head_rate})
    if kept:
        _resume(value, optimizer, kept)
    generator = torch.Generator().manual_seed(seed)
    metrics = []
    for iteration in range(config.iterations):
        scale_rate(optimizer, config.share_of_rate(iteration, resumed))
        said = speak(policy, asked[iteration], draws[iteration], end=end, temperature=config.temperature).trimmed()
        rollout, found = _roll_out(
            reference, value, score, shape, asked[iteration], said, end, config, so_far, known
        )  # fmt: skip
        found |= _update(policy, value, optimizer, rollout, generator, config)
        metrics.append(found | {"lr": optimizer.param_groups[0]["lr"]})
        if progress is not None:
            progress(iteration + 1, config.iterations)
    if kept is not None:
        _keep(value, optimizer, kept)
    return policy, value, metrics


def _resume(value: nn.Linear, optimizer: torch.optim.AdamW, kept: Mapping[str, Tensor]) -> None:
    """Put the head and AdamW's moments back to where they were kept."""
    with torch.no_grad():
        for name, parameter in value.named_parameters():
            parameter.copy_(kept[f"value/{name}"])
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for place, parameter in enumerate(parameters):
        optimizer.state[parameter] = {
            name: kept[f"adamw/{place}/{name}"].to(parameter.device).clone() for name in _MOMENTS
        }


def _keep(value: nn.Linear, optimizer: torch.optim.AdamW, kept: MutableMapping[str, Tensor]) -> None:
    kept.update({f"value/{name}": parameter.detach() for name, parameter in value.named_parameters()})
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for place, parameter in enumerate(parameters):
        kept.update({f"adamw/{place}/{name}": optimizer.state[parameter][name] for name in _MOMENTS})


def value_head(policy: Transformer, critic: Critic = "zero") -> nn.Linear:
    """A head that reads the value of a state from the policy's trunk and from what the judge makes of it so far. It
    begins by expecting nothing, or what the judge does; a critic that is none learns nothing, too."""
    head = blank_linear(policy.config.width + 1, 1, policy.device)
    with torch.no_grad():
        head.weight.zero_()
        if critic == "reward_model":
            head.weight[0, -1] = 1.0
        head.bias.zero_()
    return head


@torch.no_grad()
def _roll_out(
    reference: Transformer,
    value: nn.Linear,
    score: Score,
    shape: Shape,
    prompts: Tensor,
    said: Speech,
    end: int,
    config: PPOConfig,
    so_far: Callable[[], Tensor] | None,
    known: Callable[[], Tensor] | None,
) -> tuple[Rollout, dict[str, float]]:
    responses, logp = said.responses, said.logp
    mask = response_mask(responses)
    ended = (responses == end).any(1)
    scores = score(prompts, responses).to(logp) - config.missing_end_penalty * ~ended
    logp_ref = log_probs(reference, prompts, responses, temperature=config.temperature) if known is None else known()
    expected = torch.zeros_like(logp) if so_far is None else _beside_others(so_far().to(logp), mask)
    values = _values(value, said.before, expected) * mask
    scores = scores.clamp(-config.score_clip, config.score_clip)
    rewards = shape(scores, logp, logp_ref, mask)
    if rewards.shape != mask.shape or not bool(torch.isfinite(rewards).all()):
        raise ValueError(f"a reward shape must return finite rewards {tuple(mask.shape)}, one for each token")
    rewards = rewards * mask
    advantage, returns = advantages(rewards, values, mask, gamma=config.gamma, lam=config.lam)
    if config.whiten_advantages:
        advantage = whiten(advantage, mask)
    total = rewards.sum(1)
    figures = {
        "objective_kl": (logp - logp_ref).sum(1).mean(),
        "objective_entropy": -logp.sum(1).mean(),
        "objective_scores": scores.mean(),
        "objective_non_score_reward": (total - scores).mean(),
        "objective_rlhf_reward": total.mean(),
        "val_num_eos_tokens": ended.sum(),
        "val_explained_variance": explained_variance(values[mask], returns[mask]),
    }
    rollout = Rollout(prompts, responses, mask, logp, values, advantage, returns, expected)
    return rollout, {name: float(figure) for name, figure in figures.items()}


def _beside_others(so_far: Tensor, mask: Tensor) -> Tensor:
    """What is above or below the mean of all responses that are as long [B, T]: how far a score lies on average is no
    matter of any one of them."""
    return (so_far - (so_far * mask).sum(0) / mask.sum(0).clamp(min=1)) * mask


def _values(value: nn.Linear, before: Tensor, so_far: Tensor) -> Tensor:
    """The value [B, T] of each state, from the trunk [B, T, d] and the score so far [B, T]."""
    return value(torch.cat((before, so_far[..., None]), -1))[..., 0]  # type: ignore[no-any-return]


def advantages(
    rewards: Tensor, values: Tensor, mask: Tensor, *, gamma: float = 1.0, lam: float = 0.95
) -> tuple[Tensor, Tensor]:
    """Generalized advantage estimates and returns (their sum with the values), both [B, T] and 0 at padding.

    A_t = δ_t + γλ·A_{t+1}, δ_t = r_t + γ·V_{t+1} − V_t, with nothing after the last token.
    """
    out = torch.zeros_like(rewards)
    following = later = torch.zeros_like(rewards[:, 0])
    for t in range(rewards.shape[1] - 1, -1, -1):
        delta = rewards[:, t] + gamma * following - values[:, t]
        later = (delta + gamma * lam * later) * mask[:, t]
        following = values[:, t] * mask[:, t]
        out[:, t] = later
    return out, (out + values) * mask


def explained_variance(values: Tensor, returns: Tensor) -> Tensor:
    """1 − Var(returns − values)/Var(returns), by which a critic is judged: 1 foresees all, 0 no more than a constant,
    below 0 does harm (OpenAI Baselines, `explained_variance`). NaN if returns do not vary."""
    spread = returns.var(correction=0)
    return torch.where(spread > 0, 1 - (returns - values).var(correction=0) / spread, torch.nan)


def whiten(x: Tensor, mask: Tensor) -> Tensor:
    """x [B, T] with mean 0 and variance 1 over the tokens in `mask`, 0 elsewhere."""
    live = x[mask]
    spread = live.std(correction=0) if live.numel() > 1 else torch.ones_like(live.sum())
    return (x - live.mean()) / (spread + 1e-8) * mask


def _update(
    policy: Transformer,
    value: nn.Linear,
    optimizer: torch.optim.AdamW,
    rollout: Rollout,
    generator: torch.Generator,
    config: PPOConfig,
) -> dict[str, float]:
    """Clipped updates on one rollout; returns the means of what they saw."""
    seen: list[Tensor] = []
    for _ in range(config.epochs):
        order = shuffled(len(rollout.prompts), len(rollout.prompts), generator).to(policy.device)
        begun = len(seen)
        for rows in torch.split(order, config.minibatch):
            loss, figures = _losses(policy, value, rollout, rows, config)
            norm = descend(loss, optimizer, config.max_grad_norm)
            seen.append(torch.cat((figures, norm.detach()[None])))
        if math.isfinite(config.target_kl) and float(torch.stack(seen[begun:])[:, 0].mean()) > 1.5 * config.target_kl:
            break
    every = torch.stack(seen)
    found = dict(zip(UPDATES, every.mean(0).tolist(), strict=True))
    ratios = every[:, UPDATES.index("val_ratio")]
    return found | {"val_ratio_var": float(ratios.var()) if len(ratios) > 1 else 0.0}


def _losses(
    policy: Transformer, value: nn.Linear, rollout: Rollout, rows: Tensor, config: PPOConfig
) -> tuple[Tensor, Tensor]:
    parts = by_length(LEARN, rollout.prompts[rows], rollout.responses[rows])
    rows = rows[torch.cat(parts)]
    logp, values = _read(policy, value, rollout, torch.split(rows, [len(part) for part in parts]), config)
    mask = rollout.mask[rows]
    old = rollout.logp[rows][mask]
    acted, clipped = policy_loss(logp, old, rollout.advantage[rows][mask], config.clip)
    guessed, value_clipped = value_loss(
        values, rollout.values[rows][mask], rollout.returns[rows][mask], config.value_clip
    )  # fmt: skip
    change = (logp - old).detach()
    figures = (0.5 * change.square().mean(), clipped, acted.detach(), guessed.detach(), value_clipped,
               change.exp().mean())  # as UPDATES has them, but for the norm  # fmt: skip
    weight = config.value_coef if config.critic != "none" else 0.0
    return acted + weight * guessed, torch.stack(figures)


def _read(
    policy: Transformer, value: nn.Linear, rollout: Rollout, parts: Sequence[Tensor], config: PPOConfig
) -> tuple[Tensor, Tensor]:
    """Log-probabilities and values of every token of these rows, one after the other [N], with gradients."""
    logp, values = [], []
    for rows in parts:
        responses = trimmed(rollout.responses[rows])
        mask = response_mask(responses)
        before, _ = read_exchanges(policy, trimmed(rollout.prompts[rows]), responses)
        logp.append(spoken(policy, before, responses, config.temperature)[mask])
        values.append(_values(value, before, rollout.so_far[rows, : responses.shape[1]])[mask])
    return torch.cat(logp), torch.cat(values)


def policy_loss(logp: Tensor, old: Tensor, advantage: Tensor, clip: float) -> tuple[Tensor, Tensor]:
    """Minus the clipped surrogate, averaged over tokens, and the share of tokens where the clip decided.

    max(−A·ratio, −A·clip(ratio, 1 ± clip)): once a token has gained `clip` it pulls no further.
    """
    ratio = (logp - old).exp()
    free, bound = -advantage * ratio, -advantage * ratio.clamp(1 - clip, 1 + clip)
    return torch.maximum(free, bound).mean(), (bound > free).float().mean()


def value_loss(value: Tensor, old: Tensor, returns: Tensor, clip: float) -> tuple[Tensor, Tensor]:
    """Half the squared error of values that may move at most `clip` from the old ones, and the share that wanted to."""
    bound = old + (value - old).clamp(-clip, clip)
    free_error, bound_error = (value - returns).square(), (bound - returns).square()
    return 0.5 * torch.maximum(free_error, bound_error).mean(), (bound_error > free_error).float().mean()
