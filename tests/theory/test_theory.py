"""`simlab theory`: every law holds where it should, every control is refused, and both at points nobody listed."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from simlab import theory
from simlab.cli import main
from simlab.errors import InvalidInput
from simlab.theory import LAWS, Control, Law
from simlab.theory.check import CONTROL, Verdict, judge
from simlab.theory.normal import e_n, mean_cosine

Random = np.random.Generator
SLOW = [name for name, law in LAWS.items() if law.slow]
KEYS = {"id", "family", "source", "path", "regime", "params", "predicted", "observed", "margin", "control", "ok"}


# ---- what the command is asked for ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_law_holds_and_every_control_is_refused() -> None:
    """All laws in their quick form."""
    records = theory.check(quick=True, jobs=2)
    assert [record for record in records if not record["ok"]] == []
    held = {record["id"] for record in records if not record["control"]}
    refused = {record["id"] for record in records if record["control"]}
    assert held == refused == set(LAWS) - set(SLOW)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_slow_laws_hold_at_their_first_point_and_not_at_their_control(name: str) -> None:
    for index in range(1 if LAWS[name].replications else len(LAWS[name].points)):
        assert judge(LAWS[name], index).holds, index
    assert judge(LAWS[name], CONTROL).refused


def test_records_are_plain_and_whole() -> None:
    records = theory.check(["bpref", "contract", "policy"], quick=True)
    assert {record["control"] for record in records} == {False, True}
    assert json.loads(json.dumps(records)) == records
    for record in records:
        assert set(record) == KEYS
        assert record["id"].startswith(record["family"] + ".")
        assert record["regime"] in ("exact", "gaussian", "language model")
        assert record["source"]
        assert all(math.isfinite(record[name]) for name in ("predicted", "observed", "margin"))


@pytest.mark.slow
def test_the_number_of_processes_does_not_matter() -> None:
    assert theory.check(["bpref"], True, jobs=2) == theory.check(["bpref"], True, jobs=1)


def test_observations_depend_on_the_seed_and_on_nothing_else() -> None:
    law = LAWS["choice.bradley_terry"]
    first, again, other = (law.observe(seed, **law.points[0]) for seed in (1, 1, 2))
    assert first == again != other


# ---- verdicts -------------------------------------------------------------------------------------------------------


def test_a_wide_interval_does_not_pass_and_is_not_refused() -> None:
    wide = Verdict(predicted=0.5, observed=0.52, error=0.03, margin=0.05)
    assert not wide.holds
    assert not wide.refused


def test_what_is_precise_and_wrong_is_refused() -> None:
    assert Verdict(predicted=0.5, observed=0.6, error=0.001, margin=0.05).refused
    assert not Verdict(predicted=0.5, observed=0.52, error=0.001, margin=0.05).holds  # within the margin, but z is 20
    assert Verdict(predicted=0.5, observed=0.52, error=0.001, margin=0.05, slack=0.02).holds
    assert not Verdict(predicted=0.5, observed=math.nan, error=math.nan, margin=0.05).holds


def test_exact_laws_are_held_exactly() -> None:
    assert Verdict(predicted=0.5, observed=0.5 + 1e-7, error=0.0, margin=1e-6).holds
    assert Verdict(predicted=0.5, observed=0.5 + 1e-5, error=0.0, margin=1e-6).refused


def _law(**changes: Any) -> Law:
    return dataclasses.replace(LAWS["policy.gap"], **changes)


def test_a_law_that_is_no_law_is_refused() -> None:
    with pytest.raises(ValueError, match=r"family\.name"):
        _law(id="nothing")
    with pytest.raises(ValueError, match="three are the least"):
        _law(points=[{}, {}])
    with pytest.raises(ValueError, match="20 are the least"):
        _law(replications=3)
    with pytest.raises(ValueError, match="slack"):
        _law(slack=1.0)
    with pytest.raises(ValueError, match="both or neither"):
        Control(params={}, wrong="nothing is")


# ---- the command ----------------------------------------------------------------------------------------------------


def test_the_command_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["theory", "--only", "borda", "--only", "fits", "--jobs", "1"]) == 0
    printed = capsys.readouterr().out
    assert "borda.row_sum" in printed
    assert "fits.puddings" in printed
    assert "refused, as a control should" in printed
    assert "checks of 6 laws in 2 families" in printed
    assert printed.endswith("all as expected\n")


def test_the_command_prints_records(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["theory", "--only", "best_of_n", "--json", "--jobs", "1"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert {record["family"] for record in printed} == {"best_of_n"}
    assert all(set(record) == KEYS for record in printed)


@pytest.mark.parametrize("as_json", [True, False])
def test_a_law_that_does_not_hold_costs_the_exit_code(
    as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    law = LAWS["policy.gap"]
    monkeypatch.setitem(LAWS, law.id, dataclasses.replace(law, predicted=lambda **at: law.predicted(**at) + 0.01))
    assert main(["theory", "--only", "policy", "--quick", "--jobs", "1", *(["--json"] if as_json else [])]) == 1
    printed = capsys.readouterr().out
    if as_json:
        assert {record["id"] for record in json.loads(printed) if not record["ok"]} == {law.id}
    else:
        assert f"not as expected: {law.id}: {law.says}" in printed
        assert "3 not as expected" in printed


def test_a_control_that_passes_costs_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    law = LAWS["policy.gap"]
    control = Control(params=law.points[1], wrong="nothing", predicted=law.predicted)
    monkeypatch.setitem(LAWS, law.id, dataclasses.replace(law, control=control))
    assert main(["theory", "--only", "policy", "--quick", "--jobs", "1", "--json"]) == 1


def test_an_unknown_family_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["theory", "--only", "chioce"]) == 2
    assert "did you mean 'choice'?" in capsys.readouterr().err
    assert main(["theory", "--jobs", "0"]) == 2
    with pytest.raises(InvalidInput, match="no family"):
        theory.check(["nothing of the kind"])


# ---- figures that are known -----------------------------------------------------------------------------------------

CONDORCET: dict[str, Any] = {"people": [3, 2], "orders": [[0, 1, 2], [1, 2, 0]]}
KNOWN: list[tuple[str, dict[str, Any], float, float]] = [
    ("currency.pairwise_accuracy", {"rho": 0.8}, 0.79517, 5e-6),
    ("attenuation.binary_chain", {"flips": [0.1] * 10}, 0.10737, 5e-6),
    ("tree.pooled", {"variances": [0.3, 0.3, 0.6], "branching": [3, 4, 10]}, 0.9407, 5e-5),
    ("tree.path", {"variances": [0.3, 0.3, 0.6], "branching": [3, 4, 10]}, 0.6742, 5e-5),
    ("iteration.told", {"compliance": 0.8, "readers": 5}, 0.32768, 5e-6),
    ("choice.davidson_win", {"delta": 1.0, "nu": 0.75}, 0.5486, 5e-5),
    ("choice.davidson_tie", {"delta": 1.0, "nu": 0.75}, 0.2496, 5e-5),
    ("choice.plackett_luce", {"weights": [3.0, 2.0, 1.0], "order": [0, 1, 2]}, 1 / 3, 1e-9),
    ("choice.plackett_luce", {"weights": [3.0, 2.0, 1.0], "order": [2, 1, 0]}, 1 / 15, 1e-9),
    ("agreement.two_flips", {"first": 0.1, "second": 0.2}, 0.74, 1e-9),
    ("agreement.kappa", {"first": 0.1, "second": 0.2}, 0.48, 1e-9),
    ("agreement.accuracy_of_flips", {"agreement": 0.726}, 0.836, 5e-4),
    ("agreement.accuracy_of_boltzmann", {"agreement": 0.726, "utilities": "normal"}, 0.801, 5e-4),
    ("agreement.accuracy_of_boltzmann", {"agreement": 0.726, "utilities": "laplace"}, 0.795, 5e-4),
    ("aggregation.majority", {"flip": 0.2, "raters": 3}, 0.104, 1e-9),
    ("aggregation.majority", {"flip": 0.2, "raters": 5}, 0.05792, 1e-9),
    ("aggregation.jury", {"accuracies": [0.6] * 11}, 0.75350, 5e-6),
    ("aggregation.jury", {"accuracies": [0.9, 0.6, 0.6]}, 0.792, 1e-9),
    ("aggregation.log_odds", {"accuracies": [0.9, 0.6, 0.6]}, 0.9, 1e-9),
    ("borda.score", {**CONDORCET, "item": 0}, 0.3119, 5e-5),
    ("borda.score", {**CONDORCET, "item": 1}, 0.6170, 5e-5),
    ("borda.score", {**CONDORCET, "item": 2}, -0.9288, 5e-5),
    ("borda.row_sum", {**CONDORCET, "item": 1}, 1.4, 1e-9),
    ("reward_model.one_pair", {"delta": 2.0, "flip": 0.2}, 0.98692, 5e-6),
    ("reward_model.direction", {"flip": 0.0, "labels": 4000, "dimensions": 16}, 0.9949, 5e-5),
    ("reward_model.direction", {"flip": 0.1, "labels": 4000, "dimensions": 16}, 0.9910, 5e-5),
    ("reward_model.direction", {"flip": 0.2, "labels": 4000, "dimensions": 16}, 0.9826, 5e-5),
    ("reward_model.direction", {"flip": 0.3, "labels": 4000, "dimensions": 16}, 0.9600, 5e-5),
    ("policy.value", {"reference": [0.4, 0.3, 0.2, 0.1], "reward": [0, 1, 2, 3], "beta": 1.0}, 1.547956, 5e-7),
    ("policy.value", {"reference": [0.4, 0.3, 0.2, 0.1], "reward": [0, 1, 2, 3], "beta": 0.5}, 1.993372, 5e-7),
    ("policy.value", {"reference": [0.5, 0.5], "reward": [0, 1000], "beta": 0.1}, 999.930685, 5e-7),
    ("policy.optimum", {"reference": [0.5, 0.5], "reward": [0, 1000], "beta": 0.1, "response": 1}, 1.0, 5e-7),
    ("overoptimization.peak", {"a": 1.0, "b": 0.2}, 3.125, 1e-9),
    ("overoptimization.quadratic", {"a": 1.0, "b": 0.2, "kl": 3.125}, 1.25, 1e-9),
]


@pytest.mark.parametrize(("name", "params", "figure", "digits"), KNOWN)
def test_predictions_are_the_known_figures(name: str, params: dict[str, Any], figure: float, digits: float) -> None:
    assert LAWS[name].predicted(**params) == pytest.approx(figure, abs=digits)


@pytest.mark.parametrize(("n", "figure"), [(2, 0.5642), (4, 1.0294), (8, 1.4236), (16, 1.7660), (64, 2.3437)])
def test_the_expected_largest_of_n(n: int, figure: float) -> None:
    assert e_n(n) == pytest.approx(figure, abs=5e-5)


@pytest.mark.slow
@pytest.mark.parametrize(("noise", "dimensions"), [(0.5, 2), (1.0, 5), (2.0, 30)])
def test_the_mean_cosine_of_a_kick(noise: float, dimensions: int) -> None:
    """Against plain simulation, since the formula has a special function in it."""
    z = np.random.default_rng(3).normal(size=(400_000, dimensions)) * noise / np.sqrt(dimensions)
    z[:, 0] += 1
    cosines = z[:, 0] / np.linalg.norm(z, axis=1)
    assert mean_cosine(noise, dimensions) == pytest.approx(cosines.mean(), abs=4 * cosines.std() / np.sqrt(len(z)))


# ---- other points ---------------------------------------------------------------------------------------------------


def _shares(rng: Random, count: int) -> list[float]:
    return [float(p) for p in rng.dirichlet(np.full(count, 2.0))]


def _game(rng: Random) -> dict[str, Any]:
    count = int(rng.integers(2, 7))
    reward = [float(r) for r in rng.normal(size=count)]
    return {"reference": _shares(rng, count), "reward": reward, "beta": float(rng.uniform(0.3, 3))}


def _population(rng: Random) -> dict[str, Any]:
    """Groups of whom every two items are ordered both ways by somebody, so that scores stay finite."""
    items = int(rng.integers(3, 6))
    orders = [rng.permutation(items).tolist() for _ in range(3)]
    orders += [orders[0][::-1]]
    return {"people": rng.integers(1, 6, size=len(orders)).tolist(), "orders": orders}


def _of_population(rng: Random) -> dict[str, Any]:
    population = _population(rng)
    return {**population, "item": int(rng.integers(len(population["orders"][0])))}


def _pair_of_population(rng: Random) -> dict[str, Any]:
    population = _population(rng)
    return {**population, "pair": rng.permutation(len(population["orders"][0]))[:2].tolist()}


def _rated(rng: Random, missing: float) -> list[list[float | None]]:
    raters, items = int(rng.integers(3, 6)), int(rng.integers(10, 20))
    said = rng.integers(0, 4, size=(raters, items)).astype(float).tolist()
    return [[None if rng.random() < missing else v for v in row] for row in said]


ELSEWHERE: dict[str, Callable[[Random], dict[str, Any]]] = {
    "agreement.cohen": lambda rng: {"table": rng.integers(1, 20, size=(3, 3)).tolist()},
    "agreement.fleiss": lambda rng: {"rated": rng.integers(0, 3, size=(12, 4)).tolist()},
    "agreement.krippendorff": lambda rng: {"rated": _rated(rng, 0.2)},
    "agreement.gwet": lambda rng: {"rated": _rated(rng, 0.2)},
    "aggregation.borda": _pair_of_population,
    "aggregation.copeland": _pair_of_population,
    "aggregation.pooled_bt": _pair_of_population,
    "best_of_n.discrete": lambda rng: {"counts": rng.integers(1, 30, size=5).tolist(), "n": int(rng.integers(1, 20))},
    "best_of_n.unbiased": lambda rng: {
        "proxy": np.round(rng.normal(size=7), 1).tolist(),
        "gold": rng.normal(size=7).tolist(),
        "n": int(rng.integers(1, 8)),
    },
    "borda.network_loss": _of_population,
    "borda.noisy_row_sum": lambda rng: {**_of_population(rng), "flip": float(rng.uniform(0, 0.45))},
    "borda.row_sum": _of_population,
    "borda.score": _of_population,
    "bpref.equal": lambda rng: {
        "left": float(rng.uniform(0, 1)),
        "right": 0.5,
        "eps_equal": float(rng.uniform(0, 1)),
        "eps_mistake": 0.2,
    },
    "bpref.skip": lambda rng: {
        "left": float(rng.uniform(-1, 1)),
        "right": float(rng.uniform(-1, 1)),
        "eps_skip": float(rng.uniform(0, 2)),
        "average_return": 0.5,
    },
    "iteration.told": lambda rng: {"compliance": float(rng.uniform(0.1, 1)), "readers": int(rng.integers(1, 9))},
    "iteration.values": lambda rng: {"compliance": float(rng.uniform(0.1, 1)), "readers": int(rng.integers(1, 9))},
    "policy.gap": lambda rng: (lambda game: {**game, "policy": _shares(rng, len(game["reward"]))})(_game(rng)),
    "policy.optimum": lambda rng: {**_game(rng), "response": 1},
    "policy.value": _game,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(ELSEWHERE))
def test_exact_laws_hold_elsewhere(name: str) -> None:
    law, rng = LAWS[name], np.random.default_rng(12)
    for _ in range(8):
        params = ELSEWHERE[name](rng)
        assert law.observe(0, **params) == pytest.approx(law.predicted(**params), abs=law.margin), params


BY_CHANCE: list[tuple[str, dict[str, Any]]] = [
    ("choice.bradley_terry", {"delta": -0.7, "tau": 0.4}),
    ("choice.thurstone", {"delta": 2.5, "sigma": 3.0}),
    ("choice.davidson_tie", {"delta": 0.4, "nu": 3.0, "tau": 0.7}),
    ("choice.rao_kupper_win", {"delta": -1.5, "theta": 1.2}),
    ("choice.plackett_luce", {"weights": [2.0, 7.0, 1.0, 1.0], "order": [3, 1, 0, 2]}),
    ("choice.glad_pool", {"abilities": [-1.0, 0.0, 3.0], "easiness": 0.7}),
    ("bpref.mistake", {"left": 0.3, "right": 0.1, "eps_mistake": 0.45, "beta": 5.0}),
    ("attenuation.binary_chain", {"flips": [0.02, 0.45, 0.1, 0.0]}),
    ("attenuation.data_processing", {"flips": [0.02, 0.3]}),
    ("agreement.fleiss_flips", {"flips": [0.0, 0.5, 0.25]}),
    ("agreement.accuracy_of_boltzmann", {"agreement": 0.65, "utilities": "laplace"}),
    ("aggregation.majority", {"flip": 0.45, "raters": 7}),
    ("currency.cosine", {"degrees": 10.0}),
    ("currency.pairwise_accuracy", {"rho": -0.95}),
    ("reward_model.one_pair", {"delta": -1.5, "flip": 0.05}),
    ("tree.pooled", {"variances": [0.4], "branching": [5]}),
    ("tree.path", {"variances": [0.1, 0.6, 0.2], "branching": [2, 1, 3]}),
    ("looks.peer_prediction", {"left": 0.35, "flips": [0.0, 0.3]}),
    ("looks.uninformed", {"left": 0.6, "says_left": 0.1}),
    ("looks.correlated_agreement", {"joint": [[0.1, 0.1, 0.05], [0.1, 0.1, 0.2], [0.05, 0.2, 0.1]]}),
    ("looks.self_consistency", {"flip": 0.03}),
    ("looks.certain_gold", {"error": 0.35, "experts": 2}),
    ("looks.double_work", {"flips": [0.45, 0.02], "error": 0.2}),
    ("iteration.spread", {"compliance": 0.6, "readers": 3, "variance": 1.5}),
    ("waterfall.noise", {"misreading": 1.5, "raters": 3, "compliance": 0.9}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "params"), BY_CHANCE)
def test_laws_of_chance_hold_elsewhere(name: str, params: dict[str, Any]) -> None:
    law = dataclasses.replace(LAWS[name], points=[params] * 3)
    verdict = judge(law, 1, quick=True)
    assert verdict.holds, verdict
