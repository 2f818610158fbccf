"""Looks at a language model while it learns: what it then answers to always the same prompts, by the same draws.

Where networks learn, looks are taken inside of the job that trains them; the learner knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array, Indices
from simlab.worlds.tokenizer import END
from simlab.worlds.world import Items

LOOK = "look/"  # before the names of arrays that looks have left, as a job returns them


@dataclass(frozen=True, slots=True)
class Watch:
    """What a model is asked while it learns: prompts, the key of the draws, and after how many batches again."""

    prompts: Indices
    key: int
    every: int


@dataclass(frozen=True, slots=True)
class Look:
    """What a model answered after so many batches, and how far it then was from its reference (KL a response, nats):
    by k1, k3, and the whole distributions."""

    iteration: int
    items: Items
    kl: float
    kl_k3: float
    kl_exact: float


class Lookout:
    """Takes looks at a network. `prompts` [Q, P] and `uniforms` [Q, T] are what it answers, and by which draws."""

    def __init__(
        self, model: Any, reference: Any, prompts: NDArray[np.int64], uniforms: Array, every: int, temperature: float
    ) -> None:
        self.model, self.reference = model, reference
        self.prompts, self.uniforms = prompts, uniforms
        self.every, self.temperature = every, temperature
        self._taken: list[dict[str, Any]] = []

    def passed(self, batches: int) -> None:
        """The network has learned from so many batches."""
        if batches % self.every == 0:
            self.take(batches)

    def take(self, batches: int) -> None:
        """Look at it as it is, unless that has been done."""
        from simlab.nets.divergence import k3, of_states
        from simlab.nets.sampling import generate
        from simlab.nets.transformer import log_probs

        if self._taken and self._taken[-1]["iteration"] == batches:
            return
        speaking: dict[str, Any] = {"temperature": self.temperature}
        said = generate(self.model, self.prompts, self.uniforms, end=END, **speaking)
        logp, logp_ref = (log_probs(m, self.prompts, said, **speaking).double() for m in (self.model, self.reference))
        exact = of_states(self.model, self.reference, self.prompts, said, **speaking)
        self._taken.append(
            {
                "iteration": batches,
                "responses": said.cpu().numpy(),
                "kl": float((logp - logp_ref).sum(1).mean()),
                "kl_k3": float(k3(logp, logp_ref).sum(1).mean()),
                "kl_exact": float(exact.double().mean()),
            }
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All looks, as a job returns them."""
        return {f"{LOOK}{name}": np.array([look[name] for look in self._taken]) for name in self._taken[0]}


def looks_in(found: Mapping[str, NDArray[Any]], prompts: Indices) -> list[Look]:
    """The looks that a job has left, none if it was not asked for any."""
    if f"{LOOK}iteration" not in found:
        return []
    columns = (np.asarray(found[f"{LOOK}{name}"]) for name in ("iteration", "responses", "kl", "kl_k3", "kl_exact"))
    return [
        Look(int(iteration), Items(prompts, responses), float(kl), float(k3), float(exact))
        for iteration, responses, kl, k3, exact in zip(*columns, strict=True)
    ]
