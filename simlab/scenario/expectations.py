"""What a scenario expects of its runs: claims with a number, each of which `simlab expect` holds against several seeds.

A claim names a number of one run (rows of a table, a column, and what is made of it), or the difference that an arm
makes to it, and between what its mean over seeds must lie. Claims are no part of what is run.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from simlab.components.spec import Spec
from simlab.names import did_you_mean, shown
from simlab.tables.schemas import TABLES

Reducer = Literal["mean", "sum", "min", "max", "first", "last", "count"]  # what is made of rows
_GIVEN = ("last", "index")  # names in a condition that are no columns


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
    for name, value in _compared(tree):
        text = next((c.type == "string" for c in TABLES[table].columns if c.name == name), False)
        if text != isinstance(value, str):  # no row would meet it
            fix = f"write it in quotes, as '{value}'" if text else f"write {value} without quotes"
            what = "the column {name} of {table} is {kind}, and never equals {shown}"
            kinds = {"kind": "text" if text else "no text", "shown": repr(value)}
            raise PydanticCustomError("rows", what, {"table": table, "name": repr(name), "fix": fix, **kinds})


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


def _compared(tree: ast.expr | None) -> Iterator[tuple[str, Any]]:
    """The columns that a condition holds against values, as in a == 'users' or round in [1, 2], with each of these."""
    for node in ast.walk(tree) if tree else []:
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        for pair in pairwise(sides):
            for name, other in (pair, pair[::-1]):
                listed = other.elts if isinstance(other, ast.List | ast.Tuple) else [other]
                values = [each.value for each in listed if isinstance(each, ast.Constant)]
                yield from ((name.id, value) for value in values if isinstance(name, ast.Name))


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
