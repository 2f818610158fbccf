"""What a run would cost, in seconds of computing and in memory, estimated from its scenario before anything is done.

Each part names the key that drives it. The figures are orders of magnitude, taken from runs on one core of 2024:
whoever asks for more than `ASKED` is told so and says yes (`--yes`); what no computer could do is refused outright.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from simlab.components.learner import Learner
from simlab.errors import InvalidInput
from simlab.scenario.machines import LanguageModelSpec, RewardModelSpec
from simlab.scenario.messages import Complaint, Path
from simlab.scenario.model import Scenario
from simlab.scenario.parties import PeopleSpec, RatersSpec
from simlab.scenario.relations import GradientSpec, RelationSpec

ASKED = 600.0, 3e9  # seconds and bytes, above which a run is asked for twice
ABSURD = 1e7, 4e12  # and above which it is refused: four months, and what no machine has
CORE, GPU, CLUSTER = 6e10, 3e12, 3e14  # FLOP per second that small networks reach, and the most that any do
PER_PAIR, PER_PROMPT = 2e-3, 6e-6  # seconds for ρ of two parties: and more for each prompt that is bootstrapped
PER_VALUE = 2e-8  # seconds for one number of what a person makes of the panel
PER_LABEL, LABEL = 3e-6, 120  # seconds and bytes for a comparison, made and written down
PER_LOOK = 3e-3  # seconds for a look of anybody at anything
PER_SHIFT, PERSON = 3e-7, 400  # seconds for a person's day, and bytes for a person
PANEL_PEOPLE = 256  # of a pool's people, whose answers on the panel are kept, at most
WORDS = 2000  # of a dictionary


@dataclass(frozen=True, slots=True)
class Part:
    """One thing a run does: the key that drives it, what it is, and what it takes."""

    at: Path
    what: str
    seconds: float = 0.0
    bytes: float = 0.0


def parts(scenario: Scenario, flops: float = CORE) -> Iterator[Part]:
    """Everything that takes long or much memory, given the speed of networks in FLOP per second."""
    rounds = _rounds(scenario)
    yield from _measuring(scenario, sum(n + 1 for n in rounds.values()))
    for name, party in scenario.parties.items():
        if isinstance(party, PeopleSpec):
            yield _people(scenario, name, party, 1 + max(rounds.values(), default=0))
        if isinstance(party, RewardModelSpec) and party.preferences is not None and scenario.world.networks:
            yield _imported(scenario, name, party, flops)
        if isinstance(party, RewardModelSpec) and party.own_size and scenario.world.networks:
            yield from _own(scenario, name, party, flops)
        if isinstance(party, LanguageModelSpec) and scenario.world.networks:
            yield from _language(scenario, name, party, rounds.get(name, 0), flops)
        if isinstance(party, LanguageModelSpec) and not scenario.world.networks:
            yield from _vectors_picked(scenario, rounds.get(name, 0))
    for index, relation in enumerate(scenario.relations):
        yield from _looking(scenario, index, relation)
        yield from _learning(scenario, index, relation, flops)


def absurd(scenario: Scenario) -> Iterator[Complaint]:
    """What no computer could do, however long one waits."""
    found = list(parts(scenario, CLUSTER))
    if sum(p.seconds for p in found) > ABSURD[0] or sum(p.bytes for p in found) > ABSURD[1]:
        at, what = _said(found, ABSURD)
        yield at, what, "no computer does that: make it smaller"


def ask(scenario: Scenario, flops: float = CORE) -> None:
    """Raise `InvalidInput` for a run that costs more than anybody would start by mistake."""
    if told := warning(scenario, flops):
        at, what = told
        raise InvalidInput(scenario.problem(at, what, "say --yes (yes=True in Python) to run it all the same"))


def warning(scenario: Scenario, flops: float = CORE) -> tuple[Path, str] | None:
    """What a costly run would cost, and the key that drives it; None for others."""
    found = list(parts(scenario, flops))
    costly = sum(p.seconds for p in found) > ASKED[0] or sum(p.bytes for p in found) > ASKED[1]
    return _said(found, ASKED) if costly else None


def _said(found: list[Part], bounds: tuple[float, float]) -> tuple[Path, str]:
    """Where most of the cost comes from, and how much it is in all."""
    seconds, size = sum(p.seconds for p in found), sum(p.bytes for p in found)
    slow = seconds / bounds[0] >= size / bounds[1]
    most = max(found, key=lambda p: p.seconds if slow else p.bytes)
    return most.at, f"would take about {duration(seconds)} and {memory(size)}, most of it for {most.what}"


def duration(seconds: float) -> str:
    """So much time, roughly: `20 minutes`, `3 hours`."""
    for unit, length in (("years", 3.15e7), ("days", 86_400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit}" if seconds < 1e6 * length else f"{seconds / length:.0e} {unit}"
    return f"{max(1.0, seconds):.0f} seconds"


def memory(size: float) -> str:
    """So many bytes, roughly: `2.6 GB`."""
    for unit, length in (("TB", 1e12), ("GB", 1e9)):
        if size >= 0.95 * length:
            return f"{size / length:.1f} {unit}" if size < 10 * length else f"{size / length:,.0f} {unit}"
    return f"{max(1.0, size / 1e6):.0f} MB"


# ---- how much there is ---------------------------------------------------------------------------------------------


def _looks(scenario: Scenario, relation: RelationSpec) -> int:
    return relation.looks(scenario.days)


def _rounds(scenario: Scenario) -> dict[str, int]:
    """How often each language model is trained."""
    models = [name for name, party in scenario.parties.items() if isinstance(party, LanguageModelSpec)]
    return {name: sum(_looks(scenario, r) for r in scenario.relations if r.agent == name) for name in models}


def _numbers(scenario: Scenario) -> int:
    """Numbers in the features of one response."""
    length = getattr(scenario.world, "dimensions", None)
    return length if isinstance(length, int) else max(1, len(scenario.criteria))


def _context(scenario: Scenario) -> int:
    """Words of a prompt and its response, of which most are shorter than they may be; 0 where there are none."""
    models = [p for p in scenario.parties.values() if isinstance(p, LanguageModelSpec) and scenario.world.networks]
    return max((model.context // 2 for model in models), default=0)


def _items(scenario: Scenario) -> int:
    return 2 * scenario.panel.prompts * scenario.panel.responses


# ---- what each part takes ------------------------------------------------------------------------------------------


def _measuring(scenario: Scenario, times: int) -> Iterator[Part]:
    """ρ of every two parties, after every round of every language model."""
    many = len(scenario.parties)
    pairs = many * (many - 1) // 2
    what = f"comparing {pairs:,} pairs of {many} parties, {times:,} times"
    yield Part(("parties",), what, times * pairs * (PER_PAIR + PER_PROMPT * scenario.panel.prompts))
    items, numbers = _items(scenario), _numbers(scenario) + 2 * _context(scenario)
    what = f"a panel of {items // 2:,} responses, asked {times:,} times"
    yield Part(("panel",), what, times * items * 4e-5, 8.0 * items * (numbers + many))


def _closely(scenario: Scenario, name: str, size: int, rounds: int, flops: float) -> Iterator[Part]:
    """Further responses that are drawn of a language model and read: each costs some three readings of its length."""
    panel, context = scenario.panel, _context(scenario)
    on_policy = panel.on_policy.prompts * panel.on_policy.samples
    parts: list[tuple[str, float, str]] = [("on_policy", on_policy, f"{on_policy:,} responses of the reference")]
    if (best := panel.best_of) is not None:
        drawn = best.prompts * best.samples * (1 + (rounds if "current" in best.sources else 0))
        scored = best.prompts * best.samples * rounds
        parts.append(("best_of", drawn + scored, f"{drawn:,} responses of {name} to pick the best of"))
    if (curve := panel.learning_curve) is not None:
        batches = max((b for b in _batches(scenario, name)), default=0)
        looks = rounds * (batches // curve.every + 2)
        parts.append(("learning_curve", 3.0 * looks * curve.prompts, f"{looks:,} looks at {name} while it learns"))
    for key, responses, what in parts:
        seconds = 2.0 * size * responses * context / flops
        yield Part(("panel", key), what, seconds, 8.0 * responses * (2 * context + 4))


def _vectors_picked(scenario: Scenario, rounds: int) -> Iterator[Part]:
    """Vectors of which the best is picked: all of them are held at once."""
    if (best := scenario.panel.best_of) is not None:
        drawn = best.prompts * best.samples
        numbers = drawn * (_numbers(scenario) + 4.0 * len(best.picks()))
        yield Part(("panel", "best_of"), f"{drawn:,} vectors to pick the best of", rounds * numbers * 1e-7, 8 * numbers)


def _batches(scenario: Scenario, name: str) -> Iterator[int]:
    """How many batches of responses each learner of a language model asks for at a look."""
    for relation in scenario.relations:
        for consequence in relation.consequence:
            learner = consequence.learner if isinstance(consequence, GradientSpec) else None
            if relation.agent == name and learner is not None and not learner.rankings:
                yield learner.batches()


def _people(scenario: Scenario, name: str, party: PeopleSpec, times: int) -> Part:
    """A pool's people: their days, and what they make of the panel after every round."""
    numbers, asked = _numbers(scenario), min(party.count, PANEL_PEOPLE)
    values = times * asked * _items(scenario) * numbers
    days = party.count * scenario.days
    size = party.count * (PERSON + 24.0 * numbers) + 8.0 * asked * _items(scenario)
    what = f"{party.count:,} people for {scenario.days:g} days, and what {asked:,} make of the panel {times:,} times"
    return Part(("parties", name, "count"), what, values * PER_VALUE + days * PER_SHIFT, size)


def _labels(scenario: Scenario, relation: RelationSpec, party: RatersSpec) -> tuple[float, float]:
    """Rankings that a pool is asked for at each look, and labels of pairs that come of them."""
    pairs = float(relation.sample)
    if isinstance(relation.sample, float):
        pairs *= party.count * party.hours * relation.every * 3600 / party.seconds
    return pairs / (party.ranking * (party.ranking - 1) / 2), pairs * party.overlap


def _looking(scenario: Scenario, index: int, relation: RelationSpec) -> Iterator[Part]:
    """Looks at samples, and the labels that pools make for them."""
    looks, party = _looks(scenario, relation), scenario.parties[relation.principal]
    at: Path = ("relations", index, "every")
    yield Part(at, f"{looks:,} looks of {relation.principal} at {relation.agent}", looks * PER_LOOK)
    if isinstance(party, RatersSpec):
        rankings, labels = _labels(scenario, relation, party)
        one = 8.0 * (_numbers(scenario) + _context(scenario)) * party.ranking
        what = f"{labels:,.0f} comparisons by {relation.principal}, {looks:,} times"
        at = ("relations", index, "sample")
        yield Part(at, what, looks * labels * PER_LABEL, looks * (rankings * one + labels * LABEL))
    elif isinstance(relation.sample, int):
        one = 8.0 * (_numbers(scenario) + 3 * _context(scenario))
        what = f"{relation.sample:,} pieces of work of {relation.agent} at once, {looks:,} times"
        yield Part(("relations", index, "sample"), what, looks * relation.sample * 1e-6, relation.sample * one * 2)


def _language(scenario: Scenario, name: str, party: LanguageModelSpec, rounds: int, flops: float) -> Iterator[Part]:
    """Pretraining, unless others have seen to it, and the responses to the panel."""
    size = party.parameters + WORDS * party.shape[0]
    at: Path = ("parties", name, "pretrained")
    if party.pretrained is None and party.load is None:
        yield _pretraining(("parties", name, "pretraining", "steps"), party, flops)
    elif party.pretrained is not None:
        yield Part(at, f"a model of {size:,} parameters", 0.0, 40.0 * size)
    if shown := party.demonstrations:
        written = shown.many * (shown.drafts * 2.0 * (shown.by is not None) + shown.passes * 6.0)
        at = ("parties", name, "demonstrations", "count" if shown.by is not None else "table")
        yield Part(at, f"{shown.many:,} demonstrations", written * size * party.context / 2 / flops)
    asked = (rounds + 1) * scenario.panel.prompts * scenario.panel.responses
    what = f"{asked:,} responses on the panel"
    yield Part(("panel", "prompts"), what, 2.0 * size * asked * party.context / 2 / flops)
    yield from _closely(scenario, name, size, rounds, flops)


def _pretraining(at: Path, party: LanguageModelSpec, flops: float) -> Part:
    """Pretraining from a random start."""
    size, training = party.parameters + WORDS * party.width, party.pretraining
    sequences = training.steps * training.batch
    what = f"{training.steps:,} steps of {training.batch:,} sequences with {size:,} parameters"
    batch = 4.0 * training.batch * party.context * (WORDS + 20 * math.prod(party.shape))
    return Part(at, what, 6.0 * size * sequences * party.context / 2 / flops, 40.0 * size + batch)


def _own(scenario: Scenario, name: str, party: RewardModelSpec, flops: float) -> Iterator[Part]:
    """Pretraining of what a reward model of its own size grows from."""
    for model in scenario.parties.values():
        if isinstance(model, LanguageModelSpec) and model.pretrained is None:
            yield _pretraining(("parties", name), party.grown_from(model), flops)
            return


def _imported(scenario: Scenario, name: str, party: RewardModelSpec, flops: float) -> Part:
    """A fit to the preferences of a table."""
    assert party.preferences is not None
    size = max(m.parameters + WORDS * m.width for m in scenario.parties.values() if isinstance(m, LanguageModelSpec))
    rows = len(party.preferences.rows())
    work = rows * 2 * _context(scenario) * size * 6.0 * party.preferences.learner.passes() * party.members
    return Part(("parties", name, "preferences"), f"{rows:,} imported preferences", work / flops)


def _learning(scenario: Scenario, index: int, relation: RelationSpec, flops: float) -> Iterator[Part]:
    """What machines learn at every look of a relation, as their learners reckon it."""
    models = [p for p in scenario.parties.values() if isinstance(p, LanguageModelSpec)]
    size = max((model.parameters + WORDS * model.shape[0] for model in models), default=0)
    for place, consequence in enumerate(relation.consequence):
        learner = consequence.learner if isinstance(consequence, GradientSpec) else None
        agent = scenario.parties[relation.agent]
        if learner is None:
            continue
        rewards = learner.teaches == "language_model" and not learner.rankings
        if rewards and isinstance(agent, LanguageModelSpec) and scenario.world.networks:
            at: Path = ("relations", index, "consequence", place, "learner", "iterations")
            yield _practising(scenario, relation, learner, agent, size, at, flops)
        if not rewards and isinstance(scenario.parties[relation.principal], RatersSpec):
            yield _fitting(scenario, index, relation, learner, size, flops)


def _practising(
    scenario: Scenario, relation: RelationSpec, learner: Learner, model: LanguageModelSpec, size: int, at: Path,
    flops: float,
) -> Part:  # fmt: skip
    """Training of a language model: responses are drawn, then read again, by itself and by others."""
    looks, responses = _looks(scenario, relation), learner.batches() * relation.sample
    work = responses * model.context / 2 * size * (2.0 + 6.0 * learner.passes())
    what = f"{responses:,.0f} responses in {looks:,} rounds of {type(learner).__name__}, with {size:,} parameters"
    room = 4.0 * learner.at_once() * model.context * (WORDS + 20 * math.prod(model.shape))
    return Part(at, what, looks * work / flops, room)


def _fitting(scenario: Scenario, index: int, relation: RelationSpec, learner: Learner, size: int, flops: float) -> Part:
    """Fits of a machine to rankings, which may be all so far."""
    looks, judge, agent = (
        _looks(scenario, relation), scenario.parties[relation.principal], scenario.parties[relation.agent]
    )  # fmt: skip
    assert isinstance(judge, RatersSpec)
    rankings, labels = _labels(scenario, relation, judge)
    fits = looks * (looks + 1) / 2 if learner.replays() else looks
    what = f"{fits * rankings:,.0f} rankings to be fitted in {looks:,} looks"
    if not scenario.world.networks:
        seconds = labels * 40.0 * _numbers(scenario) ** 2 / CORE
    else:
        members = agent.members if isinstance(agent, RewardModelSpec) else 1
        if isinstance(agent, RewardModelSpec) and agent.own_size:
            models = [p for p in scenario.parties.values() if isinstance(p, LanguageModelSpec)]
            size = max((g.parameters + WORDS * g.width for g in map(agent.grown_from, models)), default=size)
        work = rankings * judge.ranking * _context(scenario) * size * 6.0 * learner.passes() * members
        seconds = work / flops
    return Part(("relations", index, "every" if looks > 1000 else "sample"), what, fits * seconds)
