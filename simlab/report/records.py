"""Rows of DataFrames as JSON has them: numbers that are none, or infinite, are null."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a DataFrame, each by column."""
    return [plain(row) for row in frame.to_dict("records")]


def plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A mapping whose values JSON can hold."""
    return {str(k): None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}
