"""The command line: `simlab run FILE`, `simlab tables DIR`, … What the commands do stands in `commands`.

Exit codes: 0 ok, 1 failed, 2 invalid input, 3 study partly failed, 4 mismatch, 130 interrupted. Mistakes of the
user get one clear message on stderr, never a traceback; mistakes of ours leave their traceback in a log file.
"""

from __future__ import annotations

import argparse
import errno
import sys
import tempfile
import traceback
from collections.abc import Sequence
from typing import NoReturn

from simlab.cli.terminal import Stream, protected, unwritten
from simlab.errors import InvalidInput, Problem, SimlabError, told
from simlab.names import clip, one_line

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    with protected() as out:
        code = _main(argv, out)
        out.flush()
        if lost := unwritten(out):
            print(f"the output could not be written: {lost}", file=sys.stderr)
    return code or int(bool(lost))


def _main(argv: Sequence[str] | None, out: Stream) -> int:
    """The exit code of one command, which prints to `out`."""
    command = ""
    try:
        args = _arguments(argv)
        command = args.command
        from simlab.cli import commands

        out.json = command == "schema" or getattr(args, "json", False)
        code: int = getattr(commands, "try_" if command == "try" else command)(args)
        return code
    except SystemExit as stop:  # argparse: 0 after --help, 2 after a mistake
        return int(stop.code or 0)
    except SimlabError as error:
        print(told("\n".join([str(error), *getattr(error, "__notes__", ())])), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        again = "; the same command goes on where it stopped" if command == "run" else ""
        print(f"\ninterrupted{again}", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        print(told(_apology(error)), file=sys.stderr)
        named = isinstance(error, OSError) and error.errno in (errno.ENAMETOOLONG, errno.ELOOP)  # nothing can be so
        return InvalidInput.exit_code if named else 1


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line, parsed. Optional positionals may stand behind options, which argparse loses before 3.13."""
    parser = _parser()
    if not (sys.argv[1:] if argv is None else argv):
        parser.print_help(sys.stderr)
        raise SystemExit(2)
    args, rest = parser.parse_known_args(argv)
    if args.command == "tables":
        for name in ("dir", "name"):
            if rest and getattr(args, name) is None and not rest[0].startswith("-"):
                setattr(args, name, rest.pop(0))
    if args.command == "try":
        args.parameters += [text for text in rest if not text.startswith("-")]
        rest = [text for text in rest if text.startswith("-")]
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    _decoded(args)
    return args


def _decoded(args: argparse.Namespace) -> None:
    """Read arguments that are texts as UTF-8 where the locale knows no more than ASCII; names of files stay as they
    are. Raises InvalidInput for those that are not UTF-8.
    """
    for name in _TEXTS & vars(args).keys():
        given = getattr(args, name)
        if isinstance(given, list):
            setattr(args, name, [_utf8(text) for text in given])
        elif given is not None:
            setattr(args, name, _utf8(given))


def _utf8(text: str) -> str:
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        raise InvalidInput(Problem(f"{clip(text)} is not text in UTF-8", "write it in UTF-8")) from None


def _apology(error: Exception) -> str:
    """What to say about an exception nobody foresaw; its traceback goes to a log file."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'the system'}: {error.strerror}"
    said = f"Sorry, this is a bug in simlab or in a plugin: {type(error).__name__}: {error}\n"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="simlab-", suffix=".log", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as log:
            log.write(f"{' '.join(sys.argv)}\n\n{''.join(traceback.format_exception(error))}")
    except OSError as full:
        return f"{said}No log of it could be written: {full.strerror}; the traceback ends in {_last_call(error)}."
    return f"{said}The whole story is in {log.name}; please send it along when you report this."


def _last_call(error: Exception) -> str:
    """File and line where an exception was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "nothing"


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints quote what was typed as every other message does."""

    def error(self, message: str) -> NoReturn:
        super().error(told(one_line(message)))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        "simlab",
        description="Simulates the labor hierarchy that aligns language models.",
        epilog=_BEGIN,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, about: str, *options: str) -> argparse.ArgumentParser:
        made = commands.add_parser(
            name,
            help=about,
            description=about,
            epilog="example:\n  " + _EXAMPLES[name].replace("\n", "\n  "),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        for option in options:
            _OPTIONS[option](made)
        return made

    run = command("run", "Run a scenario and leave its outcome tables.", "file", "scenario", "plugins")
    run.add_argument("--out", metavar="DIR", help="folder of the run (default: runs/NAME-seedN-HASH)")
    run.add_argument("--device", choices=("auto", "cpu", "cuda"), help="what networks are computed on")
    run.add_argument(
        "--log",
        action="append",
        default=[],
        metavar="NAME[:DIR]",
        help="tell a logger, such as tensorboard, how the run goes on; may be repeated",
    )
    run.add_argument("--yes", action="store_true", help="run it even if that takes hours, or gigabytes of memory")
    run.add_argument(
        "--json",
        action="store_true",
        help="print one JSON object, and nothing else, on stdout; seconds are those of the run, over all its starts",
    )
    run.add_argument("--quiet", action="store_true", help="no progress, no summary: only where the run is")
    command("validate", "Check a scenario file; nothing is run.", "file", "scenario", "plugins")
    command("describe", "Say in words who does what to whom in a scenario.", "file", "scenario", "plugins")
    command("schema", "Print the JSON schema of scenario files.", "plugins")
    keys = command("keys", "List every key of one kind of entry of scenario files, or the kinds.", "plugins")
    keys.add_argument("kind", metavar="KIND", nargs="?", help="as scenario, raters, relation, fire, learner, world")
    keys.add_argument("--json", action="store_true", help="as a JSON list")
    plugins = command("plugins", "List every plugin that was found, or say all about one.", "plugins")
    plugins.add_argument("name", metavar="NAME", nargs="?", help="say what this one is, and which parameters it has")
    plugins.add_argument(
        "--contract", metavar="KIND", help="say what plugins of a kind are asked, and what they are shown"
    )
    plugins.add_argument("--json", action="store_true", help="as a JSON list")
    new = command("new", "Write a first draft of a plugin, with its test.", "plugins")
    new.add_argument("kind", metavar="KIND", help="criterion, rater, reward, world, review, guideline, …")
    new.add_argument("name", metavar="NAME", help="what scenario files are to call it")
    new.add_argument("--package", action="store_true", help="as a package that can be installed, instead of a file")
    trial = command("try", "Show a plugin at work on samples, and hold it to its contract.", "plugins")
    trial.add_argument("name", metavar="NAME", help="a plugin, as simlab plugins lists it")
    trial.add_argument("parameters", metavar="KEY=VALUE", nargs="*", help="parameters, as in temperature=0.5")
    trial.add_argument("--kind", metavar="KIND", help="which one, where plugins of several kinds have this name")
    trial.add_argument("--json", action="store_true", help="print one JSON object, and nothing else, on stdout")
    tables = command("tables", "List the tables of a run, or show one of them.")
    tables.add_argument("dir", metavar="DIR", nargs="?", help="folder of a run, or of several")
    tables.add_argument("name", metavar="TABLE", nargs="?", help="table to show")
    tables.add_argument(
        "--describe", action="store_true", help="what the columns mean, with types and units (needs no DIR)"
    )
    tables.add_argument("--rows", type=_rows, default=20, metavar="N", help="rows to show (default 20, 0: all)")
    tables.add_argument("--json", action="store_true", help="as JSON")
    compare = command("compare", "Say what became different between runs of two arms or more.")
    compare.add_argument("paths", metavar="PATH", nargs="+", help="folder of a run, or of several; the base first")
    compare.add_argument("--by", metavar="PARAMETER", help="what tells arms apart, as in without or parties.pool.count")
    compare.add_argument(
        "--round", type=_rows, metavar="N", help="compare them after N trainings (default: at the end)"
    )
    compare.add_argument("--json", action="store_true", help="print one JSON object, and nothing else, on stdout")
    trace = command("trace", "Follow one label from the guideline to the responses that changed.", "dir")
    trace.add_argument("label", metavar="LABEL", help="number of a pair, as task in comparisons; 4711:17 is rater 17's")
    trace.add_argument("--worker", metavar="WHO", help="who compared the pair, as pool:17, where several did")
    trace.add_argument("--json", action="store_true", help="print one JSON object, and nothing else, on stdout")
    verify = command("verify", "Run a finished run again and compare every table.", "dir")
    verify.add_argument("--cached", action="store_true", help="take remembered computations instead of doing them anew")
    verify.add_argument("--quiet", action="store_true", help="no progress")
    theory = command(
        "theory", "Hold the simulator to the laws it must agree with, and show prediction and observation."
    )
    theory.add_argument(
        "--only", action="append", default=[], metavar="FAMILY", help="one family of laws; may be repeated"
    )
    theory.add_argument("--quick", action="store_true", help="fewer points and replications: half a minute")
    theory.add_argument("--json", action="store_true", help="as a JSON list of records")
    theory.add_argument("--jobs", type=_jobs, metavar="N", help="processes (default: one a core, 8 at most)")
    calibrate = command("calibrate", "Fit rater policies to what real people said, and tell which is most like them.")
    calibrate.add_argument("data", metavar="DATA", help="table of labels or ratings, folder of a run, or vader")
    calibrate.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="MODEL",
        help="a rater model, as in boltzmann+position+flips; may be repeated (default: all the data can tell)",
    )
    calibrate.add_argument(
        "--holdout", type=_share, default=0.2, metavar="SHARE", help="share of tasks to judge models by (default 0.2)"
    )
    calibrate.add_argument("--ratings", action="store_true", help="rows are items and columns raters")
    calibrate.add_argument(
        "--reference",
        choices=("pool", "others"),
        default="pool",
        help="of ratings: an item's utility is its mean by the whole pool, or by the others (default: pool)",
    )
    calibrate.add_argument("--out", metavar="FILE", help="write the fragment of a scenario there")
    calibrate.add_argument("--json", action="store_true", help="print one JSON object, and nothing else, on stdout")
    words = command("next", "Show the likeliest next words, before and after fine-tuning.", "dir")
    words.add_argument("text", metavar="TEXT", help="a prompt; a | begins the response")
    near = command("near", "Show a word's nearest neighbours, before and after fine-tuning.", "dir")
    near.add_argument("word", metavar="WORD", help="a word of the run's dictionary")
    return parser


def _file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="scenario file (YAML)")


def _dir(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dir", metavar="DIR", help="folder of a run")


def _scenario(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--small", action="store_true", help="apply the file's small: block, for a first look")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a setting, as in parties.pool.count=40; may be repeated",
    )
    parser.add_argument("--seed", type=_seed, metavar="N", help="seed, instead of the file's")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="WHO",
        help="leave out a person (pool:17) or a party, while all other draws stay; may be repeated",
    )


def _plugins(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--plugins", action="append", default=[], metavar="PATH", help="a further plugin file or folder"
    )
    parser.add_argument("--no-local-plugins", action="store_true", help="leave out ./plugins and the scenario's folder")


_BEGIN = """\
begin with:
  simlab run scenarios/01_first.yaml --small
  simlab COMMAND --help

exit codes: 0 ok, 1 failed, 2 invalid input, 4 tables differ, 130 interrupted"""

_EXAMPLES = {
    "run": """\
simlab run scenarios/01_first.yaml --set parties.pool.count=60 --seed 2
simlab run scenarios/01_first.yaml --without pool:17
simlab run scenarios/01_first.yaml --log tensorboard:board
The same line again goes on where an interrupted run stopped.""",
    "validate": "simlab validate scenarios/01_first.yaml --set days=30",
    "describe": "simlab describe scenarios/03_firing.yaml",
    "schema": "simlab schema > scenario.schema.json",
    "keys": "simlab keys\nsimlab keys raters\nsimlab keys learner --json",
    "plugins": "simlab plugins\nsimlab plugins boltzmann\nsimlab plugins --contract rater",
    "new": "simlab new criterion humble\nsimlab new rater moody --package",
    "try": "simlab try brief ideal=3\nsimlab try glad --kind rater sharpness=0",
    "tables": """\
simlab tables runs/first
simlab tables runs/first alignment --rows 5
simlab tables responses --describe""",
    "compare": """\
simlab compare runs/whole runs/without-17
simlab compare runs/* --by without
simlab compare runs/audit runs/wage --round 2
Arms that differ in several things go by the names of their folders, and it is said in what they differ.
Runs of one seed each are compared prompt by prompt; give several seeds of either arm for intervals over seeds.""",
    "trace": """\
simlab trace runs/first 17
simlab trace runs/first 17:3                  (what rater 3 said of that pair)
Numbers are in the column task of the table comparisons.""",
    "verify": "simlab verify runs/first\nExit code 4 says that a table came out differently.",
    "theory": """\
simlab theory --quick
simlab theory --only choice --only tree
Exit code 1 says that a law was refused, or that a control, which must be, was not.""",
    "calibrate": """\
simlab calibrate labels.csv --out policy.yaml
simlab calibrate labels.csv --model boltzmann --model boltzmann+position+flips
simlab calibrate scores.csv --ratings
simlab calibrate runs/first                    (what a run's own raters said)
simlab calibrate vader                         (human ratings inside the package vaderSentiment)
Tables are CSV or tabs (UTF-8, UTF-16), JSON Lines, Parquet or Arrow, as they are or in a gz, bz2, xz, zst or zip.
Labels have columns task, worker, label (1 left, 2 right, 0 undecided; or left, right, tie; model_a, model_b, tie) and
of either response scores of criteria (left_helpful, right_helpful, …) or its text (left, right).
Ratings have a column item, if you like, and one a rater; an index, an id or a mean among them is left out and named.
Models: coin, mistaken, boltzmann, thurstone, rao_kupper, glad, empirical; parts: position, longer, length, flips,
raters.""",
    "next": 'simlab next runs/first "what is the capital of india ? | the capital"',
    "near": "simlab near runs/first india",
}

_TEXTS = {"by", "kind", "label", "model", "name", "only", "parameters", "set", "text", "without", "word", "worker"}
_OPTIONS = {"file": _file, "dir": _dir, "scenario": _scenario, "plugins": _plugins}


def _seed(text: str) -> int:
    """A seed: a whole number from 0 to 2⁶³ − 1."""
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) < 2**63):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no seed; give a whole number from 0 to 2^63 - 1")
    return int(text)


def _share(text: str) -> float:
    """A share of something: above 0 and below 1."""
    try:
        share = float(text)
    except ValueError:
        share = float("nan")
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no share; give a number between 0 and 1, as in 0.2")
    return share


def _jobs(text: str) -> int:
    """A number of processes: from 1 to 256."""
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= 256):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no number of processes; give one from 1 to 256")
    return int(text)


def _rows(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 12):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no whole number from 0 on")
    return int(text)
