"""Agreement with the majority of the others: at the values of the jury theorem."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from tests.plugins.looks.work import Society, look, near, of


@pytest.mark.parametrize(("error", "others"), [(0.2, 3), (0.2, 5), (0.4, 11)])
def test_somebody_who_is_always_right_is_marked_down_as_often_as_the_majority_errs(error: float, others: int) -> None:
    """ε = .2: m = 3 errs with chance .104, m = 5 with .05792; p = .6: m = 11 is right with chance .75350."""
    wrong = float(binom.sf(others / 2, others, error))
    assert wrong == pytest.approx({3: 0.104, 5: 0.05792, 11: 1 - 0.75350}[others], abs=1e-5)
    work = Society([1.0, *[1 - error] * others], 8000).work()
    found = of(work, look("majority_vote").score(work), 0)
    assert near(found, 1 - wrong)
    assert not near(found, 1 - error)  # the control: one peer


def test_by_hand() -> None:
    """A tie among the others is half right, an undecided vote is none, and nobody is judged alone."""
    work = Society([1.0] * 3, 3).work()
    work.label = np.array([1, 1, 2, 1, 1, 1, 2, 0, 1])
    found = look("majority_vote").score(work)
    assert found.tolist() == pytest.approx([0.5, 0.5, 0.0, 1.0, 1.0, 1.0, 0.0, 0.5, 0.0])
    assert np.isnan(look("majority_vote").score(Society([1.0], 3).work())).all()
