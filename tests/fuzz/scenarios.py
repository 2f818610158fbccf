"""Mutations of the shipped scenarios, seeded: whatever a file says, it is run or refused with a sentence.

Run as `python -m tests.fuzz.scenarios --count 4000 --seed 1`. Each mutant is read as `simlab validate` reads it, some
through the command itself; of those accepted in the gaussian world, every fortieth or so is run, at a tiny size, if it
is not estimated to take long. What may come out: exit code 0 or 2, at most 40 lines, in bounded time and memory, and
neither a traceback nor an apology. Every mutant follows from seed and number alone, so that one can be looked at again
(`--only 17`).
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from simlab.cli import main
from simlab.errors import InvalidInput
from simlab.plugins.registry import Registry, discover
from simlab.scenario import Scenario, costs, load

SHIPPED = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
SLOW = 20.0  # seconds that reading one file may take, of CPU
LONG = 60.0  # and a run that was estimated to take BRIEF
BRIEF = 4.0
MOST_LINES = 40
LARGEST = 2 * 1024**2  # KiB of memory, all mutants together
TINY = ["panel={prompts: 500, responses: 2}", "days=5"]

ODD: list[Any] = [
    None, True, False, 0, -1, 1, 2, 0.5, 1.0, 1e308, -1e308, 5e-324, 10**30, 2**63, "", " ", "x", "21,5", "1.234,5",
    "yes", "~", "null", "pool", "users", "kind", "=", "é", "a\u0301", "\u202egnp", "\x1b[31mred\x1b[0m", "\x00", "\r\n",
    "\u2028", "名前", "x" * 300, "y" * 20_000, "9" * 5000, [], {}, [[]], [None], {"kind": "x"}, {"kind": None}, {"": 1},
    [1, 2, 3], {"a": {"b": {"c": 1}}}, float("inf"), float("-inf"), float("nan"), "boltzmann", "mistaken", "gradient",
    "ppo", "tilt", "gaussian", "almanac", "raters", "corporation", {"kind": "threshold"},
    {"kind": "fire", "below": 0.5},
]  # fmt: skip
SETTINGS = [
    "days=3", "days=", "days", "=3", "a.b.c=1", "parties.pool.count=1", "parties.pool.wage=21,5", "parties.pol.wage=3",
    "parties.pool=", "parties.lm=", "parties.rm=", "relations.1=", "relations.0.every=0.001", "relations.3.agent=acme",
    "relations.acme → pool.sample=0.5", "relations.pool->rm.sample=50", "relations.x.y=1", "world=gaussian",
    "world.kind=gaussian", "world=[[[[", "world={", "panel.prompts=1e9", "parties.pool.policy.temperature=1",
    "parties.pool.policy={kind: mistaken, flip: 0.2}", "parties.pool.policy.kind=mistaken", "small.days=3",
    "parties.pool.count=999999", "relations.2.sample=9999999", "relations.2.sample=0.9", "parties.users.values.x=1",
    "parties.acme.guideline.operative.trutful=1", "criteria.kindness={}", "seed=99999999999999999999", "name=\x1b[1m",
    "relations={}", "relations=[]", "parties={}", "parties={a: {<<: *b}}", "days=!!python/object:os.system x",
    "without=[pool:0, pool:0]", "without=[pool]", "waterfall.path=[pool, pool]", ".".join("a" * 300) + "=1",
    "a=" + "[" * 3000, "extends=x", "parties.pool.overlap=50", "parties.pool.ranking=9", "relations.4={principal: x}",
]  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A scenario file that is perhaps none, and what else stands on the command line."""

    file: Path
    settings: list[str]
    small: bool
    without: list[str]

    @property
    def arguments(self) -> list[str]:
        """The command line after the command."""
        words = [str(self.file), "--no-local-plugins", *(["--small"] if self.small else [])]
        words += [word for setting in self.settings for word in ("--set", setting)]
        return words + [word for name in self.without for word in ("--without", name)]


@dataclass
class Found:
    """What came of all mutants."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, int] = (0.0, -1)
    wrong: list[str] = field(default_factory=list)


# ---- mutants -------------------------------------------------------------------------------------------------------


def mutant(seed: int, number: int, folder: Path) -> Mutant:
    """The mutant of this number, written into a folder beside the scenarios it may extend."""
    rng = random.Random(f"scenarios {seed} {number}")
    base = rng.choice(SHIPPED)
    file = folder / f"mutant{number}.yaml"
    if rng.random() < 0.12:
        rng.choice(FILES)(rng, base, file)
    else:
        data = plain(base) if rng.random() < 0.7 else {"extends": base.name, "name": "mutant"}
        for _ in range(rng.choice([1, 1, 1, 1, 2, 6])):
            rng.choice(CHANGES)(rng, data)
        text = json.dumps(data, ensure_ascii=rng.random() < 0.5, indent=1).replace("NaN", ".nan")
        text = text.replace("-Infinity", "-.inf").replace("Infinity", ".inf")
        if rng.random() < 0.15:
            text = rng.choice(TEXTS)(rng, text)
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
    settings = rng.sample(SETTINGS, rng.choice([0, 0, 0, 0, 0, 1, 2]))
    without = [rng.choice(["pool:0", "pool", "lm", "nobody", "pool:99999", ""])] if rng.random() < 0.05 else []
    return Mutant(file, settings, rng.random() < 0.2, without)


def plain(file: Path) -> dict[str, Any]:
    """A shipped scenario as plain data."""
    found: dict[str, Any] = json.loads(json.dumps(YAML(typ="safe", pure=True).load(file)))
    return found


def places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every (holder, key) of the data."""
    for key, part in list(
        data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    ):
        yield data, key
        yield from places(part)


def somewhere(rng: random.Random, data: Any) -> tuple[Any, Any]:
    """Some holder and key; the data's name if there is nothing else."""
    return rng.choice(list(places(data)) or [({"name": 1}, "name")])


def misspelt(rng: random.Random, word: str) -> str:
    """A word with a letter lost, doubled, swapped or replaced."""
    at = rng.randrange(max(1, len(word)))
    return rng.choice(
        [
            word[:at] + word[at + 1 :],
            word[: at + 1] + word[at:],
            word[:at] + "\x07" + word[at:],
            word.upper(),
            word + ".",
        ]
    )


def deleted(rng: random.Random, data: Any) -> None:
    holder, key = somewhere(rng, data)
    del holder[key]


def renamed(rng: random.Random, data: Any) -> None:
    holder, key = somewhere(rng, data)
    if isinstance(holder, dict):
        holder[misspelt(rng, key)] = holder.pop(key)


def odd(rng: random.Random, data: Any) -> None:
    holder, key = somewhere(rng, data)
    holder[key] = copy.deepcopy(rng.choice(ODD))


def scaled(rng: random.Random, data: Any) -> None:
    numbers = [(h, k) for h, k in places(data) if isinstance(h[k], int | float) and not isinstance(h[k], bool)]
    if numbers:
        holder, key = rng.choice(numbers)
        holder[key] *= rng.choice([-1, 0, 1e-9, 0.5, 2, 2, 3, 10, 10, 100, 10_000, 10**9, 1e300])


def swapped(rng: random.Random, data: Any) -> None:
    (one, a), (other, b) = somewhere(rng, data), somewhere(rng, data)
    parts = copy.deepcopy(one[a]), copy.deepcopy(other[b])
    one[a], other[b] = parts[1], parts[0]


def nested(rng: random.Random, data: Any) -> None:
    holder, key = somewhere(rng, data)
    for _ in range(rng.choice([3, 31, 33, 200])):
        holder[key] = rng.choice([[holder[key]], {"a": holder[key]}])


def relations(rng: random.Random, data: Any) -> None:
    """Relations lost, doubled, turned round, put in another order, or led to somebody else."""
    listed = data.get("relations")
    if not isinstance(listed, list) or not listed:
        data["relations.1.sample"] = rng.choice(ODD)
        return
    at = rng.randrange(len(listed))
    entry, names = listed[at], list(data.get("parties") or {}) if isinstance(data.get("parties"), dict) else []
    match rng.randrange(6):
        case 0:
            del listed[at]
        case 1:
            listed.append(copy.deepcopy(entry))
        case 2:
            rng.shuffle(listed)
        case _ if not isinstance(entry, dict):
            listed[at] = rng.choice(ODD)
        case 3:
            entry["principal"], entry["agent"] = entry.get("agent"), entry.get("principal")
        case 4:
            entry[rng.choice(["principal", "agent"])] = rng.choice([*names, "nobody"])
        case _:
            entry["name"] = rng.choice(["audit", "acme", "1", "", "a → b"])


def parties(rng: random.Random, data: Any) -> None:
    """Parties lost, renamed, doubled, of another kind, or many."""
    there = data.get("parties")
    if not isinstance(there, dict) or not there:
        data["parties"] = {"pol": {"wage": 9}}
        return
    name = rng.choice(list(there))
    match rng.randrange(6):
        case 0:
            del there[name]
        case 1:
            there[misspelt(rng, name)] = there.pop(name)
        case 2:
            there[name] = None
        case 3:
            there[f"{name}2"] = copy.deepcopy(there[name])
        case 4 if isinstance(there[name], dict):
            there[name]["kind"] = rng.choice(
                ["users", "raters", "auditors", "vendor", "corporation", "language_model", "x"]
            )
        case _:
            crowd(rng, data, rng.choice([3, 30, 200]))


def crowd(rng: random.Random, data: Any, many: int) -> None:
    """Many more pools, vendors in a row, or auditors of auditors."""
    there, listed = data["parties"], data.setdefault("relations", [])
    if not isinstance(listed, list):
        return
    kind = rng.choice(["raters", "vendor", "auditors"])
    last = "acme"
    for number in range(many):
        name = f"more{number}"
        there[name] = {"kind": kind, "count": 3} if kind != "vendor" else {"kind": kind}
        if kind == "raters":
            listed += [
                {"principal": "acme", "agent": name, "every": 5, "sample": 0.1},
                {
                    "principal": name,
                    "agent": "rm",
                    "every": 5,
                    "sample": rng.choice([5, 5000]),
                    "consequence": "gradient",
                },
            ]
        elif kind == "vendor":
            listed.append({"principal": last, "agent": name, "every": 5, "sample": 0.1})
        else:
            listed.append({"principal": name, "agent": last if number else "pool", "every": 5, "sample": 0.1})
        last = name


def small(rng: random.Random, data: Any) -> None:
    paths = ["days", "world.countries", "relations.9.every", "parties.lm.width", "a.b", "relations.acme → pool.every"]
    data["small"] = {rng.choice(paths): rng.choice(ODD)}


def dotted(rng: random.Random, data: Any) -> None:
    path, _, value = rng.choice(SETTINGS).partition("=")
    data[path] = value


CHANGES: list[Callable[[random.Random, Any], None]] = [
    deleted, deleted, renamed, odd, odd, scaled, scaled, scaled, swapped, nested, relations, relations, parties,
    parties, small, dotted,
]  # fmt: skip


def doubled(rng: random.Random, text: str) -> str:
    lines = text.splitlines()
    at = rng.randrange(len(lines))
    return "\n".join([*lines[: at + 1], *lines[at:]])


def cut(rng: random.Random, text: str) -> str:
    return text[: rng.randrange(len(text))]


def sprinkled(rng: random.Random, text: str) -> str:
    at = rng.randrange(len(text))
    return text[:at] + rng.choice("\t\0\x1b{}[]:,&*!|>'\"%@`#\ufeff\u0085é\n") + text[at:]


def merged(rng: random.Random, text: str) -> str:
    return text.replace("{", rng.choice(["{<<: *a, ", "&a {", "{<<: [*a, *a], ", "{<<: 3, "]), rng.choice([1, 2, -1]))


TEXTS: list[Callable[[random.Random, str], str]] = [
    doubled, cut, sprinkled, merged, lambda rng, text: text.replace("\n", "\r\n"), lambda rng, text: "\ufeff" + text,
    lambda rng, text: text + "\n---\n" + text,
]  # fmt: skip


# ---- files that extend what they should not ------------------------------------------------------------------------


def chain(rng: random.Random, base: Path, file: Path) -> None:
    """So many files in a row, the last of which extends a scenario."""
    many = rng.choice([3, 40, 400])
    for number in range(many):
        above = file if number == 0 else file.with_suffix(f".{number}.yaml")
        below = file.with_suffix(f".{number + 1}.yaml").name if number < many - 1 else base.name
        above.write_text(f"extends: {below}\nname: link{number}\n", encoding="utf-8")


def circle(rng: random.Random, base: Path, file: Path) -> None:
    other = file.with_suffix(".other.yaml")
    file.write_text(f"extends: {rng.choice([file, other]).name}\n", encoding="utf-8")
    other.write_text(f"extends: ./../{file.parent.name}/{file.name}\n", encoding="utf-8")


def device(rng: random.Random, base: Path, file: Path) -> None:
    fifo, link = file.with_suffix(".fifo"), file.with_suffix(".link")
    os.mkfifo(fifo)
    link.symlink_to("nowhere")
    odd_file = rng.choice(
        ["/dev/zero", "/dev/null", ".", fifo.name, link.name, "/", "~", "\\0", "x" * 5000, "[a]", "3"]
    )
    file.write_text(f"extends: {odd_file}\nname: mutant\n", encoding="utf-8")


def large(rng: random.Random, base: Path, file: Path) -> None:
    other = file.with_suffix(".other.yaml")
    other.write_text("# " + "x" * rng.choice([900_000, 1_100_000]) + f"\nextends: {base.name}\n", encoding="utf-8")
    file.write_text(f"extends: {other.name}\nname: mutant\n# {'y' * 200_000}\n", encoding="utf-8")


def bomb(rng: random.Random, base: Path, file: Path) -> None:
    """Laughs by the billion, and brackets by the thousand."""
    laughs = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    laughs += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    many = rng.choice([20, 3000, 50_000])
    deep = [
        f"days: {'[' * many}",
        f"days: {'{a: ' * many}",
        "- " * many,
        "a:\n" + "".join(" " * n + "- \n" for n in range(300)),
    ]
    text = rng.choice(["\n".join(laughs), *deep, "".join(f"k{n}: 1\n" for n in range(many))])
    file.write_text(f"extends: {base.name}\n{text}\n", encoding="utf-8")


def junk(rng: random.Random, base: Path, file: Path) -> None:
    file.write_bytes(rng.choice([b"", b"\xff\xfe\x00", rng.randbytes(300), b"3", b"[]", b"# only\n", b"\x00" * 100]))


FILES: list[Callable[[random.Random, Path, Path], None]] = [chain, circle, device, large, bomb, junk]


# ---- what comes of them --------------------------------------------------------------------------------------------


class Hung(Exception):
    """Something took longer than it may."""


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """At most so many seconds of CPU."""

    def stop(*_: Any) -> None:
        raise Hung(f"more than {seconds:g} s of CPU")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def read(case: Mutant, plugins: Registry) -> tuple[Scenario | None, str]:
    """The scenario, or what is said of it, by the reader that `simlab validate` uses."""
    try:
        options: dict[str, Any] = {"overrides": case.settings, "small": case.small, "without": case.without}
        with limited(SLOW):
            return load(case.file, plugins=plugins, **options), ""
    except InvalidInput as error:
        return None, str(error)


def command(*words: str, seconds: float) -> tuple[int, str]:
    """Exit code and output of a command, in this process."""
    out = io.StringIO()
    with limited(seconds), contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = main(words)
    return code, out.getvalue()


def complaint(code: int, said: str) -> str:
    """What is wrong with an exit code and a message; "" if nothing is."""
    if code not in (0, 2):
        return f"exit code {code}: {said[:500]}"
    if "Traceback" in said or "bug in simlab" in said:
        return said[:500]
    lines = len(said.splitlines())
    return f"{lines} lines: {said[:300]}" if lines > MOST_LINES else ""


def runs(scenario: Scenario) -> bool:
    """Whether a scenario is run too: in the gaussian world, and brief by its estimate."""
    brief = sum(part.seconds for part in costs.parts(scenario)) < BRIEF
    return scenario.world.name == "gaussian" and brief and costs.warning(scenario) is None


def tried(case: Mutant, plugins: Registry, *, aloud: bool, run: bool) -> tuple[str, str]:
    """The outcome of a mutant, in a word, and what is wrong with it."""
    try:
        scenario, said = read(case, plugins)
        if wrong := complaint(0 if scenario else 2, said):
            return "wrong", wrong
        if aloud:
            code, said = command("validate", *case.arguments, seconds=2 * SLOW)
            if wrong := complaint(code, said) or ("" if (code == 0) == bool(scenario) else f"exit code {code}: {said}"):
                return "wrong", wrong
        if scenario is None:
            return "refused", ""
        if not run or not runs(scenario):
            return "accepted", ""
        with tempfile.TemporaryDirectory() as folder:
            where = ["--out", f"{folder}/run", "--quiet"]
            tiny = [word for setting in TINY for word in ("--set", setting)]
            code, said = command("run", *case.arguments, *tiny, *where, seconds=LONG)
        return ("wrong", wrong) if (wrong := complaint(code, said)) else (f"run, exit code {code}", "")
    except Exception as error:
        return "wrong", f"{type(error).__name__}: {str(error)[:300]}"


def fuzz(
    count: int,
    seed: int,
    *,
    only: int | None = None,
    aloud: int = 100,
    run: int = 40,
    tell: Callable[[str], object] = str,
) -> Found:
    """Try so many mutants; one in `aloud` by the command itself, one in `run` of those accepted in a run."""
    plugins, found, waiting = discover(local=False), Found(), 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in SHIPPED:
            (folder / file.name).write_bytes(file.read_bytes())
        for number in range(count) if only is None else [only]:
            case = mutant(seed, number, folder)
            began = time.process_time()
            outcome, wrong = tried(case, plugins, aloud=number % aloud == 0, run=waiting >= run - 1)
            if not outcome.startswith("run"):
                found.slowest = max(found.slowest, (time.process_time() - began, number))
            waiting = 0 if outcome.startswith("run") else waiting + (outcome == "accepted")
            found.outcomes[outcome] += 1
            if wrong:
                found.wrong.append(f"{number}: {' '.join(case.arguments)[:300]}\n    {wrong}")
                tell(found.wrong[-1])
            if number % 250 == 249:
                tell(f"{number + 1}: {dict(found.outcomes)}")
            for left in folder.glob(f"mutant{number}.*"):
                if only is None:
                    left.unlink()
        if only is not None:
            print(case.file.read_text(encoding="utf-8", errors="replace")[:5000], case.arguments[1:])
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if size > LARGEST:
        found.wrong.append(f"took {size / 1024**2:.1f} GiB of memory")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    given = parser.parse_args()
    result = fuzz(given.count, given.seed, only=given.only, tell=lambda line: print(line, flush=True))
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    slowest = "{:.1f} s (number {})".format(*result.slowest)
    print(f"{dict(result.outcomes)}; slowest to read: {slowest}; {size:.1f} GiB")
    sys.exit(bool(result.wrong))
