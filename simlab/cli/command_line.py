"""The command line: `simlab run FILE`, `simlab tables DIR`, … Each command stands in a file of this package.

Exit codes: 0 ok, 1 failed, 2 invalid input, 3 study partly failed, 4 mismatch, 130 interrupted. Mistakes of the
user get one clear message on stderr, never a traceback; mistakes of ours leave their traceback in a log file.
"""

from __future__ import annotations

import errno
import sys
import tempfile
import traceback
from collections.abc import Sequence

from simlab.cli import analysis, calibrate, expect, export, next_words, plugins, report, run, study, tables, theory
from simlab.cli.parser import Commands
from simlab.cli.terminal import Stream, protected, unwritten
from simlab.errors import InvalidInput, PluginFailed, SimlabError, presentable

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
FILES = (
    run,
    study,
    analysis,
    expect,
    plugins,
    tables,
    export,
    report,
    theory,
    calibrate,
    next_words,
)  # of commands, as `simlab --help` lists them


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
        args = _commands().parse(argv)
        command = args.command
        out.json = args.json
        code: int = args.action(args)
        return code
    except SystemExit as stop:
        if not command:  # argparse: 0 after --help, 2 after a mistake
            return int(stop.code or 0)
        _complain(presentable(str(PluginFailed.blamed(stop) or f"ended by sys.exit({stop.code!r})")))
        return PluginFailed.exit_code
    except SimlabError as error:
        _complain(presentable("\n".join([str(error), *getattr(error, "__notes__", ())])))
        return error.exit_code
    except KeyboardInterrupt:
        again = "; the same command goes on where it stopped" if command in ("run", "study", "search", "worker") else ""
        _complain(f"\ninterrupted{again}")
        return INTERRUPTED
    except Exception as error:
        _complain(presentable(_apology(error)))
        named = isinstance(error, OSError) and error.errno in (errno.ENAMETOOLONG, errno.ELOOP)  # nothing can be so
        return InvalidInput.exit_code if named else 1


def _complain(text: str) -> None:
    """Say it on stderr in one piece, so that what several processes say on one terminal stays apart."""
    sys.stderr.write(f"{text}\n")


def _commands() -> Commands:
    """All commands."""
    commands = Commands()
    for file in FILES:
        file.add(commands)
    return commands


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
