"""Vendors: firms between a corporation and the people who rank for it.

A vendor passes on the guideline as it understands it, so that its misreading is shared by everyone below; it
audits, pays and dismisses its own people, and is judged by the labels it delivers.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from simpy import Event

from simlab.arrays import Array
from simlab.clock import Steps
from simlab.parties.audits import audit
from simlab.parties.guideline import write_readings
from simlab.parties.looks import Gold, looked
from simlab.people.label_source import LabelSource
from simlab.people.track_record import AuditRecord
from simlab.rankings import Rankings
from simlab.relation import Judgement, Relation, Standard, Work
from simlab.rng import branch

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.measures.panel import Panel
    from simlab.scenario import VendorSpec


class Vendor(LabelSource):
    """A firm that sells labels. `share` is how much of its first contract it has now."""

    passes_on = True

    def __init__(self, context: Context, name: str, spec: VendorSpec) -> None:
        super().__init__(context, name)
        self.spec = spec
        self.share = 1.0
        self.records: dict[str, AuditRecord] = {}
        self.sold = 0  # pairs delivered since it was last paid
        self._standard: Standard | None = None

    def standard(self) -> Standard:
        """The guideline as this vendor understands it: with an error of its own, and a pull toward its own values.

        Both are the vendor's, once and for all: a new version is read with the same bias.
        """
        told = self._told()
        if self._standard is None or self._standard.version != told.version:
            key = self.context.rng.key(self.name, "misreading")
            (error,) = self.context.deviations(key, np.arange(1))
            self._standard = replace(told, issuer=self.name, vector=self._understood(told, error))
        return self._standard

    def _told(self) -> Standard:
        return self.context.parties[self.context.hierarchy.issuer_of(self.name)].standard()

    def _understood(self, told: Standard, error: Array) -> Array:
        """What it makes of a guideline [D], read with this error: weighed by compliance against its own values."""
        understood = told.vector + self.spec.misreading * told.unit * error
        own = self.context.game.value(self.spec.values)
        return np.asarray(self.spec.compliance * understood + (1 - self.spec.compliance) * own)

    def resampled_utility(self, panel: Panel, key: int) -> Array:
        """As it would go by what it was told, misread otherwise."""
        told = self._told()
        (error,) = self.context.deviations(branch(key, "misreading"), np.arange(1))
        return told.utility_function.on(panel, self._understood(told, error))

    def start(self) -> Steps:
        """Read the guideline."""
        yield from ()
        self._note_reading()

    def on_guideline(self, standard: Standard) -> None:
        """A new version of the guideline has come."""
        self._standard = None
        self._note_reading()

    def _note_reading(self) -> None:
        read = self.standard()
        write_readings(self.context, self.name, [self.name], read.vector[None, :], read.version)

    def utility(self, panel: Panel) -> Array:
        read = self.standard()
        return read.utility_function.on(panel, read.vector)

    def deliver(self, made: Rankings) -> None:
        """What its people made counts as its own, and is for sale."""
        self.sold += made.label.size
        super().deliver(made)

    def judge(self, relation: Relation, work: Work) -> Generator[Event, None, Judgement]:
        """Audit a sample of its people's pairs against the guideline as understood here."""
        if relation.by is not None:
            gold = Gold(self.context, self.standard(), self.spec)
            return (yield from looked(self.context, relation, work, gold))
        return audit(self.context, relation, work, self.standard(), self.spec)

    def subjects(self, made: Rankings) -> tuple[list[str], NDArray[np.int64]]:
        return [self.name], np.zeros(len(made), dtype=np.int64)

    def record(self, principal: str) -> AuditRecord:
        """What this principal knows of it."""
        return self.records.setdefault(principal, AuditRecord.blank(1))

    def on_judged(self, judgement: Judgement) -> None:
        """Keep the record of what each principal found."""
        record = self.record(judgement.principal)
        for name, score in judgement.scores.items():
            record.audited[0] += judgement.samples[name]
            record.agreed[0] += score * judgement.samples[name]


def contract_share(context: Context, pool: str) -> float:
    """How much of its first contract a pool has now, as the shares of the vendors above it have changed."""
    above = (context.parties[name] for name in context.hierarchy.above(pool))
    return math.prod(party.share for party in above if isinstance(party, Vendor))
