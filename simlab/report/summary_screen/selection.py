"""What several sections of the screen select from the tables of a run: one model's responses, first and last round,
weights of criteria, parties."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import Run

_WHOM = {"published": "public", "operative": "raters"}  # whom a corporation tells which guideline


def of_model(run: Run, model: str) -> pd.DataFrame:
    """The responses of one model."""
    return run.responses[run.responses.agent == model].reset_index(drop=True)


def named(run: Run, model: str) -> str:
    """What a title adds to say which model is meant, if there are several; else an empty text."""
    return f": {model}" if run.responses.agent.nunique() > 1 else ""


def ends(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of the first round and of the last."""
    return rows[rows["round"] == rows["round"].min()], rows[rows["round"] == rows["round"].max()]


def has_words(run: Run) -> bool:
    """Whether the run's world is one of words, in which responses have texts."""
    return bool((run.responses.response != "").any())


def parties(run: Run, kind: str = "") -> list[tuple[str, Mapping[str, Any]]]:
    """Names and settings of the parties of a kind, or of all, in the order of the scenario."""
    settings = json.loads(run.runs.parameters.iloc[0]).get("parties", {})
    return [(name, party) for name, party in settings.items() if not kind or party.get("kind") == kind]


def criterion_weights(run: Run, maker: str) -> dict[str, dict[str, float]]:
    """Criterion weights by who asks: users, and the latest guideline of one corporation."""
    found: dict[str, dict[str, float]] = {}
    for name, party in parties(run, "users"):
        found[name] = {str(k): float(v) for k, v in party.get("values", {}).items()}
    guidelines = run.guidelines[run.guidelines.corporation == maker]
    for corporation, rows in guidelines.groupby("corporation", sort=False):
        latest = {
            str(kind): dict(zip(each.criterion, each.weight, strict=True))
            for kind, each in rows[rows.version == rows.version.max()].groupby("kind", sort=False)
        }
        if latest.get("published") == latest.get("operative"):
            found[str(corporation)] = latest["operative"]
            continue
        found |= {f"{corporation}\n{_WHOM.get(kind, kind)}": weights for kind, weights in latest.items()}
    return found


def operative_weights(run: Run, maker: str) -> dict[str, float]:
    """Criterion weights of the guideline by which a corporation's raters work."""
    weights = criterion_weights(run, maker)
    return weights.get(f"{maker}\n{_WHOM['operative']}", weights.get(maker, {}))
