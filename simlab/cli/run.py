"""Commands about scenario files: run, validate, describe, schema, keys."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from contextlib import nullcontext, redirect_stdout
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from simlab.cli.arguments import found_plugins, plugin_places, text
from simlab.cli.console import console, print, print_table, progress
from simlab.cli.parser import Commands
from simlab.paths import given

if TYPE_CHECKING:
    from simlab.plugins.registry import Registry
    from simlab.runs.loading import Run
    from simlab.scenario import Scenario
    from simlab.scenario.keys import Entry


def add(commands: Commands) -> None:
    """Add this file's commands."""
    run_parser = commands.add("run", run, "Run a scenario and leave its outcome tables.", _RUN)
    _add_scenario(run_parser)
    _add_run_options(run_parser)
    about = "Check a scenario file, or a study file; nothing is run."
    _add_scenario(commands.add("validate", validate, about, "simlab validate scenarios/01_first.yaml --set days=30"))
    about = "Say in words who does what to whom in a scenario."
    _add_scenario(commands.add("describe", describe, about, "simlab describe scenarios/03_firing.yaml"))
    about = "Print the JSON schema of scenario files, or of study files."
    example = "simlab schema > scenario.schema.json\nsimlab schema --study > study.schema.json"
    schema_parser = commands.add("schema", schema, about, example, json=True)
    plugin_places(schema_parser)
    schema_parser.add_argument("--study", action="store_true", help="that of study files")
    about = "List every key of one kind of entry of scenario and study files, or the kinds."
    example = "simlab keys\nsimlab keys raters\nsimlab keys learner --json\nsimlab keys vary"
    keys_parser = commands.add("keys", keys, about, example)
    plugin_places(keys_parser)
    keys_parser.add_argument(
        "kind", metavar="KIND", type=text, nargs="?", help="as scenario, raters, relation, fire, learner, world, study"
    )
    keys_parser.add_argument("--json", action="store_true", help="as a JSON list")


_RUN = """\
simlab run scenarios/01_first.yaml --set parties.pool.count=60 --seed 2
simlab run scenarios/01_first.yaml --without pool:17
simlab run scenarios/01_first.yaml --log tensorboard:board
The same line again goes on where an interrupted run stopped."""


def _add_scenario(parser: ArgumentParser) -> None:
    """FILE, what is changed in it, and where its plugins are."""
    parser.add_argument("file", metavar="FILE", help="scenario file (YAML)")
    parser.add_argument("--small", action="store_true", help="apply the file's small: block, for a first look")
    parser.add_argument(
        "--set",
        action="append",
        type=text,
        default=[],
        metavar="KEY=VALUE",
        help="override a setting, as in parties.pool.count=40; may be repeated",
    )
    parser.add_argument("--seed", type=_seed, metavar="N", help="seed, instead of the file's")
    parser.add_argument(
        "--without",
        action="append",
        type=text,
        default=[],
        metavar="WHO",
        help="leave out a person (pool:17) or a party, while all other draws stay; may be repeated",
    )
    plugin_places(parser)


def _seed(typed: str) -> int:
    """A seed: a whole number from 0 to 2⁶³ − 1."""
    if not (typed.isascii() and typed.isdecimal() and len(typed) < 20 and int(typed) < 2**63):
        raise ArgumentTypeError(f"{typed[:40]!r} is no seed; give a whole number from 0 to 2^63 - 1")
    return int(typed)


def _add_run_options(parser: ArgumentParser) -> None:
    """Where a run is left, on what it is computed, and what is printed of it."""
    parser.add_argument("--out", metavar="DIR", help="folder of the run (default: runs/NAME-seedN-HASH)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), help="what networks are computed on")
    parser.add_argument(
        "--log",
        action="append",
        default=[],
        metavar="NAME[:DIR]",
        help="tell a logger, such as tensorboard, how the run goes on; may be repeated",
    )
    parser.add_argument("--yes", action="store_true", help="run it even if that takes hours, or gigabytes of memory")
    parser.add_argument(
        "--json",
        action="store_true",
        help="print one JSON object, and nothing else, on stdout; seconds are those of the run, over all its starts",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress, no summary: only where the run is")


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
    from simlab.report.summary_screen.alerts import told

    manifest = done.manifest
    tables = {name: {"rows": t["rows"], "sha256": t["sha256"]} for name, t in manifest["tables"].items()}
    return {
        "run": manifest["run"],
        "out": str(done.path),
        "status": done.status,
        "seconds": manifest["seconds"],
        "tables": tables,
        "alarms": told(done),
    }


def validate(args: Namespace) -> int:
    """`simlab validate`: silent but for a line when all is well; of a study file, too."""
    from simlab.scenario import costs
    from simlab.scenario.reading import has_small
    from simlab.studies.study_file import is_study_file

    if is_study_file(given(args.file)):
        return _validate_study(args)
    plugins = _plugins(args)
    scenario = _scenario(args, plugins)
    if not (args.small or args.set) and has_small(args.file, plugins):
        _scenario(Namespace(**{**vars(args), "small": True}), plugins)  # its mistakes are the file's, too
    counts = f"{len(scenario.parties)} parties, {len(scenario.relations)} relations, {scenario.days:g} days"
    print(f"{args.file}: ok: {scenario.name}, {counts}, world {scenario.world.name}")
    if told := costs.warning(scenario):
        at, what = told
        print(scenario.problem(at, f"a run {what}", "simlab run asks for --yes"))
    return 0


def _validate_study(args: Namespace) -> int:
    from simlab.studies.plan import planned

    settings = [*args.set, *(["small=true"] if args.small else [])]
    plan = planned(args.file, overrides=settings, plugins=args.plugins, local=not args.no_local_plugins)
    arms, seeds = len(plan.arms), len(plan.seeds)
    print(f"{args.file}: ok: study {plan.spec.name}, {arms} arms × {seeds} seeds, scenario {plan.base['scenario']}")
    return 0


def describe(args: Namespace) -> int:
    """`simlab describe`: who does what to whom."""
    from simlab.scenario.description import describe as description

    scenario = _scenario(args)
    print(description(scenario, given(args.file)))
    return 0


def schema(args: Namespace) -> int:
    """`simlab schema`: the JSON schema of scenario files, or of study files."""
    if args.study:
        from simlab.studies.study_keys import schema as json_schema
    else:
        from simlab.scenario import schema as json_schema

    print(json.dumps(json_schema(found_plugins(args)), indent=2))
    return 0


def keys(args: Namespace) -> int:
    """`simlab keys`: the kinds of entry there are; with one of them, its keys."""
    from simlab.scenario.keys import asked, entries
    from simlab.studies import study_keys

    registry = found_plugins(args)
    more = study_keys.entries(registry)
    found = asked(registry, args.kind, more) if args.kind else [*entries(registry), *more]
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
    """An entry of a file and its keys, on the screen."""
    print(f"{entry.name} ({entry.group}): {entry.about}\n")
    rows = [(key.name, key.type, key.said, key.unit, key.meaning) for key in entry.keys]
    if rows:
        print_table(("key", "type", "default", "unit", "what it means"), rows)
    else:
        print("It has no keys beside kind.\n")


def _scenario(args: Namespace, plugins: Registry | None = None) -> Scenario:
    """The scenario that FILE and the options amount to."""
    from simlab.scenario import load

    options = {"overrides": args.set, "small": args.small, "seed": args.seed, "without": args.without}
    return load(args.file, **options, plugins=plugins or _plugins(args))


def _plugins(args: Namespace) -> Registry:
    """The plugins that FILE may name."""
    from simlab.plugins.registry import discover

    return discover(given(args.file).parent, args.plugins, not args.no_local_plugins)
