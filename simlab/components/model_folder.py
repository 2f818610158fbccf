"""Language models that others have made, as folders that a scenario names: `pretrained: smollm2`.

A folder is what the library `transformers` saves: `config.json`, `tokenizer.json` and weights of the format
safetensors. Nothing here needs that library: what must be known before anything is computed stands in the files' heads.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from simlab.components.data_file import DataFile, unusable
from simlab.names import clip, did_you_mean, on_disk
from simlab.paths import given

CONFIG, TOKENIZER = "config.json", "tokenizer.json"
SIZES = {  # what a model's shape is called in config.json, which differs from one family to another
    "width": ("hidden_size", "n_embd", "d_model"),
    "layers": ("num_hidden_layers", "n_layer", "num_layers"),
    "heads": ("num_attention_heads", "n_head", "num_heads"),
    "context": ("max_position_embeddings", "n_positions", "max_sequence_length"),
    "vocabulary": ("vocab_size",),
    "end": ("eos_token_id",),
}
_LONGEST_HEAD = 1 << 27  # bytes of a head of safetensors, as in the library of that name, and some


@dataclass(frozen=True, slots=True)
class ModelFolder(DataFile):
    """A folder with a causal language model: its absolute path, and the SHA-256 (hex) of the files that matter."""

    @classmethod
    def find(cls, said: object, folder: Path = Path()) -> Self:
        """The folder at a path, relative to `folder`. Raises PydanticCustomError, as validators do, if it is none."""
        if not isinstance(said, str) or not said or "\0" in said:
            raise unusable(f"{said!r} should be the path of a folder", "as in pretrained: smollm2")
        path = on_disk(folder / given(said))
        if not os.path.isdir(path):
            what = f"{clip(said)} is not a folder" if os.path.exists(path) else f"no such folder: {clip(said)}"
            near = [file.name for file in path.parent.glob("*") if file.is_dir()] if os.path.isdir(path.parent) else []
            raise unusable(what, did_you_mean(path.name, near) or "paths start at the file that says them")
        weights = sorted(path.glob("*.safetensors"))
        for name in (CONFIG, TOKENIZER):
            if not (path / name).is_file():
                fix = "it should be what save_pretrained of a model and of its tokenizer has written"
                raise unusable(f"{clip(said)} has no {name}", fix)
        if not weights:
            other = next((file.name for pattern in ("*.bin", "*.pt", "*.gguf") for file in path.glob(pattern)), "")
            has = f", only {clip(other)}" if other else ""
            raise unusable(f"{clip(said)} has no weights of the format safetensors{has}", "save the model as that")
        try:
            found = cls(path.resolve(), _digest((path / CONFIG, path / TOKENIZER, *weights)))
            found.sizes()
            found.weights()
        except OSError as error:
            raise unusable(f"{clip(said)} cannot be read: {error.strerror}", "check its permissions") from None
        except (ValueError, KeyError, TypeError) as error:
            raise unusable(f"{clip(said)} is no causal language model: {error}", "save it again") from None
        return found

    def sizes(self) -> dict[str, int]:
        """The numbers of `SIZES`, as `config.json` has them. Raises ValueError for what is no number above 0."""
        said = json.loads((self.path / CONFIG).read_text())
        found = {}
        for name, names in SIZES.items():
            value = next((said[n] for n in names if n in said), None)
            value = value[0] if name == "end" and isinstance(value, list) and value else value
            if not isinstance(value, int) or isinstance(value, bool) or value < (name != "end"):
                raise ValueError(f"{CONFIG} has no {' or '.join(names)}")
            found[name] = value
        return found

    def weights(self) -> int:
        """How many numbers the files of weights hold, by their heads."""
        return sum(
            math.prod(about["shape"])
            for file in sorted(self.path.glob("*.safetensors"))
            for name, about in _head(file).items()
            if name != "__metadata__"
        )


def _head(file: Path) -> dict[str, Any]:
    """What a file of safetensors says it holds: the shape of each array by name."""
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        if not 0 < length < _LONGEST_HEAD:
            raise ValueError(f"{file.name} is not of the format safetensors")
        found = json.loads(opened.read(length))
    if not isinstance(found, dict):
        raise ValueError(f"{file.name} is not of the format safetensors")
    return found


def _digest(files: tuple[Path, ...]) -> str:
    """The SHA-256 (hex) of these files' names and contents; of large files read once, as long as they stay as they
    are."""
    about = [(file.name, file.stat()) for file in files]
    return _digested(files, tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in about))


@lru_cache(maxsize=16)
def _digested(files: tuple[Path, ...], state: tuple[tuple[str, int, int], ...]) -> str:
    del state
    found = hashlib.sha256()
    for file in files:
        with file.open("rb") as opened:
            found.update(f"{file.name} {hashlib.file_digest(opened, 'sha256').hexdigest()}\n".encode())
    return found.hexdigest()
