"""Levels: the levels of the waterfall, each of one party or of several that stand side by side.

Above a language model stand its reward models, above these the pools whose labels they learn from, above those their
vendors and corporations, and users. However many there are of a kind, they are one level: otherwise what the second
vendor delivers would look like an error of the reward model. Of several reward models each has its weight as its share
of the level, and its pools share that; one of weight 0 stands on none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import Array
from simlab.hierarchy import WORKFORCES
from simlab.machines.joint_score import JointScore, joint
from simlab.measures.panel import Panel
from simlab.parties.language_model import LanguageModel
from simlab.parties.pool import Pool
from simlab.parties.raters import Raters
from simlab.parties.reward_model import RewardModel
from simlab.rankings import ROOM
from simlab.relation import Party

if TYPE_CHECKING:
    from simlab.engine.context import Context

NAMED = 3  # parties of a level that are called by name


@dataclass(frozen=True, slots=True)
class Level:
    """A level: its parties and their weights, which sum to 1. `own` are those who stand here; others stand higher, and
    take part for pools that have nobody on this level."""

    parties: Mapping[str, float]
    own: tuple[str, ...]
    joint: JointScore | None = None  # of reward models whose scores are combined otherwise than by adding them up

    @property
    def name(self) -> str:
        """The parties, joined by " + "."""
        names = list(self.parties)
        told = names if len(names) <= NAMED else [*names[: NAMED - 1], f"{len(names) - NAMED + 1} more"]
        return " + ".join(told)

    @property
    def as_marked(self) -> str:
        """What the level is called at which these people's labels are read."""
        return f"{self.name}, as marked"

    def pooled(self, each: Mapping[str, Array], parties: Mapping[str, Party], panel: Panel) -> Array:
        """One utility [n] of those of all parties. Firms' and machines' have no common unit and are standardized first;
        a pool's is a mean already, and small where its people disagree."""
        if len(self.parties) == 1:
            return each[next(iter(self.parties))]
        if self.joint is not None:
            return panel.ranked(self.joint.of(np.stack([standardized(each[name]) for name in self.joint.names])))
        total = np.zeros(len(panel.items))
        for name, weight in self.parties.items():
            utility = panel.centred(each[name])
            spread = 1.0 if isinstance(parties[name], Pool) else float(utility.std()) or 1.0
            total += weight * utility / spread
        return total


def standardized(utility: Array) -> Array:
    """A utility [n] with mean 0 and standard deviation 1 over the panel."""
    return np.asarray((utility - utility.mean()) / (float(utility.std()) or 1.0))


def single(name: str) -> Level:
    """A level of one."""
    return Level({name: 1.0}, (name,))


def levels_of(context: Context, model: LanguageModel) -> list[Level]:
    """The levels from users down to a language model, whoever is on them."""
    judges = _shares({name: weight for name, weight in context.scenario.judges(model.name).items() if weight})
    if not judges:
        return [single(name) for name in [*_authorities(context, model.name), model.name]]
    weights: dict[str, float] = {}
    for name, share in judges.items():
        for pool, weight in _teachers(context, context.party(name, RewardModel)).items():
            weights[pool] = weights.get(pool, 0.0) + weight * share
    levels = [*_above(context, weights), Level(_shares(weights), tuple(weights))] if weights else []
    rule = joint(context.scenario.judged_by(model.name), list(judges), list(judges.values()))
    return [*levels, Level(judges, tuple(judges), rule), single(model.name)]


def _teachers(context: Context, machine: RewardModel) -> dict[str, float]:
    """The pools a reward model learns from, with the share each has in the labels it was taught, or is to be taught."""
    principals = context.hierarchy.principals(machine.name)
    pools = [party for name in principals if isinstance(party := context.parties[name], Pool)]
    taught = dict.fromkeys((pool.name for pool in pools), 0.0)
    for made in machine.memory:
        taught[context.pools[int(made.task[0] // ROOM)]] += float(np.count_nonzero(~made.held_out) * made.pairs)
    if not any(taught.values()):
        taught = {pool.name: pool.planned_pairs(1.0) if isinstance(pool, Raters) else 1.0 for pool in pools}
    return _shares(taught)


def _shares(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {name: weight / total if total > 0 else 1 / len(weights) for name, weight in weights.items()}


def _above(context: Context, pools: Mapping[str, float]) -> list[Level]:
    """The levels above pools, aligned at the top: a pool with fewer above it has its own principal in place of those
    it lacks."""
    lines = {pool: _authorities(context, pool) for pool in pools}
    depth = max(len(line) for line in lines.values())
    levels = []
    for level in range(depth):
        found: dict[str, float] = {}
        for pool, line in lines.items():
            if line:
                name = line[min(level, len(line) - 1)]
                found[name] = found.get(name, 0.0) + pools[pool]
        own = dict.fromkeys(line[level] for line in lines.values() if level < len(line))
        levels.append(Level(_shares(found), tuple(own)))
    return levels


def _authorities(context: Context, name: str) -> Sequence[str]:
    """Those whose standards a party is held to, the highest first: whoever tells it its guideline, users before others,
    or its first principal."""
    found: list[str] = []
    while name:
        hierarchy = context.hierarchy
        issuer = hierarchy.issuer_of(name) if hierarchy.kinds[name] in WORKFORCES else ""
        principals = hierarchy.principals(name)
        users = [p for p in principals if hierarchy.kinds[p] == "users"]
        name = issuer or next(iter([*users, *principals]), "")
        if name:
            found.insert(0, name)
    return found
