"""What may stand in a manifest, and what is said of one that was damaged."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simlab.errors import InvalidInput
from simlab.runs.folder import open_run
from simlab.runs.loading import load
from simlab.runs.manifest import read_manifest
from tests.small_run import MANIFEST, write


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The manifest of a finished run."""
    folder = tmp_path_factory.mktemp("run")
    write(folder, rounds=1)
    return (folder / "manifest.json").read_text()


def put(*path: str, value: Any) -> Callable[[str], str]:
    def change(text: str) -> str:
        said = json.loads(text)
        here = said
        for step in path[:-1]:
            here = here[step]
        here[path[-1]] = value
        return json.dumps(said)

    return change


DAMAGES: dict[str, Callable[[str], str]] = {
    "Expecting value": lambda text: "",
    "Unterminated string|Expecting": lambda text: text[: len(text) // 2],
    "it is no mapping": lambda text: f"[{text}]",
    "Extra data": lambda text: text + text,
    "maximum recursion": lambda text: "[" * 100_000,
    "Exceeds the limit": lambda text: text.replace('"seed": 3', '"seed": ' + "9" * 5000),
    "NaN is no number": lambda text: text.replace('"seed": 3', '"seed": NaN'),
    "it is larger than": lambda text: text + " " * (1 << 25),
    "its seed is 36893488147419103232": put("seed", value=1 << 65),
    "its seed is True": put("seed", value=True),
    r"its days is '20'": put("days", value="20"),
    r"its parameters is \[\]": put("parameters", value=[]),
    "its status is 'done'": put("status", value="done"),
    "it does not say version": lambda text: text.replace('"version"', '"vision"'),
    "surrogates not allowed": put("scenario", value="\ud800"),
    "nested more than 64 deep": put("parameters", "x", value=json.loads("[" * 100 + "]" * 100)),
    "its plugin_folders are no paths": put("plugin_folders", value=[1]),
    "its plugins is no dict": put("plugins", value=[]),
    "it lists no tables": put("tables", value=[]),
    "finished, and lists no tables": put("tables", value={}),
    "its table '../../x' is none": put("tables", "../../x", value={"rows": 1, "sha256": ""}),
    "how many rows the table ledger has": put("tables", "ledger", "rows", value=-1),
}


@pytest.mark.parametrize("said", DAMAGES)
def test_a_damaged_manifest_is_refused_in_a_sentence(said: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(DAMAGES[said](text))
    for use in (lambda: load(tmp_path), lambda: open_run(tmp_path, MANIFEST).__enter__()):
        with pytest.raises(
            InvalidInput, match=f"manifest.json: is not the manifest of a simlab run: .*({said})"
        ) as error:
            use()
        assert len(str(error.value)) < 400
        assert "\n" not in str(error.value)


def test_what_is_no_file_is_no_manifest(text: str, tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    for make, said in ((file.mkdir, "is a folder"), (lambda: os.mkfifo(file), "is a pipe or a device"),
                       (lambda: file.symlink_to("/dev/zero"), "is a pipe or a device"),
                       (lambda: file.symlink_to(tmp_path / "gone"), "is a link that leads nowhere"),
                       (lambda: file.symlink_to(file), "cannot be read: Too many levels")):  # fmt: skip
        make()
        with pytest.raises(InvalidInput, match=f"manifest.json: {said}"):
            load(tmp_path)
        file.rmdir() if file.is_dir() else file.unlink()


def test_a_manifest_may_be_a_link_to_one(text: str, tmp_path: Path) -> None:
    (tmp_path / "kept.json").write_text(text)
    (tmp_path / "manifest.json").symlink_to(tmp_path / "kept.json")
    assert read_manifest(tmp_path)["run"] == "5eed"


@pytest.mark.parametrize("field", ["seed", "days", "parameters"])
def test_a_manifest_that_says_another_thing_of_the_same_run_is_damaged(field: str, text: str, tmp_path: Path) -> None:
    changed = {"seed": 4, "days": 21.0, "parameters": {"name": "large"}}
    (tmp_path / "manifest.json").write_text(put(field, value=changed[field])(text))
    before = (tmp_path / "manifest.json").read_bytes()
    with pytest.raises(InvalidInput, match=f"not the same {field}"):
        write(tmp_path)
    assert (tmp_path / "manifest.json").read_bytes() == before
