"""Consequences for machines: a gradient, by which a judged machine comes to please its judge.

`gradient` is the one consequence; how a machine learns is the business of a learner (`plugins/learners`). Here it is
decided which machine learns from what, when it is busy, and what is written down.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from simpy import Event

from simlab.arrays import Array
from simlab.components.learner import Learner
from simlab.components.reward_shape import RewardShape
from simlab.consequences.reward_model_rows import as_columns, asked_for, fitted, idle
from simlab.machines.joint_score import JointScore, joint
from simlab.machines.label_merging import merged
from simlab.machines.language_backend import Round
from simlab.machines.learning_curve import Watch
from simlab.machines.linear_rm import LinearRM
from simlab.machines.reward_backend import Evidence
from simlab.machines.shaped_reward import direction_paid, unleashed
from simlab.machines.training_jobs import POLICY_METRICS
from simlab.parties.language_model import LanguageModel
from simlab.parties.other_labels import compared_anew, halves
from simlab.parties.pool import Pool
from simlab.parties.reward_model import RewardModel
from simlab.rankings import Rankings
from simlab.relation import Consequence, Effect, Judgement, Relation
from simlab.rng import branch
from simlab.tables.recorder import coded
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.measures.panel import Panel
    from simlab.scenario import GradientSpec

MOST_LESSONS = 100_000  # pairs shown at once beyond which what each did to the margins is not written down


class Gradient(Consequence):
    """The judged machine is trained to be judged better."""

    def __init__(self, context: Context, spec: GradientSpec) -> None:
        self.context = context
        self.spec = spec
        assert spec.learner is not None, "scenarios fill in the learner that a file leaves out"
        self.learner: Learner = spec.learner
        self.shape: RewardShape = spec.shape  # as it is now: some adapt to what they see
        self.rounds: list[Round] = []  # of training a language model, so far
        self.joint: JointScore | None = None  # how their scores became one then; None: they were added up
        self.judges: dict[RewardModel, float] = {}  # by whom it was trained last, with weights

    def apply(self, relation: Relation, judgement: Judgement) -> Generator[Event, Any, Sequence[Effect]]:
        """Hold the machine until it has learnt; a judgement that looked at nothing teaches nothing."""
        machine = relation.agent
        assert isinstance(machine, RewardModel | LanguageModel)
        if isinstance(relation.principal, RewardModel) and not self._leads(relation):
            yield from ()
            return []  # the last of several judges trains, by the scores of all
        if not judgement.size and not self._judges(relation):
            yield from ()
            if judgement.commissions:
                self._record(relation, judgement, idle(judgement, machine))
            return []
        machine.teacher = self
        with machine.busy.request() as turn:
            yield turn
            if isinstance(machine, RewardModel):
                flops = self._fit(relation, machine, judgement)
            elif isinstance(judgement.items, Rankings):
                flops = self._prefer(relation, machine, judgement)
            else:
                flops = yield from self._train(relation, machine)
            if flops is None:
                return []
            yield from self.context.compute(machine.name, "training", flops)
        return [Effect("gradient", machine.name, flops, "FLOP", "learned from the judgement")]

    # ---- a reward model learns rankings -------------------------------------------------------------------------

    def _fit(self, relation: Relation, machine: RewardModel, judgement: Judgement) -> float | None:
        """Learn from the rankings there are; the floating-point operations it took, None if all are held out."""
        shown: Rankings = judgement.items
        evidence = self._shown(relation, machine, judgement)
        if evidence is None:
            return None
        before = machine.margins(shown) if shown.label.size <= MOST_LESSONS else None
        fit = machine.backend.learn(self.learner, evidence, self.context.rng.key(machine.name, "fit", machine.learned))
        machine.learned += 1
        machine.standardize()
        self._record(relation, judgement, found := fitted(machine, evidence.rankings, fit.figures))
        if fit.epochs:
            parties = {"principal": relation.principal.name, "agent": machine.name}
            self.context.log.learned(relation, "epochs", {**parties, **as_columns(fit.epochs)})
        told = {name: value for name, value in found.items() if name != "why_nan"}
        self.context.taught("reward_model_trained", machine.name, update=machine.learned, metrics=told)
        if before is not None and isinstance(relation.principal, Pool):
            self._record_lessons(relation, machine, shown, before)
        return fit.figures["flops"]

    def _shown(self, relation: Relation, machine: RewardModel | LanguageModel, judgement: Judgement) -> Evidence | None:
        """What a machine learns from now that it was shown more; None if all is held out, which is written down."""
        shown: Rankings = judgement.items
        machine.memory.append(shown)
        evidence = self._evidence(Rankings.together(machine.memory) if self.learner.replays() else shown, machine)
        if len(machine.memory) > 1 or (isinstance(machine, RewardModel) and machine.imported is not None):
            evidence = replace(evidence, new=np.isin(evidence.rankings.task, shown.task))
        if evidence.train.any():
            return evidence
        self._record(relation, judgement, idle(judgement, machine))
        return None

    def _evidence(self, rankings: Rankings, machine: RewardModel | LanguageModel) -> Evidence:
        """The rankings as they are learned from, with what the machine has learned of a table, if all so far are shown;
        put together by task, if an aggregator is to."""
        if isinstance(machine, RewardModel) and machine.imported is not None and self.learner.replays():
            rankings = Rankings.together([machine.imported, rankings])
        if not (self.spec.aggregator.merges and len(rankings)):
            return Evidence(rankings, ~rankings.held_out, None)
        rankings, chances = merged(rankings, self.spec.aggregator)
        return Evidence(rankings, ~rankings.held_out, chances)

    def _record(self, relation: Relation, judgement: Judgement, found: Mapping[str, Any]) -> None:
        """What became of a look, and of what was asked of people for it."""
        machine, pool = relation.agent.name, relation.principal.name
        row = {"principal": pool, "agent": machine, **found, **asked_for(judgement)}
        self.context.log.learned(relation, "reward_model", row)

    def _record_lessons(self, relation: Relation, machine: RewardModel, shown: Rankings, before: Array) -> None:
        """What each new label did to the margins [m, pairs], which were `before`."""
        from scipy.special import expit

        pool, new = relation.principal, ~shown.held_out
        assert isinstance(pool, Pool)
        taught, before, after = shown[new], before[new], machine.margins(shown)[new]
        people, place = np.unique(taught.worker, return_inverse=True)
        wins = np.choose(taught.label, (0.5, 1.0, 0.0))
        rows = {
            "principal": pool.name,
            "agent": machine.name,
            "task": taught.pair_numbers.ravel(),
            "worker": coded(np.repeat(place, taught.pairs), pool.labels_of(people).tolist()),
            "label": taught.label.ravel(),
            "margin_before": before.ravel(),
            "margin_after": after.ravel(),
            "push": (wins - expit(before)).ravel(),
        }
        self.context.log.learned(relation, "lessons", rows)

    # ---- a language model learns rankings -----------------------------------------------------------------------

    def _prefer(self, relation: Relation, machine: LanguageModel, judgement: Judgement) -> float | None:
        """As `_fit`, where no reward model stands between people and the language model."""
        evidence = self._shown(relation, machine, judgement)
        if evidence is None:
            return None
        key = self.context.rng.key(machine.name, "policy", machine.learned)
        rows, flops = machine.backend.learn_rankings(self.learner, evidence, key)
        machine.learned += 1
        found = fitted(machine, evidence.rankings, {"loss": rows[-1]["loss_policy_avg"]})
        self._record(relation, judgement, found)
        self._record_policy(relation, machine, rows)
        return flops

    # ---- a language model learns to please a reward model -------------------------------------------------------

    def _train(self, relation: Relation, machine: LanguageModel) -> Generator[Event, Any, float | None]:
        """Learn to please the judge; the floating-point operations it took, None if whoever limits the reward could not
        say what is too much."""
        judges, cost_model = self._judges(relation), self._cost_model()
        assert isinstance(relation.sample, int)
        for other in judges:
            if other is not relation.principal:
                with other.busy.request() as turn:
                    yield turn
        if cost_model is not None:
            with cost_model.busy.request() as turn:
                yield turn
            if not cost_model.learned:
                return None
        taught = Round(
            written(judges),
            None if cost_model is None else cost_model.taught(),
            relation.sample,
            None if (rule := self._joint(machine.name, judges)) is None else rule.written(),
        )
        self.rounds.append(taught)
        self.judges, self.joint = judges, rule
        key = self.context.rng.key(machine.name, "policy", machine.learned)
        done = machine.backend.learn(self.learner, taught, self.shape, key, self._watch())
        if done.looks:
            self.context.log.practised(relation, done.looks)
        self.shape = done.shape
        machine.learned += 1
        self._record_policy(relation, machine, done.rows, " + ".join(judge.name for judge in judges))
        return done.flops

    def _watch(self) -> Watch | None:
        """How a language model is looked at while it learns; None if nobody asks."""
        curve, log = self.context.scenario.panel.learning_curve, self.context.log
        if curve is None or not log.on_practised:
            return None
        key = self.context.rng.key("panel", "learning curve")
        return Watch(self.context.game.panel_prompts(curve.prompts), key, curve.every)

    def pay(self, judge: RewardModel, items: Items) -> Array:
        """What responses are paid [n], the leash aside: the score by a judge, or by all that judge together, as the
        reward shape has it."""
        judges, cost_model = self.judges or {judge: 1.0}, self._cost_model()
        if isinstance(judge.backend, LinearRM):
            limit = None if cost_model is None else cost_model.taught()
            direction = direction_paid(self.shape, written(judges), limit)
            zero = sum(weight * other.centre / other.scale for other, weight in judges.items())
            return np.asarray(items.response @ direction - zero)
        if self.shape.members:  # of a single judge
            score = judges[judge] * judge.each_score(items)
        elif self.joint is not None:
            score = self.joint.of(np.stack([other.score(items) for other in judges]))
        else:
            score = np.asarray(sum(weight * other.score(items) for other, weight in judges.items()))
        cost = None if cost_model is None else -cost_model.score(items)
        deviation = abs(judges[judge]) * judge.deviation(items) if self.shape.deviations else None  # of a single judge
        return unleashed(self.shape, score, items.response, cost, deviation)

    def _joint(self, model: str, judges: Mapping[RewardModel, float]) -> JointScore | None:
        """How the scores of a language model's judges become one, in units of the pretrained model's responses that the
        first of them has kept; None where they are added up."""
        rule = joint(self.context.scenario.judged_by(model), [j.name for j in judges], list(judges.values()))
        reference = next(iter(judges)).reference
        if rule is None or reference is None:
            return None
        return rule.standardized(np.stack([judge.score(reference) for judge in judges]))

    def _leads(self, relation: Relation) -> bool:
        """Whether this relation is the last by which a language model is judged, and so the one that trains it."""
        others = [r for r in self.context.relations if r.agent is relation.agent]
        return others[-1] is relation

    def _judges(self, relation: Relation) -> dict[RewardModel, float]:
        """The reward models that a language model is to please, with weights: those that count and have learned."""
        weights = self.context.scenario.judges(relation.agent.name)
        if not isinstance(relation.principal, RewardModel):
            return {}
        found = {self.context.party(name, RewardModel): weight for name, weight in weights.items() if weight}
        return {judge: weight for judge, weight in found.items() if judge.learned}

    def _cost_model(self) -> RewardModel | None:
        """The reward model whose dislike the shape counts as a cost, if it names one."""
        name = self.shape.costs()
        return self.context.party(name, RewardModel) if name else None

    def _record_policy(
        self, relation: Relation, machine: LanguageModel, rows: Sequence[Mapping[str, float]], judges: str = ""
    ) -> None:
        """What each batch of a language model's training came to, or each pass over rankings; by the principal, or by
        several `judges`."""
        columns = {name: np.array([row.get(name, np.nan) for row in rows]) for name in POLICY_METRICS}
        iteration = np.arange(1, len(rows) + 1)
        row = {"principal": judges or relation.principal.name, "agent": machine.name, "iteration": iteration, **columns}
        self.context.log.learned(relation, "policy", row)
        self.context.taught("policy_trained", machine.name, update=machine.learned, metrics=columns)

    # ---- what would have become of it by other draws ------------------------------------------------------------

    def retrained_utility(self, machine: Any, panel: Panel, key: int) -> Array:
        """The machine's utility [n]: a linear reward model's if the same raters labelled other pairs and it learned
        from nothing but that; a language model's if it were trained again from its reference, by the same judges."""
        if isinstance(machine, RewardModel):
            again = [compared_anew(self.context, made, branch(key, n)) for n, made in enumerate(machine.memory)]
            return self.refitted_utility(machine, panel, Rankings.together(again), branch(key, "fit"))
        assert isinstance(machine, LanguageModel)
        backend, shape = machine.backend.fresh(), self.spec.shape
        for number, taught in enumerate(self.rounds):
            shape = backend.learn(self.learner, taught, shape, branch(key, number)).shape
        return backend.preference(panel.items)

    def utilities_of_halves(self, machine: RewardModel | LanguageModel, panel: Panel, key: int) -> tuple[Array, Array]:
        """The machine's utilities [n], had it learned from one half of its tasks and from the other, each by draws
        of its own."""
        one, other = (
            self.refitted_utility(machine, panel, half, branch(key, "fit", number))
            for number, half in enumerate(halves(Rankings.together(machine.memory), branch(key, "half")))
        )
        return one, other

    def refitted_utility(
        self, machine: RewardModel | LanguageModel, panel: Panel, rankings: Rankings, key: int
    ) -> Array:
        """The machine's utility [n], had it learned from nothing but these rankings, by the draws of this key."""
        if isinstance(machine, LanguageModel):
            speaker = machine.backend.fresh()
            speaker.learn_rankings(self.learner, self._evidence(rankings, machine), key)
            return speaker.preference(panel.items)
        backend = machine.backend.fresh()
        backend.learn(self.learner, self._evidence(rankings, machine), key)
        return backend.score(panel.items)


def written(judges: Mapping[RewardModel, float]) -> list[dict[str, Any]]:
    """Reward models as they now are, each with its weight, for a machine that is to please them."""
    return [{**judge.taught(), "weight": weight} for judge, weight in judges.items()]
