"""Commands about scenario files: run one, check it, describe it; and which keys there are."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab.commands.console import console, progress

if TYPE_CHECKING:
    from simlab.plugins import Registry
    from simlab.runs import Run
    from simlab.scenario import Scenario


def run(args: Namespace) -> int:
    """`simlab run`: the run, its progress on stderr, and a screen about it (or one JSON object) on stdout."""
    from simlab.execution import run_file

    overrides = [*args.set, *([f"device={args.device}"] if args.device else [])]
    with progress(args.quiet or args.json) as watch, redirect_stdout(sys.stderr) if args.json else nullcontext():
        done = run_file(
            args.file,
            seed=args.seed,
            out=args.out,
            small=args.small,
            overrides=overrides,
            without=args.without,
            plugins=args.plugins,
            local=not args.no_local_plugins,
            progress=watch,
            log=args.log,
        )
    if args.json:
        print(json.dumps(_report(done), allow_nan=False))
    elif args.quiet:
        print(done.path)
    else:
        from simlab.report.summary import screen

        console().print(screen(done))
    return 0


def _report(done: Run) -> dict[str, Any]:
    """The one object that `simlab run --json` prints; `seconds` is the wall time of the whole run, over all its starts,
    and not of looking at one that was finished before."""
    manifest = done.manifest
    tables = {name: {"rows": t["rows"], "sha256": t["sha256"]} for name, t in manifest["tables"].items()}
    return {
        "run": manifest["run"],
        "out": str(done.path),
        "status": done.status,
        "seconds": manifest["seconds"],
        "tables": tables,
    }


def validate(args: Namespace) -> int:
    """`simlab validate`: silent but for a line when all is well."""
    scenario, _ = _scenario(args)
    counts = f"{len(scenario.parties)} parties, {len(scenario.relations)} relations, {scenario.days:g} days"
    print(f"{args.file}: ok: {scenario.name}, {counts}, world {scenario.world.name}")
    return 0


def describe(args: Namespace) -> int:
    """`simlab describe`: who does what to whom."""
    from simlab.scenario.description import describe as description

    scenario, _ = _scenario(args)
    print(description(scenario, Path(args.file)))
    return 0


def schema(args: Namespace) -> int:
    """`simlab schema`: the JSON schema of scenario files."""
    from simlab.plugins import discover
    from simlab.scenario import schema as json_schema

    registry = discover(None, args.plugins, not args.no_local_plugins)
    print(json.dumps(json_schema(registry), indent=2))
    return 0


def _scenario(args: Namespace) -> tuple[Scenario, Registry]:
    from simlab.plugins import discover
    from simlab.scenario import load

    registry = discover(Path(args.file).parent, args.plugins, not args.no_local_plugins)
    options = {"overrides": args.set, "small": args.small, "seed": args.seed, "without": args.without}
    return load(args.file, **options, plugins=registry), registry
