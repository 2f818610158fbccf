"""Commands about plugins: plugins (which there are, what one is), new (a first draft), try (one at work)."""

from __future__ import annotations

import inspect
import json
import math
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

from simlab.cli.arguments import found_plugins, one_object, plugin_places, text
from simlab.cli.console import console, print, print_table
from simlab.cli.parser import Commands
from simlab.docstrings import docstring
from simlab.errors import InvalidInput, Problem, SimlabError, blaming, presentable
from simlab.names import CALLED, clip, did_you_mean, from_here, who

if TYPE_CHECKING:
    from simlab.components.component import Component
    from simlab.plugins.registry import Entry, Registry


def add(commands: Commands) -> None:
    """Add this file's commands."""
    about = "List every plugin that was found, or say all about one."
    example = "simlab plugins\nsimlab plugins boltzmann\nsimlab plugins --contract rater"
    parser = commands.add("plugins", plugins, about, example)
    plugin_places(parser)
    parser.add_argument(
        "name", metavar="NAME", type=text, nargs="?", help="say what this one is, and which parameters it has"
    )
    parser.add_argument(
        "--contract", metavar="KIND", help="say what plugins of a kind are asked, and what they are shown"
    )
    parser.add_argument("--json", action="store_true", help="as a JSON list")

    about = "Write a first draft of a plugin, with its test."
    example = "simlab new criterion humble\nsimlab new rater moody --package"
    parser = commands.add("new", new, about, example)
    plugin_places(parser)
    parser.add_argument(
        "kind", metavar="KIND", type=text, help="criterion, rater, reward, world, review, look, guideline, …"
    )
    parser.add_argument("name", metavar="NAME", type=text, help="what scenario files are to call it")
    parser.add_argument("--package", action="store_true", help="as a package that can be installed, instead of a file")

    about = "Show a plugin at work on samples, and hold it to its contract."
    example = "simlab try brief ideal=3\nsimlab try glad --kind rater sharpness=0"
    parser = commands.add("try", try_, about, example, trailing={"parameters": text})
    plugin_places(parser)
    parser.add_argument("name", metavar="NAME", type=text, help="a plugin, as simlab plugins lists it")
    parser.add_argument(
        "parameters", metavar="KEY=VALUE", type=text, nargs="*", help="parameters, as in temperature=0.5"
    )
    parser.add_argument(
        "--kind", metavar="KIND", type=text, help="which one, where plugins of several kinds have this name"
    )
    one_object(parser)


def plugins(args: Namespace) -> int:
    """`simlab plugins`: every plugin found, broken ones with the reason; with a name, all there is to say of it."""
    if args.contract is not None:
        return _contract_of(args.contract, args.json)
    found = found_plugins(args)
    entries = found.entries if args.name is None else _called(found, args.name, None)
    if args.json:
        print(json.dumps([_record(entry) for entry in entries], indent=2))
    elif args.name is not None:
        for entry in entries:
            _describe(entry)
    else:
        about = (_summary(e.cls) if e.ok else f"BROKEN {presentable(e.error)}" for e in entries)
        rows = ((e.kind, e.name, e.version, what, _source(e)) for e, what in zip(entries, about, strict=True))
        print_table(("kind", "name", "version", "what it is", "source"), rows)
    return 0


def _contract_of(kind: str, as_json: bool) -> int:
    """What plugins of a kind are asked, and what they are shown."""
    from simlab.scaffolding.contracts import contract

    found = contract(kind)
    if as_json:
        print(json.dumps(asdict(found), indent=2, ensure_ascii=False))
    else:
        print(found.as_text())
    return 0


def new(args: Namespace) -> int:
    """`simlab new`: a file that works, its test, and the lines that make something of them."""
    from simlab.scaffolding.drafts import draft

    made = draft(args.kind, args.name, found_plugins(args), package=args.package)
    made.write()
    for path in made.files:
        print(f"wrote {path}")
    print()
    width = max(map(len, made.lines))
    for what, line in made.lines.items():
        print(f"{what + ':':{width + 1}} {line}")
    return 0


def try_(args: Namespace) -> int:
    """`simlab try`: a plugin at work on samples, and whether it keeps to the contract of its kind."""
    from simlab.components.component import settings
    from simlab.plugins.watchdog import watched
    from simlab.scaffolding.tryout import shown
    from simlab.testing import PATIENCE

    (entry,) = _usable(found_plugins(args), args.name, args.kind)
    assert entry.cls is not None
    plugin = _made(entry.cls, args.parameters)
    try:
        with redirect_stdout(sys.stderr), blaming(), watched(PATIENCE):
            found = shown(plugin)
    except SimlabError:
        raise
    except Exception:  # nothing can be made of what it answered, and the contract says why
        found = None
        kept, broken = _contract(plugin)
        if not broken:
            raise
    else:
        kept, broken = _contract(plugin)
    if args.json:
        record: dict[str, Any] = {"kind": entry.kind, "name": entry.name, "parameters": settings(plugin)}
        about, records = (found.about, found.records) if found else ("", [])
        record |= {"about": about, "shown": records, "kept": kept, "broken": broken}
        print(json.dumps(_finite(record)))
    else:
        if found:
            _show(who(plugin), found)
        print("\n".join([*map(presentable, broken), f"contract: {len(kept)} checks kept, {len(broken)} broken"]))
    return 1 if broken else 0


# ---- which one -----------------------------------------------------------------------------------------------------


def _called(registry: Registry, name: str, kind: str | None) -> list[Entry]:
    """All plugins of this name, broken ones among them. Raises InvalidInput if there are none."""
    of_kind = [e for e in registry.entries if kind in (None, e.kind) or not e.ok]
    if found := [e for e in of_kind if e.name == name]:
        return found
    what = f"there is no {CALLED.get(kind, kind) if kind else 'plugin'} called {clip(name)!r}"
    fix = f"{did_you_mean(name, [e.name for e in of_kind if e.ok])} simlab plugins lists all".strip()
    raise InvalidInput(Problem(what, fix), *(_problem(e) for e in registry.entries if not e.ok))


def _usable(registry: Registry, name: str, kind: str | None) -> list[Entry]:
    """The one plugin of this name that works. Raises InvalidInput if there is none, or more than one."""
    found = _called(registry, name, kind)
    if broken := [e for e in found if not e.ok]:
        raise InvalidInput(*map(_problem, broken))
    found = [e for e in found if e.cls is not None]
    if not found:
        raise InvalidInput(Problem(f"{name!r} only listens to runs (hooks), and there is nothing to try"))
    if len(found) > 1:
        kinds = " or ".join(f"--kind {e.kind}" for e in found)
        raise InvalidInput(Problem(f"there are {len(found)} plugins called {name!r}", f"say which: {kinds}"))
    return found


def _problem(entry: Entry) -> Problem:
    """What to say of a broken plugin."""
    return Problem(_reason(entry), file=from_here(entry.source), line=entry.line)


def _reason(entry: Entry) -> str:
    """Why a plugin is broken, without the line, which stands elsewhere."""
    return entry.error.removeprefix(f"line {entry.line}: ")


def _made(cls: type[Component], assignments: Sequence[str]) -> Component:
    """The component with these `key=value` parameters. Raises InvalidInput with a sentence for each that is wrong."""
    from pydantic import ValidationError

    from simlab.scenario.messages import Complaints
    from simlab.scenario.settings import displace
    from simlab.scenario.yaml_tree import Node, Place, read_argument

    source = f"simlab try {cls.name}"
    values: dict[str, Node] = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals or not key:
            raise InvalidInput(Problem("should be key=value", "as in temperature=1", f"{source} {clip(assignment)}"))
        place = Place(f"{source} {clip(assignment)}")
        values[key] = read_argument(value, str(place.file)) if value.strip() else Node(None, place)
        displace(values[key], place)
    root = Node(values, Place(source), dict.fromkeys(values, Place(source)))
    data = {**({} if assignments else cls.example), **root.plain()}
    try:
        return cls.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        raise InvalidInput(*Complaints(root, data, {id(data): cls}).of(error)) from error


def _contract(plugin: Component) -> tuple[list[str], list[str]]:
    """The names of the checks a plugin keeps, and what is said of those it breaks."""
    from simlab.testing import Broken, checks

    kept, broken = [], []
    with redirect_stdout(sys.stderr):
        for check in checks(type(plugin), **plugin.model_dump(exclude_unset=True)):
            try:
                check()
                kept.append(check.name)
            except Broken as error:
                broken.append(str(error))
            except SkipTest:
                pass
    return kept, broken


# ---- what is said of it --------------------------------------------------------------------------------------------


def _record(entry: Entry) -> dict[str, Any]:
    """A plugin as JSON."""
    return {
        "name": entry.name,
        "kind": entry.kind,
        "class": entry.cls.__name__ if entry.cls else None,
        "about": _summary(entry.cls) if entry.cls else None,
        "source": str(entry.source),
        "found": entry.found or None,
        "rests_on": {part.label: part.digest for part in entry.parts},
        "version": entry.version or None,
        "traits": traits(entry.cls) if entry.cls else {},
        "parameters": parameters(entry.cls) if entry.cls else [],
        "ok": entry.ok,
        "error": entry.error or None,
        "line": entry.line,
        "sha256": entry.sha256,
    }


def traits(cls: type[Component]) -> dict[str, Any]:
    """What a component class declares of itself beside its parameters: its plain class variables."""
    names = sorted(cls.__class_vars__ - {"kind", "name", "example", "model_config"})
    found = {name: getattr(cls, name, None) for name in names if not name.startswith("_")}
    return {name: value for name, value in found.items() if isinstance(value, bool | int | float | str)}


def parameters(cls: type[Component]) -> list[dict[str, Any]]:
    """Each parameter of a component class: its name, type, limits, default and meaning."""
    found = []
    for name, field in cls.model_fields.items():
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        limits = [str(limit) for limit in field.metadata if type(limit).__module__ == "annotated_types"]
        found.append(
            {
                "name": name,
                "type": inspect.formatannotation(field.annotation).replace("typing.", ""),
                "limits": ", ".join(limits),
                "required": field.is_required(),
                "default": json.loads(json.dumps(default, default=str)),
                "description": field.description or "",
            }
        )
    return found


def _describe(entry: Entry) -> None:
    """All there is to say of a plugin, on the screen."""
    from rich.markup import escape

    screen = console()
    version = f", version {entry.version}" if entry.version else ""
    kind = CALLED.get(entry.kind, entry.kind) or "plugin"
    screen.print(f"[bold]{escape(entry.name)}[/bold]: {kind}{version}, {escape(_source(entry))}")
    if not entry.ok or entry.cls is None:
        screen.print(escape("hooks only" if entry.ok else f"BROKEN {_problem(entry)}"), "", sep="\n")
        return
    screen.print("", escape(docstring(entry.cls)), "", sep="\n")
    if found := traits(entry.cls):
        said = ", ".join(f"{name} {json.dumps(value)}" for name, value in found.items())
        screen.print(f"traits: {escape(said)}", "", sep="\n")
    rows = [
        (p["name"], p["type"], "(required)" if p["required"] else json.dumps(p["default"]), p["description"])
        for p in parameters(entry.cls)
    ]
    if rows:
        print_table(("parameter", "type", "default", "what it is"), rows)
    else:
        screen.print("It has no parameters.", "", sep="\n")


def _show(name: str, found: Any) -> None:
    """A plugin at work, on the screen."""
    from simlab.scaffolding.tryout import cells

    records = [{name: value for name, value in r.items() if name not in found.aside} for r in found.records]
    rows, head = list(cells(records)), list(records[0]) if records else []
    if found.bars is not None:
        head.insert(1, "")
        for row, bar in zip(rows, found.bars, strict=True):
            row.insert(1, bar)
    print(f"{name}: {found.about}\n")
    print_table(head, rows)


def _finite(value: Any) -> Any:
    """The same with null for NaN and infinity, which JSON has no word for."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _summary(cls: type | None) -> str:
    return docstring(cls).partition("\n")[0] if cls else ""


def _source(entry: Entry) -> str:
    """Where a plugin is from, as a person would say it."""
    from simlab.plugins.registry import builtin_folder

    builtin = builtin_folder().resolve()
    inside = entry.source.is_relative_to(builtin)
    return f"built in: {entry.source.relative_to(builtin)}" if inside else from_here(entry.source)
