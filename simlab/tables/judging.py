"""What is asked for, what is made of it, and what follows: guidelines, readings, candidates, comparisons, judgements,
consequences."""

from __future__ import annotations

from simlab.tables.columns import AGENT, GUIDELINE, LABEL, PRINCIPAL, ROUND, RUN, TIME, Table, flag, number, text, whole

GUIDELINES = Table(
    "guidelines",
    "What corporations ask for: one row for every criterion of every version of a guideline.",
    (
        RUN,
        TIME,
        text("corporation", "whose guideline it is"),
        whole("version", "version of the guideline, from 1"),
        text("kind", "published (what the public sees) or operative (what raters are told)"),
        text("criterion", "name of the criterion"),
        number("weight", "weight of the criterion; only its size relative to the others matters"),
    ),
)

READINGS = Table(
    "readings",
    "What each party goes by: a row a criterion, when hired or told. Pools of more than 2,000 people write nothing.",
    (
        RUN,
        TIME,
        ROUND,
        text("party", 'whose reading it is: a corporation, a vendor, or a person as "pool:17"'),
        whole("version", "version of the guideline that was read"),
        text("criterion", "name of the criterion; empty for the directions of the world that have no name"),
        number("weight", "weight of the criterion for this party; of nameless directions, the length of all together"),
    ),
)

CANDIDATES = Table(
    "candidates",
    "The responses that were compared: one row a response.",
    (
        RUN,
        TIME,
        ROUND,
        text("agent", "the language model that was asked for the response"),
        whole("response", "number of the response, as in left and right of `comparisons`"),
        text("prompt", "text of the prompt"),
        text("text", "text of the response; empty in vector worlds"),
        text("origin", "where the prompt comes from: users who asked it (or it is like theirs), or written for this"),
        text(
            "author",
            "whose response it is: the language model's own; written for this, by who is called pool:17; or harvested,"
            " by the author whom the user's table names, or else the name of its file",
        ),
    ),
    of_parties="utility of the response to the party of this name when it was shown, as in `responses`; there if"
    " `panel.candidates` is asked for",
    of_deviations="standard deviation of its score by the reward model of this name when it was shown, as in"
    " `responses`; there if `panel.candidates` is asked for and it learns variances",
)

COMPARISONS = Table(
    "comparisons",
    "What raters and auditors preferred: one row a compared pair. A ranking of K responses gives K(K-1)/2 rows.",
    (
        RUN,
        TIME,
        ROUND,
        whole("order", "1 where responses are compared, 2 where those are who compared responses, and so on"),
        PRINCIPAL,
        AGENT,
        whole("task", "number of the pair, per order; raters who share it compared the same two responses"),
        whole("ranking", "number of the K responses the pair comes from; at order 2 and above, of the judgement"),
        text("worker", 'who compared, as "pool:17"; at order 2 and above the judging party'),
        whole(
            "left", "the first response, as in `candidates` (with the prompt); at order 2 and above, the 17 of pool:17"
        ),
        whole("right", "the second response or person, likewise"),
        LABEL,
        text(
            "source",
            "where the label comes from: rater, auditor, or the machine that a rater copied; again: asked once more by"
            " a look, of which the pool itself is principal and agent, and from which nobody learns",
        ),
        flag("held_out", "kept from the reward model, to test it"),
        GUIDELINE,
        number(
            "perceived", "utility of left minus right as perceived, before noise of choice; or difference of scores"
        ),
        whole("gold", "what the operative guideline says: 1, 2, or 0; of agents, by their true rho as last measured"),
        number("duration", "time the worker spent on the pair; NaN where agents are compared", "seconds"),
        number("pay", "wage for that time, or piece rate, before any bonus; NaN where agents are compared", "USD"),
    ),
)

JUDGEMENTS = Table(
    "judgements",
    "What principals made of their agents' work: one row a judgement, of every relation and every order.",
    (
        RUN,
        whole("judgement", "number of the judgement, as in `consequences`"),
        TIME,
        ROUND,
        whole("order", "1 where the work is a response, 2 where it is a judgement of responses, and so on"),
        PRINCIPAL,
        AGENT,
        GUIDELINE,
        whole("sample", "pieces of work looked at"),
        whole("population", "pieces of work there were"),
        number("score", "what the principal made of them; the scale is the relation's own"),
        text(
            "look",
            "how it looked, a plugin of kind look: gold, peers, …; empty: each piece held against its own opinion."
            " What that took is in `labor` (auditing, asking again) and in `orders`",
        ),
    ),
)

CONSEQUENCES = Table(
    "consequences",
    "What followed from judgements: one row a consequence.",
    (
        RUN,
        whole("judgement", "the judgement it followed from; -1 if it followed from none"),
        TIME,
        ROUND,
        PRINCIPAL,
        text("kind", "pay, warn, fire, hire, churn, gradient, …"),
        text("agent", 'who bears it, as "pool:17"'),
        number("amount", "how much; NaN where there is no amount"),
        text("unit", "unit of the amount"),
        text("reason", "why, in words"),
    ),
)
