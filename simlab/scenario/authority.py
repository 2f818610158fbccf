"""How far authority reaches in a scenario: which corporations stand above a party, which language models below it, and
of which order its work is. Scenario validation asks, of hierarchies of a thousand parties too.
"""

from __future__ import annotations

from collections.abc import Mapping

from simlab.hierarchy import Hierarchy


class Authority:
    """How far authority reaches, for every party of a hierarchy without circles, in one pass down and one up.

    `makers` the corporations above, `models` the language models below, as sets of bits.
    """

    def __init__(self, kinds: Mapping[str, str], hierarchy: Hierarchy) -> None:
        self.hierarchy = hierarchy
        self.makers: dict[str, int] = {}
        self.models: dict[str, int] = {}
        bits = {name: 1 << number for number, name in enumerate(kinds)}
        downward = hierarchy.downward()
        for name in downward:
            self.makers[name] = 0
            for above in hierarchy.principals(name):
                self.makers[name] |= self.makers[above] | (bits[above] if kinds[above] == "corporation" else 0)
        for name in reversed(downward):
            agents = hierarchy.agents(name)
            self.models[name] = 0
            for agent in agents:
                self.models[name] |= self.models[agent] | (bits[agent] if kinds[agent] == "language_model" else 0)

    def of_several(self, name: str) -> bool:
        """Whether this party is the first, on the way down, to work for several corporations."""
        above = self.hierarchy.principals(name)
        return several(self.makers[name]) and not any(several(self.makers[other]) for other in above)


def several(bits: int) -> bool:
    """Whether a set of bits has more than one."""
    return bool(bits & (bits - 1))
