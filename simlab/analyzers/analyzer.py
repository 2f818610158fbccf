"""The contract of analyzers, and what each is given: one language model and everybody's utilities, after a round."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simlab.arrays import Array, Indices
from simlab.clock import Steps
from simlab.measures.panel import Panel
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.machines.learning_curve import Look
    from simlab.parties.language_model import LanguageModel
    from simlab.people.expected_labels import ExpectedLabels
    from simlab.rankings import Rankings
    from simlab.relation import Party, Relation


@dataclass(frozen=True, slots=True)
class Agents:
    """Agents judged by one principal, as the items of a panel of order 2 or above."""

    principal: str
    panel: str  # the pool they belong to, or "vendors"
    order: int
    scores: Array  # [A] by the principal; NaN if never judged
    utilities: Array  # [n, A] of the responses' panel, centred within prompts
    truth: dict[str, Array]  # true ρ [A], by what it is held against: guideline, intent


@dataclass(frozen=True, slots=True)
class RoundView:
    """One look at one language model: the panel, everybody's utilities [n] on it, and the time and round."""

    model: LanguageModel
    panel: Panel
    utilities: dict[str, Array]
    stamp: dict[str, Any]
    reference: Items  # what the model said to the panel's prompts before any training
    current: Items  # and what it says now
    asked: Indices  # [2M] places on the panel of left and right of the pairs people are asked about, in turn
    agents: list[Agents] = field(default_factory=list)
    labels: dict[str, ExpectedLabels] = field(default_factory=dict)  # of each pool's people, as they were then


class Analyzer(ABC):
    """Takes one measure. It observes and changes nothing: what it draws has streams of its own."""

    def __init__(self, context: Context) -> None:
        self.context = context

    @abstractmethod
    def measure(self, view: RoundView) -> Steps:
        """Measure the round that has just ended, and write it down."""

    def ranked(self, party: Party, made: Rankings) -> None:
        """Rankings have been made."""
        del party, made

    def learned(self, relation: Relation, table: str, columns: Mapping[str, Any]) -> None:
        """A machine has learned, as these columns of a table say."""
        del relation, table, columns

    def practised(self, relation: Relation, looks: Sequence[Look]) -> None:
        """A language model has learned from rewards, and was looked at meanwhile."""
        del relation, looks

    def add(self, table: str, view: RoundView, **columns: Any) -> None:
        """Rows about this view."""
        self.context.log.add(table, **view.stamp, **columns)
