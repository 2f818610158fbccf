"""What each command of the command line does: one function a command, taking its arguments, returning its exit code.

Libraries are imported inside the functions, so that `validate`, `plugins` and `schema` stay quick.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab.errors import InvalidInput, Mismatch, Problem
from simlab.names import from_here, suggestion

if TYPE_CHECKING:
    from simlab.plugins import Registry
    from simlab.runs import Run
    from simlab.scenario import Scenario

Progress = Callable[[str, float, float, float], None]  # stage, day, days, share of the stage done


def run(args: Namespace) -> int:
    """`simlab run`: the run, its progress on stderr, and a screen about it (or one JSON object) on stdout."""
    from simlab.execution import run_file

    began = time.monotonic()
    overrides = [*args.set, *([f"device={args.device}"] if args.device else [])]
    with _progress(args.quiet or args.json) as progress, redirect_stdout(sys.stderr) if args.json else nullcontext():
        done = run_file(
            args.file,
            seed=args.seed,
            out=args.out,
            small=args.small,
            overrides=overrides,
            without=args.without,
            plugins=args.plugins,
            local=not args.no_local_plugins,
            progress=progress,
        )
    if args.json:
        print(json.dumps(_report(done, time.monotonic() - began), allow_nan=False))
    elif args.quiet:
        print(done.path)
    else:
        from simlab.report.summary import screen

        _console().print(screen(done))
    return 0


def _report(done: Run, seconds: float) -> dict[str, Any]:
    """The one object that `simlab run --json` prints."""
    manifest = done.manifest
    tables = {name: {"rows": t["rows"], "sha256": t["sha256"]} for name, t in manifest["tables"].items()}
    return {
        "run": manifest["run"],
        "out": str(done.path),
        "status": done.status,
        "seconds": round(seconds, 3),
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


def plugins(args: Namespace) -> int:
    """`simlab plugins`: every plugin found, broken ones with the reason."""
    from simlab.plugins import discover

    entries = discover(None, args.plugins, not args.no_local_plugins).entries
    if args.json:
        rows = [
            {
                "name": e.name,
                "kind": e.kind,
                "class": e.cls.__name__ if e.cls else None,
                "source": str(e.source),
                "ok": e.ok,
                "error": e.error or None,
                "sha256": e.sha256,
            }
            for e in entries
        ]
        print(json.dumps(rows, indent=2))
        return 0
    about = ((e.kind, e.name, _summary(e.cls) if e.ok else f"BROKEN {e.error}", _source(e.source)) for e in entries)
    _print_table(("kind", "name", "what it is", "source"), about)
    return 0


def tables(args: Namespace) -> int:
    """`simlab tables`: the data dictionary, a run's tables, or rows of one."""
    from simlab.tables import TABLES

    if args.describe and args.dir in TABLES and args.name is None:
        args.dir, args.name = None, args.dir  # `tables responses --describe` needs no run
    if args.name is not None and args.name not in TABLES:
        raise InvalidInput(Problem(f"there is no table {args.name!r}", suggestion(args.name, list(TABLES))))
    names = [args.name] if args.name else list(TABLES)
    if args.dir is None:
        if args.describe:
            return _describe_tables(names, {}, args.json)
        raise InvalidInput(Problem("which run?", "simlab tables DIR, or --describe for the data dictionary"))
    from simlab.runs import load

    found = load(args.dir)
    if args.describe:
        return _describe_tables(names, {n: _added(found, n) for n in names}, args.json)
    if args.name is not None:
        return _show_table(found, args.name, args.rows, args.json)
    if args.json:
        print(json.dumps({n: {"rows": r, "sha256": found.hashes.get(n)} for n, r in found.rows.items()}, indent=2))
        return 0
    rows = ((name, f"{count:,}", TABLES[name].meaning) for name, count in found.rows.items())
    _print_table(("table", "rows", "meaning"), rows)
    return 0


def _added(found: Run, name: str) -> list[str]:
    """Columns that a run has added to a table."""
    from simlab.tables import TABLES

    return [] if TABLES[name].extra is None else [c for c in found.tables[name] if c not in TABLES[name].names]


def _describe_tables(names: Iterable[str], added: Mapping[str, list[str]], as_json: bool) -> int:
    from simlab.tables import TABLES

    fields = ("column", "type", "unit", "meaning")
    said: dict[str, list[tuple[str, ...]]] = {}
    for name in names:
        table = TABLES[name]
        said[name] = [(c.name, c.type, c.unit, c.meaning) for c in table.columns]
        more = added.get(name, [] if as_json else ["…"])
        said[name] += [(column, "float64", "", table.extra) for column in more if table.extra]
    if as_json:
        keys = ("name", *fields[1:])
        listed = {name: [dict(zip(keys, row, strict=True)) for row in rows] for name, rows in said.items()}
        print(json.dumps(listed, indent=2, ensure_ascii=False))
        return 0
    for name, rows in said.items():
        _print_table(fields, rows, f"{name}: {TABLES[name].meaning}")
    return 0


def _show_table(found: Run, name: str, count: int, as_json: bool) -> int:
    if name not in found.tables:
        raise InvalidInput(Problem(f"this run has no table {name!r}", f"it has {', '.join(found.tables)}"))
    frame = found.tables[name]
    shown = frame.head(count) if count else frame
    if as_json:
        print(shown.to_json(orient="records", indent=2, double_precision=15))
        return 0
    print(shown.to_string(max_colwidth=60, index=False, line_width=_width()))
    if len(shown) < len(frame):
        print(f"… {len(frame) - len(shown):,} more rows (--rows 0 shows all)")
    return 0


def compare(args: Namespace) -> int:
    """`simlab compare`: what became different between arms."""
    from simlab.report.comparison import compare as compared
    from simlab.report.side_by_side import screen

    found = compared(*args.paths, by=args.by)
    if args.json:
        about = {name: value for name, value in found.attrs.items() if name != "columns"}
        rows = found.astype(object).where(found.notna(), None).to_dict("records")
        print(json.dumps({**about, "differences": rows}, ensure_ascii=False, allow_nan=False))
        return 0
    _console().print(screen(found))
    return 0


def trace(args: Namespace) -> int:
    """`simlab trace`: one label, from the guideline to the responses that changed."""
    from simlab.report.story import screen
    from simlab.report.trace import trace as traced

    found = traced(args.dir, args.label, args.worker)
    if args.json:
        print(json.dumps(found, ensure_ascii=False, allow_nan=False))
        return 0
    _console().print(screen(found))
    return 0


def verify(args: Namespace) -> int:
    """`simlab verify`: run again, compare, say which tables differ."""
    from simlab.execution import verify as verified

    with _progress(args.quiet) as progress:
        verdict = verified(args.dir, progress, cached=args.cached)
    different = [name for name, (before, after) in verdict.tables.items() if before != after]
    if different:
        raise Mismatch(f"{args.dir}: run again, these tables came out differently: {', '.join(different)}")
    print(f"{args.dir}: same seed, same tables: all {len(verdict.tables)} agree")
    return 0


def theory(args: Namespace) -> int:
    """`simlab theory`: every law at its points and its control; a table, or the records."""
    from simlab.theory import LAWS, check

    began = time.monotonic()
    jobs = args.jobs or min(
        8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    with _counting("laws") as progress:
        records = check(args.only or None, args.quick, jobs, progress)
    wrong = [record for record in records if not record["ok"]]
    if args.json:
        print(json.dumps(records, indent=2, ensure_ascii=False))
        return int(bool(wrong))
    head = ("law", "at", "predicted", "observed", "margin", "verdict")
    _print_table(head, map(_verdict, records), "What theory says, and what the simulator does")
    laws = {record["id"] for record in records}
    families = {record["family"] for record in records}
    seconds = time.monotonic() - began
    print(f"{len(records)} checks of {len(laws)} laws in {len(families)} families, {seconds:.0f} s")
    for record in wrong:
        print(f"not as expected: {record['id']}: {LAWS[record['id']].says} ({record['source']})")
    print("all as expected" if not wrong else f"{len(wrong)} not as expected")
    return int(bool(wrong))


def _verdict(record: Mapping[str, Any]) -> tuple[str, ...]:
    """A record of a law as cells of a table."""
    at = " ".join(f"{name}={_brief(value)}" for name, value in record["params"].items())
    held = "refused" if record["control"] == record["ok"] else "holds"
    said = f"{held}, as a control should" if record["control"] and record["ok"] else held
    numbers = (f"{record[name]:.5g}" for name in ("predicted", "observed", "margin"))
    return (record["id"], at if len(at) <= 48 else at[:47] + "…", *numbers, said if record["ok"] else said.upper())


def _brief(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_brief, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def next(args: Namespace) -> int:
    """`simlab next`: P(next word | text), before and after fine-tuning."""
    from simlab.report.words import AFTER, BEFORE, next_words

    return _beside("p", {when: next_words(args.dir, args.text, when=when) for when in (BEFORE, AFTER)})


def near(args: Namespace) -> int:
    """`simlab near`: nearest neighbours in the dictionary, before and after fine-tuning."""
    from simlab.report.words import AFTER, BEFORE, neighbours

    return _beside("cosine", {when: neighbours(args.dir, args.word, when=when) for when in (BEFORE, AFTER)})


def _beside(number: str, found: Mapping[str, list[tuple[str, float]]]) -> int:
    head = [title for when in found for title in (when, number)]
    cells = [[(word, f"{value:.3f}") for word, value in words] for words in found.values()]
    _print_table(head, ([cell for pair in row for cell in pair] for row in zip(*cells, strict=False)))
    return 0


def _scenario(args: Namespace) -> tuple[Scenario, Registry]:
    from simlab.plugins import discover
    from simlab.scenario import load

    registry = discover(Path(args.file).parent, args.plugins, not args.no_local_plugins)
    options = {"overrides": args.set, "small": args.small, "seed": args.seed, "without": args.without}
    return load(args.file, **options, plugins=registry), registry


def _summary(cls: type | None) -> str:
    return ((cls.__doc__ or "") if cls else "").strip().partition("\n")[0]


def _source(path: Path) -> str:
    """Where a plugin is from, as a person would say it."""
    from simlab.plugins import builtin_folder

    builtin = builtin_folder().resolve()
    return f"built in: {path.relative_to(builtin)}" if path.is_relative_to(builtin) else from_here(path)


def _console() -> Any:
    """stdout for people; wide where no terminal says how wide it is."""
    from rich.console import Console

    return Console(highlight=False, width=None if _width() else 140)


def _width() -> int | None:
    """Columns of the terminal, or None where nobody says."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() or "COLUMNS" in os.environ else None


def _print_table(head: Iterable[str], rows: Iterable[Iterable[str]], title: str | None = None) -> None:
    from rich.markup import escape
    from rich.table import Column, Table

    columns = [Column(name, overflow="fold") for name in head]
    table = Table(*columns, title=title and escape(title), title_justify="left", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    _console().print(table, "")


@contextmanager
def _counting(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """A bar for things that are counted, on stderr while it is a terminal; None otherwise."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars

    with Bars(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


@contextmanager
def _progress(quiet: bool) -> Iterator[Progress | None]:
    """A bar for the days and one for the stage, on stderr while it is a terminal; None otherwise."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        clock, stage = bars.add_task("simulated days", total=None), bars.add_task("", total=1.0)
        current = ""

        def show(name: str, day: float, days: float, share: float) -> None:
            nonlocal current
            if name != current:
                current = name
                bars.reset(stage, description=name, total=1.0)
            bars.update(clock, description=f"day {day:.1f} of {days:g}", completed=day, total=days)
            bars.update(stage, completed=share)

        yield show
