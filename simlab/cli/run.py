"""Commands about scenario files: run one, check it, describe it; and which keys there are."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from contextlib import nullcontext, redirect_stdout
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from simlab.cli.console import console, print, print_table, progress
from simlab.paths import given

if TYPE_CHECKING:
    from simlab.plugins.registry import Registry
    from simlab.runs.loading import Run
    from simlab.scenario import Scenario
    from simlab.scenario.keys import Entry


def run(args: Namespace) -> int:
    """`simlab run`: the run, its progress on stderr, and a screen about it (or one JSON object) on stdout."""
    from simlab.runner import run_file

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
            yes=args.yes,
        )
    if args.json:
        print(json.dumps(_report(done), allow_nan=False))
    elif args.quiet:
        print(done.path)
    else:
        from simlab.report.summary_screen import screen

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
    from simlab.scenario import costs

    scenario, _ = _scenario(args)
    counts = f"{len(scenario.parties)} parties, {len(scenario.relations)} relations, {scenario.days:g} days"
    print(f"{args.file}: ok: {scenario.name}, {counts}, world {scenario.world.name}")
    if told := costs.warning(scenario):
        at, what = told
        print(scenario.problem(at, f"a run {what}", "simlab run asks for --yes"))
    return 0


def describe(args: Namespace) -> int:
    """`simlab describe`: who does what to whom."""
    from simlab.scenario.description import describe as description

    scenario, _ = _scenario(args)
    print(description(scenario, given(args.file)))
    return 0


def schema(args: Namespace) -> int:
    """`simlab schema`: the JSON schema of scenario files."""
    from simlab.plugins.registry import discover
    from simlab.scenario import schema as json_schema

    registry = discover(None, args.plugins, not args.no_local_plugins)
    print(json.dumps(json_schema(registry), indent=2))
    return 0


def keys(args: Namespace) -> int:
    """`simlab keys`: the kinds of entry there are; with one of them, its keys."""
    from simlab.plugins.registry import discover
    from simlab.scenario.keys import asked, entries

    registry = discover(None, args.plugins, not args.no_local_plugins)
    found = asked(registry, args.kind) if args.kind else entries(registry)
    if args.json:
        print(json.dumps([asdict(entry) for entry in found], indent=2))
    elif args.kind:
        for entry in found:
            _show_keys(entry)
    else:
        groups: dict[str, list[str]] = {}
        for entry in found:
            groups.setdefault(entry.group, []).append(entry.name)
        print_table(("where", "simlab keys …"), ((group, ", ".join(names)) for group, names in groups.items()))
    return 0


def _show_keys(entry: Entry) -> None:
    """An entry of a scenario file and its keys, on the screen."""
    print(f"{entry.name} ({entry.group}): {entry.about}\n")
    rows = [(key.name, key.type, key.said, key.unit, key.meaning) for key in entry.keys]
    if rows:
        print_table(("key", "type", "default", "unit", "what it means"), rows)
    else:
        print("It has no keys beside kind.\n")


def _scenario(args: Namespace) -> tuple[Scenario, Registry]:
    from simlab.plugins.registry import discover
    from simlab.scenario import load

    registry = discover(given(args.file).parent, args.plugins, not args.no_local_plugins)
    options = {"overrides": args.set, "small": args.small, "seed": args.seed, "without": args.without}
    return load(args.file, **options, plugins=registry), registry
