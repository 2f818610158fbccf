"""Collusion of auditors with those they audit: who knows whom, and what is then reported instead of what was seen.

The principal, supervisor and agent of Tirole 1986 ("Hierarchies and bureaucracies: On the role of collusion in
organizations", Journal of Law, Economics, & Organization 2): an answer found wrong costs its author a stake x and earns
the auditor a bounty r. Of a $ paid in secret the auditor has λ. Both gain by silence if λ·x > r, so that an
organization is proof against collusion from r = λ·x on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array, Indices
from simlab.rng import uniforms

if TYPE_CHECKING:
    from simlab.people.roster import Roster
    from simlab.scenario.working_conditions import CollusionSpec

BRIBE, BOUNTY = "bribe", "bounty"


def pays(spec: CollusionSpec, bounty: float) -> bool:
    """Whether two who know one another gain by silence: λ·x > r."""
    return spec.efficiency * spec.stake > bounty


def price(spec: CollusionSpec, bounty: float) -> float:
    """What silence costs, in $: halfway between the least an auditor takes, r/λ, and the most it is worth, x (the
    symmetric solution of Nash 1950, "The bargaining problem")."""
    return (bounty / spec.efficiency + spec.stake) / 2


def collusion_of(pool: Roster) -> CollusionSpec | None:
    """How these people collude with those they audit; None if they do not, or it does not pay."""
    spec: CollusionSpec | None = getattr(pool.spec, "collusion", None)
    return spec if spec is not None and pays(spec, float(getattr(pool.spec, "bounty", 0.0))) else None


def friends(auditors: Roster, agent: str, share: float, who: Indices, worker: Indices) -> NDArray[np.bool_]:
    """Whether auditor `who` and person `worker` of the pool `agent`, which broadcast, know one another: a `share` of
    all two do, once and for all."""
    return np.asarray(uniforms(auditors.context.rng.key(auditors.name, "friends", agent), who, worker) < share)


def silence(auditors: Roster, agent: str, who: Indices, workers: Indices) -> Array:
    """Whether each of these auditors is silent about the errors of each of these people, 1 or 0 [auditors, people]."""
    spec = collusion_of(auditors)
    if spec is None:
        return np.zeros((len(who), len(workers)))
    return friends(auditors, agent, spec.share, who[:, None], workers[None, :]).astype(float)


def reported(
    auditors: Roster, agent: str, who: Indices, worker: Indices, said: NDArray[np.int64], seen: NDArray[np.int64]
) -> NDArray[np.int64]:
    """What auditors report [n] who see one thing and look at work that says another: the latter, where silence pays
    both. Bribes and bounties are transferred."""
    spec, bounty = collusion_of(auditors), float(getattr(auditors.spec, "bounty", 0.0))
    wrong = (said != seen) & (said != 0) & (seen != 0)
    hushed = np.zeros(len(who), dtype=bool)
    log, names = auditors.context.log, auditors.labels_of(who)
    if spec is not None:
        hushed = wrong & friends(auditors, agent, spec.share, who, worker)
        log.transfer(agent, names[hushed], np.full(np.count_nonzero(hushed), price(spec, bounty)), BRIBE)
    found, employer = wrong & ~hushed, auditors.context.hierarchy.employer_of(auditors.name)
    if bounty and employer and found.any():
        paid = np.full(np.count_nonzero(found), bounty)
        log.transfer(employer, names[found], paid, BOUNTY)
        log.labor(auditors.name, "auditing", order=auditors.work_order, hours=0.0, pay=float(paid.sum()))
    return np.where(hushed, said, seen)
