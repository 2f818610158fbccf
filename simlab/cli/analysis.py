"""Commands that analyze studies: sensitivity, search."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from contextlib import nullcontext, redirect_stdout

from simlab.cli.arguments import number_to, one_object, plugin_places, text
from simlab.cli.console import console, counting, print
from simlab.cli.parser import Commands


def add(commands: Commands) -> None:
    """Add this file's commands."""
    about = "Say which settings a study's outcomes hang on (Sobol, Morris)."
    parser = commands.add("sensitivity", sensitivity, about, _SENSITIVITY)
    parser.add_argument("dir", metavar="DIR", help="folder of a study whose design is saltelli or morris")
    one_object(parser)
    about = "Look for the cheapest point of a study's levers that reaches a target."
    parser = commands.add("search", search, about, _SEARCH)
    parser.add_argument("file", metavar="FILE", help="study file (YAML) with search: and levers")
    about_set = "override an entry of the study file, as in search.trials=100; may be repeated"
    parser.add_argument("--set", action="append", type=text, default=[], metavar="KEY=VALUE", help=about_set)
    parser.add_argument("--out", metavar="DIR", help="folder of the study (default: studies/NAME)")
    jobs = "processes that share out the seeds of a point (default: 1)"
    parser.add_argument("--jobs", type=number_to(1024, "processes"), default=1, metavar="N", help=jobs)
    one_object(parser)
    plugin_places(parser)


_SENSITIVITY = "simlab sensitivity studies/wages\nIt takes pip install 'simlab[sensitivity]', as the design does."
_SEARCH = """\
simlab search cheapest.yaml --out studies/cheapest
The same line again repeats the search, and runs what is missing. It takes pip install 'simlab[search]'."""


def sensitivity(args: Namespace) -> int:
    """`simlab sensitivity`: indices, as a screen or as one JSON object."""
    from simlab.errors import InvalidInput, Problem
    from simlab.report.sensitivity import record, screen
    from simlab.report.sensitivity import sensitivity as found_in
    from simlab.runs.loading import StudyRuns, load

    study = load(args.dir)
    if not isinstance(study, StudyRuns):
        raise InvalidInput(Problem("is not the folder of a study", "give the one that `simlab study` named", args.dir))
    found = found_in(study)
    if args.json:
        print(json.dumps(record(found), allow_nan=False, ensure_ascii=False))
    else:
        console().print(screen(found))
    return 0


def search(args: Namespace) -> int:
    """`simlab search`: the points tried and the best of them, as a screen or as one JSON object."""
    from simlab.report.search_screen import record, screen
    from simlab.studies.search import run_search

    options = {"overrides": args.set, "plugins": args.plugins, "local": not args.no_local_plugins}
    with counting("seeds") as bar, redirect_stdout(sys.stderr) if args.json else nullcontext():
        tell = None if bar is None else lambda done, total, failed: bar(done, total)
        found = run_search(args.file, out=args.out, jobs=args.jobs, tell=tell, **options)
    if args.json:
        print(json.dumps(record(found), allow_nan=False, ensure_ascii=False))
    else:
        console().print(screen(found))
    return 0
