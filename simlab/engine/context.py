"""What everybody shares during a run: the scenario, the world, the clock, random streams, the event log and each other.

Parties, consequences and analyzers are given a `Context` and know no more of a run than that; `Simulation`, which
stands above them, builds one and fills it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import simpy
from numpy.typing import NDArray
from simpy import Event

from simlab.clock import Steps
from simlab.engine.event_log import EventLog
from simlab.engine.ledger import Ledger
from simlab.engine.queues import Backlog, Queue
from simlab.errors import FAILURES
from simlab.hierarchy import Hierarchy
from simlab.rankings import ROOM
from simlab.relation import Party, Relation, Standard
from simlab.rng import Streams
from simlab.worlds.world import Game

if TYPE_CHECKING:
    from simlab.engine.jobs import Jobs
    from simlab.scenario import Scenario

SECONDS_PER_DAY = 86400.0
Progress = Callable[[str, float, float, float], None]  # stage, day, days, share of the stage done
Tell = Callable[..., None]  # what has happened, by the name of its hook less "simlab_", and what the hook is told
Kind = TypeVar("Kind")


def nobody(what: str, **said: Any) -> None:
    """A `Tell` that tells nobody."""


class Context:
    """One scenario under one seed, in play. `rounds` counts each language model's trainings; `pools` are the names of
    all pools of raters, also of those this run is without."""

    def __init__(
        self,
        scenario: Scenario,
        game: Game,
        hierarchy: Hierarchy,
        jobs: Jobs,
        rng: Streams,
        progress: Progress | None = None,
        tell: Tell = nobody,
    ) -> None:
        self.scenario = scenario
        self.game = game
        self.hierarchy = hierarchy
        self.jobs = jobs
        self.rng = rng
        self.progress = progress
        self.tell = tell
        self.days = float(scenario.days)
        self.env = simpy.Environment()
        self.ledger = Ledger()
        self.log = EventLog(self._stamp, self._guideline_version, self.ledger)
        self.parties: dict[str, Party] = {}
        self.relations: list[Relation] = []
        self.pools = tuple(name for name, spec in scenario.parties.items() if spec.kind == "raters")
        self.rounds = {name: 0 for name, kind in hierarchy.kinds.items() if kind == "language_model"}
        self.queues: dict[str, Queue | Backlog] = {}
        self.cluster = self.queue("the cluster", scenario.cluster.count)
        self._valued = game.valued(scenario.criteria_valued())
        self.failure: Exception | SystemExit | None = None  # the first exception of a process, as it was raised

    # ---- who there is -------------------------------------------------------------------------------------------

    def party(self, name: str, kind: type[Kind]) -> Kind:
        """The party of this name, which is of this kind. Raises TypeError if it is of another."""
        found = self.parties[name]
        if not isinstance(found, kind):
            raise TypeError(f"{name} is no {kind.__name__}")
        return found

    def of_kind(self, kind: type[Kind]) -> list[Kind]:
        """The parties of one kind, in file order."""
        return [party for party in self.parties.values() if isinstance(party, kind)]

    def relations_of(self, principal: str) -> list[Relation]:
        """The relations in which this party judges."""
        return [r for r in self.relations if r.principal.name == principal]

    def guideline_for(self, name: str) -> Standard:
        """The operative guideline that holds where this party stands, free of everybody's misreadings below its
        corporation; what it goes by itself, if there is no corporation."""
        return self.parties[self.hierarchy.maker_of(name) or name].standard()

    def standards_above(self, name: str) -> dict[str, str]:
        """Who gave the guideline that a party is held to, the corporation at the top of its line, and whose intent it
        is to serve, the users above that; empty names where there are none."""
        maker = self.hierarchy.maker_of(name) or (name if self.hierarchy.kinds[name] == "corporation" else "")
        above = self.hierarchy.above(maker) if maker else ()
        users = next((party for party in above if self.hierarchy.kinds[party] == "users"), "")
        return {"guideline": maker, "intent": users}

    def issue(self, name: str) -> None:
        """A guideline of this party has a new version: everybody who works by it is told, also auditors who answer to
        nobody."""
        below = list(self.hierarchy.below(name))
        aside = [
            a for a in self.parties if self.hierarchy.kinds[a] == "auditors" and self.hierarchy.maker_of(a) == name
        ]
        for party in dict.fromkeys([*below, *aside]):
            self.parties[party].on_guideline(self.parties[name].standard())

    def first_task(self, pool: str) -> int:
        """The number of a pool's first task; each pool counts on from its own, so that one more leaves them as is."""
        return self.pools.index(pool) * ROOM

    # ---- the world ----------------------------------------------------------------------------------------------

    @property
    def panel_size(self) -> int:
        """Prompts on the panel."""
        return int(self.scenario.panel.prompts)

    def deviations(self, key: int, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
        """Isotropic random vectors of the value space [n, D], of expected squared length 1; one for each number."""
        return self.game.deviations(key, numbers, self._valued)

    # ---- the clock ----------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """The simulated time, in days."""
        return float(self.env.now)

    @property
    def round(self) -> int:
        """Training rounds completed, of the language model that is ahead."""
        return max(self.rounds.values(), default=0)

    def round_of(self, name: str) -> int:
        """Rounds completed by the language model this party has a part in; of the one ahead, if in several or none."""
        if name in self.rounds:
            return self.rounds[name]
        below = [b for b in self.hierarchy.models_below(name) if b in self.rounds] if name in self.parties else []
        return max((self.rounds[n] for n in below or self.rounds), default=0)

    def trained_out(self, name: str) -> bool:
        """Whether nobody trains this model any more before the run ends."""
        training = [r for r in self.relations if r.agent.name == name]
        return all(r.looks >= len(r.days(self.days)) for r in training)

    def start(self, steps: Steps) -> Event:
        """Let a process run from now on. SimPy makes exceptions anew when they cross processes; ours stay as raised."""

        def watched() -> Steps:
            try:
                yield from steps
            except FAILURES as error:
                self.failure = self.failure or error
                raise

        return self.env.process(watched())

    def compute(self, party: str, kind: str, flops: float) -> Steps:
        """Occupy one machine of the cluster for as long as `flops` operations take, and count the labor."""
        with self.cluster.request() as turn:
            yield turn
            seconds = flops / self.scenario.cluster.flops
            yield self.env.timeout(seconds / SECONDS_PER_DAY)
        order = int(self.hierarchy.kinds[party] == "reward_model")
        self.log.labor(party, kind, order=order, hours=seconds / 3600, flops=flops)

    def queue(self, name: str, capacity: int = 1) -> Queue:
        """A new queue of this run, by whose name the `queues` table will speak of it."""
        made = Queue(self.env, capacity)
        self.queues[name] = made
        return made

    def backlog(self, name: str) -> Backlog:
        """A new backlog of this run, by whose name the `queues` table will speak of it."""
        made = Backlog(self.env)
        self.queues[name] = made
        return made

    # ---- whoever looks on ---------------------------------------------------------------------------------------

    def taught(self, what: str, model: str, **said: Any) -> None:
        """Tell whoever looks on what a machine has learned; arrays are handed out as copies that cannot be changed."""
        self.tell(what, model=model, time=self.now, **{name: _sealed(value) for name, value in said.items()})

    def stage(self, name: str) -> Callable[[int, int], None]:
        """A progress callback for a long computation."""
        return lambda done, total: self.report(name, done / max(1, total))

    def report(self, stage: str, share: float) -> None:
        """Tell whoever watches where the run stands."""
        if self.progress is not None:
            self.progress(stage, min(self.now, self.days), self.days, share)

    # ---- what the event log asks --------------------------------------------------------------------------------

    def _stamp(self, about: str) -> dict[str, Any]:
        return {"time": self.now, "round": self.round_of(about)}

    def _guideline_version(self, relation: Relation) -> int:
        """The version of the guideline in force where this relation stands; 0 where there is none."""
        line = [relation.principal.name, *self.hierarchy.above(relation.principal.name), relation.agent.name]
        found = next((v for v in (getattr(self.parties[name], "version", 0) for name in line) if v), 0)
        if not found and self.hierarchy.kinds[relation.agent.name] in ("raters", "auditors"):  # who answer to nobody
            found = self.guideline_for(relation.agent.name).version
        return int(found)


def _sealed(value: Any) -> Any:
    """A copy to look at: an array that cannot be written to, a mapping that cannot be changed."""
    if isinstance(value, Mapping):
        return MappingProxyType({name: _sealed(part) for name, part in value.items()})
    if isinstance(value, np.ndarray):
        value = value.copy()
        value.setflags(write=False)
    return value


class LiveParty(Party):
    """A party in play: it has a context, in which it finds the others."""

    def __init__(self, context: Context, name: str) -> None:
        super().__init__(name)
        self.context = context
