"""Rater models: how likely each of them makes a label, as a function of its parameters, in torch.

A model is a family and parts, written `boltzmann+position+flips`. With m the margin of the left response,

- `boltzmann`: m = Σ_k β_k Δ_k, P(left) = σ(m) (Bradley & Terry 1952, Biometrika 39), ties as in Davidson (1970,
  JASA 65): ν/(e^{m/2} + e^{-m/2} + ν);
- `rao_kupper`: the same margin, P(left) = σ(m − ln θ) (Rao & Kupper 1967, JASA 62);
- `thurstone`: P(left) = Φ(m) (Thurstone 1927, Psychological Review 34), with ties Φ(m − c) (Glenn & David 1960,
  Biometrics 16);
- `glad`: m = a·sign(Δ)·|Δ|^s, ability times easiness (Whitehill et al. 2009, NIPS 22, eq. 1);
- `mistaken`: m = a·sign(Δ), so that ε = σ(−a) however clear the pair (Lee et al. 2021, arXiv:2111.03026);
- `coin`: m = 0; the null model.

Parts: `flips` swaps decided labels with chance ε (Lee et al. 2021); `position` adds a constant to m for whatever stands
left (Davidson & Beaver 1977, Biometrics 33); `longer` adds a constant for the longer response (Dubois et al. 2023,
arXiv:2305.14387, count how often people prefer it), `length` so much a word; `raters` multiplies m by each rater's
own α > 0 (geometric mean 1; Whitehill et al. 2009).

Where nothing is known of the responses, Δ of each pair is a standard normal that nobody saw and is integrated out by
Gauss–Hermite quadrature (Bock & Aitkin 1981, Psychometrika 46); of `mistaken` raters, ±1 with equal chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.arrays import Array
from simlab.calibration.annotations import Annotations
from simlab.calibration.sides import SIDES
from simlab.errors import InvalidInput, Problem
from simlab.names import suggestion

if TYPE_CHECKING:
    import torch

FAMILIES = ("coin", "mistaken", "boltzmann", "thurstone", "rao_kupper", "glad", "empirical")
PARTS = ("position", "longer", "length", "flips", "raters")
BIASES = ("position", "longer", "length")  # parts that shift the margin
LINEAR = ("boltzmann", "thurstone", "rao_kupper")  # whose margin is a weighted sum of criteria
RELIABILITY = 1.0  # sd of the prior of ln α: keeps raters of few labels finite, as GLAD's own prior on α does
NODES = 41  # of the quadrature
_STEEPEST = 60.0  # margin per standard deviation of the difference beyond which labels are as good as certain
_LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class Model:
    """A rater model: a family, and parts that are added to it."""

    family: str
    parts: tuple[str, ...] = ()

    @staticmethod
    def parse(text: str) -> Model:
        """From `boltzmann+position`; InvalidInput for a family, a part or a combination that there is not."""
        family, *parts = text.split("+")
        _known("rater model", family, FAMILIES)
        for part in parts:
            _known("part of a rater model", part, PARTS)
        without = {"empirical": PARTS, "mistaken": ("flips",), "coin": ("flips", "raters")}.get(family, ())
        if impossible := [part for part in parts if part in without]:
            fix = f"give {family} alone, or another family with {impossible[0]}"
            raise InvalidInput(Problem(f"nothing tells {impossible[0]} apart in the model {family}", fix))
        return Model(family, tuple(part for part in PARTS if part in parts))

    def without(self, *parts: str) -> Model:
        """The model that has all parts but these."""
        return Model(self.family, tuple(part for part in self.parts if part not in parts))

    def __str__(self) -> str:
        return "+".join((self.family, *self.parts))


def _known(what: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise InvalidInput(Problem(f"there is no {what} {name!r} to fit", suggestion(name, known)))


@dataclass(frozen=True, slots=True)
class Slot:
    """Some of a model's parameters: where they stand in the vector, where a fit begins, and how far they may go."""

    name: str
    count: int
    start: float
    low: float
    high: float


@dataclass(slots=True)
class Design:
    """A rater model on certain annotations: the layout of its parameters, and their likelihood.

    For the sake of the optimizer, differences and lengths are in units of their root mean square.
    """

    model: Model
    data: Annotations
    scale: Array  # [K] units of the differences
    unit: float  # words
    ties: bool
    slots: list[Slot] = field(default_factory=list)

    @staticmethod
    def of(model: Model, data: Annotations) -> Design:
        """The design whose scales, slots and ties are those of `data`."""
        scale = np.sqrt(np.mean(data.differences**2, axis=0))
        unit = 1.0 if data.words is None else float(np.sqrt(np.mean(data.words**2)))
        made = Design(model, data, np.where(scale > 0, scale, 1.0), unit or 1.0, data.ties)
        made.slots = list(made._slots())
        return made

    def on(self, data: Annotations) -> Design:
        """The same parameters for other labels."""
        return Design(self.model, data, self.scale, self.unit, self.ties, self.slots)

    def _slots(self) -> Iterator[Slot]:
        model = self.model
        if model.family in LINEAR:
            low = 0.0 if self.data.latent else -_STEEPEST
            yield Slot("slopes", max(1, len(self.data.criteria)), 0.5, low, _STEEPEST)
        elif model.family != "coin":
            yield Slot("slopes", 1, 0.5, 0.0 if self.data.latent else -_STEEPEST, _STEEPEST)
        if model.family == "glad":
            yield Slot("sharpness", 1, 0.8, 0.0, 10.0)
        if self.ties:
            yield Slot("tie", 1, -1.0, -12.0, 8.0)
        if "flips" in model.parts:
            yield Slot("flips", 1, 0.05, 0.0, 0.5)
        for part in BIASES:
            if part in model.parts:
                yield Slot(part, 1, 0.0, -_STEEPEST, _STEEPEST)
        if "raters" in model.parts:
            yield Slot("raters", len(self.data.workers) - 1, 0.0, -5.0, 5.0)

    @property
    def size(self) -> int:
        """How many parameters there are."""
        return sum(slot.count for slot in self.slots)

    @property
    def start(self) -> Array:
        """Where a fit begins [P]."""
        return np.concatenate([np.full(s.count, s.start) for s in self.slots] or [np.zeros(0)])

    @property
    def bounds(self) -> list[tuple[float, float]]:
        """How far each parameter may go."""
        return [(s.low, s.high) for s in self.slots for _ in range(s.count)]

    @property
    def names(self) -> list[str]:
        """What each parameter is about."""
        named = {"slopes": list(self.data.criteria)} if self.model.family in LINEAR and self.data.criteria else {}
        return [name for s in self.slots for name in named.get(s.name, [s.name] * s.count)]

    def part(self, theta: Any, name: str) -> Any:
        """The parameters of one slot, of a vector [P]; None if the model has none such."""
        place = 0
        for slot in self.slots:
            if slot.name == name:
                return theta[place : place + slot.count]
            place += slot.count
        return None

    def tensors(self) -> Evidence:
        """The annotations as torch sees them."""
        import torch

        data, latent = self.data, self.data.latent
        nodes, weights = np.zeros(0), np.zeros(0)
        if latent:
            nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
            if self.model.family == "mistaken":
                nodes, weights = np.array([-1.0, 1.0]), np.ones(2)
        zeros = np.zeros(len(data))
        return Evidence(
            torch.as_tensor(data.differences / self.scale),
            torch.as_tensor(zeros if data.words is None else data.words / self.unit),
            torch.tensor(data.worker),
            torch.tensor(data.label),
            torch.as_tensor(np.unique(data.task, return_inverse=True)[1].ravel()),
            torch.as_tensor(nodes),
            torch.as_tensor(np.log(weights / weights.sum()) if latent else weights),
        )

    def log_likelihoods(self, theta: torch.Tensor, evidence: Evidence) -> torch.Tensor:
        """Of each label [n], in nats; of each task [T], where the differences are latent."""
        import torch

        margin = self.margin(theta, evidence)  # [n], or [n, nodes]
        outcome = evidence.label if margin.ndim == 1 else evidence.label[:, None].expand(margin.shape)
        each = self.outcomes(theta, margin).gather(-1, outcome.unsqueeze(-1)).squeeze(-1)
        if margin.ndim == 1:
            return each
        tasks = int(evidence.task.max()) + 1
        together = torch.zeros(tasks, margin.shape[1], dtype=each.dtype).index_add(0, evidence.task, each)
        return torch.logsumexp(together + evidence.weights, dim=1)

    def penalty(self, theta: torch.Tensor) -> torch.Tensor:
        """Minus the log density of the prior of ln α, in nats; 0 without `raters`."""
        free = self.part(theta, "raters")
        total = theta.new_zeros(()) if free is None else (free**2).sum() + free.sum() ** 2
        return 0.5 * total / RELIABILITY**2

    def margin(self, theta: torch.Tensor, evidence: Evidence) -> torch.Tensor:
        """Of each label [n], or [n, nodes] where the differences are latent."""
        import torch

        latent, slopes = self.data.latent, self.part(theta, "slopes")
        x = evidence.nodes.expand(len(evidence.label), -1) if latent else evidence.x
        if slopes is None:
            margin = torch.zeros(x.shape if latent else x.shape[:1], dtype=theta.dtype)
        elif self.model.family in LINEAR:
            margin = slopes[0] * x if latent else x @ slopes
        else:
            difference = x if latent else x[:, 0]
            sharpness = self.part(theta, "sharpness")
            power = 1.0 if sharpness is None else difference.abs().clamp_min(_LEAST) ** sharpness[0]
            margin = slopes[0] * difference.sign() * power
        reliability = self.part(theta, "raters")
        if reliability is not None and "raters" in self.model.parts:
            margin = _times(margin, torch.cat([reliability, -reliability.sum()[None]])[evidence.worker].exp())
        amounts = torch.ones_like(evidence.words), evidence.words.sign(), evidence.words
        for name, amount in zip(BIASES, amounts, strict=True):
            bias = self.part(theta, name)
            if bias is not None and name in self.model.parts:
                margin = margin + (bias[0] * amount if margin.ndim == 1 else (bias[0] * amount)[:, None])
        return margin

    def outcomes(self, theta: torch.Tensor, margin: torch.Tensor) -> torch.Tensor:
        """Log chances of undecided, left and right [..., 3] at these margins [...]; -inf of ties nobody ever says."""
        import torch

        tie = self.part(theta, "tie")
        undecided, left, right = SIDES[self.model.family](margin, None if tie is None else tie[0])
        flips = self.part(theta, "flips")
        if flips is not None:
            p, q, kept = left.exp(), right.exp(), 1 - flips[0]
            left = (kept * p + flips[0] * q).clamp_min(1e-300).log()
            right = (kept * q + flips[0] * p).clamp_min(1e-300).log()
        return torch.stack([undecided, left, right], dim=-1)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Annotations in torch."""

    x: torch.Tensor  # [n, K]
    words: torch.Tensor  # [n]
    worker: torch.Tensor  # [n]
    label: torch.Tensor  # [n]
    task: torch.Tensor  # [n]
    nodes: torch.Tensor  # [Q] where the latent difference may be
    weights: torch.Tensor  # [Q] log chances of that


def _times(margin: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    return margin * (factor if margin.ndim == 1 else factor[:, None])
