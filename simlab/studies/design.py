"""The arms of a study: every form of its scenario that is run, under every seed.

An arm is a named form of the scenario at one point of the design. Points are combinations of levers and uncertainties:
each value with each (a grid); as many points as wanted, spread over all ranges (Latin hypercube: McKay, Beckman &
Conover 1979, Technometrics 21; Sobol 1967, with Owen's scrambling, as in scipy.stats.qmc); those of Saltelli or Morris,
of which indices of sensitivity are made; or the user's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from simlab.errors import InvalidInput, Problem
from simlab.names import clip
from simlab.report.arm_names import by_settings, unlike
from simlab.scenario.expectations import ArmSpec
from simlab.studies.study_file import RangeSpec, VarySpec

WHOLE = "everybody"  # the arm without which no order is left out
MOST_ARMS = 100_000
MOST_NAMED = 1000  # points that are called by their values
Point = Mapping[str, Any]  # value of each setting that varies, by dotted path


@dataclass(frozen=True, slots=True)
class Arm:
    """One form of the scenario: `form` is the name that the study file gives it (or who is left out; "base"), `levers`
    and `uncertainties` are the point of the design, `settings` and `without` what the scenario is run with."""

    name: str
    form: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    levers: Point = field(default_factory=dict)
    uncertainties: Point = field(default_factory=dict)

    @property
    def point(self) -> Point:
        """What varies by design: levers, then uncertainties."""
        return {**self.levers, **self.uncertainties}


def arms_of(vary: VarySpec, common: Mapping[str, Any], samples: Sequence[Point], orders: Sequence[str]) -> list[Arm]:
    """Every arm, forms first: all points of the first form, then those of the next. `common` are settings of all arms,
    `samples` the user's own points, `orders` parties each of which one form is without. Raises InvalidInput if there
    are too many."""
    forms = dict(vary.arms)
    if orders:
        forms = {WHOLE: ArmSpec(), **forms} if WHOLE not in forms else forms
        forms |= {f"without {name}": ArmSpec(without=[name]) for name in orders}
    points = list(samples) or list(_points(vary))
    if (many := max(1, len(forms)) * len(points)) > MOST_ARMS:
        raise InvalidInput(
            Problem(f"{many:,} arms; the most is {MOST_ARMS:,}", "take fewer values, or a latin_hypercube")
        )
    labels = _labels(points)
    found = []
    for (name, form), (label, point) in product(forms.items() or [("", ArmSpec())], zip(labels, points, strict=True)):
        called = ", ".join(part for part in (name, label) if part) or "base"
        uncertain = {key: value for key, value in point.items() if key in vary.uncertainties}
        levers = {key: value for key, value in point.items() if key not in uncertain}
        settings = {**common, **point, **form.set}
        found.append(Arm(called, name or "base", settings, tuple(form.without), levers, uncertain))
    return found


def _labels(points: Sequence[Point]) -> list[str]:
    """What points are called: by the values of what differs, or by number where these are long or many."""
    keys = list(dict.fromkeys(key for point in points for key in point))
    texts = by_settings(points, keys) if keys else [""] * len(points)
    if len(keys) > 4 or len(points) > MOST_NAMED or any("…" in text for text in texts):
        digits = len(str(len(points)))
        return [f"point {number:0{digits}d}" for number in range(1, len(points) + 1)]
    return unlike(texts) if keys else texts


def _points(vary: VarySpec) -> Iterator[Point]:
    varied = {**vary.levers, **vary.uncertainties}
    if vary.design == "grid" or vary.points is None:
        for values in product(*varied.values()):
            yield dict(zip(varied, values, strict=True))
        return
    for shares in shares_of(vary):
        yield {key: at_share(values, share) for (key, values), share in zip(varied.items(), shares, strict=True)}


def shares_of(vary: VarySpec) -> list[list[float]]:
    """The points of a spread design, each as shares of its settings' ranges; none of a grid. Raises InvalidInput where
    a design needs a library that is not installed."""
    varied = len(vary.levers) + len(vary.uncertainties)
    if vary.points is None:
        return []
    if vary.design in ("saltelli", "morris"):
        from simlab.measures.sensitivity import morris_points, saltelli_points

        found: list[list[float]] = (saltelli_points if vary.design == "saltelli" else morris_points)(
            varied, vary.points
        ).tolist()
        return found
    from scipy.stats import qmc

    return _drawn((qmc.LatinHypercube if vary.design == "latin_hypercube" else qmc.Sobol)(varied, seed=0), vary.points)


def _drawn(sampler: Any, points: int) -> list[list[float]]:
    """So many points of a sampler, each a list of shares in [0, 1). Sobol's come in powers of two, of which the first
    are taken (they lose their balance then, and warn of it)."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        drawn: list[list[float]] = sampler.random(points).tolist()
    return drawn


def at_share(values: RangeSpec | list[Any], share: float) -> Any:
    """The value of a setting so far along its range, or in its list."""
    if isinstance(values, RangeSpec):
        return values.at(share)
    return values[min(int(share * len(values)), len(values) - 1)]


def key_of_settings(settings: Mapping[str, Any], without: Sequence[str]) -> str:
    """The same of settings, and of who is left out."""
    return json.dumps([dict(settings), list(without)], sort_keys=True)


def folder_name(text: str) -> str:
    """A folder's name in plain letters."""
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-_.=") else "-" for sign in text)
    return "-".join(part for part in clip(plain, 60).replace("…", "").split("-") if part).strip(".") or "arm"


def folder_names(arms: Sequence[Arm]) -> list[str]:
    """A folder's name for each arm: its own in plain letters, with a number where two would be one."""
    found: dict[str, str] = {}  # by the name as a file system that does not tell cases apart has it
    for arm in arms:
        plain = folder_name(arm.name)
        name, number = plain, 2
        while name.lower() in found:
            name, number = f"{plain}-{number}", number + 1
        found[name.lower()] = name
    return list(found.values())
