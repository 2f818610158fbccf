"""The base of all entries of a scenario file, those of components among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationInfo, model_validator


class Spec(BaseModel):
    """Base of everything a scenario file spells out. Unknown keys and loose types are refused.

    Whoever reads a file may pass as context an object with a dict `models`: it is told which model each mapping, by
    its id, was read as.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
    instead_of: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # settings, and those they cannot stand beside

    @model_validator(mode="before")
    @classmethod
    def _note_model(cls, data: Any, info: ValidationInfo) -> Any:
        models = getattr(info.context, "models", None)
        if models is not None:
            models[id(data)] = cls
        return data


def specs_in(annotation: Any) -> Iterator[type[Spec]]:
    """The models of a union, however deeply annotated."""
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        yield annotation
    for part in get_args(annotation):
        yield from specs_in(part)


def kind_of(cls: type[BaseModel]) -> str:
    """What a model says as its `kind`, unless a file says otherwise."""
    return str(cls.model_fields["kind"].default)


def parts_of(cls: type[BaseModel]) -> dict[str, type[Spec]]:
    """The mappings that stand in an entry, and in those, by the key they stand under; pay schemes by their kind."""
    found: dict[str, type[Spec]] = {}
    for name, field in cls.model_fields.items():
        if name in ("parties", "relations", "consequence"):
            continue
        for part in specs_in(field.annotation):
            found[kind_of(part) if "kind" in part.model_fields else name] = part
            found |= parts_of(part)
    return found


def named(value: Any) -> Any:
    """`NAME` is short for `{kind: NAME}`."""
    return {"kind": value} if isinstance(value, str) else value
