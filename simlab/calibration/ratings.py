"""Annotations from ratings: several people rated each of many items, and whoever rated two of them compared them.

Items are shuffled and paired off, so that each is in one pair only; a rater prefers the item rated higher, and is
undecided between equal ratings. An item's utility is its mean rating: by the whole pool, in which
the rater has a say, so that people look a little less noisy than they are; or by the others, whose mean is a little off
itself, so that they look a little noisier.

The worked example is what ships with vaderSentiment 3.3.2 (Hutto & Gilbert 2014, VADER, ICWSM 8): 7,520 words and
emoticons, each rated from -4 to 4 by ten people. Which people is not told, and differs between items: a column is no
person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array
from simlab.calibration.annotations import Annotations
from simlab.errors import InvalidInput, Problem
from simlab.rng import Streams

VADER = "vader"


def rated(
    scores: Array,
    raters: Sequence[str],
    source: str,
    *,
    reference: str = "pool",
    persons: bool = True,
    remarks: Sequence[str] = (),
) -> Annotations:
    """The comparisons implied by ratings [items, raters], one pair of items after the other.

    A rating that is missing is NaN. Whoever rated both items of a pair compared them; items that nobody rated are
    left out.
    """
    scores = scores[~np.all(np.isnan(scores), axis=1)]
    items = len(scores)
    if items < 2 or not np.any(np.nanmax(scores, axis=0, initial=-np.inf) > np.nanmin(scores, axis=0, initial=np.inf)):
        what = "all ratings are alike" if items > 1 else "there are fewer than two items"
        raise InvalidInput(Problem(what, "rows are items, columns raters", source))
    order = Streams(0).generator("calibrate", "pairs").permutation(items)[: items // 2 * 2].reshape(-1, 2)
    utility = _utilities(scores, reference)
    left, right = scores[order[:, 0]], scores[order[:, 1]]  # [pairs, raters]
    label = np.where(left > right, 1, np.where(left < right, 2, 0))
    differences = np.round(utility[order[:, 0]] - utility[order[:, 1]], 9)
    compared = ~(np.isnan(left) | np.isnan(right) | np.isnan(differences))
    if not np.any(compared):
        raise InvalidInput(Problem("nobody rated both items of any pair", "give ratings with fewer holes", source))
    pair, rater = np.nonzero(compared)
    return Annotations(
        label=label[compared].astype(np.int64),
        task=pair.astype(np.int64),
        worker=rater.astype(np.int64),
        differences=differences[compared].reshape(-1, 1),
        words=None,
        workers=tuple(raters),
        criteria=("utility",),
        source=source,
        persons=persons,
        placed=False,
        remarks=tuple(remarks),
    )


def _utilities(scores: Array, reference: str) -> Array:
    """What items are worth in the eyes of each rater's reference [items, raters]; NaN where nobody else rated one."""
    rated_by = np.sum(~np.isnan(scores), axis=1, keepdims=True)
    total = np.nansum(scores, axis=1, keepdims=True)
    if reference == "others":
        with np.errstate(invalid="ignore"):
            return np.asarray((total - scores) / np.where(rated_by > 1, rated_by - 1, np.nan))
    return np.broadcast_to(total / rated_by, scores.shape)


@dataclass(frozen=True, slots=True)
class Order:
    """Shares of labels that match an order of the same pairs, are undecided, or reverse it; its ties are left out."""

    match: float
    tie: float
    reverse: float


def order_of(label: NDArray[np.int64], difference: Array) -> Order:
    """The shares of labels [n] against the signs of utility differences [n]; pairs of difference 0 are left out."""
    sign = np.sign(difference)
    agreed = np.where(label == 1, 1.0, np.where(label == 2, -1.0, 0.0))[sign != 0] * sign[sign != 0]
    return Order(float(np.mean(agreed > 0)), float(np.mean(agreed == 0)), float(np.mean(agreed < 0)))


def vader_ratings() -> Array:
    """The human ratings inside the installed package vaderSentiment [7520, 10].

    InvalidInput if it is not installed or not as it was in version 3.3.2.
    """
    found = find_spec("vaderSentiment")  # not imported: it would go on to import what it asks the network with
    if found is None or not found.submodule_search_locations:
        raise InvalidInput(Problem("the package vaderSentiment is not installed", "pip install 'simlab[vader]'"))
    file = Path(found.submodule_search_locations[0]) / "vader_lexicon.txt"
    lines = file.read_text(encoding="utf-8").splitlines()
    try:
        scores = [[float(s) for s in line.rsplit("\t", 1)[1].strip("[] ").split(",")] for line in lines if line]
        return np.array(scores, dtype=float).reshape(len(scores), 10)
    except (IndexError, ValueError) as error:
        raise InvalidInput(Problem("holds no ten ratings a line", "pip install vaderSentiment==3.3.2", file)) from error


def read_vader(reference: str = "pool") -> Annotations:
    """The human ratings inside vaderSentiment as comparisons."""
    scores = vader_ratings()
    return rated(scores, [str(n) for n in range(1, 11)], "vaderSentiment", reference=reference, persons=False)
