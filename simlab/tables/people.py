"""People and their work: employment, raters, demonstrations, labor."""

from __future__ import annotations

from simlab.tables.columns import ROUND, RUN, TIME, Table, flag, number, text, whole

EMPLOYMENT = Table(
    "employment",
    "Spells of employment: one row a worker and spell.",
    (
        RUN,
        text("worker", 'the worker, as "pool:17"'),
        text("person", "who that is: the name under which the person was first hired by anyone"),
        text("employer", "the party the worker works for"),
        number("hired", "when the spell began", "days"),
        number("ended", "when the spell ended; NaN while it lasts", "days"),
        text("reason", "why the spell ended, as fired; empty while it lasts"),
    ),
    key=("run", "worker", "hired"),
)

RATERS = Table(
    "raters",
    "How raters stand after each round, former ones included: one row a rater and round.",
    (
        RUN,
        TIME,
        ROUND,
        text("worker", 'the rater, as "pool:17"'),
        text("employer", "the party the rater works for"),
        flag("employed", "whether the rater is employed at this time"),
        whole("tasks", "rankings done so far"),
        number("score", "share of audited pairs that agreed with whoever audited them, so far; NaN before the first"),
        whole("warnings", "warnings received so far"),
        number("care", "share of answers that the rater looks at with care"),
        number("fatigue", "work not slept off yet; 0 where raters do not tire", "hours"),
        number("exposure", "time spent on harmful responses and not faded yet; 0 where it is not counted", "hours"),
        number("rho_guideline", "correlation of the rater's utilities with the operative guideline"),
        number("rho_intent", "correlation of the rater's utilities with users' intent"),
        number(
            "fidelity_guideline",
            "agreement of the labels that the rater can be expected to give with the operative guideline, corrected for"
            " chance: 1 all as it says, 0 a coin, -1 the opposite; on the pretrained model's responses to the panel's"
            " prompts",
        ),
        number("fidelity_intent", "the same with users' intent; NaN if no users stand above"),
        number("lost_direction", "of 1 less fidelity_guideline: what goes by another value vector than it cost"),
        number("lost_perception", "… what responses not perceived as they are cost"),
        number("lost_choice", "… what noise and bias of choice cost"),
        number("lost_care", "… what answers without a look cost"),
        number("lost_silence", "… what silence about friends' errors costs; the five sum to 1 less fidelity_guideline"),
    ),
)

DEMONSTRATIONS = Table(
    "demonstrations",
    "Responses people wrote for a language model to imitate, before any ranking: one row a response.",
    (
        RUN,
        TIME,
        ROUND,
        text("agent", "the language model that was to imitate them"),
        text("worker", 'who wrote it, as "pool:17"; of a user\'s own table its author, empty if it names none'),
        text("prompt", "text of the prompt"),
        text("text", "text of the response"),
        number("duration", "time it took to write; NaN of a table's", "seconds"),
        number("pay", "what was paid for it", "USD"),
    ),
)

LABOR = Table(
    "labor",
    "Work done: one row a shift of people (all they did at one time) or a computation of machines.",
    (
        RUN,
        TIME,
        ROUND,
        text("party", "who worked"),
        text(
            "kind",
            "kind of labor: authoring (the corpus, unpaid), demonstrating, writing responses, ranking, auditing, asking"
            " again (for a look of this party, by those it looks at), screening (tests of candidates, unpaid), training"
            " (of machines), hiring, testing candidates, training people, …",
        ),
        whole(
            "order", "0: makes responses or finds and trains people, 1: judges responses, 2: judges those, and so on"
        ),
        number("hours", "working time; 0 where a bonus, or a price that is no wage, was paid", "hours"),
        number("pay", "what was paid for it; below 0 where pay turned out less than the wage written down", "USD"),
        number("flops", "floating-point operations", "FLOP"),
        number(
            "care",
            "care with which people ranked or audited: the share of answers that they look at, by the effort each of"
            " them had chosen then and by their policy, mean over this work. NaN for other work",
            often_absent=True,
        ),
    ),
)
