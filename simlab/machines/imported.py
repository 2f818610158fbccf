"""Texts of a user's own table, as tokens of a game: what people elsewhere wrote or preferred, for machines to learn."""

from __future__ import annotations

from simlab.sheets import TextTable, Unusable
from simlab.worlds.text import TextGame
from simlab.worlds.tokenizer import END, UNKNOWN


def asked(game: TextGame, table: TextTable) -> list[list[int]]:
    """What stands before a response to the prompt of each row, as tokens. Raises Unusable, see `said`."""
    return [game.tokenizer.question(text) for text, _ in _encoded(game, table, "prompt")]


def said(game: TextGame, table: TextTable, column: str = "response") -> list[list[int]]:
    """The response of each row as tokens, the end among them. Raises Unusable for a word that is not in the dictionary
    of a game whose own texts are all in it."""
    return [[*tokens, END] for _, tokens in _encoded(game, table, column)]


def require_room(table: TextTable, prompts: list[list[int]], responses: list[list[int]], context: int) -> None:
    """Raise Unusable for the first row that is longer than a network reads at once."""
    for place, prompt, response in zip(table.places, prompts, responses, strict=True):
        if len(prompt) + len(response) > context:
            what = f"prompt and response take {len(prompt) + len(response)} tokens; the model reads {context}"
            raise Unusable(what, "shorten them, or raise the model's context", line=place)


def _encoded(game: TextGame, table: TextTable, column: str) -> list[tuple[str, list[int]]]:
    """Each text of a column as the game writes it, and its tokens."""
    found = []
    for place, text in zip(table.places, table.columns[column], strict=True):
        words = game.spelt(text)
        tokens = game.tokenizer.encode(words)
        if UNKNOWN in tokens and game.closed:
            strange = next((word for word in words.split() if word not in game.tokenizer), words)
            fix = "a world of words knows its own; leave the row out, or use the world records"
            raise Unusable(f"{strange!r} is not in the dictionary of this world", fix, line=place, column=column)
        found.append((words, tokens))
    return found
