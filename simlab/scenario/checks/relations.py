"""Which relations a scenario may have: who may judge whom, with which consequences, and that it hangs together.

The checks read the plain data of a file leniently, beside the models, so that one reading reports everything
that is wrong. Which kinds of party may stand in which relation, `rules` says.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from simlab.components.catalogue import Catalogue
from simlab.components.learner import Learner
from simlab.components.reward_shape import cost_models
from simlab.hierarchy import FIRMS, Hierarchy
from simlab.names import shown, suggestion
from simlab.scenario.authority import Authority, several
from simlab.scenario.checks import demonstrations
from simlab.scenario.checks.rules import AGENTS, PRINCIPALS, RULES
from simlab.scenario.choices import DEFAULT_LEARNERS
from simlab.scenario.messages import Complaint, Path

_MEANT = {"reward_model": "a reward model", "language_model": "a language model"}  # other kinds are plain words
MOST_LOOKS = 100_000
DIRECT = ("raters", "language_model")  # by rankings, and no reward model between them
Learners = Mapping[str, type[Learner]]  # by name


@dataclass(frozen=True, slots=True)
class Edge:
    """A relation as the file has it: the entry, its place in `relations`, and the two parties."""

    index: int
    entry: Mapping[str, Any]
    principal: str
    agent: str


def complaints(data: Mapping[str, Any], plugins: Catalogue) -> Iterator[Complaint]:
    """Everything wrong with the relations of a scenario as a whole, which may name these plugins. What is malformed in
    itself is passed over."""
    kinds = _kinds(data)
    edges = list(_edges(data)) if kinds else []
    known = [e for e in edges if e.principal in kinds and e.agent in kinds]
    shapes = ((edge.agent, entry.get("shape")) for edge in edges for _, entry in _given(edge))
    hierarchy = Hierarchy(kinds, [(e.principal, e.agent) for e in known], cost_models(shapes))
    circle = hierarchy.cycle()
    yield from _unknown_parties(kinds, edges)
    yield from _repeated(known)
    if circle:
        last = next(e for e in reversed(known) if e.principal in circle and e.agent in circle)
        what = f"authority goes round in a circle: {' → '.join(circle)}"
        yield ("relations", last.index), what, "remove one of these relations"
    for edge in known:
        if not (edge.principal in circle and edge.agent in circle):
            yield from _allowed(edge, kinds, data, plugins)
    possible = len(known) == len(edges) and all((kinds[e.principal], kinds[e.agent]) in RULES for e in edges)
    if possible and not circle:  # else these would only follow from what was said already
        for name in hierarchy.orphans():
            if not kinds[name]:
                continue  # who is of no kind is perhaps somebody else, misspelt
            yield ("parties", name), "stands in no relation", "add a relation, or remove this party"
        yield from _counts(data, kinds, hierarchy)
        yield from _rootless_raters(data, kinds, hierarchy)
        yield from _spans(data, kinds, hierarchy)
    yield from _delegates(data, kinds)
    yield from demonstrations.strangers(data, kinds)
    if not circle:
        yield from _left_out(data, kinds, hierarchy)


def _kinds(data: Mapping[str, Any]) -> dict[str, str]:
    parties = data.get("parties")
    if not isinstance(parties, dict):
        return {}
    return {name: _kind(party) for name, party in parties.items()}


def _entry(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """What the file says of a party; nothing, where it names only its kind."""
    party = data["parties"].get(name)
    return party if isinstance(party, dict) else {}


def _edges(data: Mapping[str, Any]) -> Iterator[Edge]:
    relations = data.get("relations")
    for index, entry in enumerate(relations if isinstance(relations, list) else []):
        if isinstance(entry, dict):
            principal, agent = entry.get("principal"), entry.get("agent")
            if isinstance(principal, str) and isinstance(agent, str):
                yield Edge(index, entry, principal, agent)


def _unknown_parties(kinds: Mapping[str, str], edges: list[Edge]) -> Iterator[Complaint]:
    strangers = 0
    for edge in edges:
        for role, name in (("principal", edge.principal), ("agent", edge.agent)):
            if name not in kinds:
                strangers += 1  # of endlessly many, some are guessed at: comparing names takes its time
                fix = suggestion(name, list(kinds)) if strangers <= 100 else ""
                yield ("relations", edge.index, role), f"there is no party {shown(name)}", fix


def _repeated(edges: list[Edge]) -> Iterator[Complaint]:
    first: dict[tuple[str, str], int] = {}
    for edge in edges:
        pair = (edge.principal, edge.agent)
        if pair in first:
            what = f"{edge.principal} → {edge.agent} already stands in relations.{first[pair]}"
            yield ("relations", edge.index), what, "put both consequences in one relation"
        first.setdefault(pair, edge.index)


def _allowed(edge: Edge, kinds: Mapping[str, str], data: Mapping[str, Any], plugins: Catalogue) -> Iterator[Complaint]:
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
    yield from _consequences(edge, pair, plugins)
    if rule.taught:
        yield from _learners(edge, pair, known_learners(plugins))
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


def _consequences(edge: Edge, pair: tuple[str, str], plugins: Catalogue) -> Iterator[Complaint]:
    """Consequences that cannot follow between these two kinds, and such as stand there twice."""
    classes: list[Any] = [plugins.get("consequence", name) for name in plugins.names("consequence")]
    taught = RULES[pair].taught
    possible = [cls.name for cls in classes if cls.may_follow(*pair)] + ["gradient"] * taught
    named = [_kind(entry) for entry in _entries(edge)]
    if taught and _entries(edge) in ([], [None]):
        what = "nothing is ever learnt: the judgement has no consequence"
        yield ("relations", edge.index), what, "add consequence: gradient"
    for index, kind in enumerate(named):
        here: Path = ("relations", edge.index, "consequence", index)
        if kind != "gradient" and kind not in plugins.names("consequence"):
            continue
        if kind not in possible:
            yield here, f"{kind} is no consequence of {pair[0]} → {pair[1]}", f"possible: {', '.join(possible)}"
        elif kind in named[:index]:
            yield here, f"{kind} is given twice", "keep one"


def _entries(edge: Edge) -> list[Any]:
    """The consequences of a relation; a single one need not stand in a list."""
    given = edge.entry.get("consequence")
    return given if isinstance(given, list) else [given]


def known_learners(plugins: Catalogue) -> Learners:
    """The learners among these plugins, by name."""
    return {name: cast(type[Learner], plugins.get("learner", name)) for name in plugins.names("learner")}


def _learners(edge: Edge, pair: tuple[str, str], learners: Learners) -> Iterator[Complaint]:
    """Whether the learners of a machine can teach it, and are told of what they need."""
    ranked = pair[0] == "raters"
    useless = (
        {"shape": "a reward shape", "weight": "a weight", "combine": "a combination"}
        if ranked
        else {"aggregator": "an aggregator"}
    )
    where = "reward_model → language_model" if ranked else "raters → reward_model"
    able = [
        name
        for name, cls in learners.items()
        if cls.teaches == pair[1] and cls.rankings == (pair == DIRECT) and not cls.demonstrations
    ]
    for here, entry in _given(edge):
        kind = _kind(entry.get("learner"))
        if kind in learners and kind not in able:
            yield (*here, "learner"), f"{kind} is no learner of {' → '.join(pair)}", f"possible: {', '.join(able)}"
        for setting, whose in useless.items():
            if entry.get(setting) is not None:
                yield (*here, setting), f"{whose} belongs to {where}", "remove it"


def learners_misplaced(data: Mapping[str, Any], networks: bool, learners: Learners) -> Iterator[Complaint]:
    """Learners that the world has no use for, and parameters of theirs that mean nothing of vectors."""
    for edge in _edges(data):
        for here, entry in _given(edge):
            given = entry.get("learner")
            cls = learners.get(_kind(given))
            if cls is None:
                continue
            if not (cls.networks if networks else cls.vectors):
                what = f"{cls.name} is for worlds {'without' if networks else 'with'} networks"
                default = DEFAULT_LEARNERS.get((cls.teaches, networks))
                yield (*here, "learner"), what, f"leave the learner out{f', or use {default}' if default else ''}"
            if not networks and cls.of_vectors is not None and isinstance(given, dict):
                yield from _idle_parameters((*here, "learner"), given, cls.of_vectors)


def direct_misplaced(data: Mapping[str, Any], networks: bool) -> Iterator[Complaint]:
    """Raters who judge a language model themselves, where that is no network."""
    kinds = _kinds(data)
    for edge in _edges(data):
        if not networks and (kinds.get(edge.principal), kinds.get(edge.agent)) == DIRECT:
            what = "raters teach a language model themselves in worlds with networks only"
            yield ("relations", edge.index), what, "put a reward model between them"


def _given(edge: Edge) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The consequences of a relation that are spelled out, each with its place."""
    for index, entry in enumerate(_entries(edge)):
        if isinstance(entry, dict):
            yield ("relations", edge.index, "consequence", index), entry


def _idle_parameters(here: Path, learner: Mapping[str, Any], meant: tuple[str, ...]) -> Iterator[Complaint]:
    """Parameters that mean nothing in a world without networks."""
    for name in learner:
        if name not in {"kind", *meant}:
            what = "means nothing in a world without networks: the fit is exact"
            yield (*here, name), what, "remove it"


def _counts(data: Mapping[str, Any], kinds: Mapping[str, str], hierarchy: Hierarchy) -> Iterator[Complaint]:
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
            if kind == "language_model" and {kinds[other] for other in others} == {"reward_model"}:
                most = 1000  # who judge together
            if kind == "reward_model" and role == "agent" and name in hierarchy.limits:
                least = 0
            if kind == "reward_model" and role == "principal" and {"load", "preferences"} & set(_entry(data, name)):
                least = 0  # it learns otherwise
            if len(others) < least:
                yield ("parties", name), f"{verb} nobody", f"add a relation with {_a(asked[0])} as its {role}"
            elif len(others) > most:
                fix = f"{_a(kind)} has at most {most} {role} in this version"
                fix += ", or several reward models" if kind == "language_model" else ""
                yield ("parties", name), f"{verb} {', '.join(others)}", fix


def _rootless_raters(data: Mapping[str, Any], kinds: Mapping[str, str], hierarchy: Hierarchy) -> Iterator[Complaint]:
    for name, kind in kinds.items():
        values = _entry(data, name).get("values")
        if kind == "raters" and hierarchy.agents(name) and not hierarchy.principals(name) and not values:
            fix = "add a relation with a corporation as principal, or give them values"
            yield ("parties", name), "these raters have no guideline and no values of their own", fix


def _spans(data: Mapping[str, Any], kinds: Mapping[str, str], hierarchy: Hierarchy) -> Iterator[Complaint]:
    """Lines of authority that cannot work: two guidelines for one judge, two models of one maker, …"""
    authority = Authority(kinds, hierarchy)
    for name, kind in kinds.items():
        here: Path = ("parties", name)
        employers = [other for other in hierarchy.principals(name) if kinds[other] in FIRMS]
        judged = {hierarchy.work_order(agent) for agent in hierarchy.agents(name)} if kind == "auditors" else set()
        if kind != "corporation" and authority.of_several(name):
            makers = [other for other in hierarchy.above(name) if kinds[other] == "corporation"]
            what = f"works for several corporations, {_and(makers)}, by several guidelines at once"
            yield here, what, "one party for each corporation"
        elif len(employers) > 1:
            yield here, f"is employed by {_and(employers)}", "people have one employer; others audit them"
        elif len(judged) > 1:
            what = f"judges work of order {_and([str(order) for order in sorted(judged)])} at once"
            yield here, what, "one party of auditors for each order"
        elif kind == "corporation" and several(authority.models[name]):
            below = set(hierarchy.below(name))
            models = [other for other in kinds if other in below and kinds[other] == "language_model"]
            yield here, f"makes several language models, {_and(models)}", "one corporation for each"
        elif kind == "reward_model":
            yield from _one_k(data, name, hierarchy)


def _and(names: list[str]) -> str:
    """`a and b`; of very many, the first few."""
    few = names if len(names) < 9 else [*names[:7], f"{len(names) - 7} others"]
    return " and ".join(few)


def _one_k(data: Mapping[str, Any], machine: str, hierarchy: Hierarchy) -> Iterator[Complaint]:
    """All pools that teach one reward model rank as many responses at a time."""
    first: tuple[str, int] | None = None
    for pool in hierarchy.principals(machine):
        entry = _entry(data, pool)
        k = entry.get("ranking", 2)
        if not isinstance(k, int):
            continue  # complained of where it stands
        if first and k != first[1]:
            what = (
                f"{machine} learns from {pool}, which ranks {k} at a time, and from {first[0]}, which ranks {first[1]}"
            )
            yield ("parties", pool, *(["ranking"] if "ranking" in entry else [])), what, "the same K"
        first = first or (pool, k)


def _delegates(data: Mapping[str, Any], kinds: Mapping[str, str]) -> Iterator[Complaint]:
    """Only machines can be asked to answer for somebody."""
    machines = [name for name, kind in kinds.items() if kind in ("reward_model", "language_model")]
    for name in kinds:
        entry = _entry(data, name).get("delegation")
        to = entry.get("to") if isinstance(entry, dict) else None
        if isinstance(to, str) and to not in machines:
            what = f"there is no party {shown(to)}" if to not in kinds else f"{to} is no machine"
            yield ("parties", name, "delegation", "to"), what, suggestion(to, machines)


def _left_out(data: Mapping[str, Any], kinds: Mapping[str, str], hierarchy: Hierarchy) -> Iterator[Complaint]:
    """Whom a run is without must be there, and be named once, and somebody must be left to teach every machine."""
    given = data.get("without")
    names = [n for n in given if isinstance(n, str)] if isinstance(given, list) else []
    found: list[Complaint] = []
    seen: set[str] = set()
    for index, name in enumerate(names):
        pool, colon, number = name.partition(":")
        here: Path = ("without", index)
        count = _entry(data, pool).get("count") if kinds.get(pool) in ("raters", "auditors") else None
        if name in seen:
            found.append((here, f"{shown(name)} is named twice", "once is enough"))
        elif pool not in kinds:
            found.append((here, f"there is no party {shown(pool)}", suggestion(pool, list(kinds))))
        elif colon and (not isinstance(count, int) or not _is_number(number)):
            found.append((here, f"{shown(name)} is nobody", "people are called pool:17, pool being a party of people"))
        elif colon and isinstance(count, int) and int(number) >= count:
            found.append((here, f"{pool} has no number {number}", f"its people are {pool}:0 to {pool}:{count - 1}"))
        elif not colon and kinds[pool] in ("users", "corporation", "reward_model", "language_model"):
            what = f"{pool} is {_a(kinds[pool])}, and nothing would be left without it"
            found.append((here, what, "leave out vendors, pools, auditors, or single people (pool:17)"))
        seen.add(name)
    yield from found
    if not found and _unjudged(names, data, kinds, hierarchy):
        last = bisect(range(len(names)), 0, key=lambda i: bool(_unjudged(names[: i + 1], data, kinds, hierarchy)))
        machine = _unjudged(names[: last + 1], data, kinds, hierarchy)
        yield ("without", last), f"nobody would be left to judge {machine}", "leave out fewer"


def _unjudged(names: list[str], data: Mapping[str, Any], kinds: Mapping[str, str], hierarchy: Hierarchy) -> str:
    """The first machine that is gone without these; "" if every machine is left."""
    people = Counter(name.partition(":")[0] for name in names if ":" in name)
    nobody_in = {n for n, many in people.items() if many >= _entry(data, n)["count"]}
    auditors = [name for name, kind in kinds.items() if kind == "auditors"]
    gone = hierarchy.without(nobody_in.union(names), auditors)
    return next((n for n in kinds if n in gone and kinds[n] in ("reward_model", "language_model")), "")


def _is_number(text: str) -> bool:
    """Whether a text is a person's number as tables write it: 17, not 017."""
    return text.isascii() and text.isdecimal() and len(text) < 12 and text == str(int(text))


def _known_kinds() -> set[str]:
    return {kind for pair in RULES for kind in pair}


def _a(kind: str) -> str:
    return _MEANT.get(kind, f"a {kind}" if kind in (*FIRMS, "regulator") else kind)


def _kind(entry: Any) -> str:
    """The kind an entry names, in full or in short; empty if it names none."""
    kind = entry.get("kind") if isinstance(entry, dict) else entry
    return kind if isinstance(kind, str) else ""


def _positive(value: Any) -> float:
    """The value if it is a finite number above zero, else 0."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and 0 < value < 1e300 else 0.0
