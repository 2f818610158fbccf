"""Trees of firms and people: where noise averages out, what a long line of readers drifts to, what redraws reveal.

`branching` says how many agents each party of a level has below it: [3, 4, 10] is three vendors under the
corporation, four vendors under each of them, and ten raters under each of those. A level's misreadings are
independent, in units of the norm of the guideline as first written, and of variance `variances[k]`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.parties.pool import Pool
from simlab.theory.law import FEWEST, REPLICATIONS, Control, Law
from simlab.theory.small_world import HIERARCHY, averaged, panel, stand

if TYPE_CHECKING:
    from simlab.arrays import Array
    from simlab.measures.panel import Panel
    from simlab.simulation import Simulation

LARGE = 64  # dimensions; what isotropic errors add at order 1/d is the slack
PROMPTS = 400
WORLDS = 2  # independent hierarchies an observation

# ---- trees ----------------------------------------------------------------------------------------------------------


def pooled(variances: Sequence[float], branching: Sequence[int]) -> float:
    """1/√(1 + Σ s_k²/(b₁…b_k))."""
    return 1 / math.sqrt(1 + sum(s / math.prod(branching[: k + 1]) for k, s in enumerate(variances)))


def path(variances: Sequence[float]) -> float:
    """1/√(1 + Σ s_k²)."""
    return 1 / math.sqrt(1 + sum(variances))


def planted(variances: Sequence[float], branching: Sequence[int]) -> dict[str, Any]:
    """A hierarchy of that shape under acme, vendors all the way down to pools of raters who judge one reward model."""
    if len(variances) != len(branching) or not branching:
        raise ValueError(f"{len(variances)} variances do not fit {len(branching)} levels")
    said = [HIERARCHY["relations"][0], HIERARCHY["relations"][3]]
    parties = {name: HIERARCHY["parties"][name] for name in ("users", "acme", "rm", "lm")}
    level = ["acme"]
    for s, count in zip(variances[:-1], branching[:-1], strict=True):
        below = [(above, f"{above}_{i}" if above != "acme" else f"firm{i}") for above in level for i in range(count)]
        parties |= {name: {"kind": "vendor", "misreading": math.sqrt(s)} for _, name in below}
        said += [{"principal": above, "agent": name, "every": 1, "sample": 0.1} for above, name in below]
        level = [name for _, name in below]
    raters = {"kind": "raters", "count": branching[-1], "misreading": math.sqrt(variances[-1])}
    for above in level:
        parties[f"pool_{above}"] = raters
        said += [
            {"principal": above, "agent": f"pool_{above}", "every": 1, "sample": 0.1},
            {"principal": f"pool_{above}", "agent": "rm", "every": 1, "sample": 10, "consequence": "gradient"},
        ]
    return {"world.dimensions": LARGE, "parties": parties, "relations": said}


def people(simulation: Simulation, seen: Panel) -> Array:
    """The centred utilities [n, people] of everyone at the bottom."""
    each = [pool.individual_utilities(seen, pool.representatives()) for pool in simulation.of_kind(Pool)]
    return seen.centred(np.concatenate(each, axis=1))


def _pooled(seed: int, *, variances: Sequence[float], branching: Sequence[int]) -> float:
    """ρ of users with the mean of all raters' standardized utilities."""
    from simlab.measures.statistics import pearson

    def once(key: int) -> float:
        simulation = stand(key, planted(variances, branching))
        seen = panel(simulation, PROMPTS)
        everyone = np.mean([pool.utility(seen) for pool in simulation.of_kind(Pool)], axis=0)
        return pearson(seen.centred(everyone), seen.centred(simulation.parties["users"].utility(seen)))

    return averaged(seed, WORLDS, once)


def _path(seed: int, *, variances: Sequence[float], branching: Sequence[int]) -> float:
    """The mean ρ of users with one rater."""
    from simlab.measures.alignment import correlations

    def once(key: int) -> float:
        simulation = stand(key, planted(variances, branching))
        seen = panel(simulation, PROMPTS)
        users = seen.centred(simulation.parties["users"].utility(seen))
        return float(np.mean(correlations(people(simulation, seen), users)))

    return averaged(seed, WORLDS, once)


# ---- long lines of readers ------------------------------------------------------------------------------------------


def line(compliance: float, readers: int, noise: float = 0.0, chains: int = 1) -> dict[str, Any]:
    """Vendors each of whom reads what the one before understood, and leans toward values of its own: `engaging`."""
    vendor = {"kind": "vendor", "misreading": noise, "compliance": compliance, "values": {"engaging": 1}}
    parties = {name: HIERARCHY["parties"][name] for name in ("users", "acme", "rm", "lm")}
    said = [HIERARCHY["relations"][0], HIERARCHY["relations"][3]]
    for chain in range(chains):
        names = [f"reader{chain}_{k}" for k in range(readers)]
        parties |= dict.fromkeys(names, vendor) | {f"pool{chain}": {"kind": "raters", "count": 1}}
        for above, below in pairwise(["acme", *names, f"pool{chain}"]):
            said.append({"principal": above, "agent": below, "every": 1, "sample": 0.1})
        said.append({"principal": f"pool{chain}", "agent": "rm", "every": 1, "sample": 10, "consequence": "gradient"})
    return {"world.dimensions": LARGE, "parties": parties, "relations": said}


def last_readers(simulation: Simulation) -> Iterator[Array]:
    """What the raters at the end of each chain go by."""
    for pool in simulation.of_kind(Pool):
        yield pool.cohort.vector[0]


def _part(criterion: str, seed: int, *, compliance: float, readers: int) -> float:
    """How much of a criterion there is in what reaches the end of the line."""
    simulation = stand(seed, line(compliance, readers))
    (vector,) = last_readers(simulation)
    return float(vector @ simulation.game.value({criterion: 1.0}))


def _spread(seed: int, *, compliance: float, readers: int, variance: float) -> float:
    """The squared distance of what reaches the end of a line from what reaches it without noise.

    `variance` is σ₀² + σ_x², what the spread comes to in the end: each reader's noise is chosen for it.
    """
    noise = math.sqrt(variance * (1 - compliance**2)) / compliance
    (plain,) = last_readers(stand(seed, line(compliance, readers)))
    noisy = list(last_readers(stand(seed, line(compliance, readers, noise, chains=4))))
    return float(np.mean([np.sum((vector - plain) ** 2) for vector in noisy]))


# ---- what redraws reveal --------------------------------------------------------------------------------------------


def _waterfall(part: str, seed: int, *, misreading: float, raters: int, compliance: float) -> float:
    """The noise or the bias of the step from acme to its pool: the same pool is hired thrice, under other names."""
    from simlab.measures.waterfall import waterfall

    pool = {"kind": "raters", "count": raters, "misreading": misreading, "compliance": compliance}
    pool |= {"values": {"engaging": 1}}
    names = ["pool", "again", "once_more"]
    parties = {name: HIERARCHY["parties"][name] for name in ("users", "acme", "rm", "lm")} | dict.fromkeys(names, pool)
    said = [HIERARCHY["relations"][0], HIERARCHY["relations"][3]]
    for name in names:
        said.append({"principal": "acme", "agent": name, "every": 1, "sample": 0.1})
        said.append({"principal": name, "agent": "rm", "every": 1, "sample": 10, "consequence": "gradient"})
    changes = {"world.dimensions": LARGE, "parties": parties, "relations": said}

    def once(key: int) -> float:
        simulation = stand(key, changes)
        seen = panel(simulation, 2 * PROMPTS)
        heard = {name: party.utility(seen) for name, party in simulation.parties.items() if name not in ("rm", "lm")}
        redraws = {"pool": (heard["again"], heard["once_more"])}
        steps = waterfall(["users", "acme", "pool"], heard, redraws, seen.group)
        return float(getattr(steps[1], part))

    return averaged(seed, WORLDS, once)


def noise_part(misreading: float, raters: int, compliance: float) -> float:
    """½ ln(1 + v/|μ|²): v the pool's noise, c²s²/b, and μ what its people have in common, c·told + (1 − c)·own."""
    common = compliance**2 + (1 - compliance) ** 2
    return 0.5 * math.log(1 + compliance**2 * misreading**2 / raters / common)


LEAST = 0.5  # reliability


def told_apart(misreading: float, raters: int, compliance: float) -> str:
    """Why redraws do not show this noise: two that hardly correlate do so by chance, at 1/√d, as much as by what they
    have in common, and −ln ρ̂ falls short of its mean or is not there."""
    reliability = math.exp(-2 * noise_part(misreading, raters, compliance))
    if reliability >= LEAST and compliance >= LEAST:
        return ""
    if compliance < LEAST:
        return f"people comply by {compliance:g}: what is lost to bias is beyond what ρ in {LARGE} dimensions can tell"
    return f"redraws would correlate at {reliability:.2g} only; in {LARGE} dimensions it takes {LEAST:g} to tell it"


def bias_part(compliance: float) -> float:
    """−ln cos of what the pool has in common with what it was told."""
    return -math.log(compliance / math.hypot(compliance, 1 - compliance))


WATERFALL = "linear gaussian tree: misreadings in units of what was first written add as vectors; Spearman (1904)"
KALISH = "Griffiths & Kalish (2007), Cognitive Science 31, for a gaussian prior and likelihood"
SHAPES: tuple[dict[str, Any], ...] = (
    {"variances": [0.3, 0.3, 0.6], "branching": [3, 4, 10]},
    {"variances": [0.5, 1.0], "branching": [2, 8]},
    {"variances": [0.2, 0.3, 0.2, 0.5], "branching": [2, 2, 2, 4]},
)

LAWS = (
    Law(
        id="tree.pooled",
        says="noise averages out at the level where it enters, and no higher: ρ = 1/√(1 + Σ s_k²/(b₁…b_k))",
        source=WATERFALL,
        path="simlab/people/population.py:understood",
        regime="gaussian",
        points=SHAPES,
        predicted=pooled,
        observe=_pooled,
        control=Control(
            params={"variances": [0.5, 1.0], "branching": [2, 8]},
            wrong="what enters above averages out over everyone below, too",
            predicted=lambda variances, branching: 1 / math.sqrt(1 + sum(variances) / math.prod(branching)),
        ),
        margin=0.04,
        slack=1 / LARGE,
        replications=REPLICATIONS,
    ),
    Law(
        id="tree.path",
        says="along one path nothing averages out: ρ = 1/√(1 + Σ s_k²)",
        source=WATERFALL,
        path="simlab/people/population.py:understood",
        regime="gaussian",
        points=SHAPES,
        predicted=lambda variances, branching: path(variances),
        observe=_path,
        control=Control(
            params={"variances": [0.3, 0.3, 0.6], "branching": [3, 4, 10]},
            wrong="misreadings in units of what was received, which multiply",
            predicted=lambda variances, branching: math.prod(path([s]) for s in variances),
        ),
        margin=0.04,
        slack=1 / LARGE,
        replications=FEWEST,
        slow=True,
    ),
    Law(
        id="iteration.told",
        says="of what was first said, λⁿ is left after n readers who comply by λ",
        source=KALISH,
        path="simlab/people/population.py:understood",
        regime="gaussian",
        points=(
            {"compliance": 0.8, "readers": 5},
            {"compliance": 0.5, "readers": 2},
            {"compliance": 0.95, "readers": 8},
        ),
        predicted=lambda compliance, readers: compliance**readers,
        observe=lambda seed, compliance, readers: _part("helpful", seed, compliance=compliance, readers=readers),
        control=Control(
            params={"compliance": 0.8, "readers": 5},
            wrong="a loss that adds up",
            predicted=lambda compliance, readers: 1 - readers * (1 - compliance),
        ),
    ),
    Law(
        id="iteration.values",
        says="what the line drifts to is the readers' own values: (1 − λⁿ)·μ₀",
        source=KALISH,
        path="simlab/people/population.py:understood",
        regime="gaussian",
        points=(
            {"compliance": 0.8, "readers": 5},
            {"compliance": 0.5, "readers": 2},
            {"compliance": 0.95, "readers": 8},
        ),
        predicted=lambda compliance, readers: 1 - compliance**readers,
        observe=lambda seed, compliance, readers: _part("engaging", seed, compliance=compliance, readers=readers),
        control=Control(
            params={"compliance": 0.8, "readers": 5},
            wrong="as much as the last reader adds",
            predicted=lambda compliance, readers: 1 - compliance,
        ),
    ),
    Law(
        id="iteration.spread",
        says="and its spread comes to (σ₀² + σ_x²)(1 − λ²ⁿ), not to ever more noise",
        source=KALISH,
        path="simlab/people/population.py:understood",
        regime="gaussian",
        points=(
            {"compliance": 0.8, "readers": 5, "variance": 1.0},
            {"compliance": 0.5, "readers": 2, "variance": 0.5},
            {"compliance": 0.95, "readers": 8, "variance": 2.0},
        ),
        predicted=lambda compliance, readers, variance: variance * (1 - compliance ** (2 * readers)),
        observe=_spread,
        control=Control(
            params={"compliance": 0.8, "readers": 5, "variance": 1.0},
            wrong="noise that adds up",
            predicted=lambda compliance, readers, variance: readers * variance * (1 - compliance**2),
        ),
        margin=0.15,
        replications=REPLICATIONS,
    ),
    Law(
        id="waterfall.noise",
        says="what a level's people err apart: −½ ln of the ρ of two redraws = ½ ln(1 + c²s²/b/|μ|²)",
        source="Spearman (1904), Am. J. Psychology 15 (attenuation)",
        path="simlab/measures/waterfall.py:waterfall",
        regime="gaussian",
        points=(
            {"misreading": 1.0, "raters": 4, "compliance": 1.0},
            {"misreading": 0.7, "raters": 2, "compliance": 0.7},
            {"misreading": 2.0, "raters": 8, "compliance": 0.8},
        ),
        predicted=noise_part,
        observe=lambda seed, **at: _waterfall("noise", seed, **at),
        refuses=told_apart,
        control=Control(
            params={"misreading": 2.0, "raters": 8, "compliance": 0.8},
            wrong="one rater's noise",
            predicted=lambda misreading, raters, compliance: noise_part(misreading, 1, compliance),
        ),
        margin=0.06,
        slack=0.02,
        replications=REPLICATIONS,
    ),
    Law(
        id="waterfall.bias",
        says="what a level's people err together: the loss less the noise = −ln cos(μ, told)",
        source="Spearman (1904), Am. J. Psychology 15 (attenuation)",
        path="simlab/measures/waterfall.py:waterfall",
        regime="gaussian",
        points=(
            {"misreading": 1.0, "raters": 4, "compliance": 1.0},
            {"misreading": 0.7, "raters": 2, "compliance": 0.7},
            {"misreading": 1.5, "raters": 8, "compliance": 0.5},
        ),
        predicted=lambda misreading, raters, compliance: bias_part(compliance),
        observe=lambda seed, **at: _waterfall("bias", seed, **at),
        refuses=told_apart,
        control=Control(
            params={"misreading": 1.5, "raters": 8, "compliance": 0.5},
            wrong="the whole loss",
            predicted=lambda misreading, raters, compliance: (
                bias_part(compliance) + noise_part(misreading, raters, compliance)
            ),
        ),
        margin=0.06,
        slack=0.02,
        replications=FEWEST,
        slow=True,
    ),
)
