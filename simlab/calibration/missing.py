"""Numbers that stand for a missing rating, as survey programs write them: -99 or 999, or 9 on a scale from 1 to 5.

Taken for ratings they would be most of what ratings differ by. What tells them is that they are a few whole numbers,
used again and again, with nothing between them and all others for at least as far as those others reach, and farther
than between any two of those: scales of 1, 2, 4, 8 or of 0, 1, 3, 9 grow, too. Where the others are two numbers only,
as the 0 and 1 of -1, 0 and 1, it takes more.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array

_WIDER = 3.0  # times the widest step between the others
_MOST = 3  # different codes at one end
_FAR = 8.0  # times as far as all others reach, beyond which a number cannot be one of them


@dataclass(frozen=True, slots=True)
class Codes:
    """Numbers that stand apart from all others, which run from `low` to `high`."""

    numbers: tuple[float, ...]
    low: float
    high: float

    def __str__(self) -> str:
        several = len(self.numbers) > 1
        said = ", ".join(f"{number:g}" for number in self.numbers)
        return f"{said} {'stand' if several else 'stands'} apart from the others, {self.low:g} to {self.high:g}"

    @property
    def far(self) -> bool:
        """Whether any of them cannot be on the same scale."""
        reach = self.high - self.low
        return any(max(number - self.high, self.low - number) > _FAR * reach for number in self.numbers)


def codes(values: Array) -> Codes | None:
    """The codes for missing ratings that seem to be among `values` (of any shape; NaN is passed over), or None."""
    numbers, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    found: list[float] = []
    while (rest := _without_codes(numbers, counts)) is not None:
        found += [*numbers[: rest.start], *numbers[rest.stop :]]
        numbers, counts = numbers[rest], counts[rest]
    return Codes(tuple(sorted(found)), float(numbers[0]), float(numbers[-1])) if found else None


def _without_codes(numbers: Array, counts: NDArray[np.int64]) -> slice | None:
    """Where among these sorted numbers those stand that are no codes, if there are any codes at the ends."""
    whole = (numbers == np.round(numbers)) & (counts > 1)
    ends = sorted(product(range(_MOST + 1), repeat=2), key=sum)[1:]
    for below, above in ends:
        rest = slice(below, len(numbers) - above)
        few = below + above < rest.stop - rest.start
        if few and np.all(whole[:below]) and np.all(whole[rest.stop :]) and _apart(numbers, rest):
            return rest
    return None


def _apart(numbers: Array, rest: slice) -> bool:
    """Whether whatever stands before and behind the `rest` is far enough from it."""
    steps = np.diff(numbers)
    within = steps[rest.start : rest.stop - 1]
    if not len(within):
        return False
    reach, step = float(np.sum(within)), float(np.max(within))
    gap = float(min([*steps[rest.start - 1 : rest.start], *steps[rest.stop - 1 : rest.stop]]))  # at ends that are cut
    return gap >= reach and gap > (_WIDER * step if len(within) > 1 else _FAR * reach)
