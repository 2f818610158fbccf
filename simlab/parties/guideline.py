"""A guideline through its versions: what it weighs, what the public is told of it, and how it is revised.

Used by `corporation.Corporation`, whose guideline it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import Array
from simlab.clock import day_of
from simlab.components.guideline_policy import GuidelinePolicy, GuidelineReview, Term, Verdict
from simlab.components.return_values import given, not_a_number
from simlab.engine.context import Context
from simlab.errors import PluginFailed
from simlab.tables.recorder import coded

if TYPE_CHECKING:
    from simlab.scenario import GuidelineSpec

Weights = Mapping[str, float]


class Guideline:
    """The weights of a corporation's criteria, operative and published; `version` counts from 1."""

    def __init__(self, spec: GuidelineSpec, criteria: Sequence[str]) -> None:
        self.spec = spec
        self.criteria = frozenset(criteria)  # those a guideline of this run can give weight to
        self.version = 1
        self.published: dict[str, float] = dict(spec.published)
        self.verdict: Verdict | None = None  # of the last meeting
        self.versions: list[dict[str, float]] = [dict(spec.operative)]
        self.install(spec.policy)

    @property
    def operative(self) -> dict[str, float]:
        """What is operative now."""
        return self.versions[-1]

    def install(self, policy: GuidelinePolicy) -> None:
        """Let others set the guideline from now on, by this policy."""
        self.policy = policy
        self.turn = 0
        self.first = self.operative

    def meetings(self, until: float) -> list[float]:
        """Days on which it may be revised, up to `until`."""
        meetings = range(1, int(until / self.spec.every) + 2)
        return [day for n in meetings if (day := day_of(n, self.spec.every)) <= until]

    def meet(self, day: float, history: tuple[Term, ...], returned: float, key: int) -> bool:
        """Ask the policy for new weights; whether there is a new version now. Raises PluginFailed if it cannot say."""
        situation = GuidelineReview(
            day=day,
            version=self.version,
            turn=self.turn,
            weights=dict(self.operative),
            first=dict(self.first),
            history=history,
            returned=returned,
            key=key,
        )
        self.turn += 1
        try:
            self.verdict = self.policy.verdict(situation)
            weights = self.policy.revise(situation)
        except Exception as error:
            raise PluginFailed.raised(f"guideline policy {self.policy.name!r}", error) from error
        return weights is not None and self.revise(self._checked(weights))

    def revise(self, weights: Weights) -> bool:
        """Make these weights operative, as a new version; False if they are already."""
        new = {name: float(weight) for name, weight in weights.items()}
        if _nonzero(new) == _nonzero(self.operative):
            return False
        self.version += 1
        self.versions.append(new)
        if self.spec.publish == "follow":
            self.published = self.versions[max(0, len(self.versions) - 1 - self.spec.lag)]
        return True

    def shifted(self, toward: Weights, share: float) -> dict[str, float]:
        """These weights moved by a share of the way toward others, the directions compared, not the lengths."""
        now, length = self.operative, _length(self.operative)
        aim = length / _length(toward)
        return {n: (1 - share) * now.get(n, 0.0) + share * aim * toward.get(n, 0.0) for n in {**now, **toward}}

    def _checked(self, weights: Weights) -> Weights:
        """The weights a policy gave, if they are some."""
        named = isinstance(weights, Mapping) and all(isinstance(name, str) for name in weights)
        if not named or any(not_a_number(weight) for weight in weights.values()):
            what = f"must give weights by the names of criteria, or None; it gave {given(weights)}"
            raise PluginFailed.returned(self.policy, what, "revise")
        unknown = [name for name in weights if name not in self.criteria]
        bad = [name for name, weight in weights.items() if not (math.isfinite(weight) and abs(weight) <= 1e6)]
        what = ""
        if unknown:
            what = f"gave weight to {unknown[0]!r}, which its criteria() do not name"
        elif bad:
            what = f"gave {bad[0]!r} the weight {weights[bad[0]]!r}"
        elif not any(weights.values()):
            what = "gave no criterion any weight"
        if what:
            raise PluginFailed.returned(self.policy, what, "revise")
        return weights


def _nonzero(weights: Weights) -> dict[str, float]:
    return {name: weight for name, weight in weights.items() if weight}


def _length(weights: Weights) -> float:
    return math.sqrt(sum(weight**2 for weight in weights.values()))


# ---- rows of tables -------------------------------------------------------------------------------------------------


def write_version(context: Context, corporation: str, version: int, kind: str, weights: Mapping[str, float]) -> None:
    """One version of a guideline, published or operative."""
    context.log.add_timed(
        "guidelines",
        corporation=corporation,
        version=version,
        kind=kind,
        criterion=list(weights),
        weight=np.array(list(weights.values()), dtype=float),
    )
    if kind == "operative":
        practised = context.parties[corporation].standard().vector
        write_readings(context, corporation, [corporation], practised[None, :], version)


def write_meeting(context: Context, corporation: str, version: int, term: Term, verdict: Verdict | None) -> None:
    """What those who set a guideline found when they met, if they say so; `version` was in force until then."""
    if verdict is None:
        return
    context.log.add(
        "meetings",
        about=corporation,
        corporation=corporation,
        version=version,
        begun=term.begun,
        revenue=term.revenue,
        cost=term.cost,
        days=term.user_days,
        profit=term.profit,
        attrition=term.attrition,
        newcomers=term.newcomers,
        worth=verdict.worth,
        best=verdict.best,
        move=verdict.move,
        why=verdict.why,
    )


def write_readings(context: Context, party: str, people: Sequence[str], vectors: Array, version: int) -> None:
    """What a party, or each of these people of a pool, goes by: value vectors [n, D], criterion by criterion.

    What lies in no named criterion's direction is one row more, its length.
    """
    criteria, game = context.scenario.criteria_valued(), context.game
    axes = np.stack([game.value({name: 1.0}) for name in criteria])
    weights = vectors @ axes.T / np.sum(axes * axes, axis=1)
    rest = np.linalg.norm(vectors - weights @ axes, axis=1)
    columns = [*criteria, ""] if rest.max(initial=0.0) > 1e-12 else criteria
    both = np.column_stack([weights, rest])[:, : len(columns)]
    context.log.add(
        "readings",
        about=party,
        party=coded(np.repeat(np.arange(len(people)), len(columns)), people),
        version=version,
        criterion=coded(np.tile(np.arange(len(columns)), len(people)), columns),
        weight=both.ravel(),
    )
