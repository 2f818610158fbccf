"""Money, customers and waiting: ledger, queues, market, incidents."""

from __future__ import annotations

from simlab.tables.columns import ROUND, RUN, TIME, Table, number, text, whole

LEDGER = Table(
    "ledger",
    "Money: two rows a transfer, one for either side; the amounts of a transfer sum to zero.",
    (
        RUN,
        TIME,
        whole("transfer", "number of the transfer"),
        text("account", "whose account changes"),
        text("counterparty", "the other side"),
        number("amount", "what the account receives; negative if it pays", "USD"),
        text("reason", "what for, as wages or subscriptions"),
    ),
)

MARKET = Table(
    "market",
    "Users of corporations: one row a look that may make them leave, and one at the end for what came after the last.",
    (
        RUN,
        TIME,
        ROUND,
        text("party", "the users"),
        text("corporation", "the corporation they use"),
        whole(
            "users",
            "its users after the look; before it, they were users - arrived - switched_in + left + switched_out",
        ),
        number("share", "these as a share of this party's users of any corporation; NaN if there are none"),
        number("satisfied", "share of those asked who were satisfied; NaN if nobody was asked"),
        whole("complaints", "complaints of those asked"),
        whole("arrived", "new users since the last row of this corporation"),
        whole("left", "users who left it and do without"),
        whole("switched_in", "users who came from other corporations since the last row"),
        whole("switched_out", "users who left it for other corporations"),
        number("price", "fee per user and day", "USD"),
        number("revenue", "fees since the last row; what else users bring is in `channels`", "USD"),
    ),
)

CHANNELS = Table(
    "channels",
    "What users brought a corporation, by channel: one row a look and channel, where users have channels.",
    (
        RUN,
        TIME,
        ROUND,
        text("party", "the users"),
        text("corporation", "the corporation they use"),
        text("channel", "how use becomes money: subscription, visits, purchases, attention"),
        number("days", "users times days on which they were served, since the last row", "days"),
        number(
            "endorsed",
            "appeal to what users endorse: mean approval, by their values, of the responses looked at, as last heard",
        ),
        number("appeal", "appeal to their habits: the same by those, which nobody asks them about"),
        number("demand", "use per user and day: visits, purchases, minutes of attention; 1 of a subscription", "1/day"),
        number("quantity", "use since the last row, days times demand"),
        number("price", "what one unit of it brings", "USD"),
        number("revenue", "what it brought", "USD"),
    ),
)

MEETINGS = Table(
    "meetings",
    "Why a guideline was revised, or was not: one row a meeting of those who set it, if their policy says why.",
    (
        RUN,
        TIME,
        ROUND,
        text("corporation", "the corporation"),
        whole("version", "version of the guideline during the term that ends with the meeting"),
        number("begun", "when that term began", "days"),
        number("revenue", "what it brought, as paid, capital left aside", "USD"),
        number("cost", "what it cost, fines included", "USD"),
        number("days", "users times days on which they were served", "days"),
        number("profit", "revenue less cost per user and day; NaN without users", "USD/day"),
        number(
            "attrition", "users lost less users who joined, as a share of users per day; NaN without users", "1/day"
        ),
        number("newcomers", "persons a day who became users, anew or from another corporation", "1/day"),
        number("worth", "what the term was worth by what the policy compares"),
        number("best", "the best of the terms before that it remembers; NaN if there is none"),
        text("move", "what it did: begun, continued (another step the same way), taken back (and a step at random)"),
        text("why", "in words"),
    ),
)

INCIDENTS = Table(
    "incidents",
    "What users complained of and regulators found: one row a look, corporation and criterion.",
    (
        RUN,
        TIME,
        ROUND,
        text("corporation", "the corporation it is about"),
        text("source", "who said so: users, or a regulator"),
        text("criterion", "the criterion that spoke most against the response"),
        whole("count", "how many complaints or violations"),
    ),
)

QUEUES = Table(
    "queues",
    "What was waited for, over the whole run: one row a queue. Little's law, length = rate × stay, holds exactly.",
    (
        RUN,
        number("time", "end of the time that is looked back on; it began at 0", "days"),
        text("queue", "what was waited for: the cluster, a machine, or work to be done by people"),
        whole("arrivals", "customers, or pieces of work, that came"),
        whole("departures", "of these, how many have left"),
        number("length", "mean number inside, waiting or being served, integrated over time"),
        number("rate", "arrivals per day", "1/day"),
        number("stay", "mean time inside, by customers; of those still inside, up to the end; NaN if none", "days"),
        number("waiting", "mean time before service; of those still waiting, up to the end; NaN if none", "days"),
    ),
)
