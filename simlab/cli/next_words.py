"""Commands that ask the language model of a finished run: next (likeliest words), near (nearest neighbours)."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping

from simlab.cli.arguments import run_folder, text
from simlab.cli.console import print_table
from simlab.cli.parser import Commands


def add(commands: Commands) -> None:
    """Add this file's commands."""
    about = "Show the likeliest next words, before and after fine-tuning."
    example = 'simlab next runs/first "what is the capital of india ? | the capital"'
    parser = commands.add("next", next, about, example)
    run_folder(parser)
    parser.add_argument("text", metavar="TEXT", type=text, help="a prompt; a | begins the response")
    about = "Show a word's nearest neighbours, before and after fine-tuning."
    parser = commands.add("near", near, about, "simlab near runs/first india")
    run_folder(parser)
    parser.add_argument("word", metavar="WORD", type=text, help="a word of the run's dictionary")


def next(args: Namespace) -> int:
    """`simlab next`: P(next word | text), before and after fine-tuning."""
    from simlab.report.next_words import AFTER, BEFORE, next_words

    return _beside("p", {when: next_words(args.dir, args.text, when=when) for when in (BEFORE, AFTER)})


def near(args: Namespace) -> int:
    """`simlab near`: nearest neighbours in the dictionary, before and after fine-tuning."""
    from simlab.report.next_words import AFTER, BEFORE, neighbours

    return _beside("cosine", {when: neighbours(args.dir, args.word, when=when) for when in (BEFORE, AFTER)})


def _beside(number: str, found: Mapping[str, list[tuple[str, float]]]) -> int:
    """Print words and their numbers, those of each time in columns beside one another."""
    head = [title for when in found for title in (when, number)]
    cells = [[(word, f"{value:.3f}") for word, value in words] for words in found.values()]
    print_table(head, ([cell for pair in row for cell in pair] for row in zip(*cells, strict=False)))
    return 0
