"""Waiting: Erlang's delay formula and Little's law, from the simulator's own queues."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from simlab.engine.queues import Flow, Queue
from simlab.rng import Streams, uniforms
from simlab.theory.law import REPLICATIONS, Control, Law

CUSTOMERS, FILLING = 3000, 500  # those who are counted, after some who fill the queue
MORE = 5_000  # of whom mean waiting is taken: at a load of 4/5 its error over twenty paths is .03


def markovian(seed: int, count: int, rate: float, servers: int) -> tuple[Queue, simpy.Environment]:
    """A queue before which `count` customers will arrive at this rate, each served for a day on average (M/M/c)."""
    env = simpy.Environment()
    queue, key = Queue(env, servers), Streams(seed).key("theory", "customers")
    gaps = -np.log(uniforms(key, np.arange(count), 0)) / rate
    services = -np.log(uniforms(key, np.arange(count), 1))

    def visit(service: float) -> Generator[simpy.Event, Any, None]:
        with queue.request() as turn:
            yield turn
            yield env.timeout(service)

    def door() -> Generator[simpy.Event, Any, None]:
        for gap, service in zip(gaps.tolist(), services.tolist(), strict=True):
            yield env.timeout(gap)
            env.process(visit(service))

    env.process(door())
    return queue, env


def erlang_c(rate: float, servers: int) -> float:
    """P(wait) of M/M/c with services of one day on average."""
    last = rate**servers / math.factorial(servers) * servers / (servers - rate)
    return last / (sum(rate**k / math.factorial(k) for k in range(servers)) + last)


def _waiting(seed: int, rate: float, servers: int, count: int = CUSTOMERS) -> np.ndarray:
    queue, env = markovian(seed, FILLING + count, rate, servers)
    env.run()
    return np.array([v.served - v.came for v in queue.visits[FILLING:]])


def _flow(path: int, rate: float, servers: int, until: float) -> Flow:
    queue, env = markovian(path, 2000, rate, servers)
    env.run(until=until)
    return queue.flow()


def _little(seed: int, *, path: int, rate: float, servers: int, until: float) -> float:
    """L over λW, each from its own account of one path that is cut off with customers inside."""
    found = _flow(path, rate, servers, until)
    return found.length / (found.rate * found.stay)


def _served_only(seed: int, *, path: int, rate: float, servers: int, until: float) -> float:
    """The same, with the time of those who are still inside forgotten."""
    queue, env = markovian(path, 2000, rate, servers)
    env.run(until=until)
    gone = [v for v in queue.visits if not math.isnan(v.left)]
    stay = math.fsum(v.stay(until) for v in gone) / len(gone)
    return queue.flow().length / (queue.flow().rate * stay)


LAWS = (
    Law(
        id="queue.erlang_c",
        says="P(wait) of M/M/c; λ=4, μ=1, c=5 gives .554113",
        source="Erlang (1917), Elektroteknikeren 13",
        path="simlab/engine/queues.py:Queue.arrive",
        regime="exact",
        points=({"rate": 4.0, "servers": 5}, {"rate": 1.5, "servers": 2}, {"rate": 0.6, "servers": 1}),
        predicted=erlang_c,
        observe=lambda seed, rate, servers: float(np.mean(_waiting(seed, rate, servers) > 0)),
        margin=0.05,
        replications=REPLICATIONS,
        control=Control(
            params={"rate": 4.0, "servers": 5},
            wrong="the share of time all are busy, if who finds it so goes away (Erlang B)",
            predicted=lambda rate, servers: (
                rate**servers / math.factorial(servers) / sum(rate**k / math.factorial(k) for k in range(servers + 1))
            ),
        ),
    ),
    Law(
        id="queue.mean_wait",
        says="W_q = P(wait)/(c − λ) days in M/M/c; λ=4, μ=1, c=5 gives .554113 again",
        source="Erlang (1917), Elektroteknikeren 13",
        path="simlab/engine/queues.py:Queue.arrive",
        regime="exact",
        points=({"rate": 4.0, "servers": 5}, {"rate": 1.2, "servers": 2}, {"rate": 0.5, "servers": 1}),
        predicted=lambda rate, servers: erlang_c(rate, servers) / (servers - rate),
        observe=lambda seed, rate, servers: float(np.mean(_waiting(seed, rate, servers, MORE))),
        margin=0.1,
        replications=REPLICATIONS,
        control=Control(
            params={"rate": 4.0, "servers": 5},
            wrong="a queue before each server",
            predicted=lambda rate, servers: rate / servers / (1 - rate / servers),
        ),
    ),
    Law(
        id="queue.little",
        says="L = λW on every path, cut off anywhere: L/(λW) = 1",
        source="Little (1961), Operations Research 9; Stidham (1974), Operations Research 22",
        path="simlab/engine/queues.py:flow",
        regime="exact",
        points=(
            {"path": 1, "rate": 4.0, "servers": 5, "until": 50.0},
            {"path": 2, "rate": 3.0, "servers": 2, "until": 40.0},
            {"path": 3, "rate": 0.6, "servers": 1, "until": 300.0},
        ),
        predicted=lambda path, rate, servers, until: 1.0,
        observe=_little,
        margin=1e-9,
        control=Control(
            params={"path": 2, "rate": 3.0, "servers": 2, "until": 40.0},
            wrong="the time of those still inside forgotten",
            observe=_served_only,
        ),
    ),
)
