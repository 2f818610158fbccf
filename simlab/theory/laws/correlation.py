"""One currency: what the correlation ρ of two parties' utilities is worth in accuracy, information, gold and surplus.

The two parties are users and a corporation whose guideline makes a given angle with what users want.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from simlab.arrays import Array
from simlab.theory.law import REPLICATIONS, Control, Law
from simlab.theory.normal import e_n
from simlab.theory.small_world import LEARN, TRAIN, correlation, divergence, gold, panel, play, stand

Changes = dict[str, Any]


def apart(rho: float) -> Changes:
    """A corporation whose guideline correlates by ρ with what users want."""
    guideline = {"helpful": rho, "engaging": math.sqrt(1 - rho**2)}
    return {"world.dimensions": 4, "parties.acme.guideline.operative": guideline}


def obeyed(rho: float, beta: float) -> Changes:
    """The same, with raters who neither err nor misread, and a language model on a leash β to please them."""
    return apart(rho) | {
        "parties.pool": {"kind": "raters", "count": 2, "policy": {"kind": "boltzmann", "temperature": 0}},
        f"{LEARN}.sample": 600,
        f"{TRAIN}.consequence": {"kind": "gradient", "shape": {"kind": "plain", "beta": beta}},
    }


def _cosine(seed: int, *, degrees: float) -> float:
    simulation = stand(seed, apart(math.cos(math.radians(degrees))))
    return correlation(simulation, panel(simulation, 4000), "users", "acme")


def _accuracy(seed: int, *, rho: float) -> float:
    from simlab.measures.statistics import pairs

    simulation = stand(seed, apart(rho))
    seen = panel(simulation, 4000, 4)
    users, acme = (simulation.parties[name].utility(seen) for name in ("users", "acme"))
    return pairs(acme, users, seen.group).accuracy


def mutual_information(a: Array, b: Array, neighbours: int = 3) -> float:
    """Mutual information of two continuous variables [n], in nats, from distances to the k-th nearest neighbour.

    Kraskov, Stögbauer & Grassberger (2004), Phys. Rev. E 69, eq. 8; nearly unbiased, and blind to monotone
    transformations of either variable (each is first turned into normal scores). Small negative values mean none.
    """
    from scipy.spatial import cKDTree
    from scipy.special import digamma, ndtri
    from scipy.stats import rankdata

    n = len(a)
    x, y = (ndtri((rankdata(v, "ordinal") - 0.5) / n) for v in (a, b))
    both = np.stack([x, y], axis=1)
    distance = cKDTree(both).query(both, k=neighbours + 1, p=np.inf)[0][:, -1]
    within = [_within(v, distance) for v in (x, y)]
    spread = np.mean(sum(digamma(count + 1) for count in within))
    return float(digamma(neighbours) + digamma(n) - spread)


def _within(values: Array, distance: Array) -> Array:
    """How many others of one variable [n] lie strictly within each one's distance [n]."""
    ordered = np.sort(values)
    upper = np.searchsorted(ordered, values + distance, side="left")
    lower = np.searchsorted(ordered, values - distance, side="right")
    return np.asarray(upper - lower - 1, dtype=float)


def _information(seed: int, *, rho: float) -> float:
    simulation = stand(seed, apart(rho))
    seen = panel(simulation, 10_000, 1)
    users, acme = (simulation.parties[name].utility(seen) for name in ("users", "acme"))
    return mutual_information(users, acme, neighbours=1)  # farther ones are not near enough where ρ is almost 1


def _best_of_n(seed: int, *, rho: float, n: int) -> float:
    from simlab.measures.best_of_n import best_of

    simulation = stand(seed, apart(rho))
    seen = panel(simulation, 15_000 // n, 2 * n)
    users, acme = (simulation.parties[name].utility(seen).reshape(-1, 2 * n) for name in ("users", "acme"))
    return best_of(acme, users, n)


def _gold(seed: int, *, rho: float, beta: float) -> float:
    run = play(seed, obeyed(rho, beta))
    return gold(run) / math.sqrt(2 * divergence(run))


def _surplus(seed: int, *, rho: float, beta: float, leash: float | None = None) -> float:
    """Gold less β·KL under the leash that is best for a proxy this good, as a share of what there is, 1/(2β)."""
    run = play(seed, obeyed(rho, beta / rho if leash is None else leash))
    return (gold(run) - beta * divergence(run)) * 2 * beta


LAWS = (
    Law(
        id="currency.cosine",
        says="the correlation of two parties' utilities is the cosine of their values",
        source="responses N(0, I) and linear utilities: cov(θ·φ, θ′·φ) = θ·θ′",
        path="simlab/measures/statistics.py:pearson",
        regime="gaussian",
        points=({"degrees": 30.0}, {"degrees": 75.0}, {"degrees": 120.0}),
        predicted=lambda degrees: math.cos(math.radians(degrees)),
        observe=_cosine,
        control=Control(
            params={"degrees": 60.0}, wrong="falling evenly with the angle", predicted=lambda degrees: 1 - degrees / 90
        ),
        margin=0.05,
        replications=REPLICATIONS,
    ),
    Law(
        id="currency.pairwise_accuracy",
        says="two parties order a pair alike with chance ½ + asin(ρ)/π",
        source="Sheppard (1899), Phil. Trans. A 192",
        path="simlab/measures/statistics.py:Pairs.accuracy",
        regime="gaussian",
        points=({"rho": 0.8}, {"rho": 0.3}, {"rho": -0.5}),
        predicted=lambda rho: 0.5 + math.asin(rho) / math.pi,
        observe=_accuracy,
        control=Control(params={"rho": 0.8}, wrong="accuracy linear in ρ", predicted=lambda rho: (1 + rho) / 2),
        margin=0.015,
        replications=REPLICATIONS,
    ),
    Law(
        id="currency.mutual_information",
        says="utilities tell −½ ln(1 − ρ²) nats of each other",
        source="Cover & Thomas (2006), Elements of Information Theory, ex. 8.5.1",
        path="simlab/parties/users.py:Users.utility, simlab/parties/corporation.py:Corporation.utility",
        regime="gaussian",
        points=({"rho": 0.8}, {"rho": 0.5}, {"rho": -0.9}),
        predicted=lambda rho: -0.5 * math.log(1 - rho**2),
        observe=_information,
        control=Control(params={"rho": 0.8}, wrong="without the half", predicted=lambda rho: -math.log(1 - rho**2)),
        margin=0.05,
        replications=REPLICATIONS,
    ),
    Law(
        id="currency.best_of_n",
        says="the best of n by a proxy has gold ρ·e_n",
        source="Gao, Schulman & Hilton (2022), arXiv:2210.10760, §2; e_n: order statistics of the normal",
        path="no run: simlab/measures/best_of_n.py:best_of, offered beside runs",
        regime="gaussian",
        points=({"rho": 0.8, "n": 4}, {"rho": 0.5, "n": 16}, {"rho": 1.0, "n": 64}),
        predicted=lambda rho, n: rho * e_n(n),
        observe=_best_of_n,
        control=Control(params={"rho": 0.5, "n": 16}, wrong="a perfect proxy", predicted=lambda rho, n: e_n(n)),
        margin=0.05,
        replications=REPLICATIONS,
    ),
    Law(
        id="currency.kl_gold",
        says="a policy at KL from its reference gains gold ρ·√(2·KL), here in units of √(2·KL)",
        source="exponential tilt of N(0, I): mean m along the proxy, KL = m²/2",
        path="simlab/machines/gaussian_lm.py:GaussianLM.learn",
        regime="gaussian",
        points=({"rho": 0.8, "beta": 0.5}, {"rho": 0.4, "beta": 1.0}, {"rho": 0.95, "beta": 2.0}),
        predicted=lambda rho, beta: rho,
        observe=_gold,
        control=Control(
            params={"rho": 0.8, "beta": 0.5}, wrong="gold without distortion", predicted=lambda rho, beta: 1.0
        ),
        margin=0.02,
        slack=0.002,  # of a reward model that has seen finitely many labels
        replications=REPLICATIONS,
    ),
    Law(
        id="currency.surplus_share",
        says="the best incentive on a distorted measure yields the share ρ² of the first-best surplus",
        source="Baker (1992), J. Political Economy 100; Baker (2002), J. Human Resources 37",
        path="simlab/machines/gaussian_lm.py:GaussianLM.learn",
        regime="gaussian",
        points=({"rho": 0.8, "beta": 0.5}, {"rho": 0.5, "beta": 1.0}, {"rho": 0.95, "beta": 2.0}),
        predicted=lambda rho, beta: rho**2,
        observe=_surplus,
        control=Control(
            params={"rho": 0.6, "beta": 0.5},
            wrong="a leash that trusts the proxy: 2ρ − 1",
            observe=lambda seed, rho, beta: _surplus(seed, rho=rho, beta=beta, leash=beta),
        ),
        margin=0.04,
        slack=0.005,  # the proxy's unit is the spread of 512 responses, and every error in it costs
        replications=REPLICATIONS,
    ),
)
