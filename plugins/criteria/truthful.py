"""The criterion `truthful`: are the claims a response makes true, as far as the observer knows?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import simlab
from simlab.arrays import Array


class Truthful(simlab.Criterion):
    """The share of checkable claims that are true: "the facts as understood by those evaluating them".

    So Kockelman (ch. 4) qualifies the criterion: a rater checks a claim against what the rater believes, and this
    score is personal. Grice's maxim of quality. NaN where nothing checkable is said: a
    response without claims is neither true nor false.
    """

    name = "truthful"
    personal = True
    difficulty = 0.6  # a fact must be known; an insult is plain to see

    def score_batch(self, exchanges: Sequence[simlab.Exchange], observers: Sequence[simlab.Observer]) -> Array:
        """Whoever looks is asked once about each claim, however many responses make it."""
        made = [(row, claim) for row, exchange in enumerate(exchanges) for claim in exchange.response.claims]
        claims = list(dict.fromkeys(claim for _, claim in made))
        held = np.array([[o.believes(claim) for o in observers] for claim in claims]).reshape(len(claims), len(observers))
        place = {claim: number for number, claim in enumerate(claims)}
        true = np.zeros((len(exchanges), len(observers)))
        np.add.at(true, [row for row, _ in made], held[[place[claim] for _, claim in made]])
        count = np.array([len(exchange.response.claims) for exchange in exchanges], dtype=float)[:, None]
        return np.where(count > 0, true / np.maximum(count, 1), np.nan)
