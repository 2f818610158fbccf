"""The command report: a page about a run or a study."""

from __future__ import annotations

from argparse import Namespace

from simlab.cli.console import print
from simlab.cli.parser import Commands


def add(commands: Commands) -> None:
    """Add this file's command."""
    about = "Make one page about a run or a study: figures, tables, transcripts, methods (HTML)."
    parser = commands.add("report", report, about, _REPORT)
    parser.add_argument("path", metavar="PATH", help="folder of a run, or of a study")
    parser.add_argument("--out", metavar="FILE", help="the page (default: report.html in that folder)")
    figures = "write every figure as SVG and PNG, and every table as CSV, into this folder, too"
    parser.add_argument("--figures", metavar="DIR", help=figures)


_REPORT = """\
simlab report runs/first --out first.html
simlab report studies/first --figures figures
The page is one file, asks nothing of any network, and needs no script."""


def report(args: Namespace) -> int:
    """`simlab report`: write the page, and say where it is."""
    from simlab.report.page import write_report

    print(write_report(args.path, args.out, args.figures))
    return 0
