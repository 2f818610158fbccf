"""Arrows run one way, and what must be quick to start imports nothing heavy."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent / "simlab"
HEAVY = {"torch", "pandas"}


def modules():
    def name(path):
        return ".".join(path.relative_to(HOUSE.parent).with_suffix("").parts).removesuffix(".__init__")

    return {name(path): path for path in sorted(HOUSE.rglob("*.py"))}


def imports(path, *, lazy=True):
    """What a file imports: everywhere, or (lazy=False) only what importing it executes."""
    found = set()
    for node in _nodes(ast.parse(path.read_text()), lazy):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found.update(inside if inside <= set(modules()) else inside | {node.module})
    return found


def _nodes(node, lazy):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and not lazy:
            continue
        yield child
        yield from _nodes(child, lazy)


def depends(name, *prefixes, lazy=True):
    found = imports(modules()[name], lazy=lazy)
    return sorted(f for f in found if any(f == p or f.startswith(p + ".") for p in prefixes))


def test_nets_know_nothing_of_simlab():
    for name in modules():
        if name.startswith("simlab.nets"):
            assert [d for d in depends(name, "simlab") if not d.startswith("simlab.nets")] == []


def test_only_the_machine_parties_and_learning_import_nets():
    parties = {"simlab.parties.language_model", "simlab.parties.reward_model"}
    allowed = parties | {"simlab.consequences.learning", "simlab.report.next_words"}
    users = {name for name in modules() if depends(name, "simlab.nets") and not name.startswith("simlab.nets")}
    assert {name for name in users if not name.startswith("simlab.theory")} <= allowed


def test_the_heart_imports_neither_torch_nor_pandas():
    assert depends("simlab.relation", *HEAVY) == []
    assert depends("simlab.hierarchy", *HEAVY, "simlab", "simpy", "numpy") == []


def test_reports_read_tables_only():
    for name in modules():
        if name.startswith("simlab.report") and name != "simlab.report.next_words":
            inside = ("simlab.simulation", "simlab.parties", "simlab.relation", "simlab.consequences", "torch")
            assert depends(name, *inside) == []


def test_parties_and_consequences_stand_below_the_simulation():
    for name in modules():
        if name.startswith(("simlab.parties", "simlab.consequences", "simlab.worlds", "simlab.nets")):
            assert depends(name, "simlab.simulation", "simlab.runner", "simlab.cli.main", "simlab.report") == []


def test_there_are_no_circles():
    names = modules()
    graph = {n: {d for d in imports(p, lazy=False) if d in names and d != n} for n, p in names.items()}
    done, trail = set(), []

    def visit(name):
        assert name not in trail, " → ".join([*trail[trail.index(name) :], name])
        if name in done:
            return
        trail.append(name)
        for other in sorted(graph[name]):
            visit(other)
        trail.pop()
        done.add(name)

    graph["simlab"] = set()  # its names are imported lazily
    for name in sorted(graph):
        visit(name)


@pytest.mark.parametrize(
    "code",
    [
        "import simlab; simlab.Criterion, simlab.World, simlab.InvalidInput",
        "from simlab.cli.main import main; main(['--help'])",
        "from simlab.cli.main import main; main(['plugins', '--json'])",
        "from simlab.cli.main import main; main(['schema'])",
        "from simlab.cli.main import main; assert main(['validate', 'scenarios/01_first.yaml']) == 0",
    ],
)
def test_quick_commands_import_nothing_heavy(code):
    heavy = "[m for m in ('torch', 'pandas', 'scipy', 'pyarrow') if m in sys.modules]"
    run_python(f"{code}\nimport sys\nassert not {heavy}, {heavy}")


def run_python(code, *arguments):
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=HOUSE.parent)
    assert done.returncode == 0, done.stderr


def test_loading_a_run_needs_no_torch(tmp_path):
    code = (
        "import simlab, sys\n"
        "run = simlab.run('scenarios/00_gaussian.yaml', small=True, out=sys.argv[1])\n"
        "assert len(simlab.load(sys.argv[1]).tables['alignment'])\n"
        "assert 'torch' not in sys.modules\n"
    )
    run_python(code, str(tmp_path / "run"))
