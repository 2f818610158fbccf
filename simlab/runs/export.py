"""Data out: a run's labels and preferences in the forms that other tools read, and all its tables as a data package.

Texts are written as they are, whatever they hold: it is the reader's business to treat them as text.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from simlab import plain_files
from simlab.errors import InvalidInput, Problem
from simlab.names import suggestion
from simlab.paths import given
from simlab.runs.loading import Run, RunSet, load
from simlab.tables.schemas import TABLES

if TYPE_CHECKING:
    import pandas as pd

PACKAGE = "datapackage.json"
FORMS = {
    "trl": "preferences, prompt, chosen and rejected, as JSON Lines (TRL's reward and DPO trainers)",
    "crowd-kit": "labels, task, worker and label, as CSV (crowd-kit's aggregators, `simlab calibrate`)",
    "jsonl": "comparisons, with both responses and undecided ones, too, as JSON Lines",
    "csv": "every table as CSV, in a folder",
    "datapackage": "every table as CSV with datapackage.json, a Frictionless data package",
}
_TYPES = {"string": "string", "int64": "integer", "float64": "number", "bool": "boolean"}
_TOLD = ("worker", "time", "guideline_version", "held_out", "round", "source")


def export(path: Path | str, to: str, out: Path | str | None = None) -> Path:
    """Write a run, a study or several runs in folder `path` in one of FORMS; returns the file or folder written.

    `out` is by default called as the run's folder is, in the current one. Raises InvalidInput if there is no such form
    or run, if `out` is a folder with other files in it, or if the world has no texts and the form is of texts.
    """
    if to not in FORMS:
        raise InvalidInput(Problem(f"there is no form {to!r}", suggestion(to, list(FORMS))))
    run = load(path)
    folder = to in ("csv", "datapackage")
    name = Path(path).resolve().name
    ending = f"-{to}" if folder else {"crowd-kit": "-labels.csv"}.get(to, f"-{to}.jsonl")
    place = given(out) if out is not None else Path(f"{name}{ending}")
    if folder:
        _require_own(place)
        _tables(run, place, describe=to == "datapackage")
    else:
        if place.is_dir():
            raise InvalidInput(Problem("is a folder, and this form is one file", "name a file", place))
        write, frame, begins = _ROWS[to]
        plain_files.require_own(place, begins)
        rows = frame(run)
        place.parent.mkdir(parents=True, exist_ok=True)
        with plain_files.saving(place) as file:
            write(rows, file)
    return place


# ---- labels and preferences ----------------------------------------------------------------------------------------


def labels(run: Run) -> pd.DataFrame:
    """One row for each label that somebody gave a pair of responses: `task`, `worker`, `label` (1 left, 2 right, 0
    neither). Of several runs, tasks and workers are told apart by their run, which stands before them."""
    rows = _comparisons(run)
    if isinstance(run, RunSet):
        rows["task"] = rows.run.astype(str) + "/" + rows.task.astype(str)
        rows["worker"] = rows.run.astype(str) + "/" + rows.worker.astype(str)
    return rows[["task", "worker", "label"]].reset_index(drop=True)


def comparisons(run: Run) -> pd.DataFrame:
    """One row for each label, with the texts: `prompt`, `left`, `right`, `label`, `rater`, `time` (days),
    `guideline_version`, `held_out` (from the reward model), `round`, `source`, `task`, `run`. Raises InvalidInput if
    the world has no texts."""
    rows, texts = _comparisons(run), run.candidates[["run", "response", "prompt", "text"]]
    if not texts.text.astype(bool).any():
        fix = "export a run of a world of words; labels (crowd-kit) need none"
        raise InvalidInput(Problem("its responses are vectors, and have no text", fix, run.path))
    texts = texts.drop_duplicates(["run", "response"]).astype({"run": str}).set_index(["run", "response"])
    rows["run"] = rows.run.astype(str)
    left, right = (texts.reindex(list(zip(rows.run, rows[side], strict=True))) for side in ("left", "right"))
    made = {"prompt": left.prompt, "left": left.text, "right": right.text, "label": rows.label}
    made |= {name: rows[name] for name in _TOLD} | {"task": rows.task, "run": rows.run}
    found = rows[[]].assign(**{name: column.to_numpy() for name, column in made.items()})
    return found.rename(columns={"worker": "rater"}).reset_index(drop=True)


def preferences(run: Run) -> pd.DataFrame:
    """One row for each label that prefers one of two responses: `prompt`, `chosen`, `rejected`, and what `comparisons`
    says beside them."""
    rows = comparisons(run)
    rows = rows[rows.label != 0].reset_index(drop=True)
    first = (rows.label == 1).to_numpy()
    chosen, rejected = rows.left.where(first, rows.right), rows.right.where(first, rows.left)
    rest = rows.drop(columns=["prompt", "left", "right", "label"])
    return rows[["prompt"]].assign(chosen=chosen, rejected=rejected).join(rest)


def joined(run: Run) -> pd.DataFrame:
    """Preferences whose responses can be put right behind their prompt, as TRL does (its data format has "The sky is"
    and " blue."): each begins with a space, unless there is one already."""
    rows = preferences(run)
    open_ended = ~rows.prompt.str[-1:].str.isspace() & (rows.prompt != "")
    for side in ("chosen", "rejected"):
        rows[side] = rows[side].mask(open_ended & ~rows[side].str[:1].str.isspace(), " " + rows[side])
    return rows


def _comparisons(run: Run) -> pd.DataFrame:
    """Labels of responses that machines may learn from; those asked for a second time to look at people are none."""
    rows = run.comparisons
    return rows[(rows.order == 1) & (rows.source != "again")].copy()


def _write_lines(rows: pd.DataFrame, file: IO[bytes]) -> None:
    """JSON Lines, every text as it is."""
    for row in rows.astype(object).where(rows.notna(), None).to_dict("records"):
        file.write(json.dumps(row, ensure_ascii=False, allow_nan=False, default=_plain).encode() + b"\n")


def _plain(value: Any) -> Any:
    return value.item()  # numpy's numbers


def _write_csv(rows: pd.DataFrame, file: IO[bytes]) -> None:
    """CSV with every text in quotes, so that no sign in it ends a cell or a line."""
    rows = rows.copy(deep=False)
    for name in rows.select_dtypes("bool"):
        rows[name] = rows[name].map({True: "true", False: "false"})
    text = rows.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    file.write(text.encode())


_ROWS: Mapping[str, tuple[Callable[[Any, IO[bytes]], None], Callable[[Run], Any], bytes]] = {  # how each file begins
    "trl": (_write_lines, joined, b'{"prompt": '),
    "jsonl": (_write_lines, comparisons, b'{"prompt": '),
    "crowd-kit": (_write_csv, labels, b'"task","worker","label"\n'),
}


# ---- all tables ----------------------------------------------------------------------------------------------------


def _require_own(place: Path) -> None:
    """Raise InvalidInput if a folder holds anything that is not of an earlier export."""
    if place.is_dir():
        others = [file.name for file in place.iterdir() if file.name != PACKAGE and file.suffix != ".csv"]
        if others:
            raise InvalidInput(Problem(f"holds other files, as {sorted(others)[0]}", "choose another --out", place))
        for file in place.glob("*.csv"):
            plain_files.require_own(file, b'"run",')
    elif place.exists():
        raise InvalidInput(Problem("is a file, and this form is a folder", "choose another --out", place))


def _tables(run: Run, place: Path, *, describe: bool) -> None:
    """Every table as CSV; with `describe`, datapackage.json beside them."""
    place.mkdir(parents=True, exist_ok=True)
    resources = []
    for name in run.tables:
        frame = run.tables[name]
        with plain_files.replacing(place / f"{name}.csv") as file:
            _write_csv(frame, file)
        resources.append(_resource(name, frame))
    if describe:
        with plain_files.replacing(place / PACKAGE) as file:
            file.write((json.dumps(_package(run, resources), indent=2, ensure_ascii=False) + "\n").encode())


def _package(run: Run, resources: list[dict[str, Any]]) -> dict[str, Any]:
    """The package's description (https://specs.frictionlessdata.io/tabular-data-package)."""
    manifests = run.manifest.get("runs", [run.manifest])
    names = list(dict.fromkeys(str(manifest.get("scenario", "")) for manifest in manifests))
    return {
        "profile": "tabular-data-package",
        "name": "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in names[0].lower()) or "run",
        "title": f"Runs of {', '.join(names)}",
        "runs": [{key: m.get(key) for key in ("run", "scenario", "seed", "version", "status")} for m in manifests],
        "resources": resources,
    }


def _resource(name: str, frame: pd.DataFrame) -> dict[str, Any]:
    """A table's description, from the data dictionary."""
    return {
        "profile": "tabular-data-resource",
        "name": name,
        "path": f"{name}.csv",
        "description": TABLES[name].meaning,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {"fields": [_field(name, column, frame) for column in frame], "missingValues": [""]},
    }


def _field(table: str, column: str, frame: pd.DataFrame) -> dict[str, Any]:
    known = {c.name: c for c in TABLES[table].columns}
    if column in known:
        own = known[column]
        found = {"name": column, "type": _TYPES[own.type], "description": own.meaning}
        return found | ({"unit": own.unit} if own.unit else {})
    kind = frame[column].dtype.kind
    said = {"b": "boolean", "i": "integer", "u": "integer", "f": "number"}.get(kind, "string")
    return {"name": column, "type": said, "description": TABLES[table].added(column) or "what tells runs apart"}
