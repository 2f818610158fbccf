"""Loading a run from its folder: its tables as DataFrames, its manifest and status. For people, reports and studies.

Nothing here imports torch; pandas and pyarrow are imported when the first table is read. Writing
a run is the business of `simlab.runs.folder`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab import plain_files
from simlab.errors import InvalidInput, Problem
from simlab.paths import given
from simlab.runs.folder import is_held, runs_row
from simlab.runs.manifest import MANIFEST, read_manifest
from simlab.runs.selection import Selection, unknown
from simlab.runs.study_folder import RUN_COLUMNS, Cell, cells, is_study, read_study, row_of, settings
from simlab.tables.schemas import TABLES

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["Run", "RunSet", "StudyRuns", "Tables", "load"]

_DRAWN_BY = "simlab.report.figures.plots"  # on floors above: named and not imported, as a backend of plots is
_KEPT_BY = "simlab.machines.saved"
_DEPTH = 4  # how far below a study's folder its runs may be


def _own(frame: pd.DataFrame) -> pd.DataFrame:
    """The same frame, to be changed without a change to this one: since pandas 3, only what is written to is copied."""
    import pandas as pd

    return frame.copy(deep=int(pd.__version__.partition(".")[0]) < 3)


class Tables(Mapping[str, "pd.DataFrame"]):
    """Outcome tables by name, each read when it is first asked for."""

    def __init__(self, run: Run, names: Sequence[str], lent_by: Tables | None = None) -> None:
        self._run, self._names, self._lent_by = run, tuple(names), lent_by
        self._read: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._names:
            raise KeyError(unknown("table", name, self._names))
        if name not in self._read:
            theirs = self._lent_by
            self._read[name] = self._run._frame(name) if theirs is None else _own(theirs[name])
        return self._read[name]

    def lent(self) -> Tables:
        """The same tables, each to be changed without a change to these; read once all the same."""
        return Tables(self._run, self._names, self)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return f"<tables {', '.join(self._names)}>"


class Run:
    """A run on disk: `tables` (also as attributes, as `run.alignment`), `manifest`, `status`, `path`, `hashes`.

    `status` is running, finished, interrupted or failed; a run whose process is gone counts as interrupted.
    """

    def __init__(self, path: Path, selection: Selection) -> None:
        self.path = path
        self._selection = selection
        self.manifest = self._manifest()
        self.tables = Tables(self, selection.tables)

    def lent(self) -> Run:
        """The same run for a plugin, which may write into its tables."""
        found = copy(self)
        found.tables = self.tables.lent()
        return found

    def _manifest(self) -> dict[str, Any]:
        found = read_manifest(self.path)
        if found["status"] == "running" and not is_held(self.path):
            found = read_manifest(self.path)  # it may have ended between the two looks
            found["status"] = "interrupted" if found["status"] == "running" else found["status"]
        return found

    @property
    def status(self) -> str:
        """running, finished, interrupted or failed, at the time of loading."""
        return str(self.manifest["status"])

    @property
    def hashes(self) -> dict[str, str]:
        """The sha256 of every table of a finished run, by the table's name."""
        return {name: table["sha256"] for name, table in self.manifest["tables"].items()}

    @cached_property
    def rows(self) -> dict[str, int]:
        """How many rows there are in each table; reads no table."""
        return {name: self._count(name) for name in self.tables}

    @property
    def plot(self) -> Any:
        """Figures of the run, as `plot.ladder()`, `.waterfall()`, `.orders()` and `.frontier()`: Figures of matplotlib,
        which the extra `report` brings."""
        return import_module(_DRAWN_BY).RunPlots(self)

    def model(self, name: str, when: str = "after") -> Any:
        """A network of a finished run, in torch: of a language model the `Transformer`, as it is in the end or "before"
        training; of a reward model the `Ensemble` of its `members`. Raises InvalidInput if there is none."""
        return import_module(_KEPT_BY).network(self.path, name, when)

    def words(self, name: str) -> tuple[str, ...]:
        """The dictionary of a network of a finished run: the word of each token number."""
        return tuple(import_module(_KEPT_BY).words(self.path, name))

    def rehash(self) -> dict[str, dict[str, Any]]:
        """Rows and sha256 of every table computed anew from the files, in the form of the manifest's `tables`."""
        from simlab.tables import table_files

        found = {}
        for name in TABLES:
            if path := table_files.stored(self.path, name):
                rows, digest = table_files.summary(path)
                found[name] = {"rows": rows, "sha256": digest}
        return found

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name in TABLES:
            return self.tables[name]
        raise AttributeError(unknown("table or attribute", name, tuple(TABLES)))

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.tables]

    def __repr__(self) -> str:
        name, seed = self.manifest["scenario"], self.manifest["seed"]
        return f"<Run {self.manifest['run']}: {name}, seed {seed}, {self.status}, in {self.path}>"

    def _count(self, name: str) -> int:
        from simlab.tables import table_files

        if name == "runs":
            return 1
        path = self.stored(name)
        if path is None:
            return 0
        return table_files.read(path, name).num_rows if TABLES[name].key else table_files.count(path)

    def stored(self, name: str) -> Path | None:
        """The file of a table, held against what the manifest says of it; None if nothing has been written yet.

        Raises InvalidInput, naming the file, if it is another table, another run's, or missing though it was there.
        """
        from simlab.provenance import simlab_version
        from simlab.tables import table_files

        entry = self.manifest["tables"].get(name)
        path = table_files.stored(self.path, name)
        if path is None and entry is not None:
            lost = table_files.tables_folder(self.path) / f"{name}{table_files.PARQUET}"
            raise InvalidInput(Problem("is missing", "the command that began the run makes it again", lost))
        if path is not None:
            exact = self.manifest["version"] == simlab_version()
            table_files.require(path, name, self.manifest["run"], entry and entry["rows"], exact=exact)
        return path

    def _frame(self, name: str) -> pd.DataFrame:
        rows = self._arrow(name)
        frame = rows.to_pandas()
        frame.attrs = _attrs(name, rows.column_names)
        return frame

    def _arrow(self, name: str) -> pa.Table:
        if name == "runs":
            return self._selection.of(name, runs_row(self.manifest))
        for patience in (0.05, 0.2, 0.0):  # a run that starts or ends meanwhile moves its files
            try:
                return self._selection.read(self.stored(name), name, self.manifest["run"])
            except FileNotFoundError:
                time.sleep(patience)
        return self._selection.read(self.stored(name), name, self.manifest["run"])


class RunSet(Run):
    """Several runs in one folder: the same tables, with the rows of all of them; `parts` holds the runs."""

    def __init__(self, path: Path, parts: Sequence[Path], selection: Selection) -> None:
        self.parts = tuple(Run(part, selection) for part in parts)
        super().__init__(path, selection)

    def _manifest(self) -> dict[str, Any]:
        statuses = [part.status for part in self.parts]
        worst = next((s for s in ("failed", "interrupted", "running") if s in statuses), "finished")
        return {"status": worst, "runs": [part.manifest for part in self.parts], "tables": {}}

    @property
    def hashes(self) -> dict[str, str]:
        """The sha256 of every table of every finished run, as `run/table`."""
        return {f"{p.manifest['run']}/{name}": sha for p in self.parts for name, sha in p.hashes.items()}

    def rehash(self) -> dict[str, dict[str, Any]]:
        """Rows and sha256 of every table of every run computed anew from the files, by `run/table`."""
        return {f"{p.manifest['run']}/{name}": found for p in self.parts for name, found in p.rehash().items()}

    def __repr__(self) -> str:
        return f"<RunSet of {len(self.parts)} runs, {self.status}, in {self.path}>"

    def _count(self, name: str) -> int:
        return sum(part._count(name) for part in self.parts)

    def _arrow(self, name: str) -> pa.Table:
        import pyarrow as pa

        return pa.concat_tables([part._arrow(name) for part in self.parts], promote_options="default")


class StudyRuns(RunSet):
    """The runs of a study that have begun: every table has the columns `arm`, `seed`, and one for each setting that
    varies. `plan` is what the study consists of; `outcomes` has a row for each run that has ended, `failures` one for
    each that failed."""

    def __init__(self, path: Path, selection: Selection) -> None:
        self.plan = read_study(path)
        self._settings = settings(self.plan)
        every = list(cells(path, self.plan))
        self.cells = tuple(cell for cell in every if (cell.run / MANIFEST).is_file())
        ended = {cell.row: row for cell in every if (row := row_of(cell, self.plan["asked"])) is not None}
        begun = {cell.row for cell in self.cells}
        self.missing = sum(cell.row not in begun and cell.row not in ended for cell in every)
        self._failed = any(row["status"] == "failed" for place, row in ended.items() if place not in begun)
        super().__init__(path, [cell.run for cell in self.cells], selection)

    def _manifest(self) -> dict[str, Any]:
        found = super()._manifest()
        unfinished = self.missing or not (self.plan.get("solve") or {"solved": True})["solved"]
        if found["status"] == "finished" and (self._failed or unfinished):
            return {**found, "status": "failed" if self._failed else "interrupted"}
        return found

    @property
    def plot(self) -> Any:
        """Figures of the study, as `plot.effects()`: Figures of matplotlib, which the extra `report` brings."""
        return import_module(_DRAWN_BY).StudyPlots(self)

    @property
    def varied(self) -> list[str]:
        """The settings that vary by design, as dotted paths."""
        return list(self._settings)

    @property
    def solved(self) -> list[str]:
        """The setting of which each arm has the value that meets the study's budget, if there is one."""
        solve = self.plan.get("solve")
        return [solve["by"]] if solve else []

    def _told(self, cell: Cell) -> dict[str, Any]:
        """Arm, seed and point of the design of a run, by column."""
        return {"arm": cell.arm, "seed": cell.seed, **{key: each[cell.number] for key, each in self._settings.items()}}

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """A row for each run that has ended: run, arm, form (of the scenario, as the study names it), seed, status,
        seconds (by the clock, and `cpu`), the settings that vary, and the outcomes; NaN where a run has none."""
        import pandas as pd

        names, rows = list(self.plan["outcomes"]), []
        for cell, row in self._rows():
            told = {"run": row.get("run", ""), **self._told(cell)}
            told["form"] = self.plan["arms"][cell.number]["form"]
            told |= {"status": row["status"], **{name: row.get(name, float("nan")) for name in ("seconds", "cpu")}}
            given = row.get("outcomes", {})
            rows.append(told | {name: float("nan") if given.get(name) is None else given[name] for name in names})
        columns = [*RUN_COLUMNS, *self.varied, *names]
        found = pd.DataFrame(rows, columns=columns)
        found.attrs = {"table": "outcomes", "units": dict(self.plan.get("units", {}))}
        return found

    @cached_property
    def failures(self) -> pd.DataFrame:
        """A row for each run that failed: arm, seed, stage, type of error, message, file and line."""
        import pandas as pd

        failed = [(cell, row["failure"]) for cell, row in self._rows() if row["status"] == "failed"]
        columns = ["arm", "seed", "stage", "type", "message", "file", "line"]
        return pd.DataFrame([{"arm": c.arm, "seed": c.seed, **what} for c, what in failed], columns=columns)

    def _rows(self) -> Iterator[tuple[Cell, dict[str, Any]]]:
        for cell in cells(self.path, self.plan):
            if (row := row_of(cell, self.plan["asked"])) is not None:
                yield cell, row

    def write_outcomes(self) -> None:
        """Leave the outcomes in the study's folder, as outcomes.csv, for those who use no Python."""
        with plain_files.replacing(self.path / "outcomes.csv") as file:
            file.write(self.outcomes.to_csv(index=False, lineterminator="\n").encode())

    def __repr__(self) -> str:
        return f"<Study {self.plan['name']}: {len(self.cells)} runs, {self.status}, in {self.path}>"

    def _arrow(self, name: str) -> pa.Table:
        import pyarrow as pa

        from simlab.tables import table_files

        if not self.parts:
            return self._selection.of(name, table_files.schema(TABLES[name]).empty_table())
        parts = []
        for part, cell in zip(self.parts, self.cells, strict=True):
            rows = part._arrow(name)
            for column, value in self._told(cell).items():
                if column not in rows.column_names:
                    rows = rows.append_column(column, _repeated(value, len(rows)))
            parts.append(rows)
        return pa.concat_tables(parts, promote_options="permissive").unify_dictionaries()


def _repeated(value: Any, times: int) -> pa.Array:
    """One value, so many times; a text as one entry of a dictionary."""
    import pyarrow as pa

    found = pa.repeat(pa.scalar(value), times)
    return found.dictionary_encode() if isinstance(value, str) else found


def load(
    path: Path | str,
    tables: Sequence[str] | str | None = None,
    columns: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
    where: Mapping[str, Any] | None = None,
) -> Run:
    """The run in folder `path`, the study (`StudyRuns`), or all runs below it as one `RunSet`; also while it is under
    way or after a kill.

    Tables are read when they are first asked for. `tables` restricts which there are, `columns` (names, or names
    by table) and `where` (a value or list of values by column) what is read of each. Raises InvalidInput if there
    is no run, or no such table, column or kind of value.
    """
    folder = given(path)
    folder = folder.parent if folder.name == MANIFEST else folder
    selection = Selection(tables, columns, where)
    if os.path.lexists(folder / MANIFEST):
        return Run(folder, selection)
    try:
        os.scandir(folder).close()
    except OSError as error:
        gone = isinstance(error, FileNotFoundError | NotADirectoryError)
        what = "no such folder" if gone else f"cannot be read: {error.strerror}"
        raise InvalidInput(
            Problem(what, "give the folder that `simlab run` or `simlab study` named", folder)
        ) from error
    if is_study(folder):
        return StudyRuns(folder, selection)
    if not (parts := _runs_below(folder)):
        raise InvalidInput(Problem("holds no run", "give the folder that `simlab run` or `simlab study` named", folder))
    return RunSet(folder, parts, selection)


def load_one(path: Path | str) -> Run:
    """The run in a folder, of whatever status. Raises InvalidInput where the folder holds several, or none."""
    found = load(path)
    if isinstance(found, RunSet):
        fix = f"name one of them, as {found.parts[0].path}" if found.parts else "run the study first"
        raise InvalidInput(Problem("holds several runs" if found.parts else "holds no run yet", fix, found.path))
    return found


def _runs_below(folder: Path) -> list[Path]:
    """Folders of runs, in the order of their names."""
    found = []
    for here, below, files in os.walk(folder):
        if MANIFEST in files:
            found.append(Path(here))
        if MANIFEST in files or len(Path(here).relative_to(folder).parts) >= _DEPTH:
            below.clear()
    return sorted(found)


def _attrs(name: str, columns: Sequence[str]) -> dict[str, Any]:
    """What a DataFrame says about itself: table, meaning, and unit and meaning of each column."""
    table = TABLES[name]
    own = {column.name: column for column in table.columns}
    return {
        "table": name,
        "meaning": table.meaning,
        "units": {c: own[c].unit for c in columns if c in own and own[c].unit},
        "columns": {c: own[c].meaning if c in own else table.added(c) for c in columns},
    }
