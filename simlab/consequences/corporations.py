"""What consequences for corporations and vendors share: whom they concern, what was found, and capital."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

from simlab.engine.ledger import CAPITAL
from simlab.relation import Judgement, Relation

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.parties.corporation import Corporation
    from simlab.parties.shareholders import Shareholders
    from simlab.parties.users import UserFeedback, Users
    from simlab.parties.vendor import Vendor


def corporation_of(relation: Relation) -> Corporation:
    """The corporation that a relation judges."""
    return cast("Corporation", relation.agent)


def vendor_of(relation: Relation) -> Vendor:
    """The vendor that a relation judges."""
    return cast("Vendor", relation.agent)


def users_of(relation: Relation) -> Users:
    """The users who judge in a relation."""
    return cast("Users", relation.principal)


def owners_of(relation: Relation) -> Shareholders:
    """The shareholders who judge in a relation."""
    return cast("Shareholders", relation.principal)


def rivals(context: Context, principal: str) -> list[Vendor]:
    """The vendors that work for one principal, in file order."""
    kinds, above = context.hierarchy.kinds, context.hierarchy.principals
    found = [name for name in context.parties if kinds[name] == "vendor" and principal in above(name)]
    return [cast("Vendor", context.parties[name]) for name in found]


def received(judgement: Judgement) -> UserFeedback | None:
    """How users received the responses of this look; None if there were none."""
    return cast("UserFeedback | None", judgement.items)


def violations(judgement: Judgement) -> int:
    """How many violations of the law a regulator has found at this look."""
    found = getattr(judgement.items, "unlawful", None)  # of `parties.regulator.Audit`; of no look, there is none
    return 0 if found is None else int(found.sum())


def measured(judgement: Judgement) -> float:
    """What shareholders have found their corporation to be worth at this look; NaN if they did not look."""
    return judgement.scores.get(judgement.agent, math.nan)


def move_capital(context: Context, payer: str, payee: str, amount: float) -> None:
    """Let owners put money into a corporation, or take it out: neither revenue nor cost, `amount` in $."""
    context.log.transfer(payer, payee, amount, CAPITAL)
