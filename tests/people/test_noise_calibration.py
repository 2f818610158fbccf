"""Noise set by a target agreement rate."""

import re
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from simlab.components.choice_noise import clear_pairs, expected_agreement, temperature_for
from simlab.errors import InvalidInput
from simlab.machines import candidates
from simlab.report.summary_screen import alerts
from simlab.runs.loading import Run
from tests.loading import load
from tests.small_world import play, played, written

RNG = np.random.default_rng(5)
ALIKE = np.repeat(RNG.normal(size=(4000, 1)), 6, axis=1)  # six raters who value the same


@pytest.mark.parametrize("agreement", [0.6, 0.726, 0.9])
def test_simulated_raters_agree_as_often_as_targeted(agreement):
    tau = temperature_for(agreement, ALIKE)
    clear = clear_pairs(ALIKE)
    chance = 1 / (1 + np.exp(-clear / tau))
    labels = RNG.random((200, *clear.shape)) < chance
    agreed = (labels[:, :, 0] == labels[:, :, 1]).mean(axis=0)
    error = agreed.std() / np.sqrt(len(agreed)) + 0.5 / np.sqrt(200 * len(agreed))
    assert abs(agreed.mean() - agreement) < 4 * error


@pytest.mark.parametrize("agreement", [0.55, 0.75, 0.95])
def test_noise_is_found_to_rounding(agreement):
    tau = temperature_for(agreement, ALIKE)
    clear = clear_pairs(ALIKE)
    here, less, more = (expected_agreement(1 / (1 + np.exp(-clear / (by * tau)))) for by in (1, 1 - 1e-9, 1 + 1e-9))
    assert here == pytest.approx(agreement, abs=1e-13)
    assert less > agreement > more


def test_the_scale_of_utility_does_not_matter():
    assert temperature_for(0.75, 1000 * ALIKE) == pytest.approx(1000 * temperature_for(0.75, ALIKE), rel=1e-6)


def test_near_ties_do_not_count():
    ties = np.concatenate([ALIKE, 1e-3 * ALIKE[:3000]])
    assert clear_pairs(ties).shape[0] == np.sum(np.abs(ALIKE[:, 0]) > 0.1 * np.sqrt(np.mean(ties[:, 0] ** 2)))
    tau = temperature_for(0.75, ties)
    assert expected_agreement(1 / (1 + np.exp(-clear_pairs(ties) / tau))) == pytest.approx(0.75, abs=1e-6)
    assert expected_agreement(1 / (1 + np.exp(-ties / tau))) < 0.70  # over all pairs the same raters seem far noisier


def test_perfect_agreement_is_no_noise():
    assert temperature_for(1.0, ALIKE) == 0.0


def test_raters_who_want_different_things_cannot_agree_more_than_they_do():
    apart = RNG.normal(size=(2000, 6))
    with pytest.raises(InvalidInput, match=r"at most 0\.\d+ of clear pairs .* lower `agreement` \(0\.75\)"):
        temperature_for(0.75, apart)


def test_the_most_that_can_be_is_below_what_was_asked_for():
    apart = RNG.normal(size=(2000, 6))
    ceiling = expected_agreement(0.5 * (1 + np.sign(clear_pairs(apart))))
    asked = round(ceiling + 0.0006, 4)
    with pytest.raises(InvalidInput) as refused:
        temperature_for(asked, apart)
    said = re.search(r"at most (\S+) of .* `agreement` \((\S+)\)", str(refused.value))
    assert said is not None
    assert ceiling - 0.001 <= float(said[1]) <= ceiling < float(said[2])


def test_agreement_of_two_flip_raters_is_the_closed_form():
    left = np.tile([0.9, 0.2], (10, 1))  # flips of .1 and .2 in opposite directions
    assert expected_agreement(left) == pytest.approx(0.9 * 0.2 + 0.1 * 0.8)
    assert expected_agreement(np.full((3, 1), 0.9)) == pytest.approx(0.82)


@pytest.mark.parametrize("seed", range(3))
def test_a_run_whose_people_happen_to_be_too_unlike_goes_on_and_says_so(tmp_path: Path, seed: int) -> None:
    unlike = {"parties.pool.policy": {"kind": "boltzmann", "agreement": 0.95}, "parties.pool.misreading": 2.0}
    run = play(tmp_path, {**unlike, "parties.pool.count": 6}, seed=seed, measured=True)
    said = run.agreement[run.agreement.statistic.isin(["asked", "reachable"])].set_index("statistic").value
    assert said["asked"] == 0.95 > said["reachable"] > 0.5
    assert run.context.parties["pool"].policy.temperature == 0
    assert run.raters.lost_choice.abs().max() < 1e-12
    (line,) = alerts.unlike(cast("Run", run))
    assert "agreement 0.95 was asked for" in str(line)
    assert f"agree on {said['reachable']:.2f} of clear pairs" in str(line)
    alike = play(tmp_path, {**unlike, "parties.pool.misreading": 0.1}, seed=seed, measured=True)
    assert alerts.unlike(cast("Run", alike)) == []
    assert not alike.agreement.statistic.isin(["asked", "reachable"]).any()
    assert alike.context.parties["pool"].policy.temperature > 0


@pytest.mark.parametrize(("prompts", "pairs"), [(20, 80), (100, 400), (500, 512), (600, 512)])
def test_a_small_panel_asks_for_few_pairs(
    prompts: int, pairs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of models of which a response is dear; of all others there are as many as ever."""
    asked, drawn = [], candidates.drawn

    def noted(model: Any, ask: Any, count: int, *rest: Any, **named: Any) -> Any:
        asked.append(count)
        return drawn(model, ask, count, *rest, **named)

    monkeypatch.setattr(candidates, "drawn", noted)
    scenario = load(written(tmp_path / "scenario.yaml", {"days": 1, "parties.pool.count": 4}))
    panel = scenario.panel.model_copy(update={"prompts": prompts})
    played(scenario.model_copy(update={"panel": panel}), tmp_path, measured=False)
    assert asked[0] == pairs
