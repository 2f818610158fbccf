"""Imports run one way: which package may import which, and that what must be quick to start imports nothing heavy.

Every import counts, also those inside of functions, those for type checkers only, and those of modules that are called
by their full name in a text; what is let pass stands in `NAMED_FROM_BELOW`. `FLOORS` is the order of packages
from the ground up: a module may import modules of its own package and of lower floors.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent / "simlab"
HEAVY = {"torch", "pandas"}
LONGEST = 400  # lines of a file
LONGER = {"simlab.tables.schemas": 407}  # which may only become shorter

FLOORS = (  # packages and modules of simlab, from the ground up; those on one floor do not know one another
    ("arrays", "clock", "docstrings", "hierarchy", "names", "nets", "opened_files", "parallel", "provenance", "rng"),
    ("errors",),
    ("flags", "paths", "plain_files"),
    ("tensor_files",),
    ("components", "tables"),
    ("runs", "sheets", "worlds"),
    ("measures", "rankings", "scenario"),
    ("plugins", "relation"),
    ("calibration", "engine"),
    ("machines",),
    ("people", "report"),
    ("parties",),
    ("consequences",),
    ("analyzers",),
    ("simulation",),
    ("claims", "runner", "testing", "theory"),
    ("scaffolding", "studies"),
    ("cli",),
    ("__main__",),
)
# What shipped plugins import, as users' own may; "" is simlab itself, with the public names.
FOR_PLUGINS = {
    "", "arrays", "components", "consequences", "errors", "measures", "names", "nets", "relation", "rng", "scenario",
    "sheets", "tables", "worlds"
}  # fmt: skip

# `run.plot`, `study.plot` and `run.model` are asked of what was loaded, and made floors above it: they are let name who
# makes them, as pandas names its backends of plots, and everything else of theirs runs down.
NAMED_FROM_BELOW = {
    ("simlab.runs.loading", "simlab.report.figures.plots"),
    ("simlab.runs.loading", "simlab.machines.saved"),
}

Graph = Mapping[str, set[str]]  # what each module imports of simlab


# ---- reading imports -----------------------------------------------------------------------------------------------


@cache
def modules() -> dict[str, Path]:
    """Every module of simlab and every shipped plugin file, by its full name."""
    root = HOUSE.parent
    files = [*sorted(HOUSE.rglob("*.py")), *sorted((root / "plugins").rglob("*.py"))]
    return {".".join(f.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): f for f in files}


@cache
def imports(name: str, *, lazy: bool = True) -> frozenset[str]:
    """Full names of what a module imports: everywhere, or (lazy=False) only what importing it executes."""
    found = set()
    for node in _nodes(ast.parse(modules()[name].read_text()), lazy):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            found.update(full if full in modules() else node.module for full in inside)
    return frozenset(found)


@cache
def named(name: str) -> frozenset[str]:
    """Full names of modules that stand in a module as texts, as they do to be imported by name."""
    texts = (node.value for node in ast.walk(ast.parse(modules()[name].read_text())) if isinstance(node, ast.Constant))
    return frozenset(text for text in texts if isinstance(text, str) and text in modules() and text != "simlab")


def _nodes(node: ast.AST, lazy: bool) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not lazy and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not lazy and isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        yield child
        yield from _nodes(child, lazy)


@cache
def graph() -> Graph:
    """What each module imports of simlab, or names, unless it is let; simlab itself imports its public names only when
    they are asked for."""
    let = {name: {other for module, other in NAMED_FROM_BELOW if module == name} for name in modules()}
    whole = {
        name: ({o for o in imports(name) if o in modules()} | named(name) - let[name]) - {name} for name in modules()
    }
    return whole | {"simlab": set()}


def depends(name: str, *prefixes: str) -> list[str]:
    """What a module imports of these packages."""
    return sorted(f for f in imports(name) if any(f == p or f.startswith(p + ".") for p in prefixes))


def package(module: str) -> str:
    """The package of simlab, or the module right below it, that a module is or lies in; "" for simlab itself."""
    first, *rest = module.split(".")
    return "plugins/" if first == "plugins" else rest[0] if rest else ""


# ---- floors and circles --------------------------------------------------------------------------------------------


def upward(imported: Graph) -> list[tuple[str, str]]:
    """Imports of a package that does not lie on a lower floor."""
    floor = {name: number for number, names in enumerate(FLOORS) for name in names}
    return [
        (module, other)
        for module, others in imported.items()
        for other in sorted(others)
        if package(module) in floor and package(module) != package(other)
        if floor.get(package(other), len(FLOORS)) >= floor[package(module)]
    ]


def circles(imported: Graph) -> list[list[str]]:
    """Modules that import one another, however far around: the strongly connected components (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in sorted(imported[name]):
            if other not in index:
                visit(other)
            if other in stack:
                low[name] = min(low[name], low[other])
        if low[name] == index[name]:
            cut = stack.index(name)
            found.append(sorted(stack[cut:]))
            del stack[cut:]

    for name in sorted(imported):
        if name not in index:
            visit(name)
    return [circle for circle in found if len(circle) > 1]


def shown(pairs: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"{module} imports {other}" for module, other in pairs)


def test_every_package_has_a_floor() -> None:
    named = [name for floor in FLOORS for name in floor]
    assert len(named) == len(set(named))
    assert set(named) == {package(name) for name in modules()} - {"", "plugins/"}


@pytest.mark.slow
def test_imports_run_down() -> None:
    assert not (found := upward(graph())), shown(found)


def test_there_are_no_circles() -> None:
    assert circles(graph()) == []


@pytest.mark.parametrize(
    ("module", "other", "circle"),
    [
        ("simlab.scenario.reading", "simlab.plugins.registry", True),  # a scenario that looks for plugins itself
        ("simlab.components.pay", "simlab.components.effort", True),  # within a package
        ("simlab.names", "simlab.errors", True),  # on the ground
        ("simlab.measures.agreement", "simlab.scenario.model", False),  # on one floor
        ("simlab.runs.folder", "simlab.runner", True),
        ("simlab.tables.recorder", "simlab.cli.terminal", False),
        ("simlab.people.roster", "simlab.parties.pool", True),  # as a party is to its people
        ("simlab.engine.context", "simlab.simulation", True),
    ],
)
def test_an_import_that_runs_upward_is_found(module: str, other: str, circle: bool) -> None:
    more = {**graph(), module: graph()[module] | {other}}
    if package(module) != package(other):
        assert set(upward(more)) - set(upward(graph())) == {(module, other)}
    assert (circles(more) != circles(graph())) == circle


def test_what_is_let_pass_is_there_and_would_be_found() -> None:
    for module, other in NAMED_FROM_BELOW:
        assert other in named(module)
        assert (module, other) in upward({**graph(), module: graph()[module] | {other}})
    assert named("simlab.studies.executors") >= {"simlab.studies.task"}


# ---- single promises -----------------------------------------------------------------------------------------------


def test_nets_know_nothing_of_simlab() -> None:
    for name in modules():
        if package(name) == "nets":
            assert [d for d in depends(name, "simlab") if package(d) != "nets"] == []


def test_the_heart_imports_neither_torch_nor_pandas() -> None:
    assert depends("simlab.relation", *HEAVY) == []
    assert depends("simlab.hierarchy", *HEAVY, "simlab", "simpy", "numpy") == []


def test_reports_read_tables_only() -> None:
    for name in modules():
        if package(name) == "report" and name != "simlab.report.next_words":
            others = {package(other) for other in depends(name, "simlab")}
            assert not others & {"components", "engine", "machines", "people", "relation", "scenario"}, name


def test_only_machines_and_those_who_teach_them_import_nets() -> None:
    users = {name for name in modules() if depends(name, "simlab.nets") and package(name) not in {"nets", "theory"}}
    others = {name for name in users if package(name) != "machines" and not name.startswith("plugins.learners")}
    assert others == {"simlab.components.learner", "simlab.testing.learners", "simlab.report.next_words"}


def test_shipped_plugins_import_what_users_may() -> None:
    for name in modules():
        if package(name) == "plugins/":
            assert {package(other) for other in depends(name, "simlab")} <= FOR_PLUGINS, name


def test_nothing_imports_a_shipped_plugin() -> None:
    for name in modules():
        if package(name) != "plugins/":
            assert depends(name, "plugins") == []


def private(tree: ast.AST) -> list[str]:
    """Names of simlab's that are its own business, as a test imports or replaces them."""
    found = [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("simlab")
        for alias in node.names
    ]
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "setattr":
            written = (arg.value for arg in call.args[:2] if isinstance(arg, ast.Constant))
            found += [part for text in written if isinstance(text, str) for part in text.split(".")]
    return [name for name in found if name.startswith("_") and not name.startswith("__")]


def test_tests_use_public_names() -> None:
    assert private(ast.parse("from simlab.rng import _mix")) == ["_mix"]
    assert private(ast.parse('monkeypatch.setattr("simlab.rng._Streams.key", 1)')) == ["_Streams"]
    files = Path(__file__).parent.rglob("*.py")
    assert {file.name: found for file in files if (found := private(ast.parse(file.read_text())))} == {}


def test_files_are_short() -> None:
    for name, file in modules().items():
        lines = len(file.read_text().splitlines())
        assert lines <= LONGER.get(name, LONGEST), f"{name} has {lines} lines"


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "import simlab; simlab.Criterion, simlab.World, simlab.InvalidInput",
        "from simlab.cli import main; main(['--help'])",
        "from simlab.cli import main; main(['plugins', '--json'])",
        "from simlab.cli import main; main(['schema'])",
        "from simlab.cli import main; assert main(['validate', 'scenarios/01_first.yaml']) == 0",
    ],
)
def test_quick_commands_import_nothing_heavy(code):
    heavy = "[m for m in ('torch', 'pandas', 'scipy', 'pyarrow', 'matplotlib', 'jinja2') if m in sys.modules]"
    run_python(f"{code}\nimport sys\nassert not {heavy}, {heavy}")


def run_python(code, *arguments):
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=HOUSE.parent)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_loading_a_run_needs_no_torch(tmp_path):
    code = (
        "import simlab, sys\n"
        "run = simlab.run('scenarios/00_gaussian.yaml', small=True, out=sys.argv[1])\n"
        "assert len(simlab.load(sys.argv[1]).tables['alignment'])\n"
        "assert not {'torch', 'matplotlib'} & {*sys.modules}\n"
    )
    run_python(code, str(tmp_path / "run"))
