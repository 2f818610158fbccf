"""Queues: Little's law to the last digit on every path, and Erlang C from simulated customers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from simlab.engine.context import SECONDS_PER_DAY
from simlab.engine.jobs import Jobs, Store
from simlab.engine.queues import Backlog, Flow, Queue
from simlab.rng import uniforms
from simlab.simulation import Simulation
from simlab.tables.recorder import Recorder
from tests.loading import load
from tests.small_world import Played, written


def littles_law(found: Flow) -> bool:
    """L = λW, from two accounts that know nothing of each other."""
    return math.isclose(found.length, found.rate * found.stay, rel_tol=1e-9, abs_tol=1e-12)


Floats = np.ndarray[Any, Any]


def customers(env: simpy.Environment, queue: Queue, times: Floats, services: Floats) -> None:
    """Customers who come after the given gaps and stay in service as long as given."""

    def visit(service: float) -> Iterator[simpy.Event]:
        with queue.request() as turn:
            yield turn
            yield env.timeout(service)

    def door() -> Iterator[simpy.Event]:
        for gap, service in zip(times.tolist(), services.tolist(), strict=True):
            yield env.timeout(gap)
            env.process(visit(service))

    env.process(door())


def markovian(seed: int, count: int, rate: float, service: float, servers: int) -> tuple[Queue, simpy.Environment]:
    """An M/M/c queue ready to run."""
    env = simpy.Environment()
    queue = Queue(env, servers)
    gaps = -np.log(uniforms(seed, np.arange(count), 0)) / rate
    customers(env, queue, gaps, -np.log(uniforms(seed, np.arange(count), 1)) / service)
    return queue, env


def erlang_c(load: float, servers: int) -> float:
    """P(wait) of M/M/c with offered load a = λ/μ (Erlang 1917)."""
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(load**k / math.factorial(k) for k in range(servers)) + last)


def test_a_day_by_hand() -> None:
    """Two come at once to one place; the first stays 2 days, the second 1; a third, at 2.5, is still inside at 3.5."""
    env = simpy.Environment()
    queue = Queue(env)
    customers(env, queue, np.array([0.0, 0.0, 2.5]), np.array([2.0, 1.0, 9.0]))
    env.run(until=3.5)
    found = queue.flow()
    assert (found.arrivals, found.departures) == (3, 2)
    assert found.length == pytest.approx((2 + 3 + 1) / 3.5)
    assert found.stay == pytest.approx((2 + 3 + 1) / 3)
    assert found.waiting == pytest.approx((0 + 2 + 0.5) / 3)
    assert found.rate == pytest.approx(3 / 3.5)


def test_nobody_came() -> None:
    env = simpy.Environment()
    queue, backlog = Queue(env), Backlog(env)
    for found in (queue.flow(), backlog.flow()):
        assert (found.arrivals, found.length, found.rate) == (0, 0, 0)
        assert math.isnan(found.stay)
    env.run(until=2)
    assert queue.flow().length == 0


def test_who_gives_up_waiting_leaves() -> None:
    env = simpy.Environment()
    queue = Queue(env)
    customers(env, queue, np.array([0.0]), np.array([5.0]))

    def impatient() -> Iterator[simpy.Event]:
        yield env.timeout(1)
        with queue.request() as turn:
            yield turn | env.timeout(1)

    env.process(impatient())
    env.run(until=4)
    found = queue.flow()
    assert (found.arrivals, found.departures) == (2, 1)
    assert found.stay == pytest.approx((4 + 1) / 2)
    assert found.waiting == pytest.approx(1 / 2)
    assert littles_law(found)
    assert queue.census.inside == 1


def test_releasing_twice_is_leaving_once() -> None:
    env = simpy.Environment()
    queue = Queue(env)

    def visit() -> Iterator[simpy.Event]:
        with queue.request() as turn:
            yield turn
            yield env.timeout(1)
            queue.release(turn)
            yield env.timeout(1)

    env.process(visit())
    env.run()
    assert queue.flow().stay == 1
    assert queue.census.inside == 0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.floats(0.2, 8), st.integers(0, 120), st.floats(0.1, 60))
def test_littles_law_on_every_path(seed: int, servers: int, rate: float, count: int, until: float) -> None:
    """Also cut off anywhere, with customers inside."""
    queue, env = markovian(seed, count, rate, 1.0, servers)
    env.run(until=until)
    found = queue.flow()
    assert found.arrivals == 0 or littles_law(found)
    assert found.arrivals - found.departures == queue.census.inside == len(queue.users) + len(queue.queue)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 3), st.integers(1, 1000), st.floats(0, 1)), max_size=12), st.floats(0, 5))
def test_littles_law_of_a_backlog(story: list[tuple[float, int, float]], rest: float) -> None:
    env = simpy.Environment()
    backlog = Backlog(env)
    for wait, pieces, share in story:
        env.run(until=env.now + wait + 1e-6)
        backlog.enter(pieces)
        oldest = backlog.batches[0]
        oldest.leave(int(share * oldest.left))
    env.run(until=env.now + rest + 1e-6)
    found = backlog.flow()
    assert found.arrivals == sum(pieces for _, pieces, _ in story)
    assert found.arrivals - found.departures == backlog.census.inside
    if found.arrivals:
        assert littles_law(found)
        assert found.waiting == found.stay


def test_a_batch_cannot_lose_more_than_it_has() -> None:
    backlog = Backlog(simpy.Environment())
    batch = backlog.enter(5)
    batch.leave(5)
    assert backlog.batches == []
    with pytest.raises(ValueError, match="1 pieces cannot leave a batch of which 0 are left"):
        batch.leave(1)


def test_little_fails_where_the_accounts_differ() -> None:
    """The check can fail: a customer whose leaving was noted too early."""
    queue, env = markovian(1, 50, 2.0, 1.0, 1)
    env.run(until=20)
    assert littles_law(queue.flow())
    queue.visits[3].left -= 0.01
    assert not littles_law(queue.flow())


POINTS: list[tuple[float, int]] = [(4.0, 5), (1.5, 2), (0.7, 1)]  # λ (with μ = 1), c


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "servers"), POINTS)
def test_erlang_c(rate: float, servers: int) -> None:
    """Share that waits, and mean wait P(wait)/(cμ − λ), over 24 replications; one place more or less is refused."""
    found = np.array([_waiting(seed, rate, servers) for seed in range(24)])
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    here, more = (erlang_c(rate, c) * np.array([1, 1 / (c - rate)]) for c in (servers, servers + 1))
    assert np.all(np.abs(found.mean(axis=0) - here) < 4 * error)
    assert abs(found[:, 0].mean() - here[0]) + 2 * error[0] < 0.05
    assert np.all(np.abs(found.mean(axis=0) - more) > 4 * error)


def _waiting(seed: int, rate: float, servers: int) -> tuple[float, float]:
    """Of 4,000 customers after 500 that fill the queue: the share that waited, and the mean wait."""
    queue, env = markovian(seed, 4500, rate, 1.0, servers)
    env.run()
    waits = np.array([v.served - v.came for v in queue.visits[500:]])
    return float(np.mean(waits > 0)), float(waits.mean())


def test_erlang_c_by_hand() -> None:
    assert erlang_c(4, 5) == pytest.approx(0.554113, abs=5e-7)
    assert erlang_c(0.7, 1) == pytest.approx(0.7)  # M/M/1: the server is busy


def test_a_queue_is_a_resource_like_any_other() -> None:
    """The same story with a plain SimPy resource ends at the same times."""

    def ends(make: Callable[[simpy.Environment], simpy.Resource]) -> list[float]:
        env, times = simpy.Environment(), []
        resource = make(env)

        def visit(start: float, service: float) -> Iterator[simpy.Event]:
            yield env.timeout(start)
            with resource.request() as turn:
                yield turn
                yield env.timeout(service)
            times.append(env.now)

        for start, service in ((0, 3), (1, 2), (1, 1), (9, 1)):
            env.process(visit(start, service))
        env.run()
        return times

    assert ends(lambda env: Queue(env)) == ends(lambda env: simpy.Resource(env)) == [3, 5, 6, 10]


def test_a_run_writes_down_its_queues(tmp_path: Path) -> None:
    """Machines of a vector world need no time; two long computations beside them wait for one another."""
    scenario = load(written(tmp_path / "scenario.yaml", {"days": 6}))
    simulation = Simulation(scenario, Jobs(Store(None), "cpu"))
    for _ in range(2):
        simulation.start(simulation.compute("lm", "dreaming", 2 * SECONDS_PER_DAY * scenario.cluster.flops))
    with Recorder(tmp_path, "test", scenario.added_columns()) as recorder:
        simulation.run(recorder)
        recorder.close()
    run = Played(simulation, tmp_path)
    rows = run.queues.set_index("queue")
    assert rows.index.tolist() == ["the cluster", "lm", "rm", "pool → rm"]
    assert (rows.time == simulation.now).all()
    assert np.allclose(rows.length, rows.rate * rows.stay, rtol=1e-9, atol=0)
    assert (rows.departures == rows.arrivals)[["the cluster", "lm", "rm"]].all()
    computed = run.labor[run.labor.party.isin(["lm", "rm"])]
    cluster = rows.loc["the cluster"]
    assert cluster.arrivals == len(computed) > 5
    assert (cluster.stay - cluster.waiting) * cluster.arrivals == pytest.approx(4)
    assert cluster.waiting * cluster.arrivals >= 2
    assert rows.stay["lm"] > 0  # whoever asked the model while it waited for the cluster
