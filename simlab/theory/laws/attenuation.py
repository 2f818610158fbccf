"""What a chain of command loses of what was asked for: labels passed on, values misread, channels on the side.

Misreadings are in units of the norm of what was first written down, and isotropic; ρ is over N(0, I) responses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simlab.parties.raters import Raters
from simlab.theory.law import FEWEST, REPLICATIONS, Control, Law
from simlab.theory.normal import mean_cosine
from simlab.theory.raters import cohort, draws, policy
from simlab.theory.small_world import LEARN, averaged, correlation, panel, play, stand

if TYPE_CHECKING:
    from simlab.measures.panel import Panel
    from simlab.simulation import Simulation

COUNT = 50_000  # labels passed down a chain
LARGE = 128  # dimensions; what isotropic errors add at order 1/d is then below .01
PROMPTS = 500
WORLDS = 2  # independent hierarchies an observation
FIRMS = 50
CHAINS = 20

# ---- labels ---------------------------------------------------------------------------------------------------------


def through(flips: Sequence[float]) -> float:
    """1 − 2ε of raters who each copy the one before, with error."""
    return math.prod(1 - 2 * e for e in flips)


def _passed_on(seed: int, flips: Sequence[float]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What is true of each pair, 1 or 2, and what the last of a chain of raters says."""
    truth = said = np.arange(COUNT) % 2 + 1
    for link, flip in enumerate(flips):
        seen = np.stack([said == 1, said == 2], axis=1).astype(float)
        said = policy("mistaken", flip=flip).choose(seen, cohort(COUNT), draws(seed, f"link {link}", COUNT))[:, 0]
    return truth, said


def _binary_chain(seed: int, *, flips: Sequence[float]) -> float:
    truth, said = _passed_on(seed, flips)
    return float(2 * np.mean(truth == said) - 1)


def binary_information(error: float) -> float:
    """What a fair bit, wrong with this chance, tells of the right one: ln 2 − H(ε) in nats."""
    return math.log(2) + sum(p * math.log(p) for p in (error, 1 - error) if p > 0)


def label_information(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    """Mutual information of two labels [n] of the same things, in nats (the plug-in estimate)."""
    categories, both = np.unique(np.concatenate([a, b]), return_inverse=True)
    q = len(categories)
    share = np.bincount(both[: len(a)] * q + both[len(a) :], minlength=q * q).reshape(q, q) / len(a)
    product = share.sum(axis=1, keepdims=True) * share.sum(axis=0, keepdims=True)
    some = share > 0
    return float(np.sum(share[some] * np.log(share[some] / product[some])))


def _information(seed: int, *, flips: Sequence[float]) -> float:
    return label_information(*_passed_on(seed, flips))


# ---- values ---------------------------------------------------------------------------------------------------------


def _firms(guidelines: Sequence[dict[str, float]], misreading: float) -> dict[str, Any]:
    """Corporations beside one another, each with its guideline, and its own error in understanding it."""
    changes: dict[str, Any] = {}
    for i, weights in enumerate(guidelines):
        told = {"operative": weights}
        changes[f"parties.firm{i}"] = {"kind": "corporation", "guideline": told, "misreading": misreading}
        changes[f"relations.{4 + i}"] = {"principal": "users", "agent": f"firm{i}", "every": 1, "sample": 5}
    return changes


def _kick(seed: int, *, misreading: float, dimensions: int) -> float:
    """The mean ρ with users of corporations that misread, each by itself, what users want."""
    changes = _firms([{"helpful": 1.0}] * FIRMS, misreading) | {"world.dimensions": dimensions}

    def once(key: int) -> float:
        simulation = stand(key, changes)
        seen = panel(simulation, 2 * PROMPTS)
        return float(np.mean([correlation(simulation, seen, "users", f"firm{i}") for i in range(FIRMS)]))

    return averaged(seed, 2, once)


def _kicks(seed: int, *, misreadings: Sequence[float], dimensions: int) -> float:
    """The mean cosine with what was first wanted, of corporations each of which is told what one before it understood.

    What is passed on has length 1 again: one scenario after another, its guidelines what the last one's firms made of
    theirs.
    """
    names = [f"value{k}" for k in range(dimensions)]
    everyone = {"world.dimensions": dimensions, "parties.users.values": dict.fromkeys(names, 1.0)}
    everyone |= {"criteria": {name: {} for name in names}}
    everyone["parties.acme.guideline.operative"] = dict.fromkeys(names, 1.0)
    told = np.tile(np.full(dimensions, dimensions**-0.5), (CHAINS, 1))
    for link, misreading in enumerate(misreadings):
        guidelines = [dict(zip(names, row.tolist(), strict=True)) for row in told]
        simulation = stand(len(misreadings) * seed + link, everyone | _firms(guidelines, misreading))
        axes = [int(np.argmax(simulation.game.value({name: 1.0}))) for name in names]
        firms = [simulation.parties[f"firm{i}"] for i in range(CHAINS)]
        understood = np.array([firm.standard().vector[axes] for firm in firms])
        told = understood / np.linalg.norm(understood, axis=1, keepdims=True)
    return float(np.mean(told.sum(axis=1) * dimensions**-0.5))


def _planted(above: float, below: float, raters: int) -> dict[str, Any]:
    return {
        "world.dimensions": LARGE,
        "parties.acme.misreading": above,
        "parties.pool": {"kind": "raters", "count": raters, "misreading": below},
    }


def _with_each(simulation: Simulation, seen: Panel, principal: str) -> float:
    """The mean ρ of a party with each rater of the pool."""
    from simlab.measures.alignment import correlations

    pool = simulation.parties["pool"]
    assert isinstance(pool, Raters)
    each = seen.centred(pool.individual_utilities(seen, pool.representatives()))
    return float(np.mean(correlations(each, seen.centred(simulation.parties[principal].utility(seen)))))


def _chain(seed: int, *, above: float, below: float, labels: int) -> float:
    """ρ from users to the reward model, over the product of ρ along the three links between them."""
    changes = _planted(above, below, 1) | {"world.dimensions": 64, f"{LEARN}.sample": labels}

    def once(key: int) -> float:
        run = play(key, changes)
        links = [run.rho(*link) for link in (("users", "acme"), ("acme", "pool"), ("pool", "rm"))]
        return run.rho("users", "rm") / math.prod(links)

    return averaged(seed, 2, once)


def side_channel(above: float, below: float, compliance: float) -> float:
    """ρ over the product along the chain, if raters blend in the values of those on top: (1+s²)/(1+c·s²)."""
    return (1 + above**2) / (1 + compliance * above**2)


def _side_channel(seed: int, *, above: float, below: float, compliance: float) -> float:
    changes = _planted(above, below, 8)
    changes["parties.pool"] |= {"compliance": compliance, "values": {"helpful": 1}}

    def once(key: int) -> float:
        simulation = stand(key, changes)
        seen = panel(simulation, PROMPTS)
        told = correlation(simulation, seen, "users", "acme") * _with_each(simulation, seen, "acme")
        return _with_each(simulation, seen, "users") / told

    return averaged(seed, WORLDS, once)


LAWS = (
    Law(
        id="attenuation.binary_chain",
        says="1 − 2ε_n = Π(1 − 2ε_i) for labels copied n times",
        source="Cover & Thomas (2006), cascade of binary symmetric channels, ex. 7.8",
        path="simlab/components/rater_policy.py:RaterPolicy.choose",
        regime="exact",
        points=({"flips": [0.1, 0.1]}, {"flips": [0.1] * 5}, {"flips": [0.05, 0.3, 0.2]}),
        predicted=through,
        observe=_binary_chain,
        control=Control(
            params={"flips": [0.1] * 5}, wrong="errors that add up", predicted=lambda flips: 1 - 2 * sum(flips)
        ),
        margin=0.015,
        replications=REPLICATIONS,
    ),
    Law(
        id="attenuation.data_processing",
        says="a label copied n times tells ln 2 − H(ε_n) nats of the truth, never more than before",
        source="Cover & Thomas (2006), theorem 2.8.1",
        path="simlab/components/rater_policy.py:RaterPolicy.choose",
        regime="language model",
        points=({"flips": [0.1]}, {"flips": [0.1, 0.1]}, {"flips": [0.05, 0.3, 0.2]}),
        predicted=lambda flips: binary_information((1 - through(flips)) / 2),
        observe=_information,
        control=Control(
            params={"flips": [0.1, 0.1]},
            wrong="information that multiplies",
            predicted=lambda flips: math.prod(binary_information(e) for e in flips),
        ),
        margin=0.01,
        slack=1 / (2 * COUNT),  # by so much the plug-in estimate for two labels is too high; Miller (1955)
        replications=REPLICATIONS,
    ),
    Law(
        id="attenuation.kick",
        says="E ρ of a misreading by s norms in d dimensions: √½·κ·Γ((d+1)/2)/Γ(d/2+1)·₁F₁(½; d/2+1; −κ²/2), κ = √d/s",
        source="Mardia & Jupp (2000), Directional Statistics, §9.3.3",
        path="simlab/parties/corporation.py:Corporation._issued",
        regime="gaussian",
        points=(
            {"misreading": 1.0, "dimensions": 4},
            {"misreading": 0.5, "dimensions": 16},
            {"misreading": 2.0, "dimensions": 8},
        ),
        predicted=lambda misreading, dimensions: mean_cosine(misreading, dimensions),
        observe=_kick,
        control=Control(
            params={"misreading": 1.0, "dimensions": 4},
            wrong="an error of that size in every dimension",
            predicted=lambda misreading, dimensions: 1 / math.sqrt(1 + dimensions * misreading**2),
        ),
        margin=0.05,
        replications=FEWEST,
        slow=True,
    ),
    Law(
        id="attenuation.kicks",
        says="E cos = Π E cos_i, exactly, for isotropic errors in what is passed on at length 1",
        source="a kick leaves the rest of the sphere symmetric about where it came from; Mardia & Jupp (2000), §9.3.3",
        path="simlab/parties/corporation.py:Corporation._issued",
        regime="gaussian",
        points=(
            {"misreadings": [1.0, 0.5], "dimensions": 4},
            {"misreadings": [0.7, 0.7, 0.7], "dimensions": 3},
            {"misreadings": [0.5, 1.0, 0.3], "dimensions": 8},
        ),
        predicted=lambda misreadings, dimensions: math.prod(mean_cosine(s, dimensions) for s in misreadings),
        observe=_kicks,
        control=Control(
            params={"misreadings": [1.0, 1.0, 1.0], "dimensions": 4},
            wrong="errors in units of what was first wanted, which add",
            predicted=lambda misreadings, dimensions: mean_cosine(math.hypot(*misreadings), dimensions),
        ),
        margin=0.08,
        replications=FEWEST,
        slow=True,
    ),
    Law(
        id="attenuation.chain",
        says="ρ multiplies along a chain: ρ(users, reward model) / Πρ_i = 1",
        source="Spearman (1904); isotropic errors leave no other way for values to pass",
        path="simlab/people/population.py:understood, simlab/measures/statistics.py:pearson",
        regime="gaussian",
        points=(
            {"above": 0.3, "below": 0.3, "labels": 900},
            {"above": 0.5, "below": 0.7, "labels": 700},
            {"above": 0.2, "below": 0.6, "labels": 500},
        ),
        predicted=lambda above, below, labels: 1.0,
        observe=_chain,
        control=Control(
            params={"above": 0.5, "below": 0.7, "labels": 700},
            wrong="only the weakest link counts",
            predicted=lambda above, below, labels: math.sqrt(1 + above**2),
        ),
        margin=0.1,
        slack=2 / 64,
        replications=FEWEST,
        slow=True,
    ),
    Law(
        id="attenuation.side_channel",
        says="ρ/Πρ_i = (1 + s²)/(1 + c·s²) > 1 if raters heed what users want besides (compliance c < 1)",
        source="linear gaussian chain: the same error stands in both of the middle party's correlations",
        path="simlab/people/population.py:understood, simlab/measures/statistics.py:pearson",
        regime="gaussian",
        points=(
            {"above": 1.0, "below": 0.3, "compliance": 0.5},
            {"above": 0.7, "below": 0.5, "compliance": 0.8},
            {"above": 0.9, "below": 0.0, "compliance": 0.3},
        ),
        predicted=side_channel,
        observe=_side_channel,
        control=Control(
            params={"above": 1.0, "below": 0.3, "compliance": 0.5},
            wrong="a chain without a side channel",
            predicted=lambda above, below, compliance: 1.0,
        ),
        margin=0.08,
        slack=2 / LARGE,
        replications=FEWEST,
        slow=True,
    ),
)
