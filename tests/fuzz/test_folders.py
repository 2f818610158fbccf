"""A few of the damaged folders that `tests.fuzz.folders` makes by the hundred."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.folders import fuzz


@pytest.mark.slow
def test_damaged_folders_are_refused_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert fuzz(tmp_path, range(8)) == []
