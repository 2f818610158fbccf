"""From fits to scenario files: policies of known parameters are found again, and what is found is a scenario."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.special import expit

from simlab.calibration.choice import Model
from simlab.calibration.comparison import calibrate, reproduction
from simlab.calibration.fitting import Fit, fit
from simlab.calibration.policies import curve, fragment, simulated
from simlab.plugins.registry import discover
from simlab.scenario import load
from tests.calibration.made import annotations, davidson

PLUGINS = discover(local=False)
WHOLE = Path(__file__).parents[1] / "bad_scenarios" / "base" / "whole.yaml"
N = 20_000


def labels_of(kind: str, **parameters: Any) -> Any:
    """Labels that the simulator's own raters of this policy give to pairs of normal utilities."""
    differences = np.random.default_rng(2).normal(size=N)
    made = PLUGINS.get("rater", kind)(**parameters)
    return annotations(simulated(made, differences, np.ones(N), seed=5), differences[:, None])


@pytest.mark.parametrize(
    ("kind", "parameters", "model", "found"),
    [
        ("boltzmann", {"temperature": 0.5, "ties": 0.4}, "boltzmann", {"temperature": 0.5, "ties": 0.4}),
        ("boltzmann", {"temperature": 1.5}, "boltzmann", {"temperature": 1.5}),
        ("rao_kupper", {"temperature": 0.7, "theta": 1.6}, "rao_kupper", {"temperature": 0.7, "theta": 1.6}),
        ("thurstone", {"deviation": 0.8}, "thurstone", {"deviation": 0.8}),
        ("mistaken", {"flip": 0.2}, "mistaken", {"flip": 0.2}),
        ("glad", {"ability": 1.4, "sharpness": 0.5}, "glad", {"ability": 1.4, "sharpness": 0.5}),
        ("bpref", {"beta": 2.0, "eps_mistake": 0.1}, "boltzmann+flips", {"beta": 2.0, "eps_mistake": 0.1}),
        ("position_bias", {"first": 0.6, "temperature": 0.5, "ties": 0.4}, "boltzmann+position", {"temperature": 0.5}),
    ],
)
def test_the_simulators_own_raters_are_found_again(kind: str, parameters: Any, model: str, found: Any) -> None:
    fitted = fit(Model.parse(model), labels_of(kind, **parameters))
    policy = fragment(fitted).policy
    assert policy["kind"] == kind
    for name, truth in found.items():
        e = next((e for e in fitted.estimates if e.name in (name, {"eps_mistake": "flips"}.get(name))), None)
        value, low, high = (policy[name],) * 3 if e is None else (e.value, e.low, e.high)
        if e is None:  # β is 1/τ
            t = next(e for e in fitted.estimates if e.name == "temperature")
            low, high = 1 / t.high, 1 / t.low
        assert policy[name] == pytest.approx(value, rel=1e-5)
        assert abs(value - truth) < 2.1 * max(high - value, value - low), name
        assert abs(value - 1.5 * truth) > 2.1 * max(high - value, value - low), name


@pytest.mark.parametrize("first", [0.3, 0.55, 0.8])
def test_a_leaning_to_the_left_is_found_again(first: float) -> None:
    fitted = fit(Model.parse("boltzmann+position"), labels_of("position_bias", first=first, temperature=0.5))
    said = fragment(fitted).policy
    low, high = next((expit(e.low), expit(e.high)) for e in fitted.estimates if e.name == "position")
    room = 1.05 * (high - low) / 2
    assert said["kind"] == "position_bias"
    assert abs(said["first"] - first) < room
    assert abs(1 - said["first"] - first) > room  # the control: to the right


@pytest.mark.slow
@pytest.mark.parametrize("model", ["thurstone", "boltzmann+flips", "glad", "mistaken", "rao_kupper+position", "coin"])
def test_what_no_policy_says_becomes_a_table_close_to_the_fit(model: str) -> None:
    data = labels_of("boltzmann", temperature=0.5, ties=0.4)
    fitted = fit(Model.parse(model), data)
    said = fragment(fitted)
    assert said.policy["kind"] == "empirical"
    d = np.linspace(-3, 3, 1201)
    d = d[np.abs(d) > 1e-4]
    tabled = said.made().probabilities(np.stack([d, 0 * d], axis=1), SimpleNamespace(noise=np.ones(len(d))))
    exact = curve(fitted, d)[:, [1, 2, 0]]
    assert np.abs(tabled - exact).max() < 3e-3
    assert np.abs(np.roll(tabled, 60, axis=0) - exact).max() > 3e-3 or model == "coin"


def _all_kinds() -> list[Fit]:
    data = labels_of("boltzmann", temperature=0.5, ties=0.4)
    plain = labels_of("boltzmann", temperature=0.5)
    g = np.random.default_rng(1)
    x, worker = g.normal(size=(N, 2)), g.integers(0, 30, N)
    margin = x @ [0.6, 0.4] / 0.3 * np.exp(0.5 * g.normal(size=30))[worker]
    two = annotations(davidson(margin, 0.3, 0.0, g.random(N)), x, worker=worker)
    fits = [fit(Model.parse(m), data) for m in ("boltzmann", "rao_kupper", "empirical", "boltzmann+position")]
    fits += [fit(Model.parse(m), plain) for m in ("thurstone", "glad", "mistaken", "boltzmann+flips", "coin")]
    return [*fits, fit(Model.parse("boltzmann+raters"), two)]


@pytest.mark.slow
def test_every_fragment_is_part_of_a_scenario(tmp_path: Path) -> None:
    kinds = set()
    for number, fitted in enumerate(_all_kinds()):
        text = fragment(fitted).text("fitted to something:\nsomewhere")
        pool = "".join(f"    {line}\n" for line in text.splitlines())
        file = tmp_path / f"{number}.yaml"
        file.write_text(f"extends: {WHOLE}\nname: fitted\nparties:\n  pool:\n{pool}", encoding="utf-8")
        spec = load(file, plugins=PLUGINS).parties["pool"]
        assert spec.policy == fragment(fitted).made(), text
        assert spec.temperature_spread == pytest.approx(fragment(fitted).spread, abs=1e-3)
        kinds.add(spec.policy.name)
    assert kinds == {"boltzmann", "rao_kupper", "empirical", "thurstone", "glad", "mistaken", "bpref", "position_bias"}


@pytest.mark.parametrize(("part", "size"), [("length", 0.05), ("longer", 0.49)])
def test_what_length_does_is_found_and_said(part: str, size: float) -> None:
    """.49 is the log-odds of the 62 % of AlpacaFarm's annotators."""
    g = np.random.default_rng(4)
    x, words = g.normal(size=(N, 1)), np.round(g.normal(size=N) * 8)
    more = words if part == "length" else np.sign(words)
    data = annotations(davidson(x[:, 0] + size * more, 0.2, 0.0, g.random(N)), x, words=words)
    fitted = fit(Model("boltzmann", (part,)), data)
    e = next(e for e in fitted.estimates if e.name == part)
    assert abs(e.value - size) < 2.1 * (e.high - e.value)
    assert e.low > 0
    said = fragment(fitted)
    other = fit(Model("boltzmann", ("longer" if part == "length" else "length",)), data)
    assert other.log_likelihood < fitted.log_likelihood - 8  # the control: the other kind of leaning
    if part == "longer":
        assert said.policy == {**said.policy, "kind": "length_bias", "swing": pytest.approx(e.value, rel=1e-5)}
        assert not said.notes
        return
    assert said.policy["kind"] == "boltzmann"
    (note,) = said.notes
    assert note.startswith(f"left out, because no policy has it: {e.value:.4g} log-odds for ")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "parameters", "wanted"),
    [
        ("rao_kupper", {"temperature": 0.4, "theta": 2.5}, {"rao_kupper"}),
        ("mistaken", {"flip": 0.25}, {"mistaken", "glad", "boltzmann+flips"}),
        ("bpref", {"beta": 5.0, "eps_mistake": 0.2}, {"boltzmann+flips"}),
    ],
)
def test_the_model_that_made_the_labels_is_chosen(kind: str, parameters: Any, wanted: set[str]) -> None:
    found = calibrate(labels_of(kind, **parameters))
    assert str(found.best.model) in wanted
    assert found.candidates[0].behind == 0.0
    coin = next(c for c in found.candidates if c.model.family == "coin")
    assert coin.behind > 4 * coin.error
    assert found.reproduction is not None
    assert found.reproduction.holds


def test_two_criteria_are_weighed_before_a_curve_is_drawn() -> None:
    g = np.random.default_rng(6)
    x = g.normal(size=(N, 2))
    data = annotations(davidson(x @ [0.7, 0.3] / 0.3, 0.4, 0.0, g.random(N)), x)
    found = calibrate(data, ["empirical", "boltzmann"])
    assert str(found.best.model) == "boltzmann"
    assert abs(found.candidates[1].behind) < 0.005
    assert found.best["weight.a"] == pytest.approx(0.7, abs=0.02)
    assert "go by the weights {a: 0.7" in found.fragment.text()
    assert found.reproduction is not None
    assert found.reproduction.holds


def test_raters_of_another_temperature_do_not_reproduce_what_people_say() -> None:
    fitted = fit(Model("boltzmann"), labels_of("boltzmann", temperature=0.5, ties=0.4))
    same = fragment(fitted).made()
    assert reproduction(same, fitted).holds
    for change in ({"temperature": 0.6}, {"temperature": 0.4}, {"ties": 0.3}, {"ties": 0.0}):
        assert not reproduction(same.model_copy(update=change), fitted).holds, change
