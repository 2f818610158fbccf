"""What can happen to a run's folder between two commands: accidents, mix-ups, and things planted on purpose.

Each damage takes a random generator, the folder, the folder of another run and an outside folder that nobody may touch,
and returns what it did, in words.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


@dataclass(frozen=True)
class RaterView:
    """A folder that something happens to."""

    rng: random.Random
    folder: Path
    other: Path
    outside: Path

    def table(self) -> Path:
        """Any table's file."""
        return self.rng.choice(sorted(p for p in (self.folder / "tables").iterdir() if p.is_file()))

    def file(self) -> Path:
        """Any file of a run: a table's, mostly."""
        return self.rng.choice(
            [self.table(), self.table(), self.folder / "manifest.json", self.folder / "scenario.yaml"]
        )

    def said(self, path: Path) -> str:
        return str(path.relative_to(self.folder))


def cut_off(scene: RaterView) -> str:
    path = scene.file()
    data = path.read_bytes()
    path.write_bytes(data[: scene.rng.randrange(len(data) + 1)])
    return f"{scene.said(path)} cut off"


def flipped(scene: RaterView) -> str:
    path = scene.file()
    data = bytearray(path.read_bytes())
    for _ in range(scene.rng.choice([1, 1, 5, 50])):
        data[scene.rng.randrange(len(data))] = scene.rng.randrange(256)
    path.write_bytes(data)
    return f"bytes of {scene.said(path)} changed"


def emptied(scene: RaterView) -> str:
    path = scene.file()
    path.write_bytes(b"")
    return f"{scene.said(path)} emptied"


def noise(scene: RaterView) -> str:
    path = scene.file()
    head = scene.rng.choice([b"", b"PAR1", b"\xff\xff\xff\xff", b"\xff\xff\xff\xff\x00\x00\x00\x00", b"ARROW1"])
    path.write_bytes(head + scene.rng.randbytes(scene.rng.choice([8, 500, 5000])) + head)
    return f"{scene.said(path)} replaced by noise"


def removed(scene: RaterView) -> str:
    path = scene.file()
    path.unlink()
    return f"{scene.said(path)} removed"


def swapped(scene: RaterView) -> str:
    one, two = scene.table(), scene.table()
    data = one.read_bytes()
    shutil.copy(two, one)
    two.write_bytes(data)
    return f"{scene.said(one)} and {scene.said(two)} swapped"


def foreign(scene: RaterView) -> str:
    path = scene.table()
    theirs = scene.other / scene.said(path)
    if not theirs.exists():
        theirs = next((scene.other / "tables").glob("*.parquet"))
    shutil.copy(theirs, path)
    return f"{scene.said(path)} from another run"


def _rewritten(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    if path.suffix == ".parquet":
        pq.write_table(change(pq.ParquetFile(path).read()), path)
        return
    with pa.OSFile(str(path)) as source, pa.ipc.open_stream(source) as stream:
        rows = stream.read_all()
    rows = change(rows)
    with pa.OSFile(str(path), "wb") as target, pa.ipc.new_stream(target, rows.schema) as stream:
        stream.write_table(rows)


def other_columns(scene: RaterView) -> str:
    path = scene.table()
    kind = scene.rng.choice(["dropped", "added", "renamed", "as texts", "nested", "nulls", "no rows", "rows twice"])

    def change(rows: pa.Table) -> pa.Table:
        at = scene.rng.randrange(rows.num_columns)
        name, n = rows.column_names[at], rows.num_rows
        if kind == "dropped":
            return rows.remove_column(at)
        if kind == "added":
            return rows.append_column(scene.rng.choice(["extra", name]), pa.nulls(n, pa.float64()))
        if kind == "renamed":
            return rows.rename_columns([f"{c}_" if i == at else c for i, c in enumerate(rows.column_names)])
        if kind == "as texts":
            return rows.set_column(at, name, pa.array([str(i) for i in range(n)], pa.string()))
        if kind == "nested":
            return rows.set_column(at, name, pa.array([[i] for i in range(n)], pa.list_(pa.int64())))
        if kind == "nulls":
            return rows.set_column(at, name, pa.nulls(n, rows.schema.field(at).type))
        return rows.slice(0, 0) if kind == "no rows" else pa.concat_tables([rows, rows])

    _rewritten(path, change)
    return f"columns of {scene.said(path)}: {kind}"


def _instead(scene: RaterView, path: Path) -> str:
    """Something that is no plain file, in the place of one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    kind = scene.rng.choice(["folder", "pipe", "zero", "full", "nowhere", "itself", "out", "hard link", "folder out"])
    if kind == "folder":
        path.mkdir()
        (path / "kept").write_text("mine")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "hard link":
        os.link(scene.outside / "precious.txt", path)
    else:
        targets = {"zero": "/dev/zero", "full": "/dev/full", "itself": path, "nowhere": scene.outside / "new"}
        targets |= {"out": scene.outside / "precious.txt", "folder out": scene.outside}
        path.symlink_to(targets[kind])
    return f"{scene.said(path)} is a {kind}"


def replaced(scene: RaterView) -> str:
    return _instead(scene, scene.file())


def planted(scene: RaterView) -> str:
    """In the way of what is written next: after a table was lost, so that something is."""
    lost = scene.table()
    lost.unlink()
    names = ["manifest.json.part", "scenario.yaml.part", "scenario.yaml", "lock", "tables/earlier", "models", "tables"]
    names += [scene.said(lost), f"{scene.said(lost)}.part", f"tables/{lost.stem}.arrows", "tables/runs.parquet.part"]
    return f"{scene.said(lost)} removed, and {_instead(scene, scene.folder / scene.rng.choice(names))}"


def bomb(scene: RaterView) -> str:
    path = scene.table()
    kind = scene.rng.choice(["rows", "texts", "one text", "stream", "zip"])
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("x", bytes(1 << 24))
    elif kind == "stream":
        rows = pa.record_batch({"run": pa.array(np.zeros(1 << 22))})
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.OSFile(str(path), "wb") as target, pa.ipc.new_stream(target, rows.schema, options=options) as stream:
            for _ in range(40):
                stream.write_batch(rows)
    elif kind == "rows":
        _many(path)
    elif kind == "texts":
        text = pa.table({"run": ["x" * (1 << 24)]})
        with pq.ParquetWriter(path, text.schema, compression="zstd") as writer:
            for _ in range(40):
                writer.write_table(text)
    else:
        coded = pa.DictionaryArray.from_arrays(np.zeros(4000, dtype=np.int32), ["x" * (1 << 20)])
        pq.write_table(pa.table({"run": coded}), path, compression="zstd")
    return f"{scene.said(path)} is a bomb of {kind}"


def _many(path: Path) -> None:
    """A table with its own columns and three million rows, all alike."""
    schema = pq.read_schema(path) if path.suffix == ".parquet" else pa.schema([("run", pa.string())])
    row = {field.name: pa.array(["x"] if field.type == pa.string() else [0]).cast(field.type) for field in schema}
    rows = pa.table(row, schema=schema).take(np.zeros(1_000_000, dtype=np.int64))
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for _ in range(3):
            writer.write_table(rows)


def _paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at] if at else []
    if isinstance(value, dict):
        found += [path for key, below in value.items() for path in _paths(below, (*at, key))]
    elif isinstance(value, list):
        found += [path for i, below in enumerate(value) for path in _paths(below, (*at, i))]
    return found


def manifest(scene: RaterView) -> str:
    """A field of the manifest is another, or gone."""
    file = scene.folder / "manifest.json"
    said = json.loads(file.read_text())
    top = [(name,) for name in said]
    path = scene.rng.choice(top if scene.rng.random() < 0.6 else _paths(said))
    here = said
    for step in path[:-1]:
        here = here[step]
    odd = [
        None,
        0,
        -1,
        1 << 70,
        1.5,
        "x",
        "../../x",
        "\ud800",
        [],
        {},
        [[]],
        {"kind": []},
        True,
        "finished",
        "running",
        "gone",
    ]
    value = scene.rng.choice(odd)
    if value == "gone":
        del here[path[-1]]
    else:
        here[path[-1]] = value
    file.write_text(json.dumps(said))
    return f"manifest: {'.'.join(map(str, path))} is {value!r}"


def odd_json(scene: RaterView) -> str:
    file = scene.folder / "manifest.json"
    kind = scene.rng.choice(["deep", "deep parameters", "huge", "number", "list", "NaN", "twice", "not UTF-8"])
    text = file.read_text()
    if kind == "deep":
        text = "[" * 200_000
    elif kind == "deep parameters":
        text = text.replace('"parameters": {', '"parameters": {"x": ' + '{"y": ' * 300 + "1" + "}" * 300 + ", ", 1)
    elif kind == "huge":
        text = "[" + "1," * (1 << 25) + "1]"
    elif kind == "number":
        text = text.replace('"seed": ', '"seed": ' + "9" * 5000, 1)
    elif kind == "list":
        text = f"[{text}]"
    elif kind == "NaN":
        text = text.replace('"seed": ', '"seed": NaN, "x": ', 1)
    elif kind == "twice":
        text = text + text
    file.write_bytes(text.encode() if kind != "not UTF-8" else text.encode("utf-16"))
    return f"manifest: {kind}"


def huge_frame(scene: RaterView) -> str:
    """A stream whose message says it is of a size that nobody has."""
    path = scene.table().with_suffix(".arrows")
    data = (
        bytearray(path.read_bytes()) if path.exists() else bytearray(struct.pack("<Ii", 0xFFFFFFFF, 400) + bytes(400))
    )
    at = scene.rng.choice([4, 8, 12, 16, 24, 32, min(len(data) - 8, 600)])
    data[at : at + 8] = struct.pack("<q", scene.rng.choice([-1, 1 << 40, (1 << 31) - 1, 1 << 62]))
    path.write_bytes(data)
    path.with_suffix(".parquet").unlink(missing_ok=True)
    return f"a length in {scene.said(path)} changed"


DAMAGES = (
    cut_off, flipped, emptied, noise, removed, swapped, foreign, other_columns, replaced, planted, planted, bomb,
    manifest, manifest, odd_json, huge_frame,
)  # fmt: skip
