"""Tables of money, users and waiting: part of the outcome tables (`tables`), which is where to look them up."""

from __future__ import annotations

from simlab.tables.columns import ROUND, RUN, TIME, Table
from simlab.tables.columns import number as _number
from simlab.tables.columns import text as _text
from simlab.tables.columns import whole as _whole

_LEDGER = Table(
    "ledger",
    "Money: two rows a transfer, one for either side; the amounts of a transfer sum to zero.",
    (
        RUN,
        TIME,
        _whole("transfer", "number of the transfer"),
        _text("account", "whose account changes"),
        _text("counterparty", "the other side"),
        _number("amount", "what the account receives; negative if it pays", "USD"),
        _text("reason", "what for, as wages or subscriptions"),
    ),
)

_MARKET = Table(
    "market",
    "Users of corporations: one row a look that may make them leave, and one at the end for what came after the last.",
    (
        RUN,
        TIME,
        ROUND,
        _text("party", "the users"),
        _text("corporation", "the corporation they use"),
        _whole(
            "users",
            "its users after the look; before it, they were users - arrived - switched_in + left + switched_out",
        ),
        _number("share", "these as a share of this party's users of any corporation; NaN if there are none"),
        _number("satisfied", "share of those asked who were satisfied; NaN if nobody was asked"),
        _whole("complaints", "complaints of those asked"),
        _whole("arrived", "new users since the last row of this corporation"),
        _whole("left", "users who left it and do without"),
        _whole("switched_in", "users who came from other corporations since the last row"),
        _whole("switched_out", "users who left it for other corporations"),
        _number("price", "fee per user and day", "USD"),
        _number("revenue", "fees since the last row", "USD"),
    ),
)

_INCIDENTS = Table(
    "incidents",
    "What users complained of and regulators found: one row a look, corporation and criterion.",
    (
        RUN,
        TIME,
        ROUND,
        _text("corporation", "the corporation it is about"),
        _text("source", "who said so: users, or a regulator"),
        _text("criterion", "the criterion that spoke most against the response"),
        _whole("count", "how many complaints or violations"),
    ),
)

_QUEUES = Table(
    "queues",
    "What was waited for, over the whole run: one row a queue. Little's law, length = rate × stay, holds exactly.",
    (
        RUN,
        _number("time", "end of the time that is looked back on; it began at 0", "days"),
        _text("queue", "what was waited for: the cluster, a machine, or work to be done by people"),
        _whole("arrivals", "customers, or pieces of work, that came"),
        _whole("departures", "of these, how many have left"),
        _number("length", "mean number inside, waiting or being served, integrated over time"),
        _number("rate", "arrivals per day", "1/day"),
        _number("stay", "mean time inside, by customers; of those still inside, up to the end; NaN if none", "days"),
        _number("waiting", "mean time before service; of those still waiting, up to the end; NaN if none", "days"),
    ),
)

ECONOMY = (_LEDGER, _QUEUES, _MARKET, _INCIDENTS)
