"""The contract of each kind of plugin in words: its methods and what their arguments hold, read off the classes.

`simlab plugins --contract KIND` prints it, and drafts carry what concerns them in their docstring.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, fields
from importlib import import_module
from typing import Any

from simlab.components.shown_data import attributes
from simlab.docstrings import docstring
from simlab.errors import InvalidInput, Problem
from simlab.names import CALLED, clip, suggestion

_WIDE = 100  # characters of a line
_BASES = {
    "criterion": "simlab.components.criterion:Criterion",
    "rater": "simlab.components.rater_policy:RaterPolicy",
    "effort": "simlab.components.effort:Effort",
    "review": "simlab.components.review:Review",
    "look": "simlab.components.look:Look",
    "reward": "simlab.components.reward_shape:RewardShape",
    "guideline": "simlab.components.guideline_policy:GuidelinePolicy",
    "combination": "simlab.components.combination:Combination",
    "charter": "simlab.components.charter:Charter",
    "aggregator": "simlab.components.aggregator:Aggregator",
    "consequence": "simlab.components.consequence:Consequence",
    "learner": "simlab.components.learner:Learner",
    "world": "simlab.worlds.world:World",
    "logger": "simlab.components.logger:Logger",
    "outcome": "simlab.components.outcome:Outcome",
}
_SHOWN = {  # by kind: what a method calls it, and its class
    "criterion": {
        "exchange": "simlab.components.exchange:Exchange",
        "exchange.prompt": "simlab.components.exchange:Prompt",
        "exchange.response": "simlab.components.exchange:Response",
        "exchange.response.claims[i]": "simlab.components.exchange:Claim",
        "observer": "simlab.components.exchange:Observer",
    },
    "rater": {"cohort": "simlab.components.cohort:Cohort", "scene": "simlab.components.rater_view:RaterView"},
    "effort": {"situation": "simlab.components.effort:WorkSituation"},
    "look": {
        "work": "simlab.components.look:DeliveredWork",
        "answer": "simlab.components.look:ForeseenAnswer",
    },
    "review": {"record": "simlab.components.review:PerformanceRecord"},
    "guideline": {
        "situation": "simlab.components.guideline_policy:GuidelineReview",
        "situation.history[i]": "simlab.components.guideline_policy:Term",
    },
    "charter": {"articles[i]": "simlab.components.charter:Article"},
    "aggregator": {"votes": "simlab.components.aggregator:Votes"},
    "consequence": {
        "relation": "simlab.relation:Relation",
        "judgement": "simlab.relation:Judgement",
        "Effect(…)": "simlab.relation:Effect",
    },
    "learner": {
        "lesson (demonstrations)": "simlab.components.learner:DemonstrationLesson",
        "lesson (rankings)": "simlab.components.learner:RankingLesson",
        "lesson (rankings of vectors)": "simlab.components.learner:VectorRankingLesson",
        "lesson (rewards)": "simlab.components.learner:RewardLesson",
        "lesson (rewards of vectors)": "simlab.components.learner:VectorRewardLesson",
    },
    "world": {"open(…)": "simlab.worlds.world:Game", "criteria[i]": "simlab.components.criterion:Criterion"},
}


@dataclass(frozen=True, slots=True)
class Member:
    """A method, field or property: its signature, and its meaning."""

    written: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a method: its name there, its type, and what it holds."""

    name: str
    about: str
    holds: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Contract:
    """The methods of a kind of plugin, and the objects passed to them."""

    kind: str
    base: str
    about: str
    asked: tuple[Member, ...]
    shown: tuple[Argument, ...]

    def as_text(self) -> str:
        """The contract as a text for the screen."""
        parts = [f"{CALLED[self.kind]}: class … (simlab.{self.base})", _filled(self.about), "", "It is asked:"]
        parts += [f"\n  {s.written}\n{_filled(s.meaning, 6)}" for s in self.asked]
        for argument in self.shown:
            parts += [f"\n{argument.name} holds:", _filled(argument.about, 2), ""]
            parts += [_filled(f"{s.written}: {s.meaning}" if s.meaning else s.written, 4) for s in argument.holds]
        return "\n".join(parts)

    def as_docstring(self) -> str:
        """Names and attributes of the methods' arguments, for the docstring of a draft."""
        lines = []
        for argument in self.shown:
            held = ", ".join(s.written.partition(":")[0] + _shape(s.meaning) for s in argument.holds)
            lines.append(_filled(f"`{argument.name}` holds {held}."))
        return "\n".join([*lines, f"What they are, and in which units: simlab plugins --contract {self.kind}"])


def contract(kind: str) -> Contract:
    """The contract of a kind of plugin. Raises InvalidInput if there is no such kind."""
    if kind not in _BASES:
        raise InvalidInput(Problem(f"there is no kind of plugin called {clip(kind)!r}", suggestion(kind, list(_BASES))))
    base = _class(_BASES[kind])
    shown = tuple(_shown(name, _class(where)) for name, where in _SHOWN.get(kind, {}).items())
    return Contract(kind, base.__name__, docstring(base), tuple(_asked(kind, base)), shown)


def _class(where: str) -> Any:
    module, _, name = where.partition(":")
    return getattr(import_module(module), name)


def _asked(kind: str, base: Any) -> Iterator[Member]:
    """The methods of a contract, in the order in which they are defined; of a logger, the hooks it may have."""
    place = vars(import_module("simlab.plugins.hookspecs")) if kind == "logger" else vars(base)
    for name, method in place.items():
        public = name.startswith("simlab_") if kind == "logger" else not name.startswith(("_", "model_"))
        if public and inspect.isfunction(method) and method.__qualname__.rpartition(".")[0] in ("", base.__name__):
            signature = str(inspect.signature(method)).replace("'", "")
            yield Member(f"{name}{signature}", docstring(method))


def _shown(name: str, cls: Any) -> Argument:
    """What an object holds: its fields with what their lines say of them, then properties and methods."""
    try:
        source = inspect.getsource(cls)
    except (OSError, TypeError):
        source = ""
    meanings = dict(re.findall(r"^    (\w+): [^#\n]*#\s*(.*)$", source, re.MULTILINE))
    own = {f.name: f.type for f in fields(cls)} if hasattr(cls, "__dataclass_fields__") else {}
    held = [Member(f"{field}: {_plain(type_)}", meanings.get(field, "")) for field, type_ in own.items()]
    names = attributes(cls) if own else [_called(cls, n) for n in vars(cls) if not n.startswith(("_", "model_"))]
    for written in names[len(own) :]:
        thing = inspect.getattr_static(cls, written.removesuffix("()"))
        function = thing.fget if isinstance(thing, property) else getattr(thing, "__func__", thing)
        if inspect.isfunction(function):
            held.append(Member(written, docstring(function).partition("\n\n")[0].replace("\n", " ")))
    return Argument(name, docstring(cls), tuple(held))


def _called(cls: Any, name: str) -> str:
    """A property as it is, a method with ()."""
    return name if isinstance(vars(cls)[name], property) else f"{name}()"


def _plain(type_: Any) -> str:
    return (
        str(type_).replace("NDArray[np.", "array[").replace("Array", "array[float64]").replace("array[array", "array")
    )


def _shape(meaning: str) -> str:
    """The shape a meaning begins with, as in " [R, D]"."""
    found = re.match(r"\[[^\]]*\]", meaning)
    return f" {found[0]}" if found else ""


def _filled(text: str, indent: int = 0) -> str:
    """Paragraphs and lists, each as wide as a screen."""
    margin = " " * indent
    blocks = re.split(r"\n(?=\n|- )|\n\n", text)
    wrapped = [
        textwrap.fill(" ".join(b.split()), _WIDE, initial_indent=margin, subsequent_indent=margin) for b in blocks
    ]
    return "\n".join(wrapped)
