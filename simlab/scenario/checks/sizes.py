"""What a well-formed scenario asks for and cannot have: sizes beyond reason, and what a world without networks lacks.

Sizes are bounded where they multiply: each factor may be large, not all of them. `reading` reports these.
"""

from __future__ import annotations

from collections.abc import Iterator

from simlab.components.model_folder import ModelFolder
from simlab.scenario import costs
from simlab.scenario.checks import reward_models, reward_shapes
from simlab.scenario.machines import LanguageModelSpec
from simlab.scenario.messages import Complaint
from simlab.scenario.model import Scenario

MOST_SEQUENCES = 1e9  # read in pretraining
MOST_RESPONSES = 1e8  # scored in one look
MOST_ITEMS = 1e6  # on the panel, per source
LEAST_PROMPTS = 500  # on the panel of models for which a response costs next to nothing
MOST_NUMBERS = 1e9  # in the vectors of one sample, or of the panel


def beyond(scenario: Scenario) -> Iterator[Complaint]:
    """Everything of a scenario that its world or any computer would choke on."""
    yield from _pretraining(scenario)
    yield from _context(scenario)
    yield from _panel(scenario)
    yield from _policy_training(scenario)
    yield from _groups(scenario)
    yield from _never(scenario)
    yield from _waterfall(scenario)
    yield from costs.absurd(scenario)
    yield from reward_models.impossible(scenario)
    yield from reward_shapes.impossible(scenario)
    if not scenario.world.networks:
        yield from _vectors(scenario)


def _pretraining(scenario: Scenario) -> Iterator[Complaint]:
    for name, party in scenario.parties.items():
        if isinstance(party, LanguageModelSpec) and scenario.world.networks:
            steps, batch = party.pretraining.steps, party.pretraining.batch
            if steps * batch > MOST_SEQUENCES:
                what = f"{steps:,} steps of {batch:,} are {steps * batch:.2g} sequences; the most is {MOST_SEQUENCES:g}"
                yield ("parties", name, "pretraining"), what, "fewer steps, or smaller batches"


def _context(scenario: Scenario) -> Iterator[Complaint]:
    """A model that reads less at a time than the longest exchange of the user's data."""
    models = {name: party for name, party in scenario.parties.items() if isinstance(party, LanguageModelSpec)}
    needed = scenario.world.longest_exchange() if models and scenario.world.networks else None
    for name, party in models.items():
        if party.pretrained is not None:
            yield from _pretrained(scenario, name, party, party.pretrained)
        if needed and needed[0] > party.context:
            what = f"{party.context} tokens are too few for prompts and responses, which take up to {needed[0]}"
            yield ("parties", name, "context"), f"{what}: {needed[1]}", f"context: {needed[0]}, or shorten that text"


def _pretrained(scenario: Scenario, name: str, party: LanguageModelSpec, model: ModelFolder) -> Iterator[Complaint]:
    """A pretrained model that has another dictionary than the world, or reads less at a time than it is to."""
    known, most = scenario.world.pieces_of(), model.sizes()["context"]
    if known is None or known.sha256 != model.sha256:
        fix = f"as in world: {{kind: records, table: exchanges.csv, tokenizer: {model}}}"
        yield ("parties", name, "pretrained"), f"the dictionary of this world is not that of {model}", fix
    if party.context > most:
        yield (
            ("parties", name, "context"),
            f"{model} reads {most:,} tokens at a time, not {party.context:,}",
            "lower it",
        )


def _panel(scenario: Scenario) -> Iterator[Complaint]:
    prompts, responses = scenario.panel.prompts, scenario.panel.responses
    models = [party for party in scenario.parties.values() if isinstance(party, LanguageModelSpec)]
    if prompts < LEAST_PROMPTS and not (models and all(model.pretrained for model in models)):
        what = f"{prompts} should be greater than or equal to {LEAST_PROMPTS}"
        yield ("panel", "prompts"), what, "fewer are for models that others have made (pretrained: FOLDER)"
    if prompts * responses > MOST_ITEMS:
        what = f"{prompts:,} prompts with {responses} responses are {prompts * responses:.2g}"
        yield ("panel",), f"{what}; the most is {MOST_ITEMS:g}", "fewer prompts, or fewer responses to each"


def _policy_training(scenario: Scenario) -> Iterator[Complaint]:
    for index, relation in enumerate(scenario.relations):
        for place, consequence in enumerate(relation.consequence):
            learner = consequence.learner if consequence.kind == "gradient" else None
            if learner is None or learner.teaches != "language_model" or learner.rankings:
                continue
            batches = learner.batches() if scenario.world.networks else 0
            if (size := batches * relation.sample) > MOST_RESPONSES:
                what = f"{batches:,} iterations of {relation.sample:,} responses are {size:.2g}"
                at = ("relations", index, "consequence", place, "learner", "iterations")
                yield at, f"{what}; the most is {MOST_RESPONSES:g}", "fewer iterations, or a smaller sample"


def _groups(scenario: Scenario) -> Iterator[Complaint]:
    """Samples that are no whole number of the groups in which a learner asks for responses."""
    for index, relation in enumerate(scenario.relations):
        for consequence in relation.consequence:
            learner = consequence.learner if consequence.kind == "gradient" else None
            if learner is None or learner.rankings or not scenario.world.networks:
                continue
            each, sample = learner.each(), int(relation.sample)
            if over := sample % each:
                nearest = " or ".join(str(many) for many in (sample - over, sample - over + each) if many)
                what = f"{learner.name} answers each prompt {each} times, and {sample} is no multiple of {each}"
                yield ("relations", index, "sample"), what, f"sample: {nearest}"


def _never(scenario: Scenario) -> Iterator[Complaint]:
    """Relations that look on no day of those on which they may."""
    for index, relation in enumerate(scenario.relations):
        since, until = relation.between()
        limited = relation.since is not None or relation.until is not None
        if limited and relation.every <= scenario.days and not relation.looks(scenario.days):
            when = f"from day {since:g} to {min(until, scenario.days):g}"
            what = f"never happens: a look every {relation.every:g} days falls on none {when}"
            key = "until" if relation.since is None else "from"
            yield ("relations", index, key), what, "leave more days between them"


def _waterfall(scenario: Scenario) -> Iterator[Complaint]:
    """A path leads from party to party down to a language model, or to somebody who has a part in one."""
    path, redraw = scenario.waterfall.path, scenario.waterfall.redraw or []
    for key, names in (("path", path), ("redraw", redraw)):
        for index, name in enumerate(names):
            at = ("waterfall", key, index)
            if name not in scenario.parties:
                yield at, f"there is no party called {name}", f"known: {', '.join(scenario.parties)}"
            elif name in names[:index]:
                yield at, f"{name} is named twice", "keep one"
            elif key == "redraw" and path and name not in path:
                yield at, f"{name} is not on the path", f"the path is {', '.join(path)}"
    if len(path) == 1:
        yield ("waterfall", "path"), "a path has two parties at least", "name them from first to last"


def _vectors(scenario: Scenario) -> Iterator[Complaint]:
    """A vector world holds a whole sample at once; one whose responses have a length says so in `dimensions`."""
    length = getattr(scenario.world, "dimensions", None)
    if not isinstance(length, int):
        return
    panel = scenario.panel.prompts * scenario.panel.responses
    sizes = [(("relations", i, "sample"), r.sample) for i, r in enumerate(scenario.relations) if r.sample > 1]
    for at, size in [(("panel",), panel), *sizes]:
        if length * size > MOST_NUMBERS:
            what = f"{size:,} responses of {length:,} numbers are {length * size:.2g}; the most is {MOST_NUMBERS:g}"
            yield at, what, "look at fewer, or lower world.dimensions"
