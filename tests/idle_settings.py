"""Settings that change nothing: each setting of a scenario is given other values, and every table is compared.

    python -m tests.idle_settings scenarios/00_gaussian.yaml --small [--only parties.pool] [--set KEY=VALUE …]

Who changes a setting that is accepted, and sees the same tables, believes that it does not matter. It takes a run or
more a setting, and is run by hand; with `--set parties.pool.policy=glad --only parties.pool.policy` it tries the
parameters of a plugin. Prints the settings that leave all tables as they were, whatever they are given, and exits 1 if
there are any. What is refused is not idle: whoever sets it is told.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel

import simlab
from simlab.errors import SimlabError
from simlab.plugins.registry import discover
from simlab.scenario import load

SAID = {"name", "description", "expect"}  # what is only said about a run
WHEN = {"seed", "days"}  # of which there is always another


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a scenario: its dotted path, its value, and what its model says it may be."""

    path: str
    value: Any
    annotation: Any = None

    def others(self) -> list[Any]:
        """Some other values it may perhaps have."""
        value, choices = self.value, list(_choices(self.annotation))
        if choices:
            return [choice for choice in choices if choice not in (value, None)]
        if isinstance(value, bool):
            return [not value]
        if isinstance(value, int):
            return [other for other in (2 * value, value + 1, value - 1, 3) if other != value]
        if isinstance(value, float):
            return [other for other in (value / 2, 2 * value, 0.9 * value, 0.3) if other != value]
        return [0.5, 2, True] if value is None else []


def _choices(annotation: Any) -> Iterator[Any]:
    """The values that a type lists."""
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    else:
        for part in get_args(annotation):
            yield from _choices(part)


def settings(part: Any, path: str = "", annotation: Any = None) -> Iterator[Setting]:
    """Every setting in a scenario, or in a part of it at a path, defaults included."""
    inside: Iterator[tuple[Any, Any, Any]]
    if isinstance(part, BaseModel):
        fields = type(part).model_fields
        inside = ((field.alias or name, getattr(part, name), field.annotation) for name, field in fields.items())
    elif isinstance(part, Mapping):
        inside = ((key, value, None) for key, value in part.items())
    elif isinstance(part, list | tuple):
        inside = ((number, value, None) for number, value in enumerate(part))
    else:
        yield Setting(path, part, annotation)
        return
    for key, value, said in inside:
        yield from settings(value, f"{path}.{key}" if path else str(key), said)


def tables(file: str, small: bool, overrides: Sequence[str]) -> dict[str, str]:
    """The hash of each table of a run, but for the one that says its settings and the column that is made of them."""
    with tempfile.TemporaryDirectory() as folder:
        run = simlab.run(file, small=small, overrides=overrides, out=Path(folder) / "run")
        names = [name for name in run.manifest["tables"] if name != "runs"]
        return {name: _hash(run.path / "tables" / f"{name}.parquet") for name in names}


def _hash(file: Path) -> str:
    """The SHA-256 (hex) of a table's columns, other than `run`."""
    table = pq.read_table(file)
    written = pa.BufferOutputStream()
    with pa.ipc.new_stream(written, table.drop_columns("run").schema) as stream:
        stream.write_table(table.drop_columns("run").combine_chunks())
    return hashlib.sha256(written.getvalue()).hexdigest()


def is_idle(setting: Setting, file: str, small: bool, given: Sequence[str], before: Mapping[str, str]) -> bool:
    """Whether some other values of it are accepted, and none of them changes a table."""
    accepted = False
    for other in setting.others():
        try:
            if tables(file, small, [*given, f"{setting.path}={json.dumps(other)}"]) != before:
                return False
        except SimlabError:
            continue
        accepted = True
    return accepted


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--only", default="", metavar="PATH", help="settings whose paths begin so")
    args = parser.parse_args()
    scenario = load(args.file, plugins=discover(), small=args.small, overrides=args.set)
    before = tables(args.file, args.small, args.set)
    tried = [s for s in settings(scenario) if s.path.startswith(args.only) and s.path.split(".")[0] not in SAID | WHEN]
    idle = 0
    for setting in tried:
        if is_idle(setting, args.file, args.small, args.set, before):
            print(f"{setting.path}: {setting.value!r}, and tables do not change with it", flush=True)
            idle += 1
    print(f"{len(tried)} settings, {idle} that change nothing")
    return int(bool(idle))


if __name__ == "__main__":
    raise SystemExit(main())
