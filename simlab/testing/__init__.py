"""Contract checks that every plugin must pass, a user's own and those that ship.

A plugin's test file needs three lines for them (`simlab new` writes such a file):

    Humble = simlab.testing.load(Path(__file__).with_name("humble.py"))

    @pytest.mark.parametrize("check", simlab.testing.checks(Humble), ids=str)
    def test_contract(check):
        check()

Each check asks the plugin about samples (`samples`: exchanges of the almanac, pairs of utilities, a small batch of
tokens, …) and raises `Broken`, with a sentence that names the plugin, the check and what was found. Nothing here
needs pytest. Checks of reward shapes and of learners import torch; all others do without. To add a check, write a
function and decorate it, see `contract.check`.
"""

from __future__ import annotations

from simlab.components.exchange import TRUTH, Observer
from simlab.testing import (
    aggregators,
    combinations,
    components,
    consequences,
    criteria,
    efforts,
    guidelines,
    learners,
    looks,
    outcomes,
    raters,
    reviews,
    rewards,
    worlds,
)
from simlab.testing.contract import PATIENCE, Broken, Check, Subject, checks, load
from simlab.testing.samples import exchange

__all__ = ["PATIENCE", "TRUTH", "Broken", "Check", "Observer", "Subject", "checks", "exchange", "load"]

_ = (
    components, criteria, raters, efforts, reviews, rewards, guidelines, combinations, aggregators, learners,
    looks, consequences, outcomes, worlds,
)  # fmt: skip
"""Importing these is what defines the checks."""
