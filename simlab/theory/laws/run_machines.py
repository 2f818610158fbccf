"""Machines in whole runs: what a reward model makes of labels, what a language model makes of scores, and their tables.

In the world of vectors both are known in closed form. The transformers of the almanac are far too small to say much,
but one that is paid to be brief must come to please whoever taught its judge.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from simlab.theory.law import FEWEST, Control, Law
from simlab.theory.laws.choice import logistic
from simlab.theory.normal import mean_over_normal
from simlab.theory.whole_runs import LEARN, TRAIN, Tables, run

# ---- vectors --------------------------------------------------------------------------------------------------------


def _taught(seed: int, *, temperature: float, labels: int, dimensions: int, beta: float) -> Tables:
    """One round of Bradley–Terry raters who read the guideline as it is, none of whose labels are held out."""
    pool = {
        "kind": "raters", "count": 3, "seconds": 1, "held_out": 0,
        "policy": {"kind": "boltzmann", "temperature": temperature, "ties": 0},
    }  # fmt: skip
    return run(seed, "plain", {
        "world.dimensions": dimensions, "parties.pool": pool, f"{LEARN}.sample": labels,
        f"{TRAIN}.consequence": {"kind": "gradient", "shape": {"kind": "plain", "beta": beta}},
    })  # fmt: skip


def _direction(*, temperature: float, labels: int, dimensions: int, beta: float = 1.0) -> float:
    """cos = c/√(c² + (d − 1)·v) with c = 1/τ and v = 1/(2n·E σ(ct)σ(−ct)), t ~ N(0, 2): labels are as the model has
    it, so that the variance is Fisher's."""
    c = 1 / temperature
    information = mean_over_normal(lambda t: logistic(c * t) * logistic(-c * t), math.sqrt(2))
    return c / math.sqrt(c**2 + (dimensions - 1) / (2 * labels * information))


def _share(seed: int, **at: Any) -> float:
    """Of what was possible at that distance from the reference, how much users gained."""
    rows = _taught(seed, **at).on_policy
    return float(rows[rows.party == "users"].iloc[-1].share)


def _units(seed: int, **at: Any) -> float:
    """The slope by which margins after the lesson follow differences of utility as perceived."""
    tables = _taught(seed, **at)
    seen = tables.at_order("comparisons", 1).set_index("task").perceived
    lessons = tables.lessons.set_index("task")
    perceived = seen.loc[lessons.index]
    return float(lessons.margin_after @ perceived / (perceived @ perceived))


def _loss(seed: int, **at: Any) -> float:
    """Mean −ln P(label) by the margins of the table lessons, over the loss in the table reward_model."""
    tables = _taught(seed, **at)
    lessons, told = tables.lessons, float(tables.reward_model.loss.iloc[-1])
    sign = np.where(lessons.label == 1, 1.0, -1.0)
    return float(np.mean(np.logaddexp(0, -sign * lessons.margin_after)) / told)


def _pushed(seed: int, *, label: int, **at: Any) -> float:
    """The mean push of lessons with this label."""
    rows = _taught(seed, **at).lessons
    return float(rows[rows.label == label].push.mean())


def _distance(seed: int, **at: Any) -> float:
    return float(_taught(seed, **at).policy.objective_kl.iloc[-1])


def _coins(seed: int, *, dimensions: int, labels: int, held_out: float, column: str = "accuracy_held_out") -> float:
    """Accuracy of a reward model that was taught by tossers of coins."""
    pool = {"kind": "raters", "count": 3, "held_out": held_out, "policy": {"kind": "mistaken", "flip": 0.5}}
    changes = {"world.dimensions": dimensions, "parties.pool": pool, f"{LEARN}.sample": labels}
    return float(run(seed, "plain", changes, measured=False).reward_model[column].iloc[-1])


# ---- networks -------------------------------------------------------------------------------------------------------


def _pleased(seed: int, *, judge: str, against: float = 0.5) -> float:
    """The sign of what a party's preference for today's responses over the pretrained model's is above ½."""
    rows = run(0, "network", {}).win_rate
    return math.copysign(1.0, float(rows[rows.judge == judge].rate.iloc[-1]) - against)


def _moved(seed: int, *, label: int) -> float:
    """The sign of how margins moved, on average, where the label was this one."""
    rows = run(0, "network", {}).lessons
    rows = rows[rows.label == label]
    return math.copysign(1.0, float((rows.margin_after - rows.margin_before).mean()))


def _kept(seed: int, *, iteration: int) -> float:
    """What is left of the reward once the score is off, per nat of KL: minus the leash."""
    rows = run(0, "network", {}).policy.set_index("iteration").loc[iteration]
    return float((rows.objective_rlhf_reward - rows.objective_scores) / rows.objective_kl)


def _far_from_asymptotic(*, temperature: float, labels: int, dimensions: int, beta: float, label: int = 1) -> str:
    """Why the laws of large samples do not speak of so few labels, or of so noisy ones."""
    c = 1 / temperature
    information = mean_over_normal(lambda t: logistic(c * t) * logistic(-c * t), math.sqrt(2))
    if labels * information < 4 * dimensions:
        return f"{labels} labels that noisy are too few for {dimensions} dimensions"
    if not (0.4 <= temperature <= 3 and 0.3 <= beta <= 4 and labels <= 5000):
        return "temperatures from .4 to 3, leashes from .3 to 4 and up to 5,000 labels are what is played"
    return ""


# ---- the laws -------------------------------------------------------------------------------------------------------

FITS: tuple[dict[str, Any], ...] = (
    {"temperature": 0.5, "labels": 1200, "dimensions": 24, "beta": 0.5},
    {"temperature": 1.0, "labels": 800, "dimensions": 16, "beta": 1.0},
    {"temperature": 2.0, "labels": 2500, "dimensions": 8, "beta": 2.0},
)
COINS: tuple[dict[str, Any], ...] = (
    {"dimensions": 48, "labels": 240, "held_out": 0.5},
    {"dimensions": 32, "labels": 200, "held_out": 0.4},
    {"dimensions": 64, "labels": 400, "held_out": 0.6},
)

LAWS = (
    Law(
        id="learning.direction",
        says="the share of what was to be gained by a language model is cos = c/√(c² + (d − 1)·v) of its judge's fit",
        source="White (1982), Econometrica 50; Korbak et al. (2022), arXiv:2205.11275",
        path="simlab/measures/on_policy.py:rung_of_directions, simlab/machines/linear_rm.py:LinearRM.learn",
        regime="gaussian",
        points=FITS,
        predicted=_direction,
        observe=_share,
        refuses=_far_from_asymptotic,
        control=Control(
            params=FITS[0],
            wrong="as by a fourth of the labels",
            predicted=lambda labels, **at: _direction(labels=labels // 4, **at),
        ),
        margin=0.015,
        slack=0.003,  # the law is asymptotic
        replications=FEWEST,
        shares="machines",
    ),
    Law(
        id="learning.units",
        says="a reward model of Bradley–Terry raters learns utility in units of their noise: margins are Δ/τ",
        source="Bradley & Terry (1952), Biometrika 39",
        path="simlab/parties/reward_model.py:RewardModel.margins",
        regime="gaussian",
        points=FITS,
        predicted=lambda temperature, **at: 1 / temperature,
        observe=_units,
        refuses=_far_from_asymptotic,
        control=Control(params=FITS[0], wrong="utility as it is", predicted=lambda **at: 1.0),
        margin=0.25,
        slack=0.1,  # a fit of d numbers to n labels overstates them by d/n, and some
        replications=FEWEST,
        shares="machines",
    ),
    Law(
        id="learning.loss",
        says="the loss of a fit is the mean of −ln P(label) by the margins that its lessons left",
        source="Bradley & Terry (1952), Biometrika 39",
        path="simlab/consequences/learning.py:Gradient._record_lessons, simlab/machines/linear_rm.py:LinearRM._member",
        regime="gaussian",
        points=FITS,
        predicted=lambda **at: 1.0,
        observe=_loss,
        refuses=_far_from_asymptotic,
        control=Control(
            params=FITS[0],
            wrong="lessons that left nothing: ln 2 each",
            observe=lambda seed, **at: math.log(2) / float(_taught(seed, **at).reward_model.loss.iloc[-1]),
        ),
        shares="machines",
    ),
    Law(
        id="learning.push",
        says="a first label pushes by ½ to its side: what it says less what was believed",
        source="Bradley & Terry (1952), Biometrika 39: the gradient of ln P(label)",
        path="simlab/consequences/learning.py:Gradient._record_lessons",
        regime="gaussian",
        points=({"label": 1, **FITS[0]}, {"label": 2, **FITS[0]}, {"label": 1, **FITS[1]}),
        predicted=lambda label, **at: 0.5 if label == 1 else -0.5,
        observe=_pushed,
        refuses=_far_from_asymptotic,
        control=Control(params={"label": 2, **FITS[0]}, wrong="all one way", predicted=lambda **at: 0.5),
        shares="machines",
    ),
    Law(
        id="learning.distance",
        says="on a leash β, a standardized score takes a language model to a KL of 1/(2β²)",
        source="Korbak et al. (2022), arXiv:2205.11275, eq. 4",
        path="simlab/machines/gaussian_lm.py:GaussianLM.learn, simlab/parties/reward_model.py:RewardModel.standardize",
        regime="gaussian",
        points=FITS,
        predicted=lambda beta, **at: 1 / (2 * beta**2),
        observe=_distance,
        refuses=_far_from_asymptotic,
        control=Control(params=FITS[0], wrong="1/(2β)", predicted=lambda beta, **at: 1 / (2 * beta)),
        margin=0.1,
        slack=0.01,
        replications=FEWEST,
        shares="machines",
    ),
    Law(
        id="held_out.coins",
        says="of labels tossed by coin nothing can be known beforehand: a reward model is right on ½ of those held out",
        source="Stone (1974), JRSS B 36 (cross-validation)",
        path="simlab/consequences/learning.py:Gradient._evidence, simlab/consequences/reward_model_rows.py:fitted",
        regime="gaussian",
        points=COINS,
        predicted=lambda **at: 0.5,
        observe=_coins,
        control=Control(
            params=COINS[0],
            wrong="right on those it learned from",
            observe=lambda seed, **at: _coins(seed, column="accuracy_train", **at),
        ),
        margin=0.05,
        replications=FEWEST,
        shares="machines",
    ),
    Law(
        id="network.pleases",
        says="a network that is trained to please comes to please its judge, and whom that has learned from",
        source="Ziegler et al. (2019), arXiv:1909.08593: the sign of it",
        path="simlab/nets/policy.py:ppo, simlab/machines/shaped_reward.py:Rewarding.score",
        regime="language model",
        points=({"judge": "rm"}, {"judge": "pool"}, {"judge": "users"}),
        predicted=lambda judge: 1.0,
        observe=_pleased,
        control=Control(
            params={"judge": "rm"},
            wrong="pleased by every response",
            observe=lambda seed, judge: _pleased(seed, judge=judge, against=1.0),
        ),
        shares="network",
    ),
    Law(
        id="network.learns",
        says="of pairs that a network has learned, margins move to the side that the labels took",
        source="Stiennon et al. (2020), arXiv:2009.01325, eq. 1: the sign of it",
        path="simlab/nets/preference.py:fit, simlab/machines/transformer_rm.py:TransformerRM.learn",
        regime="language model",
        points=({"label": 1}, {"label": 2}, {"label": 1}),
        predicted=lambda label: 1.0 if label == 1 else -1.0,
        observe=_moved,
        control=Control(
            params={"label": 2},
            wrong="all the same way",
            predicted=lambda label: 1.0,
        ),
        shares="network",
    ),
    Law(
        id="network.leash",
        says="reward is the score, where none is clipped, less β per nat of KL",
        source="Ziegler et al. (2019), arXiv:1909.08593, eq. 2",
        path="simlab/components/reward_shape.py:KLPenalizedReward.leashed",
        regime="language model",
        points=({"iteration": 3}, {"iteration": 4}, {"iteration": 6}),
        predicted=lambda iteration: -0.05,
        observe=_kept,
        control=Control(params={"iteration": 6}, wrong="a leash that is not there", predicted=lambda iteration: 0.0),
        margin=1e-4,  # single precision
        shares="network",
    ),
)
