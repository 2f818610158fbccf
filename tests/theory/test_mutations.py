"""Sabotage is noticed: each still fits the source, and of a few of them, laws turn red."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from simlab.theory import LAWS
from tests.mutations import ROOT, SABOTAGES, UNSEEN, Sabotage, broken, red_laws

HELD = (  # in the suite; the others by hand, with `python -m tests.mutations`
    "a tie is a win",
    "everybody paid double",
    "the dissatisfied never leave",
    "lessons without margins",
    "labels push to the other side",
    "Davidson's ties twice as frequent",
)
NAMED = {sabotage.breaks: sabotage for sabotage in SABOTAGES}


def test_there_are_sabotages_enough_and_each_is_called_otherwise() -> None:
    assert len(UNSEEN) == 21
    assert len(NAMED) == len(SABOTAGES) >= 60


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda s: s.breaks)
def test_a_sabotage_fits_the_source(sabotage: Sabotage, tmp_path: Path) -> None:
    (tmp_path / sabotage.file).parent.mkdir(parents=True)
    shutil.copy(ROOT / sabotage.file, tmp_path / sabotage.file)
    sabotage.applied(tmp_path)
    compile((tmp_path / sabotage.file).read_text(encoding="utf-8"), sabotage.file, "exec")
    for law in sabotage.laws:
        name, _, index = law.partition("@")
        assert int(index or 0) < len(LAWS[name].points), law
    assert (ROOT / sabotage.test).is_file()
    assert Path(sabotage.test).name.startswith("test_")


def test_the_readme_counts_laws_and_sabotages() -> None:
    said = (ROOT / "README.md").read_text(encoding="utf-8")
    laws, of_runs = len(LAWS), sum(bool(law.shares) for law in LAWS.values())
    assert f"holds {laws} laws to prediction" in said
    assert f"; {of_runs} of them read nothing but the tables of whole runs" in said
    assert f"breaks the simulator in {len(SABOTAGES)} ways" in said


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file.py").write_text("a = 1\na = 1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="stands 2 times, not once"):
        Sabotage("nothing", "file.py", "a = 1", "a = 2", (), "").applied(tmp_path)


@pytest.mark.slow
def test_laws_hold_of_a_copy_that_is_not_broken() -> None:
    laws = [NAMED[name].laws[0] for name in HELD]
    with broken() as root:
        assert red_laws(root, laws) == []


@pytest.mark.slow
def test_laws_turn_red_where_the_simulator_is_broken() -> None:
    """All of HELD at once, each in what no other of them touches."""
    chosen = [NAMED[name] for name in HELD]
    laws = [sabotage.laws[0] for sabotage in chosen]
    with broken(*chosen) as root:
        assert red_laws(root, laws) == laws
