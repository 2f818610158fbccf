"""Loggers: somebody elsewhere is told how a run goes on."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from simlab.components.component import Component


class Logger(Component):
    """Tells somebody elsewhere how a run goes on: its hooks are methods, with the names and parameters of `hookspecs`.

    A logger is asked for by `simlab run … --log NAME` and is no part of the scenario: it looks on, and the run has
    the same hash and the same tables with and without it. The hooks of a plain function in a plugin file are called
    in every run; those of a logger only in runs that ask for it.
    """

    kind: ClassVar[str] = "logger"

    folder: str = Field("", description="where it writes; if nobody says, in a folder of its own in the run's")
