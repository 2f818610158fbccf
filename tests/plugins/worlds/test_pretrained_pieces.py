"""The tokenizer of a model that others have made as the dictionary of the world `records`."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from simlab.components.model_folder import ModelFolder
from simlab.machines.imported import asked, said
from simlab.rng import Streams
from simlab.sheets import texts_of
from simlab.worlds.text import TextGame
from simlab.worlds.tokenizer import END, SPECIAL
from tests.loading import load
from tests.tiny_models import exchanges, pieces, table

TEMPLATE = "<user>{prompt}</user>"


@pytest.fixture
def game(tmp_path: Path) -> TextGame:
    """The exchanges of the tiny models; the folder has a tokenizer and no weights worth the name."""
    folder = tmp_path / "model"
    folder.mkdir()
    pieces().save(str(folder / "tokenizer.json"))
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 128}
    vocabulary = len(json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"])
    (folder / "config.json").write_text(json.dumps({**sizes, "vocab_size": vocabulary, "eos_token_id": 0}))
    head = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + bytes(4))
    table(tmp_path / "exchanges.csv")
    world = f"{{kind: records, table: exchanges.csv, tokenizer: model, template: '{TEMPLATE}'}}"
    (tmp_path / "scenario.yaml").write_text(
        f"name: pieces\ndays: 1\nworld: {world}\nparties:\n"
        "  users: {kind: users, values: {truthful: 1}}\n"
        "  acme: {kind: corporation, guideline: {operative: {truthful: 1}}}\n"
        "  pool: {kind: raters, count: 2}\n  rm: {kind: reward_model}\n"
        "  lm: {kind: language_model, pretrained: model, context: 96}\n"
        "relations:\n"
        "  - {principal: users, agent: acme, every: 1, sample: 10}\n"
        "  - {principal: acme, agent: pool, every: 1, sample: 0.5}\n"
        "  - {principal: pool, agent: rm, every: 1, sample: 10, consequence: gradient}\n"
        "  - {principal: rm, agent: lm, every: 1, sample: 8, consequence: gradient}\n"
    )
    found = load(tmp_path / "scenario.yaml").world.open(Streams(1), [])
    assert isinstance(found, TextGame)
    return found


def test_texts_are_tokens_as_they_are_written(game: TextGame) -> None:
    prompt, response, _ = exchanges()[0]
    assert game.prompts[0].text == prompt  # capitals and signs are the model's business
    assert game.prompts[0].words == ("what", "is", "the", "capital", "of", "france", "?")
    tokens = game.tokenizer.encode(response)
    assert min(tokens) >= len(SPECIAL)
    assert game.tokenizer.decode([*tokens, END]) == (game.words(response), True)
    assert game.words(response)[:4] == ("the", "capital", "of", "france")
    own = pieces().encode(f"<user>{prompt}</user>").ids
    assert game.tokenizer.question(prompt) == [number + len(SPECIAL) for number in own]


def test_what_comes_from_a_table_is_asked_as_the_game_asks(game: TextGame, tmp_path: Path) -> None:
    """Demonstrations and preferences of the user's own are in the template, too, and as they are written."""
    file = tmp_path / "answers.csv"
    file.write_text("prompt,response\nWhat is the capital of Peru?,The capital of Peru is Lima.\n")
    rows = texts_of(file, "0", ("prompt", "response"), (), ())
    assert asked(game, rows) == [game.tokenizer.question("What is the capital of Peru?")]
    assert said(game, rows) == [[*game.tokenizer.encode("The capital of Peru is Lima."), END]]


def test_a_model_s_folder_says_its_sizes(game: TextGame, tmp_path: Path) -> None:
    folder = ModelFolder.find("model", tmp_path)
    assert folder.sizes()["context"] == 128
    assert folder.weights() == 1
    assert len(game.tokenizer) == folder.sizes()["vocabulary"] + len(SPECIAL)
