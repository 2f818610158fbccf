"""TRL itself reads the export: its trainers take the file as it is, and make a step with it.

Needs `pip install 'simlab[trl]'`; skipped where TRL is missing. The models are made here, and nothing is downloaded.
"""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

import pytest

from simlab.runs.export import export
from tests.runs.test_export import made_up

MISSING = not all(importlib.util.find_spec(name) for name in ("trl", "datasets", "transformers"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(MISSING, reason="needs trl"),
    pytest.mark.filterwarnings("ignore"),  # of other people's code
]
WORDS = ["what", "is", "the", "capital", "of", "france", "?", "paris", ".", "rome", "you", "fool"]
SIZES = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 64}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a run exports, as TRL's documentation has it loaded."""
    from datasets import load_dataset

    place = tmp_path_factory.mktemp("trl")
    texts = ["the capital of france is paris .", "you fool .", "paris .", "rome .", "the capital is rome .", "paris ?"]
    file = export(made_up(place / "run", texts=texts * 2), "trl", place / "run-trl.jsonl")
    return load_dataset("json", data_files=str(file), split="train", cache_dir=str(place / "cache"))


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    names = ["<unk>", "<pad>", "<bos>", "<eos>", *WORDS]
    made = Tokenizer(models.WordLevel({name: i for i, name in enumerate(names)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    special = {"unk_token": "<unk>", "pad_token": "<pad>", "bos_token": "<bos>", "eos_token": "<eos>"}
    return PreTrainedTokenizerFast(tokenizer_object=made, **special)


def options(folder: Path) -> dict[str, Any]:
    """What one step on a processor takes."""
    return {
        "output_dir": str(folder), "max_steps": 1, "per_device_train_batch_size": 2, "use_cpu": True, "bf16": False,
        "report_to": [], "save_strategy": "no", "disable_tqdm": True, "gradient_checkpointing": False,
    }  # fmt: skip


def told(rows: Any, side: str, tokenizer: Any) -> list[list[int]]:
    """Prompt and response of every row as tokens, with a sign that it has ended. Words stay apart where they meet."""
    texts = [f"{row['prompt']} {row[side].strip()}" for row in rows]
    return [[*tokenizer(text).input_ids, tokenizer.eos_token_id] for text in texts]


def test_the_reward_trainer_learns_from_it(rows: Any, tokenizer: Any, tmp_path: Path) -> None:
    from transformers import LlamaConfig, LlamaForSequenceClassification
    from trl import RewardConfig, RewardTrainer

    model = LlamaForSequenceClassification(LlamaConfig(**SIZES, num_labels=1, pad_token_id=1))
    trainer = RewardTrainer(
        model=model, args=RewardConfig(**options(tmp_path)), train_dataset=rows, processing_class=tokenizer
    )
    assert [row["chosen_ids"] for row in trainer.train_dataset] == told(rows, "chosen", tokenizer)
    assert [row["rejected_ids"] for row in trainer.train_dataset] == told(rows, "rejected", tokenizer)
    assert math.isfinite(trainer.train().training_loss)
    assert trainer.state.global_step == 1


def test_the_dpo_trainer_learns_from_it(rows: Any, tokenizer: Any, tmp_path: Path) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM
    from trl import DPOConfig, DPOTrainer

    model, before = (LlamaForCausalLM(LlamaConfig(**SIZES, pad_token_id=1)) for _ in range(2))
    before.load_state_dict(model.state_dict())
    trainer = DPOTrainer(
        model=model, ref_model=before, args=DPOConfig(**options(tmp_path)), train_dataset=rows,
        processing_class=tokenizer,
    )  # fmt: skip
    asked = [row["prompt_ids"] for row in trainer.train_dataset]
    for side in ("chosen", "rejected"):
        answers = [row[f"{side}_ids"] for row in trainer.train_dataset]
        assert [one + other for one, other in zip(asked, answers, strict=True)] == told(rows, side, tokenizer)
    assert trainer.train().training_loss == pytest.approx(math.log(2), abs=1e-3)  # nothing is learnt before a step
    assert trainer.state.global_step == 1
