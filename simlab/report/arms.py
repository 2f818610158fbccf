"""Arms: runs that differ in one thing and in the seed, sorted by that thing and matched by seed.

`arms` refuses runs that differ in more, and says in what: a difference between arms must have one cause only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simlab.errors import InvalidInput, Problem
from simlab.names import clip, did_you_mean, suggestion
from simlab.runs import Run, Study, load

SEED, WITHOUT = "seed", "without"
_SHOWN = 5  # parameters named in one message
_COLUMNS = {"ledger": ("account", "amount"), "labor": ("party", "kind", "hours", "pay", "flops")}  # of long tables
Parameters = Mapping[str, Any]  # by dotted path


@dataclass(frozen=True, slots=True)
class Arms:
    """Runs by arm and seed. `by` is the parameter that tells arms apart, empty if several do; the first arm is the
    base. `differ` holds every parameter that differs, with its value in each arm; `apart` names runs without a
    counterpart under the same seed, which are left out."""

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
    `parties.pool.misreading` or `seed`.

    Without `by` it is what the runs differ in, if that is one parameter, or if there are two arms only. The first
    arm is that of the first run; but of many runs numbers ascend, and everybody comes before those without somebody.
    Raises InvalidInput
    unless there are two finished runs at least which differ in the arm and the seed and in nothing else.
    """
    runs = [run for path in paths for run in _runs(path)]
    if len(runs) < 2:
        raise InvalidInput(Problem("one run cannot be compared", "give two folders, or one that holds several"))
    _require_finished(runs)
    said = [_parameters(run) for run in runs]
    differing = [path for path in _paths(said) if len({_text(each.get(path)) for each in said}) > 1]
    kinds = list(dict.fromkeys(_text({p: v for p, v in each.items() if p != SEED}) for each in said))
    by = _cause(by, said, differing, kinds)
    _require_one_cause(by, runs, said, differing, len(kinds))
    values = [_value(each, by) if by else _text({p: each.get(p) for p in differing if p != SEED}) for each in said]
    order = list(dict.fromkeys(map(_text, values)))
    if len(runs) > 2 or by == WITHOUT:
        order = _ordered(order)
    names = _names(order, values, runs, by)
    sorted_runs = {name: _by_seed(name, value, values, runs) for name, value in zip(names, order, strict=True)}
    firsts = {name: said[[_text(v) for v in values].index(value)] for name, value in zip(names, order, strict=True)}
    differ = {p: {name: first.get(p) for name, first in firsts.items()} for p in differing if p != SEED or by == SEED}
    return _matched(Arms(by, sorted_runs, differ, ()))


def _runs(path: Path | str) -> Sequence[Run]:
    found = load(path, columns=_COLUMNS)
    return found.parts if isinstance(found, Study) else [found]


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


def _paths(said: Sequence[Parameters]) -> list[str]:
    """Every path; a plugin's content counts where both runs use it, for whether they do is said elsewhere."""
    every = list(dict.fromkeys(path for each in said for path in each))
    return [p for p in every if not p.startswith("plugin ") or all(p in each for each in said)]


def _cause(by: str | None, said: Sequence[Parameters], differing: list[str], kinds: list[str]) -> str:
    """The parameter that tells arms apart; empty where two arms differ in several."""
    others = [path for path in differing if path != SEED]
    if by is None:
        if not others and SEED not in differing:
            raise InvalidInput(Problem("these are the same run", "give a second one that differs in something"))
        if not others and len(said) > 2:
            raise InvalidInput(Problem("these runs differ in nothing but the seed", "to compare seeds: --by seed"))
        if len(others) > 1 and len(kinds) > 2:
            what = f"these runs differ in {_listed(others)}: several arms at once"
            raise InvalidInput(Problem(what, "say which one with --by, and give only runs that are alike in the rest"))
        return others[0] if len(others) == 1 else "" if others else SEED
    known = [path for each in said for path in each]
    if not any(_within(path, by) for path in known):
        raise InvalidInput(Problem(f"--by {clip(by)}: no such parameter", _meant(by, list(dict.fromkeys(known)))))
    if not any(_within(path, by) for path in differing):
        what = f"all these runs have the same {by}"
        raise InvalidInput(
            Problem(what, f"they differ in {_listed(differing)}" if differing else "they are the same run")
        )
    return by


def _meant(by: str, known: Sequence[str]) -> str:
    """The likeliest parameters that were meant: those that end alike, or are spelled much alike."""
    alike = [path for path in known if path.rpartition(".")[2] == by.rpartition(".")[2]]
    return suggestion(by, alike) if alike else did_you_mean(by, known) or "as in without, or parties.pool.misreading"


def _require_one_cause(
    by: str, runs: Sequence[Run], said: Sequence[Parameters], differing: Sequence[str], kinds: int
) -> None:
    """Refuse runs that differ in more than the arm and the seed."""
    beside = [path for path in differing if path != SEED and by and not _within(path, by)]
    if beside:
        one = next(i for i, each in enumerate(said) if any(each.get(p) != said[0].get(p) for p in beside))
        cause = "the seed" if by == SEED else f"{by} and the seed"
        what = f"{runs[0].path} and {runs[one].path} differ in more than {cause}: in {_listed(beside)}"
        raise InvalidInput(Problem(what, "give only runs that are alike in the rest"))
    if len(runs) == 2 and SEED in differing and by != SEED and kinds == 2:
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


def _names(order: list[str], values: Sequence[Any], runs: Sequence[Run], by: str) -> list[str]:
    """What to call the arms: by their value; if they differ in several things, by what their folders are called."""
    if by:
        return [_said(json.loads(value), by) for value in order]
    said = [[run.path.name for run, own in zip(runs, values, strict=True) if _text(own) == value] for value in order]
    folders = [n[0] if len(n) == 1 else n[0].rstrip("-_0123456789") or n[0] for n in said]  # less the seed
    return folders if len(set(folders)) == len(folders) else [f"{n} {i}" for i, n in enumerate(folders, start=1)]


def _said(value: Any, by: str) -> str:
    """A parameter's value as the name of an arm."""
    if by == WITHOUT:
        return f"without {', '.join(value)}" if value else "everybody"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return clip(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), 40)


def _by_seed(name: str, value: str, values: Sequence[Any], runs: Sequence[Run]) -> dict[int, Run]:
    found: dict[int, Run] = {}
    for run, own in zip(runs, values, strict=True):
        if _text(own) != value:
            continue
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
