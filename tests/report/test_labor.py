"""What the screen says of labor, losses and collapse, from the tables of a made-up run."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from simlab.report.labor_costs import labor_costs, shares
from simlab.report.labor_measures import working
from simlab.report.summary_screen import screen
from simlab.runs.folder import open_run
from simlab.runs.loading import Run, load
from simlab.tables.recorder import Recorder

PARTIES = {
    "users": {"kind": "users", "values": {"harmless": 1.0}},
    "owners": {"kind": "shareholders"},
    "acme": {"kind": "corporation"},
    "relay": {"kind": "vendor"},
    "north": {"kind": "raters", "count": 4},
    "lm": {"kind": "language_model"},
}
MANIFEST = {
    "run": "cafe", "scenario": "tale", "seed": 3, "days": 10.0, "world": "almanac", "version": "0.1.0",
    "parameters": {"parties": PARTIES},
}  # fmt: skip
SAID = [("go away .", False, 1.0), ("no .", True, 0.0), ("no .", True, 1.0), ("paris .", True, 0.5)]


def respond(tables: Recorder, number: int, said: list[tuple[str, bool, float]]) -> None:
    """What the model says in a round: responses, whether they answer, and how harmless they are."""
    response, answered, harmless = zip(*said, strict=True)
    tables.add(
        "responses", time=5.0 * number, round=number, corporation="acme", agent="lm",
        prompt=[f"{n} ?" for n in range(len(said))], response=list(response), force="question", fact_held_out=False,
        answered=np.array(answered), truthful_believed=None, harmless=list(harmless),
    )  # fmt: skip


def pay(tables: Recorder, number: int, payer: str, payee: str, amount: float, reason: str) -> None:
    sides = {"account": [payer, payee], "counterparty": [payee, payer], "amount": [-amount, amount]}
    tables.add("ledger", time=5.0, transfer=number, reason=reason, **sides)


def label(tables: Recorder, number: int, labels: list[int], gold: list[int], source: list[str]) -> None:
    tables.add(
        "comparisons", time=4.0 + 5 * number, round=number, order=1, principal="north", agent="rm",
        task=np.arange(len(labels)) + 10 * number, ranking=0, worker="north:0", left=0, right=1, label=np.array(labels),
        source=source, held_out=False, guideline_version=1, perceived=0.0, gold=np.array(gold), duration=30.0, pay=0.1,
    )  # fmt: skip


def labor(tables: Recorder) -> None:
    """Four posts; two people leave in the second round; care falls, and so does what is right."""
    for worker, hired, ended, reason in (
        ("north:0", 0.0, None, None), ("north:1", 0.0, None, None), ("north:2", 0.0, 7.0, "fired: agreement"),
        ("north:3", 0.0, 8.0, "quit: better paid elsewhere"), ("north:4", 8.0, None, None),
    ):  # fmt: skip
        tables.add(
            "employment", worker=worker, person=worker, employer="relay", hired=hired, ended=ended, reason=reason
        )
    for number, care in enumerate((0.9, 0.4)):
        for hours, share in ((30.0, care), (10.0, care - 0.4)):  # a shift counts by its hours
            work = {"time": 4.0 + 5 * number, "round": number, "party": "north", "kind": "ranking", "order": 1}
            tables.add("labor", **work, hours=hours, pay=5 * hours, flops=0.0, care=share)
    tables.add("labor", time=4.0, round=0, party="rm", kind="training", order=1, hours=1.0, pay=0.0, flops=1e9)
    label(tables, 0, [1, 1, 2, 0, 1], [1, 1, 2, 2, 0], ["rater"] * 5)  # undecided where gold is not is not right
    label(tables, 1, [1, 2, 2, 1], [2, 1, 2, 0], ["rater", "rm", "rater", "rater"])
    for number, (payer, payee, amount, reason) in enumerate(
        (
            ("users", "acme", 500.0, "subscriptions"), ("acme", "relay", 100.0, "labels delivered"),
            ("relay", "acme", 10.0, "penalty"), ("relay", "north:0", 40.0, "wages for ranking"),
            ("acme", "acme staff", 25.0, "wages for auditing"), ("acme", "owners", 60.0, "capital"),
        )
    ):  # fmt: skip
        pay(tables, number, payer, payee, amount, reason)


def losses(tables: Recorder) -> None:
    """Three links whose shares round to 33 each, and a whole that has lost less than they."""
    links = [("users", "acme"), ("acme", "north"), ("north", "north, as marked")]
    for place, (principal, agent) in enumerate(links, start=1):
        add_link(tables, place, principal, agent, loss=0.2, noise=0.05, bias=0.15, share=1 / 3)
    add_link(tables, 0, "users", "north, as marked", loss=0.54, side_channel=0.06, share=0.9)


def add_link(tables: Recorder, place: int, principal: str, agent: str, *, loss: float, **said: float) -> None:
    none = dict.fromkeys(("reliability", "noise", "bias", "side_channel", "share"))
    where = {"time": 5.0, "round": 1, "model": "lm", "path": "…", "place": place, "principal": principal}
    row = {**none, "agent": agent, "rho": float(np.exp(-loss)), "loss": loss, "why_nan": "", **said}
    tables.add("waterfall", **where, **row)


def train(tables: Recorder, kl: float, entropy: float) -> None:
    objectives = [f"objective_{name}" for name in ("scores", "rlhf_reward", "non_score_reward", "cost")]
    updates = ["policy_approxkl_avg", "policy_clipfrac_avg", "loss_policy_avg", "loss_value_avg", "lr", "coefficient"]
    where = {"time": 5.0, "round": 0, "principal": "rm", "agent": "lm", "iteration": 1}
    tables.add(
        "policy", **where, objective_kl=kl, objective_entropy=entropy, **dict.fromkeys([*objectives, *updates], 0.0)
    )


def made(folder: Path, *parts: Callable[[Recorder], Any], said: list[tuple[str, bool, float]] | None = None) -> Run:
    """A finished run with these parts; `said` is what the model says in its last round, two after the first."""
    with open_run(folder, MANIFEST) as run, Recorder(folder, "cafe", {"responses": ["harmless"]}) as tables:
        for number in range(3):
            respond(tables, number, SAID if number < 2 or said is None else said)
        for part in parts:
            part(tables)
        run.finish(tables.close(), rounds=2)
    return load(folder)


def shown(run: Run) -> str:
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(screen(run))
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 80
    return text


def line_of(text: str, start: str) -> list[str]:
    (words,) = [words for words in map(str.split, text.splitlines()) if words[: len(start.split())] == start.split()]
    return words


def test_how_people_worked(tmp_path: Path) -> None:
    run = made(tmp_path, labor)
    (row,) = working(run).itertuples()
    assert (row.care, row.care_now) == (pytest.approx(0.8), pytest.approx(0.3))
    assert (row.right, row.right_now) == (0.75, pytest.approx(1 / 3))
    assert row.n == 3
    assert (row.copied, row.copied_now) == (0.0, 0.25)
    assert (row.left, row.left_now) == (0.0, 0.5)
    assert (row.tenure, row.tenure_now) == (5.0, pytest.approx((10 + 10 + 2) / 3))
    text = shown(run)
    expected = "north 0.80 → 0.30 0.75 → 0.33 3 0.00 → 0.50 5.0 → 7.3"
    assert " ".join(line_of(text, "north 0.80")) == expected
    assert "Of north's labels a machine gave 0.00 → 0.25." in " ".join(text.split())


def test_what_labor_costs_is_what_the_ledger_says(tmp_path: Path) -> None:
    """Vendors are paid 90 in all, of which they pass on 40; the maker's own staff gets 25."""
    run = made(tmp_path, labor)
    assert labor_costs(run) == {"acme": 115.0}
    assert shares(run) == (65.0, 50.0)
    account = run.ledger[run.ledger.account == "acme"].amount.sum()
    assert account == 500 - 60 - 115
    text = shown(run)
    assert "acme paid 115 USD for labor: relay 90, acme staff 25." in text
    assert "Those who did the work got 65 USD; vendors kept 50." in text


def test_shares_of_what_is_lost_sum_to_a_hundred(tmp_path: Path) -> None:
    text = shown(made(tmp_path, losses))
    shares = [int(line_of(text, f"→ {name}")[-4]) for name in ("acme", "north 0.82", "north, as")]
    assert sorted(shares) == [33, 33, 34]
    assert line_of(text, "side channel") == ["side", "channel", "–", "-0.060", "-10", "%"]
    assert line_of(text, "users to")[-2:] == ["90", "%"]


def test_criteria_are_shown_given_that_the_model_answers(tmp_path: Path) -> None:
    """It becomes harmless by saying nothing; where it answers, it has not changed."""
    silent = [("go away .", False, 1.0), ("hm .", False, 1.0), ("well .", False, 1.0), ("paris .", True, 0.5)]
    text = shown(made(tmp_path, said=silent))
    assert line_of(text, "harmless")[-6:] == ["0.62", "→", "0.88", "0.50", "→", "0.50"]
    assert "when it" in text


@pytest.mark.slow
def test_a_collapse_is_said(tmp_path: Path) -> None:
    same = [("hm .", False, 1.0)] * 4
    text = shown(made(tmp_path / "collapsed", lambda t: train(t, 176.4, 0.0), said=same))
    assert "The model lm has collapsed: 1 distinct response to 4 prompts, KL 176 nats" in " ".join(text.split())
    empty = [("", False, 1.0)] * 4
    assert "has collapsed: 1 distinct response" in shown(made(tmp_path / "silent", said=empty))
    assert "collapsed" not in shown(made(tmp_path / "well", lambda t: train(t, 3.0, 9.0)))
    far = shown(made(tmp_path / "far", lambda t: train(t, 4000.0, 9.0)))
    assert "The model lm has run away: KL 4,000 nats from its reference." in far
