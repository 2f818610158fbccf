"""What a scenario expects of its runs: claims with a number, each of which `simlab expect` holds against several seeds.

A claim names a number of one run (rows of a table, a column, and what is made of it), or the difference that an arm
makes to it, and between what its mean over seeds must lie. Claims are no part of what is run.
"""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from simlab.components.spec import Spec
from simlab.names import did_you_mean, shown
from simlab.tables.schemas import TABLES

Reducer = Literal["mean", "sum", "min", "max", "first", "last", "count"]  # what is made of rows
_GIVEN = ("last", "index")  # names in a condition that are no columns
_KINDS = {"bool": "true or false", "int64": "numbers", "float64": "numbers"}


def require_column(table: str, column: str) -> None:
    """Raise PydanticCustomError, with what was probably meant, unless there is such a table, with such a column."""
    if table not in TABLES:
        fix = did_you_mean(table, TABLES) or "simlab tables --describe lists them"
        raise PydanticCustomError("table", "no table is called {table}", {"table": repr(table), "fix": fix})
    if column not in TABLES[table].names and TABLES[table].added(column) is None:
        fix = did_you_mean(column, TABLES[table].names) or "simlab tables --describe lists them"
        given = {"table": table, "column": repr(column), "fix": fix}
        raise PydanticCustomError("column", "the table {table} has no column {column}", given)


def require_number(table: str, column: str, where: str, by: str) -> None:
    """The same of a number that is made of a column's rows: also for a column of text, unless its rows are counted, and
    for rows by a condition that cannot be read, or that names what the table has not. Only a run tells the rest."""
    require_column(table, column)
    if by != "count" and any(c.name == column and c.type == "string" for c in TABLES[table].columns):
        given = {"table": table, "column": repr(column), "fix": "count its rows: | count"}
        raise PydanticCustomError("text", "the column {column} of {table} is text, and no number", given)
    if re.search(r"@last\b", where) and "round" not in TABLES[table].names:
        given = {"table": table, "fix": "take rows by what its columns say"}
        raise PydanticCustomError("rows", "the table {table} has no rounds, so that there is no @last", given)
    tree = _condition(where)
    if _is_number(tree, table):
        given = {"shown": shown(where), "fix": "compare it with something, as in round == @last"}
        raise PydanticCustomError("rows", "{shown} is not true or false of a row", given)
    for name in _named(tree):
        if name not in TABLES[table].names and TABLES[table].added(name) is None:
            fix = did_you_mean(name, TABLES[table].names) or "texts stand in quotes; @last is the last round"
            given = {"table": table, "name": repr(name), "fix": fix}
            raise PydanticCustomError("rows", "the table {table} has no column {name}, by which rows are taken", given)
    if unlike := _unlike(tree, table):
        raise PydanticCustomError("rows", "the column {name} of {table} holds {kind}, and never {value}", unlike)


def _condition(where: str) -> ast.expr | None:
    """A condition on rows, as pandas' query reads it; None if there is none, or it cannot be told what it names."""
    plain = re.sub(r"@(?=last\b)", "", where).strip()
    if not plain or "`" in plain:  # names in backticks may be anything
        return None
    try:
        return ast.parse(plain, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        given = {"shown": shown(where), "fix": "a condition as pandas' query has it: a == 'users' and round == @last"}
        raise PydanticCustomError("rows", "{shown} is no condition on rows", given) from None


def _is_number(tree: ast.expr | None, table: str) -> bool:
    """Whether a condition is plainly none: one value, a sum or the like, or a column of numbers or texts."""
    if isinstance(tree, ast.Name):
        return any(c.name == tree.id and c.type != "bool" for c in TABLES[table].columns) or tree.id in _GIVEN
    logical = ast.BitAnd | ast.BitOr  # which join conditions, while others calculate
    return isinstance(tree, ast.Constant) or (isinstance(tree, ast.BinOp) and not isinstance(tree.op, logical))


def _named(tree: ast.expr | None) -> list[str]:
    """The names in a condition that must be columns."""
    nodes = list(ast.walk(tree)) if tree else []
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    names = [node.id for node in nodes if isinstance(node, ast.Name) and id(node) not in called]
    return [name for name in names if name not in _GIVEN]


def _unlike(tree: ast.expr | None, table: str) -> dict[str, str] | None:
    """The first column of numbers or truths that a condition holds against a text, or of texts against a number: pandas
    finds no row, and says nothing. None if there is none."""
    kinds = {column.name: column.type for column in TABLES[table].columns}
    for node in ast.walk(tree) if tree else ():
        sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
        for column, other in [*pairwise(sides), *pairwise(reversed(sides))]:
            kind = kinds.get(column.id) if isinstance(column, ast.Name) else None
            for value in _values(other) if kind else ():
                if isinstance(value, str) != (kind == "string"):
                    given = {"name": repr(ast.unparse(column)), "table": table, "value": repr(value)}
                    if kind == "string":
                        return {**given, "kind": "texts", "fix": f"texts stand in quotes, as '{value}'"}
                    return {**given, "kind": _KINDS[str(kind)], "fix": "leave out the quotes"}
    return None


def _values(node: ast.expr) -> list[Any]:
    """The texts and numbers that stand in a condition as one value or a list of them."""
    nodes = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
    return [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str | int | float)]


class ArmSpec(Spec):
    """Another form of the same scenario, under the same seed."""

    without: list[str] = Field([], max_length=100, description="whom it is without, as with --without")
    set: dict[str, Any] = Field({}, description="settings by dotted path, as with --set")


class ClaimSpec(Spec):
    """One number of a run, and between what its mean over seeds is expected to lie."""

    says: str = Field(min_length=1, max_length=1000, description="the claim in words")
    table: str = Field(description="the outcome table")
    where: str = Field(
        "", max_length=1000, description="which rows, as pandas' query has it; @last is the last round; default: all"
    )
    column: str = Field(description="the column of it")
    by: Reducer = Field("mean", description="what is made of the rows; missing numbers are left out")
    arm: ArmSpec = Field(ArmSpec(), description="of which form of the scenario; default: as it stands")
    less: ArmSpec | None = Field(None, description="the form whose number is subtracted; default: none")
    between: tuple[float, float] = Field(description="the least and the most that the mean over seeds may be")

    @field_validator("between", mode="before")
    @classmethod
    def _two_numbers(cls, value: Any) -> Any:
        return tuple(map(_floating, value)) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _answerable(self) -> ClaimSpec:
        require_number(self.table, self.column, self.where, self.by)
        low, high = self.between
        if low > high:
            fix = f"write [{high:g}, {low:g}]"
            raise PydanticCustomError("between", "the least is above the most", {"fix": fix})
        return self

    @property
    def arms(self) -> list[ArmSpec]:
        """The forms of the scenario it takes."""
        return [self.arm] if self.less is None else [self.arm, self.less]


def _floating(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
