"""Simulated days: when a calendar comes round, and waiting until then."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

from simpy import Environment, Event

Steps = Generator[Event, Any, None]


def day_of(look: int, every: float) -> float:
    """When a calendar of `every` days comes to its n-th look, in days; rounded, so that 3 × 2.2 and 2 × 3.3 are one."""
    return round(look * every, 9)


def at(env: Environment, time: float) -> Steps:
    """Wait until exactly `time` (or no longer than now, if that is past), so that calendars meet without drift.

    One timeout may round to the next float beyond `time`; one that stops just short of it is followed by another.
    """
    while True:
        delay = max(0.0, time - env.now)
        while env.now + delay > max(time, env.now):
            delay = math.nextafter(delay, 0.0)
        yield env.timeout(delay)
        if env.now >= time:
            return
