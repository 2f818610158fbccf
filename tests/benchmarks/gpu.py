"""Every test and every measurement that needs a GPU, in one call of under ten minutes.

    python -m tests.benchmarks.gpu

Runs the tests that are skipped without CUDA, and the networks' speeds at four sizes on GPU and on one core in turns.
The last line is one JSON object. Where there is no GPU it says so, and nothing has been measured.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from functools import partial
from typing import Any

import numpy as np
import torch

from simlab.nets.pretraining import pretrain
from simlab.nets.sampling import generate
from simlab.nets.transformer import Transformer, TransformerConfig

TESTS = ("tests/nets/test_transformer.py", "tests/nets/test_policy.py")  # those with a test that needs a GPU
SIZES = {"small": (64, 2, 4), "large": (256, 8, 8), "512": (512, 8, 8), "1024": (1024, 12, 16)}
WORDS, PROMPT, RESPONSE, BATCH, STEPS, TURNS = 512, 8, 16, 256, 10, 3
END = 2  # never spoken: responses go on to their full length
SLOW = 256  # width beyond which one core is not asked, for the ten minutes' sake


def main() -> int:
    """Print what was found; 1 if a test failed."""
    if not torch.cuda.is_available():
        print(json.dumps({"measured": False, "why": "torch finds no GPU", "torch": torch.__version__}))
        return 0
    tests = subprocess.run([sys.executable, "-m", "pytest", "-q", "-n", "0", "-k", "gpu", *TESTS], check=False)
    speeds = {name: speed(*sizes) for name, sizes in SIZES.items()}
    found = {"measured": True, "gpu": torch.cuda.get_device_name(), "torch": torch.__version__}
    print(json.dumps({**found, "tests_passed": tests.returncode == 0, "speeds": speeds}))
    return int(tests.returncode != 0)


def speed(width: int, layers: int, heads: int) -> dict[str, Any]:
    """Tokens a second [median of turns] by what is done and where."""
    rng = np.random.default_rng(0)
    config = TransformerConfig(vocab=WORDS, width=width, layers=layers, heads=heads, context=PROMPT + RESPONSE)
    data = rng.integers(4, WORDS, (BATCH, PROMPT + RESPONSE))
    draws = rng.random((BATCH, RESPONSE))
    taken: dict[str, list[float]] = {}
    for turn in range(TURNS + 1):
        for device in ("cuda", "cpu") if width <= SLOW else ("cuda",):
            model = Transformer(config, torch.Generator().manual_seed(0)).to(device)
            train = partial(pretrain, config, data, steps=STEPS, batch=BATCH, seed=0, start=model, device=device)
            say = partial(generate, model, data[:, :PROMPT], draws, end=END)
            work = {"pretraining": (train, STEPS * data.size), "generation": (say, draws.size)}
            for name, (call, tokens) in work.items():
                seconds = timed(call, device)
                if turn:  # the first warms up
                    taken.setdefault(f"{name} on {device}", []).append(tokens / seconds)
    return {name: statistics.median(speeds) for name, speeds in taken.items()}


def timed(call: Any, device: str) -> float:
    """Wall seconds of a call, its work on the GPU included."""
    began = time.perf_counter()
    call()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
