"""What labor cost in a run, in USD, and hours of paid and unpaid work, from the tables `ledger` and `labor`.

A corporation pays its people, its staff and its vendors; a vendor pays its own people out of its price. So what
corporations spend on labor is what those who work get and what vendors keep, to the cent.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import Run

CHANNELS = ("subscriptions", "visits", "purchases", "attention")  # what users bring
NO_LABOR = (*CHANNELS, "deployment", "capital", "fines")  # reasons of transfers that pay for no work


def balances(run: Run, until: float = math.inf) -> pd.Series[float]:
    """What every account has received for labor less what it has paid for it, up to a day, in $; people count under
    their pool. Sums to zero."""
    money = run.ledger[~run.ledger.reason.isin(NO_LABOR) & (run.ledger.time <= until)]
    return money.amount.groupby(money.account.str.split(":").str[0], sort=False).sum()


def labor_costs(run: Run, until: float = math.inf) -> dict[str, float]:
    """What each corporation has paid for labor up to a day, in $: to people, staff and vendors, less what vendors paid
    back."""
    return {name: -amount for name, amount in amounts_of_kind(run, balances(run, until), "corporation").items()}


def shares(run: Run, until: float = math.inf) -> tuple[float, float]:
    """Of what corporations have paid for labor, in $: what those who did the work got, and what vendors kept (below
    zero if they paid more than they got)."""
    found = balances(run, until)
    kept = sum(amounts_of_kind(run, found, "vendor").values())
    return -sum(amounts_of_kind(run, found, "corporation").values()) - kept, kept


def hours(run: Run) -> tuple[float, dict[str, float]]:
    """Hours of people's work that was paid, and by kind those of work that was not; together all that the table labor
    has of people."""
    people = run.labor[run.labor.flops == 0]
    unpaid = people[(people.pay == 0) & (people.hours > 0)]
    by_kind = unpaid.hours.groupby(unpaid.kind, sort=False).sum()
    return float(people.hours[people.pay > 0].sum()), {str(kind): float(h) for kind, h in by_kind.items()}


def payees(run: Run, payer: str) -> dict[str, float]:
    """Whom a party has paid how much for labor, less what came back, in $."""
    money = run.ledger[~run.ledger.reason.isin(NO_LABOR) & (run.ledger.account == payer)]
    sums = -money.amount.groupby(money.counterparty.str.split(":").str[0], sort=False).sum()
    return {str(name): float(amount) for name, amount in sums.items()}


def amounts_of_kind(run: Run, amounts: pd.Series[float], kind: str) -> dict[str, float]:
    """The amounts of those accounts that belong to parties of a kind, as "vendor"."""
    parties = json.loads(run.runs.parameters.iloc[0]).get("parties", {})
    return {str(n): float(a) for n, a in amounts.items() if parties.get(n, {}).get("kind") == kind}
