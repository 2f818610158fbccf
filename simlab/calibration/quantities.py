"""Quantities that a fit reports (temperature, weights, shares, …), as functions of its fitted parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simlab.arrays import Array
from simlab.calibration.choice import BIASES, LINEAR, Design
from simlab.calibration.curve import Curve

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Quantity:
    """A reported parameter. `of` computes it on the scale where intervals are made, `back` carries it back."""

    name: str
    meaning: str
    of: Callable[[torch.Tensor], torch.Tensor]
    back: Callable[[float], float]


def _same(x: float) -> float:
    return x


def _share(x: float) -> float:
    return 0.5 + 0.5 * math.tanh(x / 2)  # cannot overflow


def _exp(x: float) -> float:
    return math.exp(min(x, 700.0))


def quantities(design: Design | Curve, theta: Array) -> Iterator[Quantity]:
    """All reported quantities, in the order of the report; `theta` [P] are the fitted parameters."""
    if isinstance(design, Curve):
        yield from _knots(design)
        return
    yield from _noise(design)
    yield from _weights(design, theta)
    if design.ties:
        yield _ties(design)
    yield from _biases(design)
    if "raters" in design.model.parts:
        yield from _reliabilities(design)


def _noise(design: Design) -> Iterator[Quantity]:
    """How noisy the choice is, and by which weights."""
    family = design.model.family
    if family in LINEAR:
        yield from _temperature(design)
    elif family == "mistaken":
        yield Quantity("flip", "ε, chance of the wrong label", lambda t: -design.part(t, "slopes")[0], _share)
    elif family == "glad":
        scale = 1.0 if design.data.latent else float(design.scale[0])

        def ability(t: torch.Tensor) -> torch.Tensor:
            slopes, power = design.part(t, "slopes"), design.part(t, "sharpness")
            found: torch.Tensor = slopes[0] * scale ** -power[0]
            return found

        yield Quantity("ability", "α of a pair whose utilities differ by 1", ability, _same)
        meaning = "exponent by which clear pairs are easier"
        yield Quantity("sharpness", meaning, lambda t: design.part(t, "sharpness")[0], lambda x: max(0.0, x))


def _slopes(design: Design) -> Callable[[torch.Tensor], torch.Tensor]:
    """β of each criterion, per unit of it."""
    import torch

    scale = torch.ones(1, dtype=torch.float64) if design.data.latent else torch.as_tensor(design.scale)

    def slopes(t: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = design.part(t, "slopes") / scale
        return found

    return slopes


def _temperature(design: Design) -> Iterator[Quantity]:
    """τ = 1/Σ|β|, in the units of a utility whose weights sum to 1."""
    slopes, unit = _slopes(design), "sd of the differences" if design.data.latent else "utility"
    name, factor, meaning = "temperature", 1.0, f"τ, in units of {unit}"
    if design.model.family == "thurstone":  # Φ(Δ/(σ√2))
        name, factor, meaning = "deviation", math.sqrt(0.5), f"σ of what is felt, in units of {unit}"
    yield Quantity(name, meaning, lambda t: math.log(factor) - slopes(t).abs().sum().log(), _exp)


def _weights(design: Design, theta: Array) -> Iterator[Quantity]:
    """β/Σ|β|, unless there is one criterion and more of it is better."""
    criteria, slopes = design.data.criteria, _slopes(design)
    if design.model.family not in LINEAR or (len(criteria) < 2 and design.part(theta, "slopes")[0] >= 0):
        return
    for k, criterion in enumerate(criteria):

        def weight(t: torch.Tensor, k: int = k) -> torch.Tensor:
            found: torch.Tensor = slopes(t)[k] / slopes(t).abs().sum()
            return found

        yield Quantity(f"weight.{criterion}", f"weight of {criterion}, as a share of all", weight, _same)


def _ties(design: Design) -> Quantity:
    family = design.model.family
    if family == "rao_kupper":
        meaning = "θ of Rao and Kupper: 1 is never undecided"
        return Quantity("theta", meaning, lambda t: design.part(t, "tie")[0], lambda x: _exp(_exp(x)))
    if family == "thurstone":
        meaning = "c of Glenn and David, in standard deviations of a difference that is felt"
        return Quantity("threshold", meaning, lambda t: design.part(t, "tie")[0], _exp)
    return Quantity("ties", "ν of Davidson: 0 is never undecided", lambda t: design.part(t, "tie")[0], _exp)


def _biases(design: Design) -> Iterator[Quantity]:
    parts, unit = design.model.parts, design.unit
    if "flips" in parts:
        meaning = "ε, chance that a decided label is swapped"
        yield Quantity("flips", meaning, lambda t: design.part(t, "flips")[0], lambda x: min(0.5, max(0.0, x)))
    normal = design.model.family == "thurstone"
    odds = "standard deviations" if normal else "log-odds"
    whom = {"position": "whatever stands left", "longer": "the longer one", "length": "each word more"}
    for part in BIASES:
        if part in parts:

            def bias(t: torch.Tensor, part: str = part) -> torch.Tensor:
                found: torch.Tensor = design.part(t, part)[0] / (unit if part == "length" else 1.0)
                return found

            yield Quantity(part, f"for {whom[part]}, in {odds}", bias, _same)


def _reliabilities(design: Design) -> Iterator[Quantity]:
    """ln α of every rater; they sum to 0."""
    workers = design.data.workers
    for r, worker in enumerate(workers):

        def reliability(t: torch.Tensor, r: int = r) -> torch.Tensor:
            free: torch.Tensor = design.part(t, "raters")
            return free[r] if r < len(workers) - 1 else -free.sum()

        yield Quantity(f"reliability.{worker}", "α of this rater, 1 on geometric average", reliability, _exp)


def _knots(curve: Curve) -> Iterator[Quantity]:
    """Chances at the knots, as log odds."""
    for outcome, what, used in ((1, "better", True), (0, "undecided", curve.ties)):
        for k, difference in enumerate(curve.knots.tolist()):
            if not used or (outcome == 1 and k == 0):
                continue

            def odds(t: torch.Tensor, k: int = k, outcome: int = outcome) -> torch.Tensor:
                chance = curve.log_shares(t)[k, outcome].exp()
                return chance.log() - (-chance).log1p()

            yield Quantity(f"{what}.{difference:.4g}", f"chance of {what!r} at this difference", odds, _share)
