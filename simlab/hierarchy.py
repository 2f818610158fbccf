"""Who answers to whom: a directed acyclic graph of authority, built from a scenario's relations.

Influence may loop through time (answers reach users, whose choices reach the firm); authority may not.
Scenario validation asks for `cycle` and `orphans`; a run asks for neighbours and paths.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter


class Hierarchy:
    """The graph of authority: `parties` in file order, `edges` as (principal, agent) in file order."""

    def __init__(self, parties: Iterable[str], edges: Iterable[tuple[str, str]]) -> None:
        self.parties = tuple(parties)
        self.edges = tuple(edges)
        below: dict[str, list[str]] = {}
        above: dict[str, list[str]] = {}
        for principal, agent in self.edges:
            below.setdefault(principal, []).append(agent)
            above.setdefault(agent, []).append(principal)
        self._agents = {name: tuple(found) for name, found in below.items()}
        self._principals = {name: tuple(found) for name, found in above.items()}

    def agents(self, principal: str) -> tuple[str, ...]:
        """Those who answer to `principal`."""
        return self._agents.get(principal, ())

    def principals(self, agent: str) -> tuple[str, ...]:
        """Those `agent` answers to."""
        return self._principals.get(agent, ())

    def above(self, party: str) -> Iterator[str]:
        """Everyone `party` answers to, directly or not, nearest first, each once."""
        yield from self._walk(party, self.principals)

    def below(self, party: str) -> Iterator[str]:
        """Everyone who answers to `party`, directly or not, nearest first, each once."""
        yield from self._walk(party, self.agents)

    def downward(self) -> tuple[str, ...]:
        """Every party after all it answers to. Raises CycleError where authority goes round."""
        return tuple(TopologicalSorter({name: self.principals(name) for name in self.parties}).static_order())

    def depth(self) -> int:
        """Parties on the longest line of authority."""
        level: dict[str, int] = {}
        for name in self.downward():
            level[name] = 1 + max((level[above] for above in self.principals(name)), default=0)
        return max(level.values(), default=0)

    def orphans(self) -> tuple[str, ...]:
        """Parties that stand in no relation."""
        return tuple(name for name in self.parties if name not in self._agents and name not in self._principals)

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
        judges = frozenset(auditors)
        gone = {name for name in self.parties if name in left_out}
        news = deque(gone)
        while news:
            lost = news.popleft()
            for name in (*self.agents(lost), *self.principals(lost)):
                if name not in gone and self._bereft(name, gone, judges):
                    gone.add(name)
                    news.append(name)
        return gone

    def _bereft(self, party: str, gone: set[str], auditors: Collection[str]) -> bool:
        above = [name for name in self.principals(party) if name not in auditors]
        nobody_above = bool(above) and gone.issuperset(above)
        below = self.agents(party) if party in auditors else ()
        return nobody_above or (bool(below) and gone.issuperset(below))

    @staticmethod
    def _walk(party: str, neighbours: Callable[[str], Sequence[str]]) -> Iterator[str]:
        seen = {party}
        queue = deque([party])
        while queue:
            for name in neighbours(queue.popleft()):
                if name not in seen:
                    seen.add(name)
                    queue.append(name)
                    yield name
