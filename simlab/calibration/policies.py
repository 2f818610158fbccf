"""From a fit to the keys of a scenario file: which rater policy expresses which rater model.

A fit that a policy expresses exactly becomes that policy. Any other whose choice depends on the difference alone
becomes a table of its own choice curve (`empirical`). What no policy expresses is left out, with a note.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.calibration.annotations import Annotations
from simlab.calibration.choice import RELIABILITY, Design
from simlab.calibration.curve import Curve
from simlab.calibration.fitting import Fit
from simlab.components.cohort import Cohort
from simlab.components.rater_policy import RaterPolicy
from simlab.measures.statistics import Z95
from simlab.rng import Streams, uniforms

_CLOSE = 1e-3  # how near the straight pieces of a table come to the curve they stand for
_PIECES = 60
_FIRST = np.array([1e-6, 0.05, 0.15, 0.3, 0.6, 1.0])  # shares of the range, on either side


@dataclass(frozen=True, slots=True)
class Fragment:
    """The keys of a scenario's pool of raters that make it like the raters of a fit."""

    policy: dict[str, Any]  # as in the file, kind included
    spread: float  # `temperature_spread`: log-normal sd of noise between people
    notes: tuple[str, ...]  # what is not in it, or is to be known

    def text(self, header: str = "") -> str:
        """As YAML: keys of a pool of raters."""
        notes = [f"# {line}" for line in (*header.splitlines(), *self.notes)]
        keys = [f"policy: {_flow(self.policy)}"]
        if self.spread > 1e-3:
            keys.append(f"temperature_spread: {self.spread:.4g}")
        return "\n".join([*notes, *keys, ""])

    def made(self) -> RaterPolicy:
        """The policy itself, from the built-in plugins, checked as a scenario file is."""
        from simlab.plugins.registry import discover

        parameters = {key: value for key, value in self.policy.items() if key != "kind"}
        cls = discover(local=False).get("rater", self.policy["kind"])
        made = cls.model_validate_json(json.dumps(parameters), strict=True)
        assert isinstance(made, RaterPolicy)
        return made


def fragment(fit: Fit) -> Fragment:
    """The fragment of a fit."""
    policy, notes = _exact(fit) or _tabled(fit), []
    for part, whom in (("longer", "the longer response"), ("length", "each word more")):
        if part in fit.model.parts and not (part == "longer" and policy["kind"] == "length_bias"):
            notes.append(f"left out, because no policy has it: {fit[part]:.4g} log-odds for {whom}")
    weights = {e.name.removeprefix("weight."): e.value for e in fit.estimates if e.name.startswith("weight.")}
    if weights:
        weights_text = ", ".join(f"{name}: {value:.4g}" for name, value in weights.items())
        notes.append(
            f"for raters who go by the weights {{{weights_text}}}: an operative guideline, or their own values"
        )
    if fit.design.data.latent:
        notes.append("utility is in standard deviations of the difference between two responses")
    return Fragment(policy, _spread(fit), tuple(notes))


def _exact(fit: Fit) -> dict[str, Any] | None:
    """The policy that is this model, if there is one."""
    family, ties = fit.model.family, fit.design.ties
    parts = set(fit.model.parts) - {"raters", "length"}
    if family == "boltzmann" and parts in ({"position"}, {"longer"}):
        return {**_leaning(fit), **_rounded(temperature=fit["temperature"], ties=fit["ties"] if ties else 0.0)}
    parts -= {"longer"}
    if family == "coin" and not ties and not parts:
        return {"kind": "mistaken", "flip": 0.5}
    if family == "boltzmann" and not parts:
        return {"kind": "boltzmann", **_rounded(temperature=fit["temperature"], ties=fit["ties"] if ties else 0.0)}
    if family == "boltzmann" and parts == {"flips"} and not ties:
        return {"kind": "bpref", **_rounded(beta=1 / fit["temperature"], eps_mistake=fit["flips"])}
    if family == "rao_kupper" and not parts:
        return {"kind": "rao_kupper", **_rounded(temperature=fit["temperature"], theta=fit["theta"] if ties else 1.0)}
    if family == "thurstone" and not ties and not parts:
        return {"kind": "thurstone", **_rounded(deviation=fit["deviation"])}
    if family == "mistaken" and not ties and not parts:
        return {"kind": "mistaken", **_rounded(flip=fit["flip"])}
    if family == "glad" and not ties and not parts:
        return {"kind": "glad", **_rounded(ability=fit["ability"], sharpness=fit["sharpness"])}
    return None


def _leaning(fit: Fit) -> dict[str, Any]:
    """Which policy leans to what stands left, or to what is longer, and how far."""
    if "longer" in fit.model.parts:
        return {"kind": "length_bias", **_rounded(swing=fit["longer"])}
    return {"kind": "position_bias", **_rounded(first=1 / (1 + math.exp(-fit["position"])))}


def _rounded(**values: float) -> dict[str, float]:
    return {name: float(f"{value:.6g}") for name, value in values.items()}


def _tabled(fit: Fit) -> dict[str, Any]:
    """The fit's choice curve as a table: its own knots, or as many as it takes to come close."""
    if isinstance(fit.design, Curve):
        knots = np.concatenate([-fit.design.knots[:0:-1], fit.design.knots])
    else:
        knots = _knots(fit, fit.design)
    chances = np.round(curve(fit, knots), 6)
    table: dict[str, Any] = {"kind": "empirical", "differences": [float(f"{d:.8g}") for d in knots]}
    table["left"] = chances[:, 1].tolist()
    if fit.design.ties:
        table["undecided"] = chances[:, 0].tolist()
    return table


def _knots(fit: Fit, design: Design) -> Array:
    """Differences between which the curve is nearly straight: the worst interval is halved until none is bad.

    At first each side has a few, since a curve may bend and still meet its chord in the middle. At no difference the
    curve may jump.
    """
    reach = 4.0 if design.data.latent else float(np.abs(design.data.weighted(_direction(fit))).max())
    knots = reach * np.concatenate([-_FIRST[::-1], _FIRST])
    while len(knots) < _PIECES:
        middle = (knots[1:] + knots[:-1]) / 2
        at_knots, at_middle = np.split(curve(fit, np.concatenate([knots, middle])), [len(knots)])
        wrong = np.abs(at_middle - (at_knots[1:] + at_knots[:-1]) / 2).max(axis=1)
        wrong[(knots[:-1] < 0) & (knots[1:] > 0)] = 0.0
        if wrong.max() < _CLOSE:
            break
        knots = np.sort(np.append(knots, middle[int(np.argmax(wrong))]))
    return knots


def curve(fit: Fit, differences: Array) -> Array:
    """P(undecided), P(left), P(right) [n, 3] of an average rater, at these differences in utility [n], length aside."""
    import torch

    theta = torch.as_tensor(fit.theta)
    if isinstance(fit.design, Curve):
        size = torch.as_tensor(np.minimum(np.abs(differences), fit.design.knots[-1]))
        shares = fit.design.log_shares(theta).exp().numpy()
        at = np.stack([np.interp(size, fit.design.knots, column) for column in shares.T], axis=1)
        return np.where((differences < 0)[:, None], at[:, [0, 2, 1]], at)
    design = _alone(fit, fit.design, differences)
    return np.asarray(design.outcomes(theta, design.margin(theta, design.tensors())).exp().numpy())


def _alone(fit: Fit, design: Design, differences: Array) -> Design:
    """The model without what sets raters and lengths apart, on pairs that differ so much in utility."""
    n, direction = len(differences), _direction(fit)
    zeros = np.zeros(n, dtype=np.int64)
    along = np.outer(differences, direction / (direction @ direction))
    names = design.data.criteria or ("utility",)
    data = Annotations(zeros, zeros, zeros, along, None, design.data.workers, names, design.data.source)
    scale = np.ones(1) if design.data.latent else design.scale
    return Design(
        design.model.without("raters", "longer", "length"), data, scale, design.unit, design.ties, design.slots
    )


def _direction(fit: Fit) -> Array:
    """The weights of criteria whose sum is the fit's utility."""
    weights = [e.value for e in fit.estimates if e.name.startswith("weight.")]
    return np.array(weights or [1.0])


def _spread(fit: Fit) -> float:
    """The sd s of ln α between raters: maximum likelihood of normal effects, each estimated with its own error.

    By EM (Dempster, Laird & Rubin 1977, JRSS B 39, §4.5) from the estimates freed of the prior they were fitted with.
    """
    found = [e for e in fit.estimates if e.name.startswith("reliability.")]
    if not found:
        return 0.0
    posterior, low, high = (np.log(np.array(x)) for x in zip(*((e.value, e.low, e.high) for e in found), strict=True))
    information = ((high - low) / (2 * Z95)) ** -2 - RELIABILITY**-2
    informative = information > 0.5  # of others nearly all there is to know is the prior
    if np.count_nonzero(informative) < 2:
        return 0.0
    information = information[informative]
    estimate = posterior[informative] * (1 + RELIABILITY**-2 / information)
    spread = np.var(estimate)
    for _ in range(1000):
        kept = spread / (spread + 1 / information)  # how much of an estimate is the rater's own
        spread = np.mean((kept * estimate) ** 2 + kept / information)
    return float(np.sqrt(spread))


def simulated(policy: RaterPolicy, differences: Array, noise: Array, *, seed: int = 0) -> NDArray[np.int64]:
    """Labels [n] the simulator's own raters give to pairs of these differences [n]; `noise` [n] is each rater's own."""
    n = len(differences)
    utilities = np.stack([differences, np.zeros(n)], axis=1)
    key = Streams(seed).key("calibrate", "labels")
    draws = uniforms(key, np.arange(n)[:, None], np.arange(3)[None, :])
    return np.asarray(policy.choose(utilities, _people(noise), draws))[:, 0]


def _people(noise: Array) -> Cohort:
    """People who differ in their noise only."""
    numbers, zeros = np.arange(len(noise), dtype=np.int64), np.zeros(len(noise))
    whole, none = np.zeros(len(noise), dtype=np.int64), np.zeros((len(noise), 0))
    return Cohort(
        number=numbers, misread=none, own=none, vector=none, skill=none, knowledge=zeros, noise=noise, seconds=zeros,
        wage=zeros, hired=zeros, ended=np.full(len(noise), np.nan), tasks=whole, audited=zeros, agreed=zeros,
        warnings=whole, hours=zeros, unpaid=zeros,
    )  # fmt: skip


def _flow(value: Any) -> str:
    """A value in YAML's flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(v)}" for key, v in value.items()) + "}"
    return value if isinstance(value, str) else json.dumps(value)
