"""What pydantic found wrong, said as `file:line:column: path: what is wrong (the likely fix)`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core.core_schema import ErrorType

from simlab.errors import Problem
from simlab.names import NAME, did_you_mean, shown, suggestion
from simlab.scenario.yaml_tree import Node, Place

Path = tuple[str | int, ...]  # of keys and numbers, from the root of a scenario
Complaint = tuple[Path, str, str]  # where, what is wrong, the likely fix

_SILENT = {"default_factory_not_called"}  # follows from another error
_MISSING_KIND = {"union_tag_not_found", "no_kind"}
_PYDANTIC = {*get_args(ErrorType)} - {"value_error", "assertion_error"}
_UNKNOWN_KEY = {"extra_forbidden", "unexpected_keyword_argument"}
_OURS = {"value_error", "assertion_error"}  # the sentence of somebody else, in pydantic's frame
_GUESSES = 100  # of endlessly many unknown words, so many are compared with the known ones, which takes its time


class Complaints:
    """Turns errors about the data of `root` into problems. `models` says which mapping was read as what."""

    def __init__(self, root: Node, data: Any, models: Mapping[int, type[BaseModel]]) -> None:
        self.root = root
        self.data = data
        self.models = models
        self._guesses = 0

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
            return self._missing_kind(path)
        if error["input"] is None and len(path) == 2 and path[0] == "parties":
            what = f"there is no party {shown(path[1])} to take away"
            return self.problem(path, what, self._other_party(path) or "remove the line", at_key=True)
        if kind == "union_tag_invalid":
            known = re.findall(r"'([^']*)'", str(context["expected_tags"]))
            what = f"there is no kind {shown(context['tag'])} here"
            return self.problem(self._to_kind(path), what, suggestion(str(context["tag"]), known))
        if kind == "unknown_component":
            return self.problem(self._to_kind(path), str(context["what"]), str(context["fix"]))
        if context.get("pattern") == NAME:
            what, at_key = f"{shown(error['input'])} cannot be a name", error["loc"][-1] == "[key]"
            return self.problem(path, what, "a letter, then letters, digits, - or _", at_key=at_key)
        found = self.problem(path, _sentence(error), _fix(error, model, path))
        place = self._rival(path)
        return found if place is None else place.problem(found.what, found.fix, found.path)

    def _rival(self, path: Sequence[str | int]) -> Place | None:
        """Where the last of several settings stands of which only one may be given, if the entry at a path has them;
        on the command line, if one of them stands there."""
        node = self.root
        for step in path:
            if not _holds(node.value, step):
                return None
            node = node.value[step]
        rivals = getattr(self.models.get(id(self._at(path))), "instead_of", {})
        here = node.value if isinstance(node.value, dict) else {}
        given = [key for key, part in here.items() if key in rivals and part.value is not None]
        places = [node.keys[a] for a in given if any(b in rivals[a] and a in rivals[b] for b in given)]
        return next((place for place in places if place.line is None), places[-1] if places else None)

    def _unknown_key(self, path: Sequence[str | int], holder: Any, model: type[BaseModel] | None) -> Problem:
        what = f"unknown key {shown(path[-1])}"
        if model is None:
            return self.problem(path, what, "remove it", at_key=True)
        kind = ["kind"] if isinstance(holder, dict) and "kind" in holder else []
        allowed = kind + [field.alias or name for name, field in model.model_fields.items() if name != "kind"]
        self._guesses += 1
        fix = suggestion(str(path[-1]), allowed) if self._guesses <= _GUESSES else ""
        return self.problem(path, what, fix, at_key=True)

    def _missing_kind(self, path: Sequence[str | int]) -> Problem:
        fix = "say which kind it is, as in kind: …"
        if len(path) == 2 and path[0] == "parties" and (guess := self._other_party(path)):
            return self.problem(path, f"there is no party {shown(path[1])} yet", f"{guess} Else {fix}", at_key=True)
        return self.problem(path, "kind is missing", fix, at_key=True)

    def _other_party(self, path: Sequence[str | int]) -> str:
        """Which of the parties with a kind was meant by the name at a path, if any is like it."""
        self._guesses += 1
        entries = self.data["parties"].items() if self._guesses <= _GUESSES else ()
        known = [
            name for name, party in entries if isinstance(party, str) or (isinstance(party, dict) and "kind" in party)
        ]
        return did_you_mean(str(path[1]), known)

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
    """`0 should be greater than or equal to 1`. What is not pydantic's own is said as whoever found it wrote it."""
    message = str(error["msg"])
    if error["type"] in _OURS or error["type"] not in _pydantics():
        return message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    message = re.sub(
        r"a valid dictionary( or object to extract fields from| or instance of \w+)?", "a mapping", message
    )
    for head in ("Input should be", "Input should have"):
        if message.startswith(head):
            return f"{shown(error['input'])}{message.removeprefix('Input')}"
    if error["type"] not in _PYDANTIC:
        return message  # somebody's own sentence, which may begin with the name of a file or a criterion
    return message[:1].lower() + message[1:]


@cache
def _pydantics() -> frozenset[str]:
    """The types of error that pydantic words itself."""
    return frozenset(get_args(ErrorType))


_YES, _NO = ("yes", "on", "y", "1", "true"), ("no", "off", "n", "0", "false")  # words of YAML 1.1, and numbers


def _fix(error: Any, model: type[BaseModel] | None, path: Sequence[str | int]) -> str:
    value = error["input"]
    if "fix" in error.get("ctx", {}):
        return str(error["ctx"]["fix"])
    if isinstance(value, str) and error["type"] in ("int_type", "float_type"):
        whole = error["type"] == "int_type"
        if advice := plain_number(value, whole):
            return advice
    if isinstance(value, float) and value.is_integer() and error["type"] == "int_type":  # 1e3, or of a DataFrame
        return f"write {int(value)}, without a point" if abs(value) < 2**53 else "write out its digits"
    if error["type"] == "bool_type" and (str(value).lower() in _YES or str(value).lower() in _NO):
        return f"write {str(str(value).lower() in _YES).lower()}"
    return _meaning(model, path[-1]) if path else ""


def plain_number(text: str, whole: bool = False) -> str:
    """How to write the number that a text was meant to be; "" where that is not plain to see.

    A comma may stand for the point, as in much of the world, or between thousands: what could be either is not decided.
    """
    plain = re.sub(r"[_ \u00a0\u202f']", "", text.strip())
    if not re.fullmatch(r"[-+]?[0-9.,]{1,20}([eE][-+]?[0-9]{1,3})?", plain):
        return ""
    thousands = re.fullmatch(r"[-+]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", plain)
    if thousands and ("." in plain or plain.count(",") > 1):
        plain = plain.replace(",", "")
    elif thousands:
        with_point, without = plain.replace(",", "."), plain.replace(",", "")
        return f"write {with_point} if the comma is a decimal point, {without} if it parts thousands"
    elif re.fullmatch(
        r"[-+]?[0-9]{0,3}(\.[0-9]{3})*,[0-9]+([eE][-+]?[0-9]+)?|[-+]?[0-9]*,[0-9]+([eE][-+]?[0-9]+)?", plain
    ):
        plain = plain.replace(".", "").replace(",", ".")
        return f"write {plain}, with a decimal point" if not whole else "give a whole number"
    elif "," in plain or plain.count(".") > 1:
        return "write digits and one decimal point, as in 21.5"
    if whole and not re.fullmatch(r"[-+]?[0-9]+", plain):
        return "give a whole number"
    return f"write {plain}, without quotes, commas or underscores"


def _meaning(model: type[BaseModel] | None, name: str | int) -> str:
    """What a field is for, from its description."""
    info = model.model_fields.get(str(name)) if model else None
    return f"{name}: {info.description}" if info and info.description else ""
