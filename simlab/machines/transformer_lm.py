"""A causal transformer as a language model, and the computations it asks of torch."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array, Indices
from simlab.components.learner import Learner
from simlab.components.reward_shape import RewardShape
from simlab.engine.jobs import Jobs, Result
from simlab.errors import InvalidInput
from simlab.machines.language_backend import LanguageBackend, Round, Taught, _rows
from simlab.machines.learning_curve import Watch, looks_in
from simlab.machines.networks import Arrays, read, revive, shape_of
from simlab.machines.reward_backend import Evidence
from simlab.machines.row_memory import RowMemory
from simlab.machines.saved import SavedModel, language_model
from simlab.machines.shaped_reward import restored
from simlab.machines.training_jobs import (
    POLICY_METRICS,
    train_by_demonstrations,
    train_by_rankings,
    train_policy,
)
from simlab.rng import Streams, branch, uniforms
from simlab.worlds.text import TextGame
from simlab.worlds.tokenizer import END, pad
from simlab.worlds.world import Items

if TYPE_CHECKING:
    from simlab.scenario import DemonstrationsSpec, LanguageModelSpec

KNOWN = 4  # weights by which responses are remembered: of the reference and of today, each at two temperatures
Stage = Callable[[str], Callable[[int, int], None]]  # a callback for the progress of a long computation, by its name


class TransformerLM(LanguageBackend):
    """A causal transformer (`simlab.nets`). `weights` is the model now, `reference` as pretrained."""

    def __init__(
        self, name: str, spec: LanguageModelSpec, game: TextGame, jobs: Jobs, rng: Streams, stage: Stage,
        loaded: SavedModel | None = None,
    ) -> None:  # fmt: skip
        longest = max(len(game.tokenizer.question(p.text)) for p in game.prompts)
        if longest + game.longest_response > spec.context:
            raise InvalidInput(
                f"{name}: context is {spec.context} tokens, but this world's prompts and responses need "
                f"{longest + game.longest_response}; raise parties.{name}.context"
            )
        passage = max((len(game.tokenizer.passage(text)) for text in game.passages()), default=0)
        if passage > spec.context:
            raise InvalidInput(
                f"{name}: context is {spec.context} tokens, but a text this world is read from has {passage}; "
                f"raise parties.{name}.context"
            )
        self.name, self.spec, self.game = name, spec, game
        self.jobs, self.rng, self.stage = jobs, rng, stage
        self.config = self._shape()
        self.reference: Result
        self.weights: Result
        self.loaded = loaded
        self._read: dict[tuple[str, float], RowMemory] = {}  # by weights and temperature, those used last behind

    def _shape(self) -> dict[str, Any]:
        """What `revive` makes the network by."""
        spec = self.spec
        return {
            "vocab": len(self.game.tokenizer), "width": spec.width, "layers": spec.layers,
            "heads": spec.heads, "context": spec.context,
        }  # fmt: skip

    def pretrain(self) -> float:
        if self.loaded is not None:
            self.reference = self.weights = self.loaded.base()
            return 0.0
        spec, corpus = self.spec, self.game.corpus()
        prompts, tokenizer = self.game.prompts, self.game.tokenizer
        dialogues = [tokenizer.dialogue(prompts[a.prompt].text, a.response) for a in corpus]
        sequences = pad([*dialogues, *(tokenizer.passage(text) for text in self.game.passages())])
        seed = self.rng.key(self.name, "pretraining") if spec.seed is None else spec.seed
        options = spec.pretraining
        self.reference = self.weights = self.jobs.run(
            pretrain, config=self.config, sequences=sequences, steps=options.steps, batch=options.batch,
            rate=options.rate, seed=seed % 2**63, progress=self.stage("pretraining"),
        )  # fmt: skip
        return float(self.weights["flops"])

    def authorship(self) -> float:
        if self.loaded is not None:
            return 0.0  # it was written for whoever pretrained the model
        texts = [*(author.response for author in self.game.corpus()), *self.game.passages()]
        words = sum(len(text.split()) for text in texts)
        return words / self.spec.pretraining.authors_pace / 60

    def losses(self) -> Array:
        return np.asarray(self.reference["losses"])

    def imitate(self, prompts: NDArray[np.int64], responses: NDArray[np.int64], spec: DemonstrationsSpec) -> float:
        """Train on responses [n, T] people wrote to prompts [n, P], in tokens, and become another reference; the FLOP
        it took. Without a learner, whole exchanges are read as in pretraining, the prompts included."""
        seed, told = self.rng.key(self.name, "imitation") % 2**63, self.stage("demonstrations")
        if spec.learner is not None:
            self.reference = self.weights = self.jobs.run(
                train_by_demonstrations, learner=spec.learner, config=self.config, weights=self.weights,
                prompts=prompts, responses=responses, seed=seed, progress=told,
            )  # fmt: skip
            return float(self.weights["flops"])
        sequences = pad([[*p, *r] for p, r in zip(_rows(prompts), _rows(responses), strict=True)])
        self.reference = self.weights = self.jobs.run(
            pretrain, config=self.config, sequences=sequences, steps=-(-len(responses) * spec.epochs // spec.batch),
            batch=spec.batch, rate=spec.rate, seed=seed, start=self.weights, progress=told,
        )  # fmt: skip
        return float(self.weights["flops"])

    def prompt_tokens(self, prompts: Indices) -> NDArray[np.int64]:
        """What stands before each response, `<start> prompt <sep>` [n, P], zero-padded."""
        return pad([self.game.tokenizer.question(self.game.prompts[p].text) for p in prompts.tolist()])

    def sample(self, prompts: Indices, key: int, places: Indices | None = None) -> Items:
        places, words = np.arange(len(prompts)) if places is None else places, np.arange(self.game.longest_response)
        draws = uniforms(branch(key, "words"), places[:, None], words[None, :])
        result = self.jobs.run(
            respond, config=self.config, weights=self.weights, prompts=self.prompt_tokens(prompts),
            uniforms=draws, temperature=self.spec.temperature,
        )  # fmt: skip
        return Items(prompts, result["responses"])

    def fresh(self) -> TransformerLM:
        other = copy(self)
        other.weights = self.reference
        return other

    def learn(self, learner: Learner, round: Round, shape: RewardShape, key: int, watch: Watch | None = None) -> Taught:
        """Practise on new prompts: as many batches as the learner asks for."""
        batches, count = learner.batches(), learner.batches() * round.batch
        prompts = self.game.draw_prompts(branch(key, "prompts"), count)
        grid = (np.arange(count)[:, None], np.arange(self.game.longest_response)[None, :])
        self.weights = result = self.jobs.run(
            train_policy, learner=learner, config=self.config, weights=self.weights, reference=self.reference,
            judges=round.judges, joint=round.joint, limit=round.limit, shape=shape,
            prompts=self.prompt_tokens(prompts).reshape(batches, round.batch, -1),
            uniforms=uniforms(branch(key, "words"), *grid).reshape(batches, round.batch, -1), seed=key % 2**63,
            temperature=self.spec.temperature, watched=self._watched(watch), progress=self.stage("policy"),
        )  # fmt: skip
        rows = [{n: float(result[f"metric/{n}"][i]) for n in POLICY_METRICS} for i in range(batches)]
        looks = [] if watch is None else looks_in(result.arrays, watch.prompts)
        return Taught(rows, float(result["flops"]), restored(shape, str(result["shape"])), looks)

    def _watched(self, watch: Watch | None) -> dict[str, Any] | None:
        """What looks are taken by, as the job that trains it wants it."""
        if watch is None:
            return None
        grid = (np.arange(len(watch.prompts))[:, None], np.arange(self.game.longest_response)[None, :])
        draws = uniforms(branch(watch.key, "words"), *grid)
        return {"prompts": self.prompt_tokens(watch.prompts), "uniforms": draws, "every": watch.every}

    def learn_rankings(self, learner: Learner, evidence: Evidence, key: int) -> tuple[list[dict[str, float]], float]:
        train = evidence.rankings[evidence.train]
        shown = train.shown[train.place]
        self.weights = result = self.jobs.run(
            train_by_rankings, learner=learner, config=self.config,
            weights=self.weights if learner.continues() else self.reference, reference=self.reference,
            prompts=self.prompt_tokens(shown.prompt), responses=shown.response, labels=train.label.astype(np.int64),
            shares=evidence.shares_of(evidence.train), seed=key % 2**63, temperature=self.spec.temperature,
            progress=self.stage("policy"),
        )  # fmt: skip
        rows = [dict(zip(POLICY_METRICS, each, strict=True)) for each in zip(
            *(np.asarray(result[f"metric/{name}"]).tolist() for name in POLICY_METRICS), strict=True
        )]  # fmt: skip
        return rows, float(result["flops"])

    def preference(self, items: Items) -> Array:
        """log π − log π_ref [n]."""
        return self._likelihood(self.weights, items) - self._likelihood(self.reference, items)

    def reading(self, items: Items) -> float:
        from simlab.nets.sizes import flops_per_token

        tokens = np.count_nonzero(self.prompt_tokens(items.prompt)) + np.count_nonzero(items.response)
        return flops_per_token(shape_of(self.config), training=False) * tokens

    def likelihood(self, items: Items) -> Array:
        """log π of each whole response [n], in nats."""
        return self._likelihood(self.weights, items)

    def _likelihood(self, weights: Result, items: Items) -> Array:
        return np.asarray(self.log_p(weights, items, self.spec.temperature).sum(axis=1, dtype=np.float64))

    def log_p(self, weights: Result, items: Items, temperature: float) -> NDArray[Any]:
        """log p [n, T], in nats, of every token of responses, 0 at padding, by these weights of the model; nothing is
        read twice."""
        of = (weights.key, temperature)
        self._read[of] = memory = self._read.pop(of, None) or RowMemory()
        while len(self._read) > KNOWN:
            del self._read[next(iter(self._read))]
        return memory.of(items, lambda some: self.jobs.run(
            read, config=self.config, weights=weights, prompts=self.prompt_tokens(some.prompt),
            responses=some.response, temperature=temperature,
        )["log_p"])  # fmt: skip

    def saved(self) -> dict[str, SavedModel]:
        """As it is now ("") and as its own reference (".reference"), by what is added to its name."""
        both = {"": self.weights, ".reference": self.reference}
        return {when: language_model(self.config, self.game.tokenizer.words, one) for when, one in both.items()}


def pretrain(
    *, config: dict[str, Any], sequences: NDArray[np.int64], steps: int, batch: int, rate: float, seed: int,
    device: str, start: Arrays | None = None, progress: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """A language model from a random start, or from the arrays of `start`: its arrays, the loss of each step [steps]
    in nats, and `flops`."""
    from simlab.nets.pretraining import pretrain as train
    from simlab.nets.transformer import flops_per_token, to_arrays

    shape = shape_of(config)
    model, losses = train(
        shape,
        sequences,
        steps=steps,
        batch=batch,
        rate=rate,
        seed=seed,
        device=device,
        progress=progress,
        start=None if start is None else revive(config, start, device),
    )
    tokens = float((sequences != 0).sum()) / len(sequences) * batch * steps
    return {**to_arrays(model), "losses": np.array(losses), "flops": flops_per_token(shape) * tokens}


def respond(
    *, config: dict[str, Any], weights: Arrays, prompts: NDArray[np.int64], uniforms: Array, temperature: float,
    device: str,
) -> dict[str, Any]:  # fmt: skip
    """`responses` [n, T]: one to each prompt, sampled with the given uniforms [n, T]."""
    from simlab.nets.sampling import generate

    responses = generate(revive(config, weights, device), prompts, uniforms, end=END, temperature=temperature)
    return {"responses": responses.cpu().numpy()}
