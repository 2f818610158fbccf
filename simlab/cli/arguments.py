"""Arguments that several commands take, and the types of values that arguments have.

A type is a function from what was typed to its value; it raises ArgumentTypeError, which argparse reports with the
name of the argument.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from simlab.errors import InvalidInput, Problem
from simlab.names import clip

if TYPE_CHECKING:
    from simlab.plugins.registry import Registry


def run_folder(parser: argparse.ArgumentParser) -> None:
    """DIR, the folder of a run."""
    parser.add_argument("dir", metavar="DIR", help="folder of a run")


def one_object(parser: argparse.ArgumentParser) -> None:
    """--json, for commands that print one JSON object."""
    parser.add_argument("--json", action="store_true", help="print one JSON object, and nothing else, on stdout")


def plugin_places(parser: argparse.ArgumentParser) -> None:
    """--plugins and --no-local-plugins: where plugins are looked for."""
    parser.add_argument(
        "--plugins", action="append", default=[], metavar="PATH", help="a further plugin file or folder"
    )
    parser.add_argument("--no-local-plugins", action="store_true", help="leave out ./plugins and the scenario's folder")


def found_plugins(args: argparse.Namespace) -> Registry:
    """The plugins found in the places that `plugin_places` reads."""
    from simlab.plugins.registry import discover

    return discover(None, args.plugins, not args.no_local_plugins)


# ---- types of values -----------------------------------------------------------------------------------------------


def text(typed: str) -> str:
    """A text, read as UTF-8 also where the locale knows no more than ASCII (names of files need no such type, and
    stay as they are). Raises InvalidInput if it is not UTF-8.
    """
    try:
        return typed.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        raise InvalidInput(Problem(f"{clip(typed)} is not text in UTF-8", "write it in UTF-8")) from None


def whole_number(typed: str) -> int:
    """A whole number from 0 on, of at most eleven digits."""
    if not (typed.isascii() and typed.isdecimal() and len(typed) < 12):
        raise argparse.ArgumentTypeError(f"{typed[:40]!r} is no whole number from 0 on")
    return int(typed)


def number_to(most: int, what: str) -> Callable[[str], int]:
    """The type of a number from 1 to `most`, of `what`."""

    def typed_number(typed: str) -> int:
        if not (typed.isascii() and typed.isdecimal() and 1 <= int(typed[:9]) <= most):
            raise argparse.ArgumentTypeError(f"{typed[:40]!r} is no number of {what}; give one from 1 to {most}")
        return int(typed)

    return typed_number


def size(typed: str) -> int:
    """A size in bytes, as 2GB, 500MB or 1.5GiB."""
    found = re.fullmatch(r"(\d{1,12}(?:\.\d{1,9})?)\s*([kmgt]?)(i?)b?", typed.casefold(), re.ASCII)
    many = 0 if found is None else int(float(found[1]) * (1024 if found[3] else 1000) ** " kmgt".index(found[2] or " "))
    if many < 1:
        raise argparse.ArgumentTypeError(f"{typed[:40]!r} is no size; give one as 2GB or 500MB")
    return many


def gpus(typed: str) -> float:
    """GPUs for one run: a share of one, or a whole number, which is how Ray shares them out."""
    found = float(typed) if re.fullmatch(r"\d{1,4}(\.\d{1,4})?", typed, re.ASCII) else -1.0
    if found < 0 or (found > 1 and found % 1):
        raise argparse.ArgumentTypeError(f"{typed[:40]!r} is no number of GPUs; give a share of one, or a whole number")
    return found


def several_processes(parser: argparse.ArgumentParser) -> None:
    """--jobs: how many processes share the work."""
    about = "processes (default: one a core, 8 at most)"
    parser.add_argument("--jobs", type=number_to(256, "processes"), metavar="N", help=about)


def processes(args: argparse.Namespace) -> int:
    """How many processes share the work."""
    from simlab.parallel import cores

    return args.jobs or min(8, cores())
