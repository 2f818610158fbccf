"""Which rankings each pass of a fit reads: the new ones, and some old ones again.

Used by `preference.fit`; knows nothing of simlab.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .transformer import Numbers, shuffled

__all__ = ["passes_over"]


def passes_over(m: int, new: Numbers | None, share: float, epochs: int, generator: torch.Generator) -> list[Tensor]:
    """Which of m rankings each pass reads, in which order: as many as there are new ones, of which a `share` is old
    instead, as far as there are so many; each of a kind as often as any other."""
    fresh = torch.ones(m, dtype=torch.bool) if new is None else torch.as_tensor(new, dtype=torch.bool).cpu()
    if bool(fresh.all()) or not bool(fresh.any()):
        return [shuffled(m, m, generator) for _ in range(epochs)]
    recent, old = fresh.nonzero()[:, 0], (~fresh).nonzero()[:, 0]
    again = min(round(share * len(recent)), len(old))
    first = recent[shuffled(len(recent), epochs * (len(recent) - again), generator)].view(epochs, -1)
    replayed = old[shuffled(len(old), epochs * again, generator)].view(epochs, -1)
    return [row[torch.randperm(len(row), generator=generator)] for row in torch.cat((first, replayed), 1)]
