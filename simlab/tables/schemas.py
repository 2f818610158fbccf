"""The outcome tables: their columns, types, units and meanings, all in one place.

The recorder writes what stands here and nothing else, `simlab tables --describe` prints it, and DataFrames carry
it in their `attrs`. No table holds nulls: a missing number is NaN, a missing text is "", and whole numbers are
never missing. Importing this module imports no library.
"""

from __future__ import annotations

from simlab.tables.columns import AGENT, GUIDELINE, LABEL, PRINCIPAL, ROUND, RUN, TIME, Column, Table
from simlab.tables.columns import flag as _flag
from simlab.tables.columns import number as _number
from simlab.tables.columns import text as _text
from simlab.tables.columns import whole as _whole
from simlab.tables.measured import MEASURED
from simlab.tables.money import ECONOMY

__all__ = ["TABLES", "Column", "Table"]

_RUNS = Table(
    "runs",
    "What was run: one row a run, with its parameters.",
    (
        RUN,
        _text("scenario", "name of the scenario"),
        _whole("seed", "seed of all random streams"),
        _text("status", "running, finished, interrupted or failed"),
        _number("days", "simulated length of the run", "days"),
        _whole("rounds", "training rounds completed"),
        _text("world", "kind of world"),
        _text("version", "version of simlab"),
        _text("parameters", "the whole scenario with all defaults filled in, as JSON"),
    ),
)

_GUIDELINES = Table(
    "guidelines",
    "What corporations ask for: one row for every criterion of every version of a guideline.",
    (
        RUN,
        TIME,
        _text("corporation", "whose guideline it is"),
        _whole("version", "version of the guideline, from 1"),
        _text("kind", "published (what the public sees) or operative (what raters are told)"),
        _text("criterion", "name of the criterion"),
        _number("weight", "weight of the criterion; only its size relative to the others matters"),
    ),
)

_READINGS = Table(
    "readings",
    "What each party goes by: a row a criterion, when hired or told. Pools of more than 2,000 people write nothing.",
    (
        RUN,
        TIME,
        ROUND,
        _text("party", 'whose reading it is: a corporation, a vendor, or a person as "pool:17"'),
        _whole("version", "version of the guideline that was read"),
        _text("criterion", "name of the criterion; empty for the directions of the world that have no name"),
        _number("weight", "weight of the criterion for this party; of nameless directions, the length of all together"),
    ),
)

_EMPLOYMENT = Table(
    "employment",
    "Spells of employment: one row a worker and spell.",
    (
        RUN,
        _text("worker", 'the worker, as "pool:17"'),
        _text("person", "who that is: the name under which the person was first hired by anyone"),
        _text("employer", "the party the worker works for"),
        _number("hired", "when the spell began", "days"),
        _number("ended", "when the spell ended; NaN while it lasts", "days"),
        _text("reason", "why the spell ended, as fired; empty while it lasts"),
    ),
    key=("run", "worker", "hired"),
)

_RATERS = Table(
    "raters",
    "How raters stand after each round, former ones included: one row a rater and round.",
    (
        RUN,
        TIME,
        ROUND,
        _text("worker", 'the rater, as "pool:17"'),
        _text("employer", "the party the rater works for"),
        _flag("employed", "whether the rater is employed at this time"),
        _whole("tasks", "rankings done so far"),
        _number("score", "share of audited pairs that agreed with whoever audited them, so far; NaN before the first"),
        _whole("warnings", "warnings received so far"),
        _number("care", "share of answers that the rater looks at with care"),
        _number("fatigue", "work not slept off yet; 0 where raters do not tire", "hours"),
        _number("exposure", "time spent on harmful responses and not faded yet; 0 where it is not counted", "hours"),
        _number("rho_guideline", "correlation of the rater's utilities with the operative guideline"),
        _number("rho_intent", "correlation of the rater's utilities with users' intent"),
    ),
)

_COMPARISONS = Table(
    "comparisons",
    "What raters and auditors preferred: one row a compared pair. A ranking of K responses gives K(K-1)/2 rows.",
    (
        RUN,
        TIME,
        ROUND,
        _whole("order", "1 where responses are compared, 2 where those are who compared responses, and so on"),
        PRINCIPAL,
        AGENT,
        _whole("task", "number of the pair, per order; raters who share it compared the same two responses"),
        _whole("ranking", "number of the K responses the pair comes from; at order 2 and above, of the judgement"),
        _text("worker", 'who compared, as "pool:17"; at order 2 and above the judging party'),
        _whole(
            "left", "the first response, as in `candidates` (with the prompt); at order 2 and above, the 17 of pool:17"
        ),
        _whole("right", "the second response or person, likewise"),
        LABEL,
        _text("source", "where the label comes from: rater, auditor, or the machine that a rater copied"),
        _flag("held_out", "kept from the reward model, to test it"),
        GUIDELINE,
        _number(
            "perceived", "utility of left minus right as perceived, before noise of choice; or difference of scores"
        ),
        _whole("gold", "what the operative guideline says: 1, 2, or 0; of agents, by their true rho as last measured"),
        _number("duration", "time the worker spent on the pair; NaN where agents are compared", "seconds"),
        _number("pay", "wage for that time, or piece rate, before any bonus; NaN where agents are compared", "USD"),
    ),
)

_CANDIDATES = Table(
    "candidates",
    "The responses that were compared: one row a response.",
    (
        RUN,
        TIME,
        ROUND,
        _text("agent", "the language model that gave the response"),
        _whole("response", "number of the response, as in left and right of `comparisons`"),
        _text("prompt", "text of the prompt"),
        _text("text", "text of the response; empty in vector worlds"),
        _text("origin", "where the prompt comes from: users who asked it (or it is like theirs), or written for this"),
    ),
)

_DEMONSTRATIONS = Table(
    "demonstrations",
    "Responses people wrote for a language model to imitate, before any ranking: one row a response.",
    (
        RUN,
        TIME,
        ROUND,
        _text("agent", "the language model that was to imitate them"),
        _text("worker", 'who wrote it, as "pool:17"'),
        _text("prompt", "text of the prompt"),
        _text("text", "text of the response"),
        _number("duration", "time it took to write", "seconds"),
        _number("pay", "what was paid for it", "USD"),
    ),
)

_JUDGEMENTS = Table(
    "judgements",
    "What principals made of their agents' work: one row a judgement, of every relation and every order.",
    (
        RUN,
        _whole("judgement", "number of the judgement, as in `consequences`"),
        TIME,
        ROUND,
        _whole("order", "1 where the work is a response, 2 where it is a judgement of responses, and so on"),
        PRINCIPAL,
        AGENT,
        GUIDELINE,
        _whole("sample", "pieces of work looked at"),
        _whole("population", "pieces of work there were"),
        _number("score", "what the principal made of them; the scale is the relation's own"),
    ),
)

_CONSEQUENCES = Table(
    "consequences",
    "What followed from judgements: one row a consequence.",
    (
        RUN,
        _whole("judgement", "the judgement it followed from; -1 if it followed from none"),
        TIME,
        ROUND,
        PRINCIPAL,
        _text("kind", "pay, warn, fire, hire, churn, gradient, …"),
        _text("agent", 'who bears it, as "pool:17"'),
        _number("amount", "how much; NaN where there is no amount"),
        _text("unit", "unit of the amount"),
        _text("reason", "why, in words"),
    ),
)

_LABOR = Table(
    "labor",
    "Work done: one row a shift of people (all they did at one time) or a computation of machines.",
    (
        RUN,
        TIME,
        ROUND,
        _text("party", "who worked"),
        _text(
            "kind",
            "kind of labor: authoring (the corpus, unpaid), demonstrating, ranking, auditing, screening (tests of"
            " candidates, unpaid), training (of machines), hiring, testing candidates, training people, …",
        ),
        _whole(
            "order", "0: makes responses or finds and trains people, 1: judges responses, 2: judges those, and so on"
        ),
        _number("hours", "working time; 0 where a bonus, or a price that is no wage, was paid", "hours"),
        _number("pay", "what was paid for it; below 0 where pay turned out less than the wage written down", "USD"),
        _number("flops", "floating-point operations", "FLOP"),
        _number(
            "care",
            "care with which people ranked or audited: the share of answers that they look at, by the effort each of"
            " them had chosen then and by their policy, mean over this work. NaN for other work",
            often_absent=True,
        ),
    ),
)

_ALIGNMENT = Table(
    "alignment",
    "How far two parties agree about one panel: one row a pair of parties, panel and round.",
    (
        RUN,
        TIME,
        ROUND,
        _text("model", "the language model whose responses are on the panel"),
        _whole("order", "order of the panel: 1 for responses, k for the agents judged at order k-1"),
        _text("panel", "name of the panel"),
        _text("against", "at order 2 and above: the truth agents are held to, guideline or intent; else empty"),
        _text("a", "one party"),
        _text("b", "the other party; acme:published is what acme says in public"),
        _number(
            "rho",
            "correlation of the two parties' utilities, centred within prompts; NaN if undefined. The utilities of"
            " parties whose guideline is no weighted sum are ranks within prompts",
        ),
        _number("accuracy", "share of pairs under one prompt that both order alike; ties count one half"),
        _number("tau", "Kendall's tau-b over pairs under one prompt"),
        _whole("n", "items of the panel"),
        _number("low", "lower end of the 95 % interval of rho, within run"),
        _number("high", "upper end of the 95 % interval of rho, within run"),
        _text("why_nan", "why rho is undefined; empty if it is defined"),
    ),
)

_REWARD_MODEL = Table(
    "reward_model",
    "Training of reward models: one row a look, which leads from round `round` to the next; of a look that taught "
    "nothing the numbers are NaN.",
    (
        RUN,
        TIME,
        ROUND,
        PRINCIPAL,
        AGENT,
        _whole("asked", "labels asked of the people who judge, since they last looked"),
        _whole("labels", "labels they gave, held-out ones included"),
        _text("why_fewer", "why they gave fewer than were asked for; empty if they did not"),
        _whole("prompts", "prompts the language model was given for that"),
        _whole("resampled", "of these, given again: responses read alike, or strayed to a fact that is not compared"),
        _whole("dropped", "of these, given up for want of different responses; others took their place, if they could"),
        _whole("pairs", "pairs trained on"),
        _whole("ties", "of these, undecided"),
        _number("loss", "training loss per pair", "nats"),
        _number("accuracy_train", "share of training pairs that are no ties ordered as labelled"),
        _number("accuracy_held_out", "the same of pairs held out from training, whose prompts are never trained on"),
        _whole("held_out_pairs", "pairs in accuracy_held_out"),
        _text("why_nan", "why accuracy_held_out is undefined; empty if it is defined"),
        _number("accuracy_gold", "share of held-out pairs ordered as by noise-free preference, ties excluded"),
        _whole("gold_pairs", "pairs in accuracy_gold"),
        _number("score_mean", "mean raw score of the pretrained model's responses, by which scores are standardized"),
        _number("score_std", "standard deviation of the same"),
        _number("trunk_change", "relative change of the trunk's parameters (Euclidean norm)"),
        _number("head_change", "relative change of the head's parameters (Euclidean norm)"),
        _number(
            "disagreement",
            "standard deviation between the members' standardized scores of a response, mean over the pretrained "
            "model's responses; 0 for a single model",
        ),
    ),
)

_LESSONS = Table(
    "lessons",
    "What each new label did to a reward model: one row a pair newly learned. Fits to more than 100,000 write nothing.",
    (
        RUN,
        TIME,
        ROUND,
        PRINCIPAL,
        AGENT,
        _whole("task", "number of the pair, as in `comparisons`"),
        _text("worker", 'who labelled it, as "pool:17"'),
        LABEL,
        _number("margin_before", "raw score of left less that of right before the fit, 0 before the first", "log-odds"),
        _number("margin_after", "the same after the fit, which many other labels had a part in", "log-odds"),
        _number(
            "push",
            "gradient of the label's Bradley–Terry log-likelihood in the margin, before the fit: w − σ(margin_before), "
            "w being 1 if left was preferred, 0 if right, ½ if neither",
        ),
    ),
)

_POLICY = Table(
    "policy",
    "Training of language models, from round `round` to the next: one row an iteration. TRL's metrics, / written as _.",
    (
        RUN,
        TIME,
        ROUND,
        PRINCIPAL,
        AGENT,
        _whole("iteration", "iteration within the round, from 1"),
        _number("objective_kl", "KL divergence from the reference model per response", "nats"),
        _number("objective_entropy", "entropy per response", "nats"),
        _number("objective_scores", "mean score by the reward model"),
        _number(
            "objective_rlhf_reward",
            "mean reward: mean score less the KL penalty, and what else the shape takes or gives",
        ),
        _number(
            "objective_non_score_reward",
            "mean reward less mean score: the KL penalty, negative, and what else the shape takes or gives",
        ),
        _number("policy_approxkl_avg", "mean squared change of log-probability over the update, halved", "nats"),
        _number("policy_clipfrac_avg", "share of tokens whose ratio was clipped"),
        _number("loss_policy_avg", "mean policy loss"),
        _number("loss_value_avg", "mean value loss"),
        _number("lr", "learning rate"),
        _number("objective_cost", "mean cost, minus the score of the reward model that sets a limit; NaN if none does"),
        _number("coefficient", "coefficient of the reward shape as used: the leash β; of `constrained` the multiplier"),
    ),
)

_RESPONSES = Table(
    "responses",
    "What language models say: the same prompts after every round, one row a response.",
    (
        RUN,
        TIME,
        ROUND,
        _text("corporation", "the corporation whose model it is"),
        _text("agent", "the language model"),
        _text("prompt", "text of the prompt"),
        _text("response", "text of the response; empty in vector worlds"),
        _text("force", "illocutionary force of the prompt, as question or command"),
        _flag("fact_held_out", "whether the prompt is about a fact that never appears in a comparison"),
        _flag("answered", "whether the response answers the prompt in kind; always true in vector worlds"),
        _number(
            "truthful_believed",
            "truth as those who evaluate understand it: the share of the response's claims that a rater takes to be"
            " true, mean over the raters employed at this time; NaN where nothing is claimed, or nobody judges",
            often_absent=True,
        ),
    ),
    extra="score by the criterion of this name, in [0, 1], by the facts of the world, which nobody need know: so"
    " `truthful` is here what `factual` is, and as raters understand it, `truthful_believed`; NaN where it has nothing"
    " to say",
)

_WIN_RATE = Table(
    "win_rate",
    "How often a party prefers the responses of a round to those of round 0: one row a party and round.",
    (
        RUN,
        TIME,
        ROUND,
        _text("model", "the language model that gave the responses"),
        _text("judge", "the party whose utilities decide"),
        _number("rate", "share of prompts for which the round's response is preferred; ties count one half"),
        _whole("n", "prompts compared"),
        _number("low", "lower end of the 95 % interval of the rate, within run"),
        _number("high", "upper end of the 95 % interval of the rate, within run"),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _RUNS,
        _GUIDELINES,
        _READINGS,
        _EMPLOYMENT,
        _RATERS,
        _CANDIDATES,
        _DEMONSTRATIONS,
        _COMPARISONS,
        _JUDGEMENTS,
        _CONSEQUENCES,
        _LABOR,
        _ALIGNMENT,
        _REWARD_MODEL,
        _LESSONS,
        _POLICY,
        _RESPONSES,
        _WIN_RATE,
        *ECONOMY,
        *MEASURED,
    )
}
"""Every table by name, in the order in which they are written."""
