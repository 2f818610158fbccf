"""First drafts of plugins: `simlab new KIND NAME` writes a file that works, and its test, from `templates/`."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from pathlib import Path
from string import Template

from simlab.errors import InvalidInput, Problem
from simlab.names import CALLED, NAME, clip, did_you_mean, from_here
from simlab.paths import given
from simlab.plugins.registry import Registry
from simlab.scaffolding.contracts import contract

TEMPLATES = Path(__file__).parent / "templates"
KINDS = tuple(kind for kind in CALLED if (TEMPLATES / f"{kind}.txt").is_file())
_PATH, _NUMPY = "from pathlib import Path\n\n", "import numpy as np\n"
_TESTING = "import pytest\n\nfrom simlab import testing\n"
_SAMPLES = f"{_TESTING}from simlab.testing import samples\n"
_IMPORTS = {  # what the test of each kind needs
    "criterion": _TESTING,
    "rater": f"{_NUMPY}{_TESTING}",
    "reward": _TESTING,
    "effort": _SAMPLES,
    "review": f"{_NUMPY}{_TESTING}from simlab.components.review import PerformanceRecord\n",
    "look": f"{_NUMPY}{_SAMPLES}",
    "guideline": _SAMPLES,
    "combination": f"{_NUMPY}{_TESTING}",
    "charter": _TESTING,
    "aggregator": f"{_NUMPY}{_TESTING}from simlab.components.aggregator import Votes\n",
    "consequence": f"{_TESTING}from simlab.testing import society\n",
    "learner": f"{_TESTING}from simlab.testing import learners\n",
    "world": f"{_TESTING}from simlab.rng import Streams\n",
    "outcome": f"{_TESTING}from simlab.testing import outcomes\n",
}
_USES = {  # how a scenario is told to use one, as an argument of `simlab run`
    "criterion": "--set parties.acme.guideline.operative.{name}=1",
    "rater": '--set "parties.pool.policy={{kind: {name}}}"',
    "effort": '--set "parties.pool.effort={{kind: {name}}}"',
    "review": '--set "relations.1.consequence={{kind: fire, review: {{kind: {name}}}}}"',
    "look": '--set "relations.1.look={{kind: {name}}}" --set parties.pool.overlap=3',
    "reward": '--set "relations.3.consequence.shape={{kind: {name}}}"',
    "guideline": '--set "parties.acme.guideline.policy={{kind: {name}}}" --set parties.acme.guideline.every=2',
    "combination": '--set "parties.acme.guideline.combine={{kind: {name}}}"',
    "charter": "--set parties.acme.guideline.charter={name} --set parties.acme.guideline.operative="
    " --set parties.acme.guideline.published=",
    "aggregator": '--set parties.pool.overlap=3 --set "relations.2.consequence.aggregator={{kind: {name}}}"',
    "consequence": '--set "relations.1.consequence={{kind: {name}}}"',
    "learner": '--set "relations.3.consequence.learner={{kind: {name}}}"',
    "world": '--set "world={{kind: {name}}}"',
    "outcome": "--set outcomes.{name}={name}",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """Files to be written, by path from the current folder, and command lines that try and use them, by title."""

    files: dict[Path, str]
    lines: dict[str, str]  # what for: the line

    def write(self) -> None:
        """Write the files. Raises InvalidInput, and writes nothing, if one of them exists already."""
        there = [path for path in self.files if path.exists()]
        if there:
            fix = "choose another name, or move it away"
            raise InvalidInput(*(Problem("exists already, and is not overwritten", fix, from_here(p)) for p in there))
        for path, text in self.files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)


def draft(kind: str, name: str, registry: Registry, *, package: bool = False) -> Draft:
    """The draft of a plugin of this kind and name: a file in ./plugins and its test, or a package in its own folder.

    Raises InvalidInput for an unknown kind, and for a name that is malformed or taken.
    """
    _check(kind, name, registry)
    words = {
        "name": name,
        "Name": "".join(part[:1].upper() + part[1:] for part in re.split(r"[-_]", name) if part),
        "module": name.replace("-", "_"),
        "dashed": re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"),
        "called": CALLED[kind],
        "shown": contract(kind).as_docstring(),
    }
    return _package(kind, words) if package else _file(kind, words)


def _file(kind: str, words: dict[str, str]) -> Draft:
    folder = given("plugins")
    plugin, test = folder / f"{words['module']}.py", folder / f"test_{words['module']}.py"
    found = f'{words["Name"]} = testing.load(Path(__file__).with_name("{plugin.name}"))\n'
    files = {plugin: _filled(kind, words), test: _test(kind, words, found)}
    return Draft(files, {"test it": f"python -m pytest {test}", **_lines(kind, words["name"])})


def _package(kind: str, words: dict[str, str]) -> Draft:
    folder = given(f"simlab-{words['dashed']}")
    module = folder / f"simlab_{words['module']}"
    found = f"from simlab_{words['module']} import {words['Name']}\n"
    files = {
        folder / "pyproject.toml": _filled("package", words),
        module / "__init__.py": _filled("package_init", words),
        module / f"{words['module']}.py": _filled(kind, words),
        folder / "tests" / f"test_{words['module']}.py": _test(kind, words, found),
    }
    lines = {"install it": f"python -m pip install --editable {folder}", "test it": f"python -m pytest {folder}"}
    return Draft(files, {**lines, **_lines(kind, words["name"])})


def _lines(kind: str, name: str) -> dict[str, str]:
    """How to try it and to use it."""
    study = "simlab study scenarios/studies/first_study.yaml"
    what = study if kind == "outcome" else "simlab run scenarios/01_first.yaml --small"
    use = f"{what} {_USES[kind].format(name=name)}"
    return {"try it": f"simlab try {name}", "use it": use}


def _test(kind: str, words: dict[str, str], found: str) -> str:
    """The test file: the contract, and one value by hand; `found` is how it comes by the class."""
    name = words["Name"]
    imports = f"{_IMPORTS[kind]}{found}" if found.startswith("from") else f"{_PATH}{_IMPORTS[kind]}\n{found}"
    return (
        f'"""What every {words["called"]} is held to, and what `{words["name"]}` says of a case made by hand."""\n\n'
        f'{imports}\n\n@pytest.mark.parametrize("check", testing.checks({name}), ids=str)\n'
        f"def test_contract(check: testing.Check) -> None:\n    check()\n\n{_filled(f'{kind}_test', words)}"
    )


def _filled(template: str, words: dict[str, str]) -> str:
    return Template((TEMPLATES / f"{template}.txt").read_text(encoding="utf-8")).substitute(words)


def _check(kind: str, name: str, registry: Registry) -> None:
    """Whether there can be a plugin of this kind and name."""
    if kind not in KINDS:
        fix = f"{did_you_mean(kind, KINDS)} kinds: {', '.join(KINDS)}".strip()
        raise InvalidInput(Problem(f"there is no kind of plugin called {clip(kind)!r}", fix))
    module = name.replace("-", "_")
    if not (re.fullmatch(NAME, name) and module.isidentifier()):
        fix = f"a letter, then letters, digits, - and _, as in {_usable(name)}"
        raise InvalidInput(Problem(f"{clip(name)!r} cannot be a name", fix))
    if keyword.iskeyword(module) or module.startswith("test_") or module.endswith("_test") or module == "conftest":
        what = "is a word of Python's" if keyword.iskeyword(module) else "would be taken for a test"
        raise InvalidInput(Problem(f"{name!r} {what}", f"choose another name, as {_usable(f'my_{module}')}"))
    _check_free(kind, name, registry)


def _check_free(kind: str, name: str, registry: Registry) -> None:
    """Whether nothing else is called so."""
    from simlab.tables.schemas import TABLES

    taken = {other.casefold().replace("-", "_"): other for other in registry.names(kind)}
    other = taken.get(name.casefold().replace("-", "_"))
    if other is not None:
        entry = next(e for e in registry.entries if (e.kind, e.name) == (kind, other))
        fix = f"choose another name, as my_{name}; simlab plugins {other} says what that one is"
        raise InvalidInput(Problem(f"there is a {CALLED[kind]} called {other!r} already, in {entry.place}", fix))
    if kind == "criterion" and TABLES["responses"].means(name):
        what = f"{name!r} cannot be a criterion: it is a column of the responses table"
        raise InvalidInput(Problem(what, f"choose another name, as my_{name}"))


def _usable(name: str) -> str:
    """The well-formed name most like the given one."""
    parts = re.sub(r"\W+", "_", name).strip("_").removeprefix("test_").removesuffix("_test")
    return parts if re.match(r"[^\W\d]", parts) else f"my_{parts}".rstrip("_")
