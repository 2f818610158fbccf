"""The component classes of a plugin: which ones a module defines, and what keeps one from being registered."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic_core import PydanticSerializationError

from simlab.components.charter import Article, Charter
from simlab.components.component import Component
from simlab.errors import defined
from simlab.names import is_name
from simlab.plugins.hooks import WrongHook, check, hooks_of


def defined_by(module: ModuleType) -> Iterator[type[Component]]:
    """The component classes a module defines itself (a package: exports from within), bases of others left out."""
    package = hasattr(module, "__path__")
    inside = module.__name__ + "."
    found = [
        thing
        for name, thing in vars(module).items()
        if isinstance(thing, type)
        and issubclass(thing, Component)
        and not name.startswith("_")
        and (thing.__module__ == module.__name__ or (package and thing.__module__.startswith(inside)))
    ]
    for cls in dict.fromkeys(found):
        if cls.name or not any(other is not cls and issubclass(other, cls) for other in found):
            yield cls


def own_parts(cls: type, source: Path) -> Iterator[type]:
    """A component class and those of its bases that the same plugin defines."""
    inside = f"{source}{os.sep}"
    for part in cls.__mro__:
        file = getattr(sys.modules.get(part.__module__), "__file__", None) or ""
        if part is cls or file == str(source) or file.startswith(inside):
            yield part


def line_of_class(cls: Any) -> int | None:
    """The line on which a class, or the function it was made of, begins."""
    line = defined(cls).rpartition(":")[2] if isinstance(cls, type) else ""
    return int(line) if line.isdecimal() else None


def fault_of(cls: Any) -> str:
    """What keeps a class from being registered, if anything."""
    if not (isinstance(cls, type) and issubclass(cls, Component)):
        return f"{cls!r} is no component class"
    if not cls.kind:
        contracts = "Criterion, RaterPolicy, Effort, Review, Look, RewardShape, GuidelinePolicy, Combination, Charter"
        more = "Aggregator, Learner, Consequence, World, Outcome, Logger"
        return f"class {cls.__name__} derives from none of the contracts ({contracts}, {more})"
    if not isinstance(cls.name, str) or not is_name(cls.name):
        return f'class {cls.__name__} has no usable name (write name = "…": a letter, then letters, digits, - or _)'
    if issubclass(cls, Charter) and not (cls.articles and all(isinstance(a, Article) for a in cls.articles)):
        return f"class {cls.__name__} has no articles (write articles = (simlab.Article(…), …))"
    if "kind" in cls.model_fields or "kind" in vars(cls):
        return f"class {cls.__name__} redefines kind, which belongs to its contract"
    try:
        cls.model_construct().model_dump(mode="json", warnings=False)
    except PydanticSerializationError as error:
        return f"class {cls.__name__} has a default that no scenario file could say: {error}"
    try:
        for hook, function in hooks_of(cls):
            check(hook, function)
    except WrongHook as error:
        return f"line {error.lineno}: {error}"
    return ""
