"""Checks of what plugins return: whether it is numbers of the right shape, and how a message names what came instead.

Nothing is taken for a number that is none: numpy would make NaN of None, 0.5 of "0.5", and 1 of True.
"""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real
from typing import Any

import numpy as np

from simlab.errors import PluginFailed
from simlab.names import clip, who


def given(found: Any) -> str:
    """What came, in a few words: a value as it is, an array by its type and shape."""
    array = found if isinstance(found, np.ndarray) else None
    if array is None and isinstance(found, list | tuple) and len(found):
        try:
            array = np.asarray(found)
        except ValueError:  # rows of different lengths
            array = None
    if array is None or array.ndim == 0:
        return f"{type(found).__name__} {clip(repr(found), 40)}" if found is not None else "None"
    what = f"{array.dtype} of shape {array.shape}"
    if array.dtype.kind in "OUS" and array.size:
        what += f", such as {clip(repr(array.ravel().tolist()[0]), 40)}"
    return what


def not_numbers(found: Any, shape: tuple[int, ...]) -> str:
    """What an answer is that should be real numbers of this shape, in words; "" if it is that.

    Of numbers of another shape, only the shape is said.
    Whole numbers are numbers; True and False, complex numbers and texts that look like numbers are none.
    """
    try:
        array = np.asarray(found)
    except (ValueError, TypeError):
        return given(found)
    if array.dtype.kind not in "iuf" or not array.ndim:
        return given(found)
    return "" if array.shape == shape else str(array.shape)


def not_a_number(found: Any) -> str:
    """What an answer is that should be one number, in words; "" if it is that. Of single answers, True counts as 1."""
    if isinstance(found, np.ndarray) and found.ndim == 0:
        found = found[()]
    if isinstance(found, bool | np.bool_ | Real | np.integer | np.floating):
        return ""
    return given(found)


def number(plugin: Any, method: str, *by: str) -> float:
    """The one number that a component's method of this name gives, itself or by others. Raises PluginFailed where it
    gives none."""
    if wrong := not_a_number(found := _asked(plugin, method)):
        raise PluginFailed.returned(plugin, f"must give one number as {method}; it gave {wrong}", method, *by)
    return float(found)


def criteria(plugin: Any) -> list[str]:
    """The criteria that a component names. Raises PluginFailed where what it gives are no names."""
    found = _asked(plugin, "criteria")
    if not isinstance(found, Iterable) or isinstance(found, str):
        raise PluginFailed.returned(plugin, f"must give names of criteria; it gave {given(found)}", "criteria")
    names = list(found)
    if odd := [name for name in names if not isinstance(name, str)]:
        raise PluginFailed.returned(plugin, f"must give names of criteria; it gave {given(odd[0])}", "criteria")
    return names


def _asked(plugin: Any, method: str) -> Any:
    try:
        return getattr(plugin, method)()
    except Exception as error:
        raise PluginFailed.raised(who(plugin), error) from error
