"""How well two parties' preferences agree: ρ and its companions, on one panel of responses.

Every party answers the same question, `utility(panel)`. Utilities are centred within each prompt, because only
comparisons under one prompt mean anything; ρ is their correlation, the one currency of the whole hierarchy
(for gaussian responses and linear values it is the cosine of the two value vectors). Of a party whose guideline is
no weighted sum the utilities are ranks within each prompt, and so ρ is of ranks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from simlab.arrays import Array
from simlab.measures.panel import Panel
from simlab.measures.statistics import Groups, bootstrap_of_columns, pair_counts, pearson


def compare(panel: Panel, a: Array, b: Array, key: int) -> dict[str, Any]:
    """The measures of two parties' utilities [n] on a panel, as columns of the alignment table.

    `low` and `high` bound ρ within this run: a 95 % bootstrap over prompts, keyed. Where one of the two does not
    vary within any prompt, ρ is NaN and `why_nan` says whose.
    """
    return compare_all(panel, [(a, b)], key)[0]


def compare_all(panel: Panel, compared: Sequence[tuple[Array, Array]], key: int) -> list[dict[str, Any]]:
    """The same of many twos of utilities [n] on one panel, by the same replicates of its prompts."""
    distinct = {id(utility): utility for two in compared for utility in two}
    place = {name: column for column, name in enumerate(distinct)}
    which = [(place[id(a)], place[id(b)]) for a, b in compared]
    centred = panel.centred(np.stack(list(distinct.values()), axis=1)) if which else np.zeros((len(panel.items), 0))
    flat = centred.std(axis=0) <= 1e-12
    vary = [two for two in which if not flat[list(two)].any()]
    found = dict(zip(vary, measures_of(centred, vary, key, drawn=panel.group, within=panel.group), strict=True))
    return [found[two] if two in found else _flat(flat[list(two)].tolist(), len(centred)) for two in which]


def _flat(sides: Sequence[bool], n: int) -> dict[str, Any]:
    """The measures where one side, or both, find all responses to a prompt alike."""
    flat = [side for side, alike in zip("ab", sides, strict=True) if alike]
    why = " and ".join(flat) + (" ranks" if len(flat) == 1 else " rank") + " all responses to a prompt alike"
    nan = float("nan")
    return {"rho": nan, "accuracy": nan, "tau": nan, "n": n, "low": nan, "high": nan, "why_nan": why}


def measures_of(
    variables: Array, which: Sequence[tuple[int, int]], key: int, *, drawn: Groups, within: Groups | None = None
) -> list[dict[str, Any]]:
    """The same of some twos of any variables [n, k] that vary: for the interval, groups of those `drawn` together are
    drawn anew; of pairs, those `within` one group are compared, or all."""
    if not which:
        return []
    bounds = bootstrap_of_columns(variables, which, drawn, key=key)
    ordered = pair_counts(variables, within)
    columns = np.ascontiguousarray(variables.T)
    rows = []
    for (a, b), (low, high) in zip(which, bounds, strict=True):
        counts = ordered.of(a, b)
        row = {"rho": pearson(columns[a], columns[b]), "accuracy": counts.accuracy, "tau": counts.tau}
        rows.append({**row, "n": len(variables), "low": low, "high": high, "why_nan": ""})
    return rows


def pairs_of(utilities: Mapping[str, Array]) -> list[tuple[str, str]]:
    """Every pair of parties once, the first in file order first."""
    names = list(utilities)
    return [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]


def correlations(columns: Array, reference: Array) -> Array:
    """ρ of each column [n, many] with one reference [n]; both centred. NaN where a column does not vary."""
    norms = np.linalg.norm(columns, axis=0) * np.linalg.norm(reference)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(norms > 1e-12, columns.T @ reference / norms, np.nan))
