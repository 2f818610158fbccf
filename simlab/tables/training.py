"""The training of machines: reward_model, epochs, lessons, policy, alarms, learning_curve."""

from __future__ import annotations

from simlab.tables.columns import (
    AGENT,
    LABEL,
    OF_TRAINING,
    PRINCIPAL,
    RUN,
    TIME,
    Table,
    flag,
    number,
    text,
    whole,
)

REWARD_MODEL = Table(
    "reward_model",
    "Training of reward models: one row a look; of a look that taught nothing the numbers are NaN.",
    (
        RUN,
        TIME,
        OF_TRAINING,
        text("principal", "the pool whose labels are learned, or the user's own table of preferences, by its file"),
        AGENT,
        whole("asked", "labels asked of the people who judge, since they last looked"),
        whole("labels", "labels they gave, held-out ones included"),
        text("why_fewer", "why they gave fewer than were asked for; empty if they did not"),
        whole("prompts", "prompts the language model was given for that"),
        whole("resampled", "of these, given again: responses read alike, or strayed to a fact that is not compared"),
        whole("dropped", "of these, given up for want of different responses; others took their place, if they could"),
        whole("pairs", "pairs trained on"),
        whole("ties", "of these, undecided"),
        number("loss", "training loss in the last epoch or the one kept: a pair, by plackett_luce a ranking", "nats"),
        number("accuracy_train", "share of training pairs that are no ties ordered as labelled"),
        number("accuracy_held_out", "the same of pairs held out from training, whose prompts are never trained on"),
        whole("held_out_pairs", "pairs in accuracy_held_out"),
        text("why_nan", "why accuracy_held_out is undefined; empty if it is defined"),
        number("accuracy_gold", "share of held-out pairs ordered as by noise-free preference, ties excluded"),
        whole("gold_pairs", "pairs in accuracy_gold"),
        number("score_mean", "mean raw score of the pretrained model's responses, by which scores are standardized"),
        number("score_std", "standard deviation of the same"),
        number("trunk_change", "relative change of the trunk's parameters (Euclidean norm)"),
        number("head_change", "relative change of the head's parameters (Euclidean norm)"),
        number(
            "disagreement",
            "standard deviation between the members' standardized scores of a response, mean over the pretrained "
            "model's responses; 0 for a single model",
        ),
    ),
)

EPOCHS = Table(
    "epochs",
    "Training of reward models that are networks: one row an epoch of a fit. TRL's metrics: those that begin with "
    "eval_ are of held-out rankings, after the epoch, and NaN if there are none; the others are of those trained on, "
    "while learning. Undecided pairs count in the losses only.",
    (
        RUN,
        TIME,
        OF_TRAINING,
        text("principal", "the pool whose labels are learned, or the user's own table of preferences, by its file"),
        AGENT,
        whole("member", "which of the models that learn side by side, from 1"),
        whole("epoch", "pass over the rankings of this fit, from 1"),
        flag("kept", "whether these are the weights that the fit left: the last, or the best before an early stop"),
        number("loss", "training loss: a pair, by plackett_luce a ranking, margins and penalties included", "nats"),
        number("accuracy", "share of pairs that are no ties ordered as labelled"),
        number("margin", "mean score of the chosen less that of the rejected", "log-odds"),
        number("mean_reward", "mean raw score"),
        number("std_reward", "standard deviation of raw scores"),
        number("min_reward", "least raw score"),
        number("max_reward", "greatest raw score"),
        number("grad_norm", "mean norm of the gradient before clipping"),
        number("learning_rate", "learning rate of the last step"),
        number("eval_loss", "−ln of the probability of a label, without margins or penalties; a coin has .693", "nats"),
        number("eval_accuracy", "share of pairs that are no ties ordered as labelled; a coin has ½"),
        number("eval_margin", "mean score of the chosen less that of the rejected", "log-odds"),
        number("eval_brier", "mean squared error of the probability that the chosen is better; a coin has ¼"),
        number("eval_ece", "expected calibration error, of ten bins of confidence (Guo et al. 2017)"),
        number("eval_mean_reward", "mean raw score"),
        number("eval_std_reward", "standard deviation of raw scores"),
        number("eval_min_reward", "least raw score"),
        number("eval_max_reward", "greatest raw score"),
    ),
)

LESSONS = Table(
    "lessons",
    "What each new label did to a reward model: one row a pair newly learned. Fits to more than 100,000 write nothing.",
    (
        RUN,
        TIME,
        OF_TRAINING,
        PRINCIPAL,
        AGENT,
        whole("task", "number of the pair, as in `comparisons`"),
        text("worker", 'who labelled it, as "pool:17"'),
        LABEL,
        number("margin_before", "raw score of left less that of right before the fit, 0 before the first", "log-odds"),
        number("margin_after", "the same after the fit, which many other labels had a part in", "log-odds"),
        number(
            "push",
            "gradient of the label's Bradley–Terry log-likelihood in the margin, before the fit: w − σ(margin_before), "
            "w being 1 if left was preferred, 0 if right, ½ if neither",
        ),
    ),
)

POLICY = Table(
    "policy",
    "Training of language models: one row an iteration. TRL's metrics, / written as _.",
    (
        RUN,
        TIME,
        OF_TRAINING,
        text("principal", 'who judged it; "rm + care" of reward models whose scores were added up'),
        AGENT,
        whole("iteration", "iteration within the round, from 1"),
        number(
            "objective_kl",
            "KL divergence from the reference model per response: mean of log pi - log pi_ref (k1); of vectors exact",
            "nats",
        ),
        number(
            "objective_kl_k3",
            "the same by pi_ref/pi - 1 - ln(pi_ref/pi) of every token (k3), which is never negative",
            "nats",
            often_absent=True,
        ),
        number("objective_entropy", "entropy per response", "nats"),
        number("objective_scores", "mean score by the reward model, or sum of several, before a learner clips any"),
        number(
            "objective_rlhf_reward",
            "mean reward: mean score less the KL penalty, and what else the shape takes or gives",
        ),
        number(
            "objective_non_score_reward",
            "mean reward less mean score as the learner took it: the KL penalty, negative, and what the shape gives",
        ),
        number("policy_approxkl_avg", "mean squared change of log-probability over the update, halved", "nats"),
        number("policy_clipfrac_avg", "share of tokens whose ratio was clipped"),
        number("loss_policy_avg", "mean policy loss"),
        number("loss_value_avg", "mean value loss"),
        number("lr", "learning rate"),
        number("objective_cost", "mean cost, minus the score of the reward model that sets a limit; NaN if none does"),
        number("coefficient", "coefficient of the reward shape as used: the leash β; of `constrained` the multiplier"),
        number("objective_scores_std", "standard deviation of scores over the batch", often_absent=True),
        number("objective_scores_min", "lowest score of the batch", often_absent=True),
        number("objective_scores_max", "highest score of the batch", often_absent=True),
        number(
            "objective_scores_clipped",
            "share of scores that the learner took for another number, as by score_clip",
            often_absent=True,
        ),
        number("policy_entropy_avg", "entropy per token, as its samples tell", "nats", often_absent=True),
        number(
            "val_clipfrac_avg",
            "share of value estimates that wanted to move further than value_clip",
            often_absent=True,
        ),
        number("val_ratio", "mean probability ratio of tokens, after to before each step", often_absent=True),
        number("val_ratio_var", "variance over steps of that mean", often_absent=True),
        number(
            "val_explained_variance",
            "share of the variance of returns that the value head foresaw, before learning",
            often_absent=True,
        ),
        number("val_num_eos_tokens", "responses that came to an end", often_absent=True),
        number("grad_norm", "mean norm of the gradient before it is clipped", often_absent=True),
        number("completions_mean_length", "mean length of responses", "tokens", often_absent=True),
        number("completions_clipped_ratio", "share of responses cut off before an end", often_absent=True),
        number(
            "completions_distinct", "number of different responses, as a share of all of the batch", often_absent=True
        ),
    ),
)

ALARMS = Table(
    "alarms",
    "What went wrong while machines learned: one row a look of training, machine and kind, or a round, party and kind;"
    " bounds are keys of `alarms` in the scenario.",
    (
        RUN,
        TIME,
        whole("round", "the round of training in which it went wrong, from 1"),
        text("party", "the machine; of overoptimization, for whom its responses are (gold)"),
        text(
            "kind",
            "negative_kl or exploding_kl; entropy_collapse; responses_alike; overoptimization, where gold falls while"
            " pay rises; worse_than_chance (held-out accuracy), worse_than_a_coin (held-out loss), overfit (held-out"
            " loss rises from epoch to epoch)",
        ),
        number("figure", "what was measured"),
        number("bound", "from where on it is told"),
        text("message", "the same in words"),
    ),
)

LEARNING_CURVE = Table(
    "learning_curve",
    "Proxy and gold while a language model learns from rewards, on the same prompts by the same draws: one row a look,"
    " before the first batch and after some. Empty unless `panel.learning_curve` is asked for.",
    (
        RUN,
        TIME,
        OF_TRAINING,
        PRINCIPAL,
        AGENT,
        whole("iteration", "batches it has learned from in this round"),
        number("kl", "KL divergence from the reference per response: mean of log pi - log pi_ref (k1)", "nats"),
        number(
            "kl_k3", "the same by pi_ref/pi - 1 - ln(pi_ref/pi) of every token (k3), which is never negative", "nats"
        ),
        number(
            "kl_exact",
            "the same by the whole distributions of next tokens, in the states its responses pass through: without"
            " error where a response is one token; in vector worlds |mean|^2/2",
            "nats",
        ),
        number("proxy", "mean pay by the reward model as the reward shape has it, without its leash"),
        whole("n", "responses, one to each prompt"),
    ),
    of_parties="mean utility of the responses to the party of this name, in its own units, for reward models, the"
    " language model (mean log pi - log pi_ref) and those it answers to (gold); NaN for others",
)
