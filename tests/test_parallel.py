"""Work on several cores: in order, errors and all, and with the same results as on one."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from simlab import parallel as threads
from simlab.people.assignment import assigned


@pytest.fixture(params=[1, 2, 8])
def cores(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(threads, "cores", lambda: request.param)
    return int(request.param)


def test_results_are_in_order(cores: int) -> None:
    assert threads.side_by_side(lambda n: n * n, range(50)) == [n * n for n in range(50)]
    assert threads.side_by_side(lambda n: n, []) == []


def test_several_pieces_are_worked_in_other_threads_than_this_if_there_are_cores(cores: int) -> None:
    here = threading.current_thread()
    where = threads.side_by_side(lambda n: threading.current_thread() is here, range(4))
    assert all(where) == (cores == 1)


def test_an_error_in_a_piece_is_raised_here(cores: int) -> None:
    with pytest.raises(ZeroDivisionError):
        threads.side_by_side(lambda n: 1 // n, [2, 1, 0])


@pytest.mark.parametrize("many", [1, 7])
def test_who_does_what_does_not_depend_on_cores(many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks, here = np.arange(90_000), np.ones(500, dtype=bool)
    found = []
    for count in (1, 3):
        monkeypatch.setattr(threads, "cores", lambda count=count: count)
        found.append(assigned(7, tasks, here, many))
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("pieces", [0, 1, 2, 40])
def test_results_ahead_are_in_order_and_no_more_than_two_pieces_ahead(pieces: int) -> None:
    begun: list[int] = []

    def work(n: int) -> int:
        begun.append(n)
        return n * n

    found = []
    for place, result in enumerate(threads.prefetch(work, range(pieces))):
        assert len(begun) <= place + 2
        found.append(result)
    assert found == [n * n for n in range(pieces)]


def test_work_ahead_is_done_in_another_thread_than_this() -> None:
    here = threading.current_thread()
    assert not any(threads.prefetch(lambda n: threading.current_thread() is here, range(4)))


@pytest.mark.parametrize("place", [0, 39])
def test_an_error_ahead_is_raised_where_its_result_is_wanted(place: int) -> None:
    found = []

    def collect() -> None:
        for result in threads.prefetch(lambda n: 1 // (n - place), range(40)):
            found.append(result)

    with pytest.raises(ZeroDivisionError):
        collect()
    assert len(found) == place


def test_work_ahead_ends_with_whoever_wanted_it() -> None:
    begun: list[int] = []
    for _ in threads.prefetch(begun.append, range(1000)):
        break
    assert len(begun) < 10


@pytest.mark.parametrize("pieces", [1, 40])
def test_calls_behind_are_made_in_order_and_before_the_end(pieces: int) -> None:
    made: list[int] = []
    with threads.write_behind(pieces) as later:
        for n in range(pieces):
            later(made.append, n)
    assert made == list(range(pieces))


@pytest.mark.parametrize("place", [0, 39])
def test_an_error_behind_is_raised_here(place: int) -> None:
    def call(n: int) -> None:
        if n == place:
            raise OSError("no space left")

    def work(later: Callable[..., None]) -> None:
        for n in range(40):
            later(call, n)

    with pytest.raises(OSError, match="no space left"), threads.write_behind(40) as later:
        work(later)
