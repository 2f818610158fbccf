"""Candidates: no ranking shows one text twice, and it is counted what that took."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simlab.arrays import Indices
from simlab.engine.jobs import Jobs, Store
from simlab.machines.candidates import INSTEAD, TRIES, drawn
from simlab.machines.language_backend import LanguageBackend
from simlab.rankings import ASKED, Candidates
from simlab.rng import branch, uniforms
from simlab.simulation import Simulation
from simlab.worlds.tokenizer import END, pad
from simlab.worlds.world import Items
from tests.loading import load
from tests.small_world import FIRST, HURRIED

TEXTS = ("yes .", "no .", "maybe so .", "i do not know .")


class Speaker(LanguageBackend):
    """Says one of TEXTS to each prompt, with the chances [prompts, texts] it is given; counts how often it is asked."""

    def __init__(self, game: Any, chances: NDArray[Any]) -> None:
        self.game, self.bounds, self.asked = game, np.cumsum(chances, axis=1), 0

    def pretrain(self) -> float:
        return 0.0

    def sample(self, prompts: Indices, key: int, places: Indices | None = None) -> Items:
        self.asked += 1
        lot = uniforms(branch(key, "words"), np.arange(len(prompts)) if places is None else places)
        said = (lot[:, None] > self.bounds[prompts]).sum(axis=1)
        rows = [[*self.game.tokenizer.encode(TEXTS[n]), END] for n in said.tolist()]
        return Items(prompts, pad([*rows, [0] * self.game.longest_response])[:-1])

    def preference(self, items: Items) -> NDArray[Any]:
        return np.zeros(len(items))

    def learn(self, *lesson: Any) -> Any:
        raise NotImplementedError("it says what it says")

    def fresh(self) -> LanguageBackend:
        return self


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    """A world of ten prompts that has all of TEXTS in its dictionary."""
    folder = tmp_path_factory.mktemp("few")
    rows = [f"question {'abcdefghij'[n]} ?,{text}" for n in range(10) for text in TEXTS]
    (folder / "table.csv").write_text("\n".join(["prompt,response", *rows]))
    settings = [f"world={{kind: records, table: {folder / 'table.csv'}, held_out: 0}}"]
    keep = [word for word in HURRIED if not word.startswith("world.")]
    return Simulation(load(FIRST, overrides=[*keep, *settings]), Jobs(Store.default(), "cpu"))


def ask(simulation: Simulation, chances: NDArray[Any], count: int, options: int, **how: Any) -> tuple[Candidates, Any]:
    """What is drawn of a model with these chances [10, 4], and the model."""
    model = simulation.parties["lm"]
    model.backend = speaker = Speaker(simulation.game, chances)

    def prompts(key: int, many: int) -> tuple[Indices, NDArray[Any]]:
        return simulation.game.draw_prompts(branch(key, "prompts"), many), np.full(many, ASKED)

    return simulation.env.run(simulation.env.process(drawn(model, prompts, count, options, 7, **how))), speaker


def texts(simulation: Simulation, found: Candidates, options: int) -> NDArray[Any]:
    return simulation.game.texts(found.items).reshape(-1, options)


EVEN = np.full((10, 4), 0.25)
LEANING = np.tile([0.7, 0.1, 0.1, 0.1], (10, 1))
COLLAPSED = np.tile([1.0, 0.0, 0.0, 0.0], (10, 1))


@pytest.mark.parametrize("options", [2, 3, 4])
def test_no_text_stands_twice_in_a_ranking(options: int, simulation: Simulation) -> None:
    found, _ = ask(simulation, EVEN, 400, options)
    assert len(found) == 400
    assert {len(set(row)) for row in texts(simulation, found, options).tolist()} == {options}
    alone = np.prod(1 - np.arange(options) / 4)  # chance that as many draws from four texts differ
    assert found.resampled / found.prompts == pytest.approx(1 - alone, abs=4 * np.sqrt(alone * (1 - alone) / 400))
    assert found.prompts == len(found) + found.dropped
    assert (found.items.prompt.reshape(-1, options) == found.items.prompt[::options, None]).all()


def test_prompts_that_need_no_second_try_are_as_they_would_be_without_the_others(simulation: Simulation) -> None:
    found, speaker = ask(simulation, EVEN, 400, 3)
    prompts = simulation.game.draw_prompts(branch(7, "prompts"), 400)
    first = simulation.game.texts(speaker.sample(np.repeat(prompts, 3), 7)).reshape(-1, 3)
    good = np.array([len(set(row)) == 3 for row in first.tolist()])
    assert found.dropped < 10
    said = {tuple(row) for row in np.column_stack([found.items.prompt[::3], texts(simulation, found, 3)]).tolist()}
    assert {tuple(row) for row in np.column_stack([prompts, first])[good].tolist()} <= said
    plain, _ = ask(simulation, EVEN, 400, 3, distinct=False)
    assert texts(simulation, plain, 3).tolist() == first.tolist()
    assert (plain.resampled, plain.dropped, plain.prompts) == (0, 0, 400)


def test_the_likeliest_text_stands_on_either_side(simulation: Simulation) -> None:
    """It is nearly always said first, and raters may lean to one side."""
    found, _ = ask(simulation, LEANING, 600, 2)
    said = texts(simulation, found, 2)
    left = (said[:, 0] == TEXTS[0]).sum() / (said == TEXTS[0]).sum()
    assert abs(left - 0.5) < 4 * 0.5 / np.sqrt(len(said))


def test_prompts_with_one_response_give_way_to_others(simulation: Simulation) -> None:
    mixed = np.where(np.arange(10)[:, None] < 5, COLLAPSED, EVEN)
    found, _ = ask(simulation, mixed, 200, 2)
    assert found.items.prompt.min() >= 5
    assert len(found) >= 0.9 * 200  # half of each lot is lost, INSTEAD times again
    assert found.dropped == pytest.approx(found.prompts / 2, abs=4 * np.sqrt(found.prompts / 4))
    assert found.prompts == len(found) + found.dropped


def test_of_a_model_that_has_collapsed_there_is_nothing_to_compare(simulation: Simulation) -> None:
    found, speaker = ask(simulation, COLLAPSED, 100, 2)
    assert (len(found), len(found.items), found.prompts, found.resampled, found.dropped) == (0, 0, 100, 100, 100)
    assert speaker.asked == 1 + TRIES < (1 + TRIES) * (1 + INSTEAD)  # and is not asked on and on
