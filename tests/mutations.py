"""Sabotage: ways of breaking the simulator, each of which a law must notice, and a test, too.

`python -m tests.mutations` breaks a copy of the simulator, one way after the other, and says which law turned red;
`--tests` also runs the test that should notice, `--all-at-once` breaks it in all the ways of the first list together,
and names (or parts of them) choose some. It takes some seconds a sabotage, and is run by hand; a few of them are held
in `tests/theory/test_mutations.py`, and that each still fits the source is, too.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Sabotage:
    """One way of breaking the simulator: in `file`, `old` stands once, and `new` in its place breaks what it says.

    `laws` are those that must notice, one at least, each with the index of a point if that is not its first
    (`law@1`); `test` is a file of tests of which one must notice.
    """

    breaks: str
    file: str
    old: str
    new: str
    laws: tuple[str, ...]
    test: str

    def applied(self, root: Path) -> None:
        """Break the copy below `root`. Raises ValueError unless the old text stands there once."""
        path = root / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.breaks}: in {self.file}, its text stands {text.count(self.old)} times, not once")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


# ---- the twenty-one that once left every law green ------------------------------------------------------------------

UNSEEN: tuple[Sabotage, ...] = (
    Sabotage(
        "audits inverted at all orders", "simlab/parties/audits.py",
        "(opinion == 0), 0.5, said == opinion)", "(opinion == 0), 0.5, said != opinion)",
        ("audit.firm", "audit.auditors", "audit.of_audits"), "tests/parties/test_auditors.py",
    ),
    Sabotage(
        "a firm's wrong gold ignored", "simlab/parties/audits.py",
        "opinion = fresh_gold(gold, spec.gold_error,", "opinion = fresh_gold(gold, 0.0,",
        ("audit.firm",), "tests/theory/test_gaussian_laws.py",
    ),
    Sabotage(
        "ρ of order 2 and above negated", "simlab/analyzers/survey.py",
        "return measures_of(np.stack([x, y], axis=1),", "return measures_of(np.stack([x, -y], axis=1),",
        ("validity.of_readings",), "tests/parties/test_auditors.py",
    ),
    Sabotage(
        "auditors rubber-stamp", "simlab/parties/auditors.py",
        "        self.deliver(made)\n        return label[:, 0]",
        "        self.deliver(made)\n        return pairs.label[:, 0]",
        ("audit.auditors", "deterrence.passed_on"), "tests/parties/test_auditors.py",
    ),
    Sabotage(
        "agreement without chance correction", "simlab/measures/agreement.py",
        "(observed - chance) / (1 - chance), np.nan))", "observed, np.nan))",
        ("agreement.in_runs",), "tests/measures/test_agreement.py",
    ),
    Sabotage(
        "bootstrap intervals a third as wide", "simlab/measures/statistics.py",
        "    return low, high\n\n\ndef wilson", "    return (2 * low + high) / 3, (low + 2 * high) / 3\n\n\ndef wilson",
        ("intervals.of_rho", "intervals.of_wins", "intervals.of_agreement"), "tests/measures/test_statistics.py",
    ),
    Sabotage(
        "a tie is a win", "simlab/analyzers/survey.py",
        "np.choose(np.stack(better, axis=1), (0.5, 1.0, 0.0))", "np.choose(np.stack(better, axis=1), (1.0, 1.0, 0.0))",
        ("wins.ties",), "tests/analyzers/test_measured_tables.py",
    ),
    Sabotage(
        "redraws that redraw nothing", "simlab/parties/pool.py",
        "return strangers.utility(panel)", "return self.utility(panel)",
        ("waterfall.noise_in_runs",), "tests/analyzers/test_waterfall_of_runs.py",
    ),
    Sabotage(
        "the best are fired", "plugins/reviews/rank.py",
        "record.audited[known], record.score[known]))]", "record.audited[known], -record.score[known]))]",
        ("dismissal.selects", "dismissal.rightly"), "tests/plugins/reviews/test_reviews.py",
    ),
    Sabotage(
        "careless answers are careful", "simlab/people/working_life.py",
        "label[~careful] = tossed(draws[~careful])", "tossed(draws[~careful])",
        ("care.accuracy", "deterrence.found_out"), "tests/people/test_working_conditions.py",
    ),
    Sabotage(
        "skill ignored", "simlab/people/perception.py",
        "features = game.midpoint + skill * (features - game.midpoint)\n        if ids is not None:",
        "if False:",
        ("skill.accuracy",), "tests/parties/test_raters.py",
    ),
    Sabotage(
        "held-out pairs trained on", "simlab/consequences/learning.py",
        "return Evidence(rankings, ~rankings.held_out, None)",
        "return Evidence(rankings, np.ones_like(rankings.held_out), None)",
        ("held_out.coins",), "tests/machines/test_linear_rm.py",
    ),
    Sabotage(
        "the network reward model learns the opposite", "simlab/machines/transformer_rm.py",
        '"labels": some.label.astype(np.int64)', '"labels": (3 - some.label.astype(np.int64)) % 3',
        ("network.learns", "network.pleases@1"), "tests/test_labels_teach.py",
    ),
    Sabotage(
        "PPO paid minus the score", "simlab/machines/shaped_reward.py",
        "out = shaped(self.shape, score, logp", "out = shaped(self.shape, -score, logp",
        ("network.pleases", "network.leash"), "tests/machines/test_shaped_reward.py",
    ),
    Sabotage(
        "everybody paid double", "simlab/people/payroll.py",
        "nominal, owed = working_life.settle(pool, rows)",
        "nominal, owed = (2 * dollars for dollars in working_life.settle(pool, rows))",
        ("pay.wages",), "tests/consequences/test_labor.py",
    ),
    Sabotage(
        "the dissatisfied never leave", "simlab/parties/market.py",
        "leaving = round(int(self.members[here, intent]) * self.spec.leave * (1 - content))", "leaving = 0",
        ("market.leavers",), "tests/parties/test_market.py",
    ),
    Sabotage(
        "screening passes everybody", "simlab/people/hiring.py",
        "good = passed(marks(label.reshape(len(numbers), len(exam)), exam.gold), spec.test)",
        "good = np.ones(len(numbers), dtype=bool)",
        ("screening.passed",), "tests/people/test_working_conditions.py",
    ),
    Sabotage(
        "on-policy share doubled", "simlab/measures/on_policy.py",
        "return Rung(gain, best, gain / best if", "return Rung(gain, best, 2 * gain / best if",
        ("learning.direction",), "tests/measures/test_on_policy.py",
    ),
    Sabotage(
        "flattening halved", "simlab/measures/flattening.py",
        "np.clip(1 - shared.mean(), 0.0, 1.0)", "np.clip(1 - shared.mean(), 0.0, 1.0) / 2",
        ("flattening.loss",), "tests/measures/test_flattening.py",
    ),
    Sabotage(
        "care ignores pay", "simlab/people/effort.py",
        "for state, found in ((pool.work_state.care, care), (pool.work_state.pace, pace))",
        "for state, found in ((pool.work_state.care, np.ones(len(rows))), (pool.work_state.pace, pace))",
        ("care.bought", "deterrence.care_of_auditors"), "tests/people/test_working_conditions.py",
    ),
    Sabotage(
        "lessons without margins", "simlab/consequences/learning.py",
        '"margin_after": after.ravel()', '"margin_after": before.ravel()',
        ("learning.units", "learning.loss", "network.learns"), "tests/report/test_trace.py",
    ),
)  # fmt: skip

# ---- others ---------------------------------------------------------------------------------------------------------

OTHERS: tuple[Sabotage, ...] = (
    # who judges judges
    Sabotage(
        "in audits, a tie is a win", "simlab/parties/audits.py",
        "(opinion == 0), 0.5, said == opinion)", "(opinion == 0), 1.0, said == opinion)", ("audit.undecided",),
        "tests/parties/test_audits.py",
    ),
    Sabotage(
        "gold errs twice as often as said", "simlab/parties/appeals.py",
        "uniforms(key, draw) < error", "uniforms(key, draw) < 2 * error", ("audit.firm", "gold.error"),
        "tests/parties/test_appeals.py",
    ),
    Sabotage(
        "principals look at half of what they should", "simlab/parties/audits.py",
        "count = relation.sampled(pairs)\n", "count = relation.sampled(pairs) // 2\n",
        ("cost.of_orders", "validity.auditors@1", "validity.firm@1"), "tests/parties/test_auditors.py",
    ),
    Sabotage(
        "every judgement is of order 2", "simlab/engine/event_log.py",
        "            order=relation.order,\n", "            order=2,\n", ("audit.of_audits",),
        "tests/engine/test_event_log.py",
    ),
    Sabotage(
        "all that is looked at goes on record as right", "simlab/parties/pool.py",
        "kept.agreed[rows] += agreed", "kept.agreed[rows] += sample", ("validity.of_readings",),
        "tests/consequences/test_labor.py",
    ),
    Sabotage(
        "a firm's audits cost nothing", "simlab/parties/audits.py",
        "hours=hours, pay=pay)", "hours=hours, pay=0.0)", ("cost.of_orders@1",), "tests/parties/test_audits.py",
    ),
    Sabotage(
        "shares of cost are shares of hours", "simlab/analyzers/orders.py",
        "hours, pay = (part * taken.get(key, np.zeros(2))).tolist()",
        "hours, pay = (part * taken.get(key, np.zeros(2))).tolist()\n            pay = hours",
        ("cost.of_orders",), "tests/analyzers/test_orders.py",
    ),
    Sabotage(
        "validity by who is worst", "simlab/analyzers/orders.py",
        "validity(score, worth[against])", "validity(-score, worth[against])", ("validity.firm", "validity.auditors"),
        "tests/analyzers/test_orders.py",
    ),
    Sabotage(
        "foreseen validity is reliability", "simlab/measures/fidelity.py",
        "* math.sqrt(reliability(expected[known], looks[known]))", "* reliability(expected[known], looks[known])",
        ("validity.foreseen",), "tests/measures/test_fidelity.py",
    ),
    Sabotage(
        "reliability as if nothing erred", "simlab/measures/fidelity.py",
        "return true / (true + error) if", "return 1.0 if", ("validity.foreseen",), "tests/measures/test_fidelity.py",
    ),
    Sabotage(
        "fidelity is accuracy", "simlab/measures/fidelity.py",
        "return np.asarray(said @ gold.astype(float) / decided)",
        "return np.asarray(0.5 + said @ gold.astype(float) / decided / 2)", ("fidelity.people",),
        "tests/measures/test_fidelity.py",
    ),
    Sabotage(
        "friends are silent whatever it costs them", "simlab/people/collusion.py",
        "return spec.efficiency * spec.stake > bounty", "return True", ("collusion.proof",),
        "tests/people/test_collusion.py",
    ),
    Sabotage(
        "silence is invisible in what auditors are worth", "simlab/people/expected_labels.py",
        "_silence(pool, rows), echo, below, confirm)", "0 * _silence(pool, rows), echo, below, confirm)",
        ("collusion.fidelity",),
        "tests/people/test_collusion.py",
    ),
    Sabotage(
        "silence costs all it is worth", "simlab/people/collusion.py",
        "return (bounty / spec.efficiency + spec.stake) / 2", "return spec.stake", ("collusion.price",),
        "tests/people/test_collusion.py",
    ),
    Sabotage(
        "nobody knows anybody", "simlab/people/collusion.py",
        "friends(auditors, agent, spec.share, who, worker)\n        log", "False\n        log", ("collusion.scores",),
        "tests/people/test_collusion.py",
    ),
    Sabotage(
        "mistakes are made apart", "simlab/people/shared_mistakes.py",
        "np.sqrt(spec.mistakes) * z", "0 * z", ("in_common.both_wrong",), "tests/people/test_shared.py",
    ),
    Sabotage(
        "draws in common are no longer uniform", "simlab/people/shared_mistakes.py",
        "np.sqrt(1 - spec.mistakes) * ndtri(draws)", "ndtri(draws)", ("in_common.each_wrong",),
        "tests/people/test_shared.py",
    ),
    Sabotage(
        "fidelity of what people could do", "simlab/people/expected_labels.py",
        "careful = self.care[:, None] * self.careful", "careful = self.careful",
        ("fidelity.with_care",), "tests/analyzers/test_orders.py",
    ),
    Sabotage(
        "losses by choice put down to direction", "simlab/measures/fidelity.py",
        "return Losses(1 - meant, meant - felt, felt - careful, careful - own, own - done)",
        "return Losses(1 - careful, meant - felt, 0 * felt, careful - own, own - done)",
        ("fidelity.lost_by_choice", "fidelity.lost_by_direction"), "tests/measures/test_fidelity.py",
    ),
    Sabotage(
        "Fisher's interval with one agent too few taken off", "simlab/measures/fidelity.py",
        "Z95 / math.sqrt(n - 3)", "Z95 / math.sqrt(n - 2)", ("intervals.of_validity",),
        "tests/measures/test_fidelity.py",
    ),
    Sabotage(
        "the worst are the best", "simlab/measures/fidelity.py",
        "found = worth <= line + 1e-12", "found = worth >= line - 1e-12", ("dismissal.rightly",),
        "tests/measures/test_fidelity.py",
    ),
    Sabotage(
        "nobody notes who was dismissed", "simlab/analyzers/orders.py",
        "looks[-1].dismissed |= np.isin", "looks[-1].dismissed &= np.isin", ("dismissal.rightly",),
        "tests/analyzers/test_orders.py",
    ),
    Sabotage(
        "nobody is dismissed", "simlab/consequences/people.py",
        "rows, score = rows[verdict], pool", "rows, score = rows[verdict][:0], pool", ("dismissal.selects",),
        "tests/consequences/test_labor.py",
    ),
    Sabotage(
        "dismissal by lot", "plugins/reviews/rank.py",
        "record.audited[known], record.score[known]))]", "record.audited[known]))]", ("dismissal.selects",),
        "tests/plugins/reviews/test_reviews.py",
    ),
    Sabotage(
        "trainers never err", "simlab/consequences/people.py",
        "return np.asarray(cohort.vector[here[lots]])",
        "return np.tile(principal.standard().vector, (len(rows), 1))", ("retraining.by_auditors",),
        "tests/plugins/consequences/test_retrain.py",
    ),
    Sabotage(
        "there is one trainer for all", "simlab/consequences/people.py",
        "cohort.vector[here[lots]]", "cohort.vector[here[0 * lots]]", ("retraining.by_auditors",),
        "tests/plugins/consequences/test_retrain.py",
    ),
    Sabotage(
        "training leaves own errors as they were", "simlab/people/hiring.py",
        "better[rows] *= shrink", "better[rows] *= 1.0", ("retraining.by_firm", "retraining.by_auditors"),
        "tests/plugins/consequences/test_retrain.py",
    ),
    Sabotage(
        "training goes the rest of the way only", "simlab/parties/pool.py",
        "(1 - shrink) * errors", "shrink * errors", ("retraining.by_auditors",),
        "tests/plugins/consequences/test_retrain.py",
    ),
    Sabotage(
        "earlier training is forgotten", "simlab/parties/pool.py",
        "0.0 if before is None else shrink * before", "0.0", ("retraining.by_auditors",),
        "tests/plugins/consequences/test_retrain.py",
    ),
    # people
    Sabotage(
        "raters never misread", "simlab/people/population.py",
        "vector = standard.vector + spec.misreading * standard.unit", "vector = standard.vector + 0.0 * standard.unit",
        ("fidelity.people", "tree.pooled"), "tests/parties/test_raters.py",
    ),
    Sabotage(
        "raters comply in full", "simlab/people/population.py",
        "return np.asarray(spec.compliance * vector + (1 - spec.compliance) * people.own)", "return np.asarray(vector)",
        ("waterfall.bias_in_runs@1",), "tests/parties/test_raters.py",
    ),
    Sabotage(
        "firms never misread", "simlab/parties/corporation.py",
        "operative = written + self.spec.misreading", "operative = written + 0.0", ("attenuation.kick",),
        "tests/parties/test_corporation.py",
    ),
    Sabotage(
        "labels flip half as often", "plugins/raters/mistaken.py",
        "(0.5 - self.error) *", "(0.5 - self.error / 2) *", ("audit.of_audits", "agreement.in_runs"),
        "tests/plugins/test_rater_curves.py",
    ),
    Sabotage(
        "temperature has no effect", "simlab/components/logit.py",
        "(self.temperature or 0.0) * cohort.noise", "1.0 * cohort.noise", ("learning.units", "choice.bradley_terry@1"),
        "tests/plugins/test_rater_curves.py",
    ),
    Sabotage(
        "Davidson's ties twice as frequent", "simlab/components/logit.py",
        "return np.asarray(self.tie_weight() * shrink /", "return np.asarray(2 * self.tie_weight() * shrink /",
        ("choice.davidson_tie", "audit.undecided"), "tests/plugins/test_rater_curves.py",
    ),
    Sabotage(
        "well as one can do is not reckoned with", "simlab/people/effort.py",
        "found[mine] = known[place[mine]]", "found[mine] = 1.0", ("care.bought",), "tests/people/test_effort.py",
    ),
    Sabotage(
        "people trust gold", "simlab/people/effort.py",
        'return float(getattr(getattr(judge, "spec", None), "gold_error", 0.0))', "return 0.0", ("care.bought",),
        "tests/people/test_effort.py",
    ),
    Sabotage(
        "people reckon with the work of all", "simlab/people/effort.py",
        "/ max(1, int(pool.cohort.employed.sum()))", "/ 1", ("care.bought",), "tests/people/test_effort.py",
    ),
    Sabotage(
        "people reckon with half the bonus", "simlab/components/pay.py",
        "measured = self.bonus * work.observed(care)", "measured = self.bonus / 2 * work.observed(care)",
        ("care.bought", "contract.linear"), "tests/plugins/efforts/test_efforts.py",
    ),
    Sabotage(
        "care costs nothing in the rule against shirking", "plugins/efforts/no_shirking.py",
        "now = situation.income(care) - care * situation.effort_cost", "now = situation.income(care)",
        ("shirking.wage",), "tests/plugins/efforts/test_efforts.py",
    ),
    Sabotage(
        "audits that never err, in the rule against shirking", "simlab/components/effort.py",
        "found = right * (1 - self.gold_error) + (1 - right) * self.gold_error", "found = right", ("care.bought",),
        "tests/plugins/efforts/test_efforts.py",
    ),
    Sabotage(
        "nothing is shared of what is misread together", "simlab/people/population.py",
        "np.sqrt(spec.misreading) * np.stack(common)[which])", "np.sqrt(spec.misreading) * own[::-1])",
        ("in_common.effective_number@1",), "tests/people/test_shared.py",
    ),
    Sabotage(
        "people take every answer to be looked at", "simlab/people/effort.py",
        "    return min(1.0, share)", "    return 1.0", ("depth.fidelity@1", "depth.best"),
        "tests/people/test_effort.py",
    ),
    Sabotage(
        "careless auditors toss coins after all", "simlab/people/working_life.py",
        "if shown is not None and pool.spec.effort.confirms:", "if False:",
        ("inspection.found",), "tests/people/test_waving_through.py",
    ),
    Sabotage(
        "nobody reckons with judges who wave through", "simlab/people/effort.py",
        "return float(1 - care.mean()) if len(care) else 0.0", "return 0.0",
        ("inspection.mixed@1", "inspection.every_order@1"), "tests/people/test_waving_through.py",
    ),
    Sabotage(
        "auditors who wave through reckon as if they tossed coins", "simlab/people/effort.py",
        "careless=same(_of_judged(pool) if effort.confirms else COIN),", "careless=same(COIN),",
        ("inspection.mixed", "inspection.every_order"), "tests/people/test_waving_through.py",
    ),
    Sabotage(
        "everybody thinks again at every look", "simlab/people/effort.py",
        "    if share >= 1:\n        return None", "    if share < 2:\n        return None",
        ("inspection.mixed", "inspection.mixed@1"), "tests/people/test_waving_through.py",
    ),
    Sabotage(
        "rivals in a tournament are not noisy", "simlab/components/incentives.py",
        "effort = prize * prize_slope(players, winners) / (cost * noise)",
        "effort = prize * prize_slope(players, winners) / cost", ("tournament.effort@1",),
        "tests/plugins/efforts/test_efforts.py",
    ),
    Sabotage(
        "exams are marked the wrong way round", "simlab/people/hiring.py",
        "(labels == gold[None, :])", "(labels != gold[None, :])", ("screening.passed",),
        "tests/people/test_hiring.py",
    ),
    Sabotage(
        "an exam needs one right answer more", "plugins/reviews/gold.py",
        "(last < self.right)", "(last < self.right + 1)", ("screening.passed", "gold.test"),
        "tests/plugins/reviews/test_reviews.py",
    ),
    Sabotage(
        "appeals are always upheld", "simlab/parties/appeals.py",
        "upheld[rows] = again == labels[rows]", "upheld[rows] = True", ("gold.voice",),
        "tests/parties/test_appeals.py",
    ),
    Sabotage(
        "a sequential test clears too early", "simlab/measures/sequential_test.py",
        "return float(np.log(self.beta / (1 - self.alpha)))", "return float(np.log(self.beta / (1 - self.alpha)) / 2)",
        ("sequential.length",), "tests/measures/test_sequential_test.py",
    ),
    # money and users
    Sabotage(
        "hours are paid again on every payday", "simlab/people/working_life.py",
        "cohort.unpaid[rows] = 0.0", "cohort.unpaid[rows] *= 1.0", ("pay.wages",), "tests/consequences/test_labor.py",
    ),
    Sabotage(
        "half the wages", "simlab/people/payroll.py",
        "np.minimum(owed, nominal), f\"wages", "np.minimum(owed, nominal) / 2, f\"wages", ("pay.wages",),
        "tests/consequences/test_labor.py",
    ),
    Sabotage(
        "hours counted in minutes", "simlab/parties/pool.py",
        "np.add.at(self.cohort.unpaid, who, seconds / 3600)", "np.add.at(self.cohort.unpaid, who, seconds / 60)",
        ("pay.wages",), "tests/consequences/test_labor.py",
    ),
    Sabotage(
        "the satisfied leave", "simlab/parties/market.py",
        "self.spec.leave * (1 - content)", "self.spec.leave * content", ("market.leavers",),
        "tests/parties/test_market.py",
    ),
    Sabotage(
        "all the dissatisfied leave", "simlab/parties/market.py",
        "self.spec.leave * (1 - content)", "(1 - content)", ("market.leavers",), "tests/parties/test_market.py",
    ),
    Sabotage(
        "the worse a response, the more are satisfied", "simlab/parties/users.py",
        "uniforms(key, place) < approval", "uniforms(key, place) > approval", ("market.satisfied",),
        "tests/parties/test_society.py",
    ),
    Sabotage(
        "those hired cost half", "simlab/people/hiring.py",
        "pool.spec.hiring_cost * len(numbers)", "pool.spec.hiring_cost / 2 * len(numbers)", ("screening.passed",),
        "tests/engine/test_ledger.py",
    ),
    Sabotage(
        "waiting ends twice as late", "simlab/engine/queues.py",
        "stay=math.fsum(v.stay(now) for v in visits) / arrivals",
        "stay=2 * math.fsum(v.stay(now) for v in visits) / arrivals",
        ("queue.little",), "tests/engine/test_queues.py",
    ),
    # machines
    Sabotage(
        "the linear reward model learns the opposite", "simlab/machines/linear_rm.py",
        "lesson = VectorRankingLesson(difference, wins,", "lesson = VectorRankingLesson(difference, 1 - wins,",
        ("learning.direction", "learning.units"), "tests/machines/test_linear_rm.py",
    ),
    Sabotage(
        "scores are not standardized", "simlab/parties/reward_model.py",
        "self.centre, self.scale = float(raw.mean()), float(raw.std()) or 1.0",
        "self.centre, self.scale = float(raw.mean()), 1.0", ("learning.distance",),
        "tests/machines/test_ensembles.py",
    ),
    Sabotage(
        "a longer leash goes less far", "plugins/learners/tilt.py",
        "self.step * lesson.reward / lesson.beta", "self.step * lesson.reward * lesson.beta", ("learning.distance",),
        "tests/plugins/learners/test_tilt.py",
    ),
    Sabotage(
        "KL counted twice", "simlab/machines/gaussian_lm.py",
        "kl = float(self.mean @ self.mean / 2)", "kl = float(self.mean @ self.mean)", ("learning.distance",),
        "tests/plugins/learners/test_own.py",
    ),
    Sabotage(
        "half of what is possible is all", "simlab/measures/on_policy.py",
        "float(np.sqrt(2 * kl)), kl, 0)", "float(np.sqrt(kl / 2)), kl, 0)", ("learning.direction",),
        "tests/measures/test_on_policy.py",
    ),
    Sabotage(
        "nothing is held out", "simlab/parties/raters.py",
        'local) < self.spec.held_out', 'local) < 0.0', ("held_out.coins",), "tests/parties/test_raters.py",
    ),
    Sabotage(
        "accuracy on held-out labels is that on learned ones", "simlab/consequences/reward_model_rows.py",
        "accuracy = agreement(said, rankings.label, held & decided)",
        "accuracy = agreement(said, rankings.label, ~held & decided)", ("held_out.coins",),
        "tests/engine/test_holdout.py",
    ),
    Sabotage(
        "labels push to the other side", "simlab/consequences/learning.py",
        '"push": (wins - expit(before)).ravel()', '"push": (expit(before) - wins).ravel()', ("learning.push",),
        "tests/report/test_trace.py",
    ),
    Sabotage(
        "PPO climbs down", "simlab/nets/policy.py",
        "free, bound = -advantage * ratio, -advantage * ratio", "free, bound = advantage * ratio, advantage * ratio",
        ("network.pleases",), "tests/nets/test_policy.py",
    ),
    Sabotage(
        "no leash", "simlab/components/reward_shape.py",
        "reward = -self.beta * self.penalty(logp, logp_ref) * mask",
        "reward = 0.0 * self.penalty(logp, logp_ref) * mask", ("network.leash",), "tests/plugins/test_rewards.py",
    ),
    Sabotage(
        "networks lose by preferring what people prefer", "simlab/nets/pairwise.py",
        "sign = (labels == 1).float() - (labels == 2).float()  # 0",
        "sign = (labels == 2).float() - (labels == 1).float()  # 0", ("network.learns", "borda.network_loss"),
        "tests/nets/test_preference.py",
    ),
    Sabotage(
        "people who differ count as half as different", "simlab/nets/pairwise.py",
        "return attenuated(pair_differences(means), first + second)",
        "return attenuated(pair_differences(means), 2 * (first + second))", ("reward_model.disputed",),
        "tests/nets/test_mean_and_variance.py",
    ),
    Sabotage(
        "an undecided label is a win of the left", "simlab/rankings.py",
        "return np.array([0.5, 1.0, 0.0]).take(rankings.label[rows])",
        "return np.array([1.0, 0.0, 1.0]).take(rankings.label[rows])", ("learning.direction",),
        "tests/test_rankings.py",
    ),
    # measures
    Sabotage(
        "bootstrap intervals at 68 %", "simlab/measures/statistics.py",
        "def intervals(values: Array, *, level: float = 0.95)", "def intervals(values: Array, *, level: float = 0.68)",
        ("intervals.of_wins",), "tests/measures/test_statistics.py",
    ),
    Sabotage(
        "agreement given by the end of its interval", "simlab/analyzers/agreement.py",
        "value=np.array([row.value for row in rows])", "value=np.array([row.high for row in rows])",
        ("agreement.in_runs",), "tests/analyzers/test_measured_tables.py",
    ),
    Sabotage(
        "noise is not halved", "simlab/measures/waterfall.py",
        "noise, why_noise = 0.5 * _loss(reliability)[0]", "noise, why_noise = _loss(reliability)[0]",
        ("waterfall.noise_in_runs", "waterfall.bias_in_runs"), "tests/measures/test_waterfall.py",
    ),
    Sabotage(
        "noise is added to bias", "simlab/measures/waterfall.py",
        "noise, loss - noise, NAN", "noise, loss + noise, NAN", ("waterfall.bias_in_runs",),
        "tests/measures/test_waterfall.py",
    ),
    Sabotage(
        "criteria conflict unless all agree there is a difference", "simlab/measures/flattening.py",
        "np.sum(better & worse)", "np.sum(better | worse)", ("flattening.conflict",),
        "tests/measures/test_flattening.py",
    ),
    Sabotage(
        "accuracy counts ties for nothing, and half of the rest", "simlab/measures/statistics.py",
        "return (self.alike + in_two) / self.total", "return self.alike / self.total / 2",
        ("currency.pairwise_accuracy",), "tests/measures/test_statistics.py",
    ),
    Sabotage(
        "correlations lose their sign", "simlab/measures/statistics.py",
        "float(np.clip(x @ y /", "float(np.clip(abs(x @ y) /", ("currency.cosine@1", "currency.cosine@2"),
        "tests/measures/test_statistics.py",
    ),
    Sabotage(
        "vendors pass on all they are told", "simlab/parties/vendor.py",
        "understood = told.vector + self.spec.misreading * told.unit * error",
        "understood = told.vector + 0.5 * told.unit * error", ("iteration.told",), "tests/parties/test_vendor.py",
    ),
)  # fmt: skip

SABOTAGES = (*UNSEEN, *OTHERS)

FEW = 8  # replications: a law that is broken is refused by these, beyond four of their standard errors and its margin
JUDGE = f"""
import json, math, sys
from simlab.theory import LAWS
from simlab.theory.check import judge
sys.modules["simlab.theory.check"].FEWEST = {FEW}
red = []
for name in sys.argv[1:]:
    law, _, index = name.partition("@")
    try:
        verdict = judge(LAWS[law], int(index or 0), quick=True)
        if verdict.refused or not math.isfinite(verdict.observed):
            red.append(name)
    except Exception as error:
        red.append(name + " (" + type(error).__name__ + ")")
print(json.dumps(red))
"""


@contextmanager
def broken(*sabotages: Sabotage) -> Iterator[Path]:
    """A copy of the simulator, broken in these ways, in a folder that is there for a moment."""
    with tempfile.TemporaryDirectory(prefix="simlab-broken-") as folder:
        root = Path(folder)
        for part in ("simlab", "plugins", "scenarios"):
            shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        for sabotage in sabotages:
            sabotage.applied(root)
        yield root


def red_laws(root: Path, laws: Sequence[str]) -> list[str]:
    """Which of these laws do not hold of the simulator below `root`."""
    done = _there(root, [sys.executable, "-c", JUDGE, *laws])
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return [str(name) for name in json.loads(done.stdout.splitlines()[-1])]


def red_tests(root: Path, test: str) -> list[str]:
    """Which tests of a file fail of the simulator below `root`."""
    for part in ("tests", "pyproject.toml", "README.md"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, root / part)
    said = _there(root, [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", test]).stdout
    return [line.split()[1] for line in said.splitlines() if line.startswith(("FAILED", "ERROR"))]


def _there(root: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(root), "SIMLAB_CACHE": str(root / "cache")}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


def _report(breaks: str, root: Path, laws: Sequence[str], tests: Sequence[str]) -> bool:
    """Say which laws, and tests, turned red; whether any law did."""
    began = time.monotonic()
    red = red_laws(root, laws)
    seen = f"; test: {', '.join(f for t in tests for f in red_tests(root, t)) or 'NONE'}" if tests else ""
    print(f"{breaks}: {', '.join(red) or 'NO LAW'}{seen} ({time.monotonic() - began:.0f} s)", flush=True)
    return bool(red)


def main() -> int:
    """Break the simulator in the ways that are asked for, and say who noticed; 1 if nobody did of some."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="words of what is broken; default: everything, one by one")
    parser.add_argument("--tests", action="store_true", help="also run the test that should notice")
    parser.add_argument("--all-at-once", action="store_true", help="the twenty-one of the first list together")
    args = parser.parse_args()
    if args.all_at_once:
        with broken(*UNSEEN) as root:
            laws = list(dict.fromkeys(law for sabotage in UNSEEN for law in sabotage.laws))
            return int(not _report("all at once", root, laws, []))
    chosen = [s for s in SABOTAGES if not args.names or any(word in s.breaks for word in args.names)]
    unseen = 0
    for sabotage in chosen:
        with broken(sabotage) as root:
            tests = [sabotage.test] if args.tests else []
            unseen += not _report(sabotage.breaks, root, sabotage.laws, tests)
    print(f"{len(chosen)} sabotages, {unseen} that no law noticed")
    return int(bool(unseen))


if __name__ == "__main__":
    raise SystemExit(main())
