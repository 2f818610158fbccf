"""Queues that count themselves: whatever is waited for, with the three quantities of Little's law kept apart.

A `Queue` is a SimPy resource people or machines hold for a while (the cluster, a model that can be asked by one at a
time); a `Backlog` is work that waits until it is done. Each integrates the number inside over time, at every change,
and separately notes when each customer came and went. Over [0, T], with those still inside counted up to T, the mean
number L is then the arrival rate λ times the mean stay W exactly, on every path (Little 1961, "A proof for the queuing
formula L = λW", Operations Research 9; Stidham 1974, "A last word on L = λW", for sample paths).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simpy import Environment, Resource
from simpy.core import BoundClass
from simpy.resources.resource import Release, Request


@dataclass(frozen=True, slots=True)
class Flow:
    """What went through a queue over [0, T]. Times are in days; means are NaN where nobody came."""

    arrivals: int
    departures: int
    length: float  # L, mean number inside, integrated over time
    rate: float  # λ, arrivals a day
    stay: float  # W, mean time inside, by customers; up to T for those still inside
    waiting: float  # mean time before service began; up to T for those still waiting


class Census:
    """How many are inside, integrated over time at every change."""

    def __init__(self, env: Environment) -> None:
        self.env = env
        self.inside = 0
        self._began = self._since = float(env.now)
        self._area = 0.0  # customers × days up to the last change

    def change(self, by: int) -> None:
        """So many more are inside from now on (or fewer)."""
        now = float(self.env.now)
        self._area += self.inside * (now - self._since)
        self._since = now
        self.inside += by

    @property
    def elapsed(self) -> float:
        """Days since counting began."""
        return float(self.env.now) - self._began

    @property
    def mean(self) -> float:
        """Mean number inside, up to now; 0 before any time has passed."""
        area = self._area + self.inside * (float(self.env.now) - self._since)
        return area / self.elapsed if self.elapsed else 0.0


@dataclass(slots=True)
class Visit:
    """One customer, or several that came together: when they came, were first served, and left (NaN: not yet)."""

    came: float
    served: float = math.nan
    left: float = math.nan
    size: int = 1

    def stay(self, now: float) -> float:
        """Time inside of all of them together, up to `now`."""
        return self.size * ((now if math.isnan(self.left) else self.left) - self.came)

    def wait(self, now: float) -> float:
        """Time before service of all of them together; who left without being served waited all along."""
        until = next((t for t in (self.served, self.left) if not math.isnan(t)), now)
        return self.size * (until - self.came)


def flow(census: Census, visits: list[Visit]) -> Flow:
    """The two accounts side by side: L from the census, λ, W and waiting from the visits."""
    now = float(census.env.now)
    arrivals = sum(v.size for v in visits)
    return Flow(
        arrivals=arrivals,
        departures=sum(v.size for v in visits if not math.isnan(v.left)),
        length=census.mean,
        rate=arrivals / census.elapsed if census.elapsed else 0.0,
        stay=math.fsum(v.stay(now) for v in visits) / arrivals if arrivals else math.nan,
        waiting=math.fsum(v.wait(now) for v in visits) / arrivals if arrivals else math.nan,
    )


class Turn(Request):
    """A request that knows its visit; giving up before being served ends it, too."""

    resource: Queue

    def __init__(self, resource: Queue) -> None:
        self.visit = resource.arrive()
        super().__init__(resource)

    def cancel(self) -> None:
        if not self.triggered:
            self.resource.depart(self.visit)
        super().cancel()


class Queue(Resource):
    """A SimPy resource of `capacity` places that counts who waits for it and who holds it."""

    def __init__(self, env: Environment, capacity: int = 1) -> None:
        self.census = Census(env)
        self.visits: list[Visit] = []
        super().__init__(env, capacity)

    if TYPE_CHECKING:

        def request(self) -> Turn: ...

    else:
        request = BoundClass(Turn)

    def arrive(self) -> Visit:
        """Somebody joins the queue."""
        self.census.change(+1)
        self.visits.append(Visit(float(self._env.now)))
        return self.visits[-1]

    def depart(self, visit: Visit) -> None:
        """Somebody leaves; who left before cannot leave again."""
        if math.isnan(visit.left):
            self.census.change(-1)
            visit.left = float(self._env.now)

    def flow(self) -> Flow:
        """What went through, up to now."""
        return flow(self.census, self.visits)

    def _do_put(self, event: Any) -> None:
        super()._do_put(event)
        if event.triggered and math.isnan(event.visit.served):
            event.visit.served = float(self._env.now)

    def _do_get(self, event: Release) -> None:
        held: Any = event.request
        if held in self.users:
            self.depart(held.visit)
        super()._do_get(event)


@dataclass(slots=True)
class Batch:
    """Pieces of work that came together; they leave as they are done, or given up."""

    backlog: Backlog
    came: float
    left: int = field(default=0)  # pieces still waiting

    def leave(self, pieces: int) -> None:
        """So many are done, or given up, now. Raises ValueError if there were not so many."""
        self.backlog.leave(self, pieces)


class Backlog:
    """Work that waits in batches until it is done. Being done takes no time of its own here: waiting is the stay."""

    def __init__(self, env: Environment) -> None:
        self.census = Census(env)
        self.batches: list[Batch] = []
        self._gone: list[Visit] = []

    def enter(self, pieces: int) -> Batch:
        """A batch of so many pieces comes in."""
        batch = Batch(self, float(self.census.env.now), pieces)
        self.census.change(pieces)
        self.batches.append(batch)
        return batch

    def leave(self, batch: Batch, pieces: int) -> None:
        """So many pieces of a batch leave."""
        if not 0 <= pieces <= batch.left:
            raise ValueError(f"{pieces} pieces cannot leave a batch of which {batch.left} are left")
        if pieces:
            now = float(self.census.env.now)
            self.census.change(-pieces)
            batch.left -= pieces
            self._gone.append(Visit(batch.came, now, now, pieces))
            if not batch.left:
                self.batches.remove(batch)

    def flow(self) -> Flow:
        """What went through, up to now."""
        return flow(self.census, [*self._gone, *(Visit(b.came, size=b.left) for b in self.batches)])
