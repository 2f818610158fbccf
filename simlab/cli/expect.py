"""The command expect: what a scenario file claims of its runs, held against several seeds."""

from __future__ import annotations

import json
import tempfile
from argparse import Namespace
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab.cli.arguments import number_to, plugin_places, processes, several_processes, text
from simlab.cli.console import counting, print, print_table
from simlab.cli.parser import Commands
from simlab.errors import InvalidInput, Problem
from simlab.paths import given
from simlab.report.layout import NOTHING

if TYPE_CHECKING:
    from simlab.claims import Verdict
    from simlab.scenario.expectations import ArmSpec

Job = tuple[str, dict[str, Any]]  # the run's folder, and what it is run with


def add(commands: Commands) -> None:
    """Add this file's command."""
    about = "Hold what a scenario file expects of its runs, its `expect:` block, against several seeds."
    parser = commands.add("expect", expect, about, _EXAMPLE)
    parser.add_argument("file", metavar="FILE", help="scenario file (YAML)")
    seeds = number_to(1000, "seeds")
    parser.add_argument("--seeds", type=seeds, default=5, metavar="N", help="from the file's own on (default: 5)")
    several_processes(parser)
    parser.add_argument(
        "--set", action="append", type=text, default=[], metavar="KEY=VALUE", help="override a setting; may be repeated"
    )
    parser.add_argument("--out", metavar="DIR", help="folder to keep the runs in (default: they are not kept)")
    parser.add_argument("--json", action="store_true", help="as a JSON list of claims")
    plugin_places(parser)


_EXAMPLE = """\
simlab expect scenarios/12_who_guards_the_guards.yaml
Exit code 1 says that the mean of some claim's number lies elsewhere than claimed."""


def expect(args: Namespace) -> int:
    """`simlab expect`: every claim, what the seeds say, and the verdict."""
    from simlab.plugins.registry import discover
    from simlab.scenario import load

    registry = discover(given(args.file).parent, args.plugins, not args.no_local_plugins)
    scenario = load(given(args.file), plugins=registry, overrides=args.set)
    if not scenario.expect:
        fix = "add an `expect:` block: simlab keys expect lists what each entry takes"
        raise InvalidInput(Problem("expects nothing", fix, given(args.file)))
    seeds = range(scenario.seed, scenario.seed + args.seeds)
    arms = list({_key(arm): arm for claim in scenario.expect for arm in claim.arms}.values())
    with tempfile.TemporaryDirectory(prefix="simlab-expect-") as passing:
        folder = Path(args.out or passing)
        jobs = [_job(args, folder, number, arm, seed) for number, arm in enumerate(arms) for seed in seeds]
        with counting("runs") as progress:
            _run_all(jobs, processes(args), progress)
        verdicts = _verdicts(scenario.expect, arms, [Path(folder) for folder, _ in jobs], len(seeds))
        if args.json:
            print(json.dumps([_record(v) for v in verdicts], indent=2, ensure_ascii=False))
        else:
            head = ("claim", "between", "mean", "95 %", "verdict")
            print_table(head, map(_row, verdicts), f"{scenario.name}, {len(seeds)} seeds from {scenario.seed}")
    return int(not all(v.holds for v in verdicts))


def _key(arm: ArmSpec) -> str:
    return json.dumps(arm.model_dump(), sort_keys=True)


def _job(args: Namespace, folder: Path, number: int, arm: ArmSpec, seed: int) -> Job:
    """One run: of an arm, under a seed."""
    settings = [*args.set, *(f"{path}={json.dumps(value)}" for path, value in arm.set.items())]
    places = {"plugins": args.plugins, "local": not args.no_local_plugins}
    said = {"path": args.file, "seed": seed, "overrides": settings, "without": arm.without, "yes": True, **places}
    return str(folder / f"arm{number}-seed{seed}"), said


def _run(job: Job) -> None:
    from threadpoolctl import threadpool_limits

    from simlab.runner import run_file

    with threadpool_limits(limits=1):
        run_file(out=job[0], **job[1])


def _run_all(jobs: list[Job], several: int, progress: Any) -> None:
    """All runs, several at a time, each in a process of its own kind so that nothing is shared but the cache."""
    tell = progress or (lambda done, total: None)
    if several == 1:
        for done, job in enumerate(jobs, start=1):
            _run(job)
            tell(done, len(jobs))
        return
    with ProcessPoolExecutor(several, mp_context=get_context("spawn")) as pool:
        for done, _ in enumerate(pool.map(_run, jobs), start=1):
            tell(done, len(jobs))


def _verdicts(claims: Any, arms: list[ArmSpec], folders: list[Path], seeds: int) -> list[Verdict]:
    from simlab.claims import verdict
    from simlab.runs.loading import Run, load

    runs: list[list[Run]] = [[load(f) for f in folders[i : i + seeds]] for i in range(0, len(folders), seeds)]
    of = {_key(arm): runs[number] for number, arm in enumerate(arms)}
    return [verdict(c, of[_key(c.arm)], of[_key(c.less)] if c.less is not None else ()) for c in claims]


def _row(verdict: Verdict) -> tuple[str, ...]:
    least, most = verdict.claim.between
    known = verdict.low == verdict.low  # of one seed there is no interval
    beyond = "holds, interval beyond" if known else "holds, of one seed"
    said = "holds" if verdict.surely else beyond if verdict.holds else "FAILS"
    mean = f"{verdict.mean:.3g}" if verdict.mean == verdict.mean else NOTHING
    found = mean, f"{verdict.low:.3g} to {verdict.high:.3g}" if known else NOTHING
    return verdict.claim.says, f"{least:g} to {most:g}", *found, said


def _record(verdict: Verdict) -> dict[str, Any]:
    return {
        "says": verdict.claim.says,
        "between": list(verdict.claim.between),
        "values": [None if value != value else value for value in verdict.values],
        "mean": None if verdict.mean != verdict.mean else verdict.mean,
        "low": None if verdict.low != verdict.low else verdict.low,
        "high": None if verdict.high != verdict.high else verdict.high,
        "holds": verdict.holds,
        "surely": verdict.surely,
    }
