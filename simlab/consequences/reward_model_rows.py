"""Looks at a machine that learns rankings, as rows of the table `reward_model`: what a fit came to, or why there was
none; and of the table `epochs`: what each pass came to. A language model that learns from people themselves is its own
reward model (Rafailov et al. 2023)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from simlab.engine.holdout import prompts_held_out, share_held_out
from simlab.parties.language_model import LanguageModel
from simlab.parties.reward_model import RewardModel
from simlab.rankings import Rankings, account, agreement
from simlab.relation import Judgement
from simlab.worlds.text import TextGame

NAN = float("nan")
NONE = ("loss", "accuracy_train", "accuracy_held_out", "accuracy_gold", "score_mean", "score_std", "trunk_change",
        "head_change", "disagreement")  # fmt: skip


def fitted(machine: RewardModel | LanguageModel, rankings: Rankings, metrics: Mapping[str, float]) -> dict[str, Any]:
    """Columns about a fit to those of the rankings that are not held out; pairs of one text twice test nobody."""
    held, said = rankings.held_out[:, None], machine.order(rankings)
    undecided, decided, counted = rankings.label == 0, rankings.decided, held & (rankings.gold != 0)
    accuracy = agreement(said, rankings.label, held & decided)
    return {
        "pairs": int((~held & np.ones_like(undecided)).sum()),
        "ties": int((~held & undecided).sum()),
        "loss": metrics["loss"],
        "accuracy_train": agreement(said, rankings.label, ~held & decided),
        "accuracy_held_out": accuracy,
        "held_out_pairs": int((held & decided).sum()),
        "why_nan": _nothing_held_out(machine, rankings) if math.isnan(accuracy) else "",
        "accuracy_gold": agreement(said, rankings.gold, counted),
        "gold_pairs": int(counted.sum()),
        "score_mean": machine.centre if isinstance(machine, RewardModel) else NAN,
        "score_std": machine.scale if isinstance(machine, RewardModel) else NAN,
        "trunk_change": metrics.get("trunk_change", NAN),
        "head_change": metrics.get("head_change", NAN),
        "disagreement": machine.disagreement if isinstance(machine, RewardModel) else NAN,
    }


def as_columns(epochs: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Columns about every epoch of a fit, member after member."""
    columns: dict[str, Any] = {name: np.array([row[name] for row in epochs]) for name in epochs[0]}
    return {**columns, "epoch": columns["epoch"].astype(np.int64), "kept": columns["kept"] == 1}


def idle(judgement: Judgement, machine: RewardModel | LanguageModel) -> dict[str, Any]:
    """Columns about a look that taught a machine nothing; it stays as it is, and judges on."""
    why = "every label so far is of a prompt that is held out" if judgement.size else "there were no labels"
    if not machine.learned:
        why += ", and it has never learned"
    counts = dict.fromkeys(("pairs", "ties", "held_out_pairs", "gold_pairs"), 0)
    return {**counts, **dict.fromkeys(NONE, NAN), "why_nan": why}


def asked_for(judgement: Judgement) -> dict[str, Any]:
    """Columns about what was asked of the people whose labels a look rests on."""
    return account(judgement.commissions, judgement.size)


def _nothing_held_out(machine: RewardModel | LanguageModel, rankings: Rankings) -> str:
    """Why there is no accuracy on held-out labels, in words."""
    context, share = machine.context, share_held_out(machine.context, machine.name)
    if not share:
        return "nothing is held out (held_out is 0)"
    if isinstance(context.game, TextGame) and not prompts_held_out(context, share).any():
        return "of so few prompts none can be held out"
    if not rankings.held_out.any():
        return "nobody was asked about a prompt that is held out"
    return "nobody preferred either response of a held-out pair"
