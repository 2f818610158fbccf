"""How long the networks take on one core, beside the matrix products alone.

Run as `python tests/benchmarks/bench_nets.py [--steps N]`. The language is made up, of the almanac's size: 450 words,
dialogues of about 22 tokens. `bare` is the time the same matrix products (Kaplan et al.'s count) would take as
single calls of torch.mm in the shapes of the MLP: nothing can be faster, and the ratio is what everything else costs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray

from simlab.nets.policy import PPOConfig, ppo
from simlab.nets.preference import RewardModel, fit
from simlab.nets.pretraining import pretrain
from simlab.nets.sampling import generate
from simlab.nets.sizes import TransformerConfig, flops_per_token
from simlab.nets.transformer import Transformer

START, SEP, END = 1, 2, 3
CONFIG = TransformerConfig(vocab=450)
RESPONSE = 14  # longest, in tokens


def corpus(rows: int, seed: int = 0) -> NDArray[np.int64]:
    """`<start> 9 words <sep> 6…12 words <end>`; each place in a dialogue has its own twenty words."""
    rng = np.random.default_rng(seed)
    out = np.zeros((rows, 24), dtype=np.int64)
    for row in out:
        words = [4 + 20 * place + int(rng.integers(20)) for place in range(9 + int(rng.integers(6, 13)))]
        text = [START, *words[:9], SEP, *words[9:], END]
        row[: len(text)] = text
    return out


def gemm_speed() -> float:
    """FLOP/s of torch.mm on 2,300 tokens through the MLP's first matrix."""
    a, b, out = torch.ones(2300, CONFIG.width), torch.ones(CONFIG.width, 4 * CONFIG.width), torch.empty(0)
    best = min(timed(lambda: torch.mm(a, b, out=out)) for _ in range(500))
    return 2 * a.numel() * b.shape[1] / best


def timed(work: Callable[[], object]) -> float:
    """Seconds of wall time."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def report(name: str, seconds: float, goal: float, flops: float, speed: float) -> None:
    """One line: seconds, the goal, and the ratio to the bare matrix products."""
    bare = flops / speed
    print(
        f"{name:42s} {seconds:7.2f} s  goal {goal:4.0f} s  bare {bare:6.2f} s  ratio {seconds / bare:5.2f}", flush=True
    )


def leash(score: torch.Tensor, logp: torch.Tensor, logp_ref: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The score at the end less a penalty for leaving the reference."""
    return (-0.2 * (logp - logp_ref) * mask).scatter_add(1, mask.sum(1, keepdim=True) - 1, score[:, None])


def main(steps: int) -> None:
    """Time pretraining, sampling, a reward model and PPO."""
    torch.set_num_threads(1)
    speed, rng = gemm_speed(), np.random.default_rng(1)
    print(f"torch {torch.__version__}, one thread, matrix products at {speed / 1e9:.0f} GFLOP/s")
    training, reading = flops_per_token(CONFIG), flops_per_token(CONFIG, training=False)
    data = corpus(4000)
    length = float((data != 0).sum(1).mean())
    model: list[Transformer] = []
    pretrain(CONFIG, data, steps=40, seed=0)  # the first second in a process is torch finding its memory and kernels
    taken = timed(lambda: model.append(pretrain(CONFIG, data, steps=steps, seed=0)[0]))
    report(f"pretrain 600 x 128 (from {steps} steps)", taken * 600 / steps, 30, 600 * 128 * length * training, speed)

    language_model, prompts = model[0], data[:, :11]
    taken = timed(lambda: generate(language_model, prompts[:1200], rng.random((1200, RESPONSE)), end=END))
    report("generate 1200 responses", taken, 1, 1200 * length * reading, speed)

    said = generate(language_model, prompts[:512].repeat(4, 0), rng.random((2048, RESPONSE)), end=END).numpy()
    tokens = 11 * len(said) + float((said != 0).sum())
    labels = rng.integers(0, 3, (512, len(list(combinations(range(4), 2)))))
    judge = RewardModel(language_model, torch.Generator().manual_seed(0))
    taken = timed(lambda: fit(judge, prompts[:512], said.reshape(512, 4, -1), labels, seed=0))
    report("reward model 512 rankings of 4, 3 epochs", taken, 8, tokens * (3 * training + 2 * reading), speed)

    settings, total = PPOConfig(), 12 * 256
    asked, draws = prompts[:total].reshape(12, 256, -1), rng.random((12, 256, RESPONSE))
    policy = pretrain(CONFIG, data, steps=1, seed=0)[0]
    policy.load_state_dict(language_model.state_dict())
    taken = timed(
        lambda: ppo(policy, language_model, judge.score, leash, asked, draws, end=END, seed=0, config=settings)
    )
    per_response = tokens / len(said)
    # two epochs of updates; read by sampling, policy, reference and twice by the reward model
    report("PPO 12 x 256", taken, 8, total * per_response * (2 * training + 5 * reading), speed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100, help="pretraining steps to time")
    main(parser.parse_args().steps)
