"""Where alignment is lost on the way from users to a language model, and what of it is noise."""

from __future__ import annotations

from typing import Any

import numpy as np

from simlab.components import Array
from simlab.measures.rooms.room import Look, Room
from simlab.measures.waterfall import Step, waterfall
from simlab.parties.corporation import Corporation
from simlab.parties.language_model import LanguageModel
from simlab.parties.people import People
from simlab.parties.society import Users
from simlab.parties.vendor import Vendor
from simlab.relation import Steps

PEOPLE = Corporation | Vendor | People  # whose randomness costs nothing to draw anew
COLUMNS = (
    "place", "principal", "agent", "rho", "loss", "reliability", "noise", "bias", "side_channel", "why_nan",
)  # fmt: skip


class WaterfallRoom(Room):
    """Fills the table `waterfall`, for the path the scenario names or the one that leads to the model."""

    def look(self, look: Look) -> Steps:
        yield from ()
        path = self._path(look.model)
        if len(path) < 2:
            return
        redraws = {name: drawn for name in self._redrawn(path) if (drawn := self._twice(look, name)) is not None}
        steps = waterfall(path, look.utilities, redraws, look.panel.group)
        columns: dict[str, Any] = {name: [getattr(step, name) for step in steps] for name in COLUMNS}
        columns |= {name: np.array(values) for name, values in columns.items() if _is_number(steps[0], name)}
        self.add("waterfall", look, model=look.model.name, path=" → ".join(path), **columns)

    def _path(self, model: LanguageModel) -> list[str]:
        """The parties from first to last: as written, if that leads to this model; else whoever is above it."""
        simulation = self.simulation
        written = [name for name in simulation.scenario.waterfall.path if name in simulation.parties]
        if written and model.name in (written[-1], getattr(simulation.model_below(written[-1]), "name", "")):
            return written
        path = [model.name]
        while above := self._above(path[0]):
            path.insert(0, above)
        return path

    def _above(self, name: str) -> str:
        """Whose standard a party is held to: whoever tells it its guideline, users before others, or the first."""
        issuer = (
            self.simulation.issuer_for(name) if isinstance(self.simulation.parties[name], People | Vendor) else None
        )
        principals = self.simulation.hierarchy.principals(name)
        users = [p for p in principals if isinstance(self.simulation.parties[p], Users)]
        return issuer.name if issuer is not None else next(iter([*users, *principals]), "")

    def _redrawn(self, path: list[str]) -> list[str]:
        """Whose randomness is drawn anew: as written, or all people's and firms'."""
        written = self.simulation.scenario.waterfall.redraw
        if written is not None:
            return [name for name in path if name in written]
        return [name for name in path if isinstance(self.simulation.parties[name], PEOPLE)]

    def _twice(self, look: Look, name: str) -> tuple[Array, Array] | None:
        """Two redraws of a party, all above it being as it is; the same two in every round."""
        party = self.simulation.parties[name]
        one, other = (party.redrawn(look.panel, self.simulation.streams.key("redraw", name, i)) for i in (0, 1))
        return None if one is None or other is None else (one, other)


def _is_number(step: Step, name: str) -> bool:
    return isinstance(getattr(step, name), int | float)
