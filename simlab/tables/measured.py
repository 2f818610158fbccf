"""Tables of what the observatory measures after every round, beside `alignment`: where alignment is lost and how,
what one number cannot say, and what the machines can tell apart.
"""

from __future__ import annotations

from simlab.tables.columns import PRINCIPAL, ROUND, RUN, TIME, Table, flag, number, text, whole

_MODEL = text("model", "the language model whose round it is")
_LOW = number("low", "lower end of the 95 % interval, within run")
_HIGH = number("high", "upper end of the 95 % interval, within run")

_WATERFALL = Table(
    "waterfall",
    "Where alignment is lost on the way from users to the model: one row a link of a path, and one for the whole path.",
    (
        RUN,
        TIME,
        ROUND,
        _MODEL,
        text(
            "path",
            'the parties from first to last, as "users → acme → pool → rm → lm"; those of one level are one, joined by'
            ' " + ", each with the weight of the labels its side delivered',
        ),
        whole("place", "which link of the path, from 1; 0 is the whole path"),
        PRINCIPAL,
        text(
            "agent",
            'the party that answers to it; of the whole path, the last. "pool" is what its people value, and "pool, as'
            ' marked" what a reader of the labels that its people really gave can make of them',
        ),
        number("rho", "correlation of the two parties' utilities, centred within prompts; NaN if undefined"),
        number("loss", "-ln rho", "nats"),
        number(
            "reliability",
            "correlation of the agent's utilities in two redraws of its own randomness alone: misreadings and tastes of"
            ' firms and people; of "pool, as marked" the labels, as many as were given; of machines their seeds. Of'
            " networks in the last round only: the model and one trained again, labels by fits to at most 1,024 pairs"
            " and stepped up (Spearman-Brown)",
        ),
        number("noise", "-1/2 ln reliability: what ever more independent agents or labels here would undo", "nats"),
        number("bias", "loss less noise: what they would not undo", "nats"),
        number("side_channel", "of the whole path: losses of all links less the loss from end to end", "nats"),
        number(
            "share",
            "loss as a share of the losses of all links, whose shares sum to 1; of the whole path likewise",
            often_absent=True,
        ),
        text("why_nan", "why a number of the row is NaN, where it would have a meaning"),
    ),
)

_FLATTENING = Table(
    "flattening",
    "What is lost when many values become one number: one row a party's utility or score, panel and round.",
    (
        RUN,
        TIME,
        ROUND,
        _MODEL,
        whole("order", "1 where responses are scored, k where those are who judged at order k-1"),
        text("panel", "name of the panel: responses, or the agents scored"),
        text("party", "whose number it is"),
        number(
            "loss", "share of the standardized criteria's variance, within prompts, that the number leaves unexplained"
        ),
        number("conflict", "share of pairs under one prompt (or of agents) on which two criteria disagree"),
        whole("n", "items of the panel"),
        text("why_nan", "why loss is undefined; empty if it is defined"),
    ),
)

_AGREEMENT = Table(
    "agreement",
    "How well people who judged the same pairs agree with one another: one row a pool, round and statistic.",
    (
        RUN,
        TIME,
        ROUND,
        text("principal", "the pool whose labels they are"),
        whole("order", "1 where responses are compared, k where judgements of order k-1 are"),
        text("statistic", "percent, cohen (Conger's for several people), fleiss, krippendorff, gwet_ac1 or gwet_ac2"),
        number("value", "the statistic, over labels made since the round before; NaN if nothing is left to chance"),
        whole("n", "pairs that several people judged"),
        _LOW,
        _HIGH,
    ),
)

_ON_POLICY = Table(
    "on_policy",
    "What a model's own responses gained for somebody, of what was possible: one row a party and round.",
    (
        RUN,
        TIME,
        ROUND,
        _MODEL,
        text("party", "whose utility is gained"),
        number("gain", "mean utility of the model's responses less that of its reference's, in the party's own units"),
        number(
            "best", "the largest gain at the same KL, by reweighting the reference's responses by exp(utility/lambda)"
        ),
        number("share", "gain / best; NaN if there was nothing to gain"),
        number("kl", "KL divergence of the model from its reference per response, as estimated", "nats"),
        whole("n", "reference responses to each prompt that best rests on; 0 if it is known exactly"),
        flag("beyond", "KL is beyond what n responses can say (ln n at most): best is too low and share too high"),
    ),
)

_MINIMAL_PAIRS = Table(
    "minimal_pairs",
    "Which of two responses that differ in one respect a machine finds better: one row a machine, kind and force.",
    (
        RUN,
        TIME,
        ROUND,
        _MODEL,
        text("party", "the machine: a reward model by its score, a language model by its log-probability"),
        text("kind", "scrambled (syntax), false (semantics) or wrong_force (pragmatics)"),
        text("force", "illocutionary force of the prompt; empty for all together"),
        number("accuracy", "share of pairs whose better response is found better; ties count one half"),
        whole("n", "pairs"),
        _LOW,
        _HIGH,
    ),
)

MEASURED = (_WATERFALL, _FLATTENING, _AGREEMENT, _ON_POLICY, _MINIMAL_PAIRS)
"""Those tables, in the order in which they are written."""
