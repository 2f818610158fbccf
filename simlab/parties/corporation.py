"""The corporation: it writes a guideline, serves the model's responses, and ranks the raters who follow it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from simpy import Event

from simlab.arrays import Array, Indices
from simlab.clock import Steps
from simlab.components.guideline_policy import GuidelinePolicy, Term
from simlab.engine.context import LiveParty
from simlab.engine.ledger import CAPITAL
from simlab.parties.audits import audit
from simlab.parties.guideline import Guideline, write_meeting, write_version
from simlab.parties.language_model import LanguageModel
from simlab.parties.looks import Gold, looked
from simlab.parties.market import Tally
from simlab.parties.regulator import Audit, Regulator
from simlab.parties.shareholders import FinancialStatement, Shareholders
from simlab.parties.users import UserFeedback, Users
from simlab.rankings import ASKED, WRITTEN
from simlab.relation import Judgement, Relation, Standard, UtilityFunction, Work
from simlab.rng import branch, uniforms
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.measures.panel import Panel
    from simlab.scenario import CorporationSpec


class Corporation(LiveParty):
    """A maker of language models. Its guideline is written in the scenario; what it operates by may differ.

    `misreading` turns the written guideline by an isotropic error of that many of its norms, once and for
    all below; the published guideline is what users and regulators are shown. Those who set the guideline meet now
    and then and may revise it; every revision is a new version, and a new standard for everybody below.
    """

    def __init__(self, context: Context, name: str, spec: CorporationSpec) -> None:
        super().__init__(context, name)
        self.spec = spec
        self.guideline = Guideline(spec.guideline, context.scenario.criteria_used())
        self.unit = float(np.linalg.norm(context.game.value(self.guideline.operative)))
        (self._error,) = context.deviations(context.rng.key(name, "misreading"), np.arange(1))
        self._weighing = UtilityFunction(spec.guideline.combine, context.game.dimensions)
        self._standard = self._issued()
        self.suspensions: list[tuple[float, float]] = []  # days from, to
        self.satisfaction = float("nan")  # of users, as last heard
        self.returned = float("nan")  # what shareholders last made of the ledger
        self.history: tuple[Term, ...] = ()
        self._incidents: Counter[str] = Counter()  # of this term
        self._tally = Tally()  # of users, when those who set the guideline last met
        self._quarters: dict[str, tuple[float, int]] = {}  # day and flows of money by then, by who looked last
        self._asked: list[Indices] = []  # prompts users asked

    # ---- the guideline ------------------------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """Version of the guideline in force."""
        return self.guideline.version

    def standard(self) -> Standard:
        return self._standard

    def _issued(self) -> Standard:
        """The guideline in force as a standard: as it is practised, and as it is published."""
        written = self.context.game.value(self.guideline.operative)
        operative = written + self.spec.misreading * self.unit * self._error
        published = self.context.game.value(self.guideline.published)
        return Standard(self.name, self.version, operative, published, self.unit, self._weighing)

    def resampled_utility(self, panel: Panel, key: int) -> Array:
        """As it would go by the same written guideline, misread otherwise."""
        (error,) = self.context.deviations(branch(key, "misreading"), np.arange(1))
        otherwise = self._standard.vector + self.spec.misreading * self.unit * (error - self._error)
        return self._weighing.on(panel, otherwise)

    def start(self) -> Steps:
        yield from ()
        self._quarters[self.name] = self.context.now, 0
        self._write_down()

    def _write_down(self) -> None:
        for kind, weights in (("published", self.guideline.published), ("operative", self.guideline.operative)):
            write_version(self.context, self.name, self.version, kind, weights)

    def meet(self) -> None:
        """Those who set the guideline look at what came of it, and may revise it."""
        quarter = self._quarter(self.name)
        if quarter is None:  # what they meant to meet about is still being pretrained
            return
        before, now = self._tally, self._tallied()
        term = Term(
            begun=quarter.begun,
            ended=quarter.ended,
            weights=dict(self.guideline.operative),
            revenue=quarter.revenue,
            cost=quarter.cost,
            satisfaction=self.satisfaction,
            incidents=dict(self._incidents),
            user_days=now.days - before.days,
            joined=now.joined - before.joined,
            lost=now.lost - before.lost,
        )
        self._tally = now
        self.history += (term,)
        self._incidents.clear()
        key = self.context.rng.key(self.name, "guideline", len(self.history))
        version = self.version
        revised = self.guideline.meet(quarter.ended, self.history, self.returned, key)
        write_meeting(self.context, self.name, version, term, self.guideline.verdict)
        if revised:
            self._revised()

    def _tallied(self) -> Tally:
        """What has happened to all its users since the first day."""
        mine = [u.tally(self.name) for u in self.context.of_kind(Users) if self.name in u.market.firms]
        return Tally(sum(t.days for t in mine), sum(t.joined for t in mine), sum(t.lost for t in mine))

    def replace_setters(self, policy: GuidelinePolicy | None, toward: Mapping[str, float], share: float) -> bool:
        """Let others set the guideline: by a policy of theirs, or moved by `share` toward these weights.

        Returns whether there is a new version now; a policy is first asked when its setters meet.
        """
        if policy is not None:
            self.guideline.install(policy)
            return False
        moved = self.guideline.revise(self.guideline.shifted(toward, share))
        if moved:
            self._revised()
        return moved

    def _revised(self) -> None:
        self._standard = self._issued()
        self._write_down()
        self.context.issue(self.name)

    def utility(self, panel: Panel) -> Array:
        return self._weighing.on(panel, self._standard.vector)

    def published_utility(self, panel: Panel) -> Array:
        """How good each item of the panel is by the guideline that the public is shown [n]."""
        return self._weighing.on(panel, self._standard.published)

    # ---- the firm -----------------------------------------------------------------------------------------------

    def _quarter(self, seer: str) -> FinancialStatement | None:
        """Revenue and cost since `seer` last looked, as paid, capital left aside; None if that was not before today."""
        flows, now = self.context.ledger.flows[self.name], self.context.now
        begun, first = self._quarters.get(seer, (0.0, 0))
        if now <= begun:
            return None
        self._quarters[seer] = now, len(flows)
        amounts = [amount for _, amount, reason in flows[first:] if reason != CAPITAL]
        return FinancialStatement(begun, now, sum(a for a in amounts if a > 0), -sum(a for a in amounts if a < 0))

    def suspend(self, days: float) -> None:
        """Serve nobody for so many days, beginning now or when the last suspension ends."""
        begins = max([self.context.now, *(end for _, end in self.suspensions)])
        self.suspensions.append((begins, begins + days))

    @property
    def suspended(self) -> bool:
        """Whether it may serve nobody now."""
        return any(begins <= self.context.now < ends for begins, ends in self.suspensions)

    def served(self, since: float, until: float) -> float:
        """Days between `since` and `until` on which it served its users."""
        return until - since - sum(max(0.0, min(until, e) - max(since, b)) for b, e in self.suspensions)

    def on_judged(self, judgement: Judgement) -> None:
        """Keep what users, shareholders and the law said; complaints and violations are incidents."""
        found = judgement.items
        if isinstance(found, UserFeedback):
            self.satisfaction = judgement.scores[self.name]
            self._incident(judgement.principal, found.complaints)
        elif isinstance(found, Audit):
            self._incident(judgement.principal, found.violations)
        elif isinstance(found, FinancialStatement):
            self.returned = judgement.scores[self.name]

    def _incident(self, source: str, counts: Mapping[str, int]) -> None:
        self._incidents.update(counts)
        self.context.log.incidents(self.name, source, counts)

    # ---- what it does -------------------------------------------------------------------------------------------

    def work(self, relation: Relation) -> Generator[Event, Any, Work]:
        """What whoever asks gets to see: owners the ledger, a regulator that reads it the published guideline, and
        everybody else a sample of the responses its model gave to the public since the last look."""
        seer = relation.principal
        if isinstance(seer, Shareholders):
            quarter = self._quarter(seer.name)
            return Work(self.name, quarter, 1) if quarter else Work(self.name)
        if isinstance(seer, Regulator) and seer.spec.audits == "guideline":
            return Work(self.name, self.guideline.published, 1)
        model = self.context.hierarchy.model_below(self.name)
        public = self.public(seer.name) if isinstance(seer, Users) else self.public()
        count = relation.sampled(public)
        if not model or self.suspended or not count:
            return Work(self.name)
        key = self.context.rng.key(relation.principal.name, "asks", self.name, relation.looks)
        prompts = self.context.game.draw_prompts(branch(key, "prompts"), count)
        if isinstance(seer, Users) and self.spec.prompts is not None:
            self._asked.append(prompts)
        served = yield from self._served(self.context.party(model, LanguageModel), prompts, key)
        return Work(self.name, served, count)

    def _served(self, model: LanguageModel, prompts: Indices, key: int) -> Generator[Event, Any, Items]:
        """What the public gets to see: what the model says, or of several such responses what the deployer likes best.

        The first draft is what would be seen without a deployer.
        """
        deployer = self.spec.deployer
        drafts = 1 if deployer is None else deployer.drafts
        said = yield from model.respond(np.tile(prompts, drafts), key)
        if deployer is None or drafts == 1:
            return said
        liked = self.context.game.features(said) @ self.context.game.value(deployer.values)
        best = liked.reshape(drafts, len(prompts)).argmax(axis=0)
        return said[best * len(prompts) + np.arange(len(prompts))]

    def deployer_utility(self, panel: Panel) -> Array:
        """How good each item of the panel is by the criteria of whoever deploys its model [n]."""
        assert self.spec.deployer is not None, "nobody stands between this corporation and the public"
        return np.asarray(panel.features @ self.context.game.value(self.spec.deployer.values))

    def shown_utility(self, panel: Panel, key: int) -> Generator[Event, Any, Array]:
        """What the public gets to see, as an opinion [n]: log of how much more often than the pretrained model says it.

        The best of n drafts is n·Fⁿ⁻¹ times as frequent as one, F the chance that another draft is liked less (Stiennon
        et al. 2020, appendix G.3); what all have in common, log n, is left out.
        """
        assert self.spec.deployer is not None, "nobody stands between this corporation and the public"
        model = self.context.party(self.context.hierarchy.model_below(self.name), LanguageModel)
        liking = self.context.game.value(self.spec.deployer.values)
        chance = yield from model.surpassed(panel, liking, key)
        lift = (self.spec.deployer.drafts - 1) * np.log(np.maximum(chance, 1e-300))
        return np.asarray(model.utility(panel) + lift)

    def public(self, party: str | None = None) -> int:
        """How many users it serves: those of one party of users, or of all."""
        everybody = self.context.of_kind(Users)
        return sum(
            u.market.count(self.name) for u in everybody if self.name in u.market.firms and party in (None, u.name)
        )

    def prompts_for(self, key: int, count: int) -> tuple[Indices, NDArray[Any]]:
        """Prompts to be compared [count], and where each comes from [count]: "users" who asked it, or "written".

        Written ones cost time and money, at once. A corporation of which nothing is said about prompts has them
        for nothing, and they are like users'.
        """
        game, spec = self.context.game, self.spec.prompts
        prompts = game.draw_prompts(branch(key, "prompts"), count, compared=True)
        if spec is None:
            return prompts, np.full(count, ASKED)
        asked = np.concatenate(self._asked) if self._asked else np.empty(0, dtype=np.int64)
        asked = asked[game.may_be_compared(asked)]
        place = np.arange(count)
        again = (uniforms(branch(key, "source"), place) < spec.recycled) & (len(asked) > 0)
        if again.any():
            lot = (uniforms(branch(key, "recycled"), place[again]) * len(asked)).astype(np.int64)
            prompts[again] = asked[lot]
        self._pay_writers(int((~again).sum()))
        return prompts, np.where(again, ASKED, WRITTEN)

    def _pay_writers(self, prompts: int) -> None:
        """People paid by the hour write so many prompts."""
        assert self.spec.prompts is not None
        if prompts:
            hours = prompts * self.spec.prompts.seconds / 3600
            pay = hours * self.spec.prompts.wage
            self.context.log.labor(self.name, "writing prompts", hours=hours, pay=pay)
            if pay:
                self.context.log.transfer(self.name, f"{self.name} writers", pay, "wages for writing prompts")

    def judge(self, relation: Relation, work: Work) -> Generator[Event, Any, Judgement]:
        """Audit a random sample of what its people said against gold, which is itself wrong now and then."""
        if relation.by is not None:
            gold = Gold(self.context, self._standard, self.spec)
            return (yield from looked(self.context, relation, work, gold))
        return audit(self.context, relation, work, self._standard, self.spec)
