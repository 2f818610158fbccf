"""Which tables, columns and rows are read of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab.errors import InvalidInput
from simlab.names import clip, suggestion
from simlab.tables.schemas import TABLES

if TYPE_CHECKING:
    import pyarrow as pa


class Selection:
    """Which tables, columns and rows to read."""

    def __init__(
        self,
        tables: Sequence[str] | str | None,
        columns: Sequence[str] | Mapping[str, Sequence[str]] | None,
        where: Mapping[str, Any] | None,
    ) -> None:
        self.tables = tuple(TABLES) if tables is None else _names("tables", tables)
        for name in (*self.tables, *(columns if isinstance(columns, Mapping) else ())):
            if name not in TABLES:
                raise InvalidInput(unknown("table", name, tuple(TABLES)))
        if where is not None and not isinstance(where, Mapping):
            raise InvalidInput(f"where={clip(repr(where))} is no mapping from columns to values, as {{'round': 1}}")
        if isinstance(columns, Mapping):
            columns = {table: _names("columns", names) for table, names in columns.items()}
        self._columns = _names("columns", columns) if columns is not None and not isinstance(columns, dict) else columns
        self._where = dict(where or {})

    def read(self, path: Path | None, name: str, run: str) -> pa.Table:
        """The selected part of a table on disk; of a table that is not there yet, no rows."""
        from simlab.tables import table_files

        if path is None:
            return self.of(name, table_files.schema(TABLES[name]).empty_table())
        if path.suffix == table_files.STREAM:
            every = table_files.read(path, name)
            table_files.require_run(every["run"].unique().to_pylist(), run, path)
            return self.of(name, every)
        schema = table_files.columns_of(path, name)
        return table_files.read(path, name, self._names(name, schema.names), self._filter(name, schema))

    def of(self, name: str, rows: pa.Table) -> pa.Table:
        """The selected part of a table in memory."""
        columns, condition = self._names(name, rows.column_names), self._filter(name, rows.schema)
        return (rows if condition is None else rows.filter(condition)).select(columns)

    def _names(self, table: str, there: list[str]) -> list[str]:
        names = self._columns.get(table) if isinstance(self._columns, Mapping) else self._columns
        for column in names or ():
            _require_column(table, column, there)
        return there if names is None else list(names)

    def _filter(self, table: str, schema: pa.Schema) -> pa.compute.Expression | None:
        """All conditions at once, or None if there are none."""
        import pyarrow as pa
        import pyarrow.compute as pc

        out = None
        for column, value in self._where.items():
            _require_column(table, column, schema.names)
            values, kind = _values(column, value), schema.field(column).type
            try:
                among = pa.array(values, type=kind)
                if pa.types.is_integer(kind) and among.to_pylist() != values:  # 1.5 would be 1
                    raise pa.ArrowInvalid("no whole numbers")
            except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
                raise InvalidInput(f"where {column}={value!r}: {table}.{column} is {kind}") from error
            condition = pc.field(column).isin(among)
            out = condition if out is None else out & condition
        return out


def _names(argument: str, said: Any) -> tuple[str, ...]:
    """Names that an argument gives: a text is one, and not its letters."""
    if isinstance(said, str):
        return (said,)
    if not isinstance(said, Iterable):
        raise InvalidInput(f"{argument}={clip(repr(said))}: give a name, or a list of names")
    return tuple(said)


def _values(column: str, said: Any) -> list[Any]:
    """The values of a column that are wanted: one, or those of a list, set, Series or array of one dimension."""
    if isinstance(said, Mapping) or getattr(said, "ndim", 1) > 1:  # which would be their keys, or their columns' names
        raise InvalidInput(f"where {column}: a {type(said).__name__} is neither a value nor a list of values")
    several = not isinstance(said, str) and hasattr(said, "__len__") and getattr(said, "ndim", 1) > 0
    return list(said) if several else [said]


def _require_column(table: str, column: str, there: Sequence[str]) -> None:
    if column not in there:
        raise InvalidInput(f"table {table!r}: {unknown('column', column, there)}")


def unknown(what: str, name: str, known: Sequence[str]) -> str:
    """A sentence for a name that is not there, with the likeliest that was meant."""
    return f"no {what} {name!r} ({suggestion(str(name), known)})"
