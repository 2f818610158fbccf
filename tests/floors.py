"""Whether simlab works with the least versions it asks for: `python -m tests.floors [FOLDER]`.

Makes an environment with exactly the versions of `floors.txt` (and the torch that is installed here, of which one
release is as good as another), installs simlab into it, and has it do a slice of everything: runs of either world,
what reads them, and the tests of what leans on libraries most. Takes minutes and a package index, so it is run by
hand, whenever a floor moves or a library is used in a new way; `test_packaging` holds pyproject.toml to the list.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
import venv
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parent.parent
LIST = Path(__file__).parent / "floors.txt"
# torch: see above; mesa, TRL, transformers and what checks do not run with simlab
UNTRIED = ("torch", "mesa", "ray", "trl", "transformers", "peft", "mypy", "ruff")
FIRST = [
    "run", "scenarios/01_first.yaml", "--small", "--set", "parties.lm.pretraining.steps=20",
    "--set", "relations.2.sample=60", "--set", "relations.3.consequence.learner.iterations=1",
]  # fmt: skip
TESTS = (
    "test_scenario.py", "test_bad_scenarios.py", "test_recorder.py", "test_runs.py", "test_content.py",
    "test_plugins.py", "calibration/test_reading.py", "measures/test_agreement.py",
)  # fmt: skip


def listed() -> dict[str, str]:
    """The versions that were tried, by name."""
    lines = [line for line in LIST.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {name: pinned for name, _, pinned in (line.partition("==") for line in lines)}


def declared() -> list[str]:
    """Every requirement of pyproject.toml, extras and the build's own among them."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = told["project"]["optional-dependencies"].values()
    every = [*told["project"]["dependencies"], *told["build-system"]["requires"], *(r for e in extras for r in e)]
    return sorted({requirement for requirement in every if not requirement.startswith("simlab[")})


def slice_of_everything(out: Path) -> Iterator[list[str]]:
    """Arguments of python, one call after another."""
    vectors, words = str(out / "vectors"), str(out / "words")
    for argv in (
        ["plugins"],
        ["schema"],
        ["describe", "scenarios/01_first.yaml"],
        ["try", "truthful"],
        ["run", "scenarios/00_gaussian.yaml", "--small", "--out", vectors],
        ["tables", vectors, "comparisons"],
        ["trace", vectors, "17"],
        ["verify", vectors],
        ["report", vectors],
        [*FIRST, "--out", words, "--log", f"tensorboard:{out / 'board'}"],
        ["next", words, "what is the capital of india ? | the capital"],
        ["theory", "--quick", "--only", "choice", "--only", "agreement"],
    ):
        yield ["-m", "simlab", *argv]
    yield ["-m", "pytest", "-q", "-p", "no:cacheprovider", *(str(Path("tests") / name) for name in TESTS)]


def main(folder: Path) -> int:
    """Try the floors in an environment made in `folder`; returns 1 if anything fails."""
    venv.create(folder / "venv", with_pip=True, clear=True)
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    environment = {**os.environ, "SIMLAB_CACHE": str(folder / "cache"), "PYTHONPATH": ""}
    torch = f"torch=={version('torch').partition('+')[0]}"
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    calls = [
        [*install, torch, "--requirement", str(LIST)],
        [*install, "--no-deps", "--no-build-isolation", str(ROOT)],
        *slice_of_everything(folder),
    ]
    for call in calls:
        done = subprocess.run(
            [str(python), *call], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        print("ok" if done.returncode == 0 else "FAILED", *call[1:6], flush=True)
        if done.returncode:
            print(done.stdout[-4000:], done.stderr[-4000:])
            return 1
    return 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else made)))
