"""Commands about studies: study, worker, watch."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab.cli.arguments import gpus, number_to, plugin_places, size, text
from simlab.cli.console import console, counting, print
from simlab.cli.parser import Commands
from simlab.errors import StudyFailed
from simlab.paths import given

if TYPE_CHECKING:
    from simlab.runs.loading import StudyRuns


def add(commands: Commands) -> None:
    """Add this file's commands."""
    about = "Run a study: a scenario's arms under several seeds, and what comes of them."
    parser = commands.add("study", study, about, _STUDY)
    parser.add_argument("file", metavar="FILE", help="study file (YAML), or with --value-of a scenario file")
    about_orders = "price orders of judgement: run without each of these parties in turn (each: every one who judges)"
    parser.add_argument("--value-of", type=text, default="", metavar="WHO,…", help=about_orders)
    parser.add_argument("--seeds", type=number_to(100_000, "seeds"), metavar="N", help="how many, as --set seeds=N")
    about_set = "override an entry of the study file, as in seeds=20; may be repeated"
    parser.add_argument("--set", action="append", type=text, default=[], metavar="KEY=VALUE", help=about_set)
    parser.add_argument("--out", metavar="DIR", help="folder of the study (default: studies/NAME)")
    jobs = "processes (default: one a core)"
    parser.add_argument("--jobs", type=number_to(1024, "processes"), metavar="N", help=jobs)
    where = "who runs it: local (processes), ray, or ray://HOST:PORT (default: local)"
    parser.add_argument("--executor", default="local", metavar="WHO", help=where)
    about_gpus = "of Ray: GPUs that each run takes; a share of one will do, as 0.25"
    parser.add_argument("--gpus", type=gpus, default=0.0, metavar="N", help=about_gpus)
    about_memory = "of Ray: memory that each run takes, as 2GB"
    parser.add_argument("--memory", type=size, metavar="SIZE", help=about_memory)
    parser.add_argument("--json", action="store_true", help="print one JSON object, and nothing else, on stdout")
    plugin_places(parser)
    about = "Take part in a study: perform runs that nobody is at, until none is missing."
    worker_parser = commands.add("worker", worker, about, "simlab worker studies/first  (in each job of a cluster)")
    worker_parser.add_argument("dir", metavar="DIR", help="folder of a study")
    about = "Follow a study, or a run, from another terminal."
    watch_parser = commands.add("watch", watch, about, "simlab watch studies/first")
    watch_parser.add_argument("dir", metavar="DIR", help="folder of a study, or of a run")
    watch_parser.add_argument("--once", action="store_true", help="say how it stands, and do not wait")


_STUDY = """\
simlab study scenarios/studies/first_study.yaml
simlab study scenarios/05_auditors.yaml --value-of leads,managers --seeds 5
simlab study wages.yaml --executor ray://head:10001 --gpus 0.25 --memory 2GB
The same line again goes on where a study stopped. Exit code 3 says that some runs failed."""


def study(args: Namespace) -> int:
    """`simlab study`: the study, its progress on stderr, and a screen about it (or one JSON object) on stdout."""
    from simlab.report.study_screen import record, screen
    from simlab.studies.study import run_study

    overrides = [*args.set, *([f"seeds={args.seeds}"] if args.seeds else [])]
    options = {"overrides": overrides, "plugins": args.plugins, "local": not args.no_local_plugins}
    options |= {"out": args.out, "jobs": args.jobs, "executor": args.executor, "value_of": args.value_of}
    options |= {"gpus": args.gpus, "memory": args.memory}
    with counting("runs") as bar, redirect_stdout(sys.stderr) if args.json else nullcontext():
        found = run_study(args.file, tell=_teller(bar), **options)
    if args.json:
        print(json.dumps(record(found), allow_nan=False, ensure_ascii=False))
    else:
        console().print(screen(found))
    return _code(found)


def _code(found: StudyRuns) -> int:
    return StudyFailed.exit_code if len(found.failures) else 0


def _teller(bar: Any) -> Any:
    """What is told of every run that ends: on a bar where there is one."""
    return None if bar is None else lambda done, total, failed: bar(done, total)


def worker(args: Namespace) -> int:
    """`simlab worker`: how many runs this process performed."""
    from simlab.studies.study import work

    with counting("runs") as bar:
        mine = work(args.dir, tell=_teller(bar))
    print(f"{args.dir}: performed {mine} runs; none is missing")
    return 0


def watch(args: Namespace) -> int:
    """`simlab watch`: a line whenever something has changed, until all is over."""
    from simlab.runs.progress import progress_of

    folder, told = given(args.dir), ""
    while True:
        found = progress_of(Path(folder))
        if str(found) != told:
            told = str(found)
            print(told)
        if args.once or found.over:
            return 0
        time.sleep(1.0)
