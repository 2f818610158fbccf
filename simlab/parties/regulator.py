"""The regulator: it audits what a corporation serves against a threshold of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from simpy import Event

from simlab.arrays import Array
from simlab.engine.context import LiveParty
from simlab.parties.users import blamed
from simlab.relation import Judgement, Relation, Standard, Work

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.measures.panel import Panel
    from simlab.scenario import RegulatorSpec


@dataclass(slots=True)
class Audit:
    """What a regulator found: which of the things it looked at break the law [n], and how many by criterion."""

    unlawful: NDArray[np.bool_]
    violations: Mapping[str, int]


class Regulator(LiveParty):
    """A public authority. It sees what everybody can see: responses as they are served, or the published guideline;
    never the one that is operative."""

    def __init__(self, context: Context, name: str, spec: RegulatorSpec) -> None:
        super().__init__(context, name)
        self.spec = spec
        self.vector = context.game.value(spec.law)

    def standard(self) -> Standard:
        return Standard(self.name, 1, self.vector, self.vector, float(np.linalg.norm(self.vector)))

    def utility(self, panel: Panel) -> Array:
        return panel.features @ self.vector

    def work(self, relation: Relation) -> Generator[Event, Any, Work]:
        raise NotImplementedError("a regulator answers to nobody")
        yield

    def judge(self, relation: Relation, work: Work) -> Generator[Event, Any, Judgement]:
        """The share of what it looked at that the law's standard approves of, at least by `permit`."""
        yield from ()
        audit = self._responses(work) if self.spec.audits == "responses" else self._guideline(work.items)
        agent = relation.agent.name
        return Judgement(
            agent=agent,
            items=audit,
            size=work.size,
            principal=self.name,
            order=relation.order,
            scores={agent: 1.0 - float(audit.unlawful.mean())},
            samples={agent: len(audit.unlawful)},
        )

    def _responses(self, work: Work) -> Audit:
        game = self.context.game
        features = game.features(work.items)
        unlawful = game.approval(self.vector, features) < self.spec.permit
        found = Counter(blamed(game, self.spec.law, features[unlawful])) if unlawful.any() else Counter[str]()
        return Audit(unlawful, {name: found[name] for name in sorted(found)})

    def _guideline(self, published: Mapping[str, float]) -> Audit:
        """On paper: the cosine of law and published guideline, from −1 … 1 to 0 … 1, is what `permit` is held to."""
        said = self.context.game.value(published)
        lengths = float(np.linalg.norm(said)) * float(np.linalg.norm(self.vector))
        unlawful = (1 + float(said @ self.vector) / lengths) / 2 < self.spec.permit
        short = {name: published.get(name, 0.0) * weight for name, weight in self.spec.law.items()}
        return Audit(np.array([unlawful]), {min(short, key=lambda name: short[name]): 1} if unlawful else {})
