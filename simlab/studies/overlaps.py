"""Settings of a study by which runs would not differ in what their arms say: those that undo one another, and the seed,
which every run has from `seeds`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from simlab.names import clip, composed, shown
from simlab.scenario import Scenario
from simlab.scenario.addresses import pair
from simlab.studies.design import Arm
from simlab.studies.study_file import StudySpec


@dataclass(frozen=True, slots=True)
class Overlap:
    """A setting, as some arm of this `form` says it, that must not stand there: why, and the likely fix."""

    path: str
    form: str
    what: str
    fix: str


def overlaps(spec: StudySpec, arms: Sequence[Arm], scenario: Scenario) -> Iterator[Overlap]:
    """Every setting that is undone by another one or by the seeds; once for each form of the scenario."""
    calls = [[f"{r.principal} → {r.agent}", *([r.name] if r.name else [])] for r in scenario.relations]
    yield from _of_seed("", spec.common)
    for arm in {arm.form: arm for arm in arms}.values():
        said = spec.vary.arms[arm.form].set if arm.form in spec.vary.arms else {}
        yield from _of_seed(arm.form, [*arm.point, *said])
        earlier: dict[str, str] = {}
        for path in arm.point:
            if (known := earlier.setdefault(plain(path, calls), path)) != path:
                yield Overlap(path, arm.form, f"is the same setting as {shown(known)}", "say it once")
        for path in said:
            if plain(path, calls) in earlier:
                what = f"is set by the arm {clip(arm.form)!r}, and varies"
                yield Overlap(path, arm.form, what, "leave it out of the arm, or let it not vary")


def _of_seed(form: str, paths: Iterable[str]) -> Iterator[Overlap]:
    for path in paths:
        if path.strip() == "seed":
            yield Overlap(path, form, "is not set here: runs have their seeds from the study", "as in seeds: [3, 8]")


def plain(path: str, calls: Sequence[Sequence[str]]) -> str:
    """A dotted path in which a relation goes by its number; `calls` says what else each may be called."""
    steps = [composed(step.strip()) for step in path.split(".")]
    if steps[0] == "relations" and len(steps) > 1:
        found = [number for number, names in enumerate(calls) if pair(steps[1]) in names]
        steps[1] = str(found[0]) if len(found) == 1 else steps[1]
    return ".".join(steps)
