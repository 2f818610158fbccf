"""Who answers to whom: a directed acyclic graph of authority, built from a scenario's relations.

Influence may loop through time (answers reach users, whose choices reach the firm); authority may not.
Scenario validation asks for `cycle` and `orphans`; a run asks for neighbours and paths.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter


class Hierarchy:
    """The graph of authority: `parties` in file order, `edges` as (principal, agent) in file order."""

    def __init__(self, parties: Iterable[str], edges: Iterable[tuple[str, str]]) -> None:
        self.parties = tuple(parties)
        self.edges = tuple(edges)

    def agents(self, principal: str) -> tuple[str, ...]:
        """Those who answer to `principal`."""
        return tuple(a for p, a in self.edges if p == principal)

    def principals(self, agent: str) -> tuple[str, ...]:
        """Those `agent` answers to."""
        return tuple(p for p, a in self.edges if a == agent)

    def above(self, party: str) -> Iterator[str]:
        """Everyone `party` answers to, directly or not, nearest first, each once."""
        yield from self._walk(party, self.principals)

    def below(self, party: str) -> Iterator[str]:
        """Everyone who answers to `party`, directly or not, nearest first, each once."""
        yield from self._walk(party, self.agents)

    def orphans(self) -> tuple[str, ...]:
        """Parties that stand in no relation."""
        related = {name for edge in self.edges for name in edge}
        return tuple(name for name in self.parties if name not in related)

    def cycle(self) -> tuple[str, ...]:
        """Some circle of authority, first party repeated at the end; empty if there is none."""
        try:
            TopologicalSorter({name: self.agents(name) for name in self.parties}).prepare()
        except CycleError as error:
            return tuple(reversed(error.args[1]))
        return ()

    def without(self, left_out: Collection[str], auditors: Collection[str]) -> set[str]:
        """Those who are gone if some are left out: they, whoever answered to them alone, and auditors of nobody else.

        Who is looked at by auditors does not work for them: nobody goes because the auditors do, or stays because they
        stay.
        """
        gone = {name for name in self.parties if name in left_out}
        while more := {name for name in self.parties if name not in gone and self._bereft(name, gone, auditors)}:
            gone |= more
        return gone

    def _bereft(self, party: str, gone: set[str], auditors: Collection[str]) -> bool:
        above = [name for name in self.principals(party) if name not in auditors]
        nobody_above = bool(above) and gone.issuperset(above)
        below = self.agents(party) if party in auditors else ()
        return nobody_above or (bool(below) and gone.issuperset(below))

    @staticmethod
    def _walk(party: str, neighbours: Callable[[str], Sequence[str]]) -> Iterator[str]:
        seen = {party}
        queue: list[str] = [party]
        while queue:
            for name in neighbours(queue.pop(0)):
                if name not in seen:
                    seen.add(name)
                    queue.append(name)
                    yield name
