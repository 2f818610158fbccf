"""What plugins are shown says what it has, on request and where something is asked for that there is not."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simlab.cli import main
from simlab.components.cohort import Cohort
from simlab.names import CALLED
from simlab.scaffolding.contracts import contract
from simlab.testing import TRUTH, samples


@pytest.mark.parametrize("kind", CALLED)
def test_every_kind_has_a_contract_with_methods_that_are_described(kind: str) -> None:
    found = contract(kind)
    assert found.about
    assert found.asked
    assert all(said.meaning for said in found.asked)
    for shown in found.shown:
        assert shown.about
        assert shown.holds
        assert all(said.meaning for said in shown.holds if ":" not in said.written), shown


def test_a_cohort_is_described_with_shapes_and_units(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "--contract", "rater"]) == 0
    said = capsys.readouterr().out
    assert all(f"    {field.name}: " in said for field in fields(Cohort))
    assert "hired: array[float64]: [R] day" in said
    assert "score: Share of audited pairs on which whoever checked agreed" in said
    assert '- "length": words of each response [n, K];' in said
    assert main(["plugins", "--contract", "ratter"]) == 2
    assert "there is no kind of plugin called 'ratter' (did you mean 'rater'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("shown", "name", "said"),
    [
        (samples.cohort(3), "xyz", "'Cohort' object has no attribute 'xyz' (it has number, misread, own,"),
        (samples.cohort(3).looked_up(np.arange(2)), "hour", "object has no attribute 'hour' (did you mean 'hours'"),
        (samples.scene(np.arange(2), 2), "length", "it has key, look, earlier, pair(), see(); simlab plugins"),
        (samples.exchanges()[0], "text", "object has no attribute 'text' (it has prompt, response;"),
        (samples.exchanges()[0].response, "word", "did you mean 'words'?"),
        (TRUTH, "skill", "it has name, belief, believes(); simlab plugins --contract criterion"),
        (samples.meetings()[0], "weight", "did you mean 'weights'? it has day, version, turn"),
        (samples.votes(), "labels", "did you mean 'label'?"),
        (samples.standing(), "wrong", "it has audited, agreed, warnings, days, answers, score"),
        (samples.work(2), "wages", "did you mean 'wage'?"),
    ],
)  # fmt: skip
def test_an_attribute_that_is_not_there_leads_to_those_that_are(shown: Any, name: str, said: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(shown, name)
    assert said in str(caught.value)
    assert not hasattr(shown, "__array__")  # what Python asks for is not explained


def test_a_draft_says_what_its_methods_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "rater", "moody"]) == 0
    head = (tmp_path / "plugins" / "moody.py").read_text().split('"""')[1]
    assert all(field.name in head for field in fields(Cohort))
    assert "skill [R, D]" in head
    assert max(map(len, head.splitlines())) <= 120


@pytest.mark.slow
def test_nothing_needs_docstrings_in_memory(tmp_path: Path) -> None:
    code = (
        "from simlab.cli import main\n"
        "for argv in (['new', 'criterion', 'humble'], ['try', 'humble'], ['plugins', '--contract', 'rater']):\n"
        "    main(argv) and exit(f'{argv}')\n"
        "import sys; sys.exit(main(['plugins', 'humble']))"
    )
    command = [sys.executable, "-OO", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for said in ("checks kept, 0 broken", "[R] chance of believing the truth", "Judges a response by a single word."):
        assert said in done.stdout
