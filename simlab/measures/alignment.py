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
from simlab.measures.statistics import Groups, bootstrap, pairs, pearson


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
    return measures_of(x, y, key, drawn=panel.group, within=panel.group)


def measures_of(x: Array, y: Array, key: int, *, drawn: Groups, within: Groups | None = None) -> dict[str, Any]:
    """The same of any two variables [n] that vary: for the interval, groups of those `drawn` together are drawn anew;
    of pairs, those `within` one group are compared, or all."""
    low, high = bootstrap(x, y, drawn, key=key)
    ordered = pairs(x, y, within)
    row: dict[str, Any] = {"rho": pearson(x, y), "accuracy": ordered.accuracy, "tau": ordered.tau}
    return {**row, "n": len(x), "low": low, "high": high, "why_nan": ""}


def pairs_of(utilities: Mapping[str, Array]) -> list[tuple[str, str]]:
    """Every pair of parties once, the first in file order first."""
    names = list(utilities)
    return [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]


def correlations(columns: Array, reference: Array) -> Array:
    """ρ of each column [n, many] with one reference [n]; both centred. NaN where a column does not vary."""
    norms = np.linalg.norm(columns, axis=0) * np.linalg.norm(reference)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(norms > 1e-12, columns.T @ reference / norms, np.nan))
