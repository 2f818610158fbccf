"""Labor markets: people who lost their work with one employer, and may find it with another.

Pools that name the same `market` hire from it before they hire anybody new. Who moves takes along everything that
makes the person: values, ways of misreading, skills, beliefs. The worker's name is the new pool's; `employment` says
which person it is.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Generic, TypeVar

Pool = TypeVar("Pool")


class LaborMarket(Generic[Pool]):
    """Who is looking for work, by market, longest first: the pool a person last worked for, and the row there."""

    def __init__(self) -> None:
        self.seekers: dict[str, list[tuple[Pool, int]]] = defaultdict(list)

    def seek(self, market: str, pool: Pool, row: int) -> None:
        """A person is out of work from now on; who was with a pool that names no market finds no other."""
        if market:
            self.seekers[market].append((pool, row))

    def hire(self, market: str, pool: Pool, count: int) -> list[tuple[Pool, int]]:
        """Up to `count` of those who have looked longest, but nobody who was with this pool last."""
        waiting = self.seekers[market] if market else []
        taken = [seeker for seeker in waiting if seeker[0] is not pool][:count]
        for seeker in taken:
            waiting.remove(seeker)
        return taken
