"""What pydantic found wrong, said as `file:line:column: path: what is wrong (the likely fix)`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core.core_schema import ErrorType

from simlab.errors import Problem
from simlab.names import NAME, shown, suggestion
from simlab.scenario.nodes import Node

_SILENT = {"default_factory_not_called"}  # follows from another error
_MISSING_KIND = {"union_tag_not_found", "no_kind"}
_PYDANTIC = {*get_args(ErrorType)} - {"value_error", "assertion_error"}
_UNKNOWN_KEY = {"extra_forbidden", "unexpected_keyword_argument"}


class Complaints:
    """Turns errors about the data of `root` into problems. `models` says which mapping was read as what."""

    def __init__(self, root: Node, data: Any, models: Mapping[int, type[BaseModel]]) -> None:
        self.root = root
        self.data = data
        self.models = models

    def problem(self, path: Sequence[str | int], what: str, fix: str = "", *, at_key: bool = False) -> Problem:
        """A problem at a path of the file; where the path is not in the file, at the nearest entry that is."""
        node, place, said = self.root, self.root.place, list[str]()
        there = True  # whether the file has an entry at the path so far
        for step in path:
            if step == 0 and there and not isinstance(node.value, list):
                continue  # a single entry may stand for a list of one
            said.append(str(step))
            there = there and _holds(node.value, step)
            if there:
                place = node.keys[str(step)] if isinstance(node.value, dict) else node.value[step].place
                node = node.value[step]
        if there and not at_key and not isinstance(node.value, dict | list):
            place = node.place
        return place.problem(what, fix, ".".join(said))

    def of(self, error: ValidationError) -> list[Problem]:
        """One problem for each error pydantic found."""
        return [self._said(e) for e in error.errors(include_url=False) if e["type"] not in _SILENT]

    def _said(self, error: Any) -> Problem:
        path, holder = self._path(error["loc"])
        kind, context = error["type"], error.get("ctx", {})
        model = self.models.get(id(holder))
        if kind in _UNKNOWN_KEY:
            return self._unknown_key(path, holder, model)
        if kind == "missing":
            return self._missing(path, model)
        if kind in _MISSING_KIND:
            return self.problem(path, "kind is missing", "say which kind it is, as in kind: …", at_key=True)
        if kind == "union_tag_invalid":
            known = re.findall(r"'([^']*)'", str(context["expected_tags"]))
            what = f"there is no kind {shown(context['tag'])} here"
            return self.problem(self._to_kind(path), what, suggestion(str(context["tag"]), known))
        if kind == "unknown_component":
            return self.problem(self._to_kind(path), str(context["what"]), str(context["fix"]))
        if context.get("pattern") == NAME:
            what, at_key = f"{shown(error['input'])} cannot be a name", error["loc"][-1] == "[key]"
            return self.problem(path, what, "a letter, then letters, digits, - or _", at_key=at_key)
        return self.problem(path, _sentence(error), _fix(error, model, path))

    def _unknown_key(self, path: Sequence[str | int], holder: Any, model: type[BaseModel] | None) -> Problem:
        what = f"unknown key {shown(path[-1])}"
        if model is None:
            return self.problem(path, what, "remove it", at_key=True)
        kind = ["kind"] if isinstance(holder, dict) and "kind" in holder else []
        allowed = kind + [name for name in model.model_fields if name != "kind"]
        return self.problem(path, what, suggestion(str(path[-1]), allowed), at_key=True)

    def _missing(self, path: Sequence[str | int], model: type[BaseModel] | None) -> Problem:
        *above, name = path
        short = self._at(above)
        fix = f"write {{kind: {short}, {name}: …}}" if isinstance(short, str) else _meaning(model, name)
        return self.problem(above, f"{name} is missing", fix, at_key=True)

    def _path(self, loc: Sequence[str | int]) -> tuple[list[str | int], Any]:
        """The path of an error in the file, less the tags of unions, and the mapping its last step stands in."""
        path: list[str | int] = []
        here, holder = self.data, None
        for step in loc:
            if step == "[key]" or (isinstance(here, dict) and step not in here and step == here.get("kind")):
                continue
            if (isinstance(here, str) and step == here) or (step == 0 and not isinstance(here, list)):
                continue  # NAME is short for {kind: NAME}, and a single entry for a list of one
            path.append(step)
            if isinstance(here, dict):
                here, holder = here.get(step), here
            elif isinstance(here, list) and isinstance(step, int) and step < len(here):
                here = here[step]
        return path, holder

    def _at(self, path: Sequence[str | int]) -> Any:
        """What the data has at a path; None if nothing."""
        here = self.data
        for step in path:
            here = here[step] if _holds(here, step) else None
        return here

    def _to_kind(self, path: list[str | int]) -> list[str | int]:
        return [*path, "kind"] if isinstance(self._at(path), dict) else path


def _holds(here: Any, step: str | int) -> bool:
    return step in here if isinstance(here, dict) else isinstance(step, int) and step < len(here)


def _sentence(error: Any) -> str:
    """`0 should be greater than or equal to 1`."""
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    message = re.sub(
        r"a valid dictionary( or object to extract fields from| or instance of \w+)?", "a mapping", message
    )
    for head in ("Input should be", "Input should have"):
        if message.startswith(head):
            return f"{shown(error['input'])}{message.removeprefix('Input')}"
    if error["type"] not in _PYDANTIC:
        return message  # somebody's own sentence, which may begin with the name of a file or a criterion
    return message[:1].lower() + message[1:]


def _fix(error: Any, model: type[BaseModel] | None, path: Sequence[str | int]) -> str:
    value = error["input"]
    if "fix" in error.get("ctx", {}):
        return str(error["ctx"]["fix"])
    if isinstance(value, str) and error["type"] in ("int_type", "float_type"):
        plain = re.sub(r"[_, ]", "", value)
        if re.fullmatch(r"[-+]?[0-9.]{1,20}([eE][-+]?[0-9]{1,3})?", plain):
            return f"write {plain}, without quotes, commas or underscores"
    return _meaning(model, path[-1]) if path else ""


def _meaning(model: type[BaseModel] | None, name: str | int) -> str:
    """What a field is for, from its description."""
    info = model.model_fields.get(str(name)) if model else None
    return f"{name}: {info.description}" if info and info.description else ""
