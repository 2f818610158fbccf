"""What a class, function or module says of itself, also where Python was told to forget docstrings (`python -OO`)."""

from __future__ import annotations

import ast
import inspect
import sys
from textwrap import dedent
from typing import Any


def docstring(thing: Any) -> str:
    """The docstring of a class, function or module, without its indentation; "" if it has none of its own.

    Where docstrings were stripped it is read from the source.
    """
    if sys.flags.optimize < 2:
        return inspect.cleandoc(getattr(thing, "__doc__", None) or "")
    try:
        tree = ast.parse(dedent(inspect.getsource(thing)))
    except (OSError, TypeError, SyntaxError):
        return ""
    node = tree if inspect.ismodule(thing) else tree.body[0]
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
        return ast.get_docstring(node) or ""
    return ""
