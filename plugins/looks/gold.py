"""The look `gold`: golden questions, planted among ordinary ones before anybody answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

import simlab
from simlab.arrays import Array
from simlab.components.look import agreement

if TYPE_CHECKING:
    from simlab.components.look import DeliveredWork


class Gold(simlab.Look):
    """Agreement with gold on golden questions: `sample` is the share of tasks that are golden.

    Oleson et al. (2011, "Programmatic gold: targeted and scalable quality assurance in crowdsourcing", HCOMP workshop).
    Gold is written once a question, in `audit_seconds` of staff, and is wrong with chance `gold_error`. People
    recognise a golden question with chance `detectable` and look at that one with care (Checco, Bates & Demartini 2018,
    "All that glitters is gold: an attack scheme on gold questions in crowdsourcing", HCOMP): somebody who takes care c
    of ordinary answers takes d + (1 − d)·c of golden ones, so that the look sees less and less of who is careless.
    """

    name = "gold"
    principals = ("corporation", "vendor")
    opinions = 1
    planted = True
    held_against = "principal"
    detectable: float = Field(0.0, ge=0, le=1, description="chance that a person recognises a golden question")

    def recognised(self) -> float:
        return self.detectable

    def score(self, work: DeliveredWork) -> Array:
        return agreement(work.said, work.opinion[:, 0])
