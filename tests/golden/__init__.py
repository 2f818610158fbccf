"""Golden outputs: what the small form of every shipped scenario comes to, in a few rounded numbers.

They are there so that nobody moves a number without noticing. `tests/test_scenarios.py` compares; after a change
that is meant,

    python -m tests.golden               # or only some: python -m tests.golden 00_gaussian 01_first

writes them anew (about a minute), and the commit says why they moved, with before and after (`git diff`).

The gaussian world is held to three significant digits, which no platform's last bit reaches. Where networks are
trained, another version of torch or another processor rounds differently, and training a small model on a few hundred
labels amplifies that to other correlations altogether. So on the kind of machine in `machine.txt`, where the goldens
were made, shares and correlations may be off by `LOOSE`, and sizes by half; on others only the sizes of tables are
compared (that labels teach there, too, is what `test_labels_teach.py` shows).
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from simlab.runs.loading import Run

HERE = Path(__file__).parent
SCENARIOS = HERE.parent.parent / "scenarios"
MACHINE = HERE / "machine.txt"
LOOSE = 0.2

Summary = dict[str, float | None]


def machine() -> str:
    """By what the rounding of networks is known to depend on: torch, and the processor."""
    import torch

    info = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*: (.+)", info.read_text()) if info.exists() else None
    capability = torch.backends.cpu.get_cpu_capability()
    return f"torch {torch.__version__}, {capability}, {named[1].strip() if named else 'unnamed processor'}"


def sizes(summary: Summary) -> Summary:
    """How many rows each table has, of all that is watched."""
    return {name: value for name, value in summary.items() if name.startswith("rows/")}


def scenarios() -> list[Path]:
    """Every scenario that ships."""
    return sorted(SCENARIOS.rglob("*.yaml"))


def golden_file(scenario: Path) -> Path:
    """Where the golden output of a scenario is."""
    return HERE / "__".join(scenario.relative_to(SCENARIOS).with_suffix(".json").parts)


def summary(run: Run) -> Summary:
    """The numbers of a run that are watched, by a name that says where they come from."""
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
    return {name: _rounded(value) for name, value in found.items()}


def _rounded(value: Any) -> float | None:
    """Whole numbers as they are, others to three significant digits; None for NaN."""
    if isinstance(value, int):
        return value
    return None if math.isnan(value) else float(f"{value:.3g}")


def differences(now: Summary, golden: Summary, *, loose: bool) -> list[str]:
    """What has moved too far, in words; empty if nothing has."""
    names = [*golden, *(name for name in now if name not in golden)]
    nothing = "nothing"
    return [
        f"{name}: {golden.get(name, nothing)} before, {now.get(name, nothing)} now"
        for name in names
        if name not in now or name not in golden or not _agree(now[name], golden[name], loose=loose)
    ]


def _agree(now: float | None, golden: float | None, *, loose: bool) -> bool:
    if now is None or golden is None:
        return now is golden
    if not loose:
        whole = isinstance(golden, int) or golden == 0
        return abs(now - golden) <= (0 if whole else 1.01 * 10 ** (math.floor(math.log10(abs(golden))) - 2))
    if isinstance(golden, int) or abs(golden) > 1:
        return abs(now - golden) <= max(3, abs(golden) / 2)
    return abs(now - golden) <= LOOSE
