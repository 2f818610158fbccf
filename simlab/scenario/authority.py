"""Which relations a scenario may have: who may judge whom, with which consequences, and that it hangs together.

The checks read the plain data of a file leniently, beside the models, so that one reading reports everything
that is wrong. A kind of party added later adds rows to the tables here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from simlab.hierarchy import Hierarchy
from simlab.names import shown, suggestion

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """What one kind of relation allows: its consequences, and the learners of a gradient."""

    consequences: tuple[str, ...]
    learners: tuple[str, ...] = ()
    counted: bool = False  # the sample is a number of pieces, since there is no finite work to take a share of


RULES: Mapping[tuple[str, str], Rule] = {
    ("users", "corporation"): Rule(("churn",)),
    ("shareholders", "corporation"): Rule(("replace", "fund", "withdraw")),
    ("regulator", "corporation"): Rule(("fine", "suspend")),
    ("corporation", "raters"): Rule(("pay", "warn", "fire", "hire")),
    ("raters", "reward_model"): Rule(("gradient",), ("bradley_terry",)),
    ("reward_model", "language_model"): Rule(("gradient",), ("ppo", "tilt"), counted=True),
}

PRINCIPALS: Mapping[str, tuple[int, int]] = {"raters": (0, 1), "reward_model": (1, 1), "language_model": (1, 1)}
AGENTS: Mapping[str, tuple[int, int]] = {"raters": (1, 1000), "reward_model": (1, 1)}

_MEANT = {"reward_model": "a reward model", "language_model": "a language model"}  # other kinds are plain words
MOST_LOOKS = 100_000
MEANT_WITHOUT_NETWORKS = ("kind", "replay")  # of bradley_terry's parameters


@dataclass(frozen=True, slots=True)
class Edge:
    """A relation as the file has it: the entry, its place in `relations`, and the two parties."""

    index: int
    entry: Mapping[str, Any]
    principal: str
    agent: str


Complaint = tuple[Path, str, str]  # where, what is wrong, the likely fix


def complaints(data: Mapping[str, Any]) -> Iterator[Complaint]:
    """Everything wrong with the relations of a scenario as a whole. What is malformed in itself is passed over."""
    kinds = _kinds(data)
    edges = list(_edges(data)) if kinds else []
    known = [e for e in edges if e.principal in kinds and e.agent in kinds]
    hierarchy = Hierarchy(kinds, [(e.principal, e.agent) for e in known])
    circle = hierarchy.cycle()
    spare = list(_too_many_machines(kinds))
    yield from spare
    yield from _unknown_parties(kinds, edges)
    yield from _repeated(known)
    if circle:
        last = next(e for e in reversed(known) if e.principal in circle and e.agent in circle)
        what = f"authority goes round in a circle: {' → '.join(circle)}"
        yield ("relations", last.index), what, "remove one of these relations"
    for edge in known:
        if not (edge.principal in circle and edge.agent in circle):
            yield from _allowed(edge, kinds, data)
    possible = len(known) == len(edges) and all((kinds[e.principal], kinds[e.agent]) in RULES for e in edges)
    if possible and not circle and not spare:  # else these would only follow from what was said already
        for name in hierarchy.orphans():
            yield ("parties", name), "stands in no relation", "add a relation, or remove this party"
        yield from _counts(kinds, hierarchy)
        yield from _rootless_raters(data, kinds, hierarchy)


def _kinds(data: Mapping[str, Any]) -> dict[str, str]:
    parties = data.get("parties")
    if not isinstance(parties, dict):
        return {}
    return {name: _kind(party) for name, party in parties.items()}


def _edges(data: Mapping[str, Any]) -> Iterator[Edge]:
    relations = data.get("relations")
    for index, entry in enumerate(relations if isinstance(relations, list) else []):
        if isinstance(entry, dict):
            principal, agent = entry.get("principal"), entry.get("agent")
            if isinstance(principal, str) and isinstance(agent, str):
                yield Edge(index, entry, principal, agent)


def _too_many_machines(kinds: Mapping[str, str]) -> Iterator[Complaint]:
    first: dict[str, str] = {}
    for name, kind in kinds.items():
        if kind in first and kind in _MEANT:
            what = f"is a second {kind} beside {first[kind]}, and this version plays with one"
            yield ("parties", name), what, "several models come with several corporations, in a later version"
        first.setdefault(kind, name)


def _unknown_parties(kinds: Mapping[str, str], edges: list[Edge]) -> Iterator[Complaint]:
    for edge in edges:
        for role, name in (("principal", edge.principal), ("agent", edge.agent)):
            if name not in kinds:
                yield ("relations", edge.index, role), f"there is no party {shown(name)}", suggestion(name, list(kinds))


def _repeated(edges: list[Edge]) -> Iterator[Complaint]:
    first: dict[tuple[str, str], int] = {}
    for edge in edges:
        pair = (edge.principal, edge.agent)
        if pair in first:
            what = f"{edge.principal} → {edge.agent} already stands in relations.{first[pair]}"
            yield ("relations", edge.index), what, "put both consequences in one relation"
        first.setdefault(pair, edge.index)


def _allowed(edge: Edge, kinds: Mapping[str, str], data: Mapping[str, Any]) -> Iterator[Complaint]:
    """Whether these two kinds may stand in a relation, and this relation be as it is."""
    pair = (kinds[edge.principal], kinds[edge.agent])
    here: Path = ("relations", edge.index)
    if not all(kind in _known_kinds() for kind in pair):
        return
    if pair not in RULES:
        may = [f"{p} → {a}" for p, a in RULES]
        yield here, f"{_a(pair[0])} cannot judge {_a(pair[1])} in this version", f"possible: {', '.join(may)}"
        return
    rule = RULES[pair]
    yield from _consequences(edge, rule, f"{pair[0]} → {pair[1]}")
    if rule.counted and isinstance(edge.entry.get("sample"), float):
        what = f"{_a(pair[0])} looks at a number of responses, not a share"
        yield (*here, "sample"), what, "sample: 256"
    every, days = _positive(edge.entry.get("every")), _positive(data.get("days"))
    if every and days:
        if every > days:
            yield (*here, "every"), f"never happens: every {every:g} days, in a run of {days:g}", "look more often"
        elif days / every > MOST_LOOKS:
            what = f"would be {days / every:.3g} looks; the most is {MOST_LOOKS:,}"
            yield (*here, "every"), what, "look less often, or run fewer days"


def _consequences(edge: Edge, rule: Rule, pair: str) -> Iterator[Complaint]:
    given = edge.entry.get("consequence")
    entries = given if isinstance(given, list) else [given]
    named = [_kind(entry) for entry in entries]
    if rule.learners and entries in ([], [None]):
        what = "nothing is ever learnt: the judgement has no consequence"
        yield ("relations", edge.index), what, "add consequence: gradient"
    for index, (entry, kind) in enumerate(zip(entries, named, strict=True)):
        here: Path = ("relations", edge.index, "consequence", index)
        if kind not in {k for r in RULES.values() for k in r.consequences}:
            continue
        if kind not in rule.consequences:
            yield here, f"{kind} is no consequence of {pair}", f"possible: {', '.join(rule.consequences)}"
        elif kind in named[:index]:
            yield here, f"{kind} is given twice", "keep one"
        if isinstance(entry, dict) and rule.learners:
            yield from _learner(here, entry, rule, pair)
        if (
            isinstance(entry, dict)
            and kind == "fire"
            and _positive(entry.get("after_warnings"))
            and "warn" not in named
        ):
            yield here, "fires only after warnings, but nobody is ever warned", "add {kind: warn, below: 0.65}"


def _learner(here: Path, entry: Mapping[str, Any], rule: Rule, pair: str) -> Iterator[Complaint]:
    kind = _kind(entry.get("learner"))
    every_kind = {k for r in RULES.values() for k in r.learners}
    if kind in every_kind and kind not in rule.learners:
        yield (*here, "learner"), f"{kind} is no learner of {pair}", f"possible: {', '.join(rule.learners)}"
    if rule.learners == ("bradley_terry",) and entry.get("shape") is not None:
        yield (*here, "shape"), "a reward shape belongs to reward_model → language_model", "remove it"


def learners_misplaced(data: Mapping[str, Any], networks: bool) -> Iterator[Complaint]:
    """Learners that the world has no use for: `tilt` is for worlds without networks, `ppo` for worlds with; and
    parameters of `bradley_terry` that mean nothing where the fit is exact, to every ranking so far."""
    useless = "tilt" if networks else "ppo"
    for edge in _edges(data):
        given = edge.entry.get("consequence")
        for index, entry in enumerate(given if isinstance(given, list) else [given]):
            learner = entry.get("learner") if isinstance(entry, dict) else None
            here: Path = ("relations", edge.index, "consequence", index, "learner")
            if _kind(learner) == useless:
                what = f"{useless} is for worlds {'without' if networks else 'with'} networks"
                yield here, what, f"leave the learner out, or use {'ppo' if networks else 'tilt'}"
            if not networks and _kind(learner) == "bradley_terry" and isinstance(learner, dict):
                yield from _idle_parameters(here, learner)


def _idle_parameters(here: Path, learner: Mapping[str, Any]) -> Iterator[Complaint]:
    for name, value in learner.items():
        if name not in MEANT_WITHOUT_NETWORKS or (name == "replay" and value is False):
            what = "means nothing in a world without networks: the fit is exact, and to every ranking so far"
            yield (*here, name), what, "remove it"


def _counts(kinds: Mapping[str, str], hierarchy: Hierarchy) -> Iterator[Complaint]:
    """How many principals and agents each kind of party may have."""
    for name, kind in kinds.items():
        above, below = hierarchy.principals(name), hierarchy.agents(name)
        if not (above or below):
            continue  # an orphan, and reported as one
        judges = [p for p, a in RULES if a == kind]
        judged = [a for p, a in RULES if p == kind]
        for role, verb, others, bounds, asked in (
            ("principal", "answers to", above, PRINCIPALS, judges),
            ("agent", "judges", below, AGENTS, judged),
        ):
            least, most = bounds.get(kind, (0, 1000))
            if len(others) < least:
                yield ("parties", name), f"{verb} nobody", f"add a relation with {_a(asked[0])} as its {role}"
            elif len(others) > most:
                fix = f"{_a(kind)} has at most {most} {role} in this version"
                yield ("parties", name), f"{verb} {', '.join(others)}", fix


def _rootless_raters(data: Mapping[str, Any], kinds: Mapping[str, str], hierarchy: Hierarchy) -> Iterator[Complaint]:
    for name, kind in kinds.items():
        party = data["parties"][name]
        values = party.get("values") if isinstance(party, dict) else None
        if kind == "raters" and hierarchy.agents(name) and not hierarchy.principals(name) and not values:
            fix = "add a relation with a corporation as principal, or give them values"
            yield ("parties", name), "these raters have no guideline and no values of their own", fix


def _known_kinds() -> set[str]:
    return {kind for pair in RULES for kind in pair}


def _a(kind: str) -> str:
    return _MEANT.get(kind, f"a {kind}" if kind in ("corporation", "regulator") else kind)


def _kind(entry: Any) -> str:
    """The kind an entry names, in full or in short; empty if it names none."""
    kind = entry.get("kind") if isinstance(entry, dict) else entry
    return kind if isinstance(kind, str) else ""


def _positive(value: Any) -> float:
    """The value if it is a finite number above zero, else 0."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and 0 < value < 1e300 else 0.0
