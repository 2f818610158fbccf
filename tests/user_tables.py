"""Tables as users have them: the same rows as CSV, JSON Lines or Parquet, as the name of the file says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd


def saved(file: Path, rows: Sequence[Sequence[str]], columns: Sequence[str]) -> Path:
    """The file, with these rows."""
    frame = pd.DataFrame(rows, columns=list(columns))
    if file.suffix == ".parquet":
        frame.to_parquet(file)
    elif file.suffix == ".jsonl":
        frame.to_json(file, orient="records", lines=True)
    else:
        frame.to_csv(file, index=False)
    return file
