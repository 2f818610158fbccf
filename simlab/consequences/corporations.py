"""What consequences for corporations and vendors share: whom they concern, what was found, and capital."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

import numpy as np

from simlab.engine.ledger import CAPITAL
from simlab.parties.demand import Sale
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


def pass_on(context: Context, firm: Corporation, brought: float) -> None:
    """The share of what users brought, in $, that whoever deploys a corporation's model keeps."""
    kept = brought * (firm.spec.deployer.share if firm.spec.deployer else 0.0)
    if kept > 0:
        context.log.transfer(firm.name, f"{firm.name} deployer", kept, "deployment")


def collect_channels(context: Context, users: Users, firm: str) -> float:
    """Collect what was used since the last look, channel by channel, and write it down; returns what that brought, in
    $. The fee, which is in the first row, is collected elsewhere. Attention is paid for by advertisers."""
    days, sales = users.demand.collect(firm)
    if not days:
        return 0.0
    for sale in sales:
        if sale.revenue > 0:
            payer = f"{users.name} advertisers" if sale.channel == "attention" else users.name
            context.log.transfer(payer, firm, sale.revenue, sale.channel)
    fee = Sale("subscription", days, 1.0, float(users.market.prices[users.market.place(firm)]))
    rows = [fee, *sales]
    endorsed, appeal = users.demand.appeals(firm)
    context.log.add(
        "channels",
        about=firm,
        party=users.name,
        corporation=firm,
        channel=[sale.channel for sale in rows],
        days=days,
        endorsed=endorsed,
        appeal=appeal,
        demand=np.array([sale.demand for sale in rows]),
        quantity=np.array([sale.quantity for sale in rows]),
        price=np.array([sale.price for sale in rows]),
        revenue=np.array([sale.revenue for sale in rows]),
    )
    return sum(sale.revenue for sale in sales)
