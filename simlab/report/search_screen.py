"""What a search found: points that were tried, cheapest first, and the best of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text

from simlab.errors import InvalidInput, Problem
from simlab.report.layout import measured, noted, spaced, table
from simlab.report.records import records

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import StudyRuns

_MOST = 12


def points(study: StudyRuns) -> pd.DataFrame:
    """A row for each point that was tried: arm, `state` (complete, given up after few seeds, or failed), `seeds` it was
    run under, `reaches` (every target, under all seeds), its levers, and the mean of each outcome. Those that reach the
    target come first, cheapest first. Raises InvalidInput if the study is no search that has ended."""
    import pandas as pd

    search = study.plan.get("search", {})
    if "trials" not in search:
        raise InvalidInput(Problem("is no search that has ended", "simlab search FILE", study.path))
    names = list(study.plan["outcomes"])
    done = study.outcomes[study.outcomes.status == "finished"]
    means = done.groupby("arm")[names].mean()
    count = done.groupby("arm").size()
    states = {trial["arm"]: trial["state"] for trial in search["trials"]}
    rows = []
    for arm in study.plan["arms"]:
        own = {n: float(means[n].get(arm["name"], float("nan"))) for n in names}
        reaches = states[arm["name"]] == "complete" and all(own[n] >= least for n, least in search["target"].items())
        told = {"arm": arm["name"], "state": states[arm["name"]], "seeds": int(count.get(arm["name"], 0))}
        rows.append({**told, "reaches": reaches, **arm["levers"], **own})
    found = pd.DataFrame(rows).sort_values(["reaches", search["minimize"]], ascending=[False, True], kind="stable")
    return found.reset_index(drop=True)


def screen(study: StudyRuns) -> RenderableType:
    """The best point and those that come next, for people."""
    search, found = study.plan["search"], points(study)
    wanted = " and ".join(f"{name} ≥ {least:g}" for name, least in search["target"].items())
    head = Text(study.plan["name"], style="bold").append(f"  least {search['minimize']} with {wanted}", "not bold")
    names = list(study.plan["outcomes"])
    made = table("Points tried", ["", "state", "seeds", *study.varied, *names])
    for row in found.head(_MOST).to_dict("records"):
        levers = [
            value if isinstance(value, str) else measured(float(value)) for value in (row[k] for k in study.varied)
        ]
        style = "bold" if row["arm"] == search["best"] else None
        cells = [row["arm"], row["state"], str(row["seeds"]), *levers, *(measured(row[name]) for name in names)]
        made.add_row(*map(escape, cells), style=style)
    given_up = int((found.state == "given up").sum())
    best = f"{search['best']} is best." if search["best"] else "No point reaches the target."
    what = f"{best} {len(found)} points were tried, of which {given_up} were given up before the last seed."
    return Group(*spaced([head, noted(made, what)]))


def record(study: StudyRuns) -> dict[str, Any]:
    """The one object that `simlab search --json` prints."""
    search = study.plan["search"]
    told = {name: search[name] for name in ("minimize", "target", "best")}
    return {"study": study.plan["name"], "out": str(study.path), **told, "points": records(points(study))}
