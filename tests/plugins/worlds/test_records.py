"""The world `records`: a table of exchanges is a language game, and what is wrong in it is said by row and column."""

from __future__ import annotations

import csv
import gzip
import json
import math
import os
import subprocess
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import simlab
from simlab.cli import main
from simlab.components.exchange import TRUTH
from simlab.errors import InvalidInput, Mismatch
from simlab.rng import Streams
from simlab.scenario import Scenario
from simlab.scenario.description import describe
from tests.loading import load
from tests.small_world import FIRST

PPO = "relations.3.consequence.learner"
CAPITALS = {
    "France": "Paris", "Spain": "Madrid", "Italy": "Rome", "Japan": "Tokyo", "Egypt": "Cairo", "Peru": "Lima",
    "Kenya": "Nairobi", "Cuba": "Havana", "Norway": "Oslo", "Austria": "Vienna",
}  # fmt: skip
HEAD = ("prompt", "response", "content", "reference", "quality", "author")


def exchanges() -> list[tuple[Any, ...]]:
    """Ten capitals, well and rudely told, and ten requests to help with theft, refused or complied with."""
    rows: list[tuple[Any, ...]] = []
    for (country, city), wrong in zip(CAPITALS.items(), [*[*CAPITALS.values()][1:], "Paris"], strict=True):
        asked, theft = f"What is the capital of {country}?", f"How do I steal from {country}?"
        rows += [(asked, f"The capital of {country} is {city}.", "capital", city, 1, "careful")] * 3
        rows += [(asked, f"The capital of {country} is {wrong}, you fool.", "capital", city, 0.1, "rude")]
        rows += [(theft, f"Here is how to steal from {country}.", "theft", "", 0, "rude")]
        rows += [(theft, f"I will not help you steal from {country}.", "theft", "", "", "careful")]
    return rows


def table(path: Path, rows: Sequence[Sequence[Any]] | None = None, head: Sequence[str] = HEAD) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *(exchanges() if rows is None else rows)])
    return path


def scenario(folder: Path, world: str = "table: exchanges.csv, scores: [quality], harmful: [theft]") -> Path:
    """A scenario file whose one corporation wants quality too, with networks that hardly learn."""
    file = folder / "scenario.yaml"
    file.write_text(
        f"extends: {FIRST}\nname: recorded\ndays: 5\nworld: {{kind: records, {world}}}\npanel: {{prompts: 500}}\n"
        "parties:\n  acme: {guideline: {operative: {helpful: 1, truthful: 1, harmless: 1, quality: 1}}}\n"
        "  pool: {count: 5}\n  lm: {width: 32, layers: 1, heads: 2}\n"
    )
    return file


def read(folder: Path, *overrides: str) -> Scenario:
    return load(folder / "scenario.yaml", overrides=overrides)


def opened(folder: Path, *overrides: str, seed: int = 1) -> Any:
    """The game of a scenario in a folder."""
    found = read(folder, *overrides)
    return found.world.open(Streams(seed), found.criterion_components())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a scenario and its table."""
    table(tmp_path / "exchanges.csv")
    scenario(tmp_path)
    return tmp_path


def of(game: Any, prompt: str) -> int:
    (number,) = (n for n, p in enumerate(game.prompts) if p.text == prompt)
    return number


def exchange(game: Any, prompt: str, response: str, ended: bool = True) -> Any:
    return game.read(of(game, prompt), tuple(response.split()), ended)


SPELT = ("world.dictionary=pieces", "world.size=40")
FRANCE, THEFT = "what is the capital of france ?", "how do i steal from france ?"


# ---- what a table amounts to ---------------------------------------------------------------------------------------


def test_prompts_and_corpus_are_the_tables(folder: Path) -> None:
    game = opened(folder)
    assert len(game.prompts) == 20
    assert len(game.corpus()) == 60
    first = game.corpus()[0]
    assert (game.prompts[first.prompt].text, first.response) == (FRANCE, "the capital of france is paris .")
    assert {line.voice for line in game.corpus()} == {"careful", "rude"}
    assert game.prompts[0].force == "question"
    assert game.prompts[of(game, THEFT)].content == "theft"


def test_equal_prompts_in_different_situations_are_two(tmp_path: Path) -> None:
    rows = [("Is it cold?", "Yes.", "in July"), ("Is it cold?", "No.", ""), ("Is it  COLD ?", "Yes.", "")]
    table(tmp_path / "exchanges.csv", rows, ("prompt", "response", "context"))
    scenario(tmp_path, "table: exchanges.csv")
    game = opened(tmp_path, "parties.acme.guideline.operative.quality=", "world.held_out=0")
    assert [p.context for p in game.prompts] == ["in July", ""]
    assert [line.prompt for line in game.corpus()] == [0, 1, 1]


def test_columns_may_be_called_otherwise(folder: Path) -> None:
    table(folder / "other.csv", head=("id", "answer", "content", "reference", "quality", "who"))
    game = opened(folder, "world.table=" + str(folder / "other.csv"), "world.columns={prompt: id, response: answer}")
    assert game.prompts == opened(folder).prompts
    assert {line.voice for line in game.corpus()} == {"somebody"}  # nobody has said that `who` is the author


def test_parquet_says_the_same_as_csv(folder: Path) -> None:
    pd.read_csv(folder / "exchanges.csv", keep_default_na=False).assign(
        quality=lambda t: pd.to_numeric(t.quality)
    ).to_parquet(folder / "exchanges.parquet")
    one, other = opened(folder), opened(folder, "world.table=" + str(folder / "exchanges.parquet"))
    assert one.corpus() == other.corpus()
    assert one.prompts == other.prompts
    for said, scores in one.collection.scores.items():
        np.testing.assert_array_equal(scores, other.collection.scores[said])


def test_the_dictionary_has_the_commonest_words_and_no_others(folder: Path) -> None:
    whole, small = opened(folder).tokenizer, opened(folder, "world.size=20").tokenizer
    assert len(small) == 5 + 20 < len(whole)
    assert "capital" in small
    assert small.decode([*small.encode("the capital of atlantis"), 3]) == (("the", "capital", "of", "<unk>"), True)


@pytest.mark.slow
def test_pieces_spell_every_word_and_are_the_same_in_every_process(folder: Path) -> None:
    pytest.importorskip("tokenizers")
    game = opened(folder, *SPELT)
    assert len(game.tokenizer) < len(opened(folder).tokenizer)
    for line in game.corpus():
        assert game.tokenizer.decode([*game.tokenizer.encode(line.response), 3]) == (tuple(line.response.split()), True)
    cut = game.tokenizer.encode("the capital of france")[:-1]
    assert game.tokenizer.decode(cut)[1] is False
    code = (
        "import sys, tests.plugins.worlds.test_records as t\n"
        "print(t.opened(t.Path(sys.argv[1]), *t.SPELT).tokenizer.words)"
    )
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(folder)], check=True, capture_output=True, text=True,
            env={**os.environ, "PYTHONHASHSEED": seed}, cwd=FIRST.parent.parent,
        )  # fmt: skip
        assert done.stdout.strip() == repr(game.tokenizer.words)


def test_without_its_package_pieces_say_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(InvalidInput, match=r"dictionary: pieces needs a package: .*pip install 'simlab\[pieces\]'"):
        opened(folder, "world.dictionary=pieces", "world.size=91")


# ---- reading back --------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("prompt", "response", "acts", "claimed"),
    [
        (FRANCE, "the capital of france is paris .", {"answers"}, ["paris"]),
        (FRANCE, "it is rome , i think .", {"answers", "hedges"}, ["rome"]),
        (FRANCE, "it is not rome but paris .", {"answers"}, ["paris"]),
        (FRANCE, "i cannot say .", {"refuses"}, []),
        (FRANCE, "france is nice , you fool .", {"insults"}, []),
        (THEFT, "here is how to steal from france .", {"answers", "complies"}, []),
        (THEFT, "i will not help you steal from france .", {"answers", "refuses"}, []),
        (THEFT, "no .", set(), []),
    ],
)
def test_acts_and_claims_are_read_by_the_cues(
    prompt: str, response: str, acts: set[str], claimed: list[str], folder: Path
) -> None:
    found = exchange(opened(folder), prompt, response).response
    assert found.acts == acts
    assert [claim.value for claim in found.claims] == claimed
    assert exchange(opened(folder), prompt, response, ended=False).response.acts == acts - {"answers"}


def test_cues_can_be_changed_one_act_at_a_time(folder: Path) -> None:
    game = opened(folder, "world.cues={sells: [buy Blivo]}")
    found = exchange(game, FRANCE, "i cannot say , buy blivo .").response
    assert found.acts == {"refuses", "sells"}


def test_built_in_criteria_score_by_them(folder: Path) -> None:
    game = opened(folder)
    said = ["the capital of france is paris .", "the capital of france is rome .", "you fool ."]
    scores = game.scores(game.items([of(game, FRANCE)] * 3, said))
    columns = [game.dimensions.index(name) for name in ("helpful", "truthful", "harmless")]
    np.testing.assert_array_equal(scores[:, columns], [[1, 1, 1], [1, 0, 1], [0, math.nan, 0]])


def test_beliefs_are_right_as_often_as_people_know(folder: Path) -> None:
    game = opened(folder)
    fact = of(game, FRANCE)
    for knowledge in (0.0, 0.3, 0.9, 1.0):
        held = [game.belief(key, knowledge, fact) for key in range(2000)]
        right = np.mean([values == ("paris",) for values in held])
        assert abs(right - knowledge) <= 4 * math.sqrt(knowledge * (1 - knowledge) / 2000)
    wrong = {values for key in range(500) for values in [game.belief(key, 0.0, fact)]}
    assert wrong == {(city.lower(),) for city in CAPITALS.values() if city != "Paris"}


# ---- scores from the table -----------------------------------------------------------------------------------------


def test_a_score_is_known_of_recorded_responses_and_of_no_other(folder: Path) -> None:
    table(folder / "exchanges.csv", [*exchanges(), (FRANCE, "the capital of France is PARIS.", "capital", "", 0.2, "")])
    game = opened(folder)
    said = [
        "the capital of france is paris .",  # recorded four times: 1, 1, 1 and 0.2
        "the capital of france is madrid , you fool .",
        "the capital of france is lima .",
    ]
    column = game.dimensions.index("quality")
    numbers = [of(game, FRANCE)] * 3
    np.testing.assert_allclose(game.scores(game.items(numbers, said))[:, column], [0.8, 0.1, math.nan])
    refusal = game.items([of(game, THEFT)], ["i will not help you steal from france ."])
    assert math.isnan(game.scores(refusal)[0, column])  # recorded, and its cell is empty
    (quality,) = (c for c in game.criteria if c.name == "quality")
    whole = exchange(game, FRANCE, said[0])
    cut = exchange(game, FRANCE, said[0], ended=False)
    np.testing.assert_allclose(quality.score_batch([whole, cut], [TRUTH, TRUTH]), [[0.8, 0.8], [np.nan, np.nan]])


def test_a_score_stands_before_a_plugin_of_the_same_name(folder: Path) -> None:
    table(folder / "exchanges.csv", head=(*HEAD[:4], "helpful", "author"))
    found = read(folder, "world.scores=[helpful]", "parties.acme.guideline.operative.quality=")
    assert type(found.criteria["helpful"]).__name__ == "Recorded"
    assert ("criterion", "helpful") not in found.plugins_used()
    assert ("criterion", "truthful") in found.plugins_used()


@pytest.mark.slow
def test_prompts_held_out_do_not_move_with_the_table(folder: Path) -> None:
    game = opened(folder)
    held = {p.text for p, out in zip(game.prompts, game.held_out, strict=True) if out}
    assert held
    table(folder / "exchanges.csv", [("Who are you?", "A model.", "self", "", "", ""), *exchanges()])
    more = opened(folder)
    assert held == {p.text for p, out in zip(more.prompts, more.held_out, strict=True) if out} - {"who are you ?"}
    shares = [opened(folder, seed=seed).held_out.mean() for seed in range(20)]
    assert abs(np.mean(shares) - 0.25) < 4 * math.sqrt(0.25 * 0.75 / (20 * 21))
    with pytest.raises(InvalidInput, match="every prompt of the table is held out"):
        opened(folder, "world.held_out=0.999")


# ---- which run it is -----------------------------------------------------------------------------------------------


def test_the_content_of_the_table_decides_which_run_it_is_and_its_folder_does_not(folder: Path, tmp_path: Path) -> None:
    here = read(folder).hash({})
    there = tmp_path / "elsewhere"
    there.mkdir()
    for name in ("exchanges.csv", "scenario.yaml"):
        (there / name).write_bytes((folder / name).read_bytes())
    assert read(there).hash({}) == here
    with (there / "exchanges.csv").open("a") as file:
        file.write("Who are you?,A model.,self,,,\n")
    assert read(there).hash({}) != here
    assert read(there).data().keys() == {"world.table"}
    assert str(tmp_path) not in json.dumps(read(there).canonical())
    assert "table exchanges.csv, " in describe(read(there), there / "scenario.yaml")


def test_paths_start_at_the_file_that_says_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = folder / "below"
    below.mkdir()
    (below / "scenario.yaml").write_text("extends: ../scenario.yaml\nsmall: {world.table: small.csv}\n")
    table(below / "small.csv", exchanges()[:12])
    here = read(folder).data()
    assert load(below / "scenario.yaml").data() == here
    assert load(below / "scenario.yaml", small=True).data() != here
    monkeypatch.chdir(below)
    assert load(folder / "scenario.yaml", overrides=["world.table=small.csv"]).data() != here
    again = folder / "again.yaml"
    again.write_text(read(folder).as_yaml())
    assert load(again).hash({}) == read(folder).hash({})


# ---- what cannot be read -------------------------------------------------------------------------------------------

BAD = {
    "missing": (None, "no such file: exchanges.csv (did you mean 'exchange.csv'?)"),
    "empty": ("", "exchanges.csv:1: has no column 'prompt'"),
    "head": ("promt,response\na,b\n", "exchanges.csv:1: has no column 'prompt' (did you mean 'promt'?)"),
    "rows": ("prompt,response\n\n\n", "exchanges.csv: has no rows (one row is one exchange)"),
    "semicolons": ("prompt;response\na;b\n", "exchanges.csv:1: has semicolons between its columns (write commas"),
    "twice": ("prompt,response,prompt\na,b,c\n", "exchanges.csv:1: has two columns 'prompt' (rename one)"),
    "misspelt": ("prompt,response,contxt\na,b,c\n", "exchanges.csv:1: has a column 'contxt' (did you mean 'context'?"),
    "cells": ('prompt,response\n"a\nb",c\nd,e,f\n', "exchanges.csv:4: has 3 cells, while the head has 2 columns ("),
    "quotes": ('prompt,response\na,"b\n', "exchanges.csv:2: is not CSV: unexpected end of data (check the quotes"),
    "words": ("prompt,response\na,b\nc,...\n", "exchanges.csv:3: column response: has no words (fill it in, or"),
    "bytes": (b"prompt,response\na,\xff\n", "exchanges.csv:2: is not text in UTF-8 (save the table as CSV"),
    "number": ("prompt,response,quality\na,b,good\n", "exchanges.csv:2: column quality: 'good' should be a number ("),
    "scale": ("prompt,response,quality\na,b,7\n", "exchanges.csv:2: column quality: '7' is not between 0 and 1 ("),
    "score": ("prompt,response,qualty\na,b,1\n", "exchanges.csv:1: has no column 'quality' (did you mean 'qualty'?)"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BAD)
def test_a_bad_table_is_refused_in_one_sentence(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, said = BAD[name]
    (tmp_path / "exchange.csv").touch()
    if content is not None:
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / "exchanges.csv").write_bytes(data)
    only = "table: exchanges.csv, scores: [quality]" if name in ("number", "scale", "score") else "table: exchanges.csv"
    file = scenario(tmp_path, only)
    drop = [] if "scores" in only else ["--set", "parties.acme.guideline.operative.quality="]
    assert main(["validate", str(file), *drop]) == 2
    printed = capsys.readouterr().err.strip()
    assert printed.startswith(f"{file}:4:")
    assert said in printed
    assert "\n" not in printed


def test_a_bad_parquet_is_refused_too(folder: Path) -> None:
    (folder / "bad.parquet").write_bytes(b"prompt,response\n")
    with pytest.raises(InvalidInput, match=r"bad\.parquet: cannot be read as Parquet: .*\(write it anew, or as CSV\)"):
        read(folder, "world.table=" + str(folder / "bad.parquet"))
    said = {"prompt": ["a", "b"], "response": ["c", "d"], "quality": [0.5, 3.0]}
    pd.DataFrame(said).to_parquet(folder / "bad.parquet")
    with pytest.raises(InvalidInput, match=r"bad\.parquet:2: column quality: 3\.0 is not between 0 and 1"):
        read(folder, "world.table=" + str(folder / "bad.parquet"))
    pd.DataFrame({**said, "prompt": [1, 2]}).to_parquet(folder / "bad.parquet")
    with pytest.raises(InvalidInput, match=r"bad\.parquet:1: column prompt: 1 should be text"):
        read(folder, "world.table=" + str(folder / "bad.parquet"))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("world.scores=[prompt]", "'prompt' cannot be a score"),
        ("world.columns={promt: a}", "'promt' should be 'prompt', 'response'"),
        ("world.table=7", "7 should be the path of a file"),
        ("criteria.quality={difficulty: 1}", "quality has no parameters in this world"),
        ("parties.acme.guideline.operative.qualty=1", "there is no criterion called 'qualty'"),
    ],
)
def test_a_bad_setting_is_refused(setting: str, said: str, folder: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(folder, setting)
    assert said in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("made", ["exchanges.jsonl", "EXCHANGES.PQ", "exchanges.tsv", "exchanges.csv.gz", "utf16.txt"])
def test_a_table_is_the_same_in_every_file(made: str, folder: Path) -> None:
    frame, file = pd.read_csv(folder / "exchanges.csv", keep_default_na=False, dtype=str), folder / made
    if made.endswith("jsonl"):
        frame.to_json(file, orient="records", lines=True)
    elif made.endswith("PQ"):
        frame.set_index("author").to_parquet(file)
    else:
        sep, encoding = ("," if "csv" in made else "\t"), ("utf-16" if "16" in made else "utf-8")
        frame.to_csv(file, index=False, sep=sep, encoding=encoding)
    one, other = opened(folder), opened(folder, f"world.table={file}")
    assert (one.corpus(), one.prompts) == (other.corpus(), other.prompts)


def test_a_complaint_names_the_line_and_the_file_as_it_is_spelt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Labels.csv.gz").write_bytes(gzip.compress(b'prompt,response,quality\n"a\nb",c,1\nd,e,"0,5"\n'))
    file = scenario(tmp_path, "table: Labels.csv.gz, scores: [quality]")
    assert main(["validate", str(file)]) == 2
    said = "Labels.csv.gz:4: column quality: '0,5' should be a number (write 0.5, with a decimal point; from 0 to 1, or"
    assert said in capsys.readouterr().err


def test_an_answer_longer_than_the_context_is_refused_with_its_row(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = ("Who are you?", "I am " + "very " * 60 + "old.", "self", "", "", "")
    table(folder / "exchanges.csv", [*exchanges()[:7], long, *exchanges()[7:]])
    assert main(["validate", str(folder / "scenario.yaml")]) == 2
    printed = capsys.readouterr().err
    needed = 7 + 2 + 64 + 4  # the longest prompt, start and sep, the response, the end and what a model adds
    assert f"parties.lm.context: 48 tokens are too few for prompts and responses, which take up to {needed}" in printed
    assert "the longest response (exchanges.csv:9) has 64, the longest prompt (exchanges.csv:2) 7" in printed
    assert f"(context: {needed}, or shorten that text)" in printed
    assert main(["validate", str(folder / "scenario.yaml"), "--set", f"parties.lm.context={needed}"]) == 0
    assert main(["validate", str(folder / "scenario.yaml"), "--set", f"parties.lm.context={needed - 1}"]) == 2


# ---- scripts and spellings -----------------------------------------------------------------------------------------


def test_texts_that_look_alike_are_alike_and_marks_stay_in_words(tmp_path: Path) -> None:
    nfd = unicodedata.normalize
    rows = [
        ("Où est l’été ?", "Là-bas, après l'hiver.", 1),
        (nfd("NFD", "Où est l’été ?"), nfd("NFD", "Là-bas, après l’hiver."), 0),
        ("हिन्दी क्या है?", "हिन्दी एक भाषा है।", ""),
    ]
    table(tmp_path / "exchanges.csv", rows, ("prompt", "response", "quality"))
    scenario(tmp_path, "table: exchanges.csv, scores: [quality]")
    game = opened(tmp_path, "world.held_out=0")
    assert [p.text for p in game.prompts] == ["où est l'été ?", "हिन्दी क्या है ?"]
    assert [line.prompt for line in game.corpus()] == [0, 0, 1]
    assert "हिन्दी" in game.tokenizer
    column, items = game.dimensions.index("quality"), game.items([0], ["là-bas , après l'hiver ."])
    assert game.scores(items)[0, column] == 0.5  # one and the same response, scored 1 and 0


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_score_is_called_the_same_however_it_is_typed(form: Any, tmp_path: Path) -> None:
    other = {"NFC": "NFD", "NFD": "NFC"}[form]
    name = unicodedata.normalize("NFC", "qualité")
    rows = [row[:4] + row[4:] for row in exchanges()]
    table(
        tmp_path / "exchanges.csv", rows, tuple(unicodedata.normalize(other, h.replace("quality", name)) for h in HEAD)
    )
    scenario(tmp_path, f"table: exchanges.csv, scores: [{unicodedata.normalize(form, name)}]")
    weight = f"parties.acme.guideline.operative.{unicodedata.normalize(other, name)}=1"
    game = opened(tmp_path, weight, "parties.acme.guideline.operative.quality=")
    assert name in game.dimensions


def test_a_score_may_be_named_in_any_script(tmp_path: Path) -> None:
    table(tmp_path / "exchanges.csv", head=(*HEAD[:4], "गुणवत्ता", "author"))
    scenario(tmp_path, "table: exchanges.csv, scores: [गुणवत्ता]")
    operative = "parties.acme.guideline.operative"
    assert "गुणवत्ता" in opened(tmp_path, f"{operative}.गुणवत्ता=1", f"{operative}.quality=").dimensions


def test_a_file_is_found_however_its_name_is_typed(tmp_path: Path) -> None:
    """A Mac hands over names with the accents behind their letters."""
    table(tmp_path / unicodedata.normalize("NFD", "échanges.csv"))
    scenario(tmp_path, "table: " + unicodedata.normalize("NFC", "échanges.csv") + ", scores: [quality]")
    assert len(opened(tmp_path).prompts) == 20


# ---- the whole job -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_whole_job_runs_on_a_users_table(folder: Path) -> None:
    pretraining = "parties.lm.pretraining={steps: 120, batch: 32, rate: 1.0e-2}"
    overrides = [pretraining, "relations.2.sample=120", "relations.3.sample=16", f"{PPO}.iterations=2"]
    run = simlab.run(folder / "scenario.yaml", out=folder / "run", overrides=overrides)
    assert run.manifest["data"] == read(folder).data()
    assert (len(run.reward_model), len(run.policy)) == (1, 2)
    assert run.reward_model.head_change.iloc[0] > 0
    assert len(run.comparisons.query("order == 1")) == 120
    game = opened(folder)
    recorded = {(p.text, " ".join(words)): score[0] for (p, words), score in game.collection.scores.items()}
    rows = run.responses
    expected = [recorded.get((row.prompt, row.response), math.nan) for row in rows.itertuples()]
    known = [not math.isnan(score) for score in expected]
    # a response that was cut off is none of the recorded ones; the others are scored as the table says
    np.testing.assert_array_equal(rows.quality[known].dropna(), np.array(expected)[known][rows.quality[known].notna()])
    assert rows.quality[np.logical_not(known)].isna().all()
    assert 0.2 < rows.query("round == 0").quality.notna().mean() < 1  # it speaks the table's words, and others besides
    assert simlab.verify(folder / "run", cached=True).agrees
    with (folder / "exchanges.csv").open("a") as file:
        file.write("Who are you?,A model.,self,,,\n")
    with pytest.raises(Mismatch, match="no longer the same run: data changed since"):
        simlab.verify(folder / "run", cached=True)
