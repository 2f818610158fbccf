"""Gold and proxy: for whom responses are meant, and by what a language model is paid for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import Array
from simlab.consequences.learning import Gradient
from simlab.measures.panel import Panel
from simlab.parties.corporation import Corporation
from simlab.parties.regulator import Regulator
from simlab.parties.reward_model import RewardModel
from simlab.parties.shareholders import Shareholders
from simlab.parties.users import Users
from simlab.relation import Party, Relation
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.engine.context import Context

GOLD = Users | Corporation | Shareholders | Regulator  # whose utility is held to be gold


def gold(context: Context, model: str) -> list[Party]:
    """Those above a language model for whom its responses are meant, nearest first."""
    above = (context.parties[name] for name in dict.fromkeys(context.hierarchy.above(model)))
    return [party for party in above if isinstance(party, GOLD)]


def paying(relation: Relation) -> list[tuple[RewardModel, Gradient]]:
    """The reward model that judges in a relation, with each consequence by which its judgement teaches."""
    judge = relation.principal
    if not isinstance(judge, RewardModel):
        return []
    return [(judge, c) for c in relation.consequences if isinstance(c, Gradient)]


def together(several: Sequence[Items]) -> Items:
    """Items of several looks, as one."""
    return Items(np.concatenate([i.prompt for i in several]), np.concatenate([i.response for i in several]))


def utilities(context: Context, party: Party, items: Items) -> Array:
    """A party's utilities of responses [n], each distinct response looked at once, unless they are mere ranks."""
    additive = isinstance(party, RewardModel) or party.standard().utility_function.additive
    few, place = items.distinct() if additive else (items, slice(None))
    return party.utility(Panel(few, few.prompt, context.game.features(few)))[place]
