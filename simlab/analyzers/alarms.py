"""What goes wrong while machines learn, said as soon as it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.analyzers.analyzer import Analyzer, RoundView
from simlab.analyzers.gold import gold, paying, together, utilities
from simlab.arrays import Array, Indices
from simlab.clock import Steps
from simlab.relation import Party, Relation
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.machines.learning_curve import Look


@dataclass(frozen=True, slots=True)
class Said:
    """What a language model said to the panel after a round, and what that was worth to whom, by which guideline."""

    items: Items
    worth: Mapping[str, tuple[int, Array]]  # by party: the version of its guideline, and utilities [n]


class AlarmsAnalyzer(Analyzer):
    """Fills the table `alarms`, by the bounds of the scenario."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.bounds = context.scenario.alarms
        self.entropy: dict[str, float] = {}  # per token, of each language model's first batch
        self.pay: dict[tuple[str, str], tuple[float, float]] = {}  # by model and judge: of the last look's batches
        self.said: dict[str, Said] = {}

    # ---- while they learn -----------------------------------------------------------------------------------------

    def learned(self, relation: Relation, table: str, columns: Mapping[str, Any]) -> None:
        if table == "policy":
            self._far(relation, columns)
            self._alike(relation, columns)
            scores = columns["objective_scores"]
            self.pay[relation.agent.name, relation.principal.name] = (float(scores[0]), float(scores[-1]))
        if table == "reward_model":
            self._wrong(relation, columns)
        if table == "epochs":
            self._by_heart(relation, columns)

    def _far(self, relation: Relation, columns: Mapping[str, Any]) -> None:
        kl = np.asarray(columns["objective_kl"], dtype=float)
        if np.isnan(kl).all():  # it was not paid, and nobody said
            return
        name, (least, most) = relation.agent.name, (float(np.nanmin(kl)), float(np.nanmax(kl)))
        far, below = self.bounds.kl, self.bounds.negative_kl
        if far is not None and most > far:
            what = f"{name} is {most:,.3g} nats from its reference: what it was rewarded for hardly holds there"
            self.raise_alarm(relation, name, "exploding_kl", most, far, what)
        if below is not None and least < -below:
            what = f"KL of {name} is {least:.3g} nats: its responses are not drawn from what it is trained as"
            self.raise_alarm(relation, name, "negative_kl", least, -below, what)

    def _alike(self, relation: Relation, columns: Mapping[str, Any]) -> None:
        """Of a model that says hardly anything but one thing, or is sure of every word."""
        name, batch = relation.agent.name, relation.sample
        entropy, distinct = (
            np.asarray(columns[n], dtype=float) for n in ("policy_entropy_avg", "completions_distinct")
        )
        first = self.entropy.setdefault(name, float(entropy[0]))
        least, few = self.bounds.entropy, self.bounds.distinct
        if least is not None and first > 0 and entropy[-1] < least * first:
            left = float(entropy[-1] / first)
            what = f"of the entropy of {name}, {100 * left:.2g} % are left: it has one thing to say to a prompt"
            self.raise_alarm(relation, name, "entropy_collapse", left, least, what)
        if few is not None and batch > 1 and distinct[-1] <= max(few, 1 / batch):
            what = f"{name} says the same to everybody: {100 * distinct[-1]:.2g} % of its responses are distinct"
            self.raise_alarm(relation, name, "responses_alike", float(distinct[-1]), max(few, 1 / batch), what)

    def _wrong(self, relation: Relation, columns: Mapping[str, Any]) -> None:
        name, bound = relation.agent.name, self.bounds.accuracy
        right, pairs = float(columns["accuracy_held_out"]), int(columns["held_out_pairs"])
        if bound is not None and pairs >= self.bounds.pairs and right < bound:
            what = f"{name} orders {100 * right:.0f} % of {pairs:,} held-out pairs as they were labelled"
            self.raise_alarm(
                relation, name, "worse_than_chance", right, bound, f"{what}: it has learned nothing that holds"
            )

    def _by_heart(self, relation: Relation, columns: Mapping[str, Any]) -> None:
        """Of held-out loss, mean over members, in each epoch."""
        name, epochs = relation.agent.name, np.asarray(columns["epoch"])
        loss, kept = np.asarray(columns["eval_loss"], dtype=float), np.asarray(columns["kept"], dtype=bool)
        if np.isnan(loss).any() or not kept.any():
            return
        left, best = float(loss[kept].mean()), min(float(loss[epochs == e].mean()) for e in np.unique(epochs))
        coin, rise = self.bounds.loss, self.bounds.overfit
        if coin is not None and left > coin:
            what = f"held-out loss of {name} is {left:.3f}: its probabilities are worse than a coin's"
            self.raise_alarm(relation, name, "worse_than_a_coin", left, coin, what)
        if rise is not None and left > best + rise:
            what = f"held-out loss of {name} is {left:.3f}, and was {best:.3f} epochs ago: it learns by heart"
            self.raise_alarm(relation, name, "overfit", left - best, rise, what)

    def practised(self, relation: Relation, looks: Sequence[Look]) -> None:
        """Gold that was higher some batches ago than it is at the last look, while the judge pays more."""
        items, model, many = together([look.items for look in looks]), relation.agent.name, len(looks)
        for judge, by in paying(relation):
            few, place = items.distinct()
            paid = by.pay(judge, few)[place].reshape(many, -1)
            for party in gold(self.context, model):
                worth = utilities(self.context, party, items).reshape(many, -1)
                best = int(worth.mean(axis=1).argmax())
                if paid[-1].mean() > paid[best].mean() and party.standard().utility_function.additive:
                    passed = looks[-1].iteration - looks[best].iteration
                    how = f"than {passed} batch{'es' if passed > 1 else ''} before, while {judge.name} pays more"
                    self.raise_misled(relation, party.name, worth[best], worth[-1], looks[0].items.prompt, how)

    # ---- after a round --------------------------------------------------------------------------------------------

    def measure(self, view: RoundView) -> Steps:
        yield from ()
        model, before = view.model, self.said.get(view.model.name)
        worth = {
            p.name: (_version(p), utilities(self.context, p, view.current)) for p in gold(self.context, model.name)
        }
        self.said[model.name] = now = Said(view.current, worth)
        if before is None or self.bounds.falling is None:
            return
        for relation in self.context.relations:
            if relation.agent is model and (rise := self._rise(relation, before, now)) > 0:
                self._misled(relation, rise, before, now)

    def _rise(self, relation: Relation, before: Said, now: Said) -> float:
        """By how much what the judge pays rose in the last look; NaN if it does not pay."""
        for judge, by in paying(relation):
            first, last = self.pay.get((relation.agent.name, judge.name), (np.nan, np.nan))
            if last != first:
                return last - first
            return float(by.pay(judge, now.items).mean() - by.pay(judge, before.items).mean())  # of a single batch
        return float("nan")

    def _misled(self, relation: Relation, rise: float, before: Said, now: Said) -> None:
        for party, (version, worth) in now.worth.items():
            held, once = before.worth.get(party, (version, worth))
            additive = self.context.parties[party].standard().utility_function.additive
            if held == version and additive:
                how = f"than a round before, while {relation.principal.name} pays {rise:.2g} more"
                self.raise_misled(relation, party, once, worth, now.items.prompt, how, over=True)

    def raise_misled(
        self, relation: Relation, party: str, once: Array, now: Array, prompts: Indices, how: str, *, over: bool = False
    ) -> None:
        """Say so if responses to the same prompts are worth less to somebody than they were [n], beyond doubt."""
        fall, errors = fallen(once, now, prompts)
        bound = self.bounds.falling
        if bound is not None and errors > bound:
            sure = f" ({errors:.2g} standard errors)" if np.isfinite(errors) else ""
            what = f"what {relation.agent.name} says is worth {fall:.2g} less to {party}{sure} {how}"
            self.raise_alarm(relation, party, "overoptimization", errors, bound, what, over=over)

    def raise_alarm(
        self, relation: Relation, party: str, kind: str, figure: float, bound: float, message: str, *,
        over: bool = False,
    ) -> None:  # fmt: skip
        """One row, of the round of which this training is a part, which may be `over`."""
        row = {"party": party, "kind": kind, "figure": figure, "bound": bound, "message": f"{message}."}
        if over:
            self.context.log.add("alarms", about=relation.agent.name, **row)
        else:
            self.context.log.learned(relation, "alarms", row)


def fallen(once: Array, now: Array, prompts: Indices) -> tuple[float, float]:
    """How much lower utilities [n] of responses to the same prompts [n] are now, and how many standard errors over
    prompts that is: infinitely many where all prompts fall alike; 0 of either where nothing changed."""
    place = np.unique(prompts, return_inverse=True)[1].ravel()
    each = np.bincount(place, once - now) / np.bincount(place)
    fall, error = float(each.mean()), float(each.std(ddof=1) / np.sqrt(len(each))) if len(each) > 1 else np.inf
    if error <= 1e-9 * abs(fall):
        return fall, float(np.copysign(np.inf, fall)) if fall else 0.0
    return fall, fall / error


def _version(party: Party) -> int:
    return int(party.standard().version)
