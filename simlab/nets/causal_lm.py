"""A causal language model of the library `transformers`, behind the contract of `transformer.Transformer`.

What pretraining, rankings and rewards make of it is computed by the same functions: it reads tokens to vectors, says
which token comes next, remembers what it has read, and has parameters that learn. Only weights of the format
safetensors are read, from a folder, and no code of that folder is run. Knows nothing of simlab; `transformers` and,
where a low-rank adapter is asked for, `peft` are imported when a model is built.

Tokens are numbered from `FIRST` in the order of the model's own vocabulary; below it stand the five signs of the
games: padding, start, separator, end, unknown, of which the model knows the end only. Shapes: B sequences, T tokens,
d width, V = FIRST + the model's vocabulary.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .sizes import PretrainedConfig

__all__ = ["END", "FIRST", "CausalLM", "LoRA", "load"]

END, FIRST = 3, 5  # the token of the end; the number of the first token of the model's own


@dataclass(frozen=True, slots=True)
class LoRA:
    """A low-rank adapter: beside every linear layer of the blocks, an update (alpha/rank)·B·A of rank `rank`, the only
    thing that learns. A is drawn by the seed, B begins at 0. Source: Hu et al. 2021 (arXiv:2106.09685)."""

    rank: int
    alpha: int
    seed: int


class _Cache:
    """Keys and values of all blocks for the tokens read so far."""

    def __init__(self) -> None:
        from transformers import DynamicCache

        self.cache = DynamicCache()

    def keep(self, rows: Tensor) -> None:
        """Forget every sequence but these (True [B])."""
        self.cache.batch_select_indices(rows.nonzero()[:, 0])


class CausalLM(nn.Module):
    """Tokens in, vectors out, as `Transformer`; made of a model of `transformers` with a head over its vocabulary."""

    def __init__(self, model: Any, config: PretrainedConfig, lora: LoRA | None = None) -> None:
        super().__init__()
        self.config = config
        self.model = model.eval()  # never in a mode in which it drops anything
        asked = signature(type(model.base_model).forward).parameters
        self._cache = "cache" if "cache" in asked else "past_key_values"  # as it is called from version 5.24 on
        if lora is not None:
            _adapt(self.model, lora)
        self.learns = frozenset(n for n, p in self.named_parameters() if lora is None or "lora_" in n)
        self.requires_grad_(True)
        silent = torch.full((config.vocab,), 0.0)
        silent[list(config.unspoken)] = -torch.inf
        self.register_buffer("silent", silent, persistent=False)
        numbers = torch.arange(config.vocab) - FIRST
        numbers[:FIRST] = 0  # never read, but for the end
        numbers[END] = config.end
        self.register_buffer("numbers", numbers, persistent=False)
        self.silent: Tensor
        self.numbers: Tensor
        self.register_state_dict_post_hook(_only_what_learns)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_post_hook(_rest_is_there)  # type: ignore[no-untyped-call]

    def __deepcopy__(self, memo: dict[int, Any]) -> CausalLM:
        """Another one, in which only what learns is held once more: beside an adapter, all else is shared."""
        memo |= _shared((p for name, p in self.named_parameters() if name not in self.learns))
        other = type(self).__new__(type(self))
        memo[id(self)] = other
        vars(other).update(copy.deepcopy(self.__dict__, memo))
        return other

    def requires_grad_(self, requires_grad: bool = True) -> CausalLM:
        """Have what learns do so, or nothing."""
        for name, parameter in self.named_parameters():
            parameter.requires_grad = requires_grad and name in self.learns
        return self

    def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]:
        """Those that learn: all, or the adapter's."""
        return (p for name, p in self.named_parameters(recurse=recurse) if name in self.learns)

    def forward(
        self,
        tokens: Tensor,
        positions: Tensor | None = None,
        memories: Sequence[_Cache] | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Vectors [B, T, d] of tokens [B, T], each knowing the tokens up to and including itself; see
        `Transformer.forward`, whose arguments these are."""
        if tokens.shape[1] > self.config.context:
            raise ValueError(f"{tokens.shape[1]} tokens do not fit in a context of {self.config.context}")
        if mask is not None and mask.ndim == 2:  # [T, S], of all sequences
            mask = mask.expand(len(tokens), 1, *mask.shape)
        if positions is None:
            positions = torch.arange(tokens.shape[1], device=tokens.device)[None]
        out = self.model.base_model(
            input_ids=self.numbers[tokens], position_ids=positions, attention_mask=mask,
            use_cache=memories is not None, **{self._cache: memories[0].cache if memories else None},
        )  # fmt: skip
        hidden: Tensor = out.last_hidden_state
        return hidden

    def memories(self, rows: int, slots: int) -> list[_Cache]:
        """An empty memory, for all blocks one."""
        del rows, slots
        return [_Cache()]

    def logits(self, hidden: Tensor) -> Tensor:
        """Unnormalized log-probabilities [..., V] of the next token; -inf of the signs that the model does not know."""
        own = self._own(hidden)
        signs = own.new_full((*own.shape[:-1], FIRST), -torch.inf)
        signs[..., END] = own[..., self.config.end]
        return torch.cat((signs, own), -1)

    def speech(self, hidden: Tensor, temperature: float = 1.0) -> Tensor:
        """The logits a response is drawn from: divided by `temperature`, -inf for what is never said."""
        logits = self.logits(hidden)
        return (logits if temperature == 1.0 else logits.div_(temperature)).add_(self.silent)

    def log_likely(self, hidden: Tensor, words: Tensor) -> Tensor:
        """Log-probability [N] of each of `words` [N] to be the next after vectors [N, d]; nothing is masked."""
        return self._chosen(self._own(hidden), words)

    def log_spoken(self, hidden: Tensor, words: Tensor, temperature: float = 1.0) -> Tensor:
        """The same, as a response is drawn: by `speech`."""
        own = self._own(hidden)
        own = own if temperature == 1.0 else own.div_(temperature)
        silent = self.silent[FIRST:].clone()
        silent[self.config.end] = self.silent[END]  # which is said by its sign
        return self._chosen(own.add_(silent), words) + self.silent[words]

    def _own(self, hidden: Tensor) -> Tensor:
        """Logits [..., V − FIRST] of the tokens in the model's own vocabulary."""
        found: Tensor = self.model.get_output_embeddings()(hidden)
        return found

    def _chosen(self, own: Tensor, words: Tensor) -> Tensor:
        """Log-probabilities [N] of words, from the model's own logits [N, V − FIRST]: each is one of the model's own,
        the end by its sign; of the other signs it knows nothing. Large dictionaries are not copied for their sake."""
        found = -F.cross_entropy(own, self.numbers[words], reduction="none")
        return found.masked_fill((words < FIRST) & (words != END), -torch.inf)

    @property
    def device(self) -> torch.device:
        """Where the parameters live."""
        return self.silent.device


def _only_what_learns(module: nn.Module, state: dict[str, Any], prefix: str, metadata: Any) -> None:
    """What has not been learned is in the folder: it is not written again."""
    del metadata
    assert isinstance(module, CausalLM)
    for name in [n for n in state if n.startswith(prefix) and n.removeprefix(prefix) not in module.learns]:
        del state[name]


def _rest_is_there(module: nn.Module, incompatible: Any) -> None:
    """What the folder has is not missing."""
    assert isinstance(module, CausalLM)
    fixed = {name for name, _ in module.named_parameters(remove_duplicate=False)} - module.learns
    fixed |= {name for name, _ in module.named_buffers()}
    missing = incompatible.missing_keys
    missing[:] = [name for name in missing if not any(name == n or name.endswith(f".{n}") for n in fixed)]


def _shared(parameters: Iterable[nn.Parameter]) -> dict[int, Any]:
    """What `deepcopy` is to take for copies of these: parameters of their own that hold the same numbers."""
    return {id(p): nn.Parameter(p.detach(), requires_grad=False) for p in parameters}


def _adapt(model: Any, lora: LoRA) -> None:
    """Put the adapter beside every linear layer of the blocks."""
    from peft import LoraConfig, inject_adapter_in_model
    from transformers.pytorch_utils import Conv1D  # GPT-2's name for a linear layer whose matrix lies the other way

    head = model.get_output_embeddings()
    layers = {
        name: part for name, part in model.named_modules() if isinstance(part, nn.Linear | Conv1D) and part is not head
    }
    asked = LoraConfig(
        r=lora.rank, lora_alpha=lora.alpha, lora_dropout=0.0, target_modules=list(layers),
        fan_in_fan_out=any(isinstance(layer, Conv1D) for layer in layers.values()),
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(lora.seed)
        inject_adapter_in_model(asked, model)


def load(folder: str, config: PretrainedConfig, lora: Mapping[str, Any] | None = None) -> CausalLM:
    """The model in a folder as it was saved, in single precision on the CPU, with a new adapter if one is asked for;
    all models with adapters share the numbers of the folder, which are then in memory once.

    Raises ImportError where a package is missing, OSError and ValueError for a folder that holds no such model.
    """
    saved = _read(folder)
    if lora is None:
        return CausalLM(copy.deepcopy(saved), config)
    return CausalLM(copy.deepcopy(saved, _shared(saved.parameters())), config, LoRA(**lora))


@lru_cache(maxsize=1)
def _read(folder: str) -> Any:
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    return AutoModelForCausalLM.from_pretrained(
        folder, local_files_only=True, use_safetensors=True, trust_remote_code=False, dtype=torch.float32
    )
