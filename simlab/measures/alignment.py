"""How well two parties' preferences agree: ρ and its companions, on one panel of responses.

Every party answers the same question, `utility(panel)`. Utilities are centred within each prompt, because only
comparisons under one prompt mean anything; ρ is their correlation, the one currency of the whole hierarchy
(for gaussian responses and linear values it is the cosine of the two value vectors). Of a party whose guideline is
no weighted sum the utilities are ranks within each prompt, and so ρ is of ranks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from simlab.arrays import Array
from simlab.measures.panel import Panel
from simlab.measures.statistics import bootstrap, kendall_tau, pairwise_accuracy, pearson


def compare(panel: Panel, a: Array, b: Array, key: int) -> dict[str, Any]:
    """The measures of two parties' utilities [n] on a panel, as columns of the alignment table.

    `low` and `high` bound ρ within this run: a 95 % bootstrap over prompts, keyed. Where one of the two does not
    vary within any prompt, ρ is NaN and `why_nan` says whose.
    """
    x, y = panel.centred(a), panel.centred(b)
    flat = [side for side, values in (("a", x), ("b", y)) if values.std() <= 1e-12]
    if flat:
        why = " and ".join(flat) + (" ranks" if len(flat) == 1 else " rank") + " all responses to a prompt alike"
        nan = float("nan")
        return {"rho": nan, "accuracy": nan, "tau": nan, "n": len(x), "low": nan, "high": nan, "why_nan": why}
    low, high = bootstrap(x, y, panel.group, key=key)
    return {
        "rho": pearson(x, y),
        "accuracy": pairwise_accuracy(x, y, panel.group),
        "tau": kendall_tau(x, y, panel.group),
        "n": len(x),
        "low": low,
        "high": high,
        "why_nan": "",
    }


def pairs_of(utilities: Mapping[str, Array]) -> list[tuple[str, str]]:
    """Every pair of parties once, the first in file order first."""
    names = list(utilities)
    return [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]


def correlations(columns: Array, reference: Array) -> Array:
    """ρ of each column [n, many] with one reference [n]; both centred. NaN where a column does not vary."""
    norms = np.linalg.norm(columns, axis=0) * np.linalg.norm(reference)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(norms > 1e-12, columns.T @ reference / norms, np.nan))
