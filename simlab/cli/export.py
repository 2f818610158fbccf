"""The command export: a run's data in the forms that other tools read."""

from __future__ import annotations

from argparse import Namespace

from simlab.cli.console import print
from simlab.cli.parser import Commands


def add(commands: Commands) -> None:
    """Add this file's commands."""
    about = "Write a run's labels, preferences or tables as other tools read them."
    parser = commands.add("export", export, about, _EXPORT)
    parser.add_argument("dir", metavar="DIR", help="folder of a run, or of a study or several runs")
    parser.add_argument("--to", required=True, metavar="FORM", help="trl, crowd-kit, jsonl, csv or datapackage")
    parser.add_argument("--out", metavar="PATH", help="file or folder to write (default: here, called as DIR is)")


_EXPORT = """\
simlab export runs/first --to trl            preferences: prompt, chosen, rejected, rater, time, guideline_version, …
simlab export runs/first --to crowd-kit      labels: task, worker, label
simlab export runs/first --to jsonl          comparisons: both responses and the label, 0 where undecided
simlab export runs/first --to datapackage    all tables as CSV with types and meanings (csv: without)"""


def export(args: Namespace) -> int:
    """`simlab export`: where it was written."""
    from simlab.runs.export import export as exported

    print(exported(args.dir, args.to, args.out))
    return 0
