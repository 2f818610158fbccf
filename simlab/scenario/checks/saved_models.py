"""Saved networks that a scenario cannot begin with: files of something else, of another machine, or of another shape.

Only the header of a file is read; whether its dictionary is the world's is seen once the world is open.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path as File

from simlab import plain_files, tensor_files
from simlab.errors import InvalidInput
from simlab.hierarchy import Hierarchy
from simlab.names import clip
from simlab.scenario.machines import LanguageModelSpec, RewardModelSpec
from simlab.scenario.messages import Complaint
from simlab.scenario.model import Scenario

_FIX = "give a file that a run has saved, as runs/first/models/lm.safetensors"
_SHAPE = ("width", "layers", "heads", "context")


def unfit(scenario: Scenario) -> Iterator[Complaint]:
    """Every saved network that cannot be the party it is loaded as."""
    hierarchy = Hierarchy({n: p.kind for n, p in scenario.parties.items()}, scenario.edges())
    for name, party in scenario.parties.items():
        if not isinstance(party, LanguageModelSpec | RewardModelSpec) or party.load is None:
            continue
        model = name if isinstance(party, LanguageModelSpec) else hierarchy.model_below(name)
        like = scenario.parties.get(model)
        if not scenario.world.networks:
            what, fix = "saved networks are for worlds with networks", "remove it"
        else:
            like = like if isinstance(like, LanguageModelSpec) else None
            if like is not None and isinstance(party, RewardModelSpec):
                like = party.grown_from(like)
            what, fix = _amiss(party.load.path, party, like)
        if what:
            yield ("parties", name, "load"), what, fix


def _amiss(
    path: File, party: LanguageModelSpec | RewardModelSpec, like: LanguageModelSpec | None
) -> tuple[str, str]:  # fmt: skip
    """What is wrong with a file, and the likely fix; empty if nothing is."""
    try:
        notes = tensor_files.notes_of(path, _FIX)
        kind, config = notes.get("simlab", ""), json.loads(notes.get("config", "{}"))
    except (InvalidInput, *plain_files.UNREADABLE) as error:
        return f"{path.name} cannot be read: {clip(str(error), 160)}", _FIX
    if kind != party.kind:
        other = f"is a {kind.replace('_', ' ')}" if kind else "was not saved by simlab"
        return f"{path.name} {other}, and no {party.kind.replace('_', ' ')}", _FIX
    return _other_shape(path.name, config, party, notes, like)


def _other_shape(
    file: str, config: Mapping[str, int], party: LanguageModelSpec | RewardModelSpec, notes: Mapping[str, str],
    like: LanguageModelSpec | None,
) -> tuple[str, str]:  # fmt: skip
    own = {name: getattr(like, name) for name in _SHAPE} if like is not None else {}
    saved = {name: config.get(name) for name in own}
    if isinstance(party, RewardModelSpec):
        own |= {"members": party.members, "log_probability": party.log_probability, "variance": party.variance}
        saved |= {name: json.loads(notes.get(name, "null")) for name in ("members", "log_probability")}
        saved["variance"] = json.loads(notes.get("variance", "false"))
    for name, size in own.items():
        if saved[name] != size:
            what = f"{file} has {name} {json.dumps(saved[name])}, and this model {json.dumps(size)}"
            return what, f"{name}: {json.dumps(saved[name])}"
    return "", ""
