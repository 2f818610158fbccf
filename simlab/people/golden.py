"""Golden questions: which of a pool's tasks are some, and who recognises them as such.

Both are drawn by task before anybody answers it: whether a task is golden for a principal, and whether a person
recognises it. So people can take care of what they recognise, and the principal looks later at the same tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Indices
from simlab.rng import uniforms

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.people.roster import Roster


def is_golden(context: Context, principal: str, agent: str, share: float, draw: NDArray[Any]) -> NDArray[np.bool_]:
    """Which tasks a principal has planted among an agent's, given what draws about each are keyed by [n]."""
    return np.asarray(uniforms(context.rng.key(principal, "golden", agent), draw) < share)


def recognised(pool: Roster, who: Indices, ranking_keys: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Which of the tasks before them person who[i] takes for a golden question [n], rightly; None if nobody can."""
    found: NDArray[np.bool_] | None = None
    for relation in pool.context.scenario.relations:
        look = relation.look
        if relation.agent != pool.name or look is None or relation.principal not in pool.context.parties:
            continue
        if (chance := look.recognised()) <= 0 or not look.planted:
            continue
        names, draw = (relation.principal, pool.name), pool.task_draws(ranking_keys)
        sees = uniforms(pool.context.rng.key(names[0], "recognises gold", names[1]), who, draw) < chance
        seen = is_golden(pool.context, *names, float(relation.sample), draw) & sees
        found = seen if found is None else found | seen
    return found
