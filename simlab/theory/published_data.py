"""Published data sets on which a measure or a fit is known to the last printed digit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# 30 patients, each diagnosed by 6 psychiatrists: Fleiss (1971), Psychological Bulletin 76, table 1; one text a patient
FLEISS = (
    "444444 222555 233335 555555 222444 113333 333355 113334 114444 555555 144444 124444 222333 144444 224445 "
    "333335 111455 111112 224444 133555 555555 244444 224555 114444 144445 222224 111155 224444 133333 555555"
)
# 3 coders, 15 units, * for no rating: Krippendorff's example, as in "Computing Krippendorff's alpha-reliability" (2011)
KRIPPENDORFF = "*****34121133*3 1*213343******* **21344*21133*4"
# Four raters, twelve units, five categories, ratings missing: Gwet (2014), "Handbook of Inter-Rater Reliability", p. 55
GWET = "123321412*** 1233224125** *33323422513 12332441251*"
# Two raters, three categories: SAS/STAT User's Guide, the FREQ procedure
SAS = ((0, 4, 1), (0, 8, 0), (0, 1, 5))

# Citations among Biometrika (0), Comm. Statistics (1), JASA (2) and JRSS-B (3), how often i was cited by j and j by i:
# Stigler (1994), Statistical Science 9; Agresti, Categorical Data Analysis, table 10.10
CITATIONS = ((0, 1, 730, 33), (0, 2, 498, 320), (0, 3, 221, 284), (1, 2, 68, 813), (1, 3, 17, 276), (2, 3, 142, 325))
CITED = (0.0, -2.9491, -0.4796, 0.2690)  # the Bradley–Terry fit, Biometrika at 0

# Six chocolate puddings: i, j, how many preferred i, how many j, how many neither; Davidson (1970), JASA 65, example 2
PUDDINGS = (
    (1, 2, 19, 22, 16), (1, 3, 16, 19, 12), (2, 3, 19, 19, 10), (1, 4, 18, 23, 13), (2, 4, 23, 19, 9),
    (3, 4, 19, 20, 15), (1, 5, 13, 19, 18), (2, 5, 16, 20, 12), (3, 5, 16, 15, 17), (4, 5, 17, 14, 16),
    (1, 6, 18, 21, 12), (2, 6, 22, 20, 12), (3, 6, 13, 18, 10), (4, 6, 14, 19, 18), (5, 6, 11, 21, 12),
)  # fmt: skip
# Davidson's fit: the shares of the six in Σπ, and his ν
PUDDING_FIT = {
    "1": 0.1388, "2": 0.1730, "3": 0.1617, "4": 0.1654, "5": 0.1587, "6": 0.2024, "nu": 0.7468,
}  # fmt: skip

# 45 patients, rated 1 to 4 by five anaesthetists, of whom the first was asked three times: Dawid & Skene (1979),
# Applied Statistics 28, table 1 (of patient 7 copies differ; the likelihood belongs to 112 for the first)
ANAESTHETISTS = (
    "111.1.1.1.1 333.4.3.3.4 112.2.1.2.2 222.3.1.2.1 222.3.2.2.2 222.3.3.2.2 112.2.1.1.1 333.3.4.3.3 222.2.2.2.3 "
    "232.2.2.2.3 444.4.4.4.4 222.3.3.4.3 111.1.1.1.1 222.3.2.1.2 121.1.1.1.1 111.2.1.1.1 111.1.1.1.1 111.1.1.1.1 "
    "222.2.2.2.1 222.1.3.2.2 222.2.2.2.2 222.2.2.2.1 222.3.2.2.2 221.2.2.2.2 111.1.1.1.1 111.1.1.1.1 232.2.2.2.2 "
    "111.1.1.1.1 111.1.1.1.1 112.1.1.2.1 111.1.1.1.1 333.3.2.3.3 111.1.1.1.1 222.2.2.2.2 222.3.2.3.2 433.4.3.4.3 "
    "221.2.2.3.2 232.3.2.3.3 333.3.4.3.2 111.1.1.1.1 111.1.1.1.1 121.2.1.1.1 232.2.2.2.2 121.1.1.1.1 222.2.2.2.2"
)
# Their fit: the shares of the four classes, and the log-likelihood of all ratings
ANAESTHETISTS_FIT = {"1": 0.4000, "2": 0.4216, "3": 0.1118, "4": 0.0667, "log_likelihood": -190.731}


def ratings(rows: str | Sequence[str]) -> list[list[float | None]]:
    """Rows of single-digit ratings as numbers, None for *."""
    words = rows.split() if isinstance(rows, str) else rows
    return [[None if c == "*" else float(c) for c in word] for word in words]


def anaesthetists() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The ratings of `ANAESTHETISTS`, one a row: patient, observer, and class from 0, each [n]."""
    rated = [
        (patient, observer, int(said) - 1)
        for patient, row in enumerate(ANAESTHETISTS.split())
        for observer, several in enumerate(row.split("."))
        for said in several
    ]
    task, worker, label = np.array(rated).T
    return task, worker, label
