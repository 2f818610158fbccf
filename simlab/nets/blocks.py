"""A block of the transformer: attention, then an MLP, each reading a normed copy of the stream and adding to it.

On processors, where something is learned of texts of ordinary length, forward and backward are written out
(`_Written`): of matrices this small an automatic backward costs much beside its products, and so does attention that is
made for long texts.
Knows nothing of simlab. Shapes: B sequences, T tokens, S keys, d width, H heads, N = B·T.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

LONG = 96  # tokens beyond which attention is left to torch: it needs no [T, T] numbers for each sequence and head
ROOM = 16  # softmax over fewer numbers takes many times as long on processors (torch 2.13), so some are added
_aten = torch.ops.aten


class _Blank(nn.Linear):
    def reset_parameters(self) -> None:
        """Leave the numbers as they are."""


def blank_linear(inputs: int, outputs: int, device: torch.device | None = None) -> nn.Linear:
    """A linear layer without numbers yet; nn.Linear would draw some from torch's global generator."""
    return _Blank(inputs, outputs, device=device)


class Memory:
    """Keys [B, d, S] and values [B, S, d] of one block for the tokens read so far (the KV cache)."""

    def __init__(self, rows: int, heads: int, slots: int, width: int, like: Tensor) -> None:
        slots = _up(slots, 8)
        self.heads, self.filled = heads, 0
        self.keys, self.values = like.new_zeros(rows, width, slots), like.new_zeros(rows, slots, width)
        self.unseen = like.new_full((slots,), -torch.inf)  # 0 where there is a token
        own = torch.eye(heads, dtype=like.dtype, device=like.device).repeat_interleave(width // heads, 1)
        self.asks = own / math.sqrt(width // heads)  # [H, d], not 0 in the columns of each head

    def append(self, keys: Tensor, values: Tensor) -> None:
        """Remember more keys and values [B, T, d]."""
        stop = self.filled + keys.shape[1]
        self.keys[:, :, self.filled : stop] = keys.transpose(1, 2)
        self.values[:, self.filled : stop] = values
        self.unseen[self.filled : stop] = 0.0
        self.filled = stop

    def split(self) -> tuple[Tensor, Tensor]:
        """All keys and values, head by head [B, H, S, d/H]."""
        b, s, h = len(self.keys), self.filled, self.heads
        return self.keys[:, :, :s].view(b, h, -1, s).mT, self.values[:, :s].view(b, s, h, -1).transpose(1, 2)

    def hear(self, queries: Tensor, mask: Tensor | None) -> Tensor:
        """What one token of each sequence, with queries [B, d], hears of all that is remembered [B, d].

        A query with zeros in the columns of the other heads is that of one head: so one product per sequence does for
        all heads, where a product per head is so small that calling it costs more.
        """
        b, s, h = len(queries), _up(self.filled, 8), self.heads
        scores = torch.baddbmm(self.unseen[:s], queries[:, None] * self.asks, self.keys[:, :, :s])  # [B, H, S]
        if mask is not None:
            scores[:, :, : self.filled].masked_fill_(~mask[:, 0], -torch.inf)
        heard = torch.bmm(scores.softmax(-1), self.values[:, :s]).view(b, h, h, -1)  # by whom, of which head's columns
        return heard.diagonal(dim1=1, dim2=2).mT.reshape(b, -1)

    def keep(self, rows: Tensor) -> None:
        """Forget every sequence but these."""
        self.keys, self.values = self.keys[rows], self.values[rows]


def _up(n: int, step: int) -> int:
    """The next multiple of `step`."""
    return -(-n // step) * step


class Block(nn.Module):
    """Attention, then an MLP (pre-norm)."""

    def __init__(self, width: int, heads: int, mlp_ratio: int) -> None:
        super().__init__()
        d, self.heads = width, heads
        self.attention_norm = nn.LayerNorm(d)
        self.attend = blank_linear(d, 3 * d)
        self.merge = blank_linear(d, d)
        self.mlp_norm = nn.LayerNorm(d)
        self.up = blank_linear(d, mlp_ratio * d)
        self.down = blank_linear(mlp_ratio * d, d)

    def forward(self, x: Tensor, memory: Memory | None = None, mask: Tensor | None = None) -> Tensor:
        """x [B, T, d] -> [B, T, d]; without a `mask` (True where a key may be seen) attention is causal."""
        t = x.shape[1]
        if memory is None and t <= LONG and x.device.type == "cpu" and torch.is_grad_enabled():
            hidden = _future(t) if mask is None else _hidden(mask)
            written: Tensor = _Written.apply(x, self.heads, hidden.to(x.dtype), *self._weights())  # type: ignore[no-untyped-call]
            return written
        x = self.merge(self._heard(self.attend(self.attention_norm(x)), memory, mask)).add_(x)
        out: Tensor = self.down(self.up(self.mlp_norm(x)).relu_()).add_(x)
        return out

    def _weights(self) -> list[Tensor]:
        parts = (self.attention_norm, self.attend, self.merge, self.mlp_norm, self.up, self.down)
        return [number for part in parts for number in (part.weight, part.bias)]

    def _heard(self, asked: Tensor, memory: Memory | None, mask: Tensor | None) -> Tensor:
        """What each token hears [B, T, d] for its queries, keys and values [B, T, 3d]."""
        b, t, d = asked.shape[0], asked.shape[1], asked.shape[2] // 3
        if memory is not None:
            memory.append(asked[..., d : 2 * d], asked[..., 2 * d :])
            if t == 1:
                return memory.hear(asked[:, 0, :d], mask)[:, None]
        q, k, v = asked.view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)  # each [B, H, T, d/H]
        if memory is not None and memory.filled > t:
            k, v = memory.split()
        heard = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)
        return heard.transpose(1, 2).reshape(b, t, d)


@lru_cache(maxsize=256)
def _future(t: int) -> Tensor:
    """-inf [T, S] where a key is later than a token, else 0; and for keys that there are not, where T < ROOM."""
    return torch.full((t, max(t, ROOM)), -torch.inf).triu_(1)


def _hidden(mask: Tensor) -> Tensor:
    """The same of a mask [T, S] or [B, 1, T, S], True where a key may be seen: in the shape of the mask."""
    hidden = torch.zeros(mask.shape).masked_fill_(~mask, -torch.inf)
    return F.pad(hidden, (0, ROOM - mask.shape[-1]), value=-torch.inf) if mask.shape[-1] < ROOM else hidden


class _Written(torch.autograd.Function):
    """A block and its gradients; see `Block.forward`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, heads: int, hidden: Tensor, *weights: Tensor) -> Tensor:
        g1, c1, w_ask, b_ask, w_merge, b_merge, g2, c2, w_up, b_up, w_down, b_down = weights
        b, t, d = x.shape
        x = x.reshape(-1, d)  # [N, d]
        normed, mean, rstd = torch.native_layer_norm(x, (d,), g1, c1, 1e-5)
        apart = _apart(torch.addmm(b_ask, normed, w_ask.t()), (b, t, 3, heads), hidden.shape[-1])
        seen = _seen(apart[0, :, :t], apart[1], hidden, heads)  # [B·H, T, S]
        heard = torch.bmm(seen, apart[2]).view(b, heads, t, -1).transpose(1, 2).reshape(-1, d)
        y = torch.addmm(b_merge, heard, w_merge.t()).add_(x)
        again, mean2, rstd2 = torch.native_layer_norm(y, (d,), g2, c2, 1e-5)
        active = torch.addmm(b_up, again, w_up.t()).relu_()  # [N, 4d]
        ctx.save_for_backward(x, normed, mean, rstd, apart, seen, heard, y, again, mean2, rstd2, active, *weights)
        return torch.addmm(b_down, active, w_down.t()).add_(y).view(b, t, d)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *given: Tensor) -> tuple[Tensor | None, ...]:
        x, normed, mean, rstd, apart, seen, heard, y, again, mean2, rstd2, active, *weights = ctx.saved_tensors
        g1, c1, w_ask, _, w_merge, _, g2, c2, w_up, _, w_down, _ = weights
        b, t, d = given[0].shape
        out, heads = given[0].reshape(-1, d), apart.shape[1] // b
        of_active = out @ w_down
        _aten.threshold_backward.grad_input(of_active, active, 0, grad_input=of_active)
        of_up, of_down = _of_linear(of_active, again), _of_linear(out, active)
        of_y, *of_norm2 = _aten.native_layer_norm_backward(
            of_active @ w_up, y, (d,), mean2, rstd2, g2, c2, (True, True, True)
        )
        of_y.add_(out)
        of_heard = _apart(of_y @ w_merge, (b, t, 1, heads), t)[0]
        of_asked = _of_attention(of_heard, apart, seen, (b, t, heads))
        of_ask, of_merge = _of_linear(of_asked, normed), _of_linear(of_y, heard)
        of_x, *of_norm = _aten.native_layer_norm_backward(
            of_asked @ w_ask, x, (d,), mean, rstd, g1, c1, (True, True, True)
        )
        of_x = of_x.add_(of_y).view(b, t, d)
        return of_x, None, None, *of_norm, *of_ask, *of_merge, *of_norm2, *of_up, *of_down


def _apart(x: Tensor, sizes: tuple[int, int, int, int], room: int) -> Tensor:
    """Numbers [N, k·d] by kind and head [k, B·H, S, d/H] for `sizes` (B, T, k, H); 0 beyond T, if there is room."""
    b, t, k, h = sizes
    split = x.view(b, t, k, h, -1).permute(2, 0, 3, 1, 4)
    return F.pad(split, (0, 0, 0, room - t)).view(k, b * h, room, -1) if room > t else split.reshape(k, b * h, t, -1)


def _seen(q: Tensor, k: Tensor, hidden: Tensor, heads: int) -> Tensor:
    """How much each query [B·H, T, d/H] attends to each key [B·H, S, d/H]: [B·H, T, S]."""
    scale = 1 / math.sqrt(q.shape[-1])
    if hidden.ndim == 2:  # the same for all: while the product is made
        return torch.baddbmm(hidden, q, k.mT, alpha=scale).softmax(-1)
    scores = torch.bmm(q * scale, k.mT)
    scores.view(-1, heads, *scores.shape[1:]).add_(hidden)
    return scores.softmax(-1)


def _of_linear(out: Tensor, read: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients of weight and bias, of those of what came `out` [N, o] and of what was `read` [N, i]."""
    return out.t() @ read, out.sum(0)


def _of_attention(of_heard: Tensor, apart: Tensor, seen: Tensor, sizes: tuple[int, int, int]) -> Tensor:
    """Gradients of queries, keys and values [N, 3d], of those of what was heard [B·H, T, d/H]."""
    (q, k, v), (b, t, heads) = apart.unbind(0), sizes
    scale = 1 / math.sqrt(q.shape[-1])
    of_scores = _aten._softmax_backward_data(torch.bmm(of_heard, v.mT), seen, -1, seen.dtype)
    out = torch.empty_like(apart)
    torch.bmm(seen.mT, of_heard, out=out[2])
    torch.baddbmm(out[1], of_scores.mT, q[:, :t], beta=0, alpha=scale, out=out[1])
    of_q = torch.baddbmm(out[0, :, :t], of_scores, k, beta=0, alpha=scale)
    out[0, :, :t] = of_q
    return out.view(3, b, heads, -1, q.shape[-1])[:, :, :, :t].permute(1, 3, 0, 2, 4).reshape(b * t, -1)
