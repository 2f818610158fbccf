"""The closing screen, from the tables of made-up runs with and without words."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from simlab.report.summary_screen import screen
from simlab.runs.folder import open_run
from simlab.runs.loading import load
from simlab.tables.recorder import Recorder

PARTIES = {
    "users": {"kind": "users", "values": {"truthful": 1.0, "harmless": 1.0}},
    "acme": {"kind": "corporation"},
    "pool": {"kind": "raters"},
    "lm": {"kind": "language_model"},
}
MANIFEST = {
    "run": "cafe", "scenario": "tale [of] two", "seed": 3, "days": 20.0, "world": "almanac", "version": "0.1.0",
    "parameters": {"parties": PARTIES},
}  # fmt: skip
ALIGNMENT = {"model": "lm", "time": 0.0, "tau": 0.0, "accuracy": 0.5, "n": 8, "low": 0.0, "high": 1.0}
JUDGED = {
    "time": 0.0, "people": 20, "looks": 7.0, "hours": 1.0, "pay": 21.0, "share": 0.1, "fidelity_guideline": 0.55,
    "fidelity_intent": 0.5, "fidelity_principal": 0.55, "validity_intent": 0.4, "validity_principal": 0.42, "low": 0.21,
    "high": 0.6, "n": 20, "why_nan": "", "goodhart_gap": 0.0, "validity_expected": 0.47, "rank_validity": 0.4,
    "auc": 0.7, "look": "", "dismissed_rightly": 1, "dismissed_wrongly": 0, "kept_rightly": 17, "kept_wrongly": 2,
}  # fmt: skip
WON = {"model": "lm", "time": 0.0, "judge": "users", "n": 4, "low": 0.0, "high": 1.0}


def add_tables(tables: Recorder, *, words: bool = True, rounds: int = 2) -> None:
    """Two rounds, or the first of them: the model learns to be truthful and stops insulting; one rater is fired."""
    weights = {"truthful": 2.0, "harmless": 1.0}
    for kind, criteria in (("published", weights), ("operative", {**weights, "brand": 0.5})):
        tables.add(
            "guidelines", time=0.0, corporation="acme", version=1, kind=kind, criterion=list(criteria),
            weight=list(criteria.values()),
        )  # fmt: skip
    for number in range(rounds):
        said = [["oslo .", "paris , you fool .", "ask a lawyer .", "hm ."], ["paris .", "paris .", "no .", "hm ."]][
            number
        ]
        tables.add(
            "responses", time=10.0 * number, round=number, corporation="acme", agent="lm",
            prompt=["france ?", "and france ?", "steal [it] !", "poem ?"], response=said if words else "",
            force="question", fact_held_out=np.array([False, True, False, False]) if words else False, answered=True,
            truthful=[float(number), 1.0, None, None], harmless=[1.0, float(number), 0.75 + number / 8, 1.0],
        )  # fmt: skip
        for a, b, rho in (
            ("users", "acme", 0.9),
            ("acme", "pool", 0.8),
            ("acme", "lm", np.nan if number == 0 else 0.6),
        ):
            row = {**ALIGNMENT, "rho": rho, "why_nan": "" if rho == rho else "lm ranks all alike"}
            tables.add("alignment", round=number, order=1, panel="responses", against="", a=a, b=b, **row)
        tables.add("win_rate", **WON, round=number, rate=0.5 + 0.25 * number)
    tables.add("orders", round=1, order=2, principal="acme", agent="pool", validity_guideline=0.42, **JUDGED)
    tables.add(
        "employment", worker=["pool:0", "pool:1"], person="", employer="acme", hired=0.0, ended=None, reason=None
    )
    tables.add("employment", worker="pool:1", person="", employer="acme", hired=0.0, ended=5.0, reason="fired")
    tables.add("labor", time=10.0, round=1, party="pool", kind="ranking", order=1, hours=45.0, pay=937.0, flops=0.0)
    for kind in ("warn", "fire"):
        tables.add(
            "consequences", judgement=1, time=5.0, round=0, principal="acme", kind=kind, agent="pool:1", amount=0.4,
            unit="agreement", reason="agreement with gold below 0.6",
        )  # fmt: skip


def shown(directory: Path, width: int, **what: Any) -> str:
    """The screen of a run with such tables, or with none, as a console of this width shows it."""
    criteria = {"responses": ["truthful", "harmless"]}
    with open_run(directory, MANIFEST) as run, Recorder(directory, "cafe", criteria) as tables:
        if what:
            add_tables(tables, **what)
            run.finish(tables.close(), rounds=1)
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(screen(load(directory)))
    text = console.export_text()
    assert max(len(line) for line in text.splitlines()) <= width
    return text


def line_of(text: str, start: str) -> list[str]:
    (words,) = [words for words in map(str.split, text.splitlines()) if words[: len(start.split())] == start.split()]
    return words


@pytest.mark.parametrize("width", [80, 120])
def test_a_world_of_words(tmp_path: Path, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the line to be copied names the folder as seen from here, and so fits
    text = shown(tmp_path, width, words=True)
    assert "tale [of] two  almanac world, seed 3, 20 days, 1 round, finished" in text
    assert line_of(text, "truthful") == ["truthful", "1", "2", "2", "0.00", "→", "1.00", "1.00", "→", "1.00"]
    assert line_of(text, "harmless") == ["harmless", "1", "1", "1", "0.92", "→", "0.96", "0.00", "→", "1.00"]
    assert line_of(text, "brand") == ["brand", "–", "–", "0.5", "–", "–"]
    assert line_of(text, "answered")[:4] == ["answered", "–", "–", "–"]
    assert line_of(text, "lm") == ["lm", "language", "model", "–", "→", "0.60", "–", "–"]
    assert line_of(text, "users users") == ["users", "users", "0.90", "→", "0.90", "–", "75", "%"]
    assert "1 rater employed at the end, 2 spells in all; 1 warned; 1 fired." in text
    assert "45 hours of paid work" in text
    assert line_of(text, "2 acme pool")[3:] == ["20", "0.55", "0.42", "±0.20", "0.47", "21"]
    assert "day 5  pool:1 fired: agreement with gold below 0.6 (0.400)" in text
    for words in ("france ?", "oslo .", "and france ?", "paris , you fool .", "steal [it] !", "ask a lawyer ."):
        assert words in text
    assert "poem ?" not in text  # nothing changed there
    assert 'run = simlab.load(".")' in text


@pytest.mark.parametrize(("look", "judge"), [("peers", "acme, by peers"), ("gold", "acme"), ("", "acme")])
def test_who_judges_otherwise_than_by_gold_says_how(
    look: str, judge: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(JUDGED, "look", look)
    assert line_of(shown(tmp_path, 120, words=False), f"2 {judge} pool")[-6:-4] == ["20", "0.55"]


def test_a_world_without_words(tmp_path: Path) -> None:
    text = shown(tmp_path, 80, words=False)
    assert "What the model says" not in text
    assert "answered" not in text
    assert "every prompt" in text


def test_a_run_that_has_only_been_measured_at_its_start(tmp_path: Path) -> None:
    text = shown(tmp_path, 80, rounds=1)
    assert line_of(text, "truthful")[-6:] == ["0.00", "→", "0.00", "1.00", "→", "1.00"]
    assert line_of(text, "lm")[-3:] == ["–", "–", "–"]
    assert "What the model says" not in text


def test_a_run_in_which_nothing_was_measured_yet(tmp_path: Path) -> None:
    text = shown(tmp_path, 80)
    assert "interrupted" in text
    assert "No round has been measured yet." in text
