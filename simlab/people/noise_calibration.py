"""How noisy a pool's people are: set once, when a run begins, so that they agree as often as the scenario says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array, Indices
from simlab.clock import Steps
from simlab.components.choice_noise import Unreachable
from simlab.components.rater_policy import RaterPolicy
from simlab.components.return_values import given
from simlab.errors import PluginFailed
from simlab.machines import candidates
from simlab.people.effort import quality_of
from simlab.rng import branch
from simlab.tables.measured import ASKED, REACHABLE

if TYPE_CHECKING:
    from simlab.machines.machine import Speaker
    from simlab.people.choice import Judges

CALIBRATION_PROMPTS = 512  # at most
A_PROMPT = 4  # for each of the panel: where responses are dear, both are few
CALIBRATION_IDS = 1 << 40  # numbers of the responses used for that, beyond those of any task


def calibrate(pool: Judges, model: Speaker) -> Steps:
    """Noise for the target agreement, on pairs of the pretrained model's responses; frozen afterwards.

    Whoever this run is without counts nevertheless: leaving one person out changes nobody else's noise. Pool who
    choose their effort learn by the same pairs how well they can do. Where the model has but one response to every
    prompt there is nothing to agree about, and the policy stays as it is.
    """
    context = pool.context
    key = context.rng.key(pool.name, "calibration")

    def ask(key: int, count: int) -> tuple[Indices, NDArray[Any]]:
        return context.game.draw_prompts(branch(key, "prompts"), count, compared=True), np.zeros(count)

    distinct = getattr(pool.spec, "distinct", True)
    many = min(CALIBRATION_PROMPTS, A_PROMPT * context.scenario.panel.prompts)
    found = yield from candidates.drawn(model, ask, many, 2, key, distinct=distinct)
    if not len(found):
        return
    items = found.items
    ids = CALIBRATION_IDS + np.arange(len(items))  # seen through each one's perception noise, as at work
    people = pool.representatives(former=True)[:64]
    utilities = np.stack([pool.perceive(items, np.full(len(items), r), ids) for r in people.tolist()], axis=1)
    pairs = utilities.reshape(len(found), 2, len(people))
    differences = (pairs[:, 0] - pairs[:, 1]) / pool.cohort.noise[people]  # so that one τ fits all
    policy = pool.ask_policy(lambda: _calibrated(pool, differences), "agreement")
    if not isinstance(policy, RaterPolicy):
        what = f"must give a rater policy when it is calibrated; it gave {given(policy)}"
        raise PluginFailed.returned(pool.policy, what, "calibrated")
    pool.policy = policy
    if pool.accuracy_matters():
        truly = context.guideline_for(pool.name).utilities(context.game.features(items))
        pool.quality = people, quality_of(pool, people, pairs, truly.reshape(-1, 2))


def _calibrated(pool: Judges, differences: Array) -> RaterPolicy:
    """The policy with its noise set; people who happen to be too unlike to agree so often have none, which comes next.

    Whom a pool hires is chance: a scenario that runs with one seed is not refused with another. Two rows of the table
    `agreement` say what was asked and what can be had.
    """
    try:
        return pool.policy.calibrated(differences)
    except Unreachable as error:
        for statistic, value in ((ASKED, pool.policy.agreement), (REACHABLE, error.ceiling)):
            pool.context.log.add(
                "agreement",
                about=pool.name,
                principal=pool.name,
                order=pool.work_order,
                statistic=statistic,
                value=value,
                n=len(differences),
                low=float("nan"),
                high=float("nan"),
            )
        return pool.policy.model_copy(update={"agreement": 1.0}).calibrated(differences)
