"""Checks: how they are defined, which of them a plugin must pass, and the error of one that fails.

A check is a function of a `Subject`, the plugin under test; it yields a sentence for whatever is wrong (one is
enough) and says in its docstring what it is for. `@check("criterion")` makes it part of the contract of criteria,
`@check()` of every plugin's. Checks run in the order in which they were defined.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import SkipTest

from simlab.components.component import Component
from simlab.docstrings import docstring
from simlab.errors import FAILURES, InvalidInput, PluginFailed, Problem, defined
from simlab.names import suggestion, who
from simlab.paths import given
from simlab.plugins.watchdog import watched

Function = Callable[["Subject"], Iterator[str]]
_PLACE = re.compile(r"\(\S+:\d+\)$")  # a sentence that already ends with file and line
PATIENCE = 10.0  # seconds one call of a plugin may take while it is checked
_METHODS = {  # what a plugin of each kind is asked by, the first that is its own being where it answers
    "criterion": ("score_batch", "score"),
    "rater": ("probabilities", "choose"),
    "effort": ("choose", "hurry"),
    "review": ("decide", "chance"),
    "look": ("score", "wanted"),
    "reward": ("shape", "direction"),
    "guideline": ("revise",),
    "combination": ("combine",),
    "aggregator": ("aggregate",),
    "consequence": ("apply", "act"),
    "learner": ("learn", "learn_vector"),
    "world": ("open",),
    "outcome": ("value",),
}
_GROUND = ("made", "answers", "finite", "probabilities", "labels", "deterministic", "reproducible")
"""Checks on which those after them in a contract rest: of what does not answer, or never the same, they say nothing."""
_CHECKS: list[tuple[str, Function]] = []


class Broken(AssertionError):
    """A plugin does not keep to the contract of its kind."""


def check(kind: str = "") -> Callable[[Function], Function]:
    """A decorator that makes a function a check of this kind of plugin, or of all, under the function's name."""

    def add(function: Function) -> Function:
        _CHECKS.append((kind, function))
        return function

    return add


@dataclass(slots=True)
class Subject:
    """A plugin under test: its class, and the parameters it is tested with."""

    cls: type[Component]
    parameters: Mapping[str, Any]
    _found: dict[Function, str] = field(default_factory=dict)
    _kept: dict[str, Any] = field(default_factory=dict)

    def made(self) -> Any:
        """A new instance, so that checks share no state; ValueError if none can be made."""
        return self.cls(**self.parameters)

    def kept(self, what: str, make: Callable[[], Any]) -> Any:
        """Something that several checks look at, and none changes: made once."""
        if what not in self._kept:
            self._kept[what] = make()
        return self._kept[what]

    def declares(self, trait: str) -> bool:
        """Whether its class declares a trait."""
        return bool(getattr(self.cls, trait, False))

    def asked(self, function: Function) -> str:
        """The first complaint of a check, "" if there is none; exceptions and calls that do not end are complaints."""
        try:
            with watched(PATIENCE):
                return next(function(self), "")
        except PluginFailed as error:
            return str(error)
        except FAILURES as error:
            return str(PluginFailed.raised("it", error))

    def unfounded(self, checked: Function) -> str:
        """The complaint of a check that this one presupposes, which is then skipped; "" if there is none."""
        for kind, function in _CHECKS:
            if function is checked:
                break
            if function.__name__ in _GROUND and kind in ("", self.cls.kind):
                if function not in self._found:
                    self._found[function] = self.asked(function)
                if found := self._found[function]:
                    return found
        return ""


@dataclass(frozen=True, slots=True)
class Check:
    """One check of one plugin. Call it: silent if all is well, `Broken` if not, and unittest's SkipTest (which pytest
    knows) if it rests on another check that fails."""

    subject: Subject
    function: Function

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """As in "bounded"."""
        return self.function.__name__

    @property
    def about(self) -> str:
        """What the check demands, in a sentence."""
        return " ".join(docstring(self.function).split())

    def __call__(self) -> None:
        """Check the plugin."""
        subject = self.subject
        of_kind = any(kind and function is self.function for kind, function in _CHECKS)
        if of_kind and (why := subject.unfounded(self.function)):
            raise SkipTest(f"not checked, because of another check: {why}")
        if found := subject.asked(self.function):
            methods = _METHODS.get(subject.cls.kind, ()) if of_kind else ()
            named = sorted(methods, key=lambda method: method not in found.split())  # what is spoken of comes first
            where = "" if _PLACE.search(found) else f" ({defined(subject.cls, *named) or subject.cls.__name__})"
            raise Broken(f"{who(subject.cls)}, {self.name}: {found}{where}")


def checks(cls: type[Component], **parameters: Any) -> list[Check]:
    """All checks a component class has to pass, with these parameters (else its defaults and its `example`)."""
    subject = Subject(cls, parameters or dict(cls.example))
    return [Check(subject, function) for kind, function in _CHECKS if kind in ("", cls.kind)]


def load(path: Path | str, name: str | None = None) -> type[Any]:
    """The component a plugin file (or package folder) defines; of several, the one called `name`.

    Raises InvalidInput, with file, line and reason, where the file is broken or defines no such component.
    """
    from simlab.plugins.registry import Registry

    path = given(path)
    if not path.exists():
        raise InvalidInput(Problem("no such plugin file or folder", "check the path", path))
    registry = Registry()
    registry.load_file(path)
    if broken := [e for e in registry.entries if not e.ok]:
        raise InvalidInput(*(Problem(e.error, file=e.source) for e in broken))
    found = {e.name: e.cls for e in registry.entries if e.cls is not None}
    if name is None and len(found) == 1:
        return next(iter(found.values()))
    if name is None or name not in found:
        fix = suggestion(name or "", list(found))
        raise InvalidInput(Problem(f"defines no component called {name!r}" if name else "say which", fix, path))
    return found[name]
