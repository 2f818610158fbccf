"""The parser of the command line, and the collection that a file of commands adds its own to.

Each file of commands has a function `add(commands)`, which calls `Commands.add` once for each command: with what the
command does, one line about it, and an example; the parser that this returns takes the command's arguments.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NoReturn

from simlab.errors import presentable
from simlab.names import one_line
from simlab.provenance import simlab_version

Trailing = Mapping[str, Callable[[str], str]]
Action = Callable[[argparse.Namespace], int]  # what a command does: takes its arguments, returns an exit code

_BEGIN = """\
begin with:
  simlab run scenarios/01_first.yaml --small
  simlab COMMAND --help

exit codes: 0 ok, 1 failed, 2 invalid input, 3 runs of a study failed, 4 tables differ, 130 interrupted"""


class Parser(argparse.ArgumentParser):
    """A parser whose complaints quote what was typed as every other message does."""

    def error(self, message: str) -> NoReturn:
        """Print usage and message to stderr, and exit with code 2."""
        super().error(presentable(one_line(message)))


class Commands:
    """The commands of `simlab`, in the order in which `simlab --help` lists them."""

    def __init__(self) -> None:
        self.parser = Parser(
            "simlab",
            description="Simulates the labor hierarchy that aligns language models.",
            epilog=_BEGIN,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self.parser.add_argument("--version", action="version", version=f"simlab {simlab_version()}")
        self._parsers = self.parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(
        self,
        name: str,
        action: Action,
        about: str,
        example: str,
        *,
        json: bool = False,
        trailing: Trailing = MappingProxyType({}),
    ) -> argparse.ArgumentParser:
        """The parser of a new command, which takes its arguments.

        `json` says that the command prints JSON always (elsewhere its flag --json says so). `trailing` holds optional
        positional arguments that may also stand behind options, with the type of each.
        """
        parser = self._parsers.add_parser(
            name,
            help=about,
            description=about,
            epilog="example:\n  " + example.replace("\n", "\n  "),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        parser.set_defaults(action=action, json=json, trailing=trailing)
        return parser

    def parse(self, argv: Sequence[str] | None) -> argparse.Namespace:
        """The arguments of a command line, among them `command` (its name), `action` and `json`.

        Raises SystemExit as argparse does, and InvalidInput for an argument that is not text in UTF-8.
        """
        if not (sys.argv[1:] if argv is None else argv):
            self.parser.print_help(sys.stderr)
            raise SystemExit(2)
        args, rest = self.parser.parse_known_args(argv)
        if rest := _trailing(args, rest):
            self.parser.error(f"unrecognized arguments: {' '.join(rest)}")
        return args


def _trailing(args: argparse.Namespace, rest: list[str]) -> list[str]:
    """Fill optional positional arguments from what argparse left over (before 3.13 it loses those behind options);
    returns what remains.
    """
    for name, kind in args.trailing.items():
        value = getattr(args, name)
        if isinstance(value, list):
            value += [kind(word) for word in rest if not word.startswith("-")]
            rest = [word for word in rest if word.startswith("-")]
        elif value is None and rest and not rest[0].startswith("-"):
            setattr(args, name, kind(rest.pop(0)))
    return rest
