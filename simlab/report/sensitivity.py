"""Which settings a study's outcomes hang on: indices of sensitivity, as a table and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text

from simlab.errors import InvalidInput, Problem
from simlab.measures.sensitivity import MORRIS, SOBOL, morris, sobol
from simlab.names import clip
from simlab.report.layout import measured, noted, spaced, table
from simlab.report.records import records

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import StudyRuns

INDICES = {"saltelli": SOBOL, "morris": MORRIS}
_NOTES = {
    "saltelli": (
        "Shares of the variance, over the design, of an outcome's mean over seeds: of a setting by itself, and with all"
        " it does together with others; ± half of the 95 % interval over points (bootstrap)."
    ),
    "morris": (
        "Elementary effects on an outcome's mean over seeds, over a setting's whole range: mean, mean size with half of"
        " its 95 % interval, and standard deviation (interaction, or a bend)."
    ),
}


def sensitivity(study: StudyRuns) -> pd.DataFrame:
    """A row for each outcome, form of the scenario and setting that varies: of a design `saltelli` Sobol's indices
    `first` and `total`, of a design `morris` `mu`, `mu_star` and `sigma` (see `measures.sensitivity`), of the outcome's
    mean over seeds. NaN where the outcome does not vary, or some run has none.

    Raises InvalidInput if the study has another design, or runs are missing.
    """
    import pandas as pd

    design = study.plan.get("design", {})
    names = INDICES.get(design.get("kind", ""))
    if names is None:
        fix = "design: saltelli, points: 64 (or morris, points: 10)"
        raise InvalidInput(Problem("its design is none of which indices can be made", fix, study.path))
    shares = np.asarray(design["shares"], dtype=float)
    asked, seeds = list(study.plan["outcomes"]), len(study.plan["seeds"])
    points = study.outcomes.groupby("arm")
    ended, means = points.size(), points[asked].mean().where(points[asked].count() == seeds)
    found: list[dict[str, Any]] = []
    for form in dict.fromkeys(arm["form"] for arm in study.plan["arms"]):
        arms = [arm["name"] for arm in study.plan["arms"] if arm["form"] == form]
        if missing := [name for name in arms if ended.get(name, 0) < seeds]:
            what = f"{len(missing)} of {len(arms)} points lack runs yet"
            raise InvalidInput(Problem(what, "the command that began the study goes on", study.path))
        for outcome in asked:
            indices = _indices(shares, means.loc[arms, outcome].to_numpy(dtype=float), design["kind"])
            for number, setting in enumerate(study.varied):
                told = {"outcome": outcome, "form": form, "setting": setting}
                found.append(told | {name: float(indices[name][number]) for name in names})
    made = pd.DataFrame(found, columns=["outcome", "form", "setting", *names])
    made.attrs = {"study": study.plan["name"], "design": design["kind"], "points": len(shares)}
    made.attrs["without_number"] = {name: int(study.outcomes[name].isna().sum()) for name in asked}
    return made


def _indices(shares: Any, values: Any, kind: str) -> dict[str, Any]:
    settings = shares.shape[1]
    if not np.isfinite(values).all():
        return {name: np.full(settings, np.nan) for name in INDICES[kind]}
    return sobol(values, settings) if kind == "saltelli" else morris(shares, values)


def screen(found: pd.DataFrame) -> RenderableType:
    """The indices for people."""
    about = found.attrs
    names = INDICES[about["design"]]
    head = Text(about["study"], style="bold").append(f"  {about['design']}, {about['points']} points", "not bold")
    forms = found.form.nunique() > 1
    made = table(
        "Sensitivity", ["", *(["form"] if forms else []), "setting", *(n.replace("_conf", " ±") for n in names)]
    )
    before = ""
    for row in found.to_dict("records"):
        said = [row["outcome"] if row["outcome"] != before else "", *([row["form"]] if forms else []), row["setting"]]
        made.add_row(*(escape(clip(text, 60)) for text in said), *(measured(row[name]) for name in names))
        before = row["outcome"]
    none = [
        f" Of {name}, {many} runs give no number: there are no indices."
        for name, many in about["without_number"].items()
        if many
    ]
    return Group(*spaced([head, noted(made, _NOTES[about["design"]] + "".join(none))]))


def record(found: pd.DataFrame) -> dict[str, Any]:
    """The same as JSON has it."""
    return {**found.attrs, "indices": records(found)}
