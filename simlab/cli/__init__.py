"""The command line: `main`. A command is a file with a function `add(commands)`, named in `command_line.FILES`."""

from simlab.cli.command_line import main

__all__ = ["main"]
