"""Whoever delivers judgements of responses to those above: people, and the vendors that stand between.

What is delivered is always `Rankings`; those above look at pairs of them and hold their own opinion against it.
That makes every level above the first the same: it is judged by how it judges.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from simpy import Event

from simlab.engine.context import Context, LiveParty
from simlab.rankings import Rankings
from simlab.relation import Relation, Work

if TYPE_CHECKING:
    from simlab.scenario.working_conditions import VoiceSpec


class LabelSource(LiveParty):
    """A party whose work is rankings. `unseen` keeps them until each principal looks."""

    def __init__(self, context: Context, name: str) -> None:
        super().__init__(context, name)
        self.unseen: dict[str, list[Rankings]] = {}  # by principal, made since it last looked

    @property
    def work_order(self) -> int:  # type: ignore[override]
        """One more than the order of what it judges: 1 for rankings of responses, 2 for audits of those, and so on."""
        return self.context.hierarchy.work_order(self.name)

    def deliver(self, made: Rankings) -> None:
        """Rankings have been made, here or further down: every principal may look at them."""
        for name in self.context.hierarchy.principals(self.name):
            self.unseen.setdefault(name, []).append(made)
            principal = self.context.parties[name]
            if isinstance(principal, LabelSource) and principal.passes_on and principal.work_order == self.work_order:
                principal.deliver(made)

    voice: VoiceSpec | None = None  # whether those who work here may appeal judgements of their work
    passes_on = False  # whether the work of those below counts as its own

    def work(self, relation: Relation) -> Generator[Event, Any, Work]:
        """The rankings made since this principal last looked."""
        yield from ()
        parts = self.unseen.pop(relation.principal.name, [])
        if not parts:
            return Work(self.name)
        return Work(self.name, parts, sum(part.label.size for part in parts))

    @abstractmethod
    def subjects(self, made: Rankings) -> tuple[list[str], NDArray[np.int64]]:
        """Who is judged by these rankings: names, and for each ranking [m] which of the names."""
