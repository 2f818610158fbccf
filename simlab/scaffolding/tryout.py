"""Plugins at work on samples: what `simlab try NAME` shows, as tables for people and records for programs.

One function for each kind of plugin. They ask the plugin about the same samples as its contract does
(`simlab.testing.samples`); only reward shapes and learners need torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from simlab.components.component import Component
from simlab.components.exchange import TRUTH
from simlab.names import CALLED, clip
from simlab.testing import learners, raters, rewards, samples
from simlab.worlds.text import TextGame

Record = dict[str, Any]
_DRAWN = 4000  # labels drawn at each point of a choice curve
_WIDE = 44  # characters of a bar
_EXCHANGES = 26  # one of each voice and force there is


@dataclass(frozen=True, slots=True)
class Shown:
    """The output of a plugin on samples: a sentence, and records that all have the same keys (the columns of a table).

    `bars`, if not None, is a bar of text for each record; `aside` names columns that the screen leaves out.
    """

    about: str
    records: list[Record]
    bars: list[str] | None = None
    aside: tuple[str, ...] = ()


def shown(plugin: Component) -> Shown:
    """The output of a plugin on the samples of its kind."""
    show = _SHOWS.get(plugin.kind)
    if show is None:
        about = f"There are no samples for a {CALLED.get(plugin.kind, plugin.kind)}; these are its parameters."
        return Shown(about, [{"parameter": name, "value": value} for name, value in plugin.model_dump().items()])
    return show(plugin)


def _criterion(plugin: Any) -> Shown:
    """Scores of exchanges, the highest first; two columns where it matters who looks."""
    sceptic = samples.observers()[2]
    records = []
    for exchange in samples.corpus(_EXCHANGES):
        record = {"score": plugin.score(exchange, TRUTH)}
        if plugin.personal:
            record["for whom all is false"] = plugin.score(exchange, sceptic)
        records.append(record | {"prompt": exchange.prompt.text, "response": exchange.response.text})
    records.sort(key=lambda r: (np.isnan(r["score"]), -r["score"]))
    scores = np.array([record["score"] for record in records], dtype=float)
    silent, numbers = int(np.isnan(scores).sum()), scores[~np.isnan(scores)]
    mean = f"Mean {numbers.mean():.2f}, from {numbers.min():g} to {numbers.max():g}" if len(numbers) else "No scores"
    nothing = f"; nothing to say of {silent}" if silent else ""
    return Shown(f"Scores of exchanges of the almanac's corpus. {mean}{nothing}.", records)


def _rater(plugin: Any) -> Shown:
    """The choice curve: the chance of each choice, by how much better the left is."""
    policy = raters.set_for_samples(plugin)
    differences = np.linspace(-3.0, 3.0, 13)
    pairs = np.stack([np.maximum(differences, 0.0), np.maximum(-differences, 0.0)], axis=1)
    chances, shares = raters.curve(policy, pairs, _DRAWN)
    records, bars = [], []
    for difference, chance, share in zip(differences.tolist(), chances.tolist(), shares.tolist(), strict=True):
        names = ("left", "right", "undecided")
        predicted = (
            {f"P({name})": p for name, p in zip(names, chance, strict=True)} if raters.says_chances(policy) else {}
        )
        drawn = {f"drawn {name}": p for name, p in zip(names, share, strict=True)}
        records.append({"left better by": difference, **predicted, **drawn})
        bars.append(_bar(share))
    noise = policy.model_dump(exclude_defaults=True, exclude_none=True)
    settings = ", ".join(f"{name} {_cell(value)}" for name, value in noise.items())
    found = f" Met on samples: {settings}." if plugin.agreement is not None and noise else ""
    about = f"█ left, ░ undecided, · right, in {_DRAWN:,} labels at each difference of utilities.{found}"
    aside = tuple(name for name in records[0] if name.startswith("drawn")) if raters.says_chances(policy) else ()
    return Shown(about, records, bars, aside)


def _bar(share: list[float]) -> str:
    left, right, _ = share
    first, last = round(left * _WIDE), round(right * _WIDE)
    return "█" * first + "░" * max(0, _WIDE - first - last) + "·" * last


def _reward(plugin: Any) -> Shown:
    """The reward of each token of three responses."""
    batch = samples.batch((4, 3, 2), rewards.members(plugin))
    shaped = rewards.shaped(plugin, batch)
    records = [
        {
            "response": row + 1,
            "score": batch.score[..., row].tolist(),
            "token": token + 1,
            "log π": float(batch.logp[row, token]),
            "log π_ref": float(batch.logp_ref[row, token]),
            "reward": float(shaped[row, token]),
        }
        for row, token in batch.mask.nonzero().tolist()
    ]
    totals = ", ".join(f"{float(total):.3g}" for total in (shaped * batch.mask).sum(1))
    return Shown(f"Rewards of each token of three responses; in all {totals}.", records)


def _effort(plugin: Any) -> Shown:
    """Care taken, by how often answers are checked and how people are paid."""
    from simlab.components.pay import HourlySpec, LinearSpec, PieceSpec, TournamentSpec

    schemes: dict[str, Any] = {
        "by the hour": HourlySpec(),
        "$ 2 a pair": PieceSpec(rate=2.0),
        "$ 60 for agreement": LinearSpec(bonus=60.0),
        "a prize of $ 12": TournamentSpec(bonus=12.0),
    }
    records: list[Record] = []
    for audited in (0.0, 0.05, 0.1, 0.2, 0.5, 1.0):
        situations = {what: samples.work(12, audited=audited, cost=5.0, pay=pay) for what, pay in schemes.items()}
        care = {what: float(np.asarray(plugin.choose(work))[0]) for what, work in situations.items()}
        records.append({"share checked": audited} | care)
    about = "Care people take who earn $ 20 an hour and to whom an hour of full care costs $ 5"
    return Shown(f"{about}, by the share of answers that is checked and by what is paid beside.", records)


def _review(plugin: Any) -> Shown:
    """The chance of being dismissed, by how good a person is and how much was checked."""
    audits, peers = (5, 10, 20, 50), np.linspace(0.5, 0.95, 10)
    records: list[Record] = []
    for accuracy in (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0):
        chance = np.asarray(plugin.chance(np.full(len(audits), accuracy), np.array(audits, dtype=float), peers))
        records.append({"right": accuracy} | {f"{n} checked": float(p) for n, p in zip(audits, chance, strict=True)})
    return Shown("Chance to be dismissed, by the share of answers that are right and how many are checked.", records)


def _look(plugin: Any) -> Shown:
    """The mean score of each of five people whose work is looked at."""
    work = samples.delivered()
    asked = int(np.sum(plugin.wanted(work)))
    scores = np.asarray(plugin.score(samples.shown_to(plugin, work)), dtype=float)
    records: list[Record] = []
    for person, who in enumerate(("right nine times in ten",) * 3 + ("tosses a coin", "always marks the left")):
        mine = scores[work.who[work.rows] == person]
        mine = mine[~np.isnan(mine)]
        records.append({"person": who, "score": float(mine.mean()) if len(mine) else np.nan, "pieces": len(mine)})
    about = f"Mean scores of five people who ranked the same pairs; it took {asked} opinions"
    return Shown(f"{about} of the principal's own on {len(work)} pieces of work.", records)


def _guideline(plugin: Any) -> Shown:
    """Weights after each of five meetings."""
    records, names = [], dict.fromkeys([*samples.meetings()[0].first, *plugin.criteria()])
    for situation in samples.meetings():
        now = plugin.revise(situation)
        weights = situation.weights if now is None else now
        term = situation.history[-1]
        known = {"day": situation.day, "revenue": term.revenue, "incidents": sum(term.incidents.values())}
        records.append(known | {"revised": now is not None} | {name: float(weights.get(name, 0.0)) for name in names})
    return Shown("Weights it gives at five meetings, each asked by itself.", records)


def _aggregator(plugin: Any) -> Shown:
    """What it makes of the votes on pairs."""
    votes = samples.votes()
    chances = np.asarray(plugin.aggregate(votes))
    tasks = np.unique(votes.task)[:12]
    records = []
    for task, chance in zip(tasks.tolist(), chances.tolist(), strict=False):
        label = votes.label[votes.task == task]
        cast = {name: int((label == code).sum()) for name, code in (("left", 1), ("right", 2), ("undecided", 0))}
        records.append({"pair": task, **cast, "P(left is better)": chance})
    return Shown("What it makes of five people's votes; two of them are poor judges.", records)


def _learner(plugin: Any) -> Shown:
    """What it makes of a network, or of a vector, that has learned nothing."""
    if not plugin.networks:
        found = learners.vector(plugin)
        return Shown("What it makes of a vector of zeros.", [{"number": n, "value": v} for n, v in enumerate(found)])
    tried = learners.taught(plugin)
    before, after = (learners.grade(plugin, each) for each in (learners.network(plugin), tried.network))
    names = dict.fromkeys(name for row in tried.rows for name in row)
    records = [
        {"step": n, **{name: float(row.get(name, np.nan)) for name in names}} for n, row in enumerate(tried.rows)
    ]
    meant = "margin of what was preferred" if plugin.teaches == "reward_model" else "log-chance of what is liked"
    return Shown(f"A small network is taught; {meant}: {before:.3g} before, {after:.3g} after.", records)


def _world(plugin: Any) -> Shown:
    """What is asked, and what its corpus answers."""
    from simlab.rng import Streams

    game = plugin.open(Streams(1), [])
    if not isinstance(game, TextGame):
        about = f"A world of vectors with {len(game.dimensions)} dimensions."
        return Shown(about, [{"dimension": name} for name in game.dimensions[:8]])
    lines = list(game.corpus())
    some = [lines[place * len(lines) // 12] for place in range(min(12, len(lines)))]
    records = [{"voice": a.voice, "prompt": game.prompts[a.prompt].text, "response": a.response} for a in some]
    about = f"{len(game.prompts):,} prompts, {len(game.tokenizer):,} words, {len(lines):,} lines of corpus"
    return Shown(f"{about}, such as these.", records)


def _combination(plugin: Any) -> Shown:
    """Utilities of responses with plain virtues and vices."""
    named = list(dict.fromkeys([*plugin.criteria(), "helpful", "truthful", "harmless"]))[:3]
    weights = np.ones(len(named))
    one = np.eye(len(named))
    scores = np.array([*np.full((3, len(named)), [[1.0], [0.5], [0.0]]), *one, *(1 - one)])
    found = np.asarray(plugin.combine(scores, weights, named), dtype=float)
    records = [
        dict(zip(named, row, strict=True)) | {"utility": utility}
        for row, utility in zip(scores.tolist(), found.tolist(), strict=True)
    ]
    return Shown("Utilities of responses with these scores, all criteria weighing the same.", records)


def _charter(plugin: Any) -> Shown:
    """Its articles, and what they are measured by."""
    records = [
        {
            "article": a.text,
            "criteria": ", ".join(f"{name} {weight:g}" for name, weight in a.criteria.items()),
            "note": a.note,
        }
        for a in plugin.articles
    ]
    return Shown(f"{len(records)} articles, and the criteria they are measured by.", records)


def _consequence(plugin: Any) -> Shown:
    """What it does in a small society, look by look."""
    from simlab.testing import society

    found = society.played(society.living(plugin), type(plugin))
    records = [
        {"day": look.day, "judge": look.principal, "to": e.agent, "amount": e.amount, "unit": e.unit, "why": e.reason}
        for look in found
        for e in look.effects
    ]
    where = ", ".join(f"{principal} → {agent}" for principal, agent in society.places(type(plugin)))
    about = f"What it does in two days of a small society, where it stands in {where}"
    if not records:
        return Shown(f"{about}: nothing.", [{"looks": len(found), "effects": 0}])
    return Shown(f"{about}: {len(records)} effects, of which these are the first.", records[:_EXCHANGES])


def _outcome(plugin: Any) -> Shown:
    """The number it gives of a small society."""
    from simlab.testing.outcomes import sample_run

    records = [{"outcome": plugin.name, "value": float(plugin.value(sample_run())), "unit": plugin.unit}]
    return Shown("What it gives of two days of a small society.", records)


_SHOWS: dict[str, Callable[[Any], Shown]] = {
    "criterion": _criterion,
    "rater": _rater,
    "reward": _reward,
    "effort": _effort,
    "review": _review,
    "look": _look,
    "guideline": _guideline,
    "aggregator": _aggregator,
    "learner": _learner,
    "world": _world,
    "combination": _combination,
    "charter": _charter,
    "consequence": _consequence,
    "outcome": _outcome,
}


def cells(records: list[Record]) -> Iterator[list[str]]:
    """The records as rows of text."""
    for record in records:
        yield [_cell(value) for value in record.values()]


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "–" if np.isnan(value) else f"{value:.3f}".rstrip("0").rstrip(".")
    return clip(", ".join(_cell(v) for v in value) if isinstance(value, list) else str(value), 70)
