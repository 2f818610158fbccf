"""The table `orders`: at every order of judgement who judges whom, what the judges' scores are worth, and at what cost.

At order 1 responses are judged, at order 2 those who judge responses, and so on. Agents are held to three standards:
the guideline as the corporation above issued it, users' intent, and their principal's own reading. What people would
do is asked of them about the responses of the pretrained model to the panel's prompts, the same in every round.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simlab.analyzers.analyzer import Analyzer, RoundView
from simlab.arrays import Array, Indices
from simlab.clock import Steps
from simlab.measures.fidelity import (
    Change,
    State,
    Validity,
    change,
    detected,
    expected_score,
    expected_validity,
    fidelity,
    is_worst,
    of_judges,
    of_pairs,
    validity,
)
from simlab.measures.statistics import portions
from simlab.parties.pool import Pool
from simlab.people.collusion import silence
from simlab.people.expected_labels import ExpectedLabels, expected_labels, signs
from simlab.people.shared_mistakes import in_common
from simlab.relation import Effect, Judgement, Party, Relation

if TYPE_CHECKING:
    from simlab.engine.context import Context

AGAINST = ("guideline", "intent", "principal")
MACHINES = ("reward_model", "language_model")
LOSSES = ("direction", "perception", "choice", "care", "silence")
FATES = ("dismissed_rightly", "dismissed_wrongly", "kept_rightly", "kept_wrongly")
NOT_LOOKED = "nobody has been judged since the round before"
Golds = Mapping[str, Array]  # the sign of each pair [M], by standard


@dataclass(slots=True)
class Look:
    """One look at people: of those judged who worked there then, the score, pieces of work looked at, fidelity by
    standard, and the score to be expected; who was among the worst, and who was dismissed for it. All [R]."""

    rows: Indices
    score: Array
    sample: Array
    worth: dict[str, Array]
    expected: Array
    worst: NDArray[np.bool_]
    dismissed: NDArray[np.bool_]


@dataclass(slots=True)
class Watched:
    """What has happened in a relation since the round before."""

    looks: list[Look] = field(default_factory=list)
    pieces: dict[str, int] = field(default_factory=lambda: defaultdict(int))  # of work looked at, by agent
    found: Array = field(default_factory=lambda: np.zeros(2))  # pieces found wrong: of the wrong, of the right
    there: Array = field(default_factory=lambda: np.zeros(2))  # of as many
    change: Change = field(default_factory=Change)


class OrdersAnalyzer(Analyzer):
    """Watches every look, and writes one row a relation and round."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.views: dict[str, RoundView] = {}  # the last of each language model
        self.watched: dict[str, Watched] = defaultdict(Watched)  # by name of the relation
        self.states: dict[str, dict[int, State]] = {}  # of people at the last look
        self.spent: dict[tuple[str, int], Array] = defaultdict(lambda: np.zeros(2))  # hours, $ since the round before
        context.log.on_judged.append(self.judged)
        context.log.on_followed.append(self.followed)
        context.log.on_labor.append(self.labored)

    # ---- between rounds -----------------------------------------------------------------------------------------

    def labored(self, party: str, order: int, hours: float, pay: float) -> None:
        """People of a party have worked."""
        self.spent[party, order] += (hours, pay)

    def judged(self, relation: Relation, judgement: Judgement) -> None:
        """A look is made, and nothing has followed from it yet."""
        watched, agent = self.watched[relation.name], relation.agent
        for name, pieces in judgement.samples.items():
            watched.pieces[name] += pieces
        if judgement.answers is not None:
            found, there = detected(judgement.answers.right, judgement.answers.truly)
            watched.found, watched.there = watched.found + found, watched.there + there
        view = self.views.get(self._model(relation))
        if view is None or relation.order < 2:
            return
        if isinstance(agent, Pool):
            self._look_at_people(relation, agent, judgement, view)
        else:
            self._look_at_vendor(relation, judgement, view)

    def _look_at_people(self, relation: Relation, agent: Pool, judgement: Judgement, view: RoundView) -> None:
        watched, here = self.watched[relation.name], agent.representatives()
        labels, golds = _labels(agent, view), self._golds(relation, view)
        careful = fidelity(labels.careful, golds["guideline"])
        careless = np.full(len(here), float(fidelity(labels.below, golds["guideline"])) if labels.confirm else 0.0)
        each = zip(labels.care.tolist(), careful.tolist(), careless.tolist(), strict=True)
        state = dict(zip(here.tolist(), each, strict=True))
        watched.change += change(self.states.get(relation.name, {}), state)
        self.states[relation.name] = state
        numbers = {int(name.rpartition(":")[2]): name for name in judgement.scores}
        rows = here[np.isin(here, list(numbers))]
        labels, names = labels.of(rows), [numbers[row] for row in rows.tolist()]
        worth = {against: labels.fidelity(golds[against]) for against in AGAINST}
        watched.looks.append(
            Look(
                rows,
                score=np.array([judgement.scores[name] for name in names]),
                sample=np.array([judgement.samples[name] for name in names], dtype=float),
                worth=worth,
                expected=self._expected(relation, agent, labels, view),
                worst=is_worst(worth["guideline"]),
                dismissed=np.zeros(len(rows), dtype=bool),
            )
        )

    def _look_at_vendor(self, relation: Relation, judgement: Judgement, view: RoundView) -> None:
        """A vendor is one agent, by the mean of those whose work it delivers."""
        agent, golds = relation.agent, self._golds(relation, view)
        pools = self._workers_of(agent)
        people = [_labels(pool, view) for pool in pools]
        if not sum(len(labels.rows) for labels in people):
            return
        said = np.concatenate([labels.said for labels in people]).mean(axis=0, keepdims=True)
        self.watched[relation.name].looks.append(
            Look(
                np.array([list(self.context.parties).index(agent.name)]),
                score=np.array([judgement.scores[agent.name]]),
                sample=np.array([judgement.samples[agent.name]], dtype=float),
                worth={against: fidelity(said, golds[against]) for against in AGAINST},
                expected=expected_score(said, self._opinion(relation.principal, view)),
                worst=np.zeros(1, dtype=bool),
                dismissed=np.zeros(1, dtype=bool),
            )
        )

    def followed(self, relation: Relation, judgement: Judgement, effects: Sequence[Effect]) -> None:
        """Somebody may have been dismissed for what was found."""
        looks = self.watched[relation.name].looks
        gone = [int(e.agent.rpartition(":")[2]) for e in effects if e.kind == "fire" and e.agent in judgement.scores]
        if looks and gone:
            looks[-1].dismissed |= np.isin(looks[-1].rows, gone)

    # ---- what people and parties say ----------------------------------------------------------------------------

    def _model(self, relation: Relation) -> str:
        """The language model at the end of a relation's line."""
        agent = relation.agent.name
        is_model = self.context.hierarchy.kinds[agent] == "language_model"
        return agent if is_model else self.context.hierarchy.model_below(agent)

    def _golds(self, relation: Relation, view: RoundView) -> dict[str, Array]:
        """The sign of each pair [M] by each standard the agent is held to; zeros where there is no such party."""
        named = self.context.standards_above(relation.agent.name) | {"principal": relation.principal.name}
        return {against: self._signs(named[against], view) for against in AGAINST}

    def _signs(self, name: str, view: RoundView) -> Array:
        """Which side of each pair a party finds better [M], now; a machine, as last measured."""
        if not name:
            return np.zeros(len(view.asked) // 2)
        measured = self.context.hierarchy.kinds[name] in MACHINES
        found = view.utilities[name] if measured else self.context.parties[name].utility(view.panel)
        return signs(found[view.asked])

    def _expected(self, relation: Relation, agent: Pool, labels: ExpectedLabels, view: RoundView) -> Array:
        """The score [R] that an agent's people get in the long run; NaN by looks at more than one label, and where they
        and their judges make mistakes in common."""
        look, principal = relation.by, relation.principal
        if look is not None and look.held_against == "machine":
            return expected_score(labels.said, self._signs(look.machine(), view))
        if look is not None and look.held_against != "principal":
            return np.full(len(labels.rows), np.nan)
        if not isinstance(principal, Pool):
            return expected_score(labels.said, self._opinion(principal, view))
        if in_common(principal, agent):
            return np.full(len(labels.rows), np.nan)
        judges = _labels(principal, view)
        said, echo = judges.answering()
        hushed = silence(principal, agent.name, judges.rows, labels.rows)
        friendly = hushed.mean(axis=0)[:, None] if len(judges.rows) else np.zeros((len(labels.rows), 1))
        return expected_score(labels.said, (1 - friendly) * said, (1 - friendly) * echo + friendly)

    def _opinion(self, party: Party, view: RoundView) -> Array:
        """The label that a firm or a machine can be expected to give of each pair [M], as P(left) − P(right)."""
        wrong = float(getattr(getattr(party, "spec", None), "gold_error", 0.0))
        return (1 - 2 * wrong) * self._signs(party.name, view)

    # ---- after a round ------------------------------------------------------------------------------------------

    def measure(self, view: RoundView) -> Steps:
        """One row for every relation that has a part in this model's making."""
        yield from ()
        mine = [r for r in self.context.relations if self._model(r) == view.model.name]
        looks = {r.name: self._comparable(r, mine) for r in mine}
        spent = self._spent_on(view.model.name, mine)
        for relation in mine:
            golds, watched = self._golds(relation, view), self.watched.pop(relation.name, Watched())
            held = self._of_people if relation.order > 1 else self._of_responses
            row = held(relation, watched, looks[relation.name], view, golds)
            looked = len(watched.pieces)
            self.add(
                "orders",
                view,
                order=relation.order,
                principal=relation.principal.name,
                agent=relation.agent.name,
                look=relation.by.name if relation.by is not None else "",
                people=looked,
                looks=sum(watched.pieces.values()) / looked if looked else 0.0,
                **spent[relation.name],
                **row,
            )
        self.views[view.model.name] = view

    def _comparable(self, relation: Relation, relations: Sequence[Relation]) -> list[Look]:
        """The looks over which a validity is taken: at a pool's people, or at all the vendors of one principal."""
        both = relation.principal, relation.order
        peers = [r for r in relations if (r.principal, r.order) == both and not isinstance(r.agent, Pool)]
        return [
            look
            for r in ([relation] if isinstance(relation.agent, Pool) else peers)
            for look in self.watched[r.name].looks
        ]

    def _spent_on(self, model: str, relations: Sequence[Relation]) -> dict[str, dict[str, float]]:
        """Hours and pay that each relation took since the round before, and its share of all pay for this model.

        What a principal spent on several agents at one order is divided by the pieces of work it looked at.
        """
        at = {(r.principal.name, r.order) for r in relations}
        here = [key for key in self.spent if key in at or self.context.hierarchy.model_below(key[0]) == model]
        taken = {key: self.spent.pop(key) for key in here}
        whole = sum(float(pay) for _, pay in taken.values())
        looked = {r.name: sum(self.watched[r.name].pieces.values()) for r in relations}
        found = {}
        for relation in relations:
            key = relation.principal.name, relation.order
            peers = [r for r in relations if (r.principal.name, r.order) == key]
            part = portions([looked[r.name] for r in peers])[peers.index(relation)]
            hours, pay = (part * taken.get(key, np.zeros(2))).tolist()
            found[relation.name] = {"hours": hours, "pay": pay, "share": pay / whole if whole else math.nan}
        return found

    def _of_responses(
        self, relation: Relation, watched: Watched, looks: list[Look], view: RoundView, golds: Golds
    ) -> dict[str, Any]:
        """Order 1: responses are judged, and what a judge's opinion of them is worth is its own fidelity."""
        del watched, looks
        principal, opinion = relation.principal, self._signs(relation.agent.name, view)
        if isinstance(principal, Pool):
            labels = _measured(principal, view)
            found = {against: of_judges(labels.fidelity(golds[against])) for against in AGAINST}
        else:
            said = self._opinion(principal, view)
            found = {against: of_pairs(said, golds[against]) for against in AGAINST}
        fidelities = {f"fidelity_{against}": float(fidelity(opinion, golds[against])) for against in AGAINST}
        return fidelities | _columns(found, math.nan) | dict.fromkeys(FATES, 0)

    def _of_people(
        self, relation: Relation, watched: Watched, looks: list[Look], view: RoundView, golds: Golds
    ) -> dict[str, Any]:
        """Order 2 and above: those who judge are judged."""
        rows, place = np.unique(_joined([look.rows.astype(float) for look in looks]), return_inverse=True)
        sample = np.asarray(np.bincount(place, _joined([look.sample for look in looks]), len(rows)), dtype=float)

        def mean(values: Sequence[Array]) -> Array:
            weighted = _joined(values) * _joined([look.sample for look in looks])
            return np.asarray(np.bincount(place, weights=weighted, minlength=len(rows)) / sample)

        score = mean([look.score for look in looks])
        worth = {against: mean([look.worth[against] for look in looks]) for against in AGAINST}
        found = {against: validity(score, worth[against]) for against in AGAINST}
        if not looks:
            found = dict.fromkeys(AGAINST, Validity.none(NOT_LOOKED))
        expected = expected_validity(worth["guideline"], mean([look.expected for look in looks]), sample)
        worst = _joined([look.worst for look in looks]).astype(bool)
        gone = _joined([look.dismissed for look in looks]).astype(bool)
        fates = dict(zip(FATES, (gone & worst, gone & ~worst, ~gone & ~worst, ~gone & worst), strict=True))
        return {
            **self._fidelities(relation.agent, view, golds),
            **_columns(found, expected),
            **dict(zip(("detection", "false_alarm"), _shares(watched), strict=True)),
            **{name: int(np.count_nonzero(who)) for name, who in fates.items()},
            "selection": watched.change.selection,
            "deterrence": watched.change.deterrence,
            "teaching": watched.change.teaching,
        }

    def _fidelities(self, agent: Party, view: RoundView, golds: Golds) -> dict[str, Any]:
        """The mean fidelity of the people who work for an agent now, by standard, and where it is lost."""
        pools = [agent] if isinstance(agent, Pool) else self._workers_of(agent)
        each = [_measured(pool, view) for pool in pools]
        if not sum(len(labels.rows) for labels in each):
            return {f"fidelity_{against}": math.nan for against in AGAINST}
        found: dict[str, Any] = {
            f"fidelity_{against}": float(np.mean(_joined([labels.fidelity(golds[against]) for labels in each])))
            for against in AGAINST
        }
        for name in LOSSES:
            lost = [getattr(labels.losses(golds["guideline"]), name) for labels in each]
            found[f"lost_{name}"] = float(np.mean(_joined(lost)))
        return found

    def _workers_of(self, vendor: Party) -> list[Pool]:
        """The pools whose work a vendor delivers."""
        below = (self.context.parties[name] for name in self.context.hierarchy.below(vendor.name))
        return [party for party in below if isinstance(party, Pool) and party.work_order == vendor.work_order]


def _labels(pool: Pool, view: RoundView) -> ExpectedLabels:
    """What those who stand for a pool can be expected to say of the panel's pairs, now."""
    return expected_labels(pool, pool.representatives(), view.panel, view.asked)


def _measured(pool: Pool, view: RoundView) -> ExpectedLabels:
    """The same while a round is measured, when everybody who has ever worked here may have been asked already."""
    rows, known = pool.representatives(), view.labels.get(pool.name)
    return known.of(rows) if known is not None and np.isin(rows, known.rows).all() else _labels(pool, view)


def _joined(parts: Sequence[NDArray[Any]]) -> Array:
    return np.concatenate(parts) if len(parts) else np.zeros(0)


def _shares(watched: Watched) -> list[float]:
    """Of the pieces of work that were wrong, and of those that were right, the share found wrong; NaN of none."""
    with np.errstate(invalid="ignore"):
        return [float(share) for share in watched.found / watched.there]


def _columns(found: Mapping[str, Validity], expected: float) -> dict[str, Any]:
    """Validity by standard as columns; interval and companions are those of the guideline's."""
    main = found["guideline"]
    return {
        **{f"validity_{against}": found[against].rho for against in AGAINST},
        "low": main.low,
        "high": main.high,
        "n": main.n,
        "why_nan": main.why_nan,
        "goodhart_gap": found["principal"].rho - main.rho,
        "validity_expected": expected,
        "rank_validity": main.rank,
        "auc": main.auc,
    }
