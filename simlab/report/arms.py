"""Arms: runs sorted by what tells them apart, and matched by seed.

An arm holds runs that are alike in all but the seed. Where arms differ from one another in several things, none of
which can be told from the others as the cause, they go by the names of their folders, and `differ` says in what.
`arms` refuses runs of which an arm would hold different ones, and says in what those differ. `arm_names` names them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simlab.errors import InvalidInput, Problem
from simlab.names import clip, did_you_mean, suggestion
from simlab.report.arm_names import WITHOUT, by_folder, by_settings, of_value, unlike
from simlab.runs.loading import Run, RunSet, load

SEED, NAME = "seed", "name"
_SHOWN = 12  # parameters named in one message
_COLUMNS = {  # of long tables
    "ledger": ("time", "account", "counterparty", "amount", "reason"),
    "comparisons": ("time", "order", "principal", "label", "source", "gold"),
}
Parameters = Mapping[str, Any]  # by dotted path


@dataclass(frozen=True, slots=True)
class Arms:
    """Runs by arm and seed. `by` is the parameter that tells arms apart, empty if several do; the first arm is the
    base. `differ` holds every parameter that differs between arms, with its value in each; `apart` names runs without
    a counterpart under the same seed, which are left out."""

    by: str
    runs: Mapping[str, Mapping[int, Run]]
    differ: Mapping[str, Mapping[str, Any]]
    apart: Sequence[str]

    @property
    def names(self) -> list[str]:
        """Names of the arms, the base first."""
        return list(self.runs)

    def pairs(self, arm: str) -> list[tuple[int, Run, Run]]:
        """(seed, base, other) for every seed of an arm; if arms are seeds, their two runs."""
        base, other = self.runs[self.names[0]], self.runs[arm]
        if self.by == SEED:
            return [(seed, next(iter(base.values())), run) for seed, run in other.items()]
        return [(seed, base[seed], other[seed]) for seed in sorted(base) if seed in other]


def arms(paths: Sequence[Path | str], by: str | None = None) -> Arms:
    """The runs in these folders (or in folders below them), sorted into arms by parameter `by`, as `without`,
    `parties.pool.misreading`, `name` (of the scenario) or `seed`.

    Without `by` it is what the runs differ in, if that is one thing; else every setting is an arm. The first arm is
    that of the first run; but of many runs numbers ascend, and everybody comes before those without somebody.
    Raises InvalidInput unless there are two finished runs at least, and if runs of one arm differ in more than the
    seed.
    """
    runs = [run for path in paths for run in _runs(path)]
    if len(runs) < 2:
        raise InvalidInput(Problem("one run cannot be compared", "give two folders, or one that holds several"))
    _require_finished(runs)
    said = [_parameters(run) for run in runs]
    differing = [path for path in _paths(said, by) if len({_text(each.get(path)) for each in said}) > 1]
    by = _cause(by, said, differing)
    values = [_text(_value(each, by) if by else {p: each.get(p) for p in differing if p != SEED}) for each in said]
    _require_alike(by, runs, said, differing, values)
    order = list(dict.fromkeys(values))
    if len(runs) > 2 or by == WITHOUT:
        order = _ordered(order)
    groups = [[run for run, value in zip(runs, values, strict=True) if value == wanted] for wanted in order]
    firsts = [said[values.index(wanted)] for wanted in order]
    names = _names(by, groups, firsts, [path for path in differing if path != SEED])
    sorted_runs = {name: _by_seed(name, group) for name, group in zip(names, groups, strict=True)}
    told = [path for path in differing if path != SEED or by == SEED]
    differ = {path: {name: first.get(path) for name, first in zip(names, firsts, strict=True)} for path in told}
    return _matched(Arms(by, sorted_runs, differ, ()))


def _runs(path: Path | str) -> Sequence[Run]:
    found = load(path, columns=_COLUMNS)
    return found.parts if isinstance(found, RunSet) else [found]


def _require_finished(runs: Sequence[Run]) -> None:
    for run in runs:
        if run.status != "finished":
            fix = "the command that began it goes on where it stopped"
            raise InvalidInput(Problem(f"the run is {run.status}, not finished", fix, run.path))


def _parameters(run: Run) -> Parameters:
    """Everything that decides a run's outcome, by dotted path; what is only said about it is left out."""
    manifest = run.manifest
    found = dict(_flat(manifest["parameters"]))
    found = {p: v for p, v in found.items() if p.rpartition(".")[2] not in ("description", "device")}
    found |= {SEED: manifest["seed"], "version": manifest["version"], "device": manifest.get("device", "cpu")}
    return {**found, **{f"plugin {name}": sha for name, sha in manifest.get("plugins", {}).items()}}


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves by dotted path; a list of plain values is one leaf."""
    if isinstance(value, Mapping) and value:
        for key, below in value.items():
            yield from _flat(below, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        yield from _flat(dict(enumerate(value)), path)
    else:
        yield path, value


def _paths(said: Sequence[Parameters], by: str | None) -> list[str]:
    """Every path; a plugin's content counts where all runs use it, for whether they do is said elsewhere, and what a
    scenario is called only if arms are to be told apart by it."""
    every = list(dict.fromkeys(path for each in said for path in each if path != NAME or by == NAME))
    return [p for p in every if not p.startswith("plugin ") or all(p in each for each in said)]


def _cause(by: str | None, said: Sequence[Parameters], differing: list[str]) -> str:
    """The parameter that tells arms apart; empty where arms differ in several things."""
    others = [path for path in differing if path != SEED]
    if by is None:
        if not others and SEED not in differing:
            raise InvalidInput(Problem("these are the same run", "give a second one that differs in something"))
        if not others and len(said) > 2:
            raise InvalidInput(Problem("these runs differ in nothing but the seed", "to compare seeds: --by seed"))
        return _one_thing(others) if others else SEED
    known = [path for each in said for path in each]
    if not any(_within(path, by) for path in known):
        raise InvalidInput(Problem(f"--by {clip(by)}: no such parameter", _meant(by, list(dict.fromkeys(known)))))
    if not any(_within(path, by) for path in differing):
        what = f"all these runs have the same {by}"
        raise InvalidInput(
            Problem(what, f"they differ in {_listed(differing)}" if differing else "they are the same run")
        )
    return by


def _one_thing(paths: Sequence[str]) -> str:
    """The parameter that these paths are, or the component that is another one with other parameters; empty if they
    are several things."""
    if len(paths) == 1:
        return paths[0]
    whole = [path.removesuffix(".kind") for path in paths if path.endswith(".kind")]
    return next((above for above in whole if all(_within(path, above) for path in paths)), "")


def _meant(by: str, known: Sequence[str]) -> str:
    """The likeliest parameters that were meant: those that end alike, or are spelled much alike."""
    alike = [path for path in known if path.rpartition(".")[2] == by.rpartition(".")[2]]
    return suggestion(by, alike) if alike else did_you_mean(by, known) or "as in without, or parties.pool.misreading"


def _require_alike(
    by: str, runs: Sequence[Run], said: Sequence[Parameters], differing: Sequence[str], values: Sequence[str]
) -> None:
    """Refuse runs of one arm that differ in more than the seed; and arms that are seeds and differ in more."""
    beside = [path for path in differing if path != SEED and not (by and _within(path, by))] if by else []
    for one, first in enumerate(said):
        for two, other in enumerate(said[one + 1 :], start=one + 1):
            apart = [path for path in beside if _text(first.get(path)) != _text(other.get(path))]
            if apart and (by == SEED or values[one] == values[two]):
                cause = "the seed" if by == SEED else f"{by} and the seed"
                what = f"{runs[one].path} and {runs[two].path} differ in more than {cause}: in {_listed(apart)}"
                raise InvalidInput(Problem(what, "give only runs that are alike in the rest"))
    if len(runs) == 2 and SEED in differing and by != SEED:
        what = f"these two runs differ in the seed, too ({said[0][SEED]} and {said[1][SEED]})"
        raise InvalidInput(Problem(what, "run both under the same seed, or both under several"))


def _within(path: str, by: str) -> bool:
    return path == by or path.startswith(f"{by}.")


def _value(said: Parameters, by: str) -> Any:
    """The value of a parameter, or of all below it."""
    return said[by] if by in said else {path: value for path, value in said.items() if _within(path, by)}


def _ordered(values: list[str]) -> list[str]:
    """Numbers ascend, and shorter lists come first; other values stay as they were given."""
    read = [json.loads(value) for value in values]
    if all(isinstance(value, int | float) for value in read):
        return [value for _, value in sorted(zip(read, values, strict=True))]
    if all(isinstance(value, list) for value in read):
        return [
            value for _, _, value in sorted((len(r), i, v) for i, (r, v) in enumerate(zip(read, values, strict=True)))
        ]
    return values


def _names(
    by: str, groups: Sequence[Sequence[Run]], firsts: Sequence[Parameters], differing: Sequence[str]
) -> list[str]:
    """What to call the arms: by the parameter's value; if they differ in several things, by what their folders are
    called, or else by all their settings."""
    if by and all(by in first for first in firsts):
        return unlike([of_value(first[by], by) for first in firsts])
    if by:
        return unlike(by_settings(firsts, [path for path in differing if _within(path, by)]))
    folders = by_folder([[(run.path, int(run.manifest["seed"])) for run in group] for group in groups])
    return unlike(folders or by_settings(firsts, differing))


def _by_seed(name: str, group: Sequence[Run]) -> dict[int, Run]:
    found: dict[int, Run] = {}
    for run in group:
        seed = int(run.manifest["seed"])
        if seed in found:
            what = f"{found[seed].path} and {run.path} are the same run: arm {name}, seed {seed}"
            raise InvalidInput(Problem(what, "give each run once"))
        found[seed] = run
    return found


def _matched(found: Arms) -> Arms:
    """Only runs with a counterpart under the same seed, in the base or in some other arm."""
    if found.by == SEED:
        return found
    base, *others = found.runs.values()
    common = {name: [s for s in runs if s in base] for name, runs in list(found.runs.items())[1:]}
    for name, seeds in common.items():
        if not seeds:
            what = f"arms {found.names[0]} and {name} have no seed in common"
            raise InvalidInput(Problem(what, "run every arm under the same seeds"))
    used = {seed for seeds in common.values() for seed in seeds}
    apart = [run.path for seed, run in base.items() if seed not in used]
    apart += [run.path for runs in others for seed, run in runs.items() if seed not in base]
    return Arms(found.by, found.runs, found.differ, [str(path) for path in apart])


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _listed(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more
