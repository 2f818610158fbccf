"""Commands about the tables of finished runs: tables, compare, trace, verify."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from simlab.cli.arguments import one_object, run_folder, text, whole_number
from simlab.cli.console import console, print, print_table, progress, width
from simlab.cli.parser import Commands
from simlab.errors import InvalidInput, Mismatch, Problem
from simlab.names import suggestion

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import Run


def add(commands: Commands) -> None:
    """Add this file's commands."""
    about = "List the tables of a run, or show one of them."
    _add_tables(commands.add("tables", tables, about, _TABLES, trailing={"dir": str, "name": text}))
    about = "Say what became different between runs of two arms or more."
    _add_compare(commands.add("compare", compare, about, _COMPARE))
    about = "Follow one label from the guideline to the responses that changed."
    _add_trace(commands.add("trace", trace, about, _TRACE))
    about = "Run a finished run again and compare every table."
    _add_verify(commands.add("verify", verify, about, _VERIFY))


_TABLES = """\
simlab tables runs/first
simlab tables runs/first alignment --rows 5
simlab tables responses --describe"""
_COMPARE = """\
simlab compare runs/whole runs/without-17
simlab compare runs/* --by without
simlab compare runs/audit runs/wage --round 2
simlab compare studies/wages --by parties.pool.wage --half-width 0.01
Arms that differ in several things go by the names of their folders, and it is said in what they differ.
Runs of one seed each are compared prompt by prompt; give several seeds of either arm for intervals over seeds."""
_TRACE = """\
simlab trace runs/first 17
simlab trace runs/first 17:3                  (what rater 3 said of that pair)
Numbers are in the column task of the table comparisons."""
_VERIFY = "simlab verify runs/first\nExit code 4 says that a table came out differently."


def _add_tables(parser: ArgumentParser) -> None:
    parser.add_argument("dir", metavar="DIR", nargs="?", help="folder of a run, or of several")
    parser.add_argument("name", metavar="TABLE", type=text, nargs="?", help="table to show")
    parser.add_argument(
        "--describe", action="store_true", help="what the columns mean, with types and units (needs no DIR)"
    )
    parser.add_argument("--rows", type=whole_number, default=20, metavar="N", help="rows to show (default 20, 0: all)")
    parser.add_argument("--json", action="store_true", help="as JSON")


def _add_compare(parser: ArgumentParser) -> None:
    about_paths = "folder of a study, or of a run, or of several; the base first"
    parser.add_argument("paths", metavar="PATH", nargs="+", help=about_paths)
    parser.add_argument(
        "--by", metavar="PARAMETER", type=text, help="what tells arms apart, as in without or parties.pool.count"
    )
    parser.add_argument(
        "--round", type=whole_number, metavar="N", help="compare them after N trainings (default: at the end)"
    )
    about_width = "of a study: say how many seeds make an interval of mean ± W, in units of the outcome"
    parser.add_argument("--half-width", type=float, metavar="W", help=about_width)
    one_object(parser)


def _add_trace(parser: ArgumentParser) -> None:
    run_folder(parser)
    parser.add_argument(
        "label", metavar="LABEL", type=text, help="number of a pair, as task in comparisons; 4711:17 is rater 17's"
    )
    parser.add_argument(
        "--worker", metavar="WHO", type=text, help="who compared the pair, as pool:17, where several did"
    )
    one_object(parser)


def _add_verify(parser: ArgumentParser) -> None:
    run_folder(parser)
    parser.add_argument("--cached", action="store_true", help="take remembered computations instead of doing them anew")
    parser.add_argument("--quiet", action="store_true", help="no progress")


def tables(args: Namespace) -> int:
    """`simlab tables`: the data dictionary, a run's tables, or rows of one."""
    from simlab.tables.schemas import TABLES

    if args.describe and args.dir in TABLES and args.name is None:
        args.dir, args.name = None, args.dir  # `tables responses --describe` needs no run
    if args.name is not None and args.name not in TABLES:
        raise InvalidInput(Problem(f"there is no table {args.name!r}", suggestion(args.name, list(TABLES))))
    names = [args.name] if args.name else list(TABLES)
    if args.dir is None:
        if args.describe:
            return _describe_tables(names, {}, args.json)
        raise InvalidInput(Problem("which run?", "simlab tables DIR, or --describe for the data dictionary"))
    from simlab.runs.loading import load

    found = load(args.dir)
    if args.describe:
        return _describe_tables(names, {n: _added(found, n) for n in names}, args.json)
    if args.name is not None:
        return _show_table(found, args.name, args.rows, args.json)
    if args.json:
        print(json.dumps({n: {"rows": r, "sha256": found.hashes.get(n)} for n, r in found.rows.items()}, indent=2))
        return 0
    rows = ((name, f"{count:,}", TABLES[name].meaning) for name, count in found.rows.items())
    print_table(("table", "rows", "meaning"), rows)
    return 0


def _added(found: Run, name: str) -> list[str]:
    """Columns that a run has added to a table."""
    from simlab.tables.schemas import TABLES

    table = TABLES[name]
    if table.extra is None and not table.of_parties:
        return []
    return [column for column in found.tables[name] if column not in table.names]


def _describe_tables(names: Iterable[str], added: Mapping[str, list[str]], as_json: bool) -> int:
    from simlab.tables.schemas import TABLES

    fields = ("column", "type", "unit", "meaning")
    said: dict[str, list[tuple[str, ...]]] = {}
    for name in names:
        table = TABLES[name]
        said[name] = [(c.name, c.type, c.unit, c.meaning) for c in table.columns]
        more = added.get(name, [] if as_json else ["…"])
        said[name] += [(column, "float64", "", meaning) for column in more if (meaning := table.added(column))]
    if as_json:
        keys = ("name", *fields[1:])
        listed = {name: [dict(zip(keys, row, strict=True)) for row in rows] for name, rows in said.items()}
        print(json.dumps(listed, indent=2, ensure_ascii=False))
        return 0
    for name, rows in said.items():
        print_table(fields, rows, f"{name}: {TABLES[name].meaning}")
    return 0


def _show_table(found: Run, name: str, count: int, as_json: bool) -> int:
    if name not in found.tables:
        raise InvalidInput(Problem(f"this run has no table {name!r}", f"it has {', '.join(found.tables)}"))
    frame = found.tables[name]
    shown = frame.head(count) if count else frame
    if as_json:
        from simlab.report.records import records

        print(json.dumps(records(shown), indent=2, ensure_ascii=False, allow_nan=False))
        return 0
    print(shown.to_string(max_colwidth=60, index=False, line_width=width()))
    if len(shown) < len(frame):
        print(f"… {len(frame) - len(shown):,} more rows (--rows 0 shows all)")
    return 0


def compare(args: Namespace) -> int:
    """`simlab compare`: what became different between arms."""
    from simlab.report.comparison import compare as compared
    from simlab.report.comparison_screen import screen

    found = compared(*args.paths, by=args.by, round=args.round, half_width=args.half_width)
    if "study" in found.attrs:
        return _show_study(args, found)
    if args.json:
        about = {name: value for name, value in found.attrs.items() if name != "columns"}
        rows = found.astype(object).where(found.notna(), None).to_dict("records")
        print(json.dumps({**about, "differences": rows}, ensure_ascii=False, allow_nan=False))
        return 0
    console().print(screen(found))
    return 0


def _show_study(args: Namespace, found: pd.DataFrame) -> int:
    from simlab.report.study_comparison import record, screen

    if args.json:
        print(json.dumps(record(found), ensure_ascii=False, allow_nan=False))
    else:
        console().print(screen(found))
    return 0


def trace(args: Namespace) -> int:
    """`simlab trace`: one label, from the guideline to the responses that changed."""
    from simlab.report.trace import trace as traced
    from simlab.report.trace_screen import screen

    found = traced(args.dir, args.label, args.worker)
    if args.json:
        print(json.dumps(found, ensure_ascii=False, allow_nan=False))
        return 0
    console().print(screen(found))
    return 0


def verify(args: Namespace) -> int:
    """`simlab verify`: run again, compare, say which tables differ."""
    from simlab.runner import verify as verified

    with progress(args.quiet) as watch:
        verdict = verified(args.dir, watch, cached=args.cached)
    different = [name for name, (before, after) in verdict.tables.items() if before != after]
    since = f"; other now than when it was made: {', '.join(verdict.since)}" if verdict.since else ""
    if different:
        told = "".join(f"\n{why}" for why in verdict.unreadable.values())
        named = ", ".join(different)
        raise Mismatch(f"{args.dir}: run again, these tables came out differently: {named}{since}{told}")
    print(f"{args.dir}: same seed, same tables: all {len(verdict.tables)} agree{since}")
    return 0
