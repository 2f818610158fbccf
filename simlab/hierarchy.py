"""Who answers to whom: a directed acyclic graph of authority, built from a scenario's relations.

Influence may loop through time (answers reach users, whose choices reach the firm); authority may not. Every question
of descent is answered here, from names, kinds and relations alone: scenario validation asks for `cycle` and `orphans`,
budgets for employers, a run for issuers, makers, orders of work and paths, reports for all of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

FIRMS = frozenset({"corporation", "vendor"})  # kinds of those who issue guidelines, and employ
WORKFORCES = frozenset({"raters", "auditors", "vendor"})  # kinds of those who deliver judgements


class Hierarchy:
    """The graph of authority: `parties` in file order, by name with their kinds, `edges` as (principal, agent) in file
    order. `limits` maps a reward model that judges nobody to the language model whose reward it limits.

    Names stand for parties; an empty name means that there is none.
    """

    def __init__(
        self, parties: Mapping[str, str] | Iterable[str], edges: Iterable[tuple[str, str]],
        limits: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.kinds = dict(parties) if isinstance(parties, Mapping) else dict.fromkeys(parties, "")
        self.parties = tuple(self.kinds)
        self.edges = tuple(edges)
        self.limits = dict(limits or {})
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

    # ---- guidelines ---------------------------------------------------------------------------------------------

    def issuer_of(self, name: str) -> str:
        """Whoever tells this party by which guideline to judge: its first principal that is a firm. Auditors whom
        nobody told anything apply the guideline of those they audit."""
        firm = self._first_firm(name)
        if firm or self.kinds[name] != "auditors":
            return firm
        below = (agent for agent in self.agents(name) if self.kinds[agent] in WORKFORCES)
        return next((found for agent in below if (found := self.maker_of(agent) or self.issuer_of(agent))), "")

    def maker_of(self, name: str) -> str:
        """The nearest corporation this party answers to; for auditors who answer to none, the one of those below."""
        for above in self.above(name):
            if self.kinds[above] == "corporation":
                return above
        if self.kinds[name] != "auditors":
            return ""
        return next((maker for agent in self.agents(name) if (maker := self.maker_of(agent))), "")

    def guideline_line(self, name: str) -> list[str]:
        """The firms by which a guideline reached this party, from its corporation down; none, if nobody gave it one."""
        line: list[str] = []
        firm = self._first_firm(name)
        while firm and firm not in line:
            line.insert(0, firm)
            firm = self._first_firm(firm) if self.kinds[firm] == "vendor" else ""
        return line

    # ---- labor --------------------------------------------------------------------------------------------------

    def employer_of(self, name: str) -> str:
        """Who pays these people or this vendor: the first firm they answer to; for auditors who answer to none, the
        corporation whose guideline they apply."""
        return self._first_firm(name) or (self.maker_of(name) if self.kinds[name] == "auditors" else "")

    def _first_firm(self, name: str) -> str:
        return next((above for above in self.principals(name) if self.kinds[above] in FIRMS), "")

    def work_order(self, name: str) -> int:
        """The order of what this party delivers: responses are 0, rankings of them 1, audits one more than what they
        audit; a vendor delivers what its raters do, not what its own auditors say of them."""
        return self._orders[name]

    @cached_property
    def _orders(self) -> dict[str, int]:
        """The order of every party's work, those who are looked at first."""
        orders: dict[str, int] = {}
        for name in reversed(self.downward()):
            below = [orders[agent] for agent in self.agents(name) if self.kinds[agent] in WORKFORCES]
            orders[name] = _work_order(self.kinds[name], below)
        return orders

    # ---- machines -----------------------------------------------------------------------------------------------

    def model_below(self, name: str) -> str:
        """The language model at the end of a party's line of authority; if it ends with a reward model that judges
        nobody, the one whose reward that limits."""
        return next((below for below in self.models_below(name) if self.kinds[below] == "language_model"), "")

    def models_below(self, name: str) -> Iterator[str]:
        """Everyone below a party, and then the models whose reward it or they limit."""
        below = list(self.below(name))
        yield from below
        yield from (self.limits[other] for other in (name, *below) if other in self.limits)

    def cost_models(self, model: str) -> list[str]:
        """The reward models that limit the reward of a language model."""
        return [name for name, limited in self.limits.items() if limited == model]

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


def _work_order(kind: str, below: Sequence[int]) -> int:
    """The order of the work of a party of this kind whose agents' work is of these orders."""
    if kind not in WORKFORCES:
        return 0
    return min(below, default=1) if kind == "vendor" else 1 + max(below, default=0)
