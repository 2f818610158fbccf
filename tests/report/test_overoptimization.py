"""Gold and proxy over KL, and the forms that say what gold does: of a run whose laws are known, and of a study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import simlab
from simlab.errors import InvalidInput
from simlab.report.figures.overoptimization import overoptimization
from simlab.report.overoptimization import CURVE_COLUMNS, FIT_COLUMNS, LEARNED, PICKED, curves, fits
from tests.small_world import HIERARCHY, TRAIN, written

ASKED = {"panel.best_of": {"samples": 256, "prompts": 100}, "panel.learning_curve": {"prompts": 200}}
STUDY = """
name: leashes
scenario: scenario.yaml
seeds: 3
vary: {levers: {relations.3.consequence: [{kind: gradient, shape: {kind: plain, beta: 1.0}},
                                          {kind: gradient, shape: {kind: plain, beta: 0.5}}]}}
outcomes: {gold: learning_curve.utility_users | agent == 'lm' | last}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> simlab.Run:
    folder = tmp_path_factory.mktemp("run")
    said = {**ASKED, f"{TRAIN}.consequence": {"kind": "gradient", "shape": {"kind": "plain", "beta": 0.5}}}
    return simlab.run(written(folder / "scenario.yaml", said), out=folder / "run", local=False)


def test_curves_are_what_the_tables_say(run: simlab.Run) -> None:
    found = curves(run)
    assert list(found) == list(CURVE_COLUMNS) == list(found.attrs["columns"])
    picked, learned = (found[found.method == method] for method in (PICKED, LEARNED))
    rows = run.best_of[run.best_of.party == "users"]
    assert picked.step.tolist() == rows.n.tolist() == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert picked.gain.to_numpy() == pytest.approx(rows.gain.to_numpy(), abs=1e-9)
    assert picked.proxy.iloc[0] == 0 < picked.proxy.iloc[-1]
    looks = run.learning_curve
    assert learned.kl.tolist() == looks.kl_exact.tolist()
    assert learned.gain.tolist() == (looks.utility_users - looks.utility_users[0]).tolist()
    other = curves(run, party="acme", judge="rm")
    assert len(other) == len(found)


def test_of_vectors_gold_goes_on_with_the_square_root(run: simlab.Run) -> None:
    """A tilt gains ρ·|θ|·√2·√KL, and never falls: whatever is fitted beyond says so."""
    learned = fits(curves(run)).query("method == @LEARNED and form == 'proportional'").iloc[0]
    rho = run.alignment.query("order == 1 and a == 'users' and b == 'rm' and round == 1").rho.item()
    assert learned.alpha == pytest.approx(rho * np.sqrt(2), rel=0.05)
    assert learned.alpha != pytest.approx(rho, rel=0.2)
    assert learned.peak_kl == np.inf
    assert np.isnan(learned.error_others)  # of one seed


def test_where_nothing_was_measured(tmp_path: Path, run: simlab.Run) -> None:
    plain = simlab.run(written(tmp_path / "scenario.yaml"), out=tmp_path / "run", local=False)
    with pytest.raises(InvalidInput, match="nothing is known of what users gained"):
        curves(plain)
    with pytest.raises(InvalidInput, match="nothing is known of what pool gained"):
        curves(run, party="pool")


def test_of_a_study(tmp_path: Path) -> None:
    written(tmp_path / "scenario.yaml", ASKED, HIERARCHY)
    (tmp_path / "study.yaml").write_text(STUDY)
    simlab.study(tmp_path / "study.yaml", out=tmp_path / "study", jobs=1)
    found = curves(simlab.load(tmp_path / "study"))
    assert found.groupby("arm").seed.nunique().tolist() == [3, 3]
    far = found[found.method == LEARNED].groupby("arm", sort=False).kl.max()
    assert far.iloc[1] == pytest.approx(4 * far.iloc[0], rel=0.2)  # β is half as large
    table = fits(found)
    assert set(table) == set(FIT_COLUMNS)
    assert len(table) == 2 * 2 * 3
    assert (table.seeds == 3).all()
    picked = table[table.method == PICKED]
    assert (picked.error_others >= picked.error).all()
    near = fits(found, most_kl=1e-9)
    assert near.n.sum() < table.n.sum()
    assert near.alpha.isna().all()  # where nothing has moved there is nothing to fit


def test_the_picture(run: simlab.Run) -> None:
    """One panel for each way to get there, a line for each seed and one for their mean."""
    figure = run.plot.overoptimization()
    picked, learned = figure.axes
    assert (picked.get_title(loc="left"), learned.get_title(loc="left")) == (
        "best of n: gain of users", "policy: gain of users"
    )  # fmt: skip
    rows = curves(run)
    for axes, method in ((picked, PICKED), (learned, LEARNED)):
        drawn = axes.lines[0]
        assert drawn.get_xdata() == pytest.approx(np.sqrt(rows[rows.method == method].kl))
        assert drawn.get_ydata() == pytest.approx(rows[rows.method == method].gain)
    (chart,) = overoptimization(run)
    best = rows.loc[rows[rows.method == PICKED].gain.idxmax()]
    assert f"best of n: {best.gain:.2f} at {best.kl:.2f} nats" in chart.says
