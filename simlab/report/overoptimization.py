"""Overoptimization, from the tables `best_of` and `learning_curve` of a run or of all runs of a study: gold and proxy
over KL, and how well the forms of Gao et al. (2022, arXiv:2210.10760) say what gold does.

    from simlab.report.overoptimization import curves, fits

    found = curves(simlab.load("studies/overoptimization"))
    print(fits(found).round(3))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from simlab.errors import InvalidInput, Problem
from simlab.measures.overoptimization import FORMS, Curve, error_beyond, error_of_others, fitted, together
from simlab.tables.columns import UTILITY

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import Run

PICKED, LEARNED = "best of n", "policy"
CURVE_COLUMNS = {
    "arm": "arm of the study; of runs that are no study, the run",
    "seed": "seed of the run",
    "method": f"{PICKED!r}: responses of the reference are picked; {LEARNED!r}: a language model learns",
    "step": "n, or batches it has learned from",
    "kl": "KL from the reference, nats: as responses have it of the best of n, exact by tokens of a policy",
    "proxy": "mean pay by the reward model, less that of the reference's responses",
    "gain": "mean utility of the party, less that of the reference's responses",
}
FIT_COLUMNS = {
    "arm": "as in the curves",
    "method": "as in the curves",
    "form": "best_of_n d(α − βd), policy d(α − β ln d), or the control, proportional αd; d = √KL",
    "alpha": "α, utility per √nat",
    "beta": "β",
    "peak_kl": "KL at which gold is highest by the form; infinite if it never falls",
    "error": "root mean squared error of the fit to all seeds, in units of utility",
    "error_others": "the same of each seed by a fit to all other seeds; NaN for a single one",
    "error_beyond": "the same beyond half of the largest √KL by a fit to what is nearer",
    "n": "points",
    "seeds": "seeds",
}


def curves(run: Run, party: str = "users", judge: str = "") -> pd.DataFrame:
    """Gold of a party and proxy over KL: one row a run, method and step, as in CURVE_COLUMNS; of the first round,
    before which the model is its own reference. `judge` is the reward model (the first there is, unless it is given).

    Raises InvalidInput where no run has measured either, or nothing about this party.
    """
    import pandas as pd

    parts = [_picked(run, party, judge), _learned(run, party, judge)]
    found = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    if found.empty:
        what = f"nothing is known of what {party} gained on the way"
        fix = "panel.best_of={} or panel.learning_curve={} measure it, for whom responses are meant"
        raise InvalidInput(Problem(what, fix, run.path))
    found.attrs = {"columns": CURVE_COLUMNS}
    return found


def fits(found: pd.DataFrame, by: Sequence[str] = ("arm", "method"), most_kl: float = float("inf")) -> pd.DataFrame:
    """Each form fitted to what `curves` found, for every arm and method: columns as in FIT_COLUMNS. Points at KL beyond
    `most_kl` are left out; of forms for which there are too few points everything is NaN."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    near = found[found.kl <= most_kl]
    for key, part in near.groupby(list(by), sort=False):
        several: list[Curve] = [(c.kl.to_numpy(), c.gain.to_numpy()) for _, c in part.groupby(["arm", "seed"])]
        kl, _ = together(several)
        for form in FORMS:
            about = {"form": form, "n": len(kl), "seeds": len(several)}
            rows.append(dict(zip(by, key, strict=True)) | about | _fit(form, several))
    table = pd.DataFrame(rows, columns=[*by, *(c for c in FIT_COLUMNS if c not in ("arm", "method"))])
    table.attrs = {"columns": FIT_COLUMNS}
    return table


def _fit(form: str, several: Sequence[Curve]) -> dict[str, float]:
    """What a form makes of the curves of several seeds; nothing where their points are too few."""
    kl, gain = together(several)
    try:
        fit = fitted(form, kl, gain)
    except ValueError:
        return {}
    return {
        "alpha": fit.alpha,
        "beta": fit.beta,
        "peak_kl": fit.peak,
        "error": fit.error(kl, gain),
        "error_others": error_of_others(form, several),
        "error_beyond": error_beyond(form, several, float(kl.max()) / 4),
    }


def _picked(run: Run, party: str, judge: str) -> pd.DataFrame:
    rows = run.tables.get("best_of")
    if rows is None or rows.empty:
        return _empty()
    rows = rows[(rows.source == "reference") & (rows.party == party)]
    rows = _of_judge(rows[rows["round"] == rows["round"].min()], "judge", judge)
    return _columns(rows, PICKED, step=rows.n, kl=rows.kl, proxy=rows.proxy, gold=rows.gold)


def _learned(run: Run, party: str, judge: str) -> pd.DataFrame:
    rows = run.tables.get("learning_curve")
    if rows is None or rows.empty or f"{UTILITY}{party}" not in rows or rows[f"{UTILITY}{party}"].isna().all():
        return _empty()
    rows = _of_judge(rows[rows["round"] == rows["round"].min()], "principal", judge)
    gold = rows[f"{UTILITY}{party}"]
    return _columns(rows, LEARNED, step=rows.iteration, kl=rows.kl_exact, proxy=rows.proxy, gold=gold)


def _of_judge(rows: pd.DataFrame, column: str, judge: str) -> pd.DataFrame:
    return rows[rows[column] == (judge or rows[column].iloc[0])] if len(rows) else rows


def _columns(rows: pd.DataFrame, method: str, **values: Any) -> pd.DataFrame:
    """Rows in order of steps, with proxy and gold less those of each run's first."""
    import pandas as pd

    if rows.empty:
        return _empty()
    arm = rows["arm"] if "arm" in rows else rows["run"]
    seed = rows.get("seed", 0)
    found = pd.DataFrame({"arm": arm.astype(str), "seed": seed, "method": method, **values}).sort_values(
        ["arm", "seed", "step"], kind="stable", key=lambda c: c if c.name == "step" else c.map(_ranks(c))
    )
    runs = found.groupby(["arm", "seed"], sort=False)
    found["proxy"] -= runs.proxy.transform("first")
    found["gain"] = found["gold"] - runs.gold.transform("first")
    return found[list(CURVE_COLUMNS)].reset_index(drop=True)


def _ranks(column: pd.Series) -> dict[Any, int]:
    """The order in which values first stand in a column."""
    return {value: place for place, value in enumerate(column.drop_duplicates())}


def _empty() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns=list(CURVE_COLUMNS))
