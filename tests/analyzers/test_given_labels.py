"""What raters mark, apart from what they value, against closed forms: chance in labels, and labels that point astray.

Labels of a linear Bradley-Terry model on pairs z ~ N(0, 2I): the direction found from n of them is c·θ plus an error of
variance v/n in each of the other d − 1 directions, where v = B/A² with A = 2·E σ'(ct), t ~ N(0, 2), and B = 2·E(y −
σ(ct))², of which 2·E p(1 − p) is the labels' own chance and the rest that of the pairs (White 1982, Econometrica 50).
Both vanish with ever more labels, so that all that is lost here is noise; labels drawn anew of the same pairs show the
first part only.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm

from simlab.analyzers import given_labels
from simlab.measures.statistics import lengthened, pearson
from simlab.nets.closed_form import fit_linear
from simlab.parties.other_labels import halves, relabelled
from simlab.rankings import Rankings, evidence
from tests import small_world
from tests.small_world import HIERARCHY, LEARN, Played, play_as, replications

MARKS = "pool, as marked"
UNSAID: dict[str, Any] = {"waterfall": {}}  # as where a file says nothing of it: what raters mark is a level


def play(folder: Path, changes: Mapping[str, Any]) -> Played:
    """One run of the small hierarchy, as a user would have it measured."""
    return small_world.play(folder, {**UNSAID, **changes}, measured=True)


def links(run: Played) -> pd.DataFrame:
    """The last round's links, by the level they lead to."""
    rows = run.waterfall[(run.waterfall["round"] == run.waterfall["round"].max()) & (run.waterfall.place > 0)]
    return rows.set_index("agent")


def whole(run: Played) -> pd.Series:
    return run.waterfall[run.waterfall.place == 0].iloc[-1]


def predicted(flip: float, dimensions: int, pairs: int) -> tuple[float, float]:
    """What labels lose that are wrong with chance `flip`, and how much of it is their own chance, the pairs given."""

    def mean(f: Any) -> float:  # over t > 0, to which t < 0 is a mirror
        return 2 * quad(lambda t: f(t) * norm.pdf(t, scale=np.sqrt(2)), 0, 12)[0]

    c = brentq(lambda c: mean(lambda t: (1 - flip - expit(c * t)) * t), 1e-3, 50)
    information = 2 * mean(lambda t: expit(c * t) * expit(-c * t))
    chance = 2 * flip * (1 - flip) / information**2
    misfit = 2 * mean(lambda t: (1 - flip - expit(c * t)) ** 2) / information**2
    per_pair = (dimensions - 1) / pairs
    noisy, shared = c**2 + per_pair * (chance + misfit), c**2 + per_pair * misfit
    return 0.5 * float(np.log(noisy / c**2)), 0.5 * float(np.log(noisy / shared))


POINTS = [(0.3, 2500), (0.315, 3500), (0.15, 1500)]  # 63 % coin tosses among labels are a flip of .315


@pytest.mark.slow
@pytest.mark.parametrize(("flip", "pairs"), POINTS)
def test_chance_in_labels_is_lost_by_those_who_mark(flip: float, pairs: int, tmp_path: Path) -> None:
    """To first order in dimensions over pairs, hence 15 % of margin."""
    size: dict[str, Any] = {"world.dimensions": 64, f"{LEARN}.sample": pairs, "parties.pool.held_out": 0.0}
    changes = {**UNSAID, **size, "parties.pool.policy.flip": flip}
    runs = [links(run) for run in replications(tmp_path, changes, range(4), measured=True)]
    assert all(found.rho["pool"] == pytest.approx(1) for found in runs)  # what they value is as it should be
    assert all(found.loss["rm"] == pytest.approx(0, abs=1e-9) for found in runs)  # and the machine errs no further
    expected, _ = predicted(flip, 64, pairs)
    for values in ([f.loss[MARKS] for f in runs], [f.noise[MARKS] for f in runs]):
        margin = 4 * np.sqrt(2 / 63 / len(runs)) * expected + 0.15 * expected  # a sum of 63 squares, in each run
        assert abs(np.mean(values) - expected) < margin
        assert abs(np.mean(values) - 2 * expected) > margin  # the control: half as many labels


SIZES, DIMENSIONS = (750, 1500, 3000), 32  # pairs
FLIP = 0.1  # with so few wrong labels, a quarter of what they lose comes of which pairs were compared
RUNS = 6


def parts(folder: Path, pairs: int, flip: float, runs: int) -> dict[str, Any]:
    """Loss, noise and bias [runs] of so many labels."""
    size: dict[str, Any] = {"world.dimensions": DIMENSIONS, f"{LEARN}.sample": pairs, "parties.pool.held_out": 0.0}
    changes = {**UNSAID, **size, "parties.pool.policy.flip": flip}
    rows = [links(run).loc[MARKS] for run in replications(folder, changes, range(runs), measured=True)]
    found = {part: np.array([row[part] for row in rows]) for part in ("loss", "noise", "bias")}
    print(pairs, {part: f"{v.mean():.5f} ± {v.std(ddof=1) / np.sqrt(runs):.5f}" for part, v in found.items()})
    return found


@pytest.mark.slow
def test_what_vanishes_with_more_labels_is_no_bias(tmp_path: Path) -> None:
    """A direction can say all that these labels say: no bias, however few they are, and noise as 1/n.

    Noise is told by three redraws of d − 1 squares; to second order, it is larger by some three times what it would be
    in a linear model, since a label says little of a pair that is clear.
    """
    for pairs in SIZES:
        found, (loss, _) = parts(tmp_path, pairs, FLIP, RUNS), predicted(FLIP, DIMENSIONS, pairs)
        assert abs(found["bias"].mean()) < 4 * found["bias"].std(ddof=1) / np.sqrt(RUNS)
        margin = 4 * np.sqrt((2 / 3 + 1 / 3) / (DIMENSIONS - 1) / RUNS) + 3 * DIMENSIONS / pairs
        assert abs(found["noise"].mean() - loss) < margin * loss


@pytest.mark.slow
def test_other_labels_of_the_same_pairs_would_not_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who never errs says the same of the same pairs, and all that these lose would pass for a bias that shrinks."""
    few, many = (parts(tmp_path, pairs, 0.0, 3) for pairs in (200, 800))
    assert few["noise"].mean() > 2 * many["noise"].mean() > 0
    monkeypatch.setattr("simlab.analyzers.given_labels.compared_anew", lambda *all_of_it, known: relabelled(*all_of_it))
    few, many = (parts(tmp_path, pairs, 0.0, 3) for pairs in (200, 800))
    assert few["noise"].max() < 1e-9
    assert few["bias"].min() > 2 * many["bias"].max() > 0


@pytest.mark.slow
def test_two_halves_say_of_all_what_other_pairs_would(tmp_path: Path) -> None:
    """Where to compare anew costs networks, halves without a task in common take its place, stepped up; the control is
    not to step up."""
    size: dict[str, Any] = {"world.dimensions": 64, f"{LEARN}.sample": 3000, "parties.pool.held_out": 0.0}
    noise: list[tuple[float, float]] = []
    for run in replications(tmp_path, {**size, "parties.pool.policy.flip": 0.3}, range(RUNS)):
        every = Rankings.together(run.context.parties["rm"].memory)
        both = halves(every, 1)
        assert sorted(np.concatenate([half.task for half in both]).tolist()) == sorted(every.task.tolist())
        one, other = (fit(half) for half in both)
        half = pearson(one, other)  # items are isotropic, and directions point the same way
        noise.append((-0.5 * np.log(lengthened(half, 2)), -0.5 * np.log(half)))
    loss, _ = predicted(0.3, 64, 3000)
    found, control = np.mean(noise, axis=0)
    margin = 4 * np.sqrt(2 / 63 / RUNS) * loss + 0.15 * loss  # as above
    assert abs(found - loss) < margin
    assert abs(control - loss) > margin


def fit(rankings: Rankings) -> Any:
    """The direction [D] that explains these labels best."""
    difference, wins, _ = evidence(rankings, np.arange(len(rankings)))
    return fit_linear(difference, np.zeros(len(wins)), shares=wins)


@pytest.mark.slow
@pytest.mark.parametrize("cosine", [0.9, 0.8, 0.6])
def test_labels_that_point_elsewhere_are_biased(cosine: float, tmp_path: Path) -> None:
    """People who know what is asked, and mark by values of their own: no more labels would undo it."""
    values = {"helpful": cosine, "brand": float(np.sqrt(1 - cosine**2))}
    changes: Mapping[str, Any] = {
        "parties.pool.values": values,
        "parties.pool.policy": {"kind": "own_values", "clear": 0.0},
        f"{LEARN}.sample": 3000,
    }
    found = links(play(tmp_path, changes))
    assert found.rho["pool"] == pytest.approx(1)
    assert found.noise[MARKS] < 1e-3  # they never toss a coin, and in eight dimensions other pairs say the same
    assert found.bias[MARKS] == pytest.approx(-np.log(cosine), abs=0.05)
    assert found.loss["rm"] == pytest.approx(0, abs=1e-9)
    assert found.share[MARKS] == pytest.approx(1, abs=0.01)


def test_whom_a_machine_answers_for_values_the_same(tmp_path: Path) -> None:
    changes = {
        "days": 2,
        "parties.pool.delegation": {"share": 1.0, "to": "rm"},
        "parties.pool.policy.flip": 0.35,
        f"{LEARN}.sample": 100,
    }
    run = play(tmp_path, changes)
    found, pairs = links(run), run.alignment
    both = pairs[(pairs.order == 1) & (pairs.a == "acme") & (pairs.b == "pool")].rho.iloc[-1]
    assert both < 0.97  # what they go by now is the machine's
    assert found.rho["pool"] == pytest.approx(1)
    assert found.loss[MARKS] > 0.03


@pytest.mark.slow
def test_many_labels_are_judged_by_some_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reliability of all, stepped up from that of a quarter."""
    changes = {"parties.pool.policy.flip": 0.3, "world.dimensions": 32, f"{LEARN}.sample": 8192}
    some = links(play(tmp_path, changes)).noise[MARKS]
    monkeypatch.setattr("simlab.analyzers.given_labels.ENOUGH", 8192)
    every = links(play(tmp_path, changes)).noise[MARKS]
    assert some == pytest.approx(every, rel=0.4)
    assert abs(some - 4 * every) > 0.4 * every  # the control: as if there were no more than the quarter


def test_what_is_written_is_followed(tmp_path: Path) -> None:
    """A path or redraws that are written leave no other level in between, unless that is written, too."""
    said = {"path": ["users", "acme", "pool", "rm", "lm"]}
    assert MARKS not in links(play(tmp_path, {"waterfall": said})).index
    assert MARKS in links(play(tmp_path, {"waterfall": {**said, "marks": True}})).index
    assert MARKS not in links(play(tmp_path, {"waterfall": {"marks": False}})).index


# ---- several parties on one level ------------------------------------------------------------------------------------

VENDORS: dict[str, Any] = {
    **HIERARCHY,
    **UNSAID,
    "world": {"kind": "gaussian", "dimensions": 64},
    "parties": {
        **{name: HIERARCHY["parties"][name] for name in ("users", "acme", "rm", "lm")},
        "relay": {"kind": "vendor", "misreading": 0.0},
        "click": {"kind": "vendor", "misreading": 1.0},
        "north": {"kind": "raters", "count": 6, "policy": {"kind": "mistaken", "flip": 0.0}},
        "south": {"kind": "raters", "count": 6, "policy": {"kind": "mistaken", "flip": 0.0}},
    },
    "relations": [
        HIERARCHY["relations"][0],
        {"principal": "acme", "agent": "relay", "every": 1, "sample": 0.2},
        {"principal": "acme", "agent": "click", "every": 1, "sample": 0.2},
        {"principal": "relay", "agent": "north", "every": 1, "sample": 0.2},
        {"principal": "click", "agent": "south", "every": 1, "sample": 0.2},
        {"principal": "north", "agent": "rm", "every": 1, "sample": 2000, "consequence": "gradient"},
        {"principal": "south", "agent": "rm", "every": 1, "sample": 2000, "consequence": "gradient"},
        HIERARCHY["relations"][3],
    ],
}


@pytest.mark.slow
def test_two_vendors_are_one_level(tmp_path: Path) -> None:
    """One reads g, the other g + e of length √2: together they stand at their labels' weights between the two."""
    run = play_as(VENDORS, tmp_path, {"relations.5.sample": 6000})
    found = links(run)
    names = ["acme", "relay + click", "north + south", "north + south, as marked", "rm", "lm"]
    assert list(found.index) == names
    assert set(run.waterfall.path) == {"users → acme → relay + click → north + south → rm → lm"}
    labels = run.comparisons[~run.comparisons.held_out].principal.value_counts(normalize=True)
    misread = run.alignment[(run.alignment.a == "acme") & (run.alignment.b == "click")].rho.iloc[-1]
    a, b = labels["north"], labels["south"]
    assert found.rho["relay + click"] == pytest.approx(
        (a + b * misread) / np.sqrt(a**2 + b**2 + 2 * a * b * misread), abs=0.01
    )
    assert found.rho["relay + click"] > misread + 0.1
    assert found.rho["north + south"] == pytest.approx(1, abs=0.01)
    assert found.loss["rm"] == pytest.approx(0, abs=1e-9)
    assert found.share.sum() == pytest.approx(1)
    assert whole(run).share == pytest.approx(whole(run).loss / found.loss.sum())
    assert abs(whole(run).side_channel) < 0.1 * whole(run).loss


@pytest.mark.slow
def test_one_path_of_two_is_what_the_other_counts_as_error_on(tmp_path: Path) -> None:
    """The control: along one vendor only, the other's misreading looks like the machine's bias."""
    run = play_as(VENDORS, tmp_path, {"waterfall.path": ["users", "acme", "relay", "north", "rm", "lm"]})
    assert links(run).loss["rm"] > 0.05


@pytest.mark.slow
def test_a_pool_without_a_vendor_stands_beside_one_that_has(tmp_path: Path) -> None:
    own = [{"principal": "acme", "agent": "north", "every": 1, "sample": 0.2}]
    relations = [r for r in VENDORS["relations"] if "relay" not in (r["principal"], r["agent"])]
    parties = {name: party for name, party in VENDORS["parties"].items() if name != "relay"}
    found = links(play_as({**VENDORS, "parties": parties, "relations": [*relations, *own]}, tmp_path))
    assert list(found.index)[:3] == ["acme", "acme + click", "north + south"]
    assert found.rho["north + south"] == pytest.approx(1, abs=0.01)


def test_labels_are_drawn_anew_most_often_in_the_last_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each pair of redraws the correlation; that of one pair of them tells an earlier round's chance well enough."""
    asked: list[int] = []
    again = given_labels._Direction.again

    def counted(self: Any, number: int) -> list[Rankings]:
        asked.append(number)
        return again(self, number)

    monkeypatch.setattr(given_labels._Direction, "again", counted)
    rows = play(tmp_path, {"days": 3}).waterfall
    assert asked == [0, 1, 0, 1, 0, 1, 2]
    assert rows[(rows.agent == MARKS) & (rows["round"] > 0)].noise.notna().all()
