"""What arms of a comparison are called: by a parameter's value, by the folders their runs are in, or by settings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

from simlab.names import clip

WITHOUT = "without"
_LONGEST = 40  # characters of a name
_DEPTH = 4  # folders above a run that may tell arms apart


def of_value(value: Any, by: str) -> str:
    """A parameter's value as the name of an arm."""
    if by == WITHOUT:
        return f"without {', '.join(value)}" if value else "everybody"
    if isinstance(value, list):
        return clip(", ".join(map(str, value)) or "none", _LONGEST)
    return clip(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), _LONGEST)


def by_settings(arms: Sequence[Mapping[str, Any]], differing: Sequence[str]) -> list[str]:
    """Each arm's values of the parameters that differ, as `key=value`, with as much of each key as tells it from the
    others."""
    ends = [path.rpartition(".")[2] for path in differing]
    keys = [
        end if ends.count(end) == 1 else ".".join(path.split(".")[-2:])
        for end, path in zip(ends, differing, strict=True)
    ]
    return [
        clip(
            ", ".join(
                f"{key}={of_value(arm[path], path)}" for key, path in zip(keys, differing, strict=True) if path in arm
            )
            or "none",
            _LONGEST,
        )
        for arm in arms
    ]


def by_folder(arms: Sequence[Sequence[tuple[Path, int]]]) -> list[str]:
    """What tells the folders of the arms' runs (with their seeds) apart: `audit` and `wage` of audit/1 and wage/1, or
    of audit-1 and wage-1, where 1 is the seed. Empty if their names tell nothing."""
    levels = [_level(arms, depth) for depth in range(1, _DEPTH + 1)]
    found = [[label for level in levels if (label := level[place])] for place in range(len(arms))]
    if not all(found):
        return []
    for many in range(1, _DEPTH + 1):
        names = ["/".join(reversed(labels[:many])) for labels in found]
        if len(set(names)) == len(names):
            return [clip(name, _LONGEST) for name in names]
    return []


def _level(arms: Sequence[Sequence[tuple[Path, int]]], depth: int) -> list[str]:
    """What the folders so many levels up are called, arm by arm, less the seed if all of them end with it; empty where
    an arm's are called differently, or by a number."""
    parts = [[(path.resolve().parts, seed) for path, seed in arm] for arm in arms]
    called = [[(part[-depth] if depth < len(part) else "", seed) for part, seed in arm] for arm in parts]
    less = [[_less_seed(name, seed) for name, seed in arm] for arm in called]
    seeded = all(name is not None for arm in less for name in arm)
    labels = []
    for arm, short in zip(called, less, strict=True):
        names = [name or "" for name in short] if seeded else [name for name, _ in arm]
        label = names[0] if len(set(names)) == 1 else _common(names).rstrip("-_ .0123456789")
        labels.append(label if re.search(r"[^\W\d_]", label) else "")
    return labels


def _less_seed(name: str, seed: int) -> str | None:
    """A folder's name without the seed that it ends with (or with seed and hash, as `simlab run` names it by default);
    None if it does not."""
    found = re.fullmatch(rf"(.*?)(?:(?:^|[-_ .])(?:seed|s))?[-_ .]*(?<!\d)0*{seed}(?:-[0-9a-f]{{8}})?", name)
    return found[1] if found else None


def _common(names: Sequence[str]) -> str:
    """How all these names begin."""
    return "".join(letters[0] for letters in takewhile(lambda at: len(set(at)) == 1, zip(*names, strict=False)))


def unlike(names: Sequence[str]) -> list[str]:
    """The same names, numbered where several are alike, as clipping may make them."""
    return [
        name if names.count(name) == 1 else f"{name} ({names[:place].count(name) + 1})"
        for place, name in enumerate(names)
    ]
