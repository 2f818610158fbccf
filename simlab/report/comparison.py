"""The comparison of arms: what became different between runs of two arms or more, measure by measure, with intervals.

`compare` returns one row for each measure (`compared_measures`) and pair of arms (`arms`). Of one run an arm, the
difference of mean scores has a bootstrap interval over prompts, which says nothing about other seeds; of several, every
difference is taken seed by seed, as both arms share their random draws, and has a t-interval. `comparison_screen` shows
it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.arrays import Array
from simlab.errors import InvalidInput, Problem
from simlab.measures.statistics import resample
from simlab.names import clip
from simlab.paths import given
from simlab.report.arms import Arms, arms
from simlab.report.compared_measures import CHANGED, COUNTED, SCORE, UNITS, Key, criteria, latest, measured
from simlab.report.study_comparison import compare_arms
from simlab.rng import Streams
from simlab.runs.loading import Run, StudyRuns, load
from simlab.runs.study_folder import is_study

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "measure": "what was measured, at the end of the runs or in the round asked for; sums go up to there",
    "model": "the language model it is about; empty if none in particular",
    "of": "the criterion, party, pair of parties or account",
    "unit": "unit of the values",
    "arm_a": "the base arm",
    "arm_b": "the other arm",
    "a": "value in the base arm, mean over seeds",
    "b": "value in the other arm, mean over seeds",
    "difference": "b less a, mean over seeds; under `changed`, the share of the panel's responses that are different",
    "low": "lower end of the difference's 95 % interval; NaN if there is none",
    "high": "upper end of the same",
    "n": "seeds, or prompts where there is one seed and the interval is over prompts",
    "interval": "what it is over: seeds (paired, t with n - 1 degrees of freedom), prompts (bootstrap), or empty",
}
_EXAMPLES = 4
_REPLICATES = 1000


def compare(
    *paths: Path | str | StudyRuns, by: str | None = None, round: int | None = None, half_width: float | None = None
) -> pd.DataFrame:
    """What changed from the first arm to each other one: one row a measure, arm, and criterion, party or account; of
    a study, one row an outcome and arm.

    A study (its folder, or as it was loaded) is compared by its own outcomes, seed by seed, with intervals by
    Student's t and by bootstrap, and p-values adjusted by Holm: columns are those of
    `study_comparison.COLUMNS`, and with `half_width`, in units of the outcome, `seeds` says how many seeds would make
    an interval of mean ± half_width. There, `by` may also be the end of a setting's path, and `arm` is the default.

    Else `paths` are folders of finished runs, or folders that hold some; `by` is the parameter that tells arms apart
    (`without`, `parties.pool.misreading`, `name`, `seed`), which need not be said where it is plain. Runs are compared
    as they ended, or as they were after `round` trainings of each language model; of what adds up (money, hours,
    labels, separations) all counts that had happened by then. Columns are those of `COLUMNS`; `attrs` says what was
    compared and holds `examples` of responses that changed. Raises InvalidInput if runs of one arm differ in more than
    the seed, and if a run has no such round.

    Measures, by model: `score` and `score_never_compared` (mean of each criterion, of all prompts and of facts held
    out), `changed`, `win_rate` by judge, `on_policy` (gain for each party, as a share of the largest at the same KL)
    and `rho` by pair; by reward model: `accuracy_held_out` and `accuracy_gold`; by pool: `label_accuracy` (share of
    labels as gold says, where it decides), `care` and `turnover` (separations a post); by corporation: `labor_cost`
    (all it paid for labor, vendors included); by account or kind of labor: `money`, `hours`, `pay`, `flops`.
    """
    import pandas as pd

    if by is not None and not isinstance(by, str):
        raise InvalidInput(Problem(f"by={clip(repr(by))} is no name of a parameter", "as in by='parties.pool.wage'"))
    if round is None and len(paths) == 1 and (study := _study(paths[0])) is not None:
        return compare_arms(study, by, half_width)
    if half_width is not None:
        raise InvalidInput(Problem("--half-width is of a study's arms, as they ended", "give one study"))
    found = arms([path.path if isinstance(path, Run) else path for path in paths], by)
    runs = [run for each in found.runs.values() for run in each.values()]
    _require_round(runs, round)
    of_run = {run.path: measured(run, round) for run in runs}
    rows: list[dict[str, Any]] = []
    examples: list[dict[str, Any]] = []
    for arm in found.names[1:]:
        pairs = found.pairs(arm)
        both = [(of_run[one.path], of_run[two.path], _both(one, two, round)) for _, one, two in pairs]
        rows += [{**row, "arm_a": found.names[0], "arm_b": arm} for row in _differences(both)]
        examples += [{"arm_b": arm, "seed": pairs[0][0], **row} for row in _examples(both[0][2])]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    asked = {} if round is None else {"round": round}
    frame.attrs = _about(found) | asked | {"examples": examples, "columns": dict(COLUMNS)}
    return frame


def _study(path: Path | str | StudyRuns) -> StudyRuns | None:
    """The study that is meant, if it is one."""
    if isinstance(path, Run):
        return path if isinstance(path, StudyRuns) else None
    found = load(path) if is_study(given(path)) else None
    return found if isinstance(found, StudyRuns) else None


def _require_round(runs: Sequence[Run], round: int | None) -> None:
    """Every model of every run must have come so far, and have been measured then."""
    if round is None:
        return
    for run in runs:
        each = [set(rounds.tolist()) for _, rounds in run.responses.groupby("agent")["round"]]
        known = sorted(set.intersection(*each)) if each else []
        if not isinstance(round, Integral) or round not in known:
            raise InvalidInput(Problem(f"there is no round {round!r} in this run", _rounds(known), run.path))


def _rounds(known: Sequence[int]) -> str:
    """The rounds of a run, as a fix for another one."""
    if len(known) < 2:
        return "it was measured in round 0 alone"
    if known == list(range(len(known))):
        return f"its rounds are 0 to {known[-1]}"
    return f"it was measured in rounds {', '.join(map(str, known))}: panel.rounds says in which"


def _about(found: Arms) -> dict[str, Any]:
    """What was compared, as plain data."""
    base = next(iter(next(iter(found.runs.values())).values()))
    return {
        "scenario": base.manifest["scenario"],
        "by": found.by,
        "arms": found.names,
        "seeds": {arm: [seed for seed, _, _ in found.pairs(arm)] for arm in found.names[1:]},
        "differ": {path: dict(values) for path, values in found.differ.items()},
        "apart": list(found.apart),
    }


# ---- two runs -----------------------------------------------------------------------------------------------------


def _both(one: Run, two: Run, round: int | None) -> pd.DataFrame:
    """The last responses of two runs (or those of a round) side by side, those of the second with `_b`, and whether
    they `differ`."""
    sides = [latest(run.responses, "agent", round) for run in (one, two)]
    names = [name for name in criteria(sides[0]) if name in sides[1]]
    numbered = [
        side[["agent", "prompt", "response", "force", *names]].assign(nth=side.groupby(["agent", "prompt"]).cumcount())
        for side in sides
    ]
    both = numbered[0].merge(numbered[1].drop(columns="force"), on=["agent", "prompt", "nth"], suffixes=("", "_b"))
    differ = both.response != both.response_b
    for name in names:
        a, b = both[name].astype(float), both[f"{name}_b"].astype(float)
        differ |= ((a - b).abs() > 1e-9) | (a.isna() != b.isna())
    return both.assign(differ=differ)


def _differences(pairs: Sequence[tuple[dict[Key, float], dict[Key, float], pd.DataFrame]]) -> list[dict[str, Any]]:
    """A row for every measure that all pairs of runs have, if it is defined in some."""
    keys = dict.fromkeys(key for one, two, _ in pairs for key in (*one, *two))
    rows = []
    for key in keys:
        values = np.array([[side.get(key, 0.0 if key[0] in COUNTED else math.nan) for side in p[:2]] for p in pairs])
        if all(key in one and key in two for one, two, _ in pairs) or key[0] in COUNTED:
            rows.append(_row(key, values[:, 0], values[:, 1], values[:, 1] - values[:, 0]))
    for model in dict.fromkeys(str(name) for *_, both in pairs for name in both.agent):
        shares = np.array([both.differ[both.agent == model].mean() for *_, both in pairs])
        rows.append(_row((CHANGED, model, "all"), shares * math.nan, shares * math.nan, shares))
    if len(pairs) == 1:
        rows = [{**row, **_over_prompts(row, pairs[0][2])} for row in rows]
    return [row for row in rows if not math.isnan(row["difference"])]


def _row(key: Key, a: Array, b: Array, difference: Array) -> dict[str, Any]:
    """One difference: the means over seeds that have both values, and its t-interval if there are two or more."""
    from scipy.special import stdtrit

    measure, model, of = key
    there = ~np.isnan(difference)
    known, n = difference[there], int(there.sum())
    mean = float(known.mean()) if n else math.nan
    half = float(stdtrit(n - 1, 0.975) * known.std(ddof=1) / math.sqrt(n)) if n > 1 else math.nan
    return {
        "measure": measure, "model": model, "of": of, "unit": UNITS.get(measure, ""),
        "a": _mean(a[there]), "b": _mean(b[there]), "difference": mean, "low": mean - half, "high": mean + half,
        "n": n, "interval": "seeds" if n > 1 else "",
    }  # fmt: skip


def _mean(values: Array) -> float:
    return float(np.nanmean(values)) if not np.isnan(values).all() else math.nan


def _over_prompts(row: Mapping[str, Any], both: pd.DataFrame) -> dict[str, Any]:
    """The interval of a difference of mean scores, or of the share changed, prompts being drawn with replacement."""
    said = both[both.agent == row["model"]]
    if row["measure"] == SCORE:
        a, b = (said[name].astype(float) for name in (row["of"], f"{row['of']}_b"))
    elif row["measure"] == CHANGED:
        a, b = said.differ * 0.0, said.differ.astype(float)
    else:
        return {}
    parts = said[["prompt"]].assign(a=a, n_a=a.notna(), b=b, n_b=b.notna()).groupby("prompt", sort=False).sum()
    sums = parts[["a", "n_a", "b", "n_b"]].to_numpy(dtype=float)

    def difference(drawn: Array) -> Array:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(drawn[:, 2] / drawn[:, 3] - drawn[:, 0] / drawn[:, 1])

    key = Streams(0).key("compare", row["measure"], row["of"])
    low, high = resample(sums, difference, key=key, replicates=_REPLICATES)
    return {"low": low, "high": high, "n": len(sums), "interval": "prompts"}


def _examples(both: pd.DataFrame) -> list[dict[str, Any]]:
    """Responses that became different: of the criteria that changed most, the prompt whose score changed by the
    median amount among those whose score changed; if there are none, any that changed."""
    said = both[both.differ & (both.response != both.response_b)]
    names = [name.removesuffix("_b") for name in said if name.endswith("_b") and name != "response_b"]
    change = {name: said[f"{name}_b"].astype(float) - said[name].astype(float) for name in names}
    chosen: list[Any] = []
    for name in sorted(names, key=lambda n: -abs(change[n].sum())):
        fit = said[(change[name].abs() > 0) & ~said.prompt.isin(said.prompt[chosen])]
        if len(fit) and len(chosen) < _EXAMPLES:
            chosen.append(change[name][fit.index].sort_values(kind="stable").index[len(fit) // 2])
    chosen += [i for i in said.index if i not in chosen][: max(0, min(2, _EXAMPLES) - len(chosen))]
    scores = {"a": names, "b": [f"{name}_b" for name in names]}
    return [
        {
            "model": row["agent"], "prompt": row["prompt"], "a": row["response"], "b": row["response_b"],
            **{f"scores_{s}": {n: _plain(row[c]) for n, c in zip(names, scores[s], strict=True)} for s in scores},
        }
        for row in (said.loc[index].to_dict() for index in chosen)
    ]  # fmt: skip


def _plain(value: Any) -> float | None:
    """A number as JSON has it."""
    return None if value is None or math.isnan(value) else float(value)
