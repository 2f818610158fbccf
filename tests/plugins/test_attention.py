"""Care on record: answers that nobody looked at count as such, whether by choice of effort or by a policy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import simlab
from simlab.errors import PluginFailed
from tests.small_world import play, written

LAZY = """
import numpy as np
import simlab

class Lazy(simlab.RaterPolicy):
    name = "lazy"

    def probabilities(self, utilities, cohort):
        return np.full((len(utilities), 3), 1 / 3)

    def attention(self, cohort, scene=None):
        return np.full(len(cohort.number), 1.5)
"""


@pytest.mark.parametrize(
    ("policy", "looked"),
    [("boltzmann", 1.0), ({"kind": "shirker", "careless": 0.3}, 0.7), ({"kind": "shirker", "careless": 0.9}, 0.1)],
)
def test_a_policy_that_does_not_look_takes_no_care(policy: object, looked: float, tmp_path: Path) -> None:
    run = play(tmp_path, {"parties.pool.policy": policy})
    np.testing.assert_allclose(run.labor.query("party == 'pool' and kind == 'ranking'").care, looked)


def test_a_share_that_is_none_is_put_down_to_the_policy(tmp_path: Path) -> None:
    (tmp_path / "lazy.py").write_text(LAZY)
    scenario = written(tmp_path / "scenario.yaml", {"parties.pool.policy": "lazy"})
    with pytest.raises(PluginFailed, match=r"must give shares in \[0, 1\] \(.*lazy\.py:11\)"):
        simlab.run(scenario, out=tmp_path / "run")
