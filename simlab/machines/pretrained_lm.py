"""A causal language model that others have made, as a language model, reference and trunk of reward models."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlab.machines.networks import saved_model
from simlab.machines.saved import PRETRAINED, SHAPE, SavedModel
from simlab.machines.transformer_lm import TransformerLM
from simlab.worlds.tokenizer import PAD, SEP, SPECIAL, START, UNKNOWN


class PretrainedLM(TransformerLM):
    """A model from a folder (`simlab.nets.causal_lm`). What it was made of, and who wrote that, nobody knows here: it
    costs no computation and no authors' hours. Arrays are those that have been learned, the rest stays in the
    folder."""

    def _shape(self) -> dict[str, Any]:
        folder, lora = self.spec.pretrained, self.spec.lora
        assert folder is not None
        sizes = folder.sizes()
        vocab, end = sizes.pop("vocabulary") + len(SPECIAL), sizes["end"]
        adapter = None if lora is None else {**lora.model_dump(), "seed": self.rng.key(self.name, "adapter") % 2**63}
        own = {**sizes, "vocab": vocab, "context": self.spec.context, "weights": folder.weights()}
        return {**own, "unspoken": [PAD, START, SEP, UNKNOWN, end + len(SPECIAL)], "folder": folder, "lora": adapter}

    def pretrain(self) -> float:
        self.reference = self.weights = self.jobs.run(adopt, config=self.config)
        return 0.0

    def authorship(self) -> float:
        return 0.0

    def saved(self) -> dict[str, SavedModel]:
        """What of it has learned, as `transformers` and `peft` call it; the rest is in its folder."""
        own = {n.removeprefix("model."): a for n, a in self.weights.arrays.items() if n.startswith("model.")}
        sizes = {name: self.config[name] for name in SHAPE}
        return {"": SavedModel(PRETRAINED, sizes, (), own, {"lora": self.config["lora"]})} if own else {}

    def losses(self) -> NDArray[np.float64]:
        return np.zeros(0)


def adopt(*, config: dict[str, Any], device: str) -> dict[str, Any]:
    """A job: what of a model in a folder learns and is not in it, the adapter; nothing if all of it learns."""
    from simlab.nets.transformer import to_arrays

    del device
    model = saved_model(config)
    return to_arrays(model) if config["lora"] is not None else {}
