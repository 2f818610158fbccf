"""Our speed and that of TRL's trainers, in turns in one process, one thread, CPU time.

    python -m venv /somewhere && /somewhere/bin/pip install "trl==1.9.2" -e .
    OMP_NUM_THREADS=1 /somewhere/bin/python -m tests.benchmarks.vs_trl [--parts ppo rollout reward_model …] [--repeat 7]

TRL 1.9.2 is the last with PPO. The last line is one JSON object: `ours` and `trl` are raw speeds (higher is better:
responses, tokens, pairs a second, and 1/seconds to the optimum), `ratios` the medians over turns of ours ÷ TRL's under
the same keys, `share_of_peak` which share of a bare 2048³ float32 product's speed a side reaches, and `more` everything
else that was measured. Before the last line, the same for people, each ratio with the least and the most.

All networks: V=512 words, width 64, 2 layers, 4 heads; prompts of 8 and responses of 16 tokens, 256 at a time; float32,
ReLU (GPT-2's default gelu_new costs TRL more), no dropout, no gradient checkpointing, AdamW. Floating-point operations
count the matrix products (weights only, no attention) that the method needs, so a share says how much of the machine a
side uses, whatever it computes beside.

- ppo_equal_work   both have a value trunk of their own, a one-trunk reward model, 4 epochs, minibatches of 64, 16
                   optimizer steps a rollout. What still differs: TRL compares all 24 positions with the dictionary, we
                   the 16 of the response; TRL computes an entropy for its log.
- ppo              each as its users run it (TRL: 4 epochs, one minibatch, sampling in 64s, gelu_new; we: 2 epochs,
                   minibatches of 64, shared trunk, our own reward model of two trunks).
- rollout          tokens sampled with a KV cache, TRL's 256 at once; in `more` also its default of 64.
- reward_model     pairs a second of `fit` and of `RewardTrainer`, equal work: the same trunk and one number out, 64
                   pairs a step, three epochs. In `more`, with the frozen trunk's log-probabilities, our default.
- pretraining      tokens a second of `pretrain`, of transformers' `Trainer`, and of a bare torch loop.
- time_to_optimum  seconds until KL(π‖π*) < 0.01 nats, exactly, averaged over prompts, in a game of one-token responses
                   where π* ∝ π_ref·exp(r/β) is known; both start from the same weights. Each side tries the same
                   settings, once, and its best three again with other seeds.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
import itertools
import json
import logging
import os
import random
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from datasets import Dataset  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402
from tokenizers.models import WordLevel  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from transformers import (  # noqa: E402
    GPT2Config,
    GPT2ForSequenceClassification,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    TrainerCallback,
)
from transformers.trainer_callback import PrinterCallback, ProgressCallback  # noqa: E402
from trl import RewardConfig, RewardTrainer  # noqa: E402
from trl.experimental.ppo import PPOConfig as TRLConfig  # noqa: E402
from trl.experimental.ppo import PPOTrainer  # noqa: E402
from trl.experimental.ppo.ppo_trainer import batch_generation  # noqa: E402

import simlab.nets.policy as simlab_policy  # noqa: E402
from simlab.nets.blocks import blank_linear  # noqa: E402
from simlab.nets.closed_form import tilted  # noqa: E402
from simlab.nets.optimizer import adamw  # noqa: E402
from simlab.nets.policy import PPOConfig, ppo  # noqa: E402
from simlab.nets.preference import RewardModel, fit  # noqa: E402
from simlab.nets.pretraining import pretrain  # noqa: E402
from simlab.nets.sampling import Speech, generate  # noqa: E402
from simlab.nets.transformer import Transformer, TransformerConfig, read_exchanges  # noqa: E402

V, WIDTH, LAYERS, HEADS = 512, 64, 2, 4
PROMPT, RESPONSE, BATCH = 8, 16, 256
NEVER = 2  # a token that is never spoken: responses go on to their full length
CONFIG = TransformerConfig(vocab=V, width=WIDTH, layers=LAYERS, heads=HEADS, context=PROMPT + RESPONSE)
TRUNK = 2 * 12 * WIDTH * WIDTH * LAYERS  # FLOP of one token forward through the blocks
WORDS = 2 * V * WIDTH  # FLOP of one comparison with the dictionary
clock = time.process_time
Times = dict[str, list[float]]


# ---- common ------------------------------------------------------------------------------------------------------


def peak() -> float:
    """FLOP/s of a 2048³ float32 product."""
    a, b = torch.ones(2048, 2048), torch.ones(2048, 2048)
    began = clock()
    a @ b
    return 2 * 2048**3 / (clock() - began)


def turns(sides: dict[str, Callable[[], object]], repeat: int) -> tuple[Times, float]:
    """CPU seconds of each side, `repeat` times in turns after one to warm up; and the peak between them."""
    taken: Times = {name: [] for name in sides}
    peaks = []
    for turn in range(repeat + 1):
        for name, work in sides.items():
            began = clock()
            work()
            if turn:
                taken[name].append(clock() - began)
        peaks.append(peak())
    return taken, statistics.median(peaks)


def spread(numbers: list[float]) -> dict[str, float]:
    return {"median": statistics.median(numbers), "min": min(numbers), "max": max(numbers)}


def summary(taken: Times, count: float, flops: dict[str, float], top: float, ours: str = "simlab") -> dict[str, Any]:
    """Speeds (`count` a second), shares of the peak, and the ratios of one side's speed to every other's."""
    out: dict[str, Any] = {"peak_gflops": top / 1e9, "speed": {}, "share": {}, "ratio": {}}
    for name, seconds in taken.items():
        out["speed"][name] = spread([count / s for s in seconds])
        if name in flops:
            out["share"][name] = flops[name] / statistics.median(seconds) / top
    for name, seconds in taken.items():
        if name != ours:
            out["ratio"][f"{ours} / {name}"] = spread([b / a for a, b in zip(taken[ours], seconds, strict=True)])
    return out


def told(part: str, found: dict[str, Any]) -> dict[str, Any]:
    """Print a part for people; returns it."""
    for name, ratio in found.get("ratio", {}).items():
        print(f"{part:12s} {name:44s} {ratio['median']:6.2f}  [{ratio['min']:.2f}, {ratio['max']:.2f}]", flush=True)
    for name, speed in found.get("speed", {}).items():
        share = found["share"].get(name)
        said = "" if share is None else f"  {100 * share:4.1f} % of peak"
        print(f"{part:12s}   {name:42s} {speed['median']:10.0f}/s{said}", flush=True)
    return found


@contextlib.contextmanager
def silence() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


# ---- the other side's networks -------------------------------------------------------------------------------------


def gpt2_config(**options: Any) -> GPT2Config:
    chosen = {"activation_function": "relu", **options}
    return GPT2Config(
        vocab_size=V, n_positions=PROMPT + RESPONSE, n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS, resid_pdrop=0.0,
        embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=None, eos_token_id=None, pad_token_id=0, **chosen,
    )  # fmt: skip


def as_gpt2(model: Transformer, kind: type = GPT2LMHeadModel, **options: Any) -> Any:
    """The same network as GPT-2 (simlab's transformer is one), with the same numbers."""
    made = kind(gpt2_config(**options))
    trunk = getattr(made, made.base_model_prefix)
    with torch.no_grad():
        trunk.wte.weight.copy_(model.words)
        trunk.wpe.weight.zero_()
        trunk.wpe.weight[: len(model.positions)].copy_(model.positions)
        for theirs, ours in zip(trunk.h, model.blocks, strict=True):
            for a, b in ((theirs.ln_1, ours.attention_norm), (theirs.ln_2, ours.mlp_norm)):
                a.weight.copy_(b.weight)
                a.bias.copy_(b.bias)
            for a, b in ((theirs.attn.c_attn, ours.attend), (theirs.attn.c_proj, ours.merge),
                         (theirs.mlp.c_fc, ours.up), (theirs.mlp.c_proj, ours.down)):  # fmt: skip
                a.weight.copy_(b.weight.T)
                a.bias.copy_(b.bias)
        trunk.ln_f.weight.copy_(model.norm.weight)
        trunk.ln_f.bias.copy_(model.norm.bias)
        if hasattr(made, "score"):
            made.score.weight.zero_()
    return made.eval()


def tokenizer() -> PreTrainedTokenizerFast:
    words = {f"w{number}": number for number in range(V)}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel(words, unk_token="w1")), pad_token="w0", eos_token="w2", unk_token="w1",
        padding_side="left",
    )  # fmt: skip


class Silent(TrainerCallback):  # type: ignore[misc]
    """A trainer must have some callback; this one does nothing."""


def quiet(trainer: Any) -> Any:
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)
    return trainer


def trl_ppo(
    policy: Any, reference: Any, value: Any, reward: Any, prompts: np.ndarray, folder: str,
    callbacks: list[TrainerCallback] | None = None, **options: Any,
) -> PPOTrainer:  # fmt: skip
    """A PPOTrainer for prompts [n, P] as they stand."""
    settings = {
        "output_dir": folder, "use_cpu": True, "report_to": "none", "disable_tqdm": True, "save_strategy": "no",
        "num_sample_generations": 0, "response_length": RESPONSE, "temperature": 1.0, "total_episodes": len(prompts),
        "per_device_train_batch_size": BATCH, "gradient_accumulation_steps": 1, "bf16": False, "logging_steps": 1,
        "gradient_checkpointing": False, "learning_rate": 3e-4, **options,
    }  # fmt: skip
    data = Dataset.from_dict({"input_ids": prompts.tolist()})
    with silence():
        return quiet(
            PPOTrainer(
                TRLConfig(**settings), tokenizer(), policy, reference, reward, data, value, eval_dataset=data,
                callbacks=callbacks,
            )
        )  # fmt: skip


# ---- PPO ---------------------------------------------------------------------------------------------------------


def leash(beta: float) -> Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]:
    """TRL's reward: the score at the last token, less β times the log-ratio at each."""

    def shape(score: Tensor, logp: Tensor, logp_ref: Tensor, mask: Tensor) -> Tensor:
        last = mask.sum(1, keepdim=True) - 1
        return (-beta * (logp - logp_ref) * mask).scatter_add(1, last, score[:, None])

    return shape


class OwnTrunk(nn.Module):
    """A value model with a trunk of its own, as TRL has; it reads what the policy has just read or said."""

    def __init__(self, trunk: Transformer) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = nn.Linear(WIDTH, 1)
        self.read: tuple[Tensor, Tensor]

    def forward(self, before: Tensor) -> Tensor:
        found: Tensor = self.head(read_exchanges(self.trunk, *self.read)[0])
        return found


@contextlib.contextmanager
def overheard(value: OwnTrunk) -> Iterator[None]:
    """While this lasts, `value` is the critic of our PPO, and knows which exchanges that reads."""
    reads, says, heads = simlab_policy.read_exchanges, simlab_policy.speak, simlab_policy.value_head

    def reading(model: Transformer, prompts: Tensor, responses: Tensor) -> tuple[Tensor, Tensor]:
        value.read = prompts, responses
        return reads(model, prompts, responses)

    def saying(model: Transformer, prompts: Tensor, draws: Tensor, **options: Any) -> Speech:
        said = says(model, prompts, draws, **options)
        value.read = prompts, said.responses
        return said

    simlab_policy.read_exchanges, simlab_policy.speak = reading, saying
    simlab_policy.value_head = lambda *given: value  # type: ignore[assignment,return-value]
    try:
        yield
    finally:
        simlab_policy.read_exchanges, simlab_policy.speak, simlab_policy.value_head = reads, says, heads


def bench_ppo(repeat: int, folder: str) -> dict[str, Any]:
    """Samples a second through sampling, scoring and updates."""
    rounds, rng = 3, np.random.default_rng(0)
    prompts = rng.integers(4, V, (rounds * BATCH, PROMPT))
    draws = rng.random((rounds, BATCH, RESPONSE))
    asked = prompts.reshape(rounds, BATCH, PROMPT)

    def model() -> Transformer:
        return Transformer(CONFIG, torch.Generator().manual_seed(0))

    policy, reference, judge, value = model(), model(), model(), OwnTrunk(model())
    head = blank_linear(WIDTH, 1)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)

    @torch.no_grad()
    def score(prompts: Tensor, responses: Tensor) -> Tensor:
        found: Tensor = head(read_exchanges(judge, prompts, responses)[1][:, -1])[:, 0]
        return found

    def equal() -> None:
        config = PPOConfig(iterations=rounds, epochs=4, minibatch=64, rate=3e-4)
        with overheard(value):
            ppo(policy, reference, score, leash(0.05), asked, draws, end=NEVER, seed=0, config=config)

    shared = model()
    own = RewardModel(reference, torch.Generator().manual_seed(0))

    def users() -> None:
        ppo(
            shared, reference, own.score, leash(0.05), asked, draws, end=NEVER, seed=0,
            config=PPOConfig(iterations=rounds),
        )  # fmt: skip

    def four() -> None:
        config = PPOConfig(iterations=rounds, epochs=4)
        ppo(shared, reference, own.score, leash(0.05), asked, draws, end=NEVER, seed=0, config=config)

    def trl(**options: Any) -> Callable[[], None]:
        activation = {"activation_function": options.pop("activation", "relu")}
        trainer = trl_ppo(
            as_gpt2(model(), **activation), as_gpt2(model(), **activation),
            as_gpt2(model(), GPT2ForSequenceClassification, num_labels=1, **activation),
            as_gpt2(model(), GPT2ForSequenceClassification, num_labels=1, **activation), prompts, folder, **options,
        )  # fmt: skip

        def run() -> None:
            with silence():
                trainer.train()

        return run

    sides = {
        "simlab": equal,
        "trl": trl(num_mini_batches=4, local_rollout_forward_batch_size=BATCH),
        "simlab as users run it": users,
        "simlab shared trunk, 4 epochs": four,
        "trl as users run it": trl(activation="gelu_new"),
    }
    tokens, both = PROMPT + RESPONSE, rounds * BATCH
    read, speak = tokens * TRUNK, RESPONSE * WORDS
    everywhere = read + tokens * WORDS
    # sampling; then reference, value and judge read; then forward and backward (3) of policy and value
    flops = {
        "simlab": both * (read + speak + (read + speak) + 2 * read + 4 * 3 * (2 * read + speak)),
        "trl": both * (read + speak + everywhere + 2 * read + 4 * 3 * (read + everywhere)),
        "simlab as users run it": both * (read + speak + 2 * (read + speak) + read + 2 * 3 * (read + speak)),
        "simlab shared trunk, 4 epochs": both * (read + speak + 2 * (read + speak) + read + 4 * 3 * (read + speak)),
        "trl as users run it": both * (read + speak + everywhere + 2 * read + 4 * 3 * (read + everywhere)),
    }
    taken, top = turns(sides, repeat)
    found = summary(taken, both, flops, top)
    pairs = zip(taken["simlab as users run it"], taken["trl as users run it"], strict=True)
    found["ratio"]["as users run it: simlab / trl"] = spread([b / a for a, b in pairs])
    pairs = zip(taken["simlab shared trunk, 4 epochs"], taken["trl"], strict=True)
    found["ratio"]["4 epochs, simlab's shared trunk / trl"] = spread([b / a for a, b in pairs])
    return told("ppo", found)


# ---- sampling ------------------------------------------------------------------------------------------------------


def bench_sampling(repeat: int, folder: str) -> dict[str, Any]:
    """Tokens a second."""
    rng = np.random.default_rng(0)
    prompts, draws = rng.integers(4, V, (BATCH, PROMPT)), rng.random((BATCH, RESPONSE))
    model = Transformer(CONFIG, torch.Generator().manual_seed(0))
    other, asked = as_gpt2(model), torch.as_tensor(prompts)
    config = transformers.GenerationConfig(
        max_new_tokens=RESPONSE, temperature=1.0, top_k=0, top_p=1.0, do_sample=True, pad_token_id=0
    )

    def theirs(batch: int) -> Callable[[], object]:
        return lambda: batch_generation(other, asked, batch, 0, config)

    @torch.no_grad()
    def plain() -> object:
        return other.generate(asked, attention_mask=torch.ones_like(asked), generation_config=config)

    sides = {
        "simlab": lambda: generate(model, prompts, draws, end=NEVER),
        "transformers generate": plain,
        "trl sampling, 256 at once": theirs(BATCH),
        "trl sampling, 64 at once": theirs(64),
    }
    flops = BATCH * ((PROMPT + RESPONSE - 1) * TRUNK + RESPONSE * WORDS)
    taken, top = turns(sides, repeat)
    return told("rollout", summary(taken, BATCH * RESPONSE, dict.fromkeys(sides, float(flops)), top))


# ---- a reward model ----------------------------------------------------------------------------------------------


def bench_reward(repeat: int, folder: str) -> dict[str, Any]:
    """Pairs a second, over three epochs, which is the default of both; and in simlab's steps alone."""
    pairs, epochs, rng = 1024, 3, np.random.default_rng(0)
    prompts, said = rng.integers(4, V, (pairs, PROMPT)), rng.integers(4, V, (pairs, 2, RESPONSE))
    base = Transformer(CONFIG, torch.Generator().manual_seed(0))
    whole = np.concatenate([np.repeat(prompts[:, None], 2, 1), said], axis=2)
    data = Dataset.from_dict({"chosen_ids": whole[:, 0].tolist(), "rejected_ids": whole[:, 1].tolist()})
    settings = RewardConfig(
        output_dir=folder, use_cpu=True, report_to="none", disable_tqdm=True, save_strategy="no", bf16=False,
        gradient_checkpointing=False, per_device_train_batch_size=64, num_train_epochs=epochs, logging_steps=1000,
        max_length=None, dataloader_pin_memory=False,
    )  # fmt: skip
    with silence():
        trainer = quiet(
            RewardTrainer(
                as_gpt2(base, GPT2ForSequenceClassification, num_labels=1), settings, train_dataset=data,
                processing_class=tokenizer(),
            )
        )  # fmt: skip

    def theirs() -> None:
        with silence():
            trainer.train()

    def ours(log_probability: bool) -> Callable[[], None]:
        def work() -> None:
            model = RewardModel(base, torch.Generator().manual_seed(0), log_probability=log_probability)
            fit(model, prompts, said, np.ones((pairs, 1), dtype=np.int64), epochs=epochs, seed=0)

        return work

    read = 2 * pairs * (PROMPT + RESPONSE) * TRUNK
    flops = {"simlab": 3.0 * epochs * read, "trl": 3.0 * epochs * read}
    flops["simlab with log-probabilities"] = (3.0 * epochs + 1) * read + 2 * pairs * RESPONSE * WORDS
    sides = {"simlab": ours(False), "trl": theirs, "simlab with log-probabilities": ours(True)}
    taken, top = turns(sides, repeat)
    found = summary(taken, epochs * pairs, flops, top)
    pairs_of = zip(taken["simlab with log-probabilities"], taken["trl"], strict=True)
    found["ratio"]["with log-probabilities / trl"] = spread([b / a for a, b in pairs_of])
    return told("reward_model", found)


# ---- pretraining -------------------------------------------------------------------------------------------------


class Bare(nn.Module):
    """The same network in the fewest calls."""

    def __init__(self) -> None:
        super().__init__()
        model = Transformer(CONFIG, torch.Generator().manual_seed(0))
        self.words, self.positions = nn.Parameter(model.words.data), nn.Parameter(model.positions.data)
        self.blocks, self.norm = model.blocks, model.norm

    def forward(self, tokens: Tensor) -> Tensor:
        b, t = tokens.shape
        x = self.words[tokens] + self.positions[:t]
        for block in self.blocks:
            q, k, v = block.attend(block.attention_norm(x)).view(b, t, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + block.merge(y.transpose(1, 2).reshape(b, t, WIDTH))
            x = x + block.down(F.relu(block.up(block.mlp_norm(x))))
        out: Tensor = self.norm(x) @ self.words.T
        return out


def bench_pretraining(repeat: int, folder: str) -> dict[str, Any]:
    """Tokens a second, 128 sequences a step."""
    steps, batch, rng = 12, 128, np.random.default_rng(0)
    data = rng.integers(4, V, (steps * batch, PROMPT + RESPONSE))
    start = Transformer(CONFIG, torch.Generator().manual_seed(0))
    rows = Dataset.from_dict({"input_ids": data.tolist(), "labels": data.tolist()}).with_format("torch")
    settings = transformers.TrainingArguments(
        output_dir=folder, use_cpu=True, report_to="none", disable_tqdm=True, save_strategy="no", max_steps=steps,
        per_device_train_batch_size=batch, logging_steps=1000, dataloader_pin_memory=False, learning_rate=1e-4,
    )  # fmt: skip
    with silence():
        trainer = quiet(transformers.Trainer(as_gpt2(start), settings, train_dataset=rows))

    def theirs() -> None:
        with silence():
            trainer.train()

    bare = Bare()
    optimizer, tensor = adamw(bare.parameters(), 1e-4), torch.as_tensor(data)

    def loop() -> None:
        for tokens in tensor.split(batch):
            logits = bare(tokens[:, :-1])
            loss = F.cross_entropy(logits.reshape(-1, V), tokens[:, 1:].reshape(-1))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(bare.parameters(), 1.0)
            optimizer.step()

    def ours() -> None:
        pretrain(CONFIG, data, steps=steps, batch=batch, rate=1e-4, seed=0, start=start)

    tokens = data.size
    sides = {"simlab": ours, "transformers Trainer": theirs, "bare torch loop": loop}
    taken, top = turns(sides, repeat)
    return told("pretraining", summary(taken, tokens, dict.fromkeys(sides, tokens * 3.0 * (TRUNK + WORDS)), top))


# ---- the time to the same policy -----------------------------------------------------------------------------------

QUESTIONS, ANSWERS, FIRST_QUESTION, FIRST_ANSWER, BETA, GOAL = 64, 256, 4, 256, 1.0, 0.01
FINALISTS = 3  # settings that are tried again with other seeds


class Arrived(Exception):
    """Training is over: the policy is near enough, or time is up."""


@dataclass
class Watch:
    """The CPU time of training, less that of looking; ends it at the goal or at the limit."""

    distance: Callable[[], float]
    limit: float
    spent: float = 0.0
    looks: int = 0
    nearest: float = float("inf")
    reached: bool = False
    since: float = 0.0

    def start(self) -> None:
        self.since = clock()

    def look(self) -> None:
        self.spent += clock() - self.since
        self.looks += 1
        found = self.distance()
        self.nearest = min(self.nearest, found)
        self.reached = found < GOAL
        if self.reached or self.spent > self.limit:
            raise Arrived
        self.since = clock()


class Looking(TrainerCallback):  # type: ignore[misc]
    """Looks after each of TRL's updates."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def on_step_end(self, *given: Any, **named: Any) -> None:
        self.watch.look()


class Table(nn.Module):
    """A reward model for TRL that knows the reward of each answer by heart."""

    base_model_prefix = "trunk"

    def __init__(self, reward: Tensor) -> None:
        super().__init__()
        self.reward, self.trunk, self.score = reward, self._read, nn.Identity()

    def _read(self, input_ids: Tensor, **named: Any) -> Any:
        return transformers.modeling_outputs.BaseModelOutput(hidden_states=(self.reward[input_ids][..., None],))


class Game:
    """64 questions, 256 answers of one word, a reward for each word; both sides start from the same language model."""

    def __init__(self) -> None:
        rng = np.random.default_rng(7)
        leaning = rng.normal(size=ANSWERS) + 0.7 * rng.normal(size=(QUESTIONS, ANSWERS))
        chance = np.exp(leaning) / np.exp(leaning).sum(1, keepdims=True)
        asked = rng.integers(QUESTIONS, size=20_000)
        answers = np.array([rng.choice(ANSWERS, p=chance[q]) for q in asked])
        corpus = np.stack([np.ones_like(asked), FIRST_QUESTION + asked, 0 * asked + 2, FIRST_ANSWER + answers], 1)
        self.reference, _ = pretrain(CONFIG, corpus, steps=300, batch=256, rate=3e-3, seed=0)
        self.reward = torch.full((V,), -3.0)  # of whatever is no answer
        self.reward[FIRST_ANSWER:] = torch.as_tensor(rng.normal(size=ANSWERS), dtype=torch.float32)
        self.prompts = np.stack([np.ones(QUESTIONS), FIRST_QUESTION + np.arange(QUESTIONS), np.full(QUESTIONS, 2)], 1)
        self.prompts = self.prompts.astype(np.int64)
        before = self.log_policy(lambda tokens: self.reference.logits(self.reference(tokens)))
        self.best = np.stack([tilted(row, self.reward[3:].numpy(), BETA) for row in before])
        self.start = self.far(before)

    def log_policy(self, logits: Callable[[Tensor], Tensor]) -> np.ndarray:
        """log π [questions, words that can be said]."""
        with torch.no_grad():
            return logits(torch.as_tensor(self.prompts))[:, -1, 3:].double().log_softmax(1).numpy()

    def far(self, log_policy: np.ndarray) -> float:
        """KL(π‖π*), averaged over questions."""
        return float((np.exp(log_policy) * (log_policy - self.best)).sum(1).mean())

    def simlab(
        self, seed: int, limit: float, rate: float, epochs: int, iterations: int, batch: int, minibatch: int
    ) -> Watch:
        policy = copy.deepcopy(self.reference)
        watch = Watch(lambda: self.far(self.log_policy(lambda tokens: policy.logits(policy(tokens)))), limit)
        rng = np.random.default_rng(seed)
        asked = self.prompts[rng.integers(QUESTIONS, size=(iterations, batch))]
        config = PPOConfig(
            iterations=iterations, batch=batch, epochs=epochs, minibatch=min(minibatch, batch), rate=rate,
            score_clip=float("inf"),
        )  # fmt: skip
        watch.start()
        with contextlib.suppress(Arrived):
            ppo(
                policy, self.reference, lambda prompts, said: self.reward[said[:, 0]], leash(BETA), asked,
                rng.random((iterations, batch, 1)), end=NEVER, seed=seed, config=config,
                progress=lambda done, total: watch.look(),
            )  # fmt: skip
        return watch

    def trl(
        self, seed: int, limit: float, rate: float, epochs: int, iterations: int, batch: int, minibatch: int
    ) -> Watch:
        policy, value = as_gpt2(self.reference), as_gpt2(self.reference, GPT2ForSequenceClassification, num_labels=1)
        watch = Watch(lambda: self.far(self.log_policy(lambda tokens: policy(tokens).logits)), limit)
        asked = self.prompts[np.random.default_rng(seed).integers(QUESTIONS, size=iterations * batch)]
        with tempfile.TemporaryDirectory() as folder:
            trainer = trl_ppo(
                policy, as_gpt2(self.reference), value, Table(self.reward), asked, folder, [Looking(watch)],
                response_length=1, learning_rate=rate, num_ppo_epochs=epochs, per_device_train_batch_size=batch,
                num_mini_batches=max(1, batch // minibatch), local_rollout_forward_batch_size=batch, kl_coef=BETA,
                seed=seed,
            )  # fmt: skip
            watch.start()
            with silence(), contextlib.suppress(Arrived):
                trainer.train()
        return watch

    def exact(self, rate: float) -> Watch:
        """A bound: descent on KL(π‖π*) itself, which only somebody who knows π* can do."""
        policy, asked = copy.deepcopy(self.reference), torch.as_tensor(self.prompts)
        watch = Watch(lambda: self.far(self.log_policy(lambda tokens: policy.logits(policy(tokens)))), 10.0)
        best, optimizer = torch.as_tensor(self.best, dtype=torch.float32), adamw(policy.parameters(), rate)
        watch.start()
        with contextlib.suppress(Arrived):
            for _ in range(1000):
                logp = policy.logits(policy(asked)[:, -1])[:, 3:].log_softmax(1)
                loss = (logp.exp() * (logp - best)).sum(1).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                watch.look()
        return watch


def bench_policy(repeat: int, folder: str, tries: int = 24, limit: float = 120.0) -> dict[str, Any]:
    """CPU seconds to KL(π‖π*) < 0.01; the `limit` where a side does not arrive, so that its speed is a bound."""
    game = Game()
    theirs = as_gpt2(game.reference)
    apart = abs(
        theirs(torch.as_tensor(game.prompts)).logits
        - game.reference.logits(game.reference(torch.as_tensor(game.prompts)))
    ).max()
    assert float(apart.detach()) < 1e-4, "both sides must start from the same model"
    grid = list(itertools.product((3e-4, 1e-3, 3e-3), (1, 2, 4), (10, 20, 40, 80), (256, 1024), (64, 256)))
    names = ("rate", "epochs", "iterations", "batch", "minibatch")
    chosen = [dict(zip(names, one, strict=True)) for one in random.Random(0).sample(grid, tries)]
    sides: dict[str, Callable[..., Watch]] = {"simlab": game.simlab, "trl": game.trl}
    for run in sides.values():
        run(99, 1.0, **chosen[0])
    finalists = {name: tuned(run, chosen, limit) for name, run in sides.items()}
    again: dict[str, list[list[Watch]]] = {name: [[] for _ in found] for name, found in finalists.items()}
    for seed in range(1, repeat + 1):
        for place in range(FINALISTS):
            for name, run in sides.items():
                if place < len(finalists[name]):
                    again[name][place].append(run(seed, limit, **finalists[name][place][1]))
    out: dict[str, Any] = {"kl_at_the_start": game.start, "tries": tries, "limit": limit, "share": {}, "best": {}}
    times: Times = {}
    for name, found in finalists.items():
        if not found:
            times[name], out["best"][name] = [limit] * repeat, {"reached": 0, "of": 0}
            continue
        spent = [[w.spent if w.reached else limit for w in runs] for runs in again[name]]
        best = min(range(len(spent)), key=lambda place: statistics.median(spent[place]))
        runs, times[name] = again[name][best], spent[best]
        out["best"][name] = {
            **found[best][1], "reached": sum(w.reached for w in runs), "of": len(runs), "seconds": spread(times[name]),
            "iterations_used": [w.looks for w in runs], "nearest": [w.nearest for w in runs],
        }  # fmt: skip
    out["speed"] = {name: spread([1 / s for s in seconds]) for name, seconds in times.items()}
    out["exact_gradient_seconds"] = min(w.spent for w in (game.exact(r) for r in (1e-3, 3e-3, 1e-2)) if w.reached)
    ratios = [b / a for a, b in zip(times["simlab"], times["trl"], strict=True)]
    out["ratio"] = {"time to the same policy: trl / simlab": spread(ratios)}
    print(json.dumps(out["best"], indent=1), "exact gradient:", out["exact_gradient_seconds"])
    return told("time_to_optimum", out)


def tuned(run: Callable[..., Watch], chosen: list[dict[str, Any]], limit: float) -> list[tuple[Watch, dict[str, Any]]]:
    """The settings that arrive first, best first. Who takes longer than the last of these so far is not waited for."""
    found: list[tuple[Watch, dict[str, Any]]] = []
    for settings in chosen:
        watch = run(0, found[-1][0].spent if len(found) == FINALISTS else limit, **settings)
        if watch.reached:
            found = sorted([*found, (watch, settings)], key=lambda one: one[0].spent)[:FINALISTS]
    return found


PARTS: dict[str, Callable[[int, str], dict[str, Any]]] = {
    "ppo": bench_ppo, "rollout": bench_sampling, "reward_model": bench_reward, "pretraining": bench_pretraining,
    "time_to_optimum": bench_policy,
}  # fmt: skip
KEYS = {  # by key of the last line: the part it is of, our side, TRL's
    "ppo_equal_work": ("ppo", "simlab", "trl"),
    "ppo": ("ppo", "simlab as users run it", "trl as users run it"),
    "rollout": ("rollout", "simlab", "trl sampling, 256 at once"),
    "reward_model": ("reward_model", "simlab", "trl"),
    "pretraining": ("pretraining", "simlab", "transformers Trainer"),
    "time_to_optimum": ("time_to_optimum", "simlab", "trl"),
}


def told_in_short(found: dict[str, Any]) -> dict[str, Any]:
    """The last line: speeds, ratios and shares under the keys that others read."""
    out: dict[str, Any] = {"ours": {}, "trl": {}, "ratios": {}, "share_of_peak": {}}
    for key, (part, ours, theirs) in KEYS.items():
        if part not in found:
            continue
        ratios, speed, share = (found[part][name] for name in ("ratio", "speed", "share"))
        told_as = (f"{ours} / {theirs}", "as users run it: simlab / trl", "time to the same policy: trl / simlab")
        out["ours"][key], out["trl"][key] = speed[ours]["median"], speed[theirs]["median"]
        ratio = next(ratios[name] for name in told_as if name in ratios and (name != told_as[1] or key == "ppo"))
        out["ratios"][key] = ratio["median"]
        out["share_of_peak"][key] = {
            side: share[name] for side, name in (("ours", ours), ("trl", theirs)) if name in share
        }
    return {**out, "more": found}


def main() -> None:
    """Measure the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--repeat", type=int, default=7, help="turns of each side")
    given = parser.parse_args()
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    transformers.logging.set_verbosity_error()
    found: dict[str, Any] = {"torch": torch.__version__, "transformers": transformers.__version__}
    for part in given.parts:
        with tempfile.TemporaryDirectory() as folder:
            found[part] = PARTS[part](given.repeat, folder)
    print(json.dumps(told_in_short(found)))


if __name__ == "__main__":
    sys.exit(main())
