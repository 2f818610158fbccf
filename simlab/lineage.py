"""Who is who to whom in one run: whose guideline a party works by, who employs it, which model it has a part in.

Everything here follows from the hierarchy alone; `Simulation` is a `Lineage`, so parties ask it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from simlab.errors import InvalidInput
from simlab.hierarchy import Hierarchy
from simlab.parties.auditors import Auditors
from simlab.parties.audits import Workforce
from simlab.parties.corporation import Corporation
from simlab.parties.language_model import LanguageModel
from simlab.parties.vendor import Vendor
from simlab.relation import Party, Standard

ROOM = 10_000_000_000  # numbers of tasks that each pool has to itself


class Lineage:
    """Questions about a hierarchy of live parties. `rounds` counts each language model's trainings."""

    hierarchy: Hierarchy
    parties: dict[str, Party]
    pools: tuple[str, ...]  # names of all pools of raters, also of those this run is without
    rounds: dict[str, int]
    limits: dict[str, str]  # a reward model that judges nobody: the language model whose reward it limits

    # ---- guidelines ---------------------------------------------------------------------------------------------

    def issuer_for(self, name: str) -> Corporation | Vendor | None:
        """Whoever tells this party by which guideline to judge: its first principal that issues one. Auditors whom
        nobody told anything apply the guideline of those they audit."""
        for above in self._related(self.hierarchy.principals(name)):
            if isinstance(above, Corporation | Vendor):
                return above
        if isinstance(self.parties[name], Auditors):
            below = [agent.name for agent in self._related(self.hierarchy.agents(name)) if isinstance(agent, Workforce)]
            return next((found for agent in below if (found := self._issuer_below(agent))), None)
        return None

    def _issuer_below(self, agent: str) -> Corporation | Vendor | None:
        """The guideline a party is audited by is the one nearest the top that applies to it: its corporation's."""
        return self.maker_above(agent) or self.issuer_for(agent)

    def guideline_for(self, name: str) -> Standard:
        """The operative guideline that holds where this party stands, free of everybody's misreadings below its
        corporation; what it goes by itself, if there is no corporation."""
        maker = self.maker_above(name)
        return maker.standard() if maker is not None else self.parties[name].standard()

    def maker_above(self, name: str) -> Corporation | None:
        """The nearest corporation this party answers to; for auditors who answer to none, the one of those below."""
        for above in self._related(self.hierarchy.above(name)):
            if isinstance(above, Corporation):
                return above
        if isinstance(self.parties[name], Auditors):
            agents = (self.maker_above(agent) for agent in self.hierarchy.agents(name))
            return next((maker for maker in agents if maker is not None), None)
        return None

    # ---- labor --------------------------------------------------------------------------------------------------

    def employer_of(self, name: str) -> str:
        """Who pays these people or this vendor: the first firm they answer to; for auditors who answer to none, the
        corporation whose guideline they apply. Empty if nobody."""
        for above in self._related(self.hierarchy.principals(name)):
            if isinstance(above, Corporation | Vendor):
                return above.name
        maker = self.maker_above(name) if isinstance(self.parties[name], Auditors) else None
        return maker.name if maker is not None else ""

    def work_order(self, name: str) -> int:
        """The order of what this workforce delivers: rankings of responses are 1, audits one more than what they audit;
        a vendor delivers what its raters do, not what its own auditors say of them."""
        return self._orders[name]

    @cached_property
    def _orders(self) -> dict[str, int]:
        """The order of every workforce's work, those who are looked at first."""
        orders: dict[str, int] = {}
        for name in reversed(self.hierarchy.downward()):
            party = self.parties[name]
            if isinstance(party, Workforce):
                below = [orders[agent] for agent in self.hierarchy.agents(name) if agent in orders]
                orders[name] = min(below, default=1) if isinstance(party, Vendor) else 1 + max(below, default=0)
        return orders

    def contract_share(self, name: str) -> float:
        """How much of its first contract a pool has now, as the shares of the vendors above it have changed."""
        share = 1.0
        for above in self._related(self.hierarchy.above(name)):
            if isinstance(above, Vendor):
                share *= above.share
        return share

    def first_number(self, pool: str) -> int:
        """The number of a pool's first task; each pool counts on from its own, so that one more leaves them as is."""
        return self.pools.index(pool) * ROOM

    # ---- machines -----------------------------------------------------------------------------------------------

    def judged_by(self, machine: Party) -> LanguageModel:
        """The language model a reward model judges, or whose reward it limits."""
        found = self.model_below(machine.name)
        if found is None:
            raise InvalidInput(f"{machine.name} judges no language model")
        return found

    def model_below(self, name: str) -> LanguageModel | None:
        """The language model at the end of a party's line of authority; if it ends with a reward model that judges
        nobody, the one whose reward that limits."""
        return next((p for p in self._related(self._models_below(name)) if isinstance(p, LanguageModel)), None)

    def _models_below(self, name: str) -> Iterator[str]:
        below = list(self.hierarchy.below(name))
        yield from below
        yield from (self.limits[other] for other in (name, *below) if other in self.limits)

    def maker_of(self, model: LanguageModel) -> str:
        """The corporation a language model belongs to; empty if none stands above it."""
        maker = self.maker_above(model.name)
        return maker.name if maker is not None else ""

    def round_of(self, name: str) -> int:
        """Rounds completed by the language model this party has a part in; of the one ahead, if in several or none."""
        if name in self.rounds:
            return self.rounds[name]
        below = [below for below in self._models_below(name) if below in self.rounds]
        return max((self.rounds[n] for n in below or self.rounds), default=0)

    # ---- all of a kind ------------------------------------------------------------------------------------------

    def of_kind(self, kind: type[Any]) -> list[Any]:
        """The parties of one kind, in file order."""
        return [p for p in self.parties.values() if isinstance(p, kind)]

    def _related(self, names: Any) -> Iterator[Party]:
        return (self.parties[name] for name in names)
