"""Labor markets: people who lost their work with one employer, and may find it with another.

Pools that name the same `market` hire from it before they hire anybody new. Who moves takes along everything that
makes the person: values, ways of misreading, skills, beliefs. The worker's name is the new pool's; `employment` says
which person it is.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simlab.people.roster import Roster

Seeker = tuple["Roster", int]  # the pool a person last worked for, and the row there


@dataclass(slots=True)
class LaborMarket:
    """Who is looking for work, by market, longest first."""

    seekers: dict[str, list[Seeker]] = field(default_factory=lambda: defaultdict(list))

    def seek(self, pool: Roster, row: int) -> None:
        """A person is out of work from now on."""
        if pool.spec.market:
            self.seekers[pool.spec.market].append((pool, row))

    def hire(self, pool: Roster, count: int) -> list[Seeker]:
        """Up to `count` of those who have looked longest, but nobody who was with this pool last."""
        waiting = self.seekers[pool.spec.market] if pool.spec.market else []
        taken = [seeker for seeker in waiting if seeker[0] is not pool][:count]
        for seeker in taken:
            waiting.remove(seeker)
        return taken
