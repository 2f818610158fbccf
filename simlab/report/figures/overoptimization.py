"""Figure: what gold gains on the way, over √KL, by picking the best of n and by learning; every seed is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import Array
from simlab.errors import InvalidInput
from simlab.report.figures.chart import COLOURS, SOFT, Chart, Numbers, isolated, label
from simlab.report.layout import number
from simlab.report.overoptimization import LEARNED, PICKED, curves

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simlab.runs.loading import Run

MOST_ARMS = 12
_LINES = ("-", "--", ":")
_NOTE = (
    "Gain: mean utility of users less that of the reference's responses. √KL: of the divergence from the reference, in "
    "√nats, in which Gao et al. (2022) found d(α − βd) for the best of n and d(α − β ln d) for policies. Thin: one "
    "seed each; thick: mean over seeds, at the same n or after as many batches."
)


def overoptimization(run: Run) -> Iterator[Chart]:
    """Gains of users over √KL, a line for each arm; none where nothing was measured on the way, or arms are too many to
    be told apart."""
    try:
        found = curves(run)
    except InvalidInput:
        return
    if found.arm.nunique() > MOST_ARMS:
        return
    ends = []
    for (arm, method), part in _means(found).groupby(["arm", "method"], sort=False):
        best = part.loc[part.gain.idxmax()]
        which = f"{isolated(arm)}, {method}" if found.arm.nunique() > 1 else str(method)
        ends.append(f"{which}: {number(best.gain)} at {number(best.kl)} nats, in the end {number(part.gain.iloc[-1])}")
    numbers = Numbers("overoptimization", "Gold and proxy over KL", found, {"kl": "KL (nats)", "gain": "gold"})
    says = f"The highest mean gain of users and the last: {'; '.join(ends)}."
    yield Chart(numbers, "Overoptimization", says, lambda figure: _draw(figure, found), 5.6, _NOTE)


def _means(found: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds of what was measured at the same step."""
    return found.groupby(["arm", "method", "step"], sort=False)[["kl", "proxy", "gain"]].mean().reset_index()


def _draw(figure: Figure, found: pd.DataFrame) -> None:
    methods = [method for method in (PICKED, LEARNED) if (found.method == method).any()]
    every = figure.subplots(len(methods), 1, squeeze=False)[:, 0]
    for axes, method in zip(every, methods, strict=True):
        _panel(axes, found[found.method == method])
        axes.set_title(f"{method}: gain of users")
    every[-1].set_xlabel("√KL from the reference, √nats")
    if found.arm.nunique() > 1:
        every[-1].legend(fontsize=7.5, ncols=2, loc="lower left")


def _panel(axes: Axes, found: pd.DataFrame) -> None:
    means = _means(found)
    for place, arm in enumerate(dict.fromkeys(found.arm)):
        colour, line = COLOURS[place % len(COLOURS)], _LINES[place // len(COLOURS)]
        for _, part in found[found.arm == arm].groupby("seed"):
            axes.plot(_root(part), part.gain, line, color=colour, linewidth=0.5, alpha=0.5)
        part = means[means.arm == arm]
        axes.plot(_root(part), part.gain, line, color=colour, linewidth=1.8, label=label(arm))
    axes.axhline(0, color=SOFT, linewidth=0.8)
    axes.grid(axis="y")


def _root(part: pd.DataFrame) -> Array:
    return np.asarray(np.sqrt(np.maximum(part.kl.to_numpy(dtype=float), 0)))
