"""Analysis of studies: comparisons, response curves, sensitivity, search; of runs that a formula makes up."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simlab
from simlab.cli import main
from simlab.errors import InvalidInput
from simlab.measures.paired import seeds_needed
from simlab.report.response import response
from simlab.report.search_screen import points
from simlab.report.sensitivity import sensitivity
from simlab.report.study_comparison import compare_arms
from simlab.studies.search import run_search
from simlab.studies.study import run_study
from tests.studies.made_up import Formula, MadeUp
from tests.studies.small_study import study_file

WAGE, COUNT = "parties.pool.wage", "parties.pool.count"
RANGES = {WAGE: {"from": 4.0, "to": 40.0}, COUNT: {"from": 2, "to": 32, "whole": True}}
FREE = {"hypotheses": [], "outcomes": {"right": "judgements.score | mean", "labor": "labor_dollars"}}


def noise(seed: int, scale: float = 1.0) -> float:
    """The same under every arm, as draws that arms share."""
    return float(np.random.default_rng(seed).normal()) * scale


def made(folder: Path, formula: Formula, **changes: Any) -> simlab.StudyRuns:
    file = study_file(folder, {**FREE, **changes})
    return run_study(file, out=folder / "out", jobs=1, local=False, executor=MadeUp(formula))


# ---- compare -------------------------------------------------------------------------------------------------------


def paid(settings: Mapping[str, Any], seed: int) -> dict[str, float]:
    """Labels get better with wages, by the same under every seed but for a little."""
    wage = settings.get(WAGE, 10)
    return {"right": 0.01 * wage + noise(seed) + noise(seed + int(wage), 0.001), "labor": 10.0 * wage}


@pytest.fixture
def wages(tmp_path: Path) -> simlab.StudyRuns:
    return made(tmp_path, paid, vary={"levers": {WAGE: [4, 9, 16]}}, seeds=6)


def test_arms_are_compared_seed_by_seed(wages: simlab.StudyRuns) -> None:
    """Noise that arms share cancels: intervals are of the little that they do not."""
    found = compare_arms(wages, "wage", 0.0005).set_index(["outcome", WAGE])
    for wage in (9, 16):
        row = found.loc[("right", wage)]
        assert row["mean"] == pytest.approx(0.01 * (wage - 4), abs=4 * row.se)
        assert row.high - row.low < 0.01
        assert row.seeds == seeds_needed(row.se, 6, 0.0005)
    rows = found.loc["right"]
    assert sorted(rows.p_holm) == pytest.approx(sorted([min(rows.p) * 2, max(*(rows.p), min(rows.p) * 2)]))
    assert found.loc[("labor", 16), "mean"] == 120


def test_the_command_shows_them(wages: simlab.StudyRuns, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(wages.path), "--by", WAGE, "--half-width", "0.01"]) == 0
    assert "for ± 0.01" in capsys.readouterr().out
    assert main(["compare", str(wages.path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["by"], len(said["differences"])) == ("arm", 4)
    for wrong in (
        *(["--by", by] for by in ("wag", "seed", "run", "right")),  # runs are matched by seed
        *(["--half-width", w] for w in ("-1", "nan", "inf")),
        ["--round", "1", "--half-width", "1"],
    ):
        assert main(["compare", str(wages.path), *wrong]) == 2


@pytest.mark.parametrize(
    ("lever", "values", "base", "told"),
    [
        ("parties.pool.shared", [None, 0.5], "null", [0.5]),
        ("parties.pool.shared", [0.5, {"misreading": 0.3}, None], "0.5", ['{"misreading": 0.3}', "null"]),
        ("waterfall.redraw", [[], ["pool"]], "[]", ['["pool"]']),
    ],
)
def test_a_lever_may_have_any_values(
    lever: str, values: list[Any], base: str, told: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Null, lists, mappings, and several kinds at once are values like others, by which arms are told apart."""

    def placed(settings: Mapping[str, Any], seed: int) -> dict[str, float]:
        return {"right": values.index(settings[lever]) + noise(seed), "labor": 10.0 * settings[WAGE]}

    study = made(tmp_path, placed, vary={"levers": {WAGE: [4, 9], lever: values}}, seeds=3)
    found = compare_arms(study, lever).query("outcome == 'right'")
    assert found["mean"].tolist() == pytest.approx([float(place) for place in range(1, len(values))])
    assert found.n.tolist() == [3] * (len(values) - 1)
    assert found[lever].astype(object).fillna("null").tolist() == told
    assert found.less.astype(object).fillna("null").astype(str).eq(base).all()
    assert main(["compare", str(study.path), "--by", lever]) == 0
    screen = capsys.readouterr().out
    assert f"{lever}, to {base}" in screen
    assert "nan" not in screen
    by_wage = compare_arms(study, "wage").set_index("outcome")
    assert by_wage.loc["labor", "mean"] == 50
    assert by_wage.loc["labor", "n"] == 3


def test_what_is_small_is_not_shown_as_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A difference of 2e-5 is shown; and what is left of sums that cancel is nothing."""

    def rare(settings: Mapping[str, Any], seed: int) -> dict[str, float]:
        right = 4e-4 + 1e-5 * seed + 2e-5 * (settings[WAGE] > 4) + noise(seed + settings[WAGE], 1e-7)
        return {"right": right, "labor": 1e-17 * seed}

    study = made(tmp_path, rare, vary={"levers": {WAGE: [4, 9]}}, seeds=4)
    file = str(study.path / "study.yaml")
    for command in (["study", file, "--out", str(study.path), "--no-local-plugins"], ["compare", str(study.path)]):
        assert main(command) == 0
        screen = " ".join(capsys.readouterr().out.split())
        assert re.search(r"\+(1\.9|2|2\.\d)e-05 (1\.\d|2)e-05 to (2|2\.\d)e-05", screen)
        assert "e-17" not in screen


def test_means_over_unequal_seeds_are_remarked_upon(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Else the difference beside two means, which is over seeds that both have, would seem wrong."""

    def holed(settings: Mapping[str, Any], seed: int) -> dict[str, float]:
        return {"right": float(seed), **({"labor": float(seed)} if (settings[WAGE], seed) != (9, 3) else {})}

    study = made(tmp_path, holed, vary={"levers": {WAGE: [4, 9]}}, seeds=[1, 2, 3])
    said = ["study", str(study.path / "study.yaml"), "--out", str(study.path), "--no-local-plugins"]
    assert main(said) == 0
    screen = " ".join(capsys.readouterr().out.split())
    assert "Means are over the seeds that gave a number" in screen


def test_where_nothing_can_be_matched_the_screen_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Points that differ in two settings at once have no counterpart that differs in one."""
    study = made(tmp_path, paid, vary={"levers": RANGES, "design": "latin_hypercube", "points": 3}, seeds=2)
    for by, said in (("wage", True), ("arm", False)):
        assert main(["compare", str(study.path), "--by", by]) == 0
        assert ("no two runs that gave a number are so matched" in capsys.readouterr().out) == said


def test_in_python_it_is_the_same(wages: simlab.StudyRuns, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a study that was loaded, of its folder, and as the command has it."""
    found = simlab.compare(wages, by="wage", half_width=0.01)
    assert found.equals(compare_arms(wages, "wage", 0.01))
    assert found.equals(simlab.compare(wages.path, by="wage", half_width=0.01))
    assert main(["compare", str(wages.path), "--by", "wage", "--half-width", "0.01", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [[row[name] for name in ("mean", "p_holm", "n")] for row in said["differences"]] == (
        found[["mean", "p_holm", "n"]].to_numpy().tolist()
    )
    assert set(found.attrs["columns"]) == set(found) > {"p_holm", "boot_low", "seeds"}
    assert "seeds" not in simlab.compare(wages)
    with pytest.raises(InvalidInput, match="half-width is of a study"):
        simlab.compare(wages.path, wages.path, half_width=0.01)
    with pytest.raises(InvalidInput, match=r"half-width 0\.01 \(give a number above 0"):
        simlab.compare(wages, half_width="0.01")  # type: ignore[arg-type]


def test_response_curves_follow_the_lever(wages: simlab.StudyRuns) -> None:
    found = response(wages, "wage", "labor")
    assert list(found[WAGE]) == [4, 9, 16]
    assert list(found["mean"]) == [40, 90, 160]
    assert (found.n == 6).all()
    with pytest.raises(InvalidInput, match="not a number"):
        response(wages, "arm")


def test_a_spread_lever_is_cut_into_parts(tmp_path: Path) -> None:
    vary = {"levers": RANGES, "design": "latin_hypercube", "points": 60}
    found = response(made(tmp_path, paid, vary=vary, seeds=1), WAGE, "labor", bins=6)
    assert (found.n == 10).all()
    assert found["mean"].to_numpy() == pytest.approx(10 * found[WAGE].to_numpy())
    assert ((found.low < found["mean"]) & (found["mean"] < found.high)).all()


# ---- sensitivity ---------------------------------------------------------------------------------------------------


def product(settings: Mapping[str, Any], seed: int) -> dict[str, float]:
    """Linear in wages, indifferent to how many there are."""
    return {"right": 2 * settings[WAGE] + noise(seed), "labor": settings[WAGE] * settings[COUNT]}


@pytest.mark.slow
@pytest.mark.parametrize(("design", "points", "runs"), [("saltelli", 32, 128), ("morris", 10, 30)])
def test_a_study_says_what_its_outcomes_hang_on(
    design: str, points: int, runs: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("SALib")
    vary = {"levers": RANGES, "design": design, "points": points}
    study = made(tmp_path, product, vary=vary, seeds=1)
    assert len(study.outcomes) == runs
    found = sensitivity(study).set_index(["outcome", "setting"])
    if design == "morris":
        assert found.loc[("right", WAGE), "mu"] == pytest.approx(72)  # 2 × the range of wages
        assert found.loc[("right", COUNT), "mu_star"] == 0
    else:
        assert found.loc[("right", WAGE), "total"] == pytest.approx(1, abs=0.1)
        assert found.loc[("right", COUNT), "total"] == 0
        assert found.loc[("labor", COUNT), "total"] > 0.3
    assert main(["sensitivity", str(study.path)]) == 0
    assert "Sensitivity" in capsys.readouterr().out


def test_a_point_of_which_some_seeds_gave_no_number_has_no_mean(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its mean over the other seeds would have their noise for an effect of settings."""
    pytest.importorskip("SALib")

    def holed(settings: Mapping[str, Any], seed: int) -> dict[str, float]:
        found = product(settings, seed)
        return found if (settings[WAGE], seed) != (40.0, 4) else {"labor": found["labor"]}

    study = made(tmp_path, holed, vary={"levers": RANGES, "design": "morris", "points": 4}, seeds=[3, 4])
    found = sensitivity(study).set_index(["outcome", "setting"])
    assert found.loc["right", "mu"].isna().all()
    assert found.loc[("labor", COUNT), "mu"] > 0
    assert main(["sensitivity", str(study.path)]) == 0
    many = int(study.outcomes.right.isna().sum())
    assert f"Of right, {many} runs give no number" in " ".join(capsys.readouterr().out.split())
    next(iter(study.path.glob("rows/*/4.json"))).unlink()
    with pytest.raises(InvalidInput, match="1 of 12 points lack runs yet"):
        sensitivity(simlab.load(study.path))  # type: ignore[arg-type]


def test_other_designs_have_no_indices(wages: simlab.StudyRuns) -> None:
    with pytest.raises(InvalidInput, match="design: saltelli"):
        sensitivity(wages)


# ---- search --------------------------------------------------------------------------------------------------------

TARGET = 0.8
SEARCH = {"minimize": "labor", "target": {"right": TARGET}, "trials": 40}


def saturating(settings: Mapping[str, Any], seed: int) -> dict[str, float]:
    """Labels are right at 1 − exp(−wage/10), whoever labels: $16.09 make .8."""
    wage = settings[WAGE]
    return {"right": 1 - math.exp(-wage / 10) + noise(seed, 0.002), "labor": wage * settings[COUNT]}


def searched(folder: Path, executor: MadeUp, **changes: Any) -> simlab.StudyRuns:
    said = {**FREE, "vary": {"levers": RANGES}, "search": SEARCH, "seeds": 6, **changes}
    return run_search(study_file(folder, said), out=folder / "out", local=False, executor=executor)


@pytest.mark.slow
def test_the_cheapest_point_that_reaches_the_target_is_found(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    executor = MadeUp(saturating)
    study = searched(tmp_path, executor)
    found = points(study)
    best = found.iloc[0]
    assert best.arm == study.plan["search"]["best"]
    assert best.right >= TARGET
    reached = found[found.reaches]
    assert best.labor == reached.labor.min()
    assert best.labor < 3 * 10 * math.log(5) * 2  # thrice the least there is: two people at $16.09
    given_up = found[found.state == "given up"]
    assert len(given_up) > 5
    assert (given_up.seeds < 6).all()
    assert executor.performed == found.seeds.sum() < 40 * 6
    again = MadeUp(saturating)
    assert points(searched(tmp_path, again)).equals(found)
    assert again.performed == 0


def test_a_target_beyond_reach_has_no_best(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("optuna")
    study = searched(tmp_path, MadeUp(saturating), search={**SEARCH, "target": {"right": 2.0}, "trials": 4})
    assert study.plan["search"]["best"] is None
    assert not points(study).reaches.any()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"search": {**SEARCH, "minimize": "labour"}}, "there is no outcome 'labour'"),
        ({"search": {**SEARCH, "target": {}}}, "target"),
        ({"vary": {}}, "over levers, and over them alone"),
        ({"vary": {"levers": {WAGE: {"from": -4, "to": 4}}}}, "greater than or equal to 0"),
    ],
)
def test_mistakes_are_told_with_their_line(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=said) as caught:
        searched(tmp_path, MadeUp(saturating), **changes)
    assert int(str(caught.value).split(":")[1]) > 1


def test_studies_and_searches_are_not_taken_for_each_other(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="simlab search"):
        made(tmp_path, saturating, vary={"levers": RANGES}, search=SEARCH)
    with pytest.raises(InvalidInput, match="says nothing to search for"):
        run_search(study_file(tmp_path), out=tmp_path / "other", local=False)
