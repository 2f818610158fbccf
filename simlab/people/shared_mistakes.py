"""Mistakes that people make together: items that are hard, or that invite a false belief which many hold.

The latent draws by which two people of a group choose about the same responses correlate, whoever asks them: raters,
or auditors who look at the pair again. What each of them does on average stays as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array, Indices
from simlab.people.population import erring_together
from simlab.rankings import sides
from simlab.rng import further, hashes, normals
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.people.roster import Roster

_EDGE = 2.0**-53  # draws are of the open interval


def with_common(pool: Roster, draws: Array, who: Indices, items: Items) -> Array:
    """Draws of choice [n, K + pairs] about n rankings of K of the `items`, a part of which is common to a group.

    A Gaussian copula (Li 2000, "On default correlation", Journal of Fixed Income 9): Φ(√(1 − r)·Φ⁻¹(own) + √r·z), with
    a standard normal z for each group and response, or pair of them. Each draw stays uniform; latent normals of any two
    people of a group correlate by r. For a mistake that each makes with chance ε, both make it with chance Φ₂(h, h; r),
    h = Φ⁻¹(ε).
    """
    spec = pool.spec.shared
    if spec is None or not spec.mistakes:
        return draws
    from scipy.special import ndtr, ndtri

    names, which = erring_together(pool, who)
    group = np.array([pool.context.rng.key(name, "shared mistakes") for name in names], dtype=np.uint64)[which]
    response = contents(items).reshape(len(who), -1)
    left, right = sides(response.shape[1])
    pair = further(response[:, left], response[:, right])
    z = normals(0, group[:, None], np.concatenate([response, pair], axis=1))
    mixed = ndtr(np.sqrt(1 - spec.mistakes) * ndtri(draws) + np.sqrt(spec.mistakes) * z)
    return np.asarray(np.clip(mixed, _EDGE, 1 - _EDGE))


def in_common(one: Roster, other: Roster) -> bool:
    """Whether any two people of these pools make mistakes in common."""
    groups = [
        set(erring_together(pool, np.flatnonzero(pool.cohort.employed))[0])
        for pool in (one, other)
        if pool.spec.shared is not None and pool.spec.shared.mistakes
    ]
    return len(groups) == 2 and not groups[0].isdisjoint(groups[1])


def contents(items: Items) -> NDArray[np.uint64]:
    """A number for each item [n], the same for equal responses to the same prompt."""
    columns = np.ascontiguousarray(items.response)
    columns = columns.view(np.uint64) if columns.dtype == np.float64 else columns.astype(np.uint64)
    state = hashes(0, items.prompt)
    for column in columns.T:
        state = further(state, column)
    return state
