"""The contract of consequences: a good one passes, and each twin of it that is bad in one way fails one check."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import SkipTest

import pytest

from simlab import testing

GOOD = '''
import simlab

class Praise(simlab.Consequence):
    """Every second look is praised (Skinner 1953)."""
    name = "praise"
    principals = ("corporation",)
    agents = ("raters",)
    _looks: int = 0

    def act(self, relation, judgement):
        self._looks += 1
        if self._looks % 2:
            return []
        return [simlab.Effect("praise", name, 1.0, "word", "well done") for name in judgement.scores]
'''
BAD = [  # what of the good twin becomes what, the check, its sentence
    ('("raters",)', '("rater",)', "placed", "no corporation judges any of rater (curt.py:"),
    ('("raters",)', '"raters"', "placed", "agents should be a tuple of kinds of party"),
    ("            return []", "            return None", "answers", "act gave None; it should be a list of effects"),
    ("            return []", "            return [3]", "answers", "a list with int 3; it should be one of effects"),
    ("name, 1.0,", "name, float('nan'),", "answers", "says that the amount was nan"),
    ("name, 1.0,", "name[:3], 1.0,", "named", "did something to 'poo', where acme judges pool"),
    (', "well done"', "", "named", "does not say why"),
    ("self._looks += 1", "self.__class__.seen = getattr(self.__class__, 'seen', 0) + 1; self._looks = self.seen // 2",
     "reproducible", "did something else in a second run"),
    ("self._looks += 1", "self._looks += 1; self.context.scenario.parties['pool'].__dict__['wage'] = 3.0",
     "pure", "changed its parameters, or what a scenario says of it"),
    ("self._looks += 1", "self._looks += 1 // min(1, len(judgement.scores))", "nothing", "raised ZeroDivisionError"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Messages name files as seen from their folder."""
    monkeypatch.chdir(tmp_path)


def failures(folder: Path, text: str) -> dict[str, str]:
    """What is said by the checks that fail."""
    (folder / "curt.py").write_text(text)
    cls: Any = testing.load(folder / "curt.py")
    found = {}
    for check in testing.checks(cls):
        try:
            check()
        except testing.Broken as error:
            found[check.name] = str(error)
        except SkipTest:
            pass
    return found


@pytest.mark.slow
def test_the_good_twin_passes(tmp_path: Path) -> None:
    assert failures(tmp_path, GOOD) == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("good", "bad", "check", "sentence"), BAD, ids=[f"{c}-{n}" for n, (_, _, c, _) in enumerate(BAD)]
)
def test_a_bad_one_fails_one_check(good: str, bad: str, check: str, sentence: str, tmp_path: Path) -> None:
    assert GOOD.count(good) == 1
    found = failures(tmp_path, GOOD.replace(good, bad))
    assert list(found) == [check], found
    assert sentence in found[check]
