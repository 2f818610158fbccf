"""Demonstrations: what people write, who is paid for it, and that the model comes to speak like it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from simlab.engine.jobs import Store
from simlab.machines.transformer_lm import TransformerLM
from simlab.people.demonstrations import Demonstrations, write
from simlab.rng import hashes
from tests.loading import load
from tests.small_world import FIRST, HURRIED, Played, payments, played

SHOWN = "parties.lm.demonstrations={by: pool, count: 60, drafts: 4, seconds: 90, epochs: 20, rate: 0.01}"
CLEAR = ("parties.pool.knowledge=1", "parties.pool.misreading=0")  # people who see what acme sees

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Played]:
    """Runs of FIRST in a hurry, one day long, which share what they can."""
    folder = tmp_path_factory.mktemp("shown")

    def run(*settings: str, without: tuple[str, ...] = ()) -> Played:
        scenario = load(FIRST, small=True, overrides=[*HURRIED, "days=1", *settings], without=without)
        return played(scenario, Path(tempfile.mkdtemp(dir=folder)), Store.default(), measured=False)

    return run


def drafted(shown: Played, **changes: int) -> Demonstrations:
    """What the pool of a run would write, were it asked again with other settings."""
    parties = shown.context.parties
    spec = parties["lm"].spec.demonstrations.model_copy(update=changes)
    return write(parties["pool"], shown.context.game, spec, 17)


def test_the_best_of_what_comes_to_mind_is_put_down(run: Callable[..., Played]) -> None:
    shown = run(SHOWN, *CLEAR)
    game, acme = shown.context.game, shown.context.parties["acme"].standard().vector
    worth = {n: game.features(drafted(shown, count=400, drafts=n).items) @ acme for n in (1, 2, 4, 16)}
    means = [float(w.mean()) for w in worth.values()]
    assert means == sorted(means)
    assert means[-1] > means[0] + 0.3  # of three
    lines = {author.response for author in game.corpus()}
    assert {e.response.text for e in game.exchanges(drafted(shown, count=400).items)} <= lines


def test_people_who_see_wrongly_write_worse(run: Callable[..., Played]) -> None:
    calm = "parties.pool.policy={kind: mistaken}"  # noise of choice, which has no part in writing
    clear, blind = run(SHOWN, *CLEAR, calm), run(SHOWN, calm, "parties.pool.skill=0", "parties.pool.knowledge=0.5")
    one, two = (r.context.game.features(drafted(r, count=400).items).sum(axis=1).mean() for r in (clear, blind))
    assert one > two + 0.1


def test_nobody_writes_of_held_out_facts(run: Callable[..., Played]) -> None:
    shown = run(SHOWN)
    game = shown.context.game
    items = drafted(shown, count=2000).items
    assert game.may_be_compared(items.prompt).all()
    assert game.comparable(items).all()
    assert 0 < game.held_out.mean() < 1


def test_writing_is_labor_and_is_paid_and_the_corpus_was_not(run: Callable[..., Played]) -> None:
    shown = run(SHOWN)
    rows, labor = shown.demonstrations, shown.labor.set_index("kind")
    assert 40 < len(rows) <= 60
    assert rows["round"].eq(0).all()
    assert rows.pay.sum() == pytest.approx(rows.duration.sum() / 3600 * 21)
    assert labor.loc["demonstrating", "pay"] == pytest.approx(rows.pay.sum())
    wages = payments(shown.ledger).query("reason == 'wages for demonstrating'")
    assert wages.amount.sum() == pytest.approx(rows.pay.sum())
    assert set(wages.payee) == set(rows.worker)
    assert wages.payer.eq("acme").all()
    words = sum(len(author.response.split()) for author in shown.context.game.corpus())
    assert labor.loc["authoring", ["party", "hours", "pay"]].tolist() == ["authors", words / 19 / 60, 0.0]
    assert labor.loc["imitation", "flops"] > 0


def test_the_model_comes_to_say_what_it_was_shown(run: Callable[..., Played]) -> None:
    shown, plain = run(SHOWN), run()
    backend, unshown = (r.context.parties["lm"].backend for r in (shown, plain))
    assert isinstance(backend, TransformerLM)
    key = shown.context.rng.key("lm", "demonstrations")
    spec = shown.context.parties["lm"].spec.demonstrations
    items = write(shown.context.parties["pool"], backend.game, spec, key).items

    def likelihood(of: TransformerLM, rows: object = slice(None)) -> float:
        of.weights, after = of.reference, of.weights  # as it was before any ranking
        found = float(of.likelihood(items[rows]).mean())
        of.weights = after
        return found

    assert likelihood(backend) > likelihood(unshown) + 2  # nats a response
    mixed = items[hashes(3, np.arange(len(items))).argsort()]  # control: the same responses to other prompts
    wrong = type(items)(items.prompt, mixed.response)
    backend.weights, after = backend.reference, backend.weights
    assert backend.likelihood(wrong).mean() < backend.likelihood(items).mean() - 2
    backend.weights = after


def test_one_more_person_leaves_what_others_write(run: Callable[..., Played]) -> None:
    few, many = run(SHOWN).demonstrations, run(SHOWN, "parties.pool.count=6").demonstrations
    both = few.merge(many, left_index=True, right_index=True, suffixes=("", "_new"))
    kept = both[both.worker == both.worker_new]
    assert set(both.worker_new[both.worker != both.worker_new]) == {"pool:5"}
    assert len(kept) > 0.6 * len(both)
    assert kept.text.equals(kept.text_new)
    assert kept.duration.equals(kept.duration_new)


def test_without_a_writer_others_write(run: Callable[..., Played]) -> None:
    rows = run(SHOWN, without=("pool:2",)).demonstrations
    assert "pool:2" not in set(rows.worker)
    assert "pool:2" in set(run(SHOWN).demonstrations.worker)
