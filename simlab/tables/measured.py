"""What is measured after every round: alignment, responses, win_rate, waterfall, flattening, agreement, on_policy,
best_of, minimal_pairs, orders, groups."""

from __future__ import annotations

from simlab.tables.columns import AGENT, PRINCIPAL, ROUND, RUN, TIME, Table, flag, number, text, whole

ASKED, REACHABLE = "asked", "reachable"  # statistics of `agreement`, beside those of labels
_MODEL = text("model", "the language model whose round it is")
_LOW = number("low", "lower end of the 95 % interval, within run")
_HIGH = number("high", "upper end of the 95 % interval, within run")

ALIGNMENT = Table(
    "alignment",
    "How far two parties agree about one panel: one row a pair of parties, panel and round.",
    (
        RUN,
        TIME,
        ROUND,
        text("model", "the language model whose responses are on the panel"),
        whole("order", "order of the panel: 1 for responses, k for the agents judged at order k-1"),
        text("panel", "name of the panel"),
        text("against", "at order 2 and above: the truth agents are held to, guideline or intent; else empty"),
        text(
            "a",
            "one party; users:habits is what brings users back, users is what they endorse; acme:deployer is who stands"
            " between acme and the public, acme:shown what the public gets to see: of several responses, the one it"
            " likes best",
        ),
        text("b", "the other party; acme:published is what acme says in public"),
        number(
            "rho",
            "correlation of the two parties' utilities, centred within prompts; NaN if undefined. The utilities of"
            " parties whose guideline is no weighted sum are ranks within prompts. At order 2 and above: of a"
            " principal's scores so far with how truly its agents *read* the standard (their rho), whatever they do;"
            " what scores say of what agents do is in the table orders",
        ),
        number("accuracy", "share of pairs under one prompt that both order alike; ties count one half"),
        number("tau", "Kendall's tau-b over pairs under one prompt"),
        whole("n", "items of the panel"),
        number("low", "lower end of the 95 % interval of rho, within run"),
        number("high", "upper end of the 95 % interval of rho, within run"),
        text("why_nan", "why rho is undefined; empty if it is defined"),
    ),
)

RESPONSES = Table(
    "responses",
    "What language models say: the same prompts after every round, one row a response.",
    (
        RUN,
        TIME,
        ROUND,
        text("corporation", "the corporation whose model it is"),
        text("agent", "the language model"),
        text("prompt", "text of the prompt"),
        text("response", "text of the response; empty in vector worlds"),
        text("force", "illocutionary force of the prompt, as question or command"),
        flag("fact_held_out", "whether the prompt is about a fact that never appears in a comparison"),
        flag("answered", "whether the response answers the prompt in kind; always true in vector worlds"),
        number(
            "truthful_believed",
            "truth as those who evaluate understand it: the share of the response's claims that a rater takes to be"
            " true, mean over the raters employed at this time; NaN where nothing is claimed, or nobody judges",
            often_absent=True,
        ),
    ),
    extra="score by the criterion of this name, in [0, 1], by the facts of the world, which nobody need know: so"
    " `truthful` is here what `factual` is, and as raters understand it, `truthful_believed`; NaN where it has nothing"
    " to say",
    of_parties="utility of the response to the party of this name, in its own units: the score of a reward model,"
    " log π − log π_ref of a language model, the weighted sum of a guideline; differences under one prompt count",
    of_deviations="standard deviation of the score by the reward model of this name, in units of the score: how far"
    " people differ in the response, as it has learned, beyond how far they differ in the least disputed; there if it"
    " learns variances, NaN before it has",
)

WIN_RATE = Table(
    "win_rate",
    "How often a party prefers the responses of a round to those of round 0: one row a party and round.",
    (
        RUN,
        TIME,
        ROUND,
        text("model", "the language model that gave the responses"),
        text("judge", "the party whose utilities decide"),
        number("rate", "share of prompts for which the round's response is preferred; ties count one half"),
        whole("n", "prompts compared"),
        number("low", "lower end of the 95 % interval of the rate, within run"),
        number("high", "upper end of the 95 % interval of the rate, within run"),
    ),
)

WATERFALL = Table(
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

FLATTENING = Table(
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

ORDERS = Table(
    "orders",
    "Who judges whom, what the judgement is worth, and at what cost: one row a relation that judges, and round.",
    (
        RUN,
        TIME,
        ROUND,
        whole("order", "1 where responses are judged, 2 where those are who judge responses, and so on"),
        PRINCIPAL,
        AGENT,
        text("look", "how the principal looks, as in `judgements`; empty: by its own opinion of each piece"),
        whole(
            "people", "agents judged since the round before: people at order 2 and above, else 1, or 0 if not judged"
        ),
        number("looks", "pieces of work looked at since then, per agent judged"),
        number("hours", "what that took of the principal's people, and of those it asks again, by `labor`", "hours"),
        number("pay", "what was paid for it", "USD"),
        number("share", "that as a share of all pay for labor in this model's making since the round before"),
        number(
            "fidelity_guideline",
            "mean agreement of what the agents do with the guideline as their corporation issued it, corrected for"
            " chance (1 all as it says, 0 a coin), over those who work there now; of a machine, of its preferences",
        ),
        number("fidelity_intent", "the same with users' intent; NaN if no users stand above"),
        number("fidelity_principal", "the same with the principal's own reading"),
        number(
            "validity_guideline",
            "correlation of the scores given since the round before with the agents' fidelity to the guideline when"
            " judged, over those employed then, or over all vendors of the principal; at order 1, of labels of pairs"
            " with the guideline's: the judges' own fidelity. NaN if undefined",
        ),
        number("validity_intent", "the same with fidelity to users' intent"),
        number("validity_principal", "the same with fidelity to the principal's own reading"),
        number(
            "low", "lower end of the 95 % interval of validity_guideline over agents (at order 1, judges), within run"
        ),
        number("high", "upper end of it"),
        whole("n", "agents the validity rests on; at order 1, judges, or pairs where the judge is one"),
        text("why_nan", "why validity_guideline is undefined; empty if it is defined"),
        number("goodhart_gap", "validity_principal less validity_guideline: scores say more of the former"),
        number(
            "validity_expected",
            "validity_guideline as predicted from looks, the judges' own labels and how agents differ; NaN at order 1"
            " and by looks at peers or at answers given again",
        ),
        number("rank_validity", "rank correlation of the same scores and fidelities"),
        number("auc", "chance that one of the worst tenth has a lower score than one who is not; at order 1, accuracy"),
        number(
            "detection",
            "of the pieces of work looked at since the round before that were wrong by the corporation's guideline, the"
            " share found wrong (a score below one half; one half counts half)",
            often_absent=True,
        ),
        number("false_alarm", "of those that were right, the share found wrong", often_absent=True),
        whole(
            "dismissed_rightly",
            "people dismissed since the round before who were among the worst tenth of those judged",
        ),
        whole("dismissed_wrongly", "dismissed, and not among them"),
        whole("kept_rightly", "looks after which somebody not among the worst tenth stayed"),
        whole("kept_wrongly", "looks after which somebody among them stayed"),
        number(
            "selection", "change in the agents' mean fidelity from look to look by who left and came", often_absent=True
        ),
        number("deterrence", "… by the care of those who stayed", often_absent=True),
        number("teaching", "… by what those who stayed do at it; the three sum to the whole change", often_absent=True),
        number(
            "lost_direction",
            "of 1 less fidelity_guideline: what value vectors other than the guideline's cost",
            often_absent=True,
        ),
        number("lost_perception", "… what responses not perceived as they are cost", often_absent=True),
        number("lost_choice", "… what noise and bias of choice cost", often_absent=True),
        number("lost_care", "… what answers without a look cost", often_absent=True),
        number("lost_silence", "… what silence about friends' errors costs", often_absent=True),
    ),
)

AGREEMENT = Table(
    "agreement",
    "How well people who judged the same pairs agree with one another: one row a pool, round and statistic.",
    (
        RUN,
        TIME,
        ROUND,
        text("principal", "the pool whose labels they are"),
        whole("order", "1 where responses are compared, k where judgements of order k-1 are"),
        text(
            "statistic",
            "percent, cohen (Conger's for several people), fleiss, krippendorff, gwet_ac1 or gwet_ac2; when people are"
            " first hired, where they are too unlike to agree as often as the scenario says: asked, and reachable",
        ),
        number("value", "the statistic, over labels made since the round before; NaN if nothing is left to chance"),
        whole("n", "pairs that several people judged"),
        _LOW,
        _HIGH,
    ),
)

ON_POLICY = Table(
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
            "best",
            "the largest gain at the same KL, by reweighting the reference's responses by exp(utility/lambda); NaN"
            " where these are too few to say",
        ),
        number("share", "gain / best; NaN if there was nothing to gain, or best is not known"),
        number("kl", "KL divergence of the model from its reference per response, as estimated", "nats"),
        whole("n", "reference responses to each prompt that best rests on; 0 if it is known exactly"),
        number(
            "effective",
            "of these, as good as how many equally weighted ones best rests on (1/sum of squared weights);"
            " NaN if it is known exactly",
        ),
        flag("beyond", "KL is beyond what n responses can say (ln n at most), or hardly any of them count there"),
        text("why_nan", "why best is NaN; empty if it is not"),
    ),
)

BEST_OF = Table(
    "best_of",
    "What one would get by picking, of n responses, the one a reward model pays best: one row a round, source, judge,"
    " party and n. Empty unless `panel.best_of` is asked for, and before the reward model has learned.",
    (
        RUN,
        TIME,
        ROUND,
        _MODEL,
        text("source", "whose responses: reference, the model before any training, or current, as it is now"),
        text("judge", "the reward model that picks"),
        text("shape", "the reward shape by which it pays that model, here without its leash"),
        whole("n", "of how many responses the best is picked"),
        number(
            "kl",
            "KL divergence of the best of n from one response: what n draws with replacement from the samples have,"
            " responses paid alike counting as one",
            "nats",
        ),
        number("kl_bound", "ln n - (n-1)/n, which it is where no two responses are paid alike, and at most", "nats"),
        number("proxy", "mean pay of the best of n, by all draws of n of the samples without replacement: unbiased"),
        text("party", "for whom the responses are (gold)"),
        number("gold", "its mean utility of the same, in its own units"),
        number("gain", "gold less that of one response, n = 1"),
        number("low", "lower end of the 95 % interval of the gain over prompts, within run"),
        number("high", "upper end of it"),
        whole("samples", "responses to each prompt that this rests on"),
        whole("prompts", "prompts"),
    ),
)

MINIMAL_PAIRS = Table(
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

GROUPS = Table(
    "groups",
    "What became of groups who want different things: one row a group of users or of raters, and round.",
    (
        RUN,
        TIME,
        ROUND,
        text("model", "the language model"),
        text("party", "the users, or the pool of raters"),
        text("group", "the group"),
        whole("persons", "how many they are now: users of the model's maker, raters employed"),
        number("share", "these as a share of all groups of the party; NaN if there is nobody"),
        number("rho_score", "correlation of what they value with the score of the reward model; NaN if that is flat"),
        number("rho_model", "correlation of what they value with the language model; NaN at round 0"),
        number("win_rate", "how often they like what the model says now better than what it said before any training"),
        number("satisfied", "mean approval of the model's responses to the panel by what they value"),
        number(
            "welfare",
            "mean gain in their utility over the pretrained model, in standard deviations of theirs on its responses",
        ),
        flag("worst", "whether this group of the party gained least; false at round 0"),
        number(
            "weight",
            "weight of what they value in the score, by least squares on all groups of the party, each of unit length;"
            " NaN if the score is flat or groups want the same",
        ),
        flag("held", "whether it is the group of the party whose values the score holds most"),
    ),
)
