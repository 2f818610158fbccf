"""What people err in together: misreadings that do not average out, and mistakes about the same items."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

import simlab
from simlab.scenario import load
from tests.small_world import LEARN, Played, built_ins, play, replications, written

POOL = "parties.pool"
DIMENSIONS, MISREADING = 64, 1.5
READERS: dict[str, Any] = {
    "world.dimensions": DIMENSIONS, f"{POOL}.misreading": MISREADING, f"{POOL}.count": 25, f"{LEARN}.sample": 20
}  # fmt: skip


def misread(run: Played, name: str = "pool") -> np.ndarray:
    return np.asarray(run.context.parties[name].cohort.misread)


# ---- misreadings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_people_are_worth_as_many_who_err_apart_as_the_design_effect_says(tmp_path: Path, share: float) -> None:
    """The mean misreading has the variance of n/(1 + (n − 1)r) who err apart (Kish 1965)."""
    shared = {f"{POOL}.shared": share} if share else {}
    means, sizes = [], []
    for run in replications(tmp_path, {**READERS, **shared}, range(30)):
        means.append(float(np.sum(misread(run).mean(axis=0) ** 2)))
        sizes.append(float(np.mean(np.sum(misread(run) ** 2, axis=1))))
    effective = 25 / (1 + 24 * share)
    sampling = np.std(means, ddof=1) / math.sqrt(30)
    assert np.mean(means) == pytest.approx(1 / effective, abs=4 * sampling)
    assert np.mean(sizes) == pytest.approx(1, abs=4 * np.std(sizes, ddof=1) / math.sqrt(30))  # each errs as ever
    if share >= 0.1:
        assert abs(np.mean(means) - 1 / 25) > 4 * sampling  # not as if they erred apart


def correlations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Correlations [R, R'] of people's misreadings, over the dimensions of the world."""
    return np.asarray((a / np.linalg.norm(a, axis=1)[:, None]) @ (b / np.linalg.norm(b, axis=1)[:, None]).T)


def test_one_shift_errs_together_and_two_do_not(tmp_path: Path) -> None:
    shared = {f"{POOL}.shared": {"misreading": 0.6, "within": "shift", "shifts": 2}, "world.dimensions": 400}
    people = misread(play(tmp_path, {**READERS, **shared}))
    early, late = people[::2], people[1::2]
    within = correlations(early, early)[np.triu_indices(len(early), 1)].mean()
    assert within == pytest.approx(0.6, abs=0.06)
    assert correlations(early, late).mean() == pytest.approx(0, abs=0.6 * 4 / math.sqrt(400))


@pytest.mark.parametrize(
    ("within", "together"),
    [({"within": "nation", "nation": "kenya"}, True), ({"within": "vendor"}, True), ({"within": "pool"}, False)],
    ids=["nation", "vendor", "pool"],
)
def test_pools_of_one_nation_or_vendor_err_together(tmp_path: Path, within: dict[str, Any], together: bool) -> None:
    spec = {"kind": "raters", "count": 10, "misreading": 1.0, "shared": {"misreading": 0.7, **within}}
    changes = {
        "world.dimensions": 400, "parties.pool": spec, "parties.crew": spec,
        "relations.4": {"principal": "acme", "agent": "crew", "every": 1, "sample": 0.2},
        "relations.5": {"principal": "crew", "agent": "rm", "every": 1, "sample": 20, "consequence": "gradient"},
    }  # fmt: skip
    run = play(tmp_path, changes)
    found = correlations(misread(run), misread(run, "crew")).mean()
    assert found == pytest.approx(0.7 if together else 0.0, abs=0.2 if not together else 0.08)


def test_what_is_shared_is_bias_of_the_pool_and_not_noise(tmp_path: Path) -> None:
    """Other people would share it, too: a redraw of the pool leaves it as it is."""
    changes = {**READERS, f"{POOL}.count": 100, "waterfall.redraw": ["pool"]}
    links = {}
    for share in (0.0, 0.8):
        shared = {f"{POOL}.shared": share} if share else {}
        rows = play(tmp_path, {**changes, **shared}, measured=True).waterfall
        links[share] = rows[(rows.agent == "pool") & (rows.place > 0)].iloc[-1]
    assert links[0.8].bias > 0.3 > 10 * abs(links[0.0].bias)
    assert links[0.8].noise < 0.05


# ---- mistakes ------------------------------------------------------------------------------------------------------


def twice(folder: Path, flip: float, correlation: float) -> np.ndarray:
    """Whether each of two raters was wrong about the same pairs [pairs, 2]."""
    shared = {f"{POOL}.shared": {"mistakes": correlation}} if correlation else {}
    changes = {f"{POOL}.policy": {"kind": "mistaken", "flip": flip}, f"{POOL}.overlap": 2, f"{LEARN}.sample": 8000}
    rows = play(folder, {**changes, **shared}).comparisons
    wrong = rows.assign(wrong=rows.label != rows.gold).groupby("task").wrong.agg(list)
    return np.array([pair for pair in wrong if len(pair) == 2])


@pytest.mark.parametrize(("flip", "correlation"), [(0.2, 0.0), (0.2, 0.5), (0.1, 0.8), (0.35, 0.3)])
def test_two_are_wrong_together_as_often_as_the_bivariate_normal_says(
    tmp_path: Path, flip: float, correlation: float
) -> None:
    wrong = twice(tmp_path, flip, correlation)
    h, n = norm.ppf(flip), len(wrong)
    both = multivariate_normal.cdf([h, h], cov=[[1, correlation], [correlation, 1]])
    assert n > 3000
    assert wrong.all(axis=1).mean() == pytest.approx(both, abs=4 * math.sqrt(both * (1 - both) / n))
    assert wrong.mean() == pytest.approx(flip, abs=4 * math.sqrt(flip * (1 - flip) / n))  # each as often as ever
    if correlation:
        assert abs(wrong.all(axis=1).mean() - flip**2) > 4 * math.sqrt(both * (1 - both) / n)


def test_auditors_of_the_same_nation_do_not_see_what_raters_do_not(tmp_path: Path) -> None:
    kenya, elsewhere = ({"mistakes": 0.9, "within": "nation", "nation": name} for name in ("kenya", "elsewhere"))
    noisy = {"policy": {"kind": "boltzmann", "temperature": 1.0}}
    scores = {}
    for name, nation in (("same", kenya), ("other", elsewhere)):
        changes = {
            "parties.pool": {"kind": "raters", "count": 8, "shared": kenya, **noisy},
            "parties.leads": {"kind": "auditors", "count": 2, "shared": nation, **noisy},
            "relations.4": {"principal": "leads", "agent": "pool", "every": 1, "sample": 1.0},
            f"{LEARN}.sample": 3000,
        }
        run = play(tmp_path, changes)
        made = run.judgements[run.judgements.principal == "leads"]
        scores[name] = float(np.average(made.score, weights=made["sample"]))
    assert scores["same"] > scores["other"] + 0.1


@pytest.mark.parametrize(
    ("shared", "said"),
    [
        ({"misreading": 0.5, "within": "nation"}, "within: nation and nation: NAME go together"),
        ({"nation": "kenya"}, "within: nation and nation: NAME go together"),
        (1.5, "less than or equal to 1"),
        ({"mistakes": 1.0}, "less than 1"),
        ({"share": 0.5}, "share"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, shared: Any, said: str) -> None:
    with pytest.raises(simlab.InvalidInput) as refused:
        load(written(tmp_path / "s.yaml", {f"{POOL}.shared": shared}), plugins=built_ins())
    assert said in str(refused.value)
    assert "shared" in str(refused.value)
