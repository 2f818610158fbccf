"""How a language model speaks: word after word, each drawn from the probabilities that the last one leaves.

Knows nothing of simlab. Shapes: B, n sequences, P prompt tokens, T tokens of a response, d width, V words.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .transformer import READ, Numbers, Transformer, at_once, by_length, lengths, rows_of, trimmed

__all__ = ["Speech", "draw", "generate", "speak"]


@dataclass(frozen=True, slots=True)
class Speech:
    """Responses as they were said: tokens [n, T]; what the model gave each, log-probabilities [n, T], 0 at padding, and
    its vectors before each [n, T, d], 0 at padding."""

    responses: Tensor
    logp: Tensor
    before: Tensor

    @staticmethod
    def silence(model: Transformer, rows: int, words: int) -> Speech:
        """Nothing yet."""
        empty, device = (rows, words), model.device
        said = torch.zeros(empty, dtype=torch.int64, device=device)
        return Speech(said, torch.zeros(empty, device=device), torch.zeros(*empty, model.config.width, device=device))

    def trimmed(self) -> Speech:
        """Without the columns in which every response has ended."""
        responses = trimmed(self.responses)
        t = responses.shape[1]
        return Speech(responses, self.logp[:, :t], self.before[:, :t])


@torch.no_grad()
def speak(
    model: Transformer,
    prompts: Numbers,
    uniforms: Numbers,
    *,
    end: int,
    temperature: float = 1.0,
    batch: int = READ,
) -> Speech:
    """Responses [n, T] to prompts [n, P]: word by word up to the `end` token, 0 after it.

    Token t of row i is the inverse of the cumulative distribution at `uniforms[i, t]` in [0, 1), so a row's draws
    belong to the row, whoever else is in the batch. Nothing in `config.unspoken` is ever said. `temperature` 0 takes
    the likeliest word. On the model's device; raises ValueError if prompt and response exceed the context.
    """
    asked = rows_of(model, prompts)
    draws = torch.as_tensor(uniforms, dtype=torch.float64, device=model.device)
    out = Speech.silence(model, *draws.shape)
    for rows in by_length(at_once(model, batch, 4), asked):  # a token is drawn from a few copies of the logits
        said = _continue(model, trimmed(asked[rows]), draws[rows], end, temperature)
        out.responses[rows], out.logp[rows], out.before[rows] = said.responses, said.logp, said.before
    return out


def generate(
    model: Transformer, prompts: Numbers, uniforms: Numbers, *, end: int, temperature: float = 1.0, batch: int = READ
) -> Tensor:
    """The tokens [n, T] of `speak`, int64."""
    return speak(model, prompts, uniforms, end=end, temperature=temperature, batch=batch).responses


def _continue(model: Transformer, prompts: Tensor, draws: Tensor, end: int, temperature: float) -> Speech:
    """Responses [B, T]. Rows that have ended are dropped from the work once they are a quarter of it."""
    (b, p), t = prompts.shape, draws.shape[1]
    out = Speech.silence(model, b, t)
    config = model.config
    if p + t > config.context:
        raise ValueError(f"{p} + {t} tokens of prompt and response do not fit in a context of {config.context}")
    size, rows = lengths(prompts), torch.arange(b, device=prompts.device)
    memories = model.memories(b, p + t)
    visible = torch.arange(p + t, device=prompts.device) < size[:, None]  # [B, P+T], all but prompt padding
    visible[:, p:] = True
    state = model(prompts, memories=memories)[rows, size - 1]  # [B, d]
    alive = torch.ones(b, dtype=torch.bool, device=prompts.device)
    for step in range(t):
        token, logp = draw(model.speech(state, temperature or 1.0), draws[rows, step], greedy=temperature == 0)
        out.responses[rows, step] = torch.where(alive, token, 0)
        out.logp[rows, step], out.before[rows, step] = logp * alive, state * alive[:, None]
        alive = alive & (token != end)
        left = int(alive.sum())
        if not left or step + 1 == t:
            break
        if left <= 0.75 * len(alive):
            rows, token, size, visible = rows[alive], token[alive], size[alive], visible[alive]
            for memory in memories:
                memory.keep(alive)
            alive = alive[alive]
        mask = visible[:, None, None, : p + step + 1]
        state = model(token[:, None], (size + step)[:, None], memories, mask)[:, 0]
    return out


def draw(logits: Tensor, uniforms: Tensor, *, greedy: bool = False) -> tuple[Tensor, Tensor]:
    """One index [B] from each row of logits [B, V] by inverting its cumulative distribution at uniforms [B], and the
    logarithm of its probability [B]."""
    weights = torch.exp(logits - logits.amax(1, keepdim=True))
    cumulative = weights.cumsum(1, dtype=torch.float64)
    total = cumulative[:, -1]
    target = torch.minimum(uniforms * total, torch.nextafter(total, torch.zeros_like(total)))
    drawn = logits.argmax(1) if greedy else torch.searchsorted(cumulative, target[:, None], right=True)[:, 0]
    likely = weights.gather(1, drawn[:, None])[:, 0].double() / total
    return drawn, likely.log().to(logits.dtype)
