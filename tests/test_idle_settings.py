"""What looks for settings that change nothing finds those, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from simlab.plugins.registry import discover
from simlab.scenario import load
from tests.idle_settings import Setting, is_idle, settings, tables

GAUSSIAN = str(Path(__file__).parents[1] / "scenarios" / "00_gaussian.yaml")
SHORT = ["days=5", "parties.pool.count=8", "relations.2.sample=50", "waterfall.redraw=[]"]


def test_every_setting_is_found_defaults_included() -> None:
    found = {setting.path: setting for setting in settings(load(GAUSSIAN, plugins=discover(local=False)))}
    assert found["parties.pool.wage"].value == 21.0
    assert found["parties.pool.policy.agreement"].value == 0.73
    assert found["relations.3.consequence.0.shape.beta"].value == 0.5
    assert found["relations.1.from"].value is None
    assert found["parties.lm.size"].others() == ["tiny", "small", "medium", "large"]
    assert found["panel.candidates"].others() == [True]


@pytest.mark.slow
def test_what_changes_nothing_is_told_from_what_does_and_from_what_is_refused() -> None:
    """In a world of vectors there are no facts to know; diligent people are refused a cost of care."""
    before = tables(GAUSSIAN, True, SHORT)
    assert tables(GAUSSIAN, True, SHORT) == before
    idle = {"parties.pool.knowledge": 1.0, "parties.pool.wage": 21.0, "parties.pool.effort.cost": 0.0}
    found = [path for path, value in idle.items() if is_idle(Setting(path, value), GAUSSIAN, True, SHORT, before)]
    assert found == ["parties.pool.knowledge"]
