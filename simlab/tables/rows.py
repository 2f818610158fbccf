"""Rows as the recorder is given them: checked at once, made into an Arrow batch when they are written.

Most calls give a row or a few, and Arrow asks as much for a column of one row as for one of hundreds: what is small is
kept as it came, until there is more of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from simlab.tables.schemas import TABLES

LARGE = 1 << 13  # rows from which a batch is made at once; fewer ones are put together first
KEPT = 8 * LARGE  # rows of one value that several batches share
FEW = 256  # texts that are coded together with those of other calls, not by themselves
CODED = pa.dictionary(pa.int32(), pa.string())
_NUMBERS = {"int64": "iu", "double": "fiu", "bool": "b"}  # kinds of numpy's that a column takes
_PLAIN = {"int64": (int,), "double": (float, int), "bool": (bool,)}  # and types of Python's
_MANY = (np.ndarray, tuple, pa.Array)


@dataclass(slots=True)
class Rows:
    """Checked rows of one table: of each column in turn one value for all of them, or as many as there are."""

    count: int
    values: list[Any]  # numbers, or numpy arrays of them; texts, or tuples or Arrow arrays of them

    @property
    def nbytes(self) -> int:
        """About how much memory they take once they are written out."""
        coded = sum(value.nbytes for value in self.values if isinstance(value, pa.Array)) if self.count > 1 else 0
        return 8 * self.count * len(self.values) + coded


class RowMaker:
    """Makes rows of one table, whose columns in a stream are `schema`."""

    def __init__(self, table: str, schema: pa.Schema) -> None:
        self.table, self.schema = table, schema
        self._names = frozenset(schema.names)
        self._absent = {column.name: None for column in TABLES[table].columns if column.often_absent}
        types = [field.type for field in schema]
        self._fields = [
            (field.name, f"{table}.{field.name}", "" if type_ == CODED else str(type_))
            for field, type_ in zip(schema, types, strict=True)
        ]
        self._dtypes = [None if type_ == CODED else np.dtype(type_.to_pandas_dtype()) for type_ in types]

    def rows(self, given: Mapping[str, Any]) -> Rows:
        """Rows from columns given as arrays or single values, which are copied, unless they are Arrow's. Raises
        ValueError if a column is unknown, missing, of another type or of another length."""
        if given.keys() != self._names:
            given = self._absent | dict(given)
            missing, unknown = self._names - set(given), set(given) - self._names
            if missing or unknown:
                raise ValueError(
                    f"table {self.table!r}: missing columns {sorted(missing)}, unknown columns {sorted(unknown)}"
                )
        values = [
            _numbers(called, type_, given[name]) if type_ else _texts(called, given[name])
            for name, called, type_ in self._fields
        ]
        lengths = {len(value) for value in values if isinstance(value, _MANY)}
        if len(lengths) > 1:
            each = {f[0]: len(v) for f, v in zip(self._fields, values, strict=True) if not _single(v)}
            raise ValueError(f"table {self.table!r}: columns of different lengths {each}")
        return Rows(lengths.pop() if lengths else 1, values)

    def batch(self, rows: Sequence[Rows]) -> pa.RecordBatch:
        """All these rows, one after the other."""
        ends = np.cumsum([0, *(part.count for part in rows)]).tolist()
        columns = zip(self._dtypes, zip(*(part.values for part in rows), strict=True), strict=True)
        arrays = [_coded(parts, ends) if dtype is None else _joined(dtype, parts, ends) for dtype, parts in columns]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def _single(value: Any) -> bool:
    return value is None or isinstance(value, str) or np.ndim(value) == 0 if not isinstance(value, pa.Array) else False


# ---- checking ------------------------------------------------------------------------------------------------------


def _numbers(name: str, type_: str, value: Any) -> Any:
    """A number, or a numpy array of them, of its own, that a column of this type takes."""
    if type(value) in _PLAIN[type_] and (type_ != "int64" or -(1 << 63) <= value < 1 << 63):
        return value
    if isinstance(value, pa.Array):
        value = value.to_numpy(zero_copy_only=False)
    array = np.asarray(value)
    if array.dtype.kind == "O" and type_ == "double":  # None among numbers
        array = np.array([np.nan if v is None else v for v in array.reshape(-1)]).reshape(array.shape)
    if array.ndim > 1 or (array.size and array.dtype.kind not in _NUMBERS[type_]):
        raise ValueError(f"{name}: expected {type_} values [n], got {array.dtype} {list(array.shape)}")
    if array.dtype == np.uint64 and array.size and array.max() > np.iinfo(np.int64).max:
        raise ValueError(f"{name}: number too large for int64: {array.max()}")
    return np.array(array, dtype=_dtype(type_)) if array.ndim else array.item()


def _dtype(type_: str) -> type[Any]:
    return {"int64": np.int64, "double": np.float64, "bool": np.bool_}[type_]


def _texts(name: str, value: Any) -> Any:
    """A text, a tuple of few of them, or an Arrow array of codes and words."""
    if type(value) is str:
        return value
    if _single(value):
        if value is not None and not isinstance(value, str):
            raise ValueError(f"{name}: expected text, got {value!r}")
        return value or ""
    if isinstance(value, pa.DictionaryArray) and value.type == CODED:
        if not (value.null_count or value.dictionary.null_count):
            return value
    elif len(value) <= FEW and all(type(text) is str for text in value):
        return tuple(value)
    try:
        array = value.cast(pa.string()) if isinstance(value, pa.Array) else pa.array(value, type=pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise ValueError(f"{name}: expected texts: {error}") from error
    return (array.fill_null("") if array.null_count else array).dictionary_encode()


# ---- putting together ----------------------------------------------------------------------------------------------


def _joined(dtype: np.dtype[Any], parts: Sequence[Any], ends: Sequence[int]) -> pa.Array:
    """A column of numbers."""
    if len(parts) == 1:
        (part,) = parts
        return pa.array(part) if isinstance(part, np.ndarray) else _repeated(dtype, part, ends[-1])
    column = np.empty(ends[-1], dtype=dtype)
    for part, (start, end) in zip(parts, pairwise(ends), strict=True):
        column[start:end] = part
    return pa.array(column)


def _repeated(dtype: np.dtype[Any], value: Any, rows: int) -> pa.Array:
    """A column of one number; many large batches share what holds it."""
    if LARGE <= rows <= KEPT:
        return _kept(dtype, value, str(value))[:rows]
    return pa.array(np.full(rows, value, dtype=dtype))


@lru_cache(maxsize=32, typed=True)
def _kept(dtype: np.dtype[Any], value: Any, written: str) -> pa.Array:
    """By the value as `written`, too: 0.0 and −0.0 are equal, and not the same."""
    return pa.array(np.full(KEPT, value, dtype=dtype))


def _coded(parts: Sequence[Any], ends: Sequence[int]) -> pa.DictionaryArray:
    """A column of texts: the number of each row's word, and the words."""
    if any(isinstance(part, pa.Array) for part in parts):
        each = [
            part if isinstance(part, pa.Array) else _coded([part], [0, end - start])
            for part, (start, end) in zip(parts, pairwise(ends), strict=True)
        ]
        return each[0] if len(each) == 1 else pa.concat_arrays(each)
    words: dict[str, int] = {}
    if len(parts) == 1 and isinstance(parts[0], str):
        codes, words[parts[0]] = _repeated(np.dtype(np.int32), 0, ends[-1]), 0
    else:
        column = np.empty(ends[-1], dtype=np.int32)
        for part, (start, end) in zip(parts, pairwise(ends), strict=True):
            if isinstance(part, str):
                column[start:end] = words.setdefault(part, len(words))
            else:
                column[start:end] = [words.setdefault(text, len(words)) for text in part]
        codes = pa.array(column)
    return pa.DictionaryArray.from_arrays(codes, pa.array(list(words), pa.string()), safe=False)
