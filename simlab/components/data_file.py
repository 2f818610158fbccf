"""Files of data that a component reads, as a field of it: `table: simlab.DataFile`.

A scenario file says the path, relative to the file that says it (on the command line, to the current folder). The
content decides what a run computes, so its hash is part of the run's; where it lies is not. Plugins use it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from simlab.names import clip, did_you_mean, on_disk
from simlab.paths import given

LARGEST = 1 << 28  # bytes


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file that is there: its absolute path, and the SHA-256 (hex) of its content as it was found.

    As a parameter it is told from others by its name and content; its folder is nobody's business but the reader's.
    """

    path: Path
    sha256: str

    def __str__(self) -> str:
        return self.path.name

    @classmethod
    def find(cls, said: object, folder: Path = Path()) -> Self:
        """The file at a path, relative to `folder`. Raises PydanticCustomError, as validators do, if it is none."""
        if not isinstance(said, str) or not said or "\0" in said:
            raise unusable(f"{said!r} should be the path of a file", "as in table: exchanges.csv")
        path = on_disk(folder / given(said))
        if not os.path.isfile(path):  # which, unlike Path's, takes a name that is too long for one that is not there
            what = f"{clip(said)} is not a file" if os.path.exists(path) else f"no such file: {clip(said)}"
            near = [file.name for file in path.parent.glob("*") if file.is_file()] if os.path.isdir(path.parent) else []
            raise unusable(what, did_you_mean(path.name, near) or "paths start at the file that says them")
        try:
            if path.stat().st_size > LARGEST:
                raise unusable(f"{clip(said)} is larger than {LARGEST >> 20} MiB", "take a sample of it")
            content = path.read_bytes()
        except OSError as error:
            raise unusable(f"{clip(said)} cannot be read: {error.strerror}", "check its permissions") from None
        return cls(path.resolve(), hashlib.sha256(content).hexdigest())

    @classmethod
    def _validate(cls, said: object, info: ValidationInfo) -> DataFile:
        if isinstance(said, cls):
            return said
        folders = (info.context or {}).get("folders", {})
        return cls.find(said, folders.get(info.field_name, Path()))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            cls._validate, serialization=core_schema.plain_serializer_function_ser_schema(lambda file: file.path.name)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string"}


def unusable(what: str, fix: str) -> PydanticCustomError:
    """The error of a validator that says what is wrong with a file, and the likely fix."""
    return PydanticCustomError("data_file", "{what}", {"what": what, "fix": fix})


def data_files(part: Any, *at: str | int) -> Iterator[tuple[tuple[str | int, ...], DataFile]]:
    """Every file of data within a model, a mapping or a list, with the path of keys that leads to it."""
    if isinstance(part, DataFile):
        yield at, part
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from data_files(getattr(part, name), *at, name)
    elif isinstance(part, Mapping):
        for key, value in part.items():
            yield from data_files(value, *at, key)
    elif isinstance(part, list | tuple):
        for index, value in enumerate(part):
            yield from data_files(value, *at, index)
