"""Networks as a run leaves them in its folder `models`, and as they are found there again.

A language model NAME is two files: `NAME.safetensors` as it is in the end, and `NAME.reference.safetensors` as it was
before anybody judged it. A reward model is one, with all members and the frozen model whose likelihoods they read.
Besides the arrays, under the names of `simlab.nets`, a file says in texts what kind of machine it is, its shape, its
dictionary, and the zero and unit of its score. Runs of versions up to 0.6 left `NAME.npz` of language models only.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab import plain_files, tensor_files
from simlab.engine.jobs import Result
from simlab.errors import InvalidInput, Problem
from simlab.machines.networks import Arrays, revive, revive_judge
from simlab.names import clip, shown, suggestion

LANGUAGE, REWARD = "language_model", "reward_model"
PRETRAINED = "pretrained_language_model"  # what has learned of one that others have made
BEFORE, AFTER = "before", "after"
_EARLIER = ".npz"
SAVED = "give a file that a run has saved, as runs/first/models/lm.safetensors"
_REMADE = "delete the folder's tables, too, and the command that began the run makes it again"
SHAPE = ("vocab", "width", "layers", "heads", "context")


@dataclass(frozen=True, slots=True)
class SavedModel:
    """A network on disk: of which `kind` of machine, its `config` (see `TransformerConfig`), `words` by token number,
    arrays, and `more` texts: of a reward model its members' and its own zeros and units."""

    kind: str
    config: Mapping[str, int]
    words: tuple[str, ...]
    arrays: Arrays
    more: Mapping[str, Any] = field(default_factory=dict)

    def notes(self) -> dict[str, str]:
        """What its file says beside the arrays; `format` is for the library transformers, which asks for it."""
        said = {"config": dict(self.config), "words": list(self.words), **self.more}
        texts = {name: json.dumps(value, ensure_ascii=False) for name, value in said.items()}
        return {"format": "pt", "simlab": self.kind, **texts}

    def part(self, prefix: str) -> dict[str, NDArray[Any]]:
        """The arrays whose names begin so, by the rest of their names."""
        return {n.removeprefix(prefix): array for n, array in self.arrays.items() if n.startswith(prefix)}

    def base(self) -> Result:
        """The language model; of a reward model, the frozen one whose likelihoods its members read."""
        return _left(self.arrays if self.kind == LANGUAGE else self.part("frozen."))

    def members(self) -> list[Result]:
        """The members of a reward model, each with the frozen model if it reads that."""
        frozen = {n: a for n, a in self.arrays.items() if n.startswith("frozen.") and self.more["log_probability"]}
        return [_left({**self.part(f"members.{n}."), **frozen}) for n in range(int(self.more["members"]))]

    def written(self) -> dict[str, Any]:
        """A reward model in the form of `RewardModel.taught`, which `revive_judge` understands."""
        own = {"config": self.config, "log_probability": self.more["log_probability"], "base": self.base().arrays}
        own["variance"] = self.more.get("variance", False)
        return {**own, "members": [member.arrays for member in self.members()], **self.more["units"]}


def _left(arrays: Arrays) -> Result:
    """Arrays as if a job had left them, with the loss of no step."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(name.encode() + np.ascontiguousarray(array).tobytes())
    return Result(digest.hexdigest(), {**arrays, "losses": np.zeros(0), "flops": np.zeros(())})


def reward_model(config: Mapping[str, int], words: tuple[str, ...], taught: Mapping[str, Any]) -> SavedModel:
    """A reward model to be saved, from what `RewardModel.taught` says. Its frozen model is kept also where no member
    reads it: whoever has the members grown from it anew needs it."""
    arrays = {f"frozen.{name}": array for name, array in _network(taught["base"])}
    for number, weights in enumerate(taught["members"]):
        arrays |= {f"members.{number}.{n}": a for n, a in _network(weights) if not n.startswith("frozen.")}
    units = {name: taught[name] for name in ("centre", "scale", "centres", "scales")}
    more = {"members": len(taught["members"]), "log_probability": taught["log_probability"], "units": units}
    if taught["variance"]:
        more["variance"] = True  # files of those without, and of versions up to 0.7, do not say it
    return SavedModel(REWARD, {name: config[name] for name in SHAPE}, words, arrays, more)


def language_model(config: Mapping[str, int], words: tuple[str, ...], weights: Any) -> SavedModel:
    """A language model to be saved, from what a job has left of it."""
    return SavedModel(LANGUAGE, config, words, dict(_network(weights)))


def _network(weights: Any) -> list[tuple[str, NDArray[Any]]]:
    """Those of a job's arrays that are a network's, and not what its training came to."""
    arrays = getattr(weights, "arrays", weights)
    own = ("words", "positions", "blocks.", "norm.", "trunk.", "head.", "frozen.", "tie")
    return [(name, array) for name, array in arrays.items() if name.startswith(own)]


def read(path: Path, fix: str = _REMADE) -> SavedModel:
    """The network in a safetensors file of simlab's. Raises InvalidInput for anything else."""
    try:
        arrays, notes = tensor_files.read(path, fix)
        more = {n: json.loads(text) for n, text in notes.items() if n not in ("format", "simlab", "config", "words")}
        config = {name: int(size) for name, size in json.loads(notes["config"]).items()}
        saved = SavedModel(notes["simlab"], config, tuple(json.loads(notes["words"])), arrays, more)
        if saved.kind != PRETRAINED:
            _plausible(saved.config, arrays)
        return saved
    except FileNotFoundError:
        raise InvalidInput(Problem("no such file", fix, path)) from None
    except plain_files.UNREADABLE as error:
        raise _damaged(path, error, fix) from error


def unlike(saved: SavedModel, dictionary: Sequence[str]) -> str:
    """How a network's dictionary differs from this one, in words; "" if it does not."""
    if saved.words == tuple(dictionary):
        return ""
    lacks, strange = set(dictionary) - set(saved.words), set(saved.words) - set(dictionary)
    named = [f"it lacks {_few(lacks)}"] * bool(lacks) + [f"only it has {_few(strange)}"] * bool(strange)
    found = "; ".join(named) or "the same words, in another order"
    return f"is of another dictionary than the {len(dictionary)} words of this world: {found}"


def _few(words: set[str]) -> str:
    first = ", ".join(sorted(words)[:3])
    return first if len(words) <= 3 else f"{first} and {len(words) - 3} more"


def _earlier(path: Path, when: str) -> SavedModel:
    """A language model as versions up to 0.6 left it."""
    try:
        with plain_files.opened(path, _REMADE) as file, plain_files.arrays(file) as stored:
            words = tuple(str(word) for word in stored["words"])
            config = {name: int(stored[f"config/{name}"]) for name in SHAPE}
            arrays = {n.removeprefix(f"{when}/"): stored[n] for n in stored if n.startswith(f"{when}/")}
        _plausible(config, arrays)
        return SavedModel(LANGUAGE, config, words, arrays)
    except plain_files.UNREADABLE as error:
        raise _damaged(path, error, _REMADE) from error


def _plausible(config: Mapping[str, int], arrays: Arrays) -> None:
    """Raise ValueError before so large a network is made that the file cannot be of it."""
    if math.prod(config[name] for name in ("vocab", "width")) > sum(array.size for array in arrays.values()):
        raise ValueError("its networks are not of the sizes it says")


def _damaged(path: Path, error: Exception, fix: str) -> InvalidInput:
    return InvalidInput(Problem(f"is damaged: {clip(' '.join(str(error).split()), 160)}", fix, path))


# ---- in the folder of a run ------------------------------------------------------------------------------------------


def names(folder: Path) -> list[str]:
    """The machines whose networks are in a run's folder, by name."""
    found = (folder / "models").glob("*")
    return sorted({file.name.split(".")[0] for file in found if file.suffix in (tensor_files.SUFFIX, _EARLIER)})


def language_models(folder: Path) -> list[str]:
    """The language models among them."""
    return [name for name in names(folder) if _file(folder, name, BEFORE).name != f"{name}{tensor_files.SUFFIX}"]


def _file(folder: Path, name: str, when: str) -> Path:
    """Where a machine of a run is to be found."""
    models = folder / "models"
    now, earlier = models / f"{name}{tensor_files.SUFFIX}", models / f"{name}{_EARLIER}"
    before = models / f"{name}.reference{tensor_files.SUFFIX}"
    if not os.path.lexists(now) and os.path.lexists(earlier):
        return earlier
    return before if when == BEFORE and os.path.lexists(before) else now


def stored(folder: Path, name: str, when: str = AFTER) -> SavedModel:
    """A machine of the run in this folder, "before" or "after" training; a reward model has no before. Raises
    InvalidInput if it is not there."""
    if name not in (known := names(folder)):
        fix = suggestion(name, known) if known else "give the folder of one finished run of a text world"
        raise InvalidInput(Problem(f"holds no network of {shown(name)}", fix, folder))
    file = _file(folder, name, when)
    return _earlier(file, when) if file.suffix == _EARLIER else read(file)


def network(folder: Path, name: str, when: str = AFTER) -> Any:
    """A machine of the run in this folder, in torch: a language model as a `simlab.nets.transformer.Transformer`, a
    reward model as a `simlab.nets.ensemble.Ensemble`, whose `members` are modules and whose `score` is standardized as
    in the run. Raises InvalidInput if it is not there."""
    return revived(stored(folder, name, when), _file(folder, name, when))


def revived(saved: SavedModel, path: Path) -> Any:
    """The network itself, which was found in this file."""
    if saved.kind == PRETRAINED:
        what = "is what a model that others have made has learned"
        raise InvalidInput(Problem(what, "have transformers read it, beside the folder of that model", path))
    try:
        if saved.kind == REWARD:
            return revive_judge(saved.written(), "cpu")
        return revive(saved.config, saved.arrays, "cpu")
    except (RuntimeError, TypeError, *plain_files.UNREADABLE) as error:
        raise _damaged(path, error, _REMADE) from error


def words(folder: Path, name: str) -> tuple[str, ...]:
    """The dictionary of a machine of the run in this folder: the word of each token number."""
    return stored(folder, name).words
