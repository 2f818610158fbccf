"""The story of one label: what `trace` found, a paragraph on each step, and the screen that shows it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text

from simlab.report.layout import noted, number, spaced, table

Found = Mapping[str, Any]
_FOLLOWED = 5  # consequences told one by one
_SIDES = {1: "left", 2: "right", 0: "neither"}


def story(found: Found) -> dict[str, str]:
    """Paragraphs by title, in the order in which things happened."""
    told = {
        "The guideline": " ".join(_guideline(found)),
        "Those who read it": " ".join(_readings(found)),
        "The label": " ".join(_label(found)),
        "Who looked at it": " ".join(_audits(found)),
        "The reward model": " ".join(_lesson(found)),
        "The language model": " ".join(_policy(found)),
    }
    return {title: text for title, text in told.items() if text}


def screen(found: Found) -> RenderableType:
    """The story, and the responses before and after, for 80 columns or more."""
    row = found["label"]
    heading = Text(f"Label {row['task']}, by {row['worker']}", style="bold")
    parts: list[RenderableType] = [heading.append(f"  in {found['path']}", style="not bold")]
    for title, text in found["story"].items():
        parts.append(Text(title, style="bold").append(f"\n{text}", style="not bold"))
    return Group(*spaced([*parts, *_changed(found)]))


# ---- paragraphs ---------------------------------------------------------------------------------------------------


def _guideline(found: Found) -> Iterator[str]:
    guideline = found["told"]["guideline"]
    if guideline is None:
        yield "Nobody gives this rater a guideline; these people go by values of their own."
        return
    operative, published = guideline.get("operative", {}), guideline.get("published", {})
    yield (
        f"Since day {_g(guideline['time'])}, version {guideline['version']} of {guideline['corporation']}'s guideline "
        f"asks for {_weights(operative)}."
    )
    if published != operative:
        yield f"The public is told {_weights(published)}."


def _readings(found: Found) -> Iterator[str]:
    """What became of the guideline from level to level; of very large pools nothing is known."""
    worker = found["label"]["worker"]
    for reading in found["told"]["readings"]:
        astray = f", and {reading['elsewhere']:.2f} in directions without a name" if reading["elsewhere"] > 0 else ""
        yield f"{reading['party']} goes by {_weights(reading['weights'])}{astray}."
    if not any(reading["party"] == worker for reading in found["told"]["readings"]):
        yield f"What {worker} goes by was not written down: the pool has more than 2,000 people."


def _label(found: Found) -> Iterator[str]:
    row, seen = found["label"], found["seen"]
    yield f"On day {_g(row['time'])} {row['worker']} compared two responses to “{seen['prompt']}”."
    if seen["left"] or seen["right"]:
        yield f"Left: “{seen['left']}” Right: “{seen['right']}”"
    machine = row["source"] if row["source"] not in ("rater", "auditor") else ""
    gap = row["perceived"] or 0.0
    better = "left" if gap > 0 else "right"
    yield (f"{machine}, which was asked in the rater's place, found" if machine else f"{row['worker']} perceived") + (
        f" {better} as better by {abs(gap):.2f}" if gap else " both as equally good"
    )
    yield f"and said: {_said(row['label'])}."
    gold = {row["label"]: "agrees", 0: "finds neither better"}.get(row["gold"], f"says {_SIDES[row['gold']]}")
    yield f"The guideline, followed without error, {gold}."
    yield f"It took {row['duration']:.0f} seconds, worth ${row['pay']:.2f}."


def _audits(found: Found) -> Iterator[str]:
    row = found["label"]
    for audit in found["audits"]:
        verdict = "agreed" if audit["label"] == row["label"] else f"said: {_said(audit['label'])}"
        yield f"On day {_g(audit['time'])} {audit['worker']} looked at the pair for {audit['principal']} and {verdict}."
    for judgement in found["judgements"]:
        yield (
            f"On day {_g(judgement['time'])} {judgement['principal']} looked at {_pairs(judgement['sample'])} by "
            f"{judgement['agent']} ({judgement['population']:,} had come in) and agreed with "
            f"{number(judgement['score'])} of them."
        )
    if not found["audits"] and not found["judgements"]:
        yield f"Nobody ever looked at what {row['worker']} said."
    followed = found["consequences"]
    for what in followed[:_FOLLOWED]:
        yield f"On day {_g(what['time'])} followed, from {what['principal']} to {what['agent']}: {_consequence(what)}."
    if len(followed) > _FOLLOWED:
        yield f"{len(followed) - _FOLLOWED} more consequences came after."


def _consequence(what: Found) -> str:
    if what["amount"] is None:
        return f"{what['kind']} ({what['reason']})"
    amount = f"${what['amount']:,.2f}" if what["unit"] == "$" else f"{what['amount']:.3g} {what['unit']}"
    return f"{what['kind']}, {amount} ({what['reason']})"


def _lesson(found: Found) -> Iterator[str]:
    row, lesson, fit = found["label"], found["lesson"], found["fit"]
    name, scale = row["agent"], fit["score_std"]
    yield f"On day {_g(fit['time'])} {name} learned from {row['principal']}."
    if row["held_out"]:
        yield (
            f"This label was held out from training, to test it: it taught {name} nothing. Of all those held out "
            f"{name} then ordered {number(fit['accuracy_held_out'])} as labelled."
        )
        return
    if lesson is None:
        yield "What each label did was not written down: there were more than 100,000."
        return
    if found["aggregator"]:
        yield (
            f"All labels of one pair were first put together by {found['aggregator']}; what follows is what this one "
            "would have done by itself."
        )
    before, after = lesson["margin_before"], lesson["margin_after"]
    yield f"Before, it gave left {_odds(before)}." if before else "Before, it had no opinion (log-odds 0)."
    yield (
        f"The label pushed that margin by {lesson['push']:+.3f}, {100 * (lesson['share'] or 0):.2g} % of all the "
        f"pushes of the {lesson['learned_with']:,} pairs learned with it."
    )
    yield (
        f"After the fit, to all of them, it gave left {_odds(after)}: in units of its score {before / scale:+.2f} "
        f"→ {after / scale:+.2f}."
    )
    if row["label"] and (after > 0) != (row["label"] == 1):
        yield "The other labels outweighed this one."


def _policy(found: Found) -> Iterator[str]:
    policy, responses, label = found["policy"], found["responses"], found["label"]
    if policy is None:
        yield f"No language model was trained on {label['agent']}'s scores after that."
        return
    yield (
        f"On day {_g(policy['time'])} {policy['agent']} was trained on {policy['principal']}'s scores"
        f"{_many(policy['iterations'])}: mean score {number(policy['objective_scores'])}, "
        f"{number(policy['objective_kl'])} nats from its reference."
    )
    means = {name: both for name, both in responses["means"].items() if both != [None, None]}
    moved = [f"{name} {number(a)} → {number(b)}" for name, (a, b) in means.items()]
    alike = f" that are a {' or '.join(responses['forces'])}" if responses["which"] != "panel" else " of the panel"
    yield f"Mean scores of its {responses['responses']:,} responses to prompts{alike}: {', '.join(moved)}."
    pool, _, person = label["worker"].rpartition(":")
    yield (
        f"A model answers to all its labels at once; what {pool}:{person} made of it, a run without them tells: "
        f"simlab run … --without {label['worker']}, and simlab compare."
    )


# ---- responses ----------------------------------------------------------------------------------------------------


def _changed(found: Found) -> list[RenderableType]:
    responses = found["responses"]
    if not responses or not responses["changed"]:
        return []
    head = f"What {found['policy']['agent']} says, rounds {responses['round_before']} → {responses['round_after']}"
    made = table(head, ["prompt", "before", "now"], fold=True)
    for row in responses["changed"]:
        made.add_row(*(escape(text) for text in (row["prompt"], *(_scored(row, side) for side in ("before", "now")))))
    which = "The label's own prompt." if responses["which"] == "same prompt" else "The prompts nearest in wording."
    return [noted(made, f"{which} Criteria scores in brackets.")]


def _scored(row: Found, side: str) -> str:
    scores = [f"{name} {value:.2g}" for name, value in row[f"scores_{side}"].items() if value is not None]
    return f"{row[side]} ({', '.join(scores)})" if scores else str(row[side])


# ---- words --------------------------------------------------------------------------------------------------------


def _g(day: float | None) -> str:
    return "?" if day is None else f"{round(day, 3):g}"


def _weights(weights: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {weight:.2f}" for name, weight in weights.items()) or "nothing"


def _said(label: int) -> str:
    return "neither is better" if label == 0 else f"{_SIDES[label]} is better"


def _odds(margin: float) -> str:
    """A chance from log-odds."""
    return f"a chance of {1 / (1 + math.exp(-max(-700.0, margin))):.2f} (log-odds {margin:+.2f})"


def _pairs(count: int) -> str:
    return "1 pair" if count == 1 else f"{count:,} pairs"


def _many(iterations: int) -> str:
    return f", {iterations} iterations" if iterations > 1 else ""
