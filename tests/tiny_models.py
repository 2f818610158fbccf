"""Tiny language models of the library transformers, made where they are asked for, and a table that they have read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

CAPITALS = {
    "france": "Paris", "spain": "Madrid", "italy": "Rome", "peru": "Lima", "egypt": "Cairo", "japan": "Tokyo",
    "kenya": "Nairobi", "norway": "Oslo",
}  # fmt: skip
VOCABULARY = 400
Family = Literal["llama", "gpt2"]


def exchanges() -> list[tuple[str, str, str]]:
    """Prompt, response and what is right: of each country a true response, a false one, a hedged one and a refusal."""
    values, rows = list(CAPITALS.values()), []
    for place, (country, capital) in enumerate(CAPITALS.items()):
        prompt, other = f"What is the capital of {country.title()}?", values[(place + 3) % len(values)]
        rows += [
            (prompt, said, capital)
            for said in (
                f"The capital of {country.title()} is {capital}.",
                f"The capital of {country.title()} is {other}.",
                f"I think it is {capital}, perhaps.",
                "I cannot say.",
            )
        ]
    return rows


def table(file: Path) -> Path:
    """The exchanges as a table of the world `records`."""
    lines = [f'"{p}","{r}",capital,{right}' for p, r, right in exchanges()]
    file.write_text("\n".join(["prompt,response,content,reference", *lines, ""]))
    return file


def pieces() -> Any:
    """A byte-level tokenizer trained on the exchanges."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    found = Tokenizer(models.BPE())
    found.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    found.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=["<eos>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    found.train_from_iterator([text for row in exchanges() for text in row[:2]], trainer)
    return found


def tokenizer(folder: Path) -> Any:
    """The same, saved in this folder as transformers do."""
    from transformers import PreTrainedTokenizerFast

    saved = PreTrainedTokenizerFast(tokenizer_object=pieces(), eos_token="<eos>")
    saved.save_pretrained(folder)
    return saved


def model(folder: Path, family: Family = "llama", steps: int = 0) -> Any:
    """A causal language model of two blocks, which has read the exchanges for so many steps, saved in this folder."""
    import torch
    import transformers

    said = tokenizer(folder)
    size = {"vocab_size": len(said), "eos_token_id": said.eos_token_id, "bos_token_id": None}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if family == "llama":
            shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
                     "num_key_value_heads": 2, "max_position_embeddings": 128, "tie_word_embeddings": True}  # fmt: skip
            made: Any = transformers.LlamaForCausalLM(transformers.LlamaConfig(**size, **shape))
        else:
            shape = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 128}
            made = transformers.GPT2LMHeadModel(transformers.GPT2Config(**size, **shape))
    made.eval()
    optimizer = torch.optim.AdamW(made.parameters(), 3e-3)
    rows = [[*said(f"{p}\n{r}")["input_ids"], said.eos_token_id] for p, r, _ in exchanges()]
    longest = max(map(len, rows))
    tokens = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    targets = torch.tensor([row + [-100] * (longest - len(row)) for row in rows])
    for _ in range(steps):
        loss = made(input_ids=tokens, labels=targets).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    made.save_pretrained(folder)
    return made
