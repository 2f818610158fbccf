"""The linear reward model of a run is the fit to all labels but those held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simlab.nets.closed_form import fit_linear
from simlab.rankings import Rankings, evidence
from tests.small_world import LEARN, play


def test_it_is_the_fit_to_what_is_not_held_out(tmp_path: Path) -> None:
    run = play(tmp_path, {"parties.pool.held_out": 0.3, f"{LEARN}.sample": 300})
    machine = run.context.parties["rm"]
    every = Rankings.together(machine.memory)
    assert 0.2 < every.held_out.mean() < 0.4
    fits = []
    for rows in (np.flatnonzero(~every.held_out), np.arange(len(every))):
        difference, wins, _ = evidence(every, rows)
        fits.append(fit_linear(difference, np.zeros(len(wins)), shares=wins))
    np.testing.assert_allclose(machine.backend.direction, fits[0], rtol=1e-9)
    assert np.abs(machine.backend.direction - fits[1]).max() > 1e-3  # the control: of all
    assert np.corrcoef(every.shown.response[:, 0] @ fits[0], every.shown.response[:, 0] @ fits[1])[0, 1] > 0.9
