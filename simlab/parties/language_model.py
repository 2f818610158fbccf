"""The language model: it says something to every prompt, and is judged for it.

The party is the same in every world; its *body* differs. In a world of words the body is a transformer,
pretrained on the corpus and moved by PPO; in a world of vectors it is a normal distribution whose mean is
moved (an exponential tilt of N(0, I)). Bodies ask `jobs` for everything that costs computation.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from simpy import Event

from simlab.components import Array
from simlab.errors import InvalidInput
from simlab.jobs import Result
from simlab.parties.demonstrations import hand_in, write
from simlab.relation import Party, Relation, Steps, Teacher, Work
from simlab.streams import branch, normals, uniforms
from simlab.worlds.game import Indices, Items
from simlab.worlds.text import TextGame
from simlab.worlds.tokenizer import END, SEP, START, pad

if TYPE_CHECKING:
    from simlab.measures.alignment import Panel
    from simlab.scenario import DemonstrationsSpec, LanguageModelSpec
    from simlab.simulation import Simulation

Arrays = Mapping[str, NDArray[Any]]
AUTHORS = "authors"  # those who wrote the corpus: nobody asked them, and nobody pays them


class LanguageModel(Party):
    """A model that answers prompts. `busy` is held while it is being trained: nobody can ask it meanwhile."""

    def __init__(self, simulation: Simulation, name: str, spec: LanguageModelSpec) -> None:
        super().__init__(simulation, name)
        self.spec = spec
        self.busy = simulation.queue(name)
        self.updates = 0
        self.teacher: Teacher | None = None
        game = simulation.game
        self.body: Body = TransformerBody(self, game) if isinstance(game, TextGame) else TiltBody(self)

    def start(self) -> Steps:
        """Pretraining; nobody can speak with the model before."""
        with self.busy.request() as turn:
            yield turn
            yield from self.simulation.compute(self.name, "pretraining", self.body.pretrain())
        self.simulation.taught("pretraining_finished", self.name, losses=self.body.losses())
        hours = self.body.authorship()
        if hours:
            self.simulation.chronicle.labor(AUTHORS, "authoring", about=self.name, hours=hours)

    def imitate(self) -> Steps:
        """Learn from what people wrote for it, if anybody did; what it is then is its reference from now on."""
        spec = self.spec.demonstrations
        pool: Any = self.simulation.parties.get(spec.by) if spec else None  # people, as validation has seen to
        if spec is None or pool is None:
            return
        assert isinstance(self.body, TransformerBody)
        shown = write(pool, self.body.game, spec, self.simulation.streams.key(self.name, "demonstrations"))
        if not len(shown):
            return
        hand_in(pool, self.name, shown)
        with self.busy.request() as turn:
            yield turn
            yield from self.simulation.compute(self.name, "imitation", self.body.imitate(shown.items, spec))
        self.simulation.taught("imitation_finished", self.name, losses=self.body.losses())

    def respond(self, prompts: Indices, key: int) -> Generator[Event, Any, Items]:
        """One response to each prompt from the model as it is, once it is free; draws are keyed per position."""
        with self.busy.request() as turn:
            yield turn
            return self.body.sample(prompts, key)

    def utility(self, panel: Panel) -> Array:
        """log π − log π_ref of each response: what training has made the model prefer (up to the factor β)."""
        return self.body.preference(panel.items)

    def redrawn(self, panel: Panel, key: int) -> Array | None:
        """As it would speak, trained again from its reference by the same judges with other draws; no short matter."""
        return None if self.teacher is None else self.teacher.anew(self, panel, key)

    def work(self, relation: Relation) -> Generator[Event, Any, Work]:
        """Responses to as many prompts as the principal samples."""
        count = relation.sample if isinstance(relation.sample, int) else relation.sampled(self.simulation.panel_size)
        key = self.simulation.streams.key(self.name, "shown to", relation.principal.name, relation.looks)
        prompts = self.simulation.game.draw_prompts(branch(key, "prompts"), count)
        items = yield from self.respond(prompts, key)
        return Work(self.name, items, count)


class Body(ABC):
    """What a language model is made of."""

    @abstractmethod
    def pretrain(self) -> float:
        """Come to be; returns the floating-point operations it took."""

    def authorship(self) -> float:
        """Hours for which people once wrote what it was made of; 0 for what was made of nothing."""
        return 0.0

    def losses(self) -> Array:
        """The loss of each step by which it became its own reference, in nats a token; none of what has no steps."""
        return np.zeros(0)

    @abstractmethod
    def sample(self, prompts: Indices, key: int, places: Indices | None = None) -> Items:
        """One response per prompt; draw i is keyed by (key, i), or (key, places[i])."""

    @abstractmethod
    def preference(self, items: Items) -> Array:
        """log π − log π_ref [n]."""


class TransformerBody(Body):
    """A causal transformer (`simlab.nets`). `weights` is the model now, `reference` as pretrained."""

    def __init__(self, party: LanguageModel, game: TextGame) -> None:
        spec, longest = party.spec, max(len(game.tokenizer.encode(p.text)) for p in game.prompts) + 2
        if longest + game.longest_response > spec.context:
            raise InvalidInput(
                f"{party.name}: context is {spec.context} tokens, but this world's prompts and responses need "
                f"{longest + game.longest_response}; raise parties.{party.name}.context"
            )
        passage = max((len(game.tokenizer.passage(text)) for text in game.passages()), default=0)
        if passage > spec.context:
            raise InvalidInput(
                f"{party.name}: context is {spec.context} tokens, but a text this world is read from has {passage}; "
                f"raise parties.{party.name}.context"
            )
        self.party = party
        self.game = game
        self.config: dict[str, Any] = {
            "vocab": len(game.tokenizer), "width": spec.width, "layers": spec.layers,
            "heads": spec.heads, "context": spec.context,
        }  # fmt: skip
        self.reference: Result
        self.weights: Result

    def pretrain(self) -> float:
        simulation, spec = self.party.simulation, self.party.spec
        corpus = self.game.corpus()
        prompts, tokenizer = self.game.prompts, self.game.tokenizer
        dialogues = [tokenizer.dialogue(prompts[a.prompt].text, a.response) for a in corpus]
        sequences = pad([*dialogues, *(tokenizer.passage(text) for text in self.game.passages())])
        seed = simulation.streams.key(self.party.name, "pretraining") if spec.seed is None else spec.seed
        options = spec.pretraining
        self.reference = self.weights = simulation.jobs.run(
            pretrain, config=self.config, sequences=sequences, steps=options.steps, batch=options.batch,
            rate=options.rate, seed=seed % 2**63, progress=simulation.stage("pretraining"),
        )  # fmt: skip
        return float(self.weights["flops"])

    def authorship(self) -> float:
        texts = [*(author.response for author in self.game.corpus()), *self.game.passages()]
        words = sum(len(text.split()) for text in texts)
        return words / self.party.spec.pretraining.authors_pace / 60

    def losses(self) -> Array:
        return np.asarray(self.reference["losses"])

    def imitate(self, items: Items, spec: DemonstrationsSpec) -> float:
        """Train on responses people wrote, the prompts included, and become another reference; returns the FLOP."""
        simulation, config = self.party.simulation, self.config
        sequences = pad(
            [[*p, *r] for p, r in zip(_rows(self.prompt_tokens(items.prompt)), _rows(items.response), strict=True)]
        )
        self.reference = self.weights = simulation.jobs.run(
            pretrain, config=config, sequences=sequences, steps=-(-len(items) * spec.epochs // spec.batch),
            batch=spec.batch, rate=spec.rate, seed=simulation.streams.key(self.party.name, "imitation") % 2**63,
            start=self.weights, progress=simulation.stage("demonstrations"),
        )  # fmt: skip
        return float(self.weights["flops"])

    def prompt_tokens(self, prompts: Indices) -> NDArray[np.int64]:
        """`<start> prompt <sep>` [n, P], zero-padded."""
        return pad([[START, *self.game.tokenizer.encode(self.game.prompts[p].text), SEP] for p in prompts.tolist()])

    def sample(self, prompts: Indices, key: int, places: Indices | None = None) -> Items:
        places, words = np.arange(len(prompts)) if places is None else places, np.arange(self.game.longest_response)
        draws = uniforms(branch(key, "words"), places[:, None], words[None, :])
        result = self.party.simulation.jobs.run(
            respond, config=self.config, weights=self.weights, prompts=self.prompt_tokens(prompts),
            uniforms=draws, temperature=self.party.spec.temperature,
        )  # fmt: skip
        return Items(prompts, result["responses"])

    def preference(self, items: Items, weights: Result | None = None) -> Array:
        """log π − log π_ref [n]; of the model with other `weights`, if given."""
        result = self.party.simulation.jobs.run(
            compare, config=self.config, weights=weights or self.weights, reference=self.reference,
            prompts=self.prompt_tokens(items.prompt), responses=items.response,
            temperature=self.party.spec.temperature,
        )  # fmt: skip
        return np.asarray(result["difference"], dtype=np.float64)

    def likelihood(self, items: Items) -> Array:
        """log π of each whole response [n], in nats."""
        result = self.party.simulation.jobs.run(
            read, config=self.config, weights=self.weights, prompts=self.prompt_tokens(items.prompt),
            responses=items.response, temperature=self.party.spec.temperature,
        )  # fmt: skip
        return np.asarray(result["log_likelihood"], dtype=np.float64)

    def state(self) -> dict[str, NDArray[Any]]:
        """Dictionary, shape, and the arrays as pretrained ("before/…") and now ("after/…")."""
        aside = {"losses", "flops"}
        return {
            "words": np.array(self.game.tokenizer.words),
            **{f"config/{name}": np.array(size) for name, size in self.config.items()},
            **{f"before/{name}": a for name, a in self.reference.arrays.items() if name not in aside},
            **{f"after/{n}": a for n, a in self.weights.arrays.items() if n not in aside and "metric/" not in n},
        }


class TiltBody(Body):
    """A normal distribution N(mean, I) over response vectors; log π − log π_ref = mean·φ − |mean|²/2."""

    def __init__(self, party: LanguageModel) -> None:
        self.dimensions = len(party.simulation.game.dimensions)
        self.mean = np.zeros(self.dimensions)

    def pretrain(self) -> float:
        return 0.0

    def sample(self, prompts: Indices, key: int, places: Indices | None = None) -> Items:
        places = np.arange(len(prompts)) if places is None else places
        draws = normals(branch(key, "words"), places[:, None], np.arange(self.dimensions)[None, :])
        return Items(prompts, self.mean + draws)

    def preference(self, items: Items) -> Array:
        return np.asarray(items.response @ self.mean - self.mean @ self.mean / 2)


# ---- jobs: what is computed, and remembered by content ----------------------------------------------------------


def pretrain(
    *, config: dict[str, Any], sequences: NDArray[np.int64], steps: int, batch: int, rate: float, seed: int,
    device: str, start: Arrays | None = None, progress: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """A language model from a random start, or from the arrays of `start`: its arrays, the loss of each step [steps]
    in nats, and `flops`."""
    from simlab.nets.transformer import TransformerConfig, flops_per_token, to_arrays
    from simlab.nets.transformer import pretrain as train

    shape = TransformerConfig(**config)
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
    from simlab.nets.transformer import generate

    responses = generate(revive(config, weights, device), prompts, uniforms, end=END, temperature=temperature)
    return {"responses": responses.cpu().numpy()}


def compare(
    *, config: dict[str, Any], weights: Arrays, reference: Arrays, prompts: NDArray[np.int64],
    responses: NDArray[np.int64], temperature: float, device: str,
) -> dict[str, Any]:  # fmt: skip
    """`difference` [n]: log-probability of each whole response now, less that under the reference, in nats."""

    def total(arrays: Arrays) -> Any:
        return _read(config, arrays, prompts, responses, temperature, device)

    return {"difference": (total(weights) - total(reference)).cpu().numpy()}


def read(
    *, config: dict[str, Any], weights: Arrays, prompts: NDArray[np.int64], responses: NDArray[np.int64],
    temperature: float, device: str,
) -> dict[str, Any]:  # fmt: skip
    """`log_likelihood` [n] of each whole response, in nats."""
    return {"log_likelihood": _read(config, weights, prompts, responses, temperature, device).cpu().numpy()}


def _read(
    config: Mapping[str, Any], arrays: Arrays, prompts: NDArray[np.int64], responses: NDArray[np.int64],
    temperature: float, device: str,
) -> Any:  # fmt: skip
    from simlab.nets.transformer import log_probs

    model = revive(config, arrays, device)
    return log_probs(model, prompts, responses, temperature=temperature).double().sum(1)


def _rows(tokens: NDArray[np.int64]) -> list[list[int]]:
    """Tokens [n, T] as lists without their padding."""
    return [[token for token in row if token] for row in tokens.tolist()]


def revive(config: Mapping[str, Any], weights: Arrays, device: str) -> Any:
    """The transformer whose arrays these are."""
    import torch

    from simlab.nets.transformer import Transformer, TransformerConfig, from_arrays

    model = Transformer(TransformerConfig(**config), torch.Generator().manual_seed(0))
    names = set(model.state_dict())
    from_arrays(model, {name: array for name, array in weights.items() if name in names})
    return model.to(device)
