"""What a reward model makes of noisy labels: symmetric noise shrinks it, and turns it by what data cannot average."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.rng import Streams, normals
from simlab.theory.law import FEWEST, REPLICATIONS, Control, Law
from simlab.theory.laws.choice import logistic
from simlab.theory.normal import mean_over_normal
from simlab.theory.raters import cohort, draws, labels, policy
from simlab.theory.small_world import LEARN, averaged, panel, play, stand

COUNT = 40_000  # labels of the one pair
PEOPLE = 20_000  # who label each pair of six


def noisy(flip: float, delta: float) -> float:
    """P(label says left) for a Bradley–Terry rater whose label is flipped with this chance."""
    return flip + (1 - 2 * flip) * logistic(delta)


def _one_pair(seed: int, *, delta: float, flip: float) -> float:
    """The score difference that fits many labels of one pair."""
    from simlab.nets.closed_form import fit_linear

    said = labels(seed, policy("bpref", beta=1.0, eps_mistake=flip), [delta, 0.0], COUNT)[:, 0]
    return float(fit_linear(np.ones((COUNT, 1)), said)[0])


def direction(flip: float, labels: int, dimensions: int) -> float:
    """cos = c/√(c² + (d−1)·v) of a linear Bradley–Terry fit to pairs z ~ N(0, 2I), P(left) = ε + (1−2ε)σ(θ·z), |θ| = 1.

    c is the pseudo-true scale, at which E[(p(t) − σ(ct))·t] = 0 for t ~ N(0, 2); v the sandwich variance of a
    coordinate across θ, E[(y − σ(ct))²]/(2n·E[σ′(ct)]²).
    """
    from scipy.optimize import brentq

    def mean(f: Callable[[float], float]) -> float:
        return mean_over_normal(f, math.sqrt(2))

    def p(t: float) -> float:
        return noisy(flip, t)

    c = float(brentq(lambda c: mean(lambda t: (p(t) - logistic(c * t)) * t), 1e-4, 20))
    bread = mean(lambda t: logistic(c * t) * logistic(-c * t))
    meat = mean(lambda t: p(t) * (1 - p(t)) + (p(t) - logistic(c * t)) ** 2)
    return c / math.sqrt(c**2 + (dimensions - 1) * meat / (2 * labels * bread**2))


def _direction(seed: int, *, flip: float, labels: int, dimensions: int) -> float:
    """ρ with users of a direction fitted to what raters who know users' values, but err, say of pairs of responses."""
    from simlab.nets.closed_form import fit_linear

    rater = policy("bpref", beta=1.0, eps_mistake=flip)

    def once(key: int) -> float:
        simulation = stand(key, {"world.dimensions": dimensions})
        seen = panel(simulation, labels)
        users = simulation.parties["users"]
        said = rater.choose(users.utility(seen).reshape(labels, 2), cohort(labels), draws(key, "labels", labels))
        left, right = seen.features[0::2], seen.features[1::2]
        fitted = fit_linear(left - right, said[:, 0])
        return float(fitted @ users.standard().vector / np.linalg.norm(fitted))

    return averaged(seed, 2, once)


def _pooling(seed: int, *, spread: float, raters: int) -> float:
    """ρ of a reward model that was taught by raters of different tastes who do not err."""
    changes = {
        "world.dimensions": 32,
        f"{LEARN}.sample": 5000,
        "parties.pool": {
            "kind": "raters", "count": raters, "seconds": 1, "held_out": 0, "compliance": 0,
            "values": {"helpful": 1}, "values_spread": spread, "policy": {"kind": "boltzmann", "temperature": 0},
        },
    }  # fmt: skip
    return averaged(seed, 2, lambda key: play(key, changes).rho("users", "rm"))


def _disputed(seed: int, *, sigma: float) -> float:
    """The standard deviation σ that pairs give three of six responses, by the likelihood of reward models that have
    variances: to everyone who labels a pair, another draw from N(μ, σ²) is what each of the three is worth."""
    worth, disputed = np.array([-1.5, 0.0, 1.5] * 2), np.repeat([0, 1], 3)
    each = worth + sigma * disputed * normals(Streams(seed).key("theory", "disputed"), *np.ogrid[:PEOPLE, :6])
    said = policy("bpref", beta=1.0).choose(each, cohort(PEOPLE), draws(seed, "labels", PEOPLE, 6))
    return _fitted_deviations((said == 1).mean(axis=0), disputed)[1]


def _fitted_deviations(wins: Array, group: NDArray[np.int64]) -> list[float]:
    """The standard deviation of each group of responses [K] that makes their wins [K(K−1)/2] likeliest; where several
    do as well, the least."""
    import torch

    from simlab.nets.pairwise import bradley_terry_loss, pair_log_odds

    means = torch.zeros(1, len(group), dtype=torch.float64, requires_grad=True)
    logs = torch.full((int(group.max()) + 1,), -2.0, dtype=torch.float64, requires_grad=True)
    labels, shares = torch.ones(1, len(wins), dtype=torch.int64), torch.as_tensor(wins)[None]
    search = torch.optim.LBFGS([means, logs], max_iter=1000, tolerance_change=1e-14, line_search_fn="strong_wolfe")

    def loss() -> Any:
        search.zero_grad()
        variances = logs.exp()[torch.as_tensor(group)][None]
        found = bradley_terry_loss(pair_log_odds(means, variances), labels, shares=shares) + 1e-5 * variances.mean()
        found.backward()  # type: ignore[no-untyped-call]
        return found

    search.step(loss)  # type: ignore[no-untyped-call]
    return [float(log) for log in (logs / 2).exp().detach()]


LAWS = (
    Law(
        id="reward_model.one_pair",
        says="the score of one noisy pair is the logit of ε + (1 − 2ε)σ(Δ)",
        source="Bradley & Terry (1952) fit to flipped labels",
        path="simlab/nets/closed_form.py:fit_linear",
        regime="language model",
        points=({"delta": 2.0, "flip": 0.2}, {"delta": 1.0, "flip": 0.1}, {"delta": 0.5, "flip": 0.3}),
        predicted=lambda delta, flip: math.log(noisy(flip, delta) / (1 - noisy(flip, delta))),
        observe=_one_pair,
        control=Control(
            params={"delta": 2.0, "flip": 0.2},
            wrong="a score that shrinks by 1 − 2ε",
            predicted=lambda delta, flip: (1 - 2 * flip) * delta,
        ),
        margin=0.03,
        replications=REPLICATIONS,
    ),
    Law(
        id="reward_model.ceiling",
        says="however clear a pair, its score stays below ln((1 − ε)/ε)",
        source="the limit of the same fit",
        path="simlab/nets/closed_form.py:fit_linear",
        regime="language model",
        points=({"flip": 0.2}, {"flip": 0.1}, {"flip": 0.35}),
        predicted=lambda flip: math.log((1 - flip) / flip),
        observe=lambda seed, flip: _one_pair(seed, delta=50.0, flip=flip),
        control=Control(params={"flip": 0.2}, wrong="ln(1/ε)", predicted=lambda flip: -math.log(flip)),
        margin=0.03,
        replications=REPLICATIONS,
    ),
    Law(
        id="reward_model.direction",
        says="ρ = c/√(c² + (d − 1)·v) of a linear reward model fitted to n labels",
        source="White (1982), Econometrica 50 (sandwich variance), for the linear Bradley–Terry fit",
        path="simlab/nets/closed_form.py:fit_linear",
        regime="gaussian",
        points=(
            {"flip": 0.0, "labels": 4000, "dimensions": 16},
            {"flip": 0.2, "labels": 4000, "dimensions": 16},
            {"flip": 0.3, "labels": 4000, "dimensions": 16},
            {"flip": 0.1, "labels": 1500, "dimensions": 24},
        ),
        predicted=direction,
        observe=_direction,
        control=Control(
            params={"flip": 0.3, "labels": 4000, "dimensions": 16},
            wrong="labels as if nobody erred",
            predicted=lambda flip, labels, dimensions: direction(0.0, labels, dimensions),
        ),
        margin=0.015,
        slack=0.003,  # the law is asymptotic
        replications=FEWEST,
        slow=True,
    ),
    Law(
        id="reward_model.disputed",
        says="a reward model with variances finds the σ by which people differ in what a response is worth",
        source="MacKay (1992), Neural Computation 4: σ(Δ/√(1 + πs²/8)); Siththaranjan et al. (2023), arXiv:2312.08358",
        path="simlab/nets/pairwise.py:pair_log_odds",
        regime="language model",
        points=({"sigma": 2.0}, {"sigma": 1.0}, {"sigma": 3.0}),
        predicted=lambda sigma: sigma,
        observe=_disputed,
        control=Control(
            params={"sigma": 2.0},
            wrong="labels of people who agree",
            observe=lambda seed, sigma: _disputed(seed, sigma=0.0),
        ),
        margin=0.1,
        slack=0.03,  # the likelihood is an approximation
        replications=REPLICATIONS,
        slow=True,
        refuses=lambda sigma: (
            "" if 1 <= sigma <= 4 else "other variances hardly show in so few labels; sigma from 1 to 4"
        ),
    ),
    Law(
        id="reward_model.pooling",
        says="a reward model of m raters whose tastes vary by s² has ρ = 1/√(1 + s²/m)",
        source="tastes that are independent across raters average out in the pool",
        path="simlab/machines/linear_rm.py:LinearRM.learn",
        regime="gaussian",
        points=({"spread": 0.8, "raters": 4}, {"spread": 1.5, "raters": 8}, {"spread": 0.7, "raters": 2}),
        predicted=lambda spread, raters: 1 / math.sqrt(1 + spread**2 / raters),
        observe=_pooling,
        control=Control(
            params={"spread": 1.5, "raters": 8},
            wrong="tastes that do not average out",
            predicted=lambda spread, raters: 1 / math.sqrt(1 + spread**2),
        ),
        margin=0.05,
        slack=0.02,
        replications=FEWEST,
        slow=True,
    ),
)
