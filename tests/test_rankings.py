"""Rankings that share what was shown: putting them together, what they teach, and doing a shift in pieces."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simlab.analyzers.agreement import Said
from simlab.components.choice_noise import scaled
from simlab.components.cohort import Cohort
from simlab.components.logit import sooner
from simlab.nets.closed_form import fit_linear
from simlab.parties import audits as workforce
from simlab.parties import raters
from simlab.parties.audits import sampled_pairs, smallest
from simlab.people.working_life import within_hours
from simlab.rankings import COLUMNS, Rankings, Shown, agreement, evidence, preferred, sides
from simlab.relation import Work
from simlab.rng import hashes
from tests.small_world import LEARN, Played, play

MANY = {
    "parties.pool": {"kind": "raters", "count": 9, "overlap": 4, "ranking": 3, "policy": {"kind": "boltzmann"}},
    f"{LEARN}.sample": 300,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Every task is ranked by four people."""
    return play(tmp_path_factory.mktemp("many"), MANY)


def told(run: Played) -> Rankings:
    """All rankings of the run."""
    return Rankings.together(run.context.parties["rm"].memory)


def alone(rankings: Rankings) -> Rankings:
    """The same, with what was shown held once for each ranking."""
    columns = {f.name: getattr(rankings, f.name) for f in fields(Rankings)}
    place = np.arange(len(rankings))
    return Rankings(**{**columns, "shown": rankings.shown[rankings.place], "place": place})


def test_what_was_shown_is_held_once_however_often_rankings_are_put_together(run: Played) -> None:
    rankings = told(run)
    assert len(rankings) == 4 * len(rankings.shown)
    halves = [rankings[::2], rankings[1::2], rankings[:3]]
    again = Rankings.together(halves)
    assert again.shown is rankings.shown
    apart = Rankings.together([alone(half) for half in halves])
    assert len(apart.shown) == len(again)
    for name in ("task", "draw", "ids", "held_out", "worker", "label", "pair_numbers"):
        np.testing.assert_array_equal(getattr(again, name), getattr(apart, name))
    np.testing.assert_array_equal(again.items.response, apart.items.response)


@pytest.mark.parametrize("shared", [True, False])
def test_pairs_of_a_ranking_are_of_its_own_responses(run: Played, shared: bool) -> None:
    rankings = told(run) if shared else alone(told(run))
    chosen = np.array([0, 4, 5, 7, rankings.label.size - 1])
    pairs, (left, right) = rankings.as_pairs(chosen), sides(3)
    for row, one in enumerate(chosen.tolist()):
        ranking, pair = divmod(one, 3)
        assert pairs.task[row] == rankings.pair_numbers[ranking, pair]
        assert pairs.ids[row].tolist() == rankings.ids[ranking, [left[pair], right[pair]]].tolist()
        assert pairs.label[row, 0] == rankings.label[ranking, pair]
        first = rankings.shown.response[rankings.place[ranking], left[pair]]
        np.testing.assert_array_equal(pairs.items.response[2 * row], first)
    same = pairs.task[:, None] == pairs.task[None, :]  # two people ranked the same task
    np.testing.assert_array_equal(pairs.draw[:, None] == pairs.draw[None, :], same)


def test_labels_of_the_same_pair_teach_together_what_they_teach_one_by_one(run: Played) -> None:
    rankings = told(run)
    train = ~rankings.held_out
    difference, share, weights = evidence(rankings, train)
    assert len(difference) == weights.sum() / 4 == 3 * len(np.unique(rankings.task[train]))
    one, wins, none = evidence(alone(rankings), train)
    assert none is None
    assert (share * weights).sum() == wins.sum()
    single = fit_linear(one, np.zeros(len(one)), shares=wins)
    both = fit_linear(difference, np.zeros(len(share)), shares=share, weights=weights)
    assert both == pytest.approx(single, rel=1e-9)
    assert both == pytest.approx(run.context.parties["rm"].backend.direction, rel=1e-12)
    wrong = fit_linear(difference, np.zeros(len(share)), shares=np.roll(share, 1), weights=weights)
    assert np.abs(wrong - single).max() > 0.01


def test_a_machine_orders_shared_responses_as_it_would_one_by_one(run: Played) -> None:
    rankings, machine = told(run), run.context.parties["rm"]
    np.testing.assert_array_equal(machine.order(rankings), machine.order(alone(rankings)))
    assert machine.margins(rankings) == pytest.approx(machine.margins(alone(rankings)), rel=1e-12)
    assert 0 < np.mean(machine.order(rankings) == 1) < 1


def test_a_shift_in_pieces_is_the_same_shift(tmp_path: Path, run: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raters, "PIECE", 7)
    pieces = play(tmp_path, MANY)
    pd.testing.assert_frame_equal(pieces.comparisons, run.comparisons, check_exact=True)
    task = np.repeat(np.arange(30), 4)
    parts = raters.pieces(task)
    assert len(parts) > 10
    assert [part.start for part in parts[1:]] == [part.stop for part in parts[:-1]]
    assert all(part.start % 4 == 0 for part in parts)
    assert parts[-1].stop == len(task)


@pytest.mark.parametrize("limit", [50.0, 29.5, 30.0, 3.0, np.array([10.0, 40.0, 0.5])])
def test_nobody_works_longer_than_the_shift(limit: float | np.ndarray) -> None:
    rng = np.random.default_rng(0)
    who, seconds = rng.integers(0, 3, 60), np.ones(60)  # about twenty each
    free = limit[who] if isinstance(limit, np.ndarray) else limit
    fits = within_hours(who, seconds, free)
    for person in range(3):
        most = limit[person] if isinstance(limit, np.ndarray) else limit
        mine = fits[who == person]
        assert mine.tolist() == [i < most // 1 for i in range(len(mine))]


def test_the_smallest_lots_are_those_a_stable_sort_puts_first() -> None:
    lot = np.random.default_rng(0).integers(0, 40, 200).astype(np.uint64)  # many ties
    for count in (1, 7, 60, 199, 200):
        np.testing.assert_array_equal(smallest(lot, count), np.sort(np.argsort(lot, kind="stable")[:count]))


def test_agreement_counts_silence_half() -> None:
    said, label = np.array([[1], [2], [0], [0], [1]]), np.array([[1], [1], [2], [0], [0]])
    assert agreement(said, label, np.ones((5, 1), dtype=bool)) == (1 + 0 + 0.5 + 0.5 + 0) / 5
    assert agreement(said, label, label > 0) == 1.5 / 3
    assert np.isnan(agreement(said, label, label > 5))


def test_columns_that_are_looked_up_are_those_of_the_rows(run: Played) -> None:
    cohort, rows = run.context.parties["pool"].cohort, np.array([3, 0, 3])
    found = cohort.looked_up(rows)
    assert len(found) == 3
    for field in fields(Cohort):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(cohort[rows], field.name))
    before = cohort.noise.copy()
    found.noise = found.noise * 2
    np.testing.assert_array_equal(found.noise, 2 * before[rows])
    np.testing.assert_array_equal(cohort.noise, before)
    with pytest.raises(AttributeError):
        _ = found.height


def test_differences_at_rounding_level_are_none() -> None:
    assert preferred(np.array([1.0, -1.0, 1e-12, 0.0])).tolist() == [1, 2, 0, 0]


@pytest.mark.parametrize("sample", [1, 40, 0.1, 0.5, 1.0])
def test_an_audit_looks_at_the_pairs_with_the_smallest_lots(
    run: Played, sample: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few of the lots are held at a time, and whether or not enough of them were expected to be small."""
    rankings = told(run)
    parts = [rankings[:500], rankings[500:507], rankings[507:]]
    relation = next(r for r in run.context.relations if r.agent.name == "rm")
    monkeypatch.setattr(relation, "sample", sample)

    def chosen(share: float, at_once: int) -> list[tuple[int, int]]:
        monkeypatch.setattr(workforce, "AT_ONCE", at_once)
        monkeypatch.setattr(workforce, "LIKELY", share)
        pairs = sampled_pairs(relation, Work("pool", parts, rankings.label.size), key=5)
        return list(zip(pairs.task.tolist(), pairs.worker.tolist(), strict=True))

    few = chosen(6.0, 100)
    assert len(few) == len(set(few)) == relation.sampled(rankings.label.size)
    assert few == chosen(1e9, 1 << 20)  # every lot
    assert few == chosen(-0.9, 13)  # too few at first
    other = np.random.default_rng(0).permutation(len(rankings))
    parts = [rankings[other]]
    assert sorted(few) == sorted(chosen(6.0, 100))


def test_many_labels_teach_the_same_in_pieces(run: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    rankings = told(run)
    rows = np.flatnonzero(~rankings.held_out)
    whole = evidence(rankings, rows)
    monkeypatch.setattr("simlab.rankings.AT_ONCE", 17)
    for found, expected in zip(evidence(rankings, rows), whole, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("many", [7, 200, 2000, 10**6])
def test_agreement_is_kept_of_whole_tasks_with_the_smallest_lots(
    run: Played, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simlab.analyzers.agreement.MOST_LABELS", many)
    rankings, said = told(run), Said(key=5)
    rows = np.arange(len(rankings)) // 400  # a batch of whole tasks after the other
    for batch in range(rows.max() + 1):
        said.add(rankings[rows == batch])
    lot = hashes(5, rankings.shown.task)[rankings.place]
    kept = rankings[np.flatnonzero(lot <= said.limit)]
    assert len(said.task) <= max(many, rankings.pairs * 4)
    assert len(said.task) == len(rankings) * rankings.pairs or len(said.task) > many / 4
    order = np.lexsort([said.worker, said.task])
    expected = np.lexsort([np.repeat(kept.worker, kept.pairs), kept.pair_numbers.ravel()])
    np.testing.assert_array_equal(said.task[order], kept.pair_numbers.ravel()[expected])
    np.testing.assert_array_equal(said.label[order], kept.label.ravel()[expected])


def test_of_two_the_sooner_is_the_one_that_a_gumbel_draw_puts_first() -> None:
    rng = np.random.default_rng(3)
    utility, draws = rng.normal(size=(20_000, 2)), rng.random((20_000, 2))
    tau = np.where(np.arange(20_000) % 3, rng.exponential(size=20_000), 0.0)
    utility[::5, 1] = utility[::5, 0]
    ranked = utility - tau[:, None] * np.log(-np.log(draws))
    expected = np.where(ranked[:, 0] > ranked[:, 1], 1, np.where(ranked[:, 0] < ranked[:, 1], 2, 0))
    found = sooner(-np.log(draws), scaled(utility[:, 0] - utility[:, 1], tau), tau)
    np.testing.assert_array_equal(found, expected)
    assert set(found.tolist()) == {0, 1, 2}
    assert (found != sooner(-np.log(draws[:, ::-1]), scaled(utility[:, 0] - utility[:, 1], tau), tau)).mean() > 0.1


def test_an_undecided_label_is_half_a_win(run: Played) -> None:
    """Of pairs that one person each ranked, and of those that several did."""
    rankings = told(run)[:]
    rankings.label = np.zeros_like(rankings.label)
    for rows in (np.arange(1), np.arange(len(rankings))):
        assert (evidence(rankings, rows)[1] == 0.5).all()
    alone = Rankings(rankings.shown, *(getattr(rankings, name)[:2] for name in COLUMNS))
    assert (evidence(alone, np.arange(2))[1] == 0.5).all()


def test_how_responses_of_several_batches_differ_is_what_it_is_of_all() -> None:
    rng = np.random.default_rng(2)

    def batch(tasks: int, first: int) -> Rankings:
        number, place = first + np.arange(tasks), np.sort(rng.integers(0, tasks, tasks - 3))
        shown = Shown(
            number, number.astype(np.uint64), number, rng.normal(size=(tasks, 3, 4)),
            3 * number[:, None] + np.arange(3), rng.random(tasks) < 0.3,
        )  # fmt: skip
        said = rng.integers(0, 3, (len(place), 3))
        return Rankings(shown, place, place % 5, said, said, rng.normal(size=said.shape), np.ones(len(place)))

    parts = [batch(20, 0), batch(9, 20), batch(14, 29)]
    together = Rankings.together([*parts[:1], Rankings.together(parts[1:])])
    response = np.concatenate([part.shown.response[part.place] for part in parts])
    assert together.options == 3
    assert len(together.shown) == 43
    for rows in (np.arange(len(together)), np.flatnonzero(~together.held_out), rng.permutation(len(together))[:9]):
        wanted = response[rows][:, [0, 0, 1]] - response[rows][:, [1, 2, 2]]
        assert np.array_equal(together.apart(rows), wanted)
    assert not np.array_equal(together.apart(np.arange(5)), response[1:6][:, [0, 0, 1]] - response[1:6][:, [1, 2, 2]])
