"""The hooks of all plugins: which functions are accepted as one, and how they are called.

What hooks there are, and when they are called, stands in `hookspecs`. The registry of plugins holds the one
`Hooks` of an application; `runner` calls them. A function called `simlab_…` that is no hook, or that asks for
something its hook is not told, is refused before a run starts: it would never be called, or never with that.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pluggy

from simlab.errors import FAILURES, PluginFailed, SimlabError
from simlab.names import did_you_mean
from simlab.plugins import hookspecs

PREFIX = "simlab_"
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class WrongHook(TypeError):
    """A function that is called like a hook and is none, at line `lineno` of its file."""

    def __init__(self, what: str, lineno: int | None) -> None:
        super().__init__(what)
        self.lineno = lineno


class Hooks:
    """Who listens, and how they are told."""

    def __init__(self) -> None:
        self._manager = _Manager("simlab")
        self._manager.add_hookspecs(hookspecs)

    def listen(self, plugin: object) -> None:
        """Take the hooks of a module, or of a logger, into account. Raises WrongHook for the first that is none."""
        found = list(hooks_of(plugin))
        for name, function in found:
            check(name, function)
        if found:
            self._manager.register(plugin)

    def copy(self) -> Hooks:
        """Others, to which the same plugins listen."""
        other = Hooks()
        for name, plugin in self._manager.list_name_plugin():  # in order of their registration
            other._manager.register(plugin, name)
        return other

    def register_of(self, plugin: object) -> Callable[..., Any] | None:
        """The plugin's own `simlab_register`, if it has one, called with `register=`."""
        if not hasattr(plugin, "simlab_register"):
            return None
        others = [other for other in self._manager.get_plugins() if other is not plugin]
        return self._manager.subset_hook_caller("simlab_register", others)

    def wanted(self, name: str, parameter: str) -> bool:
        """Whether any plugin has this hook and asks for this parameter, which may be dear to come by."""
        return any(parameter in impl.argnames for impl in getattr(self._manager.hook, name).get_hookimpls())

    def __getattr__(self, name: str) -> Callable[..., None]:
        """The caller of one hook, with keyword arguments. A plugin that raises is `PluginFailed`, unless what it
        raises is a SimlabError: it then refuses the run by a sentence of its own."""
        if not name.startswith(PREFIX):
            raise AttributeError(name)
        told = getattr(self._manager.hook, name)

        def tell(**said: Any) -> None:
            try:
                told(**said)
            except SimlabError:
                raise
            except FAILURES as error:
                raise PluginFailed.raised(f"the hook {name} of a plugin", error) from error

        return tell


class _Manager(pluggy.PluginManager):
    """A plugin manager that takes any function named `simlab_…` for a hook, without a decorator."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        if not name.startswith(PREFIX) or not callable(getattr(plugin, name)):
            return None
        return {"wrapper": False, "hookwrapper": False, "optionalhook": False, "tryfirst": False, "trylast": False,
                "specname": None}  # fmt: skip


def hooks_of(plugin: object) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every function of a module, class or object whose name says that it is meant as a hook, in order of names."""
    names = {n for part in plugin.__mro__ for n in vars(part)} if isinstance(plugin, type) else dir(plugin)
    for name in sorted(n for n in names if n.startswith(PREFIX)):
        function = getattr(plugin, name)
        if callable(function):
            yield name, function


def check(name: str, function: Callable[..., Any]) -> None:
    """Raise WrongHook if there is no hook of this name, or if it is not told what the function asks for."""
    line = getattr(getattr(function, "__code__", None), "co_firstlineno", None)
    known = [hook for hook in vars(hookspecs) if hook.startswith(PREFIX)]
    if name not in known:
        fix = did_you_mean(name, known) or f"hooks are {', '.join(known)}"
        raise WrongHook(f"there is no hook {name} ({fix})", line)
    told = list(inspect.signature(getattr(hookspecs, name)).parameters)
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind not in _NAMED:
            raise WrongHook(f"{name} takes {parameter}, but hooks name what they take: {', '.join(told)}", line)
        if parameter.name not in told and parameter.name != "self":
            fix = " ".join(part for part in (did_you_mean(parameter.name, told), f"told are {', '.join(told)}") if part)
            raise WrongHook(f"the hook {name} is not told {parameter.name!r} ({fix})", line)


def meant_as_hooks(path: Path) -> bool:
    """Whether a plugin file that could not be loaded has a function meant as a hook, judged without running it."""
    file = path / "__init__.py" if path.is_dir() else path
    try:
        body = ast.parse(file.read_text(encoding="utf-8")).body
    except (OSError, ValueError, SyntaxError):
        return False
    names = [node.name for node in body if isinstance(node, ast.FunctionDef)]
    return any(name.startswith(PREFIX) and name != "simlab_register" for name in names)
