"""Golden outputs: what the small form of every shipped scenario comes to, in a few numbers.

They are there so that nobody moves a number without noticing. `tests/test_scenarios.py` compares; after a change
that is meant,

    python -m tests.golden               # or only some: python -m tests.golden 00_gaussian 01_first

makes them anew, and the commit says why they moved, with before and after (`git diff`).

A file says how it was made, and holds its quantities by name. In the gaussian world nothing is trained, and each
quantity is a number that every processor agrees on to nine digits. Where networks are trained, another version of
torch or another processor rounds differently, and training amplifies that to another network altogether, as if the
seed had been another one. So there each quantity is a mean and a standard deviation over `SEEDS` seeds, none of which
is the scenario's own, and a run with the scenario's own must lie within their prediction interval: of one quantity, a
run that is merely another draw is outside once in `ONCE`. What only some seeds have at all is listed and not judged.

The form that is run is the small one; in worlds of words, where that takes half of the time, without redraws of
machines for the waterfall, which change no other table. One scenario keeps them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t

from simlab.runs.loading import Run

HERE = Path(__file__).parent
SCENARIOS = HERE.parent.parent / "scenarios"
SEEDS = 8
ONCE = 100_000
EXACT = 1e-9  # relative, and absolute for what is nearly nothing
COUNTS, SHARES = 0.5, 1e-4  # the least standard deviations: eight seeds may agree by chance
REDRAWN = ("00_gaussian", "01_first")

Summary = dict[str, float | None]


def scenarios() -> list[Path]:
    """Every scenario that ships."""
    return sorted(SCENARIOS.glob("*.yaml"))


def golden_file(scenario: Path) -> Path:
    """Where the golden output of a scenario is."""
    return HERE / "__".join(scenario.relative_to(SCENARIOS).with_suffix(".json").parts)


def form(scenario: Path) -> list[str]:
    """Overrides of the form that is run, beside `small`."""
    return [] if scenario.stem in REDRAWN else ["waterfall.redraw=[]"]


def machine() -> str:
    """By what the rounding of networks is known to depend on: torch, and the processor."""
    import torch

    info = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*: (.+)", info.read_text()) if info.exists() else None
    capability = torch.backends.cpu.get_cpu_capability()
    return f"torch {torch.__version__}, {capability}, {named[1].strip() if named else 'unnamed processor'}"


def summary(run: Run) -> Summary:
    """The numbers of a run that are watched, by a name that says where they come from; None for NaN."""
    last = run.responses["round"].max()
    criteria = json.loads(run.runs.parameters[0])["criteria"]
    found: dict[str, Any] = {f"rows/{name}": count for name, count in run.rows.items()}
    for number, rows in run.responses.groupby("round"):
        found |= {f"responses/{number}/{name}": rows[name].mean() for name in ("answered", *criteria)}
    for row in run.alignment.query("order == 1 and round in [0, @last]").itertuples():
        found[f"rho/{row.round}/{row.a}-{row.b}"] = row.rho
    for row in run.win_rate[run.win_rate["round"] == last].itertuples():
        found[f"win_rate/{row.judge}"] = row.rate
    for row in run.reward_model.itertuples():
        found[f"reward_model/{row.round}/accuracy_gold"] = row.accuracy_gold
    found |= {f"consequences/{kind}": int(n) for kind, n in run.consequences.groupby("kind").size().items()}
    found |= {"labor/hours": run.labor.hours.sum(), "labor/pay": run.labor.pay.sum()}
    return {n: v if isinstance(v, int) else None if math.isnan(v) else float(v) for n, v in found.items()}


def golden(summaries: Sequence[Summary]) -> dict[str, Any]:
    """What a golden file says of the runs of several seeds, or of the one run of a world without training."""
    if len(summaries) == 1:
        return {"quantities": summaries[0]}
    names = dict.fromkeys(name for found in summaries for name in found)
    columns = {name: [found.get(name) for found in summaries] for name in names}
    always = {n: v for n, v in columns.items() if None not in v}
    never = [n for n, v in columns.items() if all(n in found for found in summaries) and set(v) == {None}]
    return {
        "quantities": {n: _spread(v) for n, v in always.items()} | dict.fromkeys(never),
        "sometimes": sorted(names.keys() - always.keys() - {*never}),
    }


def _spread(values: Sequence[Any]) -> list[float]:
    """Mean and standard deviation, to four digits."""
    return [float(f"{number:.4g}") for number in (np.mean(values), np.std(values, ddof=1))]


def differences(now: Summary, golden: Mapping[str, Any]) -> list[str]:
    """What has moved too far, in words; empty if nothing has."""
    before, nothing = golden["quantities"], "nothing"
    names = [*before, *(name for name in now if name not in before and name not in golden.get("sometimes", ()))]
    return [
        f"{name}: {_said(before.get(name, nothing))} before, {now.get(name, nothing)} now"
        for name in names
        if name not in now or name not in before or not agree(now[name], before[name])
    ]


def agree(now: float | None, before: float | Sequence[float] | None) -> bool:
    """Whether a quantity is the number it was, or within the prediction interval of (mean, standard deviation)."""
    if now is None or before is None:
        return now is before
    if isinstance(before, int | float):
        return math.isclose(now, before, rel_tol=EXACT, abs_tol=EXACT)
    return abs(now - before[0]) <= tolerance(before[0], before[1], whole=isinstance(now, int))


def tolerance(mean: float, deviation: float, *, whole: bool) -> float:
    """Half of the prediction interval for one more draw, from a mean and a deviation of `SEEDS` draws (Student 1908);
    the mean is known to four digits."""
    least = COUNTS if whole else SHARES
    quantile = float(t.isf(0.5 / ONCE, SEEDS - 1))
    return quantile * math.sqrt(1 + 1 / SEEDS) * max(deviation, least) + 5e-4 * abs(mean)


def _said(before: Any) -> str:
    return f"{before[0]} ± {before[1]}" if isinstance(before, list) else str(before)
