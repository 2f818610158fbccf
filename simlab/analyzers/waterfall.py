"""Where alignment is lost on the way from users to a language model, and what of it is noise."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.analyzers.analyzer import Analyzer, RoundView
from simlab.analyzers.given_labels import LATER, MOST_LINEAR, Reading, pooled, reading
from simlab.analyzers.waterfall_levels import Level, levels_of, single
from simlab.arrays import Array
from simlab.clock import Steps
from simlab.machines.gaussian_lm import GaussianLM
from simlab.machines.linear_rm import LinearRM
from simlab.measures.statistics import lengthened
from simlab.measures.waterfall import Drawn, Step, waterfall
from simlab.parties.corporation import Corporation
from simlab.parties.language_model import LanguageModel
from simlab.parties.other_labels import OtherResponses
from simlab.parties.pool import Pool
from simlab.parties.reward_model import RewardModel
from simlab.parties.vendor import Vendor
from simlab.relation import Party

if TYPE_CHECKING:
    from simlab.engine.context import Context

PEOPLE = Corporation | Vendor | Pool  # whose randomness costs nothing to draw anew
COLUMNS = (
    "place", "principal", "agent", "rho", "loss", "reliability", "noise", "bias", "side_channel", "share", "why_nan",
)  # fmt: skip


class WaterfallAnalyzer(Analyzer):
    """Fills the table `waterfall`, for the path the scenario names or the levels that lead to the model."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._known = OtherResponses()

    def measure(self, view: RoundView) -> Steps:
        yield from ()
        path = self._path(view.model)
        if len(path) < 2:
            return
        names = [level.name for level in path]
        utilities = {
            level.name: level.pooled(self._utilities(view, level), self._parties, view.panel) for level in path
        }
        place = self._taught(path)
        own = [level for level in path if not place or level is not path[place]]  # whose chance no reading tells
        redraws = {level.name: drawn for level in own if (drawn := self._drawn(view, level)) is not None}
        if place:
            marks, read = path[place - 1].as_marked, self._read(view, path[place])
            names.insert(place, marks)
            utilities[marks], redraws[marks], redraws[path[place].name] = read.utility, read.labels, read.seeds
        steps = waterfall(names, utilities, redraws, view.panel.group)
        columns: dict[str, Any] = {name: [getattr(step, name) for step in steps] for name in COLUMNS}
        columns |= {name: np.array(values) for name, values in columns.items() if _is_number(steps[0], name)}
        self.add("waterfall", view, model=view.model.name, path=" → ".join(level.name for level in path), **columns)

    @property
    def _parties(self) -> dict[str, Party]:
        return self.context.parties

    def _path(self, model: LanguageModel) -> list[Level]:
        """The levels from first to last: as written, if that leads to this model; else whoever is above it."""
        context = self.context
        written = [name for name in context.scenario.waterfall.path if name in context.parties]
        if written and model.name in (written[-1], context.hierarchy.model_below(written[-1])):
            return [single(name) for name in written]
        return levels_of(context, model)

    @property
    def _marks(self) -> bool:
        """Whether what people mark is a level of its own: as written, or if nothing else is."""
        spec = self.context.scenario.waterfall
        return spec.marks if spec.marks is not None else not spec.path and spec.redraw is None

    def _taught(self, path: list[Level]) -> int:
        """The place of the reward models that pools on the level before have taught; 0 if that is no matter here."""
        for place, (above, below) in enumerate(pairwise(path), start=1):
            people = all(isinstance(self._parties[name], Pool) for name in above.parties)
            if self._marks and people and all(isinstance(self._parties[name], RewardModel) for name in below.parties):
                return place
        return 0

    # ---- utilities, and what they would be by other draws --------------------------------------------------------

    def _utilities(self, view: RoundView, level: Level) -> dict[str, Array]:
        """Those of the parties of a level. Where marks are a level of their own, people are asked what they value, and
        that some let a machine answer for them belongs to what they mark."""
        pools = {name: party for name in level.parties if isinstance(party := self._parties[name], Pool)}
        alone = {n: p.by_themselves().utility(view.panel) for n, p in pools.items() if self._marks and p.delegation}
        return {name: alone[name] if name in alone else view.utilities[name] for name in level.parties}

    def _drawn(self, view: RoundView, level: Level) -> tuple[Array, Array] | Drawn | None:
        """Two redraws of those of a level who are drawn anew, all else being as it is; the same two in every round."""
        written = self.context.scenario.waterfall.redraw
        wanted = [name for name in level.own if (self._cheap(name) if written is None else name in written)]
        if not wanted:
            return self._trained_again(view, level) if written is None else None
        halved = {name: both for name in wanted if (both := self._halved(view, name)) is not None}
        found = []
        for number in (0, 1):
            anew = {n: halved[n][number] if n in halved else self._retrained(view, n, number) for n in wanted}
            if any(utility is None for utility in anew.values()):
                return None
            each = self._utilities(view, level) | {name: u for name, u in anew.items() if u is not None}
            found.append(level.pooled(each, self._parties, view.panel))
        return self._lengthened(view, found[0], found[1]) if halved else (found[0], found[1])

    def _halved(self, view: RoundView, name: str) -> tuple[Array, Array] | None:
        """Networks that learned from half of what people compared each; None of others."""
        party = self._parties[name]
        key = self.context.rng.key("redraw", name, "halves")
        return party.utilities_of_halves(view.panel, key) if isinstance(party, RewardModel | LanguageModel) else None

    def _lengthened(self, view: RoundView, one: Array, other: Array) -> Drawn:
        """What two that learned from half each say of the chance in one that learned from all."""
        half = Drawn.of(one, other, view.panel.group).reliability
        return Drawn(lengthened(half, 2) if half > 0 else half)

    def _trained_again(self, view: RoundView, level: Level) -> Drawn:
        """The chance in networks that nobody asked to draw anew: those of the last round and one training more, since
        each costs as much as all rounds did."""
        both = self._halved(view, level.own[0]) if self._last(view.model) and level.own == (view.model.name,) else None
        if both is not None:
            return self._lengthened(view, *both)
        again = {name: self._retrained(view, name, 0) for name in level.own if self._last(view.model)}
        if not again or any(utility is None for utility in again.values()):
            return Drawn(why=LATER.format(level.own[0]))
        own = self._utilities(view, level)
        drawn = own | {name: utility for name, utility in again.items() if utility is not None}
        one, other = (level.pooled(each, self._parties, view.panel) for each in (own, drawn))
        return Drawn.of(one, other, view.panel.group)

    def _retrained(self, view: RoundView, name: str, number: int) -> Array | None:
        party = self._parties[name]
        if isinstance(party, Pool) and self._marks:
            party = party.by_themselves()
        return party.resampled_utility(view.panel, self.context.rng.key("redraw", name, number))

    def _cheap(self, name: str) -> bool:
        """Whose randomness is drawn anew without being asked for: people's and firms', and that of small machines."""
        party = self._parties[name]
        if isinstance(party, RewardModel):
            pairs = sum(made.label.size for made in party.memory)
            return isinstance(party.backend, LinearRM) and pairs <= MOST_LINEAR and not self._marks
        return isinstance(party, PEOPLE) or (isinstance(party, LanguageModel) and isinstance(party.backend, GaussianLM))

    # ---- what people mark ------------------------------------------------------------------------------------------

    def _read(self, view: RoundView, level: Level) -> Reading:
        """What the labels say that the reward models of a level have learned from."""
        machines = {m: w for name, w in level.parties.items() if isinstance(m := self._parties[name], RewardModel)}
        written = self.context.scenario.waterfall.redraw
        anew = written is None or not set(level.parties).isdisjoint(written)
        last = self._last(view.model)
        read = partial(reading, self.context, view, known=self._known, anew=anew, last=last)
        return pooled([read(machine) for machine in machines], list(machines.values()), view.panel)

    def _last(self, model: LanguageModel) -> bool:
        """Whether this model is not trained any more before the run ends."""
        relations = [r for r in self.context.relations if r.agent is model]
        return all(r.looks >= len(r.days(self.context.days)) for r in relations)


def _is_number(step: Step, name: str) -> bool:
    return isinstance(getattr(step, name), int | float)
