"""What networks are computed on: a GPU that is not there is refused, in worlds without networks, too."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import simlab
from simlab.errors import InvalidInput

SCENARIOS = Path(__file__).parent.parent / "scenarios"
alone = pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")


@alone
@pytest.mark.parametrize("name", ["00_gaussian", "01_first"])
def test_a_gpu_that_is_not_there_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="torch finds no GPU"):
        simlab.run(SCENARIOS / f"{name}.yaml", small=True, overrides=["device=cuda"], out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@alone
def test_without_a_gpu_the_benchmark_says_that_nothing_was_measured() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.gpu"], capture_output=True, text=True, check=True,
        cwd=SCENARIOS.parent,
    )  # fmt: skip
    assert json.loads(done.stdout.strip().splitlines()[-1])["measured"] is False
