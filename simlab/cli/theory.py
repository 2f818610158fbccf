"""The command theory: what each law predicts, beside what the simulator does."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from simlab.cli.arguments import processes, several_processes, text
from simlab.cli.console import counting, print, print_table
from simlab.cli.parser import Commands
from simlab.errors import InvalidInput


def add(commands: Commands) -> None:
    """Add this file's command."""
    about = "Hold the simulator to the laws it must agree with, and show prediction and observation."
    parser = commands.add("theory", theory, about, _EXAMPLE)
    parser.add_argument(
        "--only", action="append", type=text, default=[], metavar="FAMILY", help="one family of laws; may be repeated"
    )
    parser.add_argument(
        "--at", nargs="+", type=text, metavar=("LAW", "NAME=VALUE"),
        help="one law, elsewhere: at its first point, but for these parameters",
    )  # fmt: skip
    parser.add_argument("--paths", action="store_true", help="also say which code of a run each law observes")
    parser.add_argument("--quick", action="store_true", help="fewer points and replications: half a minute")
    parser.add_argument("--json", action="store_true", help="as a JSON list of records")
    several_processes(parser)


_EXAMPLE = """\
simlab theory --quick
simlab theory --only choice --only tree
simlab theory --at choice.bradley_terry delta=-2.5 tau=0.7
Exit code 1 says that a law was refused, or that a control, which must be, was not."""


def _parameter(typed: str) -> tuple[str, Any]:
    """A parameter of a law as it is typed: a name and a number, a list or a text. Raises InvalidInput for others."""
    name, equals, value = typed.partition("=")
    if not equals:
        raise InvalidInput(f"{typed[:40]!r} is no parameter of a law; write NAME=VALUE, as in delta=0.5")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def theory(args: Namespace) -> int:
    """`simlab theory`: every law at its points and its control; a table, or the records."""
    from simlab.theory import LAWS, check
    from simlab.theory.check import at

    began = time.monotonic()
    jobs = processes(args)
    if args.at:
        records = [at(args.at[0], dict(map(_parameter, args.at[1:])))]
    else:
        with counting("laws") as progress:
            records = check(args.only or None, args.quick, jobs, progress)
    wrong = [record for record in records if not record["ok"]]
    if args.json:
        print(json.dumps(records, indent=2, ensure_ascii=False))
        return int(bool(wrong))
    head = ("law", "at", "predicted", "observed", "margin", "verdict")
    print_table(head, map(_verdict, records), "What theory says, and what the simulator does")
    laws = {record["id"] for record in records}
    families = {record["family"] for record in records}
    seconds = time.monotonic() - began
    print(f"{len(records)} checks of {len(laws)} laws in {len(families)} families, {seconds:.0f} s")
    if args.paths:
        paths = {record["id"]: record["path"] for record in records}
        print_table(("law", "what it says", "code of a run that it observes"), (
            (name, LAWS[name].says, path) for name, path in paths.items()
        ), "What each law observes")  # fmt: skip
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
