"""Wald's sequential probability ratio test of a person's answers, and what it really does, exactly.

Answers are right with chance p₀ (good) or p₁ < p₀ (not good enough). The log-likelihood ratio of *not good enough*
grows with every wrong answer and falls with every right one; at the upper boundary the person is dismissed, at the
lower one cleared. Wald's boundaries ln((1−β)/α) and ln(β/(1−α)) promise errors near α and β; since the ratio jumps
over them, true errors and lengths differ, and `exact` finds them by dynamic programming over (answers, wrong ones).
Wald 1945, "Sequential tests of statistical hypotheses", Annals of Mathematical Statistics 16.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array

_UNDECIDED = 1e-15  # probability of still being undecided at which the dynamic program stops
_EDGE = 1e-9  # a ratio this close to a boundary has reached it


@dataclass(frozen=True, slots=True)
class SequentialTest:
    """The test of p₀ (`good`) against p₁ (`bad`) with Wald's boundaries for the errors α and β."""

    good: float  # p₀
    bad: float  # p₁
    alpha: float  # α, chance to dismiss a good person
    beta: float  # β, chance to clear a bad one

    @property
    def upper(self) -> float:
        """Log-likelihood ratio at which a person is dismissed."""
        return float(np.log((1 - self.beta) / self.alpha))

    @property
    def lower(self) -> float:
        """Log-likelihood ratio at which a person is cleared."""
        return float(np.log(self.beta / (1 - self.alpha)))

    @property
    def steps(self) -> tuple[float, float]:
        """What a right and a wrong answer add to the ratio."""
        return float(np.log(self.bad / self.good)), float(np.log((1 - self.bad) / (1 - self.good)))

    def verdicts(self, answers: Array, again: bool = False) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For answers [R, N] (1 right, 0 wrong, ½ half of each, NaN none): the verdict [R] and answers it took [R].

        Verdicts are 1 (dismissed), -1 (cleared) or 0 (not yet). With `again`, who was cleared is tested anew from the
        next answer on; the verdict is then 1 or 0.
        """
        right, wrong = self.steps
        ratio = np.zeros(len(answers))
        verdict, taken = np.zeros(len(answers), dtype=np.int64), np.zeros(len(answers), dtype=np.int64)
        for answer in answers.T:
            going = (verdict == 0) & np.isfinite(answer)
            ratio[going] += (answer * right + (1 - answer) * wrong)[going]
            taken += going
            verdict[going & (ratio >= self.upper - _EDGE)] = 1
            cleared = going & (ratio <= self.lower + _EDGE)
            if again:
                ratio[cleared] = 0.0
            else:
                verdict[cleared] = -1
        return verdict, taken

    def exact(self, accuracy: float, most: int | None = None) -> tuple[float, float, float]:
        """(expected answers, P(dismissed), P(cleared)) of somebody right with chance `accuracy`.

        The test stops undecided after `most` answers, if that is given.
        """
        right, wrong = self.steps
        mass = np.ones(1)  # P(undecided with w wrong answers so far) [w]
        expected = dismissed = cleared = 0.0
        asked = 0
        while mass.sum() > _UNDECIDED and asked != most:
            expected += float(mass.sum())
            mass = np.append(mass * accuracy, 0.0) + np.append(0.0, mass * (1 - accuracy))
            asked += 1
            errors = np.arange(asked + 1)
            ratio = (asked - errors) * right + errors * wrong
            out, through = ratio >= self.upper - _EDGE, ratio <= self.lower + _EDGE
            dismissed += float(mass[out].sum())
            cleared += float(mass[through].sum())
            mass[out | through] = 0.0
        return expected, dismissed, cleared
