"""What a scenario file may say about the machines among the parties: language models and reward models."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from simlab.components.data_file import DataFile
from simlab.components.model_folder import ModelFolder
from simlab.components.spec import Spec
from simlab.scenario.fields import (
    Name,
    NoLearnerField,
    PartySpec,
    Reading,
    RewardLearnerField,
    WithFiles,
    readable,
    texts_in,
)
from simlab.sheets import TextTable

LARGEST_MODEL = 2e9  # parameters


class PreferencesSpec(WithFiles):
    """What people elsewhere preferred, from a table: a reward model learns it before anybody here teaches it."""

    table: DataFile = Field(
        description="the table's path: prompt, chosen, rejected, and perhaps worker (CSV, Parquet, JSON Lines)"
    )
    columns: dict[Literal["prompt", "chosen", "rejected", "worker"], str] = Field(
        {}, description="what the table calls a column, where not as here: {chosen: better, rejected: worse}"
    )
    learner: RewardLearnerField = Field(
        "bradley_terry", validate_default=True, description="how they are learned, as rankings are"
    )
    held_out: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="share of prompts kept from the reward model, to test it; of its and its pools' the largest counts",
    )

    @model_validator(mode="after")
    def _usable(self) -> PreferencesSpec:
        if self.learner.teaches != "reward_model" or not self.learner.networks:
            what = f"{self.learner.name} teaches no reward model of words"
            raise PydanticCustomError("learner", "{what}", {"what": what, "fix": "learner: bradley_terry"})
        readable(self.table, self.rows)
        return self

    def rows(self) -> TextTable:
        """What stands in the table. Raises `simlab.sheets.Unusable`."""
        needed = ("prompt", "chosen", "rejected")
        return texts_in(self.table, self.columns, needed, ("worker",))


class PretrainingSpec(Spec):
    """How the language model learns its language, before anybody judges it."""

    steps: int = Field(600, ge=1, le=10_000_000, description="gradient steps")
    batch: int = Field(128, ge=1, le=65_536, description="sequences per step")
    rate: float = Field(3e-3, gt=0, le=1, description="highest learning rate")
    authors_pace: float = Field(
        19.0, gt=0, le=10_000, description="words a minute at which the corpus was once written (Karat et al. 1999)"
    )


class DemonstrationsSpec(WithFiles):
    """Responses written by people, which the language model imitates before any ranking."""

    instead_of: ClassVar[dict[str, tuple[str, ...]]] = {
        "by": ("table", "columns"),
        "table": ("by", "count", "drafts", "seconds"),
        "learner": ("epochs", "batch", "rate"),
        **dict.fromkeys(("epochs", "batch", "rate"), ("learner",)),
    }
    by: Name | None = Field(None, description="the pool of raters whose people write them; default: a table has them")
    count: int = Field(512, ge=1, le=1_000_000, description="how many are asked for")
    drafts: int = Field(4, ge=1, le=1000, description="what comes to a writer's mind, of which the best is put down")
    seconds: float = Field(120.0, gt=0, le=86_400, description="time it takes to write one, in seconds")
    table: DataFile | None = Field(
        None,
        description="instead of a pool: a table with prompt, response, perhaps author (CSV, Parquet, JSON Lines)",
    )
    columns: dict[Literal["prompt", "response", "author"], str] = Field(
        {}, description="what the table calls a column, where not as here: {prompt: question, response: answer}"
    )
    epochs: int = Field(2, ge=1, le=1000, description="passes over them")
    batch: int = Field(64, ge=1, le=65_536, description="demonstrations per step")
    rate: float = Field(1e-3, gt=0, le=1, description="highest learning rate")
    learner: NoLearnerField = Field(
        None,
        description="how they are imitated, with passes, batch and rate of its own: sft, whose loss is of responses"
        " only; default: as in pretraining, prompts included",
    )

    @model_validator(mode="after")
    def _one_source(self) -> DemonstrationsSpec:
        if (self.by is None) == (self.table is None):
            what = "demonstrations are written by a pool, or stand in a table"
            raise PydanticCustomError("source", what, {"fix": "give by, or table"})
        for reason, given, idle in (
            ("a table", self.table, ("count", "drafts", "seconds")),
            ("people who write", self.by, ("columns",)),
            ("a learner, which has its own", self.learner, ("epochs", "batch", "rate")),
        ):
            if given is not None and (both := [name for name in idle if name in self.model_fields_set]):
                what = f"{both[0]} means nothing beside {reason}"
                raise PydanticCustomError("idle", "{what}", {"what": what, "fix": f"leave out {both[0]}"})
        return self

    @model_validator(mode="after")
    def _shown(self, info: ValidationInfo) -> DemonstrationsSpec:
        if self.learner is not None and not self.learner.demonstrations:
            assert isinstance(info.context, Reading), "learners are named in scenario files only"
            plugins: Any = info.context.plugins
            able = [name for name in plugins.names("learner") if plugins.get("learner", name).demonstrations]
            what = f"{self.learner.name} does not learn from demonstrations"
            raise PydanticCustomError("learner", "{what}", {"what": what, "fix": f"possible: {', '.join(able)}"})
        if self.table is not None:
            readable(self.table, self.rows)
        return self

    def rows(self) -> TextTable:
        """What stands in the table. Raises `simlab.sheets.Unusable`."""
        assert self.table is not None
        return texts_in(self.table, self.columns)

    @property
    def many(self) -> int:
        """How many there are to be."""
        return self.count if self.table is None else len(self.rows())

    @property
    def passes(self) -> float:
        """How often they are read."""
        return self.epochs if self.learner is None else self.learner.passes()

    @model_serializer(mode="wrap")
    def _said(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        said: dict[str, Any] = write(self)
        idle = ("by", "count", "drafts", "seconds") if self.table is not None else ("table", "columns")
        for name in (*idle, *(("epochs", "batch", "rate") if self.learner is not None else ("learner",))):
            said.pop(name, None)
        return said


SIZES = {"tiny": (32, 2, 2), "small": (64, 2, 4), "medium": (128, 4, 4), "large": (256, 8, 8)}  # width, layers, heads


class LoRASpec(Spec):
    """A low-rank adapter, which learns in the place of a pretrained model (Hu et al. 2021, arXiv:2106.09685)."""

    rank: int = Field(8, ge=1, le=4096, description="rank of what is added to each matrix of the blocks")
    alpha: int = Field(16, ge=1, le=1_000_000, description="what is added counts alpha/rank times")


class LanguageModelSpec(WithFiles, PartySpec):
    """A causal transformer over the world's words (a vector world has its own, and needs none of this)."""

    OWN_SIZES: ClassVar[tuple[str, ...]] = ("size", "width", "layers", "heads", "pretraining", "seed", "load")
    instead_of: ClassVar[dict[str, tuple[str, ...]]] = {
        "size": ("width", "layers", "heads", "pretrained", "lora"),
        **dict.fromkeys(("width", "layers", "heads"), ("pretrained", "lora")),
        "load": ("pretraining", "seed", "pretrained", "lora"),
        **dict.fromkeys(("pretraining", "seed"), ("load", "pretrained", "lora")),
        "pretrained": OWN_SIZES,
    }

    kind: Literal["language_model"] = "language_model"
    pretrained: ModelFolder | None = Field(
        None,
        description="the folder of a causal language model that others have made, as the library transformers saves "
        "it: config.json, tokenizer.json and safetensors; it brings its own sizes (extra `hf`)",
    )
    lora: LoRASpec | None = Field(
        None, description="an adapter that learns in the place of a pretrained model; default: all of it learns"
    )
    size: Literal["tiny", "small", "medium", "large"] | None = Field(
        None,
        description="width, layers and heads at a word, each of which may still be said: tiny 32, 2, 2 (3e4 parameters "
        "without the dictionary), small 64, 2, 4 (1e5; as by default), medium 128, 4, 4 (8e5), large 256, 8, 8 (6e6)",
    )
    width: int = Field(64, ge=2, le=65_536, description="length of a word's vector")
    layers: int = Field(2, ge=1, le=1000, description="transformer blocks")
    heads: int = Field(4, ge=1, le=1024, description="attention heads; they divide width")
    context: int = Field(48, ge=4, le=65_536, description="longest prompt and response together, in words")
    pretraining: PretrainingSpec = Field(PretrainingSpec(), description="how it learns its language")
    demonstrations: DemonstrationsSpec | None = Field(
        None, description="how people showed it to answer, before any ranking; default: nobody did"
    )
    temperature: float = Field(1.0, gt=0, le=100, description="sampling temperature; 1 samples the model as it is")
    seed: int | None = Field(
        None, ge=0, lt=2**63, description="seed of pretraining; default: follows from the scenario's seed"
    )
    load: DataFile | None = Field(
        None,
        description="a language model that a run has saved, as in runs/first/models/lm.safetensors, instead of"
        " pretraining; default: it is pretrained",
    )

    @model_validator(mode="before")
    @classmethod
    def _sized(cls, given: Any) -> Any:
        """What a size stands for, wherever the file does not say otherwise."""
        sizes = SIZES.get(str(given.get("size"))) if isinstance(given, dict) and "pretrained" not in given else None
        return given if sizes is None else {**dict(zip(("width", "layers", "heads"), sizes, strict=True)), **given}

    @model_validator(mode="after")
    def _one_origin(self) -> LanguageModelSpec:
        if self.load is not None and (both := self.model_fields_set & {"pretraining", "seed"}):
            what = f"a language model that is loaded is not pretrained: {min(both)} means nothing beside load"
            raise PydanticCustomError("loaded", "{what}", {"what": what, "fix": f"leave out {min(both)}, or load"})
        return self

    @model_serializer(mode="wrap")
    def _said(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        said: dict[str, Any] = write(self)
        idle = self.OWN_SIZES if self.pretrained is not None else ("pretrained", "lora")
        for name in ("size", *idle, *(("load",) if self.load is None else ("pretraining", "seed"))):
            said.pop(name, None)
        return said

    @model_validator(mode="after")
    def _buildable(self) -> LanguageModelSpec:
        if self.lora is not None and self.pretrained is None:
            what = "an adapter needs a model that is there"
            raise PydanticCustomError("lora", what, {"fix": "say pretrained: FOLDER"})
        if self.pretrained is not None and (own := [n for n in self.OWN_SIZES if n in self.model_fields_set]):
            what = "{names}: a pretrained model has its own"
            raise PydanticCustomError("own_sizes", what, {"names": ", ".join(own), "fix": "leave that out"})
        if self.pretrained is None and self.width % self.heads:
            what = "{heads} heads do not divide a width of {width}"
            raise PydanticCustomError("heads", what, {"heads": self.heads, "width": self.width})
        if self.parameters > LARGEST_MODEL:
            sizes = {"size": f"{self.parameters:.2g}", "most": f"{LARGEST_MODEL:.2g}"}
            raise PydanticCustomError("too_large", "this is a model of {size} parameters; the most is {most}", sizes)
        return self

    @property
    def shape(self) -> tuple[int, int]:
        """Width and layers."""
        if self.pretrained is None:
            return self.width, self.layers
        sizes = self.pretrained.sizes()
        return sizes["width"], sizes["layers"]

    @property
    def parameters(self) -> int:
        """Parameters without the dictionary: 12·layers·width² + context·width (Kaplan et al. 2020, table 1); of a
        pretrained model all there are."""
        if self.pretrained is not None:
            return self.pretrained.weights()
        return 12 * self.layers * self.width**2 + self.context * self.width


class RewardModelSpec(WithFiles, PartySpec):
    """A copy of the pretrained model with one number out, fitted to rankings."""

    kind: Literal["reward_model"] = "reward_model"
    members: int = Field(
        1, ge=1, le=64, description="models fitted side by side to the same labels; the score is their mean"
    )
    log_probability: bool = Field(
        True,
        description="whether a network's head reads, beside its own trunk, what the pretrained model found likely: by "
        "that so small a model tells facts that were never compared",
    )
    variance: bool = Field(
        False,
        description="whether a network's head says, beside the score of a response, by how much people differ in it (a"
        " variance, learned from the same labels); the reward shape lower_quantile asks for that, and the tables"
        " responses and candidates show it as deviation_…",
    )
    width: int | None = Field(
        None, ge=2, le=65_536, description="length of a word's vector; default: as the language model it judges"
    )
    layers: int | None = Field(None, ge=1, le=1000, description="transformer blocks; default: likewise")
    heads: int | None = Field(None, ge=1, le=1024, description="attention heads; they divide width; default: likewise")
    trunk: str | None = Field(
        None,
        min_length=1,
        description="the reward model with whose trunk it reads, having only its head for itself: whenever one of them"
        " is taught, the trunk and all heads learn, each by its own rankings; default: a trunk of its own",
    )
    load: DataFile | None = Field(
        None,
        description="what it has learned before anybody teaches it: a reward model that a run has saved, as in"
        " runs/first/models/rm.safetensors; default: nothing",
    )
    preferences: PreferencesSpec | None = Field(
        None, description="what people elsewhere preferred, which it learns beforehand; default: nothing"
    )

    @property
    def own_size(self) -> bool:
        """Whether it grows from a model of its own size, and not from the language model that it judges."""
        return not (self.width is None and self.layers is None and self.heads is None)

    def grown_from(self, model: LanguageModelSpec) -> LanguageModelSpec:
        """The language model from which it grows: the one that it judges; or, of a size of its own, one that is
        pretrained apart on the same texts, and that nobody has shown how to answer."""
        if not self.own_size:
            return model
        own = {name: value for name in ("width", "layers", "heads") if (value := getattr(self, name)) is not None}
        return model.model_copy(update={**own, "demonstrations": None, "load": None, "seed": None})
