"""Responses of others in rankings: harvested from a table, written by people, beside the model's own, in any mix."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from simlab.engine.jobs import Store
from simlab.errors import InvalidInput
from tests.loading import load
from tests.small_world import FIRST, HURRIED, Played, payments, played

pytestmark = pytest.mark.slow

POLITE, RUDE = "i can not help you .", "shut up ."


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Played]:
    """Runs of FIRST in a hurry, one day long, which share what they can."""
    folder = tmp_path_factory.mktemp("mixed")

    def run(*settings: str) -> Played:
        scenario = load(FIRST, small=True, overrides=[*HURRIED, "days=1", "relations.2.sample=240", *settings])
        return played(scenario, Path(tempfile.mkdtemp(dir=folder)), Store.default(), measured=False)

    return run


@pytest.fixture(scope="module")
def table(run: Callable[..., Played], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two responses to every prompt, by Ann and by somebody without a name."""
    game: Any = run().context.game
    texts = list(dict.fromkeys(prompt.text for prompt in game.prompts))
    rows = [(text, said, author) for text in texts for said, author in ((POLITE, "ann"), (RUDE, ""))]
    file = tmp_path_factory.mktemp("table") / "harvest.csv"
    pd.DataFrame(rows, columns=["prompt", "response", "author"]).to_csv(file, index=False)
    return file


def mix(**said: Any) -> str:
    return "parties.pool.candidates=" + json.dumps(said)


def test_nobody_elses_response_is_there_unless_asked_for(run: Callable[..., Played]) -> None:
    plain, empty = run(), run(mix())
    assert set(plain.candidates.author) == {"lm"}
    assert plain.candidates.text.equals(empty.candidates.text)
    assert plain.comparisons.drop(columns="run").equals(empty.comparisons.drop(columns="run"))


@pytest.mark.parametrize(("harvested", "written"), [(0.25, 0.0), (0.0, 0.5), (0.3, 0.4), (0.25, 0.75)])
def test_shares_are_kept(harvested: float, written: float, run: Callable[..., Played], table: Path) -> None:
    """As many places as fall to others by lot, within what chance allows; where nothing fits the model's own stays."""
    said = {"harvested": harvested, "table": str(table)} if harvested else {}
    rows = run(mix(written=written, **said)).candidates
    n = len(rows)
    written_here = rows.author.str.startswith("pool:").mean()
    found = {"harvested": rows.author.isin(["ann", "harvest.csv"]).mean(), "written": written_here}
    for name, share in (("harvested", harvested), ("written", written)):
        assert share - 3.3 * np.sqrt(0.25 / n) - 0.15 * share <= found[name] <= share + 3.3 * np.sqrt(0.25 / n)
    texts = rows[rows.author == "ann"].text
    assert set(texts) <= {POLITE}
    assert set(rows[rows.author == "harvest.csv"].text) <= {RUDE}


def test_texts_that_are_ranked_together_differ(run: Callable[..., Played], table: Path) -> None:
    rows = run(mix(harvested=0.9, table=str(table))).candidates
    together = rows.assign(ranking=rows.response // 4).groupby("ranking").text.nunique()
    assert (together == 4).all()  # of two harvested texts to a prompt no more than two can stand there
    assert rows.author.ne("lm").groupby(rows.response // 4).sum().max() == 2


def test_what_the_model_says_stays_where_nobody_else_stands(run: Callable[..., Played], table: Path) -> None:
    """The lots of places are their own: the model's other responses are what they were without the table."""
    plain, other = (run(*said).candidates for said in ((), (mix(harvested=0.3, table=str(table)),)))
    own = other.author == "lm"
    assert own.mean() > 0.5
    assert plain.text[own].equals(other.text[own])
    assert plain.prompt.equals(other.prompt)
    assert not plain.text[~own].equals(other.text[~own])


def test_writing_is_paid_and_harvests_are_not(run: Callable[..., Played], table: Path) -> None:
    made = run(mix(written=0.4, seconds=90), "parties.pool.seconds_spread=0")
    count = made.candidates.author.str.startswith("pool:").sum()
    labor = made.labor[made.labor.kind == "writing responses"]
    assert labor.hours.sum() == pytest.approx(count * 90 / 3600)
    assert labor.pay.sum() == pytest.approx(count * 90 / 3600 * 21)
    wages = payments(made.ledger).query("reason == 'wages for writing responses'")
    assert wages.amount.sum() == pytest.approx(labor.pay.sum())
    assert set(wages.payee) == set(made.candidates.author[made.candidates.author.str.startswith("pool:")])
    free = run(mix(harvested=0.4, table=str(table)))
    assert "writing responses" not in set(free.labor.kind)


def test_the_best_draft_is_put_down(run: Callable[..., Played]) -> None:
    """Who thinks of more, writes what the guideline likes better."""
    worth = {}
    for drafts in (1, 16):
        made = run(mix(written=0.5, drafts=drafts), "parties.pool.knowledge=1", "parties.pool.misreading=0")
        game: Any = made.context.game
        number = {prompt.text: n for n, prompt in enumerate(game.prompts)}
        rows = made.candidates[made.candidates.author.str.startswith("pool:")]
        items = game.items([number[prompt] for prompt in rows.prompt], rows.text.tolist())
        worth[drafts] = float(game.features(items).sum(axis=1).mean())
    assert worth[16] > worth[1] + 0.3


def test_held_out_facts_are_never_shown(run: Callable[..., Played], tmp_path: Path) -> None:
    """Of a table that states them to every prompt, no row is shown."""
    game: Any = run().context.game
    held = [game.prompts[p] for p in np.flatnonzero(game.held_out).tolist()]
    lines = ((line, game.items([line.prompt], [line.response])) for line in game.corpus())
    fact = next(line.response for line, items in lines if not game.comparable(items)[0])
    rows = [(prompt.text, fact) for prompt in game.prompts if prompt not in held]
    file = tmp_path / "facts.csv"
    pd.DataFrame(rows, columns=["prompt", "response"]).to_csv(file, index=False)
    assert set(run(mix(harvested=0.9, table=str(file))).candidates.author) == {"lm"}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"harvested": 0.5}, "responses are harvested from a table"),
        ({"table": "TABLE"}, "responses are harvested from a table"),
        ({"harvested": 0.6, "written": 0.6, "table": "TABLE"}, r"harvested and written are 1\.2 of all responses"),
        ({"harvested": 0.6, "table": "TABLE", "columns": {"response": "said"}}, r"csv:1: has no column 'said'"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(said: dict[str, Any], why: str, table: Path) -> None:
    with pytest.raises(InvalidInput, match=why):
        load(FIRST, overrides=[mix(**said).replace("TABLE", str(table))])


def test_a_word_of_no_dictionary_is_refused(run: Callable[..., Played], tmp_path: Path) -> None:
    file = tmp_path / "strange.csv"
    file.write_text("prompt,response\nwhat is the capital of india ?,oaf .\n")
    with pytest.raises(InvalidInput, match=r"parties\.pool\.candidates: strange\.csv:2: column response: 'oaf'"):
        run(mix(harvested=0.5, table=str(file)))
